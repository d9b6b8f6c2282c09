/* Topics' sessions over whole requests: docs/keys.md and the README row by row. */
#include "keys.h"
#include "session_facts.h"
#include "spread.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t LIFE = 300000;

static int answer(struct world *world, const char *code, const char *text) {
    return world_post(world, "/answer", "{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"%s\"}",
                      code, text);
}

static int candidate(struct world *world, const char *code, const char *side, const char *text) {
    return world_post(world, "/answer", "{\"code\":\"%s\",\"side\":\"%s\",\"candidate\":\"%s\"}",
                      code, side, text);
}

static int poll(struct world *world, const char *code, const char *side) {
    return world_post(world, "/poll", "{\"code\":\"%s\",\"side\":\"%s\"}", code, side);
}

static int withdraw(struct world *world, const char *code) {
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s", code);
    return world_send(world, "DELETE", target, NULL);
}

static int count_listed(struct world *world, const char *topic) {
    char target[2048];
    snprintf(target, sizeof target, "/%s/sessions", topic);
    assert_int_equal(world_get(world, target), 200);
    return cJSON_GetArraySize(world_list(world, "sessions"));
}

/* -- A handshake --------------------------------------------------------------- */

static void a_handshake_goes_from_offer_to_candidates(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "alice");
    assert_int_equal(candidate(world, code, "offerer", "c1"), 200);

    world_get(world, "/room/sessions");
    char wanted[512];
    snprintf(
        wanted, sizeof wanted,
        "{\"sessions\":[{\"code\":\"%s\",\"info\":\"alice\",\"peerId\":\"alice\",\"offer\":\"the "
        "offer of alice\","
        "\"offerCandidates\":[\"c1\"],\"createdAt\":1700000000000,\"expiresAt\":1700000300000}]}",
        code);
    assert_answer(world, 200, wanted);

    answer(world, code, "the answer");
    assert_answer(world, 200, "{\"success\":true}");
    candidate(world, code, "answerer", "c2");
    assert_answer(world, 200, "{\"success\":true}");
    candidate(world, code, "offerer", "c3");

    poll(world, code, "offerer");
    assert_answer(world, 200,
                  "{\"answer\":\"the answer\",\"answerCandidates\":[\"c2\"],\"seen\":\"2\"}");
    poll(world, code, "answerer");
    assert_answer(
        world, 200,
        "{\"offer\":\"the offer of alice\",\"offerCandidates\":[\"c1\",\"c3\"],\"seen\":\"3\"}");
}

static void the_common_path_of_each_route_takes_one_list(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "alice");
    assert_int_equal(world->store.calls, 2); /* a list, and the apply */
    world->store.calls = 0;
    candidate(world, code, "offerer", "c1");
    assert_int_equal(world->store.calls, 2);
    poll(world, code, "offerer");
    assert_int_equal(world->store.calls, 3);
    world_get(world, "/room/sessions");
    assert_int_equal(world->store.calls, 4);
    world_get(world, "/topics"); /* and the lists of offers: how many topics, and a look */
    assert_int_equal(world->store.calls, 7);
    withdraw(world, code);
    assert_int_equal(world->store.calls, 9);
}

/* -- POST /:topic/offer -------------------------------------------------------- */

