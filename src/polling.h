/* Polling: reads that are asked for again and again, until there is something new. */
#ifndef RONDEVU_POLLING_H
#define RONDEVU_POLLING_H

#include "json.h"
#include "request.h"

enum { WAIT_MAX = 25 }; /* s that a reader may wait for news; more is taken as this */

/* The query's `wait`; false, with `wrong` filled, where it is none. */
bool read_wait(struct request *request, int64_t *wait, struct response *wrong);
/* What the reader has seen, in ms: of a socket, or the query's `since`; -1 where there is none.
 * False where it is no time. */
bool read_since(struct request *request, int64_t *since);
/* The answer, which brings nothing new: to be held for so many seconds. `waiter` tells readers of
 * one shard apart, and what they wait for. */
struct response hold(struct response response, int64_t wait, struct text waiter);
/* 200 with that tag, or 304 where the caller has it already. `tag` is quoted, and stands for all of
 * the body that is news. */
struct response answer_tagged(struct request *request, struct text tag, const cJSON *body);

#endif
