/* Discovery: what a topic holds, a page at a time, on both kinds of store. Where the store is
 * eventual offers of requests with many topics are kept in the wide lists, and found like others.
 */
#include "base64.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static int find(struct world *world, const char *topic, const char *query) {
    assert_int_equal(world_get_as(world, NULL, "/offers/by-topic/%s%s", topic, query), 200);
    assert_int_equal(world_number(world, "returned"), world_count(world, "offers"));
    return world_count(world, "offers");
}

static int64_t total(struct world *world, const char *topic) {
    find(world, topic, "");
    return world_number(world, "total");
}

/* The query for the page that follows, in `query`; false where there is none. */
static bool next_page(const struct world *world, const char *start, char query[256]) {
    const cJSON *next = cJSON_GetObjectItem(world->json, "next");
    if (next != NULL) {
        snprintf(query, 256, "%s&after=%s", start, next->valuestring);
    }
    return next != NULL;
}

/* `count` offers with those topics, the elements of an array. */
static void publish_many(struct world *world, const struct world_peer *peer, size_t count,
                         const char *topics) {
    char offer[256];
    snprintf(offer, sizeof offer, ",{\"sdp\":\"o\",\"topics\":[%s]}", topics);
    char *offers = calloc(count, strlen(offer) + 1);
    for (size_t i = 0; i < count; i++) {
        strcat(offers + i * strlen(offer), offer);
    }
    world->host.now++;
    world_publish(world, peer, NULL, "%s", offers + 1);
    free(offers);
}

/* -- What is shown ------------------------------------------------------------- */

static void an_offer_is_shown_with_all_but_its_secret(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    char id[OFFER_ID_SIZE], wanted[1024];
    world_register(world, &alice);
    world_publish(world, &alice, id,
                  "{\"sdp\":\"o\",\"topics\":[\"t\",\"u\"],\"secret\":\"s\",\"info\":\"i\","
                  "\"ttl\":61000},{\"sdp\":\"p\",\"topics\":[\"u\"]}");
    world->host.now += 5;
    find(world, "t", "");
    snprintf(wanted, sizeof wanted,
             "{\"topic\":\"t\",\"offers\":[{\"id\":\"%s\",\"peerId\":\"%s\",\"sdp\":\"o\","
             "\"topics\":[\"t\",\"u\"],\"expiresAt\":1700000061000,\"lastSeen\":1700000000000,"
             "\"hasSecret\":true,\"info\":\"i\"}],\"total\":1,\"returned\":1}",
             id, alice.id);
    assert_answer(world, 200, wanted);
    assert_int_equal(find(world, "u", ""), 2);
    find(world, "v", "");
    assert_answer(world, 200, "{\"topic\":\"v\",\"offers\":[],\"total\":0,\"returned\":0}");
}

static void a_topic_is_a_text_of_1_to_256_characters(void **state) {
    struct world *world = as_world(state);
    const char *longest = world_repeat(world, "%F0%9F%98%80", 256);
    assert_int_equal(find(world, longest, ""), 0);
    world_get_as(world, NULL, "/offers/by-topic/%sx", longest);
    assert_error(world, 400, "topic must be a text of 1 to 256 characters");
    world_get(world, "/offers/by-topic/");
    assert_error(world, 400, "topic must be a text of 1 to 256 characters");
    assert_int_equal(world_get(world, "/offers/by-topic/%ff"), 400);
}

