/* Spread: topics of many sessions where shards are places of their own. */
#include "remote.h"
#include "session_facts.h"
#include "spread.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t LIFE = 300000;

/* Makes sessions of a topic in that part, as POST /:topic/offer does, each a ms after the other. */
static void fill(struct world *world, const char *topic, int part, const char *offer, int count) {
    for (int i = 0; i < count; i++) {
        world->host.now++;
        struct request *request = world_request(world);
        uint32_t root = spread_root(request, text_of(topic));
        struct session_code code =
            session_code_make(spread_part(root, part), request->now, random_take(request, 8));
        struct text json = arena_format(request->arena, "\"%s\"", topic);
        session_create(request, code, text_of(topic), json, TEXT("\"\""), text_of(offer));
        assert_true(storage_apply(&world->store.storage, request->edits));
    }
}

static int part_of(const char *code) {
    char digit[2] = {code[7], '\0'};
    return (int)strtol(digit, NULL, 16);
}

static int answer(struct world *world, const char *code) {
    return world_post(world, "/answer", "{\"code\":\"%s\",\"side\":\"answerer\",\"answer\":\"a\"}",
                      code);
}

static int withdraw(struct world *world, const char *code) {
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s", code);
    return world_send(world, "DELETE", target, NULL);
}

/* The first two segments of a key. */
static struct text shard_of(struct text key) {
    struct text rest = key;
    text_cut(&rest, '/');
    text_cut(&rest, '/');
    return (struct text){key.at, key.len - rest.len};
}

/* -- Where sessions are --------------------------------------------------------- */

static void sessions_stay_in_the_root_while_they_are_few(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(part_of(world_offer(world, "room", "peer")), 0);
    }
    fill(world, "room", 0, "\"o\"", SPREAD_AT - 21);
    assert_int_equal(part_of(world_offer(world, "room", "the thousandth")), 0);
    assert_int_equal(world_keys(world, "/spread/"), 0);
    assert_true(part_of(world_offer(world, "room", "the next")) > 0);
    assert_int_equal(world_keys(world, "/spread/"), 1);
    assert_int_equal(part_of(world_offer(world, "another", "peer")), 0);
}

static void answered_and_withdrawn_sessions_are_a_load_too(void **state) {
    struct world *world = as_world(state);
    fill(world, "room", 0, "\"o\"", SPREAD_AT - 3);
    assert_int_equal(answer(world, world_offer(world, "room", "answered")), 200);
    assert_int_equal(withdraw(world, world_offer(world, "room", "withdrawn")), 200);
    assert_int_equal(part_of(world_offer(world, "room", "the thousandth")), 0);
    assert_true(part_of(world_offer(world, "room", "the next")) > 0);
    world->host.now += LIFE;
    assert_int_equal(part_of(world_offer(world, "room", "when they have expired")), 0);
}

static void later_sessions_share_the_parts_evenly(void **state) {
    struct world *world = as_world(state);
    fill(world, "room", 0, "\"o\"", SPREAD_AT);
    char root[CODE_LEN + 1] = "";
    int counts[SPREAD_SHARDS] = {0};
    for (int i = 0; i < 150; i++) {
        const char *code = world_offer(world, "room", "peer");
        assert_true(i == 0 || memcmp(code, root, 7) == 0); /* the same topic */
        memcpy(root, code, sizeof root);
        counts[part_of(code)]++;
    }
    assert_int_equal(counts[0], 0);
    for (int part = 1; part < SPREAD_SHARDS; part++) {
        assert_in_range(counts[part], 5, 20);
    }
}

static void all_of_a_handshake_is_in_one_shard(void **state) {
    struct world *world = as_world(state);
    fill(world, "room", 0, "\"o\"", SPREAD_AT);
    world_offer(world, "room", "the first, which leaves a mark");
    world->host.keep_edits = true;
    const char *code = world_offer(world, "room", "peer");
    char shard[64] = "";
    int elsewhere = 0;
    for (int step = 0; step < 5; step++) {
        size_t count;
        const struct edit *edits = world_edits(world, &count);
        assert_in_range(count, 1, 4);
        for (size_t i = 0; i < count; i++) {
            struct text in = shard_of(edits[i].key);
            if (shard[0] == '\0') {
                snprintf(shard, sizeof shard, "%.*s", (int)in.len, in.at);
            }
            bool directory = text_starts(in, TEXT("origin/"));
            elsewhere += directory;
            assert_true(directory || text_equal(in, text_of(shard)));
        }
        world_apply(world, edits, count);
        const char *const steps[] = {"\"offerer\",\"candidate\":\"c\"",
                                     "\"answerer\",\"answer\":\"a\"",
                                     "\"answerer\",\"candidate\":\"c\""};
        if (step < 3) {
            world_post(world, "/answer", "{\"code\":\"%s\",\"side\":%s}", code, steps[step]);
        } else {
            withdraw(world, code);
        }
        assert_int_equal(world->result.status, step < 4 ? 200 : 404);
    }
    assert_int_equal(elsewhere, 2); /* put, and deleted with the answer */
}

