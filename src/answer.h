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
/* {"error": sentence}. The one place that knows how an error looks. */
struct response fail(int status, struct text sentence);
/* 400, naming the parameter. */
struct response fail_parameter(struct request *request, const char *name);
struct response fail_not_json(void);

#endif
