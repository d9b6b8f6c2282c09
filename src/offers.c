/* Offers: publishing them, looking at one's own, and taking them back. */
#include "answer.h"
#include "handlers.h"
#include "handshake_facts.h"
#include "keys.h"
#include "offer_fields.h"
#include "offer_pages.h"
#include "service_facts.h"

#include <stdlib.h>

enum {
    TOPICS_MAX = 50,   /* of an offer */
    TOPIC_MAX = 256,   /* characters */
    NOTE_MAX = 128,    /* characters of secret and info */
    SERVICES_MAX = 10, /* different ones that a request may name: each costs a call */
};

/* -- POST /offers -------------------------------------------------------------- */

static bool has_text(const cJSON *array, const char *text) {
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (text_equal(text_of(item->valuestring), text_of(text))) {
            return true;
        }
    }
    return false;
}

/* As a JSON array, each once. */
static bool read_topics(struct request *request, const cJSON *item, struct text *topics) {
    const cJSON *sent = json_member(item, "topics");
    size_t mark = request->arena->used;
    cJSON *kept = json_array();
    bool none = sent == NULL || cJSON_IsNull(sent);
    if (!none && (!cJSON_IsArray(sent) || cJSON_GetArraySize(sent) > TOPICS_MAX)) {
        return false;
    }
    const cJSON *topic;
    cJSON_ArrayForEach(topic, sent) {
        struct text text = cJSON_IsString(topic) ? text_of(topic->valuestring) : TEXT("");
        if (text.len == 0 || text_characters(text) > TOPIC_MAX) {
            return false;
        }
        if (!has_text(kept, text.at)) {
            json_push_text(kept, text);
        }
    }
    *topics = arena_keep(request->arena, mark, json_print(kept));
    return true;
}

/* As JSON; null where it is missing or empty. */
static bool read_note(const cJSON *item, const char *name, bool empty_is_none, struct text *note) {
    struct text text;
    if (!json_text(item, name, &text) || text_characters(text) > NOTE_MAX) {
        return false;
    }
    bool none = text.at == NULL || (empty_is_none && text.len == 0);
    *note = none ? TEXT("null") : json_quote(text);
    return true;
}

/* What an item says besides its SDP. */
static bool read_offer(struct request *request, const cJSON *item, size_t i, struct offer *offer,
                       struct response *wrong) {
    const char *path = arena_format(request->arena, "offers[%d].", (int64_t)i).at;
    int64_t ttl;
    if (!read_topics(request, item, &offer->topics)) {
        return fail_field(request, path, "topics", "up to 50 texts of 1 to 256 characters", wrong);
    }
    if (!read_ttl(request, item, path, &ttl, wrong)) {
        return false;
    }
    if (!read_note(item, "secret", true, &offer->secret)) {
        return fail_field(request, path, "secret", "a text of up to 128 characters", wrong);
    }
    if (!read_note(item, "info", false, &offer->info)) {
        return fail_field(request, path, "info", "a text of up to 128 characters", wrong);
    }
    if (!json_text(item, "serviceId", &offer->service)) {
        return fail_field(request, path, "serviceId", "the id of a service", wrong);
    }
    offer->service = offer->service.at == NULL ? TEXT("") : offer->service;
    offer->created_at = request->now;
    offer->expires_at = request->now + ttl;
    return true;
}

static bool is_asked_before(const struct offer *offers, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (text_equal(offers[j].service, offers[i].service)) {
            return true;
        }
    }
    return offers[i].service.len == 0;
}

/* Where shards are places of their own: goes home first, and asks for all of them at once. */
static void expect_services(struct request *request, const struct offer *offers, size_t count) {
    storage_enter(request, key_peer(request, request->peer, "open"));
    for (size_t i = 0, services = 0; i < count && services < SERVICES_MAX; i++) {
        if (!is_asked_before(offers, i)) {
            service_expect_published(request, offers[i].service);
            services++;
        }
    }
}

/* Whether the caller published the services that its offers name. */
static bool own_services(struct request *request, const struct offer *offers, size_t count,
                         struct response *wrong) {
    int services = 0;
    if (storage_sharded(request)) {
        expect_services(request, offers, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_asked_before(offers, i)) {
            continue;
        }
        if (++services > SERVICES_MAX) {
            const char *path = arena_format(request->arena, "offers[%d].", (int64_t)i).at;
            return fail_field(request, path, "serviceId", "one of at most 10 in a request", wrong);
        }
        struct service service = service_read_published(request, offers[i].service);
        if (!service.there || !text_equal(service.peer, request->peer)) {
            *wrong = fail(404, TEXT("Service not found"));
            return false;
        }
    }
    return true;
}

