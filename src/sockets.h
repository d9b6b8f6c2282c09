/* Sockets: what a client would poll for, sent when it is there. docs/push.md is the contract.
 *
 * A socket is the request that opened it. The host runs it again, with HEADER_SEEN as the answer
 * before had `seen`, when something was written where it looked, or at the time in `again`; and
 * with a body for each message of the client's. An answer of 101 holds what is to be sent, a
 * message a line; any other one ends the socket. */
#ifndef RONDEVU_SOCKETS_H
#define RONDEVU_SOCKETS_H

#include "json.h"
#include "request.h"

/* A polling read that a socket makes again and again. It goes by request->seen, and says
 * response.seen, without blanks; hold() says that it brings nothing new. Its body is a message, or
 * several, each ended by a line feed. */
struct standing_read {
    struct response (*read)(struct request *request);
    bool at_once; /* sent when the socket opens, though it brings nothing new */
};

/* Takes the credential out of Sec-WebSocket-Protocol, for the header that it stands for. False,
 * with `wrong` filled, where the request opens no socket here. */
bool socket_enter(struct request *request, struct response *wrong);
/* The answer to a socket's request: what its reads bring, or what becomes of the message in its
 * body, an object. */
struct response
socket_serve(struct request *request, const struct standing_read *reads, size_t count,
             struct response (*take)(struct request *request, const cJSON *message));
/* The answer as it goes back over the socket: the message's id, the status, and the body's members.
 */
struct text socket_answer(const struct request *request, int status, struct text body);

#endif
