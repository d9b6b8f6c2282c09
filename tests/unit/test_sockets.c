/* Sockets over whole requests: what opens one, what is sent, and what becomes of messages. A socket
 * is run here as its host runs it: the request that opened it, again and again. */
#include "sockets.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES_MAX = 8, SEEN_MAX = 1024, LINE_MAX_LEN = 4096 };

/* What a host keeps of a socket. */
struct socket {
    struct world *world;
    char target[256];
    char protocol[256];
    char seen[SEEN_MAX];
    char messages[MESSAGES_MAX][LINE_MAX_LEN]; /* of the last push */
    int count;
};

static int ask(struct socket *socket, const char *seen, const char *body) {
    const char **headers = socket->world->host.headers;
    headers[HEADER_UPGRADE] = "websocket";
    headers[HEADER_PROTOCOL] = socket->protocol;
    headers[HEADER_SEEN] = seen;
    int status = world_send(socket->world, "GET", socket->target, body);
    headers[HEADER_UPGRADE] = headers[HEADER_PROTOCOL] = headers[HEADER_SEEN] = NULL;
    return status;
}

static void take_messages(struct socket *socket) {
    struct text lines = text_of(socket->world->result.body);
    socket->count = 0;
    while (lines.len > 0) {
        struct text line = text_cut(&lines, '\n');
        assert_true(socket->count < MESSAGES_MAX && line.len < LINE_MAX_LEN);
        snprintf(socket->messages[socket->count++], LINE_MAX_LEN, "%.*s", (int)line.len, line.at);
    }
    snprintf(socket->seen, SEEN_MAX, "%s", socket->world->result.seen);
}

/* Opens one; what it is sent first is in `messages` where that worked. */
static int open(struct socket *socket, struct world *world, const char *target,
                const char *protocol) {
    socket->world = world;
    snprintf(socket->target, sizeof socket->target, "%s", target);
    snprintf(socket->protocol, sizeof socket->protocol, "%s", protocol);
    if (ask(socket, NULL, NULL) == 101) {
        take_messages(socket);
    }
    return world->result.status;
}

/* Runs it again, as after a write; returns how many messages that sends. */
static int push(struct socket *socket) {
    assert_int_equal(ask(socket, socket->seen, NULL), 101);
    take_messages(socket);
    return socket->count;
}

/* What is answered to a message of the client's. */
static const char *tell(struct socket *socket, const char *message) {
    ask(socket, socket->seen, message);
    assert_string_equal(socket->world->result.headers, "");
    return socket->world->result.body;
}

static bool has(const struct socket *socket, int i, const char *part) {
    return i < socket->count && strstr(socket->messages[i], part) != NULL;
}

/* -- Of a room ----------------------------------------------------------------- */

static const char *protocol_of(const char *token) {
    static char protocol[128];
    snprintf(protocol, sizeof protocol, "rondevu, token.%s", token);
    return protocol;
}

static int open_room(struct socket *socket, struct world *world, const char *token,
                     const char *query) {
    char target[128];
    snprintf(target, sizeof target, "%s/socket%s", world->room.path, query);
    return open(socket, world, target, protocol_of(token));
}

static const char *tell_candidate(struct socket *socket, const char *id, const char *name) {
    char message[256];
    snprintf(message, sizeof message, "{\"id\":\"%s\",\"candidate\":\"%s\"}", id, name);
    return tell(socket, message);
}

#define ANSWERED(id, status) "{\"id\":\"" id "\",\"status\":" #status "}"

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
        world->host.headers[HEADER_PROTOCOL] = protocol_of(world->room.host);
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
    open_room(&socket, world, world->room.host, "");
    assert_int_equal(world->result.status, 501);
    assert_non_null(strstr(world->result.body, "\"code\":\"not_supported\""));
    assert_non_null(strstr(world->result.body, "\"retryable\":false"));
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s/socket", world->code);
    open(&socket, world, target, "rondevu, side.offerer");
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
        open(&socket, world, target, protocol);
        assert_coded(world, 400, "bad_protocol");
    }
    static const char *const right[] = {"rondevu,", "rondevu , \t", "x, rondevu,,"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        snprintf(protocol, sizeof protocol, "%s%s", right[i], token);
        assert_int_equal(open(&socket, world, target, protocol), 101);
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
        open(&socket, world, target, wrong[i]);
        assert_coded(world, 403, "forbidden");
    }
    open(&socket, world, target, protocol_of(world->room.host));
    assert_coded(world, 403, "forbidden");
    assert_null(strstr(world->result.body, world->room.host));
    assert_int_equal(open(&socket, world, target, protocol_of(other)), 101);
}

