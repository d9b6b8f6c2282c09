/* Service facts: what is published under a name, and the offers behind it.
 *
 *     service/<uuid>/published/<age><random>    a publication, or that it ended; newest first
 *     service/<uuid>/offer/<peer> <batch>       offers of it; a list (offer_lists.h)
 *     service/<uuid>/handed/<time><random>      an offer that somebody was given
 *     name/<username>/service/<fqn> <age><random>     the same publication, for who asks by name
 *
 * The newest publication is the service. Its offers are those it was published with, and those of
 * its peer that joined it. The uuid is a keyed hash of user name and FQN, so that it stays the
 * same, leads to the shard, and tells nobody either of them. */
#ifndef RONDEVU_SERVICE_FACTS_H
#define RONDEVU_SERVICE_FACTS_H

#include "offer_facts.h"

enum { UUID_LEN = 36 };

struct service {
    struct text uuid;
    bool there;
    struct text peer;        /* who published it */
    struct text publication; /* of the offers it was published with */
    bool is_public;
    int64_t created_at, expires_at;
    struct text username, fqn;
    struct text metadata; /* JSON object, or empty */
    struct page page;     /* everything under service/<uuid>/ */
    int64_t latest;       /* ms, of the newest publication; 0 where there is none */
    int64_t kept_until;   /* ms; the next one has to be there as long, or an older one came back */
};

struct text service_uuid(struct request *request, struct text username, struct text fqn);
/* Not there where the uuid is none of ours. */
struct service service_read(struct request *request, struct text uuid);

/* Open offers of a service, in an array of the arena. */
size_t service_offers(struct request *request, const struct service *service,
                      struct listed **offers);
/* The one of them that was handed out longest ago, or never: a random one of those. -1 where there
 * is none. `fresh`: it never was. */
int64_t service_choose(struct request *request, const struct service *service,
                       const struct listed *offers, size_t count, bool *fresh);
void service_hand_out(struct request *request, const struct service *service, struct text ref);

/* How many open offers of that peer go when it is published again. */
size_t service_replaces(struct request *request, const struct service *service, struct text peer);
/* The edits that publish a service over the one that was read, and that end it: `service` has what
 * is to be published, `before` what was there. */
void service_publish(struct request *request, struct service *service,
                     const struct service *before);
void service_end(struct request *request, const struct service *service);

/* A service as the name's list has it. */
struct listing {
    struct text fqn, uuid;
    bool is_public;
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

#endif
