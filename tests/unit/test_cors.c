/* CORS: who may read an answer. */
#include "cors.h"
#include "world.h"

#define ANY "Access-Control-Allow-Origin: *\n"
#define OWN "Access-Control-Allow-Origin: https://app.example\nVary: Origin\n"
#define NOT "Vary: Origin\n"
#define EXPOSED "Access-Control-Expose-Headers: ETag, Retry-After\n"
#define PREFLIGHT                                                                                  \
    "Access-Control-Allow-Methods: GET, POST, DELETE, OPTIONS\n"                                   \
    "Access-Control-Allow-Headers: Content-Type, Authorization, X-Access-Token, "                  \
    "X-Registry-Version, Idempotency-Key, If-None-Match\n"                                         \
    "Access-Control-Max-Age: 7200\n"

static const struct {
    const char *list, *origin;
    const char *preflight, *other;
} rows[] = {
    {NULL, "https://app.example", ANY PREFLIGHT, ANY EXPOSED},
    {"*", "https://app.example", ANY PREFLIGHT, ANY EXPOSED},
    {" * ", NULL, ANY PREFLIGHT, ANY EXPOSED},
    {"https://x.example,*", "https://app.example", ANY PREFLIGHT, ANY EXPOSED},
    {"https://app.example", "https://app.example", OWN PREFLIGHT, OWN EXPOSED},
    {"https://x.example, https://app.example ,https://y.example", "https://app.example",
     OWN PREFLIGHT, OWN EXPOSED},
    {"https://app.example,", "https://app.example", OWN PREFLIGHT, OWN EXPOSED},
    {"https://app.example", "https://other.example", NOT, NOT},
    {"https://app.example", "https://app.example.evil", NOT, NOT},
    {"https://app.example", "https://app.exampl", NOT, NOT},
    {"https://app.example", "http://app.example", NOT, NOT},
    {"https://app.example", "*", NOT, NOT},
    {"https://app.example", "null", NOT, NOT},
    {"https://app.example", "", NOT, NOT},
    {"https://app.example", NULL, NOT, NOT},
    {"https://app.example,,", "", NOT, NOT},
    {",", NULL, NOT, NOT},
};

static struct request *ask(struct world *world, size_t row) {
    world->host.settings[CORS_ORIGINS] = rows[row].list;
    world->host.headers[HEADER_ORIGIN] = rows[row].origin;
    return world_request(world);
}

static void preflights_are_204_with_what_is_allowed(void **state) {
    struct world *world = as_world(state);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct response response = cors_preflight(ask(world, i));
        assert_int_equal(response.status, 204);
        assert_int_equal(response.body.len, 0);
        assert_text(response.headers, rows[i].preflight);
    }
}

static void every_other_answer_exposes_two_headers(void **state) {
    struct world *world = as_world(state);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_text(cors_headers(ask(world, i)), rows[i].other);
    }
}

static void the_list_has_two_names(void **state) {
    struct world *world = as_world(state);
    world->host.settings[ALLOWED_ORIGINS] = "https://app.example";
    assert_text(cors_headers(world_request(world)), OWN EXPOSED);
}

static void a_request_off_the_list_is_served_all_the_same(void **state) {
    struct world *world = as_world(state);
    world->host.settings[CORS_ORIGINS] = "https://other.example";
    assert_int_equal(world_get(world, "/health"), 200);
    assert_null(strstr(world->result.headers, "Access-Control"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(preflights_are_204_with_what_is_allowed),
        world_test(every_other_answer_exposes_two_headers),
        world_test(the_list_has_two_names),
        world_test(a_request_off_the_list_is_served_all_the_same),
    };
    return cmocka_run_group_tests_name("cors", tests, NULL, NULL);
}
