/* Session walk: the sessions of a topic, newest first, each with all that it says.
 *
 * Facts are read a page at a time, from the topic's one shard or from all that it is spread over,
 * which are merged. Reading takes no more than three eighths of the arena, but for one session,
 * however large; the walk ends then, and says that it does not end there. */
#ifndef RONDEVU_SESSION_WALK_H
#define RONDEVU_SESSION_WALK_H

#include "session_facts.h"

struct walked_part; /* of the topic */

struct session_walk {
    struct session session; /* the one that session_walk_next() came to */
    struct text id;         /* its <age><id> */
    struct text last;       /* the same of the one before it; absent where there is none */
    bool more;              /* the walk ended before the sessions did, behind `last` */
    struct walked_part *parts;
    size_t count;
};

/* <age><id>; false for what is none. */
bool session_id_parse(struct text id, struct session_code *code);

/* Starts behind the session `after`, or at the newest where that is absent. `limit`: open sessions
 * that are wanted. `topic`: the root. */
struct session_walk session_walk_begin(struct request *request, uint32_t topic, struct text after,
                                       int64_t limit);
/* The next session, open or not; false at the end, where `last` is the last one. */
bool session_walk_next(struct request *request, struct session_walk *walk);

#endif
