/* Text: slices, numbers in them, and UTF-8. Nothing here allocates. */
#include "text.h"

#include <string.h>

struct text text_of(const char *terminated) {
    return (struct text){terminated, strlen(terminated)};
}

bool text_equal(struct text a, struct text b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool text_starts(struct text whole, struct text start) {
    return whole.len >= start.len && text_equal((struct text){whole.at, start.len}, start);
}

int text_compare(struct text a, struct text b) {
    size_t shared = a.len < b.len ? a.len : b.len;
    int order = shared == 0 ? 0 : memcmp(a.at, b.at, shared);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct text text_from(struct text whole, size_t count) {
    return (struct text){whole.at + count, whole.len - count};
}

struct text text_trim(struct text text, struct text blanks) {
    while (text.len > 0 && memchr(blanks.at, text.at[0], blanks.len) != NULL) {
        text = text_from(text, 1);
    }
    while (text.len > 0 && memchr(blanks.at, text.at[text.len - 1], blanks.len) != NULL) {
        text.len--;
    }
    return text;
}

struct text text_cut(struct text *rest, char end) {
    struct text all = *rest;
    const char *found = all.len == 0 ? NULL : memchr(all.at, end, all.len);
    if (found == NULL) {
        *rest = NO_TEXT;
        return all;
    }
    size_t len = (size_t)(found - all.at);
    *rest = text_from(all, len + 1);
    return (struct text){all.at, len};
}

bool text_is_hex(struct text digits, size_t len) {
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return false;
        }
    }
    return digits.len == len;
}

uint64_t text_hash(struct text text, uint64_t hash) {
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

bool text_number(struct text digits, int64_t *number) {
    int64_t sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = digits.at[i] - '0';
        if (digit < 0 || digit > 9) {
            return false;
        }
        sum = sum > (INT64_MAX - digit) / 10 ? INT64_MAX : sum * 10 + digit;
    }
    *number = sum;
    return digits.len > 0;
}

bool text_hex(struct text digits, uint64_t *number) {
    uint64_t sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i];
        if (c >= '0' && c <= '9') {
            sum = sum << 4 | (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            sum = sum << 4 | (uint64_t)(c - 'a' + 10);
        } else {
            return false;
        }
    }
    *number = sum;
    return digits.len >= 1 && digits.len <= 16;
}

static bool continues(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

/* Length of the well-formed sequence at the start of `p`, of which `left` bytes are there; 0 where
 * there is none. The second byte's bounds keep out overlong forms, surrogates and what is past
 * U+10FFFF. */
static size_t sequence(const unsigned char *p, size_t left) {
    if (p[0] >= 0x01 && p[0] <= 0x7F) {
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        return left >= 2 && continues(p[1]) ? 2 : 0;
    }
    if ((p[0] & 0xF0) == 0xE0) {
        unsigned char low = p[0] == 0xE0 ? 0xA0 : 0x80;
        unsigned char high = p[0] == 0xED ? 0x9F : 0xBF;
        return left >= 3 && p[1] >= low && p[1] <= high && continues(p[2]) ? 3 : 0;
    }
    if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        unsigned char low = p[0] == 0xF0 ? 0x90 : 0x80;
        unsigned char high = p[0] == 0xF4 ? 0x8F : 0xBF;
        return left >= 4 && p[1] >= low && p[1] <= high && continues(p[2]) && continues(p[3]) ? 4
                                                                                              : 0;
    }
    return 0;
}

bool text_valid(struct text text) {
    const unsigned char *p = (const unsigned char *)text.at;
    for (size_t i = 0; i < text.len;) {
        size_t step = sequence(p + i, text.len - i);
        if (step == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

size_t text_characters(struct text text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += !continues((unsigned char)text.at[i]);
    }
    return count;
}
