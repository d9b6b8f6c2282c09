/* Router: which route a request takes, its limits, and what every answer has. */
#include "routes.h"
#include "world.h"

#include <stdio.h>

static void every_route_is_found(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *method, *target;
        int status;
    } rows[] = {
        {"GET", "/", 200},
        {"HEAD", "/", 200},
        {"GET", "/health", 200},
        {"GET", "/topics", 200},
        {"GET", "/topics?", 200},
        {"POST", "/answer", 400},
        {"POST", "/poll", 400},
        {"DELETE", "/sessions/x", 404},
        {"POST", "/x/offer", 400},
        {"GET", "/x/sessions", 200},
        {"HEAD", "/x/sessions", 200},
        {"GET", "/topics/sessions", 200},
        {"GET", "/health/sessions", 200},
        {"GET", "/answer/sessions", 200},
        {"POST", "/rooms", 400},
        {"GET", "/rooms/234567/public", 404},
        {"HEAD", "/rooms/234567/public", 404},
        {"POST", "/rooms/234567/join", 400},
        {"POST", "/rooms/234567/offer", 400},
        {"POST", "/rooms/234567/answer", 400},
        {"POST", "/rooms/234567/candidate", 400},
        {"POST", "/rooms/234567/close", 400},
        {"GET", "/rooms/234567", 403},
        {"HEAD", "/rooms/234567", 403},
        {"GET", "/rooms/234567/candidates", 403},
        {"GET", "/rooms/public/public", 404},
        {"GET", "/rooms/offer", 403},
        {"POST", "/register", 200},
        {"POST", "/offers", 401},
        {"GET", "/offers/by-topic/t", 200},
        {"HEAD", "/offers/by-topic/t", 200},
        {"GET", "/offers/by-topic/mine", 200},
        {"GET", "/offers/mine", 401},
        {"GET", "/offers/answers", 401},
        {"DELETE", "/offers/mine", 401},
        {"POST", "/offers/x/answer", 401},
        {"POST", "/offers/x/ice-candidates", 401},
        {"GET", "/offers/x/ice-candidates", 401},
        {"GET", "/peers/0123456789abcdef0123456789abcdef/offers", 200},
        {"POST", "/usernames/claim", 400},
        {"GET", "/usernames/claim", 200},
        {"GET", "/usernames/claim/services", 200},
        {"POST", "/services", 401},
        {"GET", "/services/x", 404},
        {"DELETE", "/services/x", 400},
        {"POST", "/index/name/query", 400},
        {"GET", "/offers/sessions", 400}, /* of topics, which that is none of */
        {"POST", "/services/offer", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (world_send(world, rows[i].method, rows[i].target, NULL) != rows[i].status) {
            fail_msg("%s %s: %d", rows[i].method, rows[i].target, world->result.status);
        }
    }
}

static void what_no_route_has_is_404(void **state) {
    struct world *world = as_world(state);
    static const char *const targets[] = {
        "",          "//",         "/nothing",      "/health/",    "/topics/",
        "/Health",   "/health%2f", "/hea%6cth",     "/answer/",    "/x/offer/",
        "/x//offer", "//x/offer",  "/x/y/sessions", "/sessions",   "/sessions/x/y",
        "/x",        "/offer",     "/x/offers",     "/x/Sessions", "/%00",
        "/x%ff",     "/test/trap",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        if (world_get(world, targets[i]) != 404) {
            fail_msg("%s: %d", targets[i], world->result.status);
        }
        assert_error(world, 404, "No such route; the README lists them all");
        assert_null(strstr(world->result.headers, "Allow:"));
    }
}

