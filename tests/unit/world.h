/* A world for tests of whole requests: a memory store behind a faulty one, a host, and the last
 * answer. */
#ifndef RONDEVU_WORLD_H
#define RONDEVU_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "faulty.h"
#include "host.h"
#include "memory.h"

#include <cJSON.h>
#include <string.h>

enum { SCRATCH_MAX = 64, CODE_LEN = 36 };

struct world {
    struct storage *memory;
    struct faulty store; /* wraps `memory`; copies facts, as the WebAssembly host does */
    struct test_host host;
    struct result result; /* of the last request */
    cJSON *json;          /* its body; NULL where that is no JSON */
    char code[CODE_LEN + 1];
    void *scratch[SCRATCH_MAX]; /* freed with the world */
    size_t scratch_count;
};

/* cmocka's setup and teardown; *state is a struct world. */
int world_open(void **state);
int world_close(void **state);

/* Each returns the status. */
int world_send(struct world *world, const char *method, const char *target, const char *body);
int world_get(struct world *world, const char *target);
/* The body is made as printf would. */
int world_post(struct world *world, const char *target, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Posts an offer, which must be taken, and returns its code, also kept in world->code until the
 * next one. */
const char *world_offer(struct world *world, const char *topic, const char *info);

/* Of the last answer: a member that must be there. */
const char *world_text(const struct world *world, const char *name);
int64_t world_number(const struct world *world, const char *name);
const cJSON *world_list(const struct world *world, const char *name);
/* The code of the i-th session in the last answer's list. */
const char *world_session(const struct world *world, int i);

/* `count` times `unit`; lives as long as the world. */
const char *world_repeat(struct world *world, const char *unit, size_t count);
/* Every entry of the store with value and expiry, a line each. The caller frees it. */
char *world_dump(const struct world *world);
/* A request of its own in an empty arena, for what wants one without being sent. */
struct request *world_request(struct world *world);

struct world *as_world(void **state);

/* A test in a world of its own. */
#define world_test(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)

#define assert_answer(world, wanted_status, wanted_body)                                           \
    do {                                                                                           \
        assert_string_equal((world)->result.body, wanted_body);                                    \
        assert_int_equal((world)->result.status, wanted_status);                                   \
    } while (0)
#define assert_error(world, wanted_status, sentence)                                               \
    assert_answer(world, wanted_status, "{\"error\":\"" sentence "\"}")
#define assert_missing(world, name)                                                                \
    assert_error(world, 400, "Missing or invalid required parameter: " name)
#define NO_SESSION "Session not found, expired, or origin mismatch"
#define assert_text(made, wanted)                                                                  \
    do {                                                                                           \
        const struct text made_ = (made);                                                          \
        assert_int_equal(made_.len, strlen(wanted));                                               \
        assert_memory_equal(made_.at, wanted, made_.len);                                          \
    } while (0)

#endif
