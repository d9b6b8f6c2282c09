/* Request: percent-decoding, the query, origin and random bytes. */
#include "request.h"
#include "world.h"

static struct request *asking(struct world *world, const char *query) {
    struct request *request = world_request(world);
    request->query = text_of(query);
    return request;
}

/* -- Percent-decoding ---------------------------------------------------------- */

static void percent_signs_need_two_digits(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *coded, *decoded; /* NULL: refused */
    } rows[] = {
        {"", ""},
        {"abc", "abc"},
        {"%41%62", "Ab"},
        {"%2f%2F", "//"},
        {"%25", "%"},
        {"%2541", "%41"},
        {"a+b", "a_b"},
        {"a%2Bb", "a+b"},
        {"%C3%A9", "\xC3\xA9"},
        {"%f0%9f%98%80", "\xF0\x9F\x98\x80"},
        {"..", ".."},
        {"%2e%2E", ".."},
        {"%", NULL},
        {"%4", NULL},
        {"a%4", NULL},
        {"%4g", NULL},
        {"%g4", NULL},
        {"%%41", NULL},
        {"%-1", NULL},
        {"%+1", NULL},
        {"% 1", NULL},
        {"%\x14"
         "1",
         NULL},
        {"%00", NULL},
        {"a%00b", NULL},
        {"%ff", NULL},
        {"%C3", NULL},
        {"%C3%28", NULL},
        {"%c0%af", NULL},
        {"%ed%a0%80", NULL},
        {"%f4%90%80%80", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request *request = world_request(world);
        struct text decoded;
        bool valid = percent_decode(request->arena, text_of(rows[i].coded), '_', &decoded);
        if (valid != (rows[i].decoded != NULL)) {
            fail_msg("%s", rows[i].coded);
        }
        if (valid) {
            assert_text(decoded, rows[i].decoded);
            assert_int_equal(decoded.at[decoded.len], '\0');
        }
    }
}

static void a_percent_sign_at_the_end_reads_no_byte_behind_the_text(void **state) {
    struct request *request = world_request(as_world(state));
    struct text decoded;
    for (size_t len = 1; len <= 2; len++) {
        assert_false(percent_decode(request->arena, (struct text){"%41", len}, '+', &decoded));
    }
}

/* -- The query ----------------------------------------------------------------- */

static void the_first_parameter_of_a_name_counts(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *query, *value; /* NULL: absent */
    } rows[] = {
        {"", NULL},        {"b=1", NULL},      {"a", NULL},        {"a=", NULL},
        {"a=&a=1", NULL},  {"a=1", "1"},       {"a=1&a=2", "1"},   {"b=2&a=1", "1"},
        {"aa=2&a=1", "1"}, {"A=2&a=1", "1"},   {"&&a=1&", "1"},    {"a=b=c", "b=c"},
        {"a=x+y", "x y"},  {"a=x%2By", "x+y"}, {"%61=1", "1"},     {"a=%26", "&"},
        {"=1", NULL},      {"b=%zz&a=1", "1"}, {"%zz=1&a=1", "1"}, {"a=%C3%A9", "\xC3\xA9"},
        {"x=a=1", NULL},   {"a=1#b", "1#b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text value;
        assert_true(query_text(asking(world, rows[i].query), "a", &value));
        if ((value.at == NULL) != (rows[i].value == NULL)) {
            fail_msg("%s", rows[i].query);
        }
        if (rows[i].value != NULL) {
            assert_text(value, rows[i].value);
        }
    }
}

static void a_value_that_is_no_text_is_refused(void **state) {
    struct world *world = as_world(state);
    static const char *const bad[] = {"a=%", "a=%ff", "a=%00", "a=1%0", "a=x%00y"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text value;
        assert_false(query_text(asking(world, bad[i]), "a", &value));
    }
}

static void numbers_over_the_maximum_are_the_maximum(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *query;
        bool valid;
        int64_t number;
    } rows[] = {
        {"", true, 50},       {"n=", true, 50},     {"n=1", true, 1},
        {"n=200", true, 200}, {"n=201", true, 200}, {"n=99999999999999999999", true, 200},
        {"n=007", true, 7},   {"n=0", false, 0},    {"n=-1", false, 0},
        {"n=1.0", false, 0},  {"n=+1", false, 0},   {"n=1e1", false, 0},
        {"n=ten", false, 0},  {"n=%31", true, 1},   {"n=%ff", false, 0},
        {"n=1%00", false, 0}, {"n=0x1", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t number;
        if (query_number(asking(world, rows[i].query), "n", 1, 200, 50, &number) != rows[i].valid) {
            fail_msg("%s", rows[i].query);
        }
        if (rows[i].valid) {
            assert_int_equal(number, rows[i].number);
        }
    }
}

