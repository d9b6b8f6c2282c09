/* Services: published under a name, found by uuid and by name, handed out, ended. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t MINUTE = 60000;
static const int64_t YEAR = INT64_C(365) * 24 * 60 * 60000;

#define NO_SERVICE "Service not found"
#define NO_OFFERS "No available offers"
#define NO_NAME "Username not claimed"
#define BAD_SIGNATURE "Invalid signature for username"
#define USED "Signature already used"

enum { ALICE = 1, BOB = 2 }; /* owners; each has the name of the same letters */

enum { UUID_SIZE = 37 };

struct stage {
    struct world_peer peer, other, caller;
    char uuid[UUID_SIZE];
};

static struct stage open_stage(struct world *world) {
    struct stage stage = {.uuid = ""};
    world_register(world, &stage.peer);
    world_register(world, &stage.other);
    world_register(world, &stage.caller);
    assert_int_equal(world_claim(world, ALICE, "alice"), 200);
    return stage;
}

/* Publishes alice's chat@1.0.0 for the peer. */
static void serve(struct world *world, const struct world_peer *peer, struct stage *stage,
                  const char *sdp, const char *more) {
    world->host.now++;
    world_serve(world, peer, ALICE, "alice", "chat@1.0.0", sdp, more);
    assert_int_equal(world->result.status, 201);
    snprintf(stage->uuid, UUID_SIZE, "%s", world_text(world, "uuid"));
}

static struct stage served(struct world *world, const char *more) {
    struct stage stage = open_stage(world);
    serve(world, &stage.peer, &stage, "first", more);
    return stage;
}

/* The SDP that a caller is given, or "". */
static const char *ask(struct world *world, const char *uuid) {
    int status = world_get_as(world, NULL, "/services/%s", uuid);
    assert_true(status == 200 || status == 503 || status == 404);
    return status == 200 ? world_text(world, "sdp") : "";
}

/* All SDPs that `times` callers are given, each once, sorted, with blanks. */
static const char *pool(struct world *world, const char *uuid, int times) {
    static char all[1024];
    char seen[16][64];
    int count = 0;
    for (int i = 0; i < times; i++) {
        const char *sdp = ask(world, uuid);
        int at = 0;
        while (at < count && strcmp(seen[at], sdp) != 0) {
            at++;
        }
        if (at == count && sdp[0] != '\0') {
            for (at = count++; at > 0 && strcmp(seen[at - 1], sdp) > 0; at--) {
                memcpy(seen[at], seen[at - 1], sizeof seen[at]);
            }
            snprintf(seen[at], sizeof seen[at], "%s", sdp);
        }
    }
    all[0] = '\0';
    for (int i = 0; i < count; i++) {
        sprintf(all + strlen(all), "%s ", seen[i]);
    }
    return all;
}

static int services_of(struct world *world, const char *username) {
    assert_int_equal(world_get_as(world, NULL, "/usernames/%s/services", username), 200);
    return world_count(world, "services");
}

static int query(struct world *world, const char *username, const char *fqn) {
    char target[64];
    snprintf(target, sizeof target, "/index/%s/query", username);
    return world_post(world, target, "{\"serviceFqn\":\"%s\"}", fqn);
}

static int end_by(struct world *world, const struct world_peer *peer, const char *uuid) {
    char target[64];
    snprintf(target, sizeof target, "/services/%s", uuid);
    return world_send_as(world, peer, "DELETE", target, "{\"username\":\"alice\"}");
}

static int end_signed(struct world *world, int owner, const char *uuid, const char *signed_for) {
    char target[64], body[1024];
    snprintf(target, sizeof target, "/services/%s", uuid);
    snprintf(body, sizeof body, "{\"username\":\"alice\",%s}",
             world_signed(world, owner, "unpublish:alice:%s", signed_for));
    return world_send_as(world, NULL, "DELETE", target, body);
}

/* -- Publishing ---------------------------------------------------------------- */

static void a_service_is_published_with_its_offer_and_found(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    char offer[OFFER_ID_SIZE], wanted[1024];
    world_serve(world, &stage.peer, ALICE, "alice", "chat@1.0.0", "the sdp",
                ",\"isPublic\":true,\"metadata\":{\"b\":1.0,\"a\":[]},\"ttl\":61000");
    assert_int_equal(world->result.status, 201);
    snprintf(stage.uuid, UUID_SIZE, "%s", world_text(world, "uuid"));
    snprintf(offer, sizeof offer, "%s", world_text(world, "offerId"));
    snprintf(wanted, sizeof wanted,
             "{\"serviceId\":\"%s\",\"uuid\":\"%s\",\"offerId\":\"%s\",\"offers\":[{\"offerId\":"
             "\"%s\",\"createdAt\":1700000000000,\"expiresAt\":1700000061000}],"
             "\"expiresAt\":1700000061000}",
             stage.uuid, stage.uuid, offer, offer);
    assert_answer(world, 201, wanted);
    world->host.now += 10;
    world_get_as(world, NULL, "/services/%s", stage.uuid);
    snprintf(wanted, sizeof wanted,
             "{\"serviceId\":\"%s\",\"username\":\"alice\",\"serviceFqn\":\"chat@1.0.0\","
             "\"offerId\":\"%s\",\"sdp\":\"the sdp\",\"isPublic\":true,"
             "\"metadata\":{\"b\":1.0,\"a\":[]},\"createdAt\":1700000000000,"
             "\"expiresAt\":1700000061000}",
             stage.uuid, offer);
    assert_answer(world, 200, wanted);
    world_get(world, "/usernames/alice/services");
    snprintf(wanted, sizeof wanted,
             "{\"username\":\"alice\",\"services\":[{\"uuid\":\"%s\",\"isPublic\":true,"
             "\"serviceFqn\":\"chat@1.0.0\",\"metadata\":{\"b\":1.0,\"a\":[]}}]}",
             stage.uuid);
    assert_answer(world, 200, wanted);
    query(world, "alice", "chat@1.0.0");
    snprintf(wanted, sizeof wanted, "{\"uuid\":\"%s\",\"allowed\":true}", stage.uuid);
    assert_answer(world, 200, wanted);
    world_get_as(world, &stage.peer, "/offers/mine");
    assert_string_equal(world_text_in(world, "offers", 0, "id"), offer);
}

