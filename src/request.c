/* Request: reading what came with it. */
#include "request.h"

#include "check.h"

static const char *const header_names[HEADERS] = {
    [HEADER_ORIGIN] = "Origin",
    [HEADER_ACCEPT] = "Accept",
    [HEADER_AUTHORIZATION] = "Authorization",
    [HEADER_IF_NONE_MATCH] = "If-None-Match",
    [HEADER_IDEMPOTENCY_KEY] = "Idempotency-Key",
    [HEADER_ACCESS_TOKEN] = "X-Access-Token",
    [HEADER_REGISTRY_VERSION] = "X-Registry-Version",
    [HEADER_UPGRADE] = "Upgrade",
    [HEADER_PROTOCOL] = "Sec-WebSocket-Protocol",
    [HEADER_SEEN] = "X-Socket-Seen",
};

const char *header_name(enum header header) {
    return header_names[header];
}

struct text request_origin(const struct request *request) {
    struct text origin = request->headers[HEADER_ORIGIN];
    return origin.len > 0 ? origin : request->own_origin;
}

uint64_t random_take(struct request *request, size_t bytes) {
    CHECK(bytes >= 1 && bytes <= 8 && bytes <= request->random.len);
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++) {
        number = number << 8 | (unsigned char)request->random.at[i];
    }
    request->random = text_from(request->random, bytes);
    return number;
}

struct text random_token(struct request *request) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    enum { TOKEN_LEN = 43, DIGIT_BITS = 6, STEP = 3 };
    char *token = arena_alloc(request->arena, TOKEN_LEN + 1);
    for (int len = 0; len < TOKEN_LEN;) {
        /* Three bytes are four digits; the last two are three, with two bits of 0 behind them. */
        size_t bytes = len + 4 <= TOKEN_LEN ? STEP : STEP - 1;
        uint64_t bits = random_take(request, bytes) << (8 * (STEP - bytes));
        for (int shift = 24 - DIGIT_BITS; shift >= 0 && len < TOKEN_LEN; shift -= DIGIT_BITS) {
            token[len++] = digits[bits >> shift & 63];
        }
    }
    token[TOKEN_LEN] = '\0';
    return (struct text){token, TOKEN_LEN};
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool percent_decode(struct arena *arena, struct text coded, char plus, struct text *decoded) {
    char *out = arena_alloc(arena, coded.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < coded.len; i++) {
        char c = coded.at[i];
        if (c == '+') {
            c = plus;
        } else if (c == '%') {
            int high = i + 2 < coded.len ? hex_digit(coded.at[i + 1]) : -1;
            int low = i + 2 < coded.len ? hex_digit(coded.at[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    *decoded = (struct text){out, len};
    return text_valid(*decoded);
}

/* What stands behind the name, percent-encoded; false where the parameter is missing. */
static bool find_parameter(struct request *request, const char *name, struct text *coded) {
    struct text rest = request->query;
    while (rest.len > 0) {
        struct text decoded;
        *coded = text_cut(&rest, '&');
        struct text coded_name = text_cut(coded, '=');
        if (percent_decode(request->arena, coded_name, ' ', &decoded) &&
            text_equal(decoded, text_of(name))) {
            return true;
        }
    }
    return false;
}

bool query_has(struct request *request, const char *name) {
    struct text coded;
    return find_parameter(request, name, &coded);
}

bool query_text(struct request *request, const char *name, struct text *value) {
    struct text coded;
    *value = NO_TEXT;
    if (!find_parameter(request, name, &coded)) {
        return true;
    }
    if (!percent_decode(request->arena, coded, ' ', value)) {
        return false;
    }
    *value = value->len > 0 ? *value : NO_TEXT;
    return true;
}

bool query_number(struct request *request, const char *name, int64_t min, int64_t max,
                  int64_t fallback, int64_t *number) {
    struct text digits;
    *number = fallback;
    if (!query_text(request, name, &digits)) {
        return false;
    }
    if (digits.at == NULL) {
        return true;
    }
    if (!text_number(digits, number) || *number < min) {
        return false;
    }
    *number = *number > max ? max : *number;
    return true;
}
