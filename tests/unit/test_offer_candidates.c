/* Candidates of an offer's two sides: who may leave and read them, their times, and how they come
 * back. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

#define NO_OFFER "Offer not found or expired"

struct pair {
    struct world_peer alice, bob, eve; /* eve is neither side */
    char id[OFFER_ID_SIZE];
};

static struct pair offered(struct world *world) {
    struct pair pair;
    world_register(world, &pair.alice);
    world_register(world, &pair.bob);
    world_register(world, &pair.eve);
    world_publish(world, &pair.alice, pair.id, "{\"sdp\":\"o\"}");
    return pair;
}

static struct pair paired(struct world *world) {
    struct pair pair = offered(world);
    assert_int_equal(world_answer(world, &pair.bob, pair.id), 200);
    return pair;
}

static int read(struct world *world, const struct world_peer *peer, const char *id,
                const char *query) {
    assert_int_equal(world_get_as(world, peer, "/offers/%s/ice-candidates%s", id, query), 200);
    return world_count(world, "candidates");
}

static int read_since(struct world *world, const struct world_peer *peer, const char *id,
                      int64_t since) {
    char query[64];
    snprintf(query, sizeof query, "?since=%lld", (long long)since);
    return read(world, peer, id, query);
}

/* `count` elements, each `unit`. */
static const char *elements(struct world *world, const char *unit, size_t count) {
    char with_comma[8192];
    assert_in_range(snprintf(with_comma, sizeof with_comma, ",%s", unit), 1, sizeof with_comma - 1);
    return world_repeat(world, with_comma, count) + 1;
}

/* -- Who ----------------------------------------------------------------------- */

static void each_side_reads_what_the_other_left_and_who_it_was(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    char wanted[512];
    world->host.now += 5;
    world_trickle(world, &pair.alice, pair.id, "{\"candidate\":\"a\"},\"end\"");
    snprintf(wanted, sizeof wanted, "{\"offerId\":\"%s\",\"candidatesAdded\":2,\"count\":2}",
             pair.id);
    assert_answer(world, 200, wanted);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "null"), 200);
    world_get_as(world, &pair.bob, "/offers/%s/ice-candidates", pair.id);
    snprintf(wanted, sizeof wanted,
             "{\"offerId\":\"%s\",\"candidates\":[{\"candidate\":{\"candidate\":\"a\"},"
             "\"peerId\":\"%s\",\"role\":\"offerer\",\"createdAt\":1700000000005},"
             "{\"candidate\":\"end\",\"peerId\":\"%s\",\"role\":\"offerer\","
             "\"createdAt\":1700000000006}]}",
             pair.id, pair.alice.id, pair.alice.id);
    assert_answer(world, 200, wanted);
    world_get_as(world, &pair.alice, "/offers/%s/ice-candidates", pair.id);
    snprintf(wanted, sizeof wanted,
             "{\"offerId\":\"%s\",\"candidates\":[{\"candidate\":null,\"peerId\":\"%s\","
             "\"role\":\"answerer\",\"createdAt\":1700000000005}]}",
             pair.id, pair.bob.id);
    assert_answer(world, 200, wanted);
}

static void before_the_answer_only_the_offerer_has_a_side(void **state) {
    struct world *world = as_world(state);
    struct pair pair = offered(world);
    assert_int_equal(world_trickle(world, &pair.alice, pair.id, "\"early\""), 200);
    assert_int_equal(read(world, &pair.alice, pair.id, ""), 0);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "1"), 403);
    assert_int_equal(world_get_as(world, &pair.bob, "/offers/%s/ice-candidates", pair.id), 403);
    world->host.now += 59998;
    assert_int_equal(world_answer(world, &pair.bob, pair.id), 200);
    world->host.now++;
    world_sweep(world);
    assert_int_equal(read(world, &pair.bob, pair.id, ""), 1);
    assert_non_null(strstr(world->result.body, "\"early\""));
}

static void whoever_is_neither_side_is_403(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    char *before = world_dump(world);
    assert_int_equal(world_trickle(world, &pair.eve, pair.id, "1"), 403);
    assert_int_equal(world_get_as(world, &pair.eve, "/offers/%s/ice-candidates", pair.id), 403);
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(world_get_as(world, NULL, "/offers/%s/ice-candidates", pair.id), 401);
    assert_int_equal(world_trickle(world, NULL, pair.id, "1"), 401);
}

