/* JSON: what is taken for it, reading members, and writing. */
#include "json.h"
#include "world.h"

#include <stdio.h>

static const cJSON *parse(struct world *world, struct text text) {
    world_request(world);
    return json_parse(text);
}

/* -- What is JSON -------------------------------------------------------------- */

#define WITH(value) "{\"a\":" value "}"

static void what_is_no_json_is_refused(void **state) {
    struct world *world = as_world(state);
    static const struct text rows[] = {
        /* not an object */
        TEXT(""),
        TEXT(" "),
        TEXT("[]"),
        TEXT("1"),
        TEXT("\"a\""),
        TEXT("null"),
        TEXT("true"),
        TEXT("["),
        TEXT("{"),
        TEXT("}"),
        TEXT("{}}"),
        TEXT("{}{}"),
        TEXT("{} x"),
        TEXT("{}]"),
        TEXT("{},"),
        TEXT("x{}"),
        TEXT("{}\0"),
        TEXT("{}\0\0"),
        TEXT("\0{}"),
        TEXT("{\0}"),
        TEXT("\xEF\xBB\xBF{}"),
        TEXT("{}\xEF\xBB\xBF"),
        TEXT("\xFE\xFF{}"),
        TEXT("//\n{}"),
        TEXT("/**/{}"),
        /* members */
        TEXT("{a:1}"),
        TEXT("{'a':1}"),
        TEXT("{\"a\"}"),
        TEXT("{\"a\":}"),
        TEXT("{\"a\":1,}"),
        TEXT("{,\"a\":1}"),
        TEXT("{\"a\":1 \"b\":2}"),
        TEXT("{\"a\" 1}"),
        TEXT("{\"a\":1,,\"b\":2}"),
        TEXT("{1:1}"),
        TEXT("{\"a\"::1}"),
        TEXT("{\"a\":1;\"b\":2}"),
        TEXT("{null:1}"),
        /* values */
        TEXT(WITH("[1,]")),
        TEXT(WITH("[,1]")),
        TEXT(WITH("[1 2]")),
        TEXT(WITH("[1")),
        TEXT(WITH("[1}")),
        TEXT(WITH("True")),
        TEXT(WITH("NULL")),
        TEXT(WITH("tru")),
        TEXT(WITH("truee")),
        TEXT(WITH("undefined")),
        TEXT(WITH("NaN")),
        TEXT(WITH("Infinity")),
        TEXT(WITH("-Infinity")),
        TEXT(WITH("nan")),
        /* numbers */
        TEXT(WITH("01")),
        TEXT(WITH("-01")),
        TEXT(WITH("00")),
        TEXT(WITH("1.")),
        TEXT(WITH("1.e1")),
        TEXT(WITH("+1")),
        TEXT(WITH(".5")),
        TEXT(WITH("-.5")),
        TEXT(WITH("-")),
        TEXT(WITH("--1")),
        TEXT(WITH("1e")),
        TEXT(WITH("1e+")),
        TEXT(WITH("1e1.5")),
        TEXT(WITH("1-2")),
        TEXT(WITH("1+2")),
        TEXT(WITH("0x10")),
        TEXT(WITH("1.2.3")),
        TEXT(WITH("1_000")),
        TEXT(WITH("1 2")),
        TEXT(WITH("- 1")),
        TEXT(WITH("1e1e1")),
        TEXT(WITH("0e")),
        TEXT(WITH("1f")),
        TEXT(WITH("\xD9\xA1")),
        /* whitespace that JSON has not */
        TEXT("{\f}"),
        TEXT("\f{}"),
        TEXT("{}\f"),
        TEXT("{\v}"),
        TEXT("{\b}"),
        TEXT("{\x01}"),
        TEXT("{\x1F}"),
        TEXT("{\xC2\xA0}"),
        TEXT("{}\xE2\x80\xA8"),
        TEXT("{\x7F}"),
        /* strings */
        TEXT(WITH("\"\n\"")),
        TEXT(WITH("\"\t\"")),
        TEXT(WITH("\"\r\"")),
        TEXT(WITH("\"\x01\"")),
        TEXT(WITH("\"\x1F\"")),
        TEXT(WITH("\"\0\"")),
        TEXT(WITH("\"\\\n\"")),
        TEXT("{\"a\tb\":1}"),
        TEXT(WITH("\"\\u0000\"")),
        TEXT(WITH("\"x\\u0000y\"")),
        TEXT("{\"a\\u0000b\":1}"),
        TEXT(WITH("\"\\\\\\u0000\"")),
        TEXT(WITH("[{\"b\":\"\\u0000\"}]")),
        TEXT(WITH("\"\\ud800\"")),
        TEXT(WITH("\"\\udc00\"")),
        TEXT(WITH("\"\\udbff\\ud800\"")),
        TEXT(WITH("\"\\ud800x\"")),
        TEXT(WITH("\"\\ud800\\n\"")),
        TEXT(WITH("\"\\ud800\\u0041\"")),
        TEXT(WITH("\"\\udfff\\udbff\"")),
        TEXT(WITH("\"\\x\"")),
        TEXT(WITH("\"\\a\"")),
        TEXT(WITH("\"\\'\"")),
        TEXT(WITH("\"\\0\"")),
        TEXT(WITH("\"\\U0041\"")),
        TEXT(WITH("\"\\u\"")),
        TEXT(WITH("\"\\u004\"")),
        TEXT(WITH("\"\\u00g0\"")),
        TEXT(WITH("\"\\uzzzz\"")),
        TEXT(WITH("\"\\u+041\"")),
        TEXT(WITH("\"\\u 041\"")),
        TEXT(WITH("\"\\ud83d\\uzzzz\"")),
        TEXT("{\"\\uzzzz\":1}"),
        TEXT(WITH("\"")),
        TEXT(WITH("\"\\\"")),
        TEXT("{\"a"),
        TEXT("{\"a\\"),
        TEXT("{\"a\\u00"),
        TEXT(WITH("'a'")),
        /* bytes that are no UTF-8 */
        TEXT(WITH("\"\x80\"")),
        TEXT(WITH("\"\xC0\x80\"")),
        TEXT(WITH("\"\xC3\"")),
        TEXT(WITH("\"\xED\xA0\x80\"")),
        TEXT(WITH("\"\xF4\x90\x80\x80\"")),
        TEXT("{\"\xFF\":1}"),
        TEXT("\xFF{}"),
        TEXT("{}\xFF"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (parse(world, rows[i]) != NULL) {
            fail_msg("row %zu is taken: %s", i, rows[i].at);
        }
    }
}

static void what_is_json_is_taken(void **state) {
    struct world *world = as_world(state);
    static const struct text rows[] = {
        TEXT("{}"),
        TEXT(" \t\r\n{ \t\r\n} \t\r\n"),
        TEXT("{\"\":1}"),
        TEXT("{\"a\":1,\"a\":2}"),
        TEXT(WITH("0")),
        TEXT(WITH("-0")),
        TEXT(WITH("0.0")),
        TEXT(WITH("1e5")),
        TEXT(WITH("1E+5")),
        TEXT(WITH("1e-05")),
        TEXT(WITH("0e0")),
        TEXT(WITH("-12.50e00")),
        TEXT(WITH("1e400")),
        TEXT(WITH("12345678901234567890123456789012345678901234567890123456789012345678901234567890"
                  "1234567890")),
        TEXT(WITH("0."
                  "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
                  "00001")),
        TEXT(WITH("true")),
        TEXT(WITH("false")),
        TEXT(WITH("null")),
        TEXT(WITH("[]")),
        TEXT(WITH("[ ]")),
        TEXT(WITH("[1,[2,{}],\"x\"]")),
        TEXT(WITH("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")),
        TEXT(WITH("\"\x7F\"")),
        TEXT(WITH("\"\\u0001\"")),
        TEXT(WITH("\"\\\\u0000\"")),
        TEXT(WITH("\"\\\\\\\\u0000\"")),
        TEXT(WITH("\"\\ud83d\\ude00\"")),
        TEXT(WITH("\"\\uD83D\\uDE00\"")),
        TEXT(WITH("\"\\uffff\"")),
        TEXT(WITH("\"\xEF\xBB\xBF\"")),
        TEXT(WITH("\"\xF0\x9F\x98\x80\"")),
        TEXT(WITH("\"// {[1,] 01 +1\"")),
        TEXT(WITH("\"\xE2\x80\xA8\"")),
        TEXT("{\"01\":\"1.\"}"),
        TEXT("{\"\\u0041\":1}"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (parse(world, rows[i]) == NULL) {
            fail_msg("row %zu is refused: %s", i, rows[i].at);
        }
    }
}

/* `levels` deep, the outermost object included. */
static struct text nested(struct world *world, const char *open, const char *close, size_t levels) {
    struct request *request = world_request(world);
    const char *opens = world_repeat(world, open, levels - 1);
    const char *closes = world_repeat(world, close, levels - 1);
    return arena_format(request->arena, "{\"a\":%s1%s}", opens, closes);
}

static void thirty_two_levels_are_taken_and_thirty_three_are_not(void **state) {
    struct world *world = as_world(state);
    assert_non_null(json_parse(nested(world, "[", "]", 32)));
    assert_null(json_parse(nested(world, "[", "]", 33)));
    assert_non_null(json_parse(nested(world, "{\"b\":", "}", 32)));
    assert_null(json_parse(nested(world, "{\"b\":", "}", 33)));
    assert_null(json_parse(nested(world, "[", "]", 100000)));
    assert_null(json_parse(nested(world, "[", "", 100000)));
}

static void a_text_need_not_end_with_a_nul(void **state) {
    struct world *world = as_world(state);
    assert_non_null(parse(world, (struct text){"{}x", 2}));
    assert_null(parse(world, (struct text){"{}x", 3}));
    assert_null(parse(world, (struct text){"{\"a\":12}", 6}));
}

/* -- Members ------------------------------------------------------------------- */

static void a_text_member_is_a_string_or_absent(void **state) {
    struct world *world = as_world(state);
    const cJSON *object =
        parse(world, TEXT("{\"s\":\"x\\u00e9\",\"empty\":\"\",\"null\":null,\"n\":1,"
                          "\"o\":{},\"l\":[],\"t\":true}"));
    struct text text;
    assert_true(json_text(object, "s", &text));
    assert_text(text, "x\xC3\xA9");
    assert_true(json_text(object, "empty", &text));
    assert_non_null(text.at);
    assert_int_equal(text.len, 0);
    static const char *const absent[] = {"null", "missing", "S", "emp", ""};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_true(json_text(object, absent[i], &text));
        assert_null(text.at);
    }
    static const char *const others[] = {"n", "o", "l", "t"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(json_text(object, others[i], &text));
    }
}

static void of_members_with_one_name_the_last_counts(void **state) {
    struct world *world = as_world(state);
    const cJSON *object = parse(world, TEXT("{\"a\":1,\"a\":\"last\",\"b\":\"x\",\"b\":null}"));
    struct text text;
    assert_true(json_text(object, "a", &text));
    assert_text(text, "last");
    assert_true(json_text(object, "b", &text));
    assert_null(text.at);
}

static void a_name_may_be_written_with_escapes(void **state) {
    struct world *world = as_world(state);
    struct text text;
    assert_true(json_text(parse(world, TEXT("{\"\\u0061\":\"x\"}")), "a", &text));
    assert_text(text, "x");
}

static void a_number_member_is_whole_and_not_negative(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *json;
        bool valid;
        int64_t number;
    } rows[] = {
        {"0", true, 0},       {"-0", true, 0},     {"1", true, 1},       {"24", true, 24},
        {"25", true, 25},     {"26", true, 25},    {"1e9", true, 25},    {"1e300", true, 25},
        {"1e999", true, 25},  {"2.0", true, 2},    {"0.25e2", true, 25}, {"null", true, 7},
        {"-1", false, 0},     {"0.5", false, 0},   {"24.5", false, 0},   {"25.5", false, 0},
        {"-1e300", false, 0}, {"\"1\"", false, 0}, {"true", false, 0},   {"[1]", false, 0},
        {"{}", false, 0},     {"\"\"", false, 0},  {"-0.1", false, 0},   {"1e-9", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"n\":%s}", rows[i].json);
        const cJSON *object = parse(world, text_of(json));
        int64_t number;
        if (json_number(object, "n", 25, 7, &number) != rows[i].valid) {
            fail_msg("%s", json);
        }
        if (rows[i].valid) {
            assert_int_equal(number, rows[i].number);
        }
    }
    int64_t number;
    assert_true(json_number(parse(world, TEXT("{}")), "n", 25, 7, &number));
    assert_int_equal(number, 7);
}

