/* Peers: who registered, and how they prove it. */
#include "routes.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const digits = "0123456789abcdef";

#define MISSING "Missing Authorization header"
#define FORMAT "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}"
#define WRONG "Invalid credentials"

static int mine(struct world *world, const char *authorization) {
    world->host.headers[HEADER_AUTHORIZATION] = authorization;
    int status = world_get(world, "/offers/mine");
    world->host.headers[HEADER_AUTHORIZATION] = NULL;
    return status;
}

/* -- Registering --------------------------------------------------------------- */

static void a_peer_is_given_an_id_and_a_secret_and_nothing_is_stored(void **state) {
    struct world *world = as_world(state);
    world->host.random = 0x0123456789ABCDEF;
    assert_int_equal(world_post(world, "/register", "%s", ""), 200);
    assert_int_equal(cJSON_GetArraySize(world->json), 2);
    assert_string_equal(world_text(world, "peerId"), "0123456789abcdef0000000000000000");
    assert_int_equal(strlen(world_text(world, "secret")), 64);
    assert_int_equal(strspn(world_text(world, "secret"), digits), 64);
    assert_int_equal(world->store.calls, 0);
    assert_null(world->host.request.edits);
}

static void two_peers_share_neither_id_nor_secret(void **state) {
    struct world *world = as_world(state);
    struct world_peer one, two;
    world_register(world, &one);
    world_register(world, &two);
    assert_string_not_equal(one.id, two.id);
    assert_string_not_equal(strchr(one.bearer, ':'), strchr(two.bearer, ':'));
}

static void what_is_sent_to_register_is_ignored_but_for_its_size(void **state) {
    struct world *world = as_world(state);
    static const char *const bodies[] = {"{}", "[", "\xFF", "{\"peerId\":\"mine\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(world_send(world, "POST", "/register", bodies[i]), 200);
        assert_int_equal(strspn(world_text(world, "peerId"), digits), 32);
    }
    const char *large = world_repeat(world, "x", 1048577);
    assert_int_equal(world_send(world, "POST", "/register", large), 413);
    assert_int_equal(world_send(world, "POST", "/register", large + 1), 200);
}

static void the_secret_is_nowhere_in_the_store(void **state) {
    struct world *world = as_world(state);
    struct world_peer alice, bob;
    char id[OFFER_ID_SIZE];
    world_register(world, &alice);
    world_register(world, &bob);
    world_publish(world, &alice, id, "{\"sdp\":\"o\",\"topics\":[\"t\"]}");
    assert_int_equal(world_answer(world, &bob, id), 200);
    assert_int_equal(world_trickle(world, &bob, id, "1"), 200);
    assert_int_equal(world_claim(world, 1, "alice"), 200);
    assert_int_equal(world_serve(world, &alice, 1, "alice", "chat@1.0.0", "s", ""), 201);
    char *dump = world_dump(world);
    assert_non_null(strstr(dump, alice.id));
    assert_null(strstr(dump, strchr(alice.bearer, ':') + 1));
    assert_null(strstr(dump, strchr(bob.bearer, ':') + 1));
    free(dump);
}

/* -- Proving it ---------------------------------------------------------------- */

static void a_secret_works_on_every_instance_with_the_same_auth_secret(void **state) {
    struct world *world = as_world(state);
    struct world_peer peer;
    world_register(world, &peer);
    void *opened;
    world_open(&opened);
    struct world *other = opened;
    assert_int_equal(mine(other, peer.bearer), 200);
    assert_string_equal(world_text(other, "peerId"), peer.id);
    other->host.secret = "another secret";
    assert_int_equal(mine(other, peer.bearer), 401);
    assert_error(other, 401, WRONG);
    world_close(&opened);
}

