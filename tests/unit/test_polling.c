/* Polling: the parameter wait, and entity tags. */
#include "polling.h"
#include "world.h"

#include <stdio.h>

static struct response ask(struct world *world, const char *if_none_match) {
    world->host.headers[HEADER_IF_NONE_MATCH] = if_none_match;
    struct request *request = world_request(world);
    cJSON *body = json_object();
    json_add_text(body, "news", TEXT("yes"));
    return answer_tagged(request, TEXT("\"a.1.b\""), body);
}

static void a_wait_is_whole_seconds_up_to_25(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *query;
        int64_t wait; /* -1: refused */
    } rows[] = {
        {"", 0},         {"wait", 0},      {"wait=", 0},          {"wait=0", 0},
        {"wait=1", 1},   {"wait=25", 25},  {"wait=26", 25},       {"wait=99999999999999999999", 25},
        {"wait=-1", -1}, {"wait=1.5", -1}, {"wait=x", -1},        {"wait=1e1", -1},
        {"wait=+1", -1}, {"wait=%ff", -1}, {"since=1&wait=7", 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request *request = world_request(world);
        request->query = text_of(rows[i].query);
        int64_t wait = -1;
        struct response wrong;
        if (read_wait(request, &wait, &wrong) != (rows[i].wait >= 0)) {
            fail_msg("%s", rows[i].query);
        }
        if (rows[i].wait >= 0) {
            assert_int_equal(wait, rows[i].wait);
        } else {
            assert_int_equal(wrong.status, 400);
            assert_string_equal(wrong.code, "bad_request");
            assert_non_null(strstr(wrong.error.at, "wait"));
        }
    }
}

static void a_tag_that_the_caller_has_is_304_without_a_body(void **state) {
    struct world *world = as_world(state);
    static const char *const having[] = {
        "\"a.1.b\"",
        "W/\"a.1.b\"",
        "*",
        "  W/\"a.1.b\"  ",
        "\"x\", \"a.1.b\"",
        "\"x\",W/\"a.1.b\",\"y\"",
        "W/\"x\" , \"y\" , \"a.1.b\"",
        ",,\"a.1.b\"",
        "\"x\", *",
        "\t\"a.1.b\"\t",
        "\"x\",\t\"a.1.b\"",
    };
    for (size_t i = 0; i < sizeof having / sizeof having[0]; i++) {
        struct response response = ask(world, having[i]);
        if (response.status != 304) {
            fail_msg("%s", having[i]);
        }
        assert_int_equal(response.body.len, 0);
        assert_text(response.headers, "ETag: W/\"a.1.b\"\n");
    }
}

static void any_other_tag_is_200_with_tag_and_body(void **state) {
    struct world *world = as_world(state);
    static const char *const others[] = {
        NULL,
        "",
        " ",
        ",",
        "a.1.b",
        "\"a.1.b",
        "a.1.b\"",
        "\"a.1\"",
        "\"a.1.bb\"",
        "\"A.1.B\"",
        "w/\"a.1.b\"",
        "W/ \"a.1.b\"",
        "W/W/\"a.1.b\"",
        "\"*\"",
        "\"a.1.b\" x",
        "\"a.1.b\" \"y\"",
        "**",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct response response = ask(world, others[i]);
        if (response.status != 200) {
            fail_msg("%s", others[i]);
        }
        assert_text(response.body, "{\"news\":\"yes\"}");
        assert_text(response.headers, "ETag: W/\"a.1.b\"\n");
    }
}

static void a_long_list_of_tags_is_read_to_its_end(void **state) {
    struct world *world = as_world(state);
    const char *many = world_repeat(world, "W/\"x\", ", 5000);
    assert_int_equal(ask(world, many).status, 200);
    struct text all = arena_format(world_request(world)->arena, "%s\"a.1.b\"", many);
    static char list[65536];
    assert_in_range(snprintf(list, sizeof list, "%s", all.at), 1, sizeof list - 1);
    assert_int_equal(ask(world, list).status, 304);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_wait_is_whole_seconds_up_to_25),
        world_test(a_tag_that_the_caller_has_is_304_without_a_body),
        world_test(any_other_tag_is_200_with_tag_and_body),
        world_test(a_long_list_of_tags_is_read_to_its_end),
    };
    return cmocka_run_group_tests_name("polling", tests, NULL, NULL);
}
