/* Topics: the directory of one origin, by name.
 *
 * One walk over the directory's keys, a page at a time, counts the open sessions of each topic, up
 * to TOTAL_MAX topics. Of a page of keys only the names are kept that are still needed; what else
 * it held is given back before the next one is read. */
#include "answer.h"
#include "check.h"
#include "handlers.h"
#include "keys.h"
#include "session_facts.h"

#include <stdlib.h>

enum {
    TOTAL_MAX = 10000, /* topics; `total` stops counting here */
    PEERS_MAX = 10000, /* distinct peers counted in one topic */
    KEYS_HOLD = 130,   /* bytes of a name that keys hold, whatever it is */
    HELD_MAX = 100,    /* names put in order that share more than keys hold */
};

struct topic {
    struct text name; /* as JSON */
    int64_t count;
    int64_t peers;
};

struct walk {
    struct text start; /* what a name must start with, as JSON without its closing quote */
    int64_t offset;
    int64_t limit;

    int64_t total; /* topics seen before `open` */
    struct topic *kept;
    int64_t kept_count;
    size_t kept_end;             /* of the arena, behind the kept names */
    size_t kept_bytes;           /* of the answer */
    bool full;                   /* a topic did not fit into the answer any more: hasMore says so */
    struct topic held[HELD_MAX]; /* seen, sorted, and not passed yet: see hold() */
    size_t held_count;
    struct topic open; /* the one being counted; no name where there is none */
    uint64_t *peers;   /* of the open topic, hashes */
    size_t peers_count;
};

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

