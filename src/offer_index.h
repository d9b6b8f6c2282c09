/* Offer index: open offers by topic; lists (offer_lists.h).
 *
 *     topics/offers/<name> <peer> <batch>     an entry for each topic of a batch
 *     topics/wide/<digit>/<batch> <peer>      the same for batches of many topics, where the store
 *                                             is eventual; the digit is of a hash of the topic
 *
 * Where shards are places of their own it is in 16 of them, and who looks through one needs no
 * peer's shard:
 *
 *     topics/<digit>/offers/<name> <peer> <batch>
 *     topics/<digit>/said/<peer><batch>       what the offer says, once in each shard that lists it
 *     topics/<digit>/spread/<name> <until>    nothing
 *
 * A topic's root is the shard of the digit of its hash. Once that holds many entries of the topic,
 * new ones go to parts: the shards as many digits on as the first digit of the peer's id says. A
 * mark in the root tells until when parts have to be looked into. */
#ifndef RONDEVU_OFFER_INDEX_H
#define RONDEVU_OFFER_INDEX_H

#include "offer_facts.h"

enum {
    SPREAD_AT = 1000,         /* entries of a topic that its root takes from anybody */
    COPY_MAX = 16 * 1024,     /* bytes that are copied of an offer */
    COPIES_MAX = 1024 * 1024, /* bytes of entries and copies of a request, whose edits are all in
                               * memory: over it nothing is copied */
};

struct mention;

/* The offers that go into one entry of each list. */
struct batch {
    const struct offer *offers;
    size_t count;
    struct text ref; /* of the first */
    struct member *members;
    struct mention *mentions; /* each topic of each offer, sorted by topic */
    size_t mentioned;
    int64_t bytes; /* of what they say */
};
struct batch batch_of(struct request *request, const struct offer *offers, size_t count);

/* Decides which topics list them in parts, offer->spread, and puts the marks that say so. */
void offer_index_spread(struct request *request, struct offer *offers, size_t count);
/* Whether it goes into the wide lists. */
bool offer_index_is_wide(const struct request *request, const struct batch *batch);
/* Puts its entries, and copies of what it says where there is room for all of them; takes off
 * `room` what both need. */
void offer_index_put(struct request *request, const struct batch *batch, struct text contents,
                     bool wide, int64_t *room);
/* Takes it out of all lists; `why` as in offer_list_take_out(). */
void offer_index_take_out(struct request *request, const struct batch *batch, char why);

/* 0 to 15: how far from a topic's root the entries of that peer may be. */
int offer_index_part(struct text peer);
/* topics/<digit>/said/<peer><batch> of that offer. */
struct text offer_index_copy(struct request *request, int digit, struct text ref);
/* topics/<digit>/spread/<name> and the space, of the topic's root: what is under it are marks. */
struct text offer_index_marks(struct request *request, struct text name);

#endif