static void a_room_that_is_not_there_has_no_socket(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct socket socket;
    open(&socket, world, "/rooms/ZZZZZZZZ/socket", protocol_of(world->room.host));
    assert_coded(world, 404, "not_found");
    open(&socket, world, "/rooms/%ff/socket", protocol_of(world->room.host));
    assert_coded(world, 400, "bad_request");
    world->host.now += 180 * 1000;
    open_room(&socket, world, world->room.host, "");
    assert_coded(world, 404, "not_found");
}

static void what_the_query_has_must_be_right(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_offer(world, "t", "ann");
    struct socket socket;
    open_room(&socket, world, world->room.host, "?since=x");
    assert_coded(world, 400, "bad_request");
    char target[64];
    snprintf(target, sizeof target, "/sessions/%s/socket?seen=x", world->code);
    open(&socket, world, target, "rondevu, side.offerer");
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
        assert_int_equal(open_room(&socket, world, world->room.host, ""), rows[i].status);
    }
    assert_coded(world, 403, "forbidden");
}

static void opening_costs_what_a_poll_costs(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct socket socket;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(open_room(&socket, world, world->room.host, ""), 101);
    }
    open_room(&socket, world, world->room.host, "");
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
        open(&socket, world, target, wrong[i]);
        assert_missing(world, "side");
    }
    assert_int_equal(open(&socket, world, target, "rondevu, side.offerer"), 101);
    assert_int_equal(open(&socket, world, target, "rondevu, side.answerer"), 101);
    world->host.headers[HEADER_ORIGIN] = "https://other.example";
    open(&socket, world, target, "rondevu, side.answerer");
    assert_error(world, 404, NO_SESSION);
}

static void one_credential_is_one_waiter_however_it_is_spelled(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    struct socket socket;
    char first[64], target[64];
    open_room(&socket, world, world->room.host, "");
    snprintf(first, sizeof first, "%s", world->result.waiter);
    assert_int_not_equal(strlen(first), 0);
    for (char *c = world->room.path + strlen("/rooms/"); *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 'a' - 'A' : *c);
    }
    snprintf(target, sizeof target, "%s/socket?since=0", world->room.path);
    char protocol[128];
    snprintf(protocol, sizeof protocol, "x,token.%s,rondevu", world->room.host);
    assert_int_equal(open(&socket, world, target, protocol), 101);
    assert_string_equal(world->result.waiter, first);
    open_room(&socket, world, world->room.guest, "");
    assert_string_not_equal(world->result.waiter, first);
}

/* -- What is sent -------------------------------------------------------------- */

static void a_rooms_snapshot_is_sent_at_once_and_when_its_tag_changes(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    struct socket host;
    open_room(&host, world, world->room.host, "");
    assert_int_equal(host.count, 1);
    assert_true(has(&host, 0, "\"status\":\"open\"") && has(&host, 0, "\"expiresAt\""));
    assert_int_equal(push(&host), 0);
    world_join(world);
    assert_int_equal(push(&host), 1);
    assert_true(has(&host, 0, "\"status\":\"joined\""));
    assert_int_equal(world_describe(world, "offer", "o1", 0), 204);
    assert_int_equal(push(&host), 1);
    assert_int_equal(world_describe(world, "answer", "a1", 0), 204);
    assert_int_equal(push(&host), 1);
    assert_true(has(&host, 0, "o=a1"));
    assert_int_equal(push(&host), 0);
}

