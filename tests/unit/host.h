/* A host for tests and benchmarks: runs requests against a storage, natively, in one arena.
 *
 * Budgets are counted exactly. Time stands still and random bytes count up by 4, unless a test says
 * otherwise, so every answer is the same in every run. HMAC is OpenSSL's. */
#ifndef RONDEVU_TEST_HOST_H
#define RONDEVU_TEST_HOST_H

#include "request.h"

enum { SPENT_MAX = 1024 };

struct test_host {
    struct host host;
    struct arena arena;
    int64_t now;
    const char *headers[HEADERS];   /* NULL: none */
    const char *address;            /* the client's */
    const char *settings[SETTINGS]; /* NULL: the default */
    const char *secret;             /* AUTH_SECRET, as HMAC has it */
    size_t secret_len;              /* and what the host says of its length */
    uint64_t random;                /* the next request's random bytes begin with this number */
    bool keep_edits;                /* do not apply them; request.edits has them */
    struct request request;         /* the last one */
    struct spent {
        char what[128]; /* budget and key */
        int64_t time;   /* ms */
    } spent[SPENT_MAX];
    size_t spent_count;
};

/* What came of a request. Text is valid until the next one. */
struct result {
    int status;
    const char *body;
    const char *headers;
    int wait;
    /* Of an answer that opens or feeds a socket. */
    const char *seen, *waiter;
    int64_t again;
};

enum { TEST_NOW = 1700000000, TEST_ARENA = 14 * 1024 * 1024 };

/* `storage` stays the caller's. */
void test_host_open(struct test_host *host, struct storage *storage);
void test_host_close(struct test_host *host);
/* `target`: path and query. `body`: NULL for none. 503 where the arena runs out or the store
 * refuses the edits, as every host answers. */
struct result test_send(struct test_host *host, const char *method, const char *target,
                        const char *body);
/* The same with a body of any bytes. */
struct result test_send_bytes(struct test_host *host, const char *method, const char *target,
                              struct text body);

#endif
