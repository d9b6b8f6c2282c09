/* Service facts. */
#include "service_facts.h"

#include "check.h"
#include "keys.h"
#include "service_listings.h"
#include "service_offers.h"

/* An age is this less the time: newer publications sort first. */
static const int64_t AGES = 0xFFFFFFFFFFFF;

/* -- The uuid ------------------------------------------------------------------ */

struct text service_uuid(struct request *request, struct text username, struct text fqn) {
    struct text digest = keyed_digest(request, "service", username, fqn);
    char *digits = arena_alloc(request->arena, UUID_LEN + 1);
    for (int i = 0, from = 0; i < UUID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        digits[i] = dash ? '-' : digest.at[from++];
    }
    digits[14] = '4';
    digits[19] = "89ab"[digits[19] & 3];
    digits[UUID_LEN] = '\0';
    return (struct text){digits, UUID_LEN};
}

static bool uuid_valid(struct text uuid) {
    for (size_t i = 0; i < uuid.len; i++) {
        char c = uuid.at[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (dash ? c != '-' : !digit) {
            return false;
        }
    }
    return uuid.len == UUID_LEN;
}

/* -- Reading ------------------------------------------------------------------- */

struct text service_fact_name(const struct fact *fact, const char *family) {
    static const size_t prefix = sizeof "service/" - 1 + UUID_LEN + 1;
    struct text name = text_from(fact->key, prefix);
    return text_equal(text_cut(&name, '/'), text_of(family)) ? name : NO_TEXT;
}

static void read_publication(struct request *request, struct service *service,
                             const struct fact *fact) {
    struct text rest = fact->value;
    if (text_equal(rest, SERVICE_GONE)) {
        return;
    }
    struct text head = text_cut(&rest, '\n');
    service->peer = text_cut(&head, ' ');
    service->publication = text_cut(&head, ' ');
    CHECK(text_number(text_cut(&head, ' '), &service->expires_at));
    service->is_public = text_equal(head, TEXT("public"));
    service->created_at = service->latest;
    service->there = service->expires_at > request->now;
    service->username = text_cut(&rest, '\n');
    service->fqn = text_cut(&rest, '\n');
    service->metadata = arena_copy(request->arena, rest);
}

void service_add_publication(struct service *service, struct text digits, const struct fact *fact) {
    if (service->digits_count == 0) {
        service->latest = AGES - key_time(digits);
    }
    service->digits[service->digits_count++] = digits;
    service->kept_until =
        fact->expires_at > service->kept_until ? fact->expires_at : service->kept_until;
}

static struct service read_under(struct request *request, struct text uuid, struct text prefix) {
    struct service service = {.uuid = uuid};
    service.page = storage_list_all(request, prefix, TEXT(""));
    service.digits = arena_array(request->arena, service.page.count, sizeof service.digits[0]);
    for (size_t i = 0; i < service.page.count; i++) {
        const struct fact *fact = &service.page.facts[i];
        struct text digits = service_fact_name(fact, "published");
        if (digits.at == NULL) {
            continue;
        }
        service_add_publication(&service, digits, fact);
        if (service.digits_count == 1) {
            read_publication(request, &service, fact);
        }
    }
    return service;
}

struct service service_read(struct request *request, struct text uuid) {
    if (!uuid_valid(uuid)) {
        return (struct service){.uuid = uuid};
    }
    return read_under(request, uuid, key_service(request, uuid));
}

/* What others have put there as well is left where it is, if each shard is a place of its own. */
static struct text published_prefix(struct request *request, struct text uuid) {
    struct text prefix = key_service(request, uuid);
    const char *family = storage_sharded(request) ? "published/" : "";
    return arena_format(request->arena, "%t%s", &prefix, family);
}

struct service service_read_published(struct request *request, struct text uuid) {
    if (!uuid_valid(uuid)) {
        return (struct service){.uuid = uuid};
    }
    return read_under(request, uuid, published_prefix(request, uuid));
}

void service_expect_published(struct request *request, struct text uuid) {
    if (uuid_valid(uuid)) {
        storage_expect(request, published_prefix(request, uuid), STORAGE_PAGE_MAX);
    }
}

/* -- Writing ------------------------------------------------------------------- */

/* The time of the publication that comes next, which sorts before all that the store shows. */
static int64_t next_time(const struct request *request, const struct service *before) {
    return request->now > before->latest ? request->now : before->latest + 1;
}

static struct text published_key(struct request *request, const struct service *service,
                                 struct text digits) {
    struct text by_uuid = key_service(request, service->uuid);
    return arena_format(request->arena, "%tpublished/%t", &by_uuid, &digits);
}

/* Puts a publication where it is found by uuid and where it is found by name. */
static void put_publication(struct request *request, const struct service *service, int64_t time,
                            int64_t kept_until, struct text value, struct text listing) {
    struct text digits = key_moment(request, AGES - time);
    struct text by_name = listings_prefix(request, service->username, service->fqn);
    storage_put(request, published_key(request, service, digits), value, kept_until);
    storage_put(request, arena_format(request->arena, "%t%t", &by_name, &digits), listing,
                kept_until);
}

/* Of what was published before, the newest stays, and on an eventual store what is younger than a
 * write may take to be seen; the rest is deleted, where each delete costs a call some at a time. */
static void drop_old(struct request *request, const struct service *before) {
    enum { SEEN_AFTER = 2 * 60 * 1000, AT_ONCE = 5 };
    bool atomic = storage_atomic(request);
    struct text *old = arena_array(request->arena, before->digits_count, sizeof old[0]);
    size_t count = 0;
    for (size_t i = 1; i < before->digits_count; i++) {
        if (atomic || AGES - key_time(before->digits[i]) < request->now - SEEN_AFTER) {
            old[count++] = before->digits[i];
        }
    }
    struct text by_name = listings_prefix(request, before->username, before->fqn);
    for (size_t i = 0; i < count && (atomic || (count >= AT_ONCE && i < AT_ONCE)); i++) {
        storage_delete(request, published_key(request, before, old[i]));
        storage_delete(request, arena_format(request->arena, "%t%t", &by_name, &old[i]));
    }
}

void service_publish(struct request *request, struct service *service,
                     const struct service *before) {
    if (before->there) {
        service_remove_offers(request, before, false);
        drop_old(request, before);
    }
    service->created_at = next_time(request, before);
    const char *public = service->is_public ? "public" : "private";
    put_publication(request, service, service->created_at,
                    service->expires_at > before->kept_until ? service->expires_at
                                                             : before->kept_until,
                    arena_format(request->arena, "%t %t %d %s\n%t\n%t\n%t", &service->peer,
                                 &service->publication, service->expires_at, public,
                                 &service->username, &service->fqn, &service->metadata),
                    listing_text(request, service, public));
}

void service_end(struct request *request, const struct service *service) {
    service_remove_offers(request, service, true);
    put_publication(request, service, next_time(request, service), service->kept_until,
                    SERVICE_GONE, SERVICE_GONE);
}