static void a_private_service_shows_its_uuid_only_and_is_found_by_who_knows_its_name(void **state) {
    struct world *world = as_world(state);
    static const char *const members[] = {"", ",\"isPublic\":false", ",\"isPublic\":null",
                                          ",\"metadata\":{\"a\":1}"};
    struct stage stage = open_stage(world);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char wanted[256];
        serve(world, &stage.peer, &stage, "s", members[i]);
        world_get(world, "/usernames/alice/services");
        snprintf(wanted, sizeof wanted,
                 "{\"username\":\"alice\",\"services\":[{\"uuid\":\"%s\",\"isPublic\":false}]}",
                 stage.uuid);
        assert_answer(world, 200, wanted);
        assert_int_equal(query(world, "alice", "chat@1.0.0"), 200);
        assert_string_equal(world_text(world, "uuid"), stage.uuid);
    }
    assert_int_equal(services_of(world, "nobody"), 0);
}

static void several_offers_may_take_the_place_of_one(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage.peer, &stage, "not this",
          ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\",\"topics\":[\"t\"],\"ttl\":\"ignored\"},"
          "{\"sdp\":\"c\"}]");
    assert_int_equal(world_count(world, "offers"), 3);
    assert_string_equal(world_text(world, "offerId"), world_text_in(world, "offers", 0, "offerId"));
    assert_string_equal(pool(world, stage.uuid, 9), "a b c ");
    world_get(world, "/offers/by-topic/t");
    assert_int_equal(world_count(world, "offers"), 0);
    serve(world, &stage.peer, &stage, "this one", ",\"offers\":null");
    assert_string_equal(pool(world, stage.uuid, 3), "this one ");
}

static void members_of_a_publication_are_asked_for_in_order(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    static const char *const start[] = {"username", "serviceFqn", "sdp",       "ttl",
                                        "isPublic", "metadata",   "signature", "message"};
    static const char *const good[] = {"\"alice\"", "\"chat@1.0.0\"", "\"s\"", "60000", "true",
                                       "{}",        "\"s\"",          "\"m\""};
    static const struct {
        int member;
        const char *value, *path;
    } rows[] = {
        {0, "1", "username "},
        {0, "null", "username "},
        {0, "\"Al\"", "username "},
        {1, "1", "serviceFqn "},
        {1, "null", "serviceFqn "},
        {1, "\"chat\"", "serviceFqn "},
        {1, "\"chat@\"", "serviceFqn "},
        {1, "\"chat@1.0\"", "serviceFqn "},
        {1, "\"chat@^1.0.0\"", "serviceFqn "},
        {1, "\"Chat@1.0.0\"", "serviceFqn "},
        {1, "\"@1.0.0\"", "serviceFqn "},
        {2, "\"\"", "sdp "},
        {2, "1", "sdp "},
        {2, "null", "sdp "},
        {3, "\"1\"", "ttl "},
        {3, "null", "ttl "},
        {4, "1", "isPublic "},
        {4, "\"true\"", "isPublic "},
        {5, "[]", "metadata "},
        {5, "\"{}\"", "metadata "},
        {5, "0", "metadata "},
        {6, "1", "signature "},
        {6, "null", "signature "},
        {7, "1", "message "},
        {7, "null", "message "},
    };
    char *before = world_dump(world);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[1024] = "{";
        for (int j = 0; j < 8; j++) { /* what comes later is wrong too */
            sprintf(body + strlen(body), "%s\"%s\":%s", j == 0 ? "" : ",", start[j],
                    j == rows[i].member  ? rows[i].value
                    : j > rows[i].member ? "false"
                                         : good[j]);
        }
        strcat(body, "}");
        world_send_as(world, &stage.peer, "POST", "/services", body);
        if (world->result.status != 400 ||
            strstr(world_text(world, "error"), rows[i].path) == NULL) {
            fail_msg("%s: %d %s", body, world->result.status, world->result.body);
        }
    }
    static const char *const lists[] = {"[]", "{}", "1", "[{}]", "[{\"sdp\":\"a\"},{\"sdp\":1}]"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char more[64];
        snprintf(more, sizeof more, ",\"offers\":%s", lists[i]);
        assert_int_equal(world_serve(world, &stage.peer, ALICE, "alice", "chat@1.0.0", "s", more),
                         400);
        assert_non_null(strstr(world_text(world, "error"), i == 4 ? "offers[1].sdp " : "offers"));
    }
    assert_int_equal(world_send_as(world, &stage.peer, "POST", "/services", ""), 400);
    assert_int_equal(world_send_as(world, NULL, "POST", "/services", ""), 401);
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void metadata_is_an_object_of_at_most_4096_bytes_without_white_space(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    char more[4600];
    for (int over = 0; over < 2; over++) {
        snprintf(more, sizeof more, ",\"isPublic\":true,\"metadata\":{ \"a\" :\n\"%0*d\" }",
                 4096 - 8 + over, 0);
        world_serve(world, &stage.peer, ALICE, "alice", "chat@1.0.0", "s", more);
        assert_int_equal(world->result.status, over ? 400 : 201);
    }
    assert_int_equal(services_of(world, "alice"), 1);
    assert_non_null(strstr(world->result.body, ",\"metadata\":{\"a\":\"0000"));
    serve(world, &stage.peer, &stage, "s",
          ",\"isPublic\":true,\"metadata\":{\"n\":1.10,\"e\":1E400,\"a\":1,\"a\":2}");
    services_of(world, "alice");
    assert_non_null(
        strstr(world->result.body, "\"metadata\":{\"n\":1.10,\"e\":1E400,\"a\":1,\"a\":2}"));
    assert_non_null(strstr(world->result.body, stage.uuid));
}

static void a_fqn_has_its_limits(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    const char *name = world_repeat(world, "n", 129), *version = world_repeat(world, "0", 260);
    char fqn[512];
    for (int over = 0; over < 2; over++) {
        snprintf(fqn, sizeof fqn, "%.*s@1.0.0", 128 + over, name);
        assert_int_equal(world_serve(world, &stage.peer, ALICE, "alice", fqn, "s", ""),
                         over ? 400 : 201);
        snprintf(fqn, sizeof fqn, "%.*s@1.0.0+%.*s", 128, name, 250 + over, version);
        assert_int_equal(world_serve(world, &stage.peer, ALICE, "alice", fqn, "s", ""),
                         over ? 400 : 201);
    }
    assert_int_equal(services_of(world, "alice"), 2);
}

