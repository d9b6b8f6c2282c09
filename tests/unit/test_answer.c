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

static void assert_failure(struct request *request, struct response response, int status,
                           const char *body) {
    assert_int_equal(response.status, status);
    assert_text(print_failure(request, &response), body);
}

static void a_failure_is_a_sentence(void **state) {
    struct request *request = world_request(as_world(state));
    assert_failure(request, fail(404, TEXT("No \"such\" thing")), 404,
                   "{\"error\":\"No \\\"such\\\" thing\"}");
}

static void where_errors_are_coded_a_failure_has_a_code(void **state) {
    struct request *request = world_request(as_world(state));
    request->coded_errors = true;
    assert_failure(request, fail(404, TEXT("None")), 404,
                   "{\"error\":{\"code\":\"not_found\",\"message\":\"None\",\"retryable\":false}}");
    assert_failure(request, fail_as(409, "not_open", TEXT("Taken")), 409,
                   "{\"error\":{\"code\":\"not_open\",\"message\":\"Taken\",\"retryable\":false}}");
    assert_failure(request, fail(503, TEXT("Later")), 503,
                   "{\"error\":{\"code\":\"retry\",\"message\":\"Later\",\"retryable\":true}}");
    assert_failure(request, fail_later(7, TEXT("Slow")), 429,
                   "{\"error\":{\"code\":\"rate_limited\",\"message\":\"Slow\",\"retryable\":true,"
                   "\"retryAfterSec\":7}}");
}

static void every_status_has_a_code(void **state) {
    struct request *request = world_request(as_world(state));
    request->coded_errors = true;
    static const struct {
        int status;
        const char *code;
    } rows[] = {
        {400, "\"bad_request\""},        {403, "\"forbidden\""}, {404, "\"not_found\""},
        {405, "\"method_not_allowed\""}, {409, "\"conflict\""},  {413, "\"body_too_large\""},
        {429, "\"rate_limited\""},       {500, "\"internal\""},  {503, "\"retry\""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct response response = fail(rows[i].status, TEXT("x"));
        assert_non_null(strstr(print_failure(request, &response).at, rows[i].code));
    }
}

static void a_wrong_parameter_is_named(void **state) {
    struct response response = fail_parameter(world_request(as_world(state)), "offer");
    assert_int_equal(response.status, 400);
    assert_text(response.error, "Missing or invalid required parameter: offer");
}

static void what_is_no_json_is_told_what_would_be(void **state) {
    world_request(as_world(state));
    struct response response = fail_not_json();
    assert_int_equal(response.status, 400);
    assert_non_null(strstr(response.error.at, "JSON object"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(success_says_so),
        world_test(an_answer_is_its_tree),
        world_test(a_failure_is_a_sentence),
        world_test(where_errors_are_coded_a_failure_has_a_code),
        world_test(every_status_has_a_code),
        world_test(a_wrong_parameter_is_named),
        world_test(what_is_no_json_is_told_what_would_be),
    };
    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
