/* Topics over whole requests: counting, paging and sorting. */
#include "session_facts.h"
#include "spread.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t LIFE = 300000;

/* Makes open sessions as POST /:topic/offer does, without counting those that are there. */
static void fill(struct world *world, const char *topic, const char *info, int count) {
    for (int i = 0; i < count; i++) {
        struct request *request = world_request(world);
        uint32_t hash = spread_root(request, text_of(topic));
        struct session_code code = session_code_make(hash, request->now, random_take(request, 8));
        struct text json = arena_format(request->arena, "\"%s\"", topic);
        struct text info_json = arena_format(request->arena, "\"%s\"", info);
        session_create(request, code, text_of(topic), json, info_json, TEXT("\"o\""));
        assert_true(storage_apply(&world->store.storage, request->edits));
    }
}

static const cJSON *topic_at(struct world *world, int i) {
    return cJSON_GetArrayItem(world_list(world, "topics"), i);
}

static const char *name_at(struct world *world, int i) {
    const cJSON *name = cJSON_GetObjectItem(topic_at(world, i), "topic");
    assert_true(cJSON_IsString(name));
    return name->valuestring;
}

static int64_t pagination(struct world *world, const char *name) {
    const cJSON *item = cJSON_GetObjectItem(cJSON_GetObjectItem(world->json, "pagination"), name);
    assert_non_null(item);
    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : (int64_t)item->valuedouble;
}

/* -- What is listed ------------------------------------------------------------ */

static void an_empty_directory_has_all_its_fields(void **state) {
    struct world *world = as_world(state);
    world_get(world, "/topics");
    assert_answer(
        world, 200,
        "{\"topics\":[],\"pagination\":{\"page\":1,\"limit\":100,\"total\":0,\"hasMore\":false},"
        "\"total\":0,\"limit\":100,\"offset\":0}");
}

static void the_root_says_who_answers(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    world_get(world, "/");
    assert_string_equal(world_text(world, "name"), "Rondevu");
    assert_string_equal(world_text(world, "version"), RONDEVU_VERSION);
    assert_true(strlen(world_text(world, "description")) > 0);
    assert_int_equal(world_number(world, "total"), 1);
    assert_string_equal(name_at(world, 0), "room");
}

static void a_browser_is_sent_to_the_page(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *accept;
        int status;
    } rows[] = {{NULL, 200},
                {"", 200},
                {"*/*", 200},
                {"application/json", 200},
                {"text/htm", 200},
                {"text/html", 302},
                {"text/html,application/xhtml+xml;q=0.9", 302},
                {"application/xml, text/html;q=0.8", 302}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world->host.headers[HEADER_ACCEPT] = rows[i].accept;
        assert_int_equal(world_get(world, "/"), rows[i].status);
        if (rows[i].status == 302) {
            assert_non_null(strstr(world->result.headers, "Location: /demo/\n"));
            assert_string_equal(world->result.body, "");
        }
        assert_int_equal(world_get(world, "/topics"), 200);
    }
}

static void topics_are_sorted_by_their_bytes(void **state) {
    struct world *world = as_world(state);
    static const char *const coded[] = {
        "b", "a", "a%20b",  "a%21",      "a!b",          "a%01", "a-b", "a%2Fb",
        "A", "~", "%C3%A9", "%EF%BF%BD", "%F0%9F%98%80", "aa",   "%7F", "%22"};
    static const char *const sorted[] = {
        "\"",  "A",  "a", "a\x01", "a b",  "a!",       "a!b",          "a-b",
        "a/b", "aa", "b", "~",     "\x7F", "\xC3\xA9", "\xEF\xBF\xBD", "\xF0\x9F\x98\x80"};
    enum { COUNT = sizeof sorted / sizeof sorted[0] };
    for (int i = 0; i < COUNT; i++) {
        world_offer(world, coded[i], "peer");
    }
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_string_equal(name_at(world, i), sorted[i]);
    }
}

