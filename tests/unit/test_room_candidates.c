/* Candidates in rooms over whole requests: leaving them, and reading the other side's. */
#include "room_facts.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

static int post(struct world *world, const char *token, const char *body) {
    return world_room_post(world, token, "/candidate", "%s", body);
}

static int read(struct world *world, const char *token, const char *query) {
    char route[128];
    snprintf(route, sizeof route, "/candidates%s", query);
    world->host.spent_count = 0;
    return world_room_get(world, token, route);
}

/* The guest reads what the host left. */
static int64_t read_since(struct world *world, int64_t since) {
    char query[64];
    snprintf(query, sizeof query, "?since=%lld", (long long)since);
    assert_int_equal(read(world, world->room.guest, query), 200);
    return world_number(world, "lastSeq");
}

static int64_t read_all(struct world *world) {
    assert_int_equal(read(world, world->room.guest, ""), 200);
    assert_string_equal(world_text(world, "mode"), "full");
    return world_number(world, "lastSeq");
}

static int count(const struct world *world) {
    return cJSON_GetArraySize(world_list(world, "items"));
}

static const char *item(const struct world *world, int i) {
    const cJSON *found = cJSON_GetArrayItem(world_list(world, "items"), i);
    return cJSON_GetObjectItemCaseSensitive(found, "candidate")->valuestring;
}

/* Leaves `to - from` candidates by name, one by one. */
static void leave(struct world *world, const char *token, int from, int to) {
    for (int i = from; i < to; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(world_candidate(world, token, name), 204);
    }
}

/* A body with that many candidates, each with `text` and its number. */
static const char *batch(struct world *world, int from, int to, const char *text) {
    size_t size = (size_t)(to - from) * (strlen(text) + 32) + 32;
    char *body = (char *)(uintptr_t)world_repeat(world, " ", size);
    int len = snprintf(body, size, "{\"candidates\":[");
    for (int i = from; i < to; i++) {
        len += snprintf(body + len, size - (size_t)len, "%s{\"candidate\":\"%s%d\"}",
                        i == from ? "" : ",", text, i);
    }
    snprintf(body + len, size - (size_t)len, "]}");
    return body;
}