static void an_offer_has_its_limits_exactly(void **state) {
    struct world *world = as_world(state);
    const struct {
        const char *unit;
        size_t max;
        const char *format;
        const char *name;
        bool from_one; /* none is refused */
    } rows[] = {
        {"x", 65536, "{\"offer\":\"%s\"}", "offer", true},
        {"\xC3\xA9", 32768, "{\"offer\":\"%s\"}", "offer", true},
        {"\\n", 65536, "{\"offer\":\"%s\"}", "offer", true},
        {"\\ud83d\\ude00", 16384, "{\"offer\":\"%s\"}", "offer", true},
        {"x", 1024, "{\"offer\":\"o\",\"info\":\"%s\"}", "info", false},
        {"\xF0\x9F\x98\x80", 1024, "{\"offer\":\"o\",\"info\":\"%s\"}", "info", false},
        {"\\u0001", 1024, "{\"offer\":\"o\",\"peerId\":\"%s\"}", "info", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[64];
        snprintf(body, sizeof body, "%s", rows[i].format);
        char *hole = strstr(body, "%s");
        const char *tail = hole + 2;
        *hole = '\0';
        assert_int_equal(world_post(world, "/t/offer", "%s%s%s", body,
                                    world_repeat(world, rows[i].unit, rows[i].max), tail),
                         200);
        world_post(world, "/t/offer", "%s%s%s%s", body,
                   world_repeat(world, rows[i].unit, rows[i].max), rows[i].unit, tail);
        char sentence[128];
        snprintf(sentence, sizeof sentence,
                 "{\"error\":\"Missing or invalid required parameter: %s\"}", rows[i].name);
        assert_answer(world, 400, sentence);
        world_post(world, "/t/offer", "%s%s", body, tail);
        assert_int_equal(world->result.status, rows[i].from_one ? 400 : 200);
    }
}

static void what_is_wrong_with_an_offer_is_named(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *body, *name; /* NULL: not JSON */
    } rows[] = {
        {"", NULL},
        {"[]", NULL},
        {"1", NULL},
        {"{\"offer\":\"\\u0000\"}", NULL},
        {"{\"offer\":\"o\",\"x\":\"\\u0000\"}", NULL},
        {"{\"offer\":\"o\",\"x\":\"\xFF\"}", NULL},
        {"{}", "offer"},
        {"{\"offer\":null}", "offer"},
        {"{\"offer\":1}", "offer"},
        {"{\"offer\":{}}", "offer"},
        {"{\"offer\":[\"o\"]}", "offer"},
        {"{\"offer\":true}", "offer"},
        {"{\"offer\":\"\"}", "offer"},
        {"{\"offer\":\"o\",\"info\":1}", "info"},
        {"{\"offer\":\"o\",\"info\":{}}", "info"},
        {"{\"offer\":\"o\",\"peerId\":1}", "info"},
        {"{\"info\":1}", "info"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_post(world, "/t/offer", "%s", rows[i].body);
        assert_int_equal(world->result.status, 400);
        const char *said = rows[i].name == NULL ? "JSON object" : rows[i].name;
        if (strstr(world_text(world, "error"), said) == NULL) {
            fail_msg("%s: %s", rows[i].body, world->result.body);
        }
    }
    assert_int_equal(memory_count(world->memory), 0);
}

static void peerid_stands_in_for_info(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *body, *info;
    } rows[] = {
        {"{\"offer\":\"o\",\"info\":\"i\"}", "\"info\":\"i\",\"peerId\":\"i\""},
        {"{\"offer\":\"o\",\"peerId\":\"p\"}", "\"info\":\"p\",\"peerId\":\"p\""},
        {"{\"offer\":\"o\",\"peerId\":\"p\",\"info\":\"i\"}", "\"info\":\"i\",\"peerId\":\"i\""},
        {"{\"offer\":\"o\",\"peerId\":\"p\",\"info\":null}", "\"info\":\"p\",\"peerId\":\"p\""},
        {"{\"offer\":\"o\",\"peerId\":\"p\",\"info\":\"\"}", "\"info\":\"\",\"peerId\":\"\""},
        {"{\"offer\":\"o\"}", "\"info\":\"\",\"peerId\":\"\""},
        {"{\"offer\":\"o\",\"info\":\"\\\"\\n\xF0\x9F\x98\x80\"}",
         "\"info\":\"\\\"\\n\xF0\x9F\x98\x80\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[32];
        snprintf(target, sizeof target, "/t%zu/offer", i);
        assert_int_equal(world_post(world, target, "%s", rows[i].body), 200);
        snprintf(target, sizeof target, "/t%zu/sessions", i);
        world_get(world, target);
        if (strstr(world->result.body, rows[i].info) == NULL) {
            fail_msg("%s: %s", rows[i].body, world->result.body);
        }
    }
}

static void a_topic_has_1_to_256_characters_for_writing_and_reading(void **state) {
    struct world *world = as_world(state);
    static const char *const units[] = {"a", "%20", "%01", "%C3%A9", "%F0%9F%98%80",
                                        ".", "%2F", "+"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        for (size_t count = 256; count <= 257; count++) {
            char target[4096];
            snprintf(target, sizeof target, "/%s/offer", world_repeat(world, units[i], count));
            world_post(world, target, "{\"offer\":\"o\"}");
            assert_int_equal(world->result.status, count == 256 ? 200 : 400);
            if (count > 256) {
                assert_missing(world, "topic");
            }
            snprintf(target, sizeof target, "/%s/sessions", world_repeat(world, units[i], count));
            world_get(world, target);
            assert_int_equal(world->result.status, count == 256 ? 200 : 400);
        }
    }
    world_post(world, "//offer", "{\"offer\":\"o\"}");
    assert_missing(world, "topic");
    world_get(world, "//sessions");
    assert_missing(world, "topic");
}

static void reserved_topics_are_refused_and_their_likes_are_not(void **state) {
    struct world *world = as_world(state);
    static const char *const reserved[] = {"rooms",    "offers", "peers",    "usernames",
                                           "services", "index",  "sessions", "%72ooms"};
    static const char *const taken[] = {
        "Rooms",    "room", "rooms2", "topics",    "health", "answer", "poll",        "offer",
        "rooms%20", "..",   ".",      "%2e%2e%2e", "demo",   "a%2Fb",  "%F0%9F%98%80"};
    char target[64];
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        snprintf(target, sizeof target, "/%s/offer", reserved[i]);
        world_post(world, target, "{\"offer\":\"o\"}");
        assert_error(world, 400, "Reserved topic name");
        snprintf(target, sizeof target, "/%s/sessions", reserved[i]);
        if (strcmp(reserved[i], "usernames") != 0) { /* asks about the name `sessions` */
            world_get(world, target);
            assert_error(world, 400, "Reserved topic name");
        }
    }
    assert_int_equal(memory_count(world->memory), 0);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
        world_offer(world, taken[i], "peer");
        assert_int_equal(count_listed(world, taken[i]), 1);
    }
}

static void a_code_gives_nothing_away(void **state) {
    struct world *world = as_world(state);
    char first[CODE_LEN + 1];
    memcpy(first, world_offer(world, "room", "peer"), sizeof first);
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    const char *other = world_offer(world, "room", "peer");
    assert_memory_not_equal(first, other, 8);
    assert_memory_equal(first + 8, other + 8, 7); /* the time */
}

/* -- MAX_SESSIONS_PER_TOPIC ---------------------------------------------------- */

static void a_full_topic_is_429_until_a_session_is_answered_or_expires(void **state) {
    struct world *world = as_world(state);
    world->host.settings[MAX_SESSIONS_PER_TOPIC] = "3";
    char first[CODE_LEN + 1];
    memcpy(first, world_offer(world, "room", "1"), sizeof first);
    world->host.now += 1500;
    world_offer(world, "room", "2");
    world_offer(world, "room", "3");
    world_post(world, "/room/offer", "{\"offer\":\"o\"}");
    assert_error(world, 429,
                 "This topic has as many open sessions as it may; try again when one has been "
                 "answered or has expired");
    assert_non_null(
        strstr(world->result.headers, "Retry-After: 299\n")); /* 298500 ms, rounded up */

    world_offer(world, "room2", "another topic");
    world_offer(world, "roo", "another topic");
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    world_offer(world, "room", "another origin");
    world->host.headers[HEADER_ORIGIN] = "https://app.example";

    answer(world, first, "a");
    world_offer(world, "room", "4");
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
    withdraw(world, world->code);
    world_offer(world, "room", "5");
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
    world->host.now = NOW + 1500 + LIFE - 1;
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
    assert_non_null(strstr(world->result.headers, "Retry-After: 1\n"));
    world->host.now++;
    world_offer(world, "room", "6");
}

