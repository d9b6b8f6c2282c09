/* Room codes and join codes: what is taken for one, and what is made. */
#include "room_code.h"
#include "world.h"

#include <stdio.h>

static const char ALPHABET[] = "2345679ACDEFGHJKMNPQRSTUVWXYZ";

/* Random bytes that begin with these numbers. */
static void give(struct request *request, uint64_t first, uint64_t second) {
    char *bytes = arena_array(request->arena, RANDOM_BYTES, 1);
    for (int i = 0; i < 8; i++) {
        bytes[i] = (char)(first >> (56 - 8 * i));
        bytes[8 + i] = (char)(second >> (56 - 8 * i));
    }
    request->random = (struct text){bytes, RANDOM_BYTES};
}

/* -- Reading ------------------------------------------------------------------- */

static void a_code_is_read_however_it_was_written_down(void **state) {
    struct request *request = world_request(as_world(state));
    static const struct {
        const char *sent, *code; /* NULL: none */
    } rows[] = {
        {"QK7M2XTD", "QK7M2XTD"},
        {"qk7m2xtd", "QK7M2XTD"},
        {"qK7m-2XtD", "QK7M2XTD"},
        {" q k 7 m 2 x t d ", "QK7M2XTD"},
        {"--------QK7M2XTD--------", "QK7M2XTD"},
        {"QK7M2X", "QK7M2X"},
        {"QK7M2XT", "QK7M2XT"},
        {"IO01L8B", "IO01L8B"}, /* of another server */
        {"AZaz09", "AZAZ09"},
        {"", NULL},
        {"-", NULL},
        {"QK7M2", NULL},
        {"Q-K-7-M-2", NULL},
        {"QK7M2XTDA", NULL},
        {"QK7M2XTDAA", NULL},
        {"QK7M 2XTD A", NULL},
        {"QK7M2XT_", NULL},
        {"QK7M2XT/", NULL},
        {"QK7M2XT:", NULL},
        {"QK7M2XT@", NULL},
        {"QK7M2XT[", NULL},
        {"QK7M2XT`", NULL},
        {"QK7M2XT{", NULL},
        {"QK7M+2XT", NULL},
        {"QK7M\t2XTD", NULL},
        {"QK7M2XT\xC3\x84", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text code;
        bool read = room_code_read(request->arena, text_of(rows[i].sent), &code);
        if (read != (rows[i].code != NULL)) {
            fail_msg("\"%s\"", rows[i].sent);
        }
        if (read) {
            assert_text(code, rows[i].code);
        }
    }
}

static void a_code_may_be_read_from_anywhere_in_a_text(void **state) {
    struct request *request = world_request(as_world(state));
    struct text code;
    assert_true(room_code_read(request->arena, (struct text){"QK7M2XTDZZ", 8}, &code));
    assert_text(code, "QK7M2XTD");
    assert_false(room_code_read(request->arena, NO_TEXT, &code));
}

/* -- Making -------------------------------------------------------------------- */

static uint64_t all_codes(void) {
    uint64_t codes = 1;
    for (int i = 0; i < ROOM_CODE_LEN; i++) {
        codes *= strlen(ALPHABET);
    }
    return codes;
}

static void a_code_that_was_made_can_be_read(void **state) {
    struct world *world = as_world(state);
    for (uint64_t i = 0; i < 2000; i++) {
        struct request *request = world_request(world);
        give(request, i * UINT64_C(0x9E3779B97F4A7C15) >> 1, 0);
        struct text made, read;
        assert_true(room_code_make(request, &made));
        assert_int_equal(made.len, ROOM_CODE_LEN);
        assert_int_equal(strspn(made.at, ALPHABET), ROOM_CODE_LEN);
        assert_true(room_code_read(request->arena, made, &read));
        assert_text(read, made.at);
    }
}

static void every_letter_is_as_likely_as_any_other_in_every_place(void **state) {
    struct request *request = world_request(as_world(state));
    uint64_t step = 1;
    for (int place = 0; place < ROOM_CODE_LEN; place++, step *= strlen(ALPHABET)) {
        for (size_t letter = 0; letter < strlen(ALPHABET); letter++) {
            give(request, letter * step, 0);
            char wanted[] = "22222222";
            wanted[place] = ALPHABET[letter];
            struct text code;
            assert_true(room_code_make(request, &code));
            assert_text(code, wanted);
        }
    }
}

static void numbers_that_would_make_some_codes_likelier_are_refused(void **state) {
    struct request *request = world_request(as_world(state));
    uint64_t taken = UINT64_MAX / all_codes() * all_codes();
    struct text code;
    give(request, taken - 1, 0);
    assert_true(room_code_make(request, &code));
    assert_text(code, "ZZZZZZZZ");
    give(request, taken, 0);
    assert_false(room_code_make(request, &code));
    assert_int_equal(request->random.len, RANDOM_BYTES - 8); /* used up all the same */
    give(request, UINT64_MAX, all_codes());
    assert_false(room_code_make(request, &code));
    assert_true(room_code_make(request, &code)); /* the next number */
    assert_text(code, "22222222");
}

/* -- Join codes ---------------------------------------------------------------- */

static void a_join_code_is_six_random_digits(void **state) {
    struct request *request = world_request(as_world(state));
    static const struct {
        uint64_t random;
        const char *code;
    } rows[] = {
        {0, "000000"},       {1, "100000"},          {123456, "654321"},  {999999, "999999"},
        {1000000, "000000"}, {UINT64_MAX, "516155"}, {9000000, "000000"}, {5 * 100000, "000005"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        give(request, rows[i].random, 0);
        struct text code = join_code_make(request);
        assert_text(code, rows[i].code);
        assert_true(join_code_valid(code));
    }
}

static void nothing_but_six_digits_is_a_join_code(void **state) {
    (void)state;
    static const char *const others[] = {
        "",        "1",       "12345",   "1234567",  "12345a",       "a12345",
        "123 456", " 123456", "123456 ", "123456\n", "-12345",       "+12345",
        "12345.",  "1e1234",  "12345/",  "12345:",   "\xEF\xBC\x91", "0x1234"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (join_code_valid(text_of(others[i]))) {
            fail_msg("\"%s\"", others[i]);
        }
    }
    assert_false(join_code_valid(NO_TEXT));
    assert_true(join_code_valid((struct text){"1234567", 6}));
    assert_false(join_code_valid((struct text){"1234567", 5}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_code_is_read_however_it_was_written_down),
        world_test(a_code_may_be_read_from_anywhere_in_a_text),
        world_test(a_code_that_was_made_can_be_read),
        world_test(every_letter_is_as_likely_as_any_other_in_every_place),
        world_test(numbers_that_would_make_some_codes_likelier_are_refused),
        world_test(a_join_code_is_six_random_digits),
        cmocka_unit_test(nothing_but_six_digits_is_a_join_code),
    };
    return cmocka_run_group_tests_name("room codes", tests, NULL, NULL);
}
