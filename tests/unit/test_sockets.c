/* Sockets of rooms and sessions over whole requests: what opens one, and what it is sent. */
#include "socket.h"

#include <stdio.h>
#include <stdlib.h>

/* -- Opening ------------------------------------------------------------------- */

static void a_request_that_asks_for_no_websocket_is_426(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    char target[64];
    snprintf(target, sizeof target, "%s/socket", world->room.path);
    static const char *const upgrades[] = {NULL,       "",           "h2c",
                                           "websocke", "websockets", "websocket, h2c"};
    for (size_t i = 0; i < sizeof upgrades / sizeof upgrades[0]; i++) {
        world->host.headers[HEADER_UPGRADE] = upgrades[i];
        world->host.headers[HEADER_PROTOCOL] = socket_protocol(world->room.host);
        world_get(world, target);
        assert_coded(world, 426, "upgrade_required");
        assert_non_null(strstr(world->result.headers, "Upgrade: websocket\n"));
    }
    world->host.headers[HEADER_UPGRADE] = "WebSocket";
    assert_int_equal(world_get(world, target), 101);
}

static void a_host_that_does_not_push_answers_501_whatever_is_asked(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_offer(world, "t", "ann");
    world->host.host.pushes = false;
    struct socket socket;
    socket_open_room(&socket, world, world->room.host, "");
    assert_int_equal(world->result.status, 501);
    assert_non_null(strstr(world->result.body, "\"code\":\"not_supported\""));
    assert_non_null(strstr(world->result.body, "\"retryable\":false"));
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s/socket", world->code);
    socket_open(&socket, world, target, "rondevu, side.offerer");
    assert_error(world, 501, "This server does not push; poll with wait");
    assert_int_equal(world_get(world, target), 501);
}

static void the_protocol_rondevu_must_be_offered(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    static const char *const wrong[] = {"",           "%s",        "rondevu2, %s", "Rondevu, %s",
                                        "rondevu %s", "rondevu.%s"};
    char protocol[128], token[64];
    snprintf(token, sizeof token, "token.%s", world->room.host);
    struct socket socket;
    char target[64];
    snprintf(target, sizeof target, "%s/socket", world->room.path);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *rest = strstr(wrong[i], "%s");
        int len = rest == NULL ? (int)strlen(wrong[i]) : (int)(rest - wrong[i]);
        snprintf(protocol, sizeof protocol, "%.*s%s", len, wrong[i], rest == NULL ? "" : token);
        socket_open(&socket, world, target, protocol);
        assert_coded(world, 400, "bad_protocol");
    }
    static const char *const right[] = {"rondevu,", "rondevu , \t", "x, rondevu,,"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        snprintf(protocol, sizeof protocol, "%s%s", right[i], token);
        assert_int_equal(socket_open(&socket, world, target, protocol), 101);
        assert_non_null(strstr(world->result.headers, "Sec-WebSocket-Protocol: rondevu\n"));
    }
}

static void a_rooms_socket_wants_a_token_of_the_room(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct socket socket;
    char target[64], other[44];
    snprintf(target, sizeof target, "%s/socket", world->room.path);
    snprintf(other, sizeof other, "%s", world->room.host);
    world_room(world);
    static const char *const wrong[] = {
        "rondevu",          "rondevu, token",     "rondevu, token.",
        "rondevu, token.x", "rondevu, side.host", "rondevu, peer.a.b"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        socket_open(&socket, world, target, wrong[i]);
        assert_coded(world, 403, "forbidden");
    }
    socket_open(&socket, world, target, socket_protocol(world->room.host));
    assert_coded(world, 403, "forbidden");
    assert_null(strstr(world->result.body, world->room.host));
    assert_int_equal(socket_open(&socket, world, target, socket_protocol(other)), 101);
}

static void a_room_that_is_not_there_has_no_socket(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct socket socket;
    socket_open(&socket, world, "/rooms/ZZZZZZZZ/socket", socket_protocol(world->room.host));
    assert_coded(world, 404, "not_found");
    socket_open(&socket, world, "/rooms/%ff/socket", socket_protocol(world->room.host));
    assert_coded(world, 400, "bad_request");
    world->host.now += 180 * 1000;
    socket_open_room(&socket, world, world->room.host, "");
    assert_coded(world, 404, "not_found");
}

