/* Topic places: GET /topics over the shards of a directory and of the offers' lists, against a
 * plain list of what is open. */
#include "remote.h"
#include "session_facts.h"
#include "spread.h"
#include "topic_walk.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAMES = 400, PEERS = 12, NAME_SIZE = 600 };

/* What is open, counted by topic. */
struct model {
    char names[NAMES][NAME_SIZE];
    int sessions[NAMES], offers[NAMES];
    bool infos[NAMES][PEERS], peers[NAMES][PEERS]; /* that were seen */
    int alone[NAMES];                              /* sessions without info */
    uint64_t random;
};

static unsigned draw(struct model *model, unsigned below) {
    model->random = model->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(model->random >> 33) % below;
}

static void name_topics(struct model *model) {
    for (int i = 0; i < NAMES; i++) {
        bool is_long = i >= NAMES - 8; /* the same bytes but for the end */
        char *name = model->names[i];
        strcpy(name, is_long ? "L" : i % 3 == 0 ? "a " : "b");
        while (is_long && strlen(name) < 500) {
            strcat(name, "\xF0\x9F\x98\x80");
        }
        snprintf(name + strlen(name), 16, "%03d", i);
    }
}

/* -- Filling -------------------------------------------------------------------- */

/* `info` is "" for none. */
static void add_session(struct world *world, const char *topic, const char *info, int part) {
    struct request *request = world_request(world);
    uint32_t root = spread_root(request, text_of(topic));
    struct session_code code =
        session_code_make(spread_part(root, part), request->now, random_take(request, 8));
    struct text json = arena_format(request->arena, "\"%s\"", topic);
    struct text quoted = arena_format(request->arena, "\"%s\"", info);
    session_create(request, code, text_of(topic), json, quoted, TEXT("\"o\""));
    assert_true(storage_apply(&world->store.storage, request->edits));
}

/* An entry of an offer in that shard: topics/<digit>/offers/<name> <peer> <batch>. */
static void add_offer(struct world *world, const char *topic, int peer, int number, int shard) {
    struct request *request = world_request(world);
    uint32_t hash = (uint32_t)text_hash(text_of(topic), TEXT_HASH);
    struct text entry = key_directory_topic(request, text_of(topic), hash); /* has the name too */
    struct text name = text_from(entry, strlen("origin/0123456789abcdef0/"));
    int64_t expires_at = request->now + 300000;
    struct text key = arena_format(
        request->arena, "topics/%x/offers/%t%x%x %x00", 1, (uint64_t)shard, &name, 16,
        (uint64_t)peer * UINT64_C(0x9E3779B97F4A7C15), 16, (uint64_t)peer, 16, (uint64_t)number);
    storage_put(request, key,
                arena_format(request->arena, "100\n\"%s\"\nt%d 00\n", topic, expires_at),
                expires_at);
    assert_true(storage_apply(&world->store.storage, request->edits));
}

static void add_open(struct world *world, struct model *model, int topic, int number) {
    unsigned peer = draw(model, PEERS);
    bool alone = draw(model, 8) == 0;
    if (draw(model, 2) == 0) {
        char info[16] = "";
        if (!alone) {
            snprintf(info, sizeof info, "peer %u", peer);
        }
        add_session(world, model->names[topic], info, (int)draw(model, topic % 5 == 0 ? 16 : 1));
        model->sessions[topic]++;
        model->alone[topic] += alone;
        model->infos[topic][peer] |= !alone;
    } else {
        int shard = topic % 5 == 0 ? (topic + (int)peer) % 16 : topic % 16;
        add_offer(world, model->names[topic], (int)peer, number, shard);
        model->offers[topic]++;
        model->peers[topic][peer] = true;
    }
}

static int count_peers(const struct model *model, int topic) {
    int count = model->alone[topic];
    for (int i = 0; i < PEERS; i++) {
        count += model->infos[topic][i] + model->peers[topic][i];
    }
    return count;
}

/* -- Comparing ------------------------------------------------------------------ */

static const struct model *compared;

static int by_name(const void *a, const void *b) {
    return strcmp(compared->names[*(const int *)a], compared->names[*(const int *)b]);
}

