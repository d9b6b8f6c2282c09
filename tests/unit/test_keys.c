/* Keys: that they sort as what they stand for does, and keep to their limits. */
#include "keys.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

static void the_keys_of_newer_sessions_come_first(void **state) {
    struct request *request = world_request(as_world(state));
    static const int64_t times[] = {0,          1,           255,           256,
                                    0xFFFFFFFF, 0x100000000, 1700000000000, 1700000000001};
    for (size_t i = 1; i < sizeof times / sizeof times[0]; i++) {
        struct text older = key_session_id(request, session_code_make(7, times[i - 1], 9));
        struct text newer = key_session_id(request, session_code_make(7, times[i], 9));
        assert_int_equal(older.len, SESSION_ID_LEN);
        assert_true(text_compare(newer, older) < 0);
    }
}

static void a_sessions_key_is_under_its_topic_and_two_segments_name_the_shard(void **state) {
    struct request *request = world_request(as_world(state));
    struct session_code code = session_code_make(0xABCDEF, NOW, 5);
    struct text topic = key_topic(request, 0xABCDEF);
    struct text session = key_session(request, code);
    assert_true(text_starts(session, topic));
    assert_int_equal(topic.len, strlen("topic/") + 24 + 1);
    assert_int_equal(session.len, topic.len + SESSION_ID_LEN + 1);
    assert_true(text_starts(topic, TEXT("topic/")));
    assert_memory_equal(topic.at + 6 + 16, "00abcdef/", 9);
}

static void another_origin_has_other_keys(void **state) {
    struct world *world = as_world(state);
    char topic[64], directory[64];
    snprintf(topic, sizeof topic, "%s", key_topic(world_request(world), 1).at);
    snprintf(directory, sizeof directory, "%s", key_directory(world_request(world), TEXT("x")).at);
    uint64_t hash = keyed_hash(world_request(world), "topic", TEXT("x"));
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    assert_string_not_equal(key_topic(world_request(world), 1).at, topic);
    assert_string_not_equal(key_directory(world_request(world), TEXT("x")).at, directory);
    assert_true(keyed_hash(world_request(world), "topic", TEXT("x")) != hash);
}

static void hashes_of_other_labels_and_names_differ(void **state) {
    struct request *request = world_request(as_world(state));
    uint64_t hash = keyed_hash(request, "topic", TEXT("x"));
    assert_true(keyed_hash(request, "topic", TEXT("x")) == hash);
    assert_true(keyed_hash(request, "topic", TEXT("y")) != hash);
    assert_true(keyed_hash(request, "peer", TEXT("x")) != hash);
    assert_true(keyed_hash(request, "topic", TEXT("")) != hash);
}

/* -- The directory ------------------------------------------------------------- */

enum { NAMES = 1500, NAME_MAX = 60 };

struct name {
    char bytes[NAME_MAX + 1];
    size_t len;
    char key[STORAGE_KEY_MAX + 1];
    struct session_code code;
};

static uint64_t seed = 1;

static unsigned draw(unsigned below) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(seed >> 33) % below;
}

/* Few different characters, so that names share their beginnings; all around the ends of the
 * escaped range. */
static void draw_name(struct name *name) {
    static const char *const alphabet[] = {"\x01",
                                           "\t",
                                           "\x1F",
                                           " ",
                                           "!",
                                           "\"",
                                           "#",
                                           "-",
                                           "/",
                                           "0",
                                           "a",
                                           "~",
                                           "\x7F",
                                           "\xC2\x80",
                                           "\xC3\xA9",
                                           "\xEF\xBF\xBD",
                                           "\xF0\x9F\x98\x80"};
    name->len = 0;
    for (unsigned count = 1 + draw(8); count > 0; count--) {
        const char *c = alphabet[draw(sizeof alphabet / sizeof alphabet[0])];
        memcpy(name->bytes + name->len, c, strlen(c) + 1);
        name->len += strlen(c);
    }
}

static void draw_entry(struct request *request, struct name *name) {
    name->code = session_code_make(draw(3), NOW + draw(1000), draw(1000000));
    struct text text = {name->bytes, name->len};
    struct text topic = key_directory_topic(request, text, name->code.topic);
    struct text id = key_session_id(request, name->code);
    snprintf(name->key, sizeof name->key, "%s%s", topic.at, id.at);
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const struct name *)a)->key, ((const struct name *)b)->key);
}

