/* Keys: putting them together. */
#include "keys.h"

#include "check.h"
#include "spread.h"

/* Of a topic's name in a key; what else the longest key has takes 72 of STORAGE_KEY_MAX. */
enum { NAME_MAX_BYTES = 400 };

/* Ends what a key holds of a longer name: U+10FFFF, so that no character sorts after it. */
#define LAST "\xF4\x8F\xBF\xBF"

/* The digest's i-th 8 bytes. */
static uint64_t digest_part(const unsigned char digest[DIGEST_BYTES], int i) {
    uint64_t number = 0;
    for (int j = 0; j < 8; j++) {
        number = number << 8 | digest[8 * i + j];
    }
    return number;
}

/* A scope never holds a line feed, so no two triples make one message. */
static void keyed(const struct request *request, const char *label, struct text scope,
                  struct text secret, unsigned char digest[DIGEST_BYTES]) {
    request->host->hmac(arena_format(request->arena, "%s\n%t\n%t", label, &scope, &secret), digest);
}

uint64_t keyed_number(const struct request *request, const char *label, struct text scope,
                      struct text secret) {
    unsigned char digest[DIGEST_BYTES];
    keyed(request, label, scope, secret, digest);
    return digest_part(digest, 0);
}

uint64_t keyed_hash(const struct request *request, const char *label, struct text name) {
    return keyed_number(request, label, request_origin(request), name);
}

struct text keyed_digest(const struct request *request, const char *label, struct text scope,
                         struct text secret) {
    unsigned char digest[DIGEST_BYTES];
    keyed(request, label, scope, secret, digest);
    return arena_format(request->arena, "%x%x%x%x", 16, digest_part(digest, 0), 16,
                        digest_part(digest, 1), 16, digest_part(digest, 2), 16,
                        digest_part(digest, 3));
}

struct text key_random(struct request *request) {
    return arena_format(request->arena, "%x", RANDOM_LEN, random_take(request, RANDOM_LEN / 2));
}

struct text key_moment(struct request *request, int64_t time) {
    struct text random = key_random(request);
    return arena_format(request->arena, "%x%t", TIME_LEN, (uint64_t)time, &random);
}

int64_t key_time(struct text digits) {
    uint64_t time;
    CHECK(digits.len >= TIME_LEN && text_hex((struct text){digits.at, TIME_LEN}, &time));
    return (int64_t)time;
}

struct text key_room(struct request *request, struct text code) {
    return arena_format(request->arena, "room/%t/", &code);
}

static uint64_t origin_hash(struct request *request) {
    if (request->origin_hash == 0) {
        request->origin_hash = keyed_hash(request, "origin", NO_TEXT);
    }
    return request->origin_hash;
}

uint64_t key_age(int64_t time) {
    return 0xFFFFFFFFFFFF - (uint64_t)time;
}

struct text key_session_id(struct request *request, struct session_code code) {
    return arena_format(request->arena, "%x%x", TIME_LEN, key_age(code.created_at), 16, code.id);
}

struct text key_topic(struct request *request, uint32_t topic) {
    return arena_format(request->arena, "topic/%x%x/", 16, origin_hash(request), 8,
                        (uint64_t)topic);
}

struct text key_topic_list(struct request *request, uint32_t topic, const char *list) {
    struct text prefix = key_topic(request, topic);
    return arena_format(request->arena, "%t%s/", &prefix, list);
}

struct text key_session(struct request *request, struct session_code code) {
    struct text topic = key_topic(request, code.topic);
    struct text id = key_session_id(request, code);
    return arena_format(request->arena, "%t%t/", &topic, &id);
}

/* The name so that keys sort as names do, although a space ends it: what is not above '!' becomes
 * '!' and two digits. Cut where it is too long, never inside a character; `*cut` says so. */
