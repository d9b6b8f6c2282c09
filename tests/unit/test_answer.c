/* Answers: success and failure. */
#include "answer.h"
#include "world.h"

#undef fail /* cmocka has one too */

static void success_says_so(void **state) {
    (void)state;
    struct response response = answer_success();
    assert_int_equal(response.status, 200);
    assert_text(response.body, "{\"success\":true}");
}

static void an_answer_is_its_tree(void **state) {
    world_request(as_world(state));
    cJSON *body = json_object();
    json_add_text(body, "a", TEXT("b"));
    struct response response = answer_json(201, body);
    assert_int_equal(response.status, 201);
    assert_text(response.body, "{\"a\":\"b\"}");
    assert_int_equal(response.wait, 0);
}

static void a_failure_is_a_sentence(void **state) {
    world_request(as_world(state));
    struct response response = fail(404, TEXT("No \"such\" thing"));
    assert_int_equal(response.status, 404);
    assert_text(response.body, "{\"error\":\"No \\\"such\\\" thing\"}");
}

static void a_wrong_parameter_is_named(void **state) {
    struct response response = fail_parameter(world_request(as_world(state)), "offer");
    assert_int_equal(response.status, 400);
    assert_text(response.body, "{\"error\":\"Missing or invalid required parameter: offer\"}");
}

static void what_is_no_json_is_told_what_would_be(void **state) {
    world_request(as_world(state));
    struct response response = fail_not_json();
    assert_int_equal(response.status, 400);
    assert_non_null(strstr(response.body.at, "JSON object"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_says_so),
        world_test(an_answer_is_its_tree),
        world_test(a_failure_is_a_sentence),
        world_test(a_wrong_parameter_is_named),
        world_test(what_is_no_json_is_told_what_would_be),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
