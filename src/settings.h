/* Settings: the variables of wrangler.toml that the core goes by, read anew for each request. */
#ifndef RONDEVU_SETTINGS_H
#define RONDEVU_SETTINGS_H

#include "arena.h"

enum setting {
    SESSION_TIMEOUT,        /* ms a session lives */
    MAX_SESSIONS_PER_TOPIC, /* open sessions of one origin and topic */
    ROOM_TTL_OPEN,          /* s a room lives after its last change; in the order of room_status */
    ROOM_TTL_JOINED,
    ROOM_TTL_PAIRED,
    ROOM_TTL_CLOSED,   /* s that a closed room is remembered, at least */
    ICE_TTL,           /* s a candidate is shown in a room */
    OFFER_DEFAULT_TTL, /* ms an offer of a peer lives that does not say */
    OFFER_MIN_TTL,     /* ms; what it says is taken as this, at the least */
    OFFER_MAX_TTL,
    MAX_OFFERS_PER_REQUEST,
    MAX_OFFERS_PER_PEER, /* open ones */
    SETTING_NUMBERS,

    CORS_ORIGINS = SETTING_NUMBERS, /* comma-separated, or "*" */
    ALLOWED_ORIGINS,                /* another name of CORS_ORIGINS, which wins */
    RATE_LIMITS,                    /* "on" or "off" */
    STORAGE,                        /* "kv" or "durable" */
    SETTINGS
};

struct settings {
    int64_t numbers[SETTING_NUMBERS];
    struct text cors_origins;
    bool rate_limits;
    bool durable; /* the store is one of shards, each a Durable Object; else it is Workers KV */
};

const char *setting_name(enum setting setting);
/* Takes the values in the order of `enum setting`; an absent or empty one is its default. Returns
 * what is wrong with them, or NO_TEXT. */
struct text settings_read(struct settings *settings, const struct text values[SETTINGS],
                          struct arena *arena);

#endif