static void an_offer_that_is_not_there_is_404_to_anyone(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    char made_up[OFFER_ID_SIZE];
    memcpy(made_up, pair.id, sizeof made_up);
    made_up[63] = made_up[63] == '0' ? '1' : '0';
    const char *ids[] = {made_up, "x", pair.alice.id};
    const struct world_peer *peers[] = {&pair.alice, &pair.bob, &pair.eve};
    for (int i = 0; i < 9; i++) {
        world_trickle(world, peers[i / 3], ids[i % 3], "1");
        assert_error(world, 404, NO_OFFER);
        world_get_as(world, peers[i / 3], "/offers/%s/ice-candidates?wait=5", ids[i % 3]);
        assert_error(world, 404, NO_OFFER);
        assert_int_equal(world->result.wait, 0);
    }
}

static void candidates_of_two_offers_of_one_request_stay_apart(void **state) {
    struct world *world = as_world(state);
    struct pair pair = offered(world);
    char one[OFFER_ID_SIZE], two[OFFER_ID_SIZE];
    world_publish(world, &pair.alice, one, "{\"sdp\":\"1\"},{\"sdp\":\"2\"}");
    snprintf(two, sizeof two, "%s", world_text_in(world, "offers", 1, "id"));
    assert_int_equal(world_answer(world, &pair.bob, one), 200);
    assert_int_equal(world_answer(world, &pair.eve, two), 200);
    assert_int_equal(world_trickle(world, &pair.bob, one, "\"one\""), 200);
    assert_int_equal(world_trickle(world, &pair.eve, two, "\"two\""), 200);
    assert_int_equal(read(world, &pair.alice, one, ""), 1);
    assert_non_null(strstr(world->result.body, "\"one\""));
    assert_int_equal(read(world, &pair.alice, two, ""), 1);
    assert_non_null(strstr(world->result.body, "\"two\""));
    assert_int_equal(world_trickle(world, &pair.eve, one, "1"), 403);
}

/* -- What ---------------------------------------------------------------------- */

static void a_candidate_is_any_json_and_comes_back_as_it_was(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    static const char *const values[] = {
        "null",
        "true",
        "\"\"",
        "\"a b\\n\\u0001\\ud83d\\ude00\xC3\xA9/\\/\"",
        "0",
        "-0",
        "1.10",
        "1E400",
        "12345678901234567890123456789",
        "0.1000000000000000055511151231257827",
        "[]",
        "{}",
        "[1,[2,[3]],{\"a\":null}]",
        "{\"candidate\":\"candidate:1 1 UDP\",\"sdpMLineIndex\":0,\"a\":1,\"a\":2}",
    };
    enum { VALUES = sizeof values / sizeof values[0] };
    for (size_t i = 0; i < VALUES; i++) {
        assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", values[i]), 200);
    }
    assert_int_equal(read(world, &pair.alice, pair.id, ""), VALUES);
    const char *at = world->result.body;
    for (size_t i = 0; i < VALUES; i++) {
        char wanted[256];
        snprintf(wanted, sizeof wanted, "{\"candidate\":%s,\"peerId\":", values[i]);
        at = strstr(at, wanted);
        if (at == NULL) {
            fail_msg("%s", values[i]);
        }
        at++;
    }
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, " { \"x y\" :\n[ 1 ,\t2 ] } , 3 "),
                     200);
    read(world, &pair.alice, pair.id, "");
    assert_non_null(strstr(world->result.body, "{\"candidate\":{\"x y\":[1,2]},\"peerId\":"));
    assert_non_null(strstr(world->result.body, "{\"candidate\":3,\"peerId\":"));
}

static void a_request_has_1_to_100_candidates_of_4096_bytes(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    char large[4200];
    memset(large, 'x', sizeof large);
    large[0] = large[4095] = '"';
    large[4096] = '\0';
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "1,%s", large), 200);
    large[4095] = 'x';
    large[4096] = '"';
    large[4097] = '\0';
    world_trickle(world, &pair.bob, pair.id, "1,%s", large);
    assert_int_equal(world->result.status, 400);
    assert_non_null(strstr(world_text(world, "error"), "candidates "));
    char spaced[4400]; /* white space between tokens does not count */
    snprintf(spaced, sizeof spaced, "[%*s\"%.4092s\"]", 200, "", large + 1);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", spaced), 200);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", elements(world, "1", 101)),
                     400);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", ""), 400);
    assert_int_equal(read(world, &pair.alice, pair.id, ""), 3);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", elements(world, "1", 100)),
                     200);
    assert_int_equal(world_number(world, "count"), 100);
    assert_int_equal(read(world, &pair.alice, pair.id, ""), 103);
}

