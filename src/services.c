/* Services: publishing them under a name, finding an offer behind one, ending them. */
#include "answer.h"
#include "handlers.h"
#include "keys.h"
#include "name_facts.h"
#include "offer_fields.h"
#include "offer_pages.h"
#include "peers.h"
#include "service_listings.h"
#include "service_name.h"
#include "service_offers.h"

enum { METADATA_MAX = 4096 }; /* bytes */

static struct response fail_no_service(void) {
    return fail(404, TEXT("Service not found"));
}

/* -- POST /services ------------------------------------------------------------ */

/* What is to be published. */
struct publication {
    struct text username, fqn;
    struct offer *offers;
    size_t count;
    int64_t ttl;
    bool is_public;
    struct text metadata; /* JSON, or empty */
    struct signed_message read;
};

/* `sdp`, or `offers` in its place. */
static bool read_descriptions(struct request *request, const cJSON *body,
                              struct publication *publication, struct response *wrong) {
    const cJSON *items = json_member(body, "offers");
    if (items != NULL && !cJSON_IsNull(items)) {
        return read_offers(request, body, &items, &publication->offers, &publication->count, wrong);
    }
    publication->count = 1;
    publication->offers = arena_array(request->arena, 1, sizeof publication->offers[0]);
    return read_sdp(request, body, "", &publication->offers[0].sdp, wrong);
}

static bool read_public(const cJSON *body, bool *is_public) {
    const cJSON *item = json_member(body, "isPublic");
    *is_public = cJSON_IsTrue(item);
    return item == NULL || cJSON_IsNull(item) || cJSON_IsBool(item);
}

static bool read_metadata(struct request *request, const cJSON *body, struct text *metadata) {
    const cJSON *item = json_member(body, "metadata");
    *metadata = TEXT("");
    if (item == NULL || cJSON_IsNull(item)) {
        return true;
    }
    *metadata = json_raw_member(request->body, "metadata");
    return cJSON_IsObject(item) && metadata->len <= METADATA_MAX;
}

static bool read_publication(struct request *request, const cJSON *body,
                             struct publication *publication, struct response *wrong) {
    struct text name;
    struct semver version;
    if (!json_text(body, "username", &publication->username) ||
        !username_valid(publication->username)) {
        return fail_field(request, "", "username", USERNAME_RULE, wrong);
    }
    if (!json_text(body, "serviceFqn", &publication->fqn) ||
        !service_fqn_parse(publication->fqn, &name, &version)) {
        return fail_field(request, "", "serviceFqn",
                          "name@version, such as chat@1.0.0 or com.example.chat@2.1.3-beta.1",
                          wrong);
    }
    if (!read_descriptions(request, body, publication, wrong) ||
        !read_ttl(request, body, "", &publication->ttl, wrong)) {
        return false;
    }
    if (!read_public(body, &publication->is_public)) {
        return fail_field(request, "", "isPublic", "true or false", wrong);
    }
    if (!read_metadata(request, body, &publication->metadata)) {
        return fail_field(request, "", "metadata", "an object of at most 4096 bytes", wrong);
    }
    if (!signed_read(request, body, publication->username, &publication->read)) {
        return fail_field(request, "", "signature",
                          "base64 of 64 bytes, and message the text that was signed", wrong);
    }
    return true;
}

/* Whether the name's owner signed `<verb>:<username>:<fqn>:<now>`, for the first time. */
static bool may_sign(struct request *request, const char *verb, const struct name *name,
                     struct text fqn, const struct signed_message *read, struct response *wrong) {
    struct text wanted = arena_format(request->arena, "%s:%t:%t:", verb, &name->username, &fqn);
    /* Where the store is eventual it may show the service and not yet who owns the name. */
    if (name->claim.at == NULL || signed_check(request, read, wanted, name->key) != SIGNING_RIGHT) {
        *wrong = fail(403, TEXT("Invalid signature for username"));
        return false;
    }
    *wrong = fail(409, TEXT("Signature already used"));
    return !signed_before(name, read);
}

static void fill_offers(struct request *request, struct publication *publication,
                        struct text uuid) {
    for (size_t i = 0; i < publication->count; i++) {
        struct offer *offer = &publication->offers[i];
        offer->created_at = request->now;
        offer->expires_at = request->now + publication->ttl;
        offer->service = uuid;
        offer->topics = TEXT("[]");
        offer->secret = offer->info = TEXT("null");
    }
}

