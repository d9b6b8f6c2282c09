/* Storage in memory: a red-black tree in key order (libbsd's sys/tree.h).
 *
 * Expired entries stay until memory_sweep(): the store has no clock of its own. */
#include "memory.h"

#include "check.h"

#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    RB_ENTRY(entry) node;
    struct fact fact; /* key and value lie behind this struct, each with a NUL */
};

static int compare(const struct entry *a, const struct entry *b) {
    return text_compare(a->fact.key, b->fact.key);
}

RB_HEAD(tree, entry);
RB_PROTOTYPE_INTERNAL(tree, entry, node, compare, static __attribute__((unused)))
RB_GENERATE_INTERNAL(tree, entry, node, compare, static __attribute__((unused)))

struct memory {
    struct storage storage;
    struct tree tree;
    size_t count;
};

/* -- Reading ------------------------------------------------------------------- */

/* The trees' macros have no const. */
static struct tree *tree_of(const struct storage *storage) {
    return &((struct memory *)(uintptr_t)storage)->tree;
}

static void memory_read(const struct storage *storage, struct arena *arena, const struct text *keys,
                        size_t count, struct fact *facts) {
    (void)arena;
    for (size_t i = 0; i < count; i++) {
        struct entry wanted = {.fact.key = keys[i]};
        struct entry *found = RB_FIND(tree, tree_of(storage), &wanted);
        facts[i] = found != NULL ? found->fact : (struct fact){.key = keys[i]};
    }
}

/* The first entry whose key starts with `prefix` and sorts after `after`, or what comes there
 * instead. */
static struct entry *seek(struct tree *tree, struct text prefix, struct text after) {
    bool skip = text_compare(after, prefix) >= 0;
    struct entry wanted = {.fact.key = skip ? after : prefix};
    struct entry *entry = RB_NFIND(tree, tree, &wanted);
    return skip && entry != NULL && text_equal(entry->fact.key, after) ? RB_NEXT(tree, tree, entry)
                                                                       : entry;
}

static struct page memory_list(const struct storage *storage, struct arena *arena,
                               struct text prefix, struct text after, size_t limit) {
    struct tree *tree = tree_of(storage);
    struct entry *first = seek(tree, prefix, after);
    struct page page = {0};
    size_t bytes = 0;
    struct entry *entry = first;
    while (entry != NULL && text_starts(entry->fact.key, prefix)) {
        if (page.count == limit || bytes >= STORAGE_PAGE_BYTES) {
            page.more = true;
            break;
        }
        page.count++;
        bytes += entry->fact.key.len + entry->fact.value.len;
        entry = RB_NEXT(tree, tree, entry);
    }
    page.facts = arena_array(arena, page.count, sizeof page.facts[0]);
    entry = first;
    for (size_t i = 0; i < page.count; i++, entry = RB_NEXT(tree, tree, entry)) {
        page.facts[i] = entry->fact;
    }
    return page;
}

/* -- Writing ------------------------------------------------------------------- */

static void drop(struct memory *memory, struct entry *entry) {
    RB_REMOVE(tree, &memory->tree, entry);
    memory->count--;
    free(entry);
}

static struct entry *make(const struct edit *edit) {
    struct entry *entry = malloc(sizeof *entry + edit->key.len + edit->value.len + 2);
    if (entry == NULL) {
        return NULL;
    }
    char *key = (char *)(entry + 1);
    char *value = key + edit->key.len + 1;
    memcpy(key, edit->key.at, edit->key.len);
    key[edit->key.len] = '\0';
    memcpy(value, edit->value.at, edit->value.len);
    value[edit->value.len] = '\0';
    entry->fact = (struct fact){{key, edit->key.len}, {value, edit->value.len}, edit->expires_at};
    return entry;
}

static void put(struct memory *memory, struct entry *entry) {
    struct entry *old = RB_FIND(tree, &memory->tree, entry);
    if (old != NULL) {
        drop(memory, old);
    }
    RB_INSERT(tree, &memory->tree, entry);
    memory->count++;
}

static void free_made(struct entry **made, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(made[i]);
    }
    free(made);
}

/* All entries are made before the first is put: all edits, or none. */
static bool memory_apply(struct storage *storage, const struct edit *edits) {
    struct memory *memory = (struct memory *)storage;
    size_t count = 0;
    for (const struct edit *edit = edits; edit != NULL; edit = edit->next) {
        count++;
    }
    struct entry **made = calloc(count, sizeof *made);
    if (made == NULL) {
        return false;
    }
    size_t i = 0;
    for (const struct edit *edit = edits; edit != NULL; edit = edit->next, i++) {
        if (edit->value.at != NULL && (made[i] = make(edit)) == NULL) {
            free_made(made, i);
            return false;
        }
    }
    i = 0;
    for (const struct edit *edit = edits; edit != NULL; edit = edit->next, i++) {
        if (made[i] != NULL) {
            put(memory, made[i]);
            continue;
        }
        struct entry wanted = {.fact.key = edit->key};
        struct entry *old = RB_FIND(tree, &memory->tree, &wanted);
        if (old != NULL) {
            drop(memory, old);
        }
    }
    free(made);
    return true;
}

/* -- The store ----------------------------------------------------------------- */

static const struct storage_methods methods = {memory_read, memory_list, memory_apply, NULL, true};

struct storage *memory_open(void) {
    struct memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        return NULL;
    }
    memory->storage.methods = &methods;
    RB_INIT(&memory->tree);
    return &memory->storage;
}

void memory_close(struct storage *storage) {
    struct memory *memory = (struct memory *)storage;
    while (!RB_EMPTY(&memory->tree)) {
        drop(memory, RB_ROOT(&memory->tree));
    }
    free(memory);
}

void memory_sweep(struct storage *storage, int64_t now) {
    struct memory *memory = (struct memory *)storage;
    struct entry *next;
    for (struct entry *entry = RB_MIN(tree, &memory->tree); entry != NULL; entry = next) {
        next = RB_NEXT(tree, &memory->tree, entry);
        if (entry->fact.expires_at <= now) {
            drop(memory, entry);
        }
    }
}

size_t memory_count(const struct storage *storage) {
    return ((const struct memory *)storage)->count;
}
