/* Service facts. */
#include "service_facts.h"

#include "check.h"
#include "keys.h"

#include <stdlib.h>
#include <string.h>

enum {
    HANDED_FOR = 30 * 1000, /* ms that somebody who was given an offer has it to himself */
    HANDED_MAX = 300,       /* that are noted at one time, where each stays until it expires */
};

/* An age is this less the time: newer publications sort first. */
static const int64_t AGES = 0xFFFFFFFFFFFF;

#define GONE TEXT("gone")

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

/* What is behind `service/<uuid>/<family>/`; absent where the fact is of another family. */
static struct text name_in(const struct fact *fact, const char *family) {
    static const size_t prefix = sizeof "service/" - 1 + UUID_LEN + 1;
    struct text name = text_from(fact->key, prefix);
    return text_equal(text_cut(&name, '/'), text_of(family)) ? name : NO_TEXT;
}

static void read_publication(struct request *request, struct service *service,
                             const struct fact *fact) {
    struct text rest = fact->value;
    if (text_equal(rest, GONE)) {
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

struct service service_read(struct request *request, struct text uuid) {
    struct service service = {.uuid = uuid};
    if (!uuid_valid(uuid)) {
        return service;
    }
    service.page = storage_list_all(request, key_service(request, uuid), TEXT(""));
    for (size_t i = 0; i < service.page.count; i++) {
        const struct fact *fact = &service.page.facts[i];
        struct text name = name_in(fact, "published");
        if (name.at == NULL) {
            continue;
        }
        if (service.latest == 0) {
            service.latest = AGES - key_time(name);
            read_publication(request, &service, fact);
        }
        service.kept_until =
            fact->expires_at > service.kept_until ? fact->expires_at : service.kept_until;
    }
    return service;
}

/* Goes through the list that the facts are; with `offers`, copies what is of the service. */
static size_t collect(struct request *request, const struct service *service, struct fact *facts,
                      size_t count, struct listed *offers) {
    size_t found = 0;
    struct text published = published_label(request, service->publication);
    struct offer_list list = offer_list_of(facts, count);
    while (offer_list_next(request, &list)) {
        const struct listed *listed = &list.listed;
        if (text_equal(listed->peer, service->peer) &&
            (text_equal(listed->label, TEXT("p")) || text_equal(listed->label, published))) {
            if (offers != NULL) {
                offers[found] = *listed;
            }
            found++;
        }
    }
    return found;
}

size_t service_offers(struct request *request, const struct service *service,
                      struct listed **offers) {
    struct fact *facts = arena_array(request->arena, service->page.count, sizeof facts[0]);
    size_t count = 0;
    for (size_t i = 0; i < service->page.count; i++) {
        if (name_in(&service->page.facts[i], "offer").at != NULL) {
            facts[count++] = service->page.facts[i];
        }
    }
    size_t found = collect(request, service, facts, count, NULL);
    *offers = arena_array(request->arena, found, sizeof(*offers)[0]);
    return collect(request, service, facts, count, *offers);
}

/* An offer's reference, and when it was handed out last: in ms, 0 where nobody has it. */
struct handed {
    struct text ref;
    size_t offer;
    int64_t time;
};

static int compare_handed(const void *a, const void *b) {
    const struct handed *left = a;
    const struct handed *right = b;
    return text_compare(left->ref, right->ref);
}

/* One for each offer, by reference. */
static struct handed *handed_of(struct request *request, const struct service *service,
                                const struct listed *offers, size_t count) {
    struct handed *handed = arena_array(request->arena, count, sizeof handed[0]);
    for (size_t i = 0; i < count; i++) {
        handed[i] = (struct handed){listed_ref(request, &offers[i]), i, 0};
    }
    if (count > 0) {
        qsort(handed, count, sizeof handed[0], compare_handed);
    }
    for (size_t i = 0; i < service->page.count && count > 0; i++) {
        const struct fact *fact = &service->page.facts[i];
        struct text name = name_in(fact, "handed");
        struct handed wanted = {.ref = fact->value};
        struct handed *found =
            name.at == NULL ? NULL
                            : bsearch(&wanted, handed, count, sizeof handed[0], compare_handed);
        if (found != NULL) {
            found->time = key_time(name);
        }
    }
    return handed;
}

int64_t service_choose(struct request *request, const struct service *service,
                       const struct listed *offers, size_t count, bool *fresh) {
    const struct handed *handed = handed_of(request, service, offers, count);
    int64_t oldest = INT64_MAX;
    uint64_t ties = 0;
    for (size_t i = 0; i < count; i++) {
        ties = handed[i].time < oldest ? 1 : ties + (handed[i].time == oldest);
        oldest = handed[i].time < oldest ? handed[i].time : oldest;
    }
    *fresh = oldest == 0;
    uint64_t skip = ties == 0 ? 0 : random_take(request, 4) % ties;
    for (size_t i = 0; i < count; i++) {
        if (handed[i].time == oldest && skip-- == 0) {
            return (int64_t)handed[i].offer;
        }
    }
    return -1;
}

/* -- Writing ------------------------------------------------------------------- */

/* Where hand-outs pile up, those who ask for offers get random ones. */
void service_hand_out(struct request *request, const struct service *service, struct text ref) {
    size_t handed = 0;
    for (size_t i = 0; i < service->page.count; i++) {
        handed += name_in(&service->page.facts[i], "handed").at != NULL;
    }
    if (handed >= HANDED_MAX && !storage_atomic(request)) {
        return;
    }
    struct text prefix = key_service(request, service->uuid);
    struct text moment = key_moment(request, request->now);
    storage_put(request, arena_format(request->arena, "%thanded/%t", &prefix, &moment), ref,
                request->now + HANDED_FOR);
    for (size_t i = 0; i < service->page.count && storage_atomic(request); i++) {
        const struct fact *fact = &service->page.facts[i];
        if (name_in(fact, "handed").at != NULL && text_equal(fact->value, ref)) {
            storage_delete(request, fact->key);
        }
    }
}

/* The time of the publication that comes next, which sorts before all that the store shows. */
static int64_t next_time(const struct request *request, const struct service *before) {
    return request->now > before->latest ? request->now : before->latest + 1;
}

/* Puts a publication where it is found by uuid and where it is found by name. */
static void put_publication(struct request *request, const struct service *service, int64_t time,
                            int64_t kept_until, struct text value, struct text listing) {
    struct text digits = key_moment(request, AGES - time);
    struct text by_uuid = key_service(request, service->uuid);
    struct text by_name = key_name(request, service->username);
    storage_put(request, arena_format(request->arena, "%tpublished/%t", &by_uuid, &digits), value,
                kept_until);
    storage_put(request,
                arena_format(request->arena, "%tservice/%t %t", &by_name, &service->fqn, &digits),
                listing, kept_until);
}

/* Takes open offers of one batch away. What they say need only be read where they are under topics.
 * What the service was published with needs no mark in its list, since its label tells. */
static void remove_batch(struct request *request, const struct service *service,
                         const struct listed *listed, size_t count, bool joined) {
    bool marks = joined || storage_atomic(request);
    struct offer *offers = arena_array(request->arena, count, sizeof offers[0]);
    struct wanted *wanted = arena_array(request->arena, count, sizeof wanted[0]);
    bool topics = false;
    for (size_t i = 0; i < count; i++) {
        wanted[i] = (struct wanted){listed_ref(request, &listed[i]), listed[i].batch_bytes};
        topics = topics || listed[i].kind == KIND_TOPICS;
    }
    size_t read = topics ? offers_read(request, wanted, count, offers) : 0;
    for (size_t i = 0; i < count; i++) {
        if (i >= read || offers[i].id.at == NULL) {
            offers[i] = (struct offer){
                .id = wanted[i].ref, .expires_at = listed[i].expires_at, .topics = TEXT("[]")};
        }
        offers[i].service = marks ? service->uuid : TEXT("");
    }
    offers_withdraw(request, offers, count);
}

/* Takes away the offers that it was published with, and with `joined` those that joined it. */
static void remove_offers(struct request *request, const struct service *service, bool joined) {
    struct listed *offers;
    size_t count = service_offers(request, service, &offers);
    struct text label = published_label(request, service->publication);
    for (size_t i = 0, end; i < count; i = end) {
        end = i + 1;
        while (end < count && text_equal(offers[i].entry, offers[end].entry)) {
            end++;
        }
        if (joined || text_equal(offers[i].label, label)) {
            remove_batch(request, service, &offers[i], end - i, joined);
        }
    }
}

size_t service_replaces(struct request *request, const struct service *service, struct text peer) {
    if (!service->there || !text_equal(service->peer, peer)) {
        return 0;
    }
    struct listed *offers;
    struct text label = published_label(request, service->publication);
    size_t count = service_offers(request, service, &offers), replaced = 0;
    for (size_t i = 0; i < count; i++) {
        replaced += text_equal(offers[i].label, label);
    }
    return replaced;
}

/* Of what was published before, the newest stays, and on an eventual store what is younger than a
 * write may take to be seen; the rest is deleted, where each delete costs a call some at a time. */
static void drop_old(struct request *request, const struct service *before) {
    enum { SEEN_AFTER = 2 * 60 * 1000, AT_ONCE = 5 };
    bool atomic = storage_atomic(request);
    const struct fact **old = arena_array(request->arena, before->page.count, sizeof old[0]);
    size_t count = 0, publications = 0;
    for (size_t i = 0; i < before->page.count; i++) {
        const struct fact *fact = &before->page.facts[i];
        struct text digits = name_in(fact, "published");
        if (digits.at != NULL && publications++ > 0 &&
            (atomic || AGES - key_time(digits) < request->now - SEEN_AFTER)) {
            old[count++] = fact;
        }
    }
    struct text by_name = key_name(request, before->username);
    for (size_t i = 0; i < count && (atomic || (count >= AT_ONCE && i < AT_ONCE)); i++) {
        struct text digits = name_in(old[i], "published");
        storage_delete(request, old[i]->key);
        storage_delete(request, arena_format(request->arena, "%tservice/%t %t", &by_name,
                                             &before->fqn, &digits));
    }
}

void service_publish(struct request *request, struct service *service,
                     const struct service *before) {
    if (before->there) {
        remove_offers(request, before, false);
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
                    arena_format(request->arena, "%t %d %s\n%t", &service->uuid,
                                 service->expires_at, public, &service->metadata));
}

void service_end(struct request *request, const struct service *service) {
    remove_offers(request, service, true);
    put_publication(request, service, next_time(request, service), service->kept_until, GONE, GONE);
}

/* -- By name ------------------------------------------------------------------- */

static bool read_listing(struct request *request, struct text value, struct listing *listing) {
    if (text_equal(value, GONE)) {
        return false;
    }
    int64_t expires_at;
    struct text head = text_cut(&value, '\n');
    listing->uuid = text_cut(&head, ' ');
    CHECK(text_number(text_cut(&head, ' '), &expires_at));
    listing->is_public = text_equal(head, TEXT("public"));
    listing->metadata = arena_copy(request->arena, value);
    return expires_at > request->now;
}

struct listings listings_begin(struct request *request, struct text username,
                               struct text fqn_start) {
    struct text prefix = key_name(request, username);
    prefix = arena_format(request->arena, "%tservice/", &prefix);
    struct text start = arena_format(request->arena, "%t%t", &prefix, &fqn_start);
    return (struct listings){.prefix = prefix,
                             .start = start,
                             .page = {.last = TEXT(""), .more = true},
                             .mark = request->arena->used};
}

/* Gives back the page before, where nothing of it is needed. */
static void next_page(struct request *request, struct listings *listings) {
    char last[STORAGE_KEY_MAX];
    struct text after = {last, listings->page.last.len};
    memcpy(last, listings->page.last.at, after.len);
    if (!listings->keep) {
        arena_rewind(request->arena, listings->mark);
    }
    listings->page = storage_list(request, listings->start, after, STORAGE_PAGE_MAX);
    if (listings->page.last.at == last) { /* nothing came: it is ours, and goes */
        listings->page.last = arena_copy(request->arena, after);
    }
    listings->next = 0;
}

/* Whether this is the newest publication of its FQN. */
static bool is_newest(struct listings *listings, struct text fqn) {
    if (text_equal(fqn, (struct text){listings->fqn, listings->fqn_len})) {
        return false;
    }
    memcpy(listings->fqn, fqn.at, fqn.len);
    listings->fqn_len = fqn.len;
    return true;
}

bool listings_next(struct request *request, struct listings *listings) {
    for (;;) {
        while (listings->next < listings->page.count) {
            const struct fact *fact = &listings->page.facts[listings->next++];
            struct text rest = text_from(fact->key, listings->prefix.len);
            struct text fqn = text_cut(&rest, ' ');
            if (is_newest(listings, fqn) &&
                read_listing(request, fact->value, &listings->listing)) {
                listings->listing.fqn = fqn;
                return true;
            }
        }
        if (!listings->page.more) {
            return false;
        }
        next_page(request, listings);
    }
}