static void candidates_are_sent_if_there_are_any_then_what_came_after_the_last(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host;
    open_room(&host, world, world->room.host, "");
    assert_int_equal(host.count, 1);
    assert_int_equal(world_candidate(world, world->room.guest, "c0"), 204);
    assert_int_equal(push(&host), 1);
    assert_true(has(&host, 0, "c0") && has(&host, 0, "\"mode\":\"delta\""));
    assert_int_equal(world_candidate(world, world->room.guest, "c1"), 204);
    assert_int_equal(push(&host), 1);
    assert_true(has(&host, 0, "c1") && !has(&host, 0, "c0"));
    assert_int_equal(world_candidate(world, world->room.host, "own"), 204);
    assert_int_equal(push(&host), 0);

    struct socket late;
    open_room(&late, world, world->room.host, "");
    assert_int_equal(late.count, 2);
    assert_true(has(&late, 1, "c0") && has(&late, 1, "c1") && has(&late, 1, "\"mode\":\"full\""));
    assert_int_equal(push(&late), 0);
}

static void two_kinds_of_news_are_two_messages(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
    assert_int_equal(world_describe(world, "offer", "o2", 2), 204);
    assert_int_equal(world_candidate(world, world->room.host, "c"), 204);
    assert_int_equal(push(&guest), 2);
    assert_true(has(&guest, 0, "o=o2") && has(&guest, 1, "\"items\""));
}

static void a_socket_goes_on_after_since(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world_candidate(world, world->room.guest, "c0");
    assert_int_equal(world_room_get(world, world->room.host, "/candidates"), 200);
    char query[64];
    snprintf(query, sizeof query, "?since=%lld", (long long)world_number(world, "lastSeq"));
    struct socket host;
    open_room(&host, world, world->room.host, query);
    assert_int_equal(host.count, 1);
    assert_true(has(&host, 0, "expiresAt"));
    world_candidate(world, world->room.guest, "c1");
    assert_int_equal(push(&host), 1);
    assert_true(has(&host, 0, "c1") && !has(&host, 0, "c0"));
    open_room(&host, world, world->room.host, query);
    assert_int_equal(host.count, 2);
    assert_true(has(&host, 1, "c1") && has(&host, 1, "delta") && !has(&host, 1, "c0"));
    open_room(&host, world, world->room.host, "?since=12345");
    assert_true(has(&host, 1, "c0") && has(&host, 1, "c1") && has(&host, 1, "full"));
}

static void what_has_expired_makes_the_next_list_a_full_one(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host;
    open_room(&host, world, world->room.host, "");
    static const int seconds[] = {0, 200, 101};
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        world->host.now += seconds[i] * 1000;
        assert_int_equal(world_candidate(world, world->room.guest, name), 204);
        assert_int_equal(push(&host), 1);
    }
    assert_true(has(&host, 0, "\"mode\":\"full\"") && !has(&host, 0, "c0"));
    assert_true(has(&host, 0, "c1") && has(&host, 0, "c2"));
}

static void a_sessions_socket_is_sent_all_there_is_when_there_is_more(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "t", "ann");
    struct socket offerer, answerer;
    char target[2 * SEEN_MAX];
    snprintf(target, sizeof target, "/sessions/%s/socket", world->code);
    open(&offerer, world, target, "rondevu, side.offerer");
    assert_int_equal(offerer.count, 0);
    open(&answerer, world, target, "rondevu, side.answerer");
    assert_int_equal(answerer.count, 1);
    assert_true(has(&answerer, 0, "\"offer\":\"the offer of ann\""));
    assert_int_equal(push(&offerer), 0);
    for (int i = 0; i < 2; i++) {
        world_post(world, "/answer",
                   "{\"code\":\"%s\",\"side\":\"answerer\",\"candidate\":\"c%d\"}", world->code, i);
        assert_int_equal(world->result.status, 200);
        assert_int_equal(push(&offerer), 1);
        assert_true(has(&offerer, 0, "\"c0\"") && has(&offerer, 0, "\"answer\":null"));
    }
    assert_true(has(&offerer, 0, "\"c1\""));
    assert_int_equal(push(&offerer), 0);
    assert_int_equal(push(&answerer), 0);
    snprintf(target, sizeof target, "/sessions/%s/socket?seen=%s", world->code, offerer.seen);
    open(&offerer, world, target, "rondevu, side.offerer");
    assert_int_equal(offerer.count, 0);
}

