/* Faults: each route with a store that fails at its Nth call, for every N, and with an arena of
 * every size.
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
        world_test(a_request_that_ran_out_of_memory_costs_only_itself),
        world_test(a_store_that_refuses_an_offer_gives_no_code_away),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
