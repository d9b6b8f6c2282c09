/* Answers: the first to answer gets the offer, and its peer hears of that, once and in order. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

#define NO_OFFER "Offer not found or expired"
#define ANSWERED "Offer already answered"
#define NO_SECRET "Invalid or missing secret"

/* Who offers, and two who answer. */
struct three {
    struct world_peer alice, bob, eve;
    char id[OFFER_ID_SIZE];
};

static struct three three(struct world *world, const char *offer) {
    struct three peers;
    world_register(world, &peers.alice);
    world_register(world, &peers.bob);
    world_register(world, &peers.eve);
    world_publish(world, &peers.alice, peers.id, "%s", offer);
    return peers;
}

static int answer_with(struct world *world, const struct world_peer *peer, const char *id,
                       const char *body) {
    char target[128];
    snprintf(target, sizeof target, "/offers/%s/answer", id);
    return world_send_as(world, peer, "POST", target, body);
}

static int hear(struct world *world, const struct world_peer *peer, const char *query) {
    assert_int_equal(world_get_as(world, peer, "/offers/answers%s", query), 200);
    return world_count(world, "answers");
}

static void assert_unchanged(struct world *world, const char *before) {
    char *after = world_dump(world);
    assert_string_equal(after, before);
    free(after);
}

/* -- Answering ----------------------------------------------------------------- */

static void an_answer_is_told_to_the_one_and_the_other(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\",\"topics\":[\"t\",\"u\"]}");
    world->host.now += 7;
    answer_with(world, &peers.bob, peers.id, "{\"sdp\":\"a\\n\\\"\xC3\xA9\"}");
    char wanted[512];
    snprintf(wanted, sizeof wanted,
             "{\"success\":true,\"offerId\":\"%s\",\"answererId\":\"%s\","
             "\"answeredAt\":1700000000007}",
             peers.id, peers.bob.id);
    assert_answer(world, 200, wanted);
    assert_int_equal(hear(world, &peers.alice, ""), 1);
    snprintf(wanted, sizeof wanted,
             "{\"answers\":[{\"offerId\":\"%s\",\"answererId\":\"%s\",\"sdp\":\"a\\n\\\"\xC3\xA9\","
             "\"answeredAt\":1700000000007,\"topics\":[\"t\",\"u\"]}]}",
             peers.id, peers.bob.id);
    assert_answer(world, 200, wanted);
    assert_int_equal(hear(world, &peers.bob, ""), 0);
    assert_int_equal(hear(world, &peers.eve, ""), 0);
}

static void the_first_to_answer_locks_the_offer_and_takes_it_out_of_every_list(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\",\"topics\":[\"t\"]},{\"sdp\":\"p\"}");
    assert_int_equal(world_answer(world, &peers.bob, peers.id), 200);
    char *before = world_dump(world);
    world_answer(world, &peers.eve, peers.id);
    assert_error(world, 400, ANSWERED);
    world_answer(world, &peers.bob, peers.id); /* again by the same */
    assert_error(world, 400, ANSWERED);
    world_answer(world, &peers.alice, peers.id);
    assert_error(world, 400, "Cannot answer your own offer");
    assert_unchanged(world, before);
    free(before);
    world_get(world, "/offers/by-topic/t");
    assert_answer(world, 200, "{\"topic\":\"t\",\"offers\":[],\"total\":0,\"returned\":0}");
    world_get_as(world, NULL, "/peers/%s/offers", peers.alice.id);
    assert_int_equal(world_count(world, "offers"), 1);
    assert_int_equal(hear(world, &peers.alice, ""), 1);
    assert_string_equal(world_text_in(world, "answers", 0, "answererId"), peers.bob.id);
}

