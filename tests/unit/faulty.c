/* A back end that fails when it is told to. */
#include "faulty.h"

/* -- Methods ------------------------------------------------------------------- */

static struct faulty *faulty_of(const struct storage *storage) {
    return (struct faulty *)(uintptr_t)storage;
}

static bool fails(struct faulty *faulty) {
    return ++faulty->calls == faulty->fail_at;
}

static void copy(const struct faulty *faulty, struct arena *arena, struct fact *facts,
                 size_t count) {
    for (size_t i = 0; faulty->copies && i < count; i++) {
        facts[i].key = arena_copy(arena, facts[i].key);
        if (facts[i].value.at != NULL) {
            facts[i].value = arena_copy(arena, facts[i].value);
        }
    }
}

static void faulty_read(const struct storage *storage, struct arena *arena, const struct text *keys,
                        size_t count, struct fact *facts) {
    struct faulty *faulty = faulty_of(storage);
    if (fails(faulty)) {
        arena->exhausted();
    }
    faulty->inner->methods->read(faulty->inner, arena, keys, count, facts);
    copy(faulty, arena, facts, count);
}

static struct page faulty_list(const struct storage *storage, struct arena *arena,
                               struct text prefix, struct text after, size_t limit) {
    struct faulty *faulty = faulty_of(storage);
    if (fails(faulty)) {
        arena->exhausted();
    }
    struct page page = faulty->inner->methods->list(faulty->inner, arena, prefix, after, limit);
    copy(faulty, arena, page.facts, page.count);
    return page;
}

static int64_t faulty_count(struct storage *storage, struct text prefix, bool groups, int64_t now) {
    struct faulty *faulty = faulty_of(storage);
    if (fails(faulty)) {
        faulty->leave();
    }
    return faulty->inner->methods->count(faulty->inner, prefix, groups, now);
}

static bool faulty_apply(struct storage *storage, const struct edit *edits) {
    struct faulty *faulty = faulty_of(storage);
    return !fails(faulty) && storage_apply(faulty->inner, edits);
}

/* -- The store ----------------------------------------------------------------- */

static const struct storage_methods methods = {.read = faulty_read,
                                               .list = faulty_list,
                                               .apply = faulty_apply,
                                               .count = faulty_count,
                                               .atomic = true};
static const struct storage_methods eventual = {
    .read = faulty_read, .list = faulty_list, .apply = faulty_apply};
static const struct storage_methods sharded = {.read = faulty_read,
                                               .list = faulty_list,
                                               .apply = faulty_apply,
                                               .count = faulty_count,
                                               .atomic = true,
                                               .sharded = true};

void faulty_open(struct faulty *faulty, struct storage *inner) {
    *faulty = (struct faulty){.storage.methods = &methods, .inner = inner};
}

void faulty_be_eventual(struct faulty *faulty) {
    faulty->storage.methods = &eventual;
}

void faulty_be_sharded(struct faulty *faulty) {
    faulty->storage.methods = &sharded;
}
