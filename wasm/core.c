/* The module: exports that run one request in the one arena, and storage that asks the host.
 *
 * Nothing lives from one call to the next but the arena's memory and the request that
 * request_begin() made room for, and that only until the next one: between two runs of a request
 * the host may run others. */
#include "abi.h"
#include "check.h"
#include "json.h"
#include "request.h"

#include <string.h>

enum { WASM_PAGE = 65536 };

extern unsigned char __heap_base; /* from the linker: the end of all static data and of the stack */

static struct arena arena;
static struct text begun; /* the request's bytes: head, random bytes, body */
static size_t begun_head; /* how many of them the head has */

/* -- The arena: from the heap's base up, in memory that grows as it is needed -- */

static bool grow(struct arena *grown, size_t size) {
    size_t have = __builtin_wasm_memory_size(0) * WASM_PAGE;
    size_t need = (size_t)(uintptr_t)grown->base + size;
    if (need > have) {
        size_t pages = (need - have + WASM_PAGE - 1) / WASM_PAGE;
        if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) {
            return false;
        }
    }
    grown->ready = __builtin_wasm_memory_size(0) * WASM_PAGE - (size_t)(uintptr_t)grown->base;
    return true;
}

static void exhausted(void) {
    host_leave(LEAVE_MEMORY);
}

static void arena_drop(void) {
    uintptr_t base = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
    arena.base = (unsigned char *)base;
    arena.used = 0;
    arena.limit = ARENA_MAX;
    arena.grow = grow;
    arena.exhausted = exhausted;
}

/* -- Storage ------------------------------------------------------------------- */

/* Takes a text off the facts that the host handed over. */
static struct text take(const char **facts) {
    struct text text = text_of(*facts);
    *facts += text.len + 1;
    return text;
}

static int64_t take_number(const char **facts) {
    int64_t number;
    CHECK(text_number(take(facts), &number));
    return number;
}

static struct fact take_fact(const char **facts) {
    struct fact fact;
    fact.key = take(facts);
    fact.value = take(facts);
    fact.expires_at = take_number(facts);
    if (fact.expires_at == 0) {
        fact.value = NO_TEXT;
    }
    return fact;
}

/* What the host handed over, or did not. */
static const char *found(const char *facts) {
    if (facts == NULL) {
        host_leave(LEAVE_MISS);
    }
    return facts;
}

/* Where the facts of those keys begin; NULL where they are missing, which is noted. */
static const char *find_facts(struct arena *memory, const struct text *keys, size_t count) {
    struct text lines = TEXT("");
    for (size_t i = 0; i < count; i++) {
        lines = arena_format(memory, "%t%t\n", &lines, &keys[i]);
    }
    return host_read(lines.at, (uint32_t)lines.len);
}

