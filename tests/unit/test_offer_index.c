/* Offer index: the lists of topics where shards are places of their own: in which of them what is
 * kept, that one is enough to look through a topic, and how a topic of many offers is spread. */
#include "offer_index.h"
#include "world.h"

#include "base64.h"
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 16 * 1024 * 1024 }; /* what the module needs: wasm/abi.h */

static const int64_t HOUR = 3600000;

static void register_with_digit(struct world *world, struct world_peer *peer, int digit) {
    uint64_t random = world->host.random;
    world->host.random = (uint64_t)digit << 60 | random >> 4;
    world_register(world, peer);
    world->host.random = random + (UINT64_C(1) << 44);
    assert_int_equal(peer->id[0], "0123456789abcdef"[digit]);
}

/* `count` offers of that topic in one request. */
static void publish_many(struct world *world, const struct world_peer *peer, int count,
                         const char *topic, int64_t ttl) {
    char *offers = calloc((size_t)count, 128);
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += (size_t)sprintf(offers + len,
                               "%s{\"sdp\":\"o%d\",\"ttl\":%lld,\"topics\":[\"%s\",\"u\"]}",
                               i == 0 ? "" : ",", i, (long long)ttl, topic);
    }
    world->host.now++;
    world_publish(world, peer, NULL, "%s", offers);
    free(offers);
}

static int find(struct world *world, const char *topic, const char *query) {
    assert_int_equal(world_get_as(world, NULL, "/offers/by-topic/%s%s", topic, query), 200);
    return world_count(world, "offers");
}

/* "topics/<digit>/" of the shard that is so far from the topic's root. */
static const char *shard_of(struct world *world, const char *topic, int part) {
    static char shard[16];
    int root = key_topics_digit(world_request(world), text_of(topic));
    snprintf(shard, sizeof shard, "topics/%x/", (unsigned)(root + part) % 16);
    return shard;
}

static int keys_in(struct world *world, const char *topic, int part, const char *family) {
    char start[64];
    snprintf(start, sizeof start, "%s%s", shard_of(world, topic, part), family);
    return world_keys(world, start);
}

/* -- A store that notes which shards are read ------------------------------------ */

enum { SHARDS_MAX = 64, SHARD_SIZE = 64 };

struct probe {
    struct storage storage;
    struct storage *inner;
    char shards[SHARDS_MAX][SHARD_SIZE];
    int count;
};

static void note(const struct storage *storage, struct text key) {
    struct probe *probe = (struct probe *)(uintptr_t)storage;
    struct text rest = key;
    text_cut(&rest, '/');
    text_cut(&rest, '/');
    int len = (int)(rest.at - key.at);
    assert_in_range(len, 1, SHARD_SIZE - 1);
    for (int i = 0; i < probe->count; i++) {
        if (strncmp(probe->shards[i], key.at, (size_t)len) == 0) {
            return;
        }
    }
    assert_in_range(probe->count, 0, SHARDS_MAX - 1);
    snprintf(probe->shards[probe->count++], SHARD_SIZE, "%.*s", len, key.at);
}

static struct storage *inner_of(const struct storage *storage) {
    return ((const struct probe *)storage)->inner;
}

static void probe_read(const struct storage *storage, struct arena *arena, const struct text *keys,
                       size_t count, struct fact *facts) {
    for (size_t i = 0; i < count; i++) {
        note(storage, keys[i]);
    }
    inner_of(storage)->methods->read(inner_of(storage), arena, keys, count, facts);
}

static struct page probe_list(const struct storage *storage, struct arena *arena,
                              struct text prefix, struct text after, size_t limit) {
    note(storage, prefix);
    return inner_of(storage)->methods->list(inner_of(storage), arena, prefix, after, limit);
}

static int64_t probe_count(struct storage *storage, struct text prefix, bool groups, int64_t now) {
    note(storage, prefix);
    return inner_of(storage)->methods->count(inner_of(storage), prefix, groups, now);
}

static bool probe_apply(struct storage *storage, const struct edit *edits) {
    return storage_apply(inner_of(storage), edits);
}

static const struct storage_methods probe_methods = {
    .read = probe_read, .list = probe_list, .count = probe_count, .apply = probe_apply};

static void probe_begin(struct world *world, struct probe *probe) {
    *probe = (struct probe){.storage.methods = &probe_methods, .inner = world->memory};
    world->store.inner = &probe->storage;
}

