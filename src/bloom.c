/* Bloom filters. */
#include "bloom.h"

#include "base64.h"

bool bloom_read(struct arena *arena, struct text coded, struct text *bits) {
    char *at = arena_alloc(arena, coded.len);
    for (size_t i = 0; i < coded.len; i++) {
        at[i] = coded.at[i];
        if (at[i] == ' ') {
            at[i] = '+';
        }
    }
    return base64_decode(arena, (struct text){at, coded.len}, bits) && bits->len > 0;
}

bool bloom_may_have(struct text bits, struct text id) {
    for (uint32_t i = 0; i < BLOOM_HASHES; i++) {
        uint32_t hash = UINT32_C(2166136261) ^ i;
        for (size_t k = 0; k < id.len; k++) {
            hash = (hash ^ (unsigned char)id.at[k]) * UINT32_C(16777619);
        }
        uint32_t index = hash % ((uint32_t)bits.len * 8);
        if (((unsigned char)bits.at[index / 8] >> index % 8 & 1) == 0) {
            return false;
        }
    }
    return true;
}
