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

enum { SCRATCH_MAX = 512, CODE_LEN = 36 };

/* What somebody who made a room, and somebody who joined it, were given. */
struct world_room {
    char code[9], join_code[7];
    char host[44], guest[44]; /* tokens */
    char path[32];            /* "/rooms/<code>" */
};

struct world {
    struct storage *memory;
    struct faulty store; /* wraps `memory`; copies facts, as the WebAssembly host does */
    struct test_host host;
    struct result result; /* of the last request */
    cJSON *json;          /* its body; NULL where that is no JSON */
    char code[CODE_LEN + 1];
    struct world_room room;     /* the last one made */
    int64_t signed_at;          /* ms, of the last message that was signed */
    void *scratch[SCRATCH_MAX]; /* freed with the world */
    size_t scratch_count;
};

/* cmocka's setup and teardown; *state is a struct world. */
int world_open(void **state);
int world_close(void **state);
/* The same with a store that says it is eventual. */
int world_open_eventual(void **state);
/* And with one that says that its shards are places of their own. */
int world_open_sharded(void **state);
bool world_atomic(const struct world *world);

/* Each returns the status. */
int world_send(struct world *world, const char *method, const char *target, const char *body);
int world_get(struct world *world, const char *target);
/* The body is made as printf would. */
int world_post(struct world *world, const char *target, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Posts an offer, which must be taken, and returns its code, also kept in world->code until the
 * next one. */
const char *world_offer(struct world *world, const char *topic, const char *info);

/* -- Rooms. Each sends X-Registry-Version; the requests sent otherwise do after the first of them.
 */

/* Makes a room, joins it: both must work. The clock does not move. */
void world_room(struct world *world);
void world_join(struct world *world);
/* POSTs under the room's path with that token, NULL for none; returns the status. */
int world_room_post(struct world *world, const char *token, const char *route, const char *format,
                    ...) __attribute__((format(printf, 4, 5)));
/* The same for GET; `route` may be "" or begin with a question mark. */
int world_room_get(struct world *world, const char *token, const char *route);
/* An SDP of the world's room that tells its sender's name, as it stands in JSON. Leaves it as an
 * offer (host) or answer (guest) of that generation, 0 for none; returns the status. */
#define SDP(name) "v=0\\r\\no=" name "\\r\\ns=-\\r\\nt=0 0\\r\\nm=application\\r\\n"
int world_describe(struct world *world, const char *type, const char *name, int generation);
/* A room that is paired: joined, with the offer "o1" and the answer "a1". */
void world_pair(struct world *world);
/* Leaves one candidate with that token; returns the status. */
int world_candidate(struct world *world, const char *token, const char *text);

/* -- Peers. Requests are sent as nobody but by these. */

struct world_peer {
    char id[33];
    char bearer[128]; /* the header's value */
};

void world_register(struct world *world, struct world_peer *peer);
/* Each returns the status; `peer` is NULL for nobody. */
int world_send_as(struct world *world, const struct world_peer *peer, const char *method,
                  const char *target, const char *body);
int world_get_as(struct world *world, const struct world_peer *peer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int world_delete_as(struct world *world, const struct world_peer *peer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The body is made as printf would. */
int world_post_as(struct world *world, const struct world_peer *peer, const char *target,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Publishes offers, the elements of a JSON array, which must be taken. The first one's id is in
 * `id` then; its size is OFFER_ID_SIZE, or it is NULL. */
enum { OFFER_ID_SIZE = 65 };
void world_publish(struct world *world, const struct world_peer *peer, char *id, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));
/* Answers an offer with the SDP "answer"; returns the status. */
int world_answer(struct world *world, const struct world_peer *peer, const char *id);
/* Leaves candidates, the elements of a JSON array; returns the status. */
int world_trickle(struct world *world, const struct world_peer *peer, const char *id,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* -- Names. Owners are numbers, each with a key of its own. */

enum { WORLD_KEY_SIZE = 45, WORLD_SIGNATURE_SIZE = 89 };
/* Both as base64. */
void world_key(int owner, char key[WORLD_KEY_SIZE]);
void world_sign(int owner, const char *message, char signature[WORLD_SIGNATURE_SIZE]);
/* `<what>:<ms>` signed, as members of a JSON object. The time is the clock's, or a few ms later
 * where something was signed at that time before. Lives until the next one. */
const char *world_signed(struct world *world, int owner, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int world_claim(struct world *world, int owner, const char *username);
/* Publishes `username`'s service with that SDP; `more` are further members, each with a comma
 * before it. */
int world_serve(struct world *world, const struct world_peer *peer, int owner, const char *username,
                const char *fqn, const char *sdp, const char *more);

/* Of the last answer: a member that must be there. */
const char *world_text(const struct world *world, const char *name);
int64_t world_number(const struct world *world, const char *name);
const cJSON *world_list(const struct world *world, const char *name);
/* Of the i-th object in a list of the last answer: a member that must be there. */
const char *world_text_in(const struct world *world, const char *list, int i, const char *name);
int64_t world_number_in(const struct world *world, const char *list, int i, const char *name);
int world_count(const struct world *world, const char *list);
/* The code of the i-th session in the last answer's list. */
const char *world_session(const struct world *world, int i);

/* `count` times `unit`; lives as long as the world. */
const char *world_repeat(struct world *world, const char *unit, size_t count);
/* Every entry of the store with value and expiry, a line each. The caller frees it. */
char *world_dump(const struct world *world);
/* How many entries have that text in their key. */
int world_keys(const struct world *world, const char *text);
/* What the last request wants changed, for a test that applies it late, or some of it: send the
 * request with host.keep_edits. An array; lives as long as the world. */
struct edit *world_edits(struct world *world, size_t *count);
/* Applies one of them, or all. */
void world_apply_one(struct world *world, const struct edit *edit);
void world_apply(struct world *world, const struct edit *edits, size_t count);
/* Drops what has expired, as a back end's housekeeping does. */
void world_sweep(struct world *world);
/* A request of its own in an empty arena, for what wants one without being sent. */
struct request *world_request(struct world *world);

struct world *as_world(void **state);

/* A test in a world of its own. */
#define world_test(test) cmocka_unit_test_setup_teardown(test, world_open, world_close)
/* The same three times: with a store that is atomic, one that is not, and one in shards. */
#define world_tests(test)                                                                          \
    world_test(test), {#test " (eventual)", test, world_open_eventual, world_close, NULL}, {       \
#test " (sharded)", test, world_open_sharded, world_close, NULL                            \
    }
#define world_test_sharded(test)                                                                   \
    cmocka_unit_test_setup_teardown(test, world_open_sharded, world_close)
#define world_test_eventual(test)                                                                  \
    cmocka_unit_test_setup_teardown(test, world_open_eventual, world_close)

#define assert_answer(world, wanted_status, wanted_body)                                           \
    do {                                                                                           \
        assert_string_equal((world)->result.body, wanted_body);                                    \
        assert_int_equal((world)->result.status, wanted_status);                                   \
    } while (0)
#define assert_error(world, wanted_status, sentence)                                               \
    assert_answer(world, wanted_status, "{\"error\":\"" sentence "\"}")
#define assert_missing(world, name)                                                                \
    assert_error(world, 400, "Missing or invalid required parameter: " name)
/* An error with a code, and all that goes with it. */
#define assert_coded(world, wanted_status, wanted_code)                                            \
    world_assert_coded(world, wanted_status, wanted_code, __FILE__, __LINE__)
void world_assert_coded(const struct world *world, int status, const char *code, const char *file,
                        int line);
#define NO_SESSION "Session not found, expired, or origin mismatch"
#define assert_text(made, wanted)                                                                  \
    do {                                                                                           \
        const struct text made_ = (made);                                                          \
        assert_int_equal(made_.len, strlen(wanted));                                               \
        assert_memory_equal(made_.at, wanted, made_.len);                                          \
    } while (0)

#endif