static void peers_come_in_the_order_of_their_ids_and_a_peers_newest_offer_first(void **state) {
    struct world *world = as_world(state);
    struct world_peer peers[3];
    for (int i = 0; i < 3; i++) { /* the one that registers last has the lowest id */
        world->host.random = (uint64_t)(3 - i) << 60;
        world_register(world, &peers[i]);
    }
    char ids[9][OFFER_ID_SIZE];
    for (int i = 0; i < 3; i++) { /* each publishes one, then two in one request */
        for (int round = 0; round < 2; round++) {
            world->host.now++;
            world_publish(world, &peers[i], ids[3 * (2 - i) + (round == 0 ? 2 : 0)],
                          round == 0 ? "{\"sdp\":\"o\",\"topics\":[\"t\"]}"
                                     : "{\"sdp\":\"o\",\"topics\":[\"t\"]},"
                                       "{\"sdp\":\"p\",\"topics\":[\"x\",\"t\"]}");
            if (round == 1) {
                snprintf(ids[3 * (2 - i) + 1], OFFER_ID_SIZE, "%s",
                         world_text_in(world, "offers", 1, "id"));
            }
        }
    }
    assert_int_equal(find(world, "t", ""), 9);
    for (int i = 0; i < 9; i++) {
        assert_string_equal(world_text_in(world, "offers", i, "id"), ids[i]);
    }
    for (int limit = 1; limit < 10; limit++) {
        char start[32], query[256];
        snprintf(start, sizeof start, "?limit=%d", limit);
        snprintf(query, sizeof query, "%s", start);
        int at = 0;
        do {
            int count = find(world, "t", query);
            assert_in_range(count, 1, limit);
            assert_int_equal(world_number(world, "total"), 9);
            for (int i = 0; i < count; i++) {
                assert_string_equal(world_text_in(world, "offers", i, "id"), ids[at++]);
            }
        } while (next_page(world, start, query));
        assert_int_equal(at, 9);
    }
}

static void topics_that_look_alike_are_told_apart(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    static const struct {
        const char *json, *path;
    } topics[] = {
        {"a", "a"},      {"a ", "a%20"},        {"a b", "a%20b"},
        {"a!", "a!"},    {"a!20", "a!20"},      {"A", "A"},
        {"ab", "ab"},    {"a/b", "a%2Fb"},      {"a+b", "a+b"},
        {" ", "%20"},    {"\\n", "%0A"},        {"\\\"", "%22"},
        {"\\\\", "%5C"}, {"\\u00e9", "%C3%A9"}, {"e\\u0301", "e%CC%81"},
    };
    enum { TOPICS = sizeof topics / sizeof topics[0] };
    for (int i = 0; i < TOPICS; i++) {
        for (int j = 0; j <= i; j++) {
            world_publish(world, &alice, NULL, "{\"sdp\":\"%d\",\"topics\":[\"%s\"]}", i,
                          topics[i].json);
        }
    }
    for (int i = 0; i < TOPICS; i++) {
        assert_int_equal(find(world, topics[i].path, ""), i + 1);
        assert_int_equal(world_number(world, "total"), i + 1);
        assert_int_equal(atoi(world_text_in(world, "offers", 0, "sdp")), i);
    }
}

/* Topics of 256 characters of 4 bytes, of which keys hold the first 100. */
static void long_topics_that_differ_late_stay_apart(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    const char *start = world_repeat(world, "\xF0\x9F\x98\x80", 255);
    const char *path = world_repeat(world, "%F0%9F%98%80", 255);
    enum { TOPICS = 40 };
    for (int i = 0; i < TOPICS; i++) { /* some alone, some with 20 others */
        char *topics = calloc(1, 25000);
        size_t len = (size_t)sprintf(topics, "\"%s%c\"", start, '0' + i);
        for (int j = 0; i % 2 == 1 && j < 20; j++) {
            len += (size_t)sprintf(topics + len, ",\"%s%c\"", start, '0' + (i + 1 + j) % TOPICS);
        }
        world->host.now++;
        world_publish(world, &alice, NULL, "{\"sdp\":\"%d\",\"topics\":[%s]}", i, topics);
        free(topics);
    }
    char topic[4096];
    for (int i = 0; i < TOPICS; i++) {
        snprintf(topic, sizeof topic, "%s%%%02x", path, '0' + i);
        int wanted = 1;
        for (int j = 1; j < TOPICS; j += 2) {
            int distance = (i - j + TOPICS) % TOPICS;
            wanted += distance >= 1 && distance <= 20;
        }
        assert_int_equal(find(world, topic, ""), wanted);
        assert_int_equal(world_number(world, "total"), wanted);
    }
    snprintf(topic, sizeof topic, "%s", path);
    assert_int_equal(find(world, topic, ""), 0);
}