static void only_the_names_owner_publishes_and_only_so(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    assert_int_equal(world_claim(world, BOB, "bob"), 200);
    char *before = world_dump(world);
    world_serve(world, &stage.peer, BOB, "alice", "chat@1.0.0", "s", "");
    assert_error(world, 403, BAD_SIGNATURE);
    world_serve(world, &stage.peer, ALICE, "nobody", "chat@1.0.0", "s", "");
    assert_error(world, 404, NO_NAME);
    static const char *const messages[] = {
        "publish:alice:chat@1.0.1:1700000000000",
        "publish:bob:chat@1.0.0:1700000000000",
        "publish:alice:chat@1.0.0:1699999699999",
        "publish:alice:chat@1.0.0:1700000300001",
        "publish:alice:chat@1.0.0:",
        "unpublish:alice:chat@1.0.0:1700000000000",
        "claim:alice:1700000000000",
        "",
    };
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        char signature[WORLD_SIGNATURE_SIZE];
        world_sign(ALICE, messages[i], signature);
        world_post_as(world, &stage.peer, "/services",
                      "{\"username\":\"alice\",\"serviceFqn\":\"chat@1.0.0\",\"sdp\":\"s\","
                      "\"message\":\"%s\",\"signature\":\"%s\"}",
                      messages[i], signature);
        assert_error(world, 403, BAD_SIGNATURE);
        world_sign(ALICE, "publish:alice:chat@1.0.0:1700000000000", signature);
        world_post_as(world, &stage.peer, "/services",
                      "{\"username\":\"alice\",\"serviceFqn\":\"chat@1.0.0\",\"sdp\":\"s\","
                      "\"message\":\"publish:alice:chat@1.0.0:170000000000%zu\",\"signature\":"
                      "\"%s\"}",
                      i + 1, signature); /* of another ms */
        assert_error(world, 403, BAD_SIGNATURE);
    }
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static int publish_as_signed(struct world *world, const struct world_peer *peer,
                             const char *members) {
    return world_post_as(world, peer, "/services",
                         "{\"username\":\"alice\",\"serviceFqn\":\"chat@1.0.0\",\"sdp\":\"s\",%s}",
                         members);
}

static void a_signature_publishes_once(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    char members[1024];
    snprintf(members, sizeof members, "%s", world_signed(world, ALICE, "publish:alice:chat@1.0.0"));
    assert_int_equal(publish_as_signed(world, &stage.peer, members), 201);
    for (int64_t ms = 0; ms <= 300000; ms += 50000) {
        world->host.now = NOW + ms;
        publish_as_signed(world, &stage.peer, members);
        assert_error(world, 409, USED);
        publish_as_signed(world, &stage.other, members);
        assert_error(world, 409, USED);
    }
    world->host.now = world->signed_at + 300001;
    publish_as_signed(world, &stage.peer, members);
    assert_error(world, 403, BAD_SIGNATURE);
}

static void publishing_renews_the_name_and_unpublishing_does_not(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    world->host.now = NOW + YEAR - 20 * MINUTE;
    serve(world, &stage.peer, &stage, "s", "");
    int64_t renewed = world->host.now + YEAR;
    world_get(world, "/usernames/alice");
    assert_int_equal(world_number(world, "expiresAt"), renewed);
    assert_int_equal(world_number(world, "claimedAt"), NOW);
    world->host.now += MINUTE / 2;
    assert_int_equal(end_signed(world, ALICE, stage.uuid, "chat@1.0.0"), 200);
    world_get(world, "/usernames/alice");
    assert_int_equal(world_number(world, "expiresAt"), renewed);
    world->host.now = renewed;
    world_get(world, "/usernames/alice");
    assert_answer(world, 200, "{\"username\":\"alice\",\"available\":true}");
}

/* A place that shows a service and not yet who owns its name. */
static void a_service_whose_owner_is_not_seen_is_nobodys_to_end(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage.peer, &stage, "s", "");
    struct arena arena = {.base = malloc(65536), .ready = 65536, .limit = 65536};
    struct page page = world->memory->methods->list(world->memory, &arena,
                                                    TEXT("name/alice/owner/"), TEXT(""), 100);
    assert_true(page.count > 0);
    struct edit *edits = calloc(page.count, sizeof *edits);
    for (size_t i = 0; i < page.count; i++) {
        edits[i].key = page.facts[i].key;
        edits[i].next = i + 1 < page.count ? &edits[i + 1] : NULL;
    }
    assert_true(storage_apply(world->memory, edits));
    free(edits);
    free(arena.base);
    assert_int_equal(end_signed(world, ALICE, stage.uuid, "chat@1.0.0"), 403);
    assert_error(world, 403, BAD_SIGNATURE);
}

static void publications_that_were_replaced_do_not_pile_up(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    for (int i = 0; i < 100; i++) {
        world->host.now += MINUTE;
        serve(world, &stage.peer, &stage, "s", ",\"ttl\":86400000");
        assert_in_range(world_keys(world, "/published/"), 1, 10);
        assert_in_range(world_keys(world, "name/alice/service/"), 1, 10);
    }
    assert_int_equal(world_get(world, "/usernames/alice/services"), 200);
    assert_int_equal(cJSON_GetArraySize(world_list(world, "services")), 1);
}

static void what_a_thousand_publications_leave_behind_is_bounded(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    for (int i = 0; i < 1000; i++) {
        world->host.now += MINUTE;
        serve(world, &stage.peer, &stage, "s", "");
        world_sweep(world);
        assert_in_range(world_keys(world, "name/alice/owner/"), 1, 18);
        assert_in_range(memory_count(world->memory), 1, 28);
    }
}

static void a_peer_with_too_many_open_offers_publishes_none(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    world->host.settings[MAX_OFFERS_PER_PEER] = "3";
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"o\"},{\"sdp\":\"p\"}");
    char *before = world_dump(world);
    world_serve(world, &stage.peer, ALICE, "alice", "chat@1.0.0", "s",
                ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    assert_error(world, 409, "Too many open offers");
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    serve(world, &stage.peer, &stage, "s", "");
}