/* Makes open sessions as POST /:topic/offer does, without counting those that are there. */
static void fill(struct world *world, const char *topic, const char *offer, int count) {
    for (int i = 0; i < count; i++) {
        struct request *request = world_request(world);
        request->parameters[0] = text_of(topic);
        uint32_t hash = spread_root(request, text_of(topic));
        struct session_code code = session_code_make(hash, request->now, random_take(request, 8));
        struct text json = arena_format(request->arena, "\"%s\"", topic);
        session_create(request, code, text_of(topic), json, TEXT("\"\""), text_of(offer));
        assert_true(storage_apply(&world->store.storage, request->edits));
    }
}

static void ten_thousand_sessions_fit_in_a_topic(void **state) {
    struct world *world = as_world(state);
    fill(world, "room", "\"o\"", 9999);
    world_offer(world, "room", "the last");
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
    world_get(world, "/topics");
    assert_non_null(
        strstr(world->result.body, "{\"topic\":\"room\",\"count\":10000,\"activePeers\":10000}"));
    answer(world, world->code, "a");
    world_offer(world, "room", "one more");
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
}

/* -- GET /:topic/sessions ------------------------------------------------------ */

static void an_unknown_topic_is_an_empty_list(void **state) {
    struct world *world = as_world(state);
    world_get(world, "/nobody/sessions");
    assert_answer(world, 200, "{\"sessions\":[]}");
}

static void sessions_are_listed_newest_first(void **state) {
    struct world *world = as_world(state);
    char codes[3][CODE_LEN + 1];
    for (int i = 0; i < 3; i++) {
        memcpy(codes[i], world_offer(world, "room", "peer"), sizeof codes[i]);
        world->host.now += 1;
    }
    assert_int_equal(count_listed(world, "room"), 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(world_session(world, i), codes[2 - i]);
    }
}

static void a_session_leaves_the_list_to_the_millisecond(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    world->host.now = NOW + LIFE - 1;
    assert_int_equal(count_listed(world, "room"), 1);
    world->host.now = NOW + LIFE;
    assert_int_equal(count_listed(world, "room"), 0);
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 0);
}

static void a_session_lives_as_long_as_session_timeout_says(void **state) {
    struct world *world = as_world(state);
    world->host.settings[SESSION_TIMEOUT] = "1500";
    const char *code = world_offer(world, "room", "peer");
    candidate(world, code, "offerer", "never extends it");
    world->host.now = NOW + 1499;
    assert_int_equal(poll(world, code, "answerer"), 200);
    world->host.now = NOW + 1500;
    poll(world, code, "answerer");
    assert_error(world, 404, NO_SESSION);
}

static void a_session_of_72_hours_can_be_answered_to_its_end(void **state) {
    struct world *world = as_world(state);
    world->host.settings[SESSION_TIMEOUT] = "259200000";
    const char *code = world_offer(world, "room", "peer");
    world->host.now = NOW + 259200000 - 1;
    assert_int_equal(count_listed(world, "room"), 1);
    assert_int_equal(answer(world, code, "a"), 200);
    world->host.now++;
    assert_int_equal(poll(world, code, "offerer"), 404);
}

static void answered_and_withdrawn_sessions_are_not_listed(void **state) {
    struct world *world = as_world(state);
    char codes[4][CODE_LEN + 1];
    for (int i = 0; i < 4; i++) {
        memcpy(codes[i], world_offer(world, "room", "peer"), sizeof codes[i]);
    }
    answer(world, codes[1], "a");
    withdraw(world, codes[2]);
    assert_int_equal(count_listed(world, "room"), 2);
    for (int i = 0; i < 2; i++) {
        const char *listed = world_session(world, i);
        assert_true(strcmp(listed, codes[0]) == 0 || strcmp(listed, codes[3]) == 0);
    }
    world_get(world, "/topics");
    assert_non_null(strstr(world->result.body, "\"count\":2,\"activePeers\":1"));
}

static void another_origin_sees_nothing(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    world_get(world, "/room/sessions");
    assert_answer(world, 200, "{\"sessions\":[]}");
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 0);
    static const char *const origins[] = {"https://other.example", NULL, "null",
                                          "https://app.example:8443"};
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        world->host.headers[HEADER_ORIGIN] = origins[i];
        answer(world, code, "a");
        assert_error(world, 404, NO_SESSION);
        candidate(world, code, "offerer", "c");
        assert_error(world, 404, NO_SESSION);
        poll(world, code, "answerer");
        assert_error(world, 404, NO_SESSION);
        withdraw(world, code);
        assert_error(world, 404, NO_SESSION);
    }
    world->host.headers[HEADER_ORIGIN] = "https://app.example";
    assert_int_equal(count_listed(world, "room"), 1);
}

static void no_origin_is_the_servers_own(void **state) {
    struct world *world = as_world(state);
    world->host.headers[HEADER_ORIGIN] = NULL;
    world_offer(world, "room", "peer");
    world->host.headers[HEADER_ORIGIN] = "https://rondevu.example";
    assert_int_equal(count_listed(world, "room"), 1);
}

static void a_list_is_cut_at_its_limit_and_goes_on(void **state) {
    struct world *world = as_world(state);
    char codes[7][CODE_LEN + 1];
    for (int i = 6; i >= 0; i--) {
        memcpy(codes[i], world_offer(world, "room", "peer"), sizeof codes[i]);
        candidate(world, codes[i], "offerer", "c");
        world->host.now++;
    }
    for (int limit = 1; limit <= 8; limit++) {
        char after[64] = "";
        int seen = 0;
        for (bool more = true; more;) {
            char target[160];
            snprintf(target, sizeof target, "/room/sessions?limit=%d&after=%s", limit, after);
            assert_int_equal(world_get(world, target), 200);
            int count = cJSON_GetArraySize(world_list(world, "sessions"));
            assert_true(count <= limit);
            for (int i = 0; i < count; i++) {
                assert_string_equal(world_session(world, i), codes[seen++]);
            }
            more = cJSON_HasObjectItem(world->json, "next");
            assert_int_equal(more, seen < 7);
            if (more) {
                snprintf(after, sizeof after, "%s", world_text(world, "next"));
            }
        }
        assert_int_equal(seen, 7);
    }
}

