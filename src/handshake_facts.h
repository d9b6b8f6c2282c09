/* Handshake facts: what a peer's shard holds of the handshakes over its offers.
 *
 *     peer/<peer>/answer/<time><random>           an answer: offer, answerer, bytes of what it says
 *                                                 and of the offer's batch; oldest first
 *     peer/<peer>/said/<time><random>             what that answer says: topics, SDP
 *     peer/<peer>/at/<slot>/answered-<time><random>           answerer
 *     peer/<peer>/at/<slot>/gone-<random>
 *     peer/<peer>/at/<slot>/trickle-<side>-<time><random>     whose; candidates, a line each
 *
 *     peer/<answerer>/turn/<offer id>     where shards are places of their own, what tells the
 * other side's shard that there is news: ms, or "gone"
 *
 * The first answer in key order is the answer; where the store is eventual two may be told 200, and
 * the second is as if it were not there. A candidate's time is its line's number after that of its
 * key. Everything expires with its offer. */
#ifndef RONDEVU_HANDSHAKE_FACTS_H
#define RONDEVU_HANDSHAKE_FACTS_H

#include "offer_facts.h"

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
/* It will be read, after others. */
void handshake_expect(struct request *request, struct text id);
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

/* What a turn says of an offer that was answered, with nothing left by its peer since, and of one
 * that was taken away. */
#define HANDSHAKE_ANSWERED TEXT("answered")
#define HANDSHAKE_GONE TEXT("gone")
/* The edit that tells who answered of what the offerer left at that ms. */
void handshake_turn(struct request *request, const struct handshake *handshake, int64_t time);
/* The edits that answer an offer; returns when, in ms. */
int64_t offer_answer(struct request *request, const struct offer *offer, struct text sdp);
/* Those that take an offer away that was answered. */
void handshake_end(struct request *request, const struct handshake *handshake);

#endif