static struct text name_text(const struct name *name) {
    return (struct text){name->bytes, name->len};
}

static void directory_entries_sort_as_their_names_do(void **state) {
    struct world *world = as_world(state);
    struct name *names = calloc(NAMES, sizeof *names);
    for (int i = 0; i < NAMES; i++) {
        draw_name(&names[i]);
        draw_entry(world_request(world), &names[i]);
    }
    qsort(names, NAMES, sizeof *names, by_key);
    for (int i = 1; i < NAMES; i++) {
        int order = text_compare(name_text(&names[i - 1]), name_text(&names[i]));
        assert_true(order <= 0);
        if (order == 0) {
            assert_true(names[i - 1].code.created_at >= names[i].code.created_at);
        }
    }
    free(names);
}

static void the_topics_that_start_so_are_those_under_the_key(void **state) {
    struct world *world = as_world(state);
    struct name *names = calloc(200, sizeof *names);
    for (int i = 0; i < 200; i++) {
        draw_name(&names[i]);
        draw_entry(world_request(world), &names[i]);
    }
    for (int i = 0; i < 200; i++) {
        for (int j = 0; j < 200; j++) {
            struct request *request = world_request(world);
            struct text under = key_directory(request, name_text(&names[i]));
            struct text of_topic =
                key_directory_topic(request, name_text(&names[i]), names[i].code.topic);
            struct text key = text_of(names[j].key);
            assert_int_equal(text_starts(key, under),
                             text_starts(name_text(&names[j]), name_text(&names[i])));
            assert_int_equal(text_starts(key, of_topic),
                             text_equal(name_text(&names[j]), name_text(&names[i])));
        }
    }
    free(names);
}

static void the_longest_names_fit_and_stay_valid(void **state) {
    struct world *world = as_world(state);
    static const char *const units[] = {
        "a", " ", "\x01", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    static const char *const starts[] = {"", "a", "ab", "abc"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        for (size_t j = 0; j < sizeof starts / sizeof starts[0]; j++) {
            struct request *request = world_request(world);
            struct text start = text_of(starts[j]);
            const char *rest = world_repeat(world, units[i], 256 - start.len);
            struct text name = arena_format(request->arena, "%t%s", &start, rest);
            assert_int_equal(text_characters(name), 256);
            struct text topic = key_directory_topic(request, name, UINT32_MAX);
            assert_true(topic.len + SESSION_ID_LEN + 1 + 8 <= STORAGE_KEY_MAX);
            assert_true(text_valid(topic));
            assert_true(text_starts(topic, key_directory(request, name)));
        }
    }
}

static void long_names_that_differ_late_have_their_own_entries(void **state) {
    struct world *world = as_world(state);
    struct request *request = world_request(world);
    const char *rest = world_repeat(world, "\xF0\x9F\x98\x80", 255);
    struct text one = arena_format(request->arena, "%s1", rest);
    struct text two = arena_format(request->arena, "%s2", rest);
    struct text key_one = key_directory_topic(request, one, 1);
    struct text key_two = key_directory_topic(request, two, 2);
    assert_false(text_equal(key_one, key_two));
    assert_true(text_equal(key_directory(request, one), key_directory(request, two)));
}

static void a_directory_in_shards_has_the_same_names_in_each(void **state) {
    struct request *request = world_request(as_world(state));
    struct text names[] = {TEXT("a"), TEXT("a b"), TEXT("\x01"), NO_TEXT};
    names[3] = text_of(world_repeat(as_world(state), "\xF0\x9F\x98\x80", 256));
    const size_t prefix = strlen("origin/") + 17 + 1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct text root = key_directory_topic(request, names[i], 0x12345670);
        assert_true(text_starts(root, key_directory_shard(request, 7, names[i])));
        assert_true(text_starts(text_from(root, prefix), key_name_start(request, names[i])));
        assert_true(root.len + SESSION_ID_LEN <= STORAGE_KEY_MAX);
        for (uint32_t part = 1; part < 16; part++) {
            struct text key = key_directory_topic(request, names[i], 0x12345670 + part);
            struct text shard = key_directory_shard(request, (int)(7 + part) & 15, TEXT(""));
            assert_true(text_starts(key, shard));
            assert_true(text_equal(text_from(key, prefix), text_from(root, prefix)));
        }
    }
}

