/* Service listings: what a name's shard decides where shards are places of their own, though what
 * it tells the service's and the peer's arrives late, or in another order than what others tell
 * them. */
#include "service_listings.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALICE = 1, UUID_SIZE = 37 };

/* Edits that are on their way to other shards. */
struct late {
    struct edit *edits;
    size_t count;
};

struct stage {
    struct world_peer peer, caller;
    char uuid[UUID_SIZE];
};

static struct stage open_stage(struct world *world) {
    struct stage stage = {.uuid = ""};
    world_register(world, &stage.peer);
    world_register(world, &stage.caller);
    assert_int_equal(world_claim(world, ALICE, "alice"), 200);
    return stage;
}

/* Applies what is of shards whose keys begin so, and forgets it. */
static void deliver(struct world *world, struct late *late, const char *start) {
    for (size_t i = 0; i < late->count; i++) {
        struct edit *edit = &late->edits[i];
        if (edit->key.at != NULL && strncmp(edit->key.at, start, strlen(start)) == 0) {
            world_apply_one(world, edit);
            edit->key = (struct text){0};
        }
    }
}

/* The last request's edits: those of `home` are applied. */
static struct late hold_back(struct world *world, const char *home) {
    struct late late;
    late.edits = world_edits(world, &late.count);
    world->host.keep_edits = false;
    deliver(world, &late, home);
    return late;
}

static struct late serve_late(struct world *world, struct stage *stage, const char *more) {
    world->host.now++;
    world->host.keep_edits = true;
    world_serve(world, &stage->peer, ALICE, "alice", "chat@1.0.0", "x", more);
    assert_int_equal(world->result.status, 201);
    snprintf(stage->uuid, UUID_SIZE, "%s", world_text(world, "uuid"));
    return hold_back(world, "name/");
}

static void serve(struct world *world, struct stage *stage, const char *more) {
    struct late late = serve_late(world, stage, more);
    deliver(world, &late, "");
}

/* The SDP that a caller is given, or "". */
static const char *ask(struct world *world, const char *uuid) {
    int status = world_get_as(world, NULL, "/services/%s", uuid);
    assert_true(status == 200 || status == 503 || status == 404);
    return status == 200 ? world_text(world, "sdp") : "";
}

static int mine(struct world *world, const struct stage *stage) {
    world_get_as(world, &stage->peer, "/offers/mine");
    return world_count(world, "offers");
}

static int end(struct world *world, const struct stage *stage) {
    char target[64];
    snprintf(target, sizeof target, "/services/%s", stage->uuid);
    return world_send_as(world, &stage->peer, "DELETE", target, "{\"username\":\"alice\"}");
}

/* -- Late lists ------------------------------------------------------------------ */

static void
an_offer_that_was_answered_is_not_handed_out_though_its_entry_is_still_there(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage, ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"},{\"sdp\":\"c\"}]");
    char ids[3][OFFER_ID_SIZE];
    for (int i = 0; i < 3; i++) {
        snprintf(ids[i], OFFER_ID_SIZE, "%s", world_text_in(world, "offers", i, "offerId"));
    }
    for (int i = 0; i < 2; i++) {
        world->host.keep_edits = true;
        assert_int_equal(world_answer(world, &stage.caller, ids[i]), 200);
        hold_back(world, "peer/");
        for (int j = 0; j < 10; j++) {
            const char *sdp = ask(world, stage.uuid);
            assert_true(strcmp(sdp, "c") == 0 || (i == 0 && strcmp(sdp, "b") == 0));
        }
    }
    world->host.keep_edits = true;
    assert_int_equal(world_answer(world, &stage.caller, ids[2]), 200);
    hold_back(world, "peer/");
    world_get_as(world, NULL, "/services/%s", stage.uuid);
    assert_error(world, 503, "No available offers");
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"loose\"}");
    assert_string_equal(ask(world, stage.uuid), "loose");
}

static void an_offer_is_handed_out_once_its_peers_shard_has_it(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    struct late late = serve_late(world, &stage, "");
    assert_int_equal(world_get_as(world, NULL, "/services/%s", stage.uuid), 404);
    deliver(world, &late, "service/");
    assert_int_equal(world_get_as(world, NULL, "/services/%s", stage.uuid), 503);
    deliver(world, &late, "peer/");
    assert_string_equal(ask(world, stage.uuid), "x");
}

static void callers_are_given_different_offers_of_those_that_are_open(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage,
          ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"},{\"sdp\":\"c\"},{\"sdp\":\"d\"}]");
    world->host.keep_edits = true;
    assert_int_equal(
        world_answer(world, &stage.caller, world_text_in(world, "offers", 1, "offerId")), 200);
    hold_back(world, "peer/");
    bool seen[4] = {false, false, false, false};
    for (int i = 0; i < 3; i++) {
        const char *sdp = ask(world, stage.uuid);
        assert_int_equal(strlen(sdp), 1);
        assert_false(seen[sdp[0] - 'a']);
        seen[sdp[0] - 'a'] = true;
    }
    assert_false(seen[1]);
}

/* -- What the name decides ------------------------------------------------------- */

