/* The storage suite, tests/storage/suite.json, over kv/memory. Run from the repository's root. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA = 64 << 20, LIFE = 300000, LONGEST = 1 << 20, FACTS_MAX = 2000 };

static const int64_t START = (int64_t)TEST_NOW * 1000;
static struct arena arena;

static void out_of_memory(void) {
    fail_msg("the arena is full");
}

/* -- The data ------------------------------------------------------------------ */

static const cJSON *get(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void add_text(const cJSON *item, char *out, size_t *len) {
    const cJSON *part;
    if (cJSON_IsArray(item)) {
        cJSON_ArrayForEach(part, item) {
            add_text(part, out, len);
        }
        return;
    }
    const cJSON *unit = cJSON_IsObject(item) ? get(item, "repeat") : item;
    int times = cJSON_IsObject(item) ? get(item, "times")->valueint : 1;
    assert_true(cJSON_IsString(unit));
    for (size_t size = strlen(unit->valuestring); times > 0; times--) {
        assert_true(*len + size <= LONGEST);
        memcpy(out + *len, unit->valuestring, size);
        *len += size;
    }
}

static struct text text_item(const cJSON *item) {
    if (item == NULL || cJSON_IsNull(item)) {
        return NO_TEXT;
    }
    static char out[LONGEST];
    size_t len = 0;
    add_text(item, out, &len);
    return arena_copy(&arena, (struct text){out, len});
}

static int64_t expires_at(const cJSON *item) {
    return START + (item == NULL ? LIFE : (int64_t)item->valuedouble);
}

static struct text fill_key(const cJSON *fill, int i) {
    char digits[16];
    snprintf(digits, sizeof digits, "%05d", i);
    struct text prefix = text_item(get(fill, "prefix"));
    return arena_format(&arena, "%t%s", &prefix, digits);
}

static void assert_same(struct text is, struct text wanted) {
    assert_int_equal(is.at == NULL, wanted.at == NULL);
    assert_int_equal(is.len, wanted.len);
    if (is.len > 0) {
        assert_memory_equal(is.at, wanted.at, is.len);
    }
}

/* -- Steps --------------------------------------------------------------------- */

static void apply(struct storage *store, const cJSON *edits) {
    struct edit *first = NULL;
    struct edit **end = &first;
    const cJSON *item;
    cJSON_ArrayForEach(item, edits) {
        *end = arena_alloc(&arena, sizeof **end);
        **end = (struct edit){text_item(get(item, "key")), text_item(get(item, "value")),
                              expires_at(get(item, "expiresIn")), NULL};
        end = &(*end)->next;
    }
    assert_true(storage_apply(store, first));
}

static void fill(struct storage *store, const cJSON *item) {
    struct text value = text_item(get(item, "value"));
    for (int i = 0; i < get(item, "count")->valueint; i++) {
        struct edit edit = {fill_key(item, i), value, START + LIFE, NULL};
        assert_true(storage_apply(store, &edit));
    }
}

/* `wanted`: a text, or {value, expiresIn}. */
static void assert_fact(const struct fact *fact, struct text key, const cJSON *wanted) {
    const cJSON *value = cJSON_HasObjectItem(wanted, "value") ? get(wanted, "value") : wanted;
    assert_same(fact->key, key);
    assert_same(fact->value, text_item(value));
    if (fact->value.at != NULL) {
        assert_int_equal(fact->value.at[fact->value.len], '\0');
        assert_int_equal(fact->expires_at,
                         expires_at(value == wanted ? NULL : get(wanted, "expiresIn")));
    }
}

static void read(struct storage *store, const cJSON *keys, const cJSON *gives) {
    struct text texts[STORAGE_READ_MAX];
    struct fact facts[STORAGE_READ_MAX];
    int count = cJSON_GetArraySize(keys);
    assert_int_equal(count, cJSON_GetArraySize(gives));
    for (int i = 0; i < count; i++) {
        texts[i] = text_item(cJSON_GetArrayItem(keys, i));
    }
    store->methods->read(store, &arena, texts, (size_t)count, facts);
    for (int i = 0; i < count; i++) {
        assert_fact(&facts[i], texts[i], cJSON_GetArrayItem(gives, i));
    }
}

static void read_fill(struct storage *store, const cJSON *item) {
    struct text texts[STORAGE_READ_MAX];
    struct fact facts[STORAGE_READ_MAX];
    int count = get(item, "count")->valueint;
    for (int i = 0; i < count; i++) {
        texts[i] = fill_key(item, i);
    }
    store->methods->read(store, &arena, texts, (size_t)count, facts);
    for (int i = 0; i < count; i++) {
        assert_fact(&facts[i], texts[i], get(item, "value"));
    }
}

static struct page page_of(struct storage *store, const cJSON *list, struct text after) {
    size_t limit = (size_t)get(list, "limit")->valueint;
    struct page page =
        store->methods->list(store, &arena, text_item(get(list, "prefix")), after, limit);
    assert_true(page.count <= limit);
    size_t bytes = 0;
    for (size_t i = 0; i < page.count; i++) {
        assert_true(bytes < STORAGE_PAGE_BYTES);
        bytes += page.facts[i].key.len + page.facts[i].value.len;
    }
    return page;
}

/* Against `keys`, and `values` and `expiresIn` where they are given, or against a fill. */
static void assert_facts(const struct fact *facts, size_t count, const cJSON *gives) {
    const cJSON *filled = get(gives, "fill");
    const cJSON *keys = get(gives, "keys");
    assert_int_equal(count,
                     filled != NULL ? get(filled, "count")->valueint : cJSON_GetArraySize(keys));
    for (size_t i = 0; i < count; i++) {
        int at = (int)i;
        assert_same(facts[i].key, filled != NULL ? fill_key(filled, at)
                                                 : text_item(cJSON_GetArrayItem(keys, at)));
        if (filled != NULL) {
            assert_same(facts[i].value, text_item(get(filled, "value")));
        } else if (get(gives, "values") != NULL) {
            assert_same(facts[i].value, text_item(cJSON_GetArrayItem(get(gives, "values"), at)));
        }
        if (get(gives, "expiresIn") != NULL) {
            assert_int_equal(facts[i].expires_at,
                             expires_at(cJSON_GetArrayItem(get(gives, "expiresIn"), at)));
        }
    }
}

static void list(struct storage *store, const cJSON *item, const cJSON *gives) {
    struct text after = text_item(get(item, "after"));
    struct page page = page_of(store, item, after);
    assert_facts(page.facts, page.count, gives);
    assert_int_equal(page.more, cJSON_IsTrue(get(gives, "more")));
}

static void walk(struct storage *store, const cJSON *item, const cJSON *gives) {
    static struct fact facts[FACTS_MAX];
    size_t count = 0;
    int pages = 0;
    struct page page = {.more = true};
    while (page.more) {
        page = page_of(store, item, count == 0 ? TEXT("") : facts[count - 1].key);
        pages++;
        for (size_t i = 0; i < page.count; i++) {
            assert_true(count < FACTS_MAX);
            facts[count++] = page.facts[i];
        }
    }
    assert_facts(facts, count, gives);
    if (get(gives, "pages") != NULL) {
        assert_int_equal(pages, get(gives, "pages")->valueint);
    }
    if (get(gives, "atLeast") != NULL) {
        assert_true(pages >= get(gives, "atLeast")->valueint);
    }
}

static void count(struct storage *store, const cJSON *step, bool groups) {
    const cJSON *now = get(step, "now");
    int64_t counted = store->methods->count(store, text_item(step->child), groups,
                                            START + (now == NULL ? 0 : now->valueint));
    assert_int_equal(counted, get(step, "gives")->valueint);
}

static void run_step(struct storage *store, const cJSON *step) {
    const cJSON *gives = get(step, "gives");
    const char *kind = step->child->string;
    if (strcmp(kind, "apply") == 0) {
        apply(store, step->child);
    } else if (strcmp(kind, "fill") == 0) {
        fill(store, step->child);
    } else if (strcmp(kind, "read") == 0) {
        read(store, step->child, gives);
    } else if (strcmp(kind, "readFill") == 0) {
        read_fill(store, step->child);
    } else if (strcmp(kind, "list") == 0) {
        list(store, step->child, gives);
    } else if (strcmp(kind, "walk") == 0) {
        walk(store, step->child, gives);
    } else if (strcmp(kind, "count") == 0 || strcmp(kind, "countGroups") == 0) {
        count(store, step, strcmp(kind, "countGroups") == 0);
    } else {
        fail_msg("no such step: %s", kind);
    }
}

static void run_case(void **state) {
    const cJSON *steps = get(*state, "steps");
    if (get(get(*state, "skip"), "memory") != NULL) {
        skip();
    }
    struct storage *store = memory_open();
    const cJSON *step;
    cJSON_ArrayForEach(step, steps) {
        arena.used = 0;
        run_step(store, step);
    }
    memory_close(store);
}

static cJSON *read_suite(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    enum { SUITE_MAX = 1 << 20 };
    char *text = malloc(SUITE_MAX);
    size_t len = fread(text, 1, SUITE_MAX, file);
    fclose(file);
    cJSON *suite = cJSON_ParseWithLength(text, len);
    free(text);
    return suite;
}

int main(void) {
    cJSON *suite = read_suite("tests/storage/suite.json");
    size_t count = (size_t)cJSON_GetArraySize(get(suite, "cases"));
    if (count == 0) {
        fprintf(stderr, "tests/storage/suite.json is missing, empty or no JSON\n");
        return 1;
    }
    arena = (struct arena){
        .base = malloc(ARENA), .ready = ARENA, .limit = ARENA, .exhausted = out_of_memory};
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    for (size_t i = 0; i < count; i++) {
        cJSON *item = cJSON_GetArrayItem(get(suite, "cases"), (int)i);
        tests[i] = (struct CMUnitTest){
            .name = get(item, "name")->valuestring, .test_func = run_case, .initial_state = item};
    }
    int failed = _cmocka_run_group_tests("storage over kv/memory", tests, count, NULL, NULL);
    free(tests);
    free(arena.base);
    cJSON_Delete(suite);
    return failed;
}
