/* User names: claimed with a key, and what is published under them. */
#include "answer.h"
#include "base64.h"
#include "check.h"
#include "handlers.h"
#include "name_facts.h"
#include "service_listings.h"
#include "service_name.h"
#include "signing.h"

#include <string.h>

/* -- POST /usernames/claim ----------------------------------------------------- */

static struct response fail_signing(enum signing wrong) {
    switch (wrong) {
    case SIGNING_MESSAGE:
        return fail(400, TEXT("Invalid message: it must be claim:<username>:<time in ms>"));
    case SIGNING_TIME:
        return fail(400, TEXT("Message time must be within 5 minutes of the server's clock"));
    default:
        return fail(400, TEXT("Invalid signature"));
    }
}

/* The members, checked for themselves; `key` in base64. */
static const char *read_claim(struct request *request, const cJSON *body, struct text *username,
                              struct text *key, struct signed_message *read) {
    struct text coded, bytes;
    if (!json_text(body, "username", username) || !username_valid(*username)) {
        return "username must be " USERNAME_RULE;
    }
    if (!json_text(body, "publicKey", &coded) || coded.at == NULL ||
        !signing_read_key(request->arena, coded, &bytes)) {
        return "publicKey must be base64 of an Ed25519 public key, 32 bytes";
    }
    *key = base64_encode(request->arena, bytes);
    return signed_read(request, body, *username, read)
               ? NULL
               : "signature must be base64 of 64 bytes, and message the text that was signed";
}

struct response post_username_claim(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text username, key;
    struct signed_message read;
    const char *wrong = read_claim(request, body, &username, &key, &read);
    if (wrong != NULL) {
        return fail(400, text_of(wrong));
    }
    struct text wanted = arena_format(request->arena, "claim:%t:", &username);
    enum signing signing = signed_check(request, &read, wanted, key);
    if (signing != SIGNING_RIGHT) {
        return fail_signing(signing);
    }
    struct name name = name_read(request, username);
    if (name.claim.at != NULL && !text_equal(name.key, key)) {
        return fail(409, TEXT("Username already claimed by different public key"));
    }
    if (signed_before(&name, &read)) {
        return fail(409, TEXT("Signature already used"));
    }
    int64_t expires_at = name_use(request, &name, &read, key);
    cJSON *answer = json_object();
    json_add_text(answer, "username", username);
    json_add_number(answer, "claimedAt", name.claimed_at);
    json_add_number(answer, "expiresAt", expires_at);
    return answer_json(200, answer);
}

/* -- GET /usernames/:username -------------------------------------------------- */

struct response get_username(struct request *request) {
    struct text username = request->parameters[0];
    if (!username_valid(username)) {
        return fail(400, TEXT("username must be " USERNAME_RULE));
    }
    struct name name = name_read(request, username);
    bool held = name.claim.at != NULL;
    cJSON *answer = json_object();
    json_add_text(answer, "username", username);
    json_add_bool(answer, "available", !held);
    if (held) {
        json_add_number(answer, "claimedAt", name.claimed_at);
        json_add_number(answer, "expiresAt", name.expires_at);
        json_add_text(answer, "publicKey", name.key);
    }
    return answer_json(200, answer);
}

/* -- GET /usernames/:username/services ----------------------------------------- */

static void show_service(cJSON *item, const struct listing *listing) {
    json_add_text(item, "uuid", listing->uuid);
    json_add_bool(item, "isPublic", listing->is_public);
    if (listing->is_public) {
        json_add_text(item, "serviceFqn", listing->fqn);
    }
    if (listing->is_public && listing->metadata.len > 0) {
        json_add_raw(item, "metadata", listing->metadata);
    }
}

/* Passes over those up to that one; false where it is not there. */
static bool pass(struct request *request, struct listings *listings, struct text uuid) {
    while (listings_next(request, listings)) {
        if (text_equal(listings->listing.uuid, uuid)) {
            return true;
        }
    }
    return false;
}

/* `next` and `after` are uuids: FQNs of private services are nobody's business. */
struct response get_username_services(struct request *request) {
    enum { FIELD_NAMES = 128 };
    struct text username = request->parameters[0];
    struct text after;
    if (!username_valid(username)) {
        return fail(400, TEXT("username must be " USERNAME_RULE));
    }
    bool valid = query_text(request, "after", &after);
    struct listings listings = listings_begin(request, username, TEXT(""));
    if (!valid || (after.at != NULL && !pass(request, &listings, after))) {
        return fail(400, TEXT("after must be what `next` said, of a service that is still there"));
    }
    listings.keep = true;
    cJSON *answer = json_object();
    json_add_text(answer, "username", username);
    cJSON *services = json_add_array(answer, "services");
    size_t bytes = 0;
    struct text last = NO_TEXT;
    while (listings_next(request, &listings)) {
        const struct listing *listing = &listings.listing;
        bytes += FIELD_NAMES + listing->fqn.len + listing->uuid.len + listing->metadata.len;
        if (bytes > ANSWER_MAX) {
            json_add_text(answer, "next", last);
            break;
        }
        show_service(json_push_object(services), listing);
        last = listing->uuid;
    }
    return answer_json(200, answer);
}

/* -- POST /index/:username/query ----------------------------------------------- */

/* The newest that is asked for; its uuid is empty where there is none. An exact FQN, whose build
 * metadata tells it from its likes, is that one. */
static struct text find_service(struct request *request, struct text username, struct text query,
                                struct text name, struct text range) {
    struct text start = arena_format(request->arena, "%t@", &name);
    char *uuid = arena_array(request->arena, UUID_LEN + 1, 1);
    char *prerelease = arena_array(request->arena, SEMVER_MAX, 1);
    struct text found = {uuid, 0};
    struct semver newest = {0};
    struct listings listings = listings_begin(request, username, start);
    while (listings_next(request, &listings)) {
        const struct listing *listing = &listings.listing;
        struct text of;
        struct semver version;
        bool exact = text_equal(listing->fqn, query);
        CHECK(service_fqn_parse(listing->fqn, &of, &version));
        if (!exact && (!semver_satisfies(&version, range) ||
                       (found.len > 0 && semver_compare(&version, &newest) <= 0))) {
            continue;
        }
        memcpy(uuid, listing->uuid.at, UUID_LEN);
        found.len = UUID_LEN;
        newest = version;
        memcpy(prerelease, version.prerelease.at, version.prerelease.len);
        newest.prerelease.at = prerelease;
        if (exact) {
            break;
        }
    }
    return found;
}

struct response post_index_query(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text username = request->parameters[0];
    struct text query, name, range;
    if (!username_valid(username)) {
        return fail(400, TEXT("username must be " USERNAME_RULE));
    }
    if (!json_text(body, "serviceFqn", &query) || query.at == NULL ||
        !service_query_parse(query, &name, &range)) {
        return fail(400, TEXT("serviceFqn must be name@version, or name@range as npm's semver has "
                              "ranges, or a name"));
    }
    struct text uuid = find_service(request, username, query, name, range);
    if (uuid.len == 0) {
        return fail(404, TEXT("Service not found"));
    }
    cJSON *answer = json_object();
    json_add_text(answer, "uuid", uuid);
    json_add_bool(answer, "allowed", true);
    return answer_json(200, answer);
}