static void ten_race_for_one_offer_and_one_of_them_is_told_200(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\",\"topics\":[\"t\"]}");
    struct world_peer racers[10];
    for (int i = 0; i < 10; i++) {
        world_register(world, &racers[i]);
    }
    int won = 0, winner = -1;
    for (int i = 0; i < 10; i++) { /* the clock stands still */
        int status = world_answer(world, &racers[i], peers.id);
        won += status == 200;
        winner = status == 200 ? i : winner;
        if (status != 200) {
            assert_error(world, 400, ANSWERED);
        }
    }
    assert_int_equal(won, 1);
    assert_int_equal(hear(world, &peers.alice, ""), 1);
    assert_string_equal(world_text_in(world, "answers", 0, "answererId"), racers[winner].id);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(world_trickle(world, &racers[i], peers.id, "1"), i == winner ? 200 : 403);
    }
}

static void a_secret_is_asked_for_where_there_is_one(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\",\"secret\":\"s\xC3\xA9\\n\\\"\"}");
    static const char *const wrong[] = {
        "{\"sdp\":\"a\"}",
        "{\"sdp\":\"a\",\"secret\":null}",
        "{\"sdp\":\"a\",\"secret\":\"\"}",
        "{\"sdp\":\"a\",\"secret\":\"s\"}",
        "{\"sdp\":\"a\",\"secret\":\"s\xC3\xA9\\n\\\" \"}",
        "{\"sdp\":\"a\",\"secret\":\"S\xC3\xA9\\n\\\"\"}",
        "{\"sdp\":\"a\",\"secret\":\"s\xC3\xA9\\\\n\\\\\\\"\"}",
        "{\"sdp\":\"a\",\"secret\":\"null\"}",
    };
    char *before = world_dump(world);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        answer_with(world, &peers.bob, peers.id, wrong[i]);
        assert_error(world, 400, NO_SECRET);
    }
    answer_with(world, &peers.bob, peers.id, "{\"sdp\":\"a\",\"secret\":1}");
    assert_error(world, 400, "secret must be a text");
    assert_unchanged(world, before);
    free(before);
    answer_with(world, &peers.bob, peers.id, "{\"sdp\":\"a\",\"secret\":\"s\\u00e9\\n\\\"\"}");
    assert_int_equal(world->result.status, 200);
    answer_with(world, &peers.eve, peers.id, "{\"sdp\":\"a\"}");
    assert_error(world, 400, ANSWERED); /* which comes first */
    answer_with(world, &peers.alice, peers.id, "{\"sdp\":\"a\"}");
    assert_error(world, 400, "Cannot answer your own offer");
}

static void an_offer_without_a_secret_ignores_what_is_sent(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\",\"secret\":\"\"},{\"sdp\":\"p\"}");
    char second[OFFER_ID_SIZE];
    snprintf(second, sizeof second, "%s", world_text_in(world, "offers", 1, "id"));
    assert_int_equal(answer_with(world, &peers.bob, peers.id, "{\"sdp\":\"a\",\"secret\":\"any\"}"),
                     200);
    assert_int_equal(answer_with(world, &peers.bob, second, "{\"sdp\":\"a\",\"secret\":\"\"}"),
                     200);
}

static void what_is_no_answer_is_400_before_the_offer_is_looked_for(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\"}");
    static const char *const bodies[] = {
        "{}",
        "{\"sdp\":\"\"}",
        "{\"sdp\":null}",
        "{\"sdp\":{\"type\":\"answer\",\"sdp\":\"a\"}}",
        "{\"sdp\":[\"a\"]}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        answer_with(world, &peers.bob, i % 2 ? peers.id : "x", bodies[i]);
        assert_error(world, 400, "sdp must be a text of 1 to 65536 bytes");
    }
    assert_int_equal(answer_with(world, &peers.bob, peers.id, ""), 400);
    assert_int_equal(answer_with(world, &peers.bob, peers.id, "[]"), 400);
    assert_int_equal(hear(world, &peers.alice, ""), 0);
    const char *sdp = world_repeat(world, "x", 65537);
    char target[128];
    snprintf(target, sizeof target, "/offers/%s/answer", peers.id);
    world_post_as(world, &peers.bob, target, "{\"sdp\":\"%s\"}", sdp);
    assert_int_equal(world->result.status, 400);
    world_post_as(world, &peers.bob, target, "{\"sdp\":\"%s\"}", sdp + 1);
    assert_int_equal(world->result.status, 200);
}

