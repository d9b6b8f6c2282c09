/* Storage: an ordered map from a path-like key to a small value, every entry with an expiry.
 *
 * A handler reads and lists through this interface, and leaves its puts as edits on its request;
 * the host applies them, all or nothing where the store is atomic, once the handler has answered.
 * Handlers never see what has expired, to the millisecond, whatever the back end still holds.
 *
 * docs/keys.md says which keys there are. The first two segments of a key name its shard. */
#ifndef RONDEVU_STORAGE_H
#define RONDEVU_STORAGE_H

#include "arena.h"

struct request;

enum {
    STORAGE_KEY_MAX = 512,    /* bytes; Workers KV's limit */
    STORAGE_READ_MAX = 100,   /* keys in one read; Workers KV's limit for one call */
    STORAGE_PAGE_MAX = 10000, /* facts in one page */
    STORAGE_PAGE_BYTES =
        524288, /* a page ends early once its keys and values hold this many bytes */
};

/* One entry. `value.at == NULL` where there is none; key and value have a NUL behind them. */
struct fact {
    struct text key;
    struct text value;
    int64_t expires_at; /* ms; the fact is absent from this moment on */
};

/* Facts in key order (bytes). `more`: the list goes on after `last`, the key this page came to,
 * which expired facts may have moved past that of the last fact shown. */
struct page {
    struct fact *facts;
    size_t count;
    struct text last;
    bool more;
};

/* What a handler wants changed: a put, or a delete where `value.at == NULL`. */
struct edit {
    struct text key;
    struct text value;
    int64_t expires_at;
    struct edit *next;
};

/* What a back end is. Its methods take the store that they are methods of; a back end keeps a
 * `struct storage` as its own first member. Keys and limits have been checked by the wrappers
 * below. */
struct storage {
    const struct storage_methods *methods;
};

struct storage_methods {
    /* Fills facts[i] for keys[i]. */
    void (*read)(const struct storage *storage, struct arena *arena, const struct text *keys,
                 size_t count, struct fact *facts);
    /* Up to `limit` facts whose keys start with `prefix` and sort after `after`. */
    struct page (*list)(const struct storage *storage, struct arena *arena, struct text prefix,
                        struct text after, size_t limit);
    /* Applies the edits in order; false where the store could not. NULL where the host does it. */
    bool (*apply)(struct storage *storage, const struct edit *edits);
    /* Says what will surely be listed, so that a store that is read asynchronously fetches all of
     * it at once. NULL where there is nothing to gain. */
    void (*expect)(const struct storage *storage, struct arena *arena, struct text prefix,
                   struct text after, size_t limit);
    /* How many facts there are under the prefix at `now`, or how many groups of them; in a time
     * that hardly grows with their number. NULL where the store is not atomic. */
    int64_t (*count)(struct storage *storage, struct text prefix, bool groups, int64_t now);
    /* Takes the request to the shard: returns where it runs there, else leaves the run. NULL where
     * every request runs where it came in. */
    void (*enter)(const struct storage *storage, struct text shard);
    bool atomic; /* whether one handler's reads and writes happen as one */
    /* Whether each shard has a place of its own: only what a handler reads and writes in the shard
     * that it runs in happens as one, and another shard costs a round trip. Lists that anybody may
     * grow are then spread over several shards. */
    bool sharded;
};

/* One round trip, however many keys (1 to STORAGE_READ_MAX). */
void storage_read(struct request *request, const struct text *keys, size_t count,
                  struct fact *facts);
/* A page of the facts under `prefix`, from the one after the key `after` on; an empty `after`
 * starts at the beginning. `limit`: 1 to STORAGE_PAGE_MAX. */
struct page storage_list(struct request *request, struct text prefix, struct text after,
                         size_t limit);
/* This will surely be listed, from its beginning and with that limit, after others: a round trip
 * less. */
void storage_expect(struct request *request, struct text prefix, size_t limit);
/* The same from the key after `after` on. */
void storage_expect_after(struct request *request, struct text prefix, struct text after,
                          size_t limit);
/* All facts under the prefix from the one after `after` on, however many pages they take; `more` is
 * false. */
struct page storage_list_all(struct request *request, struct text prefix, struct text after);
/* The key must not be one that another request may write. */
void storage_put(struct request *request, struct text key, struct text value, int64_t expires_at);
void storage_delete(struct request *request, struct text key);
/* Whether this handler's reads and writes happen as one. */
bool storage_atomic(const struct request *request);
/* Whether shards are places of their own. */
bool storage_sharded(const struct request *request);
/* The shard that a key is in: its first two segments. */
struct text storage_shard(struct text key);
/* Goes on in the shard of that key, for what is decided there. A request goes by itself to the
 * first shard of its route's home family that it touches. */
void storage_enter(struct request *request, struct text key);
/* Counting, where the store is atomic, without reading what is counted: facts under the prefix, and
 * groups of them. A group are the keys that are the same up to their first space behind the prefix;
 * a key holds two spaces at most that prefixes end at. */
int64_t storage_count(struct request *request, struct text prefix);
int64_t storage_count_groups(struct request *request, struct text prefix);
/* For hosts whose store is synchronous. */
bool storage_apply(struct storage *storage, const struct edit *edits);

#endif
