/* Name facts. */
#include "name_facts.h"

#include "base64.h"
#include "check.h"
#include "signing.h"

enum {
    CLAIM_LEN = MOMENT_LEN,
    USED_LEN = 32,
    OLD_MIN = 5, /* facts that do not matter any more, before they are deleted: each costs a call */
};

/* ms */
static const int64_t YEAR = INT64_C(365) * 24 * 60 * 60 * 1000;
static const int64_t WINDOW = INT64_C(5) * 60 * 1000; /* that a message's time may be off */
/* A message may be from the end of the window, and be sent again until the end of the next. */
static const int64_t REMEMBERED = INT64_C(11) * 60 * 1000;

/* -- Reading ------------------------------------------------------------------- */

static struct text claim_of(const struct name *name, const struct fact *fact) {
    CHECK(fact->key.len == name->prefix.len + CLAIM_LEN + 1 + TIME_LEN + USED_LEN);
    return (struct text){fact->key.at + name->prefix.len, CLAIM_LEN};
}

struct name name_read(struct request *request, struct text username) {
    struct name name = {.username = username};
    struct text prefix = key_name(request, username);
    name.prefix = arena_format(request->arena, "%towner/", &prefix);
    name.page = storage_list_all(request, name.prefix, TEXT(""));
    for (size_t i = 0; i < name.page.count; i++) {
        const struct fact *fact = &name.page.facts[i];
        struct text claim = claim_of(&name, fact);
        if (name.claim.at == NULL) {
            name.claim = claim;
            name.key = fact->value;
            name.claimed_at = key_time(claim);
        }
        if (text_equal(claim, name.claim) && fact->expires_at > name.expires_at) {
            name.expires_at = fact->expires_at;
        }
    }
    return name;
}

bool signed_before(const struct name *name, const struct signed_message *read) {
    for (size_t i = 0; i < name->page.count; i++) {
        struct text key = name->page.facts[i].key;
        if (text_equal(text_from(key, key.len - USED_LEN), read->used)) {
            return true;
        }
    }
    return false;
}

/* -- Signatures ---------------------------------------------------------------- */

bool signed_read(struct request *request, const cJSON *body, struct text username,
                 struct signed_message *read) {
    struct text coded;
    *read = (struct signed_message){0};
    if (!json_text(body, "signature", &coded) || coded.at == NULL ||
        !json_text(body, "message", &read->message) || read->message.at == NULL) {
        return false;
    }
    if (signing_read_signature(request->arena, coded, &read->signature)) {
        struct text one_way = base64_encode(request->arena, read->signature);
        read->used = keyed_digest(request, "signature", username, one_way);
        read->used.len = USED_LEN;
    } else {
        read->signature = NO_TEXT;
    }
    return true;
}

/* Digits as a clock would print them. */
static bool read_ms(struct text digits, int64_t *time) {
    return digits.len > 0 && digits.len < 16 && digits.at[0] != '0' && text_number(digits, time);
}

enum signing signed_check(struct request *request, const struct signed_message *read,
                          struct text wanted, struct text key) {
    int64_t time;
    struct text bytes;
    if (!text_starts(read->message, wanted) ||
        !read_ms(text_from(read->message, wanted.len), &time)) {
        return SIGNING_MESSAGE;
    }
    if (time < request->now - WINDOW || time > request->now + WINDOW) {
        return SIGNING_TIME;
    }
    return read->signature.at != NULL && base64_decode(request->arena, key, &bytes) &&
                   bytes.len == PUBLIC_KEY_BYTES &&
                   signing_verify(request, bytes, read->signature, read->message)
               ? SIGNING_RIGHT
               : SIGNING_WRONG;
}

/* -- Writing ------------------------------------------------------------------- */

/* Of the claim's facts the newest that was listed stays, until places that do not see the next one
 * yet have come to see it, and those whose signatures could be used again. */
static size_t find_old(const struct request *request, const struct name *name, struct text *keys,
                       size_t max) {
    size_t count = 0;
    for (size_t i = 0; i + 1 < name->page.count && count < max; i++) {
        const struct fact *fact = &name->page.facts[i];
        const struct fact *next = fact + 1;
        struct text time = text_from(fact->key, name->prefix.len + CLAIM_LEN + 1);
        bool superseded = text_equal(claim_of(name, fact), name->claim) &&
                          text_equal(claim_of(name, next), name->claim) &&
                          next->expires_at >= fact->expires_at;
        if (superseded && key_time(time) < request->now - REMEMBERED) {
            keys[count++] = fact->key;
        }
    }
    return count;
}

static void put(struct request *request, const struct name *name, struct text claim,
                const struct signed_message *read, struct text key, int64_t expires_at) {
    storage_put(request,
                arena_format(request->arena, "%t%t/%x%t", &name->prefix, &claim, TIME_LEN,
                             (uint64_t)request->now, &read->used),
                key, expires_at);
}

int64_t name_use(struct request *request, struct name *name, const struct signed_message *read,
                 struct text key) {
    struct text old[OLD_MIN];
    if (name->claim.at == NULL) {
        name->claimed_at = request->now;
        name->claim = key_moment(request, request->now);
    }
    put(request, name, name->claim, read, key, request->now + YEAR);
    if (find_old(request, name, old, OLD_MIN) == OLD_MIN) {
        for (int i = 0; i < OLD_MIN; i++) {
            storage_delete(request, old[i]);
        }
    }
    return request->now + YEAR;
}

void name_note(struct request *request, const struct name *name,
               const struct signed_message *read) {
    put(request, name, name->claim, read, name->key, request->now + REMEMBERED);
}