/* Topics that have something open and start so, sorted. */
static int open_topics(const struct model *model, const char *start, int topics[NAMES]) {
    int count = 0;
    for (int i = 0; i < NAMES; i++) {
        if (strncmp(model->names[i], start, strlen(start)) == 0 &&
            model->sessions[i] + model->offers[i] > 0) {
            topics[count++] = i;
        }
    }
    compared = model;
    qsort(topics, (size_t)count, sizeof topics[0], by_name);
    return count;
}

static void assert_page(struct world *world, const struct model *model, const char *start,
                        int offset, int limit) {
    int topics[NAMES];
    int total = open_topics(model, start, topics);
    char target[64];
    snprintf(target, sizeof target, "/topics?offset=%d&limit=%d&startsWith=%s", offset, limit,
             start);
    assert_int_equal(world_get(world, target), 200);
    int shown = total - offset < limit ? total - offset : limit;
    assert_int_equal(world_count(world, "topics"), shown < 0 ? 0 : shown);
    assert_int_equal(world_number(world, "total"), total);
    for (int i = 0; i < shown; i++) {
        int topic = topics[offset + i];
        assert_string_equal(world_text_in(world, "topics", i, "topic"), model->names[topic]);
        assert_int_equal(world_number_in(world, "topics", i, "count"),
                         model->sessions[topic] + model->offers[topic]);
        assert_int_equal(world_number_in(world, "topics", i, "activePeers"),
                         count_peers(model, topic));
    }
}

static void assert_pages(struct world *world, const struct model *model) {
    for (int limit = 1; limit <= 200; limit = limit * 5 + 2) {
        for (int offset = 0; offset < NAMES; offset += 61) {
            assert_page(world, model, "", offset, limit);
        }
    }
    assert_page(world, model, "a", 0, 5);
    assert_page(world, model, "L", 0, 200);
    assert_page(world, model, "x", 0, 5);
}

/* -- Tests ---------------------------------------------------------------------- */

static void topics_of_all_shards_are_counted_as_a_plain_list_would_count_them(void **state) {
    struct world *world = as_world(state);
    static struct model model;
    model = (struct model){.random = 1};
    name_topics(&model);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 400; i++) {
            add_open(world, &model, (int)draw(&model, NAMES), round * 400 + i);
        }
        assert_pages(world, &model);
    }
}

static void topics_that_go_on_behind_a_page_are_counted_whole(void **state) {
    struct world *world = as_world(state);
    static struct model model;
    model = (struct model){.random = 2};
    name_topics(&model);
    for (int i = 0; i < 5000; i++) {
        add_open(world, &model, i % 4 == 0 ? (int)draw(&model, NAMES) : 40 + i % 3, i);
    }
    assert_pages(world, &model);
}

static void a_huge_topic_is_counted_to_the_last_wherever_it_is_in_the_list(void **state) {
    struct world *world = as_world(state);
    enum { COUNT = 24000 };
    for (int i = 0; i < COUNT; i++) {
        add_session(world, "huge", "", i % 16);
        if (i % 8 == 0) {
            add_offer(world, "flood", i, i, 5);
        }
    }
    add_session(world, "a", "peer", 0);
    add_session(world, "z", "peer", 0);
    world_get(world, "/topics");
    assert_int_equal(world_number(world, "total"), 4);
    assert_string_equal(world_text_in(world, "topics", 1, "topic"), "flood");
    assert_int_equal(world_number_in(world, "topics", 1, "count"), COUNT / 8);
    assert_int_equal(world_number_in(world, "topics", 1, "activePeers"), COUNT / 8);
    assert_string_equal(world_text_in(world, "topics", 2, "topic"), "huge");
    assert_int_equal(world_number_in(world, "topics", 2, "count"), COUNT);
    assert_in_range(world_number_in(world, "topics", 2, "activePeers"), 10000, COUNT);
    assert_string_equal(world_text_in(world, "topics", 3, "topic"), "z");
    world_get(world, "/topics?offset=3");
    assert_int_equal(world_number(world, "total"), 4);
    assert_string_equal(world_text_in(world, "topics", 0, "topic"), "z");
    world_get(world, "/topics?offset=0&limit=1");
    assert_int_equal(world_number(world, "total"), 4);
}

static void peers_of_ten_thousand_sessions_are_counted_exactly(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 10000; i++) {
        char info[16];
        snprintf(info, sizeof info, "%d", i % 7000);
        add_session(world, "huge", info, (i * 7) % 16);
    }
    world_get(world, "/topics");
    assert_non_null(
        strstr(world->result.body, "{\"topic\":\"huge\",\"count\":10000,\"activePeers\":7000}"));
}

