/* Rooms over whole requests: made, looked up, joined, closed, and how long they live. */
#include "room_code.h"
#include "room_facts.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

static int create(struct world *world, const char *body) {
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world->host.spent_count = 0; /* budgets are told apart from what else is wrong */
    return world_send(world, "POST", "/rooms", body);
}

static int look_up(struct world *world) {
    world->host.spent_count = 0;
    return world_room_get(world, NULL, "/public");
}

static int join_with(struct world *world, const char *code) {
    world->host.spent_count = 0;
    return world_room_post(world, NULL, "/join", "{\"joinCode\":\"%s\",\"guestUserName\":\"bob\"}",
                           code);
}

static int join(struct world *world) {
    return join_with(world, world->room.join_code);
}

static const char *wrong_code(const struct world *world) {
    static char code[7];
    memcpy(code, world->room.join_code, sizeof code);
    code[0] = (char)(code[0] == '9' ? '0' : code[0] + 1);
    return code;
}

static int close_room(struct world *world) {
    return world_room_post(world, world->room.host, "/close", "%s", "");
}

static int snapshot(struct world *world) {
    world->host.spent_count = 0;
    return world_room_get(world, world->room.host, "");
}

/* -- Making -------------------------------------------------------------------- */

static void a_room_is_made_with_codes_and_a_token(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    assert_int_equal(cJSON_GetArraySize(world->json), 4);
    assert_int_equal(strspn(world->room.code, "2345679ACDEFGHJKMNPQRSTUVWXYZ"), 8);
    assert_int_equal(strspn(world->room.join_code, "0123456789"), 6);
    assert_int_equal(strspn(world->room.host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                              "0123456789-_"),
                     43);
    assert_int_equal(world_number(world, "expiresAt"), NOW + 180000);
}

static void two_rooms_share_nothing(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct world_room first = world->room;
    world_room(world);
    assert_string_not_equal(first.code, world->room.code);
    assert_string_not_equal(first.host, world->room.host);
    assert_int_equal(world_room_get(world, first.host, ""), 403);
    assert_int_equal(world_room_get(world, world->room.host, ""), 200);
}

static void user_names_have_their_limits(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *name; /* JSON */
        bool valid;
    } rows[] = {
        {"\"a\"", true},
        {"\"Az_09-\"", true},
        {"\"-\"", true},
        {"\"_\"", true},
        {"\"0\"", true},
        {"\"abcdefghijklmnopqrstuvwxyzABCDEF\"", true},
        {"\"abcdefghijklmnopqrstuvwxyzABCDEFG\"", false},
        {"\"\"", false},
        {"\" \"", false},
        {"\"a b\"", false},
        {"\"a\\n\"", false},
        {"\"a.b\"", false},
        {"\"@\"", false},
        {"\"[\"", false},
        {"\"`\"", false},
        {"\"{\"", false},
        {"\"/\"", false},
        {"\":\"", false},
        {"\"\xC3\xA9\"", false},
        {"\"\\u0041\"", true},
        {"null", false},
        {"1", false},
        {"[\"a\"]", false},
        {"true", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"hostUserName\":%s}", rows[i].name);
        size_t before = memory_count(world->memory);
        if (create(world, body) != (rows[i].valid ? 201 : 400)) {
            fail_msg("%s: %s", body, world->result.body);
        }
        if (!rows[i].valid) {
            assert_coded(world, 400, "bad_username");
            assert_int_equal(memory_count(world->memory), before);
        }
    }
    world_room(world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world->host.spent_count = 0;
        world_room_post(world, NULL, "/join", "{\"joinCode\":\"%s\",\"guestUserName\":%s}",
                        wrong_code(world), rows[i].name);
        if (!rows[i].valid) {
            assert_coded(world, 400, "bad_username");
        } else {
            assert_int_not_equal(world->result.status, 400);
        }
    }
}