static struct response answer_published(const struct publication *publication,
                                        const struct service *service) {
    cJSON *answer = json_object();
    json_add_text(answer, "serviceId", service->uuid);
    json_add_text(answer, "uuid", service->uuid);
    json_add_text(answer, "offerId", publication->offers[0].id);
    cJSON *offers = json_add_array(answer, "offers");
    for (size_t i = 0; i < publication->count; i++) {
        cJSON *item = json_push_object(offers);
        json_add_text(item, "offerId", publication->offers[i].id);
        json_add_number(item, "createdAt", publication->offers[i].created_at);
        json_add_number(item, "expiresAt", publication->offers[i].expires_at);
    }
    json_add_number(answer, "expiresAt", service->expires_at);
    return answer_json(201, answer);
}

static void publish(struct request *request, struct publication *publication,
                    struct service *service, const struct service *before) {
    fill_offers(request, publication, service->uuid);
    service->peer = request->peer;
    service->username = publication->username;
    service->fqn = publication->fqn;
    service->is_public = publication->is_public;
    service->metadata = publication->metadata;
    service->expires_at = request->now + publication->ttl;
    service->publication = offers_publish(request, publication->offers, publication->count, true);
    service->published = publication->count;
    service_publish(request, service, before);
}

struct response post_service(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct publication publication;
    struct response wrong;
    if (!read_publication(request, body, &publication, &wrong)) {
        return wrong;
    }
    struct name name = name_read(request, publication.username);
    if (name.claim.at == NULL) {
        return fail(404, TEXT("Username not claimed"));
    }
    if (!may_sign(request, "publish", &name, publication.fqn, &publication.read, &wrong)) {
        return wrong;
    }
    struct service service = {.uuid = service_uuid(request, publication.username, publication.fqn)};
    struct service before = service_of_name(request, publication.username, publication.fqn);
    size_t replaced = service_replaces(request, &before, request->peer);
    if (!may_publish(request, publication.count, replaced, &wrong)) {
        return wrong;
    }
    name_use(request, &name, &publication.read, name.key);
    publish(request, &publication, &service, &before);
    return answer_published(&publication, &service);
}

/* -- GET /services/:uuid ------------------------------------------------------- */

/* All open offers of the peer. */
static size_t open_offers(struct request *request, struct text peer, struct listed **offers) {
    size_t count = 0, most;
    struct text prefix = key_peer(request, peer, "open");
    struct offer_list list = offer_list_begin(prefix, TEXT(""), STORAGE_PAGE_MAX, peer);
    if (storage_sharded(request)) { /* another shard's, in one go */
        list.page = storage_list_all(request, prefix, TEXT(""));
        most = list.page.count;
    } else {
        most = (size_t)offers_count(request, peer);
    }
    *offers = arena_array(request->arena, most, sizeof(*offers)[0]);
    while (count < most && offer_list_next(request, &list)) {
        (*offers)[count++] = list.listed;
    }
    return count;
}

/* Of the service's offers those that are among the open ones. Both are sorted. */
static size_t keep_open(struct request *request, struct listed *offers, size_t count,
                        const struct listed *open, size_t open_count) {
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        struct text ref = listed_ref(request, &offers[i]);
        int order = 1;
        while (at < open_count && (order = text_compare(ref, listed_ref(request, &open[at]))) > 0) {
            at++;
        }
        if (order == 0) {
            offers[kept++] = offers[i];
        }
    }
    return kept;
}

/* Joins the loose ones among the open offers: they belong to nothing else. */
static size_t join_loose(struct request *request, struct listed **offers, size_t count,
                         const struct listed *open, size_t open_count) {
    struct listed *all = arena_array(request->arena, count + open_count, sizeof all[0]);
    for (size_t i = 0; i < count; i++) {
        all[i] = (*offers)[i];
    }
    for (size_t i = 0; i < open_count; i++) {
        if (open[i].kind == KIND_LOOSE) {
            all[count++] = open[i];
        }
    }
    *offers = all;
    return count;
}