static void assert_unchanged_by(struct world *world, const char *token, const char *body,
                                int status, const char *code) {
    char *before = world_dump(world);
    post(world, token, body);
    if (code == NULL) {
        assert_int_equal(world->result.status, status);
    } else {
        assert_coded(world, status, code);
    }
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* -- Leaving and reading ------------------------------------------------------- */

static void each_side_reads_the_other_sides_oldest_first(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    read(world, world->room.host, "");
    assert_answer(world, 200, "{\"items\":[],\"mode\":\"full\",\"lastSeq\":0}");
    leave(world, world->room.host, 0, 3);
    world->host.now += 5;
    assert_int_equal(post(world, world->room.guest,
                          "{\"candidates\":[{\"candidate\":\"g1\"},"
                          "{\"candidate\":\"g0\"}]}"),
                     204);
    assert_string_equal(world->result.body, "");
    leave(world, world->room.host, 3, 5);
    read_all(world);
    assert_int_equal(count(world), 5);
    for (int i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_string_equal(item(world, i), name);
    }
    read(world, world->room.host, "");
    assert_int_equal(count(world), 2);
    assert_string_equal(item(world, 0), "g1");
    assert_string_equal(item(world, 1), "g0");
}

static void candidates_may_come_before_anybody_joined(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    leave(world, world->room.host, 0, 2);
    read(world, world->room.host, "");
    assert_int_equal(count(world), 0);
    world_join(world);
    read_all(world);
    assert_int_equal(count(world), 2);
}

static void a_candidate_comes_back_as_it_was_left(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    static const struct {
        const char *sent, *shown; /* NULL: the same */
    } rows[] = {
        {"{\"candidate\":\"c1\"}", NULL},
        {"{\"candidate\":\"c2\",\"sdpMid\":null}", NULL},
        {"{\"candidate\":\"c3\",\"sdpMLineIndex\":null}", NULL},
        {"{\"candidate\":\"c4\",\"sdpMid\":null,\"sdpMLineIndex\":null}", NULL},
        {"{\"candidate\":\"c5\",\"sdpMid\":\"\"}", NULL},
        {"{\"candidate\":\"c6\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}", NULL},
        {"{\"candidate\":\"c7\",\"sdpMLineIndex\":65535}", NULL},
        {"{\"candidate\":\" \"}", NULL},
        {"{\"candidate\":\"\\\"\\\\\\n\xC3\xA9\xF0\x9F\x98\x80\"}", NULL},
        {"{ \"sdpMLineIndex\" : 1e1, \"x\": [1], \"sdpMid\" : \"\\u0061\", \"candidate\" : \"c9\" "
         "}",
         "{\"candidate\":\"c9\",\"sdpMid\":\"a\",\"sdpMLineIndex\":10}"},
        {"{\"candidate\":\"c10\",\"candidates\":null}", "{\"candidate\":\"c10\"}"},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    char wanted[2048] = "{\"items\":[";
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(post(world, world->room.host, rows[i].sent), 204);
        strcat(strcat(wanted, i == 0 ? "" : ","),
               rows[i].shown == NULL ? rows[i].sent : rows[i].shown);
    }
    strcat(wanted, "],\"mode\":\"full\",");
    read_all(world);
    assert_memory_equal(world->result.body, wanted, strlen(wanted));
}

static void many_come_in_one_request_or_one_by_one(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    size_t before = memory_count(world->memory);
    assert_int_equal(post(world, world->room.host, batch(world, 0, 40, "many ")), 204);
    assert_int_equal(memory_count(world->memory), before + 1); /* one key */
    read_all(world);
    assert_int_equal(count(world), 40);
    assert_string_equal(item(world, 39), "many 39");
}

/* -- What a candidate is ------------------------------------------------------- */

static void what_is_no_candidate_is_refused_and_nothing_stored(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    static const struct {
        const char *body, *code;
    } rows[] = {
        {"", "bad_json"},
        {"[]", "bad_json"},
        {"[{\"candidate\":\"c\"}]", "bad_json"},
        {"{\"candidate\":\"\\u0000\"}", "bad_json"},
        {"{}", "bad_candidate"},
        {"{\"candidate\":null}", "bad_candidate"},
        {"{\"candidate\":\"\"}", "bad_candidate"},
        {"{\"candidate\":1}", "bad_candidate"},
        {"{\"candidate\":{\"candidate\":\"c\"}}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMid\":0}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMid\":[]}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMLineIndex\":\"0\"}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMLineIndex\":-1}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMLineIndex\":0.5}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMLineIndex\":65536}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMLineIndex\":65535.5}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMLineIndex\":1e300}", "bad_candidate"},
        {"{\"candidate\":\"c\",\"sdpMLineIndex\":true}", "bad_candidate"},
        {"{\"candidates\":[]}", "bad_candidate"},
        {"{\"candidates\":[],\"candidate\":\"c\"}", "bad_candidate"},
        {"{\"candidates\":{}}", "bad_candidate"},
        {"{\"candidates\":{\"a\":{\"candidate\":\"c\"}}}", "bad_candidate"},
        {"{\"candidates\":\"c\"}", "bad_candidate"},
        {"{\"candidates\":1}", "bad_candidate"},
        {"{\"candidates\":null}", "bad_candidate"},
        {"{\"candidates\":[null]}", "bad_candidate"},
        {"{\"candidates\":[\"c\"]}", "bad_candidate"},
        {"{\"candidates\":[[{\"candidate\":\"c\"}]]}", "bad_candidate"},
        {"{\"candidates\":[{\"candidate\":\"c\"},{}]}", "bad_candidate"},
        {"{\"candidates\":[{\"candidate\":\"c\"},{\"candidate\":\"\"}]}", "bad_candidate"},
        {"{\"candidates\":[{\"candidate\":\"c\"},{\"candidate\":\"d\",\"sdpMid\":1}]}",
         "bad_candidate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_unchanged_by(world, world->room.host, rows[i].body, 400, rows[i].code);
    }
}

static void a_candidate_of_1024_bytes_is_taken_and_one_more_is_413(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    static const struct {
        const char *unit;
        size_t count;
    } rows[] = {{"x", 1024}, {"\xC3\xA9", 512}, {"\\u0001", 1024}, {"\\ud83d\\ude00", 256}};
    static const char *const formats[] = {"{\"candidate\":\"%s%s\"}",
                                          "{\"candidate\":\"m\",\"sdpMid\":\"%s%s\"}",
                                          ("{\"candidates\":[{\"candidate\":\"1\"},"
                                           "{\"candidate\":\"%s%s\",\"sdpMid\":\"1\"}]}")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = world_repeat(world, rows[i].unit, rows[i].count);
        for (int j = 0; j < 3; j++) {
            char body[8192];
            const char *hole = strstr(formats[j], "%s%s");
            int at = (int)(hole - formats[j]);
            snprintf(body, sizeof body, "%.*s%sx%s", at, formats[j], text, hole + 4);
            assert_unchanged_by(world, world->room.host, body, 413, "bad_candidate");
            snprintf(body, sizeof body, "%.*s%s%s", at, formats[j], text, hole + 4);
            assert_int_equal(post(world, world->room.host, body), 204);
        }
    }
}

/* -- The same candidate -------------------------------------------------------- */

static void two_are_the_same_where_candidate_mid_and_index_are(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *one, *other; /* what stands behind the candidate "c" */
        bool same;
    } rows[] = {
        {"", "", true},
        {"", ",\"sdpMid\":null", true},
        {"", ",\"sdpMid\":\"\"", true},
        {"", ",\"sdpMLineIndex\":null", true},
        {",\"sdpMid\":\"\"", ",\"sdpMid\":null,\"sdpMLineIndex\":null", true},
        {"", ",\"usernameFragment\":\"x\"", true},
        {",\"sdpMid\":\"0\"", ",\"sdpMid\":\"0\"", true},
        {",\"sdpMLineIndex\":7", ",\"sdpMLineIndex\":7.0", true},
        {"", ",\"sdpMLineIndex\":0", false},
        {",\"sdpMLineIndex\":0", ",\"sdpMLineIndex\":1", false},
        {",\"sdpMLineIndex\":65535", ",\"sdpMLineIndex\":null", false},
        {"", ",\"sdpMid\":\"0\"", false},
        {",\"sdpMid\":\"0\"", ",\"sdpMid\":\"1\"", false},
        {",\"sdpMid\":\"0\"", ",\"sdpMLineIndex\":0", false},
        {",\"sdpMid\":\"a\"", ",\"sdpMid\":\"A\"", false},
        {",\"sdpMid\":\"0\",\"sdpMLineIndex\":0", ",\"sdpMid\":\"0\",\"sdpMLineIndex\":1", false},
        {",\"sdpMid\":\"0\",\"sdpMLineIndex\":0", ",\"sdpMid\":\"1\",\"sdpMLineIndex\":0", false},
    };
    world->host.settings[RATE_LIMITS] = "off";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int together = 0; together < 2; together++) {
            world_room(world);
            world_join(world);
            char body[256];
            snprintf(body, sizeof body,
                     together ? "{\"candidates\":[{\"candidate\":\"c\"%s},{\"candidate\":\"c\"%s}]}"
                              : "{\"candidate\":\"c\"%s}",
                     rows[i].one, rows[i].other);
            assert_int_equal(post(world, world->room.host, body), 204);
            snprintf(body, sizeof body, "{\"candidate\":\"c\"%s}", rows[i].other);
            assert_int_equal(post(world, world->room.host, body), 204);
            read_all(world);
            if (count(world) != (rows[i].same ? 1 : 2)) {
                fail_msg("%s and %s: %s", rows[i].one, rows[i].other, world->result.body);
            }
        }
    }
}

