/* Text: slices, numbers and UTF-8, the last against a decoder of its own. */
#include "world.h"

/* -- Slices -------------------------------------------------------------------- */

static void texts_are_equal_byte_for_byte(void **state) {
    (void)state;
    assert_true(text_equal(TEXT("abc"), text_of("abc")));
    assert_false(text_equal(TEXT("abc"), TEXT("abd")));
    assert_false(text_equal(TEXT("abc"), TEXT("ab")));
    assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_true(text_equal(TEXT(""), NO_TEXT));
}

static void a_text_starts_with_its_own_beginning(void **state) {
    (void)state;
    assert_true(text_starts(TEXT("abc"), TEXT("")));
    assert_true(text_starts(TEXT("abc"), TEXT("ab")));
    assert_true(text_starts(TEXT("abc"), TEXT("abc")));
    assert_false(text_starts(TEXT("abc"), TEXT("abcd")));
    assert_false(text_starts(TEXT("abc"), TEXT("b")));
}

static void texts_sort_by_bytes_and_the_shorter_first(void **state) {
    (void)state;
    static const char *const sorted[] = {
        "", "A", "a", "a!", "ab", "b", "\x7F", "\xC3\xA9", "\xEF\xBF\xBD", "\xF0\x9F\x98\x80"};
    for (size_t i = 0; i < sizeof sorted / sizeof sorted[0]; i++) {
        for (size_t j = 0; j < sizeof sorted / sizeof sorted[0]; j++) {
            int order = text_compare(text_of(sorted[i]), text_of(sorted[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void cutting_takes_the_pieces_one_by_one(void **state) {
    (void)state;
    struct text rest = TEXT("a,,b");
    assert_text(text_cut(&rest, ','), "a");
    assert_text(text_cut(&rest, ','), "");
    assert_non_null(rest.at);
    assert_text(text_cut(&rest, ','), "b");
    assert_null(rest.at);
}

static void cutting_behind_a_last_separator_leaves_an_empty_piece(void **state) {
    (void)state;
    struct text rest = TEXT("a,");
    assert_text(text_cut(&rest, ','), "a");
    assert_non_null(rest.at);
    assert_text(text_cut(&rest, ','), "");
    assert_null(rest.at);
}

static void cutting_nothing_gives_nothing(void **state) {
    (void)state;
    struct text rest = NO_TEXT;
    assert_int_equal(text_cut(&rest, ',').len, 0);
    assert_null(rest.at);
}

/* -- Numbers ------------------------------------------------------------------- */

static void decimal_numbers_have_digits_only(void **state) {
    (void)state;
    static const struct {
        const char *digits;
        bool valid;
        int64_t number;
    } rows[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"9223372036854775806", true, INT64_MAX - 1},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", true, INT64_MAX},
        {"99999999999999999999999999999999", true, INT64_MAX},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x10", false, 0},
        {"\xD9\xA1", false, 0}, /* an Arabic one */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t number = -1;
        assert_int_equal(text_number(text_of(rows[i].digits), &number), rows[i].valid);
        if (rows[i].valid) {
            assert_int_equal(number, rows[i].number);
        }
    }
}

static void hexadecimal_numbers_have_1_to_16_lower_case_digits(void **state) {
    (void)state;
    uint64_t number;
    assert_true(text_hex(TEXT("0"), &number));
    assert_int_equal(number, 0);
    assert_true(text_hex(TEXT("0123456789abcdef"), &number));
    assert_int_equal(number, 0x0123456789abcdef);
    assert_true(text_hex(TEXT("ffffffffffffffff"), &number));
    assert_int_equal(number, UINT64_MAX);
    static const char *const bad[] = {"",   "A",  "g", "0x1", "-1", " 1", "00000000000000001",
                                      "1/", "1:", "`"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_hex(text_of(bad[i]), &number));
    }
}

/* -- UTF-8 --------------------------------------------------------------------- */

/* Decodes by arithmetic, as RFC 3629 defines it: the code point, checked for being the shortest
 * form. Returns the sequence's length, 0 where there is none. */
static size_t decode(const unsigned char *p, size_t left, uint32_t *point) {
    static const struct {
        unsigned mask, lead;
        uint32_t first;
    } forms[] = {{0x80, 0x00, 0x0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    for (size_t len = 1; len <= 4; len++) {
        if ((p[0] & forms[len - 1].mask) != forms[len - 1].lead) {
            continue;
        }
        if (len > left) {
            return 0;
        }
        *point = p[0] & (0xFFU ^ forms[len - 1].mask);
        for (size_t i = 1; i < len; i++) {
            if (p[i] / 64 != 2) {
                return 0;
            }
            *point = *point * 64 + p[i] % 64;
        }
        bool surrogate = *point >= 0xD800 && *point <= 0xDFFF;
        return *point >= forms[len - 1].first && *point <= 0x10FFFF && !surrogate ? len : 0;
    }
    return 0;
}

static bool decodes(const unsigned char *bytes, size_t len, size_t *characters) {
    *characters = 0;
    for (size_t i = 0; i < len; (*characters)++) {
        uint32_t point = 0;
        size_t step = decode(bytes + i, len - i, &point);
        if (step == 0 || point == 0) {
            return false;
        }
        i += step;
    }
    return true;
}

static void check_utf8(const unsigned char *bytes, size_t len) {
    size_t characters;
    struct text text = {(const char *)bytes, len};
    bool valid = decodes(bytes, len, &characters);
    if (text_valid(text) != valid || (valid && text_characters(text) != characters)) {
        fail_msg("%zu bytes: %02x %02x %02x %02x", len, bytes[0], bytes[1], bytes[2], bytes[3]);
    }
}

static void utf8_is_valid_exactly_where_it_decodes_for_all_of_up_to_3_bytes(void **state) {
    (void)state;
    unsigned char bytes[4] = {0};
    for (uint32_t all = 0; all < 1U << 24; all++) {
        bytes[0] = (unsigned char)(all >> 16);
        bytes[1] = (unsigned char)(all >> 8);
        bytes[2] = (unsigned char)all;
        check_utf8(bytes, 3);
        if (bytes[2] == 0) {
            check_utf8(bytes, 2);
        }
        if (bytes[1] == 0 && bytes[2] == 0) {
            check_utf8(bytes, 1);
        }
    }
    assert_true(text_valid(TEXT("")));
}

static void utf8_is_valid_exactly_where_it_decodes_for_many_of_4_bytes(void **state) {
    (void)state;
    static const unsigned char ends[] = {0x00, 0x01, 0x41, 0x7F, 0x80, 0x8F, 0x90,
                                         0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xFF};
    unsigned char bytes[4];
    for (uint32_t two = 0; two < 1U << 16; two++) {
        bytes[0] = (unsigned char)(two >> 8);
        bytes[1] = (unsigned char)two;
        for (size_t i = 0; i < sizeof ends * sizeof ends; i++) {
            bytes[2] = ends[i / sizeof ends];
            bytes[3] = ends[i % sizeof ends];
            check_utf8(bytes, 4);
        }
    }
}

static void a_sequence_that_the_text_cuts_off_is_not_valid(void **state) {
    (void)state;
    assert_false(text_valid((struct text){"\xC3\xA9", 1}));
    assert_false(text_valid((struct text){"\xE2\x82\xAC", 2}));
    assert_false(text_valid((struct text){"\xF0\x9F\x98\x80", 3}));
    assert_true(text_valid((struct text){"\xF0\x9F\x98\x80", 4}));
}

static void a_hash_is_fnv_1a_and_goes_on(void **state) {
    (void)state;
    assert_true(text_hash(TEXT(""), TEXT_HASH) == TEXT_HASH);
    assert_true(text_hash(NO_TEXT, TEXT_HASH) == TEXT_HASH);
    assert_true(text_hash(TEXT("a"), TEXT_HASH) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(text_hash(TEXT("foobar"), TEXT_HASH) == UINT64_C(0x85944171f73967e8));
    assert_true(text_hash(TEXT("bar"), text_hash(TEXT("foo"), TEXT_HASH)) ==
                text_hash(TEXT("foobar"), TEXT_HASH));
    assert_true(text_hash(TEXT("\xFF"), TEXT_HASH) == /* bytes have no sign */
                (TEXT_HASH ^ 0xFF) * UINT64_C(0x100000001b3));
    assert_true(text_hash((struct text){"a\0", 2}, TEXT_HASH) != text_hash(TEXT("a"), TEXT_HASH));
}

static void trimming_takes_blanks_off_both_ends_only(void **state) {
    (void)state;
    assert_true(text_equal(text_trim(TEXT("  a b "), TEXT(" ")), TEXT("a b")));
    assert_true(text_equal(text_trim(TEXT(" \ta\t"), TEXT(" ")), TEXT("\ta\t")));
    assert_true(text_equal(text_trim(TEXT(" \ta\t"), TEXT(" \t")), TEXT("a")));
    assert_int_equal(text_trim(TEXT("   "), TEXT(" ")).len, 0);
    assert_int_equal(text_trim(TEXT("\0a"), TEXT(" ")).len, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trimming_takes_blanks_off_both_ends_only),
        cmocka_unit_test(texts_are_equal_byte_for_byte),
        cmocka_unit_test(a_text_starts_with_its_own_beginning),
        cmocka_unit_test(texts_sort_by_bytes_and_the_shorter_first),
        cmocka_unit_test(cutting_takes_the_pieces_one_by_one),
        cmocka_unit_test(cutting_behind_a_last_separator_leaves_an_empty_piece),
        cmocka_unit_test(cutting_nothing_gives_nothing),
        cmocka_unit_test(decimal_numbers_have_digits_only),
        cmocka_unit_test(hexadecimal_numbers_have_1_to_16_lower_case_digits),
        cmocka_unit_test(utf8_is_valid_exactly_where_it_decodes_for_all_of_up_to_3_bytes),
        cmocka_unit_test(utf8_is_valid_exactly_where_it_decodes_for_many_of_4_bytes),
        cmocka_unit_test(a_sequence_that_the_text_cuts_off_is_not_valid),
        cmocka_unit_test(a_hash_is_fnv_1a_and_goes_on),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