static void an_offer_that_is_not_there_cannot_be_answered(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\"}");
    assert_int_equal(world_delete_as(world, &peers.alice, "/offers/%s", peers.id), 200);
    const char *ids[] = {peers.id, "x", peers.alice.id,
                         "0000000000000000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        world_answer(world, &peers.bob, ids[i]);
        assert_error(world, 404, NO_OFFER);
        world_answer(world, &peers.alice, ids[i]); /* not even one's own */
        assert_error(world, 404, NO_OFFER);
    }
}

/* -- Hearing of them ----------------------------------------------------------- */

/* A request with that many offers, all answered in one ms; the answers' times. */
static void answer_many(struct world *world, struct three *peers, int count,
                        char (*ids)[OFFER_ID_SIZE]) {
    char *offers = calloc((size_t)count + 1, 16);
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += (size_t)sprintf(offers + len, "%s{\"sdp\":\"o\"}", i == 0 ? "" : ",");
    }
    *peers = three(world, offers);
    free(offers);
    for (int i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "%s", world_text_in(world, "offers", i, "id"));
    }
    for (int i = 0; i < count; i++) {
        assert_int_equal(world_answer(world, i % 2 ? &peers->bob : &peers->eve, ids[i]), 200);
        assert_int_equal(world_number(world, "answeredAt"), NOW + i);
    }
}

static void answers_of_one_ms_have_times_that_go_up(void **state) {
    struct world *world = as_world(state);
    struct three peers;
    char ids[6][OFFER_ID_SIZE];
    answer_many(world, &peers, 6, ids);
    assert_int_equal(hear(world, &peers.alice, ""), 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(world_number_in(world, "answers", i, "answeredAt"), NOW + i);
        assert_string_equal(world_text_in(world, "answers", i, "offerId"), ids[i]);
    }
    world->host.now += 3; /* still behind the last */
    char id[OFFER_ID_SIZE];
    world_publish(world, &peers.alice, id, "{\"sdp\":\"late\"}");
    assert_int_equal(world_answer(world, &peers.bob, id), 200);
    assert_int_equal(world_number(world, "answeredAt"), NOW + 6);
    world->host.now += 100;
    world_publish(world, &peers.alice, id, "{\"sdp\":\"later\"}");
    assert_int_equal(world_answer(world, &peers.bob, id), 200);
    assert_int_equal(world_number(world, "answeredAt"), NOW + 103);
}

static void since_is_exclusive(void **state) {
    struct world *world = as_world(state);
    struct three peers;
    char ids[4][OFFER_ID_SIZE], query[64];
    answer_many(world, &peers, 4, ids);
    for (int ms = -1; ms < 5; ms++) {
        snprintf(query, sizeof query, "?since=%lld", (long long)NOW + ms);
        int left = ms < 0 ? 4 : ms > 2 ? 0 : 3 - ms;
        assert_int_equal(hear(world, &peers.alice, query), left);
        if (left > 0) {
            assert_string_equal(world_text_in(world, "answers", 0, "offerId"), ids[4 - left]);
        }
    }
    assert_int_equal(hear(world, &peers.alice, "?since=0"), 4);
    assert_int_equal(hear(world, &peers.alice, "?since="), 4);
    static const char *const late[] = {"281474976710655", "281474976710656", "9223372036854775807",
                                       "99999999999999999999"};
    for (size_t i = 0; i < sizeof late / sizeof late[0]; i++) {
        snprintf(query, sizeof query, "?since=%s", late[i]);
        assert_int_equal(hear(world, &peers.alice, query), 0);
    }
}

