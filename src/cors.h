/* CORS: which pages may read an answer. CORS_ORIGINS decides; it never decides whether a request is
 * served. */
#ifndef RONDEVU_CORS_H
#define RONDEVU_CORS_H

#include "request.h"

/* The answer to a preflight, whatever its path. */
struct response cors_preflight(struct request *request);
/* Whether the page that asks may use a socket: what it is sent there, CORS keeps from nobody. */
bool cors_lets_in(const struct request *request);
/* The header lines of every other answer. */
struct text cors_headers(const struct request *request);

#endif