static void what_is_no_json_makes_no_room(void **state) {
    struct world *world = as_world(state);
    static const char *const bad[] = {"",
                                      "[]",
                                      "1",
                                      "{",
                                      "{\"hostUserName\":\"a\"}x",
                                      "{\"hostUserName\":\"a\",\"x\":\"\\u0000\"}",
                                      "{\"hostUserName\":\"a\",\"x\":\"\xFF\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        create(world, bad[i]);
        assert_coded(world, 400, "bad_json");
    }
    create(world, "{}");
    assert_coded(world, 400, "bad_username");
    assert_int_equal(memory_count(world->memory), 0);
    assert_int_equal(create(world, "{\"x\":[1],\"hostUserName\":\"a\"}"), 201);
}

/* -- A free code --------------------------------------------------------------- */

/* The i-th code that the next request tries; the random number is not used up. */
static struct text tried(struct world *world, int i) {
    uint64_t random = world->host.random;
    struct request *request = world_request(world);
    world->host.random = random;
    struct text code;
    for (int j = 0; j <= i; j++) {
        assert_true(room_code_make(request, &code));
    }
    return code;
}

static void take(struct world *world, int i) {
    struct text code = tried(world, i);
    struct request *request = &world->host.request;
    room_create(request, code, TEXT("somebody"), TEXT("token"), TEXT("000000"));
    assert_true(storage_apply(world->memory, request->edits));
}

/* The code that a room made now with these random bytes would get, or "" where that is 503. */
static const char *would_make(struct world *world, uint64_t random) {
    world->host.random = random;
    world->host.keep_edits = true;
    int status = create(world, "{\"hostUserName\":\"a\"}");
    world->host.keep_edits = false;
    world->host.random = random;
    assert_true(status == 201 || status == 503);
    return status == 201 ? world_text(world, "code") : "";
}

static void five_codes_are_tried_and_then_it_is_503(void **state) {
    struct world *world = as_world(state);
    static const int rounds[] = {0, 1, 3, 4}; /* the third number is the second again */
    world->host.random = 1234567;
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        char code[ROOM_CODE_LEN + 1];
        snprintf(code, sizeof code, "%s", tried(world, rounds[i]).at);
        assert_string_equal(would_make(world, 1234567), code);
        take(world, rounds[i]);
        world->host.random = 1234567;
    }
    char *before = world_dump(world);
    create(world, "{\"hostUserName\":\"a\"}");
    assert_coded(world, 503, "retry");
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_string_not_equal(would_make(world, 7654321), "");
}

static void a_number_that_is_not_fair_is_passed_over(void **state) {
    struct world *world = as_world(state);
    assert_string_equal(would_make(world, UINT64_MAX), "22222222");
}

static void a_closed_rooms_code_is_free_again_after_15_seconds(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(world_candidate(world, world->room.guest, "c"), 204);
    world->host.now += 1000;
    assert_int_equal(close_room(world), 204);
    world->host.now += 14999;
    assert_string_not_equal(would_make(world, 0), world->room.code);
    world->host.now++;
    assert_string_equal(would_make(world, 0), world->room.code);
    world_sweep(world);
    assert_int_equal(memory_count(world->memory), 0);
}

