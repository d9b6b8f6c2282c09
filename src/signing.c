/* Ed25519: encodings. A number is 32 bytes, the least significant first. */
#include "signing.h"

#include "base64.h"

#include <string.h>

enum { NUMBER_BYTES = 32, SIGN_BIT = 0x80 };
typedef unsigned char number[NUMBER_BYTES];

/* The y of the points whose order is 8 or less: -1 (which is 2^255 - 20), 0, 1, and two of order 8.
 */
static const number small_orders[] = {
    {0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},
    {0},
    {1},
    {0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4,
     0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6,
     0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05},
    {0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B,
     0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39,
     0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A},
};
/* The order of the group's base point, L = 2^252 + 27742317777372353535851937790883648493. */
static const number group_order = {0xED,
                                   0xD3,
                                   0xF5,
                                   0x5C,
                                   0x1A,
                                   0x63,
                                   0x12,
                                   0x58,
                                   0xD6,
                                   0x9C,
                                   0xF7,
                                   0xA2,
                                   0xDE,
                                   0xF9,
                                   0xDE,
                                   0x14,
                                   [NUMBER_BYTES - 1] = 0x10};

/* As memcmp, of numbers. */
static int compare(const number a, const number b) {
    for (int i = NUMBER_BYTES; i-- > 0;) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

/* Whether the bytes can be those of a point, and of none of small order. */
static bool is_point(const char *bytes) {
    number y;
    memcpy(y, bytes, NUMBER_BYTES);
    y[NUMBER_BYTES - 1] &= (unsigned char)~SIGN_BIT;
    for (size_t i = 0; i < sizeof small_orders / sizeof small_orders[0]; i++) {
        if (compare(y, small_orders[i]) == 0) {
            return false;
        }
    }
    return compare(y, small_orders[0]) < 0; /* which is the largest that is reduced */
}

bool signing_read_key(struct arena *arena, struct text coded, struct text *key) {
    return base64_decode(arena, coded, key) && key->len == PUBLIC_KEY_BYTES && is_point(key->at);
}

bool signing_read_signature(struct arena *arena, struct text coded, struct text *signature) {
    return base64_decode(arena, coded, signature) && signature->len == SIGNATURE_BYTES &&
           is_point(signature->at) &&
           compare((const unsigned char *)signature->at + NUMBER_BYTES, group_order) < 0;
}

bool signing_verify(const struct request *request, struct text key, struct text signature,
                    struct text message) {
    return request->host->verify(key, signature, message);
}
