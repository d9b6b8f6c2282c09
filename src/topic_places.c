/* Topic places. */
#include "topic_places.h"

#include "check.h"
#include "json.h"
#include "keys.h"
#include "offer_lists.h"
#include "spread.h"

#include <stdlib.h>
#include <string.h>

enum {
    GROUPS_MAX = 64,  /* topics that are counted at a time */
    OFFERS_PAGES = 8, /* of the topics' lists that are looked at, where they are walked */
    WIDE_PAGES = 4,   /* of the wide lists that are looked at */
    WIDE_MAX = 25000, /* topics in their entries, likewise */

    /* Facts in a shard's page: the first of all shards, which are held at once, are 16,000; the
     * next ones are each twice as large, for some time. Where names are so long that the arena
     * fills up, the others' pages are small. */
    SHARD_PAGE = 500,
    SHARD_PAGE_LAST = 4000,
    SHARD_PAGE_SMALL = 16,
    SHARD_FACTS = 12000,     /* that may be read */
    SHARD_FACTS_LEFT = 4500, /* of them, once it has been read far */
};

/* Of a store that is not sharded. */
enum { SESSIONS, OFFERS, WIDE, LISTS };

/* -- Items --------------------------------------------------------------------- */

/* Up to the space that ends the name. */
static struct text order_of(struct text key, size_t prefix) {
    struct text name = text_from(key, prefix);
    return text_cut(&name, ' ');
}

static void add_session(struct item *item, const struct fact *facts, size_t count) {
    struct text peer = facts[0].value;
    item->name = text_cut(&peer, '\n');
    item->count = item->name.len > 0 && count == 1;
    item->peers = !text_hex(peer, &item->peer); /* no info: a peer of its own */
}

static uint64_t hash_of(struct text peer) {
    uint64_t hash;
    CHECK(text_hex((struct text){peer.at, 16}, &hash));
    return hash;
}

static bool is_entry(const struct fact *fact) {
    return fact->value.len > 0 && fact->value.at[0] >= '0' && fact->value.at[0] <= '9';
}

static void add_offers(struct request *request, struct item *item, struct fact *facts,
                       size_t count) {
    struct offer_list list = offer_list_of(facts, count);
    while (is_entry(&facts[0]) && offer_list_next(request, &list)) {
        item->name = list.listed.label;
        item->peer = hash_of(list.listed.peer);
        item->count++;
    }
}

/* The item of an entry with its marks; it goes again where it counts nothing. */
static void add_item(struct request *request, struct place *place, struct fact *facts,
                     size_t count) {
    struct item *item = &place->items[place->count];
    item->order = order_of(facts[0].key, place->prefix.len);
    item->key = facts[count - 1].key;
    if (place->offers) {
        add_offers(request, item, facts, count);
    } else {
        add_session(item, facts, count);
    }
    place->count += item->count > 0;
    if (item->count == 0) {
        *item = (struct item){0};
    }
}

/* -- One list ------------------------------------------------------------------ */

/* Entries of lists are followed by their marks. */
static size_t end_of_entry(const struct page *page, size_t i) {
    struct text entry = page->facts[i].key;
    size_t end = i + 1;
    while (end < page->count && is_mark_of(entry, page->facts[end].key)) {
        end++;
    }
    return end;
}

static struct page read_page(struct request *request, struct place *place, size_t size) {
    struct text after = {place->after, place->after_len};
    struct page page = storage_list(request, place->prefix, after, size);
    place->items = arena_array(request->arena, page.count, sizeof place->items[0]);
    place->end = page.last;
    place->more = page.more;
    return page;
}

/* Reads a page of entries, each with its marks: the last one is left to the next page where its
 * marks may be there. */
static void load_entries(struct request *request, struct place *place) {
    struct page page = read_page(request, place, STORAGE_PAGE_MAX);
    for (size_t i = 0, end; i < page.count; i = end) {
        end = end_of_entry(&page, i);
        if (page.more && end == page.count && i > 0) {
            place->end = page.facts[i - 1].key;
            return;
        }
        add_item(request, place, &page.facts[i], end - i);
    }
}

