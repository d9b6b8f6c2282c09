/* Polling. */
#include "polling.h"

#include "answer.h"

bool read_wait(struct request *request, int64_t *wait, struct response *wrong) {
    *wrong = fail(400, TEXT("wait is a whole number of seconds, up to 25"));
    return query_number(request, "wait", 0, WAIT_MAX, 0, wait);
}

bool read_since(struct request *request, int64_t *since) {
    *since = -1;
    if (request->seen.at == NULL) {
        return query_number(request, "since", 0, INT64_MAX, -1, since);
    }
    return text_equal(request->seen, TEXT("-")) || text_number(request->seen, since);
}

struct response hold(struct response response, int64_t wait, struct text waiter) {
    response.wait = (int)wait;
    response.waiter = waiter;
    return response;
}

/* Whether the header If-None-Match names this tag. Its comparison is the weak one (RFC 9110,
 * 13.1.2). */
static bool none_match(const struct request *request, struct text tag) {
    struct text rest = request->headers[HEADER_IF_NONE_MATCH];
    if (request->seen.at != NULL) {
        return text_equal(request->seen, tag);
    }
    while (rest.len > 0) {
        struct text sent = text_trim(text_cut(&rest, ','), TEXT(" \t"));
        sent = text_starts(sent, TEXT("W/")) ? text_from(sent, 2) : sent;
        if (text_equal(sent, tag) || text_equal(sent, TEXT("*"))) {
            return true;
        }
    }
    return false;
}

struct response answer_tagged(struct request *request, struct text tag, const cJSON *body) {
    struct response response = {.status = 304};
    if (!none_match(request, tag)) {
        response = answer_json(200, body);
    }
    response.headers = arena_format(request->arena, "ETag: W/%t\n", &tag);
    response.seen = tag;
    return response;
}
