/* Offer pages. */
#include "offer_pages.h"

#include "answer.h"

bool read_limit(struct request *request, int64_t max, int64_t fallback, int64_t *limit,
                struct response *wrong) {
    *wrong = fail(
        400, arena_format(request->arena,
                          "limit must be a whole number from 1 on; more than %d is taken as %d",
                          max, max));
    return query_number(request, "limit", 1, max, fallback, limit);
}

bool read_after(struct request *request, size_t len, struct text *after, struct response *wrong) {
    *wrong = fail(400, TEXT("after must be what `next` said"));
    return query_text(request, "after", after) && (after->at == NULL || text_is_hex(*after, len));
}

size_t show_offers(struct request *request, cJSON *array, const struct wanted *wanted, size_t count,
                   show_offer show, const void *more) {
    enum { FIELD_NAMES = 512 };
    struct offer *offers = arena_array(request->arena, count, sizeof offers[0]);
    size_t read = count == 0 ? 0 : offers_read(request, wanted, count, offers);
    size_t bytes = 0;
    for (size_t i = 0; i < read; i++) {
        const struct offer *offer = &offers[i];
        if (offer->id.at == NULL) {
            continue; /* expired, or the store does not show it yet */
        }
        size_t size = FIELD_NAMES + 2 * offer->topics.len +
                      /* again in a list of all topics */ offer->secret.len + offer->info.len +
                      offer->sdp.len;
        if (bytes > 0 && bytes + size > ANSWER_MAX) {
            return i;
        }
        bytes += size;
        show(json_push_object(array), offer, i, more);
    }
    return read;
}

void show_open_offer(cJSON *item, const struct offer *offer, size_t i, const void *more) {
    (void)i;
    (void)more;
    json_add_text(item, "id", offer->id);
    json_add_text(item, "peerId", ref_peer(offer->id));
    json_add_raw(item, "sdp", offer->sdp);
    json_add_raw(item, "topics", offer->topics);
    json_add_number(item, "expiresAt", offer->expires_at);
    json_add_number(item, "lastSeen", offer->created_at);
    json_add_bool(item, "hasSecret", offer_has_secret(offer));
    if (!text_equal(offer->info, TEXT("null"))) {
        json_add_raw(item, "info", offer->info);
    }
}
