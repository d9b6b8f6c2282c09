/* Faults: each route, and each step of a room's life, with a store that fails at its Nth call, for
 * every N, and with an arena of every size.
 *
 * What fails is answered with 503 and leaves the store as it was; the same request then succeeds.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const struct route_case {
    const char *method, *target, *body; /* %s: the code of an open session with candidates */
    int status;
} cases[] = {
    {"GET", "/health", NULL, 200},
    {"GET", "/", NULL, 200},
    {"GET", "/topics?limit=2", NULL, 200},
    {"GET", "/topics?startsWith=ro&offset=0", NULL, 200},
    {"GET", "/room/sessions", NULL, 200},
    {"GET", "/room/sessions?limit=1", NULL, 200},
    {"POST", "/room/offer", "{\"info\":\"dave\",\"offer\":\"o\\u0001\xC3\xA9\"}", 200},
    {"POST", "/answer", "{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"an answer\"}", 200},
    {"POST", "/answer", "{\"code\":\"%s\",\"side\":\"offerer\",\"candidate\":\"one more\"}", 200},
    {"POST", "/answer", "{\"code\":\"%s\",\"side\":\"offerer\",\"candidate\":\"c0\"}", 200},
    {"POST", "/poll", "{\"code\":\"%s\",\"side\":\"offerer\"}", 200},
    {"POST", "/poll", "{\"code\":\"%s\",\"side\":\"answerer\",\"wait\":5,\"seen\":\"9\"}", 200},
    {"DELETE", "/sessions/%s", NULL, 200},
    /* errors are whole too */
    {"GET", "/nothing", NULL, 404},
    {"PUT", "/room/offer", NULL, 405},
    {"POST", "/room/offer", "{\"offer\":[[[[[[", 400},
    {"POST", "/room/offer", "{}", 400},
    {"POST", "/poll", "{\"code\":\"x\",\"side\":\"offerer\"}", 404},
    {"OPTIONS", "/room/offer", NULL, 204},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* What a case comes to where nothing fails. */
struct outcome {
    struct world *world;
    char target[128], body[256];
    uint64_t random;
    char *before, *after; /* dumps of the store */
    int status;
    char *answer;
};

static char *copy(const char *text) {
    char *made = malloc(strlen(text) + 1);
    assert_non_null(made);
    return strcpy(made, text);
}

static void with_code(char *out, size_t size, const char *text, const char *code) {
    const char *hole = strstr(text, "%s");
    if (hole == NULL) {
        snprintf(out, size, "%s", text);
    } else {
        snprintf(out, size, "%.*s%s%s", (int)(hole - text), text, code, hole + 2);
    }
}

static int send(struct outcome *outcome, int i) {
    outcome->world->host.random = outcome->random;
    return world_send(outcome->world, cases[i].method, outcome->target,
                      cases[i].body == NULL ? NULL : outcome->body);
}

/* A store with something of everything. */
static struct world *populated(void) {
    void *state;
    world_open(&state);
    struct world *world = state;
    world->host.random = 1000;
    world_offer(world, "zoo", "zed");
    world_offer(world, "room", "bob");
    world_post(world, "/answer", "{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"taken\"}",
               world->code);
    world_offer(world, "room", "carol");
    world->host.now++;
    world_offer(world, "room", "alice");
    for (int i = 0; i < 3; i++) {
        world_post(world, "/answer", "{\"code\":\"%s\",\"side\":\"offerer\",\"candidate\":\"c%d\"}",
                   world->code, i);
        world_post(world, "/answer",
                   "{\"code\":\"%s\",\"side\":\"answerer\",\"candidate\":\"c%d\"}", world->code, i);
        assert_int_equal(world->result.status, 200);
    }
    return world;
}

static struct outcome begin(int i) {
    struct outcome outcome = {.world = populated()};
    with_code(outcome.target, sizeof outcome.target, cases[i].target, outcome.world->code);
    if (cases[i].body != NULL) {
        with_code(outcome.body, sizeof outcome.body, cases[i].body, outcome.world->code);
    }
    outcome.random = outcome.world->host.random;
    outcome.before = world_dump(outcome.world);

    struct outcome twin = outcome;
    twin.world = populated();
    outcome.status = send(&twin, i);
    assert_int_equal(outcome.status, cases[i].status);
    outcome.answer = copy(twin.world->result.body);
    outcome.after = world_dump(twin.world);
    void *state = twin.world;
    world_close(&state);
    return outcome;
}

static void end(struct outcome *outcome) {
    free(outcome->before);
    free(outcome->after);
    free(outcome->answer);
    void *state = outcome->world;
    world_close(&state);
}

static void assert_store(const struct outcome *outcome, const char *wanted) {
    char *dump = world_dump(outcome->world);
    assert_string_equal(dump, wanted);
    free(dump);
}

static void assert_refused(const struct outcome *outcome) {
    assert_error(outcome->world, 503, "The server could not do this now; trying again may help");
    assert_non_null(strstr(outcome->world->result.headers, "Cache-Control: no-store\n"));
    assert_store(outcome, outcome->before);
}

static void assert_done(const struct outcome *outcome) {
    assert_answer(outcome->world, outcome->status, outcome->answer);
    assert_store(outcome, outcome->after);
}

static void whichever_call_fails_the_store_stays_whole(void **state) {
    (void)state;
    int failures = 0;
    for (int i = 0; i < CASES; i++) {
        for (int n = 1;; n++) {
            struct outcome outcome = begin(i);
            struct faulty *store = &outcome.world->store;
            store->calls = 0;
            store->fail_at = n;
            send(&outcome, i);
            bool failed = store->calls >= n;
            store->fail_at = 0;
            if (failed) {
                assert_refused(&outcome);
                send(&outcome, i);
                failures++;
            }
            assert_done(&outcome);
            end(&outcome);
            if (!failed) {
                break;
            }
        }
    }
    assert_int_equal(failures, 16); /* twelve lists and four applies */
}

static void whatever_the_size_of_the_arena_the_answer_is_right_or_503(void **state) {
    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct outcome outcome = begin(i);
        bool done = false;
        for (size_t limit = 0; !done; limit += limit < 16384 ? 8 : 1000) {
            assert_true(limit < TEST_ARENA);
            outcome.world->host.arena.limit = limit;
            done = send(&outcome, i) != 503;
            outcome.world->host.arena.limit = TEST_ARENA;
            if (!done) {
                assert_refused(&outcome);
            }
        }
        assert_done(&outcome);
        assert_int_equal(world_get(outcome.world, "/health"), 200);
        end(&outcome);
    }
}

