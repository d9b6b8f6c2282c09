/* A socket as its host runs it: the request that opened it, again and again. */
#ifndef RONDEVU_TEST_SOCKET_H
#define RONDEVU_TEST_SOCKET_H

#include "world.h"

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

/* Runs it; `seen` is what it has been sent, NULL where it is opened, `body` a message. Returns the
 * status. */
int socket_ask(const struct socket *socket, const char *seen, const char *body);
/* Opens one; what it is sent first is in `messages` where that worked. */
int socket_open(struct socket *socket, struct world *world, const char *target,
                const char *protocol);
/* The same for the world's room, with one of its tokens, and for a peer. The query may be "". */
int socket_open_room(struct socket *socket, struct world *world, const char *token,
                     const char *query);
int socket_open_peer(struct socket *socket, struct world *world, const struct world_peer *peer,
                     const char *query);
/* What a room's socket offers; valid until the next one. */
const char *socket_protocol(const char *token);
/* Runs it again, as after a write; returns how many messages that sends. */
int socket_push(struct socket *socket);
/* What is answered to a message of the client's. */
const char *socket_tell(struct socket *socket, const char *message);
/* Whether the i-th message of the last push is there, and has that part. */
bool socket_has(const struct socket *socket, int i, const char *part);

#endif
