/* Offer lists: open offers by where they are looked for: a peer, a topic, a service.
 *
 * An entry of a list is a batch of one peer's offers (offer_id.h), small enough to ride along with
 * a listing; what the offers say is in the peer's own shard. Its value, in lines:
 *
 *     bytes that the batch takes in the peer's shard
 *     label of what follows: a topic as JSON, or "p" and the publication of a service
 *     kind and expiry of some of its offers, a space, and their indexes, two digits each
 *     ...
 *
 * An offer that is no longer open is taken out. Where the store is atomic its entry is deleted;
 * else a mark follows the entry in key order, whose value is why, and the indexes:
 *
 *     <entry>-<random> */
#ifndef RONDEVU_OFFER_LISTS_H
#define RONDEVU_OFFER_LISTS_H

#include "offer_id.h"

enum offer_kind {
    KIND_LOOSE = 'l', /* for anybody, under no topic, of no service */
    KIND_APART = 's', /* under no topic, of a service or for who knows its secret */
    KIND_TOPICS = 't',
};

enum { INDEX_MAX = 1 << (4 * INDEX_LEN) };

struct listed {
    struct text peer;
    struct text publication;
    int index;
    enum offer_kind kind;
    int64_t expires_at;
    int64_t batch_bytes;
    struct text label; /* absent where the list has none */
    struct text entry; /* its key */
};

/* A walk through the open offers of a list, in key order. */
struct offer_list {
    struct text prefix; /* of the keys that are read */
    size_t page_max;
    size_t pages; /* that are read at the most */
    struct page page;
    size_t next;         /* fact of the page */
    struct text rest;    /* of the value of the entry being read */
    struct text indexes; /* of the group being read */
    bool out[INDEX_MAX]; /* of the entry */
    struct listed listed;
};

/* Starts behind the key `after`; reads `page_max` facts at a time. `peer` is whose list it is,
 * where keys do not say. */
struct offer_list offer_list_begin(struct text prefix, struct text after, size_t page_max,
                                   struct text peer);
/* The same over facts that have been read. */
struct offer_list offer_list_of(struct fact *facts, size_t count);
/* The next open offer, in list->listed; false at the end. */
bool offer_list_next(struct request *request, struct offer_list *list);
struct text listed_ref(struct request *request, const struct listed *listed);

/* Whether that key is of a mark of the entry. */
bool is_mark_of(struct text entry, struct text key);

/* An offer of a batch, for writing entries. */
struct member {
    int index;
    enum offer_kind kind;
    int64_t expires_at;
};

/* The lines of an entry behind the label. */
struct text members_text(struct request *request, const struct member *members, size_t count);
/* When the last of them expires, in ms. */
int64_t members_expire(const struct member *members, size_t count);
/* Puts an entry of one label, or of none where that is absent. */
void offer_list_put(struct request *request, struct text entry, int64_t batch_bytes,
                    struct text label, const struct member *members, size_t count);
/* Takes offers out of the list whose entry that is: `why` is 'a' for answered, 'g' for gone. On an
 * atomic store an entry has one member. */
void offer_list_take_out(struct request *request, struct text entry, const struct member *members,
                         size_t count, char why);

#endif
