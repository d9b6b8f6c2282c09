/* Session codes: a round trip over time, and what is no code. */
#include "session_code.h"
#include "world.h"

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t ROUND = (int64_t)1 << 28;
static const int64_t SLACK = 7200000; /* two hours */

static struct text print(struct world *world, struct session_code code) {
    return session_code_print(code, world_request(world)->arena);
}

static void a_code_is_a_uuid_of_version_4(void **state) {
    struct world *world = as_world(state);
    struct session_code code = session_code_make(0xDEADBEEF, NOW, UINT64_MAX);
    /* 1700000000000 is 0x18BCFE56800 */
    assert_text(print(world, code), "deadbeef-fe56-4800-bfff-ffffffffffff");
}

static void a_code_comes_back_whatever_its_parts_are(void **state) {
    struct world *world = as_world(state);
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        struct session_code made =
            session_code_make((uint32_t)(random >> 7), NOW + i * 997, random);
        struct session_code read;
        assert_true(session_code_parse(print(world, made), NOW + i * 997, &read));
        assert_int_equal(read.topic, made.topic);
        assert_int_equal(read.created_at, made.created_at);
        assert_int_equal(read.id, made.id);
    }
}

static void sixty_two_random_bits_are_in_a_code(void **state) {
    (void)state;
    for (int bit = 0; bit < 64; bit++) {
        struct session_code without = session_code_make(0, NOW, 0);
        struct session_code with = session_code_make(0, NOW, (uint64_t)1 << bit);
        assert_int_equal(with.id != without.id, bit >= 2);
    }
}

/* Made at NOW, read `later` ms after that. */
static int64_t read_after(struct world *world, int64_t later) {
    struct session_code read;
    struct text text = print(world, session_code_make(1, NOW, 2));
    assert_true(session_code_parse(text, NOW + later, &read));
    return read.created_at;
}

static void the_time_of_creation_is_known_for_72_hours_and_two_hours_ahead(void **state) {
    struct world *world = as_world(state);
    static const int64_t hour = 3600000;
    for (int64_t later = -SLACK; later < ROUND - SLACK; later += 7919) {
        assert_int_equal(read_after(world, later), NOW);
    }
    assert_true(ROUND - SLACK > 72 * hour);
}

static void the_window_ends_to_the_millisecond(void **state) {
    struct world *world = as_world(state);
    assert_int_equal(read_after(world, -SLACK), NOW);
    assert_int_equal(read_after(world, -SLACK - 1), NOW - ROUND);
    assert_int_equal(read_after(world, ROUND - SLACK - 1), NOW);
    assert_int_equal(read_after(world, ROUND - SLACK), NOW + ROUND);
}

static void a_time_before_1970_is_no_code(void **state) {
    struct world *world = as_world(state);
    struct session_code read;
    struct text text = print(world, session_code_make(1, ROUND - 1, 2));
    assert_false(session_code_parse(text, 0, &read));
}

static void upper_case_digits_are_taken(void **state) {
    struct world *world = as_world(state);
    struct session_code made = session_code_make(0xABCDEF01, NOW, 0xFEDCBA9876543210);
    struct text text = print(world, made);
    char upper[36];
    for (size_t i = 0; i < 36; i++) {
        char c = text.at[i];
        upper[i] = c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c;
    }
    struct session_code read;
    assert_true(session_code_parse((struct text){upper, 36}, NOW, &read));
    assert_int_equal(read.topic, made.topic);
    assert_int_equal(read.id, made.id);
    assert_int_equal(read.created_at, made.created_at);
}

static void what_is_not_in_the_form_is_no_code(void **state) {
    (void)state;
    struct session_code code;
    static const char good[] = "01234567-89ab-4cde-8123-456789abcdef";
    assert_true(session_code_parse(text_of(good), NOW, &code));
    static const char *const bad[] = {
        "",
        "0",
        "01234567-89ab-4cde-8123-456789abcde",
        "01234567-89ab-4cde-8123-456789abcdef0",
        "{1234567-89ab-4cde-8123-456789abcdef",
        "0123456789ab4cde8123456789abcdef0000",
        "01234567-89ab-1cde-8123-456789abcdef", /* another version */
        "01234567-89ab-5cde-8123-456789abcdef",
        "01234567-89ab-4cde-0123-456789abcdef", /* another variant */
        "01234567-89ab-4cde-7123-456789abcdef",
        "01234567-89ab-4cde-c123-456789abcdef",
        "01234567-89ab-4cde-8123-456789abcdeg",
        "0123456 -89ab-4cde-8123-456789abcdef",
        "-1234567-89ab-4cde-8123-456789abcdef",
        "01234567-89ab-4cde-8123-+56789abcdef",
        "01234567_89ab_4cde_8123_456789abcdef",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (session_code_parse(text_of(bad[i]), NOW, &code)) {
            fail_msg("taken: %s", bad[i]);
        }
    }
}

static void no_byte_of_a_code_may_be_any_other(void **state) {
    (void)state;
    for (size_t at = 0; at < 36; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = "01234567-89ab-4cde-8123-456789abcdef";
            text[at] = (char)byte;
            bool dash = at == 8 || at == 13 || at == 18 || at == 23;
            bool digit = byte != 0 && strchr("0123456789abcdefABCDEF", byte) != NULL;
            bool variant = byte != 0 && strchr("89abAB", byte) != NULL;
            bool valid = dash ? byte == '-' : at == 14 ? byte == '4' : at == 19 ? variant : digit;
            struct session_code code;
            assert_int_equal(session_code_parse((struct text){text, 36}, NOW, &code), valid);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_code_is_a_uuid_of_version_4),
        world_test(a_code_comes_back_whatever_its_parts_are),
        world_test(sixty_two_random_bits_are_in_a_code),
        world_test(the_time_of_creation_is_known_for_72_hours_and_two_hours_ahead),
        world_test(the_window_ends_to_the_millisecond),
        world_test(a_time_before_1970_is_no_code),
        world_test(upper_case_digits_are_taken),
        world_test(what_is_not_in_the_form_is_no_code),
        world_test(no_byte_of_a_code_may_be_any_other),
    };
    return cmocka_run_group_tests_name("session_code", tests, NULL, NULL);
}