/* -- Pages --------------------------------------------------------------------- */

static uint64_t seed;

static int draw(int below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((seed >> 33) % (uint64_t)below);
}

enum { OFFERS_MAX = 400, PEERS = 8 };

/* Offers of a topic, and whether each has been there, and seen, since the first page. */
struct crowd {
    struct world_peer peers[PEERS], answerer;
    struct {
        char id[OFFER_ID_SIZE];
        bool there, stays;
        int seen;
    } offers[OFFERS_MAX];
    int count;
};

/* A request of one to three offers; some have so many topics that they are kept in wide lists. */
static void crowd_publish(struct world *world, struct crowd *crowd, bool stays) {
    char offers[4096];
    int count = 1 + draw(3);
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len +=
            (size_t)sprintf(offers + len, "%s{\"sdp\":\"o\",\"topics\":[\"t\"", i == 0 ? "" : ",");
        for (int j = draw(3) == 0 ? 20 : 0; j > 0; j--) {
            len += (size_t)sprintf(offers + len, ",\"other%d\"", j);
        }
        len += (size_t)sprintf(offers + len, "]}");
    }
    world->host.now += draw(2);
    world_publish(world, &crowd->peers[draw(PEERS)], NULL, "%s", offers);
    for (int i = 0; i < count; i++) {
        snprintf(crowd->offers[crowd->count].id, OFFER_ID_SIZE, "%s",
                 world_text_in(world, "offers", i, "id"));
        crowd->offers[crowd->count].there = true;
        crowd->offers[crowd->count++].stays = stays;
    }
}

static void crowd_take(struct world *world, struct crowd *crowd) {
    int i = draw(crowd->count);
    if (!crowd->offers[i].there) {
        return;
    }
    if (draw(2) == 0) {
        assert_int_equal(world_answer(world, &crowd->answerer, crowd->offers[i].id), 200);
    } else {
        int owner = 0;
        while (strncmp(crowd->peers[owner].id, crowd->offers[i].id, 32) != 0) {
            owner++;
        }
        assert_int_equal(
            world_delete_as(world, &crowd->peers[owner], "/offers/%s", crowd->offers[i].id), 200);
    }
    crowd->offers[i].there = crowd->offers[i].stays = false;
}

static void crowd_see(struct world *world, struct crowd *crowd, int page) {
    for (int i = 0; i < page; i++) {
        const char *id = world_text_in(world, "offers", i, "id");
        int at = 0;
        while (at < crowd->count && strcmp(crowd->offers[at].id, id) != 0) {
            at++;
        }
        assert_true(at < crowd->count && crowd->offers[at].there);
        crowd->offers[at].seen++;
    }
}

static int crowd_total(const struct crowd *crowd) {
    int count = 0;
    for (int i = 0; i < crowd->count; i++) {
        count += crowd->offers[i].there;
    }
    return count;
}

static void no_offer_is_lost_or_shown_twice_while_others_come_and_go(void **state) {
    struct world *world = as_world(state);
    struct crowd *crowd = calloc(1, sizeof *crowd);
    world_register(world, &crowd->answerer);
    for (int i = 0; i < PEERS; i++) {
        world->host.random = (uint64_t)(i + 1) * UINT64_C(0x1F00000000000000);
        world_register(world, &crowd->peers[i]);
    }
    for (int round = 0; round < 8; round++) {
        seed = (uint64_t)round + 1;
        world->host.now += 86400000;
        crowd->count = 0;
        memset(crowd->offers, 0, sizeof crowd->offers);
        for (int i = 0; i < 20; i++) {
            crowd_publish(world, crowd, true);
        }
        char start[32], query[256];
        snprintf(start, sizeof start, "?limit=%d", 1 + draw(9));
        snprintf(query, sizeof query, "%s", start);
        for (bool more = true; more;) {
            int page = find(world, "t", query);
            assert_int_equal(world_number(world, "total"), crowd_total(crowd));
            crowd_see(world, crowd, page);
            more = next_page(world, start, query);
            for (int i = draw(4); i > 0; i--) {
                crowd_take(world, crowd);
            }
            if (crowd->count < OFFERS_MAX - 200) {
                crowd_publish(world, crowd, false);
            }
        }
        for (int i = 0; i < crowd->count; i++) {
            assert_true(crowd->offers[i].seen <= 1);
            assert_true(crowd->offers[i].seen == 1 || !crowd->offers[i].stays);
        }
    }
    free(crowd);
}