static void a_socket_is_run_again_when_what_it_is_about_is_over(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    int64_t room_until = world_number(world, "expiresAt");
    world_offer(world, "t", "ann");
    struct socket host, offerer;
    char target[64];
    open_room(&host, world, world->room.host, "");
    assert_int_equal(world->result.again, room_until);
    snprintf(target, sizeof target, "/sessions/%s/socket", world->code);
    open(&offerer, world, target, "rondevu, side.offerer");
    int64_t until = world->result.again;
    assert_int_equal(until, world->host.now + 300 * 1000);
    world->host.now = room_until - 1;
    assert_int_equal(push(&host), 0);
    world->host.now = room_until;
    ask(&host, host.seen, NULL);
    assert_coded(world, 404, "not_found");
    world->host.now = until - 1;
    assert_int_equal(push(&offerer), 0);
    world->host.now = until;
    ask(&offerer, offerer.seen, NULL);
    assert_error(world, 404, NO_SESSION);
}

static void what_is_closed_is_told_with_the_error_of_a_poll(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
    assert_int_equal(world_room_post(world, world->room.host, "/close", "{}"), 204);
    ask(&guest, guest.seen, NULL);
    assert_coded(world, 404, "not_found");
}

/* Restarts make room for 40 candidates each. */
static void a_list_that_ends_early_is_gone_on_with_at_once(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
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
        assert_int_equal(ask(&guest, guest.seen, NULL), 101);
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

/* -- Of a peer ----------------------------------------------------------------- */

static int open_peer(struct socket *socket, struct world *world, const struct world_peer *peer,
                     const char *query) {
    char protocol[160], target[64];
    const char *secret = strchr(peer->bearer, ':') + 1;
    snprintf(protocol, sizeof protocol, "rondevu, peer.%s.%s", peer->id, secret);
    snprintf(target, sizeof target, "/offers/socket%s", query);
    return open(socket, world, target, protocol);
}

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
    open(&socket, world, "/offers/socket", "rondevu");
    assert_error(world, 401, "Missing Authorization header");
    struct world_peer mixed = ann;
    snprintf(mixed.bearer, sizeof mixed.bearer, "%s", bob.bearer);
    open_peer(&socket, world, &mixed, "");
    assert_error(world, 401, "Invalid credentials");
    assert_int_equal(open_peer(&socket, world, &ann, ""), 101);
    assert_string_equal(world->result.waiter, ann.id);
    open_peer(&socket, world, &ann, "?since=x");
    assert_error(world, 400, "since must be a time in ms");
}

static void a_peer_is_sent_answers_and_candidates_once_each(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    char id[OFFER_ID_SIZE];
    world_register(world, &ann);
    struct socket offerer, answerer;
    open_peer(&offerer, world, &ann, "");
    assert_int_equal(offerer.count, 0);
    world_register(world, &bob);
    open_peer(&answerer, world, &bob, "");
    world_publish(world, &ann, id, "{\"sdp\":\"offer\"}");
    world_trickle(world, &ann, id, "\"early\"");
    assert_int_equal(push(&offerer), 0);
    assert_int_equal(push(&answerer), 0);
    assert_int_equal(world_answer(world, &bob, id), 200);
    assert_int_equal(push(&offerer), 1);
    assert_true(has(&offerer, 0, "\"answers\":[") && has(&offerer, 0, id));
    assert_int_equal(push(&answerer), 1);
    assert_true(has(&answerer, 0, "\"candidates\":[") && has(&answerer, 0, "\"early\""));
    for (int i = 0; i < 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "\"c%d\"", i);
        assert_int_equal(world_trickle(world, i == 1 ? &ann : &bob, id, "%s", name), 200);
        struct socket *other = i == 1 ? &answerer : &offerer;
        assert_int_equal(push(other), 1);
        assert_true(has(other, 0, name) && has(other, 0, id));
        assert_int_equal(push(&offerer), 0);
        assert_int_equal(push(&answerer), 0);
    }
    open_peer(&offerer, world, &ann, "");
    assert_int_equal(offerer.count, 2);
    assert_true(has(&offerer, 1, "\"c0\"") && has(&offerer, 1, "\"c2\""));
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
    open_peer(&offerer, world, &ann, query);
    assert_int_equal(offerer.count, 0);
    world->host.now += 10;
    world_trickle(world, &bob, id, "\"c1\"");
    assert_int_equal(push(&offerer), 1);
    open_peer(&offerer, world, &ann, query);
    assert_int_equal(offerer.count, 1);
    assert_true(has(&offerer, 0, "\"c1\"") && !has(&offerer, 0, "\"c0\""));
}

