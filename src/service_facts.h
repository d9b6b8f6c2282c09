/* Service facts: what is published under a name, and the offers behind it.
 *
 *     service/<uuid>/published/<age><random>    a publication, or that it ended; newest first
 *     service/<uuid>/offer/<peer> <batch>       offers of it; a list (offer_lists.h)
 *     service/<uuid>/handed/<time><random>      an offer that somebody was given
 *     name/<username>/service/<fqn> <age><random>     the same publication: service_listings.h
 *
 * The newest publication is the service. Its offers are those it was published with, and those of
 * its peer that joined it. The uuid is a keyed hash of user name and FQN, so that it stays the
 * same, leads to the shard, and tells nobody either of them.
 *
 * Where shards are places of their own the name's shard decides what is published and what ends:
 * its list knows all that this takes, and the service's shard is told. */
#ifndef RONDEVU_SERVICE_FACTS_H
#define RONDEVU_SERVICE_FACTS_H

#include "offer_facts.h"

enum { UUID_LEN = 36 };

/* The value of a publication that ended its service. */
#define SERVICE_GONE TEXT("gone")

struct service {
    struct text uuid;
    bool there;
    struct text peer;        /* who published it */
    struct text publication; /* of the offers it was published with */
    size_t published;        /* how many these were, where the name's list says it */
    bool is_public;
    int64_t created_at, expires_at;
    struct text username, fqn;
    struct text metadata; /* JSON object, or empty */
    struct page page;     /* everything under service/<uuid>/, where that was read */
    struct text *digits;  /* <age><random> of its publications, newest first */
    size_t digits_count;
    int64_t latest;     /* ms, of the newest publication; 0 where there is none */
    int64_t kept_until; /* ms; the next one has to be there as long, or an older one came back */
};

struct text service_uuid(struct request *request, struct text username, struct text fqn);
/* Not there where the uuid is none of ours. */
struct service service_read(struct request *request, struct text uuid);
/* The same for who only wants to know whose it is. */
struct service service_read_published(struct request *request, struct text uuid);
/* It will surely be read so, as storage_expect() has it. */
void service_expect_published(struct request *request, struct text uuid);
/* What is behind `service/<uuid>/<family>/`; absent where the fact is of another family. */
struct text service_fact_name(const struct fact *fact, const char *family);
/* Fills in what the digits and the expiry of a publication say, for one after the other. */
void service_add_publication(struct service *service, struct text digits, const struct fact *fact);

/* The edits that publish a service over the one that was read, and that end it: `service` has what
 * is to be published, `before` what was there. */
void service_publish(struct request *request, struct service *service,
                     const struct service *before);
void service_end(struct request *request, const struct service *service);

#endif