static void what_proves_nothing_is_401_and_says_why(void **state) {
    struct world *world = as_world(state);
    struct world_peer peer;
    world_register(world, &peer);
    const char *secret = strchr(peer.bearer, ':') + 1;
    const struct {
        const char *value; /* %1$s: peer's id, %2$s: its secret */
        const char *sentence;
    } rows[] = {
        {"", FORMAT},
        {"Bearer", FORMAT},
        {"Bearer ", FORMAT},
        {"Bearer :", FORMAT},
        {"Bearer %1$s", FORMAT},
        {"Bearer %1$s:", FORMAT},
        {"Bearer :%2$s", FORMAT},
        {"Bearer%1$s:%2$s", FORMAT},
        {"%1$s:%2$s", FORMAT},
        {"Basic %1$s:%2$s", FORMAT},
        {"Bearers %1$s:%2$s", FORMAT},
        {"Beare %1$s:%2$s", FORMAT},
        {"Bearer: %1$s:%2$s", FORMAT},
        {"Bearer %1$s %2$s", FORMAT},
        {"Bearer %1$s:%1$s", WRONG},
        {"Bearer %2$s:%1$s", WRONG},
        {"Bearer x:%2$s", WRONG},
        {"Bearer 00000000000000000000000000000001:%2$s", WRONG},
        {"Bearer %1$s0:%2$s", WRONG},
        {"Bearer %1$s:%2$s0", WRONG},
        {"Bearer %1$s:%2$s:", WRONG},
        {"Bearer %1$s:%2$s %2$s", WRONG},
        {"Bearer %1$s : %2$s", WRONG},
    };
    assert_int_equal(mine(world, NULL), 401);
    assert_error(world, 401, MISSING);
    assert_non_null(strstr(world->result.headers, "WWW-Authenticate: Bearer\n"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char value[256] = "", wanted[128];
        const char *at = rows[i].value;
        for (const char *hole; (hole = strchr(at, '%')) != NULL; at = hole + 4) {
            size_t len = strlen(value);
            snprintf(value + len, sizeof value - len, "%.*s%s", (int)(hole - at), at,
                     hole[1] == '1' ? peer.id : secret);
        }
        strcat(value, at);
        snprintf(wanted, sizeof wanted, "{\"error\":\"%s\"}", rows[i].sentence);
        if (mine(world, value) != 401 || strcmp(world->result.body, wanted) != 0 ||
            strstr(world->result.headers, "WWW-Authenticate: Bearer\n") == NULL) {
            fail_msg("%s: %d %s", value, world->result.status, world->result.body);
        }
    }
    assert_int_equal(world->store.calls, 0);
}

static void a_secret_that_differs_in_any_digit_is_wrong(void **state) {
    struct world *world = as_world(state);
    struct world_peer peer;
    world_register(world, &peer);
    for (size_t i = strlen("Bearer "); peer.bearer[i] != '\0'; i++) {
        char kept = peer.bearer[i];
        peer.bearer[i] = kept == '0' ? '1' : '0';
        assert_int_equal(mine(world, peer.bearer), 401);
        peer.bearer[i] = kept;
    }
    assert_int_equal(mine(world, peer.bearer), 200);
}

static void the_scheme_has_no_case_and_blanks_around_what_follows_do_not_matter(void **state) {
    struct world *world = as_world(state);
    struct world_peer peer;
    world_register(world, &peer);
    static const char *const schemes[] = {"bearer ", "BEARER ", "bEaReR ", "Bearer   "};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        char value[160];
        snprintf(value, sizeof value, "%s%s ", schemes[i], peer.bearer + strlen("Bearer "));
        assert_int_equal(mine(world, value), 200);
    }
}

/* -- AUTH_SECRET --------------------------------------------------------------- */

/* A path that the pattern fits. */
static const char *path_of(const struct route *route) {
    static char path[128];
    size_t len = 0;
    for (const char *p = route->pattern; *p != '\0'; p++) {
        path[len++] = *p == ':' ? 'x' : *p;
    }
    path[len] = '\0';
    return path;
}

static bool wants_secret(const struct route *route) {
    return (route->needs & NEEDS_PEER && !(route->needs & NEEDS_SOCKET)) ||
           strcmp(route->pattern, "/register") == 0 ||
           (strcmp(route->method, "DELETE") == 0 &&
            strcmp(route->pattern, "/services/:serviceId") == 0);
}

static void without_32_bytes_of_auth_secret_routes_that_want_it_are_503(void **state) {
    struct world *world = as_world(state);
    struct world_peer peer;
    world_register(world, &peer);
    static const size_t lengths[] = {0, 1, 31};
    const char *large = world_repeat(world, "x", 1048577);
    int checked = 0;
    for (size_t i = 0; i < routes_count; i++) {
        const struct route *route = &routes[i];
        if (!wants_secret(route)) {
            continue;
        }
        for (size_t j = 0; j < sizeof lengths / sizeof lengths[0]; j++) {
            world->host.secret_len = lengths[j];
            for (int wrong = 0; wrong < 3; wrong++) { /* whatever else is wrong */
                world->host.headers[HEADER_AUTHORIZATION] = wrong == 1 ? "Basic" : peer.bearer;
                const char *body = wrong == 2 && route->needs & NEEDS_PEER ? large : "";
                int status = world_send(world, route->method, path_of(route), body);
                const char *said = status == 503 ? world_text(world, "error") : "";
                if (strstr(said, "AUTH_SECRET") == NULL || strstr(said, "32 bytes") == NULL) {
                    fail_msg("%s %s: %d", route->method, route->pattern, status);
                }
            }
        }
        world->host.secret_len = 32;
        world_send(world, route->method, path_of(route), "");
        assert_int_not_equal(world->result.status, 503);
        checked++;
    }
    assert_int_equal(checked, 10);
}

static void other_routes_need_no_auth_secret(void **state) {
    struct world *world = as_world(state);
    world->host.secret_len = 0;
    for (size_t i = 0; i < routes_count; i++) {
        if (!wants_secret(&routes[i])) {
            world_send(world, routes[i].method, path_of(&routes[i]), NULL);
            assert_int_not_equal(world->result.status, 503);
        }
    }
    world_send(world, "DELETE", "/services/x", "{\"username\":\"alice\"}");
    assert_error(world, 401, MISSING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_peer_is_given_an_id_and_a_secret_and_nothing_is_stored),
        world_test(two_peers_share_neither_id_nor_secret),
        world_test(what_is_sent_to_register_is_ignored_but_for_its_size),
        world_tests(the_secret_is_nowhere_in_the_store),
        world_test(a_secret_works_on_every_instance_with_the_same_auth_secret),
        world_test(what_proves_nothing_is_401_and_says_why),
        world_test(a_secret_that_differs_in_any_digit_is_wrong),
        world_test(the_scheme_has_no_case_and_blanks_around_what_follows_do_not_matter),
        world_test(without_32_bytes_of_auth_secret_routes_that_want_it_are_503),
        world_test(other_routes_need_no_auth_secret),
    };
    return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
