/* What becomes of messages over sockets of rooms and sessions. */
#include "socket.h"

#include <stdio.h>
#include <stdlib.h>

static const char *tell_candidate(struct socket *socket, const char *id, const char *name) {
    char message[256];
    snprintf(message, sizeof message, "{\"id\":\"%s\",\"candidate\":\"%s\"}", id, name);
    return socket_tell(socket, message);
}

#define ANSWERED(id, status) "{\"id\":\"" id "\",\"status\":" #status "}"

static void a_message_leaves_candidates_and_is_answered_with_its_id(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host, guest;
    socket_open_room(&host, world, world->room.host, "");
    socket_open_room(&guest, world, world->room.guest, "");
    assert_string_equal(tell_candidate(&guest, "1", "c0"), ANSWERED("1", 204));
    assert_string_equal(socket_tell(&guest,
                                    "{\"id\":\"two \\\" é\",\"candidates\":[{\"candidate\":\"c1\"},"
                                    "{\"candidate\":\"c2\"}]}"),
                        "{\"id\":\"two \\\" é\",\"status\":204}");
    assert_string_equal(socket_tell(&guest, "{\"candidate\":\"c3\"}"),
                        "{\"id\":null,\"status\":204}");
    assert_int_equal(socket_push(&host), 1);
    static const char *const names[] = {"c0", "c1", "c2", "c3"};
    for (int i = 0; i < 4; i++) {
        assert_true(socket_has(&host, 0, names[i]));
    }
    assert_int_equal(socket_push(&guest), 0);
}

static void a_message_with_a_type_is_an_offer_or_an_answer(void **state) {
    struct world *world = as_world(state);
    world_room(world);
    world_join(world);
    struct socket host, guest;
    socket_open_room(&host, world, world->room.host, "");
    socket_open_room(&guest, world, world->room.guest, "");
    static const char offer[] = "{\"id\":\"o\",\"type\":\"offer\",\"sdp\":\"" SDP("o1") "\"}";
    static const char answer[] = "{\"id\":\"a\",\"type\":\"answer\",\"sdp\":\"" SDP("a1") "\"}";
    assert_non_null(strstr(socket_tell(&guest, offer), "{\"id\":\"o\",\"status\":403,\"error\":"));
    assert_non_null(strstr(socket_tell(&guest, answer), "{\"id\":\"a\",\"status\":409,\"error\":"));
    assert_string_equal(socket_tell(&host, offer), ANSWERED("o", 204));
    assert_int_equal(socket_push(&guest), 1);
    assert_true(socket_has(&guest, 0, "o=o1"));
    assert_string_equal(socket_tell(&guest, answer), ANSWERED("a", 204));
    socket_push(&host);
    assert_true(socket_has(&host, 0, "o=a1") && socket_has(&host, 0, "\"status\":\"paired\""));
    assert_non_null(
        strstr(socket_tell(&host, "{\"id\":\"x\",\"type\":\"x\"}"), "\"bad_candidate\""));
}

static void an_id_is_a_text_of_1_to_64_characters(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    char message[512];
    static const char *const wrong[] = {"\"\"", "5", "true", "{}", "[\"1\"]"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(message, sizeof message, "{\"id\":%s,\"candidate\":\"c\"}", wrong[i]);
        socket_tell(&guest, message);
        assert_int_equal(world->result.status, 400);
        assert_non_null(strstr(world->result.body, "{\"id\":null,\"status\":400,\"error\":{"));
    }
    for (size_t count = 64; count <= 65; count++) {
        snprintf(message, sizeof message, "{\"id\":\"%s\",\"candidate\":\"c\"}",
                 world_repeat(world, "é", count));
        socket_tell(&guest, message);
        assert_int_equal(world->result.status, count == 64 ? 204 : 400);
    }
    assert_string_equal(socket_tell(&guest, "{\"id\":null,\"candidate\":\"d\"}"),
                        "{\"id\":null,\"status\":204}");
}

static void the_id_is_the_idempotency_key(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket host, first, second;
    socket_open_room(&host, world, world->room.host, "");
    socket_open_room(&first, world, world->room.guest, "");
    socket_open_room(&second, world, world->room.guest, "");
    assert_string_equal(tell_candidate(&first, "k", "c0"), ANSWERED("k", 204));
    assert_string_equal(tell_candidate(&first, "k", "c1"), ANSWERED("k", 204));
    assert_string_equal(tell_candidate(&second, "k", "c2"), ANSWERED("k", 204));
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = "k";
    assert_int_equal(world_candidate(world, world->room.guest, "c3"), 204);
    world->host.headers[HEADER_IDEMPOTENCY_KEY] = NULL;
    assert_int_equal(socket_push(&host), 1);
    assert_true(socket_has(&host, 0, "c0"));
    for (int i = 1; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "\"c%d\"", i);
        assert_false(socket_has(&host, 0, name));
    }
}

