/* Name facts: which claim counts, for how long, and what is forgotten of it. */
#include "name_facts.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t MINUTE = 60000;
static const int64_t YEAR = INT64_C(365) * 24 * 60 * 60000;

/* A fact of the claim of that ms and random number: used at `time`, with the signature `used`. */
static void put(struct world *world, int64_t claim, unsigned random, int64_t time, unsigned used,
                const char *key, int64_t expires_at) {
    struct request *request = world_request(world);
    storage_put(request,
                arena_format(request->arena, "name/alice/owner/%x%x/%x%x%x", 12, (uint64_t)claim, 8,
                             (uint64_t)random, 12, (uint64_t)time, 16, (uint64_t)0, 16,
                             (uint64_t)used),
                text_of(key), expires_at);
    assert_true(storage_apply(world->memory, request->edits));
}

static struct name read(struct world *world) {
    return name_read(world_request(world), TEXT("alice"));
}

/* Uses or notes the signature of that number. */
static void use(struct world *world, unsigned used, bool only_note) {
    struct request *request = world_request(world);
    struct name name = name_read(request, TEXT("alice"));
    struct signed_message signature = {
        .used = arena_format(request->arena, "%x%x", 16, (uint64_t)0, 16, (uint64_t)used)};
    if (only_note) {
        name_note(request, &name, &signature);
    } else {
        assert_int_equal(name_use(request, &name, &signature, TEXT("key")), request->now + YEAR);
    }
    assert_true(storage_apply(world->memory, request->edits));
}

static bool used_before(struct world *world, unsigned used) {
    struct request *request = world_request(world);
    struct name name = name_read(request, TEXT("alice"));
    struct signed_message signature = {
        .used = arena_format(request->arena, "%x%x", 16, (uint64_t)0, 16, (uint64_t)used)};
    return signed_before(&name, &signature);
}

static void a_name_without_facts_is_nobodys(void **state) {
    struct name name = read(as_world(state));
    assert_null(name.claim.at);
    assert_int_equal(name.page.count, 0);
    assert_text(name.username, "alice");
}

static void the_earliest_claim_counts_for_as_long_as_its_longest_lived_fact(void **state) {
    struct world *world = as_world(state);
    put(world, NOW + 5, 1, NOW + 5, 1, "late", NOW + 9000);
    put(world, NOW + 3, 7, NOW + 900, 2, "early", NOW + 2000);
    put(world, NOW + 3, 7, NOW + 3, 3, "early", NOW + 3000);
    put(world, NOW + 3, 9, NOW + 3, 4, "same ms", NOW + 9000);
    struct name name = read(world);
    assert_text(name.key, "early");
    assert_int_equal(name.claimed_at, NOW + 3);
    assert_int_equal(name.expires_at, NOW + 3000);
    world->host.now = NOW + 2999;
    assert_text(read(world).key, "early");
    world->host.now = NOW + 3000;
    assert_text(read(world).key, "same ms");
    assert_int_equal(read(world).expires_at, NOW + 9000);
    world->host.now = NOW + 9000;
    assert_null(read(world).claim.at);
}

static void a_claim_is_as_old_as_its_first_use_though_that_is_forgotten(void **state) {
    struct world *world = as_world(state);
    use(world, 1, false);
    for (unsigned i = 2; i < 40; i++) {
        world->host.now += 10 * MINUTE;
        use(world, i, false);
        assert_int_equal(read(world).claimed_at, NOW);
        assert_int_equal(read(world).expires_at, world->host.now + YEAR);
    }
    assert_int_equal(world_keys(world, "00000000000000000000000000000001"), 0);
}

static void what_does_not_matter_any_more_goes_five_at_a_time(void **state) {
    struct world *world = as_world(state);
    for (unsigned i = 1; i <= 6; i++) {
        use(world, i, false);
        world->host.now += 1;
    }
    world->host.now = NOW + 11 * MINUTE + 4; /* of the fifth it is the last ms that counts */
    use(world, 7, false);
    assert_int_equal(memory_count(world->memory), 7);
    for (unsigned i = 1; i <= 7; i++) {
        assert_true(used_before(world, i));
    }
    world->host.now++;
    use(world, 8, false);
    assert_int_equal(memory_count(world->memory), 3);
    for (unsigned i = 1; i <= 8; i++) {
        assert_int_equal(used_before(world, i), i > 5);
    }
    world->host.now += YEAR - 1;
    use(world, 9, false); /* four would go: 6, 7, 8 and the one that was newest */
    assert_int_equal(world_keys(world, "/owner/"), 4);
}

