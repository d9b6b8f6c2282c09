/* Base64 (RFC 4648). */
#ifndef RONDEVU_BASE64_H
#define RONDEVU_BASE64_H

#include "arena.h"

/* The bytes that the text stands for, in the standard alphabet or the one for URLs. Padding may be
 * left out; what is there must be right. False for anything else, such as bits that are left over
 * and not 0: no two texts of one length and alphabet stand for the same bytes. */
bool base64_decode(struct arena *arena, struct text coded, struct text *bytes);
/* In the standard alphabet, padded. */
struct text base64_encode(struct arena *arena, struct text bytes);

#endif