static void a_member_is_there_though_it_is_null(void **state) {
    struct world *world = as_world(state);
    world_request(world);
    const cJSON *object = json_parse(
        TEXT("{\"a\":1,\"n\":null,\"two\":1,\"two\":null,\"\":\"empty\",\"\\u0061b\":2}"));
    assert_true(cJSON_IsNumber(json_member(object, "a")));
    assert_true(cJSON_IsNull(json_member(object, "n")));
    assert_true(cJSON_IsNull(json_member(object, "two"))); /* the last one */
    assert_true(cJSON_IsString(json_member(object, "")));
    assert_true(cJSON_IsNumber(json_member(object, "ab")));
    assert_null(json_member(object, "A"));
    assert_null(json_member(object, "absent"));
    assert_null(json_member(json_parse(TEXT("{}")), "a"));
    struct text text;
    assert_true(json_text(object, "n", &text));
    assert_null(text.at);
    assert_true(json_text(object, "two", &text)); /* what is null counts as absent there */
    assert_null(text.at);
}

/* -- Values as they came ------------------------------------------------------- */

/* The member of that object, which json_parse() must take; the requests' arena is emptied first. */
static struct text raw_member(struct world *world, const char *object, const char *name) {
    assert_non_null(parse(world, text_of(object)));
    return json_raw_member(text_of(object), name);
}