static void add_ids(cJSON *item, const struct offer *offer) {
    json_add_text(item, "id", offer->id);
    json_add_text(item, "peerId", ref_peer(offer->id));
    json_add_raw(item, "topics", offer->topics);
    json_add_number(item, "createdAt", offer->created_at);
    json_add_number(item, "expiresAt", offer->expires_at);
    json_add_bool(item, "hasSecret", offer_has_secret(offer));
}

struct response post_offers(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    const cJSON *items;
    struct offer *offers;
    size_t count;
    struct response wrong;
    if (!read_offers(request, body, &items, &offers, &count, &wrong)) {
        return wrong;
    }
    size_t i = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, items) {
        if (!read_offer(request, item, i, &offers[i], &wrong)) {
            return wrong;
        }
        i++;
    }
    if (!own_services(request, offers, count, &wrong) || !may_publish(request, count, 0, &wrong)) {
        return wrong;
    }
    offers_publish(request, offers, count, false);
    cJSON *answer = json_object();
    cJSON *made = json_add_array(answer, "offers");
    for (i = 0; i < count; i++) {
        add_ids(json_push_object(made), &offers[i]);
    }
    return answer_json(201, answer);
}

/* -- GET /offers/mine ---------------------------------------------------------- */

/* An offer of the caller: open, or answered. */
struct own {
    struct wanted wanted;
    const struct answered *answered;
};

/* Slots begin with an age: newest first. What is answered comes before the same one open. */
static int compare_own(const void *a, const void *b) {
    const struct own *left = a;
    const struct own *right = b;
    int order = text_compare(left->wanted.ref, right->wanted.ref);
    return order != 0 ? order : (left->answered == NULL) - (right->answered == NULL);
}

/* The store may show an answer before the mark that takes the offer out of the list of open ones.
 */
static size_t drop_doubles(struct own *own, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !text_equal(own[i].wanted.ref, own[kept - 1].wanted.ref)) {
            own[kept++] = own[i];
        }
    }
    return kept;
}

/* What is neither open nor answered is gone. */
static struct own *find_own(struct request *request, size_t *count) {
    struct answered *answers;
    size_t answered = answers_read(request, request->peer, -1, &answers);
    size_t most = answered + (size_t)offers_count(request, request->peer);
    struct own *own = arena_array(request->arena, most, sizeof own[0]);
    for (*count = 0; *count < answered; (*count)++) {
        const struct answered *answer = &answers[*count];
        own[*count] =
            (struct own){{.ref = ref_of(answer->id), .batch_bytes = answer->batch_bytes}, answer};
    }
    struct offer_list list = offer_list_begin(key_peer(request, request->peer, "open"), TEXT(""),
                                              STORAGE_PAGE_MAX, request->peer);
    while (*count < most && offer_list_next(request, &list)) {
        struct wanted wanted = wanted_of(request, &list.listed);
        own[(*count)++] = (struct own){wanted, NULL};
    }
    qsort(own, *count, sizeof own[0], compare_own);
    *count = drop_doubles(own, *count);
    return own;
}

static void show_own(cJSON *item, const struct offer *offer, size_t i, const void *more) {
    const struct answered *answered = ((const struct own *)more)[i].answered;
    json_add_text(item, "id", offer->id);
    json_add_raw(item, "sdp", offer->sdp);
    json_add_raw(item, "topics", offer->topics);
    json_add_number(item, "createdAt", offer->created_at);
    json_add_number(item, "expiresAt", offer->expires_at);
    json_add_number(item, "lastSeen", offer->created_at);
    json_add_bool(item, "hasSecret", offer_has_secret(offer));
    if (offer_has_secret(offer)) {
        json_add_raw(item, "secret", offer->secret);
    }
    if (!text_equal(offer->info, TEXT("null"))) {
        json_add_raw(item, "info", offer->info);
    }
    json_add_bool(item, "answered", answered != NULL);
    if (answered != NULL) {
        json_add_text(item, "answererPeerId", answered->answerer);
        json_add_number(item, "answeredAt", answered->time);
    }
}