static void a_page_has_50_offers_unless_it_is_asked_for_1_to_200(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    world_register(world, &alice);
    world_register(world, &bob);
    publish_many(world, &alice, 100, "\"t\"");
    publish_many(world, &bob, 100, "\"t\"");
    publish_many(world, &alice, 1, "\"t\"");
    static const struct {
        const char *query;
        int count;
    } rows[] = {{"", 50},
                {"?limit=", 50},
                {"?limit=1", 1},
                {"?limit=200", 200},
                {"?limit=201", 200},
                {"?limit=99999999999999999999", 200}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(find(world, "t", rows[i].query), rows[i].count);
        assert_int_equal(world_number(world, "total"), 201);
        assert_non_null(cJSON_GetObjectItem(world->json, "next"));
    }
    static const char *const bad[] = {
        "limit=0",
        "limit=x",
        "limit=-1",
        "after=x",
        "after=0000000000000000000000000000000000000000000000000g00",
        "after=00000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(world_get_as(world, NULL, "/offers/by-topic/t?%s", bad[i]), 400);
        char name[8];
        snprintf(name, sizeof name, "%.5s", bad[i]);
        assert_non_null(strstr(world_text(world, "error"), name));
    }
}

static void an_answer_ends_before_it_is_too_large_and_goes_on(void **state) {
    struct world *world = as_world(state);
    struct world_peer peers[4];
    const char *sdp = world_repeat(world, "x", 65536);
    for (int i = 0; i < 40; i++) {
        if (i < 4) {
            world_register(world, &peers[i]);
        }
        world_publish(world, &peers[i % 4], NULL, "{\"sdp\":\"%s\",\"topics\":[\"t\"]}", sdp);
    }
    char query[256] = "?limit=200", last[OFFER_ID_SIZE] = "";
    int seen = 0, pages = 0;
    do {
        int count = find(world, "t", query);
        assert_in_range(strlen(world->result.body), 500000, 1100000);
        assert_int_equal(world_number(world, "total"), 40);
        seen += count;
        pages++;
        assert_true(strcmp(last, world_text_in(world, "offers", 0, "id")) < 0);
        snprintf(last, sizeof last, "%s", world_text_in(world, "offers", count - 1, "id"));
    } while (next_page(world, "?limit=200", query));
    assert_int_equal(seen, 40);
    assert_int_equal(pages, 3);
}

static void total_is_exact_up_to_10000(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    world->host.settings[MAX_OFFERS_PER_PEER] = "10000";
    for (int i = 0; i < 100; i++) {
        if (i == 99) {
            publish_many(world, &alice, 99, "\"t\"");
            assert_int_equal(total(world, "t"), 9999);
            publish_many(world, &alice, 1, "\"t\"");
        } else {
            publish_many(world, &alice, 100, "\"t\"");
        }
    }
    assert_int_equal(total(world, "t"), 10000);
    world_register(world, &alice);
    publish_many(world, &alice, 2, "\"t\"");
    assert_int_equal(total(world, "t"), 10000);
    assert_int_equal(find(world, "t", "?limit=200"), 200);
}

static void a_page_costs_what_the_page_costs_where_the_store_is_atomic(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    for (int i = 0; i < 5; i++) {
        publish_many(world, &alice, 100, "\"t\"");
    }
    char query[256] = "?limit=3";
    for (int page = 0; page < 100; page++) {
        world->store.calls = 0;
        assert_int_equal(find(world, "t", query), 3);
        assert_in_range(world->store.calls, 3, 4); /* lists, a count, a read */
        assert_in_range(world->host.arena.used, 1, 40000);
        assert_true(next_page(world, "?limit=3", query));
    }
}

