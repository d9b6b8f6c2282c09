/* Health: whole, and without storage. */
#include "world.h"

static void health_tells_time_and_version(void **state) {
    struct world *world = as_world(state);
    world->host.now = 1700000000123;
    assert_int_equal(world_get(world, "/health"), 200);
    assert_answer(world, 200,
                  "{\"status\":\"ok\",\"timestamp\":1700000000123,\"version\":\"" RONDEVU_VERSION
                  "\"}");
}

static void health_touches_no_storage(void **state) {
    struct world *world = as_world(state);
    world->store.fail_at = 1;
    assert_int_equal(world_get(world, "/health"), 200);
    assert_int_equal(world->store.calls, 0);
}

static void health_has_a_head(void **state) {
    struct world *world = as_world(state);
    assert_int_equal(world_send(world, "HEAD", "/health", NULL), 200);
    assert_string_equal(world->result.body, "");
    assert_non_null(
        strstr(world->result.headers, "Content-Type: application/json; charset=utf-8\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(health_tells_time_and_version),
        world_test(health_touches_no_storage),
        world_test(health_has_a_head),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