static void the_lists_of_a_topic_sort_behind_its_sessions(void **state) {
    struct request *request = world_request(as_world(state));
    static const char *const lists[] = {"open", "past", "spread"};
    struct session_code oldest = {0x70, 0, UINT64_MAX};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct text list = key_topic_list(request, 0x70, lists[i]);
        assert_true(text_starts(list, key_topic(request, 0x70)));
        assert_true(text_compare(list, key_session(request, oldest)) > 0);
    }
}

/* -- Rooms --------------------------------------------------------------------- */

static void a_room_is_a_shard_of_its_own(void **state) {
    struct world *world = as_world(state);
    assert_text(key_room(world_request(world), TEXT("QK7M2XTD")), "room/QK7M2XTD/");
    world->host.headers[HEADER_ORIGIN] = "https://other.example"; /* whoever has the code */
    assert_text(key_room(world_request(world), TEXT("QK7M2XTD")), "room/QK7M2XTD/");
}

static void a_digest_is_all_of_an_hmac_over_label_scope_and_secret(void **state) {
    struct request *request = world_request(as_world(state));
    struct text digest = keyed_digest(request, "label", TEXT("scope"), TEXT("secret"));
    assert_int_equal(digest.len, 64);
    assert_int_equal(strspn(digest.at, "0123456789abcdef"), 64);
    unsigned char bytes[DIGEST_BYTES];
    char digits[2 * DIGEST_BYTES + 1];
    request->host->hmac(TEXT("label\nscope\nsecret"), bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        snprintf(digits + 2 * i, 3, "%02x", bytes[i]);
    }
    assert_text(digest, digits);
}

static void digests_of_another_label_scope_or_secret_differ(void **state) {
    struct request *request = world_request(as_world(state));
    static const char *const triples[][3] = {
        {"label", "scope", "secret"},   {"label", "scope", "secreT"}, {"label", "scopE", "secret"},
        {"labeL", "scope", "secret"},   {"label", "scope", ""},       {"label", "", "secret"},
        {"label", "", "scope\nsecret"}, {"label", "secret", "scope"}, {"", "label", "scope"},
    };
    enum { TRIPLES = sizeof triples / sizeof triples[0] };
    struct text digests[TRIPLES];
    for (size_t i = 0; i < TRIPLES; i++) {
        digests[i] =
            keyed_digest(request, triples[i][0], text_of(triples[i][1]), text_of(triples[i][2]));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(digests[i].at, digests[j].at, 16); /* and so do its parts */
            assert_memory_not_equal(digests[i].at + 48, digests[j].at + 48, 16);
        }
    }
    struct request *other = world_request(as_world(state));
    other->headers[HEADER_ORIGIN] = TEXT("https://other.example"); /* no matter who asks */
    char again[65];
    snprintf(again, sizeof again, "%s",
             keyed_digest(other, "label", TEXT("scope"), TEXT("secret")).at);
    other->headers[HEADER_ORIGIN] = NO_TEXT;
    assert_text(keyed_digest(other, "label", TEXT("scope"), TEXT("secret")), again);
}

/* -- Peers, topics of offers, services, names ----------------------------------- */

static void keys_of_peers_services_and_names_are_shards_of_their_own(void **state) {
    struct world *world = as_world(state);
    struct request *request = world_request(world);
    for (int i = 0; i < 2; i++) { /* whatever the origin */
        assert_text(key_peer(request, TEXT("0123"), "open"), "peer/0123/open/");
        assert_text(key_service(request, TEXT("a-b")), "service/a-b/");
        assert_text(key_name(request, TEXT("alice")), "name/alice/");
        assert_text(key_offers(request, TEXT("a b")), "topics/offers/a!20b");
        assert_text(key_offers(request, TEXT("")), "topics/offers/");
        assert_text(key_offers_topic(request, TEXT("a b")), "topics/offers/a!20b ");
        assert_text(key_offers_wide(request, NO_TEXT), "topics/wide/");
        world->host.headers[HEADER_ORIGIN] = "https://other.example";
        request = world_request(world);
    }
}

