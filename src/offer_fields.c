/* Offer fields. */
#include "offer_fields.h"

#include "answer.h"

struct response fail_no_offer(void) {
    return fail(404, TEXT("Offer not found or expired"));
}

bool fail_field(struct request *request, const char *path, const char *name, const char *rule,
                struct response *wrong) {
    *wrong = fail(400, arena_format(request->arena, "%s%s must be %s", path, name, rule));
    return false;
}

bool read_sdp(struct request *request, const cJSON *object, const char *path, struct text *sdp,
              struct response *wrong) {
    if (!json_text_within(object, "sdp", SDP_BYTES, sdp)) {
        return fail_field(request, path, "sdp", "a text of 1 to 65536 bytes", wrong);
    }
    *sdp = json_quote(*sdp);
    return true;
}

bool read_ttl(struct request *request, const cJSON *object, const char *path, int64_t *ttl,
              struct response *wrong) {
    const int64_t *settings = request->settings.numbers;
    const cJSON *item = json_member(object, "ttl");
    *ttl = settings[OFFER_DEFAULT_TTL];
    if (item == NULL) {
        return true;
    }
    if (!cJSON_IsNumber(item)) {
        return fail_field(request, path, "ttl", "a number of milliseconds", wrong);
    }
    *ttl = item->valuedouble <= (double)settings[OFFER_MIN_TTL]   ? settings[OFFER_MIN_TTL]
           : item->valuedouble >= (double)settings[OFFER_MAX_TTL] ? settings[OFFER_MAX_TTL]
                                                                  : (int64_t)item->valuedouble;
    return true;
}

bool read_offers(struct request *request, const cJSON *body, const cJSON **items,
                 struct offer **offers, size_t *count, struct response *wrong) {
    int64_t max = request->settings.numbers[MAX_OFFERS_PER_REQUEST];
    *items = json_member(body, "offers");
    *count = cJSON_IsArray(*items) ? (size_t)cJSON_GetArraySize(*items) : 0;
    if (*count == 0 || *count > (size_t)max) {
        const char *rule = arena_format(request->arena, "an array of 1 to %d offers", max).at;
        return fail_field(request, "", "offers", rule, wrong);
    }
    *offers = arena_array(request->arena, *count, sizeof **offers);
    struct offer *offer = *offers;
    const cJSON *item;
    cJSON_ArrayForEach(item, *items) {
        const char *path =
            arena_format(request->arena, "offers[%d]", (int64_t)(offer - *offers)).at;
        if (!cJSON_IsObject(item)) {
            return fail_field(request, path, "", "an object", wrong);
        }
        const char *inside = arena_format(request->arena, "%s.", path).at;
        if (!read_sdp(request, item, inside, &offer->sdp, wrong)) {
            return false;
        }
        offer++;
    }
    return true;
}

bool may_publish(struct request *request, size_t count, size_t replaced, struct response *wrong) {
    *wrong = fail(409, TEXT("Too many open offers"));
    return offers_count(request, request->peer) + (int64_t)count - (int64_t)replaced <=
           request->settings.numbers[MAX_OFFERS_PER_PEER];
}
