/* Offer lists. */
#include "offer_lists.h"

#include "check.h"

#include <string.h>

/* -- Reading ------------------------------------------------------------------- */

struct offer_list offer_list_begin(struct text prefix, struct text after, size_t page_max,
                                   struct text peer) {
    return (struct offer_list){.prefix = prefix,
                               .page_max = page_max,
                               .pages = SIZE_MAX,
                               .page = {.last = after, .more = true},
                               .listed = {.peer = peer}};
}

struct offer_list offer_list_of(struct fact *facts, size_t count) {
    return (struct offer_list){.page = {.facts = facts, .count = count}};
}

/* The fact that comes next, or NULL. */
static const struct fact *peek(struct request *request, struct offer_list *list) {
    while (list->next == list->page.count && list->page.more && list->pages > 0) {
        list->pages--;
        list->page = storage_list(request, list->prefix, list->page.last, list->page_max);
        list->next = 0;
    }
    return list->next < list->page.count ? &list->page.facts[list->next] : NULL;
}

static int take_index(struct text *indexes) {
    uint64_t index;
    CHECK(indexes->len >= INDEX_LEN && text_hex((struct text){indexes->at, INDEX_LEN}, &index));
    *indexes = text_from(*indexes, INDEX_LEN);
    return (int)index;
}

static int64_t take_number(struct text *text, char end) {
    int64_t number;
    CHECK(text_number(text_cut(text, end), &number));
    return number;
}

/* The digits that end the text, taken off it with the blank before them. */
static struct text take_last(struct text *text) {
    size_t len = text->len;
    while (len > 0 && text->at[len - 1] != ' ' && text->at[len - 1] != '/') {
        len--;
    }
    struct text last = text_from(*text, len);
    text->len = len > 0 && text->at[len - 1] == ' ' ? len - 1 : 0;
    return last;
}

/* Peer and batch, which end the key: in this order in most lists, the other way round in the wide
 * ones; the batch alone in a peer's own. */
static void read_key(struct offer_list *list, struct text key) {
    list->listed.entry = key;
    struct text last = take_last(&key);
    struct text before = key.len > 0 ? take_last(&key) : NO_TEXT;
    bool batch_last = last.len != PEER_LEN;
    struct text batch = batch_last ? last : before;
    if (before.at != NULL) {
        list->listed.peer = batch_last ? before : last;
    }
    list->listed.publication = (struct text){batch.at, PUBLICATION_LEN};
}

bool is_mark_of(struct text entry, struct text key) {
    return key.len > entry.len && key.at[entry.len] == '-' && text_starts(key, entry);
}

/* A mark whose entry the store does not show yet, or not any more. */
static bool is_orphan(struct text key) {
    struct text last = take_last(&key);
    text_cut(&last, '-');
    return last.at != NULL;
}

static void read_marks(struct request *request, struct offer_list *list) {
    memset(list->out, 0, sizeof list->out);
    const struct fact *fact;
    while ((fact = peek(request, list)) != NULL && is_mark_of(list->listed.entry, fact->key)) {
        struct text indexes = text_from(fact->value, 1);
        while (indexes.len > 0) {
            list->out[take_index(&indexes)] = true;
        }
        list->next++;
    }
}

static bool next_entry(struct request *request, struct offer_list *list) {
    const struct fact *fact;
    while ((fact = peek(request, list)) != NULL && is_orphan(fact->key)) {
        list->next++;
    }
    if (fact == NULL) {
        return false;
    }
    list->next++;
    list->rest = fact->value;
    list->listed.batch_bytes = take_number(&list->rest, '\n');
    list->listed.label = NO_TEXT;
    read_key(list, fact->key);
    read_marks(request, list);
    return true;
}

static void read_line(struct request *request, struct offer_list *list) {
    struct text line = text_cut(&list->rest, '\n');
    char kind = line.at[0];
    if (kind != KIND_LOOSE && kind != KIND_APART && kind != KIND_TOPICS) {
        list->listed.label = line;
        return;
    }
    line = text_from(line, 1);
    list->listed.kind = (enum offer_kind)kind;
    list->listed.expires_at = take_number(&line, ' ');
    list->indexes = list->listed.expires_at > request->now ? line : NO_TEXT;
}

bool offer_list_next(struct request *request, struct offer_list *list) {
    for (;;) {
        while (list->indexes.len > 0) {
            list->listed.index = take_index(&list->indexes);
            if (!list->out[list->listed.index]) {
                return true;
            }
        }
        if (list->rest.len > 0) {
            read_line(request, list);
        } else if (!next_entry(request, list)) {
            return false;
        }
    }
}

struct text listed_ref(struct request *request, const struct listed *listed) {
    return offer_ref(request, listed->peer, listed->publication, listed->index);
}

/* -- Writing ------------------------------------------------------------------- */

static bool same_group(const struct member *a, const struct member *b) {
    return a->kind == b->kind && a->expires_at == b->expires_at;
}

static bool first_of_group(const struct member *members, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (same_group(&members[j], &members[i])) {
            return false;
        }
    }
    return true;
}

struct text members_text(struct request *request, const struct member *members, size_t count) {
    struct text lines = TEXT("");
    for (size_t i = 0; i < count; i++) {
        if (!first_of_group(members, i)) {
            continue;
        }
        char kind[2] = {(char)members[i].kind};
        lines = arena_format(request->arena, "%t%s%d ", &lines, kind, members[i].expires_at);
        for (size_t j = i; j < count; j++) {
            if (same_group(&members[j], &members[i])) {
                lines = arena_format(request->arena, "%t%x", &lines, INDEX_LEN,
                                     (uint64_t)members[j].index);
            }
        }
        lines = arena_format(request->arena, "%t\n", &lines);
    }
    return lines;
}

int64_t members_expire(const struct member *members, size_t count) {
    int64_t expires_at = 0;
    for (size_t i = 0; i < count; i++) {
        expires_at = members[i].expires_at > expires_at ? members[i].expires_at : expires_at;
    }
    return expires_at;
}

void offer_list_put(struct request *request, struct text entry, int64_t batch_bytes,
                    struct text label, const struct member *members, size_t count) {
    size_t mark = request->arena->used;
    struct text lines = members_text(request, members, count);
    const char *end = label.at != NULL ? "\n" : "";
    struct text value =
        arena_format(request->arena, "%d\n%t%s%t", batch_bytes, &label, end, &lines);
    storage_put(request, entry, arena_keep(request->arena, mark, value),
                members_expire(members, count));
}

/* Random for the request, and another one for each of its marks: it has not enough random bytes for
 * all that it may leave. */
static struct text mark_digits(struct request *request) {
    enum { MARK_LEN = 8 };
    if (request->mark == 0) {
        request->mark = random_take(request, MARK_LEN / 2) + 1;
    }
    return arena_format(request->arena, "%x", MARK_LEN, request->mark++);
}

void offer_list_take_out(struct request *request, struct text entry, const struct member *members,
                         size_t count, char why) {
    if (storage_atomic(request)) {
        storage_delete(request, entry);
        return;
    }
    struct text digits = mark_digits(request);
    char start[2] = {why};
    struct text value = text_of(start);
    for (size_t i = 0; i < count; i++) {
        value = arena_format(request->arena, "%t%x", &value, INDEX_LEN, (uint64_t)members[i].index);
    }
    storage_put(request, arena_format(request->arena, "%t-%t", &entry, &digits), value,
                members_expire(members, count));
}