static void what_the_query_has_must_be_right(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_offer(world, "t", "ann");
    struct socket socket;
    socket_open_room(&socket, world, world->room.host, "?since=x");
    assert_coded(world, 400, "bad_request");
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s/socket?seen=x", world->code);
    socket_open(&socket, world, target, "rondevu, side.offerer");
    assert_missing(world, "seen");
}

static void pages_of_other_origins_are_403_where_a_list_says_whose_may_come(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world->host.settings[CORS_ORIGINS] = "https://one.example";
    static const struct {
        const char *origin;
        int status;
    } rows[] = {{"https://one.example", 101},
                {"https://rondevu.example", 101}, /* the server's own */
                {NULL, 101},                      /* no page */
                {"https://two.example", 403},
                {"null", 403}};
    struct socket socket;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world->host.headers[HEADER_ORIGIN] = rows[i].origin;
        assert_int_equal(socket_open_room(&socket, world, world->room.host, ""), rows[i].status);
    }
    assert_coded(world, 403, "forbidden");
}

static void opening_costs_what_a_poll_costs(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct socket socket;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(socket_open_room(&socket, world, world->room.host, ""), 101);
    }
    socket_open_room(&socket, world, world->room.host, "");
    assert_coded(world, 429, "rate_limited");
}

static void a_sessions_socket_is_of_one_side_and_one_origin(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "t", "ann");
    struct socket socket;
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s/socket", world->code);
    static const char *const wrong[] = {"rondevu", "rondevu, side.", "rondevu, side.host",
                                        "rondevu, token.offerer"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        socket_open(&socket, world, target, wrong[i]);
        assert_missing(world, "side");
    }
    assert_int_equal(socket_open(&socket, world, target, "rondevu, side.offerer"), 101);
    assert_int_equal(socket_open(&socket, world, target, "rondevu, side.answerer"), 101);
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    socket_open(&socket, world, target, "rondevu, side.answerer");
    assert_error(world, 404, NO_SESSION);
}

static void one_credential_is_one_waiter_however_it_is_spelled(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    struct socket socket;
    char first[64], target[64];
    socket_open_room(&socket, world, world->room.host, "");
    snprintf(first, sizeof first, "%s", world->result.waiter);
    assert_int_not_equal(strlen(first), 0);
    for (char *c = world->room.path + strlen("/rooms/"); *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 'a' - 'A' : *c);
    }
    snprintf(target, sizeof target, "%s/socket?since=0", world->room.path);
    char protocol[128];
    snprintf(protocol, sizeof protocol, "x,token.%s,rondevu", world->room.host);
    assert_int_equal(socket_open(&socket, world, target, protocol), 101);
    assert_string_equal(world->result.waiter, first);
    socket_open_room(&socket, world, world->room.guest, "");
    assert_string_not_equal(world->result.waiter, first);
}

/* -- What is sent -------------------------------------------------------------- */

static void a_rooms_snapshot_is_sent_at_once_and_when_its_tag_changes(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct socket host;
    socket_open_room(&host, world, world->room.host, "");
    assert_int_equal(host.count, 1);
    assert_true(socket_has(&host, 0, "\"status\":\"open\"") &&
                socket_has(&host, 0, "\"expiresAt\""));
    assert_int_equal(socket_push(&host), 0);
    world_join(world);
    assert_int_equal(socket_push(&host), 1);
    assert_true(socket_has(&host, 0, "\"status\":\"joined\""));
    assert_int_equal(world_describe(world, "offer", "o1", 0), 204);
    assert_int_equal(socket_push(&host), 1);
    assert_int_equal(world_describe(world, "answer", "a1", 0), 204);
    assert_int_equal(socket_push(&host), 1);
    assert_true(socket_has(&host, 0, "o=a1"));
    assert_int_equal(socket_push(&host), 0);
}