static void a_list_of_answers_goes_on_where_it_ended(void **state) {
    struct world *world = as_world(state);
    struct three peers;
    char ids[7][OFFER_ID_SIZE];
    answer_many(world, &peers, 7, ids);
    for (int limit = 1; limit <= 8; limit++) {
        char query[128];
        snprintf(query, sizeof query, "?limit=%d", limit);
        int at = 0;
        for (bool more = true; more;) {
            int count = hear(world, &peers.alice, query);
            assert_in_range(count, 1, limit);
            for (int i = 0; i < count; i++, at++) {
                assert_string_equal(world_text_in(world, "answers", i, "offerId"), ids[at]);
            }
            more = cJSON_GetObjectItem(world->json, "next") != NULL;
            assert_true(!more || count == limit);
            if (more) {
                snprintf(query, sizeof query, "?limit=%d&after=%s", limit,
                         world_text(world, "next"));
            }
        }
        assert_int_equal(at, 7);
    }
}

static void of_since_and_after_the_later_counts(void **state) {
    struct world *world = as_world(state);
    struct three peers;
    char ids[5][OFFER_ID_SIZE], next[64], query[128];
    answer_many(world, &peers, 5, ids);
    hear(world, &peers.alice, "?limit=2");
    snprintf(next, sizeof next, "%s", world_text(world, "next"));
    for (int since = 0; since < 5; since++) {
        snprintf(query, sizeof query, "?after=%s&since=%lld", next, (long long)NOW + since);
        assert_int_equal(hear(world, &peers.alice, query), since < 2 ? 3 : 4 - since);
    }
}

static void a_list_of_large_answers_ends_before_it_is_too_large(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\"}");
    const char *sdp = world_repeat(world, "x", 65536);
    for (int i = 0; i < 40; i++) {
        char id[OFFER_ID_SIZE], target[128];
        world->host.now++;
        world_publish(world, &peers.alice, id, "{\"sdp\":\"o\"}");
        snprintf(target, sizeof target, "/offers/%s/answer", id);
        world_post_as(world, &peers.bob, target, "{\"sdp\":\"%s\"}", sdp);
        assert_int_equal(world->result.status, 200);
    }
    char query[128] = "";
    int seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        seen += hear(world, &peers.alice, query);
        assert_in_range(strlen(world->result.body), 500000, 1100000);
        more = cJSON_GetObjectItem(world->json, "next") != NULL;
        if (more) {
            assert_in_range(strlen(world->result.body), 900000, 1100000);
            snprintf(query, sizeof query, "?after=%s", world_text(world, "next"));
        }
    }
    assert_int_equal(seen, 40);
    assert_int_equal(pages, 3);
}

static void more_than_100_answers_take_another_page(void **state) {
    struct world *world = as_world(state);
    struct three peers;
    char(*ids)[OFFER_ID_SIZE] = malloc(100 * sizeof *ids);
    answer_many(world, &peers, 100, ids);
    assert_int_equal(hear(world, &peers.alice, ""), 100);
    assert_null(cJSON_GetObjectItem(world->json, "next"));
    char id[OFFER_ID_SIZE], query[64];
    world_publish(world, &peers.alice, id, "{\"sdp\":\"o\"}");
    assert_int_equal(world_answer(world, &peers.bob, id), 200);
    assert_int_equal(hear(world, &peers.alice, "?limit=200"), 100);
    snprintf(query, sizeof query, "?after=%s", world_text(world, "next"));
    assert_int_equal(hear(world, &peers.alice, query), 1);
    assert_string_equal(world_text_in(world, "answers", 0, "offerId"), id);
    free(ids);
}

