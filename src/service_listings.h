/* Service listings: the services of a user name, in its shard.
 *
 *     name/<username>/service/<fqn> <age><random>     a publication, or that it ended; newest first
 *
 * Whoever asks by name reads them. Where shards are places of their own they also decide what is
 * published over, and what ends: they hold all that this takes, for what the service's shard shows
 * to others may be late. */
#ifndef RONDEVU_SERVICE_LISTINGS_H
#define RONDEVU_SERVICE_LISTINGS_H

#include "service_facts.h"

/* A service as the name's list has it. */
struct listing {
    struct text fqn, uuid;
    bool is_public;
    int64_t expires_at;
    struct text decided;  /* peer, publication and how many offers; empty where nobody needs it */
    struct text metadata; /* JSON object, or empty */
};

/* A walk through name/<username>/service/, by FQN. What is listed stays until the next one, and for
 * good from the moment on that `keep` is set. */
struct listings {
    struct text prefix, start;
    struct page page;
    size_t next;
    size_t mark; /* of the arena */
    bool keep;
    char fqn[STORAGE_KEY_MAX]; /* the one that was read last, whose older publications come next */
    size_t fqn_len;
    struct listing listing;
};

/* Those whose FQN starts so. */
struct listings listings_begin(struct request *request, struct text username,
                               struct text fqn_start);
/* The next service, in listings->listing; false at the end. */
bool listings_next(struct request *request, struct listings *listings);

/* name/<username>/service/<fqn> and the space: its publications. */
struct text listings_prefix(struct request *request, struct text username, struct text fqn);
/* The value of one of them. */
struct text listing_text(struct request *request, const struct service *service,
                         const char *public);

/* A service for who is to publish over it, or to end it: where shards are places of their own as
 * its name lists it, else as service_read() has it. */
struct service service_of_name(struct request *request, struct text username, struct text fqn);
struct service service_of_uuid(struct request *request, struct text username, struct text uuid);

#endif
