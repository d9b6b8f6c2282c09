/* A world for tests. cJSON's memory is the arena while a request runs, and malloc's in between. */
#include "world.h"

#include "json.h"

#include <stdio.h>
#include <stdlib.h>

struct world *as_world(void **state) {
    return *state;
}

static void *keep(struct world *world, void *memory) {
    assert_non_null(memory);
    assert_true(world->scratch_count < SCRATCH_MAX);
    world->scratch[world->scratch_count++] = memory;
    return memory;
}

int world_open(void **state) {
    struct world *world = calloc(1, sizeof *world);
    world->memory = memory_open();
    faulty_open(&world->store, world->memory);
    world->store.copies = true;
    test_host_open(&world->host, &world->store.storage);
    *state = world;
    return 0;
}

static void forget_answer(struct world *world) {
    cJSON_InitHooks(NULL);
    cJSON_Delete(world->json);
    world->json = NULL;
}

int world_close(void **state) {
    struct world *world = *state;
    forget_answer(world);
    for (size_t i = 0; i < world->scratch_count; i++) {
        free(world->scratch[i]);
    }
    test_host_close(&world->host);
    memory_close(world->memory);
    free(world);
    return 0;
}

/* -- Requests ------------------------------------------------------------------ */

int world_send(struct world *world, const char *method, const char *target, const char *body) {
    forget_answer(world);
    world->result = test_send(&world->host, method, target, body);
    cJSON_InitHooks(NULL);
    world->json = cJSON_Parse(world->result.body);
    return world->result.status;
}

int world_get(struct world *world, const char *target) {
    return world_send(world, "GET", target, NULL);
}

int world_post(struct world *world, const char *target, const char *format, ...) {
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int len = vsnprintf(NULL, 0, format, values);
    va_end(values);
    assert_true(len >= 0);
    char *body = malloc((size_t)len + 1);
    assert_non_null(body);
    vsnprintf(body, (size_t)len + 1, format, again);
    va_end(again);
    int status = world_send(world, "POST", target, body);
    free(body);
    return status;
}

const char *world_offer(struct world *world, const char *topic, const char *info) {
    char target[2048];
    snprintf(target, sizeof target, "/%s/offer", topic);
    world_post(world, target, "{\"info\":\"%s\",\"offer\":\"the offer of %s\"}", info, info);
    assert_int_equal(world->result.status, 200);
    assert_int_equal(strlen(world_text(world, "code")), CODE_LEN);
    memcpy(world->code, world_text(world, "code"), CODE_LEN + 1);
    return world->code;
}

struct request *world_request(struct world *world) {
    test_send(&world->host, "OPTIONS", "/", NULL);
    json_use(&world->host.arena);
    return &world->host.request;
}

/* -- The answer ---------------------------------------------------------------- */

const char *world_text(const struct world *world, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(world->json, name);
    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

int64_t world_number(const struct world *world, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(world->json, name);
    assert_true(cJSON_IsNumber(item));
    return (int64_t)item->valuedouble;
}

const cJSON *world_list(const struct world *world, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(world->json, name);
    assert_true(cJSON_IsArray(item));
    return item;
}

const char *world_session(const struct world *world, int i) {
    const cJSON *session = cJSON_GetArrayItem(world_list(world, "sessions"), i);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(session, "code");
    assert_true(cJSON_IsString(code));
    return code->valuestring;
}

/* -- Other --------------------------------------------------------------------- */

const char *world_repeat(struct world *world, const char *unit, size_t count) {
    size_t len = strlen(unit);
    char *text = keep(world, malloc(len * count + 1));
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * len, unit, len);
    }
    text[len * count] = '\0';
    return text;
}

static void out_of_memory(void) {
    abort();
}

char *world_dump(const struct world *world) {
    enum { PAGE = 1 << 16 };
    struct arena arena = {
        .base = malloc(PAGE), .ready = PAGE, .limit = PAGE, .exhausted = out_of_memory};
    struct page page = {.last = TEXT(""), .more = true};
    char *dump = calloc(1, 1);
    size_t len = 0;
    while (page.more) {
        struct text after = page.last;
        page = world->memory->methods->list(world->memory, &arena, TEXT(""), after, 10000);
        for (size_t i = 0; i < page.count; i++) {
            const struct fact *fact = &page.facts[i];
            dump = realloc(dump, len + fact->key.len + fact->value.len + 40);
            len += (size_t)sprintf(dump + len, "%s=%s@%lld\n", fact->key.at, fact->value.at,
                                   (long long)fact->expires_at);
            page.last = fact->key;
        }
        arena.used = 0;
    }
    free(arena.base);
    return dump;
}
