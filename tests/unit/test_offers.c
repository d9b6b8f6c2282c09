/* Offers: publishing them, looking at one's own and at a peer's, taking them back, how long they
 * live. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

#define NO_OFFER "Offer not found or expired"

/* What fails has left nothing, and says which member is wrong. */
static void assert_refuses(struct world *world, const struct world_peer *peer, const char *offers,
                           const char *path) {
    char *before = world_dump(world);
    world_post_as(world, peer, "/offers", "{\"offers\":%s}", offers);
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    if (world->result.status != 400 || strstr(world_text(world, "error"), path) == NULL) {
        fail_msg("%.200s: %d %s", offers, world->result.status, world->result.body);
    }
}

static int count_mine(struct world *world, const struct world_peer *peer) {
    assert_int_equal(world_get_as(world, peer, "/offers/mine"), 200);
    return world_count(world, "offers");
}

static int count_of(struct world *world, const struct world_peer *peer) {
    assert_int_equal(world_get_as(world, NULL, "/peers/%s/offers", peer->id), 200);
    return world_count(world, "offers");
}

static int64_t total(struct world *world, const char *topic) {
    assert_int_equal(world_get_as(world, NULL, "/offers/by-topic/%s", topic), 200);
    assert_int_equal(world_number(world, "returned"), world_count(world, "offers"));
    return world_number(world, "total");
}

/* -- Publishing ---------------------------------------------------------------- */

static void offers_are_answered_for_in_their_order(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    world_publish(world, &alice, NULL,
                  "{\"sdp\":\"a\",\"topics\":[\"x\",\"y\"],\"secret\":\"s\"},"
                  "{\"sdp\":\"b\",\"ttl\":70000,\"info\":\"i\"},{\"sdp\":\"c\",\"topics\":null}");
    assert_int_equal(world_count(world, "offers"), 3);
    for (int i = 0; i < 3; i++) {
        const cJSON *item = cJSON_GetArrayItem(world_list(world, "offers"), i);
        assert_int_equal(cJSON_GetArraySize(item), 6);
        assert_int_equal(strlen(world_text_in(world, "offers", i, "id")), 64);
        assert_memory_equal(world_text_in(world, "offers", i, "id"), alice.id, 32);
        assert_string_equal(world_text_in(world, "offers", i, "peerId"), alice.id);
        assert_int_equal(world_number_in(world, "offers", i, "createdAt"), NOW);
        assert_int_equal(world_number_in(world, "offers", i, "expiresAt"),
                         NOW + (i == 1 ? 70000 : 60000));
        bool secret = cJSON_IsTrue(cJSON_GetObjectItem(item, "hasSecret"));
        assert_int_equal(secret, i == 0);
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(item, "topics")), i == 0 ? 2 : 0);
    }
    for (int i = 1; i < 3; i++) {
        assert_true(strcmp(world_text_in(world, "offers", i - 1, "id"),
                           world_text_in(world, "offers", i, "id")) < 0);
    }
}

static void every_member_of_an_offer_is_at_most_its_limit(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    const char *sdp = world_repeat(world, "x", 65537);
    const char *wide = world_repeat(world, "\xF0\x9F\x98\x80", 257); /* 4 bytes each */
    const struct {
        const char *name;
        const char *unit; /* the value is as much of it as fits, between quotes */
        size_t max, unit_len;
    } rows[] = {
        {"sdp", sdp, 65536, 1},
        {"secret", wide, 128, 4},
        {"info", wide, 128, 4},
        {"topics", wide, 256, 4},
    };
    char *offers = malloc(70000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool array = strcmp(rows[i].name, "topics") == 0;
        for (size_t over = 0; over < 2; over++) {
            sprintf(offers, "[{%s\"%s\":%s\"%.*s\"%s}]", i == 0 ? "" : "\"sdp\":\"o\",",
                    rows[i].name, array ? "[" : "", (int)((rows[i].max + over) * rows[i].unit_len),
                    rows[i].unit, array ? "]" : "");
            if (over == 0) {
                world_post_as(world, &alice, "/offers", "{\"offers\":%s}", offers);
                assert_int_equal(world->result.status, 201);
            } else {
                char path[32];
                snprintf(path, sizeof path, "offers[0].%s ", rows[i].name);
                assert_refuses(world, &alice, offers, path);
            }
        }
    }
    free(offers);
}

static void an_sdp_is_counted_in_bytes(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    const char *sdp = world_repeat(world, "\xC3\xA9", 32768);
    world_publish(world, &alice, NULL, "{\"sdp\":\"%s\"}", sdp);
    world_post_as(world, &alice, "/offers", "{\"offers\":[{\"sdp\":\"%sx\"}]}", sdp);
    assert_int_equal(world->result.status, 400);
}