static void a_value_is_kept_as_it_came_but_for_white_space(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *object, *a; /* NULL: absent */
    } rows[] = {
        {"{\"a\":1}", "1"},
        {" \t\r\n{ \"a\" : 1 } \n", "1"},
        {"{\"a\":123456789012345678901234567890.10e+05}", "123456789012345678901234567890.10e+05"},
        {"{\"a\":-0}", "-0"},
        {"{\"a\":1E400}", "1E400"},
        {"{\"a\":null}", "null"},
        {"{\"a\":\"\"}", "\"\""},
        {"{\"a\":\" x \\t \"}", "\" x \\t \""},
        {"{\"a\":\"\\\"} , \\\\\"}", "\"\\\"} , \\\\\""},
        {"{\"a\":\"\\\\\" , \"b\":\"\\\\\"}", "\"\\\\\""},
        {"{\"a\":\"\\u00e9\\/\xC3\xA9\"}", "\"\\u00e9\\/\xC3\xA9\""},
        {"{\"a\": { } , \"b\":1}", "{}"},
        {"{\"a\": [ ] , \"b\":1}", "[]"},
        {"{\"a\":\r\n{\t\"b c\" : [ 1 , { \"d\" : \"] }\" } ] }\n}",
         "{\"b c\":[1,{\"d\":\"] }\"}]}"},
        {"{\"b\":{\"a\":2},\"c\":[\"a\",3],\"d\":\"a\",\"a\":4}", "4"},
        {"{\"b\":\"\\\"a\\\":5\",\"a\":6}", "6"},
        {"{\"a\":1,\"a\":{\"a\":2}}", "{\"a\":2}"},
        {"{\"a\":1,\"a\":null}", "null"},
        {"{\"\\u0061\":7}", "7"},
        {"{\"a\":8,\"\\u0061\":9,\"b\":1}", "9"},
        {"{\"A\":1,\"\":2,\"aa\":3,\" a\":4,\"b\":\"a\"}", NULL},
        {"{\"b\":{\"a\":1}}", NULL},
        {"{}", NULL},
        {" { } ", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text raw = raw_member(world, rows[i].object, "a");
        if ((raw.at != NULL) != (rows[i].a != NULL)) {
            fail_msg("%s", rows[i].object);
        }
        if (raw.at != NULL) {
            assert_string_equal(raw.at, rows[i].a);
            assert_int_equal(raw.len, strlen(rows[i].a));
        }
    }
    assert_text(raw_member(world, "{\"\":1}", ""), "1");
    assert_null(raw_member(world, "{}", "").at);
}

