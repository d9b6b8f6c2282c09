/* Storage: what the wrappers add to a back end. */
#include "storage.h"
#include "world.h"

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

static void put(struct world *world, const char *key, const char *value, int64_t expires_at) {
    struct request *request = world_request(world);
    storage_put(request, text_of(key), text_of(value), expires_at);
    assert_true(storage_apply(&world->store.storage, request->edits));
}

static struct fact read(struct world *world, const char *key) {
    struct fact fact;
    struct text keys[] = {text_of(key)};
    storage_read(world_request(world), keys, 1, &fact);
    return fact;
}

static void a_fact_expires_to_the_millisecond(void **state) {
    struct world *world = as_world(state);
    put(world, "a/b/c", "x", NOW + 1000);
    world->host.now = NOW + 999;
    assert_text(read(world, "a/b/c").value, "x");
    assert_int_equal(read(world, "a/b/c").expires_at, NOW + 1000);
    world->host.now = NOW + 1000;
    assert_null(read(world, "a/b/c").value.at);
    assert_int_equal(memory_count(world->memory), 1);
}

static void a_fact_that_never_was_is_absent(void **state) {
    assert_null(read(as_world(state), "a/b/c").value.at);
}

static void an_empty_value_is_there(void **state) {
    struct world *world = as_world(state);
    put(world, "a/b/c", "", NOW + 1);
    struct fact fact = read(world, "a/b/c");
    assert_non_null(fact.value.at);
    assert_int_equal(fact.value.len, 0);
}

static void many_facts_are_read_in_the_order_of_their_keys_in_one_call(void **state) {
    struct world *world = as_world(state);
    put(world, "k/1", "one", NOW + 1);
    put(world, "k/3", "three", NOW);
    struct text keys[STORAGE_READ_MAX];
    for (size_t i = 0; i < STORAGE_READ_MAX; i++) {
        keys[i] = i % 2 == 0 ? TEXT("k/3") : TEXT("k/1");
    }
    struct fact facts[STORAGE_READ_MAX];
    world->store.calls = 0;
    storage_read(world_request(world), keys, STORAGE_READ_MAX, facts);
    assert_int_equal(world->store.calls, 1);
    for (size_t i = 0; i < STORAGE_READ_MAX; i++) {
        assert_int_equal(facts[i].value.at != NULL, i % 2 == 1);
    }
}

static void a_list_leaves_out_what_has_expired_and_goes_on_behind_it(void **state) {
    struct world *world = as_world(state);
    put(world, "l/1", "1", NOW + 1);
    put(world, "l/2", "2", NOW);
    put(world, "l/3", "3", NOW - 1);
    put(world, "l/4", "4", NOW + 1);
    struct page page = storage_list(world_request(world), TEXT("l/"), TEXT(""), 3);
    assert_int_equal(page.count, 1);
    assert_text(page.facts[0].key, "l/1");
    assert_text(page.last, "l/3");
    assert_true(page.more);
    char last[16] = {0};
    memcpy(last, page.last.at, page.last.len);
    page = storage_list(world_request(world), TEXT("l/"), text_of(last), 3);
    assert_int_equal(page.count, 1);
    assert_text(page.facts[0].value, "4");
    assert_false(page.more);
}

static void an_empty_page_has_come_to_where_it_began(void **state) {
    struct page page = storage_list(world_request(as_world(state)), TEXT("l/"), TEXT("l/7"), 3);
    assert_int_equal(page.count, 0);
    assert_text(page.last, "l/7");
    assert_false(page.more);
}

static void edits_are_kept_in_order_and_not_applied(void **state) {
    struct world *world = as_world(state);
    struct request *request = world_request(world);
    storage_put(request, TEXT("e/1"), TEXT("first"), NOW + 1);
    storage_delete(request, TEXT("e/1"));
    storage_put(request, TEXT("e/1"), TEXT("last"), NOW + 2);
    assert_int_equal(memory_count(world->memory), 0);
    struct edit *edit = request->edits;
    assert_text(edit->value, "first");
    assert_null(edit->next->value.at);
    assert_text(edit->next->next->value, "last");
    assert_null(edit->next->next->next);
    assert_true(storage_apply(&world->store.storage, request->edits));
    assert_text(read(world, "e/1").value, "last");
    assert_int_equal(read(world, "e/1").expires_at, NOW + 2);
}