static void another_method_is_405_and_says_which_are_allowed(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *method, *target, *allow;
    } rows[] = {
        {"POST", "/", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"POST", "/health", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"DELETE", "/topics", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"GET", "/answer", "\nAllow: POST, OPTIONS\n"},
        {"HEAD", "/answer", "\nAllow: POST, OPTIONS\n"},
        {"PUT", "/poll", "\nAllow: POST, OPTIONS\n"},
        {"GET", "/sessions/x", "\nAllow: DELETE, OPTIONS\n"},
        {"GET", "/x/offer", "\nAllow: POST, OPTIONS\n"},
        {"POST", "/x/sessions", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"get", "/health", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"PATCH", "/%ff/offer", "\nAllow: POST, OPTIONS\n"},
        {"GET", "/register", "\nAllow: POST, OPTIONS\n"},
        {"GET", "/offers", "\nAllow: POST, OPTIONS\n"},
        {"POST", "/offers/by-topic/t", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"POST", "/offers/mine", "\nAllow: GET, HEAD, DELETE, OPTIONS\n"},
        {"GET", "/offers/x", "\nAllow: DELETE, OPTIONS\n"},
        {"GET", "/offers/x/answer", "\nAllow: POST, OPTIONS\n"},
        {"DELETE", "/offers/x/ice-candidates", "\nAllow: POST, GET, HEAD, OPTIONS\n"},
        {"POST", "/peers/x/offers", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"DELETE", "/usernames/claim", "\nAllow: POST, GET, HEAD, OPTIONS\n"},
        {"POST", "/usernames/x", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"POST", "/services/x", "\nAllow: GET, HEAD, DELETE, OPTIONS\n"},
        {"GET", "/index/x/query", "\nAllow: POST, OPTIONS\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (world_send(world, rows[i].method, rows[i].target, NULL) != 405 ||
            strstr(world->result.headers, rows[i].allow) == NULL) {
            fail_msg("%s %s: %d\n%s", rows[i].method, rows[i].target, world->result.status,
                     world->result.headers);
        }
    }
    world_send(world, "PUT", "/poll", NULL);
    assert_error(world, 405, "This path answers POST, OPTIONS");
}

static void under_rooms_errors_have_codes_whatever_they_are(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *method, *target;
        int status;
        const char *code, *allow; /* NULL: none */
    } rows[] = {
        {"GET", "/rooms/", 404, "not_found", NULL}, /* GET /rooms/:code of an empty code */
        {"GET", "/rooms/234567/nothing", 404, "not_found", NULL},
        {"GET", "/rooms/234567/public/", 404, "not_found", NULL},
        {"GET", "/rooms/234567/candidates/1", 404, "not_found", NULL},
        {"GET", "/rooms", 405, "method_not_allowed", "\nAllow: POST, OPTIONS\n"},
        {"DELETE", "/rooms", 405, "method_not_allowed", "\nAllow: POST, OPTIONS\n"},
        {"POST", "/rooms/234567", 405, "method_not_allowed", "\nAllow: GET, HEAD, OPTIONS\n"},
        {"GET", "/rooms/234567/join", 405, "method_not_allowed", "\nAllow: POST, OPTIONS\n"},
        {"POST", "/rooms/234567/candidates", 405, "method_not_allowed",
         "\nAllow: GET, HEAD, OPTIONS\n"},
        {"PUT", "/rooms/offer", 405, "method_not_allowed", "\nAllow: POST, GET, HEAD, OPTIONS\n"},
        {"GET", "/rooms/%ff/public", 400, "bad_request", NULL},
        {"GET", "/rooms/%00", 400, "bad_request", NULL},
        {"POST", "/rooms", 400, "bad_json", NULL},
        {"GET", "/rooms/234567", 404, "not_found", NULL},
    };
    world->host.headers[HEADER_REGISTRY_VERSION] = "1";
    world->host.headers[HEADER_ACCESS_TOKEN] = "token";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        world_send(world, rows[i].method, rows[i].target, NULL);
        assert_coded(world, rows[i].status, rows[i].code);
        assert_int_equal(strstr(world->result.headers, "Allow:") != NULL, rows[i].allow != NULL);
        if (rows[i].allow != NULL) {
            assert_non_null(strstr(world->result.headers, rows[i].allow));
        }
    }
}

static void failures_and_wrong_settings_have_codes_under_rooms(void **state) {
    struct world *world = as_world(state);
    world->store.fail_at = 1;
    world_get(world, "/rooms/234567/public");
    assert_coded(world, 503, "retry");
    world->host.arena.limit = 100;
    world_get(world, "/rooms/234567/public");
    world->host.arena.limit = TEST_ARENA;
    assert_coded(world, 503, "retry");
    world->host.settings[ROOM_TTL_OPEN] = "soon";
    static const char *const targets[] = {"/rooms", "/rooms/234567/public",
                                          "/rooms/nothing/at/all"};
    for (int i = 0; i < 3; i++) {
        world_get(world, targets[i]);
        assert_coded(world, 503, "retry");
        assert_non_null(strstr(world->result.body, "ROOM_TTL_OPEN"));
    }
    struct request *request = world_request(world);
    request->method = TEXT("POST");
    request->path = TEXT("/rooms");
    assert_non_null(strstr(handle_failure(request, 500).body.at,
                           "{\"error\":{\"code\":\"internal\",\"message\":\""));
}

