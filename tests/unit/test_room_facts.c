/* Room facts: what a log says together, whoever wrote it and in whatever order it arrived. */
#include "room_facts.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t KEPT = 1200000; /* ms: twice ROOM_TTL_PAIRED */

#define CODE TEXT("QK7M2XTD")
/* The room as world_room_get() finds it. */
#define PATH "/rooms/QK7M2XTD"

enum { ID_SIZE = 21 };

/* The id of an entry that came so many ms after NOW. */
static const char *id_of(int64_t at, unsigned random) {
    static char ids[8][ID_SIZE];
    static int i;
    char *id = ids[i++ % 8];
    snprintf(id, ID_SIZE, "%012llx%08x", (unsigned long long)(NOW + at), random);
    return id;
}

static void put(struct world *world, const char *id, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void put(struct world *world, const char *id, const char *kind, const char *format, ...) {
    char key[64], value[1024];
    snprintf(key, sizeof key, "room/QK7M2XTD/%s-%s", id, kind);
    va_list values;
    va_start(values, format);
    assert_in_range(vsnprintf(value, sizeof value, format, values), 0, sizeof value - 1);
    va_end(values);
    struct request *request = world_request(world);
    storage_put(request, text_of(key), text_of(value), NOW + KEPT);
    assert_true(storage_apply(world->memory, request->edits));
}

static struct text digest(struct world *world, const char *label, const char *secret) {
    return keyed_digest(world_request(world), label, CODE, text_of(secret));
}

/* What two places wrote, by hand: everybody's token is their name. */
static void put_created(struct world *world, int64_t at) {
    char token[65];
    snprintf(token, sizeof token, "%s", digest(world, "room token", "host").at);
    put(world, id_of(at, 1), "created", "alice\n%s\n%s", token,
        digest(world, "join code", "123456").at);
}

static void put_joined(struct world *world, const char *id, const char *name) {
    put(world, id, "joined", "%s\n%s", name, digest(world, "room token", name).at);
}

static void put_offer(struct world *world, const char *id, int generation, const char *name) {
    put(world, id, "offer", "%d\n{\"type\":\"offer\",\"sdp\":\"%s\"}", generation, name);
}

static void put_answer(struct world *world, const char *id, int generation, const char *guest,
                       const char *of, const char *name) {
    put(world, id, "answer", "%d\n%s\n%s\n{\"type\":\"answer\",\"sdp\":\"%s\"}", generation, guest,
        of, name);
}

static void put_candidate(struct world *world, const char *id, const char *side, const char *name) {
    struct text text = text_of(name);
    put(world, id, "candidates", "%s\n1\n\n%016llx {\"candidate\":\"%s\"}\n", side,
        (unsigned long long)text_hash(text, TEXT_HASH), name);
}

static struct room read(struct world *world) {
    return room_read(world_request(world), CODE);
}

static enum role role_of(struct world *world, const char *token) {
    world->host.headers[HEADER_ACCESS_TOKEN] = token;
    struct room room = read(world);
    enum role role = room_caller(&world->host.request, &room);
    world->host.headers[HEADER_ACCESS_TOKEN] = NULL;
    return role;
}

static void apply(struct world *world) {
    assert_true(storage_apply(world->memory, world->host.request.edits));
}

/* -- One guest ----------------------------------------------------------------- */

static void nothing_is_no_room(void **state) {
    struct world *world = as_world(state);
    struct room room = read(world);
    assert_false(room.there);
    assert_int_equal(room.count, 0);
    assert_int_equal(room.expires_at, 180000);
}

static void a_room_is_what_its_log_says(void **state) {
    struct world *world = as_world(state);
    const char *guest = id_of(10, 2), *offered = id_of(20, 3);
    put_created(world, 0);
    struct room room = read(world);
    assert_true(room.there);
    assert_int_equal(room.status, ROOM_OPEN);
    assert_int_equal(room.expires_at, NOW + 180000);
    assert_null(room.guest);
    assert_int_equal(room_candidate_generation(&room), 1);
    assert_text(room_side(&room, ROLE_HOST), "host");
    assert_null(room_side(&room, ROLE_GUEST).at);

    put_joined(world, guest, "bob");
    room = read(world);
    assert_int_equal(room.status, ROOM_JOINED);
    assert_int_equal(room.expires_at, NOW + 10 + 300000);
    assert_text(room_side(&room, ROLE_GUEST), guest);
    assert_int_equal(room.generation, 0);

    put_offer(world, offered, 1, "o");
    room = read(world);
    assert_int_equal(room.generation, 1);
    assert_text(room.offer->content, "{\"type\":\"offer\",\"sdp\":\"o\"}");
    assert_null(room.answer);

    put_answer(world, id_of(30, 4), 1, guest, offered, "a");
    room = read(world);
    assert_int_equal(room.status, ROOM_PAIRED);
    assert_text(room.answer->content, "{\"type\":\"answer\",\"sdp\":\"a\"}");
    assert_int_equal(room.expires_at, NOW + 30 + 600000);
    assert_int_equal(room.latest, NOW + 30);

    put(world, id_of(40, 5), "wrong", "%s", "");
    put(world, id_of(50, 5), "chosen", "%s", guest);
    room = read(world);
    assert_int_equal(room.expires_at, NOW + 30 + 600000); /* they renew nothing */
    assert_int_equal(room.latest, NOW + 50);
    assert_true(room.chosen);
    assert_false(room.closed);

    put(world, id_of(60, 6), "closed", "%s", "");
    room = read(world);
    assert_false(room.there);
    assert_true(room.closed);
    assert_int_equal(room.count, 7);
}

static void tokens_are_of_one_room_and_one_role(void **state) {
    struct world *world = as_world(state);
    put_created(world, 0);
    put_joined(world, id_of(10, 2), "bob");
    assert_int_equal(role_of(world, "host"), ROLE_HOST);
    assert_int_equal(role_of(world, "bob"), ROLE_GUEST);
    assert_int_equal(role_of(world, "alice"), ROLE_NONE);
    assert_int_equal(role_of(world, ""), ROLE_NONE);
    assert_int_equal(role_of(world, "123456"), ROLE_NONE);
    char digits[65];
    snprintf(digits, sizeof digits, "%s", digest(world, "room token", "host").at);
    assert_int_equal(role_of(world, digits), ROLE_NONE); /* what is kept is no token */
    struct room room = read(world);
    struct request *request = &world->host.request;
    assert_true(room_join_code_right(request, &room, TEXT("123456")));
    assert_false(room_join_code_right(request, &room, TEXT("123457")));
    assert_false(room_join_code_right(request, &room, TEXT("host")));
}

static void before_anybody_joined_there_is_no_guest(void **state) {
    struct world *world = as_world(state);
    put_created(world, 0);
    assert_int_equal(role_of(world, "host"), ROLE_HOST);
    assert_int_equal(role_of(world, "bob"), ROLE_NONE);
    assert_int_equal(role_of(world, ""), ROLE_NONE);
}

static void a_log_without_its_beginning_is_no_room(void **state) {
    struct world *world = as_world(state);
    put_joined(world, id_of(10, 2), "bob");
    put_offer(world, id_of(20, 3), 1, "o");
    struct room room = read(world);
    assert_false(room.there);
    assert_true(room.count > 0); /* so nobody else gets the code */
    world->host.headers[HEADER_ACCESS_TOKEN] = "bob";
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    static const char *const targets[] = {PATH, PATH "/candidates", PATH "/public"};
    for (int i = 0; i < 3; i++) {
        world_get(world, targets[i]);
        assert_coded(world, 404, "not_found");
    }
    world_post(world, PATH "/candidate", "{\"candidate\":\"c\"}");
    assert_coded(world, 404, "not_found");
    put_created(world, 0); /* arrives last */
    room = read(world);
    assert_true(room.there);
    assert_int_equal(room.status, ROOM_JOINED);
    assert_int_equal(world_get(world, PATH), 200);
}

static void entries_of_one_room_may_arrive_in_any_order(void **state) {
    (void)state;
    enum { ENTRIES = 5 };
    char guest[ID_SIZE], offered[ID_SIZE];
    snprintf(guest, sizeof guest, "%s", id_of(10, 2));
    snprintf(offered, sizeof offered, "%s", id_of(20, 3));
    for (unsigned there = 0; there < 1U << ENTRIES; there++) { /* each set of them */
        void *opened;
        world_open(&opened);
        struct world *world = opened;
        faulty_be_eventual(&world->store);
        if (there & 1) {
            put_created(world, 0);
        }
        if (there & 2) {
            put_joined(world, guest, "bob");
        }
        if (there & 4) {
            put_offer(world, offered, 1, "o");
        }
        if (there & 8) {
            put_answer(world, id_of(30, 4), 1, guest, offered, "a");
        }
        if (there & 16) {
            put_candidate(world, id_of(40, 5), guest, "c");
        }
        const char *const tokens[] = {"host", "bob"};
        for (int i = 0; i < 2; i++) {
            world->host.headers[HEADER_ACCESS_TOKEN] = tokens[i];
            bool known = (there & 1) && (i == 0 || (there & 2));
            int wanted = !(there & 1) ? 404 : known ? 200 : 403;
            assert_int_equal(world_get(world, PATH), wanted);
            if (wanted == 200) {
                assert_int_equal(strstr(world->result.body, "\"offer\":null") == NULL,
                                 (there & 4) != 0);
                assert_int_equal(strstr(world->result.body, "\"answer\":null") == NULL,
                                 (there & 12) == 12);
            }
            assert_int_equal(world_get(world, PATH "/candidates"), wanted);
        }
        world_close(&opened);
    }
}

/* -- Two guests ---------------------------------------------------------------- */

/* Two who redeemed one code in two places; bob was a moment earlier. */
struct two {
    char bob[ID_SIZE], eve[ID_SIZE], offer[ID_SIZE];
};

static struct two put_two(struct world *world) {
    struct two two;
    snprintf(two.bob, sizeof two.bob, "%s", id_of(10, 2));
    snprintf(two.eve, sizeof two.eve, "%s", id_of(11, 3));
    snprintf(two.offer, sizeof two.offer, "%s", id_of(5, 4));
    faulty_be_eventual(&world->store);
    put_created(world, 0);
    put_offer(world, two.offer, 1, "o");
    put_joined(world, two.eve, "eve");
    put_joined(world, two.bob, "bob");
    put_candidate(world, id_of(20, 5), two.bob, "from bob");
    put_candidate(world, id_of(21, 6), two.eve, "from eve");
    return two;
}

/* The other one is as if they had never been there. */
static void assert_guest(struct world *world, const char *guest, const char *other) {
    world->host.spent_count = 0;
    assert_int_equal(role_of(world, guest), ROLE_GUEST);
    assert_int_equal(role_of(world, other), ROLE_NONE);
    assert_int_equal(role_of(world, "host"), ROLE_HOST);
    world->host.headers[HEADER_ACCESS_TOKEN] = other;
    world_get(world, PATH);
    assert_coded(world, 403, "forbidden");
    world->host.headers[HEADER_ACCESS_TOKEN] = "host";
    assert_int_equal(world_get(world, PATH "/candidates"), 200);
    assert_non_null(strstr(world->result.body, guest));
    assert_null(strstr(world->result.body, other));
    world->host.keep_edits = true;
    assert_int_equal(world_get(world, PATH), 200);
    world->host.keep_edits = false;
    assert_null(strstr(world->result.body, other));
}

static void of_two_guests_the_one_who_joined_first_counts(void **state) {
    struct world *world = as_world(state);
    struct two two = put_two(world);
    assert_guest(world, "bob", "eve");
    struct room room = read(world);
    assert_int_equal(room.status, ROOM_JOINED);
    assert_int_equal(room.expires_at, NOW + 20 + 300000); /* eve's candidate was no change of it */
    assert_int_equal(room.count, 4);
    assert_text(room.guest->id, two.bob);
}

static void of_two_who_joined_at_one_moment_one_counts_everywhere(void **state) {
    struct world *world = as_world(state);
    put_created(world, 0);
    put_joined(world, id_of(10, 9), "eve");
    put_joined(world, id_of(10, 8), "bob");
    assert_int_equal(role_of(world, "bob"), ROLE_GUEST);
    assert_int_equal(role_of(world, "eve"), ROLE_NONE);
}

static void of_two_guests_the_one_who_answered_first_counts(void **state) {
    struct world *world = as_world(state);
    struct two two = put_two(world);
    put_answer(world, id_of(30, 7), 1, two.eve, two.offer, "answer of eve");
    assert_guest(world, "eve", "bob");
    put_answer(world, id_of(31, 8), 1, two.bob, two.offer, "answer of bob");
    assert_guest(world, "eve", "bob");
    struct room room = read(world);
    assert_int_equal(room.status, ROOM_PAIRED);
    assert_text(room.answer->side, two.eve);
    assert_int_equal(room.expires_at, NOW + 30 + 600000);
    put_answer(world, id_of(29, 9), 1, two.bob, two.offer, "answer of bob"); /* arrives late */
    assert_guest(world, "bob", "eve");
}

static void of_two_guests_the_one_whom_the_host_was_shown_counts(void **state) {
    struct world *world = as_world(state);
    struct two two = put_two(world);
    put_answer(world, id_of(30, 7), 1, two.eve, two.offer, "answer of eve");
    world->host.headers[HEADER_ACCESS_TOKEN] = "host";
    assert_int_equal(world_get(world, PATH), 200); /* and this is noted */
    assert_non_null(strstr(world->result.body, "answer of eve"));
    put_answer(world, id_of(29, 8), 1, two.bob, two.offer, "answer of bob");
    assert_guest(world, "eve", "bob");
    assert_int_equal(world_get(world, PATH), 200);
    assert_non_null(strstr(world->result.body, "answer of eve"));
}

static void of_two_that_the_host_was_shown_the_first_counts(void **state) {
    struct world *world = as_world(state);
    struct two two = put_two(world);
    put_answer(world, id_of(30, 7), 1, two.bob, two.offer, "answer of bob");
    put_answer(world, id_of(31, 8), 1, two.eve, two.offer, "answer of eve");
    put(world, id_of(41, 9), "chosen", "%s", two.bob);
    put(world, id_of(40, 9), "chosen", "%s", two.eve);
    assert_guest(world, "eve", "bob");
}

static void who_does_not_count_changes_nothing_any_more(void **state) {
    struct world *world = as_world(state);
    struct two two = put_two(world);
    put_answer(world, id_of(30, 7), 1, two.bob, two.offer, "answer of bob");
    char *before = world_dump(world);
    world->host.headers[HEADER_ACCESS_TOKEN] = "eve";
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world_post(world, PATH "/answer", "{\"type\":\"answer\",\"sdp\":\"" SDP("x") "\"}");
    assert_coded(world, 403, "forbidden");
    world_post(world, PATH "/candidate", "{\"candidate\":\"x\"}");
    assert_coded(world, 403, "forbidden");
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void the_budget_and_the_cap_do_not_see_who_does_not_count(void **state) {
    struct world *world = as_world(state);
    struct two two = put_two(world);
    for (unsigned i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "e%u", i);
        put_candidate(world, id_of(100 + i, i), two.eve, name);
    }
    struct room room = read(world);
    const struct request *request = &world->host.request;
    unsigned candidates = ROOM_EVENT(EVENT_CANDIDATES);
    assert_true(room_busy_for(request, &room, candidates, 1, 300000) > 0);
    assert_int_equal(room_busy_for(request, &room, candidates, 2, 300000), 0);
    world->host.headers[HEADER_ACCESS_TOKEN] = "bob";
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world_post(world, PATH "/candidate", "{\"candidate\":\"b\"}");
    assert_int_equal(world->result.status, 204);
}

static void an_answer_whose_guest_has_not_arrived_yet_is_shown_all_the_same(void **state) {
    struct world *world = as_world(state);
    faulty_be_eventual(&world->store);
    put_created(world, 0);
    put_offer(world, id_of(5, 4), 1, "o");
    char eve[ID_SIZE];
    snprintf(eve, sizeof eve, "%s", id_of(11, 3));
    put_answer(world, id_of(30, 7), 1, eve, id_of(5, 4), "answer of eve");
    world->host.headers[HEADER_ACCESS_TOKEN] = "host";
    assert_int_equal(world_get(world, PATH), 200);
    assert_non_null(strstr(world->result.body, "answer of eve"));
    put_joined(world, id_of(10, 2), "bob"); /* seen before eve's */
    assert_int_equal(role_of(world, "bob"), ROLE_NONE);
    put_joined(world, eve, "eve");
    assert_int_equal(role_of(world, "eve"), ROLE_GUEST);
    struct room room = read(world);
    assert_true(room.chosen);
}

/* -- Descriptions -------------------------------------------------------------- */

static void the_offer_that_was_answered_counts_though_another_came(void **state) {
    struct world *world = as_world(state);
    char guest[ID_SIZE], first[ID_SIZE];
    snprintf(guest, sizeof guest, "%s", id_of(10, 2));
    snprintf(first, sizeof first, "%s", id_of(20, 3));
    put_created(world, 0);
    put_joined(world, guest, "bob");
    put_offer(world, first, 1, "first");
    put_offer(world, id_of(25, 3), 1, "second");
    struct room room = read(world);
    assert_non_null(strstr(room.offer->content.at, "second"));
    put_answer(world, id_of(30, 4), 1, guest, first, "a");
    room = read(world);
    assert_non_null(strstr(room.offer->content.at, "first"));
    put_offer(world, id_of(35, 3), 1, "third");
    room = read(world);
    assert_non_null(strstr(room.offer->content.at, "first"));
    put_answer(world, id_of(40, 4), 1, guest, id_of(25, 3), "another");
    room = read(world);
    assert_non_null(strstr(room.answer->content.at, "\"a\""));
}

static void the_newest_generation_counts(void **state) {
    struct world *world = as_world(state);
    char guest[ID_SIZE];
    snprintf(guest, sizeof guest, "%s", id_of(10, 2));
    put_created(world, 0);
    put_joined(world, guest, "bob");
    put_offer(world, id_of(50, 3), 2, "o2"); /* arrives before the first */
    struct room room = read(world);
    assert_int_equal(room.generation, 2);
    assert_int_equal(room.status, ROOM_PAIRED); /* or there would be no second */
    put_offer(world, id_of(20, 3), 1, "o1");
    put_answer(world, id_of(30, 4), 1, guest, id_of(20, 3), "a1");
    room = read(world);
    assert_int_equal(room.generation, 2);
    assert_null(room.answer);
    assert_non_null(strstr(room.offer->content.at, "o2"));
    put_offer(world, id_of(60, 3), 1, "late"); /* of a generation that is over */
    room = read(world);
    assert_non_null(strstr(room.offer->content.at, "o2"));
    assert_int_equal(room_candidate_generation(&room), 2);
}

/* -- Going on ------------------------------------------------------------------ */

static void what_is_added_sorts_behind_what_is_there(void **state) {
    struct world *world = as_world(state);
    put_created(world, 5000); /* by a place whose clock is ahead */
    struct room room = read(world);
    int64_t expires_at = room_join(&world->host.request, &room, TEXT("bob"), TEXT("bob"));
    assert_int_equal(expires_at, NOW + 5001 + 300000);
    apply(world);
    room = read(world);
    assert_int_equal(room.count, 2);
    assert_int_equal(room.entries[1].event, EVENT_JOINED);
    assert_int_equal(room.entries[1].time, NOW + 5001);
    assert_int_equal(room.expires_at, expires_at);
    world->host.now += 5002;
    room = read(world);
    room_put_offer(&world->host.request, &room, 1, TEXT("{}"));
    apply(world);
    room = read(world);
    assert_int_equal(room.entries[2].time, NOW + 5002);
}

static void closing_where_the_store_is_eventual_leaves_a_mark_that_outlives_the_rest(void **state) {
    struct world *world = as_world(state);
    faulty_be_eventual(&world->store);
    world_pair(world);
    world_candidate(world, world->room.guest, "c");
    world->host.now += 1000;
    size_t count = memory_count(world->memory);
    assert_int_equal(world_room_post(world, world->room.host, "/close", "%s", ""), 204);
    assert_int_equal(memory_count(world->memory), count + 1); /* nothing was deleted */
    assert_int_equal(world_room_get(world, world->room.host, ""), 404);
    int64_t closed_at = world->host.now;
    for (int64_t later = 0; later <= KEPT + 2000; later += 500) {
        world->host.now = closed_at + later;
        world->host.spent_count = 0;
        assert_int_equal(world_room_get(world, world->room.host, ""), 404);
    }
    world_sweep(world);
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_mark_that_arrives_before_what_it_closes_closes_it(void **state) {
    struct world *world = as_world(state);
    put(world, id_of(60, 6), "closed", "%s", "");
    put_created(world, 0);
    put_joined(world, id_of(70, 2), "bob"); /* by somebody who did not see the mark */
    struct room room = read(world);
    assert_false(room.there);
    assert_int_equal(room.count, 3);
}

static void what_a_room_needs_is_put_again_once_half_of_its_time_is_over(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "key";
    world_candidate(world, world->room.host, "keyed");
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    world_candidate(world, world->room.host, "not keyed");
    world->host.keep_edits = true;
    world->host.now = NOW + KEPT / 2;
    assert_int_equal(world_candidate(world, world->room.host, "x"), 204);
    int edits = 0;
    for (const struct edit *edit = world->host.request.edits; edit != NULL; edit = edit->next) {
        edits++;
    }
    assert_int_equal(edits, 1); /* they live for as long as the room does from now */
    world->host.keep_edits = false;
    world->host.now = NOW + KEPT / 2 - 1000;
    world_candidate(world, world->room.host, "y");
    world->host.now = NOW + KEPT - 2000;
    world->host.keep_edits = true;
    assert_int_equal(world_candidate(world, world->room.host, "z"), 204);
    edits = 0;
    for (const struct edit *edit = world->host.request.edits; edit != NULL; edit = edit->next) {
        assert_int_equal(edit->expires_at, world->host.now + KEPT);
        edits++;
    }
    assert_int_equal(edits, 6); /* created, joined, offer, answer, the keyed one, and the new one */
}

static void one_change_puts_twenty_keys_again_at_the_most(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    for (int i = 0; i < 30; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        world->host.headers[HEADER_IDEMPOTENCY_KEY] = key;
        assert_int_equal(world_candidate(world, world->room.host, key), 204);
    }
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    world->host.now = NOW + KEPT / 2 - 1000;
    assert_int_equal(world_candidate(world, world->room.guest, "x"), 204);
    static const int wanted[] = {4 + 20 + 1, 10 + 1, 1}; /* created, joined, offer, answer */
    for (int i = 0; i < 3; i++) {
        world->host.now = NOW + KEPT - 2000 + i;
        world->host.keep_edits = true;
        assert_int_equal(world_candidate(world, world->room.guest, "y"), 204);
        int edits = 0;
        for (const struct edit *edit = world->host.request.edits; edit != NULL; edit = edit->next) {
            edits++;
        }
        assert_int_equal(edits, wanted[i]);
        world->host.keep_edits = false;
        assert_int_equal(world_candidate(world, world->room.guest, "y"), 204);
    }
}

static void of_candidates_that_are_over_a_room_keeps_nothing_but_the_key(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "key";
    world_candidate(world, world->room.guest, "an address");
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    for (int i = 0; i < 5; i++) {
        world->host.now += 500000;
        assert_int_equal(world_candidate(world, world->room.host, "c"), 204);
        world_sweep(world);
        char *dump = world_dump(world);
        assert_int_equal(strstr(dump, "an address") != NULL, i == 0);
        free(dump);
    }
    size_t count = memory_count(world->memory);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "key";
    assert_int_equal(world_candidate(world, world->room.guest, "an address"), 204);
    assert_int_equal(memory_count(world->memory), count);
    assert_int_equal(world_room_get(world, world->room.host, "/candidates"), 200);
    assert_int_equal(cJSON_GetArraySize(world_list(world, "items")), 0);
}

static void a_candidate_with_a_key_is_shown_for_as_long_as_any_other(void **state) {
    struct world *world = as_world(state);
    world->host.settings[ICE_TTL] = "3600";
    world_pair(world);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "key";
    world_candidate(world, world->room.host, "with a key");
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    world_candidate(world, world->room.host, "without");
    for (int i = 0; i < 7; i++) {
        world->host.now += 500000;
        world_sweep(world);
        assert_int_equal(world_candidate(world, world->room.guest, "c"), 204);
        assert_int_equal(world_room_get(world, world->room.guest, "/candidates"), 200);
        assert_int_equal(cJSON_GetArraySize(world_list(world, "items")), 2);
    }
}

static void what_the_host_was_shown_is_known_as_long_as_the_room_lives(void **state) {
    struct world *world = as_world(state);
    faulty_be_eventual(&world->store);
    world_pair(world);
    assert_int_equal(world_room_get(world, world->room.host, ""), 200);
    for (int i = 0; i < 10; i++) {
        world->host.now += 500000;
        world_sweep(world);
        assert_int_equal(world_candidate(world, world->room.guest, "c"), 204);
        struct room room = room_read(world_request(world), text_of(world->room.code));
        assert_true(room.chosen);
    }
}

static void a_log_is_read_over_many_pages(void **state) {
    struct world *world = as_world(state);
    put_created(world, 0);
    char guest[ID_SIZE];
    snprintf(guest, sizeof guest, "%s", id_of(10, 2));
    const char *large = world_repeat(world, "x", 60000);
    for (unsigned i = 0; i < 20; i++) {
        struct request *request = world_request(world);
        struct text key = arena_format(request->arena, "room/QK7M2XTD/%s-offer", id_of(100 + i, i));
        storage_put(request, key, arena_format(request->arena, "1\n%s", large), NOW + KEPT);
        assert_true(storage_apply(world->memory, request->edits));
    }
    put_joined(world, id_of(200, 2), "bob");
    world->store.calls = 0;
    struct room room = read(world);
    assert_int_equal(world->store.calls, 3);
    assert_int_equal(room.count, 22);
    assert_non_null(room.guest);
    assert_int_equal(role_of(world, "bob"), ROLE_GUEST);
}

static void of_a_log_that_is_too_long_only_so_much_is_read(void **state) {
    struct world *world = as_world(state);
    put_created(world, 0);
    const char *large = world_repeat(world, "x", 60000);
    for (unsigned i = 0; i < 60; i++) {
        struct request *request = world_request(world);
        struct text key = arena_format(request->arena, "room/QK7M2XTD/%s-offer", id_of(100 + i, i));
        storage_put(request, key, arena_format(request->arena, "1\n%s", large), NOW + KEPT);
        assert_true(storage_apply(world->memory, request->edits));
    }
    struct room room = read(world);
    assert_true(room.there);
    assert_true(room.bytes >= ROOM_BYTES && room.bytes < ROOM_BYTES + STORAGE_PAGE_BYTES);
    world->host.headers[HEADER_ACCESS_TOKEN] = "host";
    assert_int_equal(world_get(world, PATH), 200);
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world_post(world, PATH "/candidate", "{\"candidate\":\"b\"}");
    assert_coded(world, 429, "rate_limited");
    world_post(world, PATH "/close", "%s", "");
    assert_int_equal(world->result.status, 204);
}

static void a_candidate_outlives_short_times_of_its_room(void **state) {
    struct world *world = as_world(state);
    world->host.settings[ROOM_TTL_OPEN] = "2";
    world->host.settings[ROOM_TTL_JOINED] = "2";
    world->host.settings[ROOM_TTL_PAIRED] = "2";
    world->host.settings[ICE_TTL] = "60";
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    int64_t left = world->host.now;
    world->host.now += 1000;
    assert_int_equal(world_candidate(world, world->room.host, "early"), 204);
    while (world->host.now < left + 60000) {
        world_sweep(world);
        assert_int_equal(world_room_get(world, world->room.guest, "/candidates"), 200);
        assert_non_null(strstr(world->result.body, "early"));
        world->host.now += 1900;
        assert_int_equal(world_candidate(world, world->room.guest, "alive"), 204);
    }
    world->host.now = left + 61000;
    assert_int_equal(world_room_get(world, world->room.guest, "/candidates"), 200);
    assert_null(strstr(world->result.body, "early"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(nothing_is_no_room),
        world_test(a_room_is_what_its_log_says),
        world_test(tokens_are_of_one_room_and_one_role),
        world_test(before_anybody_joined_there_is_no_guest),
        world_test(a_log_without_its_beginning_is_no_room),
        cmocka_unit_test(entries_of_one_room_may_arrive_in_any_order),
        world_test(of_two_guests_the_one_who_joined_first_counts),
        world_test(of_two_who_joined_at_one_moment_one_counts_everywhere),
        world_test(of_two_guests_the_one_who_answered_first_counts),
        world_test(of_two_guests_the_one_whom_the_host_was_shown_counts),
        world_test(of_two_that_the_host_was_shown_the_first_counts),
        world_test(who_does_not_count_changes_nothing_any_more),
        world_test(the_budget_and_the_cap_do_not_see_who_does_not_count),
        world_test(an_answer_whose_guest_has_not_arrived_yet_is_shown_all_the_same),
        world_test(the_offer_that_was_answered_counts_though_another_came),
        world_test(the_newest_generation_counts),
        world_test(what_is_added_sorts_behind_what_is_there),
        world_test(closing_where_the_store_is_eventual_leaves_a_mark_that_outlives_the_rest),
        world_test(a_mark_that_arrives_before_what_it_closes_closes_it),
        world_test(what_a_room_needs_is_put_again_once_half_of_its_time_is_over),
        world_test(one_change_puts_twenty_keys_again_at_the_most),
        world_test(of_candidates_that_are_over_a_room_keeps_nothing_but_the_key),
        world_test(a_candidate_with_a_key_is_shown_for_as_long_as_any_other),
        world_test(what_the_host_was_shown_is_known_as_long_as_the_room_lives),
        world_test(a_log_is_read_over_many_pages),
        world_test(of_a_log_that_is_too_long_only_so_much_is_read),
        world_test(a_candidate_outlives_short_times_of_its_room),
    };
    return cmocka_run_group_tests_name("room facts", tests, NULL, NULL);
}
