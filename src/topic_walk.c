/* Topic walk: a merge of the places that know topics, each of which is in key order.
 *
 *     sessions    the directory of the origin, an entry for each
 *     offers      the lists of topics: counted topic by topic where the store is atomic, else
 *                 walked like the directory
 *     wide        what requests with many topics left, where the store is eventual; read at once,
 *                 and put in order
 *
 * A page of each place is read, and what is in all of them by then is merged. Of the pages only the
 * names are kept that are still needed; what else they held is given back before the next ones are
 * read. */
#include "topic_walk.h"

#include "answer.h"
#include "check.h"
#include "keys.h"
#include "offer_lists.h"

#include <stdlib.h>
#include <string.h>

enum {
    PEERS_MAX = 10000, /* distinct peers counted in one topic */
    KEYS_HOLD = 130,   /* bytes of a name that keys hold, whatever it is */
    HELD_MAX = 100,    /* names put in order that share more than keys hold */
    GROUPS_MAX = 64,   /* topics that are counted at a time */
    OFFERS_PAGES = 8,  /* of the topics' lists that are looked at, where they are walked */
    WIDE_PAGES = 4,    /* of the wide lists that are looked at */
    WIDE_MAX = 25000,  /* topics in their entries, likewise */
};

/* What a place knows of a topic: an entry of a list, or all of it. */
struct item {
    struct text order; /* of the key: what holds the name */
    struct text name;  /* as JSON */
    int64_t count;
    int64_t peers; /* that nobody else has; else `peer` */
    uint64_t peer;
    struct text key; /* the place goes on behind it */
};

struct place {
    struct text prefix;
    void (*load)(struct request *request, struct place *place);
    struct item *items;
    size_t count, next;
    struct text end; /* key that the items come to */
    bool more;       /* the place goes on there */
    int pages;       /* that may be read: others' offers are not to make this fail */
    char after[STORAGE_KEY_MAX];
    size_t after_len;
};

enum { SESSIONS, OFFERS, WIDE, PLACES };

struct walk {
    struct request *request;
    struct place places[PLACES];
    struct text start; /* what a name must start with, as JSON without its closing quote */
    struct text offers_prefix;
    int64_t offset;
    int64_t limit;
    int64_t enough; /* topics, to know what follows the page and what is said of their number */

    int64_t total; /* topics seen before `open` */
    struct topic *kept;
    int64_t kept_count;
    size_t kept_end;             /* of the arena, behind the kept names */
    size_t kept_bytes;           /* of the answer */
    bool full;                   /* a topic did not fit into the answer any more */
    struct topic held[HELD_MAX]; /* seen, sorted, and not passed yet: see hold() */
    size_t held_count;
    struct topic open; /* the one being counted; no name where there is none */
    uint64_t *peers;   /* of the open topic, hashes */
    size_t peers_count;

    bool countable;      /* offers need not be walked to be counted */
    bool counting;       /* the page is full, and the other topics of offers are only counted */
    int64_t offers_seen; /* topics of offers that were taken */
};

/* -- Places -------------------------------------------------------------------- */

/* Up to the space that ends the name. */
static struct text order_of(struct text key, size_t prefix) {
    struct text name = text_from(key, prefix);
    return text_cut(&name, ' ');
}