static void offers_of_a_topic_are_under_its_name_and_of_no_other(void **state) {
    struct world *world = as_world(state);
    struct name *names = calloc(200, sizeof *names);
    for (int i = 0; i < 200; i++) {
        draw_name(&names[i]);
        struct request *request = world_request(world);
        snprintf(names[i].key, sizeof names[i].key, "%s0123 4567",
                 key_offers_topic(request, name_text(&names[i])).at);
    }
    for (int i = 0; i < 200; i++) {
        for (int j = 0; j < 200; j++) {
            struct request *request = world_request(world);
            struct text key = text_of(names[j].key);
            assert_int_equal(text_starts(key, key_offers(request, name_text(&names[i]))),
                             text_starts(name_text(&names[j]), name_text(&names[i])));
            assert_int_equal(text_starts(key, key_offers_topic(request, name_text(&names[i]))),
                             text_equal(name_text(&names[j]), name_text(&names[i])));
        }
    }
    free(names);
}

static void long_topics_of_offers_have_keys_of_their_own_that_fit(void **state) {
    struct world *world = as_world(state);
    static const char *const units[] = {"a", " ", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    enum { ENTRY = 32 + 1 + 18 + 1 + 8 }; /* peer, batch, mark */
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct request *request = world_request(world);
        const char *rest = world_repeat(world, units[i], 255);
        struct text one = key_offers_topic(request, arena_format(request->arena, "%s1", rest));
        struct text two = key_offers_topic(request, arena_format(request->arena, "%s2", rest));
        assert_true(one.len + ENTRY <= STORAGE_KEY_MAX);
        assert_true(text_valid(one));
        assert_false(text_starts(two, one) || text_starts(one, two));
        bool cut = strlen(units[i]) > 1 || units[i][0] == ' ';
        assert_int_equal(one.len > strlen("topics/offers/") + 400, cut);
    }
}

static void the_wide_lists_are_16_that_topics_share_evenly(void **state) {
    struct world *world = as_world(state);
    int topics[16] = {0};
    for (int i = 0; i < 1600; i++) {
        char name[32];
        snprintf(name, sizeof name, "topic %d", i);
        struct request *request = world_request(world);
        struct text list = key_offers_wide(request, text_of(name));
        assert_int_equal(list.len, strlen("topics/wide/0/"));
        assert_true(text_starts(list, key_offers_wide(request, NO_TEXT)));
        assert_int_equal(list.at[list.len - 1], '/');
        uint64_t digit;
        assert_true(text_hex((struct text){list.at + list.len - 2, 1}, &digit));
        topics[digit]++;
        assert_true(text_equal(list, key_offers_wide(request, text_of(name))));
    }
    for (int i = 0; i < 16; i++) {
        assert_in_range(topics[i], 60, 140);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(the_keys_of_newer_sessions_come_first),
        world_test(a_sessions_key_is_under_its_topic_and_two_segments_name_the_shard),
        world_test(another_origin_has_other_keys),
        world_test(hashes_of_other_labels_and_names_differ),
        world_test(directory_entries_sort_as_their_names_do),
        world_test(the_topics_that_start_so_are_those_under_the_key),
        world_test(the_longest_names_fit_and_stay_valid),
        world_test(long_names_that_differ_late_have_their_own_entries),
        world_test_sharded(a_directory_in_shards_has_the_same_names_in_each),
        world_test(the_lists_of_a_topic_sort_behind_its_sessions),
        world_test(a_room_is_a_shard_of_its_own),
        world_test(a_digest_is_all_of_an_hmac_over_label_scope_and_secret),
        world_test(digests_of_another_label_scope_or_secret_differ),
        world_test(keys_of_peers_services_and_names_are_shards_of_their_own),
        world_test(offers_of_a_topic_are_under_its_name_and_of_no_other),
        world_test(long_topics_of_offers_have_keys_of_their_own_that_fit),
        world_test(the_wide_lists_are_16_that_topics_share_evenly),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
