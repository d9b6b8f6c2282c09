/* CORS. */
#include "cors.h"

static bool listed(struct text list, struct text origin) {
    while (list.len > 0) {
        if (text_equal(text_trim(text_cut(&list, ','), TEXT(" ")), origin)) {
            return true;
        }
    }
    return false;
}

/* Access-Control-Allow-Origin, then `more` where the caller may read the answer. */
static struct text allow(const struct request *request, const char *more) {
    struct text list = request->settings.cors_origins;
    struct text origin = request->headers[HEADER_ORIGIN];
    if (listed(list, TEXT("*"))) {
        return arena_format(request->arena, "Access-Control-Allow-Origin: *\n%s", more);
    }
    if (origin.len == 0 || !listed(list, origin)) {
        return TEXT("Vary: Origin\n");
    }
    return arena_format(request->arena, "Access-Control-Allow-Origin: %t\nVary: Origin\n%s",
                        &origin, more);
}

struct response cors_preflight(struct request *request) {
    return (struct response){
        .status = 204,
        .headers = allow(request, "Access-Control-Allow-Methods: GET, POST, DELETE, OPTIONS\n"
                                  "Access-Control-Allow-Headers: Content-Type, Authorization, "
                                  "X-Access-Token, X-Registry-Version, Idempotency-Key, "
                                  "If-None-Match\n"
                                  "Access-Control-Max-Age: 7200\n"),
    };
}

struct text cors_headers(const struct request *request) {
    return allow(request, "Access-Control-Expose-Headers: ETag, Retry-After\n");
}

bool cors_lets_in(const struct request *request) {
    struct text list = request->settings.cors_origins;
    struct text origin = request->headers[HEADER_ORIGIN];
    return origin.len == 0 || text_equal(origin, request->own_origin) || listed(list, TEXT("*")) ||
           listed(list, origin);
}