static void a_candidate_and_its_mid_are_two_things(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(post(world, world->room.host,
                          "{\"candidates\":[{\"candidate\":\"ab\",\"sdpMid\":\"c\"},"
                          "{\"candidate\":\"a\",\"sdpMid\":\"bc\"},{\"candidate\":\"abc\"}]}"),
                     204);
    read_all(world);
    assert_int_equal(count(world), 3);
}

static void the_first_of_those_that_are_the_same_is_shown(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    post(world, world->room.host, "{\"candidate\":\"c\",\"sdpMid\":null}");
    post(world, world->room.host, "{\"candidate\":\"c\",\"sdpMLineIndex\":null}");
    read_all(world);
    assert_non_null(strstr(world->result.body, "[{\"candidate\":\"c\",\"sdpMid\":null}]"));
}

static void two_sides_may_leave_the_same(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    leave(world, world->room.host, 0, 1);
    leave(world, world->room.guest, 0, 1);
    read_all(world);
    assert_int_equal(count(world), 1);
    read(world, world->room.host, "");
    assert_int_equal(count(world), 1);
}

/* -- Forty --------------------------------------------------------------------- */

static void forty_a_side_are_taken_and_one_more_is_409(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    leave(world, world->room.host, 0, 40);
    assert_unchanged_by(world, world->room.host, "{\"candidate\":\"c40\"}", 409,
                        "too_many_candidates");
    assert_int_equal(world_candidate(world, world->room.host, "c39"), 204); /* it is there */
    leave(world, world->room.guest, 0, 40); /* the other side has its own */
    read_all(world);
    assert_int_equal(count(world), 40);
}