static void a_directory_has_the_entries_of_open_sessions_and_no_others(void **state) {
    struct world *world = as_world(state);
    char first[CODE_LEN + 1];
    memcpy(first, world_offer(world, "room", "1"), sizeof first);
    const char *second = world_offer(world, "room", "2");
    assert_int_equal(world_keys(world, "origin/"), 2);
    assert_int_equal(world_keys(world, "/open/"), 2);
    answer(world, first);
    assert_int_equal(world_keys(world, "origin/"), 1);
    assert_int_equal(world_keys(world, "/past/"), 1);
    withdraw(world, second);
    withdraw(world, first);
    assert_int_equal(world_keys(world, "origin/"), 0);
    assert_int_equal(world_keys(world, "/open/"), 0);
    assert_int_equal(world_keys(world, "/past/"), 2);
}

static void a_directory_is_in_16_shards_and_a_small_topic_in_one(void **state) {
    struct world *world = as_world(state);
    int used[SPREAD_SHARDS] = {0};
    for (int i = 0; i < 500; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        struct request *request = world_request(world);
        uint32_t root = spread_root(request, text_of(name));
        int seen[SPREAD_SHARDS] = {0};
        used[spread_directory(root)]++;
        for (int part = 0; part < SPREAD_SHARDS; part++) {
            uint32_t topic = spread_part(root, part);
            struct text shard = shard_of(key_directory_topic(request, text_of(name), topic));
            struct text same = key_directory_shard(request, spread_directory(topic), TEXT(""));
            assert_true(text_equal(shard, same));
            seen[spread_directory(topic)]++;
        }
        for (int shard = 0; shard < SPREAD_SHARDS; shard++) {
            assert_int_equal(seen[shard], 1);
        }
    }
    for (int shard = 0; shard < SPREAD_SHARDS; shard++) {
        assert_in_range(used[shard], 10, 60);
    }
}

/* -- Marks ---------------------------------------------------------------------- */

static void a_mark_is_left_again_when_the_last_one_ends_too_soon(void **state) {
    struct world *world = as_world(state);
    fill(world, "room", 0, "\"o\"", SPREAD_AT);
    int64_t begun = world->host.now;
    for (int i = 0; i < 30; i++) {
        world_offer(world, "room", "peer");
    }
    assert_int_equal(world_keys(world, "/spread/"), 1);
    world->host.now = begun + LIFE - 1001; /* all in the root are there */
    world_offer(world, "room", "peer");
    assert_int_equal(world_keys(world, "/spread/"), 1);
    char last[CODE_LEN + 1];
    memcpy(last, world->code, sizeof last);
    fill(world, "room", 0, "\"o\"", SPREAD_AT);
    world->host.now = begun + LIFE + 1;
    world_offer(world, "room", "peer");
    assert_true(part_of(world->code) > 0);
    assert_int_equal(world_keys(world, "/spread/"), 2);
    world->host.now = begun + 2 * LIFE; /* the first mark ends, and the second goes on */
    world_get(world, "/room/sessions?limit=1");
    assert_string_equal(world_session(world, 0), world->code);
}

static void parts_are_looked_into_while_a_mark_says_so(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    world->store.calls = 0;
    world_get(world, "/room/sessions");
    assert_int_equal(world->store.calls, 2); /* marks, and sessions */
    fill(world, "room", 3, "\"o\"", 1);
    world->store.calls = 0;
    world_get(world, "/room/sessions");
    assert_int_equal(world_count(world, "sessions"), 2);
    assert_in_range(world->store.calls, 1 + SPREAD_SHARDS, 1 + 2 * SPREAD_SHARDS + 1);
    world->host.now += 2 * LIFE;
    world->store.calls = 0;
    world_get(world, "/room/sessions");
    assert_int_equal(world->store.calls, 2);
}

/* -- Listing -------------------------------------------------------------------- */