/* -- Where what is kept ---------------------------------------------------------- */

static void topics_are_spread_evenly_over_16_shards(void **state) {
    struct request *request = world_request(as_world(state));
    int topics[TOPICS_SHARDS] = {0};
    for (int i = 0; i < 1600; i++) {
        struct text name = arena_format(request->arena, "topic %d", (int64_t)i);
        topics[key_topics_digit(request, name)]++;
    }
    for (int i = 0; i < TOPICS_SHARDS; i++) {
        assert_in_range(topics[i], 50, 150);
    }
    assert_text(key_topics(request, 10, "said"), "topics/a/said/");
    assert_text(key_topics_name(request, 3, "offers", TEXT("a b")), "topics/3/offers/a!20b ");
}

static bool is_in(struct text key, const char *start) {
    return strncmp(key.at, start, strlen(start)) == 0;
}

static void an_offer_is_in_the_shards_of_its_topics_and_its_peers_and_nowhere_else(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    char id[OFFER_ID_SIZE], topics[1024], own[64];
    world_register(world, &alice);
    size_t len = 0;
    for (int i = 0; i < 50; i++) {
        len += (size_t)sprintf(topics + len, "%s\"t%d\"", i == 0 ? "" : ",", i);
    }
    world->host.keep_edits = true;
    world_publish(world, &alice, id, "{\"sdp\":\"o\",\"topics\":[%s]}", topics);
    size_t count;
    const struct edit *edits = world_edits(world, &count);
    snprintf(own, sizeof own, "peer/%s/", alice.id);
    int local = 0, entries = 0, copies = 0;
    for (size_t i = 0; i < count; i++) {
        struct text family = edits[i].key;
        text_cut(&family, '/');
        text_cut(&family, '/');
        local += is_in(edits[i].key, own);
        entries += is_in(edits[i].key, "topics/") && is_in(family, "offers/");
        copies += is_in(edits[i].key, "topics/") && is_in(family, "said/");
        if (copies > 0 && is_in(family, "said/")) {
            assert_memory_equal(edits[i].value.at, id, OFFER_ID_SIZE - 1);
        }
    }
    assert_int_equal(local, 2); /* what it says, and that it is open */
    assert_int_equal(entries, 50);
    assert_in_range(copies, 8, 16); /* once for each shard */
    assert_int_equal((size_t)(local + entries + copies), count);
    world->host.keep_edits = false;
    world_apply(world, edits, count);
    char name[16];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "t%d", i);
        assert_int_equal(find(world, name, ""), 1);
        assert_string_equal(world_text_in(world, "offers", 0, "id"), id);
    }
    assert_int_equal(world_delete_as(world, &alice, "/offers/%s", id), 200);
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_topic_is_looked_through_in_its_own_shard(void **state) {
    struct world *world = as_world(state);
    struct world_peer peers[20];
    struct probe probe;
    for (int i = 0; i < 20; i++) {
        register_with_digit(world, &peers[i], i % 16);
        publish_many(world, &peers[i], 3, "t", 60000);
    }
    probe_begin(world, &probe);
    assert_int_equal(find(world, "t", ""), 50);
    assert_int_equal(world_number(world, "total"), 60);
    assert_int_equal(probe.count, 1);
    assert_string_equal(probe.shards[0], shard_of(world, "t", 0));
}

static void what_is_too_large_to_be_copied_is_read_from_its_peers_some_at_a_time(void **state) {
    struct world *world = as_world(state);
    struct world_peer peers[40];
    struct probe probe;
    const char *sdp = world_repeat(world, "x", COPY_MAX);
    for (int i = 0; i < 40; i++) {
        register_with_digit(world, &peers[i], i % 16);
        world_publish(world, &peers[i], NULL, "{\"sdp\":\"%s\",\"topics\":[\"t\"]}",
                      i % 4 == 0 ? "small" : sdp);
    }
    assert_int_equal(keys_in(world, "t", 0, "said"), 10);
    char query[256] = "";
    int seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        probe_begin(world, &probe);
        seen += find(world, "t", query);
        assert_in_range(probe.count, 1, 1 + 16);
        const cJSON *next = cJSON_GetObjectItem(world->json, "next");
        more = next != NULL;
        snprintf(query, sizeof query, "?after=%s", more ? next->valuestring : "");
    }
    assert_int_equal(seen, 40);
    assert_int_equal(pages, 2);
}

