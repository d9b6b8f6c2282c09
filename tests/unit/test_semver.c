/* Versions and ranges. tests/tools/semver.test.mjs compares them with npm's package, by way of
 * answer_lines(). */
#include "semver.h"
#include "world.h"

#include <stdio.h>

static struct semver version_of(const char *text) {
    struct semver version;
    if (!semver_parse(text_of(text), &version)) {
        fail_msg("no version: \"%s\"", text);
    }
    return version;
}

static bool is_in(const char *version, const char *range) {
    struct semver parsed = version_of(version);
    return semver_satisfies(&parsed, text_of(range));
}

/* -- Versions ------------------------------------------------------------------ */

static void a_version_is_three_numbers_and_what_goes_with_them(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t major, minor, patch;
        const char *prerelease;
    } rows[] = {
        {"0.0.0", 0, 0, 0, ""},
        {"1.2.3", 1, 2, 3, ""},
        {"10.20.30", 10, 20, 30, ""},
        {"9007199254740991.9007199254740991.9007199254740991", SEMVER_NUMBER_MAX, SEMVER_NUMBER_MAX,
         SEMVER_NUMBER_MAX, ""},
        {"2.1.3-beta.1", 2, 1, 3, "beta.1"},
        {"1.0.0-0", 1, 0, 0, "0"},
        {"1.0.0-0a.-.--.x-y-z", 1, 0, 0, "0a.-.--.x-y-z"},
        {"1.0.0--", 1, 0, 0, "-"},
        {"1.0.0-99999999999999999999", 1, 0, 0, "99999999999999999999"},
        {"1.0.0+build", 1, 0, 0, ""},
        {"1.0.0+01.-.a", 1, 0, 0, ""},
        {"1.0.0-rc.1+sha-5", 1, 0, 0, "rc.1"},
        {"1.0.0+a-b", 1, 0, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct semver version = version_of(rows[i].text);
        assert_int_equal(version.numbers[0], rows[i].major);
        assert_int_equal(version.numbers[1], rows[i].minor);
        assert_int_equal(version.numbers[2], rows[i].patch);
        assert_text(version.prerelease, rows[i].prerelease);
    }
}

static void anything_else_is_no_version(void **state) {
    (void)state;
    static const char *const others[] = {
        "",
        "1",
        "1.2",
        "1.2.",
        "1.2.3.",
        "1.2.3.4",
        "1.x.3",
        "1.2.x",
        "*",
        "x.2.3",
        "1.2.*",
        "v1.2.3",
        "=1.2.3",
        " 1.2.3",
        "1.2.3 ",
        "1.2.3\n",
        "1.2. 3",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "00.0.0",
        "-1.2.3",
        "+1.2.3",
        "1.-2.3",
        "1.2.3-",
        "1.2.3-a.",
        "1.2.3-.a",
        "1.2.3-a..b",
        "1.2.3-01",
        "1.2.3-a.00",
        "1.2.3-a_b",
        "1.2.3-a b",
        "1.2.3+",
        "1.2.3+a.",
        "1.2.3+a..b",
        "1.2.3+.a",
        "1.2.3+a+b",
        "1.2.3+a_b",
        "1.2.3-a+",
        "1.2.3-+a",
        "1.2.3 -a",
        "1.2.3-a +b",
        "1.2.3a",
        "1.2.3\xC3\xA9",
        "1.2.3-\xC3\xA9",
        "a.b.c",
        "latest",
        "1,2,3",
        "9007199254740992.0.0",
        "0.9007199254740992.0",
        "0.0.9007199254740992",
        "99999999999999999999.0.0",
        "1..3",
        ".1.2",
        "...",
        "1.2-a.3",
    };
    struct semver version;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (semver_parse(text_of(others[i]), &version)) {
            fail_msg("\"%s\"", others[i]);
        }
    }
    assert_false(semver_parse(NO_TEXT, &version));
    assert_true(semver_parse((struct text){"1.2.34", 5}, &version));
    assert_int_equal(version.numbers[2], 3);
}