/* One that does not exist where none was chosen, or the list was late. */
static struct offer hand_out(struct request *request, const struct service *service,
                             const struct listed *offers, size_t count, int64_t chosen) {
    if (chosen < 0) {
        return (struct offer){0};
    }
    struct text ref = listed_ref(request, &offers[chosen]);
    struct offer offer = offer_read_listed(request, ref);
    if (count > 1 && (offer.id.at != NULL || !storage_sharded(request))) {
        service_hand_out(request, service, ref);
    }
    return offer;
}

/* An offer for this caller; one that does not exist where there is none. Loose offers are looked
 * for where there are no several others, or these were handed out. */
static struct offer find_offer(struct request *request, const struct service *service) {
    bool sharded = storage_sharded(request), fresh;
    struct listed *offers, *open;
    size_t count = service_offers(request, service, &offers);
    int64_t chosen = service_choose(request, service, offers, count, &fresh);
    if (fresh && count > 1) {
        struct offer offer = hand_out(request, service, offers, count, chosen);
        if (offer.id.at != NULL || !sharded) {
            return offer;
        }
    }
    size_t open_count = open_offers(request, service->peer, &open);
    if (sharded) {
        count = keep_open(request, offers, count, open, open_count);
        chosen = service_choose(request, service, offers, count, &fresh);
    }
    if (!fresh || count == 1) {
        count = join_loose(request, &offers, count, open, open_count);
        chosen = service_choose(request, service, offers, count, &fresh);
    }
    return hand_out(request, service, offers, count, chosen);
}

struct response get_service(struct request *request) {
    struct service service = service_read(request, request->parameters[0]);
    if (!service.there) {
        return fail_no_service();
    }
    struct offer offer = find_offer(request, &service);
    if (offer.id.at == NULL) {
        struct response response = fail(503, TEXT("No available offers"));
        response.retry_after = 1;
        return response;
    }
    cJSON *answer = json_object();
    json_add_text(answer, "serviceId", service.uuid);
    json_add_text(answer, "username", service.username);
    json_add_text(answer, "serviceFqn", service.fqn);
    json_add_text(answer, "offerId", offer.id);
    json_add_raw(answer, "sdp", offer.sdp);
    json_add_bool(answer, "isPublic", service.is_public);
    if (service.metadata.len > 0) {
        json_add_raw(answer, "metadata", service.metadata);
    }
    json_add_number(answer, "createdAt", service.created_at);
    json_add_number(answer, "expiresAt", service.expires_at);
    return answer_json(200, answer);
}

/* -- DELETE /services/:serviceId ----------------------------------------------- */

/* The proof that is in the body: false, with `wrong` filled, where it is none. */
static bool prove_by_signature(struct request *request, const cJSON *body, struct text username,
                               const struct service *service, struct response *wrong) {
    struct signed_message read;
    if (!signed_read(request, body, username, &read)) {
        return fail_field(request, "", "message",
                          "the text that was signed, and signature its "
                          "base64",
                          wrong);
    }
    if (!service->there || !text_equal(username, service->username)) {
        *wrong = fail_no_service();
        return false;
    }
    struct name name = name_read(request, username);
    if (!may_sign(request, "unpublish", &name, service->fqn, &read, wrong)) {
        return false;
    }
    name_note(request, &name, &read);
    return true;
}

static bool prove_by_peer(struct request *request, struct text username,
                          const struct service *service, struct response *wrong) {
    *wrong = fail_no_service();
    return service->there && text_equal(username, service->username) &&
           text_equal(request->peer, service->peer);
}

struct response delete_service(struct request *request) {
    struct response wrong;
    bool by_peer = request->headers[HEADER_AUTHORIZATION].at != NULL;
    if (by_peer && !peer_enter(request, &wrong)) {
        return wrong;
    }
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text username;
    if (!json_text(body, "username", &username) || !username_valid(username)) {
        fail_field(request, "", "username", "the name that the service is published under", &wrong);
        return wrong;
    }
    const cJSON *signature = json_member(body, "signature");
    if (!by_peer && (signature == NULL || cJSON_IsNull(signature))) {
        return fail_no_credentials();
    }
    struct service service = service_of_uuid(request, username, request->parameters[0]);
    if (!(by_peer ? prove_by_peer(request, username, &service, &wrong)
                  : prove_by_signature(request, body, username, &service, &wrong))) {
        return wrong;
    }
    service_end(request, &service);
    return answer_success();
}