static void a_minimum_of_0_takes_0(void **state) {
    int64_t number = -1;
    assert_true(query_number(asking(as_world(state), "n=0"), "n", 0, 200, 50, &number));
    assert_int_equal(number, 0);
}

/* -- The rest ------------------------------------------------------------------ */

static void a_caller_without_origin_belongs_to_the_server_itself(void **state) {
    struct world *world = as_world(state);
    assert_text(request_origin(world_request(world)), "https://app.example");
    world->host.headers[HEADER_ORIGIN] = NULL;
    assert_text(request_origin(world_request(world)), "https://rondevu.example");
    world->host.headers[HEADER_ORIGIN] = "";
    assert_text(request_origin(world_request(world)), "https://rondevu.example");
    world->host.headers[HEADER_ORIGIN] = "null";
    assert_text(request_origin(world_request(world)), "null");
}

static void random_bytes_are_used_once(void **state) {
    struct request *request = world_request(as_world(state));
    request->random = TEXT("\x01\x02\x03\x04\x05\x06\x07\x08\xFF\xFE\xFD");
    assert_int_equal(random_take(request, 8), 0x0102030405060708);
    assert_int_equal(random_take(request, 1), 0xFF);
    assert_int_equal(random_take(request, 2), 0xFEFD);
    assert_int_equal(request->random.len, 0);
}

static void a_token_is_256_random_bits_as_base64url(void **state) {
    struct request *request = world_request(as_world(state));
    static const struct {
        const char *bytes; /* 32 */
        const char *token;
    } rows[] = {
        {"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
         "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
         "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
         "__________________________________________8"},
        {"\x00\x10\x83\x10\x51\x87\x20\x92\x8b\x30\xd3\x8f\x41\x14\x93\x51"
         "\x55\x97\x61\x96\x9b\x71\xd7\x9f\x82\x18\xa3\x92\x59\xa7\xfb\xe0",
         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn--A"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        request->random = (struct text){rows[i].bytes, 32};
        assert_text(random_token(request), rows[i].token);
        assert_int_equal(request->random.len, 0); /* all of them */
    }
}

static void every_bit_of_the_random_bytes_is_in_the_token(void **state) {
    struct request *request = world_request(as_world(state));
    char bytes[33] = {0}, none[44];
    request->random = (struct text){bytes, 32};
    memcpy(none, random_token(request).at, sizeof none);
    for (int bit = 0; bit < 256; bit++) {
        memset(bytes, 0, sizeof bytes);
        bytes[bit / 8] = (char)(1 << (bit % 8));
        request->random = (struct text){bytes, 32};
        assert_string_not_equal(random_token(request).at, none);
    }
}

static void every_header_has_a_name(void **state) {
    (void)state;
    static const char *const names[HEADERS] = {
        [HEADER_ORIGIN] = "Origin",
        [HEADER_ACCEPT] = "Accept",
        [HEADER_AUTHORIZATION] = "Authorization",
        [HEADER_IF_NONE_MATCH] = "If-None-Match",
        [HEADER_IDEMPOTENCY_KEY] = "Idempotency-Key",
        [HEADER_ACCESS_TOKEN] = "X-Access-Token",
        [HEADER_REGISTRY_VERSION] = "X-Registry-Version",
        [HEADER_UPGRADE] = "Upgrade",
        [HEADER_PROTOCOL] = "Sec-WebSocket-Protocol",
        [HEADER_SEEN] = "X-Socket-Seen",
    };
    for (int i = 0; i < HEADERS; i++) {
        assert_string_equal(header_name((enum header)i), names[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(percent_signs_need_two_digits),
        world_test(a_percent_sign_at_the_end_reads_no_byte_behind_the_text),
        world_test(the_first_parameter_of_a_name_counts),
        world_test(a_value_that_is_no_text_is_refused),
        world_test(numbers_over_the_maximum_are_the_maximum),
        world_test(a_minimum_of_0_takes_0),
        world_test(a_caller_without_origin_belongs_to_the_server_itself),
        world_test(random_bytes_are_used_once),
        world_test(a_token_is_256_random_bits_as_base64url),
        world_test(every_bit_of_the_random_bytes_is_in_the_token),
        world_test(every_header_has_a_name),
    };
    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