static void a_version_has_256_characters_at_most(void **state) {
    struct world *world = as_world(state);
    struct semver version;
    static const char *const starts[] = {"1.2.3-", "1.2.3+"};
    for (size_t i = 0; i < 2; i++) {
        char text[300];
        snprintf(text, sizeof text, "%s%s", starts[i], world_repeat(world, "a", 250));
        assert_true(semver_parse(text_of(text), &version));
        strcat(text, "a");
        assert_false(semver_parse(text_of(text), &version));
    }
}

static void versions_have_the_order_of_semver_org(void **state) {
    (void)state;
    static const char *const rising[] = {
        "0.0.0-0",
        "0.0.0",
        "0.0.1",
        "0.1.0",
        "1.0.0-0",
        "1.0.0-2",
        "1.0.0-10",
        "1.0.0-9007199254740993",
        "1.0.0-10000000000000000000000",
        "1.0.0-10000000000000000000001",
        "1.0.0--",
        "1.0.0-10a",
        "1.0.0-A",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.1.0",
        "1.0.0-alpha.beta",
        "1.0.0-alpha-",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1-a",
        "1.2.0",
        "1.10.0",
        "2.0.0",
        "10.0.0",
        "9007199254740991.0.0",
    };
    for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
        for (size_t k = 0; k < sizeof rising / sizeof rising[0]; k++) {
            struct semver a = version_of(rising[i]);
            struct semver b = version_of(rising[k]);
            int order = semver_compare(&a, &b);
            if ((order > 0) - (order < 0) != (i > k) - (i < k)) {
                fail_msg("%s, %s: %d", rising[i], rising[k], order);
            }
        }
    }
}

static void build_metadata_is_of_no_consequence(void **state) {
    (void)state;
    struct semver a = version_of("1.0.0-a+x");
    struct semver b = version_of("1.0.0-a+y.z");
    assert_int_equal(semver_compare(&a, &b), 0);
    assert_true(is_in("1.2.3+x", "1.2.3+y"));
    assert_true(is_in("1.2.3+x", "1.2.3"));
    assert_true(is_in("1.2.3", ">=1.2.3+x <2.0.0+y"));
}

/* -- Ranges -------------------------------------------------------------------- */

