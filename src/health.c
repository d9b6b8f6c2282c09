/* Health: answers without touching storage. */
#include "answer.h"
#include "check.h"
#include "handlers.h"

struct response get_health(struct request *request) {
    cJSON *body = json_object();
    json_add_text(body, "status", TEXT("ok"));
    json_add_number(body, "timestamp", request->now);
    json_add_text(body, "version", text_of(RONDEVU_VERSION));
    return answer_json(200, body);
}

#ifdef RONDEVU_TEST_ROUTES
struct response test_trap(struct request *request) {
    CHECK(request == NULL);
    return answer_success();
}
#endif