static void a_limit_is_1_to_1000(void **state) {
    struct world *world = as_world(state);
    static const char *const bad[] = {"0", "-1", "1.5", "ten", "%ff", "1%20"};
    char target[64];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(target, sizeof target, "/room/sessions?limit=%s", bad[i]);
        world_get(world, target);
        assert_missing(world, "limit");
    }
    assert_int_equal(world_get(world, "/room/sessions?limit=99999999999999999999"), 200);
    assert_int_equal(world_get(world, "/room/sessions?limit="), 200);
}

static void a_cursor_that_nobody_was_given_is_400_or_harmless(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    static const char *const bad[] = {"x",
                                      "0",
                                      "%00",
                                      "%ff",
                                      "000000000000000000000000000",
                                      "00000000000000000000000000000",
                                      "000000000000000000000000000g",
                                      "00000000000000000000000000-1",
                                      "FFFFFFFFFFFFFFFFFFFFFFFFFFFF",
                                      "../../../../../../../../../.",
                                      "+",
                                      "%2F"};
    char target[128];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(target, sizeof target, "/room/sessions?after=%s", bad[i]);
        world_get(world, target);
        assert_missing(world, "after");
    }
    world_get(world, "/room/sessions?after=0000000000000000000000000000");
    assert_int_equal(cJSON_GetArraySize(world_list(world, "sessions")), 1);
    world_get(world, "/room/sessions?after=ffffffffffffffffffffffffffff");
    assert_answer(world, 200, "{\"sessions\":[]}");
    uint64_t seed = 7;
    for (int i = 0; i < 3000; i++) {
        char random[3 * 28 + 1] = "";
        for (size_t at = 0, len = (size_t)i % 30; at < len && at < 28; at++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            snprintf(random + 3 * at, 4, "%%%02x", (unsigned)(seed >> 40) & 255);
        }
        snprintf(target, sizeof target, "/room/sessions?after=%s", random);
        world_get(world, target);
        assert_int_equal(world->result.status, random[0] == '\0' ? 200 : 400);
    }
}

/* Reads a whole topic page by page; returns how many sessions were seen, each once. */
static int walk(struct world *world, const char *target, int64_t *most_bytes, size_t *most_memory) {
    char after[64] = "";
    char last[CODE_LEN + 1] = "";
    int seen = 0;
    for (bool more = true; more;) {
        char page[256];
        snprintf(page, sizeof page, "%s&after=%s", target, after);
        assert_int_equal(world_get(world, page), 200);
        int64_t bytes = (int64_t)strlen(world->result.body);
        *most_bytes = bytes > *most_bytes ? bytes : *most_bytes;
        *most_memory =
            world->host.arena.ready > *most_memory ? world->host.arena.ready : *most_memory;
        const cJSON *session;
        cJSON_ArrayForEach(session, world_list(world, "sessions")) {
            const char *code = cJSON_GetObjectItem(session, "code")->valuestring;
            assert_true(last[0] == '\0' ||
                        strcmp(code + 19, last + 19) > 0); /* of one ms: by their random digits */
            memcpy(last, code, sizeof last);
            seen++;
        }
        more = cJSON_HasObjectItem(world->json, "next");
        if (more) {
            assert_string_not_equal(world_text(world, "next"), after);
            snprintf(after, sizeof after, "%s", world_text(world, "next"));
        }
    }
    return seen;
}

static void three_thousand_sessions_are_read_in_pages_of_a_thousand(void **state) {
    struct world *world = as_world(state);
    fill(world, "room", "\"o\"", 3000);
    world_get(world, "/room/sessions");
    assert_int_equal(cJSON_GetArraySize(world_list(world, "sessions")), 1000);
    int64_t bytes = 0;
    size_t memory = 0;
    assert_int_equal(walk(world, "/room/sessions?limit=1000", &bytes, &memory), 3000);
    assert_int_equal(walk(world, "/room/sessions?limit=999", &bytes, &memory), 3000);
}

static void a_list_ends_before_one_mebibyte(void **state) {
    struct world *world = as_world(state);
    const char *offer = world_repeat(world, "x", 65536);
    char *json = malloc(65536 + 3);
    snprintf(json, 65536 + 3, "\"%s\"", offer);
    fill(world, "room", json, 200);
    free(json);
    int64_t bytes = 0;
    size_t memory = 0;
    assert_int_equal(walk(world, "/room/sessions?limit=1000", &bytes, &memory), 200);
    assert_true(bytes <= 1048576 && bytes > 900000);
    assert_int_equal(walk(world, "/room/sessions?limit=7", &bytes, &memory), 200);
}

static void a_list_is_whole_where_most_sessions_are_answered(void **state) {
    struct world *world = as_world(state);
    const char *text = world_repeat(world, "x", 65536);
    int open = 0;
    for (int i = 0; i < 120; i++) {
        world->host.now++;
        assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"%s\"}", text), 200);
        memcpy(world->code, world_text(world, "code"), CODE_LEN + 1);
        if (i % 40 == 0) {
            open++;
        } else {
            answer(world, world->code, text);
        }
    }
    char after[64] = "";
    int seen = 0;
    for (bool more = true; more;) {
        char target[160];
        snprintf(target, sizeof target, "/room/sessions?after=%s", after);
        assert_int_equal(world_get(world, target), 200);
        seen += cJSON_GetArraySize(world_list(world, "sessions"));
        more = cJSON_HasObjectItem(world->json, "next");
        if (more) {
            assert_string_not_equal(world_text(world, "next"), after);
            snprintf(after, sizeof after, "%s", world_text(world, "next"));
        }
    }
    assert_int_equal(seen, open);
}