static void a_handshake_that_is_taken_away_is_not_heard_of_again(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    char gone[OFFER_ID_SIZE], other[OFFER_ID_SIZE];
    pair_peers(world, &ann, &bob, gone);
    world_publish(world, &ann, other, "{\"sdp\":\"offer\"}");
    assert_int_equal(world_answer(world, &bob, other), 200);
    struct socket offerer, answerer;
    open_peer(&offerer, world, &ann, "");
    open_peer(&answerer, world, &bob, "");
    world_trickle(world, &ann, gone, "\"lost\"");
    assert_int_equal(world_delete_as(world, &ann, "/offers/%s", gone), 200);
    assert_int_equal(push(&offerer), 0);
    assert_int_equal(push(&answerer), 0);
    world_trickle(world, &ann, other, "\"c\"");
    assert_int_equal(push(&answerer), 1);
    assert_true(has(&answerer, 0, other));
}

/* As many handshakes as a socket follows, and more, half of them over the other's offers. An
 * attachment has 16 KB, the request's head among it. */
static void many_handshakes_are_sent_over_many_runs_once_each(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    world_register(world, &ann);
    world_register(world, &bob);
    enum { HANDSHAKES = 180 };
    for (int i = 0; i < HANDSHAKES; i++) {
        char id[OFFER_ID_SIZE];
        bool hers = i % 2 == 0;
        world->host.now += 1;
        world_publish(world, hers ? &ann : &bob, id, "{\"sdp\":\"offer\",\"ttl\":600000}");
        assert_int_equal(world_answer(world, hers ? &bob : &ann, id), 200);
        for (int j = 0; j < 10; j++) {
            assert_int_equal(world_trickle(world, &bob, id, "\"c%d-%d-%0200d\"", i, j, 0), 200);
        }
    }
    struct socket socket = {.world = world, .target = "/offers/socket"};
    snprintf(socket.protocol, sizeof socket.protocol, "rondevu, peer.%s.%s", ann.id,
             strchr(ann.bearer, ':') + 1);
    char seen[16 * 1024];
    int lists = 0, runs = 1;
    for (const char *now_seen = NULL;; runs++) {
        assert_int_equal(ask(&socket, now_seen, NULL), 101);
        for (const char *at = world->result.body; (at = strstr(at, "\"candidates\":")) != NULL;
             at++) {
            lists++;
        }
        assert_in_range(strlen(world->result.seen), 1, 13 * 1024);
        snprintf(seen, sizeof seen, "%s", world->result.seen);
        now_seen = seen;
        if (world->result.again == 0) {
            break;
        }
        assert_true(runs < HANDSHAKES);
    }
    assert_int_equal(lists, HANDSHAKES);
    assert_in_range(runs, 3, 12);
    assert_int_equal(ask(&socket, seen, NULL), 101);
    assert_string_equal(world->result.body, "");
}

static void what_comes_in_the_ms_of_the_answer_is_sent(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob;
    char id[OFFER_ID_SIZE];
    pair_peers(world, &ann, &bob, id);
    struct socket answerer;
    open_peer(&answerer, world, &bob, "");
    world_trickle(world, &ann, id, "\"c\"");
    assert_int_equal(push(&answerer), 1);
}