/* The most that a body of 1 MiB may have copied, beside what else is in memory by then. */
static void all_edits_of_the_largest_requests_fit_into_memory(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice;
    world_register(world, &alice);
    static const struct {
        int offers, topics;
        const char *topic; /* keys hold three bytes of a space */
        int sdp_bytes;
    } rows[] = {{60, 50, "%08d", 16000},  {100, 50, "%08d", 9500},  {100, 50, "%0190d", 80},
                {100, 50, "%190d", 80},   {75, 50, "%250d", 300},   {70, 50, "%0250d", 1500},
                {16, 50, "%040d", 63000}, {100, 1, "%0200d", 10000}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        const char *sdp = world_repeat(world, "x", (size_t)rows[row].sdp_bytes);
        char *offers = calloc(1, 1 << 21);
        size_t len = 0;
        for (int i = 0; i < rows[row].offers; i++) {
            len += (size_t)sprintf(offers + len, "%s{\"sdp\":\"%s\",\"topics\":[",
                                   i == 0 ? "" : ",", sdp);
            for (int j = 0; j < rows[row].topics; j++) {
                len += (size_t)sprintf(offers + len, j == 0 ? "\"" : ",\"");
                len += (size_t)sprintf(offers + len, rows[row].topic, 50 * i + j);
                len += (size_t)sprintf(offers + len, "\"");
            }
            len += (size_t)sprintf(offers + len, "]}");
        }
        assert_in_range(len, 900000, 1048576 - 20);
        world->host.keep_edits = true;
        world_publish(world, &alice, NULL, "%s", offers);
        free(offers);
        /* The body, all that is made of it, and the edits again as the module hands them over; but
         * not the answer again, and pointers and lengths there have four bytes, not eight. */
        size_t bytes = len + world->host.arena.used - strlen(world->result.body);
        for (const struct edit *edit = world->host.request.edits; edit != NULL; edit = edit->next) {
            bytes += edit->key.len + edit->value.len + 20;
            bytes -= sizeof *edit - 32;
        }
        assert_in_range(bytes, 1, ARENA_MAX);
    }
}

/* -- Topics of many offers ------------------------------------------------------- */

/* 1,000 offers that are in the root, whoever asks. */
static void fill(struct world *world, struct world_peer *peer, int64_t ttl) {
    register_with_digit(world, peer, 9);
    for (int i = 0; i < SPREAD_AT / 100; i++) {
        publish_many(world, peer, 100, "t", ttl);
    }
}

static void a_topic_of_1000_offers_gets_more_in_the_parts_of_their_peers(void **state) {
    struct world *world = as_world(state);
    struct world_peer full, zero, five;
    fill(world, &full, 60000);
    assert_int_equal(keys_in(world, "t", 0, "offers/t "), SPREAD_AT);
    assert_int_equal(world_keys(world, "/spread/"), 0);
    register_with_digit(world, &zero, 0);
    register_with_digit(world, &five, 5);
    publish_many(world, &zero, 2, "t", 60000);
    assert_int_equal(world_keys(world, "/spread/"), 0);
    publish_many(world, &five, 3, "t", 60000);
    assert_int_equal(keys_in(world, "t", 0, "offers/t "), SPREAD_AT + 2);
    assert_int_equal(keys_in(world, "t", 5, "offers/t "), 3);
    assert_int_equal(keys_in(world, "t", 5, "said"), 3);
    assert_int_equal(keys_in(world, "t", 0, "spread/t "), 1);
    find(world, "t", "");
    assert_int_equal(world_number(world, "total"), SPREAD_AT + 5);
    assert_string_equal(world_text_in(world, "offers", 0, "peerId"), zero.id);
    assert_string_equal(world_text_in(world, "offers", 2, "peerId"), five.id);
    assert_string_equal(world_text_in(world, "offers", 5, "peerId"), full.id);
    publish_many(world, &five, 1, "other", 60000);
    assert_int_equal(keys_in(world, "other", 0, "offers/other "), 1);
}