static void take_facts(const char *at, size_t count, struct fact *facts) {
    take(&at);
    CHECK(take_number(&at) == (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        facts[i] = take_fact(&at);
    }
}

static void wasm_read(const struct storage *storage, struct arena *memory, const struct text *keys,
                      size_t count, struct fact *facts) {
    (void)storage;
    take_facts(found(find_facts(memory, keys, count)), count, facts);
}

/* How many of the keys, from the first on, are in one shard. */
static size_t of_one_shard(const struct text *keys, size_t count) {
    size_t end = 1;
    while (end < count && text_equal(storage_shard(keys[end]), storage_shard(keys[0]))) {
        end++;
    }
    return end;
}

/* A call for each shard: all that is missing is noted before the run is left. */
static void wasm_read_shards(const struct storage *storage, struct arena *memory,
                             const struct text *keys, size_t count, struct fact *facts) {
    (void)storage;
    bool missing = false;
    for (size_t i = 0, of; i < count; i += of) {
        of = of_one_shard(&keys[i], count - i);
        const char *at = find_facts(memory, &keys[i], of);
        missing = missing || at == NULL;
        if (at != NULL) {
            take_facts(at, of, &facts[i]);
        }
    }
    if (missing) {
        host_leave(LEAVE_MISS);
    }
}

static struct page wasm_list(const struct storage *storage, struct arena *memory,
                             struct text prefix, struct text after, size_t limit) {
    (void)storage;
    const char *at = found(
        host_list(prefix.at, (uint32_t)prefix.len, after.at, (uint32_t)after.len, (uint32_t)limit));
    struct page page = {.more = take_number(&at) != 0};
    page.count = (size_t)take_number(&at);
    page.facts = arena_array(memory, page.count, sizeof page.facts[0]);
    for (size_t i = 0; i < page.count; i++) {
        page.facts[i] = take_fact(&at);
    }
    return page;
}

/* A miss is noted without leaving; what is there already is handed over again when it is listed. */
static void wasm_expect(const struct storage *storage, struct arena *memory, struct text prefix,
                        struct text after, size_t limit) {
    (void)storage;
    size_t mark = memory->used;
    host_list(prefix.at, (uint32_t)prefix.len, after.at, (uint32_t)after.len, (uint32_t)limit);
    arena_rewind(memory, mark);
}

static int64_t wasm_count(struct storage *storage, struct text prefix, bool groups, int64_t now) {
    (void)storage, (void)now; /* the host has the time of the same request */
    return host_count(prefix.at, (uint32_t)prefix.len, groups);
}

static void wasm_enter(const struct storage *storage, struct text shard) {
    (void)storage;
    host_enter(shard.at, (uint32_t)shard.len);
}

static void wasm_hmac(struct text message, unsigned char digest[DIGEST_BYTES]) {
    CHECK(host_hmac(message.at, (uint32_t)message.len, digest) == DIGEST_BYTES);
}

static bool wasm_equal(struct text a, struct text b) {
    return a.len == b.len && host_equal(a.at, b.at, (uint32_t)a.len) == 1;
}

static bool wasm_spend(struct text budget, struct text key, int limit, int period) {
    return host_spend(budget.at, (uint32_t)budget.len, key.at, (uint32_t)key.len, (uint32_t)limit,
                      (uint32_t)period) != 0;
}

static bool wasm_verify(struct text public_key, struct text signature, struct text message) {
    return host_verify(public_key.at, signature.at, message.at, (uint32_t)message.len) == 1;
}

static size_t wasm_secret_len(void) {
    return host_secret_len();
}

static const struct storage_methods kv_methods = {
    .read = wasm_read, .list = wasm_list, .expect = wasm_expect};
static const struct storage_methods durable_methods = {.read = wasm_read_shards,
                                                       .list = wasm_list,
                                                       .expect = wasm_expect,
                                                       .count = wasm_count,
                                                       .enter = wasm_enter,
                                                       .atomic = true,
                                                       .sharded = true};
static struct storage kv = {&kv_methods};
static struct storage durable = {&durable_methods};

#define HOST(storage, pushes)                                                                      \
    { &(storage), wasm_hmac, wasm_equal, wasm_spend, wasm_verify, wasm_secret_len, pushes }
static const struct host kv_host = HOST(kv, false);
static const struct host durable_host = HOST(durable, true);

/* -- A request ----------------------------------------------------------------- */

static struct text line_value(struct text *head) {
    struct text line = text_cut(head, '\n');
    return line.len == 0 ? NO_TEXT : text_from(line, 1);
}

/* Reads what request_begin() made room for; returns what is wrong with the settings, or NO_TEXT. */
static struct text read_request(struct request *request) {
    CHECK(begun.len >= begun_head + RANDOM_BYTES);
    struct text head = {begun.at, begun_head};
    struct text rest = text_from(begun, begun_head);
    *request = (struct request){.arena = &arena,
                                .host = &kv_host,
                                .random = {rest.at, RANDOM_BYTES},
                                .body = text_from(rest, RANDOM_BYTES),
                                .edits_end = &request->edits};
    CHECK(text_number(text_cut(&head, '\n'), &request->now));
    struct text values[SETTINGS];
    for (int i = 0; i < SETTINGS; i++) {
        values[i] = line_value(&head);
    }
    request->method = text_cut(&head, '\n');
    request->path = text_cut(&head, '\n');
    request->query = text_cut(&head, '\n');
    request->own_origin = text_cut(&head, '\n');
    request->address = text_cut(&head, '\n');
    for (int i = 0; i < HEADERS; i++) {
        request->headers[i] = line_value(&head);
    }
    struct text wrong = settings_read(&request->settings, values, &arena);
    request->host = request->settings.durable ? &durable_host : &kv_host;
    return wrong;
}

static uint32_t address(struct text text) {
    return (uint32_t)(uintptr_t)text.at;
}

static struct reply *reply_of(const cJSON *head, struct text body, struct text edits) {
    struct text head_text = json_print(head);
    struct reply *reply = arena_alloc(&arena, sizeof *reply);
    *reply = (struct reply){address(head_text), (uint32_t)head_text.len, address(body),
                            (uint32_t)body.len, address(edits),          (uint32_t)edits.len};
    return reply;
}

static void add_headers(cJSON *head, struct text lines) {
    cJSON *headers = json_add_object(head, "headers");
    while (lines.len > 0) {
        struct text value = text_cut(&lines, '\n');
        struct text name = text_cut(&value, ':');
        json_add_text(headers, arena_copy(&arena, name).at, text_from(value, 1));
    }
}

/* Behind `at`, with its NUL; NULL counts only. */
static size_t put_text(char *at, struct text text) {
    if (at != NULL) {
        memcpy(at, text.at, text.len);
        at[text.len] = '\0';
    }
    return text.len + 1;
}

static size_t put_edit(char *at, const struct edit *edit) {
    bool put = edit->value.at != NULL;
    size_t len = put_text(at, edit->key);
    if (put && at != NULL) {
        at[len] = '=';
    }
    len += put;
    len += put_text(at == NULL ? NULL : at + len, put ? edit->value : TEXT(""));
    size_t mark = arena.used;
    len += put_text(at == NULL ? NULL : at + len, arena_format(&arena, "%d", edit->expires_at));
    arena_rewind(&arena, mark);
    return len;
}

static struct text print_edits(const struct edit *edits) {
    size_t len = 0, end = 0;
    for (const struct edit *edit = edits; edit != NULL; edit = edit->next) {
        len += put_edit(NULL, edit);
    }
    char *at = arena_alloc(&arena, len);
    for (const struct edit *edit = edits; edit != NULL; edit = edit->next) {
        end += put_edit(at + end, edit);
    }
    return (struct text){at, len};
}

static struct reply *finish(const struct request *request, struct response response) {
    cJSON *head = json_object();
    json_add_number(head, "status", response.status);
    json_add_text(head, "route", response.route);
    if (response.wait > 0) {
        json_add_number(head, "wait", response.wait);
        json_add_text(head, "waiter", response.waiter);
    }
    if (response.status == 101) {
        json_add_text(head, "waiter", response.waiter);
        json_add_text(head, "seen", response.seen);
        json_add_number(head, "again", response.again);
    }
    add_headers(head, response.headers);
    return reply_of(head, response.body, print_edits(request->edits));
}

/* -- Exports ------------------------------------------------------------------- */

WASM_EXPORT("describe") struct reply *describe(void) {
    arena_drop();
    json_use(&arena);
    cJSON *head = json_object();
    cJSON *settings = json_add_array(head, "settings");
    for (int i = 0; i < SETTINGS; i++) {
        json_push_text(settings, text_of(setting_name((enum setting)i)));
    }
    cJSON *headers = json_add_array(head, "requestHeaders");
    for (int i = 0; i < HEADERS; i++) {
        json_push_text(headers, text_of(header_name((enum header)i)));
    }
    return reply_of(head, TEXT(""), TEXT(""));
}

WASM_EXPORT("request_begin") void *request_begin(uint32_t size, uint32_t head_len) {
    arena_drop();
    begun = NO_TEXT;
    if (size > ARENA_MAX || head_len > size) {
        return NULL;
    }
    begun_head = head_len;
    begun = (struct text){arena_alloc(&arena, size), size};
    return (void *)(uintptr_t)begun.at;
}

WASM_EXPORT("request_run") struct reply *request_run(void) {
    struct request request;
    struct text wrong = read_request(&request);
    return finish(&request,
                  wrong.at == NULL ? handle(&request) : handle_misconfigured(&request, wrong));
}

WASM_EXPORT("request_refuse") struct reply *request_refuse(uint32_t status) {
    struct request request;
    read_request(&request);
    return finish(&request, handle_failure(&request, (int)status));
}

WASM_EXPORT("fact_space") void *fact_space(uint32_t size) {
    return arena_alloc(&arena, size);
}