static void what_is_no_list_of_candidates_is_400_before_the_offer_is_looked_for(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    static const char *const bodies[] = {
        "",
        "[1]",
        "{",
        "{}",
        "{\"candidates\":null}",
        "{\"candidates\":{}}",
        "{\"candidates\":\"c\"}",
        "{\"candidates\":[1,]}",
        "{\"candidates\":[\"\\u0000\"]}",
        "{\"candidates\":[]}",
        "{\"candidates\":[1],\"candidates\":{}}",
    };
    char target[128];
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        snprintf(target, sizeof target, "/offers/%s/ice-candidates", i % 2 ? pair.id : "x");
        assert_int_equal(world_send_as(world, &pair.bob, "POST", target, bodies[i]), 400);
    }
    assert_int_equal(read(world, &pair.alice, pair.id, ""), 0);
}

/* -- When ---------------------------------------------------------------------- */

static void times_of_a_side_go_up_within_a_request_and_from_one_to_the_next(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "0,1,2"), 200);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "3"), 200);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "4,5"), 200);
    world->host.now += 2; /* still behind */
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "6"), 200);
    assert_int_equal(world_trickle(world, &pair.alice, pair.id, "\"of its own\""), 200);
    world->host.now += 20;
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "7"), 200);
    static const int times[] = {0, 1, 2, 3, 4, 5, 6, 22};
    assert_int_equal(read(world, &pair.alice, pair.id, ""), 8);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(world_number_in(world, "candidates", i, "candidate"), i);
        assert_int_equal(world_number_in(world, "candidates", i, "createdAt"), NOW + times[i]);
    }
    assert_int_equal(read(world, &pair.bob, pair.id, ""), 1);
    assert_int_equal(world_number_in(world, "candidates", 0, "createdAt"), NOW + 2);
}

/* Where the store is eventual. */
static void candidates_of_requests_that_did_not_see_each_other_come_in_order(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    struct edit *edits[2];
    size_t counts[2];
    world->host.keep_edits = true;
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "0,2,4"), 200);
    edits[0] = world_edits(world, &counts[0]);
    world->host.now++;
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "1,3"), 200);
    edits[1] = world_edits(world, &counts[1]);
    world->host.keep_edits = false;
    world_apply(world, edits[1], counts[1]);
    world_apply(world, edits[0], counts[0]);
    static const int values[] = {0, 2, 1, 4, 3}, times[] = {0, 1, 1, 2, 2};
    for (int since = -1; since < 2; since++) {
        int skip = since < 0 ? 0 : since == 0 ? 1 : 3;
        assert_int_equal(read_since(world, &pair.alice, pair.id, NOW + since), 5 - skip);
        for (int i = skip; i < 5; i++) {
            assert_int_equal(world_number_in(world, "candidates", i - skip, "candidate"),
                             values[i]);
            assert_int_equal(world_number_in(world, "candidates", i - skip, "createdAt"),
                             NOW + times[i]);
        }
    }
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "5"), 200);
    assert_int_equal(read_since(world, &pair.alice, pair.id, NOW + 2), 1); /* later than all */
}

static void what_comes_next_is_later_than_all_that_overlapped(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    struct edit *edits[2];
    size_t counts[2];
    world->host.keep_edits = true;
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "0,1,2,3,4"), 200);
    edits[0] = world_edits(world, &counts[0]);
    world->host.now++;
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "5"), 200);
    edits[1] = world_edits(world, &counts[1]);
    world->host.keep_edits = false;
    world_apply(world, edits[0], counts[0]);
    world_apply(world, edits[1], counts[1]);
    assert_int_equal(read_since(world, &pair.alice, pair.id, NOW + 4), 0);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "6"), 200);
    assert_int_equal(read_since(world, &pair.alice, pair.id, NOW + 4), 1);
}

static void since_is_exclusive_within_a_request_too(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "0,1,2"), 200);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "3,4"), 200);
    for (int ms = -1; ms < 6; ms++) {
        int left = ms < 0 ? 5 : ms > 3 ? 0 : 4 - ms;
        assert_int_equal(read_since(world, &pair.alice, pair.id, NOW + ms), left);
        for (int i = 0; i < left; i++) {
            assert_int_equal(world_number_in(world, "candidates", i, "candidate"), 5 - left + i);
        }
    }
    assert_int_equal(read_since(world, &pair.alice, pair.id, 0), 5);
    assert_int_equal(read(world, &pair.alice, pair.id, "?since="), 5);
    assert_int_equal(read_since(world, &pair.alice, pair.id, INT64_MAX), 0);
}