/* Asks for the first entry of each topic, and counts the rest of it. */
static void load_groups(struct request *request, struct place *place) {
    struct text after = {place->after, place->after_len};
    place->items = arena_array(request->arena, GROUPS_MAX, sizeof place->items[0]);
    place->more = true;
    while (place->count < GROUPS_MAX) {
        struct page page = storage_list(request, place->prefix, after, 1);
        place->more = page.count > 0 || page.more;
        if (!place->more) {
            return;
        }
        after = page.last;
        if (page.count == 0) { /* what expired is passed over */
            continue;
        }
        struct item *item = &place->items[place->count++];
        item->order = order_of(page.facts[0].key, place->prefix.len);
        struct text group = {page.facts[0].key.at, place->prefix.len + item->order.len + 1};
        struct text value = page.facts[0].value;
        text_cut(&value, '\n');
        item->name = text_cut(&value, '\n');
        item->count = storage_count(request, group);
        item->peers = storage_count_groups(request, group);
        /* '~' sorts after the digits that follow the space. */
        item->key = after = arena_format(request->arena, "%t~", &group);
    }
    place->end = after;
}

static int compare_items(const void *a, const void *b) {
    const struct item *left = a;
    const struct item *right = b;
    return text_compare(left->order, right->order);
}

/* What keys of that topic hold of its name behind the start. */
static struct text order_of_topic(struct request *request, struct text topic, size_t start) {
    size_t mark = request->arena->used;
    struct text name;
    CHECK(json_unquote(topic, &name));
    struct text key = key_offers_topic(request, name);
    return arena_keep(request->arena, mark, order_of(key, start));
}

/* What the wide lists hold, all of it at once: up to so many items, and pages. */
static void load_wide(struct request *request, struct place *place) {
    struct offer_list list =
        offer_list_begin(key_offers_wide(request, NO_TEXT), TEXT(""), STORAGE_PAGE_MAX, NO_TEXT);
    list.pages = WIDE_PAGES;
    struct text label = NO_TEXT;
    while (offer_list_next(request, &list)) {
        const struct listed *listed = &list.listed;
        if (!text_starts(listed->label, place->start)) {
            continue;
        }
        bool same = listed->label.at == label.at; /* of the same entry, then */
        label = listed->label;
        if (place->items == NULL) {
            place->items = arena_array(request->arena, WIDE_MAX, sizeof place->items[0]);
        }
        if (place->count == WIDE_MAX || request->arena->used > request->arena->limit / 2) {
            break;
        }
        if (!same) {
            place->items[place->count++] =
                (struct item){.order = order_of_topic(request, label, place->prefix.len),
                              .name = label,
                              .peer = hash_of(listed->peer)};
        }
        place->items[place->count - 1].count++;
    }
    if (place->count > 0) {
        qsort(place->items, place->count, sizeof place->items[0], compare_items);
    }
}

/* -- A shard of many ----------------------------------------------------------- */

struct text place_pass(struct request *request, struct place *place, const struct item *item) {
    struct text group = {item->key.at, place->prefix.len + item->order.len + 1};
    place->end = arena_format(request->arena, "%t~", &group);
    return group;
}

/* The last topic of the page goes on behind it, perhaps: it is counted instead. */
static void count_last(struct request *request, struct place *place) {
    size_t first = place->count - 1;
    while (first > 0 && text_equal(place->items[first - 1].order, place->items[first].order)) {
        first--;
    }
    struct item *item = &place->items[first];
    struct text group = place_pass(request, place, item);
    item->count = storage_count(request, group);
    item->peers = storage_count_groups(request, group);
    place->count = first + 1;
}

/* Pages of one place are the same calls until all of a page has been taken, so that they take no
 * round trip again. */
static void load_shard(struct request *request, struct place *place) {
    if (place->next == 0 && request->arena->used > request->arena->limit / 2) {
        place->size = SHARD_PAGE_SMALL;
    }
    struct page page = read_page(request, place, place->size);
    for (size_t i = 0; i < page.count; i++) {
        add_item(request, place, &page.facts[i], 1);
    }
    if (page.more && place->offers && place->count > 0) {
        count_last(request, place);
    }
}

bool place_is_cut(const struct place *place) {
    return place->size > 0 && place->more && place->count > 0 && place->next == place->count;
}

