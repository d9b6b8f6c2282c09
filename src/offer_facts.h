/* Offer facts: what a peer's shard holds of its offers.
 *
 *     peer/<peer>/offer/<batch>     what the offers of a batch say
 *     peer/<peer>/open/<batch>      which of them are open; a list (offer_lists.h)
 *
 * Everything expires with its offer, or the last of its batch. What becomes of an offer is in
 * handshake_facts.h. */
#ifndef RONDEVU_OFFER_FACTS_H
#define RONDEVU_OFFER_FACTS_H

#include "json.h"
#include "offer_lists.h"

/* One offer. Texts are JSON but id and service. */
struct offer {
    struct text id; /* absent: there is no such offer */
    int64_t created_at, expires_at;
    bool wide;                /* its topics are in the wide lists */
    uint64_t spread;          /* a bit for each of its topics that lists it in a part */
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
    struct text copy; /* key of what may be a copy of what it says, or absent */
};
struct wanted wanted_of(struct request *request, const struct listed *listed);
/* Reads offers that a list has, in few round trips. Returns how many it has come to: as many as
 * fit, one at least. */
size_t offers_read(struct request *request, const struct wanted *wanted, size_t count,
                   struct offer *offers);
struct offer offer_read(struct request *request, struct text ref);
/* The same of an offer that another shard's list has: where shards are places of their own that may
 * be late, and only what is open in its peer's shard is there. */
struct offer offer_read_listed(struct request *request, struct text ref);

/* Those that take open offers of one batch away, all of one service or of none. */
void offers_withdraw(struct request *request, const struct offer *offers, size_t count);
/* Takes offers of one batch, of one service or of none, out of every list; `why` as in
 * offer_list_take_out(). */
void offers_take_out(struct request *request, const struct offer *offers, size_t count, char why);
/* peer/<peer>/<family>/<batch> of that offer. */
struct text offer_key(struct request *request, const char *family, struct text ref);

#endif