static void what_a_publication_replaces_makes_room_for_it(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    world->host.settings[MAX_OFFERS_PER_PEER] = "3";
    for (int i = 0; i < 3; i++) { /* two of three each time */
        serve(world, &stage.peer, &stage, "s", ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    }
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"joined\",\"serviceId\":\"%s\"}",
                  stage.uuid);
    serve(world, &stage.peer, &stage, "s", ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    world_serve(world, &stage.peer, ALICE, "alice", "chat@1.0.0", "s",
                ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"},{\"sdp\":\"c\"}]");
    assert_error(world, 409, "Too many open offers"); /* what joined stays */
    world_serve(world, &stage.peer, ALICE, "alice", "other@1.0.0", "s", "");
    assert_error(world, 409, "Too many open offers");
    assert_string_equal(pool(world, stage.uuid, 6), "a b joined ");
    world_publish(world, &stage.other, NULL, "{\"sdp\":\"o\"},{\"sdp\":\"p\"}");
    world_serve(world, &stage.other, ALICE, "alice", "chat@1.0.0", "s",
                ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    assert_error(world, 409, "Too many open offers"); /* another peer's make no room */
}

/* -- Publishing again ---------------------------------------------------------- */

static void a_uuid_is_of_its_name_and_fqn_alone(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    char first[UUID_SIZE];
    snprintf(first, sizeof first, "%s", stage.uuid);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
    assert_true(first[14] == '4' && strchr("89ab", first[19]) != NULL);
    serve(world, &stage.peer, &stage, "second", ",\"isPublic\":true,\"ttl\":100000");
    assert_string_equal(stage.uuid, first);
    world->host.now += YEAR / 2; /* long gone */
    serve(world, &stage.other, &stage, "third", "");
    assert_string_equal(stage.uuid, first);
    world_serve(world, &stage.peer, ALICE, "alice", "chat@1.0.1", "s", "");
    assert_string_not_equal(world_text(world, "uuid"), first);
    assert_int_equal(world_claim(world, BOB, "bob"), 200);
    world_serve(world, &stage.peer, BOB, "bob", "chat@1.0.0", "s", "");
    assert_string_not_equal(world_text(world, "uuid"), first);
}

static void publishing_over_replaces_the_service_and_the_offers_it_came_with(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, ",\"isPublic\":true,\"metadata\":{\"a\":1}");
    char old[OFFER_ID_SIZE], answered[OFFER_ID_SIZE];
    snprintf(old, sizeof old, "%s", world_text(world, "offerId"));
    serve(world, &stage.peer, &stage, "x",
          ",\"offers\":[{\"sdp\":\"answered\"},{\"sdp\":\"not\"}]");
    assert_int_equal(world_answer(world, &stage.caller, old), 404);
    snprintf(answered, sizeof answered, "%s", world_text(world, "error"));
    world_get_as(world, &stage.peer, "/offers/mine");
    assert_int_equal(world_count(world, "offers"), 2);
    snprintf(answered, sizeof answered, "%s", world_text_in(world, "offers", 0, "id"));
    assert_int_equal(world_answer(world, &stage.caller, answered), 200);
    serve(world, &stage.peer, &stage, "third", "");
    assert_string_equal(pool(world, stage.uuid, 4), "third ");
    world_get_as(world, &stage.peer, "/offers/mine");
    assert_int_equal(world_count(world, "offers"), 2); /* an answered one stays */
    assert_int_equal(world_trickle(world, &stage.caller, answered, "1"), 200);
    assert_int_equal(services_of(world, "alice"), 1);
    assert_non_null(strstr(world->result.body, "\"isPublic\":false}"));
    world_get_as(world, NULL, "/services/%s", stage.uuid);
    assert_null(cJSON_GetObjectItem(world->json, "metadata"));
    assert_int_equal(world_number(world, "createdAt"), world->host.now);
    if (world_atomic(world)) {
        bool sharded = world->store.storage.methods->sharded; /* what others say stays there */
        assert_int_equal(world_keys(world, "/open/"), 1);
        assert_int_equal(world_keys(world, "/offer/"), sharded ? 5 : 3);
    }
}

static void another_peer_takes_a_service_over(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    char joined[OFFER_ID_SIZE];
    world_publish(world, &stage.peer, joined, "{\"sdp\":\"joined\",\"serviceId\":\"%s\"}",
                  stage.uuid);
    serve(world, &stage.other, &stage, "of the other", "");
    assert_string_equal(pool(world, stage.uuid, 4), "of the other ");
    world_get_as(world, &stage.peer, "/offers/mine");
    assert_int_equal(world_count(world, "offers"), 1); /* what it was published with is gone */
    assert_string_equal(world_text_in(world, "offers", 0, "id"), joined);
    world_post_as(world, &stage.peer, "/offers",
                  "{\"offers\":[{\"sdp\":\"o\",\"serviceId\":\"%s\"}]}", stage.uuid);
    assert_error(world, 404, NO_SERVICE);
    assert_int_equal(end_by(world, &stage.peer, stage.uuid), 404);
    assert_int_equal(end_by(world, &stage.other, stage.uuid), 200);
}

static void what_is_published_twice_in_one_ms_is_what_came_last(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    char sdp[16];
    for (int i = 0; i < 5; i++) {
        snprintf(sdp, sizeof sdp, "%d", i);
        world_serve(world, i % 2 ? &stage.peer : &stage.other, ALICE, "alice", "chat@1.0.0", sdp,
                    i % 2 ? ",\"isPublic\":true" : "");
        assert_int_equal(world->result.status, 201);
        snprintf(stage.uuid, UUID_SIZE, "%s", world_text(world, "uuid"));
        assert_string_equal(pool(world, stage.uuid, 3), strcat(sdp, " "));
        assert_int_equal(services_of(world, "alice"), 1);
        assert_int_equal(strstr(world->result.body, "\"isPublic\":true") != NULL, i % 2);
    }
}

static void an_older_service_that_would_live_longer_does_not_come_back(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, ",\"ttl\":600000,\"isPublic\":true");
    world->host.now += MINUTE;
    serve(world, &stage.peer, &stage, "newer", ",\"ttl\":60000,\"isPublic\":true");
    int64_t expires_at = world->host.now + MINUTE;
    world->host.now = expires_at - 1;
    assert_string_equal(ask(world, stage.uuid), "newer");
    assert_int_equal(services_of(world, "alice"), 1);
    for (int i = 0; i < 2; i++) { /* at its last ms, and long after */
        world->host.now = i == 0 ? expires_at : expires_at + 5 * MINUTE;
        world_sweep(world);
        assert_int_equal(world_get_as(world, NULL, "/services/%s", stage.uuid), 404);
        assert_int_equal(services_of(world, "alice"), 0);
        assert_int_equal(query(world, "alice", "chat@1.0.0"), 404);
        assert_int_equal(end_by(world, &stage.peer, stage.uuid), 404);
    }
    serve(world, &stage.peer, &stage, "again", ""); /* and gives way to what comes next */
    assert_string_equal(pool(world, stage.uuid, 3), "again ");
}

