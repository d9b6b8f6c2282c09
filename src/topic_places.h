/* Topic places: where topics are known, each place in the order of their names and read a page at a
 * time.
 *
 *     sessions    the directory of the origin, an entry for each; in 16 shards where the store is
 *                 sharded
 *     offers      the lists of topics: counted topic by topic where the store is atomic, else
 *                 walked like the directory; in 16 shards where it is sharded
 *     wide        what requests with many topics left, where the store is eventual; read at once,
 *                 and put in order */
#ifndef RONDEVU_TOPIC_PLACES_H
#define RONDEVU_TOPIC_PLACES_H

#include "request.h"

/* What a place knows of a topic: an entry of a list, or all of it. */
struct item {
    struct text order; /* of the key: what holds the name */
    struct text name;  /* as JSON */
    int64_t count;
    int64_t peers; /* that nobody else has; else `peer` */
    uint64_t peer;
    struct text key; /* the place goes on behind it */
};

struct place {
    struct text prefix;
    struct text start; /* what names of the wide lists must start with, as walk.start */
    void (*load)(struct request *request, struct place *place);
    bool offers;
    struct item *items;
    size_t count, next;
    struct text end; /* key that the items come to */
    bool more;       /* the place goes on there */
    int left; /* pages that may be read, facts of a shard: others' offers are not to make it fail */
    char after[STORAGE_KEY_MAX];
    size_t after_len;

    /* Of a shard, else 0. */
    size_t size;   /* facts in its page, which stays the same until all of it has been taken */
    int64_t topic; /* the walk's number of the topic that was taken last, */
    int64_t taken; /* and how much of it */
};

/* Makes the places and asks for all their first pages. `start`: what names must start with;
 * `start_json`: the same as JSON without its closing quote. */
struct place *places_begin(struct request *request, struct text start, struct text start_json,
                           size_t *count);
/* Loads what comes next, where the place was left. */
void place_load(struct request *request, struct place *place);
/* Asks for what comes behind that page, where the place is a shard. */
void place_expect(struct request *request, const struct place *place);
/* Notes how far the place has been read: what is in memory goes. */
void place_leave(struct place *place);
/* Whether the place is a shard whose page has been taken, and does not end with it. */
bool place_is_cut(const struct place *place);
/* Whether it has been read so far that what is cut had better be counted. */
bool place_is_long(const struct place *place);
/* Goes on behind all that the item's topic has here; returns its prefix. */
struct text place_pass(struct request *request, struct place *place, const struct item *item);

#endif