/* -- A room's life -------------------------------------------------------------- */

enum caller { NOBODY, HOST, GUEST };

#define CANDIDATES                                                                                 \
    "{\"candidates\":[{\"candidate\":\"c1\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0},"                \
    "{\"candidate\":\"c2\",\"sdpMid\":null}]}"

/* Every route of rooms, each step in the state that those before it have left. */
static const struct step {
    const char *method, *route; /* behind the room's path; NULL: of /rooms */
    enum caller caller;
    int status;
    const char *key, *body; /* JOIN stands for the join code */
} life[] = {
    {"POST", NULL, NOBODY, 201, NULL, "{\"hostUserName\":\"alice\"}"},
    {"GET", "/public", NOBODY, 200, NULL, NULL},
    {"POST", "/join", NOBODY, 403, NULL, "{\"joinCode\":\"000000\",\"guestUserName\":\"bob\"}"},
    {"POST", "/candidate", HOST, 204, NULL, CANDIDATES},
    {"POST", "/join", NOBODY, 200, NULL, "{\"joinCode\":\"JOIN\",\"guestUserName\":\"bob\"}"},
    {"POST", "/answer", GUEST, 409, NULL, "{\"type\":\"answer\",\"sdp\":\"" SDP("a") "\"}"},
    {"POST", "/offer", HOST, 204, NULL, "{\"type\":\"offer\",\"sdp\":\"" SDP("o") "\"}"},
    {"GET", "?wait=5", HOST, 200, NULL, NULL},
    {"POST", "/answer", GUEST, 204, NULL, "{\"type\":\"answer\",\"sdp\":\"" SDP("a") "\"}"},
    {"GET", "", HOST, 200, NULL, NULL},
    {"GET", "", GUEST, 200, NULL, NULL},
    {"POST", "/candidate", GUEST, 204, "key", "{\"candidate\":\"c1\"}"},
    {"POST", "/candidate", GUEST, 204, "key", "{\"candidate\":\"c1\"}"},
    {"GET", "/candidates", GUEST, 200, NULL, NULL},
    {"GET", "/candidates?since=0&wait=1", HOST, 200, NULL, NULL},
    {"POST", "/offer", HOST, 204, NULL,
     "{\"type\":\"offer\",\"generation\":2,\"sdp\":\"" SDP("o2") "\"}"},
    {"POST", "/offer", GUEST, 403, NULL, "{\"type\":\"offer\",\"sdp\":\"" SDP("o2") "\"}"},
    {"POST", "/answer", GUEST, 204, NULL,
     "{\"type\":\"answer\",\"generation\":2,\"sdp\":\"" SDP("a2") "\"}"},
    {"POST", "/candidate", HOST, 400, NULL, "{\"candidates\":[{}]}"},
    {"POST", "/candidate", HOST, 204, NULL, CANDIDATES},
    {"GET", "/candidates?since=0", GUEST, 200, NULL, NULL},
    {"POST", "/close", HOST, 204, NULL, ""},
    {"GET", "", HOST, 404, NULL, NULL},
};
enum { STEPS = sizeof life / sizeof life[0] };

