/* Session code: packing and unpacking. */
#include "session_code.h"

enum { CODE_LEN = 36, TIME_BITS = 28 };

static const int64_t ROUND = (int64_t)1 << TIME_BITS;
static const int64_t CLOCK_SLACK = (int64_t)2 * 60 * 60 * 1000;
static const uint64_t VARIANT = (uint64_t)1 << 63;

struct session_code session_code_make(uint32_t topic, int64_t now, uint64_t random) {
    return (struct session_code){topic, now, VARIANT | random >> 2};
}

struct text session_code_print(struct session_code code, struct arena *arena) {
    uint64_t time = (uint64_t)code.created_at & (uint64_t)(ROUND - 1);
    return arena_format(arena, "%x-%x-4%x-%x-%x", 8, (uint64_t)code.topic, 4, time >> 12, 3,
                        time & 0xFFF, 4, code.id >> 48, 12, code.id & 0xFFFFFFFFFFFF);
}

/* The digits of one group, in lower case, as a number. */
static bool group(struct text text, size_t from, size_t digits, uint64_t *number) {
    char lower[16];
    for (size_t i = 0; i < digits; i++) {
        char c = text.at[from + i];
        lower[i] = c >= 'A' && c <= 'F' ? (char)(c + 'a' - 'A') : c;
    }
    return text_hex((struct text){lower, digits}, number);
}

bool session_code_parse(struct text text, int64_t now, struct session_code *code) {
    uint64_t topic, high, low, id_high, id_low;
    if (text.len != CODE_LEN || text.at[8] != '-' || text.at[13] != '-' || text.at[14] != '4' ||
        text.at[18] != '-' || text.at[23] != '-' || !group(text, 0, 8, &topic) ||
        !group(text, 9, 4, &high) || !group(text, 15, 3, &low) || !group(text, 19, 4, &id_high) ||
        !group(text, 24, 12, &id_low)) {
        return false;
    }
    code->topic = (uint32_t)topic;
    code->id = id_high << 48 | id_low;
    int64_t latest = now + CLOCK_SLACK;
    int64_t age = (latest - (int64_t)(high << 12 | low)) & (ROUND - 1);
    code->created_at = latest - age;
    return code->id >> 62 == VARIANT >> 62 && code->created_at >= 0;
}