static void a_peers_message_is_of_the_handshake_that_it_names(void **state) {
    struct world *world = as_world(state);
    struct world_peer ann, bob, carol;
    char id[OFFER_ID_SIZE], message[256], wanted[256];
    pair_peers(world, &ann, &bob, id);
    world_register(world, &carol);
    struct socket offerer, answerer, stranger;
    open_peer(&offerer, world, &ann, "");
    open_peer(&answerer, world, &bob, "");
    open_peer(&stranger, world, &carol, "");
    snprintf(message, sizeof message, "{\"id\":\"a\",\"offerId\":\"%s\",\"candidates\":[1,{}]}",
             id);
    snprintf(wanted, sizeof wanted,
             "{\"id\":\"a\",\"status\":200,\"offerId\":\"%s\",\"candidatesAdded\":2,\"count\":2}",
             id);
    assert_string_equal(tell(&offerer, message), wanted);
    assert_int_equal(push(&answerer), 1);
    assert_string_equal(tell(&answerer, message), wanted);
    assert_int_equal(push(&offerer), 1);
    tell(&stranger, message);
    assert_int_equal(world->result.status, 403);
    static const char *const wrong[] = {"{\"id\":\"a\",\"candidates\":[1]}",
                                        "{\"id\":\"a\",\"offerId\":\"x\",\"candidates\":[1]}",
                                        "{\"id\":\"a\",\"offerId\":5,\"candidates\":[1]}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_string_equal(tell(&offerer, wrong[i]), "{\"id\":\"a\",\"status\":404,\"error\":"
                                                      "\"Offer not found or expired\"}");
    }
}

/* -- Messages ------------------------------------------------------------------ */

static void a_message_leaves_candidates_and_is_answered_with_its_id(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host, guest;
    open_room(&host, world, world->room.host, "");
    open_room(&guest, world, world->room.guest, "");
    assert_string_equal(tell_candidate(&guest, "1", "c0"), ANSWERED("1", 204));
    assert_string_equal(tell(&guest,
                             "{\"id\":\"two \\\" é\",\"candidates\":[{\"candidate\":\"c1\"},"
                             "{\"candidate\":\"c2\"}]}"),
                        "{\"id\":\"two \\\" é\",\"status\":204}");
    assert_string_equal(tell(&guest, "{\"candidate\":\"c3\"}"), "{\"id\":null,\"status\":204}");
    assert_int_equal(push(&host), 1);
    static const char *const names[] = {"c0", "c1", "c2", "c3"};
    for (int i = 0; i < 4; i++) {
        assert_true(has(&host, 0, names[i]));
    }
    assert_int_equal(push(&guest), 0);
}

static void a_message_with_a_type_is_an_offer_or_an_answer(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    struct socket host, guest;
    open_room(&host, world, world->room.host, "");
    open_room(&guest, world, world->room.guest, "");
    static const char offer[] = "{\"id\":\"o\",\"type\":\"offer\",\"sdp\":\"" SDP("o1") "\"}";
    static const char answer[] = "{\"id\":\"a\",\"type\":\"answer\",\"sdp\":\"" SDP("a1") "\"}";
    assert_non_null(strstr(tell(&guest, offer), "{\"id\":\"o\",\"status\":403,\"error\":"));
    assert_non_null(strstr(tell(&guest, answer), "{\"id\":\"a\",\"status\":409,\"error\":"));
    assert_string_equal(tell(&host, offer), ANSWERED("o", 204));
    assert_int_equal(push(&guest), 1);
    assert_true(has(&guest, 0, "o=o1"));
    assert_string_equal(tell(&guest, answer), ANSWERED("a", 204));
    push(&host);
    assert_true(has(&host, 0, "o=a1") && has(&host, 0, "\"status\":\"paired\""));
    assert_non_null(strstr(tell(&host, "{\"id\":\"x\",\"type\":\"x\"}"), "\"bad_candidate\""));
}