static void pass(struct walk *walk, const struct topic *topic) {
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

static bool sorts_before(struct arena *arena, const struct topic *a, const struct topic *b) {
    size_t mark = arena->used;
    struct text left, right;
    CHECK(json_unquote(a->name, &left) && json_unquote(b->name, &right));
    bool before = text_compare(left, right) < 0;
    arena_rewind(arena, mark);
    return before;
}

/* Names that keys may not hold whole come in any order where they share what keys do hold. They are
 * held back, and put in order, until another start comes. */
static void hold(struct arena *arena, struct walk *walk, const struct topic *topic) {
    struct text start = {topic->name.at, KEYS_HOLD};
    if (walk->held_count == HELD_MAX ||
        (walk->held_count > 0 && !text_starts(walk->held[0].name, start))) {
        pass_held(walk);
    }
    size_t at = walk->held_count++;
    for (; at > 0 && sorts_before(arena, topic, &walk->held[at - 1]); at--) {
        walk->held[at] = walk->held[at - 1];
    }
    walk->held[at] = *topic;
}

static void close_topic(struct arena *arena, struct walk *walk) {
    struct topic *topic = &walk->open;
    if (topic->name.at == NULL) {
        return;
    }
    qsort(walk->peers, walk->peers_count, sizeof walk->peers[0], compare_hashes);
    for (size_t i = 0; i < walk->peers_count; i++) {
        topic->peers += i == 0 || walk->peers[i] != walk->peers[i - 1];
    }
    if (topic->name.len > KEYS_HOLD) {
        hold(arena, walk, topic);
    } else {
        pass_held(walk);
        pass(walk, topic);
    }
    *topic = (struct topic){0};
    walk->peers_count = 0;
}

static void count_session(struct arena *arena, struct walk *walk, struct text value) {
    struct text name = text_cut(&value, '\n');
    if (!text_starts(name, walk->start)) {
        return;
    }
    if (!text_equal(name, walk->open.name)) {
        close_topic(arena, walk);
        walk->open.name = name;
    }
    walk->open.count++;
    uint64_t peer;
    if (!text_hex(value, &peer)) {
        walk->open.peers++; /* no info: a peer of its own */
    } else if (walk->peers_count < PEERS_MAX) {
        walk->peers[walk->peers_count++] = peer;
    }
}

static void copy_names(struct request *request, struct walk *walk, int64_t kept_before) {
    for (int64_t i = kept_before; i < walk->kept_count; i++) {
        walk->kept[i].name = arena_copy(request->arena, walk->kept[i].name);
    }
    walk->kept_end = request->arena->used;
    for (size_t i = 0; i < walk->held_count; i++) {
        walk->held[i].name = arena_copy(request->arena, walk->held[i].name);
    }
    if (walk->open.name.at != NULL) {
        walk->open.name = arena_copy(request->arena, walk->open.name);
    }
}

/* Gives back the memory since the last kept name, but for the names that are still needed: they are
 * copied up first, one after the other, and then down, so that none is written over before it has
 * moved. */
static void keep_names(struct request *request, struct walk *walk, int64_t kept_before) {
    size_t mark = walk->kept_end;
    copy_names(request, walk, kept_before);
    arena_rewind(request->arena, mark);
    copy_names(request, walk, kept_before);
}

static void walk_directory(struct request *request, struct walk *walk, struct text prefix) {
    struct directory directory = directory_begin(prefix);
    walk->kept_end = request->arena->used;
    while (walk->total < TOTAL_MAX && directory_next(request, &directory)) {
        int64_t kept_before = walk->kept_count;
        for (size_t i = 0; i < directory.page.count; i++) {
            if (directory_open(&directory, i)) {
                count_session(request->arena, walk, directory.page.facts[i].value);
            }
        }
        keep_names(request, walk, kept_before);
    }
    close_topic(request->arena, walk);
    pass_held(walk);
}

/* What the query asks for: pages, or (where there is `offset` or `startsWith`) offsets. */
struct range {
    int64_t offset, limit;
    struct text starts_with;
};

static const char *read_range(struct request *request, struct range *range) {
    struct text offset;
    int64_t page;
    if (!query_text(request, "offset", &offset)) {
        return "offset";
    }
    if (!query_text(request, "startsWith", &range->starts_with)) {
        return "startsWith";
    }
    bool by_offset = offset.at != NULL || range->starts_with.at != NULL;
    if (!query_number(request, "page", 1, INT32_MAX, 1, &page)) {
        return "page";
    }
    if (!query_number(request, "limit", 1, by_offset ? 200 : 1000, by_offset ? 50 : 100,
                      &range->limit)) {
        return "limit";
    }
    if (!query_number(request, "offset", 0, INT32_MAX, (page - 1) * range->limit, &range->offset)) {
        return "offset";
    }
    return NULL;
}

static void add_topics(cJSON *body, const struct walk *walk) {
    cJSON *topics = json_add_array(body, "topics");
    for (int64_t i = 0; i < walk->kept_count; i++) {
        cJSON *topic = json_push_object(topics);
        json_add_raw(topic, "topic", walk->kept[i].name);
        json_add_number(topic, "count", walk->kept[i].count);
        json_add_number(topic, "activePeers", walk->kept[i].peers);
    }
}

static struct response list_topics(struct request *request, cJSON *body) {
    struct range range;
    const char *wrong = read_range(request, &range);
    if (wrong != NULL) {
        return fail_parameter(request, wrong);
    }
    struct text start = json_quote(range.starts_with.at != NULL ? range.starts_with : TEXT(""));
    struct walk walk = {
        .start = {start.at, start.len - 1},
        .offset = range.offset,
        .limit = range.limit,
        .kept = arena_array(request->arena, (size_t)range.limit, sizeof walk.kept[0]),
        .peers = arena_array(request->arena, PEERS_MAX, sizeof walk.peers[0]),
    };
    struct text prefix = key_directory(request, range.starts_with);
    walk_directory(request, &walk, prefix);

    int64_t total = walk.total < TOTAL_MAX ? walk.total : TOTAL_MAX;
    add_topics(body, &walk);
    cJSON *pagination = json_add_object(body, "pagination");
    json_add_number(pagination, "page", range.offset / range.limit + 1);
    json_add_number(pagination, "limit", range.limit);
    json_add_number(pagination, "total", total);
    json_add_bool(pagination, "hasMore", walk.total > range.offset + walk.kept_count);
    json_add_number(body, "total", total);
    json_add_number(body, "limit", range.limit);
    json_add_number(body, "offset", range.offset);
    if (range.starts_with.at != NULL) {
        json_add_text(body, "startsWith", range.starts_with);
    }
    return answer_json(200, body);
}

struct response get_topics(struct request *request) {
    return list_topics(request, json_object());
}

static bool wants_page(struct text accept) {
    for (struct text rest = accept; rest.len >= TEXT("text/html").len; rest = text_from(rest, 1)) {
        if (text_starts(rest, TEXT("text/html"))) {
            return true;
        }
    }
    return false;
}

struct response get_root(struct request *request) {
    if (wants_page(request->headers[HEADER_ACCEPT])) {
        return (struct response){.status = 302,
                                 .headers = TEXT("Location: /demo/\nVary: Accept, Origin\n")};
    }
    cJSON *body = json_object();
    json_add_text(body, "name", TEXT("Rondevu"));
    json_add_text(body, "version", text_of(RONDEVU_VERSION));
    json_add_text(body, "description",
                  TEXT("WebRTC signalling: topics, sessions, offers, answers and candidates"));
    return list_topics(request, body);
}
