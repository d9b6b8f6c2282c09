/* A peer's socket over whole requests: answers, and the candidates of all its handshakes. */
#include "socket.h"

#include <stdio.h>
#include <stdlib.h>

/* Two peers, and an offer of the first that the second has answered. */
static void pair_peers(struct world *world, struct world_peer *ann, struct world_peer *bob,
                       char *id) {
    world_register(world, ann);
    world_register(world, bob);
    world_publish(world, ann, id, "{\"sdp\":\"offer\"}");
    assert_int_equal(world_answer(world, bob, id), 200);
}

static void a_peers_socket_wants_the_peers_secret(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    world_register(world, &ann);
    world_register(world, &bob);
    struct socket socket;
    socket_open(&socket, world, "/offers/socket", "rondevu");
    assert_error(world, 401, "Missing Authorization header");
    struct world_peer mixed = ann;
    snprintf(mixed.bearer, sizeof mixed.bearer, "%s", bob.bearer);
    socket_open_peer(&socket, world, &mixed, "");
    assert_error(world, 401, "Invalid credentials");
    assert_int_equal(socket_open_peer(&socket, world, &ann, ""), 101);
    assert_string_equal(world->result.waiter, ann.id);
    socket_open_peer(&socket, world, &ann, "?since=x");
    assert_error(world, 400, "since must be a time in ms");
}

static void a_peer_is_sent_answers_and_candidates_once_each(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    char id[OFFER_ID_SIZE];
    world_register(world, &ann);
    struct socket offerer, answerer;
    socket_open_peer(&offerer, world, &ann, "");
    assert_int_equal(offerer.count, 0);
    world_register(world, &bob);
    socket_open_peer(&answerer, world, &bob, "");
    world_publish(world, &ann, id, "{\"sdp\":\"offer\"}");
    world_trickle(world, &ann, id, "\"early\"");
    assert_int_equal(socket_push(&offerer), 0);
    assert_int_equal(socket_push(&answerer), 0);
    assert_int_equal(world_answer(world, &bob, id), 200);
    assert_int_equal(socket_push(&offerer), 1);
    assert_true(socket_has(&offerer, 0, "\"answers\":[") && socket_has(&offerer, 0, id));
    assert_int_equal(socket_push(&answerer), 1);
    assert_true(socket_has(&answerer, 0, "\"candidates\":[") &&
                socket_has(&answerer, 0, "\"early\""));
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "\"c%d\"", i);
        assert_int_equal(world_trickle(world, i == 1 ? &ann : &bob, id, "%s", name), 200);
        struct socket *other = i == 1 ? &answerer : &offerer;
        assert_int_equal(socket_push(other), 1);
        assert_true(socket_has(other, 0, name) && socket_has(other, 0, id));
        assert_int_equal(socket_push(&offerer), 0);
        assert_int_equal(socket_push(&answerer), 0);
    }
    socket_open_peer(&offerer, world, &ann, "");
    assert_int_equal(offerer.count, 2);
    assert_true(socket_has(&offerer, 1, "\"c0\"") && socket_has(&offerer, 1, "\"c2\""));
}

static void a_peers_socket_goes_on_after_since(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    char id[OFFER_ID_SIZE], query[64];
    pair_peers(world, &ann, &bob, id);
    world->host.now += 10;
    snprintf(query, sizeof query, "?since=%lld", (long long)world->host.now);
    world_trickle(world, &bob, id, "\"c0\"");
    struct socket offerer;
    socket_open_peer(&offerer, world, &ann, query);
    assert_int_equal(offerer.count, 0);
    world->host.now += 10;
    world_trickle(world, &bob, id, "\"c1\"");
    assert_int_equal(socket_push(&offerer), 1);
    socket_open_peer(&offerer, world, &ann, query);
    assert_int_equal(offerer.count, 1);
    assert_true(socket_has(&offerer, 0, "\"c1\"") && !socket_has(&offerer, 0, "\"c0\""));
}

static void a_handshake_that_is_taken_away_is_not_heard_of_again(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    char gone[OFFER_ID_SIZE], other[OFFER_ID_SIZE];
    pair_peers(world, &ann, &bob, gone);
    world_publish(world, &ann, other, "{\"sdp\":\"offer\"}");
    assert_int_equal(world_answer(world, &bob, other), 200);
    struct socket offerer, answerer;
    socket_open_peer(&offerer, world, &ann, "");
    socket_open_peer(&answerer, world, &bob, "");
    world_trickle(world, &ann, gone, "\"lost\"");
    assert_int_equal(world_delete_as(world, &ann, "/offers/%s", gone), 200);
    assert_int_equal(socket_push(&offerer), 0);
    assert_int_equal(socket_push(&answerer), 0);
    world_trickle(world, &ann, other, "\"c\"");
    assert_int_equal(socket_push(&answerer), 1);
    assert_true(socket_has(&answerer, 0, other));
}

/* -- More than one run sends --------------------------------------------------- */

enum { HANDSHAKES = 180, LONG_SEEN_MAX = 13 * 1024 };

