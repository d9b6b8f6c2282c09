/* Handshakes in rooms over whole requests: offer, answer, renegotiation, and the snapshot. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

static int offer(struct world *world, const char *name, int generation) {
    return world_describe(world, "offer", name, generation);
}

static int answer(struct world *world, const char *name, int generation) {
    return world_describe(world, "answer", name, generation);
}

static int snapshot(struct world *world, const char *token, const char *query) {
    world->host.spent_count = 0;
    return world_room_get(world, token, query);
}

static void assert_snapshot(struct world *world, const char *wanted) {
    snapshot(world, world->room.host, "");
    assert_answer(world, 200, wanted);
    snapshot(world, world->room.guest, "");
    assert_answer(world, 200, wanted);
}

/* The SDP of that name as the world leaves it. */
#define OFFER(name) "{\"type\":\"offer\",\"sdp\":\"" SDP(name) "\"}"
#define ANSWER(name) "{\"type\":\"answer\",\"sdp\":\"" SDP(name) "\"}"

/* What is shown of the room after its first offer: names of the offer and the answer, "" for null.
 */
static void assert_shows(struct world *world, const char *offered, const char *answered,
                         int generation) {
    char wanted[512], end[32];
    snprintf(wanted, sizeof wanted, "\"offer\":" OFFER("%s") ",\"answer\":", offered);
    if (answered[0] == '\0') {
        strcat(wanted, "null,");
    } else {
        size_t len = strlen(wanted);
        snprintf(wanted + len, sizeof wanted - len, ANSWER("%s") ",", answered);
    }
    snprintf(end, sizeof end, ",\"generation\":%d}", generation);
    const char *const tokens[] = {world->room.host, world->room.guest};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(snapshot(world, tokens[i], ""), 200);
        if (strstr(world->result.body, wanted) == NULL || strstr(world->result.body, end) == NULL) {
            fail_msg("%s has not %s%s", world->result.body, wanted, end);
        }
    }
}

/* -- The first handshake ------------------------------------------------------- */

static void a_room_goes_from_open_to_paired(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    snapshot(world, world->room.host, "");
    assert_answer(world, 200,
                  "{\"status\":\"open\",\"offer\":null,\"answer\":null,\"updatedAt\":1700000000000,"
                  "\"expiresAt\":1700000180000}");
    world->host.now += 1000;
    world_join(world);
    assert_snapshot(world, "{\"status\":\"joined\",\"offer\":null,\"answer\":null,"
                           "\"updatedAt\":1700000001000,\"expiresAt\":1700000301000}");
    world->host.now += 1000;
    assert_int_equal(offer(world, "o", 0), 204);
    assert_string_equal(world->result.body, "");
    assert_snapshot(world, "{\"status\":\"joined\",\"offer\":" OFFER(
                               "o") ",\"answer\":null,"
                                    "\"updatedAt\":1700000002000,\"expiresAt\":1700000302000,"
                                    "\"generation\":1}");
    world->host.now += 1000;
    assert_int_equal(answer(world, "a", 0), 204);
    assert_snapshot(world, "{\"status\":\"paired\",\"offer\":" OFFER("o") ",\"answer\":" ANSWER(
                               "a") ",\"updatedAt\":1700000003000,\"expiresAt\":1700000603000,"
                                    "\"generation\":1}");
}

static void a_host_may_offer_before_anybody_joined(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    assert_int_equal(offer(world, "early", 1), 204);
    snapshot(world, world->room.host, "");
    assert_string_equal(world_text(world, "status"), "open");
    world_join(world);
    assert_shows(world, "early", "", 1);
}