/* Where memory ends the list within a session, that one is left to the next page. */
static void a_session_is_listed_with_all_its_candidates_or_not_yet(void **state) {
    struct world *world = as_world(state);
    const char *text = world_repeat(world, "x", 4000);
    enum { OPEN = 60, SESSIONS = OPEN + 100, CANDIDATES = 12 }; /* the newest are answered */
    for (int i = 0; i < SESSIONS; i++) {
        world->host.now++;
        world_offer(world, "room", "peer");
        for (int j = 0; j < CANDIDATES; j++) {
            char sent[4096];
            snprintf(sent, sizeof sent, "%d%s", j, text);
            candidate(world, world->code, "offerer", sent);
        }
        if (i >= OPEN) {
            answer(world, world->code, "a");
        }
    }
    char after[64] = "";
    int seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        char target[160];
        snprintf(target, sizeof target, "/room/sessions?after=%s", after);
        assert_int_equal(world_get(world, target), 200);
        const cJSON *session;
        cJSON_ArrayForEach(session, world_list(world, "sessions")) {
            const cJSON *candidates = cJSON_GetObjectItem(session, "offerCandidates");
            assert_int_equal(cJSON_GetArraySize(candidates), CANDIDATES);
            seen++;
        }
        more = cJSON_HasObjectItem(world->json, "next");
        if (more) {
            snprintf(after, sizeof after, "%s", world_text(world, "next"));
        }
    }
    assert_int_equal(seen, OPEN);
    assert_true(pages > 1);
}

static void a_session_with_all_its_candidates_can_be_listed_and_polled(void **state) {
    struct world *world = as_world(state);
    const char *text = world_repeat(world, "x", 4090);
    const char *offer = world_repeat(world, "x", 65536);
    world_post(world, "/room/offer", "{\"offer\":\"%s\"}", offer);
    memcpy(world->code, world_text(world, "code"), CODE_LEN + 1);
    for (int i = 0; i < 200; i++) {
        char unique[8192];
        snprintf(unique, sizeof unique, "%06d%s", i, text);
        assert_int_equal(candidate(world, world->code, i % 2 == 0 ? "offerer" : "answerer", unique),
                         200);
    }
    assert_int_equal(count_listed(world, "room"), 1);
    assert_int_equal(poll(world, world->code, "answerer"), 200);
    assert_int_equal(cJSON_GetArraySize(world_list(world, "offerCandidates")), 100);
    assert_int_equal(poll(world, world->code, "offerer"), 200);
    assert_int_equal(cJSON_GetArraySize(world_list(world, "answerCandidates")), 100);
}

/* Writes that many candidates of a session past the handlers, as places do that do not see each
 * other's writes yet. */
static void flood(struct world *world, const char *code, const char *side, int count) {
    char *value = test_malloc(4099);
    for (int i = 0; i < count; i++) {
        struct request *request = world_request(world);
        struct session_code parsed;
        assert_true(session_code_parse(text_of(code), request->now, &parsed));
        struct text prefix = key_session(request, parsed);
        snprintf(value, 4099, "\"%04096d\"", i);
        storage_put(request,
                    arena_format(request->arena, "%ttrickle-%s-%x%x", &prefix, side, 12,
                                 (uint64_t)request->now, 8, (uint64_t)i),
                    text_of(value), request->now + 300000);
        assert_true(storage_apply(world->memory, request->edits));
    }
    test_free(value);
}

static void what_raced_past_the_limits_hides_no_other_session(void **state) {
    struct world *world = as_world(state);
    char codes[3][CODE_LEN + 1];
    for (int i = 0; i < 3; i++) {
        memcpy(codes[i], world_offer(world, "room", "peer"), CODE_LEN + 1);
        world->host.now++;
    }
    flood(world, codes[1], "answerer", 2000);
    flood(world, codes[1], "offerer", 2000);
    int listed = 0;
    char target[128] = "/room/sessions";
    for (int pages = 0; pages < 10; pages++) {
        assert_int_equal(world_get(world, target), 200);
        int count = cJSON_GetArraySize(world_list(world, "sessions"));
        for (int i = 0; i < count; i++) {
            assert_string_equal(world_session(world, i), codes[2 - listed++]);
        }
        const cJSON *next = cJSON_GetObjectItem(world->json, "next");
        if (next == NULL) {
            break;
        }
        snprintf(target, sizeof target, "/room/sessions?after=%s", next->valuestring);
    }
    assert_int_equal(listed, 3);
    assert_int_equal(poll(world, codes[1], "offerer"), 200);
    assert_int_equal(cJSON_GetArraySize(world_list(world, "answerCandidates")), 100);
    assert_int_equal(world_send(world, "DELETE", "/sessions/", NULL), 404);
    assert_int_equal(poll(world, codes[1], "answerer"), 200);
}

/* JSON writes a control character as six bytes. */
static void candidates_of_a_side_are_limited_as_json_too(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    const char *text = world_repeat(world, "\\u0001", 4090);
    int taken = 0;
    for (; taken < 100; taken++) {
        char *unique = test_malloc(32768);
        snprintf(unique, 32768, "%06d%s", taken, text);
        int status = candidate(world, code, "offerer", unique);
        test_free(unique);
        if (status != 200) {
            assert_error(world, 409, "Too many candidates");
            break;
        }
    }
    assert_int_equal(taken, 25);
    assert_int_equal(count_listed(world, "room"), 1);
    assert_int_equal(poll(world, code, "answerer"), 200);
    assert_int_equal(cJSON_GetArraySize(world_list(world, "offerCandidates")), 25);
}

/* -- POST /answer -------------------------------------------------------------- */