static void all_shards_take_one_round_trip(void **state) {
    struct world *world = as_world(state);
    static struct model model;
    model = (struct model){.random = 3};
    name_topics(&model);
    for (int i = 0; i < 2000; i++) {
        add_open(world, &model, (int)draw(&model, NAMES), i);
    }
    static struct remote remote;
    remote_open(&remote, world);
    assert_int_equal(remote_send(&remote, world, "GET", "/topics", NULL), 200);
    assert_int_equal(world_count(world, "topics"), 100);
    assert_int_equal(remote.hops, 0);
    assert_int_equal(remote.rounds, 1);
    assert_int_equal(remote.known, 2 * SPREAD_SHARDS);
}

static void counts_are_asked_for_together(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 16 * 700; i++) {
        add_offer(world, "flood", i, i, i % 16);
    }
    static struct remote remote;
    remote_open(&remote, world);
    assert_int_equal(remote_send(&remote, world, "GET", "/topics", NULL), 200);
    assert_int_equal(world_number_in(world, "topics", 0, "count"), 16 * 700);
    assert_int_equal(world_number_in(world, "topics", 0, "activePeers"), 16 * 700);
    assert_in_range(remote.known, 4 * SPREAD_SHARDS, 5 * SPREAD_SHARDS);
    assert_int_equal(remote.rounds, 2); /* the first pages; counts, and what is behind them */
}

static void of_a_huge_topic_behind_the_page_little_is_read(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 16 * 2000; i++) {
        add_session(world, "huge", "", i % 16);
    }
    add_session(world, "a", "peer", 0);
    static struct remote remote;
    remote_open(&remote, world);
    assert_int_equal(remote_send(&remote, world, "GET", "/topics?limit=1", NULL), 200);
    assert_int_equal(world_number(world, "total"), 2);
    assert_in_range(remote.known, 2 * SPREAD_SHARDS, 3 * SPREAD_SHARDS); /* a page, and the end */
    assert_int_equal(remote.rounds, 2);
    assert_int_equal(remote_send(&remote, world, "GET", "/topics?page=2&limit=1", NULL), 200);
    assert_int_equal(world_number_in(world, "topics", 0, "count"), 16 * 2000);
    assert_in_range(world_number_in(world, "topics", 0, "activePeers"), 10000, 16 * 1500);
    assert_int_equal(remote.rounds, 3); /* two pages; counts, and the end */
}

static void the_longest_names_of_all_shards_fit_into_the_arena(void **state) {
    struct world *world = as_world(state);
    const char *rest = world_repeat(world, "\xF0\x9F\x98\x80", 240);
    for (int i = 0; i < 9600; i++) {
        char name[1024];
        snprintf(name, sizeof name, "%05d%s", i, rest);
        if (i % 2 == 0) {
            add_session(world, name, "peer", i % 16);
        } else {
            add_offer(world, name, i, i, i / 2 % 16);
        }
    }
    int seen = 0;
    for (bool more = true; more;) {
        char target[64], wanted[8];
        snprintf(target, sizeof target, "/topics?offset=%d&limit=200", seen);
        assert_int_equal(world_get(world, target), 200);
        assert_int_equal(world_number(world, "total"), 9600);
        for (int i = 0; i < world_count(world, "topics"); i++) {
            snprintf(wanted, sizeof wanted, "%05d", seen++);
            assert_memory_equal(world_text_in(world, "topics", i, "topic"), wanted, 5);
        }
        more = seen < 600;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test_sharded(topics_of_all_shards_are_counted_as_a_plain_list_would_count_them),
        world_test_sharded(topics_that_go_on_behind_a_page_are_counted_whole),
        world_test_sharded(a_huge_topic_is_counted_to_the_last_wherever_it_is_in_the_list),
        world_test_sharded(peers_of_ten_thousand_sessions_are_counted_exactly),
        world_test_sharded(all_shards_take_one_round_trip),
        world_test_sharded(counts_are_asked_for_together),
        world_test_sharded(of_a_huge_topic_behind_the_page_little_is_read),
        world_test_sharded(the_longest_names_of_all_shards_fit_into_the_arena),
    };
    return cmocka_run_group_tests_name("topic places", tests, NULL, NULL);
}