static struct text sortable(struct request *request, struct text name, bool *cut) {
    char *out = arena_alloc(request->arena, NAME_MAX_BYTES);
    size_t len = 0, whole = 0;
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        char coded[3] = {(char)c};
        size_t step = c <= '!' ? sizeof coded : 1;
        if (c <= '!') {
            coded[0] = '!';
            coded[1] = "0123456789abcdef"[c >> 4];
            coded[2] = "0123456789abcdef"[c & 15];
        }
        whole = (c & 0xC0) != 0x80 ? len : whole;
        for (size_t j = 0; j < step; j++) {
            if (len == NAME_MAX_BYTES) {
                *cut = true;
                return (struct text){out, c <= '!' ? len : whole};
            }
            out[len++] = coded[j];
        }
    }
    *cut = false;
    return (struct text){out, len};
}

struct text key_name_start(struct request *request, struct text name_start) {
    bool cut;
    return sortable(request, name_start, &cut);
}

/* `under`, and as much of the name as keys hold. */
static struct text names_from(struct request *request, struct text under, struct text name_start) {
    bool cut;
    struct text start = sortable(request, name_start, &cut);
    return arena_format(request->arena, "%t%t", &under, &start);
}

/* The same for one name: the space ends it, and a hash tells names apart that are cut; `hash` is
 * NULL where it is not at hand. */
static struct text one_name(struct request *request, struct text under, struct text name,
                            const uint32_t *hash) {
    bool cut;
    struct text start = sortable(request, name, &cut);
    if (!cut) {
        return arena_format(request->arena, "%t%t ", &under, &start);
    }
    uint64_t number = hash != NULL ? *hash : keyed_number(request, "name", NO_TEXT, name) >> 32;
    return arena_format(request->arena, "%t%t" LAST "%x ", &under, &start, 8, number);
}

static struct text key_origin(struct request *request) {
    return arena_format(request->arena, "origin/%x/", 16, origin_hash(request));
}

static struct text key_origin_shard(struct request *request, int shard) {
    return arena_format(request->arena, "origin/%x%x/", 16, origin_hash(request), 1,
                        (uint64_t)shard);
}

struct text key_directory(struct request *request, struct text name_start) {
    return names_from(request, key_origin(request), name_start);
}

struct text key_directory_shard(struct request *request, int shard, struct text name_start) {
    return names_from(request, key_origin_shard(request, shard), name_start);
}

/* A name has one key in all shards but for the shard itself, whatever the part. */
struct text key_directory_topic(struct request *request, struct text name, uint32_t topic) {
    bool sharded = storage_sharded(request);
    uint32_t root = sharded ? spread_part(topic, 0) : topic;
    return one_name(
        request, sharded ? key_origin_shard(request, spread_directory(topic)) : key_origin(request),
        name, &root);
}

#define OFFERS TEXT("topics/offers/")

struct text key_peer(struct request *request, struct text peer, const char *family) {
    return arena_format(request->arena, "peer/%t/%s/", &peer, family);
}

struct text key_offers(struct request *request, struct text name_start) {
    return names_from(request, OFFERS, name_start);
}

struct text key_offers_topic(struct request *request, struct text name) {
    return one_name(request, OFFERS, name, NULL);
}

/* One HMAC a request: nobody else is to know which topics share a list. */
static uint64_t wide_hash(struct request *request, struct text name) {
    if (request->wide_seed == 0) {
        request->wide_seed = keyed_number(request, "wide", NO_TEXT, NO_TEXT) | 1;
    }
    uint64_t hash = text_hash(name, request->wide_seed);
    return hash ^ hash >> 32;
}

struct text key_offers_wide(struct request *request, struct text name) {
    return name.at == NULL
               ? TEXT("topics/wide/")
               : arena_format(request->arena, "topics/wide/%x/", 1, wide_hash(request, name) & 15);
}

int key_topics_digit(struct request *request, struct text name) {
    return (int)(wide_hash(request, name) & (TOPICS_SHARDS - 1));
}

struct text key_topics(struct request *request, int digit, const char *family) {
    return arena_format(request->arena, "topics/%x/%s/", 1, (uint64_t)digit, family);
}

struct text key_topics_name(struct request *request, int digit, const char *family,
                            struct text name) {
    return one_name(request, key_topics(request, digit, family), name, NULL);
}

struct text key_service(struct request *request, struct text uuid) {
    return arena_format(request->arena, "service/%t/", &uuid);
}

struct text key_name(struct request *request, struct text username) {
    return arena_format(request->arena, "name/%t/", &username);
}
