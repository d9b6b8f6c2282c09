/* Bloom filters: which bits an id has, and what a filter is read from. */
#include "base64.h"
#include "bloom.h"
#include "world.h"

#include <stdio.h>

static const char PEER[] = "0123456789abcdef0123456789abcdef";

/* -- Membership. The bits of the rows were worked out apart from this project's code. - */

static const struct {
    const char *id;
    size_t bytes, bits[3];
} known[] = {
    {"", 1, {5, 4, 7}},
    {"a", 8, {44, 63, 18}},
    {"a", 125, {220, 839, 458}},
    {PEER, 8, {53, 20, 55}},
    {PEER, 125, {325, 948, 127}},
    {"ffffffffffffffffffffffffffffffff", 8, {5, 4, 7}},
    {"ffffffffffffffffffffffffffffffff", 125, {821, 212, 799}},
};

static void set(char *bits, size_t bit) {
    bits[bit / 8] = (char)(bits[bit / 8] | 1 << bit % 8);
}

static void an_id_is_in_it_where_its_three_bits_are_set(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct text id = text_of(known[i].id);
        char bits[125] = {0};
        struct text filter = {bits, known[i].bytes};
        for (int k = 0; k < 3; k++) {
            assert_false(bloom_may_have(filter, id));
            set(bits, known[i].bits[k]);
        }
        assert_true(bloom_may_have(filter, id));
    }
}

static void one_bit_less_and_it_is_not_and_no_other_bit_matters(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        for (size_t bit = 0; bit < known[i].bytes * 8; bit++) {
            char bits[125];
            memset(bits, 0xFF, sizeof bits);
            bits[bit / 8] = (char)(bits[bit / 8] ^ 1 << bit % 8);
            const size_t *own = known[i].bits;
            bool needed = bit == own[0] || bit == own[1] || bit == own[2];
            assert_int_equal(
                bloom_may_have((struct text){bits, known[i].bytes}, text_of(known[i].id)), !needed);
        }
    }
}

/* The same in another way: 64-bit arithmetic, a byte for each bit. */
static size_t other_index(const char *id, unsigned basis, size_t bits) {
    uint64_t hash = 2166136261U ^ basis;
    for (; *id != '\0'; id++) {
        hash ^= (uint64_t)(unsigned char)*id;
        hash = (hash + (hash << 1) + (hash << 4) + (hash << 7) + (hash << 8) + (hash << 24)) %
               UINT64_C(0x100000000);
    }
    return (size_t)(hash % bits);
}

static void id_of(char id[33], uint64_t number) {
    for (int half = 0; half < 2; half++) {
        number = (number ^ number >> 29) * UINT64_C(0xBF58476D1CE4E5B9) + 1;
        snprintf(id + 16 * half, 17, "%016llx", (unsigned long long)number);
    }
}

static void filters_of_every_size_have_what_was_put_in_them(void **state) {
    (void)state;
    enum { IDS = 10000 };
    static char bits[BLOOM_BYTES_MAX];
    static bool flags[BLOOM_BYTES_MAX * 8];
    static const size_t sizes[] = {1, 2, 3, 7, 8, 64, 100, 1000, 1250, 4096, 8191, 8192};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t count = sizes[i] * 8;
        memset(bits, 0, sizeof bits);
        memset(flags, 0, sizeof flags);
        size_t put = count / 8; /* full enough for false positives, and not full */
        char id[33];
        for (size_t n = 0; n < put; n++) {
            id_of(id, n);
            for (unsigned k = 0; k < 3; k++) {
                size_t bit = other_index(id, k, count);
                flags[bit] = true;
                set(bits, bit);
            }
        }
        size_t positives = 0;
        for (size_t n = 0; n < IDS; n++) {
            id_of(id, n);
            bool there = flags[other_index(id, 0, count)] && flags[other_index(id, 1, count)] &&
                         flags[other_index(id, 2, count)];
            assert_true(there || n >= put);
            assert_int_equal(bloom_may_have((struct text){bits, sizes[i]}, text_of(id)), there);
            positives += there;
        }
        assert_true(positives < IDS); /* or the loop would prove nothing */
    }
}

/* -- Reading ------------------------------------------------------------------- */

static void a_filter_is_base64_where_a_plus_may_have_become_a_space(void **state) {
    struct request *request = world_request(as_world(state));
    static const char *const same[] = {"++++////", "    ////", "+ - ////", "----____", " + +/_/_"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct text bits;
        assert_true(bloom_read(request->arena, text_of(same[i]), &bits));
        assert_true(text_equal(bits, TEXT("\xFB\xEF\xBE\xFF\xFF\xFF")));
    }
    struct text bits;
    assert_true(bloom_read(request->arena, TEXT("AA"), &bits));
    assert_true(text_equal(bits, TEXT("\0")));
    assert_false(bloom_may_have(bits, TEXT("a")));
    assert_true(bloom_read(request->arena, TEXT("/w=="), &bits));
    assert_true(bloom_may_have(bits, TEXT("a")));
}

static void what_is_empty_or_no_base64_is_no_filter(void **state) {
    struct request *request = world_request(as_world(state));
    static const char *const others[] = {
        "", "=", "====", "A", "AB", "AAA==", "AA=", "!!!!", "AA==\n", "\tAAA", "AAA%", "%%%"};
    struct text bits;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (bloom_read(request->arena, text_of(others[i]), &bits)) {
            fail_msg("\"%s\"", others[i]);
        }
    }
    assert_false(bloom_read(request->arena, NO_TEXT, &bits));
}

static void a_filter_may_be_longer_than_it_ought_to_be(void **state) {
    struct world *world = as_world(state);
    struct request *request = world_request(world);
    struct text bytes = text_of(world_repeat(world, "\x55", BLOOM_BYTES_MAX + 1));
    struct text bits;
    assert_true(bloom_read(request->arena, base64_encode(request->arena, bytes), &bits));
    assert_int_equal(bits.len, BLOOM_BYTES_MAX + 1);
    (void)bloom_may_have(bits, TEXT("a"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_in_it_where_its_three_bits_are_set),
        cmocka_unit_test(one_bit_less_and_it_is_not_and_no_other_bit_matters),
        cmocka_unit_test(filters_of_every_size_have_what_was_put_in_them),
        world_test(a_filter_is_base64_where_a_plus_may_have_become_a_space),
        world_test(what_is_empty_or_no_base64_is_no_filter),
        world_test(a_filter_may_be_longer_than_it_ought_to_be),
    };
    return cmocka_run_group_tests_name("bloom filters", tests, NULL, NULL);
}