static void a_service_is_over_with_its_own_offers_to_the_ms(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, ",\"ttl\":60001");
    int64_t expires_at = world->host.now + 60001;
    world->host.now++;
    world_publish(world, &stage.peer, NULL,
                  "{\"sdp\":\"joined\",\"serviceId\":\"%s\",\"ttl\":600000}", stage.uuid);
    world->host.now = expires_at - 1;
    assert_string_equal(pool(world, stage.uuid, 6), "first joined ");
    assert_int_equal(query(world, "alice", "chat"), 200);
    world->host.now = expires_at;
    assert_int_equal(world_get_as(world, NULL, "/services/%s", stage.uuid), 404);
    assert_int_equal(query(world, "alice", "chat"), 404);
    assert_int_equal(services_of(world, "alice"), 0);
    world_post_as(world, &stage.peer, "/offers",
                  "{\"offers\":[{\"sdp\":\"o\",\"serviceId\":\"%s\"}]}", stage.uuid);
    assert_error(world, 404, NO_SERVICE);
}

/* -- The pool ------------------------------------------------------------------ */

static void a_services_pool_is_what_came_with_it_joined_it_or_belongs_to_nothing(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    world_serve(world, &stage.peer, ALICE, "alice", "other@1.0.0", "of another service", "");
    assert_int_equal(world->result.status, 201);
    world->host.now++;
    world_publish(world, &stage.peer, NULL,
                  "{\"sdp\":\"joined\",\"serviceId\":\"%s\"},"
                  "{\"sdp\":\"joined-with-topics\",\"serviceId\":\"%s\",\"topics\":[\"t\"]},"
                  "{\"sdp\":\"loose\"},{\"sdp\":\"with-topics\",\"topics\":[\"t\"]},"
                  "{\"sdp\":\"loose-too\",\"topics\":[],\"serviceId\":null},"
                  "{\"sdp\":\"joined-the-other\",\"serviceId\":\"%s\"}",
                  stage.uuid, stage.uuid, world_text(world, "uuid"));
    world->host.now++;
    world_publish(world, &stage.other, NULL, "{\"sdp\":\"of another peer\"}");
    assert_string_equal(pool(world, stage.uuid, 20),
                        "first joined joined-with-topics loose loose-too ");
    world_get(world, "/offers/by-topic/t");
    assert_int_equal(world_count(world, "offers"), 2);
}

static void loose_offers_come_after_all_that_belong_to_the_service(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"loose\"}");
    for (int i = 0; i < 2; i++) {
        assert_string_not_equal(ask(world, stage.uuid), "loose");
        world->host.now++;
    }
    assert_string_equal(ask(world, stage.uuid), "loose");
}

static void loose_offers_join_an_offer_that_is_alone(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"loose\"}");
    assert_string_equal(pool(world, stage.uuid, 2), "first loose ");
}

static void an_offer_joins_only_a_service_of_its_own_peer(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    char *before = world_dump(world);
    static const char *const unknown[] = {"x", "", "00000000-0000-4000-8000-000000000000"};
    const char *ids[] = {stage.uuid, unknown[0], unknown[2]};
    for (size_t i = 0; i < 3; i++) {
        world_post_as(world, &stage.other, "/offers",
                      "{\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"o\",\"serviceId\":\"%s\"}]}",
                      ids[i]);
        assert_error(world, 404, NO_SERVICE);
    }
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    world_post_as(world, &stage.peer, "/offers",
                  "{\"offers\":[{\"sdp\":\"a\",\"serviceId\":\"%s\"},"
                  "{\"sdp\":\"o\",\"serviceId\":\"%s\"}]}",
                  stage.uuid, unknown[2]);
    assert_error(world, 404, NO_SERVICE);
    world_publish(world, &stage.other, NULL, "{\"sdp\":\"o\",\"serviceId\":\"\"}"); /* as if none */
}

static void of_10_offers_10_callers_are_given_10_different_ones(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage.peer, &stage, "x",
          ",\"offers\":[{\"sdp\":\"0\"},{\"sdp\":\"1\"},{\"sdp\":\"2\"},{\"sdp\":\"3\"},"
          "{\"sdp\":\"4\"},{\"sdp\":\"5\"},{\"sdp\":\"6\"},{\"sdp\":\"7\"},{\"sdp\":\"8\"},"
          "{\"sdp\":\"9\"}]");
    int order[30], given[10] = {0};
    for (int i = 0; i < 30; i++) { /* then the one that was handed out longest ago */
        order[i] = atoi(ask(world, stage.uuid));
        given[order[i]]++;
        for (int j = 0; i % 10 == 9 && j < 10; j++) {
            assert_int_equal(given[j], i / 10 + 1);
        }
        assert_true(i < 10 || order[i] == order[i - 10]);
        world->host.now++;
    }
    bool shuffled = false;
    for (int i = 1; i < 10; i++) {
        shuffled = shuffled || order[i] != order[i - 1] + 1;
    }
    assert_true(shuffled);
    assert_int_equal(world_keys(world, "/handed/"), world_atomic(world) ? 10 : 30);
}

static void ten_callers_of_one_ms_are_given_ten_different_offers(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    serve(world, &stage.peer, &stage, "x",
          ",\"offers\":[{\"sdp\":\"0\"},{\"sdp\":\"1\"},{\"sdp\":\"2\"},{\"sdp\":\"3\"}]");
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"4\"},{\"sdp\":\"5\"}");
    assert_string_equal(pool(world, stage.uuid, 6), "0 1 2 3 4 5 ");
}

static void who_was_given_an_offer_has_30_seconds_of_it_to_himself(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    char first[8];
    snprintf(first, sizeof first, "%s", ask(world, stage.uuid));
    world->host.now += 29999;
    assert_string_not_equal(ask(world, stage.uuid), first);
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"loose\"}"); /* what nobody was given */
    world->host.now++;
    assert_string_equal(ask(world, stage.uuid), first);
    assert_string_equal(ask(world, stage.uuid), "loose");
}

