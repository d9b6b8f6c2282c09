/* A back end whose shards are places of their own: what is in another shard than the one that the
 * request runs in takes a round trip, and the request is run again. */
#ifndef RONDEVU_REMOTE_H
#define RONDEVU_REMOTE_H

#include "world.h"

enum { REMOTE_CALLS = 1024, REMOTE_CALL_MAX = 1200, REMOTE_HOPS = 4, REMOTE_SHARD_MAX = 64 };

struct remote {
    struct storage storage;
    struct storage *inner;
    void (*leave)(void);
    char shard[REMOTE_HOPS][REMOTE_SHARD_MAX]; /* that the request has been in; it is in the last */
    int hops;
    char calls[REMOTE_CALLS][REMOTE_CALL_MAX]; /* to other shards */
    size_t known;                              /* of them, that have been answered */
    size_t noted;
    bool left;  /* for another shard */
    int rounds; /* of calls to other shards, of the last request */
};

/* From now on the world's requests run on that store. */
void remote_open(struct remote *remote, struct world *world);
/* Runs the request until nothing is missing, and applies its edits; returns the status. */
int remote_send(struct remote *remote, struct world *world, const char *method, const char *target,
                const char *body);

#endif
