/* Offer facts: what a peer's shard holds of its offers and of their handshakes.
 *
 *     peer/<peer>/offer/<batch>                   what the offers of a batch say
 *     peer/<peer>/open/<batch>                    which of them are open; a list (offer_lists.h)
 *     peer/<peer>/answer/<time><random>           an answer: offer, answerer, bytes of what it says
 *                                                 and of the offer's batch; oldest first
 *     peer/<peer>/said/<time><random>             what that answer says: topics, SDP
 *     peer/<peer>/at/<slot>/answered-<time><random>           answerer
 *     peer/<peer>/at/<slot>/gone-<random>
 *     peer/<peer>/at/<slot>/trickle-<side>-<time><random>     whose; candidates, a line each
 *
 * The first answer in key order is the answer; where the store is eventual two may be told 200, and
 * the second is as if it were not there. A candidate's time is its line's number after that of its
 * key. Everything expires with its offer. */
#ifndef RONDEVU_OFFER_FACTS_H
#define RONDEVU_OFFER_FACTS_H

#include "json.h"
#include "offer_lists.h"

/* One offer. Texts are JSON but id and service. */
struct offer {
    struct text id; /* absent: there is no such offer */
    int64_t created_at, expires_at;
    bool wide;                /* its topics are in the wide lists */
    struct text service;      /* uuid, or empty */
    struct text topics;       /* array of different texts */
    struct text secret, info; /* text or null */
    struct text sdp;
    int64_t batch_bytes;
};

bool offer_has_secret(const struct offer *offer);

/* The edits that publish offers: all but ids is filled in. Sets their ids, and returns the
 * publication. `with_service`: a service is published with them; else they join the one they name.
 */
struct text offers_publish(struct request *request, struct offer *offers, size_t count,
                           bool with_service);
/* The label of offers that a service was published with. */
struct text published_label(struct request *request, struct text publication);
/* Open offers of a peer. */
int64_t offers_count(struct request *request, struct text peer);

/* An offer to be read. */
struct wanted {
    struct text ref;
    int64_t batch_bytes;
};
/* Reads offers that a list has, in few round trips. Returns how many it has come to: as many as
 * fit, one at least. */
size_t offers_read(struct request *request, const struct wanted *wanted, size_t count,
                   struct offer *offers);
struct offer offer_read(struct request *request, struct text ref);

/* Where an offer stands. */
struct handshake {
    struct text id;
    bool there;
    int64_t expires_at;
    struct text answerer; /* absent where it is open */
    struct text answer;   /* <time><random> */
    struct text prefix;   /* peer/<peer>/at/<slot>/ */
    struct page page;     /* the first of the facts under it */
};
struct handshake handshake_read(struct request *request, struct text id);
/* An answer to one of a peer's offers. */
struct answered {
    struct text id;
    struct text answerer;
    struct text digits; /* <time><random> */
    int64_t time;       /* ms */
    int64_t said_bytes, batch_bytes;
    bool gone; /* its offer was taken away */
};
/* The answers to offers of a peer after that ms, oldest first: of each offer the one that counts.
 */
size_t answers_read(struct request *request, struct text peer, int64_t after,
                    struct answered **answers);
/* What answers say: values of the facts are two lines of JSON, topics and SDP. As many as fit, one
 * at least, STORAGE_READ_MAX at most. */
size_t answers_say(struct request *request, struct text peer, const struct answered *answers,
                   size_t count, struct fact *facts);

/* The edits that answer an offer; returns when, in ms. */
int64_t offer_answer(struct request *request, const struct offer *offer, struct text sdp);
/* Those that take open offers of one batch away, all of one service or of none. */
void offers_withdraw(struct request *request, const struct offer *offers, size_t count);
/* Those that take an offer away that was answered. */
void handshake_end(struct request *request, const struct handshake *handshake);

#endif