/* As a place may be late to show what an offer says. */
static void an_offer_whose_contents_are_not_there_yet_is_passed_over(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    char id[OFFER_ID_SIZE], query[256] = "?limit=1";
    world_register(world, &alice);
    publish_many(world, &alice, 1, "\"t\"");
    world->host.keep_edits = true;
    world->host.now++;
    world_publish(world, &alice, id, "{\"sdp\":\"late\",\"topics\":[\"t\"]}");
    size_t count;
    struct edit *edits = world_edits(world, &count);
    world->host.keep_edits = false;
    world_apply(world, edits + 1, count - 1);
    assert_int_equal(find(world, "t", ""), 1);
    assert_int_equal(world_number(world, "total"), 2);
    assert_null(cJSON_GetObjectItem(world->json, "next"));
    assert_int_equal(find(world, "t", query), 0);
    assert_true(next_page(world, "?limit=1", query));
    assert_int_equal(find(world, "t", query), 1);
    world_get_as(world, NULL, "/peers/%s/offers", alice.id);
    assert_int_equal(world_count(world, "offers"), 1);
    world_get_as(world, &alice, "/offers/mine");
    assert_int_equal(world_count(world, "offers"), 1);
    world_apply_one(world, &edits[0]);
    assert_int_equal(find(world, "t", ""), 2);
    assert_string_equal(world_text_in(world, "offers", 0, "id"), id);
}

/* -- Bloom filters ------------------------------------------------------------- */

enum { BITS = 8 * 512 };

static void bloom_add(unsigned char *bits, const char *id) {
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t hash = 2166136261u ^ i;
        for (const char *p = id; *p != '\0'; p++) {
            hash = (hash ^ (unsigned char)*p) * 16777619u;
        }
        bits[hash % BITS / 8] |= (unsigned char)(1u << hash % BITS % 8);
    }
}

static const char *bloom_query(struct world *world, const unsigned char *bits, size_t bytes) {
    static char query[16384];
    struct request *request = world_request(world);
    struct text coded = base64_encode(request->arena, (struct text){(const char *)bits, bytes});
    size_t len = (size_t)sprintf(query, "?limit=200&bloom=");
    for (size_t i = 0; i < coded.len; i++) { /* as it is in a URL */
        len += (size_t)sprintf(
            query + len, coded.at[i] == '+' || coded.at[i] == '=' ? "%%%02X" : "%c", coded.at[i]);
    }
    return query;
}

static void offers_of_peers_in_the_filter_are_left_out_but_counted(void **state) {
    struct world *world = as_world(state);
    struct world_peer peers[6];
    unsigned char bits[BITS / 8] = {0};
    for (int i = 0; i < 6; i++) {
        world_register(world, &peers[i]);
        publish_many(world, &peers[i], 2, "\"t\"");
    }
    assert_int_equal(find(world, "t", bloom_query(world, bits, sizeof bits)), 12);
    bloom_add(bits, peers[1].id);
    bloom_add(bits, peers[4].id);
    assert_int_equal(find(world, "t", bloom_query(world, bits, sizeof bits)), 8);
    assert_int_equal(world_number(world, "total"), 12);
    assert_null(cJSON_GetObjectItem(world->json, "next"));
    for (int i = 0; i < 8; i++) {
        const char *peer = world_text_in(world, "offers", i, "peerId");
        assert_string_not_equal(peer, peers[1].id);
        assert_string_not_equal(peer, peers[4].id);
    }
    memset(bits, 0xFF, sizeof bits);
    assert_int_equal(find(world, "t", bloom_query(world, bits, sizeof bits)), 0);
    assert_int_equal(world_number(world, "total"), 12);
}