static void an_offer_has_at_most_50_topics(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    char offers[2048];
    for (int count = 50; count <= 51; count++) {
        size_t len = (size_t)sprintf(offers, "[{\"sdp\":\"o\",\"topics\":[\"0\"");
        for (int i = 1; i < count; i++) {
            len += (size_t)sprintf(offers + len, ",\"%d\"", i);
        }
        strcpy(offers + len, "]}]");
        if (count == 51) {
            assert_refuses(world, &alice, offers, "offers[0].topics ");
        } else {
            world_post_as(world, &alice, "/offers", "{\"offers\":%s}", offers);
            assert_int_equal(world->result.status, 201);
            assert_int_equal(total(world, "0"), 1);
            assert_int_equal(total(world, "49"), 1);
        }
    }
}

static const char *offers_of(struct world *world, size_t count) {
    char *offers = (char *)(uintptr_t)world_repeat(world, ",{\"sdp\":\"o\"}", count);
    offers[0] = '[';
    static char *whole; /* with its end */
    free(whole);
    whole = malloc(strlen(offers) + 2);
    sprintf(whole, "%s]", offers);
    return whole;
}

static void a_request_has_1_to_100_offers_unless_it_is_set_otherwise(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    assert_refuses(world, &alice, "[]", "offers ");
    assert_refuses(world, &alice, offers_of(world, 101), "offers ");
    world_post_as(world, &alice, "/offers", "{\"offers\":%s}", offers_of(world, 100));
    assert_int_equal(world->result.status, 201);
    assert_int_equal(count_mine(world, &alice), 100);
    world->host.settings[MAX_OFFERS_PER_REQUEST] = "3";
    assert_refuses(world, &alice, offers_of(world, 4), "1 to 3 offers");
    world_post_as(world, &alice, "/offers", "{\"offers\":%s}", offers_of(world, 3));
    assert_int_equal(world->result.status, 201);
}