/* Reads a topic page by page: newest first, each once. Returns how many there were. */
static int walk(struct world *world, int limit) {
    char after[64] = "";
    int64_t last = INT64_MAX;
    int seen = 0;
    for (bool more = true; more;) {
        char target[160];
        snprintf(target, sizeof target, "/room/sessions?limit=%d&after=%s", limit, after);
        assert_int_equal(world_get(world, target), 200);
        assert_true(strlen(world->result.body) <= 1048576);
        int count = world_count(world, "sessions");
        for (int i = 0; i < count; i++) {
            int64_t created = world_number_in(world, "sessions", i, "createdAt");
            assert_true(created < last);
            last = created;
        }
        seen += count;
        more = cJSON_HasObjectItem(world->json, "next");
        if (more) {
            assert_true(strcmp(world_text(world, "next"), after) > 0);
            snprintf(after, sizeof after, "%s", world_text(world, "next"));
        }
    }
    return seen;
}

static void sessions_of_all_parts_are_listed_newest_first_each_once(void **state) {
    struct world *world = as_world(state);
    uint64_t seed = 7;
    int open = 0;
    for (int i = 0; i < 1500; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        fill(world, "room", (int)(seed >> 60), "\"o\"", 1);
        open++;
    }
    fill(world, "other", 3, "\"o\"", 20);
    world_get(world, "/room/sessions?limit=200");
    for (int i = 0; i < 200; i += 2) { /* a hundred are answered */
        world_get(world, "/room/sessions?limit=1");
        open -= answer(world, world_session(world, 0)) == 200;
        world_get(world, "/room/sessions?limit=1");
    }
    assert_int_equal(walk(world, 1000), open);
    assert_int_equal(walk(world, 7), open);
    assert_int_equal(walk(world, 130), open);
    world_get(world, "/room/sessions?after=ffffffffffffffffffffffffffff");
    assert_answer(world, 200, "{\"sessions\":[]}");
}

static char *offer_of(struct world *world, size_t characters) {
    size_t size = 6 * characters + 3;
    char *offer = malloc(size);
    snprintf(offer, size, "\"%s\"", world_repeat(world, "\\u0001", characters));
    return offer;
}

/* A page of each part is then as large as it may be: two that nearly fill it, and the largest. */
static void the_largest_sessions_of_all_parts_fit_into_the_arena(void **state) {
    struct world *world = as_world(state);
    char *largest = offer_of(world, 65536), *half = offer_of(world, 43500);
    for (int i = 0; i < 2; i++) {
        for (int part = 0; part < SPREAD_SHARDS; part++) {
            fill(world, "room", part, largest, 1);
            fill(world, "room", part, half, 2);
        }
    }
    free(largest);
    free(half);
    assert_int_equal(walk(world, 1000), 6 * SPREAD_SHARDS);
    assert_int_equal(walk(world, 2), 6 * SPREAD_SHARDS);
}

static void a_list_of_all_parts_takes_one_round_trip(void **state) {
    struct world *world = as_world(state);
    for (int part = 0; part < SPREAD_SHARDS; part++) {
        fill(world, "room", part, "\"o\"", 40);
    }
    static struct remote remote;
    remote_open(&remote, world);
    assert_int_equal(remote_send(&remote, world, "GET", "/room/sessions?limit=100", NULL), 200);
    assert_int_equal(world_count(world, "sessions"), 100);
    assert_int_equal(remote.rounds, 1);
    assert_int_equal(remote.hops, 1);
    char target[128];
    snprintf(target, sizeof target, "/room/sessions?limit=100&after=%s", world_text(world, "next"));
    assert_int_equal(remote_send(&remote, world, "GET", target, NULL), 200);
    assert_int_equal(world_count(world, "sessions"), 100);
    assert_int_equal(remote.rounds, 1);
}

/* -- Where a session goes, with shards that are apart ---------------------------- */

static int remote_offer(struct remote *remote, struct world *world) {
    int status = remote_send(remote, world, "POST", "/room/offer", "{\"offer\":\"o\"}");
    assert_int_equal(status, 200);
    return part_of(world_text(world, "code"));
}

