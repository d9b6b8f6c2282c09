/* User names: claiming, renewing, losing them, and what is published under them. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t MINUTE = 60000;
static const int64_t YEAR = INT64_C(365) * 24 * 60 * 60000;

#define HELD "Username already claimed by different public key"
#define USED "Signature already used"

enum { ALICE = 1, BOB = 2 };

/* A claim whose message is for that name and time, signed by `owner`, with the key of `key`. */
static int claim_with(struct world *world, const char *username, int key_owner, int owner,
                      const char *message) {
    char key[WORLD_KEY_SIZE], signature[WORLD_SIGNATURE_SIZE];
    world_key(key_owner, key);
    world_sign(owner, message, signature);
    return world_post_as(
        world, NULL, "/usernames/claim",
        "{\"username\":\"%s\",\"publicKey\":\"%s\",\"message\":\"%s\",\"signature\":\"%s\"}",
        username, key, message, signature);
}

static int claim_at(struct world *world, int owner, const char *username, int64_t time) {
    char message[128];
    snprintf(message, sizeof message, "claim:%s:%lld", username, (long long)time);
    return claim_with(world, username, owner, owner, message);
}

static bool available(struct world *world, const char *username) {
    assert_int_equal(world_get_as(world, NULL, "/usernames/%s", username), 200);
    return cJSON_IsTrue(cJSON_GetObjectItem(world->json, "available"));
}

static void assert_holds(struct world *world, const char *username, int owner, int64_t claimed_at,
                         int64_t expires_at) {
    char key[WORLD_KEY_SIZE], wanted[512];
    world_key(owner, key);
    snprintf(wanted, sizeof wanted,
             "{\"username\":\"%s\",\"available\":false,\"claimedAt\":%lld,\"expiresAt\":%lld,"
             "\"publicKey\":\"%s\"}",
             username, (long long)claimed_at, (long long)expires_at, key);
    world_get_as(world, NULL, "/usernames/%s", username);
    assert_answer(world, 200, wanted);
}

/* -- Claiming ------------------------------------------------------------------ */

static void a_name_is_its_claimers_for_365_days_to_the_ms(void **state) {
    struct world *world = as_world(state);
    world_get(world, "/usernames/alice");
    assert_answer(world, 200, "{\"username\":\"alice\",\"available\":true}");
    world_claim(world, ALICE, "alice");
    assert_answer(
        world, 200,
        "{\"username\":\"alice\",\"claimedAt\":1700000000000,\"expiresAt\":1731536000000}");
    assert_int_equal(NOW + YEAR, 1731536000000);
    assert_holds(world, "alice", ALICE, NOW, NOW + YEAR);
    world->host.now = NOW + YEAR - 1;
    assert_int_equal(world_claim(world, BOB, "alice"), 409);
    assert_holds(world, "alice", ALICE, NOW, NOW + YEAR);
    world->host.now++;
    assert_true(available(world, "alice"));
    assert_int_equal(world_claim(world, BOB, "alice"), 200);
    assert_holds(world, "alice", BOB, NOW + YEAR, NOW + 2 * YEAR);
}

static void claiming_again_renews_and_keeps_when_it_was_claimed(void **state) {
    struct world *world = as_world(state);
    assert_int_equal(world_claim(world, ALICE, "alice"), 200);
    for (int i = 1; i < 5; i++) {
        world->host.now += YEAR - 1;
        assert_int_equal(world_claim(world, ALICE, "alice"), 200);
        assert_int_equal(world_number(world, "claimedAt"), NOW);
        assert_int_equal(world_number(world, "expiresAt"), world->host.now + YEAR);
        world_sweep(world);
        assert_holds(world, "alice", ALICE, NOW, world->host.now + YEAR);
        assert_int_equal(world_claim(world, BOB, "alice"), 409);
    }
    world->host.now += YEAR;
    assert_true(available(world, "alice"));
}

static void a_name_that_another_key_holds_is_409(void **state) {
    struct world *world = as_world(state);
    assert_int_equal(world_claim(world, ALICE, "alice"), 200);
    world->host.now++;
    char *before = world_dump(world);
    world_claim(world, BOB, "alice");
    assert_error(world, 409, HELD);
    char *after = world_dump(world);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_int_equal(world_claim(world, BOB, "alice2"), 200); /* another name */
    assert_int_equal(world_claim(world, ALICE, "ali"), 200);
    assert_holds(world, "alice", ALICE, NOW, NOW + YEAR);
}

static void a_name_may_be_called_claim(void **state) {
    struct world *world = as_world(state);
    assert_true(available(world, "claim"));
    assert_int_equal(world_claim(world, ALICE, "claim"), 200);
    assert_false(available(world, "claim"));
}

