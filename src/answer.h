/* Answers: the few shapes that a handler returns. */
#ifndef RONDEVU_ANSWER_H
#define RONDEVU_ANSWER_H

#include "json.h"
#include "request.h"

/* A list ends at an entry before its answer is larger than this, in bytes. */
enum { ANSWER_MAX = 1024 * 1024 };

struct response answer_json(int status, const cJSON *body);
/* 200 {"success": true} */
struct response answer_success(void);
/* 204 */
struct response answer_nothing(void);

/* A failure: the sentence says what is wrong and what would be right. Its code is the usual one of
 * the status. */
struct response fail(int status, struct text sentence);
/* The same with a code of its own, a constant. */
struct response fail_as(int status, const char *code, struct text sentence);
/* 429; trying again is worth it after so many seconds. */
struct response fail_later(int64_t seconds, struct text sentence);
/* 400, naming the parameter. */
struct response fail_parameter(struct request *request, const char *name);
struct response fail_not_json(void);

/* The body of a failed response, in the envelope of its family: {"error": sentence}, or with
 * `coded_errors` {"error": {"code", "message", "retryable", "retryAfterSec"?}}. The one place that
 * knows how an error looks. */
struct text print_failure(const struct request *request, const struct response *response);

#endif