static void what_the_post_would_refuse_is_refused_with_its_error(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    char *before = world_dump(world);
    static const struct {
        const char *message, *id, *code;
    } rows[] = {
        {"{\"id\":\"a\"}", "\"a\"", "bad_candidate"},
        {"{\"id\":\"a\",\"candidate\":\"\"}", "\"a\"", "bad_candidate"},
        {"{\"id\":\"a\",\"candidates\":[]}", "\"a\"", "bad_candidate"},
        {"{\"id\":\"a\",\"candidate\":5}", "\"a\"", "bad_candidate"},
        {" ", "null", "bad_json"},
        {"hello", "null", "bad_json"},
        {"[]", "null", "bad_json"},
        {"null", "null", "bad_json"},
        {"{\"id\":\"a\",\"candidate\":\"c\"", "null", "bad_json"},
        {"{\"id\":\"\\u0000\",\"candidate\":\"c\"}", "null", "bad_json"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char start[128];
        snprintf(start, sizeof start, "{\"id\":%s,\"status\":400,\"error\":{\"code\":\"%s\"",
                 rows[i].id, rows[i].code);
        assert_memory_equal(socket_tell(&guest, rows[i].message), start, strlen(start));
    }
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void the_limits_of_the_post_hold(void **state) {
    struct world *world = as_world(state);
    world->host.settings[RATE_LIMITS] = "off";
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    enum { BODY_MAX = 64 * 1024 };
    for (size_t size = BODY_MAX; size <= BODY_MAX + 1; size++) {
        char *message = malloc(size + 1);
        size_t len =
            (size_t)snprintf(message, size + 1, "{\"id\":\"a\",\"candidate\":\"c\",\"x\":\"");
        memset(message + len, 'x', size - len - 2);
        memcpy(message + size - 2, "\"}", 3);
        socket_tell(&guest, message);
        free(message);
        assert_int_equal(world->result.status, size == BODY_MAX ? 204 : 413);
    }
    assert_non_null(strstr(world->result.body, "{\"id\":null,\"status\":413,\"error\":{\"code\":"
                                               "\"body_too_large\""));
    for (int i = 1; i < 40; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        tell_candidate(&guest, name, name);
        assert_int_equal(world->result.status, 204);
    }
    tell_candidate(&guest, "last", "c40");
    assert_int_equal(world->result.status, 409);
    assert_non_null(strstr(world->result.body,
                           "{\"id\":\"last\",\"status\":409,\"error\":{\"code\":"
                           "\"too_many_candidates\""));
}

static void a_message_about_what_is_gone_is_answered_404(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    world_room_post(world, world->room.host, "/close", "{}");
    tell_candidate(&guest, "a", "c");
    assert_int_equal(world->result.status, 404);
    assert_non_null(strstr(world->result.body, "{\"id\":\"a\",\"status\":404,\"error\":{"));
}

static void a_sessions_message_is_a_candidate_of_its_own_side(void **state) {
    struct world *world = as_world(state);
    world_offer(world, "t", "ann");
    char code[CODE_LEN + 1], target[64];
    snprintf(code, sizeof code, "%s", world->code);
    snprintf(target, sizeof target, "/sessions/%s/socket", code);
    world_offer(world, "t", "bob");
    struct socket offerer, answerer;
    socket_open(&offerer, world, target, "rondevu, side.offerer");
    socket_open(&answerer, world, target, "rondevu, side.answerer");
    char message[256];
    snprintf(message, sizeof message,
             "{\"id\":\"a\",\"candidate\":\"c\",\"side\":\"offerer\",\"code\":\"%s\"}",
             world->code);
    assert_string_equal(socket_tell(&answerer, message),
                        "{\"id\":\"a\",\"status\":200,\"success\":true}");
    assert_int_equal(socket_push(&offerer), 1);
    assert_true(socket_has(&offerer, 0, "\"answerCandidates\":[\"c\"]"));
    assert_int_equal(socket_push(&answerer), 0);
    static const char *const wrong[] = {"{\"id\":\"a\"}", "{\"id\":\"a\",\"answer\":\"an answer\"}",
                                        "{\"id\":\"a\",\"candidate\":\"\"}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_string_equal(socket_tell(&answerer, wrong[i]),
                            "{\"id\":\"a\",\"status\":400,\"error\":\"Missing or invalid required "
                            "parameter: candidate\"}");
    }
    assert_int_equal(socket_push(&offerer), 0);
    world_send(world, "DELETE", (snprintf(target, sizeof target, "/sessions/%s", code), target),
               NULL);
    assert_string_equal(socket_tell(&answerer, "{\"id\":\"b\",\"candidate\":\"d\"}"),
                        "{\"id\":\"b\",\"status\":404,\"error\":\"" NO_SESSION "\"}");
}

static void a_request_with_a_body_is_no_message(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    struct socket guest;
    socket_open_room(&guest, world, world->room.guest, "");
    char *before = world_dump(world);
    assert_int_equal(socket_ask(&guest, NULL, "{\"id\":\"a\",\"candidate\":\"c\"}"), 101);
    assert_null(strstr(world->result.body, "\"id\""));
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void a_poll_takes_no_notice_of_what_a_socket_has_seen(void **state) {
    struct world *world = as_world(state);
    world_pair(world);
    world_candidate(world, world->room.guest, "c0");
    struct socket host;
    socket_open_room(&host, world, world->room.host, "");
    world->host.headers[HEADER_SEEN] = host.seen;
    assert_int_equal(world_room_get(world, world->room.host, "/candidates"), 200);
    assert_int_equal(world_count(world, "items"), 1);
    assert_int_equal(world_room_get(world, world->room.host, ""), 200);
    assert_int_equal(world_candidate(world, world->room.guest, "c1"), 204);
    assert_string_equal(world->result.body, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_message_leaves_candidates_and_is_answered_with_its_id),
        world_test(a_message_with_a_type_is_an_offer_or_an_answer),
        world_test(an_id_is_a_text_of_1_to_64_characters),
        world_test(the_id_is_the_idempotency_key),
        world_test(what_the_post_would_refuse_is_refused_with_its_error),
        world_test(the_limits_of_the_post_hold),
        world_test(a_message_about_what_is_gone_is_answered_404),
        world_test(a_sessions_message_is_a_candidate_of_its_own_side),
        world_test(a_request_with_a_body_is_no_message),
        world_test(a_poll_takes_no_notice_of_what_a_socket_has_seen),
    };
    return cmocka_run_group_tests_name("messages over sockets", tests, NULL, NULL);
}
