/* Budgets: what is counted for whom, and what comes of it when it is used up. */
#include "budgets.h"
#include "routes.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const unsigned CREATE = SPENDS(BUDGET_CREATE);

static int spend_from(struct world *world, const char *address) {
    world->host.address = address;
    return budgets_spend(world_request(world), CREATE, "/rooms");
}

/* Uses up the first's budget for making rooms: whether the second has none left either. */
static bool share(struct world *world, const char *one, const char *other) {
    world->host.spent_count = 0;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(spend_from(world, one), 0);
    }
    assert_int_equal(spend_from(world, one), 60);
    return spend_from(world, other) != 0;
}

/* -- Addresses ----------------------------------------------------------------- */

static void an_ipv6_network_of_64_bits_is_one_caller(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
        {"2001:db8:1:2::", "2001:0DB8:0001:0002:0:0:0:1", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"2001:db8:1:2::1", "2001:db8:2:2::1", false},
        {"2001:db8::1", "2001:db8:0:0:a:b:c:d", true},
        {"2001:db8:1:2::1", "2001:db8:1:2::192.0.2.1", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "192.0.2.10", false},
        {"::1", "::1", true},
        {"::1", "192.0.2.1", false},
        {"fe80::1%eth0", "fe80::1%eth0", true},
        {"", "", true},
        {"", "192.0.2.1", false},
        {"unknown", "unknown", true},
        {"unknown", "nobody", false},
        {"2001:db8:1:2::1", "[2001:db8:1:2::1]", false},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1", true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
        {"::ffff:192.0.2.1", "::FFFF:c000:0201", true},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"::ffff:192.0.2.1", "::1", false},
        {"::ffff:192.0.2.1", "::fffe:192.0.2.1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (share(world, rows[i].one, rows[i].other) != rows[i].same ||
            share(world, rows[i].other, rows[i].one) != rows[i].same) {
            fail_msg("%s and %s", rows[i].one, rows[i].other);
        }
    }
}

static void an_address_of_any_length_is_one_key_that_hides_it(void **state) {
    struct world *world = as_world(state);
    const char *addresses[] = {"192.0.2.1", "2001:db8:1:2::1", "", world_repeat(world, "x", 5000)};
    for (size_t i = 0; i < 4; i++) {
        world->host.spent_count = 0;
        assert_int_equal(spend_from(world, addresses[i]), 0);
        assert_int_equal(world->host.spent_count, 1);
        assert_int_equal(strlen(world->host.spent[0].what), strlen("RATE_CREATE ") + 64);
        assert_null(strstr(world->host.spent[0].what, "192.0.2.1"));
    }
}

/* -- Over requests ------------------------------------------------------------- */

static void assert_busy(struct world *world, int seconds) {
    assert_coded(world, 429, "rate_limited");
    char header[32];
    snprintf(header, sizeof header, "Retry-After: %d\n", seconds);
    assert_non_null(strstr(world->result.headers, header));
}

static int create(struct world *world) {
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    return world_post(world, "/rooms", "{\"hostUserName\":\"alice\"}");
}

static int join(struct world *world) {
    return world_room_post(world, NULL, "/join", "{\"joinCode\":\"%s\",\"guestUserName\":\"bob\"}",
                           world->room.join_code);
}

static void five_rooms_a_minute_are_made_from_one_address(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(create(world), 201);
        world->host.now += 1000;
    }
    size_t count = memory_count(world->memory);
    create(world);
    assert_busy(world, 60);
    assert_int_equal(memory_count(world->memory), count);
    world->host.address = "192.0.2.2";
    assert_int_equal(create(world), 201);
    world->host.address = "192.0.2.1";
    world->host.now = NOW + 59999;
    create(world);
    assert_busy(world, 60);
    world->host.now = NOW + 60000;
    assert_int_equal(create(world), 201);
}

static void five_look_ups_a_minute_come_from_one_address_whatever_they_find(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(world_get(world, "/rooms/234567/public"), 404);
    }
    world_room_get(world, NULL, "/public");
    assert_busy(world, 60);
    world_send(world, "HEAD", "/rooms/234567/public", NULL);
    assert_int_equal(world->result.status, 429);
    world->host.address = "192.0.2.2";
    assert_int_equal(world_room_get(world, NULL, "/public"), 200);
    assert_int_equal(create(world), 201); /* another budget */
}

static void ten_joins_a_minute_come_from_one_address(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 10; i++) {
        char target[32];
        snprintf(target, sizeof target, "/rooms/22222%d/join", i);
        world->host.headers[HEADER_REGISTRY_VERSION] = "1";
        world_post(world, target, "{\"joinCode\":\"123456\",\"guestUserName\":\"bob\"}");
        assert_int_equal(world->result.status, 404);
    }
    world_room(world);
    join(world);
    assert_busy(world, 60);
    world->host.address = "192.0.2.2";
    assert_int_equal(join(world), 200);
}