static void an_id_is_a_text_of_1_to_64_characters(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
    char message[512];
    static const char *const wrong[] = {"\"\"", "5", "true", "{}", "[\"1\"]"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(message, sizeof message, "{\"id\":%s,\"candidate\":\"c\"}", wrong[i]);
        tell(&guest, message);
        assert_int_equal(world->result.status, 400);
        assert_non_null(strstr(world->result.body, "{\"id\":null,\"status\":400,\"error\":{"));
    }
    for (size_t count = 64; count <= 65; count++) {
        snprintf(message, sizeof message, "{\"id\":\"%s\",\"candidate\":\"c\"}",
                 world_repeat(world, "é", count));
        tell(&guest, message);
        assert_int_equal(world->result.status, count == 64 ? 204 : 400);
    }
    assert_string_equal(tell(&guest, "{\"id\":null,\"candidate\":\"d\"}"),
                        "{\"id\":null,\"status\":204}");
}

static void the_id_is_the_idempotency_key(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host, first, second;
    open_room(&host, world, world->room.host, "");
    open_room(&first, world, world->room.guest, "");
    open_room(&second, world, world->room.guest, "");
    assert_string_equal(tell_candidate(&first, "k", "c0"), ANSWERED("k", 204));
    assert_string_equal(tell_candidate(&first, "k", "c1"), ANSWERED("k", 204));
    assert_string_equal(tell_candidate(&second, "k", "c2"), ANSWERED("k", 204));
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "k";
    assert_int_equal(world_candidate(world, world->room.guest, "c3"), 204);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    assert_int_equal(push(&host), 1);
    assert_true(has(&host, 0, "c0"));
    for (int i = 1; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "\"c%d\"", i);
        assert_false(has(&host, 0, name));
    }
}

static void what_the_post_would_refuse_is_refused_with_its_error(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
    char *before = world_dump(world);
    static const struct {
        const char *message, *id, *code;
    } rows[] = {
        {"{\"id\":\"a\"}", "\"a\"", "bad_candidate"},
        {"{\"id\":\"a\",\"candidate\":\"\"}", "\"a\"", "bad_candidate"},
        {"{\"id\":\"a\",\"candidates\":[]}", "\"a\"", "bad_candidate"},
        {"{\"id\":\"a\",\"candidate\":5}", "\"a\"", "bad_candidate"},
        {" ", "null", "bad_json"},
        {"hello", "null", "bad_json"},
        {"[]", "null", "bad_json"},
        {"null", "null", "bad_json"},
        {"{\"id\":\"a\",\"candidate\":\"c\"", "null", "bad_json"},
        {"{\"id\":\"\\u0000\",\"candidate\":\"c\"}", "null", "bad_json"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char start[128];
        snprintf(start, sizeof start, "{\"id\":%s,\"status\":400,\"error\":{\"code\":\"%s\"",
                 rows[i].id, rows[i].code);
        assert_memory_equal(tell(&guest, rows[i].message), start, strlen(start));
    }
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void the_limits_of_the_post_hold(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
    enum { BODY_MAX = 64 * 1024 };
    for (size_t size = BODY_MAX; size <= BODY_MAX + 1; size++) {
        char *message = malloc(size + 1);
        size_t len =
            (size_t)snprintf(message, size + 1, "{\"id\":\"a\",\"candidate\":\"c\",\"x\":\"");
        memset(message + len, 'x', size - len - 2);
        memcpy(message + size - 2, "\"}", 3);
        tell(&guest, message);
        free(message);
        assert_int_equal(world->result.status, size == BODY_MAX ? 204 : 413);
    }
    assert_non_null(strstr(world->result.body, "{\"id\":null,\"status\":413,\"error\":{\"code\":"
                                               "\"body_too_large\""));
    for (int i = 1; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        tell_candidate(&guest, name, name);
        assert_int_equal(world->result.status, 204);
    }
    tell_candidate(&guest, "last", "c40");
    assert_int_equal(world->result.status, 409);
    assert_non_null(strstr(world->result.body,
                           "{\"id\":\"last\",\"status\":409,\"error\":{\"code\":"
                           "\"too_many_candidates\""));
}

static void a_message_about_what_is_gone_is_answered_404(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
    world_room_post(world, world->room.host, "/close", "{}");
    tell_candidate(&guest, "a", "c");
    assert_int_equal(world->result.status, 404);
    assert_non_null(strstr(world->result.body, "{\"id\":\"a\",\"status\":404,\"error\":{"));
}

static void a_sessions_message_is_a_candidate_of_its_own_side(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "t", "ann");
    char code[CODE_LEN + 1], target[64];
    snprintf(code, sizeof code, "%s", world->code);
    snprintf(target, sizeof target, "/sessions/%s/socket", code);
    world_offer(world, "t", "bob");
    struct socket offerer, answerer;
    open(&offerer, world, target, "rondevu, side.offerer");
    open(&answerer, world, target, "rondevu, side.answerer");
    char message[256];
    snprintf(message, sizeof message,
             "{\"id\":\"a\",\"candidate\":\"c\",\"side\":\"offerer\",\"code\":\"%s\"}",
             world->code);
    assert_string_equal(tell(&answerer, message), "{\"id\":\"a\",\"status\":200,\"success\":true}");
    assert_int_equal(push(&offerer), 1);
    assert_true(has(&offerer, 0, "\"answerCandidates\":[\"c\"]"));
    assert_int_equal(push(&answerer), 0);
    static const char *const wrong[] = {"{\"id\":\"a\"}", "{\"id\":\"a\",\"answer\":\"an answer\"}",
                                        "{\"id\":\"a\",\"candidate\":\"\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_string_equal(tell(&answerer, wrong[i]),
                            "{\"id\":\"a\",\"status\":400,\"error\":\"Missing or invalid required "
                            "parameter: candidate\"}");
    }
    assert_int_equal(push(&offerer), 0);
    world_send(world, "DELETE", (snprintf(target, sizeof target, "/sessions/%s", code), target),
               NULL);
    assert_string_equal(tell(&answerer, "{\"id\":\"b\",\"candidate\":\"d\"}"),
                        "{\"id\":\"b\",\"status\":404,\"error\":\"" NO_SESSION "\"}");
}