static void an_offer_that_is_the_only_one_is_given_to_everybody_and_noted_for_nobody(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    size_t before = memory_count(world->memory);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(ask(world, stage.uuid), "first");
    }
    assert_int_equal(memory_count(world->memory), before);
}

static void once_all_offers_are_taken_it_is_503_and_another_one_helps(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
    for (int i = 0; i < 2; i++) {
        assert_string_not_equal(ask(world, stage.uuid), "");
        char id[OFFER_ID_SIZE];
        snprintf(id, sizeof id, "%s", world_text(world, "offerId"));
        assert_int_equal(world_answer(world, &stage.caller, id), 200);
    }
    world_get_as(world, NULL, "/services/%s", stage.uuid);
    assert_error(world, 503, NO_OFFERS);
    assert_non_null(strstr(world->result.headers, "Retry-After: 1\n"));
    assert_int_equal(query(world, "alice", "chat"), 200); /* it is still published */
    world->host.now++;
    char id[OFFER_ID_SIZE];
    world_publish(world, &stage.peer, id, "{\"sdp\":\"c\",\"serviceId\":\"%s\"}", stage.uuid);
    assert_string_equal(ask(world, stage.uuid), "c");
    assert_int_equal(world_delete_as(world, &stage.peer, "/offers/%s", id), 200);
    assert_string_equal(ask(world, stage.uuid), "");
    world_publish(world, &stage.peer, NULL, "{\"sdp\":\"loose\"}");
    assert_string_equal(ask(world, stage.uuid), "loose");
}

static void a_service_that_is_not_there_is_404_whatever_its_uuid_looks_like(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    char upper[UUID_SIZE], plain[UUID_SIZE] = "";
    for (int i = 0; i < UUID_SIZE; i++) {
        char c = stage.uuid[i];
        upper[i] = (char)(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c);
        if (c != '-' && c != '\0') {
            plain[strlen(plain)] = c;
        }
    }
    assert_string_not_equal(upper, stage.uuid);
    const char *ids[] = {"x",
                         "",
                         upper,
                         plain,
                         "00000000-0000-4000-8000-000000000000",
                         "0000000000000-4000-8000-000000000000"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        world_get_as(world, NULL, "/services/%s", ids[i]);
        assert_error(world, 404, NO_SERVICE);
        assert_int_equal(end_by(world, &stage.peer, ids[i]), 404);
        assert_int_equal(end_signed(world, ALICE, ids[i], "chat@1.0.0"), 404);
    }
}

/* -- Ending -------------------------------------------------------------------- */

static void assert_ended(struct world *world, const struct stage *stage, int left) {
    assert_int_equal(world_get_as(world, NULL, "/services/%s", stage->uuid), 404);
    assert_int_equal(services_of(world, "alice"), 0);
    assert_int_equal(query(world, "alice", "chat@1.0.0"), 404);
    world_get_as(world, &stage->peer, "/offers/mine");
    assert_int_equal(world_count(world, "offers"), left);
}

static void an_ended_service_is_gone_and_so_are_its_unanswered_offers(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        void *opened;
        (i / 2 ? world_open_eventual : world_open)(&opened);
        struct world *world = opened;
        struct stage stage = served(world, ",\"offers\":[{\"sdp\":\"a\"},{\"sdp\":\"b\"}]");
        char answered[OFFER_ID_SIZE];
        snprintf(answered, sizeof answered, "%s", world_text(world, "offerId"));
        world_publish(world, &stage.peer, NULL,
                      "{\"sdp\":\"c\",\"serviceId\":\"%s\"},"
                      "{\"sdp\":\"d\",\"serviceId\":\"%s\",\"topics\":[\"t\",\"u\"]},"
                      "{\"sdp\":\"loose\"},{\"sdp\":\"e\",\"topics\":[\"t\"]}",
                      stage.uuid, stage.uuid);
        assert_int_equal(world_answer(world, &stage.caller, answered), 200);
        if (i % 2 == 0) {
            end_by(world, &stage.peer, stage.uuid);
        } else {
            end_signed(world, ALICE, stage.uuid, "chat@1.0.0");
        }
        assert_answer(world, 200, "{\"success\":true}");
        assert_ended(world, &stage, 3); /* the answered one, and what is not of the service */
        world_get(world, "/offers/by-topic/t");
        assert_int_equal(world_number(world, "total"), 1);
        world_get(world, "/offers/by-topic/u");
        assert_int_equal(world_number(world, "total"), 0);
        assert_int_equal(world_trickle(world, &stage.caller, answered, "1"), 200);
        assert_int_equal(end_by(world, &stage.peer, stage.uuid), 404);
        serve(world, &stage.other, &stage, "again", "");
        assert_string_equal(pool(world, stage.uuid, 3), "again ");
        world_close(&opened);
    }
}

static void a_service_that_ended_does_not_come_back_with_an_older_one(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, ",\"ttl\":600000");
    serve(world, &stage.peer, &stage, "newer", ",\"ttl\":60000");
    assert_int_equal(end_by(world, &stage.peer, stage.uuid), 200);
    for (int i = 0; i < 20; i++) { /* while either would be there, and after */
        assert_ended(world, &stage, 0);
        world->host.now += i < 5 ? 10000 : MINUTE;
        world_sweep(world);
    }
    assert_int_equal(world_keys(world, "service/"), 0);
}

