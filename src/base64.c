/* Base64. */
#include "base64.h"

static int digit_value(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '-') {
        return 62;
    }
    return c == '/' || c == '_' ? 63 : -1;
}

/* The digits without their padding; false where that is not right. */
static bool unpad(struct text *coded) {
    size_t padded = coded->len;
    while (coded->len > 0 && padded - coded->len < 2 && coded->at[coded->len - 1] == '=') {
        coded->len--;
    }
    return coded->len == padded || padded % 4 == 0;
}

bool base64_decode(struct arena *arena, struct text coded, struct text *bytes) {
    if (!unpad(&coded)) {
        return false;
    }
    char *at = arena_alloc(arena, coded.len / 4 * 3 + 3);
    size_t len = 0;
    unsigned bits = 0;
    int count = 0; /* of bits that are read and not written */
    for (size_t i = 0; i < coded.len; i++) {
        int value = digit_value(coded.at[i]);
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (unsigned)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            at[len++] = (char)(bits >> count);
            bits &= (1U << count) - 1;
        }
    }
    at[len] = '\0';
    *bytes = (struct text){at, len};
    return count < 6 && bits == 0;
}

struct text base64_encode(struct arena *arena, struct text bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1);
    size_t len = 0;
    for (size_t i = 0; i < bytes.len; i += 3) {
        unsigned bits = 0;
        for (size_t k = i; k < i + 3; k++) {
            bits = bits << 8 | (k < bytes.len ? (unsigned char)bytes.at[k] : 0);
        }
        for (int shift = 18; shift >= 0; shift -= 6) {
            at[len++] = digits[bits >> shift & 63];
        }
    }
    at[len] = '\0';
    for (size_t i = 0; i < (3 - bytes.len % 3) % 3; i++) {
        at[len - 1 - i] = '=';
    }
    return (struct text){at, len};
}