enum { STEP_TIME = 500000 /* ms */, STEP_RANDOM = 4000 };

static int take_step(struct world *world, int i) {
    const struct step *step = &life[i];
    struct test_host *host = &world->host;
    const char *tokens[] = {NULL, world->room.host, world->room.guest};
    char target[64], body[512];
    snprintf(target, sizeof target, "%s%s", step->route == NULL ? "/rooms" : world->room.path,
             step->route == NULL ? "" : step->route);
    if (step->body != NULL) {
        const char *hole = strstr(step->body, "JOIN");
        snprintf(body, sizeof body, "%.*s%s%s", (int)(hole == NULL ? 0 : hole - step->body),
                 step->body, hole == NULL ? "" : world->room.join_code,
                 hole == NULL ? step->body : hole + strlen("JOIN"));
    }
    host->random = (uint64_t)(STEP_RANDOM * (i + 1));
    host->spent_count = 0;
    host->headers[HEADER_REGISTRY_VERSION] = "1";
    host->headers[HEADER_IDEMPOTENCY_KEY] = step->key;
    host->headers[HEADER_ACCESS_TOKEN] = tokens[step->caller];
    return world_send(world, step->method, target, step->body == NULL ? NULL : body);
}

static void keep_given(struct world *world, const char *name, char *kept, size_t size) {
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(world->json, name);
    if (given != NULL) {
        snprintf(kept, size, "%s", given->valuestring);
    }
}

static void step_done(struct world *world, int i) {
    struct world_room *room = &world->room;
    assert_int_equal(world->result.status, life[i].status);
    keep_given(world, "code", room->code, sizeof room->code);
    keep_given(world, "joinCode", room->join_code, sizeof room->join_code);
    keep_given(world, "ownerToken", room->host, sizeof room->host);
    keep_given(world, "guestToken", room->guest, sizeof room->guest);
    snprintf(room->path, sizeof room->path, "/rooms/%s", room->code);
}

/* A world in which the steps before that one were taken. */
static struct outcome live_until(int i, bool eventual) {
    void *state;
    world_open(&state);
    struct outcome outcome = {.world = state};
    if (eventual) {
        faulty_be_eventual(&outcome.world->store);
    }
    for (int before = 0; before < i; before++) {
        take_step(outcome.world, before);
        step_done(outcome.world, before);
    }
    outcome.world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    outcome.before = world_dump(outcome.world);
    return outcome;
}

/* What the step comes to where nothing fails. */
static struct outcome begin_step(int i, bool eventual) {
    struct outcome outcome = live_until(i, eventual), twin = live_until(i, eventual);
    outcome.status = take_step(twin.world, i);
    step_done(twin.world, i);
    outcome.answer = copy(twin.world->result.body);
    outcome.after = world_dump(twin.world);
    end(&twin);
    return outcome;
}