static void what_is_wrong_with_an_answer_is_named(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    size_t stored = memory_count(world->memory);
    static const struct {
        const char *body, *name;
    } rows[] = {
        {"{}", "code"},
        {"{\"side\":\"answerer\",\"answer\":\"a\"}", "code"},
        {"{\"code\":null,\"side\":\"answerer\",\"answer\":\"a\"}", "code"},
        {"{\"code\":\"\",\"side\":\"answerer\",\"answer\":\"a\"}", "code"},
        {"{\"code\":7,\"side\":\"answerer\",\"answer\":\"a\"}", "code"},
        {"{\"code\":\"%s\",\"answer\":\"a\"}", "side"},
        {"{\"code\":\"%s\",\"side\":\"\",\"answer\":\"a\"}", "side"},
        {"{\"code\":\"%s\",\"side\":\"Answerer\",\"answer\":\"a\"}", "side"},
        {"{\"code\":\"%s\",\"side\":\"answerers\",\"answer\":\"a\"}", "side"},
        {"{\"code\":\"%s\",\"side\":1,\"answer\":\"a\"}", "side"},
        {"{\"code\":\"%s\",\"side\":\"offerer\",\"answer\":\"a\"}", "side"},
        {"{\"code\":\"%s\",\"side\":\"answerer\"}", "answer"},
        {"{\"code\":\"%s\",\"side\":\"offerer\"}", "answer"},
        {"{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":null,\"candidate\":null}", "answer"},
        {"{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"\"}", "answer"},
        {"{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":{}}", "answer"},
        {"{\"code\":\"%s\",\"side\":\"answerer\",\"candidate\":\"\"}", "candidate"},
        {"{\"code\":\"%s\",\"side\":\"answerer\",\"candidate\":1}", "candidate"},
        {"{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"a\",\"candidate\":\"c\"}",
         "candidate"},
        {"{\"code\":\"%s\",\"side\":\"offerer\",\"answer\":\"a\",\"candidate\":\"c\"}",
         "candidate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[256], sentence[128];
        const char *hole = strstr(rows[i].body, "%s");
        if (hole != NULL) {
            snprintf(body, sizeof body, "%.*s%s%s", (int)(hole - rows[i].body), rows[i].body, code,
                     hole + 2);
        } else {
            snprintf(body, sizeof body, "%s", rows[i].body);
        }
        world_post(world, "/answer", "%s", body);
        snprintf(sentence, sizeof sentence,
                 "{\"error\":\"Missing or invalid required parameter: %s\"}", rows[i].name);
        assert_answer(world, 400, sentence);
    }
    world_post(world, "/answer", "[]");
    assert_int_equal(world->result.status, 400);
    assert_int_equal(memory_count(world->memory), stored);
}

static void answers_and_candidates_have_their_limits_exactly(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    static const char *const units[] = {"x", "\\n", "\xC3\xA9", "\\u0001"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t bytes = i == 2 ? 2 : 1;
        assert_int_equal(
            candidate(world, code, "offerer", world_repeat(world, units[i], 4096 / bytes)), 200);
        candidate(world, code, "offerer", world_repeat(world, units[i], 4096 / bytes + 1));
        assert_missing(world, "candidate");
        answer(world, code, world_repeat(world, units[i], 65536 / bytes + 1));
        assert_missing(world, "answer");
        code = world_offer(world, "room", "peer");
        assert_int_equal(answer(world, code, world_repeat(world, units[i], 65536 / bytes)), 200);
    }
}

static void the_first_answer_wins_and_stays(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    answer(world, code, "first");
    answer(world, code, "first");
    assert_answer(world, 200, "{\"success\":true}");
    answer(world, code, "second");
    assert_error(world, 409, "Session already answered");
    world->host.now = NOW + LIFE - 1;
    answer(world, code, "First");
    assert_int_equal(world->result.status, 409);
    assert_int_equal(
        world_post(world, "/answer",
                   "{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"\\u0066irst\"}", code),
        200);
    poll(world, code, "offerer");
    assert_string_equal(world_text(world, "answer"), "first");
}

static void the_same_answer_again_stores_nothing(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    answer(world, code, "a");
    size_t stored = memory_count(world->memory);
    answer(world, code, "a");
    answer(world, code, "b");
    assert_int_equal(memory_count(world->memory), stored);
}

static void candidates_come_in_order_of_arrival_each_once(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    size_t stored = memory_count(world->memory);
    for (int i = 0; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof text, "c%d", (i * 7) % 50);
        world->host.random = (uint64_t)(100 - i) << 50; /* does not rise with time */
        candidate(world, code, "offerer", text);
        candidate(world, code, "offerer", text);
        assert_answer(world, 200, "{\"success\":true}");
    }
    assert_int_equal(memory_count(world->memory), stored + 50);
    candidate(world, code, "answerer", "c1");
    assert_int_equal(memory_count(world->memory), stored + 51);
    poll(world, code, "answerer");
    const cJSON *list = world_list(world, "offerCandidates");
    assert_int_equal(cJSON_GetArraySize(list), 50);
    for (int i = 0; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof text, "c%d", (i * 7) % 50);
        assert_string_equal(cJSON_GetArrayItem(list, i)->valuestring, text);
    }
}

static void a_side_has_a_hundred_candidates(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    for (int i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "c%d", i);
        assert_int_equal(candidate(world, code, "offerer", text), 200);
    }
    candidate(world, code, "offerer", "one more");
    assert_error(world, 409, "Too many candidates");
    assert_int_equal(candidate(world, code, "offerer", "c7"), 200);
    assert_int_equal(candidate(world, code, "answerer", "c0"), 200);
}

static void candidates_may_come_after_the_answer(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    answer(world, code, "a");
    assert_int_equal(candidate(world, code, "offerer", "c"), 200);
    assert_int_equal(candidate(world, code, "answerer", "c"), 200);
}

