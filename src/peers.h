/* Peers: who registered, and how they prove it. */
#ifndef RONDEVU_PEERS_H
#define RONDEVU_PEERS_H

#include "request.h"

/* Whether the caller proves who it is; sets request->peer, or fills `wrong`: 503 where the server
 * has no secret to prove it under, else 401. */
bool peer_enter(struct request *request, struct response *wrong);
/* 401, of one who does not try. */
struct response fail_no_credentials(void);

#endif