static void a_reader_waits_while_there_is_none_newer(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    assert_int_equal(world_trickle(world, &pair.alice, pair.id, "1"), 200);
    read(world, &pair.alice, pair.id, "?wait=7");
    assert_int_equal(world->result.wait, 7); /* its own is no news */
    read(world, &pair.alice, pair.id, "?wait=99");
    assert_int_equal(world->result.wait, 25);
    read(world, &pair.bob, pair.id, "?wait=7");
    assert_int_equal(world->result.wait, 0);
    read(world, &pair.bob, pair.id, "?wait=7&since=1700000000000");
    assert_int_equal(world->result.wait, 7);
    static const char *const bad[] = {"wait=x", "wait=-1", "since=x", "since=-1", "since=0.5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(
            world_get_as(world, &pair.bob, "/offers/%s/ice-candidates?%s", pair.id, bad[i]), 400);
    }
}

/* -- How many ------------------------------------------------------------------ */

static void a_side_leaves_1000_and_one_more_is_409(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    const char *hundred = elements(world, "1", 100);
    for (int i = 0; i < 9; i++) {
        assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", hundred), 200);
    }
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", hundred + 2), 200); /* 99 */
    char *before = world_dump(world);
    world_trickle(world, &pair.bob, pair.id, "1,2");
    assert_error(world, 409, "Too many candidates");
    char *after = world_dump(world);
    assert_string_equal(before, after); /* all or none */
    free(before);
    free(after);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "\"the last\""), 200);
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "1"), 409);
    assert_int_equal(world_trickle(world, &pair.alice, pair.id, "%s", hundred), 200);
    assert_int_equal(read(world, &pair.alice, pair.id, ""), 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(world_number_in(world, "candidates", i, "createdAt"), NOW + i);
    }
    assert_string_equal(world_text_in(world, "candidates", 999, "candidate"), "the last");
}

static void a_large_answer_ends_and_since_goes_on(void **state) {
    struct world *world = as_world(state);
    struct pair pair = paired(world);
    char large[4096];
    memset(large, 'x', sizeof large);
    large[0] = large[4094] = '"';
    large[4095] = '\0';
    const char *hundred = elements(world, large, 100);
    for (int i = 0; i < 10; i++) { /* 4 MB */
        assert_int_equal(world_trickle(world, &pair.bob, pair.id, "%s", hundred), 200);
        if (i % 3 == 0) { /* the other side's do not come in between */
            assert_int_equal(world_trickle(world, &pair.alice, pair.id, "%s", hundred), 200);
        }
    }
    assert_int_equal(world_trickle(world, &pair.bob, pair.id, "1"), 409);
    int64_t since = 0;
    int seen = 0, pages = 0;
    for (int count; (count = read_since(world, &pair.alice, pair.id, since)) > 0; pages++) {
        assert_in_range(strlen(world->result.body), 1, 1100000);
        for (int i = 0; i < count; i++) {
            assert_int_equal(world_number_in(world, "candidates", i, "createdAt"), NOW + seen++);
        }
        since = world_number_in(world, "candidates", count - 1, "createdAt");
        assert_true(count > 200 || seen == 1000);
    }
    assert_int_equal(seen, 1000);
    assert_int_equal(pages, 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(each_side_reads_what_the_other_left_and_who_it_was),
        world_tests(before_the_answer_only_the_offerer_has_a_side),
        world_tests(whoever_is_neither_side_is_403),
        world_tests(an_offer_that_is_not_there_is_404_to_anyone),
        world_tests(candidates_of_two_offers_of_one_request_stay_apart),
        world_tests(a_candidate_is_any_json_and_comes_back_as_it_was),
        world_tests(a_request_has_1_to_100_candidates_of_4096_bytes),
        world_tests(what_is_no_list_of_candidates_is_400_before_the_offer_is_looked_for),
        world_tests(times_of_a_side_go_up_within_a_request_and_from_one_to_the_next),
        world_test_eventual(candidates_of_requests_that_did_not_see_each_other_come_in_order),
        world_test_eventual(what_comes_next_is_later_than_all_that_overlapped),
        world_tests(since_is_exclusive_within_a_request_too),
        world_tests(a_reader_waits_while_there_is_none_newer),
        world_tests(a_side_leaves_1000_and_one_more_is_409),
        world_tests(a_large_answer_ends_and_since_goes_on),
    };
    return cmocka_run_group_tests_name("candidates of offers", tests, NULL, NULL);
}
