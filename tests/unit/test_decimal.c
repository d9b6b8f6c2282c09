/* Decimal numbers against libc's strtod(): each of many texts has to give the same double, to the
 * last bit, and end at the same place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../wasm/decimal.c" /* which only the module is linked with */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 20000, LONGEST = 2000, MANY = 1 << 20 };

static uint64_t seed;

static uint64_t next_random(void) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return seed ^ seed >> 29;
}

static int below(int limit) {
    return (int)(next_random() >> 33) % limit;
}

static void check(const char *text) {
    char *end;
    char *wanted_end;
    double is = decimal_read(text, &end);
    double wanted = strtod(text, &wanted_end);
    if (memcmp(&is, &wanted, sizeof is) != 0 || end != wanted_end) {
        fail_msg("%.100s: %a to %td, not %a to %td", text, is, end - text, wanted,
                 wanted_end - text);
    }
}

static double random_double(void) {
    uint64_t bits = next_random();
    double number;
    memcpy(&number, &bits, sizeof number);
    return isfinite(number) ? number : 0;
}

static void numbers_of_note(void **state) {
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "0e5",
        "1",
        "-1",
        "25",
        "0.5",
        "1.5",
        "-2.25",
        "1e3",
        "1E+3",
        "1e-3",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740994",
        "9007199254740992.999999999999999999999999999999",
        "18446744073709551615",
        "18446744073709551616",
        "1e22",
        "1e23",
        "1e400",
        "-1e400",
        "1e-400",
        "-1e-400",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "179769313486231580793e289",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.2250738585072012e-308",
        "5e-324",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.5e-324",
        "2.4e-324",
        "1e-323",
        "1e-324",
        "9.9e-325",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0e99999999999999999999",
        "1e0000005",
        "0.0000001e7",
        "000001",
        "123456789012345678901234567890",
        "2.00000000000000000001",
        "1.99999999999999999999",
        /* The middle of two, and a little above it. */
        "9007199254740993.0",
        "9007199254740993.0000000000000000000000000000001",
        "9007199254740995.0000000000000000000000000000001",
        "0.5000000000000000000000000000001",
        /* What strict() of src/json.c turns away, but strtod() does not. */
        "",
        "-",
        "+",
        ".",
        "-.",
        "e5",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1e-",
        "1e5e5",
        "1.5.5",
        "1-2",
        "+7",
        "--7",
        "1e5.5",
        "..5",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        check(texts[i]);
    }
}

static void whole_numbers(void **state) {
    (void)state;
    char text[LONGEST];
    for (int power = 0; power < 64; power++) {
        for (int by = -40; by <= 40; by++) {
            snprintf(text, sizeof text, "%llu", (1ULL << power) + (unsigned long long)by);
            check(text);
        }
    }
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)next_random() >> below(64));
        check(text);
    }
}

static void doubles_as_they_are_printed(void **state) {
    (void)state;
    static const char *const formats[] = {"%.0f",  "%.1f",  "%g",    "%.15g",
                                          "%.16e", "%.17g", "%.20g", "%.40e"};
    char text[LONGEST];
    for (int i = 0; i < ROUNDS; i++) {
        /* Of any size, and such as a client might send. */
        double number = i % 2 == 0 ? random_double() : (double)below(1000000) / (1 + below(1000));
        for (size_t j = 0; j < sizeof formats / sizeof formats[0]; j++) {
            snprintf(text, sizeof text, formats[j], number);
            check(text);
        }
    }
}

/* Exactly between two doubles, a little above, and a little below. A long double has room for such
 * a middle, and glibc prints all of its digits. */
static void middles_of_two_doubles(void **state) {
    (void)state;
    char text[LONGEST];
    for (int i = 0; i < ROUNDS / 4; i++) {
        double low = i % 4 == 0 ? ldexp((double)below(1 << 20), -1074) : fabs(random_double());
        double high = nextafter(low, HUGE_VAL);
        if (isinf(high)) {
            continue;
        }
        snprintf(text, sizeof text, "%.800Le", ((long double)low + (long double)high) / 2);
        check(text);
        char *exponent = strchr(text, 'e');
        exponent[-1] = '1';
        check(text);
        char tail[16];
        strcpy(tail, exponent);
        char *last = exponent - 1;
        *last = '0';
        while (*last == '0') {
            last--;
        }
        if (*last > '1' && *last <= '9') {
            *last = (char)(*last - 1);
            strcpy(last + 1, "99999");
            strcat(last + 1, tail);
            check(text);
        }
    }
}

static void any_text_of_such_characters(void **state) {
    (void)state;
    static const char often[] = "0123456789000999-+.eE";
    char text[LONGEST];
    for (int i = 0; i < ROUNDS * 10; i++) {
        int len = below(i % 100 == 0 ? 1500 : 24);
        for (int j = 0; j < len; j++) {
            bool sign = j > 0 && text[j - 1] != 'e';
            text[j] = often[below(sign ? 17 - 4 * (i % 2) + below(5) : 21)];
        }
        text[len] = '\0';
        check(text);
    }
}

static void zeros_without_end(void **state) {
    (void)state;
    char *text = malloc(MANY + 64);
    memset(text, '0', MANY);
    text[1] = '.';
    strcpy(text + MANY, "1e1048570");
    check(text);
    strcpy(text + MANY, "1e1048890");
    check(text);
    strcpy(text + MANY, "1e1048250");
    check(text);
    memset(text, '0', MANY);
    text[0] = '7';
    strcpy(text + MANY, "e-1048570");
    check(text);
    memset(text, '9', MANY);
    strcpy(text + MANY, ".9e-1048570");
    check(text);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_note),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(doubles_as_they_are_printed),
        cmocka_unit_test(middles_of_two_doubles),
        cmocka_unit_test(any_text_of_such_characters),
        cmocka_unit_test(zeros_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
