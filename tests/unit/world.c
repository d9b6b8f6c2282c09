/* A world for tests. cJSON's memory is the arena while a request runs, and malloc's in between. */
#include "world.h"

#include "json.h"

#include <openssl/evp.h>
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
    world->store.leave = world->host.arena.exhausted;
    *state = world;
    return 0;
}

int world_open_eventual(void **state) {
    world_open(state);
    faulty_be_eventual(&as_world(state)->store);
    return 0;
}

int world_open_sharded(void **state) {
    world_open(state);
    faulty_be_sharded(&as_world(state)->store);
    return 0;
}

bool world_atomic(const struct world *world) {
    return world->store.storage.methods->atomic;
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

static char *print(const char *format, va_list values) {
    va_list again;
    va_copy(again, values);
    int len = vsnprintf(NULL, 0, format, values);
    assert_true(len >= 0);
    char *text = malloc((size_t)len + 1);
    assert_non_null(text);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

int world_post(struct world *world, const char *target, const char *format, ...) {
    va_list values;
    va_start(values, format);
    char *body = print(format, values);
    va_end(values);
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

/* -- Rooms --------------------------------------------------------------------- */

static void keep_text(const struct world *world, const char *name, char *kept, size_t size) {
    const char *text = world_text(world, name);
    assert_int_equal(strlen(text), size - 1);
    memcpy(kept, text, size);
}

void world_room(struct world *world) {
    struct world_room *room = &world->room;
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world->host.headers[HEADER_ACCESS_TOKEN] = NULL;
    world_post(world, "/rooms", "{\"hostUserName\":\"alice\"}");
    assert_int_equal(world->result.status, 201);
    memset(room, 0, sizeof *room);
    keep_text(world, "code", room->code, sizeof room->code);
    keep_text(world, "joinCode", room->join_code, sizeof room->join_code);
    keep_text(world, "ownerToken", room->host, sizeof room->host);
    snprintf(room->path, sizeof room->path, "/rooms/%s", room->code);
}

void world_join(struct world *world) {
    struct world_room *room = &world->room;
    world_room_post(world, NULL, "/join", "{\"joinCode\":\"%s\",\"guestUserName\":\"bob\"}",
                    room->join_code);
    assert_int_equal(world->result.status, 200);
    keep_text(world, "guestToken", room->guest, sizeof room->guest);
}

static int room_send(struct world *world, const char *token, const char *method, const char *route,
                     const char *body) {
    char target[512];
    int len = snprintf(target, sizeof target, "%s%s", world->room.path, route);
    assert_in_range(len, 1, sizeof target - 1);
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world->host.headers[HEADER_ACCESS_TOKEN] = token;
    int status = world_send(world, method, target, body);
    world->host.headers[HEADER_ACCESS_TOKEN] = NULL;
    return status;
}

int world_room_post(struct world *world, const char *token, const char *route, const char *format,
                    ...) {
    va_list values;
    va_start(values, format);
    char *body = print(format, values);
    va_end(values);
    int status = room_send(world, token, "POST", route, body);
    free(body);
    return status;
}

int world_room_get(struct world *world, const char *token, const char *route) {
    return room_send(world, token, "GET", route, NULL);
}

int world_describe(struct world *world, const char *type, const char *name, int generation) {
    const char *token = strcmp(type, "offer") == 0 ? world->room.host : world->room.guest;
    char route[16], tail[32] = "";
    snprintf(route, sizeof route, "/%s", type);
    if (generation != 0) {
        snprintf(tail, sizeof tail, ",\"generation\":%d", generation);
    }
    return world_room_post(world, token, route, "{\"type\":\"%s\",\"sdp\":\"" SDP("%s") "\"%s}",
                           type, name, tail);
}

void world_pair(struct world *world) {
    world_room(world);
    world_join(world);
    assert_int_equal(world_describe(world, "offer", "o1", 0), 204);
    assert_int_equal(world_describe(world, "answer", "a1", 0), 204);
}

int world_candidate(struct world *world, const char *token, const char *text) {
    return world_room_post(world, token, "/candidate", "{\"candidate\":\"%s\"}", text);
}

/* -- Peers --------------------------------------------------------------------- */

void world_register(struct world *world, struct world_peer *peer) {
    world_send(world, "POST", "/register", NULL);
    assert_int_equal(world->result.status, 200);
    keep_text(world, "peerId", peer->id, sizeof peer->id);
    int len = snprintf(peer->bearer, sizeof peer->bearer, "Bearer %s:%s", peer->id,
                       world_text(world, "secret"));
    assert_in_range(len, 1, sizeof peer->bearer - 1);
}

/* Publications of one ms are told apart by 20 of the request's random bits, which count up here. */
int world_send_as(struct world *world, const struct world_peer *peer, const char *method,
                  const char *target, const char *body) {
    world->host.random += UINT64_C(1) << 40;
    world->host.headers[HEADER_AUTHORIZATION] = peer == NULL ? NULL : peer->bearer;
    int status = world_send(world, method, target, body);
    world->host.headers[HEADER_AUTHORIZATION] = NULL;
    return status;
}

static int send_to(struct world *world, const struct world_peer *peer, const char *method,
                   const char *format, va_list values) {
    char *target = print(format, values);
    int status = world_send_as(world, peer, method, target, NULL);
    free(target);
    return status;
}

int world_get_as(struct world *world, const struct world_peer *peer, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int status = send_to(world, peer, "GET", format, values);
    va_end(values);
    return status;
}

int world_delete_as(struct world *world, const struct world_peer *peer, const char *format, ...) {
    va_list values;
    va_start(values, format);
    int status = send_to(world, peer, "DELETE", format, values);
    va_end(values);
    return status;
}

int world_post_as(struct world *world, const struct world_peer *peer, const char *target,
                  const char *format, ...) {
    va_list values;
    va_start(values, format);
    char *body = print(format, values);
    va_end(values);
    int status = world_send_as(world, peer, "POST", target, body);
    free(body);
    return status;
}

void world_publish(struct world *world, const struct world_peer *peer, char *id, const char *format,
                   ...) {
    va_list values;
    va_start(values, format);
    char *offers = print(format, values);
    va_end(values);
    world_post_as(world, peer, "/offers", "{\"offers\":[%s]}", offers);
    free(offers);
    assert_int_equal(world->result.status, 201);
    if (id != NULL) {
        snprintf(id, OFFER_ID_SIZE, "%s", world_text_in(world, "offers", 0, "id"));
    }
}

int world_answer(struct world *world, const struct world_peer *peer, const char *id) {
    char target[128];
    snprintf(target, sizeof target, "/offers/%s/answer", id);
    return world_send_as(world, peer, "POST", target, "{\"sdp\":\"answer\"}");
}

int world_trickle(struct world *world, const struct world_peer *peer, const char *id,
                  const char *format, ...) {
    char target[128];
    snprintf(target, sizeof target, "/offers/%s/ice-candidates", id);
    va_list values;
    va_start(values, format);
    char *candidates = print(format, values);
    va_end(values);
    int status = world_post_as(world, peer, target, "{\"candidates\":[%s]}", candidates);
    free(candidates);
    return status;
}

/* -- Names --------------------------------------------------------------------- */

static EVP_PKEY *key_of(int owner) {
    unsigned char seed[32] = {(unsigned char)owner};
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
    assert_non_null(key);
    return key;
}

void world_key(int owner, char key[WORLD_KEY_SIZE]) {
    EVP_PKEY *pair = key_of(owner);
    unsigned char bytes[32];
    size_t len = sizeof bytes;
    assert_int_equal(EVP_PKEY_get_raw_public_key(pair, bytes, &len), 1);
    EVP_PKEY_free(pair);
    EVP_EncodeBlock((unsigned char *)key, bytes, (int)len);
}

void world_sign(int owner, const char *message, char signature[WORLD_SIGNATURE_SIZE]) {
    EVP_PKEY *pair = key_of(owner);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char bytes[64];
    size_t len = sizeof bytes;
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, pair), 1);
    assert_int_equal(
        EVP_DigestSign(context, bytes, &len, (const unsigned char *)message, strlen(message)), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pair);
    EVP_EncodeBlock((unsigned char *)signature, bytes, (int)len);
}

const char *world_signed(struct world *world, int owner, const char *format, ...) {
    static char members[1024];
    char message[768], signature[WORLD_SIGNATURE_SIZE];
    bool again = world->signed_at >= world->host.now;
    world->signed_at = again ? world->signed_at + 1 : world->host.now;
    va_list values;
    va_start(values, format);
    char *what = print(format, values);
    va_end(values);
    int len = snprintf(message, sizeof message, "%s:%lld", what, (long long)world->signed_at);
    assert_in_range(len, 1, sizeof message - 1);
    free(what);
    world_sign(owner, message, signature);
    snprintf(members, sizeof members, "\"message\":\"%s\",\"signature\":\"%s\"", message,
             signature);
    return members;
}

int world_claim(struct world *world, int owner, const char *username) {
    char key[WORLD_KEY_SIZE];
    world_key(owner, key);
    return world_post(world, "/usernames/claim", "{\"username\":\"%s\",\"publicKey\":\"%s\",%s}",
                      username, key, world_signed(world, owner, "claim:%s", username));
}

int world_serve(struct world *world, const struct world_peer *peer, int owner, const char *username,
                const char *fqn, const char *sdp, const char *more) {
    return world_post_as(
        world, peer, "/services", "{\"username\":\"%s\",\"serviceFqn\":\"%s\",\"sdp\":\"%s\",%s%s}",
        username, fqn, sdp, world_signed(world, owner, "publish:%s:%s", username, fqn), more);
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

static const cJSON *member_in(const struct world *world, const char *list, int i,
                              const char *name) {
    const cJSON *item = cJSON_GetArrayItem(world_list(world, list), i);
    return cJSON_GetObjectItemCaseSensitive(item, name);
}

const char *world_text_in(const struct world *world, const char *list, int i, const char *name) {
    const cJSON *item = member_in(world, list, i, name);
    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

int64_t world_number_in(const struct world *world, const char *list, int i, const char *name) {
    const cJSON *item = member_in(world, list, i, name);
    assert_true(cJSON_IsNumber(item));
    return (int64_t)item->valuedouble;
}

int world_count(const struct world *world, const char *list) {
    return cJSON_GetArraySize(world_list(world, list));
}

const char *world_session(const struct world *world, int i) {
    const cJSON *session = cJSON_GetArrayItem(world_list(world, "sessions"), i);
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(session, "code");
    assert_true(cJSON_IsString(code));
    return code->valuestring;
}

void world_assert_coded(const struct world *world, int status, const char *code, const char *file,
                        int line) {
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(world->json, "error");
    const cJSON *said = cJSON_GetObjectItemCaseSensitive(error, "code");
    const cJSON *message = cJSON_GetObjectItemCaseSensitive(error, "message");
    const cJSON *retryable = cJSON_GetObjectItemCaseSensitive(error, "retryable");
    const cJSON *after = cJSON_GetObjectItemCaseSensitive(error, "retryAfterSec");
    const char *header = strstr(world->result.headers, "Retry-After: ");
    if (world->result.status != status || !cJSON_IsString(said) ||
        strcmp(said->valuestring, code) != 0 || !cJSON_IsString(message) ||
        strlen(message->valuestring) < 10 || !cJSON_IsBool(retryable) ||
        cJSON_IsTrue(retryable) != (status == 429 || status >= 500) ||
        (after != NULL) != (status == 429) || (header != NULL) != (status == 429) ||
        (after != NULL && atoi(header + strlen("Retry-After: ")) != after->valueint)) {
        print_error("%s:%d: wanted %d %s, got %d %s\n%s\n", file, line, status, code,
                    world->result.status, world->result.body, world->result.headers);
        _fail(file, line);
    }
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

void world_sweep(struct world *world) {
    memory_sweep(world->memory, world->host.now);
}

static struct text keep_bytes(struct world *world, struct text text) {
    if (text.at == NULL) {
        return text;
    }
    char *bytes = malloc(text.len + 1);
    assert_non_null(bytes);
    memcpy(bytes, text.at, text.len);
    bytes[text.len] = '\0';
    return (struct text){keep(world, bytes), text.len};
}

struct edit *world_edits(struct world *world, size_t *count) {
    *count = 0;
    for (const struct edit *edit = world->host.request.edits; edit != NULL; edit = edit->next) {
        ++*count;
    }
    struct edit *edits = keep(world, calloc(*count + 1, sizeof *edits));
    const struct edit *edit = world->host.request.edits;
    for (size_t i = 0; i < *count; i++, edit = edit->next) {
        edits[i] = *edit;
        edits[i].key = keep_bytes(world, edit->key);
        edits[i].value = keep_bytes(world, edit->value);
        edits[i].next = NULL;
    }
    return edits;
}

void world_apply_one(struct world *world, const struct edit *edit) {
    struct edit alone = *edit;
    alone.next = NULL;
    assert_true(storage_apply(world->memory, &alone));
}

void world_apply(struct world *world, const struct edit *edits, size_t count) {
    for (size_t i = 0; i < count; i++) {
        world_apply_one(world, &edits[i]);
    }
}

static void out_of_memory(void) {
    abort();
}

/* Every entry of the store, in key order. */
static void visit(const struct world *world, void (*visitor)(const struct fact *fact, void *more),
                  void *more) {
    enum { PAGE = 1 << 20 };
    struct arena arena = {
        .base = malloc(PAGE), .ready = PAGE, .limit = PAGE, .exhausted = out_of_memory};
    struct page page = {.last = TEXT(""), .more = true};
    while (page.more) {
        struct text after = page.last;
        page = world->memory->methods->list(world->memory, &arena, TEXT(""), after, 10000);
        for (size_t i = 0; i < page.count; i++) {
            visitor(&page.facts[i], more);
            page.last = page.facts[i].key;
        }
        arena.used = 0;
    }
    free(arena.base);
}

struct dump {
    char *text;
    size_t len, size;
};

static void dump_fact(const struct fact *fact, void *more) {
    struct dump *dump = more;
    size_t most = fact->key.len + fact->value.len + 40;
    if (dump->len + most > dump->size) {
        dump->size = 2 * dump->size + most;
        dump->text = realloc(dump->text, dump->size);
    }
    dump->len += (size_t)sprintf(dump->text + dump->len, "%s=%s@%lld\n", fact->key.at,
                                 fact->value.at, (long long)fact->expires_at);
}

char *world_dump(const struct world *world) {
    struct dump dump = {calloc(1, 1), 0, 1};
    visit(world, dump_fact, &dump);
    return dump.text;
}

struct keys {
    const char *text;
    int count;
};

static void count_key(const struct fact *fact, void *more) {
    struct keys *keys = more;
    keys->count += strstr(fact->key.at, keys->text) != NULL;
}

int world_keys(const struct world *world, const char *text) {
    struct keys keys = {text, 0};
    visit(world, count_key, &keys);
    return keys.count;
}
