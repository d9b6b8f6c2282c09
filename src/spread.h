/* Spread: lists that anybody may grow are in several shards, where shards are places of their own.
 *
 * Sessions of a topic: the last 4 bits of `topic` in their codes are the part. Part 0 is the root:
 * all sessions are there while they are few. Of many, each new one goes to one of the other 15
 * parts, at random, and marks in the root say for how long those have to be looked into.
 *
 *     topic/<root>/spread/<age><random>    nothing; the newest mark lasts longest
 *
 * The directory of an origin: 16 shards, by the topic's hash and the part.
 *
 * On all other stores a topic has one part, and a directory is one list. */
#ifndef RONDEVU_SPREAD_H
#define RONDEVU_SPREAD_H

#include "keys.h"

enum {
    SPREAD_AT = 1000, /* sessions in the root, answered ones too: what comes then goes to a part */
    SPREAD_SHARDS = 16, /* of a topic, the root with them, and of a directory */
};

/* The topic's root. */
uint32_t spread_root(const struct request *request, struct text topic_name);
/* That part of it, 0 to 15. */
uint32_t spread_part(uint32_t topic, int part);
/* The directory's shard that has the entries of those sessions. */
int spread_directory(uint32_t topic);
/* Until when parts have to be looked into; 0 where there is none to look into. */
int64_t spread_until(struct request *request, uint32_t root);

/* Where a new session goes; the request goes on there. Only where the store is sharded. */
struct seat {
    uint32_t topic;
    int64_t open, max;  /* sessions there, and how many there may be */
    int64_t expires_at; /* of the oldest of them, where it is full */
};
struct seat spread_seat(struct request *request, uint32_t root, uint64_t random);
/* Leaves a mark, where none lasts until then; nothing to do for a session in the root. */
void spread_mark(struct request *request, uint32_t topic, int64_t expires_at);

#endif