static void what_outlives_the_fact_behind_it_stays(void **state) {
    struct world *world = as_world(state);
    for (unsigned i = 1; i <= 4; i++) {
        put(world, NOW, 1, NOW + i, i, "key", NOW + YEAR);
    }
    world->host.now = NOW + 60 * MINUTE;
    use(world, 5, false);
    world->host.now += 2;
    use(world, 6, true);
    world->host.now = NOW + 71 * MINUTE + 1; /* five would go, but for the note's short life */
    use(world, 7, false);
    assert_int_equal(memory_count(world->memory), 7);
    world->host.now++;
    use(world, 8, false);
    assert_int_equal(memory_count(world->memory), 3);
    assert_int_equal(read(world).expires_at, NOW + 71 * MINUTE + 2 + YEAR);
}

static void facts_of_a_claim_that_lost_are_left_alone(void **state) {
    struct world *world = as_world(state);
    for (unsigned i = 1; i <= 9; i++) {
        put(world, NOW, 1, NOW + i, i, "key", NOW + YEAR);
        put(world, NOW, 2, NOW + i, 20 + i, "other", NOW + YEAR);
        if (i == 3) {
            world->host.now = NOW + 60 * MINUTE;
            use(world, 19, false);
            assert_int_equal(memory_count(world->memory), 3 + 3 + 1);
            world->host.now = NOW;
        }
    }
    world->host.now = NOW + 60 * MINUTE;
    use(world, 18, false);
    assert_int_equal(memory_count(world->memory), 18 + 2 - 5);
    for (unsigned i = 1; i <= 9; i++) {
        assert_true(used_before(world, 20 + i));
    }
}

static void a_note_remembers_for_11_minutes_and_renews_nothing(void **state) {
    struct world *world = as_world(state);
    use(world, 1, false);
    world->host.now += 1000;
    use(world, 2, true);
    assert_int_equal(read(world).expires_at, NOW + YEAR);
    assert_text(read(world).key, "key");
    world->host.now += 11 * MINUTE - 1;
    assert_true(used_before(world, 2));
    world->host.now++;
    assert_false(used_before(world, 2));
    assert_true(used_before(world, 1));
    assert_int_equal(read(world).expires_at, NOW + YEAR);
}

static void a_signature_is_told_from_others_and_used_for_one_name_only(void **state) {
    struct world *world = as_world(state);
    char signature[WORLD_SIGNATURE_SIZE], body[256];
    world_sign(1, "a message", signature);
    snprintf(body, sizeof body, "{\"signature\":\"%s\",\"message\":\"a message\"}", signature);
    struct request *request = world_request(world);
    struct signed_message alices, again, bobs;
    const cJSON *json = json_parse(text_of(body));
    assert_true(signed_read(request, json, TEXT("alice"), &alices));
    assert_true(signed_read(request, json, TEXT("alice"), &again));
    assert_true(signed_read(request, json, TEXT("bob"), &bobs));
    assert_int_equal(alices.used.len, 32);
    assert_true(text_equal(alices.used, again.used));
    assert_false(text_equal(alices.used, bobs.used));
    assert_text(alices.message, "a message");
    assert_int_equal(alices.signature.len, SIGNATURE_BYTES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_name_without_facts_is_nobodys),
        world_test(the_earliest_claim_counts_for_as_long_as_its_longest_lived_fact),
        world_test(a_claim_is_as_old_as_its_first_use_though_that_is_forgotten),
        world_tests(what_does_not_matter_any_more_goes_five_at_a_time),
        world_tests(what_outlives_the_fact_behind_it_stays),
        world_tests(facts_of_a_claim_that_lost_are_left_alone),
        world_tests(a_note_remembers_for_11_minutes_and_renews_nothing),
        world_test(a_signature_is_told_from_others_and_used_for_one_name_only),
    };
    return cmocka_run_group_tests_name("name facts", tests, NULL, NULL);
}
