/* Text: a pointer and a length.
 *
 * Every string of the core is a `struct text`. The bytes belong to whoever made them, usually the
 * arena of the request, and outlive the text. `at == NULL` means "absent"; a present text may be
 * empty. */
#ifndef RONDEVU_TEXT_H
#define RONDEVU_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *at;
    size_t len;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})
#define NO_TEXT ((struct text){NULL, 0})

struct text text_of(const char *terminated);
bool text_equal(struct text a, struct text b);
bool text_starts(struct text whole, struct text start);
/* Byte order, as memcmp would have it; a text sorts before what it is the start of. */
int text_compare(struct text a, struct text b);
/* What is left of `whole` after its first `count` bytes. */
struct text text_from(struct text whole, size_t count);
/* The text without the bytes at its ends that are among `blanks`. */
struct text text_trim(struct text text, struct text blanks);
/* Takes the bytes up to `end` off the front of `rest`, and `end` with them; all of it where `end`
 * does not occur, which leaves `rest` absent. */
struct text text_cut(struct text *rest, char end);

/* A decimal number without sign. What is too large for 63 bits becomes INT64_MAX. */
bool text_number(struct text digits, int64_t *number);
/* Exactly `digits.len` lower-case hexadecimal digits, 1 to 16 of them. */
bool text_hex(struct text digits, uint64_t *number);

/* Whether it is `len` lower-case hexadecimal digits, any number of them. */
bool text_is_hex(struct text digits, size_t len);

/* FNV-1a, 64 bits, going on from `hash`; TEXT_HASH begins. Tells texts apart that nobody makes
 * collide on purpose, and is no secret. */
#define TEXT_HASH UINT64_C(0xcbf29ce484222325)
uint64_t text_hash(struct text text, uint64_t hash);

/* Whether the bytes are well-formed UTF-8 (RFC 3629) without U+0000. */
bool text_valid(struct text text);
/* Unicode code points in valid UTF-8. */
size_t text_characters(struct text text);

#endif