static void of_many_all_are_taken_or_none(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_unchanged_by(world, world->room.host, batch(world, 0, 41, "c"), 409,
                        "too_many_candidates");
    leave(world, world->room.host, 0, 30);
    assert_unchanged_by(world, world->room.host, batch(world, 30, 41, "c"), 409,
                        "too_many_candidates");
    assert_int_equal(post(world, world->room.host, batch(world, 20, 40, "c")), 204);
    read_all(world);
    assert_int_equal(count(world), 40);
    assert_int_equal(post(world, world->room.host, batch(world, 0, 40, "c")), 204);
    read_all(world);
    assert_int_equal(count(world), 40);
}

static void as_many_as_a_body_holds_are_judged_like_any_others(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    const char *all = batch(world, 0, 3000, "");
    assert_in_range(strlen(all), 60000, 65536);
    assert_unchanged_by(world, world->room.host, all, 409, "too_many_candidates");
    assert_unchanged_by(world, "another", all, 403, "forbidden");
    const char *same = world_repeat(world, ",{\"candidate\":\"1\"}", 3500);
    assert_int_equal(
        world_room_post(world, world->room.host, "/candidate", "{\"candidates\":[%s]}", same + 1),
        204);
    read_all(world);
    assert_int_equal(count(world), 1);
    assert_int_equal(world_room_post(world, world->room.host, "/candidate",
                                     "{\"candidates\":[{\"candidate\":\"0\"}%s]}", same),
                     204);
    read_all(world);
    assert_int_equal(count(world), 2);
    world_room_post(world, world->room.host, "/candidate", "{\"candidates\":[{}%s]}", same);
    assert_coded(world, 400, "bad_candidate");
    world_room_post(world, world->room.host, "/candidate", "{\"candidates\":[%s,{}]}", same + 1);
    assert_coded(world, 400, "bad_candidate");
}

static void forty_of_the_largest_fit(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    const char *large = world_repeat(world, "x", 1021);
    const char *bodies[] = {batch(world, 100, 140, large), batch(world, 140, 180, large)};
    for (int i = 0; i < 2; i++) {
        const char *token = i == 0 ? world->room.host : world->room.guest;
        assert_int_equal(post(world, token, bodies[i]), 204);
        assert_int_equal(post(world, token, bodies[i]), 204);
    }
    read_all(world);
    assert_int_equal(count(world), 40);
}

/* -- Generations --------------------------------------------------------------- */

static void an_ice_restart_makes_room_for_forty_more(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    leave(world, world->room.host, 0, 40);
    leave(world, world->room.guest, 0, 40);
    world_describe(world, "offer", "o2", 2);
    leave(world, world->room.host, 0, 40); /* the same again are others */
    leave(world, world->room.guest, 20, 60);
    world_candidate(world, world->room.host, "c40");
    assert_coded(world, 409, "too_many_candidates");
    world_describe(world, "answer", "a2", 2);
    world_candidate(world, world->room.guest, "c60");
    assert_coded(world, 409, "too_many_candidates");
    read_all(world);
    assert_int_equal(count(world), 80); /* those of earlier generations are still listed */
    assert_string_equal(item(world, 0), "c0");
    assert_string_equal(item(world, 40), "c0");
    read(world, world->room.host, "");
    assert_int_equal(count(world), 80);
}

static void candidates_before_the_first_offer_are_of_its_generation(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    leave(world, world->room.host, 0, 40);
    world_join(world);
    world_describe(world, "offer", "o", 0);
    world_candidate(world, world->room.host, "c40");
    assert_coded(world, 409, "too_many_candidates");
    world_describe(world, "answer", "a", 0);
    world_candidate(world, world->room.host, "c40");
    assert_coded(world, 409, "too_many_candidates");
}

