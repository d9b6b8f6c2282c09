/* Storage in memory: red-black trees (libbsd's sys/tree.h).
 *
 * One holds the facts in key order, one the names of the groups whose keys are the same up to their
 * first space, one those up to their second. Every node of the three knows the size of its subtree,
 * so what starts with a prefix is counted by how many keys sort before it and before its end, in
 * two walks from the root. A fourth tree has the facts in the order they expire.
 *
 * The store has no clock of its own. Expired entries stay until it is told a time, by a count or by
 * memory_sweep(): that drops them, each once, before anything is counted. */
#include "memory.h"

#include "check.h"

#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 2 }; /* of groups: a level for each space that they may end at */

struct node {
    RB_ENTRY(node) links;
    size_t size; /* of its subtree, itself included */
    struct text key;
};

/* Its name lies behind this struct. */
struct group {
    struct node node;
    size_t entries; /* that are in it; it goes with the last */
};

/* Key and value lie behind this struct, each with a NUL. */
struct entry {
    struct node node;
    RB_ENTRY(entry) by_expiry;
    struct group *groups[LEVELS]; /* NULL where the key has not as many spaces */
    struct text value;
    int64_t expires_at;
    struct entry *next; /* in a list of those that are in no tree yet, or no more */
};

static int compare(const struct node *a, const struct node *b) {
    return text_compare(a->key, b->key);
}

static int compare_expiry(const struct entry *a, const struct entry *b) {
    if (a->expires_at != b->expires_at) {
        return a->expires_at < b->expires_at ? -1 : 1;
    }
    return compare(&a->node, &b->node);
}

static size_t size_of(const struct node *node) {
    return node == NULL ? 0 : node->size;
}

static void measure(struct node *node) {
    node->size = size_of(RB_LEFT(node, links)) + 1 + size_of(RB_RIGHT(node, links));
}

RB_HEAD(tree, node);
RB_HEAD(expiries, entry);

RB_GENERATE_INTERNAL(expiries, entry, by_expiry, compare_expiry, static __attribute__((unused)))

/* What the tree below does with the nodes that it turns around each other. */
#undef RB_AUGMENT
#define RB_AUGMENT(node) measure(node)
RB_GENERATE_INTERNAL(tree, node, links, compare, static __attribute__((unused)))

struct memory {
    struct storage storage;
    struct tree facts;
    struct tree groups[LEVELS];
    struct expiries expiries;
    struct entry *dropped; /* those that what was handed out may still point to */
};

/* -- Trees that count ---------------------------------------------------------- */

static struct node *find(struct tree *tree, struct text key) {
    struct node wanted = {.key = key};
    return RB_FIND(tree, tree, &wanted);
}

static void measure_up(struct node *node) {
    for (; node != NULL; node = RB_PARENT(node, links)) {
        measure(node);
    }
}

static void add(struct tree *tree, struct node *node) {
    node->size = 1;
    RB_INSERT(tree, tree, node);
    measure_up(node);
}

/* The node still says whose child it was. */
static void take_out(struct tree *tree, struct node *node) {
    RB_REMOVE(tree, tree, node);
    measure_up(RB_PARENT(node, links));
}

/* How many keys sort before those that start with the prefix, or `through` those. */
static size_t rank(const struct tree *tree, struct text prefix, bool through) {
    size_t before = 0;
    const struct node *node = RB_ROOT(tree);
    while (node != NULL) {
        if (text_compare(node->key, prefix) < 0 || (through && text_starts(node->key, prefix))) {
            before += size_of(RB_LEFT(node, links)) + 1;
            node = RB_RIGHT(node, links);
        } else {
            node = RB_LEFT(node, links);
        }
    }
    return before;
}

/* -- Reading ------------------------------------------------------------------- */

/* The trees' macros have no const. */
static struct tree *facts_of(const struct storage *storage) {
    return &((struct memory *)(uintptr_t)storage)->facts;
}

