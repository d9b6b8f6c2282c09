/* Offer spread: a walk through the open offers of one topic where shards are places of their own:
 * those in its root and, where it is spread, those in its parts (offer_index.h).
 *
 * A part holds offers of peers whose ids begin with one digit, so the parts one after the other are
 * in the order of peers, as the root is: two lists are merged, and of the second only what the walk
 * comes to is read. */
#ifndef RONDEVU_OFFER_SPREAD_H
#define RONDEVU_OFFER_SPREAD_H

#include "offer_lists.h"

struct offer_spread {
    struct text name;
    struct text after; /* reference, or absent */
    size_t part_page;
    int root;  /* digit of its shard */
    int parts; /* digits that it has parts for, from 1 up to this one; 0: it is not spread */
    int part;  /* whose list is being read; 0: none yet */
    struct {
        struct offer_list list;
        bool there; /* list.listed is an offer that comes next */
    } in_root, in_part;
    struct listed listed;
    int digit; /* of the shard that lists it */
};

/* Starts behind the offer `after`. Reads that many facts at a time. */
struct offer_spread offer_spread_begin(struct request *request, struct text name, struct text after,
                                       size_t root_page, size_t part_page);
/* How many offers there are. */
int64_t offer_spread_count(struct request *request, const struct offer_spread *spread);
/* The next one, in spread->listed; false at the end. */
bool offer_spread_next(struct request *request, struct offer_spread *spread);

#endif
