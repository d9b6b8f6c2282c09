/* Names of services and of users. */
#include "service_name.h"
#include "world.h"

static void a_username_is_3_to_32_letters_digits_and_dashes(void **state) {
    struct world *world = as_world(state);
    static const char *const names[] = {"abc", "a-b", "a--b", "0a9", "000", "alice-2", "claim"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(username_valid(text_of(names[i])));
    }
    static const char *const others[] = {
        "",    "a",    "ab",   "-ab",   "ab-", "---",       "Abc", "abC", "a_b", "a.b",
        "a b", " abc", "abc ", "abc\n", "a/b", "a\xC3\xA9", "a`b", "a{b", "a:b", "a@b",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (username_valid(text_of(others[i]))) {
            fail_msg("\"%s\"", others[i]);
        }
    }
    assert_false(username_valid(NO_TEXT));
    struct text longest = text_of(world_repeat(world, "a", 33));
    assert_false(username_valid(longest));
    assert_true(username_valid((struct text){longest.at, 32}));
}

static void a_service_has_a_name_and_a_version(void **state) {
    (void)state;
    static const struct {
        const char *fqn, *name, *prerelease;
        int64_t patch;
    } rows[] = {
        {"chat@1.0.0", "chat", "", 0},
        {"com.example.chat@2.1.3-beta.1", "com.example.chat", "beta.1", 3},
        {"a@0.0.7+build.5", "a", "", 7},
        {"-@0.0.0", "-", "", 0},
        {"0.1-2.3@0.0.9-a-b", "0.1-2.3", "a-b", 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text name;
        struct semver version;
        assert_true(service_fqn_parse(text_of(rows[i].fqn), &name, &version));
        assert_text(name, rows[i].name);
        assert_text(version.prerelease, rows[i].prerelease);
        assert_int_equal(version.numbers[2], rows[i].patch);
    }
}

static const char *const no_names[] = {"",     ".",    ".a",  "a.",  "a..b",     "A",
                                       "cHat", "a_b",  "a b", " a",  "a ",       "a/b",
                                       "a:b",  "a\tb", "a,b", "a\n", "\xC3\xA9", "a.\xC3\xA9"};

static void what_is_no_name_or_no_version_is_refused(void **state) {
    (void)state;
    struct text name, range;
    struct semver version;
    static const char *const others[] = {
        "chat",         "chat@",       "chat@1",      "chat@^1.0.0",
        "chat@1.0",     "chat@v1.0.0", "chat@ 1.0.0", "chat@1.0.0 ",
        "chat@@1.0.0",  "@1.0.0",      "1.0.0",       "@",
        "chat@1.0.0@2", "chat@latest", "@a/b@1.0.0",  ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (service_fqn_parse(text_of(others[i]), &name, &version)) {
            fail_msg("\"%s\"", others[i]);
        }
    }
    for (size_t i = 0; i < sizeof no_names / sizeof no_names[0]; i++) {
        char fqn[64] = "";
        strcat(strcat(fqn, no_names[i]), "@1.0.0");
        if (service_fqn_parse(text_of(fqn), &name, &version) ||
            service_query_parse(text_of(fqn), &name, &range) ||
            service_query_parse(text_of(no_names[i]), &name, &range)) {
            fail_msg("\"%s\"", fqn);
        }
    }
    assert_false(service_fqn_parse(NO_TEXT, &name, &version));
    assert_false(service_query_parse(NO_TEXT, &name, &range));
}

static void a_query_may_have_a_range_or_none(void **state) {
    (void)state;
    static const struct {
        const char *query, *name, *range; /* NULL: refused */
    } rows[] = {
        {"chat", "chat", ""},
        {"chat@", "chat", ""},
        {"com.example.chat@1.0.0", "com.example.chat", "1.0.0"},
        {"chat@^1.0.0", "chat", "^1.0.0"},
        {"chat@~1.2", "chat", "~1.2"},
        {"chat@1", "chat", "1"},
        {"chat@1.x", "chat", "1.x"},
        {"chat@*", "chat", "*"},
        {"chat@>=1.2.3 <2 || 3 - 4", "chat", ">=1.2.3 <2 || 3 - 4"},
        {"chat@latest", NULL, NULL},
        {"chat@^", NULL, NULL},
        {"chat@1@2", NULL, NULL},
        {"@1", NULL, NULL},
        {"chat ^1.0.0", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text name, range;
        bool read = service_query_parse(text_of(rows[i].query), &name, &range);
        if (read != (rows[i].name != NULL)) {
            fail_msg("\"%s\"", rows[i].query);
        }
        if (read) {
            assert_text(name, rows[i].name);
            assert_non_null(range.at);
            assert_text(range, rows[i].range);
        }
    }
}

static void a_name_has_128_characters_at_most_and_a_version_256(void **state) {
    struct world *world = as_world(state);
    struct text name, range;
    struct semver version;
    char fqn[600];
    for (int over = 0; over < 2; over++) {
        strcat(strcpy(fqn, world_repeat(world, "a.", 63)), over ? "abc@" : "ab@");
        assert_int_equal(service_query_parse(text_of(fqn), &name, &range), !over);
        assert_int_equal(service_fqn_parse(text_of(strcat(fqn, "1.0.0")), &name, &version), !over);
    }
    for (size_t over = 0; over < 2; over++) {
        strcat(strcpy(fqn, "chat@1.0.0-"), world_repeat(world, "a", 250 + over));
        assert_int_equal(service_query_parse(text_of(fqn), &name, &range), !over);
        assert_int_equal(service_fqn_parse(text_of(fqn), &name, &version), !over);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_username_is_3_to_32_letters_digits_and_dashes),
        cmocka_unit_test(a_service_has_a_name_and_a_version),
        cmocka_unit_test(what_is_no_name_or_no_version_is_refused),
        cmocka_unit_test(a_query_may_have_a_range_or_none),
        world_test(a_name_has_128_characters_at_most_and_a_version_256),
    };
    return cmocka_run_group_tests_name("names of services and users", tests, NULL, NULL);
}
