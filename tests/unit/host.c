/* A host for tests. An arena that runs out jumps back to test_send().
 *
 * Under AddressSanitizer what no allocation has reached yet is poisoned, so what writes past the
 * newest one is caught inside the arena too. */
#include "host.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sanitizer/asan_interface.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { READY_AT_FIRST = 0 };
#else
enum { READY_AT_FIRST = TEST_ARENA };
#endif

static jmp_buf left;

static void leave(void) {
    longjmp(left, 1);
}

static bool unpoison(struct arena *arena, size_t size) {
    ASAN_UNPOISON_MEMORY_REGION(arena->base + arena->ready, size - arena->ready);
    arena->ready = size;
    return true;
}

static void drop(struct arena *arena) {
    if (arena->ready > READY_AT_FIRST) {
        ASAN_POISON_MEMORY_REGION(arena->base, arena->ready);
    }
    arena->used = 0;
    arena->ready = READY_AT_FIRST;
}

/* The host whose request is running: `struct host` has no state of its own. */
static struct test_host *running;

static void hmac(struct text message, unsigned char digest[DIGEST_BYTES]) {
    HMAC(EVP_sha256(), running->secret, (int)strlen(running->secret),
         (const unsigned char *)message.at, message.len, digest, NULL);
}

static bool equal(struct text a, struct text b) {
    return a.len == b.len && CRYPTO_memcmp(a.at, b.at, a.len) == 0;
}

static bool verify(struct text public_key, struct text signature, struct text message) {
    const unsigned char *key_bytes = (const unsigned char *)public_key.at;
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key_bytes, PUBLIC_KEY_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = key != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                 EVP_DigestVerify(context, (const unsigned char *)signature.at, SIGNATURE_BYTES,
                                  (const unsigned char *)message.at, message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return right;
}

static bool spend(struct text budget, struct text key, int limit, int period) {
    struct test_host *host = running;
    char what[sizeof host->spent[0].what];
    snprintf(what, sizeof what, "%.*s %.*s", (int)budget.len, budget.at, (int)key.len, key.at);
    int64_t since = host->now - (int64_t)period * 1000;
    int count = 0;
    for (size_t i = 0; i < host->spent_count; i++) {
        count += host->spent[i].time > since && strcmp(host->spent[i].what, what) == 0;
    }
    if (count >= limit) {
        return false;
    }
    struct spent *spent = &host->spent[host->spent_count++ % SPENT_MAX];
    memcpy(spent->what, what, sizeof what);
    spent->time = host->now;
    return true;
}

static size_t secret_len(void) {
    return running->secret_len;
}

void test_host_open(struct test_host *host, struct storage *storage) {
    memset(host, 0, sizeof *host);
    running = host;
    host->host = (struct host){storage, hmac, equal, spend, verify, secret_len, true};
    host->arena.base = malloc(TEST_ARENA);
    host->arena.limit = host->arena.ready = TEST_ARENA;
    host->arena.grow = unpoison;
    drop(&host->arena);
    host->arena.exhausted = leave;
    host->now = (int64_t)TEST_NOW * 1000;
    host->headers[HEADER_ORIGIN] = "https://app.example";
    host->address = "192.0.2.1";
    host->secret = "a secret for tests";
    host->secret_len = 64; /* long enough for the routes that want one */
}

void test_host_close(struct test_host *host) {
    ASAN_UNPOISON_MEMORY_REGION(host->arena.base, TEST_ARENA);
    free(host->arena.base);
}

static struct text or_absent(const char *value) {
    return value == NULL ? NO_TEXT : text_of(value);
}

static struct text random_bytes(struct test_host *host) {
    char *bytes = arena_array(&host->arena, RANDOM_BYTES, 1);
    for (int i = 0; i < 8; i++) {
        bytes[i] = (char)(host->random >> (56 - 8 * i));
    }
    /* Zeros make short keys easy to tell in tests; tokens take more than these. */
    uint64_t state = host->random;
    for (int i = 24; i < RANDOM_BYTES; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (char)(state >> 56);
    }
    host->random += 4; /* a session's code has no room for the last two bits */
    return (struct text){bytes, RANDOM_BYTES};
}

static struct text begin(struct test_host *host, const char *method, const char *target,
                         struct text body) {
    struct request *request = &host->request;
    running = host;
    struct text query = text_of(target);
    struct text path = text_cut(&query, '?');
    *request = (struct request){
        .arena = &host->arena,
        .host = &host->host,
        .method = text_of(method),
        .path = path,
        .query = query,
        .own_origin = TEXT("https://rondevu.example"),
        .address = text_of(host->address),
        .body = body,
        .now = host->now,
        .random = random_bytes(host),
        .edits_end = &request->edits,
    };
    for (int i = 0; i < HEADERS; i++) {
        request->headers[i] = or_absent(host->headers[i]);
    }
    struct text values[SETTINGS];
    for (int i = 0; i < SETTINGS; i++) {
        values[i] = or_absent(host->settings[i]);
    }
    return settings_read(&request->settings, values, &host->arena);
}

static struct result result_of(struct test_host *host, struct response response) {
    return (struct result){
        .status = response.status,
        .body = arena_copy(&host->arena, response.body).at,
        .headers = arena_copy(&host->arena, response.headers).at,
        .wait = response.wait,
        .seen = arena_copy(&host->arena, response.seen).at,
        .waiter = arena_copy(&host->arena, response.waiter).at,
        .again = response.again,
    };
}

static struct result run(struct test_host *host, const char *method, const char *target,
                         struct text body) {
    struct text wrong = begin(host, method, target, body);
    struct response response =
        wrong.at == NULL ? handle(&host->request) : handle_misconfigured(&host->request, wrong);
    struct result result = result_of(host, response);
    if (!host->keep_edits && !storage_apply(host->host.storage, host->request.edits)) {
        return result_of(host, handle_failure(&host->request, 503));
    }
    return result;
}

/* What a host answers when the arena ran out: whole again, for this answer. */
static struct result refuse(struct test_host *host, const char *method, const char *target) {
    size_t limit = host->arena.limit;
    host->arena.limit = TEST_ARENA;
    drop(&host->arena);
    begin(host, method, target, NO_TEXT);
    struct result result = result_of(host, handle_failure(&host->request, 503));
    host->arena.limit = limit;
    return result;
}

struct result test_send_bytes(struct test_host *host, const char *method, const char *target,
                              struct text body) {
    drop(&host->arena);
    return setjmp(left) == 0 ? run(host, method, target, body) : refuse(host, method, target);
}

struct result test_send(struct test_host *host, const char *method, const char *target,
                        const char *body) {
    return test_send_bytes(host, method, target, or_absent(body));
}
