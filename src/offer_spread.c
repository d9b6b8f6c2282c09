/* Offer spread. */
#include "offer_spread.h"

#include "keys.h"
#include "offer_index.h"

static int digit_of_part(const struct offer_spread *spread, int part) {
    return (spread->root + part) % TOPICS_SHARDS;
}

static struct text prefix_of(struct request *request, const struct offer_spread *spread, int part) {
    return key_topics_name(request, digit_of_part(spread, part), "offers", spread->name);
}

static struct offer_list begin(struct request *request, const struct offer_spread *spread, int part,
                               size_t page_max) {
    struct text prefix = prefix_of(request, spread, part), start = TEXT("");
    if (spread->after.at != NULL) {
        struct text peer = ref_peer(spread->after);
        struct text slot = ref_slot(spread->after);
        start = arena_format(request->arena, "%t%t %t", &prefix, &peer, &slot);
    }
    return offer_list_begin(prefix, start, page_max, NO_TEXT);
}

struct offer_spread offer_spread_begin(struct request *request, struct text name, struct text after,
                                       size_t root_page, size_t part_page) {
    struct offer_spread spread = {.name = name,
                                  .after = after,
                                  .part_page = part_page,
                                  .root = key_topics_digit(request, name)};
    bool parts = storage_count(request, offer_index_marks(request, name)) > 0;
    spread.parts = parts ? TOPICS_SHARDS - 1 : 0;
    spread.part = after.at != NULL ? offer_index_part(after) - 1 : 0;
    spread.part = spread.part < 0 ? 0 : spread.part;
    spread.in_root.list = begin(request, &spread, 0, root_page);
    return spread;
}

int64_t offer_spread_count(struct request *request, const struct offer_spread *spread) {
    int64_t count = 0;
    for (int part = 0; part <= spread->parts; part++) {
        count += storage_count(request, prefix_of(request, spread, part));
    }
    return count;
}

/* Goes on in the parts, but to none that holds nothing before what the root has next. */
static void look_into_parts(struct request *request, struct offer_spread *spread) {
    int last = spread->in_root.there ? offer_index_part(spread->in_root.list.listed.peer)
                                     : TOPICS_SHARDS - 1;
    last = last < spread->parts ? last : spread->parts;
    while (!spread->in_part.there && spread->part < last) {
        spread->part++;
        spread->in_part.list = begin(request, spread, spread->part, spread->part_page);
        spread->in_part.there = offer_list_next(request, &spread->in_part.list);
    }
}

static bool part_is_first(struct request *request, const struct offer_spread *spread) {
    if (!spread->in_root.there || !spread->in_part.there) {
        return spread->in_part.there;
    }
    return text_compare(listed_ref(request, &spread->in_part.list.listed),
                        listed_ref(request, &spread->in_root.list.listed)) < 0;
}

bool offer_spread_next(struct request *request, struct offer_spread *spread) {
    if (!spread->in_root.there) {
        spread->in_root.there = offer_list_next(request, &spread->in_root.list);
    }
    if (!spread->in_part.there && spread->part > 0) {
        spread->in_part.there = offer_list_next(request, &spread->in_part.list);
    }
    look_into_parts(request, spread);
    bool part = part_is_first(request, spread);
    if (!part && !spread->in_root.there) {
        return false;
    }
    spread->listed = part ? spread->in_part.list.listed : spread->in_root.list.listed;
    spread->digit = digit_of_part(spread, part ? spread->part : 0);
    spread->in_root.there = spread->in_root.there && part;
    spread->in_part.there = spread->in_part.there && !part;
    return true;
}