static void no_edits_are_applied_without_a_call(void **state) {
    struct world *world = as_world(state);
    assert_true(storage_apply(&world->store.storage, NULL));
    assert_int_equal(world->store.calls, 0);
}

static void a_refusal_is_passed_on(void **state) {
    struct world *world = as_world(state);
    struct request *request = world_request(world);
    storage_put(request, TEXT("e/1"), TEXT("x"), NOW + 1);
    world->store.fail_at = world->store.calls + 1;
    assert_false(storage_apply(&world->store.storage, request->edits));
    assert_int_equal(memory_count(world->memory), 0);
}

static void sweeping_drops_what_has_expired_and_nothing_else(void **state) {
    struct world *world = as_world(state);
    put(world, "s/1", "1", NOW + 1);
    put(world, "s/2", "2", NOW);
    put(world, "s/3", "3", NOW - 1);
    put(world, "s/4", "4", NOW + 1);
    memory_sweep(world->memory, NOW);
    assert_int_equal(memory_count(world->memory), 2);
    assert_text(read(world, "s/1").value, "1");
    assert_text(read(world, "s/4").value, "4");
}

static void counts_are_of_what_lives_when_the_request_is_handled(void **state) {
    struct world *world = as_world(state);
    put(world, "c/a p 1", "1", NOW + 1000);
    put(world, "c/a p 2", "2", NOW + 1001);
    put(world, "c/b p 1", "3", NOW + 1000);
    world->host.now = NOW + 999;
    assert_int_equal(storage_count(world_request(world), TEXT("c/")), 3);
    assert_int_equal(storage_count_groups(world_request(world), TEXT("c/")), 2);
    world->host.now = NOW + 1000;
    assert_int_equal(storage_count(world_request(world), TEXT("c/")), 1);
    assert_int_equal(storage_count_groups(world_request(world), TEXT("c/")), 1);
    assert_text(read(world, "c/a p 2").value, "2");
}

static void a_count_is_one_call_of_the_store(void **state) {
    struct world *world = as_world(state);
    world->store.calls = 0;
    assert_int_equal(storage_count(world_request(world), TEXT("c/")), 0);
    assert_int_equal(world->store.calls, 1);
    assert_int_equal(storage_count_groups(world_request(world), TEXT("c/")), 0);
    assert_int_equal(world->store.calls, 2);
}

/* Of a fact that expired the key still shows: where a page ended, and what was asked for. */
static void a_count_leaves_what_was_handed_out_before(void **state) {
    struct world *world = as_world(state);
    world->store.copies = false; /* the store's own bytes */
    put(world, "h/1", "1", NOW + 1);
    put(world, "h/2", "2", NOW);
    put(world, "h/3", "3", NOW + 1);
    struct request *request = world_request(world);
    struct page page = storage_list(request, TEXT("h/"), TEXT(""), 2);
    struct text wanted[] = {TEXT("h/2")};
    struct fact fact;
    storage_read(request, wanted, 1, &fact);
    assert_int_equal(storage_count(request, TEXT("h/")), 2);
    assert_int_equal(memory_count(world->memory), 2);
    assert_text(fact.key, "h/2");
    assert_text(page.last, "h/2");
    assert_text(page.facts[0].value, "1");
    page = storage_list(request, TEXT("h/"), page.last, 2);
    assert_int_equal(page.count, 1);
    assert_text(page.facts[0].key, "h/3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_fact_expires_to_the_millisecond),
        world_test(a_fact_that_never_was_is_absent),
        world_test(an_empty_value_is_there),
        world_test(many_facts_are_read_in_the_order_of_their_keys_in_one_call),
        world_test(a_list_leaves_out_what_has_expired_and_goes_on_behind_it),
        world_test(an_empty_page_has_come_to_where_it_began),
        world_test(edits_are_kept_in_order_and_not_applied),
        world_test(no_edits_are_applied_without_a_call),
        world_test(a_refusal_is_passed_on),
        world_test(sweeping_drops_what_has_expired_and_nothing_else),
        world_test(counts_are_of_what_lives_when_the_request_is_handled),
        world_test(a_count_is_one_call_of_the_store),
        world_test(a_count_leaves_what_was_handed_out_before),
    };
    return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