static void what_raced_past_the_cap_is_not_shown(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    leave(world, world->room.host, 0, 30);
    struct room room = room_read(world_request(world), text_of(world->room.code));
    room_put_candidates(&world->host.request, &room, ROLE_HOST, TEXT(""),
                        TEXT("000000000000000a {\"candidate\":\"r1\"}\n"
                             "000000000000000b {\"candidate\":\"r2\"}\n"));
    struct request raced = world->host.request; /* seen only after ten more */
    struct edit edit = *raced.edits;
    char key[128], value[128];
    snprintf(key, sizeof key, "%.*s", (int)edit.key.len, edit.key.at);
    snprintf(value, sizeof value, "%.*s", (int)edit.value.len, edit.value.at);
    leave(world, world->room.host, 30, 40);
    edit = (struct edit){text_of(key), text_of(value), edit.expires_at, NULL};
    assert_true(storage_apply(world->memory, &edit));
    read_all(world);
    assert_int_equal(count(world), 40);
}

/* Leaves lines as a place does that sees nothing of what the others do. */
static void race(struct world *world, int64_t generation, struct text lines) {
    struct room room = room_read(world_request(world), text_of(world->room.code));
    room.generation = generation;
    room_put_candidates(&world->host.request, &room, ROLE_HOST, TEXT(""), lines);
    assert_true(storage_apply(world->memory, world->host.request.edits));
}

static void what_was_left_twice_in_a_race_is_shown_once(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    for (int i = 0; i < 2; i++) {
        race(world, 1,
             TEXT("000000000000000a {\"candidate\":\"a\"}\n"
                  "000000000000000b {\"candidate\":\"b\"}\n"));
    }
    read_all(world);
    assert_int_equal(count(world), 2);
    race(world, 2, TEXT("000000000000000a {\"candidate\":\"a\"}\n"));
    read_all(world);
    assert_int_equal(count(world), 3);
}

/* -- Idempotency-Key ----------------------------------------------------------- */

static int post_with_key(struct world *world, const char *token, const char *key,
                         const char *text) {
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = key;
    int status = world_candidate(world, token, text);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    return status;
}

static void a_key_changes_something_once(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(post_with_key(world, world->room.host, "k", "first"), 204);
    char *before = world_dump(world);
    assert_int_equal(post_with_key(world, world->room.host, "k", "first"), 204);
    assert_int_equal(post_with_key(world, world->room.host, "k", "another"), 204);
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    read_all(world);
    assert_int_equal(count(world), 1);
    assert_int_equal(post_with_key(world, world->room.host, "K", "second"), 204);
    assert_int_equal(post_with_key(world, world->room.host, "", "third"), 204); /* no key */
    assert_int_equal(post_with_key(world, world->room.host, "", "fourth"), 204);
    read_all(world);
    assert_int_equal(count(world), 4);
}

static void a_key_is_of_one_side_and_one_room(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(post_with_key(world, world->room.host, "k", "h"), 204);
    assert_int_equal(post_with_key(world, world->room.guest, "k", "g"), 204);
    read(world, world->room.host, "");
    assert_int_equal(count(world), 1);
    world_pair(world);
    assert_int_equal(post_with_key(world, world->room.host, "k", "h"), 204);
    read_all(world);
    assert_int_equal(count(world), 1);
    char *dump = world_dump(world); /* nor does the store tell that it was the same */
    char *digests[2] = {strstr(dump, "=host\n1\n"), NULL};
    digests[1] = strstr(digests[0] + 1, "=host\n1\n");
    assert_non_null(digests[1]);
    assert_memory_not_equal(digests[0] + 8, digests[1] + 8, 64);
    free(dump);
}

static void a_key_is_known_after_a_restart_and_where_all_was_there_already(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    leave(world, world->room.host, 0, 1);
    assert_int_equal(post_with_key(world, world->room.host, "k", "c0"), 204);
    assert_int_equal(post_with_key(world, world->room.host, "k", "new"), 204);
    world_describe(world, "offer", "o2", 2);
    assert_int_equal(post_with_key(world, world->room.host, "k", "newer"), 204);
    read_all(world);
    assert_int_equal(count(world), 1);
}

static void a_key_that_was_refused_is_not_used_up(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(post_with_key(world, world->room.host, "k", ""), 400);
    leave(world, world->room.host, 0, 40);
    assert_int_equal(post_with_key(world, world->room.host, "k", "c40"), 409);
    world_describe(world, "offer", "o2", 2);
    assert_int_equal(post_with_key(world, world->room.host, "k", "c40"), 204);
    read_all(world);
    assert_int_equal(count(world), 41);
}

