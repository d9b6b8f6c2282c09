/* Arena: all memory of one request.
 *
 * Allocation moves a mark forward; nothing is ever freed, the arena is dropped whole when the
 * response has been sent. An allocation never fails as far as its caller can see: where the limit
 * is reached the arena calls `exhausted`, which leaves the request; the host answers 503. */
#ifndef RONDEVU_ARENA_H
#define RONDEVU_ARENA_H

#include "text.h"

struct arena {
    unsigned char *base;
    size_t used;
    size_t ready; /* bytes from `base` on that may be touched now */
    size_t limit; /* bytes that `ready` may grow to */
    /* Makes `ready` at least `size`, false where it cannot. NULL where everything is ready. */
    bool (*grow)(struct arena *arena, size_t size);
    /* Never returns. */
    void (*exhausted)(void);
};

/* `size` bytes, not cleared, aligned for anything the core keeps (8 bytes). */
void *arena_alloc(struct arena *arena, size_t size);
/* `count` cleared elements of `size` bytes. */
void *arena_array(struct arena *arena, size_t count, size_t size);
/* A copy with a NUL behind it, which `len` does not count. */
struct text arena_copy(struct arena *arena, struct text text);
/* As printf, but only `%s` (const char *), `%t` (struct text *), `%d` (int64_t) and `%x` (int
 * digits, uint64_t: that many hexadecimal digits). NUL behind it. */
struct text arena_format(struct arena *arena, const char *format, ...);

/* The texts one after the other, NUL behind them. */
struct text arena_join(struct arena *arena, const struct text *parts, size_t count);

/* Gives back everything allocated since `used` was `mark`. */
void arena_rewind(struct arena *arena, size_t mark);

/* The same, but for the text, which was made since and stays. NUL behind it. */
struct text arena_keep(struct arena *arena, size_t mark, struct text text);

#endif
