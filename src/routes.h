/* Routes: the table of all that the server answers, as data. */
#ifndef RONDEVU_ROUTES_H
#define RONDEVU_ROUTES_H

#include "budgets.h"

/* What a route's requests must carry, whatever else is wrong with them. */
enum need {
    NEEDS_VERSION =
        1, /* X-Registry-Version, any value: a page of another site cannot send it unasked */
    NEEDS_TOKEN = 2,  /* X-Access-Token */
    NEEDS_PEER = 4,   /* Authorization of a registered peer */
    NEEDS_SOCKET = 8, /* what opens a WebSocket; its protocol carries the credential */
};

struct route {
    const char *method;
    const char *pattern; /* segments; `:name` takes any one of them, decoded, as a parameter */
    struct response (*handler)(struct request *request);
    size_t body_max; /* bytes; larger is 413 */
    /* First segment of the shard where the request runs, if shards are places: of that family the
     * one that the handler touches first. NULL: where it came in. */
    const char *home;
    unsigned needs;   /* a set of enum need */
    unsigned budgets; /* a set of SPENDS(...) */
};

/* In the order in which they are tried. */
extern const struct route routes[];
extern const size_t routes_count;

#endif