static void only_paths_of_rooms_have_coded_errors(void **state) {
    struct world *world = as_world(state);
    static const char *const targets[] = {"/Rooms",   "/roomsx", "/x/rooms/y",
                                          "/%72ooms", "/room",   "//rooms"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        world_get(world, targets[i]);
        assert_error(world, 404, "No such route; the README lists them all");
    }
    world_get(world, "/rooms/sessions"); /* a route of another family */
    assert_error(world, 400, "Reserved topic name");
    world_post(world, "/rooms/offer", "{\"offer\":\"o\"}");
    assert_error(world, 400, "Reserved topic name");
}

static void what_a_route_needs_is_asked_for_before_the_body(void **state) {
    struct world *world = as_world(state);
    const char *large = world_repeat(world, "x", 65537);
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *route = &routes[i];
        bool rooms = strncmp(route->pattern, "/rooms", 6) == 0;
        bool mutates = strcmp(route->method, "POST") == 0;
        bool anyone = strcmp(route->pattern, "/rooms") == 0 || strstr(route->pattern, "/join") ||
                      strstr(route->pattern, "/public");
        unsigned wanted = !rooms ? 0 : (mutates ? NEEDS_VERSION : 0) | (anyone ? 0 : NEEDS_TOKEN);
        assert_int_equal(route->needs & (NEEDS_VERSION | NEEDS_TOKEN), wanted);
        if (!rooms || route->needs & NEEDS_SOCKET) {
            continue;
        }
        char target[64];
        const char *hole = strstr(route->pattern, ":code");
        snprintf(target, sizeof target, "%.*s%s%s", (int)(hole == NULL ? 0 : hole - route->pattern),
                 route->pattern, hole == NULL ? "" : "234567",
                 hole == NULL ? route->pattern : hole + 5);
        world->host.headers[HEADER_REGISTRY_VERSION] = NULL;
        world->host.headers[HEADER_ACCESS_TOKEN] = NULL;
        if (mutates) {
            world_send(world, route->method, target, large);
            assert_coded(world, 400, "missing_version");
            world->host.headers[HEADER_REGISTRY_VERSION] = "";
        }
        if (!anyone) {
            world_send(world, route->method, target, large);
            assert_coded(world, 403, "forbidden");
            world->host.headers[HEADER_ACCESS_TOKEN] = "";
        }
        world_send(world, route->method, target, large);
        assert_coded(world, 413, "body_too_large");
        assert_non_null(strstr(world->result.body, "65536"));
        world_send(world, route->method, target, large + 1);
        assert_int_not_equal(world->result.status, 413);
    }
}

