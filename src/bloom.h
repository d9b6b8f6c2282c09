/* Bloom filters: the offers that a client has seen, as it sends them along to be left out.
 *
 * A filter is m bits, m a multiple of 8; bit n is bit n % 8 of byte n / 8, counted from the least
 * significant. An id is in it where BLOOM_HASHES bits are set: those whose numbers are the FNV-1a
 * hashes (32 bits) of the id modulo m, with the offset basis 2166136261 XOR 0, 1, 2. */
#ifndef RONDEVU_BLOOM_H
#define RONDEVU_BLOOM_H

#include "arena.h"

enum { BLOOM_BYTES_MAX = 8192, BLOOM_HASHES = 3 };

/* The bits of a filter as it came in a query, where a space is a plus that was not encoded. False
 * where it is no base64, or empty. It may be longer than BLOOM_BYTES_MAX. */
bool bloom_read(struct arena *arena, struct text coded, struct text *bits);
/* False where the id is certainly not in the filter, which is not empty. */
bool bloom_may_have(struct text bits, struct text id);

#endif