static void candidates_are_sent_if_there_are_any_then_what_came_after_the_last(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host;
    socket_open_room(&host, world, world->room.host, "");
    assert_int_equal(host.count, 1);
    assert_int_equal(world_candidate(world, world->room.guest, "c0"), 204);
    assert_int_equal(socket_push(&host), 1);
    assert_true(socket_has(&host, 0, "c0") && socket_has(&host, 0, "\"mode\":\"delta\""));
    assert_int_equal(world_candidate(world, world->room.guest, "c1"), 204);
    assert_int_equal(socket_push(&host), 1);
    assert_true(socket_has(&host, 0, "c1") && !socket_has(&host, 0, "c0"));
    assert_int_equal(world_candidate(world, world->room.host, "own"), 204);
    assert_int_equal(socket_push(&host), 0);

    struct socket late;
    socket_open_room(&late, world, world->room.host, "");
    assert_int_equal(late.count, 2);
    assert_true(socket_has(&late, 1, "c0") && socket_has(&late, 1, "c1") &&
                socket_has(&late, 1, "\"mode\":\"full\""));
    assert_int_equal(socket_push(&late), 0);
}

static void two_kinds_of_news_are_two_messages(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    assert_int_equal(world_describe(world, "offer", "o2", 2), 204);
    assert_int_equal(world_candidate(world, world->room.host, "c"), 204);
    assert_int_equal(socket_push(&guest), 2);
    assert_true(socket_has(&guest, 0, "o=o2") && socket_has(&guest, 1, "\"items\""));
}

static void a_socket_goes_on_after_since(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world_candidate(world, world->room.guest, "c0");
    assert_int_equal(world_room_get(world, world->room.host, "/candidates"), 200);
    char query[64];
    snprintf(query, sizeof query, "?since=%lld", (long long)world_number(world, "lastSeq"));
    struct socket host;
    socket_open_room(&host, world, world->room.host, query);
    assert_int_equal(host.count, 1);
    assert_true(socket_has(&host, 0, "expiresAt"));
    world_candidate(world, world->room.guest, "c1");
    assert_int_equal(socket_push(&host), 1);
    assert_true(socket_has(&host, 0, "c1") && !socket_has(&host, 0, "c0"));
    socket_open_room(&host, world, world->room.host, query);
    assert_int_equal(host.count, 2);
    assert_true(socket_has(&host, 1, "c1") && socket_has(&host, 1, "delta") &&
                !socket_has(&host, 1, "c0"));
    socket_open_room(&host, world, world->room.host, "?since=12345");
    assert_true(socket_has(&host, 1, "c0") && socket_has(&host, 1, "c1") &&
                socket_has(&host, 1, "full"));
}

static void what_has_expired_makes_the_next_list_a_full_one(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host;
    socket_open_room(&host, world, world->room.host, "");
    static const int seconds[] = {0, 200, 101};
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        world->host.now += seconds[i] * 1000;
        assert_int_equal(world_candidate(world, world->room.guest, name), 204);
        assert_int_equal(socket_push(&host), 1);
    }
    assert_true(socket_has(&host, 0, "\"mode\":\"full\"") && !socket_has(&host, 0, "c0"));
    assert_true(socket_has(&host, 0, "c1") && socket_has(&host, 0, "c2"));
}

static void a_sessions_socket_is_sent_all_there_is_when_there_is_more(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "t", "ann");
    struct socket offerer, answerer;
    char target[2 * SEEN_MAX];
    snprintf(target, sizeof target, "/sessions/%s/socket", world->code);
    socket_open(&offerer, world, target, "rondevu, side.offerer");
    assert_int_equal(offerer.count, 0);
    socket_open(&answerer, world, target, "rondevu, side.answerer");
    assert_int_equal(answerer.count, 1);
    assert_true(socket_has(&answerer, 0, "\"offer\":\"the offer of ann\""));
    assert_int_equal(socket_push(&offerer), 0);
    for (int i = 0; i < 2; i++) {
        world_post(world, "/answer",
                   "{\"code\":\"%s\",\"side\":\"answerer\",\"candidate\":\"c%d\"}", world->code, i);
        assert_int_equal(world->result.status, 200);
        assert_int_equal(socket_push(&offerer), 1);
        assert_true(socket_has(&offerer, 0, "\"c0\"") &&
                    socket_has(&offerer, 0, "\"answer\":null"));
    }
    assert_true(socket_has(&offerer, 0, "\"c1\""));
    assert_int_equal(socket_push(&offerer), 0);
    assert_int_equal(socket_push(&answerer), 0);
    snprintf(target, sizeof target, "/sessions/%s/socket?seen=%s", world->code, offerer.seen);
    socket_open(&offerer, world, target, "rondevu, side.offerer");
    assert_int_equal(offerer.count, 0);
}