static void a_malformed_name_is_400_wherever_it_stands(void **state) {
    struct world *world = as_world(state);
    static const char *const bad[] = {"",
                                      "ab",
                                      "-ab",
                                      "ab-",
                                      "Abc",
                                      "a_b",
                                      "a.b",
                                      "a%20b",
                                      "%C3%A9%C3%A9%C3%A9",
                                      "abcdefghijklmnopqrstuvwxyz0123456"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(world_get_as(world, NULL, "/usernames/%s", bad[i]), 400);
        assert_int_equal(strncmp(world_text(world, "error"), "username ", 9), 0);
        assert_int_equal(world_get_as(world, NULL, "/usernames/%s/services", bad[i]), 400);
        char target[128];
        snprintf(target, sizeof target, "/index/%s/query", bad[i]);
        assert_int_equal(world_post(world, target, "{\"serviceFqn\":\"chat\"}"), 400);
        assert_int_equal(claim_at(world, ALICE, bad[i], NOW), 400);
        assert_int_equal(strncmp(world_text(world, "error"), "username ", 9), 0);
    }
    assert_int_equal(world->store.calls, 0);
    assert_int_equal(world_claim(world, ALICE, "abcdefghijklmnopqrstuvwxyz012345"), 200);
    assert_int_equal(world_claim(world, ALICE, "0-0"), 200);
}

static void members_of_a_claim_are_asked_for_in_order(void **state) {
    struct world *world = as_world(state);
    static const struct {
        const char *body, *start;
    } rows[] = {
        {"", ""},
        {"[]", ""},
        {"{}", "username "},
        {"{\"username\":1}", "username "},
        {"{\"username\":null}", "username "},
        {"{\"username\":\"alice\"}", "publicKey "},
        {"{\"username\":\"alice\",\"publicKey\":1}", "publicKey "},
        {"{\"username\":\"alice\",\"publicKey\":\"\"}", "publicKey "},
        {"{\"username\":\"alice\",\"publicKey\":\"AAAA\"}", "publicKey "},
        {"{\"username\":\"alice\",\"publicKey\":\"*\"}", "publicKey "},
        {"{\"username\":\"alice\",\"publicKey\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
         "publicKey "}, /* of small order */
        {"{\"username\":\"alice\",\"publicKey\":\"KEY\"}", "signature "},
        {"{\"username\":\"alice\",\"publicKey\":\"KEY\",\"signature\":1,\"message\":\"m\"}",
         "signature "},
        {"{\"username\":\"alice\",\"publicKey\":\"KEY\",\"signature\":\"s\"}", "signature "},
        {"{\"username\":\"alice\",\"publicKey\":\"KEY\",\"signature\":\"s\",\"message\":[]}",
         "signature "},
        {"{\"username\":\"alice\",\"publicKey\":\"KEY\",\"signature\":\"s\",\"message\":\"m\"}",
         "Invalid message"},
        {"{\"username\":\"alice\",\"publicKey\":\"KEY\",\"signature\":\"s\","
         "\"message\":\"claim:alice:1\"}",
         "Message time "},
        {"{\"username\":\"alice\",\"publicKey\":\"KEY\",\"signature\":\"s\","
         "\"message\":\"claim:alice:1700000000000\"}",
         "Invalid signature"},
    };
    char key[WORLD_KEY_SIZE];
    world_key(ALICE, key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *hole = strstr(rows[i].body, "KEY");
        char body[512];
        snprintf(body, sizeof body, "%.*s%s%s", (int)(hole == NULL ? 0 : hole - rows[i].body),
                 rows[i].body, hole == NULL ? "" : key, hole == NULL ? rows[i].body : hole + 3);
        int status = world_send(world, "POST", "/usernames/claim", body);
        const char *said = world_text(world, "error");
        if (status != 400 || strncmp(said, rows[i].start, strlen(rows[i].start)) != 0) {
            fail_msg("%s: %d %s", body, status, said);
        }
    }
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_message_is_exactly_what_is_claimed_and_when(void **state) {
    struct world *world = as_world(state);
    static const char *const bad[] = {
        "claim:alice:",
        "claim:alice",
        "claim:alice:1700000000000 ",
        "claim:alice: 1700000000000",
        "claim:alice:+1700000000000",
        "claim:alice:01700000000000",
        "claim:alice:1700000000000.0",
        "claim:alice:1.7e12",
        "claim:alice:17000000000000000000000",
        "claim:alice:-1",
        "claim:alicf:1700000000000",
        "claim:alice2:1700000000000",
        "Claim:alice:1700000000000",
        "publish:alice:1700000000000",
        " claim:alice:1700000000000",
        "claim:alice:x:1700000000000",
        "",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        claim_with(world, "alice", ALICE, ALICE, bad[i]);
        assert_error(world, 400, "Invalid message: it must be claim:<username>:<time in ms>");
    }
    assert_int_equal(claim_with(world, "alice", ALICE, ALICE, "claim:alice:1700000000000"), 200);
}

static void a_messages_time_is_within_5_minutes_to_the_ms(void **state) {
    struct world *world = as_world(state);
    static const struct {
        int64_t off;
        bool taken;
    } rows[] = {
        {-300001, false}, {300001, false},         {-300000, true},          {300000, true},
        {0, true},        {-1699999999999, false}, {100000000000000, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = claim_at(world, ALICE, "alice", NOW + rows[i].off);
        assert_int_equal(status, rows[i].taken ? 200 : 400);
        if (!rows[i].taken) {
            assert_error(world, 400, "Message time must be within 5 minutes of the server's clock");
        }
    }
}

static void only_the_keys_own_signature_is_right(void **state) {
    struct world *world = as_world(state);
    claim_with(world, "alice", ALICE, BOB, "claim:alice:1700000000000");
    assert_error(world, 400, "Invalid signature");
    char key[WORLD_KEY_SIZE], signature[WORLD_SIGNATURE_SIZE];
    world_key(ALICE, key);
    world_sign(ALICE, "claim:alice:1700000000001", signature); /* another ms */
    static const char *const signatures[] = {NULL, "", "AAAA", "*"};
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        world_post(world, "/usernames/claim",
                   "{\"username\":\"alice\",\"publicKey\":\"%s\",\"signature\":\"%s\","
                   "\"message\":\"claim:alice:1700000000000\"}",
                   key, signatures[i] == NULL ? signature : signatures[i]);
        assert_error(world, 400, "Invalid signature");
    }
    assert_int_equal(memory_count(world->memory), 0);
}

static void a_key_is_given_back_as_standard_base64_however_it_came(void **state) {
    struct world *world = as_world(state);
    int owner = 3; /* whose key, or signature, has characters that differ */
    char key[WORLD_KEY_SIZE], signature[WORLD_SIGNATURE_SIZE];
    do {
        world_key(++owner, key);
    } while (strpbrk(key, "+") == NULL || strpbrk(key, "/") == NULL);
    char url[WORLD_KEY_SIZE], message[] = "claim:alice:1700000000000";
    strcpy(url, key);
    world_sign(owner, message, signature);
    for (char *p = url; *p != '\0'; p++) {
        *p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p);
    }
    for (char *p = signature; *p != '\0'; p++) {
        *p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p);
    }
    world_post(world, "/usernames/claim",
               "{\"username\":\"alice\",\"publicKey\":\"%s\",\"signature\":\"%s\","
               "\"message\":\"%s\"}",
               url, signature, message);
    assert_int_equal(world->result.status, 200);
    assert_holds(world, "alice", owner, NOW, NOW + YEAR);
    assert_int_equal(world_claim(world, owner, "alice"), 409); /* the same signature */
    assert_error(world, 409, USED);
}