static void an_expired_rooms_code_is_free_again_once_nothing_of_it_is_left(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(snapshot(world), 200);
    world->host.now = world_number(world, "expiresAt");
    assert_int_equal(snapshot(world), 404);
    assert_string_not_equal(would_make(world, 0), world->room.code);
    world->host.now = NOW + 3600000;
    assert_string_equal(would_make(world, 0), world->room.code);
    world_sweep(world);
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_new_room_under_an_old_code_knows_nothing_of_the_old_one(void **state) {
    struct world *world = as_world(state);
    world->host.random = 0;
    world_pair(world);
    struct world_room old = world->room;
    assert_int_equal(close_room(world), 204);
    world->host.now += 15000;
    world->host.random = 0;
    world->host.settings[RATE_LIMITS] = "off";
    world_room(world);
    assert_string_equal(world->room.code, old.code);
    assert_int_equal(world_room_get(world, old.guest, ""), 403);
    assert_int_equal(look_up(world), 200);
    assert_int_equal(snapshot(world), 200);
    assert_non_null(
        strstr(world->result.body, "{\"status\":\"open\",\"offer\":null,\"answer\":null"));
}

/* -- Looking up ---------------------------------------------------------------- */

static void an_open_room_shows_its_host_to_anyone(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    look_up(world);
    assert_answer(world, 200,
                  "{\"status\":\"open\",\"expiresAt\":1700000180000,\"hostUserName\":\"alice\"}");
    world->host.now += 1000;
    assert_int_equal(world_describe(world, "offer", "o", 0), 204);
    look_up(world);
    assert_answer(world, 200,
                  "{\"status\":\"open\",\"expiresAt\":1700000181000,\"hostUserName\":\"alice\"}");
}

static void a_room_is_found_however_its_code_was_written_down(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    const char *c = world->room.code;
    snprintf(world->room.path, sizeof world->room.path, "/rooms/%.4s-%%20%.4s-", c, c + 4);
    for (char *p = world->room.path + strlen("/rooms/"); *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
    }
    assert_int_equal(look_up(world), 200);
    assert_int_equal(snapshot(world), 200);
    assert_int_equal(join(world), 200);
}

static void what_is_no_open_room_is_one_and_the_same_404(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct world_room room = world->room;
    static const char *const paths[] = {"/rooms/23456792",
                                        "/rooms/234567",
                                        "/rooms/23456",
                                        "/rooms/234567923",
                                        "/rooms/2345%2F792",
                                        "/rooms/...",
                                        "/rooms/%C3%A9%C3%A9%C3%A9%C3%A9",
                                        "/rooms/"};
    char body[256] = "";
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        snprintf(world->room.path, sizeof world->room.path, "%s", paths[i]);
        look_up(world);
        assert_coded(world, 404, "not_found");
        assert_true(i == 0 || strcmp(body, world->result.body) == 0);
        snprintf(body, sizeof body, "%s", world->result.body);
    }
    world->room = room;
    world_join(world);
    look_up(world);
    assert_answer(world, 404, body);
    assert_int_equal(close_room(world), 204);
    look_up(world);
    assert_answer(world, 404, body);
}

/* -- Joining ------------------------------------------------------------------- */

static void a_guest_is_given_a_token(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world->host.now += 5000;
    world_join(world);
    assert_int_equal(cJSON_GetArraySize(world->json), 2);
    assert_int_equal(world_number(world, "expiresAt"), NOW + 5000 + 300000);
    assert_string_not_equal(world->room.guest, world->room.host);
    assert_int_equal(world_room_get(world, world->room.guest, ""), 200);
}

static void a_join_code_works_once(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    join(world);
    assert_coded(world, 409, "not_open");
    join_with(world, wrong_code(world));
    assert_coded(world, 409, "not_open"); /* nobody can try codes on it any more */
    world_pair(world);
    join(world);
    assert_coded(world, 409, "not_open");
}

static void of_two_guests_at_one_moment_one_is_let_in(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    int joined = 0;
    for (int guest = 0; guest < 2; guest++) { /* the clock stands still */
        joined += join(world) == 200;
    }
    assert_int_equal(joined, 1);
    assert_coded(world, 409, "not_open");
    assert_int_equal(memory_count(world->memory), 2); /* created, joined */
}

static void a_join_code_is_a_text_of_six_digits(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    static const char *const codes[] = {"null",        "123456",     "\"\"",       "\"12345\"",
                                        "\"1234567\"", "\"12345x\"", "\" 12345\"", "[\"123456\"]"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        world->host.spent_count = 0;
        world_room_post(world, NULL, "/join", "{\"joinCode\":%s,\"guestUserName\":\"bob\"}",
                        codes[i]);
        assert_coded(world, 400, "bad_join_code");
    }
    world_room_post(world, NULL, "/join", "{\"guestUserName\":\"bob\"}");
    assert_coded(world, 400, "bad_join_code");
    world_room_post(world, NULL, "/join", "nothing");
    assert_coded(world, 400, "bad_json");
    assert_int_equal(memory_count(world->memory), 1);
    assert_int_equal(join(world), 200);
}

static void a_wrong_join_code_is_403_and_another_rooms_is_wrong(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct world_room other = world->room;
    world_room(world);
    assert_string_not_equal(world->room.join_code, other.join_code);
    join_with(world, other.join_code);
    assert_coded(world, 403, "bad_join_code");
    assert_int_equal(join(world), 200);
}

