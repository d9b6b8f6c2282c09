/* A back end whose shards are places of their own. */
#include "remote.h"

#include <stdio.h>

static struct remote *remote_of(const struct storage *storage) {
    return (struct remote *)(uintptr_t)storage;
}

/* -- Calls ---------------------------------------------------------------------- */

static bool is_here(const struct remote *remote, struct text key) {
    const char *shard = remote->hops == 0 ? "" : remote->shard[remote->hops - 1];
    return shard[0] != '\0' && text_starts(key, text_of(shard)) && key.at[strlen(shard)] == '/';
}

/* Whether the call is answered; it will be in the next run. */
static bool is_known(struct remote *remote, const char *call) {
    for (size_t i = 0; i < remote->noted; i++) {
        if (strcmp(remote->calls[i], call) == 0) {
            return i < remote->known;
        }
    }
    assert_true(remote->noted < REMOTE_CALLS);
    snprintf(remote->calls[remote->noted++], REMOTE_CALL_MAX, "%s", call);
    return false;
}

static bool list_is_known(struct remote *remote, struct text prefix, struct text after,
                          size_t limit) {
    char call[REMOTE_CALL_MAX];
    snprintf(call, sizeof call, "list %.*s %.*s %zu", (int)prefix.len, prefix.at, (int)after.len,
             after.at, limit);
    return is_here(remote, prefix) || is_known(remote, call);
}

/* -- Methods -------------------------------------------------------------------- */

static void remote_read(const struct storage *storage, struct arena *arena, const struct text *keys,
                        size_t count, struct fact *facts) {
    struct remote *remote = remote_of(storage);
    for (size_t i = 0; i < count; i++) {
        if (!is_here(remote, keys[i]) && !is_known(remote, keys[i].at)) {
            remote->leave();
        }
    }
    remote->inner->methods->read(remote->inner, arena, keys, count, facts);
}

static struct page remote_list(const struct storage *storage, struct arena *arena,
                               struct text prefix, struct text after, size_t limit) {
    struct remote *remote = remote_of(storage);
    if (!list_is_known(remote, prefix, after, limit)) {
        remote->leave();
    }
    return remote->inner->methods->list(remote->inner, arena, prefix, after, limit);
}

static void remote_expect(const struct storage *storage, struct arena *arena, struct text prefix,
                          struct text after, size_t limit) {
    (void)arena;
    list_is_known(remote_of(storage), prefix, after, limit);
}

static int64_t remote_count(struct storage *storage, struct text prefix, bool groups, int64_t now) {
    struct remote *remote = remote_of(storage);
    char call[REMOTE_CALL_MAX];
    snprintf(call, sizeof call, "count %.*s %d", (int)prefix.len, prefix.at, groups);
    bool known = is_here(remote, prefix) || is_known(remote, call);
    return known ? remote->inner->methods->count(remote->inner, prefix, groups, now) : 0;
}

static void remote_enter(const struct storage *storage, struct text shard) {
    struct remote *remote = remote_of(storage);
    for (int i = 0; i < remote->hops; i++) {
        if (text_equal(text_of(remote->shard[i]), shard)) {
            return;
        }
    }
    assert_true(remote->hops < REMOTE_HOPS && shard.len < REMOTE_SHARD_MAX);
    snprintf(remote->shard[remote->hops++], REMOTE_SHARD_MAX, "%.*s", (int)shard.len, shard.at);
    remote->left = true;
    remote->noted = remote->known; /* what is asked for there may be at hand */
    remote->leave();
}

/* -- The store ------------------------------------------------------------------ */

static const struct storage_methods methods = {.read = remote_read,
                                               .list = remote_list,
                                               .expect = remote_expect,
                                               .count = remote_count,
                                               .enter = remote_enter,
                                               .atomic = true,
                                               .sharded = true};

void remote_open(struct remote *remote, struct world *world) {
    *remote = (struct remote){
        .storage.methods = &methods, .inner = &world->store.storage, .leave = world->store.leave};
    world->host.host.storage = &remote->storage;
    world->host.keep_edits = true;
}

int remote_send(struct remote *remote, struct world *world, const char *method, const char *target,
                const char *body) {
    uint64_t random = world->host.random;
    remote->hops = remote->rounds = 0;
    remote->noted = remote->known = 0;
    do {
        remote->rounds += remote->noted > remote->known;
        remote->known = remote->noted;
        remote->left = false;
        world->host.random = random;
        world_send(world, method, target, body);
    } while (remote->left || remote->noted > remote->known);
    if (world->host.request.edits != NULL) {
        assert_true(storage_apply(remote->inner, world->host.request.edits));
    }
    return world->result.status;
}
