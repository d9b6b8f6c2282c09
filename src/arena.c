/* Arena: a bump allocator, and the few ways to make text in it. */
#include "arena.h"

#include "check.h"

#include <stdarg.h>
#include <string.h>

enum { ALIGNMENT = 8 };

void *arena_alloc(struct arena *arena, size_t size) {
    size_t left = arena->limit - arena->used;
    if (size > left) {
        arena->exhausted();
    }
    size_t end = arena->used + size;
    if (end > arena->ready && (arena->grow == NULL || !arena->grow(arena, end))) {
        arena->exhausted();
    }
    void *at = arena->base + arena->used;
    size_t aligned = (end + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    arena->used = aligned < arena->limit ? aligned : arena->limit;
    return at;
}

void *arena_array(struct arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        arena->exhausted();
    }
    void *at = arena_alloc(arena, count * size);
    memset(at, 0, count * size);
    return at;
}

struct text arena_copy(struct arena *arena, struct text text) {
    char *at = arena_alloc(arena, text.len + 1);
    if (text.len > 0) {
        memmove(at, text.at, text.len);
    }
    at[text.len] = '\0';
    return (struct text){at, text.len};
}

struct text arena_join(struct arena *arena, const struct text *parts, size_t count) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += parts[i].len;
    }
    char *at = arena_alloc(arena, len + 1);
    struct text joined = {at, len};
    for (size_t i = 0; i < count; i++) {
        memcpy(at, parts[i].at, parts[i].len);
        at += parts[i].len;
    }
    *at = '\0';
    return joined;
}

void arena_rewind(struct arena *arena, size_t mark) {
    CHECK(mark <= arena->used);
    arena->used = mark;
}

/* Where arena_format writes: counts only while `at` is NULL. */
struct sink {
    char *at;
    size_t len;
};

static void put(struct sink *sink, const char *bytes, size_t len) {
    if (sink->at != NULL && len > 0) {
        memcpy(sink->at + sink->len, bytes, len);
    }
    sink->len += len;
}

static void put_decimal(struct sink *sink, int64_t number) {
    char digits[20];
    size_t first = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do {
        digits[--first] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0) {
        digits[--first] = '-';
    }
    put(sink, digits + first, sizeof digits - first);
}

static void put_hex(struct sink *sink, int count, uint64_t number) {
    for (int shift = 4 * (count - 1); shift >= 0; shift -= 4) {
        put(sink, &"0123456789abcdef"[number >> shift & 15], 1);
    }
}

static void put_format(struct sink *sink, const char *format, va_list values) {
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%') {
            put(sink, p, 1);
            continue;
        }
        switch (*++p) {
        case 's': {
            struct text text = text_of(va_arg(values, const char *));
            put(sink, text.at, text.len);
            break;
        }
        case 't': {
            const struct text *text = va_arg(values, const struct text *);
            put(sink, text->at, text->len);
            break;
        }
        case 'd':
            put_decimal(sink, va_arg(values, int64_t));
            break;
        case 'x': {
            int count = va_arg(values, int);
            put_hex(sink, count, va_arg(values, uint64_t));
            break;
        }
        default:
            CHECK(false);
        }
    }
}

struct text arena_format(struct arena *arena, const char *format, ...) {
    struct sink sink = {NULL, 0};
    va_list values;
    va_start(values, format);
    put_format(&sink, format, values);
    va_end(values);

    sink = (struct sink){arena_alloc(arena, sink.len + 1), 0};
    va_start(values, format);
    put_format(&sink, format, values);
    va_end(values);
    sink.at[sink.len] = '\0';
    return (struct text){sink.at, sink.len};
}

struct text arena_keep(struct arena *arena, size_t mark, struct text text) {
    arena_rewind(arena, mark);
    char *at = arena_alloc(arena, text.len + 1);
    memmove(at, text.at, text.len);
    at[text.len] = '\0';
    return (struct text){at, text.len};
}
