/* Base64: what is read, what is written. */
#include "base64.h"
#include "world.h"

/* The vectors of RFC 4648, section 10, and some with the last two digits. */
static const struct {
    struct text bytes;
    const char *coded;
} vectors[] = {
    {TEXT(""), ""},
    {TEXT("f"), "Zg=="},
    {TEXT("fo"), "Zm8="},
    {TEXT("foo"), "Zm9v"},
    {TEXT("foob"), "Zm9vYg=="},
    {TEXT("fooba"), "Zm9vYmE="},
    {TEXT("foobar"), "Zm9vYmFy"},
    {TEXT("\0"), "AA=="},
    {TEXT("\0\0\0"), "AAAA"},
    {TEXT("\xFF"), "/w=="},
    {TEXT("\xFB\xEF\xBE\xFF\xFF\xFF"), "++++////"},
};

static void bytes_are_written_as_rfc_4648_has_it(void **state) {
    struct request *request = world_request(as_world(state));
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct text coded = base64_encode(request->arena, vectors[i].bytes);
        assert_string_equal(coded.at, vectors[i].coded);
        assert_int_equal(coded.len, strlen(vectors[i].coded));
    }
}

static void padding_may_be_left_out_and_either_alphabet_used(void **state) {
    struct request *request = world_request(as_world(state));
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char coded[16];
        strcpy(coded, vectors[i].coded);
        for (int url = 0; url < 2; url++) {
            struct text bytes;
            assert_true(base64_decode(request->arena, text_of(coded), &bytes));
            assert_true(text_equal(bytes, vectors[i].bytes));
            coded[strcspn(coded, "=")] = '\0';
            for (char *p = coded; *p != '\0'; p++) {
                *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
            }
        }
    }
    struct text bytes;
    assert_true(base64_decode(request->arena, TEXT("+-_/"), &bytes)); /* mixed */
    assert_true(text_equal(bytes, TEXT("\xFB\xEF\xFF")));
    assert_true(base64_decode(request->arena, NO_TEXT, &bytes));
    assert_non_null(bytes.at);
    assert_int_equal(bytes.len, 0);
}

static void anything_else_is_refused(void **state) {
    struct request *request = world_request(as_world(state));
    static const struct text others[] = {
        /* one digit too many */
        TEXT("A"),
        TEXT("Zm9vY"),
        /* bits left over */
        TEXT("Zh=="),
        TEXT("Zh"),
        TEXT("ZgB"),
        TEXT("Zm9="),
        TEXT("Zm+"),
        TEXT("/x=="),
        /* padding */
        TEXT("="),
        TEXT("=="),
        TEXT("===="),
        TEXT("A==="),
        TEXT("Zg="),
        TEXT("Zg==="),
        TEXT("Zm8=="),
        TEXT("Zm9v="),
        TEXT("Zm9v=="),
        TEXT("Zm9v===="),
        TEXT("Zg==Zg=="),
        TEXT("Z=g="),
        TEXT("=Zm9"),
        /* other characters */
        TEXT("Zm 9v"),
        TEXT(" Zm9v"),
        TEXT("Zm9v\n"),
        TEXT("Zm9v\0"),
        TEXT("Zm9,"),
        TEXT("Zm9."),
        TEXT("Zm9:"),
        TEXT("Zm9@"),
        TEXT("Zm9["),
        TEXT("Zm9`"),
        TEXT("Zm9{"),
        TEXT("Zm9*"),
        TEXT("Zm\xC3\xA9"),
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct text bytes;
        if (base64_decode(request->arena, others[i], &bytes)) {
            fail_msg("\"%s\"", others[i].at);
        }
    }
}

static void what_is_written_is_read_back_and_a_change_of_it_is_not(void **state) {
    struct world *world = as_world(state);
    char bytes[100];
    for (size_t len = 0; len < sizeof bytes; len++) {
        struct request *request = world_request(world);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (char)((i * 197 + len * 61) ^ len >> 3);
        }
        struct text coded = base64_encode(request->arena, (struct text){bytes, len});
        struct text read;
        assert_true(base64_decode(request->arena, coded, &read));
        assert_true(text_equal(read, (struct text){bytes, len}));
        char *changed = arena_array(request->arena, coded.len + 1, 1);
        for (size_t i = 0; i < coded.len && coded.at[i] != '='; i++) {
            memcpy(changed, coded.at, coded.len);
            changed[i] = coded.at[i] == 'Q' ? 'R' : 'Q';
            bool taken = base64_decode(request->arena, (struct text){changed, coded.len}, &read);
            assert_false(taken && text_equal(read, (struct text){bytes, len}));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(bytes_are_written_as_rfc_4648_has_it),
        world_test(padding_may_be_left_out_and_either_alphabet_used),
        world_test(anything_else_is_refused),
        world_test(what_is_written_is_read_back_and_a_change_of_it_is_not),
    };
    return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