static struct fact fact_of(const struct node *node) {
    const struct entry *entry = (const struct entry *)node;
    return (struct fact){node->key, entry->value, entry->expires_at};
}

static void memory_read(const struct storage *storage, struct arena *arena, const struct text *keys,
                        size_t count, struct fact *facts) {
    (void)arena;
    for (size_t i = 0; i < count; i++) {
        struct node *found = find(facts_of(storage), keys[i]);
        facts[i] = found != NULL ? fact_of(found) : (struct fact){.key = keys[i]};
    }
}

/* The first fact whose key starts with `prefix` and sorts after `after`, or what comes there
 * instead. */
static struct node *seek(struct tree *tree, struct text prefix, struct text after) {
    bool skip = text_compare(after, prefix) >= 0;
    struct node wanted = {.key = skip ? after : prefix};
    struct node *node = RB_NFIND(tree, tree, &wanted);
    return skip && node != NULL && text_equal(node->key, after) ? RB_NEXT(tree, tree, node) : node;
}

static struct page memory_list(const struct storage *storage, struct arena *arena,
                               struct text prefix, struct text after, size_t limit) {
    struct node *first = seek(facts_of(storage), prefix, after);
    struct page page = {0};
    size_t bytes = 0;
    struct node *node = first;
    while (node != NULL && text_starts(node->key, prefix)) {
        if (page.count == limit || bytes >= STORAGE_PAGE_BYTES) {
            page.more = true;
            break;
        }
        page.count++;
        bytes += node->key.len + ((struct entry *)node)->value.len;
        node = RB_NEXT(tree, tree, node);
    }
    page.facts = arena_array(arena, page.count, sizeof page.facts[0]);
    node = first;
    for (size_t i = 0; i < page.count; i++, node = RB_NEXT(tree, tree, node)) {
        page.facts[i] = fact_of(node);
    }
    return page;
}

/* -- Groups -------------------------------------------------------------------- */

/* The key up to and including its first space, or its second at level 1; absent where it has not as
 * many. */
static struct text group_name(struct text key, size_t level) {
    struct text rest = key;
    for (size_t i = 0; i <= level; i++) {
        (void)text_cut(&rest, ' ');
    }
    return rest.at == NULL ? NO_TEXT : (struct text){key.at, key.len - rest.len};
}

static struct group *add_group(struct tree *tree, struct text name) {
    struct group *group = malloc(sizeof *group + name.len);
    if (group == NULL) {
        return NULL;
    }
    char *copy = (char *)(group + 1);
    memcpy(copy, name.at, name.len);
    *group = (struct group){.node.key = {copy, name.len}};
    add(tree, &group->node);
    return group;
}

/* Takes the entry into its groups, which are made where they are not there yet. */
static bool join_groups(struct memory *memory, struct entry *entry) {
    for (size_t level = 0; level < LEVELS; level++) {
        struct text name = group_name(entry->node.key, level);
        if (name.at == NULL) {
            break;
        }
        struct group *group = (struct group *)find(&memory->groups[level], name);
        if (group == NULL && (group = add_group(&memory->groups[level], name)) == NULL) {
            return false;
        }
        group->entries++;
        entry->groups[level] = group;
    }
    return true;
}

static void leave_groups(struct memory *memory, struct entry *entry) {
    for (size_t level = 0; level < LEVELS; level++) {
        struct group *group = entry->groups[level];
        if (group != NULL && --group->entries == 0) {
            take_out(&memory->groups[level], &group->node);
            free(group);
        }
        entry->groups[level] = NULL;
    }
}

/* -- Entries ------------------------------------------------------------------- */

/* An entry that is in its groups and in none of the other trees, or NULL. */
static struct entry *make(struct memory *memory, const struct edit *edit) {
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
    *entry = (struct entry){.node.key = {key, edit->key.len},
                            .value = {value, edit->value.len},
                            .expires_at = edit->expires_at};
    if (!join_groups(memory, entry)) {
        leave_groups(memory, entry);
        free(entry);
        return NULL;
    }
    return entry;
}