/* Entries of lists are followed by their marks. */
static size_t end_of_entry(const struct page *page, size_t i) {
    struct text entry = page->facts[i].key;
    size_t end = i + 1;
    while (end < page->count && is_mark_of(entry, page->facts[end].key)) {
        end++;
    }
    return end;
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

/* Reads a page of entries, each with its marks: the last one is left to the next page where its
 * marks may be there. */
static void load_entries(struct request *request, struct place *place, bool offers) {
    struct text after = {place->after, place->after_len};
    struct page page = storage_list(request, place->prefix, after, STORAGE_PAGE_MAX);
    place->items = arena_array(request->arena, page.count, sizeof place->items[0]);
    place->end = page.last;
    place->more = page.more;
    for (size_t i = 0, end; i < page.count; i = end) {
        end = end_of_entry(&page, i);
        if (page.more && end == page.count && i > 0) {
            place->end = page.facts[i - 1].key;
            return;
        }
        struct item *item = &place->items[place->count];
        item->order = order_of(page.facts[i].key, place->prefix.len);
        item->key = page.facts[end - 1].key;
        if (offers) {
            add_offers(request, item, &page.facts[i], end - i);
        } else {
            add_session(item, &page.facts[i], end - i);
        }
        place->count += item->count > 0;
        if (item->count == 0) {
            *item = (struct item){0};
        }
    }
}

static void load_sessions(struct request *request, struct place *place) {
    load_entries(request, place, false);
}

static void load_offers(struct request *request, struct place *place) {
    load_entries(request, place, true);
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

/* What keys of that topic hold of its name. */
static struct text order_of_topic(const struct walk *walk, struct text topic) {
    struct arena *arena = walk->request->arena;
    size_t mark = arena->used;
    struct text name;
    CHECK(json_unquote(topic, &name));
    struct text key = key_offers_topic(walk->request, name);
    return arena_keep(arena, mark, order_of(key, walk->offers_prefix.len));
}

/* What the wide lists hold, all of it at once: up to so many items, and pages. */
static void load_wide(struct walk *walk, struct place *place) {
    struct request *request = walk->request;
    struct offer_list list =
        offer_list_begin(key_offers_wide(request, NO_TEXT), TEXT(""), STORAGE_PAGE_MAX, NO_TEXT);
    list.pages = WIDE_PAGES;
    struct text label = NO_TEXT;
    while (offer_list_next(request, &list)) {
        const struct listed *listed = &list.listed;
        if (!text_starts(listed->label, walk->start)) {
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
            place->items[place->count++] = (struct item){
                .order = order_of_topic(walk, label), .name = label, .peer = hash_of(listed->peer)};
        }
        place->items[place->count - 1].count++;
    }
    if (place->count > 0) {
        qsort(place->items, place->count, sizeof place->items[0], compare_items);
    }
}

/* Begins where the place was left. */
static void load(struct request *request, struct place *place) {
    if (place->load != NULL && place->more) {
        place->count = place->next = 0;
        place->more = false;
        place->load(request, place);
    }
}

/* Notes how far a place has been read: what is in memory goes. */
static void leave(struct place *place) {
    if (place->load == NULL) {
        return;
    }
    bool whole = place->next == place->count;
    struct text key = whole ? place->end : NO_TEXT;
    if (!whole && place->next > 0) {
        key = place->items[place->next - 1].key;
    }
    if (key.at != NULL) {
        memcpy(place->after, key.at, key.len);
        place->after_len = key.len;
    }
    place->more = whole ? place->more && --place->pages > 0 : true;
    place->count = place->next = 0;
}

/* -- Topics that have been counted --------------------------------------------- */

static int compare_hashes(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void keep(struct walk *walk, const struct topic *topic) {
    enum { FIELD_NAMES = 96 };
    size_t bytes = FIELD_NAMES + topic->name.len;
    walk->full = walk->full || walk->kept_bytes + bytes > ANSWER_MAX;
    if (!walk->full) {
        walk->kept[walk->kept_count++] = *topic;
        walk->kept_bytes += bytes;
    }
}

/* Whether it is among the topics of offers that are counted without being read. */
static bool counted_with_offers(struct walk *walk, const struct topic *topic) {
    struct text name;
    return topic->late && json_unquote(topic->name, &name) &&
           storage_count(walk->request, key_offers_topic(walk->request, name)) > 0;
}

static void pass(struct walk *walk, const struct topic *topic) {
    if (counted_with_offers(walk, topic)) {
        return;
    }
    if (walk->total >= walk->offset && walk->kept_count < walk->limit) {
        keep(walk, topic);
    }
    walk->total++;
}

static void pass_held(struct walk *walk) {
    for (size_t i = 0; i < walk->held_count; i++) {
        pass(walk, &walk->held[i]);
    }
    walk->held_count = 0;
}

static int compare_names(struct arena *arena, const struct topic *a, const struct topic *b) {
    size_t mark = arena->used;
    struct text left, right;
    CHECK(json_unquote(a->name, &left) && json_unquote(b->name, &right));
    int order = text_compare(left, right);
    arena_rewind(arena, mark);
    return order;
}

/* Names that keys may not hold whole come in any order where they share what keys do hold. They are
 * held back, and put in order, until another start comes. */
static void hold(struct walk *walk, const struct topic *topic) {
    struct arena *arena = walk->request->arena;
    struct text start = {topic->name.at, KEYS_HOLD};
    if (walk->held_count == HELD_MAX ||
        (walk->held_count > 0 && !text_starts(walk->held[0].name, start))) {
        pass_held(walk);
    }
    size_t at = walk->held_count;
    int order = 1;
    while (at > 0 && (order = compare_names(arena, topic, &walk->held[at - 1])) < 0) {
        at--;
    }
    if (at > 0 && order == 0) { /* of another place */
        walk->held[at - 1].count += topic->count;
        walk->held[at - 1].peers += topic->peers;
        return;
    }
    for (size_t i = walk->held_count++; i > at; i--) {
        walk->held[i] = walk->held[i - 1];
    }
    walk->held[at] = *topic;
}

/* Once the page is full, topics of offers are only counted where that can be done. */
static void begin_counting(struct walk *walk) {
    struct place *offers = &walk->places[OFFERS];
    bool enough = walk->full || walk->kept_count == walk->limit;
    if (enough && walk->countable && !walk->counting) {
        walk->counting = true;
        offers->next = offers->count;
        offers->more = false;
    }
}

static void close_topic(struct walk *walk) {
    struct topic *topic = &walk->open;
    if (topic->name.at == NULL) {
        return;
    }
    qsort(walk->peers, walk->peers_count, sizeof walk->peers[0], compare_hashes);
    for (size_t i = 0; i < walk->peers_count; i++) {
        topic->peers += i == 0 || walk->peers[i] != walk->peers[i - 1];
    }
    if (topic->name.len > KEYS_HOLD) {
        hold(walk, topic);
    } else {
        pass_held(walk);
        pass(walk, topic);
    }
    *topic = (struct topic){0};
    walk->peers_count = 0;
    begin_counting(walk);
}

/* Names that are to be kept beyond the pages that they are in. */
static void copy_names(struct walk *walk, int64_t kept_before) {
    struct arena *arena = walk->request->arena;
    for (int64_t i = kept_before; i < walk->kept_count; i++) {
        walk->kept[i].name = arena_copy(arena, walk->kept[i].name);
    }
    walk->kept_end = arena->used;
    for (size_t i = 0; i < walk->held_count; i++) {
        walk->held[i].name = arena_copy(arena, walk->held[i].name);
    }
    if (walk->open.name.at != NULL) {
        walk->open.name = arena_copy(arena, walk->open.name);
    }
}

/* Gives back the memory since the last kept name, but for the names that are still needed: they are
 * copied up first, one after the other, and then down, so that none is written over before it has
 * moved. */
static void keep_names(struct walk *walk, int64_t kept_before) {
    size_t mark = walk->kept_end;
    copy_names(walk, kept_before);
    arena_rewind(walk->request->arena, mark);
    copy_names(walk, kept_before);
}

/* -- The merge ----------------------------------------------------------------- */

static void take(struct walk *walk, const struct item *item) {
    if (!text_starts(item->name, walk->start)) {
        return;
    }
    if (!text_equal(item->name, walk->open.name)) {
        close_topic(walk);
        walk->open.name = item->name;
        walk->open.late = walk->counting;
    }
    walk->open.count += item->count;
    walk->open.peers += item->peers;
    if (item->peers == 0 && walk->peers_count < PEERS_MAX) {
        walk->peers[walk->peers_count++] = item->peer;
    }
}

/* The place whose item comes next; NULL where one has to be read on first, or all are through. */
static struct place *first_place(struct walk *walk) {
    struct place *first = NULL;
    for (int i = 0; i < PLACES; i++) {
        struct place *place = &walk->places[i];
        if (place->next == place->count) {
            if (place->more) {
                return NULL;
            }
        } else if (first == NULL ||
                   compare_items(&place->items[place->next], &first->items[first->next]) < 0) {
            first = place;
        }
    }
    return first;
}

static void merge(struct walk *walk) {
    struct place *place;
    while (walk->total < walk->enough && (place = first_place(walk)) != NULL) {
        bool offers = place == &walk->places[OFFERS];
        take(walk, &place->items[place->next]);
        if (offers && walk->counting) {
            continue; /* this one began the counting, and is counted there */
        }
        walk->offers_seen += offers;
        place->next++;
    }
}

static bool goes_on(const struct walk *walk) {
    bool more = false;
    for (int i = 0; i < PLACES; i++) {
        more = more || walk->places[i].more;
    }
    return more && walk->total < walk->enough;
}

static void run(struct walk *walk) {
    walk->kept_end = walk->request->arena->used;
    while (goes_on(walk)) {
        int64_t kept_before = walk->kept_count;
        for (int i = 0; i < PLACES; i++) {
            load(walk->request, &walk->places[i]);
        }
        merge(walk);
        for (int i = 0; i < PLACES; i++) {
            leave(&walk->places[i]);
        }
        keep_names(walk, kept_before);
    }
    close_topic(walk);
    pass_held(walk);
}

struct topics topics_find(struct request *request, struct text start, int64_t offset,
                          int64_t limit) {
    bool atomic = storage_atomic(request);
    struct text quoted = json_quote(start);
    struct walk walk = {
        .request = request,
        .start = {quoted.at, quoted.len - 1},
        .offers_prefix = key_offers(request, start),
        .offset = offset,
        .limit = limit,
        .enough = offset + limit < TOPICS_TOTAL_MAX ? TOPICS_TOTAL_MAX : offset + limit + 1,
        .kept = arena_array(request->arena, (size_t)limit, sizeof walk.kept[0]),
        .peers = arena_array(request->arena, PEERS_MAX, sizeof walk.peers[0]),
        .countable = atomic && start.len <= KEYS_HOLD,
    };
    walk.places[SESSIONS] = (struct place){.prefix = key_directory(request, start),
                                           .load = load_sessions,
                                           .more = true,
                                           .pages = INT32_MAX};
    walk.places[OFFERS] = (struct place){.prefix = walk.offers_prefix,
                                         .load = atomic ? load_groups : load_offers,
                                         .more = true,
                                         .pages = atomic ? INT32_MAX : OFFERS_PAGES};
    storage_expect(request, walk.places[SESSIONS].prefix, STORAGE_PAGE_MAX);
    storage_expect(request, walk.offers_prefix, STORAGE_PAGE_MAX);
    int64_t groups = walk.countable ? storage_count_groups(request, walk.offers_prefix) : 0;
    if (!atomic) {
        load_wide(&walk, &walk.places[WIDE]);
    }
    run(&walk);
    return (struct topics){walk.kept, walk.kept_count,
                           walk.total + (walk.counting ? groups - walk.offers_seen : 0)};
}