static void peers_are_distinct_by_info_and_each_alone_without(void **state) {
    struct world *world = as_world(state);
    static const char *const infos[] = {"a", "b", "a", "", "", "a", "A", ""};
    for (size_t i = 0; i < sizeof infos / sizeof infos[0]; i++) {
        world_offer(world, "room", infos[i]);
    }
    world_post(world, "/room/offer", "{\"offer\":\"o\"}");
    world_post(world, "/room/offer", "{\"offer\":\"o\",\"peerId\":\"b\"}");
    world_get(world, "/topics");
    assert_non_null(
        strstr(world->result.body, "{\"topic\":\"room\",\"count\":10,\"activePeers\":7}"));
}

static void topics_with_no_open_session_are_not_listed(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "answered", "peer");
    world_post(world, "/answer", "{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"a\"}",
               world->code);
    world_offer(world, "withdrawn", "peer");
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s", world->code);
    world_send(world, "DELETE", target, NULL);
    world_offer(world, "expired", "peer");
    world->host.now = NOW + 1;
    world_offer(world, "open", "peer");
    world->host.now = NOW + LIFE;
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 1);
    assert_string_equal(name_at(world, 0), "open");
    world->host.now = NOW + LIFE + 1;
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 0);
}

static void topics_of_another_origin_are_not_counted(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    world_offer(world, "room", "peer");
    world_offer(world, "other", "peer");
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 2);
    assert_non_null(
        strstr(world->result.body, "{\"topic\":\"room\",\"count\":1,\"activePeers\":1}"));
    world->host.headers[HEADER_ORIGIN] = "https://app.example";
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 1);
}

static void long_topics_that_differ_late_are_counted_apart_and_in_order(void **state) {
    struct world *world = as_world(state);
    const char *start = world_repeat(world, "%F0%9F%98%80", 255);
    char topic[4096];
    for (int i = 0; i < 5; i++) {
        snprintf(topic, sizeof topic, "/%s%d/offer", start, i);
        for (int times = 0; times <= i; times++) {
            assert_int_equal(world_post(world, topic, "{\"offer\":\"o\"}"), 200);
        }
    }
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(cJSON_GetObjectItem(topic_at(world, i), "count")->valueint, i + 1);
    }
    snprintf(topic, sizeof topic, "/topics?startsWith=%s3", start);
    world_get(world, topic);
    assert_int_equal(world_number(world, "total"), 1);
    snprintf(topic, sizeof topic, "/%s3/sessions", start);
    world_get(world, topic);
    assert_int_equal(cJSON_GetArraySize(world_list(world, "sessions")), 4);
}

static void a_hundred_topics_that_differ_late_are_in_order(void **state) {
    struct world *world = as_world(state);
    const char *start = world_repeat(world, "%F0%9F%98%80", 240);
    char topic[4096];
    for (int i = 99; i >= 0; i--) {
        snprintf(topic, sizeof topic, "/%s%02d/offer", start, i);
        assert_int_equal(world_post(world, topic, "{\"offer\":\"%d\"}", i), 200);
    }
    for (int i = 0; i < 100; i++) {
        snprintf(topic, sizeof topic, "/topics?page=%d&limit=1", i + 1);
        assert_int_equal(world_get(world, topic), 200);
        const char *name = cJSON_GetObjectItem(topic_at(world, 0), "topic")->valuestring;
        assert_int_equal(atoi(name + strlen(name) - 2), i);
    }
    assert_int_equal(world_get(world, "/topics"), 200);
    assert_int_equal(world_number(world, "total"), 100);
}

/* -- Ranges -------------------------------------------------------------------- */

static void fill_names(struct world *world, int count) {
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%05d", i);
        fill(world, name, "", 1);
    }
}