static void pages_go_on_past_what_the_filter_leaves_out(void **state) {
    struct world *world = as_world(state);
    struct world_peer peers[6];
    unsigned char bits[BITS / 8] = {0};
    for (int i = 0; i < 6; i++) {
        world_register(world, &peers[i]);
        publish_many(world, &peers[i], 2, "\"t\"");
        if (i % 2 == 0) {
            bloom_add(bits, peers[i].id);
        }
    }
    char *bloom = calloc(1, 20000), *query = calloc(1, 20000);
    strcpy(bloom, strchr(bloom_query(world, bits, sizeof bits), '&'));
    sprintf(query, "?limit=1%s", bloom);
    int seen = 0;
    for (;;) {
        assert_in_range(find(world, "t", query), 0, 1);
        if (world_count(world, "offers") == 1) {
            assert_string_equal(world_text_in(world, "offers", 0, "peerId"),
                                peers[1 + 2 * (seen++ / 2)].id);
        }
        const cJSON *next = cJSON_GetObjectItem(world->json, "next");
        if (next == NULL) {
            break;
        }
        sprintf(query, "?limit=1&after=%s%s", next->valuestring, bloom);
    }
    assert_int_equal(seen, 6);
    free(bloom);
    free(query);
}

static void a_filter_is_base64_of_1_to_8192_bytes(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    publish_many(world, &alice, 1, "\"t\"");
    static const struct {
        const char *bloom;
        int shown; /* -1: 400 */
    } rows[] = {
        {"AA==", 1},
        {"AA", 1},
        {"AA%3D%3D", 1},
        {"/w==", 0},
        {"%2Fw", 0},
        {"_w", 0},
        {"++++", 0 /* FB EF BE: decided below */},
        {"", -1},
        {"A", -1},
        {"AA=", -1},
        {"AA*A", -1},
        {"=", -1},
        {"%00", -1},
        {"%ff", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_get_as(world, NULL, "/offers/by-topic/t?bloom=%s", rows[i].bloom);
        if (strchr(rows[i].bloom, '+') != NULL) {
            assert_int_equal(world->result.status, 200);
        } else if (rows[i].shown < 0) {
            assert_error(world, 400, "Invalid bloom filter format");
        } else {
            assert_int_equal(world->result.status, 200);
            assert_int_equal(world_number(world, "returned"), rows[i].shown);
            assert_int_equal(world_number(world, "total"), 1);
        }
    }
    assert_int_equal(world_get(world, "/offers/by-topic/t?bloom"), 400);
    const char *zeros = world_repeat(world, "A", 10923); /* 8192 bytes */
    world_get_as(world, NULL, "/offers/by-topic/t?bloom=%s", zeros);
    assert_int_equal(world->result.status, 200);
    assert_int_equal(world_number(world, "returned"), 1);
    world_get_as(world, NULL, "/offers/by-topic/t?bloom=%sA", zeros); /* 8193 */
    assert_int_equal(world->result.status, 400);
    assert_int_equal(strncmp(world_text(world, "error"), "bloom ", 6), 0);
}

static void a_request_passes_over_2000_offers_and_then_says_where_to_go_on(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, zoe;
    world->host.random = 0;
    world_register(world, &alice);
    world->host.random = UINT64_MAX;
    world_register(world, &zoe);
    world->host.random = 0;
    world->host.settings[MAX_OFFERS_PER_PEER] = "10000";
    unsigned char bits[BITS / 8] = {0};
    bloom_add(bits, alice.id);
    for (int i = 0; i < 20; i++) {
        publish_many(world, &alice, 100, "\"t\"");
    }
    char *query = calloc(1, 20000), *bloom = calloc(1, 20000);
    strcpy(bloom, bloom_query(world, bits, sizeof bits));
    assert_int_equal(find(world, "t", bloom), 0);
    assert_null(cJSON_GetObjectItem(world->json, "next"));
    publish_many(world, &zoe, 1, "\"t\"");
    assert_int_equal(find(world, "t", bloom), 1); /* just behind them */
    publish_many(world, &alice, 1, "\"t\"");
    assert_int_equal(find(world, "t", bloom), 0);
    assert_int_equal(world_number(world, "total"), 2002);
    sprintf(query, "%s&after=%s", bloom, world_text(world, "next"));
    assert_int_equal(find(world, "t", query), 1);
    assert_string_equal(world_text_in(world, "offers", 0, "peerId"), zoe.id);
    assert_int_equal(world_number(world, "total"), 2002);
    assert_null(cJSON_GetObjectItem(world->json, "next"));
    free(query);
    free(bloom);
}

/* -- Many topics --------------------------------------------------------------- */

/* Elements of an array of topics, from "t<first>" on. */
static const char *topics_from(int first, int count) {
    static char topics[1024];
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += (size_t)sprintf(topics + len, "%s\"t%d\"", i == 0 ? "" : ",", first + i);
    }
    return topics;
}