static void a_request_with_a_body_is_no_message(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    open_room(&guest, world, world->room.guest, "");
    char *before = world_dump(world);
    assert_int_equal(ask(&guest, NULL, "{\"id\":\"a\",\"candidate\":\"c\"}"), 101);
    assert_null(strstr(world->result.body, "\"id\""));
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void a_poll_takes_no_notice_of_what_a_socket_has_seen(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world_candidate(world, world->room.guest, "c0");
    struct socket host;
    open_room(&host, world, world->room.host, "");
    world->host.headers[HEADER_SEEN] = host.seen;
    assert_int_equal(world_room_get(world, world->room.host, "/candidates"), 200);
    assert_int_equal(world_count(world, "items"), 1);
    assert_int_equal(world_room_get(world, world->room.host, ""), 200);
    assert_int_equal(world_candidate(world, world->room.guest, "c1"), 204);
    assert_string_equal(world->result.body, "");
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
        world_test(a_peers_socket_wants_the_peers_secret),
        world_test_sharded(a_peer_is_sent_answers_and_candidates_once_each),
        world_test(a_peers_socket_goes_on_after_since),
        world_test_sharded(a_handshake_that_is_taken_away_is_not_heard_of_again),
        world_test_sharded(many_handshakes_are_sent_over_many_runs_once_each),
        world_test_sharded(what_comes_in_the_ms_of_the_answer_is_sent),
        world_test_sharded(a_peers_message_is_of_the_handshake_that_it_names),
        world_test(a_message_leaves_candidates_and_is_answered_with_its_id),
        world_test(a_message_with_a_type_is_an_offer_or_an_answer),
        world_test(an_id_is_a_text_of_1_to_64_characters),
        world_test(the_id_is_the_idempotency_key),
        world_test(what_the_post_would_refuse_is_refused_with_its_error),
        world_test(the_limits_of_the_post_hold),
        world_test(a_message_about_what_is_gone_is_answered_404),
        world_test(a_sessions_message_is_a_candidate_of_its_own_side),
        world_test(a_request_with_a_body_is_no_message),
        world_test(a_poll_takes_no_notice_of_what_a_socket_has_seen),
    };
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