static int occurrences(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

/* Runs the socket until nothing more is due at once, and counts that part of what is sent. `seen`
 * is updated; NULL or empty where it is opened. Returns the number of runs. */
static int run_to_the_end(const struct socket *socket, char seen[LONG_SEEN_MAX], const char *part,
                          int *count) {
    const struct result *result = &socket->world->result;
    *count = 0;
    for (int runs = 1; runs < HANDSHAKES; runs++) {
        assert_int_equal(socket_ask(socket, seen, NULL), 101);
        *count += occurrences(result->body, part);
        assert_in_range(snprintf(seen, LONG_SEEN_MAX, "%s", result->seen), 1, LONG_SEEN_MAX - 1);
        if (result->again == 0) {
            return runs;
        }
    }
    fail();
    return 0;
}

/* Half of them over the other's offers. What is kept of them fits into an attachment, which has 16
 * KB, with the request's head. */
static void many_handshakes_are_sent_over_many_runs_once_each(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    world_register(world, &ann);
    world_register(world, &bob);
    static char ids[HANDSHAKES][OFFER_ID_SIZE];
    for (int i = 0; i < HANDSHAKES; i++) {
        bool hers = i % 2 == 0;
        world->host.now += 1;
        world_publish(world, hers ? &ann : &bob, ids[i], "{\"sdp\":\"offer\",\"ttl\":600000}");
        assert_int_equal(world_answer(world, hers ? &bob : &ann, ids[i]), 200);
        for (int j = 0; j < 10; j++) {
            assert_int_equal(world_trickle(world, &bob, ids[i], "\"first-%0200d\"", j), 200);
        }
    }
    struct socket socket;
    socket_open_peer(&socket, world, &ann, "?since=99999999999999");
    snprintf(socket.target, sizeof socket.target, "/offers/socket");
    static char seen[LONG_SEEN_MAX];
    int count;
    seen[0] = '\0';
    assert_in_range(run_to_the_end(&socket, seen, "\"first-", &count), 3, 12);
    assert_int_equal(count, HANDSHAKES * 10);
    assert_int_equal(run_to_the_end(&socket, seen, "\"", &count), 1);
    assert_int_equal(count, 0);
    for (int i = 0; i < HANDSHAKES; i++) {
        assert_int_equal(world_trickle(world, &bob, ids[i], "\"second\""), 200);
    }
    assert_in_range(run_to_the_end(&socket, seen, "\"candidate\":", &count), 3, 12);
    assert_int_equal(count, HANDSHAKES);
}

static void what_comes_in_the_ms_of_the_answer_is_sent(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    char id[OFFER_ID_SIZE];
    pair_peers(world, &ann, &bob, id);
    struct socket answerer;
    socket_open_peer(&answerer, world, &bob, "");
    world_trickle(world, &ann, id, "\"c\"");
    assert_int_equal(socket_push(&answerer), 1);
}

static void a_peers_message_is_of_the_handshake_that_it_names(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob, carol;
    char id[OFFER_ID_SIZE], message[256], wanted[256];
    pair_peers(world, &ann, &bob, id);
    world_register(world, &carol);
    struct socket offerer, answerer, stranger;
    socket_open_peer(&offerer, world, &ann, "");
    socket_open_peer(&answerer, world, &bob, "");
    socket_open_peer(&stranger, world, &carol, "");
    snprintf(message, sizeof message, "{\"id\":\"a\",\"offerId\":\"%s\",\"candidates\":[1,{}]}",
             id);
    snprintf(wanted, sizeof wanted,
             "{\"id\":\"a\",\"status\":200,\"offerId\":\"%s\",\"candidatesAdded\":2,\"count\":2}",
             id);
    assert_string_equal(socket_tell(&offerer, message), wanted);
    assert_int_equal(socket_push(&answerer), 1);
    assert_string_equal(socket_tell(&answerer, message), wanted);
    assert_int_equal(socket_push(&offerer), 1);
    socket_tell(&stranger, message);
    assert_int_equal(world->result.status, 403);
    static const char *const wrong[] = {"{\"id\":\"a\",\"candidates\":[1]}",
                                        "{\"id\":\"a\",\"offerId\":\"x\",\"candidates\":[1]}",
                                        "{\"id\":\"a\",\"offerId\":5,\"candidates\":[1]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_string_equal(socket_tell(&offerer, wrong[i]),
                            "{\"id\":\"a\",\"status\":404,\"error\":"
                            "\"Offer not found or expired\"}");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_peers_socket_wants_the_peers_secret),
        world_test_sharded(a_peer_is_sent_answers_and_candidates_once_each),
        world_test(a_peers_socket_goes_on_after_since),
        world_test_sharded(a_handshake_that_is_taken_away_is_not_heard_of_again),
        world_test_sharded(many_handshakes_are_sent_over_many_runs_once_each),
        world_test_sharded(what_comes_in_the_ms_of_the_answer_is_sent),
        world_test_sharded(a_peers_message_is_of_the_handshake_that_it_names),
    };
    return cmocka_run_group_tests_name("sockets of peers", tests, NULL, NULL);
}
