/* Request and response: what a host hands to the core, and what it gets back.
 *
 * A handler is a pure function of the request and the facts it reads. It may be run several times
 * for one request (a store that is read asynchronously has it run again once a missing fact is
 * there), so time and randomness come with the request and are the same in every run. */
#ifndef RONDEVU_REQUEST_H
#define RONDEVU_REQUEST_H

#include "settings.h"
#include "storage.h"

enum {
    RANDOM_BYTES = 96,  /* that come with a request */
    PARAMETERS_MAX = 2, /* in a route's pattern */
    DIGEST_BYTES = 32,
    PUBLIC_KEY_BYTES = 32, /* Ed25519 */
    SIGNATURE_BYTES = 64,
};

/* The request headers that any route looks at. */
enum header {
    HEADER_ORIGIN,
    HEADER_ACCEPT,
    HEADER_AUTHORIZATION,
    HEADER_IF_NONE_MATCH,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_ACCESS_TOKEN,
    HEADER_REGISTRY_VERSION,
    HEADER_UPGRADE,
    HEADER_PROTOCOL,
    HEADER_SEEN, /* of the host: what a socket has been sent, as the answer before said; sockets.h
                  */
    HEADERS
};

/* What the core asks of the world besides storage. */
struct host {
    struct storage *storage;
    /* HMAC-SHA-256 of the message under AUTH_SECRET (under the empty key where there is none). */
    void (*hmac)(struct text message, unsigned char digest[DIGEST_BYTES]);
    /* Whether the two, of one length, are the same, in a time that does not tell where they differ.
     */
    bool (*equal)(struct text a, struct text b);
    /* Takes one from what the key may have of that budget, once a request however often it is run:
     * `limit` in `period` s. False where none was left. */
    bool (*spend)(struct text budget, struct text key, int limit, int period);
    /* Whether it is the Ed25519 signature of the message under that key, of PUBLIC_KEY_BYTES and
     * SIGNATURE_BYTES. Encodings have been checked: signing.h. */
    bool (*verify)(struct text public_key, struct text signature, struct text message);
    /* How many bytes AUTH_SECRET has; 0 where there is none. */
    size_t (*secret_len)(void);
    bool pushes; /* whether it keeps sockets open */
};

struct request {
    struct arena *arena;
    const struct host *host;
    struct settings settings;

    struct text method;
    struct text path;             /* as it came: percent-encoded, with its leading slash */
    struct text query;            /* without the question mark */
    struct text own_origin;       /* of this server, scheme://host */
    struct text address;          /* the client's, IPv4 or IPv6; empty where it is not known */
    struct text headers[HEADERS]; /* absent where the client sent none */
    struct text body;
    int64_t now;        /* ms since 1970 */
    struct text random; /* RANDOM_BYTES from a CSPRNG; random_take() uses them up */

    struct text parameters[PARAMETERS_MAX]; /* of the path, decoded, in the pattern's order */
    bool coded_errors;                      /* the envelope of the route's family; answer.h */
    struct text peer;                       /* who calls, on routes that need a peer; peers.h */
    struct text side;                       /* of a session, whose socket this is; sockets.h */
    struct text seen;     /* of what a socket reads: what it has been sent; else absent */
    bool is_message;      /* it came over a socket, and is answered over it */
    struct text message;  /* its id, as JSON; absent where it has none */
    uint64_t origin_hash; /* of request_origin(); 0: not needed yet. keys.c */
    uint64_t wide_seed;   /* of key_offers_wide(); 0: not needed yet */
    uint64_t mark;        /* random, of the marks it leaves in offer lists; 0: not needed yet */
    const char *home;     /* first segment of its home shard, NULL where it has none; routes.h */
    bool entered;         /* it is in its home shard, or its host has no such places */
    struct edit *edits;   /* what to apply, in order */
    struct edit **edits_end;
};

struct response {
    int status;
    struct text body;    /* JSON, or empty */
    struct text error;   /* of a failure, which has no body yet; answer.h makes them */
    const char *code;    /* of a failure, for families whose errors have one */
    int64_t retry_after; /* s, of a failure that will pass; else 0 */
    struct text headers; /* "Name: value\n" for each */
    struct text route;   /* for the log: method and pattern of the route, or empty */
    /* Nothing new yet: the reader would wait this many seconds (1 to 25, else 0). The host may
     * answer at once, or run the request again before it does. */
    int wait;
    struct text waiter; /* who waits, for what: a host keeps few of one waiter; polling.h */
    struct text seen;   /* of a polling read: what its reader has then seen, without blanks */
    int64_t again;      /* ms; when it will be another without a write, or 0 */
};

const char *header_name(enum header header);
/* The route table's entry, the handler's answer, and the headers that every answer has. */
struct response handle(struct request *request);
/* What a host answers for a request that it, or the core, could not finish: 500 or 503. */
struct response handle_failure(struct request *request, int status);
/* What every route answers while the settings are wrong. */
struct response handle_misconfigured(struct request *request, struct text sentence);

/* The next unused bytes of request->random, as a number of 1 to 8 bytes. */
uint64_t random_take(struct request *request, size_t bytes);
/* A token of 256 bits as base64url, 43 characters, of as many of them. */
struct text random_token(struct request *request);
/* The application that the caller belongs to: its Origin, or this server's own. */
struct text request_origin(const struct request *request);
/* The parameter of the query, percent-decoded; absent where it is missing or empty. False where it
 * is not valid text. Of several with one name the first counts. */
bool query_text(struct request *request, const char *name, struct text *value);
/* Whether the query has that parameter, though perhaps empty. */
bool query_has(struct request *request, const char *name);
/* The same as a whole number of at least `min`, at most `max` (larger ones are taken as `max`),
 * `fallback` where it is absent. */
bool query_number(struct request *request, const char *name, int64_t min, int64_t max,
                  int64_t fallback, int64_t *number);
/* Percent-decodes into the arena; `plus` is what a plus stands for. False for what is not valid
 * text or holds U+0000. */
bool percent_decode(struct arena *arena, struct text coded, char plus, struct text *decoded);

#endif