static void a_long_key_is_a_key(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    const char *key = world_repeat(world, "k\xC3\xA9 ", 2000);
    assert_int_equal(post_with_key(world, world->room.host, key, "c"), 204);
    assert_int_equal(post_with_key(world, world->room.host, key, "d"), 204);
    read_all(world);
    assert_int_equal(count(world), 1);
}

/* -- since --------------------------------------------------------------------- */

static void a_reader_goes_on_where_it_was(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(read_since(world, 0), 0);
    assert_answer(world, 200, "{\"items\":[],\"mode\":\"delta\",\"lastSeq\":0}");
    int64_t last = 0;
    for (int i = 0; i < 40; i++) {
        leave(world, world->room.host, i, i + 1);
        int64_t next = read_since(world, last);
        assert_string_equal(world_text(world, "mode"), "delta");
        assert_int_equal(count(world), 1);
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_string_equal(item(world, 0), name);
        assert_true(next > last && next < INT64_C(1) << 53);
        assert_true((int64_t)(double)next == next);
        assert_int_equal(read_since(world, next), next); /* nothing came */
        assert_string_equal(world_text(world, "mode"), "delta");
        assert_int_equal(count(world), 0);
        assert_int_equal(read_since(world, 0), next);
        assert_int_equal(count(world), i + 1);
        assert_int_equal(read_all(world), next);
        last = next;
    }
}

static void what_the_server_does_not_know_is_answered_with_all(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    leave(world, world->room.host, 0, 3);
    int64_t last = read_all(world);
    const int64_t unknown[] = {1,
                               2,
                               3,
                               last - 1,
                               last + 1,
                               last * 2,
                               1 << 30,
                               (INT64_C(1) << 53) - 1,
                               (INT64_C(1) << 40) * 3,
                               INT64_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(read_since(world, unknown[i]), last);
        assert_string_equal(world_text(world, "mode"), "full");
        assert_int_equal(count(world), 3);
    }
    read(world, world->room.guest, "?since=99999999999999999999999");
    assert_string_equal(world_text(world, "mode"), "full");
    read(world, world->room.guest, "?since=");
    assert_string_equal(world_text(world, "mode"), "full");
    read(world, world->room.host, "?since=0");
    assert_answer(world, 200, "{\"items\":[],\"mode\":\"delta\",\"lastSeq\":0}");
}

static void a_candidate_that_arrives_in_the_midst_is_not_passed_over(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    leave(world, world->room.host, 0, 1);
    world->host.now += 1000;
    leave(world, world->room.host, 2, 3);
    int64_t last = read_all(world);
    world->host.now -= 500; /* from a place that is late; its clock is right */
    struct room room = room_read(world_request(world), text_of(world->room.code));
    room.latest = 0;
    room_put_candidates(&world->host.request, &room, ROLE_HOST, TEXT(""),
                        TEXT("0000000000000001 {\"candidate\":\"c1\"}\n"));
    assert_true(storage_apply(world->memory, world->host.request.edits));
    world->host.now += 500;
    int64_t next = read_since(world, last);
    assert_true(next > last);
    assert_string_equal(world_text(world, "mode"), "full");
    assert_int_equal(count(world), 3);
    assert_string_equal(item(world, 1), "c1");
}

static void the_same_candidate_of_another_generation_is_news(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    leave(world, world->room.host, 0, 1);
    int64_t last = read_all(world);
    world_describe(world, "offer", "o2", 2);
    world->host.now += 200000;
    leave(world, world->room.host, 0, 1);
    world->host.now += 101000; /* the first is over */
    assert_true(read_since(world, last) != last);
    assert_string_equal(world_text(world, "mode"), "full");
    assert_int_equal(count(world), 1);
}

static void however_many_there_are_their_number_fits_into_a_double(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    for (int generation = 1; generation <= 210; generation++) {
        char lines[40 * 40 + 1];
        int len = 0;
        for (unsigned i = 0; i < 40; i++) {
            len += snprintf(lines + len, sizeof lines - (size_t)len,
                            "%016x {\"candidate\":\"c\"}\n", i);
        }
        race(world, generation, (struct text){lines, (size_t)len});
    }
    int seen = 0;
    int64_t last = read_all(world);
    while (count(world) > 0) {
        seen += count(world);
        assert_true(last < INT64_C(1) << 53);
        int64_t next = read_since(world, last);
        assert_true(next >= last);
        last = next;
    }
    assert_int_equal(seen, 8191); /* of 8400 in five minutes */
}

