/* Settings: one row for each variable. */
#include "settings.h"

enum { HOUR = 60 * 60 * 1000, DAY = 24 * HOUR, DAY_SECONDS = 24 * 60 * 60 };

struct row {
    const char *name;
    int64_t fallback, min, max;
};

static const struct row rows[SETTINGS] = {
    /* The most that a session's code can tell the age of, with two hours to spare; see
       session_code.h. */
    [SESSION_TIMEOUT] = {"SESSION_TIMEOUT", 300000, 1, (int64_t)72 * HOUR},
    /* Counts are exact up to this many. */
    [MAX_SESSIONS_PER_TOPIC] = {"MAX_SESSIONS_PER_TOPIC", 10000, 1, 10000},
    [ROOM_TTL_OPEN] = {"ROOM_TTL_OPEN", 180, 1, DAY_SECONDS},
    [ROOM_TTL_JOINED] = {"ROOM_TTL_JOINED", 300, 1, DAY_SECONDS},
    [ROOM_TTL_PAIRED] = {"ROOM_TTL_PAIRED", 600, 1, DAY_SECONDS},
    [ROOM_TTL_CLOSED] = {"ROOM_TTL_CLOSED", 15, 1, DAY_SECONDS},
    [ICE_TTL] = {"ICE_TTL", 300, 1, DAY_SECONDS},
    [OFFER_DEFAULT_TTL] = {"OFFER_DEFAULT_TTL", 60000, 1, DAY},
    [OFFER_MIN_TTL] = {"OFFER_MIN_TTL", 60000, 1, DAY},
    [OFFER_MAX_TTL] = {"OFFER_MAX_TTL", DAY, 1, DAY},
    /* The most that an offer's id can tell apart, and that one entry of a list holds. */
    [MAX_OFFERS_PER_REQUEST] = {"MAX_OFFERS_PER_REQUEST", 100, 1, 100},
    [MAX_OFFERS_PER_PEER] = {"MAX_OFFERS_PER_PEER", 1000, 1, 10000},
    [CORS_ORIGINS] = {.name = "CORS_ORIGINS"},
    [ALLOWED_ORIGINS] = {.name = "ALLOWED_ORIGINS"},
    [RATE_LIMITS] = {.name = "RATE_LIMITS"},
    [STORAGE] = {.name = "STORAGE"},
};

const char *setting_name(enum setting setting) {
    return rows[setting].name;
}

/* One of two words, the second where it is absent; false where it is neither. */
static bool read_word(struct text value, const char *word, const char *fallback, bool *is_word) {
    *is_word = text_equal(value, text_of(word));
    return *is_word || value.len == 0 || text_equal(value, text_of(fallback));
}

struct text settings_read(struct settings *settings, const struct text values[SETTINGS],
                          struct arena *arena) {
    settings->cors_origins = values[CORS_ORIGINS].len > 0      ? values[CORS_ORIGINS]
                             : values[ALLOWED_ORIGINS].len > 0 ? values[ALLOWED_ORIGINS]
                                                               : TEXT("*");
    for (int i = 0; i < SETTING_NUMBERS; i++) {
        const struct row *row = &rows[i];
        int64_t *number = &settings->numbers[i];
        *number = row->fallback;
        if (values[i].len == 0) {
            continue;
        }
        if (!text_number(values[i], number) || *number < row->min || *number > row->max) {
            return arena_format(
                arena, "This server is misconfigured: %s must be a whole number from %d to %d",
                row->name, row->min, row->max);
        }
    }
    bool off;
    if (!read_word(values[RATE_LIMITS], "off", "on", &off)) {
        return TEXT("This server is misconfigured: RATE_LIMITS must be on or off");
    }
    settings->rate_limits = !off;
    if (!read_word(values[STORAGE], "durable", "kv", &settings->durable)) {
        return TEXT("This server is misconfigured: STORAGE must be kv or durable");
    }
    return NO_TEXT;
}