static void put(struct memory *memory, struct entry *entry) {
    add(&memory->facts, &entry->node);
    RB_INSERT(expiries, &memory->expiries, entry);
}

/* It stays in memory, for keys and values that were handed out lie in it. */
static void drop(struct memory *memory, struct entry *entry) {
    take_out(&memory->facts, &entry->node);
    RB_REMOVE(expiries, &memory->expiries, entry);
    leave_groups(memory, entry);
    entry->next = memory->dropped;
    memory->dropped = entry;
}

static void drop_expired(struct memory *memory, int64_t now) {
    struct entry *first;
    while ((first = RB_MIN(expiries, &memory->expiries)) != NULL && first->expires_at <= now) {
        drop(memory, first);
    }
}

static void free_entries(struct entry *entry) {
    while (entry != NULL) {
        struct entry *next = entry->next;
        free(entry);
        entry = next;
    }
}

static void free_dropped(struct memory *memory) {
    free_entries(memory->dropped);
    memory->dropped = NULL;
}

/* -- Writing ------------------------------------------------------------------- */

/* An entry for each put, in their order; false where memory ran out, with those that were made. */
static bool make_all(struct memory *memory, const struct edit *edits, struct entry **made) {
    for (const struct edit *edit = edits; edit != NULL; edit = edit->next) {
        if (edit->value.at == NULL) {
            continue;
        }
        *made = make(memory, edit);
        if (*made == NULL) {
            return false;
        }
        made = &(*made)->next;
    }
    return true;
}

/* All entries are made before the first is put: all edits, or none. */
static bool memory_apply(struct storage *storage, const struct edit *edits) {
    struct memory *memory = (struct memory *)storage;
    struct entry *made = NULL;
    if (!make_all(memory, edits, &made)) {
        for (struct entry *entry = made; entry != NULL; entry = entry->next) {
            leave_groups(memory, entry);
        }
        free_entries(made);
        return false;
    }
    for (const struct edit *edit = edits; edit != NULL; edit = edit->next) {
        struct node *old = find(&memory->facts, edit->key);
        if (old != NULL) {
            drop(memory, (struct entry *)old);
        }
        if (edit->value.at != NULL) {
            struct entry *entry = made;
            made = made->next;
            put(memory, entry);
        }
    }
    free_dropped(memory);
    return true;
}

/* -- Counting ------------------------------------------------------------------ */

static size_t spaces(struct text text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += text.at[i] == ' ';
    }
    return count;
}

/* The groups under a prefix with one space are those named by two. */
static const struct tree *groups_under(const struct memory *memory, struct text prefix) {
    size_t level = spaces(prefix);
    CHECK(level < LEVELS);
    return &memory->groups[level];
}

static int64_t memory_count_under(struct storage *storage, struct text prefix, bool groups,
                                  int64_t now) {
    struct memory *memory = (struct memory *)storage;
    drop_expired(memory, now);
    const struct tree *tree = groups ? groups_under(memory, prefix) : &memory->facts;
    return (int64_t)(rank(tree, prefix, true) - rank(tree, prefix, false));
}

/* -- The store ----------------------------------------------------------------- */

static const struct storage_methods methods = {.read = memory_read,
                                               .list = memory_list,
                                               .apply = memory_apply,
                                               .count = memory_count_under,
                                               .atomic = true};

/* Cleared memory has empty trees. */
struct storage *memory_open(void) {
    struct memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        return NULL;
    }
    memory->storage.methods = &methods;
    return &memory->storage;
}

void memory_close(struct storage *storage) {
    memory_sweep(storage, INT64_MAX);
    free(storage);
}

void memory_sweep(struct storage *storage, int64_t now) {
    struct memory *memory = (struct memory *)storage;
    drop_expired(memory, now);
    free_dropped(memory);
}

size_t memory_count(const struct storage *storage) {
    return size_of(RB_ROOT(&((const struct memory *)storage)->facts));
}
