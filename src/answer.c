/* Answers: success and failure. */
#include "answer.h"

struct response answer_json(int status, const cJSON *body) {
    return (struct response){.status = status, .body = json_print(body)};
}

struct response answer_success(void) {
    return (struct response){.status = 200, .body = TEXT("{\"success\":true}")};
}

struct response fail(int status, struct text sentence) {
    cJSON *body = json_object();
    json_add_text(body, "error", sentence);
    return answer_json(status, body);
}

struct response fail_parameter(struct request *request, const char *name) {
    return fail(400,
                arena_format(request->arena, "Missing or invalid required parameter: %s", name));
}

struct response fail_not_json(void) {
    return fail(400, TEXT("The body must be a JSON object in UTF-8, at most 32 levels deep and "
                          "without U+0000"));
}