static void an_offer_may_be_replaced_until_the_room_is_paired(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    assert_int_equal(offer(world, "o1", 0), 204);
    assert_int_equal(offer(world, "o2", 1), 204);
    world_join(world);
    assert_shows(world, "o2", "", 1);
    assert_int_equal(offer(world, "o3", 0), 204);
    assert_shows(world, "o3", "", 1);
    assert_int_equal(answer(world, "a", 0), 204);
    offer(world, "o4", 0);
    assert_coded(world, 409, "already_paired");
    offer(world, "o4", 1);
    assert_coded(world, 409, "already_paired");
    assert_shows(world, "o3", "a", 1);
}

static void an_answer_needs_an_offer_and_is_the_only_one(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    answer(world, "a", 0);
    assert_coded(world, 409, "no_offer");
    answer(world, "a", 5);
    assert_coded(world, 409, "no_offer");
    offer(world, "o", 0);
    assert_int_equal(answer(world, "a", 1), 204);
    answer(world, "a", 1); /* the very same */
    assert_coded(world, 409, "already_paired");
    answer(world, "b", 0);
    assert_coded(world, 409, "already_paired");
    assert_shows(world, "o", "a", 1);
}

static void before_pairing_only_generation_1_or_none_is_taken(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    offer(world, "o", 2);
    assert_coded(world, 409, "already_paired");
    assert_int_equal(memory_count(world->memory), 2);
    assert_int_equal(offer(world, "o", 0), 204);
    answer(world, "a", 2);
    assert_coded(world, 409, "already_paired");
    assert_int_equal(memory_count(world->memory), 3);
}

/* -- What a description is ----------------------------------------------------- */

static void a_description_has_its_type_and_an_sdp(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    static const struct {
        const char *body, *code; /* NULL: 204 */
    } rows[] = {
        {"", "bad_json"},
        {"null", "bad_json"},
        {"[]", "bad_json"},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\"", "bad_json"},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("\\u0000") "\"}", "bad_json"},
        {"{}", "bad_sdp"},
        {"{\"sdp\":\"" SDP("a") "\"}", "bad_sdp"},
        {"{\"type\":\"offer\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":null}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":1}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"hello\"}", "bad_sdp"},
        {"{\"type\":\"answer\",\"sdp\":\"" SDP("a") "\"}", "bad_sdp"},
        {"{\"type\":\"pranswer\",\"sdp\":\"" SDP("a") "\"}", "bad_sdp"},
        {"{\"type\":\"Offer\",\"sdp\":\"" SDP("a") "\"}", "bad_sdp"},
        {"{\"type\":1,\"sdp\":\"" SDP("a") "\"}", "bad_sdp"},
        {"{\"type\":null,\"sdp\":\"" SDP("a") "\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"o=\\ns=\\nt=\\nm=\\n\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"v=\\ns=\\nt=\\nm=\\n\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"v=\\no=\\nt=\\nm=\\n\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"v=\\no=\\ns=\\nm=\\n\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"v=\\no=\\ns=\\nt=\\n\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"v=\\no=\\ns=\\nt=\\n m=\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"v=o=s=t=m=\"}", "bad_sdp"},
        {"{\"type\":\"offer\",\"sdp\":\"v=\\no=\\ns=\\nt=\\nm=\"}", NULL},
        {"{\"type\":\"offer\",\"sdp\":\"m=\\r\\nt=\\r\\ns=\\r\\no=\\r\\nv=\",\"x\":{}}", NULL},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":null}", NULL},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":1.0}", NULL},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":0}", "bad_request"},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":-1}", "bad_request"},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":1.5}", "bad_request"},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":\"1\"}", "bad_request"},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":true}", "bad_request"},
        {"{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":[1]}", "bad_request"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *before = world_dump(world);
        world_room_post(world, world->room.host, "/offer", "%s", rows[i].body);
        if (rows[i].code == NULL) {
            assert_int_equal(world->result.status, 204);
        } else {
            assert_coded(world, 400, rows[i].code);
            char *after = world_dump(world);
            assert_string_equal(before, after);
            free(after);
        }
        free(before);
    }
    world_room_post(world, world->room.guest, "/answer",
                    "{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\"}");
    assert_coded(world, 400, "bad_sdp");
    assert_non_null(strstr(world->result.body, "\\\"answer\\\"")); /* what would be right */
}