static void ten_joins_a_minute_are_of_one_room(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    char spelled[32], address[32];
    snprintf(spelled, sizeof spelled, "/rooms/%.4s-%s/join", world->room.code,
             world->room.code + 4);
    for (int i = 0; i < 10; i++) {
        snprintf(address, sizeof address, "192.0.2.%d", 100 + i);
        world->host.address = address;
        world->host.headers[HEADER_REGISTRY_VERSION] = "1";
        world_post(world, spelled, "{}"); /* not even tries a code */
        assert_int_equal(world->result.status, 400);
    }
    world->host.address = "192.0.2.200";
    join(world);
    assert_busy(world, 60);
    assert_int_equal(memory_count(world->memory), 1);
    world_room(world);
    assert_int_equal(join(world), 200);
}

static void an_address_and_a_room_of_one_name_are_two(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world->host.address = world->room.code;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(world_room_post(world, NULL, "/join", "{}"), 400);
    }
    assert_int_equal(world_room_post(world, NULL, "/join", "{}"), 429);
}

static void twenty_reads_in_ten_seconds_have_one_token_and_route(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    const struct world_room *room = &world->room;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(world_room_get(world, room->host, i % 2 == 0 ? "" : "?wait=5"), 200);
    }
    world_room_get(world, room->host, "");
    assert_busy(world, 10);
    assert_int_equal(world_room_get(world, room->guest, ""), 200);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(world_room_get(world, room->host, "/candidates?since=0"), 200);
    }
    world_room_get(world, room->host, "/candidates");
    assert_busy(world, 10);
    world->host.address = "192.0.2.2"; /* the address is nothing to it */
    assert_int_equal(world_room_get(world, room->host, ""), 429);
    world->host.now += 9999;
    assert_int_equal(world_room_get(world, room->host, ""), 429);
    world->host.now++;
    assert_int_equal(world_room_get(world, room->host, ""), 200);
    assert_int_equal(world_room_get(world, room->host, "/candidates"), 200);
}

static void what_lacks_a_header_or_is_too_large_spends_nothing(void **state) {
    struct world *world = as_world(state);
    world_post(world, "/rooms", "{\"hostUserName\":\"alice\"}");
    assert_coded(world, 400, "missing_version");
    world_get(world, "/rooms/234567");
    assert_coded(world, 403, "forbidden");
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world_post(world, "/rooms", "%s", world_repeat(world, "x", 65537));
    assert_coded(world, 413, "body_too_large");
    assert_int_equal(world->host.spent_count, 0);
}

static void other_routes_have_no_budget(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world->host.spent_count = 0;
    world_describe(world, "offer", "o", 2);
    world_candidate(world, world->room.host, "c");
    world_get(world, "/health");
    world_get(world, "/topics");
    world_send(world, "OPTIONS", "/rooms", NULL);
    world_get(world, "/rooms");
    world_room_post(world, world->room.host, "/close", "%s", "");
    assert_int_equal(world->host.spent_count, 0);
}

static void two_hundred_changes_in_five_minutes_are_of_one_room(void **state) {
    struct world *world = as_world(state);
    world_pair(world); /* two changes; joining is none */
    const char *const tokens[] = {world->room.host, world->room.guest};
    int64_t first = world->host.now;
    world->host.now += 1000;
    for (int i = 2; i < 200; i++) {
        world->host.now += 1000;
        assert_int_equal(world_candidate(world, tokens[i % 2], "the same"), 204);
    }
    char *before = world_dump(world);
    world_candidate(world, tokens[0], "another");
    assert_busy(world, 102); /* until the offer is five minutes old */
    world_describe(world, "offer", "o", 2);
    assert_busy(world, 102); /* until the offer is five minutes old */
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(world_candidate(world, tokens[0], ""), 400);
    assert_int_equal(world_describe(world, "offer", "o", 7), 409); /* what is wrong comes first */
    assert_int_equal(world_room_get(world, tokens[0], ""), 200);

    world->host.settings[RATE_LIMITS] = "off";
    struct world_room room = world->room;
    world->host.keep_edits = true;
    assert_int_equal(world_candidate(world, tokens[0], "another"), 204);
    world->host.keep_edits = false;
    world->host.settings[RATE_LIMITS] = NULL;
    world->room = room;

    world->host.now = first + 300000; /* the offer came 2 ms later than `first` */
    assert_int_equal(world_candidate(world, tokens[0], "another"), 429);
    world->host.now = first + 300003; /* and the answer with it */
    assert_int_equal(world_describe(world, "offer", "o", 2), 204);
    assert_int_equal(world_candidate(world, tokens[0], "another"), 204);
    assert_int_equal(world_candidate(world, tokens[0], "yet another"), 429);
}