static void an_offer_is_taken_out_of_root_and_part_alike(void **state) {
    struct world *world = as_world(state);
    struct world_peer full, five, bob;
    char ids[3][OFFER_ID_SIZE];
    fill(world, &full, 60000);
    register_with_digit(world, &five, 5);
    register_with_digit(world, &bob, 3);
    publish_many(world, &five, 3, "t", 120000);
    for (int i = 0; i < 3; i++) {
        snprintf(ids[i], OFFER_ID_SIZE, "%s", world_text_in(world, "offers", i, "id"));
    }
    world->host.now += 60000; /* and the root has room again */
    world_sweep(world);
    publish_many(world, &five, 1, "t", 60000);
    assert_int_equal(keys_in(world, "t", 0, "offers/t "), 1);
    assert_int_equal(find(world, "t", ""), 4);
    assert_int_equal(
        world_delete_as(world, &five, "/offers/%s", world_text_in(world, "offers", 0, "id")), 200);
    assert_int_equal(world_answer(world, &bob, ids[0]), 200);
    assert_int_equal(world_answer(world, &bob, ids[1]), 200);
    assert_int_equal(find(world, "t", ""), 1);
    assert_int_equal(world_number(world, "total"), 1);
    assert_string_equal(world_text_in(world, "offers", 0, "id"), ids[2]);
    assert_int_equal(world_delete_as(world, &five, "/offers/%s", ids[2]), 200);
    assert_int_equal(find(world, "t", "") + find(world, "u", ""), 0);
    assert_int_equal(world_keys(world, "/offers/"), 0);
    assert_int_equal(world_keys(world, five.id), 2 * 5); /* of each handshake */
}

static void a_mark_lasts_as_long_as_what_is_in_parts_and_is_put_once_an_hour(void **state) {
    struct world *world = as_world(state);
    struct world_peer full, five, six;
    fill(world, &full, 10 * HOUR);
    register_with_digit(world, &five, 5);
    register_with_digit(world, &six, 6);
    publish_many(world, &five, 3, "t", 60000);
    publish_many(world, &six, 3, "t", 60000);
    assert_int_equal(world_keys(world, "/spread/t "), 1);
    publish_many(world, &five, 3, "t", 5 * HOUR);
    assert_int_equal(world_keys(world, "/spread/t "), 2);
    world->host.now += 5 * HOUR - 1;
    world_sweep(world);
    find(world, "t", "");
    assert_int_equal(world_number(world, "total"), SPREAD_AT + 3);
    assert_int_equal(world_keys(world, "/spread/t "), 1);
    world->host.now += HOUR;
    world_sweep(world);
    assert_int_equal(world_keys(world, "/spread/t "), 0);
    find(world, "t", "");
    assert_int_equal(world_number(world, "total"), SPREAD_AT);
}

static void of_the_parts_only_those_are_read_that_a_page_comes_to(void **state) {
    struct world *world = as_world(state);
    struct world_peer full, zero, peer;
    char query[128];
    enum { MARKS = 1, COUNTS = 16, ROOT = 1, CONTENTS = 1 };
    fill(world, &full, 60000);
    register_with_digit(world, &zero, 0);
    publish_many(world, &zero, 10, "t", 60000);
    register_with_digit(world, &peer, 14);
    publish_many(world, &peer, 10, "t", 60000);
    world->store.calls = 0;
    assert_int_equal(find(world, "t", "?limit=5"), 5);
    assert_int_equal(world->store.calls, MARKS + COUNTS + ROOT + CONTENTS);
    snprintf(query, sizeof query, "?limit=5&after=00%s%018d", peer.id, 0);
    world->store.calls = 0;
    assert_int_equal(find(world, "t", query), 5);
    assert_string_equal(world_text_in(world, "offers", 0, "peerId"), peer.id);
    assert_int_equal(world_number(world, "total"), SPREAD_AT + 20);
    assert_int_equal(world->store.calls, MARKS + COUNTS + ROOT + 1 + CONTENTS);
}

/* -- The same answers as from one place ------------------------------------------ */

enum { PEERS = 24, STEPS = 260 };

/* The same requests in a world of each kind. */
struct pair {
    struct world *worlds[2];
    struct world_peer peers[PEERS];
    char ids[STEPS * 8][OFFER_ID_SIZE];
    int count;
};

static uint64_t seed;

static int draw(int below) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int)((seed >> 33) % (uint64_t)below);
}