static void a_socket_is_run_again_when_what_it_is_about_is_over(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    int64_t room_until = world_number(world, "expiresAt");
    world_offer(world, "t", "ann");
    struct socket host, offerer;
    char target[64];
    socket_open_room(&host, world, world->room.host, "");
    assert_int_equal(world->result.again, room_until);
    snprintf(target, sizeof target, "/sessions/%s/socket", world->code);
    socket_open(&offerer, world, target, "rondevu, side.offerer");
    int64_t until = world->result.again;
    assert_int_equal(until, world->host.now + 300 * 1000);
    world->host.now = room_until - 1;
    assert_int_equal(socket_push(&host), 0);
    world->host.now = room_until;
    socket_ask(&host, host.seen, NULL);
    assert_coded(world, 404, "not_found");
    world->host.now = until - 1;
    assert_int_equal(socket_push(&offerer), 0);
    world->host.now = until;
    socket_ask(&offerer, offerer.seen, NULL);
    assert_error(world, 404, NO_SESSION);
}

static void what_is_closed_is_told_with_the_error_of_a_poll(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    assert_int_equal(world_room_post(world, world->room.host, "/close", "{}"), 204);
    socket_ask(&guest, guest.seen, NULL);
    assert_coded(world, 404, "not_found");
}

/* Restarts make room for 40 candidates each. */
static void a_list_that_ends_early_is_gone_on_with_at_once(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    const char *large = world_repeat(world, "x", 900);
    enum { RESTARTS = 8, BATCH = 40 };
    for (int generation = 1; generation <= RESTARTS; generation++) {
        if (generation > 1) {
            assert_int_equal(world_describe(world, "offer", "o", generation), 204);
            assert_int_equal(world_describe(world, "answer", "a", generation), 204);
        }
        for (int i = 0; i < BATCH; i++) {
            char name[1024];
            snprintf(name, sizeof name, "%d-%d%s%s", generation, i, large, "y");
            world_room_post(world, world->room.host, "/candidate",
                            "{\"candidate\":\"%s\",\"sdpMid\":\"%s\"}", name, large);
            assert_int_equal(world->result.status, 204);
        }
    }
    int items = 0;
    bool whole = false;
    for (int pushes = 0; !whole && pushes < 4; pushes++) {
        assert_int_equal(socket_ask(&guest, guest.seen, NULL), 101);
        snprintf(guest.seen, SEEN_MAX, "%s", world->result.seen);
        for (const char *at = world->result.body; (at = strstr(at, "\"candidate\":")) != NULL;
             at++) {
            items++;
        }
        whole = world->result.again != world->host.now;
        assert_true(whole || pushes < 2);
    }
    assert_true(whole);
    assert_int_equal(items, RESTARTS * BATCH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_request_that_asks_for_no_websocket_is_426),
        world_test(a_host_that_does_not_push_answers_501_whatever_is_asked),
        world_test(the_protocol_rondevu_must_be_offered),
        world_test(a_rooms_socket_wants_a_token_of_the_room),
        world_test(a_room_that_is_not_there_has_no_socket),
        world_test(what_the_query_has_must_be_right),
        world_test(pages_of_other_origins_are_403_where_a_list_says_whose_may_come),
        world_test(opening_costs_what_a_poll_costs),
        world_test(a_sessions_socket_is_of_one_side_and_one_origin),
        world_test(one_credential_is_one_waiter_however_it_is_spelled),
        world_test(a_rooms_snapshot_is_sent_at_once_and_when_its_tag_changes),
        world_test(candidates_are_sent_if_there_are_any_then_what_came_after_the_last),
        world_test(two_kinds_of_news_are_two_messages),
        world_test(a_socket_goes_on_after_since),
        world_test(what_has_expired_makes_the_next_list_a_full_one),
        world_test(a_sessions_socket_is_sent_all_there_is_when_there_is_more),
        world_test(a_socket_is_run_again_when_what_it_is_about_is_over),
        world_test(what_is_closed_is_told_with_the_error_of_a_poll),
        world_test(a_list_that_ends_early_is_gone_on_with_at_once),
    };
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