static void a_repeat_with_its_key_is_no_change(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    for (int i = 0; i < 199; i++) {
        assert_int_equal(world_candidate(world, world->room.host, "the same"), 204);
    }
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "key";
    for (int i = 0; i < 300; i++) {
        assert_int_equal(world_candidate(world, world->room.host, "the last"), 204);
    }
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "key 2";
    assert_int_equal(world_candidate(world, world->room.host, "the last"), 429);
    assert_int_equal(world_room_post(world, world->room.host, "/close", "%s", ""), 204);
}

static void without_rate_limits_nothing_is_counted(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_room(world);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(world_room_get(world, NULL, "/public"), 200);
        assert_int_equal(world_room_get(world, world->room.host, ""), 200);
    }
    for (int i = 0; i < 300; i++) {
        assert_int_equal(world_candidate(world, world->room.host, "the same"), 204);
    }
    for (int i = 0; i < 10; i++) {
        world_room(world);
    }
    assert_int_equal(world->host.spent_count, 0);
}

/* -- The table ----------------------------------------------------------------- */

static void the_first_budget_that_is_used_up_answers(void **state) {
    struct world *world = as_world(state);
    unsigned both = SPENDS(BUDGET_CREATE) | SPENDS(BUDGET_POLL);
    world->host.headers[HEADER_ACCESS_TOKEN] = "token";
    for (int i = 0; i < 5; i++) {
        assert_int_equal(budgets_spend(world_request(world), both, "/x"), 0);
    }
    assert_int_equal(budgets_spend(world_request(world), both, "/x"), 60);
    assert_int_equal(world->host.spent_count, 10); /* the second is not asked then */
    assert_int_equal(budgets_spend(world_request(world), both, "/y"), 0);
    assert_int_equal(budgets_spend(world_request(world), 0, "/x"), 0);
}

static void what_is_no_room_code_is_no_room_that_could_be_used_up(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 20; i++) {
        char address[32];
        snprintf(address, sizeof address, "192.0.2.%d", i);
        world->host.address = address;
        world->host.headers[HEADER_REGISTRY_VERSION] = "1";
        world_post(world, "/rooms/no-code!/join",
                   "{\"guestUserName\":\"bob\",\"joinCode\":\"123456\"}");
        assert_coded(world, 404, "not_found");
    }
}

static void every_route_of_rooms_spends_what_the_contract_says(void **state) {
    (void)state;
    static const struct {
        const char *method, *pattern;
        unsigned budgets;
    } rows[] = {
        {"POST", "/rooms", SPENDS(BUDGET_CREATE)},
        {"GET", "/rooms/:code/public", SPENDS(BUDGET_LOOK_UP)},
        {"POST", "/rooms/:code/join", SPENDS(BUDGET_JOIN) | SPENDS(BUDGET_JOIN_ROOM)},
        {"GET", "/rooms/:code", SPENDS(BUDGET_POLL)},
        {"GET", "/rooms/:code/candidates", SPENDS(BUDGET_POLL)},
        {"GET", "/rooms/:code/socket", SPENDS(BUDGET_POLL)},
    };
    size_t found = 0;
    for (size_t i = 0; i < routes_count; i++) {
        unsigned wanted = 0;
        for (size_t j = 0; j < sizeof rows / sizeof rows[0]; j++) {
            if (strcmp(rows[j].pattern, routes[i].pattern) == 0 &&
                strcmp(rows[j].method, routes[i].method) == 0) {
                wanted = rows[j].budgets;
                found++;
            }
        }
        assert_int_equal(routes[i].budgets, wanted);
    }
    assert_int_equal(found, sizeof rows / sizeof rows[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(an_ipv6_network_of_64_bits_is_one_caller),
        world_test(an_address_of_any_length_is_one_key_that_hides_it),
        world_test(five_rooms_a_minute_are_made_from_one_address),
        world_test(five_look_ups_a_minute_come_from_one_address_whatever_they_find),
        world_test(ten_joins_a_minute_come_from_one_address),
        world_test(ten_joins_a_minute_are_of_one_room),
        world_test(an_address_and_a_room_of_one_name_are_two),
        world_test(twenty_reads_in_ten_seconds_have_one_token_and_route),
        world_test(what_lacks_a_header_or_is_too_large_spends_nothing),
        world_test(other_routes_have_no_budget),
        world_test(two_hundred_changes_in_five_minutes_are_of_one_room),
        world_test(a_repeat_with_its_key_is_no_change),
        world_test(without_rate_limits_nothing_is_counted),
        world_test(the_first_budget_that_is_used_up_answers),
        world_test(what_is_no_room_code_is_no_room_that_could_be_used_up),
        cmocka_unit_test(every_route_of_rooms_spends_what_the_contract_says),
    };
    return cmocka_run_group_tests_name("budgets", tests, NULL, NULL);
}