/* -- The lock ------------------------------------------------------------------ */

static void guess(struct world *world, int count, int64_t apart) {
    for (int i = 0; i < count; i++) {
        join_with(world, wrong_code(world));
        assert_coded(world, 403, "bad_join_code");
        world->host.now += apart;
    }
}

static void assert_locked_for(struct world *world, int seconds) {
    join(world);
    assert_coded(world, 429, "rate_limited");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(world->json, "error");
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(error, "retryAfterSec")->valueint, seconds);
    join_with(world, wrong_code(world));
    assert_coded(world, 429, "rate_limited");
}

static void ten_wrong_codes_in_a_minute_lock_the_room_until_the_minute_is_over(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world->host.now += 1;
    guess(world, 9, 1000);
    guess(world, 1, 0);
    assert_locked_for(world, 51);
    world->host.now = NOW + 1 + 59999;
    assert_locked_for(world, 1);
    world->host.now = NOW + 1 + 60000;
    assert_int_equal(join(world), 200);
}

static void nine_wrong_codes_do_not_lock_a_room(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    guess(world, 9, 0);
    assert_int_equal(join(world), 200);
}

static void the_lock_goes_with_the_oldest_of_ten(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world->host.now += 1;
    guess(world, 10, 5000);
    world->host.now = NOW + 1 + 60000;
    guess(world, 1, 0); /* the first is over, and another makes ten again */
    assert_locked_for(world, 5);
    world->host.now += 4999;
    assert_locked_for(world, 1);
    world->host.now += 1;
    assert_int_equal(join(world), 200);
}

static void ten_wrong_codes_in_one_millisecond_lock_for_a_minute(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    guess(world, 10, 0);
    assert_locked_for(world, 60);
    world->host.now += 59999;
    assert_locked_for(world, 1);
    world->host.now += 1;
    assert_int_equal(join(world), 200);
}

static void what_the_lock_turns_away_does_not_make_it_longer(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    guess(world, 10, 0);
    for (int i = 0; i < 20; i++) {
        world->host.now += 2000;
        assert_locked_for(world, 60 - 2 * (i + 1));
    }
    world->host.now = NOW + 60000;
    assert_int_equal(join(world), 200);
}

static void what_else_happens_in_a_room_does_not_move_the_lock(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world->host.now += 1;
    for (int i = 0; i < 10; i++) {
        guess(world, 1, 1000);
        assert_int_equal(world_candidate(world, world->room.host, "c"), 204);
    }
    assert_locked_for(world, 50);
    world->host.now = NOW + 1 + 59999;
    assert_locked_for(world, 1);
    world->host.now++;
    assert_int_equal(join(world), 200);
}

static void a_lock_is_of_one_room(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct world_room locked = world->room;
    guess(world, 10, 0);
    world_room(world);
    assert_int_equal(join(world), 200);
    world->room = locked;
    assert_locked_for(world, 60);
    assert_int_equal(look_up(world), 200); /* only joining is */
    assert_int_equal(snapshot(world), 200);
    assert_int_equal(world_describe(world, "offer", "o", 0), 204);
}

static void without_rate_limits_nothing_locks_a_room(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_room(world);
    size_t count = memory_count(world->memory);
    guess(world, 40, 0);
    assert_int_equal(memory_count(world->memory), count); /* nor fills its log */
    assert_int_equal(join(world), 200);
}

/* -- Closing ------------------------------------------------------------------- */

static void a_closed_room_is_404_for_everyone(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(close_room(world), 204);
    assert_string_equal(world->result.body, "");
    static const char *const routes[] = {"/offer", "/answer", "/candidate", "/close"};
    const char *tokens[] = {world->room.host, world->room.guest};
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof routes / sizeof routes[0]; j++) {
            const char *type = strcmp(routes[j], "/answer") == 0 ? "answer" : "offer";
            world_room_post(world, tokens[i], routes[j],
                            "{\"candidate\":\"c\",\"type\":\"%s\",\"sdp\":\"" SDP("x") "\"}", type);
            assert_coded(world, 404, "not_found");
        }
        world_room_get(world, tokens[i], "");
        assert_coded(world, 404, "not_found");
        world_room_get(world, tokens[i], "/candidates");
        assert_coded(world, 404, "not_found");
    }
    look_up(world);
    assert_coded(world, 404, "not_found");
    join(world);
    assert_coded(world, 404, "not_found");
}