static void a_request_of_many_topics_writes_at_most_16_entries_for_them(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char id[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, NULL, "{\"sdp\":\"o\",\"topics\":[%s]}", topics_from(0, 16));
    assert_int_equal(world_keys(world, "topics/offers/"), 16);
    assert_int_equal(world_keys(world, "topics/wide/"), 0);
    world->host.now += 60000;
    world_sweep(world);
    char second[1024];
    snprintf(second, sizeof second, "%s", topics_from(8, 32));
    world_publish(world, &alice, id,
                  "{\"sdp\":\"o\",\"topics\":[%s]},{\"sdp\":\"o\",\"topics\":[%s]}", second,
                  topics_from(0, 9)); /* 40, one of them twice */
    assert_int_equal(world_keys(world, "topics/offers/"), 0);
    assert_in_range(world_keys(world, "topics/wide/"), 8, 16);
    for (int i = 0; i < 40; i++) {
        char topic[16];
        snprintf(topic, sizeof topic, "t%d", i);
        assert_int_equal(find(world, topic, ""), i == 8 ? 2 : 1);
        assert_int_equal(world_number(world, "total"), i == 8 ? 2 : 1);
    }
    assert_int_equal(find(world, "t40", ""), 0);
    assert_int_equal(world_answer(world, &bob, id), 200);
    assert_in_range(world_keys(world, "topics/wide/"), 8, 2 * 16); /* nor to take it out */
}

static void a_request_may_have_as_many_topics_as_fit_into_it(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    const char *sdp = world_repeat(world, "x", 80);
    for (int bytes = 4; bytes <= 90; bytes += 86) {
        char *offers = calloc(100, 10000);
        size_t len = 0;
        for (int i = 0; i < 100; i++) {
            len += (size_t)sprintf(offers + len, "%s{\"sdp\":\"%s\",\"topics\":[",
                                   i == 0 ? "" : ",", sdp);
            for (int j = 0; j < 50; j++) {
                len += (size_t)sprintf(offers + len, "%s\"%0*d\"", j == 0 ? "" : ",", bytes,
                                       50 * i + j);
            }
            len += (size_t)sprintf(offers + len, "]}");
        }
        world->host.now += 60000;
        world_sweep(world);
        world_publish(world, &alice, NULL, "%s", offers);
        free(offers);
        if (!world_atomic(world)) {
            assert_int_equal(world_keys(world, "topics/wide/"), 16);
            assert_int_equal(memory_count(world->memory), 18); /* what they say, the peer's list */
        }
        for (int i = 0; i < 5000; i += 371) {
            char topic[256];
            snprintf(topic, sizeof topic, "%0*d", bytes, i);
            assert_int_equal(total(world, topic), 1);
        }
    }
}