static void who_calls_is_asked_before_the_body_and_the_path_are_looked_at(void **state) {
    struct world *world = as_world(state);
    static const char *const wanted[] = {
        "POST /offers",
        "GET /offers/mine",
        "GET /offers/answers",
        "DELETE /offers/:id",
        "POST /offers/:id/answer",
        "POST /offers/:id/ice-candidates",
        "GET /offers/:id/ice-candidates",
        "POST /services",
    };
    enum { WANTED = sizeof wanted / sizeof wanted[0] };
    const char *large = world_repeat(world, "x", 1048577);
    struct world_peer peer;
    world_register(world, &peer);
    size_t found = 0;
    for (size_t i = 0; i < routes_count; i++) {
        char name[64], target[64];
        snprintf(name, sizeof name, "%s %s", routes[i].method, routes[i].pattern);
        size_t at = 0;
        while (at < WANTED && strcmp(wanted[at], name) != 0) {
            at++;
        }
        bool wants_peer = routes[i].needs & NEEDS_PEER && !(routes[i].needs & NEEDS_SOCKET);
        assert_int_equal(wants_peer, at < WANTED);
        if (at == WANTED) {
            continue;
        }
        found++;
        const char *hole = strstr(routes[i].pattern, ":id");
        snprintf(target, sizeof target, "%.*s%s%s",
                 (int)(hole == NULL ? 0 : hole - routes[i].pattern), routes[i].pattern,
                 hole == NULL ? "" : "%ff", hole == NULL ? routes[i].pattern : hole + 3);
        world_send(world, routes[i].method, target, large);
        assert_error(world, 401, "Missing Authorization header");
        world_send_as(world, &peer, routes[i].method, target, large);
        assert_int_equal(world->result.status, 413);
        if (hole != NULL) {
            world_send_as(world, &peer, routes[i].method, target, large + 1);
            assert_error(world, 400, "The path must be percent-encoded UTF-8 without U+0000");
        }
    }
    assert_int_equal(found, WANTED);
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_path_that_is_no_text_is_400(void **state) {
    struct world *world = as_world(state);
    static const char *const topics[] = {"%",   "%4",  "%zz",    "%00",       "a%00b",
                                         "%ff", "%C3", "%c0%af", "%ed%a0%80", "\xFF"};
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        char target[64];
        snprintf(target, sizeof target, "/%s/sessions", topics[i]);
        world_get(world, target);
        assert_error(world, 400, "The path must be percent-encoded UTF-8 without U+0000");
        snprintf(target, sizeof target, "/%s/offer", topics[i]);
        world_post(world, target, "{\"offer\":\"x\"}");
        assert_error(world, 400, "The path must be percent-encoded UTF-8 without U+0000");
        snprintf(target, sizeof target, "/sessions/%s", topics[i]);
        assert_int_equal(world_send(world, "DELETE", target, NULL), 400);
    }
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_parameter_is_decoded_after_the_path_is_cut(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "a%2fb+c%2Bd", "peer");
    world_get(world, "/topics");
    assert_non_null(strstr(world->result.body, "\"topic\":\"a/b+c+d\""));
}

static void a_body_at_its_limit_is_read_and_one_byte_over_is_413(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *method, *target;
        size_t max;
        int status;
        const char *sentence;
    } rows[] = {
        {"POST", "/x/offer", 524288, 400, "524288"},
        {"POST", "/answer", 524288, 400, "524288"},
        {"POST", "/poll", 524288, 400, "524288"},
        {"DELETE", "/sessions/x", 524288, 404, "524288"},
        {"GET", "/x/sessions", 524288, 200, "524288"},
        {"GET", "/topics", 1048576, 200, "1048576"},
        {"GET", "/", 1048576, 200, "1048576"},
        {"GET", "/health", 1048576, 200, "1048576"},
        {"POST", "/register", 1048576, 200, "1048576"},
        {"GET", "/offers/by-topic/t", 1048576, 200, "1048576"},
        {"POST", "/usernames/claim", 1048576, 400, "1048576"},
        {"DELETE", "/services/x", 1048576, 400, "1048576"},
        {"POST", "/index/name/query", 1048576, 400, "1048576"},
    };
    const char *body = world_repeat(world, " ", 1048577);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text text = {body, rows[i].max};
        struct result result = test_send_bytes(&world->host, rows[i].method, rows[i].target, text);
        assert_int_equal(result.status, rows[i].status);
        text.len++;
        result = test_send_bytes(&world->host, rows[i].method, rows[i].target, text);
        assert_int_equal(result.status, 413);
        assert_non_null(strstr(result.body, rows[i].sentence));
    }
}

static void a_full_body_can_be_an_offer(void **state) {
    struct world *world = as_world(state);
    const char *rest = world_repeat(world, "x", 524288 - strlen("{\"offer\":\"o\",\"x\":\"\"}"));
    assert_int_equal(world_post(world, "/x/offer", "{\"offer\":\"o\",\"x\":\"%s\"}", rest), 200);
    assert_int_equal(world_post(world, "/x/offer", "{\"offer\":\"o\",\"x\":\"%sx\"}", rest), 413);
    assert_int_equal(memory_count(world->memory), 2);
}

static void every_answer_is_json_that_nobody_caches(void **state) {
    struct world *world = as_world(state);
    static const char *const targets[] = {"/",       "/health",  "/topics",      "/x/sessions",
                                          "/answer", "/nothing", "/%ff/sessions"};
    static const char *const lines[] = {
        "Content-Type: application/json; charset=utf-8\n", "Access-Control-Allow-Origin: *\n",
        "Access-Control-Expose-Headers: ETag, Retry-After\n", "Cache-Control: no-store\n"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        world_get(world, targets[i]);
        assert_non_null(world->json);
        for (size_t j = 0; j < sizeof lines / sizeof lines[0]; j++) {
            assert_non_null(strstr(world->result.headers, lines[j]));
        }
    }
}

