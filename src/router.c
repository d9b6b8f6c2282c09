/* Router: finds the route, keeps its limits, and finishes every answer. */
#include "answer.h"
#include "cors.h"
#include "peers.h"
#include "routes.h"
#include "sockets.h"

enum match { MATCH_NONE, MATCH_BAD, MATCH };

/* Whether the path fits the pattern, segment by segment; MATCH_BAD where a parameter is not valid
 * text. */
static enum match match(struct request *request, struct text pattern) {
    struct text path = request->path;
    size_t taken = 0;
    enum match result = MATCH;
    while (pattern.at != NULL && path.at != NULL) {
        struct text expected = text_cut(&pattern, '/');
        struct text segment = text_cut(&path, '/');
        if (!text_starts(expected, TEXT(":"))) {
            if (!text_equal(expected, segment)) {
                return MATCH_NONE;
            }
        } else if (!percent_decode(request->arena, segment, '+', &request->parameters[taken++])) {
            result = MATCH_BAD;
        }
    }
    return pattern.at == NULL && path.at == NULL ? result : MATCH_NONE;
}

static bool same_method(const struct route *route, struct text method) {
    struct text taken = text_of(route->method);
    return text_equal(method, taken) ||
           (text_equal(method, TEXT("HEAD")) && text_equal(taken, TEXT("GET")));
}

/* Rooms have errors with codes, the other families sentences. */
static bool of_rooms(struct text path) {
    text_cut(&path, '/');
    return text_equal(text_cut(&path, '/'), TEXT("rooms"));
}

/* The request's route, or NULL; `allowed` are then the methods that its path has, each with a
 * comma. */
static const struct route *find(struct request *request, enum match *matched,
                                struct text *allowed) {
    *allowed = NO_TEXT;
    request->coded_errors = of_rooms(request->path);
    for (size_t i = 0; i < routes_count; i++) {
        *matched = match(request, text_of(routes[i].pattern));
        if (*matched == MATCH_NONE) {
            continue;
        }
        if (same_method(&routes[i], request->method)) {
            request->coded_errors = of_rooms(text_of(routes[i].pattern));
            return &routes[i];
        }
        const char *also = text_equal(text_of(routes[i].method), TEXT("GET")) ? "HEAD, " : "";
        *allowed = arena_format(request->arena, "%t%s, %s", allowed, routes[i].method, also);
    }
    return NULL;
}

static struct response no_route(struct request *request, struct text allowed) {
    if (allowed.len == 0) {
        return fail(404, TEXT("No such route; the README lists them all"));
    }
    struct response response =
        fail(405, arena_format(request->arena, "This path answers %tOPTIONS", &allowed));
    response.headers = arena_format(request->arena, "Allow: %tOPTIONS\n", &allowed);
    return response;
}

static struct response fail_busy(int seconds) {
    return fail_later(seconds, TEXT("Too many requests of this kind; wait before the next one"));
}

static struct response run(struct request *request, const struct route *route, enum match matched) {
    request->home = route->home;
    struct response no_socket;
    if (route->needs & NEEDS_SOCKET && !socket_enter(request, &no_socket)) {
        return no_socket;
    }
    if (route->needs & NEEDS_VERSION && request->headers[HEADER_REGISTRY_VERSION].at == NULL) {
        return fail_as(400, "missing_version",
                       TEXT("Send the header X-Registry-Version, with any value"));
    }
    if (route->needs & NEEDS_TOKEN && request->headers[HEADER_ACCESS_TOKEN].at == NULL) {
        return fail(403, TEXT("Send the token of this room in the header X-Access-Token"));
    }
    struct response wrong;
    if (route->needs & NEEDS_PEER && !peer_enter(request, &wrong)) {
        return wrong;
    }
    if (request->body.len > route->body_max) {
        return fail(413, arena_format(request->arena, "The body may hold at most %d bytes",
                                      (int64_t)route->body_max));
    }
    if (matched == MATCH_BAD) {
        return fail(400, TEXT("The path must be percent-encoded UTF-8 without U+0000"));
    }
    int busy = budgets_spend(request, route->budgets, route->pattern);
    return busy > 0 ? fail_busy(busy) : route->handler(request);
}

/* What every answer has. */
static struct response finish(struct request *request, struct response response) {
    if (response.error.at != NULL) {
        response.body = print_failure(request, &response);
    }
    if (request->is_message) {
        return (struct response){.status = response.status,
                                 .body = socket_answer(request, response.status, response.body)};
    }
    if (response.retry_after > 0) {
        response.headers = arena_format(request->arena, "Retry-After: %d\n%t", response.retry_after,
                                        &response.headers);
    }
    struct text cors = cors_headers(request);
    const char *type = response.body.len > 0 && response.status != 101
                           ? "Content-Type: application/json; charset=utf-8\n"
                           : "";
    response.headers = arena_format(request->arena, "%s%tCache-Control: no-store\n%t", type, &cors,
                                    &response.headers);
    if (text_equal(request->method, TEXT("HEAD"))) {
        response.body = NO_TEXT;
    }
    return response;
}

static struct text route_name(struct request *request, const struct route *route) {
    return route == NULL ? TEXT("none")
                         : arena_format(request->arena, "%s %s", route->method, route->pattern);
}

struct response handle(struct request *request) {
    json_use(request->arena);
    if (text_equal(request->method, TEXT("OPTIONS"))) {
        return cors_preflight(request);
    }
    enum match matched;
    struct text allowed;
    const struct route *route = find(request, &matched, &allowed);
    struct response response =
        route == NULL ? no_route(request, allowed) : run(request, route, matched);
    response.route = route_name(request, route);
    return finish(request, response);
}

static struct response refuse(struct request *request, int status, struct text sentence) {
    json_use(request->arena);
    enum match matched;
    struct text allowed;
    struct text route = route_name(request, find(request, &matched, &allowed));
    struct response response = finish(request, fail(status, sentence));
    response.route = route;
    return response;
}

struct response handle_failure(struct request *request, int status) {
    return refuse(request, status,
                  status == 503 ? TEXT("The server could not do this now; trying again may help")
                                : TEXT("The server made a mistake; trying again may help"));
}

struct response handle_misconfigured(struct request *request, struct text sentence) {
    return refuse(request, 503, sentence);
}
