/* Answers: success and failure. */
#include "answer.h"

struct response answer_json(int status, const cJSON *body) {
    return (struct response){.status = status, .body = json_print(body)};
}

struct response answer_success(void) {
    return (struct response){.status = 200, .body = TEXT("{\"success\":true}")};
}

struct response answer_nothing(void) {
    return (struct response){.status = 204};
}

static const char *usual_code(int status) {
    switch (status) {
    case 400:
        return "bad_request";
    case 403:
        return "forbidden";
    case 404:
        return "not_found";
    case 405:
        return "method_not_allowed";
    case 409:
        return "conflict";
    case 413:
        return "body_too_large";
    case 426:
        return "upgrade_required";
    case 429:
        return "rate_limited";
    case 501:
        return "not_supported";
    case 503:
        return "retry";
    default:
        return "internal";
    }
}

struct response fail(int status, struct text sentence) {
    return fail_as(status, usual_code(status), sentence);
}

struct response fail_as(int status, const char *code, struct text sentence) {
    return (struct response){.status = status, .code = code, .error = sentence};
}

struct response fail_later(int64_t seconds, struct text sentence) {
    struct response response = fail(429, sentence);
    response.retry_after = seconds;
    return response;
}

struct response fail_parameter(struct request *request, const char *name) {
    return fail(400,
                arena_format(request->arena, "Missing or invalid required parameter: %s", name));
}

struct response fail_not_json(void) {
    return fail_as(400, "bad_json",
                   TEXT("The body must be a JSON object in UTF-8, at most 32 levels deep and "
                        "without U+0000"));
}

struct text print_failure(const struct request *request, const struct response *response) {
    cJSON *body = json_object();
    if (!request->coded_errors) {
        json_add_text(body, "error", response->error);
        return json_print(body);
    }
    cJSON *error = json_add_object(body, "error");
    json_add_text(error, "code", text_of(response->code));
    json_add_text(error, "message", response->error);
    json_add_bool(error, "retryable",
                  response->status == 429 || (response->status >= 500 && response->status != 501));
    if (response->retry_after > 0) {
        json_add_number(error, "retryAfterSec", response->retry_after);
    }
    return json_print(body);
}