static void closing_on_an_atomic_store_leaves_nothing_but_the_mark(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    guess(world, 3, 0);
    world_join(world);
    world_describe(world, "offer", "o1", 0);
    world_candidate(world, world->room.host, "c");
    assert_int_equal(memory_count(world->memory), 7);
    assert_int_equal(close_room(world), 204);
    assert_int_equal(memory_count(world->memory), 1);
    char *dump = world_dump(world), wanted[32];
    snprintf(wanted, sizeof wanted, "-closed=@%lld\n", (long long)world->host.now + 15000);
    assert_non_null(strstr(dump, wanted));
    free(dump);
}

static void only_the_host_closes_a_room(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world_room_post(world, world->room.guest, "/close", "%s", "");
    assert_coded(world, 403, "forbidden");
    world_room_post(world, NULL, "/close", "%s", "");
    assert_coded(world, 403, "forbidden");
    assert_int_equal(snapshot(world), 200);
}

static void closing_ignores_its_body_but_not_its_limit(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_room_post(world, world->room.host, "/close", "%s", world_repeat(world, "x", 65537));
    assert_coded(world, 413, "body_too_large");
    world_room_post(world, world->room.host, "/close", "%s", world_repeat(world, "x", 65536));
    assert_int_equal(world->result.status, 204);
}

/* -- How long a room lives ----------------------------------------------------- */

/* 200 until then, to the millisecond; the clock is set back. */
static void assert_lives_until(struct world *world, int64_t end) {
    int64_t now = world->host.now;
    assert_int_equal(snapshot(world), 200);
    assert_int_equal(world_number(world, "expiresAt"), end);
    world->host.now = end - 1;
    assert_int_equal(snapshot(world), 200);
    assert_int_equal(world_number(world, "expiresAt"), end);
    world->host.now = end;
    snapshot(world);
    assert_coded(world, 404, "not_found");
    look_up(world);
    assert_coded(world, 404, "not_found");
    join(world);
    assert_coded(world, 404, "not_found");
    world_candidate(world, world->room.host, "late");
    assert_coded(world, 404, "not_found");
    world_describe(world, "offer", "late", 0);
    assert_coded(world, 404, "not_found");
    close_room(world);
    assert_coded(world, 404, "not_found");
    world->host.now = now;
}

static void each_status_has_its_time(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    assert_lives_until(world, NOW + 180000);
    world->host.now += 179999; /* at the last moment each */
    world_join(world);
    assert_lives_until(world, world->host.now + 300000);
    world->host.now += 299999;
    assert_int_equal(world_describe(world, "offer", "o", 0), 204);
    assert_lives_until(world, world->host.now + 300000);
    world->host.now += 299999;
    assert_int_equal(world_describe(world, "answer", "a", 0), 204);
    assert_lives_until(world, world->host.now + 600000);
}

static void the_times_are_settings(void **state) {
    struct world *world = as_world(state);
    world->host.settings[ROOM_TTL_OPEN] = "2";
    world->host.settings[ROOM_TTL_JOINED] = "1";
    world->host.settings[ROOM_TTL_PAIRED] = "4";
    world->host.settings[ROOM_TTL_CLOSED] = "3";
    world_room(world);
    assert_int_equal(world_number(world, "expiresAt"), NOW + 2000);
    assert_lives_until(world, NOW + 2000);
    world->host.now += 1;
    world_join(world);
    assert_int_equal(world_number(world, "expiresAt"), NOW + 1001);
    assert_lives_until(world, NOW + 1001);
    world_describe(world, "offer", "o", 0);
    world->host.now += 2;
    world_describe(world, "answer", "a", 0);
    assert_lives_until(world, NOW + 4003);
    assert_int_equal(close_room(world), 204);
    world->host.now += 2999;
    assert_string_not_equal(would_make(world, 0), world->room.code);
    world->host.now++;
    assert_string_equal(would_make(world, 0), world->room.code);
}

