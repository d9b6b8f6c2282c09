/* Session code: names one session, and tells the server where it lives.
 *
 * In form a UUID of version 4, of which 122 bits are free:
 *
 *     tttttttt-aaaa-4aaa-rrrr-rrrrrrrrrrrr
 *
 *     t  32 bits: the keyed hash of origin and topic, which a client cannot reckon back; the last 4
 *        are the part of the topic where the store is sharded (spread.h)
 *     a  28 bits: the low bits of the time of creation in ms, which come round after 74 hours
 *     r  62 bits: random; the first two bits are the UUID's variant
 *
 * The origin's hash is not in the code: it comes from the caller's own Origin. So another origin's
 * code leads to keys that do not exist, exactly as a made-up code does. */
#ifndef RONDEVU_SESSION_CODE_H
#define RONDEVU_SESSION_CODE_H

#include "arena.h"

struct session_code {
    uint32_t topic;     /* t */
    int64_t created_at; /* ms since 1970 */
    uint64_t id;        /* r with its variant bits */
};

struct session_code session_code_make(uint32_t topic, int64_t now, uint64_t random);
struct text session_code_print(struct session_code code, struct arena *arena);
/* False for what is no such code. `now` settles which 74 hours it is from; a clock that is up to
 * two hours behind the one that made the code is taken into account. Upper-case digits are taken
 * too. */
bool session_code_parse(struct text text, int64_t now, struct session_code *code);

#endif