static void pages_and_offsets_have_their_own_defaults(void **state) {
    struct world *world = as_world(state);
    fill_names(world, 250);
    static const struct {
        const char *query;
        int64_t page, limit, offset, count;
    } rows[] = {
        {"", 1, 100, 0, 100},
        {"?page=&limit=", 1, 100, 0, 100},
        {"?page=1", 1, 100, 0, 100},
        {"?page=3", 3, 100, 200, 50},
        {"?page=4", 4, 100, 300, 0},
        {"?limit=1", 1, 1, 0, 1},
        {"?limit=1000", 1, 1000, 0, 250},
        {"?limit=1001", 1, 1000, 0, 250},
        {"?page=2&limit=249", 2, 249, 249, 1},
        {"?page=250&limit=1", 250, 1, 249, 1},
        {"?page=99999999999999999999", INT32_MAX, 100, (INT32_MAX - (int64_t)1) * 100, 0},
        {"?offset=0", 1, 50, 0, 50},
        {"?offset=240", 5, 50, 240, 10},
        {"?offset=250", 6, 50, 250, 0},
        {"?offset=7&limit=200", 1, 200, 7, 200},
        {"?offset=0&limit=201", 1, 200, 0, 200},
        {"?offset=0&limit=1", 1, 1, 0, 1},
        {"?startsWith=t", 1, 50, 0, 50},
        {"?startsWith=t0000", 1, 50, 0, 10},
        {"?offset=", 1, 100, 0, 100},
        {"?startsWith=", 1, 100, 0, 100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[64];
        snprintf(target, sizeof target, "/topics%s", rows[i].query);
        assert_int_equal(world_get(world, target), 200);
        assert_int_equal(pagination(world, "page"), rows[i].page);
        assert_int_equal(pagination(world, "limit"), rows[i].limit);
        assert_int_equal(world_number(world, "limit"), rows[i].limit);
        assert_int_equal(world_number(world, "offset"), rows[i].offset);
        int count = cJSON_GetArraySize(world_list(world, "topics"));
        assert_int_equal(count, rows[i].count);
        int64_t total = world_number(world, "total");
        assert_int_equal(total, strstr(rows[i].query, "t0000") != NULL ? 10 : 250);
        assert_int_equal(pagination(world, "total"), total);
        assert_int_equal(pagination(world, "hasMore"), rows[i].offset + count < total);
        for (int j = 0; j < count; j++) {
            char name[16];
            snprintf(name, sizeof name, "t%05d", (int)rows[i].offset + j);
            assert_string_equal(name_at(world, j), name);
        }
    }
}

static void what_is_no_range_is_named(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *query, *name;
    } rows[] = {
        {"page=0", "page"},
        {"page=-1", "page"},
        {"page=1.5", "page"},
        {"page=one", "page"},
        {"page=%ff", "page"},
        {"page=1%00", "page"},
        {"limit=0", "limit"},
        {"limit=-1", "limit"},
        {"limit=ten", "limit"},
        {"limit=1e2", "limit"},
        {"offset=-1", "offset"},
        {"offset=x", "offset"},
        {"offset=%ff", "offset"},
        {"startsWith=%ff", "startsWith"},
        {"startsWith=%00", "startsWith"},
        {"offset=0&limit=0", "limit"},
        {"startsWith=a&page=0", "page"},
        {"page=0&limit=0", "page"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[64], sentence[128];
        snprintf(target, sizeof target, "/topics?%s", rows[i].query);
        world_get(world, target);
        snprintf(sentence, sizeof sentence,
                 "{\"error\":\"Missing or invalid required parameter: %s\"}", rows[i].name);
        assert_answer(world, 400, sentence);
        snprintf(target, sizeof target, "/?%s", rows[i].query);
        assert_int_equal(world_get(world, target), 400);
    }
}

static void startswith_matches_bytes_and_is_echoed(void **state) {
    struct world *world = as_world(state);
    static const char *const coded[] = {"a",      "ab", "a%20b", "a%22b", "a%0Ab",
                                        "%C3%A9", "A",  "b",     "a%21",  "a%01"};
    for (size_t i = 0; i < sizeof coded / sizeof coded[0]; i++) {
        world_offer(world, coded[i], "peer");
    }
    static const struct {
        const char *start, *echo;
        int total;
    } rows[] = {{"a", "a", 7},
                {"ab", "ab", 1},
                {"a%20", "a ", 1},
                {"a+", "a ", 1},
                {"a%22", "a\"", 1},
                {"a%0A", "a\n", 1},
                {"%C3%A9", "\xC3\xA9", 1},
                {"A", "A", 1},
                {"c", "c", 0},
                {"a%5C", "a\\", 0},
                {"!", "!", 0},
                {"a%21", "a!", 1},
                {"a!0", "a!0", 0},
                {"a%01", "a\x01", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[64];
        snprintf(target, sizeof target, "/topics?startsWith=%s", rows[i].start);
        assert_int_equal(world_get(world, target), 200);
        if (world_number(world, "total") != rows[i].total) {
            fail_msg("%s: %s", rows[i].start, world->result.body);
        }
        assert_string_equal(world_text(world, "startsWith"), rows[i].echo);
    }
    world_get(world, "/topics?offset=0");
    assert_null(strstr(world->result.body, "startsWith"));
}

/* -- Large directories --------------------------------------------------------- */

static void the_total_stops_at_ten_thousand(void **state) {
    struct world *world = as_world(state);
    fill_names(world, 12000);
    world_get(world, "/topics?limit=1000");
    assert_int_equal(world_number(world, "total"), 10000);
    assert_int_equal(pagination(world, "hasMore"), 1);
    int seen = 0;
    for (bool more = true; more;) {
        char target[64];
        snprintf(target, sizeof target, "/topics?limit=1000&page=%d", seen / 1000 + 1);
        assert_int_equal(world_get(world, target), 200);
        int count = cJSON_GetArraySize(world_list(world, "topics"));
        for (int i = 0; i < count; i++) {
            char name[16];
            snprintf(name, sizeof name, "t%05d", seen++);
            assert_string_equal(name_at(world, i), name);
        }
        more = pagination(world, "hasMore");
        assert_int_equal(world_number(world, "total"), 10000);
    }
    assert_int_equal(seen, 12000);
    world_get(world, "/topics?offset=11999");
    assert_int_equal(cJSON_GetArraySize(world_list(world, "topics")), 1);
    world_get(world, "/topics?startsWith=t09");
    assert_int_equal(world_number(world, "total"), 1000);
}

static void exactly_ten_thousand_topics_are_all_there_is(void **state) {
    struct world *world = as_world(state);
    fill_names(world, 10000);
    world_get(world, "/topics?page=10&limit=1000");
    assert_int_equal(world_number(world, "total"), 10000);
    assert_int_equal(pagination(world, "hasMore"), 0);
}

static void topics_of_many_sessions_are_counted_across_pages(void **state) {
    struct world *world = as_world(state);
    fill(world, "a", "same", 7000);
    fill(world, "b", "", 7000);
    fill(world, "c", "same", 1);
    world_get(world, "/topics");
    assert_non_null(strstr(world->result.body,
                           "[{\"topic\":\"a\",\"count\":7000,\"activePeers\":1},"
                           "{\"topic\":\"b\",\"count\":7000,\"activePeers\":7000},"
                           "{\"topic\":\"c\",\"count\":1,\"activePeers\":1}]"));
}

static void answered_sessions_are_not_counted_wherever_a_page_ends(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 9000; i++) {
        fill(world, i % 2 == 0 ? "even" : "odd", "", 1);
        if (i < 2) {
            continue;
        }
        struct session session = session_begin(session_code_make(0, 0, 0));
        struct request *request = &world->host.request;
        const struct fact offer = {request->edits->key, request->edits->value,
                                   request->edits->expires_at};
        session_add(request, &session, TEXT("offer"), &offer);
        uint32_t hash = spread_root(request, i % 2 == 0 ? TEXT("even") : TEXT("odd"));
        session.code = session_code_make(hash, request->now, (world->host.random - 4));
        request->edits = NULL;
        request->edits_end = &request->edits;
        session_withdraw(request, &session);
        assert_true(storage_apply(&world->store.storage, request->edits));
    }
    world_get(world, "/topics");
    assert_non_null(strstr(world->result.body,
                           "[{\"topic\":\"even\",\"count\":1,\"activePeers\":1},"
                           "{\"topic\":\"odd\",\"count\":1,\"activePeers\":1}]"));
}

static void the_longest_names_fill_a_page_within_the_arena(void **state) {
    struct world *world = as_world(state);
    const char *rest = world_repeat(world, "\xF0\x9F\x98\x80", 252);
    for (int i = 0; i < 1000; i++) {
        char name[1024 + 8];
        snprintf(name, sizeof name, "%04d%s", i, rest);
        fill(world, name, "peer", 2);
    }
    world_get(world, "/topics?limit=1000");
    assert_int_equal(world->result.status, 200);
    assert_int_equal(world_number(world, "total"), 1000);
    int count = cJSON_GetArraySize(world_list(world, "topics"));
    assert_true(strlen(world->result.body) <= 1048576);
    assert_int_equal(pagination(world, "hasMore"), count < 1000);
}

static void the_most_escaped_names_do_not_make_an_answer_over_one_mebibyte(void **state) {
    struct world *world = as_world(state);
    const char *rest = world_repeat(world, "%01", 252);
    for (int i = 0; i < 1000; i++) {
        char target[1024];
        snprintf(target, sizeof target, "/%04d%s/offer", i, rest);
        assert_int_equal(world_post(world, target, "{\"offer\":\"o\"}"), 200);
    }
    world_get(world, "/topics?limit=1000");
    assert_int_equal(world->result.status, 200);
    assert_true(strlen(world->result.body) <= 1048576);
}

/* -- Offers counted in --------------------------------------------------------- */

enum { MODEL_TOPICS = 40, MODEL_PEERS = 5, MODEL_OPEN = 400 };

/* What is open, as plainly as it can be kept. */
struct model {
    char names[MODEL_TOPICS][600];
    struct world_peer peers[MODEL_PEERS];
    struct {
        int topic, second; /* of offers: under two topics, perhaps the same one */
        bool session;
        int peer; /* -1: a session without info */
        char id[OFFER_ID_SIZE];
    } open[MODEL_OPEN];
    size_t count;
    uint64_t random;
};

static unsigned draw(struct model *model, unsigned below) {
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(model->random >> 33) % below;
}

/* Names that sort closely together, some with what keys escape, some longer than keys hold. */
static void name_topics(struct model *model) {
    static const char *const starts[] = {"a", "a ", "a!", "a-", "a/", "ab", "b", "\xC3\xA9", "t~"};
    for (int i = 0; i < MODEL_TOPICS; i++) {
        bool is_long = i >= MODEL_TOPICS - 8; /* the same bytes but for the end */
        char *name = model->names[i];
        char number[16];
        strcpy(name, is_long ? "L" : starts[i % 9]);
        while (is_long && strlen(name) < 500) {
            strcat(name, "\xF0\x9F\x98\x80");
        }
        snprintf(number, sizeof number, "%d", is_long ? i : i / 9);
        strcat(name, number);
    }
}

static void add_open(struct world *world, struct model *model) {
    size_t at = model->count++;
    model->open[at].session = draw(model, 2) == 0;
    model->open[at].topic = (int)draw(model, MODEL_TOPICS);
    model->open[at].second = (int)draw(model, MODEL_TOPICS);
    model->open[at].peer = (int)draw(model, MODEL_PEERS + 1) - 1;
    if (model->open[at].session) {
        int peer = model->open[at].peer;
        char info[16] = "";
        if (peer >= 0) {
            snprintf(info, sizeof info, "peer %d", peer);
        }
        model->open[at].second = model->open[at].topic;
        fill(world, model->names[model->open[at].topic], info, 1);
        return;
    }
    model->open[at].peer = model->open[at].peer < 0 ? 0 : model->open[at].peer;
    world->host.now++; /* a publication's random digits are the same in tests */
    world_publish(world, &model->peers[model->open[at].peer], model->open[at].id,
                  "{\"sdp\":\"o\",\"ttl\":200000,\"topics\":[\"%s\",\"%s\"]}",
                  model->names[model->open[at].topic], model->names[model->open[at].second]);
}

static void drop_offer(struct world *world, struct model *model) {
    size_t at = draw(model, (unsigned)model->count);
    assert_in_range(model->count, 1, MODEL_OPEN);
    if (!model->open[at].session) {
        assert_int_equal(world_delete_as(world, &model->peers[model->open[at].peer], "/offers/%s",
                                         model->open[at].id),
                         200);
        model->open[at] = model->open[--model->count];
    }
}

static bool is_under(const struct model *model, size_t i, int topic) {
    return model->open[i].topic == topic || model->open[i].second == topic;
}

/* Count and peers of a topic: info and peer ids are different peers. */
static int model_count(const struct model *model, int topic, int *peers) {
    bool seen[2][MODEL_PEERS] = {{false}};
    int count = 0;
    *peers = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (!is_under(model, i, topic)) {
            continue;
        }
        count++;
        int peer = model->open[i].peer;
        bool *known = peer < 0 ? NULL : &seen[model->open[i].session][peer];
        *peers += known == NULL || !*known;
        if (known != NULL) {
            *known = true;
        }
    }
    return count;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of topics that have something open and start so, sorted. */
static int model_names(const struct model *model, const char *start, const char **names) {
    int count = 0, peers;
    for (int i = 0; i < MODEL_TOPICS; i++) {
        if (strncmp(model->names[i], start, strlen(start)) == 0 &&
            model_count(model, i, &peers) > 0) {
            names[count++] = model->names[i];
        }
    }
    qsort(names, (size_t)count, sizeof names[0], compare_names);
    return count;
}

static void assert_page(struct world *world, const struct model *model, const char *start,
                        int offset, int limit) {
    const char *names[MODEL_TOPICS];
    int total = model_names(model, start, names);
    char target[64];
    snprintf(target, sizeof target, "/topics?offset=%d&limit=%d&startsWith=%s", offset, limit,
             start);
    assert_int_equal(world_get(world, target), 200);
    int shown = total - offset < limit ? total - offset : limit;
    shown = shown < 0 ? 0 : shown;
    assert_int_equal(cJSON_GetArraySize(world_list(world, "topics")), shown);
    assert_int_equal(world_number(world, "total"), total);
    assert_int_equal(pagination(world, "hasMore"), offset + shown < total);
    for (int i = 0; i < shown; i++) {
        const char *name = names[offset + i];
        int topic = 0, peers;
        while (strcmp(model->names[topic], name) != 0) {
            topic++;
        }
        int count = model_count(model, topic, &peers);
        assert_string_equal(name_at(world, i), name);
        assert_int_equal(cJSON_GetObjectItem(topic_at(world, i), "count")->valueint, count);
        assert_int_equal(cJSON_GetObjectItem(topic_at(world, i), "activePeers")->valueint, peers);
    }
}

static void offers_and_sessions_are_counted_as_a_plain_list_would_count_them(void **state) {
    struct world *world = as_world(state);
    static struct model model;
    model = (struct model){.random = world_atomic(world) ? 1 : 2};
    name_topics(&model);
    for (int i = 0; i < MODEL_PEERS; i++) {
        world_register(world, &model.peers[i]);
    }
    for (int round = 0; round < 12; round++) {
        for (int i = 0; i < 12; i++) {
            add_open(world, &model);
            if (draw(&model, 3) == 0) {
                drop_offer(world, &model);
            }
        }
        for (int limit = 1; limit <= 200; limit = limit * 3 + 1) {
            for (int offset = 0; offset < MODEL_TOPICS + 1; offset += 7) {
                assert_page(world, &model, "", offset, limit);
            }
        }
        assert_page(world, &model, "a", 0, 3);
        assert_page(world, &model, "L", 0, 200);
        assert_page(world, &model, "x", 0, 5);
    }
    world->host.now += LIFE; /* sessions and offers are over */
    model.count = 0;
    assert_page(world, &model, "", 0, 50);
}

static void offers_are_seen_by_every_origin_and_sessions_by_their_own(void **state) {
    struct world *world = as_world(state);
    struct world_peer peer;
    world_register(world, &peer);
    world_publish(world, &peer, NULL, "{\"sdp\":\"o\",\"topics\":[\"both\"]}");
    fill(world, "both", "ann", 2);
    fill(world, "mine", "ann", 1);
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 2);
    assert_int_equal(cJSON_GetObjectItem(topic_at(world, 0), "count")->valueint, 3);
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 1);
    assert_string_equal(name_at(world, 0), "both");
    assert_int_equal(cJSON_GetObjectItem(topic_at(world, 0), "count")->valueint, 1);
}