static void who_may_not_end_a_service_is_told_so(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    assert_int_equal(world_claim(world, BOB, "bob"), 200);
    char target[64], body[1024], valid[512];
    snprintf(target, sizeof target, "/services/%s", stage.uuid);
    snprintf(valid, sizeof valid, "%s", world_signed(world, ALICE, "unpublish:alice:chat@1.0.0"));
    const struct {
        const struct world_peer *peer;
        const char *members; /* NULL: those that are valid */
        int status;
        const char *said;
    } rows[] = {
        {NULL, "\"username\":\"alice\"", 401, "Missing Authorization header"},
        {NULL, "\"username\":\"alice\",\"signature\":null", 401, "Missing Authorization header"},
        {NULL, "\"username\":\"alice\",\"message\":\"m\"", 401, "Missing Authorization header"},
        {NULL, "\"username\":\"alice\",\"signature\":\"s\"", 400, "message"},
        {NULL, "\"username\":\"alice\",\"signature\":\"s\",\"message\":null", 400, "message"},
        {NULL, "\"username\":\"alice\",\"signature\":1,\"message\":\"m\"", 400, "signature"},
        {NULL, "\"username\":\"alice\",\"signature\":\"s\",\"message\":\"m\"", 403, BAD_SIGNATURE},
        {NULL, "\"username\":\"bob\",\"signature\":\"s\",\"message\":\"m\"", 404, NO_SERVICE},
        {NULL, "\"signature\":\"s\",\"message\":\"m\"", 400, "username"},
        {NULL, "\"username\":1", 400, "username"},
        {&stage.peer, "\"x\":1", 400, "username"},
        {&stage.peer, "\"username\":\"bob\"", 404, NO_SERVICE},
        {&stage.peer, "\"username\":\"Bob\"", 400, "username"},
        {&stage.other, "\"username\":\"alice\"", 404, NO_SERVICE},
        {&stage.other, NULL, 404, NO_SERVICE}, /* Authorization counts where it is given */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].members == NULL) {
            snprintf(body, sizeof body, "{\"username\":\"alice\",%s}", valid);
        } else {
            snprintf(body, sizeof body, "{%s}", rows[i].members);
        }
        int status = world_send_as(world, rows[i].peer, "DELETE", target, body);
        if (status != rows[i].status || strstr(world_text(world, "error"), rows[i].said) == NULL) {
            fail_msg("%zu: %d %s", i, status, world->result.body);
        }
    }
    world->host.headers[HEADER_AUTHORIZATION] = "Bearer x:y";
    snprintf(body, sizeof body, "{\"username\":\"alice\",%s}", valid);
    assert_int_equal(world_send(world, "DELETE", target, body), 401);
    world->host.headers[HEADER_AUTHORIZATION] = NULL;
    assert_int_equal(world_send(world, "DELETE", target, ""), 400);
    assert_string_equal(ask(world, stage.uuid), "first");
    assert_int_equal(world_send(world, "DELETE", target, body), 200);
}

static void another_message_key_or_time_does_not_end_a_service(void **state) {
    struct world *world = as_world(state);
    struct stage stage = served(world, "");
    end_signed(world, BOB, stage.uuid, "chat@1.0.0");
    assert_error(world, 403, BAD_SIGNATURE);
    end_signed(world, ALICE, stage.uuid, "chat@1.0.1");
    assert_error(world, 403, BAD_SIGNATURE);
    char target[64], members[512], body[1024];
    snprintf(target, sizeof target, "/services/%s", stage.uuid);
    snprintf(members, sizeof members, "%s", world_signed(world, ALICE, "publish:alice:chat@1.0.0"));
    snprintf(body, sizeof body, "{\"username\":\"alice\",%s}", members);
    world_send(world, "DELETE", target, body);
    assert_error(world, 403, BAD_SIGNATURE);
    snprintf(members, sizeof members, "%s",
             world_signed(world, ALICE, "unpublish:alice:chat@1.0.0"));
    world->host.settings[OFFER_MIN_TTL] = "1000000";
    world->host.settings[OFFER_DEFAULT_TTL] = "1000000";
    serve(world, &stage.peer, &stage, "s", "");
    snprintf(body, sizeof body, "{\"username\":\"alice\",%s}", members);
    assert_int_equal(world_send(world, "DELETE", target, body), 200);
    serve(world, &stage.peer, &stage, "s", "");
    world_send(world, "DELETE", target, body); /* again */
    assert_error(world, 409, USED);
    world->host.now = world->signed_at + 300001;
    world_send(world, "DELETE", target, body);
    assert_error(world, 403, BAD_SIGNATURE);
}

/* -- By name ------------------------------------------------------------------- */

static void services_of_a_name_come_sorted_by_fqn_each_once(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    static const char *const fqns[] = {"b@1.0.0", "a@1.0.0", "a@1.0.1-beta", "a.b@1.0.0",
                                       "a-b@1.0.0"};
    static const char *const sorted[] = {"a-b@1.0.0", "a.b@1.0.0", "a@1.0.0", "a@1.0.1-beta",
                                         "b@1.0.0"};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5; i++) {
            world->host.now++;
            world_serve(world, &stage.peer, ALICE, "alice", fqns[i], "s", ",\"isPublic\":true");
            assert_int_equal(world->result.status, 201);
        }
    }
    assert_int_equal(world_claim(world, BOB, "alice-b"), 200);
    world_serve(world, &stage.peer, BOB, "alice-b", "a@1.0.0", "s", ",\"isPublic\":true");
    assert_int_equal(services_of(world, "alice"), 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(world_text_in(world, "services", i, "serviceFqn"), sorted[i]);
    }
    assert_null(cJSON_GetObjectItem(world->json, "next"));
}

static void a_long_list_of_services_goes_on_where_it_ended(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    char more[4300], fqn[32], path[128] = "";
    snprintf(more, sizeof more, ",\"isPublic\":true,\"metadata\":{\"a\":\"%04080d\"}", 0);
    enum { SERVICES = 300 };
    world->host.settings[OFFER_DEFAULT_TTL] = "86400000";
    for (int i = 0; i < SERVICES; i++) {
        world->host.now += 10000;
        snprintf(fqn, sizeof fqn, "a%03d@1.0.0", i);
        world_serve(world, &stage.peer, ALICE, "alice", fqn, "s", i % 100 ? more : "");
        assert_int_equal(world->result.status, 201);
    }
    int seen = 0, pages = 0;
    char uuid[UUID_SIZE] = "";
    for (bool go_on = true; go_on; pages++) {
        assert_int_equal(world_get_as(world, NULL, "/usernames/alice/services%s", path), 200);
        assert_in_range(strlen(world->result.body), 1, 1100000);
        int count = world_count(world, "services");
        for (int i = 0; i < count; i++, seen++) {
            snprintf(fqn, sizeof fqn, "a%03d@1.0.0", seen);
            if (seen % 100) {
                assert_string_equal(world_text_in(world, "services", i, "serviceFqn"), fqn);
            }
        }
        go_on = cJSON_GetObjectItem(world->json, "next") != NULL;
        if (go_on) {
            snprintf(uuid, sizeof uuid, "%s", world_text(world, "next"));
            snprintf(path, sizeof path, "?after=%s", uuid);
        }
    }
    assert_int_equal(seen, SERVICES);
    assert_int_equal(pages, 2);
    static const char *const bad[] = {"x", "00000000-0000-4000-8000-000000000000", "%ff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(world_get_as(world, NULL, "/usernames/alice/services?after=%s", bad[i]),
                         400);
    }
}

