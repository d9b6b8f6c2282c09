/* The store in memory: its counts against naive ones, what they cost, and memory that runs out.
 *
 * kv/memory.c is compiled into this test once more, under other names, to count the comparisons it
 * makes and to have its Nth malloc fail. */
#include "storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int mallocs, fail_at; /* fail_at: the malloc that fails, counted from 1; 0: none */
static int compared;

static void *counted_malloc(size_t size) {
    return ++mallocs == fail_at ? NULL : malloc(size);
}

static int counted_compare(struct text a, struct text b) {
    compared++;
    return text_compare(a, b);
}

#define memory_open tested_open
#define memory_close tested_close
#define memory_sweep tested_sweep
#define memory_count tested_count
#define malloc counted_malloc
#define text_compare counted_compare
#include "memory.c"
#undef malloc
#undef text_compare

enum { START = 1000 };

static int64_t count(struct storage *store, const char *prefix, int64_t now) {
    return store->methods->count(store, text_of(prefix), false, now);
}

static int64_t count_groups(struct storage *store, const char *prefix, int64_t now) {
    return store->methods->count(store, text_of(prefix), true, now);
}

static bool apply(struct storage *store, struct edit *edits, size_t edits_count, int failing) {
    for (size_t i = 0; i + 1 < edits_count; i++) {
        edits[i].next = &edits[i + 1];
    }
    mallocs = 0;
    fail_at = failing;
    bool applied = storage_apply(store, edits);
    fail_at = 0;
    return applied;
}

/* -- Against naive counts ------------------------------------------------------ */

/* Everything a key may be, in order, and when it expires; 0 where the store has it not. */
enum {
    KEY_MAX = 24,
    NAMES = 8,
    PEERS = 6,
    ENTRIES = 12,
    KEYS = NAMES * (1 + PEERS * (1 + ENTRIES))
};
static struct model {
    char key[KEY_MAX];
    int64_t expires_at;
} model[KEYS];

static int compare_models(const void *a, const void *b) {
    return strcmp(a, b);
}

/* "k/<name>", "k/<name> <peer>" and "k/<name> <peer> <entry>". Some parts are the start of others,
 * and some are empty. */
static void fill_model(void) {
    static const char *names[NAMES] = {"", "a", "aa", "ab", "abc", "b", "b!", "\xc3\xa9"};
    static const char *peers[PEERS] = {"", "p", "pp", "pq", "q", "~"};
    size_t filled = 0;
    for (int name = 0; name < NAMES; name++) {
        snprintf(model[filled++].key, KEY_MAX, "k/%s", names[name]);
        for (int peer = 0; peer < PEERS; peer++) {
            snprintf(model[filled++].key, KEY_MAX, "k/%s %s", names[name], peers[peer]);
            for (int entry = 0; entry < ENTRIES; entry++) {
                snprintf(model[filled++].key, KEY_MAX, "k/%s %s %d", names[name], peers[peer],
                         entry);
            }
        }
    }
    assert_int_equal(filled, KEYS);
    qsort(model, KEYS, sizeof model[0], compare_models);
    for (size_t i = 0; i < KEYS; i++) {
        model[i].expires_at = 0;
    }
}

static int64_t naive(const char *prefix, int64_t now) {
    int64_t found = 0;
    for (size_t i = 0; i < KEYS; i++) {
        found += model[i].expires_at > now && strncmp(model[i].key, prefix, strlen(prefix)) == 0;
    }
    return found;
}

static int64_t naive_groups(const char *prefix, int64_t now) {
    const char *last = "";
    size_t last_len = 0;
    int64_t found = 0;
    for (size_t i = 0; i < KEYS; i++) {
        const char *key = model[i].key;
        if (model[i].expires_at <= now || strncmp(key, prefix, strlen(prefix)) != 0) {
            continue;
        }
        const char *space = strchr(key + strlen(prefix), ' ');
        if (space == NULL || (last_len > 0 && strncmp(key, last, last_len) == 0)) {
            continue;
        }
        last = key;
        last_len = (size_t)(space + 1 - key);
        found++;
    }
    return found;
}

static uint64_t state;

static int64_t below(int limit) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((state >> 33) % (uint64_t)limit);
}

/* One to three edits, a quarter of them deletes; one apply in eight finds no memory at its first to
 * sixth malloc. */
static void change(struct storage *store, int64_t now) {
    struct edit edits[3];
    int64_t keys[3];
    size_t changes = (size_t)below(3) + 1;
    for (size_t i = 0; i < changes; i++) {
        keys[i] = below(KEYS);
        struct text value = below(4) == 0 ? NO_TEXT : TEXT("v");
        edits[i] = (struct edit){text_of(model[keys[i]].key), value, now + 1 + below(2000), NULL};
    }
    if (!apply(store, edits, changes, below(8) == 0 ? (int)below(6) + 1 : 0)) {
        return;
    }
    for (size_t i = 0; i < changes; i++) {
        model[keys[i]].expires_at = edits[i].value.at == NULL ? 0 : edits[i].expires_at;
    }
}

