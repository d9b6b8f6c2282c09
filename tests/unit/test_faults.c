/* Faults: each route, and each step of a room's life and of a service's, with a store that fails at
 * its Nth call, for every N, and with an arena of every size.
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
    assert_int_equal(failures, 22); /* eighteen lists and counts, and four applies */
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

/* -- A service's life, and its offers' ------------------------------------------ */

enum actor { NO_PEER, ALICE, BOB };

/* What stands for something in a target or a body: %O the first offer, %N the next one, %U the
 * service, %P alice's id, %K her key, %S a signed message for what is behind it up to a bar. */
static const struct act {
    const char *method, *target;
    enum actor actor;
    int status;
    const char *body;
} acts[] = {
    {"POST", "/register", NO_PEER, 200, ""},
    {"POST", "/offers", ALICE, 201,
     "{\"offers\":[{\"sdp\":\"o1\",\"topics\":[\"t\",\"u\"],\"secret\":\"s\"},{\"sdp\":\"o2\","
     "\"topics\":[\"t\",\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\","
     "\"m\",\"n\",\"o\",\"p\",\"q\"],\"ttl\":70000},{\"sdp\":\"o3\",\"info\":\"i\"}]}"},
    {"POST", "/offers", ALICE, 400, "{\"offers\":[{\"sdp\":\"o\"},{}]}"},
    {"GET", "/offers/by-topic/t?limit=1", NO_PEER, 200, NULL},
    {"GET", "/offers/by-topic/t?bloom=_w", NO_PEER, 200, NULL},
    {"GET", "/peers/%P/offers", NO_PEER, 200, NULL},
    {"GET", "/offers/mine?limit=2", ALICE, 200, NULL},
    {"POST", "/offers/%O/answer", BOB, 400, "{\"sdp\":\"a\"}"},
    {"POST", "/offers/%O/answer", BOB, 200, "{\"sdp\":\"a\",\"secret\":\"s\"}"},
    {"POST", "/offers/%O/answer", BOB, 400, "{\"sdp\":\"a\",\"secret\":\"s\"}"},
    {"POST", "/offers/%N/answer", BOB, 200, "{\"sdp\":\"a\"}"},
    {"POST", "/offers/%O/ice-candidates", BOB, 200, "{\"candidates\":[1,{\"a\":[]}]}"},
    {"POST", "/offers/%O/ice-candidates", ALICE, 200, "{\"candidates\":[\"c\"]}"},
    {"GET", "/offers/%O/ice-candidates?wait=5", ALICE, 200, NULL},
    {"GET", "/offers/answers?wait=5", ALICE, 200, NULL},
    {"GET", "/offers/mine", ALICE, 200, NULL},
    {"POST", "/usernames/claim", NO_PEER, 200,
     "{\"username\":\"alice\",\"publicKey\":\"%K\",%Sclaim:alice|}"},
    {"POST", "/usernames/claim", NO_PEER, 200,
     "{\"username\":\"alice\",\"publicKey\":\"%K\",%Sclaim:alice|}"},
    {"GET", "/usernames/alice", NO_PEER, 200, NULL},
    {"POST", "/services", ALICE, 201,
     "{\"username\":\"alice\",\"serviceFqn\":\"chat@1.0.0\",\"offers\":[{\"sdp\":\"a\"},"
     "{\"sdp\":\"b\"}],\"isPublic\":true,\"metadata\":{\"a\":1},"
     "%Spublish:alice:chat@1.0.0|}"},
    {"GET", "/services/%U", NO_PEER, 200, NULL},
    {"POST", "/offers", ALICE, 201,
     "{\"offers\":[{\"sdp\":\"c\",\"serviceId\":\"%U\"},"
     "{\"sdp\":\"d\",\"serviceId\":\"%U\",\"topics\":[\"t\"]}]}"},
    {"GET", "/services/%U", NO_PEER, 200, NULL},
    {"GET", "/usernames/alice/services", NO_PEER, 200, NULL},
    {"POST", "/index/alice/query", NO_PEER, 200, "{\"serviceFqn\":\"chat@^1.0.0\"}"},
    {"POST", "/services", ALICE, 201,
     "{\"username\":\"alice\",\"serviceFqn\":\"chat@1.0.0\",\"sdp\":\"e\","
     "%Spublish:alice:chat@1.0.0|}"},
    {"DELETE", "/offers/%O", ALICE, 200, NULL},
    {"DELETE", "/services/%U", ALICE, 200, "{\"username\":\"alice\"}"},
    {"POST", "/services", ALICE, 201,
     "{\"username\":\"alice\",\"serviceFqn\":\"chat@1.0.0\",\"sdp\":\"f\","
     "%Spublish:alice:chat@1.0.0|}"},
    {"DELETE", "/services/%U", NO_PEER, 200,
     "{\"username\":\"alice\",%Sunpublish:alice:chat@1.0.0|}"},
    {"GET", "/services/%U", NO_PEER, 404, NULL},
};
enum { ACTS = sizeof acts / sizeof acts[0] };

/* A world, and who acts in it. */
struct play {
    struct outcome outcome;
    struct world_peer peers[3];
    char offer[OFFER_ID_SIZE], next[OFFER_ID_SIZE], uuid[40];
};