static void a_reader_waits_while_there_is_none_newer(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\"}");
    hear(world, &peers.alice, "?wait=5");
    assert_int_equal(world->result.wait, 5);
    hear(world, &peers.alice, "?wait=26");
    assert_int_equal(world->result.wait, 25);
    hear(world, &peers.alice, "");
    assert_int_equal(world->result.wait, 0);
    assert_int_equal(world_answer(world, &peers.bob, peers.id), 200);
    assert_int_equal(hear(world, &peers.alice, "?wait=5"), 1);
    assert_int_equal(world->result.wait, 0);
    hear(world, &peers.alice, "?wait=5&since=1699999999999");
    assert_int_equal(world->result.wait, 0);
    hear(world, &peers.alice, "?wait=5&since=1700000000000");
    assert_int_equal(world->result.wait, 5);
}

static void a_bad_query_is_400(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\"}");
    static const struct {
        const char *query, *name;
    } rows[] = {
        {"since=x", "since"},
        {"since=-1", "since"},
        {"since=1.5", "since"},
        {"wait=x", "wait"},
        {"wait=-1", "wait"},
        {"limit=0", "limit"},
        {"limit=x", "limit"},
        {"after=x", "after"},
        {"after=0123456789abcdef012", "after"},
        {"after=0123456789abcdef01234", "after"},
        {"after=0123456789abcdef012g", "after"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(world_get_as(world, &peers.alice, "/offers/answers?%s", rows[i].query),
                         400);
        assert_non_null(strstr(world_text(world, "error"), rows[i].name));
    }
}

/* -- Where the store is eventual ----------------------------------------------- */

/* Two who answer without seeing each other; bob is a ms earlier. Their edits are not applied. */
struct race {
    struct three peers;
    struct edit *bobs, *eves;
    size_t bob_count, eve_count;
};

static struct race race(struct world *world) {
    struct race race = {.peers = three(world, "{\"sdp\":\"o\",\"topics\":[\"t\"]}")};
    world->host.keep_edits = true;
    assert_int_equal(world_answer(world, &race.peers.bob, race.peers.id), 200);
    race.bobs = world_edits(world, &race.bob_count);
    world->host.now++;
    assert_int_equal(world_answer(world, &race.peers.eve, race.peers.id), 200);
    race.eves = world_edits(world, &race.eve_count);
    world->host.keep_edits = false;
    return race;
}

static void assert_answerer(struct world *world, const struct race *race,
                            const struct world_peer *winner, const struct world_peer *loser) {
    const struct three *peers = &race->peers;
    assert_int_equal(hear(world, &peers->alice, ""), 1);
    assert_string_equal(world_text_in(world, "answers", 0, "answererId"), winner->id);
    assert_int_equal(world_get_as(world, &peers->alice, "/offers/mine"), 200);
    assert_int_equal(world_count(world, "offers"), 1);
    assert_string_equal(world_text_in(world, "offers", 0, "answererPeerId"), winner->id);
    assert_int_equal(world_get_as(world, winner, "/offers/%s/ice-candidates", peers->id), 200);
    assert_int_equal(world_trickle(world, winner, peers->id, "1"), 200);
    assert_int_equal(world_get_as(world, loser, "/offers/%s/ice-candidates", peers->id), 403);
    assert_int_equal(world_trickle(world, loser, peers->id, "1"), 403);
    assert_int_equal(world_get_as(world, &peers->alice, "/offers/%s/ice-candidates", peers->id),
                     200);
    assert_string_equal(world_text_in(world, "candidates", 0, "peerId"), winner->id);
}