static const char *random_prefix(void) {
    static char prefix[KEY_MAX];
    snprintf(prefix, sizeof prefix, "%s", model[below(KEYS)].key);
    prefix[below((int)strlen(prefix)) + 1] = '\0';
    char *space = strchr(prefix, ' ');
    char *second = space == NULL ? NULL : strchr(space + 1, ' ');
    if (second != NULL) {
        *second = '\0'; /* groups have no third level */
    }
    return prefix;
}

static void counts_are_those_of_counting_one_by_one(void **unused) {
    (void)unused;
    enum { STEPS = 100000 };
    struct storage *store = tested_open();
    fill_model();
    state = 1;
    int64_t now = START;
    for (int i = 0; i < STEPS; i++) {
        change(store, now);
        now += below(8);
        if (below(50) == 0) {
            tested_sweep(store, now);
        }
        const char *prefix = random_prefix();
        assert_int_equal(count(store, prefix, now), naive(prefix, now));
        assert_int_equal(count_groups(store, prefix, now), naive_groups(prefix, now));
        if (i % 100 == 0) {
            assert_int_equal(tested_count(store), naive("", now));
        }
    }
    tested_close(store);
}

/* -- What a count costs -------------------------------------------------------- */

/* A red-black tree of 2^17 nodes is 2 * 17 deep at most, and a count walks down twice. */
static void a_count_compares_few_keys_whatever_it_counts(void **unused) {
    (void)unused;
    enum { FACTS = 100000, PEERS_OF_ALL = 50000, COMPARED_MAX = 2 * 2 * 17 };
    struct storage *store = tested_open();
    for (int i = 0; i < FACTS; i++) {
        char key[32];
        snprintf(key, sizeof key, "k/all %05d %d", i % PEERS_OF_ALL, i);
        struct edit edit = {text_of(key), TEXT("v"), START + 1, NULL};
        assert_true(storage_apply(store, &edit));
    }
    compared = 0;
    assert_int_equal(count(store, "k/", START), FACTS);
    assert_in_range(compared, 1, COMPARED_MAX);
    compared = 0;
    assert_int_equal(count_groups(store, "k/all ", START), PEERS_OF_ALL);
    assert_in_range(compared, 1, COMPARED_MAX);
    compared = 0;
    assert_int_equal(count_groups(store, "k/all 0", START), 10000);
    assert_in_range(compared, 1, COMPARED_MAX);
    tested_close(store);
}

/* -- Memory that runs out ------------------------------------------------------ */

static void assert_before(struct storage *store) {
    assert_int_equal(tested_count(store), 3);
    assert_int_equal(count(store, "k/", START), 3);
    assert_int_equal(count_groups(store, "k/", START), 2);
    assert_int_equal(count_groups(store, "k/a ", START), 2);
    assert_int_equal(count_groups(store, "k/c ", START), 0);
    struct text key = TEXT("k/a p 1");
    struct fact fact;
    store->methods->read(store, NULL, &key, 1, &fact);
    assert_string_equal(fact.value.at, "old");
}

static void an_apply_without_memory_changes_nothing(void **unused) {
    (void)unused;
    struct storage *store = tested_open();
    struct edit before[] = {{TEXT("k/a p 1"), TEXT("old"), START + 1, NULL},
                            {TEXT("k/a q 1"), TEXT("old"), START + 1, NULL},
                            {TEXT("k/b p 1"), TEXT("old"), START + 1, NULL}};
    assert_true(apply(store, before, 3, 0));
    struct edit edits[] = {{TEXT("k/b p 1"), NO_TEXT, 0, NULL},
                           {TEXT("k/a p 1"), TEXT("new"), START + 1, NULL},
                           {TEXT("k/c p 1"), TEXT("new"), START + 1, NULL},
                           {TEXT("k/c q 1"), TEXT("new"), START + 1, NULL}};
    int failing = 1;
    while (!apply(store, edits, 4, failing)) {
        assert_before(store);
        failing++;
    }
    assert_int_equal(failing - 1, 3 + 3); /* three entries, and the groups c, c p and c q */
    assert_int_equal(count(store, "k/", START), 4);
    assert_int_equal(count_groups(store, "k/", START), 2);
    assert_int_equal(count_groups(store, "k/c ", START), 2);
    tested_close(store);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_counting_one_by_one),
        cmocka_unit_test(a_count_compares_few_keys_whatever_it_counts),
        cmocka_unit_test(an_apply_without_memory_changes_nothing),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
