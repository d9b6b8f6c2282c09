/* The known answers, tests/crypto/vectors.json, of the host's cryptography. Run from the
 * repository's root. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 1 << 16 };

static cJSON *vectors;

/* Without a request, and thus without an arena for cJSON. */
static int setup(void **state) {
    static char file[LONGEST];
    FILE *opened = fopen("tests/crypto/vectors.json", "r");
    assert_non_null(opened);
    size_t size = fread(file, 1, sizeof file, opened);
    fclose(opened);
    assert_in_range(size, 1, sizeof file - 1);
    cJSON_InitHooks(NULL);
    vectors = cJSON_ParseWithLength(file, size);
    assert_non_null(vectors);
    *state = malloc(sizeof(struct test_host));
    test_host_open(*state, NULL);
    return 0;
}

static int teardown(void **state) {
    test_host_close(*state);
    free(*state);
    cJSON_Delete(vectors);
    return 0;
}

static const cJSON *rows(const char *name) {
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(vectors, name);
    assert_true(cJSON_GetArraySize(found) > 0);
    return found;
}

/* The bytes of a field, with a NUL behind them; the caller frees them. */
static struct text bytes_of(const cJSON *row, const char *name) {
    const char *hex = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, name));
    assert_non_null(hex);
    size_t len = strlen(hex) / 2;
    char *bytes = calloc(len + 1, 1);
    for (size_t i = 0; i < len; i++) {
        const char digits[] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(digits, NULL, 16);
    }
    return (struct text){bytes, len};
}

static void release(struct text text) {
    free((void *)(uintptr_t)text.at);
}

static void hmac_is_that_of_the_secret(void **state) {
    struct test_host *host = *state;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows("hmac")) {
        struct text secret = bytes_of(row, "secret");
        struct text message = bytes_of(row, "message");
        struct text digest = bytes_of(row, "digest");
        unsigned char made[DIGEST_BYTES];
        host->secret = secret.at;
        host->host.hmac(message, made);
        assert_in_range(digest.len, 16, DIGEST_BYTES);
        assert_memory_equal(made, digest.at, digest.len);
        release(secret);
        release(message);
        release(digest);
    }
}

/* Turns one bit after another, of `bits` in each byte; returns how many of the signatures held. */
static int held_when_turned(const struct host *host, struct text text, int bits,
                            const struct text given[3]) {
    int held = 0;
    for (size_t i = 0; i < text.len; i++) {
        for (int bit = 0; bit < bits; bit++) {
            char *byte = (char *)(uintptr_t)text.at + i;
            *byte = (char)(*byte ^ 1 << bit);
            held += host->verify(given[0], given[1], given[2]);
            *byte = (char)(*byte ^ 1 << bit);
        }
    }
    return held;
}

static void a_signature_holds_and_with_no_bit_turned(void **state) {
    const struct host *host = &((struct test_host *)*state)->host;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows("verify")) {
        struct text given[] = {bytes_of(row, "key"), bytes_of(row, "signature"),
                               bytes_of(row, "message")};
        assert_int_equal(given[0].len, PUBLIC_KEY_BYTES);
        assert_int_equal(given[1].len, SIGNATURE_BYTES);
        assert_true(host->verify(given[0], given[1], given[2]));
        for (int i = 0; i < 3; i++) {
            int bits = given[i].len > SIGNATURE_BYTES ? 1 : 8;
            assert_int_equal(held_when_turned(host, given[i], bits, given), 0);
        }
        for (int i = 0; i < 3; i++) {
            release(given[i]);
        }
    }
}

static void what_is_no_signature_is_refused(void **state) {
    const struct host *host = &((struct test_host *)*state)->host;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows("refused")) {
        struct text key = bytes_of(row, "key");
        struct text signature = bytes_of(row, "signature");
        struct text message = bytes_of(row, "message");
        assert_false(host->verify(key, signature, message));
        release(key);
        release(signature);
        release(message);
    }
}

static void equal_is_true_of_the_same_bytes_alone(void **state) {
    const struct host *host = &((struct test_host *)*state)->host;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows("equal")) {
        struct text a = bytes_of(row, "a");
        struct text b = bytes_of(row, "b");
        bool gives = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "gives"));
        assert_int_equal(host->equal(a, b), gives);
        release(a);
        release(b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_is_that_of_the_secret),
        cmocka_unit_test(a_signature_holds_and_with_no_bit_turned),
        cmocka_unit_test(what_is_no_signature_is_refused),
        cmocka_unit_test(equal_is_true_of_the_same_bytes_alone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
