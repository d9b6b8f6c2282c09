/* Service offers. */
#include "service_offers.h"

#include "keys.h"

#include <stdlib.h>

enum {
    HANDED_FOR = 30 * 1000, /* ms that somebody who was given an offer has it to himself */
    HANDED_MAX = 300,       /* that are noted at one time, where each stays until it expires */
};

/* -- Which there are, and who gets which ----------------------------------------- */

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
        if (service_fact_name(&service->page.facts[i], "offer").at != NULL) {
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
        struct text name = service_fact_name(fact, "handed");
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

/* Where hand-outs pile up, those who ask for offers get random ones. */
void service_hand_out(struct request *request, const struct service *service, struct text ref) {
    size_t handed = 0;
    for (size_t i = 0; i < service->page.count; i++) {
        handed += service_fact_name(&service->page.facts[i], "handed").at != NULL;
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
        if (service_fact_name(fact, "handed").at != NULL && text_equal(fact->value, ref)) {
            storage_delete(request, fact->key);
        }
    }
}

/* -- Taking away ---------------------------------------------------------------- */

/* Takes open offers of one batch away. What they say need only be read where they are under topics.
 * What the service was published with needs no mark in its list, since its label tells. */
static void remove_batch(struct request *request, const struct service *service,
                         const struct listed *listed, size_t count, bool joined) {
    bool marks = joined || storage_atomic(request);
    struct offer *offers = arena_array(request->arena, count, sizeof offers[0]);
    struct wanted *wanted = arena_array(request->arena, count, sizeof wanted[0]);
    bool topics = false;
    for (size_t i = 0; i < count; i++) {
        wanted[i] = wanted_of(request, &listed[i]);
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
static void remove_listed(struct request *request, const struct service *service, bool joined) {
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

/* One that no topic lists. */
static void remove_bare(struct request *request, const struct service *service, struct text ref) {
    struct offer offer = {.id = ref, .topics = TEXT("[]"), .service = service->uuid};
    offers_take_out(request, &offer, 1, 'g');
}

/* Takes away the offers that it was published with, whatever other shards have come to know of
 * them: what is deleted twice is gone. What they say stays until it expires: one of them may have
 * been answered meanwhile, in its peer's shard. */
static void remove_published(struct request *request, const struct service *service) {
    for (size_t i = 0; i < service->published; i++) {
        remove_bare(request, service,
                    offer_ref(request, service->peer, service->publication, (int)i));
    }
}

/* The topics that list an offer are in what it says, in its peer's shard. Of more than fits into
 * two answers they go on listing it until it expires, though nobody can answer it any more. */
static void remove_with_topics(struct request *request, const struct service *service,
                               const struct wanted *wanted, size_t count) {
    struct offer *offers = arena_array(request->arena, count, sizeof offers[0]);
    size_t read = 0;
    for (int answers = 0; answers < 2 && read < count; answers++) {
        read += offers_read(request, &wanted[read], count - read, &offers[read]);
    }
    for (size_t i = 0; i < count; i++) {
        if (i >= read || offers[i].id.at == NULL) {
            remove_bare(request, service, wanted[i].ref);
        } else {
            offers_take_out(request, &offers[i], 1, 'g');
        }
    }
}

static void remove_joined(struct request *request, const struct service *service) {
    struct text prefix = key_service(request, service->uuid);
    struct service listed = *service;
    listed.page =
        storage_list_all(request, arena_format(request->arena, "%toffer/", &prefix), TEXT(""));
    struct listed *offers;
    size_t count = service_offers(request, &listed, &offers), with_topics = 0;
    struct wanted *wanted = arena_array(request->arena, count, sizeof wanted[0]);
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(offers[i].label, TEXT("p"))) {
            continue;
        }
        if (offers[i].kind == KIND_TOPICS) {
            wanted[with_topics++] = wanted_of(request, &offers[i]);
        } else {
            remove_bare(request, service, listed_ref(request, &offers[i]));
        }
    }
    remove_with_topics(request, service, wanted, with_topics);
}

size_t service_replaces(struct request *request, const struct service *service, struct text peer) {
    if (!service->there || !text_equal(service->peer, peer)) {
        return 0;
    }
    if (storage_sharded(request)) {
        struct text open = key_peer(request, peer, "open");
        return (size_t)storage_count(
            request, arena_format(request->arena, "%t%t", &open, &service->publication));
    }
    struct listed *offers;
    struct text label = published_label(request, service->publication);
    size_t count = service_offers(request, service, &offers), replaced = 0;
    for (size_t i = 0; i < count; i++) {
        replaced += text_equal(offers[i].label, label);
    }
    return replaced;
}

void service_remove_offers(struct request *request, const struct service *service, bool joined) {
    if (!storage_sharded(request)) {
        remove_listed(request, service, joined);
        return;
    }
    remove_published(request, service);
    if (joined) {
        remove_joined(request, service);
    }
}