static void every_valid_mutation_renews_the_time_of_its_status(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    int64_t *now = &world->host.now;
    *now += 1000;
    assert_int_equal(world_describe(world, "offer", "o", 0), 204);
    assert_lives_until(world, *now + 180000);
    *now += 1000;
    assert_int_equal(world_candidate(world, world->room.host, "c1"), 204);
    assert_lives_until(world, *now + 180000);
    *now += 1000;
    world_join(world);
    *now += 1000;
    assert_int_equal(world_candidate(world, world->room.host, "c2"), 204);
    assert_lives_until(world, *now + 300000);
    *now += 1000;
    assert_int_equal(world_candidate(world, world->room.guest, "c2"), 204);
    assert_lives_until(world, *now + 300000);
    *now += 1000;
    assert_int_equal(world_candidate(world, world->room.guest, "c2"), 204); /* without a key */
    assert_lives_until(world, *now + 300000);
    *now += 1000;
    assert_int_equal(world_describe(world, "answer", "a", 0), 204);
    *now += 1000;
    assert_int_equal(world_candidate(world, world->room.guest, "c3"), 204);
    assert_lives_until(world, *now + 600000);
    *now += 1000;
    assert_int_equal(world_describe(world, "offer", "o", 2), 204);
    assert_lives_until(world, *now + 600000); /* still paired */
    *now += 1000;
    assert_int_equal(world_describe(world, "answer", "a", 2), 204);
    assert_lives_until(world, *now + 600000);
}

static void nothing_else_renews_a_room(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "key";
    world_candidate(world, world->room.host, "c");
    char *before = world_dump(world);
    world->host.now += 70000;
    assert_int_equal(world_candidate(world, world->room.host, "c"), 204); /* with its key */
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    assert_int_equal(look_up(world), 200);
    assert_int_equal(snapshot(world), 200);
    assert_int_equal(world_room_get(world, world->room.host, "/candidates"), 200);
    assert_int_equal(world_candidate(world, world->room.host, ""), 400);
    assert_int_equal(world_candidate(world, world->room.join_code, "x"), 403);
    assert_int_equal(world_describe(world, "offer", "o", 2), 409);
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    guess(world, 1, 0);
    assert_lives_until(world, NOW + 1 + 180000);
}

static void a_room_lives_as_long_as_something_changes_in_it(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "the first key";
    assert_int_equal(world_candidate(world, world->room.guest, "c"), 204);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    size_t most = 0;
    for (int i = 0; i < 100; i++) { /* 13 hours and more */
        world->host.now += i % 3 == 0 ? 599999 : 500000 - i * 777;
        world_sweep(world);
        char candidate[16];
        snprintf(candidate, sizeof candidate, "c%d", i);
        const char *token = i % 2 == 0 ? world->room.host : world->room.guest;
        if (i % 10 == 9) {
            assert_int_equal(world_describe(world, "offer", "again", i / 10 + 2), 204);
        } else if (i % 10 == 0 && i > 0) {
            assert_int_equal(world_describe(world, "answer", "again", i / 10 + 1), 204);
        } else {
            assert_int_equal(world_candidate(world, token, candidate), 204);
        }
        size_t count = memory_count(world->memory);
        if (i < 10) {
            most = count > most ? count : most;
        }
        assert_true(count <= most + 2);
        assert_int_equal(world_room_get(world, world->room.guest, ""), 200);
        assert_string_equal(world_text(world, "status"), "paired");
        assert_int_equal(world_number(world, "expiresAt"), world->host.now + 600000);
        assert_int_equal(world_number(world, "generation"), (i + 1) / 10 + 1);
        assert_non_null(strstr(world->result.body, "\"offer\":{"));
        assert_int_equal(strstr(world->result.body, "\"answer\":null") != NULL, i % 10 == 9);
    }
    char *before = world_dump(world);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "the first key";
    assert_int_equal(world_candidate(world, world->room.guest, "c"), 204);
    char *after = world_dump(world);
    assert_string_equal(before, after); /* the key is still known */
    free(before);
    free(after);
    assert_int_equal(join(world), 409);
    world->host.now += 600000;
    assert_int_equal(snapshot(world), 404);
}