static void what_is_opaque_comes_back_byte_for_byte(void **state) {
    struct world *world = as_world(state);
    static const char *const texts[] = {"v=0\\r\\no=- 1 2\\r\\n",
                                        "\\\"\\\\\\/\\b\\f\\t",
                                        "\xF0\x9F\x98\x80\xEF\xBF\xBD",
                                        "\\ud83d\\ude00",
                                        "\\u0001\\u001f\\u007f",
                                        "\\n",
                                        "null",
                                        "{\\\"a\\\":1}",
                                        " "};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char body[128];
        snprintf(body, sizeof body, "{\"x\":\"%s\"}", texts[i]);
        cJSON *wanted = cJSON_Parse(body);
        const char *text = cJSON_GetObjectItem(wanted, "x")->valuestring;
        assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"%s\",\"info\":\"%s\"}",
                                    texts[i], texts[i]),
                         200);
        char code[CODE_LEN + 1];
        memcpy(code, world_text(world, "code"), sizeof code);
        candidate(world, code, "offerer", texts[i]);
        candidate(world, code, "answerer", texts[i]);
        world->host.now++;
        world_get(world, "/room/sessions?limit=1");
        const cJSON *session = cJSON_GetArrayItem(world_list(world, "sessions"), 0);
        assert_string_equal(cJSON_GetObjectItem(session, "info")->valuestring, text);
        assert_string_equal(cJSON_GetObjectItem(session, "offer")->valuestring, text);
        answer(world, code, texts[i]);
        poll(world, code, "answerer");
        assert_string_equal(world_text(world, "offer"), text);
        assert_string_equal(
            cJSON_GetArrayItem(world_list(world, "offerCandidates"), 0)->valuestring, text);
        poll(world, code, "offerer");
        assert_string_equal(world_text(world, "answer"), text);
        assert_string_equal(
            cJSON_GetArrayItem(world_list(world, "answerCandidates"), 0)->valuestring, text);
        cJSON_Delete(wanted);
    }
}

static void unknown_expired_and_made_up_codes_are_the_same_404(void **state) {
    struct world *world = as_world(state);
    char expired[CODE_LEN + 1];
    memcpy(expired, world_offer(world, "room", "peer"), sizeof expired);
    size_t stored = memory_count(world->memory);
    world->host.now = NOW + LIFE;
    static const char *const others[] = {"x",
                                         "00000000-0000-4000-8000-000000000000",
                                         "ffffffff-ffff-4fff-bfff-ffffffffffff",
                                         "01234567-89ab-1cde-8123-456789abcdef",
                                         "\\u0001",
                                         "\xF0\x9F\x98\x80",
                                         "../.."};
    for (size_t i = 0; i < sizeof others / sizeof others[0] + 1; i++) {
        const char *code = i == 0 ? expired : others[i - 1];
        answer(world, code, "a");
        assert_error(world, 404, NO_SESSION);
        candidate(world, code, "answerer", "c");
        assert_error(world, 404, NO_SESSION);
        poll(world, code, "offerer");
        assert_error(world, 404, NO_SESSION);
    }
    withdraw(world, expired);
    assert_error(world, 404, NO_SESSION);
    world_send(world, "DELETE", "/sessions/", NULL);
    assert_error(world, 404, NO_SESSION);
    world_send(world, "DELETE", "/sessions/%F0%9F%98%80", NULL);
    assert_error(world, 404, NO_SESSION);
    assert_int_equal(memory_count(world->memory), stored);
}

static void a_code_with_one_digit_changed_finds_nothing(void **state) {
    struct world *world = as_world(state);
    char code[CODE_LEN + 1];
    memcpy(code, world_offer(world, "room", "peer"), sizeof code);
    for (int i = 0; i < CODE_LEN; i++) {
        char changed[CODE_LEN + 1];
        memcpy(changed, code, sizeof changed);
        changed[i] = changed[i] == '0' ? '1' : '0';
        poll(world, changed, "answerer");
        assert_error(world, 404, NO_SESSION);
    }
}

/* -- POST /poll ---------------------------------------------------------------- */

static void what_is_wrong_with_a_poll_is_named(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    static const struct {
        const char *more, *name; /* NULL: taken */
    } rows[] = {
        {"", "side"},
        {",\"side\":\"both\"", "side"},
        {",\"side\":\"offerer\",\"wait\":-1", "wait"},
        {",\"side\":\"offerer\",\"wait\":0.5", "wait"},
        {",\"side\":\"offerer\",\"wait\":\"1\"", "wait"},
        {",\"side\":\"offerer\",\"wait\":true", "wait"},
        {",\"side\":\"offerer\",\"seen\":1", "seen"},
        {",\"side\":\"offerer\",\"seen\":\"x\"", "seen"},
        {",\"side\":\"offerer\",\"seen\":\"-1\"", "seen"},
        {",\"side\":\"offerer\",\"wait\":null,\"seen\":null", NULL},
        {",\"side\":\"offerer\",\"wait\":0", NULL},
        {",\"side\":\"offerer\",\"wait\":25", NULL},
        {",\"side\":\"offerer\",\"wait\":26", NULL},
        {",\"side\":\"offerer\",\"seen\":\"99999999999999999999\"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_post(world, "/poll", "{\"code\":\"%s\"%s}", code, rows[i].more);
        if (rows[i].name == NULL) {
            assert_int_equal(world->result.status, 200);
            continue;
        }
        char sentence[128];
        snprintf(sentence, sizeof sentence,
                 "{\"error\":\"Missing or invalid required parameter: %s\"}", rows[i].name);
        assert_answer(world, 400, sentence);
    }
    world_post(world, "/poll", "{\"side\":\"offerer\"}");
    assert_missing(world, "code");
    world_post(world, "/poll", "null");
    assert_int_equal(world->result.status, 400);
}

static void a_poll_before_the_answer_is_null(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    poll(world, code, "offerer");
    assert_answer(world, 200, "{\"answer\":null,\"answerCandidates\":[],\"seen\":\"0\"}");
    candidate(world, code, "answerer", "early");
    poll(world, code, "offerer");
    assert_answer(world, 200, "{\"answer\":null,\"answerCandidates\":[\"early\"],\"seen\":\"1\"}");
}

static int wait_of(struct world *world, const char *side, const char *seen, const char *wait) {
    assert_int_equal(world_post(world, "/poll",
                                "{\"code\":\"%s\",\"side\":\"%s\",\"seen\":\"%s\",\"wait\":%s}",
                                world->code, side, seen, wait),
                     200);
    return world->result.wait;
}

static void a_poll_waits_only_where_there_is_nothing_new(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    assert_int_equal(wait_of(world, "offerer", "0", "20"), 20);
    assert_int_equal(wait_of(world, "offerer", "0", "0"), 0);
    assert_int_equal(wait_of(world, "offerer", "0", "null"), 0);
    assert_int_equal(wait_of(world, "offerer", "0", "1000"), 25);
    assert_int_equal(wait_of(world, "answerer", "0", "20"), 0); /* the offer is new */
    assert_int_equal(wait_of(world, "answerer", "1", "20"), 20);
    candidate(world, world->code, "offerer", "c");
    assert_int_equal(wait_of(world, "answerer", "1", "20"), 0);
    assert_string_equal(world_text(world, "seen"), "2");
    assert_int_equal(wait_of(world, "answerer", "2", "20"), 20);
    assert_int_equal(wait_of(world, "offerer", "0", "20"), 20); /* its own side is no news */
    answer(world, world->code, "a");
    assert_int_equal(wait_of(world, "offerer", "0", "20"), 0);
    assert_int_equal(wait_of(world, "offerer", "1", "20"), 20);
    candidate(world, world->code, "answerer", "c");
    candidate(world, world->code, "answerer", "c");
    assert_int_equal(wait_of(world, "offerer", "1", "20"), 0);
    assert_int_equal(wait_of(world, "offerer", "2", "20"), 20);
}

static void a_poll_without_seen_has_seen_nothing(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    world_post(world, "/poll", "{\"code\":\"%s\",\"side\":\"answerer\",\"wait\":9}", code);
    assert_int_equal(world->result.wait, 0);
    world_post(world, "/poll", "{\"code\":\"%s\",\"side\":\"offerer\",\"wait\":9}", code);
    assert_int_equal(world->result.wait, 9);
}

static void what_does_not_exist_is_not_waited_for(void **state) {
    struct world *world = as_world(state);
    world_post(world, "/poll", "{\"code\":\"x\",\"side\":\"offerer\",\"wait\":9}");
    assert_int_equal(world->result.status, 404);
    assert_int_equal(world->result.wait, 0);
}

/* -- DELETE /sessions/:code ---------------------------------------------------- */

static void a_withdrawn_session_is_gone_for_everyone(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    withdraw(world, code);
    assert_answer(world, 200, "{\"success\":true}");
    assert_int_equal(count_listed(world, "room"), 0);
    withdraw(world, code);
    assert_error(world, 404, NO_SESSION);
    answer(world, code, "a");
    assert_error(world, 404, NO_SESSION);
    candidate(world, code, "offerer", "c");
    assert_error(world, 404, NO_SESSION);
    poll(world, code, "answerer");
    assert_error(world, 404, NO_SESSION);
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 0);
}