static void what_is_published_over_goes_though_no_other_shard_knew_of_it_yet(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    struct late first = serve_late(world, &stage, ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    struct late second = serve_late(world, &stage, ",\"offers\":[{\"sdp\":\"c\"}]");
    deliver(world, &first, "");
    assert_int_equal(mine(world, &stage), 2);
    deliver(world, &second, "");
    assert_int_equal(mine(world, &stage), 1);
    assert_string_equal(ask(world, stage.uuid), "c");
    assert_int_equal(world_keys(world, "/open/"), 1);
}

static void a_service_is_ended_though_its_shard_did_not_know_of_it_yet(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    struct late published = serve_late(world, &stage, "");
    world->host.now++;
    world->host.keep_edits = true;
    assert_int_equal(end(world, &stage), 200);
    struct late ended = hold_back(world, "name/");
    assert_int_equal(end(world, &stage), 404);
    deliver(world, &published, "");
    deliver(world, &ended, "");
    assert_int_equal(world_get_as(world, NULL, "/services/%s", stage.uuid), 404);
    assert_int_equal(mine(world, &stage), 0);
    assert_int_equal(world_keys(world, "/open/"), 0);
}

/* What an answer needs must not go because the service's owner replaced the offer meanwhile. */
static void an_offer_that_is_answered_while_it_is_replaced_stays_answered(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage, "");
    char id[OFFER_ID_SIZE];
    snprintf(id, sizeof id, "%s", world_text(world, "offerId"));
    struct late over = serve_late(world, &stage, "");
    assert_int_equal(world_answer(world, &stage.caller, id), 200);
    deliver(world, &over, "");
    assert_int_equal(mine(world, &stage), 2);
    assert_string_equal(world_text_in(world, "offers", 1, "answererPeerId"), stage.caller.id);
    assert_int_equal(world_trickle(world, &stage.peer, id, "1"), 200);
}

static void joined_offers_go_with_the_service_out_of_their_topics_too(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage, "");
    for (int i = 0; i < 3; i++) {
        world_publish(world, &stage.peer, NULL,
                      "{\"sdp\":\"o\",\"topics\":[\"t\",\"u\"],\"serviceId\":\"%s\"},"
                      "{\"sdp\":\"o\",\"serviceId\":\"%s\"}",
                      stage.uuid, stage.uuid);
    }
    assert_int_equal(mine(world, &stage), 7);
    assert_int_equal(end(world, &stage), 200);
    assert_int_equal(mine(world, &stage), 0);
    assert_int_equal(world_keys(world, "topics/"), 0);
    assert_int_equal(world_keys(world, "/open/"), 0);
    assert_int_equal(world_keys(world, "service/"), 2 * 2); /* published, and ended: at both */
}

/* -- Where edits go -------------------------------------------------------------- */

static bool all_begin(const struct late *late, const char *const *starts) {
    for (size_t i = 0; i < late->count; i++) {
        const char *const *start = starts;
        while (*start != NULL && strncmp(late->edits[i].key.at, *start, strlen(*start)) != 0) {
            start++;
        }
        if (*start == NULL) {
            return false;
        }
    }
    return true;
}

static void each_route_writes_to_its_home_and_to_what_it_names(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    char name[] = "name/alice/", service[64], peer[64];
    snprintf(peer, sizeof peer, "peer/%s/", stage.peer.id);
    world->host.keep_edits = true;
    world_claim(world, ALICE, "alice");
    struct late late = {0};
    late.edits = world_edits(world, &late.count);
    assert_true(all_begin(&late, (const char *[]){name, NULL}));
    serve(world, &stage, ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    snprintf(service, sizeof service, "service/%s/", stage.uuid);
    world->host.keep_edits = true;
    world_get_as(world, NULL, "/services/%s", stage.uuid);
    late.edits = world_edits(world, &late.count);
    assert_int_equal(late.count, 1);
    assert_true(all_begin(&late, (const char *[]){service, NULL}));
    world_serve(world, &stage.peer, ALICE, "alice", "chat@1.0.0", "x", "");
    late.edits = world_edits(world, &late.count);
    assert_true(all_begin(&late, (const char *[]){name, service, peer, NULL}));
    assert_int_equal(end(world, &stage), 200);
    late.edits = world_edits(world, &late.count);
    assert_true(all_begin(&late, (const char *[]){name, service, peer, NULL}));
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"o\",\"serviceId\":\"%s\"}", stage.uuid);
    late.edits = world_edits(world, &late.count);
    assert_true(all_begin(&late, (const char *[]){service, peer, NULL}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test_sharded(
            an_offer_that_was_answered_is_not_handed_out_though_its_entry_is_still_there),
        world_test_sharded(an_offer_is_handed_out_once_its_peers_shard_has_it),
        world_test_sharded(callers_are_given_different_offers_of_those_that_are_open),
        world_test_sharded(what_is_published_over_goes_though_no_other_shard_knew_of_it_yet),
        world_test_sharded(a_service_is_ended_though_its_shard_did_not_know_of_it_yet),
        world_test_sharded(an_offer_that_is_answered_while_it_is_replaced_stays_answered),
        world_test_sharded(joined_offers_go_with_the_service_out_of_their_topics_too),
        world_test_sharded(each_route_writes_to_its_home_and_to_what_it_names),
    };
    return cmocka_run_group_tests_name("service listings", tests, NULL, NULL);
}