static void what_is_no_offer_is_400_and_of_many_none_is_taken(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    world_publish(world, &alice, NULL, "{\"sdp\":\"before\",\"topics\":[\"t\"]}");
    static const struct {
        const char *offer, *path;
    } rows[] = {
        {"1", "offers[2] "},
        {"null", "offers[2] "},
        {"[]", "offers[2] "},
        {"\"o\"", "offers[2] "},
        {"{}", "offers[2].sdp "},
        {"{\"sdp\":null}", "offers[2].sdp "},
        {"{\"sdp\":\"\"}", "offers[2].sdp "},
        {"{\"sdp\":1}", "offers[2].sdp "},
        {"{\"sdp\":{\"type\":\"offer\"}}", "offers[2].sdp "},
        {"{\"sdp\":\"o\",\"topics\":\"t\"}", "offers[2].topics "},
        {"{\"sdp\":\"o\",\"topics\":{}}", "offers[2].topics "},
        {"{\"sdp\":\"o\",\"topics\":0}", "offers[2].topics "},
        {"{\"sdp\":\"o\",\"topics\":[\"\"]}", "offers[2].topics "},
        {"{\"sdp\":\"o\",\"topics\":[\"t\",1]}", "offers[2].topics "},
        {"{\"sdp\":\"o\",\"topics\":[null]}", "offers[2].topics "},
        {"{\"sdp\":\"o\",\"topics\":[[\"t\"]]}", "offers[2].topics "},
        {"{\"sdp\":\"o\",\"ttl\":null}", "offers[2].ttl "},
        {"{\"sdp\":\"o\",\"ttl\":\"60000\"}", "offers[2].ttl "},
        {"{\"sdp\":\"o\",\"ttl\":true}", "offers[2].ttl "},
        {"{\"sdp\":\"o\",\"ttl\":[1]}", "offers[2].ttl "},
        {"{\"sdp\":\"o\",\"secret\":1}", "offers[2].secret "},
        {"{\"sdp\":\"o\",\"secret\":[]}", "offers[2].secret "},
        {"{\"sdp\":\"o\",\"info\":{}}", "offers[2].info "},
        {"{\"sdp\":\"o\",\"info\":false}", "offers[2].info "},
        {"{\"sdp\":\"o\",\"serviceId\":1}", "offers[2].serviceId "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char offers[256];
        snprintf(offers, sizeof offers,
                 "[{\"sdp\":\"a\",\"topics\":[\"t\"]},{\"sdp\":\"b\"},%s,{\"sdp\":\"d\"}]",
                 rows[i].offer);
        assert_refuses(world, &alice, offers, rows[i].path);
    }
    static const char *const bodies[] = {"", "[]", "1", "{",
                                         "{\"offers\":[{\"sdp\":\"\\u0000\"}]}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(world_send_as(world, &alice, "POST", "/offers", bodies[i]), 400);
    }
    static const char *const lists[] = {"null", "{}", "\"o\"", "1"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        assert_refuses(world, &alice, lists[i], "offers ");
    }
    assert_int_equal(world_post_as(world, &alice, "/offers", "{\"x\":1}"), 400);
    assert_int_equal(count_mine(world, &alice), 1);
    assert_int_equal(total(world, "t"), 1);
}

static void the_first_wrong_member_in_order_is_said(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    assert_refuses(world, &alice,
                   "[{\"sdp\":\"o\",\"topics\":1,\"ttl\":null,\"secret\":1,\"info\":1}]",
                   "offers[0].topics ");
    assert_refuses(world, &alice, "[{\"sdp\":\"o\",\"ttl\":null,\"secret\":1,\"info\":1}]",
                   "offers[0].ttl ");
    assert_refuses(world, &alice, "[{\"sdp\":\"o\",\"secret\":1,\"info\":1}]", "offers[0].secret ");
    assert_refuses(world, &alice, "[{\"sdp\":\"o\",\"info\":1,\"serviceId\":1}]",
                   "offers[0].info ");
}

static void a_ttl_is_clamped_and_floored(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    static const struct {
        const char *ttl;
        int64_t lives;
    } rows[] = {
        {"60000", 60000},
        {"59999", 60000},
        {"60001", 60001},
        {"60000.9", 60000},
        {"60001.9", 60001},
        {"0", 60000},
        {"-1", 60000},
        {"-1e300", 60000},
        {"1e300", 86400000},
        {"86400000", 86400000},
        {"86399999", 86399999},
        {"86400001", 86400000},
        {"86399999.5", 86399999},
        {"1e5", 100000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_publish(world, &alice, NULL, "{\"sdp\":\"o\",\"ttl\":%s}", rows[i].ttl);
        assert_int_equal(world_number_in(world, "offers", 0, "expiresAt"), NOW + rows[i].lives);
    }
    world->host.settings[OFFER_DEFAULT_TTL] = "1500";
    world->host.settings[OFFER_MIN_TTL] = "1000";
    world->host.settings[OFFER_MAX_TTL] = "2000";
    world_publish(world, &alice, NULL,
                  "{\"sdp\":\"o\"},{\"sdp\":\"o\",\"ttl\":999},{\"sdp\":\"o\",\"ttl\":2001}");
    assert_int_equal(world_number_in(world, "offers", 0, "expiresAt"), NOW + 1500);
    assert_int_equal(world_number_in(world, "offers", 1, "expiresAt"), NOW + 1000);
    assert_int_equal(world_number_in(world, "offers", 2, "expiresAt"), NOW + 2000);
}

static void topics_given_twice_count_once_at_their_first_place(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    world_publish(world, &alice, NULL,
                  "{\"sdp\":\"o\",\"topics\":[\"b\",\"a\",\"b\",\"B\",\"a\",\"\\u0062\"]}");
    assert_non_null(strstr(world->result.body, "\"topics\":[\"b\",\"a\",\"B\"]"));
    assert_int_equal(total(world, "a"), 1);
    assert_int_equal(total(world, "b"), 1);
    assert_int_equal(world_count(world, "offers"), 1);
    assert_non_null(strstr(world->result.body, "\"topics\":[\"b\",\"a\",\"B\"]"));
}

static void an_empty_secret_is_none_and_an_empty_info_is_one(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    world_publish(world, &alice, NULL, "{\"sdp\":\"o\",\"secret\":\"\",\"info\":\"\"}");
    assert_non_null(strstr(world->result.body, "\"hasSecret\":false"));
    world_get_as(world, &alice, "/offers/mine");
    assert_null(strstr(world->result.body, "\"secret\""));
    assert_non_null(strstr(world->result.body, "\"info\":\"\""));
    world->host.now++;
    world_publish(world, &alice, NULL, "{\"sdp\":\"o\",\"secret\":null,\"info\":null}");
    world_get_as(world, &alice, "/offers/mine?limit=1");
    assert_null(strstr(world->result.body, "\"info\""));
}

static void what_an_offer_says_comes_back_as_it_was_sent(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
#define ODD "a\\n\\\"\\\\\\u0001/\xF0\x9F\x98\x80 \\u007f%%40"
    world_publish(world, &alice, NULL,
                  "{\"sdp\":\"" ODD "\",\"topics\":[\"" ODD "\"],\"info\":\"" ODD
                  "\",\"secret\":\"" ODD "\"}");
    static const char *const names[] = {"sdp", "info", "secret"};
    world_get_as(world, &alice, "/offers/mine");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(world_text_in(world, "offers", 0, names[i]),
                            "a\n\"\\\x01/\xF0\x9F\x98\x80 \x7F%40");
    }
    assert_int_equal(total(world, "a%0a%22%5c%01%2f%f0%9f%98%80%20%7f%2540"), 1);
    assert_string_equal(world_text(world, "topic"), "a\n\"\\\x01/\xF0\x9F\x98\x80 \x7F%40");
    assert_int_equal(count_of(world, &alice), 1);
    assert_null(strstr(world->result.body, "secret\":\""));
}

/* -- How many ------------------------------------------------------------------ */

static int publish_one(struct world *world, const struct world_peer *peer, char *id) {
    world->host.now++;
    world_post_as(world, peer, "/offers", "{\"offers\":[{\"sdp\":\"o\",\"topics\":[\"t\"]}]}");
    if (world->result.status == 201) {
        snprintf(id, OFFER_ID_SIZE, "%s", world_text_in(world, "offers", 0, "id"));
    } else {
        assert_error(world, 409, "Too many open offers");
    }
    return world->result.status;
}

static void a_peer_has_so_many_open_offers_and_one_more_when_one_is_over(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char id[OFFER_ID_SIZE], first[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world->host.settings[MAX_OFFERS_PER_PEER] = "3";
    assert_int_equal(publish_one(world, &alice, first), 201);
    char *before = world_dump(world);
    world_post_as(world, &alice, "/offers", "{\"offers\":%s}", offers_of(world, 3));
    assert_error(world, 409, "Too many open offers"); /* all or none */
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    int64_t expires_at = world->host.now + 60000;
    world->host.now += 100;
    assert_int_equal(publish_one(world, &alice, id), 201);
    assert_int_equal(publish_one(world, &alice, id), 201);
    assert_int_equal(publish_one(world, &alice, id), 409);
    assert_int_equal(publish_one(world, &bob, id), 201);

    world_get_as(world, &alice, "/offers/mine?limit=1");
    snprintf(id, sizeof id, "%s", world_text_in(world, "offers", 0, "id"));
    assert_int_equal(world_answer(world, &bob, id), 200);
    assert_int_equal(publish_one(world, &alice, id), 201);
    assert_int_equal(publish_one(world, &alice, id), 409);

    assert_int_equal(world_delete_as(world, &alice, "/offers/%s", id), 200);
    assert_int_equal(publish_one(world, &alice, id), 201);
    assert_int_equal(publish_one(world, &alice, id), 409);

    world->host.now = expires_at - 2;
    assert_int_equal(publish_one(world, &alice, id), 409); /* at expires_at - 1 */
    assert_int_equal(publish_one(world, &alice, id), 201);
    assert_int_equal(publish_one(world, &alice, id), 409);
}

static void a_peer_has_1000_open_offers_and_sees_all_of_them(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    for (int i = 0; i < 10; i++) {
        world->host.now++;
        world_post_as(world, &alice, "/offers", "{\"offers\":%s}", offers_of(world, 100));
        assert_int_equal(world->result.status, 201);
    }
    world_post_as(world, &alice, "/offers", "{\"offers\":[{\"sdp\":\"o\"}]}");
    assert_error(world, 409, "Too many open offers");
    char last[OFFER_ID_SIZE] = "", query[128] = "";
    int seen = 0;
    for (int pages = 1;; pages++) {
        assert_int_equal(world_get_as(world, &alice, "/offers/mine%s", query), 200);
        for (int i = 0; i < world_count(world, "offers"); i++, seen++) {
            const char *id = world_text_in(world, "offers", i, "id");
            assert_true(strcmp(last, id) < 0);
            snprintf(last, sizeof last, "%s", id);
        }
        if (cJSON_GetObjectItem(world->json, "next") == NULL) {
            assert_int_equal(pages, 5);
            break;
        }
        snprintf(query, sizeof query, "?after=%s", world_text(world, "next"));
    }
    assert_int_equal(seen, 1000);
}

/* -- Expiry -------------------------------------------------------------------- */

static void each_offer_of_a_request_is_over_at_its_own_ms_everywhere(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char ids[3][OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, NULL,
                  "{\"sdp\":\"a\",\"topics\":[\"t\",\"a\"],\"ttl\":60001},"
                  "{\"sdp\":\"b\",\"topics\":[\"t\",\"b\"],\"ttl\":60003},"
                  "{\"sdp\":\"c\",\"topics\":[\"t\",\"c\"],\"ttl\":60002}");
    for (int i = 0; i < 3; i++) {
        snprintf(ids[i], sizeof ids[i], "%s", world_text_in(world, "offers", i, "id"));
    }
    static const int lives[] = {60001, 60003, 60002};
    static const char *const topics[] = {"a", "b", "c"};
    for (int ms = 60000; ms <= 60004; ms++) {
        world->host.now = NOW + ms;
        int there = 0;
        for (int i = 0; i < 3; i++) {
            bool lives_on = ms < lives[i];
            there += lives_on;
            assert_int_equal(total(world, topics[i]), lives_on);
            assert_int_equal(world_count(world, "offers"), lives_on);
            int status = world_get_as(world, &alice, "/offers/%s/ice-candidates", ids[i]);
            assert_int_equal(status, lives_on ? 200 : 404);
            assert_int_equal(world_trickle(world, &alice, ids[i], "1"), status);
            world->host.keep_edits = true;
            assert_int_equal(world_answer(world, &bob, ids[i]), status);
            assert_int_equal(world_delete_as(world, &alice, "/offers/%s", ids[i]), status);
            world->host.keep_edits = false;
        }
        assert_int_equal(total(world, "t"), there);
        assert_int_equal(world_count(world, "offers"), there);
        assert_int_equal(count_mine(world, &alice), there);
        assert_int_equal(count_of(world, &alice), there);
        world->host.settings[MAX_OFFERS_PER_PEER] = "3";
        world->host.keep_edits = true;
        assert_int_equal(world_post_as(world, &alice, "/offers", "{\"offers\":%s}",
                                       offers_of(world, (size_t)(3 - there) + (there > 0))),
                         there > 0 ? 409 : 201);
        world->host.keep_edits = false;
    }
    world_sweep(world);
    assert_int_equal(memory_count(world->memory), 0);
}

static void an_answered_offer_and_all_that_belongs_to_it_is_over_with_it(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char id[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, id, "{\"sdp\":\"a\",\"topics\":[\"t\"],\"ttl\":60001}");
    world->host.now += 50000;
    assert_int_equal(world_answer(world, &bob, id), 200);
    assert_int_equal(world_trickle(world, &bob, id, "1"), 200);
    world->host.now = NOW + 60000;
    assert_int_equal(world_trickle(world, &alice, id, "1"), 200);
    assert_int_equal(count_mine(world, &alice), 1);
    assert_int_equal(world_get_as(world, &alice, "/offers/answers"), 200);
    assert_int_equal(world_count(world, "answers"), 1);
    world->host.now++;
    assert_int_equal(world_trickle(world, &alice, id, "1"), 404);
    assert_int_equal(world_get_as(world, &bob, "/offers/%s/ice-candidates", id), 404);
    assert_int_equal(world_answer(world, &bob, id), 404);
    assert_int_equal(count_mine(world, &alice), 0);
    assert_int_equal(world_get_as(world, &alice, "/offers/answers"), 200);
    assert_int_equal(world_count(world, "answers"), 0);
    world_sweep(world);
    assert_int_equal(memory_count(world->memory), 0);
}

/* -- One's own ----------------------------------------------------------------- */

static void ones_own_offers_come_newest_first_with_all_that_is_known(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char older[OFFER_ID_SIZE], newer[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, older, "{\"sdp\":\"a\",\"topics\":[\"t\"],\"secret\":\"s\"}");
    world->host.now += 10;
    world_publish(world, &alice, newer, "{\"sdp\":\"b\",\"info\":\"i\",\"ttl\":61000}");
    world_publish(world, &bob, NULL, "{\"sdp\":\"of bob\"}");
    world->host.now += 10;
    char target[128];
    snprintf(target, sizeof target, "/offers/%s/answer", older);
    world_post_as(world, &bob, target, "{\"sdp\":\"answer\",\"secret\":\"s\"}");
    assert_int_equal(world->result.status, 200);
    world_get_as(world, &alice, "/offers/mine");
    char wanted[2048];
    snprintf(wanted, sizeof wanted,
             "{\"peerId\":\"%s\",\"offers\":[{\"id\":\"%s\",\"sdp\":\"b\",\"topics\":[],"
             "\"createdAt\":1700000000010,\"expiresAt\":1700000061010,\"lastSeen\":1700000000010,"
             "\"hasSecret\":false,\"info\":\"i\",\"answered\":false},"
             "{\"id\":\"%s\",\"sdp\":\"a\",\"topics\":[\"t\"],\"createdAt\":1700000000000,"
             "\"expiresAt\":1700000060000,\"lastSeen\":1700000000000,\"hasSecret\":true,"
             "\"secret\":\"s\",\"answered\":true,\"answererPeerId\":\"%s\","
             "\"answeredAt\":1700000000020}]}",
             alice.id, newer, older, bob.id);
    assert_answer(world, 200, wanted);
}

static void an_offer_is_shown_once_whatever_has_arrived_of_its_answer(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char id[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, id, "{\"sdp\":\"a\",\"topics\":[\"t\"]},{\"sdp\":\"b\"}");
    world->host.keep_edits = true;
    assert_int_equal(world_answer(world, &bob, id), 200);
    size_t count;
    const struct edit *edits = world_edits(world, &count);
    assert_true(count >= 5);
    for (size_t i = 0; i < count; i++) {
        world_apply_one(world, &edits[i]);
        assert_int_equal(count_mine(world, &alice), 2);
        assert_string_equal(world_text_in(world, "offers", 0, "id"), id);
    }
    assert_string_equal(world_text_in(world, "offers", 0, "answererPeerId"), bob.id);
}

/* -- A peer's ------------------------------------------------------------------ */

static void a_peers_open_offers_are_shown_to_anyone_without_its_secrets(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char ids[3][OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, ids[0],
                  "{\"sdp\":\"a\",\"topics\":[\"x\",\"y\"],\"secret\":\"s\",\"info\":\"i\"}");
    world->host.now += 10;
    world_publish(world, &alice, ids[1], "{\"sdp\":\"b\",\"topics\":[\"z\",\"x\"]}");
    world->host.now += 10;
    world_publish(world, &alice, ids[2], "{\"sdp\":\"c\"}");
    assert_int_equal(world_answer(world, &bob, ids[2]), 200);
    world_get_as(world, NULL, "/peers/%s/offers", alice.id);
    char wanted[2048];
    snprintf(wanted, sizeof wanted,
             "{\"peerId\":\"%s\",\"offers\":[{\"id\":\"%s\",\"peerId\":\"%s\",\"sdp\":\"b\","
             "\"topics\":[\"z\",\"x\"],\"expiresAt\":1700000060010,\"lastSeen\":1700000000010,"
             "\"hasSecret\":false},{\"id\":\"%s\",\"peerId\":\"%s\",\"sdp\":\"a\","
             "\"topics\":[\"x\",\"y\"],\"expiresAt\":1700000060000,\"lastSeen\":1700000000000,"
             "\"hasSecret\":true,\"info\":\"i\"}],\"topics\":[\"z\",\"x\",\"y\"]}",
             alice.id, ids[1], alice.id, ids[0], alice.id);
    assert_answer(world, 200, wanted);
}

static void a_peer_that_is_not_known_has_no_offers_and_no_peer_id_is_400(void **state) {
    struct world *world = as_world(state);
    world_get(world, "/peers/0123456789abcdef0123456789abcdef/offers");
    assert_answer(world, 200,
                  "{\"peerId\":\"0123456789abcdef0123456789abcdef\",\"offers\":[],\"topics\":[]}");
    static const char *const bad[] = {"", "x", "0123456789ABCDEF0123456789ABCDEF",
                                      "0123456789abcdef0123456789abcde",
                                      "0123456789abcdef0123456789abcdef0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(world_get_as(world, NULL, "/peers/%s/offers", bad[i]), 400);
        assert_non_null(strstr(world_text(world, "error"), "peerId"));
    }
}

/* -- Pages --------------------------------------------------------------------- */

static void lists_of_offers_go_on_where_they_ended(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char ids[7][OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    for (int i = 0; i < 7;) { /* of 3, 3 and 1 */
        int count = i < 6 ? 3 : 1;
        world->host.now++;
        world_post_as(world, &alice, "/offers", "{\"offers\":%s}", offers_of(world, (size_t)count));
        for (int j = 0; j < count; j++, i++) {
            snprintf(ids[i], sizeof ids[i], "%s", world_text_in(world, "offers", j, "id"));
        }
    }
    assert_int_equal(world_answer(world, &bob, ids[1]), 200);
    static const int newest_first[] = {6, 3, 4, 5, 0, 1, 2};
    char own[64] = "/offers/mine", of[64];
    snprintf(of, sizeof of, "/peers/%s/offers", alice.id);
    for (int limit = 1; limit <= 8; limit++) {
        for (int open = 0; open < 2; open++) {
            char query[128] = "";
            int at = 0;
            for (bool more = true; more;) {
                world_get_as(world, &alice, "%s?limit=%d%s", open ? of : own, limit, query);
                assert_int_equal(world->result.status, 200);
                int count = world_count(world, "offers");
                assert_in_range(count, 1, limit);
                for (int i = 0; i < count; i++, at++) {
                    at += open && newest_first[at] == 1;
                    assert_string_equal(world_text_in(world, "offers", i, "id"),
                                        ids[newest_first[at]]);
                }
                more = cJSON_GetObjectItem(world->json, "next") != NULL;
                assert_true(!more || count == limit);
                if (more) {
                    snprintf(query, sizeof query, "&after=%s", world_text(world, "next"));
                }
            }
            assert_int_equal(at, 7);
        }
    }
}

static void a_page_goes_on_though_the_offer_it_ended_at_is_gone(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    char ids[3][OFFER_ID_SIZE];
    world_register(world, &alice);
    for (int i = 0; i < 3; i++) {
        world->host.now++;
        world_publish(world, &alice, ids[2 - i], "{\"sdp\":\"o\"}");
    }
    world_get_as(world, &alice, "/offers/mine?limit=1");
    assert_string_equal(world_text_in(world, "offers", 0, "id"), ids[0]);
    char next[128];
    snprintf(next, sizeof next, "%s", world_text(world, "next"));
    assert_int_equal(world_delete_as(world, &alice, "/offers/%s", ids[0]), 200);
    world->host.now++;
    world_publish(world, &alice, NULL, "{\"sdp\":\"newer\"}");
    for (int open = 0; open < 2; open++) {
        world_get_as(world, &alice, "/%s%s/%s?after=%s", open ? "peers/" : "offers",
                     open ? alice.id : "", open ? "offers" : "mine", next);
        assert_int_equal(world_count(world, "offers"), 2);
        assert_string_equal(world_text_in(world, "offers", 0, "id"), ids[1]);
        assert_string_equal(world_text_in(world, "offers", 1, "id"), ids[2]);
    }
}

static void an_answer_ends_before_it_is_too_large_and_goes_on(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    const char *sdp = world_repeat(world, "x", 65536);
    enum { OFFERS = 180, PAGES = 12 }; /* more than all memory that a request has */
    for (int i = 0; i < OFFERS; i++) {
        world->host.now++;
        world_publish(world, &alice, NULL, "{\"sdp\":\"%s\",\"topics\":[\"t\"]}", sdp);
    }
    const char *targets[] = {"/offers/mine?limit=200", NULL};
    char of[64];
    snprintf(of, sizeof of, "/peers/%s/offers?limit=200", alice.id);
    targets[1] = of;
    for (int i = 0; i < 2; i++) {
        char query[128] = "";
        int seen = 0, pages = 0;
        for (bool more = true; more; pages++) {
            assert_int_equal(world_get_as(world, &alice, "%s%s", targets[i], query), 200);
            assert_in_range(strlen(world->result.body), 1, 1100000);
            seen += world_count(world, "offers");
            more = cJSON_GetObjectItem(world->json, "next") != NULL;
            if (more) {
                assert_in_range(strlen(world->result.body), 900000, 1100000);
                snprintf(query, sizeof query, "&after=%s", world_text(world, "next"));
            }
        }
        assert_int_equal(seen, OFFERS);
        assert_int_equal(pages, PAGES);
    }
}

static void what_is_no_page_is_400(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    static const struct {
        const char *query;
        int status;
        const char *name;
    } rows[] = {
        {"limit=1", 200, ""},
        {"limit=200", 200, ""},
        {"limit=201", 200, ""},
        {"limit=", 200, ""},
        {"limit=0", 400, "limit"},
        {"limit=-1", 400, "limit"},
        {"limit=x", 400, "limit"},
        {"limit=1.5", 400, "limit"},
        {"after=", 200, ""},
        {"after=x", 400, "after"},
        {"after=%ff", 400, "after"},
        {"after=00000000000000000000000000000000000000000000000000", 200, ""},
        {"after=0000000000000000000000000000000000000000000000000", 400, "after"},
        {"after=000000000000000000000000000000000000000000000000000", 400, "after"},
        {"after=0000000000000000000000000000000000000000000000000g", 400, "after"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int open = 0; open < 2; open++) {
            world_get_as(world, &alice, "/%s%s/%s?%s", open ? "peers/" : "offers",
                         open ? alice.id : "", open ? "offers" : "mine", rows[i].query);
            if (world->result.status != rows[i].status) {
                fail_msg("%s: %d", rows[i].query, world->result.status);
            }
            if (rows[i].status == 400) {
                assert_non_null(strstr(world_text(world, "error"), rows[i].name));
            }
        }
    }
}

/* -- Taking back --------------------------------------------------------------- */

static void an_offer_that_is_taken_back_is_in_no_list_any_more(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char ids[3][OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, NULL,
                  "{\"sdp\":\"a\",\"topics\":[\"t\",\"u\"]},{\"sdp\":\"b\",\"topics\":[\"t\"]},"
                  "{\"sdp\":\"c\",\"topics\":[\"t\",\"u\"]}");
    for (int i = 0; i < 3; i++) {
        snprintf(ids[i], sizeof ids[i], "%s", world_text_in(world, "offers", i, "id"));
    }
    world_delete_as(world, &alice, "/offers/%s", ids[0]);
    assert_answer(world, 200, "{\"deleted\":true,\"success\":true}");
    assert_int_equal(total(world, "t"), 2);
    assert_int_equal(total(world, "u"), 1);
    assert_string_equal(world_text_in(world, "offers", 0, "id"), ids[2]);
    assert_int_equal(count_mine(world, &alice), 2);
    assert_int_equal(count_of(world, &alice), 2);
    assert_int_equal(world_answer(world, &bob, ids[0]), 404);
    assert_int_equal(world_get_as(world, &alice, "/offers/%s/ice-candidates", ids[0]), 404);
    world_delete_as(world, &alice, "/offers/%s", ids[0]);
    assert_error(world, 404, NO_OFFER);
    if (world_atomic(world)) {
        bool sharded = world->store.storage.methods->sharded; /* then topics say it too */
        assert_int_equal(world_keys(world, "e74301a97ff"), 2 * 2 + 3 + (sharded ? 3 : 0));
    }
    assert_int_equal(world_delete_as(world, &alice, "/offers/%s", ids[1]), 200);
    assert_int_equal(world_delete_as(world, &alice, "/offers/%s", ids[2]), 200);
    assert_int_equal(total(world, "t") + total(world, "u"), 0);
    if (world_atomic(world)) {
        assert_int_equal(memory_count(world->memory), 0);
    }
}

static void an_answered_offer_can_be_taken_back_with_its_answer_and_candidates(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob, eve;
    char id[OFFER_ID_SIZE], other[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_register(world, &eve);
    world_publish(world, &alice, id, "{\"sdp\":\"a\",\"topics\":[\"t\"]},{\"sdp\":\"b\"}");
    snprintf(other, sizeof other, "%s", world_text_in(world, "offers", 1, "id"));
    assert_int_equal(world_answer(world, &bob, id), 200);
    assert_int_equal(world_answer(world, &bob, other), 200);
    assert_int_equal(world_trickle(world, &bob, id, "1"), 200);
    assert_int_equal(world_trickle(world, &alice, id, "1"), 200);
    world_delete_as(world, &bob, "/offers/%s", id);
    assert_error(world, 404, NO_OFFER);
    assert_int_equal(world_delete_as(world, &alice, "/offers/%s", id), 200);
    assert_int_equal(world_get_as(world, &alice, "/offers/%s/ice-candidates", id), 404);
    assert_int_equal(world_get_as(world, &bob, "/offers/%s/ice-candidates", id), 404);
    assert_int_equal(world_get_as(world, &eve, "/offers/%s/ice-candidates", id), 404);
    assert_int_equal(world_trickle(world, &bob, id, "1"), 404);
    assert_int_equal(world_answer(world, &eve, id), 404);
    world_delete_as(world, &alice, "/offers/%s", id);
    assert_error(world, 404, NO_OFFER);
    assert_int_equal(count_mine(world, &alice), 1);
    assert_string_equal(world_text_in(world, "offers", 0, "id"), other);
    world_get_as(world, &alice, "/offers/answers");
    assert_int_equal(world_count(world, "answers"), 1);
    assert_string_equal(world_text_in(world, "answers", 0, "offerId"), other);
    if (world_atomic(world)) { /* of the one that is left */
        assert_int_equal(world_keys(world, "/answer/"), 1);
        assert_int_equal(world_keys(world, "/said/"), 1);
        assert_int_equal(world_keys(world, "/offer/"), 1);
    }
}

static void only_its_peer_takes_an_offer_back(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char id[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, id, "{\"sdp\":\"a\",\"topics\":[\"t\"]}");
    char *before = world_dump(world);
    world_delete_as(world, &bob, "/offers/%s", id);
    assert_error(world, 404, NO_OFFER);
    world_delete_as(world, NULL, "/offers/%s", id);
    assert_error(world, 401, "Missing Authorization header");
    char unknown[OFFER_ID_SIZE];
    memcpy(unknown, id, sizeof unknown);
    unknown[63] = unknown[63] == '0' ? '1' : '0';
    const char *ids[] = {unknown, "x", "", alice.id};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        world->store.calls = 0;
        world_delete_as(world, &alice, "/offers/%s", ids[i]);
        assert_error(world, 404, NO_OFFER);
        assert_int_equal(world->store.calls, 0); /* a made-up id costs no look */
    }
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(offers_are_answered_for_in_their_order),
        world_tests(every_member_of_an_offer_is_at_most_its_limit),
        world_test(an_sdp_is_counted_in_bytes),
        world_tests(an_offer_has_at_most_50_topics),
        world_tests(a_request_has_1_to_100_offers_unless_it_is_set_otherwise),
        world_tests(what_is_no_offer_is_400_and_of_many_none_is_taken),
        world_test(the_first_wrong_member_in_order_is_said),
        world_tests(a_ttl_is_clamped_and_floored),
        world_tests(topics_given_twice_count_once_at_their_first_place),
        world_tests(an_empty_secret_is_none_and_an_empty_info_is_one),
        world_tests(what_an_offer_says_comes_back_as_it_was_sent),
        world_tests(a_peer_has_so_many_open_offers_and_one_more_when_one_is_over),
        world_tests(a_peer_has_1000_open_offers_and_sees_all_of_them),
        world_tests(each_offer_of_a_request_is_over_at_its_own_ms_everywhere),
        world_tests(an_answered_offer_and_all_that_belongs_to_it_is_over_with_it),
        world_tests(ones_own_offers_come_newest_first_with_all_that_is_known),
        world_test_eventual(an_offer_is_shown_once_whatever_has_arrived_of_its_answer),
        world_tests(a_peers_open_offers_are_shown_to_anyone_without_its_secrets),
        world_tests(a_peer_that_is_not_known_has_no_offers_and_no_peer_id_is_400),
        world_tests(lists_of_offers_go_on_where_they_ended),
        world_tests(a_page_goes_on_though_the_offer_it_ended_at_is_gone),
        world_tests(an_answer_ends_before_it_is_too_large_and_goes_on),
        world_tests(what_is_no_page_is_400),
        world_tests(an_offer_that_is_taken_back_is_in_no_list_any_more),
        world_tests(an_answered_offer_can_be_taken_back_with_its_answer_and_candidates),
        world_tests(only_its_peer_takes_an_offer_back),
    };
    return cmocka_run_group_tests_name("offers", tests, NULL, NULL);
}