/* -- ICE_TTL ------------------------------------------------------------------- */

static void a_candidate_is_shown_for_300_seconds(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world->host.now += 1000;
    leave(world, world->room.host, 0, 1);
    world->host.now += 1000;
    leave(world, world->room.host, 1, 2);
    int64_t last = read_all(world);
    world->host.now = NOW + 1000 + 299999;
    assert_int_equal(read_all(world), last);
    assert_int_equal(count(world), 2);
    world->host.now++;
    int64_t next = read_since(world, last); /* what it knows is not there any more */
    assert_string_equal(world_text(world, "mode"), "full");
    assert_int_equal(count(world), 1);
    assert_string_equal(item(world, 0), "c1");
    world->host.now += 1000;
    assert_int_equal(read_since(world, next), 0);
    assert_int_equal(count(world), 0);
    world->host.settings[ICE_TTL] = "400";
    read_all(world);
    assert_int_equal(count(world), 2);
    world->host.settings[ICE_TTL] = "1";
    leave(world, world->room.host, 2, 3);
    world->host.now += 999;
    read_all(world);
    assert_int_equal(count(world), 1);
    world->host.now++;
    read_all(world);
    assert_int_equal(count(world), 0);
}

static void a_candidate_that_is_over_may_be_left_again(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world->host.now += 1000;
    leave(world, world->room.host, 0, 40);
    assert_int_equal(world_candidate(world, world->room.host, "c40"), 409);
    world->host.now += 299000;
    leave(world, world->room.host, 0, 40); /* they are there yet */
    read_all(world);
    assert_int_equal(count(world), 40);
    world->host.now += 2000;
    read_all(world);
    assert_int_equal(count(world), 0);
    leave(world, world->room.host, 0, 40);
    read_all(world);
    assert_int_equal(count(world), 40);
    assert_int_equal(world_candidate(world, world->room.host, "c40"), 409);
}

/* -- ETag and wait ------------------------------------------------------------- */

static void the_tag_of_the_list_changes_with_it(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    char known[64];
    for (int i = 0; i < 3; i++) {
        read_all(world);
        const char *found = strstr(world->result.headers, "ETag: W/\"");
        assert_non_null(found);
        snprintf(known, sizeof known, "%.*s", (int)strcspn(found + 6, "\n"), found + 6);
        world->host.headers[HEADER_IF_NONE_MATCH] = known;
        assert_int_equal(read(world, world->room.guest, ""), 304);
        assert_string_equal(world->result.body, "");
        assert_non_null(strstr(world->result.headers, known));
        leave(world, world->room.guest, i, i + 1); /* its own are not in the list */
        world_describe(world, "offer", "o", 2);
        assert_int_equal(read(world, world->room.guest, ""), 304);
        assert_int_equal(read(world, world->room.guest, "?wait=3"), 304);
        assert_int_equal(world->result.wait, 3);
        leave(world, world->room.host, i, i + 1);
        assert_int_equal(read(world, world->room.guest, "?wait=3"), 200);
        assert_int_equal(world->result.wait, 0);
        world->host.headers[HEADER_IF_NONE_MATCH] = NULL;
    }
}

static void a_reader_waits_while_nothing_came_that_it_has_not_seen(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    char query[64];
    int64_t last = 0;
    for (int i = 0; i < 3; i++) {
        snprintf(query, sizeof query, "?wait=30&since=%lld", (long long)last);
        assert_int_equal(read(world, world->room.guest, query), 200);
        assert_int_equal(world->result.wait, 25);
        assert_int_equal(world_number(world, "lastSeq"), last);
        assert_int_equal(read(world, world->room.guest, "?wait=9"), 200);
        assert_int_equal(world->result.wait, i == 0 ? 9 : 0);
        assert_int_equal(read(world, world->room.guest, "?wait=9&since=5"), 200); /* unknown */
        assert_int_equal(world->result.wait, i == 0 ? 9 : 0);
        leave(world, world->room.guest, i, i + 1);
        read(world, world->room.guest, query);
        assert_int_equal(world->result.wait, 25);
        leave(world, world->room.host, i, i + 1);
        assert_int_equal(read(world, world->room.guest, query), 200);
        assert_int_equal(world->result.wait, 0);
        last = world_number(world, "lastSeq");
        assert_int_equal(read(world, world->room.guest, ""), 200);
        assert_int_equal(world->result.wait, 0);
    }
}