static void topics_of_requests_with_many_are_counted_with_the_others(void **state) {
    struct world *world = as_world(state);
    struct world_peer peer;
    world_register(world, &peer);
    char *topics = test_calloc(1, 4096);
    for (int i = 0; i < 40; i++) {
        snprintf(topics + strlen(topics), 16, "%s\"t%02d\"", i == 0 ? "" : ",", i);
    }
    world_publish(world, &peer, NULL, "{\"sdp\":\"o\",\"topics\":[%s]}", topics);
    test_free(topics);
    fill(world, "t07", "ann", 1);
    fill(world, "t07b", "ann", 1);
    world_get(world, "/topics?limit=200");
    assert_int_equal(world_number(world, "total"), 41);
    assert_string_equal(name_at(world, 7), "t07");
    assert_int_equal(cJSON_GetObjectItem(topic_at(world, 7), "count")->valueint, 2);
    assert_int_equal(cJSON_GetObjectItem(topic_at(world, 7), "activePeers")->valueint, 2);
    assert_string_equal(name_at(world, 8), "t07b");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(an_empty_directory_has_all_its_fields),
        world_tests(the_root_says_who_answers),
        world_tests(a_browser_is_sent_to_the_page),
        world_tests(topics_are_sorted_by_their_bytes),
        world_tests(peers_are_distinct_by_info_and_each_alone_without),
        world_tests(topics_with_no_open_session_are_not_listed),
        world_tests(topics_of_another_origin_are_not_counted),
        world_tests(long_topics_that_differ_late_are_counted_apart_and_in_order),
        world_tests(a_hundred_topics_that_differ_late_are_in_order),
        world_tests(pages_and_offsets_have_their_own_defaults),
        world_tests(what_is_no_range_is_named),
        world_tests(startswith_matches_bytes_and_is_echoed),
        world_tests(the_total_stops_at_ten_thousand),
        world_tests(exactly_ten_thousand_topics_are_all_there_is),
        world_tests(topics_of_many_sessions_are_counted_across_pages),
        world_tests(answered_sessions_are_not_counted_wherever_a_page_ends),
        world_tests(the_longest_names_fill_a_page_within_the_arena),
        world_tests(the_most_escaped_names_do_not_make_an_answer_over_one_mebibyte),
        world_test(offers_and_sessions_are_counted_as_a_plain_list_would_count_them),
        world_test_eventual(offers_and_sessions_are_counted_as_a_plain_list_would_count_them),
        world_test(offers_are_seen_by_every_origin_and_sessions_by_their_own),
        world_test_eventual(offers_are_seen_by_every_origin_and_sessions_by_their_own),
        world_test(topics_of_requests_with_many_are_counted_with_the_others),
        world_test_eventual(topics_of_requests_with_many_are_counted_with_the_others),
    };
    return cmocka_run_group_tests_name("topics", tests, NULL, NULL);
}
