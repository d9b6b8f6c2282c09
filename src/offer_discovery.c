/* Discovery: the open offers under a topic, but for those of peers that the caller has seen. */
#include "answer.h"
#include "bloom.h"
#include "handlers.h"
#include "keys.h"
#include "offer_index.h"
#include "offer_pages.h"
#include "offer_spread.h"

enum {
    TOPIC_MAX = 256,   /* characters */
    TOTAL_MAX = 10000, /* `total` stops counting here */
    PAGE_FALLBACK = 50,
    PASSED_MAX = 2000,   /* offers that one request passes over for the bloom filter */
    NARROW_PAGES = 8,    /* of a topic\'s list that are looked at, where it is walked to count it */
    WIDE_PAGES = 4,      /* of a wide list that are looked at */
    FILTERED_PAGE = 500, /* facts read at a time of another shard where most may be passed over */
};

/* What is asked for, and what has been found of it. */
struct search {
    struct text topic; /* as JSON */
    struct text bloom; /* absent: none */
    struct text after;
    int64_t limit;
    struct wanted wanted[OFFER_PAGE_MAX];
    struct text positions[OFFER_PAGE_MAX];
    size_t count;
    int64_t passed;
    int64_t total;
    struct text last; /* the offer that was looked at last */
    bool more;        /* there are offers behind it that were not looked at */
};

static bool read_bloom(struct request *request, struct text *bits, struct response *wrong) {
    struct text coded;
    bool given = query_has(request, "bloom");
    *bits = NO_TEXT;
    *wrong = fail(400, TEXT("Invalid bloom filter format"));
    if (!query_text(request, "bloom", &coded)) {
        return false;
    }
    if (coded.at == NULL) {
        return !given;
    }
    if (!bloom_read(request->arena, coded, bits)) {
        return false;
    }
    *wrong = fail(400, TEXT("bloom must be base64 of 8192 bytes at most"));
    return bits->len <= BLOOM_BYTES_MAX;
}

/* Where an offer stands in the order that they are looked at: the topic's own list goes by peer,
 * the wide one behind it by publication. */
static struct text position(struct request *request, const struct listed *listed, bool wide) {
    const struct text *first = wide ? &listed->publication : &listed->peer;
    const struct text *second = wide ? &listed->peer : &listed->publication;
    return arena_format(request->arena, "%s%t%t%x", wide ? "01" : "00", first, second, INDEX_LEN,
                        (uint64_t)listed->index);
}

/* `copy`: where what it says may be read besides its peer's shard, or absent. */
static void look_at(struct request *request, struct search *search, const struct listed *listed,
                    bool wide, struct text copy) {
    struct text at = position(request, listed, wide);
    if (search->more || (search->after.at != NULL && text_compare(at, search->after) <= 0)) {
        return;
    }
    bool seen = search->bloom.at != NULL && bloom_may_have(search->bloom, listed->peer);
    search->more = seen ? search->passed == PASSED_MAX : (int64_t)search->count == search->limit;
    if (search->more) {
        return;
    }
    search->last = at;
    if (seen) {
        search->passed++;
    } else {
        search->positions[search->count] = at;
        search->wanted[search->count] = wanted_of(request, listed);
        search->wanted[search->count++].copy = copy;
    }
}

/* Goes through a list, to its end where that is the only way to count it. */
static void walk(struct request *request, struct search *search, struct offer_list *list,
                 bool wide) {
    bool counts = !storage_atomic(request);
    while ((counts ? search->total < TOTAL_MAX || !search->more : !search->more) &&
           offer_list_next(request, list)) {
        if (text_equal(list->listed.label, search->topic)) {
            search->total += counts;
            look_at(request, search, &list->listed, wide, NO_TEXT);
        }
    }
}

/* The key of the entry that the search goes on behind. */
static struct text start_of(struct request *request, const struct search *search,
                            struct text prefix) {
    if (search->after.at == NULL || !storage_atomic(request)) {
        return TEXT("");
    }
    struct text ref = text_from(search->after, 2);
    struct text peer = ref_peer(ref);
    struct text slot = ref_slot(ref);
    return arena_format(request->arena, "%t%t %t", &prefix, &peer, &slot);
}

/* Where shards are places of their own. What is counted elsewhere is asked for before the walk may
 * leave the run. */
static void run_sharded(struct request *request, struct search *search) {
    size_t page = (size_t)search->limit + 2;
    struct text after = search->after.at == NULL ? NO_TEXT : text_from(search->after, 2);
    struct offer_spread spread =
        offer_spread_begin(request, request->parameters[0], after, page,
                           search->bloom.at == NULL ? page : FILTERED_PAGE);
    search->total = offer_spread_count(request, &spread);
    while (!search->more && offer_spread_next(request, &spread)) {
        if (text_equal(spread.listed.label, search->topic)) {
            struct text ref = listed_ref(request, &spread.listed);
            look_at(request, search, &spread.listed, false,
                    offer_index_copy(request, spread.digit, ref));
        }
    }
}

static void run(struct request *request, struct search *search) {
    struct text name = request->parameters[0];
    struct text prefix = key_offers_topic(request, name);
    bool atomic = storage_atomic(request);
    storage_expect(request, key_offers_wide(request, name), STORAGE_PAGE_MAX);
    struct offer_list narrow =
        offer_list_begin(prefix, start_of(request, search, prefix),
                         atomic ? (size_t)search->limit + 2 : STORAGE_PAGE_MAX, NO_TEXT);
    narrow.pages = atomic ? SIZE_MAX : NARROW_PAGES;
    walk(request, search, &narrow, false);
    if (atomic) {
        search->total = storage_count(request, prefix);
        return;
    }
    struct offer_list wide =
        offer_list_begin(key_offers_wide(request, name), TEXT(""), STORAGE_PAGE_MAX, NO_TEXT);
    wide.pages = WIDE_PAGES;
    walk(request, search, &wide, true);
}

struct response get_offers_by_topic(struct request *request) {
    struct text topic = request->parameters[0];
    if (topic.len == 0 || text_characters(topic) > TOPIC_MAX) {
        return fail(400, TEXT("topic must be a text of 1 to 256 characters"));
    }
    struct search search = {.topic = json_quote(topic)};
    struct response wrong;
    if (!read_limit(request, OFFER_PAGE_MAX, PAGE_FALLBACK, &search.limit, &wrong) ||
        !read_bloom(request, &search.bloom, &wrong) ||
        !read_after(request, 2 + REF_LEN, &search.after, &wrong)) {
        return wrong;
    }
    if (storage_sharded(request)) {
        run_sharded(request, &search);
    } else {
        run(request, &search);
    }
    cJSON *answer = json_object();
    json_add_text(answer, "topic", topic);
    cJSON *offers = json_add_array(answer, "offers");
    size_t shown = show_offers(request, offers, search.wanted, search.count, show_open_offer, NULL);
    json_add_number(answer, "total", search.total < TOTAL_MAX ? search.total : TOTAL_MAX);
    json_add_number(answer, "returned", cJSON_GetArraySize(offers));
    if (shown < search.count) {
        json_add_text(answer, "next", search.positions[shown - 1]);
    } else if (search.more) {
        json_add_text(answer, "next", search.last);
    }
    return answer_json(200, answer);
}