static void an_array_is_taken_apart(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *array;
        const char *elements[6]; /* up to NULL */
    } rows[] = {
        {"[]", {NULL}},
        {"[ \n ]", {NULL}},
        {"[1]", {"1"}},
        {"[ 1 , 2.50 , -3e2 ]", {"1", "2.50", "-3e2"}},
        {"[[],[ ],{},[[1],[2]]]", {"[]", "[]", "{}", "[[1],[2]]"}},
        {"[\"\",\"]\",\"[\",\"\\\",\",\" \"]", {"\"\"", "\"]\"", "\"[\"", "\"\\\",\"", "\" \""}},
        {"[null,true,false,{\"a\":[1,2]}]", {"null", "true", "false", "{\"a\":[1,2]}"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char object[128];
        snprintf(object, sizeof object, "{\"list\": %s }", rows[i].array);
        struct text array = raw_member(world, object, "list");
        struct text element;
        for (int k = 0; k < 6 && rows[i].elements[k] != NULL; k++) {
            assert_true(json_raw_next(&array, &element));
            assert_string_equal(element.at, rows[i].elements[k]);
            assert_int_equal(element.len, strlen(rows[i].elements[k]));
        }
        assert_false(json_raw_next(&array, &element));
        assert_false(json_raw_next(&array, &element)); /* still */
    }
    struct text absent = NO_TEXT, element;
    assert_false(json_raw_next(&absent, &element));
}

static void arrays_may_be_in_objects_in_arrays(void **state) {
    struct world *world = as_world(state);
    struct text offers = raw_member(
        world,
        "{\"offers\":[{\"x\":[1 ,[2]],\"y\":\"a\"},{\"x\":[]},{\"y\":{\"x\":3}},4,[\"x\",5]]}",
        "offers");
    struct text offer, list, element;
    assert_true(json_raw_next(&offers, &offer));
    list = json_raw_member(offer, "x");
    assert_true(json_raw_next(&list, &element));
    assert_text(element, "1");
    assert_true(json_raw_next(&list, &element));
    assert_text(element, "[2]");
    assert_true(json_raw_next(&element, &list));
    assert_text(list, "2");
    assert_text(json_raw_member(offer, "y"), "\"a\"");
    assert_true(json_raw_next(&offers, &offer));
    assert_text(json_raw_member(offer, "x"), "[]");
    for (int i = 0; i < 3; i++) { /* none of its own, and no objects */
        assert_true(json_raw_next(&offers, &offer));
        assert_null(json_raw_member(offer, "x").at);
    }
    assert_false(json_raw_next(&offers, &offer));
}

static void taking_values_apart_needs_little_more_than_the_values(void **state) {
    struct world *world = as_world(state);
    struct request *request = world_request(world);
    enum { COUNT = 10000 };
    struct text object = arena_format(request->arena, "{\"other\":[%s0],\"a\":[%s0]}",
                                      world_repeat(world, "{ \"a\" : [ 1, 2 ] } ,", COUNT),
                                      world_repeat(world, "{\"b\": \"123456\"},   ", COUNT));
    size_t before = request->arena->used;
    struct text array = json_raw_member(object, "a");
    assert_true(request->arena->used - before <= array.len + 16);
    size_t elements = 0;
    before = request->arena->used;
    struct text element;
    while (json_raw_next(&array, &element)) {
        elements++;
        assert_null(json_raw_member(element, "c").at);
    }
    assert_int_equal(elements, COUNT + 1);
    assert_true(request->arena->used - before <= elements * 24);
}

static void a_value_goes_back_out_as_it_is(void **state) {
    struct world *world = as_world(state);
    struct text raw = raw_member(world, "{\"a\":[ 1.0 , \"\\u0041\"]}", "a");
    cJSON *tree = json_object();
    json_add_raw(tree, "raw", raw);
    assert_text(json_print(tree), "{\"raw\":[1.0,\"\\u0041\"]}");
}

/* -- Writing ------------------------------------------------------------------- */

static void a_tree_prints_without_spaces_in_its_order(void **state) {
    struct world *world = as_world(state);
    world_request(world);
    cJSON *tree = json_object();
    json_add_text(tree, "text", TEXT("x"));
    json_add_text(tree, "absent", NO_TEXT);
    json_add_text(tree, "empty", TEXT(""));
    json_add_number(tree, "number", INT64_MAX);
    json_add_number(tree, "time", 1700000000000);
    json_add_bool(tree, "yes", true);
    json_add_bool(tree, "no", false);
    json_add_raw(tree, "raw", TEXT("{\"a\":[1]}"));
    cJSON *array = json_add_array(tree, "array");
    json_push_text(array, TEXT("one"));
    json_push_raw(array, TEXT("2"));
    json_add_text(json_push_object(array), "a", TEXT("b"));
    json_push_text(json_push_array(array), TEXT("deep"));
    json_add_array(tree, "none");
    json_add_object(tree, "object");
    assert_text(json_print(tree),
                "{\"text\":\"x\",\"absent\":null,\"empty\":\"\",\"number\":9223372036854775807,"
                "\"time\":1700000000000,\"yes\":true,\"no\":false,\"raw\":{\"a\":[1]},"
                "\"array\":[\"one\",2,{\"a\":\"b\"},[\"deep\"]],\"none\":[],\"object\":{}}");
}

static void an_empty_tree_prints(void **state) {
    world_request(as_world(state));
    assert_text(json_print(json_object()), "{}");
}

static void a_large_list_prints(void **state) {
    world_request(as_world(state));
    cJSON *tree = json_object();
    cJSON *array = json_add_array(tree, "a");
    for (int i = 0; i < 10000; i++) {
        json_push_text(array, TEXT("\x01"));
    }
    struct text printed = json_print(tree);
    assert_int_equal(printed.len, strlen("{\"a\":[]}") + 10000 * strlen("\"\\u0001\",") - 1);
    assert_int_equal(printed.at[printed.len], '\0');
}

static void every_character_survives_quoting_and_unquoting(void **state) {
    struct world *world = as_world(state);
    for (uint32_t point = 1; point <= 0x10FFFF; point = point < 0x900 ? point + 1 : point + 97) {
        if (point >= 0xD800 && point <= 0xDFFF) {
            continue;
        }
        char utf8[8] = {0};
        if (point < 0x80) {
            utf8[0] = (char)point;
        } else if (point < 0x800) {
            utf8[0] = (char)(0xC0 | point >> 6);
            utf8[1] = (char)(0x80 | (point & 63));
        } else if (point < 0x10000) {
            utf8[0] = (char)(0xE0 | point >> 12);
            utf8[1] = (char)(0x80 | (point >> 6 & 63));
            utf8[2] = (char)(0x80 | (point & 63));
        } else {
            utf8[0] = (char)(0xF0 | point >> 18);
            utf8[1] = (char)(0x80 | (point >> 12 & 63));
            utf8[2] = (char)(0x80 | (point >> 6 & 63));
            utf8[3] = (char)(0x80 | (point & 63));
        }
        if (point % 16 == 1) {
            world_request(world);
        }
        struct text quoted = json_quote(text_of(utf8));
        assert_true(quoted.len >= 3 && text_valid(quoted));
        for (size_t i = 0; i < quoted.len; i++) {
            assert_true((unsigned char)quoted.at[i] >= 0x20);
        }
        struct text text;
        assert_true(json_unquote(quoted, &text));
        assert_text(text, utf8);
    }
}

static void a_quoted_text_is_what_a_parser_reads(void **state) {
    struct world *world = as_world(state);
    world_request(world);
    assert_text(json_quote(TEXT("\"\\/\n\x1F\xC3\xA9")), "\"\\\"\\\\/\\n\\u001f\xC3\xA9\"");
    assert_text(json_quote(TEXT("")), "\"\"");
    assert_text(json_quote(NO_TEXT), "null");
}

static void only_a_string_can_be_unquoted(void **state) {
    world_request(as_world(state));
    struct text text;
    static const char *const others[] = {"1", "null", "{}", "[\"a\"]", "\"a", "a", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(json_unquote(text_of(others[i]), &text));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(what_is_no_json_is_refused),
        world_test(what_is_json_is_taken),
        world_test(thirty_two_levels_are_taken_and_thirty_three_are_not),
        world_test(a_text_need_not_end_with_a_nul),
        world_test(a_text_member_is_a_string_or_absent),
        world_test(of_members_with_one_name_the_last_counts),
        world_test(a_name_may_be_written_with_escapes),
        world_test(a_number_member_is_whole_and_not_negative),
        world_test(a_member_is_there_though_it_is_null),
        world_test(a_value_is_kept_as_it_came_but_for_white_space),
        world_test(an_array_is_taken_apart),
        world_test(arrays_may_be_in_objects_in_arrays),
        world_test(taking_values_apart_needs_little_more_than_the_values),
        world_test(a_value_goes_back_out_as_it_is),
        world_test(a_tree_prints_without_spaces_in_its_order),
        world_test(an_empty_tree_prints),
        world_test(a_large_list_prints),
        world_test(every_character_survives_quoting_and_unquoting),
        world_test(a_quoted_text_is_what_a_parser_reads),
        world_test(only_a_string_can_be_unquoted),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
