/* Storage in memory: atomic, gone with the process. For tests, and for a server that need not
 * remember. */
#ifndef RONDEVU_MEMORY_H
#define RONDEVU_MEMORY_H

#include "storage.h"

/* A store of its own, or NULL where there is no memory for it. What it hands out stays until its
 * next apply or sweep, also where a count finds that it has expired. Counts take times that never
 * go back: what has expired at one of them is gone. */
struct storage *memory_open(void);
void memory_close(struct storage *storage);
/* Drops what has expired at `now` (ms). */
void memory_sweep(struct storage *storage, int64_t now);
/* Entries held, those that have expired since the last count or sweep included. */
size_t memory_count(const struct storage *storage);

#endif