static void of_two_answers_that_race_the_earlier_counts_whichever_arrives_first(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        void *opened;
        world_open_eventual(&opened);
        struct world *world = opened;
        struct race both = race(world);
        if (order == 0) {
            world_apply(world, both.bobs, both.bob_count);
            assert_answerer(world, &both, &both.peers.bob, &both.peers.eve);
            world_apply(world, both.eves, both.eve_count);
        } else {
            world_apply(world, both.eves, both.eve_count);
            assert_answerer(world, &both, &both.peers.eve, &both.peers.bob);
            world_apply(world, both.bobs, both.bob_count);
        }
        assert_int_equal(hear(world, &both.peers.alice, ""), 1);
        assert_string_equal(world_text_in(world, "answers", 0, "answererId"), both.peers.bob.id);
        assert_int_equal(hear(world, &both.peers.alice, "?since=1700000000000"), 0);
        assert_int_equal(world_trickle(world, &both.peers.bob, both.peers.id, "1"), 200);
        assert_int_equal(world_trickle(world, &both.peers.eve, both.peers.id, "1"), 403);
        assert_int_equal(world_answer(world, &both.peers.eve, both.peers.id), 400);
        world_close(&opened);
    }
}

static void candidates_of_the_answerer_that_lost_are_not_shown(void **state) {
    struct world *world = as_world(state);
    struct race both = race(world);
    world_apply(world, both.eves, both.eve_count);
    assert_int_equal(world_trickle(world, &both.peers.eve, both.peers.id, "\"from eve\""), 200);
    world_apply(world, both.bobs, both.bob_count);
    assert_int_equal(world_trickle(world, &both.peers.bob, both.peers.id, "\"from bob\""), 200);
    world_get_as(world, &both.peers.alice, "/offers/%s/ice-candidates", both.peers.id);
    assert_non_null(strstr(world->result.body, "from bob"));
    assert_null(strstr(world->result.body, "from eve"));
}

static void a_deleted_offer_that_two_had_answered_does_not_come_back(void **state) {
    (void)state;
    for (int order = 0; order < 3; order++) {
        void *opened;
        world_open_eventual(&opened);
        struct world *world = opened;
        struct race both = race(world);
        if (order != 1) {
            world_apply(world, both.bobs, both.bob_count);
        }
        if (order != 2) {
            world_apply(world, both.eves, both.eve_count);
        }
        assert_int_equal(world_delete_as(world, &both.peers.alice, "/offers/%s", both.peers.id),
                         200);
        world_apply(world, both.bobs, both.bob_count); /* the other one is late */
        world_apply(world, both.eves, both.eve_count);
        assert_int_equal(hear(world, &both.peers.alice, ""), 0);
        assert_int_equal(world_get_as(world, &both.peers.alice, "/offers/mine"), 200);
        assert_int_equal(world_count(world, "offers"), 0);
        assert_int_equal(world_trickle(world, &both.peers.bob, both.peers.id, "1"), 404);
        assert_int_equal(world_trickle(world, &both.peers.eve, both.peers.id, "1"), 404);
        world_close(&opened);
    }
}

static void an_offer_is_open_until_its_answer_arrives_and_never_both(void **state) {
    struct world *world = as_world(state);
    struct race both = race(world);
    for (size_t i = 0; i < both.bob_count; i++) {
        world_apply_one(world, &both.bobs[i]);
        int answered = hear(world, &both.peers.alice, "");
        int trickles = world_trickle(world, &both.peers.bob, both.peers.id, "1");
        assert_true(trickles == 200 || answered == 0); /* whoever is told can be heard */
    }
    assert_int_equal(hear(world, &both.peers.alice, ""), 1);
}

/* -- Shards ---------------------------------------------------------------------- */

/* Counts the edits of the last request whose keys begin so, and takes them for known. */
static size_t count_in(struct edit *edits, size_t count, const char *format, const char *name) {
    char start[192];
    size_t found = 0;
    snprintf(start, sizeof start, format, name);
    for (size_t i = 0; i < count; i++) {
        if (edits[i].key.at != NULL && strncmp(edits[i].key.at, start, strlen(start)) == 0) {
            edits[i].key = (struct text){0};
            found++;
        }
    }
    return found;
}