bool place_is_long(const struct place *place) {
    return place->left <= SHARD_FACTS_LEFT;
}

static size_t next_size(const struct place *place) {
    size_t twice = place->size * 2;
    return place_is_long(place) || place->size < SHARD_PAGE ? SHARD_PAGE
           : twice < SHARD_PAGE_LAST                        ? twice
                                                            : SHARD_PAGE_LAST;
}

/* -- All of them --------------------------------------------------------------- */

void place_load(struct request *request, struct place *place) {
    if (place->load != NULL && place->more) {
        place->count = 0;
        place->more = false;
        place->load(request, place);
    }
}

static void go_on_behind(struct place *place, struct text key) {
    memmove(place->after, key.at, key.len);
    place->after_len = key.len;
    place->next = 0;
}

static void leave_whole(struct place *place) {
    if (place->end.at != NULL) {
        go_on_behind(place, place->end);
    }
    place->count = place->next = 0;
    place->left -= place->size > 0 ? (int)place->size : 1;
    place->more = place->more && place->left > 0;
    place->size = place->size > 0 ? next_size(place) : 0;
}

/* A shard's page is loaded again, and gone on in. */
static void leave_within(struct place *place) {
    if (place->size == 0 && place->next > 0) {
        go_on_behind(place, place->items[place->next - 1].key);
    }
    place->more = true;
}

void place_expect(struct request *request, const struct place *place) {
    if (place->size == 0 || !place->more) {
        return;
    }
    struct place next = *place;
    leave_whole(&next);
    if (next.more) {
        struct text after = {next.after, next.after_len};
        storage_expect_after(request, next.prefix, after, next.size);
    }
}

void place_leave(struct place *place) {
    if (place->load == NULL) {
        return;
    }
    if (place->next == place->count) {
        leave_whole(place);
    } else {
        leave_within(place);
    }
    place->end = NO_TEXT;
}

static struct place sessions_place(struct text prefix, size_t size) {
    return (struct place){.prefix = prefix,
                          .load = size > 0 ? load_shard : load_entries,
                          .more = true,
                          .left = size > 0 ? SHARD_FACTS : INT32_MAX,
                          .size = size};
}

static struct place offers_place(struct text prefix, size_t size, bool atomic) {
    struct place place = sessions_place(prefix, size);
    place.offers = true;
    if (size == 0) {
        place.load = atomic ? load_groups : load_entries;
        place.left = atomic ? INT32_MAX : OFFERS_PAGES;
    }
    return place;
}

/* topics/<digit>/offers/<name> <peer> <batch> */
static struct text offers_prefix(struct request *request, int shard, struct text start) {
    struct text name = key_name_start(request, start);
    return arena_format(request->arena, "topics/%x/offers/%t", 1, (uint64_t)shard, &name);
}

static void begin_shards(struct request *request, struct text start, struct place *places) {
    for (int i = 0; i < SPREAD_SHARDS; i++) {
        places[i] = sessions_place(key_directory_shard(request, i, start), SHARD_PAGE);
        places[SPREAD_SHARDS + i] =
            offers_place(offers_prefix(request, i, start), SHARD_PAGE, true);
    }
}

static void begin_lists(struct request *request, struct text start, struct place *places) {
    places[SESSIONS] = sessions_place(key_directory(request, start), 0);
    places[OFFERS] = offers_place(key_offers(request, start), 0, storage_atomic(request));
}

struct place *places_begin(struct request *request, struct text start, struct text start_json,
                           size_t *count) {
    bool sharded = storage_sharded(request);
    *count = sharded ? 2 * SPREAD_SHARDS : LISTS;
    struct place *places = arena_array(request->arena, *count, sizeof places[0]);
    if (sharded) {
        begin_shards(request, start, places);
    } else {
        begin_lists(request, start, places);
    }
    for (size_t i = 0; i < *count; i++) {
        if (places[i].load != NULL) {
            size_t size = sharded ? places[i].size : STORAGE_PAGE_MAX;
            storage_expect(request, places[i].prefix, size);
        }
    }
    if (!storage_atomic(request)) {
        places[WIDE].prefix = places[OFFERS].prefix;
        places[WIDE].start = start_json;
        load_wide(request, &places[WIDE]);
    }
    return places;
}
