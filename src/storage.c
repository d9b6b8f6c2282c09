/* Storage: the wrappers that every access goes through. They check the arguments and hide what
 * expired. */
#include "storage.h"

#include "check.h"
#include "request.h"

#include <string.h>

static void check_key(struct text key) {
    CHECK(key.len > 0 && key.len <= STORAGE_KEY_MAX && text_valid(key));
}

struct text storage_shard(struct text key) {
    struct text rest = key;
    text_cut(&rest, '/');
    text_cut(&rest, '/');
    CHECK(rest.at != NULL);
    return (struct text){key.at, (size_t)(rest.at - key.at) - 1};
}

void storage_enter(struct request *request, struct text key) {
    const struct storage *storage = request->host->storage;
    request->entered = true;
    if (storage->methods->enter != NULL) {
        storage->methods->enter(storage, storage_shard(key));
    }
}

/* Goes home, once it is known where that is. */
static void touch(struct request *request, struct text key) {
    struct text family = key;
    if (!request->entered && request->home != NULL &&
        text_equal(text_cut(&family, '/'), text_of(request->home))) {
        storage_enter(request, key);
    }
}

static bool lives(const struct request *request, const struct fact *fact) {
    return fact->value.at != NULL && fact->expires_at > request->now;
}

void storage_read(struct request *request, const struct text *keys, size_t count,
                  struct fact *facts) {
    CHECK(count >= 1 && count <= STORAGE_READ_MAX);
    for (size_t i = 0; i < count; i++) {
        check_key(keys[i]);
    }
    touch(request, keys[0]);
    const struct storage *storage = request->host->storage;
    storage->methods->read(storage, request->arena, keys, count, facts);
    for (size_t i = 0; i < count; i++) {
        if (!lives(request, &facts[i])) {
            facts[i].value = NO_TEXT;
        }
    }
}

struct page storage_list(struct request *request, struct text prefix, struct text after,
                         size_t limit) {
    check_key(prefix);
    CHECK(limit >= 1 && limit <= STORAGE_PAGE_MAX && after.len <= STORAGE_KEY_MAX);
    touch(request, prefix);
    const struct storage *storage = request->host->storage;
    struct page page = storage->methods->list(storage, request->arena, prefix, after, limit);
    page.last = page.count == 0 ? after : page.facts[page.count - 1].key;
    CHECK(!page.more || text_compare(page.last, after) > 0); /* or handlers would never end */
    size_t kept = 0;
    for (size_t i = 0; i < page.count; i++) {
        if (lives(request, &page.facts[i])) {
            page.facts[kept++] = page.facts[i];
        }
    }
    page.count = kept;
    return page;
}

void storage_expect(struct request *request, struct text prefix, size_t limit) {
    storage_expect_after(request, prefix, TEXT(""), limit);
}

void storage_expect_after(struct request *request, struct text prefix, struct text after,
                          size_t limit) {
    const struct storage *storage = request->host->storage;
    if (storage->methods->expect != NULL) {
        storage->methods->expect(storage, request->arena, prefix, after, limit);
    }
}

struct page storage_list_all(struct request *request, struct text prefix, struct text after) {
    struct page all = storage_list(request, prefix, after, STORAGE_PAGE_MAX);
    while (all.more) {
        struct page page = storage_list(request, prefix, all.last, STORAGE_PAGE_MAX);
        struct fact *facts = arena_array(request->arena, all.count + page.count, sizeof facts[0]);
        memcpy(facts, all.facts, all.count * sizeof facts[0]);
        memcpy(facts + all.count, page.facts, page.count * sizeof facts[0]);
        all = (struct page){facts, all.count + page.count, page.last, page.more};
    }
    return all;
}

static void add_edit(struct request *request, struct edit edit) {
    check_key(edit.key);
    struct edit *added = arena_alloc(request->arena, sizeof *added);
    *added = edit;
    *request->edits_end = added;
    request->edits_end = &added->next;
}

void storage_put(struct request *request, struct text key, struct text value, int64_t expires_at) {
    CHECK(value.at != NULL);
    add_edit(request, (struct edit){key, value, expires_at, NULL});
}

void storage_delete(struct request *request, struct text key) {
    add_edit(request, (struct edit){key, NO_TEXT, 0, NULL});
}

bool storage_atomic(const struct request *request) {
    return request->host->storage->methods->atomic;
}

bool storage_sharded(const struct request *request) {
    return request->host->storage->methods->sharded;
}

static int64_t count(struct request *request, struct text prefix, bool groups) {
    check_key(prefix);
    touch(request, prefix);
    struct storage *storage = request->host->storage;
    return storage->methods->count(storage, prefix, groups, request->now);
}

int64_t storage_count(struct request *request, struct text prefix) {
    return count(request, prefix, false);
}

int64_t storage_count_groups(struct request *request, struct text prefix) {
    return count(request, prefix, true);
}

bool storage_apply(struct storage *storage, const struct edit *edits) {
    return edits == NULL || storage->methods->apply(storage, edits);
}