static void all_of_a_handshake_is_in_the_offerers_shard_and_the_other_side_is_told(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\",\"topics\":[\"t\"]}");
    char turn[160];
    snprintf(turn, sizeof turn, "peer/%s/turn/%s", peers.bob.id, peers.id);
    size_t count;
    struct edit *edits;
    for (int step = 0; step < 5; step++) {
        world->host.now += 10;
        assert_int_equal(step == 0   ? world_answer(world, &peers.bob, peers.id)
                         : step == 1 ? world_trickle(world, &peers.alice, peers.id, "1,2")
                         : step == 2 ? world_trickle(world, &peers.alice, peers.id, "3")
                         : step == 3 ? world_trickle(world, &peers.bob, peers.id, "4")
                                     : world_delete_as(world, &peers.alice, "/offers/%s", peers.id),
                         200);
        edits = world_edits(world, &count);
        const struct edit *told = NULL;
        for (size_t i = 0; i < count; i++) {
            told = text_equal(edits[i].key, text_of(turn)) ? &edits[i] : told;
        }
        if (step == 3) { /* the offerer's own shard tells its socket */
            assert_null(told);
        } else {
            char time[32];
            snprintf(time, sizeof time, "%lld", (long long)world->host.now);
            const char *wanted = step == 0 ? "answered" : step == 4 ? "gone" : time;
            assert_string_equal(told->value.at, wanted);
            assert_int_equal(told->expires_at, NOW + 60000);
        }
        size_t told_count = count_in(edits, count, "peer/%s/turn/", peers.bob.id);
        size_t own = count_in(edits, count, "peer/%s/", peers.alice.id);
        size_t topics = count_in(edits, count, "%s", "topics/");
        assert_int_equal(told_count + own + topics, count);
        assert_int_equal(topics > 0, step == 0);
    }
    world->host.now = NOW + 60000;
    world_sweep(world);
    assert_int_equal(memory_count(world->memory), 0);
}

static void candidates_before_the_answer_tell_nobody(void **state) {
    struct world *world = as_world(state);
    struct three peers = three(world, "{\"sdp\":\"o\"}");
    assert_int_equal(world_trickle(world, &peers.alice, peers.id, "1"), 200);
    assert_int_equal(world_keys(world, "/turn/"), 0);
    assert_int_equal(world_answer(world, &peers.bob, peers.id), 200);
    bool sharded = world->store.storage.methods->sharded;
    assert_int_equal(world_keys(world, "/turn/"), sharded ? 1 : 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(an_answer_is_told_to_the_one_and_the_other),
        world_tests(the_first_to_answer_locks_the_offer_and_takes_it_out_of_every_list),
        world_tests(ten_race_for_one_offer_and_one_of_them_is_told_200),
        world_tests(a_secret_is_asked_for_where_there_is_one),
        world_tests(an_offer_without_a_secret_ignores_what_is_sent),
        world_tests(what_is_no_answer_is_400_before_the_offer_is_looked_for),
        world_tests(an_offer_that_is_not_there_cannot_be_answered),
        world_tests(answers_of_one_ms_have_times_that_go_up),
        world_tests(since_is_exclusive),
        world_tests(a_list_of_answers_goes_on_where_it_ended),
        world_tests(of_since_and_after_the_later_counts),
        world_tests(a_list_of_large_answers_ends_before_it_is_too_large),
        world_tests(more_than_100_answers_take_another_page),
        world_tests(a_reader_waits_while_there_is_none_newer),
        world_tests(a_bad_query_is_400),
        cmocka_unit_test(of_two_answers_that_race_the_earlier_counts_whichever_arrives_first),
        world_test_eventual(candidates_of_the_answerer_that_lost_are_not_shown),
        cmocka_unit_test(a_deleted_offer_that_two_had_answered_does_not_come_back),
        world_test_eventual(an_offer_is_open_until_its_answer_arrives_and_never_both),
        world_test_sharded(all_of_a_handshake_is_in_the_offerers_shard_and_the_other_side_is_told),
        world_tests(candidates_before_the_answer_tell_nobody),
    };
    return cmocka_run_group_tests_name("answers to offers", tests, NULL, NULL);
}
