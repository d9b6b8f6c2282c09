/* Service listings. */
#include "service_listings.h"

#include "check.h"
#include "keys.h"

#include <string.h>

struct text listings_prefix(struct request *request, struct text username, struct text fqn) {
    struct text name = key_name(request, username);
    return arena_format(request->arena, "%tservice/%t ", &name, &fqn);
}

struct text listing_text(struct request *request, const struct service *service,
                         const char *public) {
    struct text decided = storage_sharded(request)
                              ? arena_format(request->arena, " %t %t %d", &service->peer,
                                             &service->publication, (int64_t)service->published)
                              : TEXT("");
    return arena_format(request->arena, "%t %d %s%t\n%t", &service->uuid, service->expires_at,
                        public, &decided, &service->metadata);
}

static bool read_listing(struct request *request, struct text value, struct listing *listing) {
    if (text_equal(value, SERVICE_GONE)) {
        return false;
    }
    struct text head = text_cut(&value, '\n');
    listing->uuid = text_cut(&head, ' ');
    CHECK(text_number(text_cut(&head, ' '), &listing->expires_at));
    listing->is_public = text_equal(text_cut(&head, ' '), TEXT("public"));
    listing->decided = head;
    listing->metadata = arena_copy(request->arena, value);
    return listing->expires_at > request->now;
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

/* -- Where the name's shard decides -------------------------------------------- */

static void read_decided(struct service *service, const struct listing *listing) {
    struct text rest = listing->decided;
    int64_t published;
    service->there = true;
    service->peer = text_cut(&rest, ' ');
    service->publication = text_cut(&rest, ' ');
    CHECK(text_number(rest, &published));
    service->published = (size_t)published;
    service->is_public = listing->is_public;
    service->created_at = service->latest;
    service->expires_at = listing->expires_at;
    service->metadata = listing->metadata;
}

struct service service_of_name(struct request *request, struct text username, struct text fqn) {
    struct text uuid = service_uuid(request, username, fqn);
    if (!storage_sharded(request)) {
        return service_read(request, uuid);
    }
    struct service service = {.uuid = uuid, .username = username, .fqn = fqn};
    struct text prefix = listings_prefix(request, username, fqn);
    struct page page = storage_list_all(request, prefix, TEXT(""));
    service.digits = arena_array(request->arena, page.count, sizeof service.digits[0]);
    for (size_t i = 0; i < page.count; i++) {
        service_add_publication(&service, text_from(page.facts[i].key, prefix.len), &page.facts[i]);
    }
    struct listing listing;
    if (page.count > 0 && read_listing(request, page.facts[0].value, &listing)) {
        read_decided(&service, &listing);
    }
    return service;
}

struct service service_of_uuid(struct request *request, struct text username, struct text uuid) {
    if (!storage_sharded(request)) {
        return service_read(request, uuid);
    }
    struct listings listings = listings_begin(request, username, TEXT(""));
    while (listings_next(request, &listings)) {
        if (text_equal(listings.listing.uuid, uuid)) {
            struct service service = service_of_name(request, username, listings.listing.fqn);
            service.uuid = uuid; /* AUTH_SECRET may have been another when it was published */
            return service;
        }
    }
    return (struct service){.uuid = uuid};
}