static void an_offer_runs_in_the_root_and_then_in_the_part(void **state) {
    struct world *world = as_world(state);
    fill(world, "room", 0, "\"o\"", SPREAD_AT - 1);
    static struct remote remote;
    remote_open(&remote, world);
    assert_int_equal(remote_offer(&remote, world), 0);
    assert_int_equal(remote.hops, 1);
    assert_int_equal(remote.rounds, 0);
    int part = remote_offer(&remote, world);
    assert_true(part > 0);
    assert_int_equal(remote.hops, 2);
    assert_int_equal(remote.rounds, 1);
    char digit[8];
    snprintf(digit, sizeof digit, "%x", (unsigned)part);
    assert_int_equal(remote.shard[1][strlen(remote.shard[1]) - 1], digit[0]);
    char poll[128];
    snprintf(poll, sizeof poll, "{\"code\":\"%s\",\"side\":\"offerer\"}",
             world_text(world, "code"));
    assert_int_equal(remote_send(&remote, world, "POST", "/poll", poll), 200);
    assert_int_equal(remote.hops, 1); /* to the part */
    assert_int_equal(remote.rounds, 0);
}

/* -- Limits --------------------------------------------------------------------- */

static void a_part_takes_a_fifteenth_of_what_is_over_the_root(void **state) {
    struct world *world = as_world(state);
    world->host.settings[MAX_SESSIONS_PER_TOPIC] = "1031"; /* 3 in each of 15 */
    fill(world, "room", 0, "\"o\"", SPREAD_AT);
    world->host.now = NOW + SPREAD_AT + 1500;
    int taken = 0;
    while (world_post(world, "/room/offer", "{\"offer\":\"o\"}") == 200) {
        assert_true(part_of(world_text(world, "code")) > 0);
        taken++;
    }
    assert_int_equal(world->result.status, 429);
    assert_int_equal(taken, 45); /* they come one after the other in tests */
    assert_non_null(strstr(world->result.headers, "Retry-After: 300\n"));
    world->host.now += 1500;
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
    assert_non_null(strstr(world->result.headers, "Retry-After: 299\n"));
    world_get(world, "/room/sessions?limit=1");
    assert_int_equal(answer(world, world_session(world, 0)), 200);
    taken = 0;
    for (int i = 0; i < SPREAD_SHARDS - 1; i++) {
        taken += world_post(world, "/room/offer", "{\"offer\":\"o\"}") == 200;
    }
    assert_int_equal(taken, 1);
}

static void a_topic_that_may_have_few_stays_in_its_root_and_is_counted_exactly(void **state) {
    struct world *world = as_world(state);
    world->host.settings[MAX_SESSIONS_PER_TOPIC] = "1000";
    fill(world, "room", 0, "\"o\"", 999);
    assert_int_equal(part_of(world_offer(world, "room", "the last")), 0);
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
    answer(world, world->code);
    assert_int_equal(part_of(world_offer(world, "room", "again")), 0);
    assert_int_equal(world_post(world, "/room/offer", "{\"offer\":\"o\"}"), 429);
    assert_int_equal(world_keys(world, "/spread/"), 0);
}

static void other_stores_have_one_part_and_one_directory(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    assert_int_equal(world_keys(world, "/open/"), 0);
    assert_int_equal(memory_count(world->memory), 2);
    char directory[64];
    snprintf(directory, sizeof directory, "%s",
             key_directory(world_request(world), TEXT("room")).at);
    assert_int_equal(world_keys(world, directory), 1);
    uint32_t all = 0;
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%d", i);
        all |= spread_root(world_request(world), text_of(name));
    }
    assert_int_equal(all, UINT32_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test_sharded(sessions_stay_in_the_root_while_they_are_few),
        world_test_sharded(answered_and_withdrawn_sessions_are_a_load_too),
        world_test_sharded(later_sessions_share_the_parts_evenly),
        world_test_sharded(all_of_a_handshake_is_in_one_shard),
        world_test_sharded(a_directory_has_the_entries_of_open_sessions_and_no_others),
        world_test_sharded(a_directory_is_in_16_shards_and_a_small_topic_in_one),
        world_test_sharded(a_mark_is_left_again_when_the_last_one_ends_too_soon),
        world_test_sharded(parts_are_looked_into_while_a_mark_says_so),
        world_test_sharded(sessions_of_all_parts_are_listed_newest_first_each_once),
        world_test_sharded(the_largest_sessions_of_all_parts_fit_into_the_arena),
        world_test_sharded(a_list_of_all_parts_takes_one_round_trip),
        world_test_sharded(an_offer_runs_in_the_root_and_then_in_the_part),
        world_test_sharded(a_part_takes_a_fifteenth_of_what_is_over_the_root),
        world_test_sharded(a_topic_that_may_have_few_stays_in_its_root_and_is_counted_exactly),
        world_test(other_stores_have_one_part_and_one_directory),
        world_test_eventual(other_stores_have_one_part_and_one_directory),
    };
    return cmocka_run_group_tests_name("spread", tests, NULL, NULL);
}