/* -- Space --------------------------------------------------------------------- */

/* Fills a room with the largest candidates that a body can hold, in one generation after another.
 * Returns how many were taken of the host. */
static int fill(struct world *world) {
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    const char *large = world_repeat(world, "x", 1000);
    int left = 0;
    for (int generation = 2; generation < 100; generation++) {
        const char *body = batch(world, 100, 140, large);
        int status = post(world, world->room.host, body);
        free(world->scratch[--world->scratch_count]);
        if (status == 429) {
            assert_coded(world, 429, "rate_limited");
            return left;
        }
        assert_int_equal(status, 204);
        left += 40;
        if (world_describe(world, "offer", "o", generation) != 204 ||
            world_describe(world, "answer", "a", generation) != 204) {
            return left;
        }
    }
    fail_msg("the room is never full");
    return 0;
}

static void a_room_holds_a_megabyte_and_a_half_and_no_more(void **state) {
    struct world *world = as_world(state);
    fill(world);
    char *dump = world_dump(world);
    assert_in_range(strlen(dump), ROOM_BYTES - 65536 - 1024, ROOM_BYTES + 4096);
    free(dump);
    assert_int_equal(world_room_get(world, world->room.host, ""), 200);
    assert_int_equal(world_room_post(world, world->room.host, "/close", "%s", ""), 204);
    assert_int_equal(memory_count(world->memory), 1);
}

static void a_list_ends_before_a_megabyte_and_is_read_on_with_since(void **state) {
    struct world *world = as_world(state);
    int left = fill(world);
    assert_true(left > 1040);
    int seen = 0;
    int64_t last = read_all(world);
    while (count(world) > 0) {
        assert_true(strlen(world->result.body) < 1024 * 1024 + 4096);
        seen += count(world);
        last = read_since(world, last);
        assert_string_equal(world_text(world, "mode"), "delta");
    }
    assert_int_equal(seen, left);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(each_side_reads_the_other_sides_oldest_first),
        world_test(candidates_may_come_before_anybody_joined),
        world_test(a_candidate_comes_back_as_it_was_left),
        world_test(many_come_in_one_request_or_one_by_one),
        world_test(what_is_no_candidate_is_refused_and_nothing_stored),
        world_test(a_candidate_of_1024_bytes_is_taken_and_one_more_is_413),
        world_test(two_are_the_same_where_candidate_mid_and_index_are),
        world_test(a_candidate_and_its_mid_are_two_things),
        world_test(the_first_of_those_that_are_the_same_is_shown),
        world_test(two_sides_may_leave_the_same),
        world_test(forty_a_side_are_taken_and_one_more_is_409),
        world_test(of_many_all_are_taken_or_none),
        world_test(as_many_as_a_body_holds_are_judged_like_any_others),
        world_test(forty_of_the_largest_fit),
        world_test(an_ice_restart_makes_room_for_forty_more),
        world_test(candidates_before_the_first_offer_are_of_its_generation),
        world_test(what_raced_past_the_cap_is_not_shown),
        world_test(what_was_left_twice_in_a_race_is_shown_once),
        world_test(a_key_changes_something_once),
        world_test(a_key_is_of_one_side_and_one_room),
        world_test(a_key_is_known_after_a_restart_and_where_all_was_there_already),
        world_test(a_key_that_was_refused_is_not_used_up),
        world_test(a_long_key_is_a_key),
        world_test(a_reader_goes_on_where_it_was),
        world_test(what_the_server_does_not_know_is_answered_with_all),
        world_test(a_candidate_that_arrives_in_the_midst_is_not_passed_over),
        world_test(the_same_candidate_of_another_generation_is_news),
        world_test(however_many_there_are_their_number_fits_into_a_double),
        world_test(a_candidate_is_shown_for_300_seconds),
        world_test(a_candidate_that_is_over_may_be_left_again),
        world_test(the_tag_of_the_list_changes_with_it),
        world_test(a_reader_waits_while_nothing_came_that_it_has_not_seen),
        world_test(a_room_holds_a_megabyte_and_a_half_and_no_more),
        world_test(a_list_ends_before_a_megabyte_and_is_read_on_with_since),
    };
    return cmocka_run_group_tests_name("candidates in rooms", tests, NULL, NULL);
}