static void a_query_finds_the_newest_version_that_matches(void **state) {
    struct world *world = as_world(state);
    struct stage stage = open_stage(world);
    static const char *const fqns[] = {"chat@1.0.0",   "chat@1.2.0",      "chat@1.10.0",
                                       "chat@2.0.0",   "chat@3.0.0-beta", "chat@1.0.0+build",
                                       "chat.x@9.0.0", "chat2@9.0.0"};
    enum { FQNS = sizeof fqns / sizeof fqns[0] };
    char uuids[FQNS][UUID_SIZE];
    for (int i = 0; i < FQNS; i++) {
        world_serve(world, &stage.peer, ALICE, "alice", fqns[i], "s", "");
        assert_int_equal(world->result.status, 201);
        snprintf(uuids[i], UUID_SIZE, "%s", world_text(world, "uuid"));
    }
    static const struct {
        const char *query;
        int found; /* -1: 404 */
    } rows[] = {
        {"chat", 3},           {"chat@*", 3},           {"chat@^1.0.0", 2},
        {"chat@~1.2", 1},      {"chat@1", 2},           {"chat@1.x", 2},
        {"chat@1.0.0", 0},     {"chat@1.0.0+build", 5}, {"chat@>=2.0.0", 3},
        {"chat@>=3.0.0-0", 4}, {"chat@3.0.0-beta", 4},  {"chat@3", -1},
        {"chat@<1.0.0", -1},   {"chat@4.0.0", -1},      {"cha", -1},
        {"chat.x", 6},         {"chat2@9", 7},          {"ch", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = query(world, "alice", rows[i].query);
        if (status != (rows[i].found < 0 ? 404 : 200) ||
            (status == 200 && strcmp(world_text(world, "uuid"), uuids[rows[i].found]) != 0)) {
            fail_msg("%s: %d %s", rows[i].query, status, world->result.body);
        }
        if (status == 404) {
            assert_error(world, 404, NO_SERVICE);
        }
    }
    assert_int_equal(query(world, "bob", "chat"), 404);
    assert_int_equal(end_by(world, &stage.peer, uuids[3]), 200);
    assert_int_equal(query(world, "alice", "chat"), 200);
    assert_string_equal(world_text(world, "uuid"), uuids[2]);
}

static void what_is_no_query_is_400(void **state) {
    struct world *world = as_world(state);
    static const char *const bodies[] = {"",
                                         "[]",
                                         "{}",
                                         "{\"serviceFqn\":1}",
                                         "{\"serviceFqn\":null}",
                                         "{\"serviceFqn\":\"\"}",
                                         "{\"serviceFqn\":\"@1\"}",
                                         "{\"serviceFqn\":\"Chat\"}",
                                         "{\"serviceFqn\":\"chat@x.y.z.w\"}",
                                         "{\"serviceFqn\":\"chat@one\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (world_send(world, "POST", "/index/alice/query", bodies[i]) != 400) {
            fail_msg("%s: %d", bodies[i], world->result.status);
        }
        assert_true(i < 2 || strncmp(world_text(world, "error"), "serviceFqn ", 11) == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(a_service_is_published_with_its_offer_and_found),
        world_tests(a_private_service_shows_its_uuid_only_and_is_found_by_who_knows_its_name),
        world_tests(several_offers_may_take_the_place_of_one),
        world_test(members_of_a_publication_are_asked_for_in_order),
        world_tests(metadata_is_an_object_of_at_most_4096_bytes_without_white_space),
        world_tests(a_fqn_has_its_limits),
        world_test(only_the_names_owner_publishes_and_only_so),
        world_tests(a_signature_publishes_once),
        world_tests(publishing_renews_the_name_and_unpublishing_does_not),
        world_tests(a_service_whose_owner_is_not_seen_is_nobodys_to_end),
        world_tests(publications_that_were_replaced_do_not_pile_up),
        world_tests(what_a_thousand_publications_leave_behind_is_bounded),
        world_tests(a_peer_with_too_many_open_offers_publishes_none),
        world_tests(what_a_publication_replaces_makes_room_for_it),
        world_tests(a_uuid_is_of_its_name_and_fqn_alone),
        world_tests(publishing_over_replaces_the_service_and_the_offers_it_came_with),
        world_tests(another_peer_takes_a_service_over),
        world_tests(what_is_published_twice_in_one_ms_is_what_came_last),
        world_tests(an_older_service_that_would_live_longer_does_not_come_back),
        world_tests(a_service_is_over_with_its_own_offers_to_the_ms),
        world_tests(a_services_pool_is_what_came_with_it_joined_it_or_belongs_to_nothing),
        world_tests(loose_offers_come_after_all_that_belong_to_the_service),
        world_tests(loose_offers_join_an_offer_that_is_alone),
        world_tests(an_offer_joins_only_a_service_of_its_own_peer),
        world_tests(of_10_offers_10_callers_are_given_10_different_ones),
        world_tests(ten_callers_of_one_ms_are_given_ten_different_offers),
        world_tests(who_was_given_an_offer_has_30_seconds_of_it_to_himself),
        world_tests(an_offer_that_is_the_only_one_is_given_to_everybody_and_noted_for_nobody),
        world_tests(once_all_offers_are_taken_it_is_503_and_another_one_helps),
        world_tests(a_service_that_is_not_there_is_404_whatever_its_uuid_looks_like),
        cmocka_unit_test(an_ended_service_is_gone_and_so_are_its_unanswered_offers),
        world_tests(a_service_that_ended_does_not_come_back_with_an_older_one),
        world_tests(who_may_not_end_a_service_is_told_so),
        world_tests(another_message_key_or_time_does_not_end_a_service),
        world_tests(services_of_a_name_come_sorted_by_fqn_each_once),
        world_tests(a_long_list_of_services_goes_on_where_it_ended),
        world_tests(a_query_finds_the_newest_version_that_matches),
        world_test(what_is_no_query_is_400),
    };
    return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
