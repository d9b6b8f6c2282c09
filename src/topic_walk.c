/* Topic walk: a merge of the places that know topics.
 *
 * A page of each place is read, and what is in all of them by then is merged. Of the pages only the
 * names are kept that are still needed; what else they held is given back before the next ones are
 * read. */
#include "topic_walk.h"

#include "answer.h"
#include "check.h"
#include "keys.h"
#include "topic_places.h"

#include <stdlib.h>

enum {
    PEERS_MAX = 10000,    /* distinct peers counted in one topic */
    SESSIONS_MAX = 10000, /* that are read of one topic, where its shards could be counted */
    KEYS_HOLD = 130,      /* bytes of a name that keys hold, whatever it is */
    HELD_MAX = 100,       /* names put in order that share more than keys hold */
};

struct walk {
    struct request *request;
    struct place *places;
    size_t places_count;
    struct text start; /* what a name must start with, as JSON without its closing quote */
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
    int64_t number;    /* of the open topic, counting on */
    int64_t sessions;  /* of it, that were read */
    uint64_t *peers;   /* of it, hashes */
    size_t peers_count;

    bool countable;      /* offers need not be walked to be counted */
    bool counting;       /* the page is full, and the other topics of offers are only counted */
    int64_t offers_seen; /* topics of offers that were taken */
};

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

static bool page_is_full(const struct walk *walk) {
    return walk->full || walk->kept_count == walk->limit;
}

/* Once the page is full, topics of offers are only counted where that can be done. */
static void begin_counting(struct walk *walk) {
    if (!page_is_full(walk) || !walk->countable || walk->counting) {
        return;
    }
    walk->counting = true;
    for (size_t i = 0; i < walk->places_count; i++) {
        struct place *place = &walk->places[i];
        if (place->offers) {
            place->next = place->count;
            place->more = false;
        }
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
    walk->sessions = 0;
    walk->number++;
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

static void note_taken(struct walk *walk, struct place *place, int64_t count) {
    place->taken = place->topic == walk->number ? place->taken + count : count;
    place->topic = walk->number;
    walk->sessions += place->offers ? 0 : count;
}

static void take(struct walk *walk, struct place *place, const struct item *item) {
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
    note_taken(walk, place, item->count);
}

/* The place whose item comes next; NULL where one has to be read on first, or all are through. */
static struct place *first_place(struct walk *walk) {
    struct place *first = NULL;
    for (size_t i = 0; i < walk->places_count; i++) {
        struct place *place = &walk->places[i];
        if (place->next == place->count) {
            if (place->more) {
                return NULL;
            }
        } else if (first == NULL || text_compare(place->items[place->next].order,
                                                 first->items[first->next].order) < 0) {
            first = place;
        }
    }
    return first;
}

/* Takes an item, and those behind it that sort like it: no place has one before them. */
static void take_run(struct walk *walk, struct place *place) {
    struct text order = place->items[place->next].order;
    do {
        take(walk, place, &place->items[place->next]);
        if (place->offers && walk->counting) {
            return; /* this one began the counting, and is counted there */
        }
        walk->offers_seen += place->offers;
        place->next++;
    } while (place->next < place->count && text_equal(place->items[place->next].order, order));
}

/* What sorts like the end of a page that goes on may be taken wherever it is: a topic of many
 * shards is read on in all of them at once. */
static void take_along(struct walk *walk, const struct place *cut) {
    struct text order = cut->items[cut->count - 1].order;
    for (size_t i = 0; i < walk->places_count; i++) {
        struct place *place = &walk->places[i];
        if (place->next < place->count && text_equal(place->items[place->next].order, order)) {
            take_run(walk, place);
        }
    }
}

static void merge(struct walk *walk) {
    struct place *place, *last = NULL;
    while (walk->total < walk->enough && (place = first_place(walk)) != NULL) {
        take_run(walk, place);
        last = place;
    }
    if (last != NULL && place_is_cut(last)) {
        take_along(walk, last);
    }
}

/* Whether anything is told of the open topic but that it is there. */
static bool is_told(const struct walk *walk) {
    return walk->open.name.len > KEYS_HOLD || (walk->total >= walk->offset && !page_is_full(walk));
}

/* Of a topic with many sessions no more is read than what is told of it needs: the rest is counted
 * where it counts, and passed over. */
static void cut_short(struct walk *walk, struct place *place) {
    if (!place_is_cut(place) || place->offers || place->topic != walk->number) {
        return;
    }
    bool told = is_told(walk);
    if (told && walk->sessions < SESSIONS_MAX && !place_is_long(place)) {
        return;
    }
    struct text group = place_pass(walk->request, place, &place->items[place->count - 1]);
    walk->open.count += told ? storage_count(walk->request, group) - place->taken : 0;
}

static bool goes_on(const struct walk *walk) {
    bool more = false;
    for (size_t i = 0; i < walk->places_count; i++) {
        more = more || walk->places[i].more;
    }
    return more && walk->total < walk->enough;
}

/* Where one has to be read on, the others will have to be soon: all are asked for at once. */
static void leave_places(struct walk *walk) {
    for (size_t i = 0; i < walk->places_count; i++) {
        cut_short(walk, &walk->places[i]);
    }
    bool more = goes_on(walk);
    for (size_t i = 0; i < walk->places_count; i++) {
        if (more) {
            place_expect(walk->request, &walk->places[i]);
        }
        place_leave(&walk->places[i]);
    }
}

static void run(struct walk *walk) {
    walk->kept_end = walk->request->arena->used;
    while (goes_on(walk)) {
        int64_t kept_before = walk->kept_count;
        for (size_t i = 0; i < walk->places_count; i++) {
            place_load(walk->request, &walk->places[i]);
        }
        merge(walk);
        leave_places(walk);
        keep_names(walk, kept_before);
    }
    close_topic(walk);
    pass_held(walk);
}

struct topics topics_find(struct request *request, struct text start, int64_t offset,
                          int64_t limit) {
    struct text quoted = json_quote(start);
    struct walk walk = {
        .request = request,
        .start = {quoted.at, quoted.len - 1},
        .offset = offset,
        .limit = limit,
        .enough = offset + limit < TOPICS_TOTAL_MAX ? TOPICS_TOTAL_MAX : offset + limit + 1,
        .kept = arena_array(request->arena, (size_t)limit, sizeof walk.kept[0]),
        .peers = arena_array(request->arena, PEERS_MAX, sizeof walk.peers[0]),
        .countable = storage_atomic(request) && !storage_sharded(request) && start.len <= KEYS_HOLD,
    };
    int64_t groups = walk.countable ? storage_count_groups(request, key_offers(request, start)) : 0;
    walk.places = places_begin(request, start, walk.start, &walk.places_count);
    run(&walk);
    return (struct topics){walk.kept, walk.kept_count,
                           walk.total + (walk.counting ? groups - walk.offers_seen : 0)};
}