static void a_huge_generation_is_another_number(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    static const char *const numbers[] = {"3", "2147483647", "2147483648", "4294967298", "1e300"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        world_room_post(world, world->room.host, "/offer",
                        "{\"type\":\"offer\",\"sdp\":\"" SDP("a") "\",\"generation\":%s}",
                        numbers[i]);
        assert_coded(world, 409, "already_paired");
    }
}

static void an_sdp_of_20480_bytes_is_taken_and_one_more_is_413(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    static const char start[] = "v=\\no=\\ns=\\nt=\\nm=";
    enum { START = 14, MAX = 20480 };
    static const struct {
        const char *unit;
        size_t bytes;
    } rows[] = {{"x", 1}, {"\xC3\xA9", 2}, {"\\n", 1}, {"\\ud83d\\ude00", 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count = (MAX - START) / rows[i].bytes;
        const char *rest = world_repeat(world, rows[i].unit, count);
        const char *fill = &"xxxx"[4 - (MAX - START - count * rows[i].bytes)];
        world_room_post(world, world->room.host, "/offer",
                        "{\"type\":\"offer\",\"sdp\":\"%s%s%sx\"}", start, fill, rest);
        assert_coded(world, 413, "bad_sdp");
        world_room_post(world, world->room.host, "/offer",
                        "{\"type\":\"offer\",\"sdp\":\"%s%s%s\"}", start, fill, rest);
        assert_int_equal(world->result.status, 204);
    }
    world_room_post(world, world->room.host, "/offer", "{\"type\":\"offer\",\"sdp\":\"%s\"}",
                    world_repeat(world, "x", MAX + 1));
    assert_coded(world, 413, "bad_sdp"); /* too large comes before what it lacks */
    world_room_post(world, world->room.guest, "/answer", "{\"type\":\"answer\",\"sdp\":\"%s\"}",
                    world_repeat(world, "x", MAX + 1));
    assert_coded(world, 413, "bad_sdp");
    snapshot(world, world->room.host, "");
    const cJSON *shown = cJSON_GetObjectItemCaseSensitive(world->json, "offer");
    shown = cJSON_GetObjectItemCaseSensitive(shown, "sdp");
    assert_int_equal(strlen(shown->valuestring), MAX);
}

static void an_sdp_comes_back_as_it_was_sent(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_room_post(world, world->room.host, "/offer",
                    "{\"sdp\":\"v=\\r\\no=\\ns=\\\"\\\\\\/\\u00e9\xF0\x9F\x98\x80\\nt=\\u0001\\t\\n"
                    "m=\\u2028\\n\",\"more\":1,\"type\":\"offer\"}");
    assert_int_equal(world->result.status, 204);
    snapshot(world, world->room.host, "");
    const cJSON *shown = cJSON_GetObjectItemCaseSensitive(world->json, "offer");
    assert_int_equal(cJSON_GetArraySize(shown), 2);
    shown = cJSON_GetObjectItemCaseSensitive(shown, "sdp");
    assert_string_equal(shown->valuestring, "v=\r\no=\ns=\"\\/\xC3\xA9\xF0\x9F\x98\x80\nt=\x01\t\n"
                                            "m=\xE2\x80\xA8\n");
}

/* -- Who may ------------------------------------------------------------------- */

static void only_its_own_side_may_describe(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    const struct world_room other = world->room;
    world_pair(world);
    char longer[64], shorter[64], changed[64];
    snprintf(longer, sizeof longer, "%s=", world->room.host);
    snprintf(shorter, sizeof shorter, "%.42s", world->room.host);
    snprintf(changed, sizeof changed, "%s", world->room.host);
    changed[0] = (char)(changed[0] == 'A' ? 'B' : 'A');
    const struct {
        const char *token;
        int offer, answer, read;
    } rows[] = {
        {world->room.host, 204, 403, 200},
        {world->room.guest, 403, 204, 200},
        {other.host, 403, 403, 403},
        {"x", 403, 403, 403},
        {"", 403, 403, 403},
        {NULL, 403, 403, 403},
        {longer, 403, 403, 403},
        {shorter, 403, 403, 403},
        {changed, 403, 403, 403},
        {world->room.join_code, 403, 403, 403},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *token = rows[i].token;
        world_room_post(world, token, "/offer",
                        "{\"type\":\"offer\",\"generation\":2,\"sdp\":\"" SDP("o2") "\"}");
        assert_int_equal(world->result.status, rows[i].offer);
        if (rows[i].offer == 403) {
            assert_coded(world, 403, "forbidden");
        }
        world_room_post(world, token, "/answer",
                        "{\"type\":\"answer\",\"generation\":2,\"sdp\":\"" SDP("a2") "\"}");
        assert_int_equal(world->result.status, rows[i].answer);
        if (rows[i].answer == 403) {
            assert_coded(world, 403, "forbidden");
        }
        assert_int_equal(snapshot(world, token, ""), rows[i].read);
        assert_int_equal(snapshot(world, token, "/candidates"), rows[i].read);
        if (rows[i].read == 403) {
            assert_coded(world, 403, "forbidden");
            world_candidate(world, token, "c");
            assert_coded(world, 403, "forbidden");
        }
    }
}

/* -- The order of checks ------------------------------------------------------- */

enum check {
    NO_VERSION = 1,
    NO_TOKEN = 2,
    BAD_BODY = 4,
    NO_ROOM = 8,
    NO_RIGHT = 16,
    BAD_STATUS = 32
};

/* What is wrong in the order in which it is said. */
static const struct {
    enum check check;
    int status;
    const char *code; /* NULL: the route's */
} order[] = {
    {NO_VERSION, 400, "missing_version"}, {NO_TOKEN, 403, "forbidden"}, {BAD_BODY, 400, "bad_json"},
    {NO_ROOM, 404, "not_found"},          {NO_RIGHT, 403, "forbidden"}, {BAD_STATUS, 409, NULL},
};
enum { CHECKS = sizeof order / sizeof order[0] };

static void send_wrong(struct world *world, unsigned wrong, const char *route, const char *token,
                       const char *body) {
    char target[64];
    snprintf(target, sizeof target, "%s%s", wrong & NO_ROOM ? "/rooms/22222222" : world->room.path,
             route);
    world->host.headers[HEADER_REGISTRY_VERSION] = wrong & NO_VERSION ? NULL : "";
    world->host.headers[HEADER_ACCESS_TOKEN] = wrong & NO_TOKEN   ? NULL
                                               : wrong & NO_RIGHT ? "another"
                                                                  : token;
    world->host.spent_count = 0;
    world_send(world, "POST", target, wrong & BAD_BODY ? "no json" : body);
}

static void assert_first_of(struct world *world, unsigned wrong, const char *status_code) {
    for (int i = 0; i < CHECKS; i++) {
        if (wrong & order[i].check) {
            assert_coded(world, order[i].status,
                         order[i].code == NULL ? status_code : order[i].code);
            return;
        }
    }
    assert_int_equal(world->result.status, 204);
}

static void of_all_that_is_wrong_the_first_in_order_is_said(void **state) {
    struct world *world = as_world(state);
    world->host.random = 1000;
    world->host.settings[RATE_LIMITS] = "off";
    static const struct {
        const char *route;
        bool guest;
        const char *body, *code;
    } rows[] = {
        {"/offer", false, "{\"type\":\"offer\",\"sdp\":\"" SDP("o") "\"}", "already_paired"},
        {"/answer", true, "{\"type\":\"answer\",\"sdp\":\"" SDP("a") "\"}", "already_paired"},
        {"/candidate", true, "{\"candidate\":\"new\"}", "too_many_candidates"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned wrong = 0; wrong < 1U << CHECKS; wrong++) {
            world_room(world);
            world_join(world);
            const char *token = rows[i].guest ? world->room.guest : world->room.host;
            offer(world, "first", 0);
            if (wrong & BAD_STATUS) {
                assert_int_equal(answer(world, "first", 0), 204);
                for (int j = 0; j < 40 && i == 2; j++) {
                    char candidate[16];
                    snprintf(candidate, sizeof candidate, "%d", j);
                    assert_int_equal(world_candidate(world, token, candidate), 204);
                }
            }
            char *before = world_dump(world);
            send_wrong(world, wrong, rows[i].route, token, rows[i].body);
            assert_first_of(world, wrong, rows[i].code);
            char *after = world_dump(world);
            assert_int_equal(strcmp(before, after) == 0, wrong != 0);
            free(before);
            free(after);
            world_room_post(world, world->room.host, "/close", "%s", "");
        }
    }
}

static void a_body_that_is_too_large_stands_where_a_bad_one_does(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    const char *large = world_repeat(world, "x", 65537);
    static const char *const routes[] = {"/offer", "/answer", "/candidate", "/close"};
    for (int i = 0; i < 4; i++) {
        send_wrong(world, NO_VERSION, routes[i], "x", large);
        assert_coded(world, 400, "missing_version");
        send_wrong(world, NO_TOKEN, routes[i], "x", large);
        assert_coded(world, 403, "forbidden");
        send_wrong(world, NO_ROOM, routes[i], "x", large);
        assert_coded(world, 413, "body_too_large");
        send_wrong(world, NO_RIGHT, routes[i], "x", large);
        assert_coded(world, 413, "body_too_large");
    }
}

static void of_all_that_is_wrong_with_a_join_the_first_in_order_is_said(void **state) {
    struct world *world = as_world(state);
    world->host.random = 1000;
    world->host.settings[RATE_LIMITS] = "off";
    enum { TAKEN = 16, WRONG = 32 };
    static const struct {
        unsigned wrong;
        int status;
        const char *code;
    } said[] = {
        {NO_VERSION, 400, "missing_version"}, {BAD_BODY, 400, "bad_join_code"},
        {NO_ROOM, 404, "not_found"},          {TAKEN, 409, "not_open"},
        {WRONG, 403, "bad_join_code"},
    };
    for (unsigned wrong = 1; wrong < 64; wrong++) {
        if (wrong & NO_TOKEN) {
            continue;
        }
        world_room(world);
        if (wrong & TAKEN) {
            world_join(world);
        }
        char body[64];
        snprintf(body, sizeof body, "{\"guestUserName\":\"bob\",\"joinCode\":\"%.6s%s\"}",
                 wrong & WRONG ? "000000" : world->room.join_code, wrong & BAD_BODY ? "7" : "");
        send_wrong(world, wrong & (NO_VERSION | NO_ROOM), "/join", "", body);
        for (int i = 0;; i++) {
            if (wrong & said[i].wrong) {
                assert_coded(world, said[i].status, said[i].code);
                break;
            }
        }
    }
}

static void a_bad_query_is_said_before_the_room_is_looked_for(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    static const char *const bad[] = {"?wait=x",
                                      "?wait=-1",
                                      "?wait=1.5",
                                      "?wait=%00",
                                      "/candidates?wait=x",
                                      "/candidates?since=x",
                                      "/candidates?since=-1",
                                      "/candidates?since=1.5",
                                      "/candidates?wait=1&since=%ff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snapshot(world, NULL, bad[i]);
        assert_coded(world, 403, "forbidden");
        snapshot(world, world->room.host, bad[i]);
        assert_coded(world, 400, "bad_request");
        snapshot(world, "another", bad[i]);
        assert_coded(world, 400, "bad_request");
    }
}

/* -- Renegotiation ------------------------------------------------------------- */

static void a_paired_room_carries_an_ice_restart(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world->host.now += 5000;
    assert_int_equal(offer(world, "o2", 2), 204);
    assert_shows(world, "o2", "", 2);
    assert_string_equal(world_text(world, "status"), "paired");
    assert_int_equal(world_number(world, "updatedAt"), NOW + 5000);
    assert_int_equal(world_number(world, "expiresAt"), NOW + 605000);
    world->host.now += 5000;
    assert_int_equal(answer(world, "a2", 2), 204);
    assert_shows(world, "o2", "a2", 2);
    assert_int_equal(world_number(world, "updatedAt"), NOW + 10000);
    assert_int_equal(world_number(world, "expiresAt"), NOW + 610000);
}

static void until_it_is_answered_the_same_generation_replaces_the_offer(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    assert_int_equal(offer(world, "o2", 2), 204);
    assert_int_equal(offer(world, "o2 again", 2), 204);
    assert_shows(world, "o2 again", "", 2);
    offer(world, "o3", 3); /* not before 2 is answered */
    assert_coded(world, 409, "already_paired");
    offer(world, "o3", 0);
    assert_coded(world, 409, "already_paired");
    offer(world, "o3", 1);
    assert_coded(world, 409, "already_paired");
    assert_int_equal(answer(world, "a2", 2), 204);
    offer(world, "o2", 2);
    assert_coded(world, 409, "already_paired");
    assert_shows(world, "o2 again", "a2", 2);
}

static void an_answer_names_the_generation_that_it_answers(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    answer(world, "a2", 2); /* before its offer */
    assert_coded(world, 409, "already_paired");
    assert_int_equal(offer(world, "o2", 2), 204);
    static const int others[] = {0, 1, 3, 100};
    for (int i = 0; i < 4; i++) {
        answer(world, "a2", others[i]);
        assert_coded(world, 409, "already_paired");
    }
    assert_shows(world, "o2", "", 2);
    assert_int_equal(answer(world, "a2", 2), 204);
    answer(world, "a2 again", 2);
    assert_coded(world, 409, "already_paired");
    assert_shows(world, "o2", "a2", 2);
}

static void generations_go_up_one_by_one(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    for (int generation = 2; generation < 30; generation++) {
        char name[16];
        snprintf(name, sizeof name, "d%d", generation);
        assert_int_equal(offer(world, name, generation + 1), 409);
        assert_int_equal(offer(world, name, generation - 1), 409);
        assert_int_equal(offer(world, name, generation), 204);
        assert_int_equal(answer(world, name, generation - 1), 409);
        assert_int_equal(answer(world, name, generation), 204);
        assert_shows(world, name, name, generation);
    }
}

static void a_guest_starts_no_restart(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world_room_post(world, world->room.guest, "/offer",
                    "{\"type\":\"offer\",\"generation\":2,\"sdp\":\"" SDP("x") "\"}");
    assert_coded(world, 403, "forbidden");
}

/* -- ETag ---------------------------------------------------------------------- */

static const char *tag(struct world *world) {
    static char tags[2][128];
    static int i;
    assert_int_equal(snapshot(world, world->room.host, ""), 200);
    const char *found = strstr(world->result.headers, "ETag: W/\"");
    assert_non_null(found);
    char *kept = tags[i = !i];
    snprintf(kept, sizeof tags[0], "%.*s", (int)strcspn(found + 6, "\n"), found + 6);
    return kept;
}

static int having(struct world *world, const char *token, const char *known, const char *query) {
    world->host.headers[HEADER_IF_NONE_MATCH] = known;
    int status = snapshot(world, token, query);
    world->host.headers[HEADER_IF_NONE_MATCH] = NULL;
    if (status == 304) {
        assert_string_equal(world->result.body, "");
        assert_non_null(strstr(world->result.headers, known[0] == '*' ? "ETag: W/\"" : known));
        assert_null(strstr(world->result.headers, "Content-Type:"));
    }
    return status;
}

static void the_tag_changes_with_what_is_shown_and_with_nothing_else(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    const char *known = tag(world);
    world->host.now += 1000;
    assert_int_equal(world_candidate(world, world->room.host, "c"), 204); /* only moves expiresAt */
    world->host.now += 1000;
    assert_int_equal(having(world, world->room.host, known, ""), 304);

    world_join(world);
    assert_int_equal(having(world, world->room.host, known, ""), 200);
    known = tag(world);
    assert_int_equal(having(world, world->room.guest, known, ""), 304); /* the same for both */
    offer(world, "o", 0);
    assert_int_equal(having(world, world->room.host, known, ""), 200);
    known = tag(world);
    offer(world, "o", 0); /* another, though with the same text */
    assert_int_equal(having(world, world->room.host, known, ""), 200);
    known = tag(world);
    answer(world, "a", 0);
    assert_int_equal(having(world, world->room.host, known, ""), 200);
    known = tag(world);
    assert_int_equal(having(world, world->room.host, known, ""), 304);
    offer(world, "o", 2);
    assert_int_equal(having(world, world->room.host, known, ""), 200);
    known = tag(world);
    answer(world, "a", 2);
    assert_int_equal(having(world, world->room.host, known, ""), 200);
    assert_int_equal(having(world, world->room.host, "*", ""), 304);
    assert_int_equal(having(world, "another", "*", ""), 403);
}

/* -- wait ---------------------------------------------------------------------- */

static void assert_waits(struct world *world, const char *token, const char *known, int status,
                         int wait) {
    assert_int_equal(having(world, token, known, "?wait=7"), status);
    assert_int_equal(world->result.wait, wait);
    assert_int_equal(having(world, token, known, ""), status);
    assert_int_equal(world->result.wait, 0);
}

static void a_reader_waits_while_the_other_sides_description_is_missing(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    assert_waits(world, world->room.host, NULL, 200, 7);
    world_join(world);
    assert_waits(world, world->room.host, NULL, 200, 7);
    assert_waits(world, world->room.guest, NULL, 200, 7);
    offer(world, "o", 0);
    assert_waits(world, world->room.host, NULL, 200, 7);
    assert_waits(world, world->room.guest, NULL, 200, 0);
    answer(world, "a", 0);
    assert_waits(world, world->room.host, NULL, 200, 0);
    assert_waits(world, world->room.guest, NULL, 200, 0);
    offer(world, "o", 2);
    assert_waits(world, world->room.host, NULL, 200, 7);
    assert_waits(world, world->room.guest, NULL, 200, 0);
    answer(world, "a", 2);
    assert_waits(world, world->room.host, NULL, 200, 0);
}

static void a_reader_with_a_tag_waits_while_it_is_that_one(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    const char *known = tag(world);
    assert_waits(world, world->room.host, known, 304, 7);
    assert_waits(world, world->room.host, "\"another\"", 200, 0);
    world_join(world);
    assert_waits(world, world->room.host, known, 200, 0); /* news, though there is no answer yet */
    world_pair(world);
    known = tag(world);
    assert_waits(world, world->room.host, known, 304, 7);
    assert_waits(world, world->room.guest, known, 304, 7);
    assert_int_equal(having(world, world->room.host, known, "?wait=99"), 304);
    assert_int_equal(world->result.wait, 25);
}

static void nobody_waits_for_a_room_that_is_not_there(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world_room_post(world, world->room.host, "/close", "%s", "");
    assert_int_equal(snapshot(world, world->room.host, "?wait=7"), 404);
    assert_int_equal(world->result.wait, 0);
    assert_int_equal(snapshot(world, world->room.host, "/candidates?wait=7"), 404);
    assert_int_equal(world->result.wait, 0);
}

/* -- Where the store is eventual ----------------------------------------------- */

static int chosen(const struct world *world) {
    char *dump = world_dump(world);
    int count = 0;
    for (const char *p = dump; (p = strstr(p, "-chosen=")) != NULL; p++) {
        count++;
    }
    free(dump);
    return count;
}

static void the_first_answer_that_the_host_is_shown_is_noted_once(void **state) {
    struct world *world = as_world(state);
    faulty_be_eventual(&world->store);
    world_pair(world);
    int64_t expires_at = world->host.now + 600003;
    assert_int_equal(snapshot(world, world->room.guest, ""), 200);
    assert_int_equal(chosen(world), 0); /* the guest knows its own answer */
    world->host.now += 1000;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(snapshot(world, world->room.host, ""), 200);
        assert_int_equal(world_number(world, "expiresAt"), expires_at); /* reading is no change */
        assert_int_equal(chosen(world), 1);
    }
    offer(world, "o2", 2);
    answer(world, "a2", 2);
    assert_int_equal(snapshot(world, world->room.host, ""), 200);
    assert_int_equal(chosen(world), 1);
}