/* -- Replays ------------------------------------------------------------------- */

static void a_signature_is_taken_once_for_as_long_as_its_time_is_right(void **state) {
    struct world *world = as_world(state);
    assert_int_equal(claim_at(world, ALICE, "alice", NOW), 200);
    claim_at(world, ALICE, "alice", NOW);
    assert_error(world, 409, USED);
    assert_int_equal(claim_at(world, ALICE, "alice", NOW + 1), 200);
    claim_at(world, ALICE, "alice", NOW);
    assert_error(world, 409, USED);
    assert_int_equal(claim_at(world, ALICE, "alice", NOW + 300000), 200);
    for (int64_t ms = 0; ms <= 600000; ms += 60000) { /* for as long as its time is right */
        world->host.now = NOW + ms;
        claim_at(world, ALICE, "alice", NOW + 300000);
        assert_error(world, 409, USED);
        if (ms <= 300000) {
            claim_at(world, ALICE, "alice", NOW + 1);
            assert_error(world, 409, USED);
        }
    }
    world->host.now++;
    claim_at(world, ALICE, "alice", NOW + 300000);
    assert_error(world, 400, "Message time must be within 5 minutes of the server's clock");
}

static void a_held_name_is_said_before_a_used_signature(void **state) {
    struct world *world = as_world(state);
    assert_int_equal(claim_at(world, BOB, "alice", NOW), 200);
    claim_at(world, ALICE, "alice", NOW);
    assert_error(world, 409, HELD);
}

/* -- Races --------------------------------------------------------------------- */

/* Two who claim one name without seeing each other, alice a moment earlier. */
static void two_claims(struct world *world, struct edit *edits[2], size_t counts[2]) {
    world->host.keep_edits = true;
    assert_int_equal(world_claim(world, ALICE, "name"), 200);
    edits[0] = world_edits(world, &counts[0]);
    world->host.now++;
    assert_int_equal(world_claim(world, BOB, "name"), 200);
    edits[1] = world_edits(world, &counts[1]);
    world->host.keep_edits = false;
}