static void assert_step_refused(const struct outcome *outcome) {
    assert_coded(outcome->world, 503, "retry");
    assert_store(outcome, outcome->before);
}

static void whichever_call_fails_in_a_rooms_life_the_room_stays_whole(void **state) {
    (void)state;
    int failures = 0;
    for (int i = 0; i < 2 * STEPS; i++) {
        for (int n = 1;; n++) {
            struct outcome outcome = begin_step(i / 2, i % 2);
            struct faulty *store = &outcome.world->store;
            store->calls = 0;
            store->fail_at = n;
            take_step(outcome.world, i / 2);
            bool failed = store->calls >= n;
            store->fail_at = 0;
            if (failed) {
                assert_step_refused(&outcome);
                take_step(outcome.world, i / 2);
                failures++;
            }
            assert_done(&outcome);
            end(&outcome);
            if (!failed) {
                break;
            }
        }
    }
    /* Twice a list for each step but one that is refused before, and eleven applies; where the
     * store is eventual the host's first look at the answer is one too. */
    assert_int_equal(failures, 2 * (STEPS - 1 + 11) + 1);
}

static void whatever_the_size_of_the_arena_a_step_of_a_room_is_right_or_503(void **state) {
    (void)state;
    for (int i = 0; i < STEPS; i++) {
        struct outcome outcome = begin_step(i, false);
        bool done = false;
        for (size_t limit = 0; !done; limit += limit < 8192 ? 8 : 200) {
            assert_true(limit < TEST_ARENA);
            outcome.world->host.arena.limit = limit;
            done = take_step(outcome.world, i) != 503;
            outcome.world->host.arena.limit = TEST_ARENA;
            if (!done) {
                assert_step_refused(&outcome);
            }
        }
        assert_done(&outcome);
        end(&outcome);
    }
}

static void what_is_put_again_is_put_with_the_change_or_not_at_all(void **state) {
    (void)state;
    for (int n = 1; n <= 2; n++) { /* the list and the apply */
        struct outcome outcome = live_until(12, false);
        struct world *world = outcome.world;
        world->host.now += STEP_TIME;
        assert_int_equal(world_candidate(world, world->room.host, "late"), 204);
        world->host.now += STEP_TIME;
        free(outcome.before);
        outcome.before = world_dump(world);
        world->store.calls = 0;
        world->store.fail_at = n;
        world_candidate(world, world->room.host, "later");
        assert_step_refused(&outcome);
        world->store.fail_at = 0;
        assert_int_equal(world_candidate(world, world->room.host, "later"), 204);
        world->host.now += STEP_TIME;
        world_sweep(world);
        assert_int_equal(world_room_get(world, world->room.guest, ""), 200);
        assert_string_equal(world_text(world, "status"), "paired");
        end(&outcome);
    }
}

/* -- Beside that ---------------------------------------------------------------- */

static void a_request_that_ran_out_of_memory_costs_only_itself(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    for (size_t limit = 0; limit < 16384; limit += 128) {
        world->host.arena.limit = limit;
        world_get(world, "/room/sessions");
        world->host.arena.limit = TEST_ARENA;
        assert_int_equal(world_get(world, "/room/sessions"), 200);
        assert_int_equal(cJSON_GetArraySize(world_list(world, "sessions")), 1);
    }
}

static void a_store_that_refuses_an_offer_gives_no_code_away(void **state) {
    struct world *world = as_world(state);
    world->store.fail_at = 2;
    world_post(world, "/room/offer", "{\"offer\":\"o\"}");
    assert_int_equal(world->result.status, 503);
    assert_null(strstr(world->result.body, "code"));
    assert_int_equal(memory_count(world->memory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whichever_call_fails_the_store_stays_whole),
        cmocka_unit_test(whatever_the_size_of_the_arena_the_answer_is_right_or_503),
        cmocka_unit_test(whichever_call_fails_in_a_rooms_life_the_room_stays_whole),
        cmocka_unit_test(whatever_the_size_of_the_arena_a_step_of_a_room_is_right_or_503),
        cmocka_unit_test(what_is_put_again_is_put_with_the_change_or_not_at_all),
        world_test(a_request_that_ran_out_of_memory_costs_only_itself),
        world_test(a_store_that_refuses_an_offer_gives_no_code_away),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