struct response get_offers_mine(struct request *request) {
    struct response wrong;
    int64_t limit;
    struct text after;
    if (!read_limit(request, OFFER_PAGE_MAX, OFFER_PAGE_MAX, &limit, &wrong) ||
        !read_after(request, REF_LEN, &after, &wrong)) {
        return wrong;
    }
    size_t count;
    struct own *own = find_own(request, &count);
    while (count > 0 && after.at != NULL && text_compare(own->wanted.ref, after) <= 0) {
        own++;
        count--;
    }
    size_t shown = count < (size_t)limit ? count : (size_t)limit;
    struct wanted *wanted = arena_array(request->arena, shown, sizeof wanted[0]);
    for (size_t i = 0; i < shown; i++) {
        wanted[i] = own[i].wanted;
    }
    cJSON *answer = json_object();
    json_add_text(answer, "peerId", request->peer);
    cJSON *offers = json_add_array(answer, "offers");
    shown = show_offers(request, offers, wanted, shown, show_own, own);
    if (shown < count) {
        json_add_text(answer, "next", wanted[shown - 1].ref);
    }
    return answer_json(200, answer);
}

/* -- GET /peers/:peerId/offers ------------------------------------------------- */

/* Texts that were seen: a table of them by hash, half empty at least. */
struct seen {
    struct text *texts;
    size_t size; /* a power of 2 */
};

/* Whether the text is new to it. */
static bool see(struct seen *seen, struct text text) {
    size_t at = (size_t)text_hash(text, TEXT_HASH) & (seen->size - 1);
    while (seen->texts[at].at != NULL) {
        if (text_equal(seen->texts[at], text)) {
            return false;
        }
        at = (at + 1) & (seen->size - 1);
    }
    seen->texts[at] = text;
    return true;
}

/* The different topics of the offers that are shown, in order. */
static void add_topics(struct request *request, cJSON *answer, const cJSON *offers) {
    struct seen seen = {.size = 2};
    while (seen.size < (size_t)cJSON_GetArraySize(offers) * 2 * TOPICS_MAX) {
        seen.size *= 2;
    }
    seen.texts = arena_array(request->arena, seen.size, sizeof seen.texts[0]);
    cJSON *topics = json_add_array(answer, "topics");
    const cJSON *offer;
    cJSON_ArrayForEach(offer, offers) {
        struct text list = text_of(json_member(offer, "topics")->valuestring);
        for (struct text topic; json_raw_next(&list, &topic);) {
            if (see(&seen, topic)) {
                json_push_raw(topics, topic);
            }
        }
    }
}

struct response get_peer_offers(struct request *request) {
    struct text peer = request->parameters[0];
    struct response wrong;
    int64_t limit;
    struct text after;
    if (!peer_id_valid(peer)) {
        return fail(400, TEXT("peerId must be 32 hexadecimal digits, in lower case"));
    }
    if (!read_limit(request, OFFER_PAGE_MAX, OFFER_PAGE_MAX, &limit, &wrong) ||
        !read_after(request, REF_LEN, &after, &wrong)) {
        return wrong;
    }
    cJSON *answer = json_object();
    json_add_text(answer, "peerId", peer);
    cJSON *offers = json_add_array(answer, "offers");
    struct offer_list list =
        offer_list_begin(key_peer(request, peer, "open"), TEXT(""), STORAGE_PAGE_MAX, peer);
    struct wanted wanted[OFFER_PAGE_MAX];
    size_t count = 0;
    bool more = false;
    while (!more && offer_list_next(request, &list)) {
        struct text ref = listed_ref(request, &list.listed);
        if (after.at != NULL && text_compare(ref, after) <= 0) {
            continue;
        }
        more = count == (size_t)limit;
        if (!more) {
            wanted[count++] = wanted_of(request, &list.listed);
        }
    }
    size_t shown = show_offers(request, offers, wanted, count, show_open_offer, NULL);
    add_topics(request, answer, offers);
    if (more || shown < count) {
        json_add_text(answer, "next", wanted[shown - 1].ref);
    }
    return answer_json(200, answer);
}

/* -- DELETE /offers/:id -------------------------------------------------------- */

struct response delete_offer(struct request *request) {
    struct handshake handshake = handshake_read(request, request->parameters[0]);
    if (!handshake.there || !text_equal(ref_peer(handshake.id), request->peer)) {
        return fail_no_offer();
    }
    if (handshake.answerer.at != NULL) {
        handshake_end(request, &handshake);
    } else {
        struct offer offer = offer_read(request, ref_of(handshake.id));
        if (offer.id.at == NULL) {
            return fail_no_offer();
        }
        offers_withdraw(request, &offer, 1);
    }
    return (struct response){.status = 200, .body = TEXT("{\"deleted\":true,\"success\":true}")};
}