static void an_answered_session_can_be_withdrawn(void **state) {
    struct world *world = as_world(state);
    const char *code = world_offer(world, "room", "peer");
    answer(world, code, "a");
    assert_int_equal(withdraw(world, code), 200);
    assert_int_equal(poll(world, code, "offerer"), 404);
}

static void withdrawing_ignores_a_body(void **state) {
    struct world *world = as_world(state);
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s", world_offer(world, "room", "peer"));
    assert_int_equal(world_send(world, "DELETE", target, "not JSON"), 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(a_handshake_goes_from_offer_to_candidates),
        world_test(the_common_path_of_each_route_takes_one_list),
        world_tests(an_offer_has_its_limits_exactly),
        world_tests(what_is_wrong_with_an_offer_is_named),
        world_tests(peerid_stands_in_for_info),
        world_tests(a_topic_has_1_to_256_characters_for_writing_and_reading),
        world_tests(reserved_topics_are_refused_and_their_likes_are_not),
        world_tests(a_code_gives_nothing_away),
        world_tests(a_full_topic_is_429_until_a_session_is_answered_or_expires),
        world_test(ten_thousand_sessions_fit_in_a_topic),
        world_tests(an_unknown_topic_is_an_empty_list),
        world_tests(sessions_are_listed_newest_first),
        world_tests(a_session_leaves_the_list_to_the_millisecond),
        world_tests(a_session_lives_as_long_as_session_timeout_says),
        world_tests(a_session_of_72_hours_can_be_answered_to_its_end),
        world_tests(answered_and_withdrawn_sessions_are_not_listed),
        world_tests(another_origin_sees_nothing),
        world_tests(no_origin_is_the_servers_own),
        world_tests(a_list_is_cut_at_its_limit_and_goes_on),
        world_tests(a_limit_is_1_to_1000),
        world_tests(a_cursor_that_nobody_was_given_is_400_or_harmless),
        world_tests(three_thousand_sessions_are_read_in_pages_of_a_thousand),
        world_tests(a_list_ends_before_one_mebibyte),
        world_tests(a_list_is_whole_where_most_sessions_are_answered),
        world_tests(a_session_is_listed_with_all_its_candidates_or_not_yet),
        world_tests(a_session_with_all_its_candidates_can_be_listed_and_polled),
        world_tests(what_raced_past_the_limits_hides_no_other_session),
        world_tests(candidates_of_a_side_are_limited_as_json_too),
        world_tests(what_is_wrong_with_an_answer_is_named),
        world_tests(answers_and_candidates_have_their_limits_exactly),
        world_tests(the_first_answer_wins_and_stays),
        world_tests(the_same_answer_again_stores_nothing),
        world_tests(candidates_come_in_order_of_arrival_each_once),
        world_tests(a_side_has_a_hundred_candidates),
        world_tests(candidates_may_come_after_the_answer),
        world_tests(what_is_opaque_comes_back_byte_for_byte),
        world_tests(unknown_expired_and_made_up_codes_are_the_same_404),
        world_tests(a_code_with_one_digit_changed_finds_nothing),
        world_tests(what_is_wrong_with_a_poll_is_named),
        world_tests(a_poll_before_the_answer_is_null),
        world_tests(a_poll_waits_only_where_there_is_nothing_new),
        world_tests(a_poll_without_seen_has_seen_nothing),
        world_tests(what_does_not_exist_is_not_waited_for),
        world_tests(a_withdrawn_session_is_gone_for_everyone),
        world_tests(an_answered_session_can_be_withdrawn),
        world_tests(withdrawing_ignores_a_body),
    };
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