static void publish_in_both(struct pair *pair, int count) {
    const struct world_peer *peer = &pair->peers[draw(PEERS)];
    char offers[4096];
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += (size_t)sprintf(offers + len, "%s{\"sdp\":\"%d\",\"ttl\":%d,\"topics\":[%s\"t\"]}",
                               i == 0 ? "" : ",", pair->count, 60000 + draw(100000),
                               draw(2) == 0 ? "\"x\"," : "");
    }
    int step = draw(300);
    for (int i = 0; i < 2; i++) {
        pair->worlds[i]->host.now += step;
        world_publish(pair->worlds[i], peer, NULL, "%s", offers);
    }
    assert_string_equal(pair->worlds[0]->result.body, pair->worlds[1]->result.body);
    for (int i = 0; i < count; i++) {
        snprintf(pair->ids[pair->count++], OFFER_ID_SIZE, "%s",
                 world_text_in(pair->worlds[0], "offers", i, "id"));
    }
}

static void take_in_both(struct pair *pair) {
    const char *id = pair->ids[draw(pair->count)];
    int answerer = draw(PEERS);
    for (int i = 0; i < 2; i++) {
        world_answer(pair->worlds[i], &pair->peers[answerer], id);
    }
    assert_string_equal(pair->worlds[0]->result.body, pair->worlds[1]->result.body);
}

static void compare_all_pages(struct pair *pair, const char *topic, const char *options) {
    char query[1024] = "";
    for (bool more = true; more;) {
        for (int i = 0; i < 2; i++) {
            assert_int_equal(world_get_as(pair->worlds[i], NULL, "/offers/by-topic/%s?%s%s", topic,
                                          options, query),
                             200);
        }
        assert_string_equal(pair->worlds[0]->result.body, pair->worlds[1]->result.body);
        const cJSON *next = cJSON_GetObjectItem(pair->worlds[0]->json, "next");
        more = next != NULL;
        snprintf(query, sizeof query, "&after=%s", more ? next->valuestring : "");
    }
}

static void a_topic_that_is_spread_shows_what_it_would_in_one_place(void **state) {
    (void)state;
    static struct pair pair;
    void *opened[2];
    world_open(&opened[0]);
    world_open_sharded(&opened[1]);
    struct world_peer full;
    for (int i = 0; i < 2; i++) {
        pair.worlds[i] = opened[i];
        fill(pair.worlds[i], &full, 600000);
        for (int j = 0; j < PEERS; j++) {
            register_with_digit(pair.worlds[i], &pair.peers[j], j % 16);
        }
    }
    unsigned char bits[512];
    for (size_t i = 0; i < sizeof bits; i++) { /* some peers are among them */
        bits[i] = (unsigned char)draw(256);
    }
    char options[2048] = "limit=7&bloom=";
    struct request *request = world_request(pair.worlds[0]);
    struct text coded = base64_encode(request->arena, (struct text){(char *)bits, sizeof bits});
    for (size_t i = 0; i < coded.len; i++) {
        char c = coded.at[i];
        sprintf(options + strlen(options), "%c", c == '+' ? '-' : c == '/' ? '_' : c);
    }
    options[strlen(options) - 1] = '\0';
    world_request(pair.worlds[1]); /* both have sent as many */
    for (int step = 0; step < STEPS; step++) {
        publish_in_both(&pair, 1 + draw(8));
        take_in_both(&pair);
        if (step % 52 == 51) {
            compare_all_pages(&pair, "t", "limit=13");
            compare_all_pages(&pair, "t", "limit=200");
            compare_all_pages(&pair, "x", "limit=50");
            compare_all_pages(&pair, "t", options);
        }
    }
    assert_int_equal(keys_in(pair.worlds[1], "t", 0, "spread/t "), 1);
    world_close(&opened[0]);
    world_close(&opened[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test_sharded(topics_are_spread_evenly_over_16_shards),
        world_test_sharded(an_offer_is_in_the_shards_of_its_topics_and_its_peers_and_nowhere_else),
        world_test_sharded(a_topic_is_looked_through_in_its_own_shard),
        world_test_sharded(what_is_too_large_to_be_copied_is_read_from_its_peers_some_at_a_time),
        world_test_sharded(all_edits_of_the_largest_requests_fit_into_memory),
        world_test_sharded(a_topic_of_1000_offers_gets_more_in_the_parts_of_their_peers),
        world_test_sharded(an_offer_is_taken_out_of_root_and_part_alike),
        world_test_sharded(a_mark_lasts_as_long_as_what_is_in_parts_and_is_put_once_an_hour),
        world_test_sharded(of_the_parts_only_those_are_read_that_a_page_comes_to),
        cmocka_unit_test(a_topic_that_is_spread_shows_what_it_would_in_one_place),
    };
    return cmocka_run_group_tests_name("offer index", tests, NULL, NULL);
}