static void head_answers_as_get_without_the_body(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "room", "peer");
    static const char *const targets[] = {"/", "/health", "/topics", "/room/sessions", "/nothing"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        int status = world_get(world, targets[i]);
        char headers[512];
        snprintf(headers, sizeof headers, "%s", world->result.headers);
        assert_int_equal(world_send(world, "HEAD", targets[i], NULL), status);
        assert_string_equal(world->result.body, "");
        assert_string_equal(world->result.headers, headers);
    }
}

static void preflights_are_answered_on_every_path(void **state) {
    struct world *world = as_world(state);
    static const char *const targets[] = {"/", "/health", "/x/offer", "/nothing", "/%ff/offer"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        assert_int_equal(world_send(world, "OPTIONS", targets[i], NULL), 204);
        assert_non_null(strstr(world->result.headers, "Access-Control-Max-Age: 7200\n"));
        assert_null(strstr(world->result.headers, "Content-Type:"));
    }
}

static void wrong_settings_are_503_on_every_route(void **state) {
    struct world *world = as_world(state);
    world->host.settings[SESSION_TIMEOUT] = "soon";
    static const char *const targets[] = {"/", "/health", "/topics", "/x/sessions"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        assert_int_equal(world_get(world, targets[i]), 503);
        assert_non_null(strstr(world_text(world, "error"), "SESSION_TIMEOUT"));
    }
    world_post(world, "/x/offer", "{\"offer\":\"x\"}");
    assert_int_equal(world->result.status, 503);
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_route_is_logged_by_its_pattern(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *method, *path, *route;
    } rows[] = {
        {"GET", "/health", "GET /health"},
        {"HEAD", "/health", "GET /health"},
        {"POST", "/secret/offer", "POST /:topic/offer"},
        {"GET", "/%ff/sessions", "GET /:topic/sessions"},
        {"GET", "/offers/by-topic/secret", "GET /offers/by-topic/:topic"},
        {"DELETE", "/offers/secret", "DELETE /offers/:id"},
        {"GET", "/nothing", "none"},
        {"PUT", "/health", "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct request *request = world_request(world);
        request->method = text_of(rows[i].method);
        request->path = text_of(rows[i].path);
        assert_text(handle(request).route, rows[i].route);
    }
}

static void failures_of_the_host_say_that_trying_again_may_help(void **state) {
    struct world *world = as_world(state);
    for (int status = 500; status <= 503; status += 3) {
        struct request *request = world_request(world);
        request->method = TEXT("POST");
        request->path = TEXT("/x/offer");
        struct response response = handle_failure(request, status);
        assert_int_equal(response.status, status);
        assert_text(response.route, "POST /:topic/offer");
        assert_non_null(strstr(response.body.at, "trying again may help"));
    }
}

static void no_pattern_has_more_parameters_than_a_request_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < routes_count; i++) {
        int parameters = 0;
        for (const char *p = routes[i].pattern; *p != '\0'; p++) {
            parameters += *p == ':';
        }
        assert_true(parameters <= PARAMETERS_MAX);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(every_route_is_found),
        world_test(what_no_route_has_is_404),
        world_test(another_method_is_405_and_says_which_are_allowed),
        world_test(under_rooms_errors_have_codes_whatever_they_are),
        world_test(failures_and_wrong_settings_have_codes_under_rooms),
        world_test(only_paths_of_rooms_have_coded_errors),
        world_test(what_a_route_needs_is_asked_for_before_the_body),
        world_test(who_calls_is_asked_before_the_body_and_the_path_are_looked_at),
        world_test(a_path_that_is_no_text_is_400),
        world_test(a_parameter_is_decoded_after_the_path_is_cut),
        world_test(a_body_at_its_limit_is_read_and_one_byte_over_is_413),
        world_test(a_full_body_can_be_an_offer),
        world_test(every_answer_is_json_that_nobody_caches),
        world_test(head_answers_as_get_without_the_body),
        world_test(preflights_are_answered_on_every_path),
        world_test(wrong_settings_are_503_on_every_route),
        world_test(a_route_is_logged_by_its_pattern),
        world_test(failures_of_the_host_say_that_trying_again_may_help),
        world_test(no_pattern_has_more_parameters_than_a_request_holds),
    };
    return cmocka_run_group_tests_name("router", tests, NULL, NULL);
}
