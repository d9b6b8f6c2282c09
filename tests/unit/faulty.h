/* A back end that wraps another: it counts the calls, makes the Nth one fail, and hands out copies,
 * as a store outside of the module does. */
#ifndef RONDEVU_FAULTY_H
#define RONDEVU_FAULTY_H

#include "storage.h"

struct faulty {
    struct storage storage;
    struct storage *inner;
    int calls;           /* so far; a test may set it back */
    int fail_at;         /* the call that fails, counted from 1; 0: none. All but an apply leave
                          * the request. */
    void (*leave)(void); /* leaves the request for a count, which is given no arena to do it with */
    bool copies;         /* facts are copied into the request's arena and use up its memory */
};

void faulty_open(struct faulty *faulty, struct storage *inner);
/* From now on it says that it is not atomic, though it is. */
void faulty_be_eventual(struct faulty *faulty);
/* From now on it says that its shards are places of their own, though they are not. */
void faulty_be_sharded(struct faulty *faulty);

#endif