/* -- At rest ------------------------------------------------------------------- */

static void the_store_never_holds_a_secret(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    guess(world, 1, 0);
    world_join(world);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "a key for once";
    world_describe(world, "offer", "o", 0);
    world_candidate(world, world->room.host, "c");
    world_candidate(world, world->room.guest, "c");
    world_describe(world, "answer", "a", 0);
    assert_int_equal(snapshot(world), 200);
    char *dump = world_dump(world);
    assert_non_null(strstr(dump, "alice"));
    assert_null(strstr(dump, world->room.host));
    assert_null(strstr(dump, world->room.guest));
    assert_null(strstr(dump, world->room.join_code));
    assert_null(strstr(dump, wrong_code(world)));
    assert_null(strstr(dump, "a key for once"));
    assert_null(strstr(dump, world->host.address));
    free(dump);
}

static void what_is_kept_of_a_secret_differs_from_room_to_room(void **state) {
    struct request *request = world_request(as_world(state));
    room_create(request, TEXT("AAAAAAAA"), TEXT("a"), TEXT("token"), TEXT("123456"));
    room_create(request, TEXT("CCCCCCCC"), TEXT("a"), TEXT("token"), TEXT("123456"));
    struct text first = request->edits->value, second = request->edits->next->value;
    assert_int_equal(first.len, 1 + 1 + 64 + 1 + 64);
    assert_memory_not_equal(first.at + 2, second.at + 2, 64);
    assert_memory_not_equal(first.at + 67, second.at + 67, 64);
    assert_memory_not_equal(first.at + 2, first.at + 67, 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_room_is_made_with_codes_and_a_token),
        world_test(two_rooms_share_nothing),
        world_test(user_names_have_their_limits),
        world_test(what_is_no_json_makes_no_room),
        world_test(five_codes_are_tried_and_then_it_is_503),
        world_test(a_number_that_is_not_fair_is_passed_over),
        world_test(a_closed_rooms_code_is_free_again_after_15_seconds),
        world_test(an_expired_rooms_code_is_free_again_once_nothing_of_it_is_left),
        world_test(a_new_room_under_an_old_code_knows_nothing_of_the_old_one),
        world_test(an_open_room_shows_its_host_to_anyone),
        world_test(a_room_is_found_however_its_code_was_written_down),
        world_test(what_is_no_open_room_is_one_and_the_same_404),
        world_test(a_guest_is_given_a_token),
        world_test(a_join_code_works_once),
        world_test(of_two_guests_at_one_moment_one_is_let_in),
        world_test(a_join_code_is_a_text_of_six_digits),
        world_test(a_wrong_join_code_is_403_and_another_rooms_is_wrong),
        world_test(ten_wrong_codes_in_a_minute_lock_the_room_until_the_minute_is_over),
        world_test(nine_wrong_codes_do_not_lock_a_room),
        world_test(the_lock_goes_with_the_oldest_of_ten),
        world_test(ten_wrong_codes_in_one_millisecond_lock_for_a_minute),
        world_test(what_the_lock_turns_away_does_not_make_it_longer),
        world_test(what_else_happens_in_a_room_does_not_move_the_lock),
        world_test(a_lock_is_of_one_room),
        world_test(without_rate_limits_nothing_locks_a_room),
        world_test(a_closed_room_is_404_for_everyone),
        world_test(closing_on_an_atomic_store_leaves_nothing_but_the_mark),
        world_test(only_the_host_closes_a_room),
        world_test(closing_ignores_its_body_but_not_its_limit),
        world_test(each_status_has_its_time),
        world_test(the_times_are_settings),
        world_test(every_valid_mutation_renews_the_time_of_its_status),
        world_test(nothing_else_renews_a_room),
        world_test(a_room_lives_as_long_as_something_changes_in_it),
        world_test(the_store_never_holds_a_secret),
        world_test(what_is_kept_of_a_secret_differs_from_room_to_room),
    };
    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