static void a_range_takes_what_npm_says_it_takes(void **state) {
    (void)state;
    static const struct {
        const char *range;
        const char *in[8], *out[8];
    } rows[] = {
        {"", {"0.0.0", "1.2.3", "99.0.0"}, {"1.2.3-a"}},
        {"*", {"0.0.0", "1.2.3"}, {"1.2.3-a"}},
        {" ", {"1.2.3"}, {"1.2.3-a"}},
        {"1.2.3", {"1.2.3"}, {"1.2.4", "1.2.2", "1.2.3-a"}},
        {"=1.2.3", {"1.2.3"}, {"1.2.4"}},
        {"v1.2.3", {"1.2.3"}, {"1.2.4"}},
        {"1", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0", "1.0.0-a", "2.0.0-0"}},
        {"1.x", {"1.0.0", "1.9.9"}, {"2.0.0"}},
        {"1.2.x", {"1.2.0", "1.2.9"}, {"1.3.0", "1.1.9"}},
        {"1.2.X", {"1.2.0"}, {"1.3.0"}},
        {"1.2.*", {"1.2.0"}, {"1.3.0"}},
        {"1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}},
        {"x", {"3.0.0"}, {"3.0.0-a"}},
        {"^1.2.3", {"1.2.3", "1.9.0"}, {"1.2.2", "2.0.0", "2.0.0-0", "1.3.0-a"}},
        {"^1.2", {"1.2.0", "1.9.0"}, {"1.1.9", "2.0.0"}},
        {"^1", {"1.0.0", "1.9.0"}, {"0.9.9", "2.0.0"}},
        {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.2.2", "0.3.0", "1.0.0"}},
        {"^0.0.3", {"0.0.3"}, {"0.0.2", "0.0.4"}},
        {"^0.0", {"0.0.0", "0.0.9"}, {"0.1.0"}},
        {"^0", {"0.0.0", "0.9.9"}, {"1.0.0"}},
        {"^1.2.3-b", {"1.2.3-b", "1.2.3-c", "1.2.3", "1.5.0"}, {"1.2.3-a", "1.2.4-c", "2.0.0"}},
        {"^0.0.0-0", {"0.0.0-a", "0.0.0"}, {"0.0.1"}},
        {"~1.2.3", {"1.2.3", "1.2.9"}, {"1.2.2", "1.3.0", "1.2.4-a"}},
        {"~1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}},
        {"~1", {"1.0.0", "1.9.9"}, {"2.0.0"}},
        {"~>1.2", {"1.2.9"}, {"1.3.0"}},
        {"~> 1.2", {"1.2.9"}, {"1.3.0"}},
        {"~1.2.3-b", {"1.2.3-c", "1.2.3", "1.2.9"}, {"1.2.4-c", "1.3.0"}},
        {">1", {"2.0.0"}, {"1.9.9"}},
        {">1.2", {"1.3.0"}, {"1.2.9"}},
        {">1.2.3", {"1.2.4"}, {"1.2.3"}},
        {">=1.2", {"1.2.0"}, {"1.1.9"}},
        {"<1.2", {"1.1.9"}, {"1.2.0", "1.2.0-0"}},
        {"<=1.2", {"1.2.9"}, {"1.3.0"}},
        {"<=1", {"1.9.9"}, {"2.0.0"}},
        {"<1.2.3-b", {"1.2.3-a", "1.2.2"}, {"1.2.3-b", "1.2.2-a"}},
        {">=1.2.3 <2", {"1.2.3", "1.9.0"}, {"1.2.2", "2.0.0"}},
        {">= 1.2.3  < 2", {"1.2.3", "1.9.0"}, {"1.2.2", "2.0.0"}},
        {"1.2 - 2.3.4", {"1.2.0", "2.3.4"}, {"1.1.9", "2.3.5"}},
        {"1.2.3 - 2.3", {"1.2.3", "2.3.9"}, {"2.4.0"}},
        {"1.2.3 - 2", {"2.9.9"}, {"3.0.0"}},
        {"1.2.3-a - 1.2.3-c", {"1.2.3-b"}, {"1.2.3-d", "1.2.3"}},
        {"* - 2", {"0.0.0", "2.9.0"}, {"3.0.0"}},
        {"1 || 3", {"1.5.0", "3.1.0"}, {"2.0.0"}},
        {"1||>=2.5.0 <2.6.0||3", {"1.5.0", "2.5.5", "3.1.0"}, {"2.0.0", "2.6.0"}},
        {"1 ||", {"1.0.0", "7.0.0"}, {"7.0.0-a"}},
        {"1.2.3-a || 2", {"1.2.3-a", "2.0.0"}, {"1.2.3-b"}},
        {"* || 1.2.3-a", {"1.2.3"}, {"1.2.3-a"}}, /* any version, and nothing else */
        {">=0.0.0 || 1.2.3-a", {"1.2.3"}, {"1.2.3-a"}},
        {">=0.0.0 <0.0.0-b", {NULL}, {"0.0.0-b", "0.0.0"}},
        {"0 - 0.0.0-b", {"0.0.0-a"}, {"0.0.0"}},
        {">*", {NULL}, {"0.0.0", "1.0.0", "0.0.0-0"}},
        {"<*", {NULL}, {"0.0.0", "0.0.0-0"}},
        {"<=*", {"1.0.0"}, {NULL}},
        {"<0.0.0-0 || 1", {"1.0.0"}, {"2.0.0"}},
        {"\t1\n", {"1.0.0"}, {"2.0.0"}},
        {"^ 1.2", {"1.9.0"}, {"2.0.0"}},
        {"^v1.2", {"1.9.0"}, {"2.0.0"}},
        {"^1.2.3 2.0.0-a", {NULL}, {"2.0.0-a"}},
        {">=v0.0.0 <0.0.0-b", {NULL}, {"0.0.0-a"}}, /* oddities from here on */
        {"1 - =2.4.0-b", {"1.0.0", "2.4.0-b"}, {"2.4.0"}},
        {"1 +a", {"1.0.0"}, {"2.0.0"}},
        {"1 - 2 +a", {"1.0.0"}, {"3.0.0"}},
        {"1.2.3*", {"1.2.3"}, {"1.2.4"}},
        {"1.2.3>=*", {"1.2.3"}, {"1.2.4"}},
        {"1.2.3+*b", {"1.2.3"}, {"1.2.4"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int k = 0; k < 8; k++) {
            if (rows[i].in[k] != NULL && !is_in(rows[i].in[k], rows[i].range)) {
                fail_msg("%s is in \"%s\"", rows[i].in[k], rows[i].range);
            }
            if (rows[i].out[k] != NULL && is_in(rows[i].out[k], rows[i].range)) {
                fail_msg("%s is not in \"%s\"", rows[i].out[k], rows[i].range);
            }
        }
    }
}

static void some_texts_are_no_ranges(void **state) {
    (void)state;
    static const char *const others[] = {
        "latest",
        "1.2.3.4",
        "01",
        "1.02.3",
        "1.2.3-01",
        "a",
        "^",
        "~",
        ">",
        ">= ",
        "^a",
        "1 - ",
        " - 1",
        "1 -2",
        "1 - 2 - 3",
        "1 | 2",
        "1|||2",
        "|",
        "x.1",
        "1.x.2",
        "*.1",
        "!1",
        "1,2",
        "1.2.3 foo",
        "1 || foo",
        "foo || 1",
        "==1.2.3",
        "<>1",
        "><1",
        "^^1",
        "~~1",
        "1.2.3-",
        "1.2.3+",
        "1.2-a",
        "1-a",
        "1.2.3\xC2\xA0",
        "v",
        "v 1.2.3",
        "> = 1.2.3 > =",
        "^9007199254740991",
        "9007199254740992.0.0",
        "9007199254740991",
        ">99999999999999999999",
        "1 - 99999999999999999999",
    };
    struct semver version = version_of("1.2.3");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (semver_range_valid(text_of(others[i]))) {
            fail_msg("\"%s\"", others[i]);
        }
        assert_false(semver_satisfies(&version, text_of(others[i])));
    }
    assert_true(semver_range_valid(NO_TEXT));
    assert_true(semver_range_valid((struct text){"1.2|", 3}));
}

static void a_range_has_256_characters_at_most(void **state) {
    struct world *world = as_world(state);
    static const char *const units[] = {"1",  " ",  "*",  "||", "+a", "1 ",
                                        "<1", "a-", "= ", "~>", "^ "};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        struct text text = text_of(world_repeat(world, units[i], 300));
        (void)semver_range_valid((struct text){text.at, SEMVER_MAX}); /* a sanitizer would object */
        assert_false(semver_range_valid((struct text){text.at, SEMVER_MAX + 1}));
    }
    struct text blanks = text_of(world_repeat(world, " ", 300));
    assert_true(semver_range_valid((struct text){blanks.at, SEMVER_MAX}));
}

/* -- For npm's package to be compared with -------------------------------------- */

/* Standard input, lines of a version, a slash and a range, answered with a line each: whether the
 * version is in the range, or what is wrong with them. */
static void answer_lines(void) {
    static char line[4096];
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct text range = text_of(line);
        range = text_cut(&range, '\n');
        struct text text = text_cut(&range, '/');
        struct semver version;
        if (!semver_parse(text, &version)) {
            puts("no version");
        } else if (!semver_range_valid(range)) {
            puts("no range");
        } else {
            puts(semver_satisfies(&version, range) ? "in" : "out");
        }
    }
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "lines") == 0) {
        answer_lines();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_three_numbers_and_what_goes_with_them),
        cmocka_unit_test(anything_else_is_no_version),
        world_test(a_version_has_256_characters_at_most),
        cmocka_unit_test(versions_have_the_order_of_semver_org),
        cmocka_unit_test(build_metadata_is_of_no_consequence),
        cmocka_unit_test(a_range_takes_what_npm_says_it_takes),
        cmocka_unit_test(some_texts_are_no_ranges),
        world_test(a_range_has_256_characters_at_most),
    };
    return cmocka_run_group_tests_name("semver", tests, NULL, NULL);
}
