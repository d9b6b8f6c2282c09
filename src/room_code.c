/* Room codes and join codes. */
#include "room_code.h"

enum { SENT_MIN = 6, SENT_MAX = 8 }; /* characters: codes of other servers had six */

bool room_code_read(struct arena *arena, struct text sent, struct text *code) {
    char *read = arena_alloc(arena, SENT_MAX + 1);
    size_t len = 0;
    for (size_t i = 0; i < sent.len; i++) {
        char c = sent.at[i];
        if (c == ' ' || c == '-') {
            continue;
        }
        c = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        bool known = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!known || len == SENT_MAX) {
            return false;
        }
        read[len++] = c;
    }
    read[len] = '\0';
    *code = (struct text){read, len};
    return len >= SENT_MIN;
}

bool room_code_make(struct request *request, struct text *code) {
    static const char alphabet[] = "2345679ACDEFGHJKMNPQRSTUVWXYZ";
    enum { LETTERS = sizeof alphabet - 1 };
    uint64_t codes = 1;
    for (int i = 0; i < ROOM_CODE_LEN; i++) {
        codes *= LETTERS;
    }
    uint64_t number = random_take(request, 8);
    if (number >= UINT64_MAX / codes * codes) {
        return false;
    }
    char *made = arena_array(request->arena, ROOM_CODE_LEN + 1, 1);
    for (int i = 0; i < ROOM_CODE_LEN; i++) {
        made[i] = alphabet[number % LETTERS];
        number /= LETTERS;
    }
    *code = (struct text){made, ROOM_CODE_LEN};
    return true;
}

struct text join_code_make(struct request *request) {
    /* 2^64 modulo 10^6 makes some codes likelier by less than one in 10^13. */
    uint64_t number = random_take(request, 8);
    char *made = arena_array(request->arena, JOIN_CODE_LEN + 1, 1);
    for (int i = 0; i < JOIN_CODE_LEN; i++) {
        made[i] = (char)('0' + number % 10);
        number /= 10;
    }
    return (struct text){made, JOIN_CODE_LEN};
}

bool join_code_valid(struct text code) {
    size_t digits = 0;
    while (digits < code.len && code.at[digits] >= '0' && code.at[digits] <= '9') {
        digits++;
    }
    return digits == JOIN_CODE_LEN && code.len == JOIN_CODE_LEN;
}