static void of_two_claims_that_race_the_earlier_counts_whichever_arrives_first(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        void *opened;
        world_open_eventual(&opened);
        struct world *world = opened;
        struct edit *edits[2];
        size_t counts[2];
        two_claims(world, edits, counts);
        world_apply(world, edits[order], counts[order]);
        assert_holds(world, "name", order == 0 ? ALICE : BOB, NOW + order, NOW + order + YEAR);
        world_apply(world, edits[!order], counts[!order]);
        assert_holds(world, "name", ALICE, NOW, NOW + YEAR);
        assert_int_equal(world_claim(world, BOB, "name"), 409);
        assert_int_equal(world_claim(world, ALICE, "name"), 200);
        for (int i = 0; i < 3; i++) { /* as long as it is renewed */
            world->host.now += YEAR - 1;
            assert_int_equal(world_claim(world, ALICE, "name"), 200);
            world_sweep(world);
            assert_holds(world, "name", ALICE, NOW, world->host.now + YEAR);
            assert_int_equal(world_claim(world, BOB, "name"), 409);
        }
        world_close(&opened);
    }
}

static void one_who_lost_a_race_has_not_got_the_name_when_it_expires(void **state) {
    struct world *world = as_world(state);
    struct edit *edits[2];
    size_t counts[2];
    two_claims(world, edits, counts);
    world_apply(world, edits[1], counts[1]);
    for (int i = 0; i < 20; i++) { /* what bob still sees of itself */
        world->host.now += MINUTE;
        assert_int_equal(world_claim(world, BOB, "name"), 200);
    }
    world_apply(world, edits[0], counts[0]);
    assert_holds(world, "name", ALICE, NOW, NOW + YEAR);
    assert_int_equal(world_claim(world, BOB, "name"), 409);
    assert_int_equal(world_claim(world, ALICE, "name"), 200);
    int64_t expires_at = world_number(world, "expiresAt");
    world->host.now = expires_at - 1;
    assert_holds(world, "name", ALICE, NOW, expires_at);
    world->host.now = expires_at;
    assert_true(available(world, "name"));
}

/* -- What is kept -------------------------------------------------------------- */

static void signatures_are_kept_as_keyed_hashes_only(void **state) {
    struct world *world = as_world(state);
    char signature[WORLD_SIGNATURE_SIZE];
    assert_int_equal(claim_at(world, ALICE, "alice", NOW), 200);
    world_sign(ALICE, "claim:alice:1700000000000", signature);
    char *dump = world_dump(world);
    assert_null(strstr(dump, signature));
    signature[20] = '\0';
    assert_null(strstr(dump, signature));
    assert_null(strstr(dump, "claim:alice"));
    free(dump);
    void *opened; /* another secret makes another key of it */
    world_open(&opened);
    struct world *other = opened;
    other->host.secret = "another secret";
    assert_int_equal(claim_at(other, ALICE, "alice", NOW), 200);
    char *one = world_dump(world), *two = world_dump(other);
    assert_string_not_equal(one, two);
    free(one);
    free(two);
    world_close(&opened);
}

static void what_renewing_leaves_behind_is_bounded(void **state) {
    struct world *world = as_world(state);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(world_claim(world, ALICE, "alice"), 200);
        assert_holds(world, "alice", ALICE, NOW, world->host.now + YEAR);
        assert_in_range(memory_count(world->memory), 1, 18);
        world->host.now += MINUTE;
    }
    assert_in_range(memory_count(world->memory), 1, 18); /* 11 that count, up to 5 that do not */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(a_name_is_its_claimers_for_365_days_to_the_ms),
        world_tests(claiming_again_renews_and_keeps_when_it_was_claimed),
        world_tests(a_name_that_another_key_holds_is_409),
        world_test(a_name_may_be_called_claim),
        world_test(a_malformed_name_is_400_wherever_it_stands),
        world_test(members_of_a_claim_are_asked_for_in_order),
        world_test(a_message_is_exactly_what_is_claimed_and_when),
        world_test(a_messages_time_is_within_5_minutes_to_the_ms),
        world_test(only_the_keys_own_signature_is_right),
        world_test(a_key_is_given_back_as_standard_base64_however_it_came),
        world_tests(a_signature_is_taken_once_for_as_long_as_its_time_is_right),
        world_test(a_held_name_is_said_before_a_used_signature),
        cmocka_unit_test(of_two_claims_that_race_the_earlier_counts_whichever_arrives_first),
        world_test_eventual(one_who_lost_a_race_has_not_got_the_name_when_it_expires),
        world_test(signatures_are_kept_as_keyed_hashes_only),
        world_tests(what_renewing_leaves_behind_is_bounded),
    };
    return cmocka_run_group_tests_name("user names", tests, NULL, NULL);
}
