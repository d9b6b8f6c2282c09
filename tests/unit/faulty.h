/* A back end that wraps another: it counts the calls, makes the Nth one fail, and hands out copies,
 * as a store outside of the module does. */
#ifndef RONDEVU_FAULTY_H
#define RONDEVU_FAULTY_H

#include "storage.h"

struct faulty {
    struct storage storage;
    struct storage *inner;
    int calls;   /* so far; a test may set it back */
    int fail_at; /* the call that fails, counted from 1; 0: none. A read or list leaves the request.
                  */
    bool copies; /* facts are copied into the request's arena, where they use up its memory */
};

void faulty_open(struct faulty *faulty, struct storage *inner);
/* From now on it says that it is not atomic, though it is. */
void faulty_be_eventual(struct faulty *faulty);

#endif