static void an_offer_of_many_topics_is_taken_out_of_all_of_them_and_no_other_is(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char ids[3][OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    char second[1024];
    snprintf(second, sizeof second, "%s", topics_from(10, 40));
    world_publish(world, &alice, NULL,
                  "{\"sdp\":\"a\",\"topics\":[%s]},{\"sdp\":\"b\",\"topics\":[%s]},"
                  "{\"sdp\":\"c\",\"topics\":[\"t12\"]}",
                  topics_from(0, 40), second);
    for (int i = 0; i < 3; i++) {
        snprintf(ids[i], OFFER_ID_SIZE, "%s", world_text_in(world, "offers", i, "id"));
    }
    bool there[3] = {true, true, true};
    for (int step = 0; step < 4; step++) {
        for (int i = 0; i < 50; i++) {
            char topic[16];
            snprintf(topic, sizeof topic, "t%d", i);
            int wanted = (there[0] && i < 40) + (there[1] && i >= 10) + (there[2] && i == 12);
            assert_int_equal(find(world, topic, ""), wanted);
            assert_int_equal(world_number(world, "total"), wanted);
        }
        if (step == 0) {
            assert_int_equal(world_answer(world, &bob, ids[0]), 200);
        } else if (step == 1) {
            assert_int_equal(world_delete_as(world, &alice, "/offers/%s", ids[2]), 200);
        } else if (step == 2) {
            assert_int_equal(world_answer(world, &bob, ids[1]), 200);
        }
        there[step == 0 ? 0 : step == 1 ? 2 : 1] = false;
        there[1] = step < 2;
    }
    if (world_atomic(world)) {
        assert_int_equal(world_keys(world, "topics/"), 0);
    }
}

static void offers_of_few_topics_come_before_those_of_many(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, NULL, "{\"sdp\":\"wide\",\"topics\":[%s]}", topics_from(0, 20));
    world->host.now++;
    world_publish(world, &bob, NULL, "{\"sdp\":\"wide too\",\"topics\":[%s]}", topics_from(0, 20));
    world->host.now++;
    publish_many(world, &bob, 1, "\"t3\"");
    static const char *const order[] = {"o", "wide too", "wide"};
    for (int limit = 1; limit < 4; limit++) {
        char start[32], query[256];
        snprintf(start, sizeof start, "?limit=%d", limit);
        snprintf(query, sizeof query, "%s", start);
        int at = 0;
        do {
            int count = find(world, "t3", query);
            for (int i = 0; i < count; i++) {
                assert_string_equal(world_text_in(world, "offers", i, "sdp"), order[at++]);
            }
            assert_int_equal(world_number(world, "total"), 3);
        } while (next_page(world, start, query));
        assert_int_equal(at, 3);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(an_offer_is_shown_with_all_but_its_secret),
        world_tests(a_topic_is_a_text_of_1_to_256_characters),
        world_tests(peers_come_in_the_order_of_their_ids_and_a_peers_newest_offer_first),
        world_tests(topics_that_look_alike_are_told_apart),
        world_tests(long_topics_that_differ_late_stay_apart),
        world_tests(no_offer_is_lost_or_shown_twice_while_others_come_and_go),
        world_tests(a_page_has_50_offers_unless_it_is_asked_for_1_to_200),
        world_tests(an_answer_ends_before_it_is_too_large_and_goes_on),
        world_tests(total_is_exact_up_to_10000),
        world_test(a_page_costs_what_the_page_costs_where_the_store_is_atomic),
        world_test(an_offer_whose_contents_are_not_there_yet_is_passed_over),
        world_test_eventual(an_offer_whose_contents_are_not_there_yet_is_passed_over),
        world_tests(offers_of_peers_in_the_filter_are_left_out_but_counted),
        world_tests(pages_go_on_past_what_the_filter_leaves_out),
        world_tests(a_filter_is_base64_of_1_to_8192_bytes),
        world_tests(a_request_passes_over_2000_offers_and_then_says_where_to_go_on),
        world_test_eventual(a_request_of_many_topics_writes_at_most_16_entries_for_them),
        world_tests(a_request_may_have_as_many_topics_as_fit_into_it),
        world_tests(an_offer_of_many_topics_is_taken_out_of_all_of_them_and_no_other_is),
        world_test_eventual(offers_of_few_topics_come_before_those_of_many),
    };
    return cmocka_run_group_tests_name("discovery of offers", tests, NULL, NULL);
}
