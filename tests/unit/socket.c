/* A socket as its host runs it. */
#include "socket.h"

#include <stdio.h>

int socket_ask(const struct socket *socket, const char *seen, const char *body) {
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

int socket_open(struct socket *socket, struct world *world, const char *target,
                const char *protocol) {
    socket->world = world;
    snprintf(socket->target, sizeof socket->target, "%s", target);
    snprintf(socket->protocol, sizeof socket->protocol, "%s", protocol);
    if (socket_ask(socket, NULL, NULL) == 101) {
        take_messages(socket);
    }
    return world->result.status;
}

int socket_push(struct socket *socket) {
    assert_int_equal(socket_ask(socket, socket->seen, NULL), 101);
    take_messages(socket);
    return socket->count;
}

const char *socket_tell(struct socket *socket, const char *message) {
    socket_ask(socket, socket->seen, message);
    assert_string_equal(socket->world->result.headers, "");
    return socket->world->result.body;
}

bool socket_has(const struct socket *socket, int i, const char *part) {
    return i < socket->count && strstr(socket->messages[i], part) != NULL;
}

const char *socket_protocol(const char *token) {
    static char protocol[128];
    snprintf(protocol, sizeof protocol, "rondevu, token.%s", token);
    return protocol;
}

int socket_open_room(struct socket *socket, struct world *world, const char *token,
                     const char *query) {
    char target[128];
    snprintf(target, sizeof target, "%s/socket%s", world->room.path, query);
    return socket_open(socket, world, target, socket_protocol(token));
}

int socket_open_peer(struct socket *socket, struct world *world, const struct world_peer *peer,
                     const char *query) {
    char protocol[160], target[64];
    const char *secret = strchr(peer->bearer, ':') + 1;
    snprintf(protocol, sizeof protocol, "rondevu, peer.%s.%s", peer->id, secret);
    snprintf(target, sizeof target, "/offers/socket%s", query);
    return socket_open(socket, world, target, protocol);
}