static void nothing_is_noted_before_there_is_an_answer_or_where_the_store_is_atomic(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    snapshot(world, world->room.host, "");
    assert_int_equal(chosen(world), 0);
    faulty_be_eventual(&world->store);
    world_room(world);
    world_join(world);
    offer(world, "o", 0);
    snapshot(world, world->room.host, "?wait=5");
    assert_int_equal(chosen(world), 0);
}

static void a_host_that_was_shown_the_answer_already_notes_nothing(void **state) {
    struct world *world = as_world(state);
    faulty_be_eventual(&world->store);
    world_pair(world);
    world->host.keep_edits = true; /* its own note is not seen yet */
    const char *known = tag(world);
    assert_non_null(world->host.request.edits);
    assert_int_equal(having(world, world->room.host, known, ""), 304);
    assert_null(world->host.request.edits);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_room_goes_from_open_to_paired),
        world_test(a_host_may_offer_before_anybody_joined),
        world_test(an_offer_may_be_replaced_until_the_room_is_paired),
        world_test(an_answer_needs_an_offer_and_is_the_only_one),
        world_test(before_pairing_only_generation_1_or_none_is_taken),
        world_test(a_description_has_its_type_and_an_sdp),
        world_test(a_huge_generation_is_another_number),
        world_test(an_sdp_of_20480_bytes_is_taken_and_one_more_is_413),
        world_test(an_sdp_comes_back_as_it_was_sent),
        world_test(only_its_own_side_may_describe),
        world_test(of_all_that_is_wrong_the_first_in_order_is_said),
        world_test(a_body_that_is_too_large_stands_where_a_bad_one_does),
        world_test(of_all_that_is_wrong_with_a_join_the_first_in_order_is_said),
        world_test(a_bad_query_is_said_before_the_room_is_looked_for),
        world_test(a_paired_room_carries_an_ice_restart),
        world_test(until_it_is_answered_the_same_generation_replaces_the_offer),
        world_test(an_answer_names_the_generation_that_it_answers),
        world_test(generations_go_up_one_by_one),
        world_test(a_guest_starts_no_restart),
        world_test(the_tag_changes_with_what_is_shown_and_with_nothing_else),
        world_test(a_reader_waits_while_the_other_sides_description_is_missing),
        world_test(a_reader_with_a_tag_waits_while_it_is_that_one),
        world_test(nobody_waits_for_a_room_that_is_not_there),
        world_test(the_first_answer_that_the_host_is_shown_is_noted_once),
        world_test(nothing_is_noted_before_there_is_an_answer_or_where_the_store_is_atomic),
        world_test(a_host_that_was_shown_the_answer_already_notes_nothing),
    };
    return cmocka_run_group_tests_name("handshakes in rooms", tests, NULL, NULL);
}
