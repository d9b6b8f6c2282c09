/* Offer ids: their parts, their order, and that nobody makes them up. */
#include "offer_id.h"
#include "world.h"

#include <stdio.h>

#define PEER TEXT("0123456789abcdef0123456789abcdef")

/* An id, in memory of the test's own. */
static struct text make(struct world *world, int index, char id[OFFER_ID_SIZE]) {
    struct request *request = world_request(world);
    struct text ref = offer_ref(request, PEER, publication_make(request), index);
    struct text made = offer_id(request, ref);
    assert_int_equal(made.len, OFFER_ID_LEN);
    memcpy(id, made.at, OFFER_ID_SIZE);
    return (struct text){id, OFFER_ID_LEN};
}

static void an_id_has_64_digits_whatever_goes_into_it(void **state) {
    struct world *world = as_world(state);
    static const uint64_t randoms[] = {0, 1, UINT64_MAX, UINT64_C(0x0F0F0F0F0F0F0F0F)};
    static const int64_t times[] = {0, 1700000000000, 4102444800000, (INT64_C(1) << 44) - 1};
    static const int indexes[] = {0, 9, 99, 255};
    char id[OFFER_ID_SIZE];
    for (int i = 0; i < 4 * 4 * 4; i++) {
        world->host.random = randoms[i % 4];
        world->host.now = times[i / 4 % 4];
        struct text made = make(world, indexes[i / 16], id);
        assert_int_equal(strspn(id, "0123456789abcdef"), OFFER_ID_LEN);
        assert_true(offer_id_valid(world_request(world), made));
        assert_int_equal(ref_index(ref_of(made)), indexes[i / 16]);
        assert_text(ref_peer(made), "0123456789abcdef0123456789abcdef");
    }
}

static void what_a_newer_request_publishes_sorts_first(void **state) {
    struct world *world = as_world(state);
    char older[OFFER_ID_SIZE] = "", newer[OFFER_ID_SIZE];
    static const int64_t steps[] = {1, 15, 16, 4096, 86400000, INT64_C(1) << 40};
    make(world, 0, older);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        world->host.now += steps[i];
        world->host.random = i % 2 == 0 ? UINT64_MAX : 0; /* which does not count */
        make(world, 255, newer);
        assert_true(strcmp(newer, older) < 0);
        memcpy(older, newer, sizeof older);
    }
}

static void offers_of_one_request_sort_as_they_came(void **state) {
    struct request *request = world_request(as_world(state));
    struct text publication = publication_make(request);
    for (int i = 1; i < 256; i++) {
        struct text before = offer_ref(request, PEER, publication, i - 1);
        struct text ref = offer_ref(request, PEER, publication, i);
        assert_int_equal(ref.len, REF_LEN);
        assert_true(offer_ref_valid(ref));
        assert_true(text_compare(before, ref) < 0);
        assert_true(text_equal(ref_publication(ref), publication));
    }
}

static void an_id_that_differs_in_any_digit_is_none_of_ours(void **state) {
    struct world *world = as_world(state);
    char id[OFFER_ID_SIZE];
    struct text made = make(world, 7, id);
    struct request *request = world_request(world);
    for (size_t i = 0; i < OFFER_ID_LEN; i++) {
        char kept = id[i];
        id[i] = kept == '0' ? '1' : '0';
        assert_false(offer_id_valid(request, made));
        id[i] = kept >= 'a' ? (char)(kept - 'a' + 'A') : 'g'; /* upper case is another id */
        assert_false(offer_id_valid(request, made));
        id[i] = kept;
    }
    assert_true(offer_id_valid(request, made));
    made.len--;
    assert_false(offer_id_valid(request, made));
    assert_false(offer_id_valid(request, TEXT("")));
    world->host.secret = "another secret";
    made.len++;
    assert_false(offer_id_valid(request, made));
}

static void proofs_of_neighbours_have_nothing_in_common(void **state) {
    struct world *world = as_world(state);
    char one[OFFER_ID_SIZE], two[OFFER_ID_SIZE];
    make(world, 0, one);
    world->host.random = 0;
    make(world, 1, two);
    int same = 0;
    for (size_t i = REF_LEN; i < OFFER_ID_LEN; i++) {
        same += one[i] == two[i];
    }
    assert_in_range(same, 0, 5);
}

static void a_peer_id_is_32_digits_in_lower_case(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "0123456789abcdef0123456789abcde",
                                      "0123456789abcdef0123456789abcdef0",
                                      "0123456789abcdef0123456789abcdeF",
                                      "0123456789abcdef0123456789abcdeg",
                                      "0123456789abcdef 123456789abcdef",
                                      "0123456789abcdef/123456789abcdef",
                                      "0123456789abcdef:123456789abcdef",
                                      "0123456789abcdef`123456789abcdef"};
    assert_true(peer_id_valid(PEER));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(peer_id_valid(text_of(bad[i])));
    }
}

static void a_batch_is_an_offer_where_entries_are_deleted_and_else_the_publication(void **state) {
    struct world *world = as_world(state);
    char id[OFFER_ID_SIZE];
    struct text ref = ref_of(make(world, 0x2A, id));
    struct text batch = ref_batch(world_request(world), ref);
    assert_true(text_equal(batch, world_atomic(world) ? ref_slot(ref) : ref_publication(ref)));
    assert_int_equal(ref_slot(ref).len, PUBLICATION_LEN + INDEX_LEN);
    assert_true(text_starts(ref_slot(ref), ref_publication(ref)));
    assert_memory_equal(ref_slot(ref).at + PUBLICATION_LEN, "2a", 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(an_id_has_64_digits_whatever_goes_into_it),
        world_test(what_a_newer_request_publishes_sorts_first),
        world_test(offers_of_one_request_sort_as_they_came),
        world_test(an_id_that_differs_in_any_digit_is_none_of_ours),
        world_test(proofs_of_neighbours_have_nothing_in_common),
        world_test(a_peer_id_is_32_digits_in_lower_case),
        world_tests(a_batch_is_an_offer_where_entries_are_deleted_and_else_the_publication),
    };
    return cmocka_run_group_tests_name("offer ids", tests, NULL, NULL);
}