static const char *sign_act(const struct play *play, int i, const char *what, size_t len) {
    static char members[512];
    char message[128], signature[WORLD_SIGNATURE_SIZE];
    snprintf(message, sizeof message, "%.*s:%lld", (int)len, what,
             (long long)play->outcome.world->host.now + i);
    world_sign(ALICE, message, signature);
    snprintf(members, sizeof members, "\"message\":\"%s\",\"signature\":\"%s\"", message,
             signature);
    return members;
}

static void fill(const struct play *play, int i, const char *text, char *out) {
    char key[WORLD_KEY_SIZE];
    world_key(ALICE, key);
    for (; *text != '\0'; text++) {
        if (*text != '%') {
            *out++ = *text;
            continue;
        }
        const char *what = ++text + 1, *value = key;
        switch (*text) {
        case 'O':
            value = play->offer;
            break;
        case 'N':
            value = play->next;
            break;
        case 'U':
            value = play->uuid;
            break;
        case 'P':
            value = play->peers[ALICE].id;
            break;
        case 'S':
            text = strchr(what, '|');
            value = sign_act(play, i, what, (size_t)(text - what));
            break;
        default:
            assert_int_equal(*text, 'K');
        }
        strcpy(out, value);
        out += strlen(value);
    }
    *out = '\0';
}

static int act(struct play *play, int i) {
    struct test_host *host = &play->outcome.world->host;
    char target[256], body[1024];
    fill(play, i, acts[i].target, target);
    fill(play, i, acts[i].body == NULL ? "" : acts[i].body, body);
    host->random = (uint64_t)(i + 1) << 40;
    host->headers[HEADER_AUTHORIZATION] =
        acts[i].actor == NO_PEER ? NULL : play->peers[acts[i].actor].bearer;
    return world_send(play->outcome.world, acts[i].method, target,
                      acts[i].body == NULL ? NULL : body);
}

static void act_done(struct play *play, int i) {
    struct world *world = play->outcome.world;
    assert_int_equal(world->result.status, acts[i].status);
    keep_given(world, "uuid", play->uuid, sizeof play->uuid);
    if (i == 1) {
        snprintf(play->offer, sizeof play->offer, "%s", world_text_in(world, "offers", 0, "id"));
        snprintf(play->next, sizeof play->next, "%s", world_text_in(world, "offers", 1, "id"));
    }
}

/* A world in which the acts before that one are over. */
static struct play play_until(int i, bool eventual) {
    struct play play = {.offer = "", .next = "", .uuid = ""};
    void *state;
    (eventual ? world_open_eventual : world_open)(&state);
    play.outcome.world = state;
    world_register(play.outcome.world, &play.peers[ALICE]);
    world_register(play.outcome.world, &play.peers[BOB]);
    for (int before = 0; before < i; before++) {
        act(&play, before);
        act_done(&play, before);
    }
    play.outcome.before = world_dump(play.outcome.world);
    return play;
}

static struct play begin_act(int i, bool eventual) {
    struct play play = play_until(i, eventual), twin = play_until(i, eventual);
    play.outcome.status = act(&twin, i);
    act_done(&twin, i);
    play.outcome.answer = copy(twin.outcome.world->result.body);
    play.outcome.after = world_dump(twin.outcome.world);
    end(&twin.outcome);
    return play;
}

static void whichever_call_fails_in_a_services_life_the_store_stays_whole(void **state) {
    (void)state;
    int failures = 0;
    for (int i = 0; i < 2 * ACTS; i++) {
        for (int n = 1;; n++) {
            struct play play = begin_act(i / 2, i % 2);
            struct faulty *store = &play.outcome.world->store;
            store->calls = 0;
            store->fail_at = n;
            act(&play, i / 2);
            bool failed = store->calls >= n;
            store->fail_at = 0;
            if (failed) {
                assert_refused(&play.outcome);
                act(&play, i / 2);
                failures++;
            }
            assert_done(&play.outcome);
            end(&play.outcome);
            if (!failed) {
                break;
            }
        }
    }
    assert_true(failures > 2 * ACTS); /* a look and an apply each, and more */
}

static void whatever_the_size_of_the_arena_an_act_of_a_service_is_right_or_503(void **state) {
    (void)state;
    for (int i = 0; i < 2 * ACTS; i++) {
        struct play play = begin_act(i / 2, i % 2);
        bool done = false;
        for (size_t limit = 0; !done; limit += limit < 4096 ? 32 : 512) {
            assert_true(limit < TEST_ARENA);
            play.outcome.world->host.arena.limit = limit;
            done = act(&play, i / 2) != 503;
            play.outcome.world->host.arena.limit = TEST_ARENA;
            if (!done) {
                assert_refused(&play.outcome);
            }
        }
        assert_done(&play.outcome);
        end(&play.outcome);
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
        cmocka_unit_test(whichever_call_fails_in_a_services_life_the_store_stays_whole),
        cmocka_unit_test(whatever_the_size_of_the_arena_an_act_of_a_service_is_right_or_503),
        cmocka_unit_test(what_is_put_again_is_put_with_the_change_or_not_at_all),
        world_test(a_request_that_ran_out_of_memory_costs_only_itself),
        world_test(a_store_that_refuses_an_offer_gives_no_code_away),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
