/* Offer lists: what is written into an entry is what a walk finds, but for what was taken out. */
#include "offer_lists.h"
#include "world.h"

#include <stdio.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

#define PREFIX "topics/offers/t "
#define ALICE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BOB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FIRST "e74301a97ff00001" /* publications */
#define SECOND "e74301a97ff00002"

static void put(struct world *world, const char *key, const char *value) {
    struct request *request = world_request(world);
    storage_put(request, text_of(key), text_of(value), NOW + 100000);
    assert_true(storage_apply(world->memory, request->edits));
}

/* What a walk finds: "<peer's first digit><publication's last><index> " for each. */
static const char *walked(struct request *request, struct offer_list list) {
    static char found[4096];
    size_t len = 0;
    found[0] = '\0';
    while (offer_list_next(request, &list)) {
        const struct listed *listed = &list.listed;
        struct text ref = listed_ref(request, listed);
        assert_true(offer_ref_valid(ref));
        assert_int_equal(ref_index(ref), listed->index);
        len += (size_t)snprintf(found + len, sizeof found - len, "%c%c%02x ", listed->peer.at[0],
                                listed->publication.at[PUBLICATION_LEN - 1], listed->index);
    }
    return found;
}

/* However small the pages are. */
static void assert_walk_under(struct world *world, const char *prefix, const char *peer,
                              const char *wanted) {
    for (size_t page_max = 1; page_max < 6; page_max++) {
        struct request *request = world_request(world);
        struct offer_list list = offer_list_begin(text_of(prefix), TEXT(""), page_max,
                                                  peer == NULL ? NO_TEXT : text_of(peer));
        assert_string_equal(walked(request, list), wanted);
    }
    struct request *request = world_request(world);
    struct page page = storage_list_all(request, text_of(prefix), TEXT(""));
    struct offer_list list = offer_list_of(page.facts, page.count);
    list.listed.peer = peer == NULL ? NO_TEXT : text_of(peer);
    assert_string_equal(walked(request, list), wanted);
}

static void assert_walk(struct world *world, const char *wanted) {
    assert_walk_under(world, PREFIX, NULL, wanted);
}

/* -- Walking ------------------------------------------------------------------- */

static void an_empty_list_has_nothing(void **state) {
    assert_walk(as_world(state), "");
}

static void offers_come_in_the_order_of_keys_and_in_an_entry_as_they_stand(void **state) {
    struct world *world = as_world(state);
    put(world, PREFIX BOB " " FIRST, "10\n\"t\"\nt1800000000000 0a\n");
    put(world, PREFIX ALICE " " SECOND, "10\n\"t\"\nt1800000000000 00\n");
    put(world, PREFIX ALICE " " FIRST,
        "10\n\"t\"\nt1800000000000 0103\ns1800000000000 02\nl1800000000000 ff\n");
    assert_walk(world, "a101 a103 a102 a1ff a200 b10a ");
}

static void every_member_of_an_offer_is_told(void **state) {
    struct world *world = as_world(state);
    put(world, PREFIX ALICE " " FIRST,
        "1234\n\"one\"\nt1800000000000 01\n\"two\"\ns1800000000001 02\n");
    struct request *request = world_request(world);
    struct offer_list list = offer_list_begin(TEXT(PREFIX), TEXT(""), 10, NO_TEXT);
    assert_true(offer_list_next(request, &list));
    assert_text(list.listed.peer, ALICE);
    assert_text(list.listed.publication, FIRST);
    assert_text(list.listed.label, "\"one\"");
    assert_text(list.listed.entry, PREFIX ALICE " " FIRST);
    assert_int_equal(list.listed.index, 1);
    assert_int_equal(list.listed.kind, KIND_TOPICS);
    assert_int_equal(list.listed.expires_at, 1800000000000);
    assert_int_equal(list.listed.batch_bytes, 1234);
    assert_true(offer_list_next(request, &list));
    assert_text(list.listed.label, "\"two\"");
    assert_int_equal(list.listed.index, 2);
    assert_int_equal(list.listed.kind, KIND_APART);
    assert_int_equal(list.listed.expires_at, 1800000000001);
    assert_false(offer_list_next(request, &list));
    assert_false(offer_list_next(request, &list));
}

static void a_label_ends_with_its_entry(void **state) {
    struct world *world = as_world(state);
    put(world, "peer/" ALICE "/open/" FIRST, "10\n\"x\"\nl1800000000000 01\n");
    put(world, "peer/" ALICE "/open/" SECOND, "10\nl1800000000000 02\n");
    struct request *request = world_request(world);
    struct offer_list list = offer_list_begin(TEXT("peer/"), TEXT(""), 10, TEXT(ALICE));
    assert_true(offer_list_next(request, &list));
    assert_text(list.listed.label, "\"x\"");
    assert_true(offer_list_next(request, &list));
    assert_null(list.listed.label.at);
}

static void all_three_kinds_of_keys_tell_peer_and_publication(void **state) {
    struct world *world = as_world(state);
    static const char *const value = "10\n\"t\"\nt1800000000000 05\n";
    put(world, "topics/wide/3/" FIRST " " ALICE, value);
    put(world, "topics/wide/3/" FIRST " " BOB, value);
    put(world, "topics/wide/3/" SECOND "0f " ALICE, value); /* with an index */
    assert_walk_under(world, "topics/wide/3/", NULL, "a105 b105 a205 ");
    put(world, PREFIX ALICE " " FIRST "05", value);
    put(world, PREFIX ALICE " " SECOND, value);
    assert_walk(world, "a105 a205 ");
    put(world, "peer/" BOB "/open/" FIRST "05", value);
    put(world, "peer/" BOB "/open/" SECOND, value);
    assert_walk_under(world, "peer/" BOB "/open/", BOB, "b105 b205 ");
}

static void an_offer_is_gone_at_its_own_ms_whatever_its_entry_has_else(void **state) {
    struct world *world = as_world(state);
    put(world, PREFIX ALICE " " FIRST,
        "10\n\"t\"\nt1700000000001 00\nt1700000000005 01\nt1700000000003 02\n");
    assert_walk(world, "a100 a101 a102 ");
    world->host.now = NOW + 1;
    assert_walk(world, "a101 a102 ");
    world->host.now = NOW + 2;
    assert_walk(world, "a101 a102 ");
    world->host.now = NOW + 3;
    assert_walk(world, "a101 ");
    world->host.now = NOW + 4;
    assert_walk(world, "a101 ");
    world->host.now = NOW + 5;
    assert_walk(world, "");
}

static void a_walk_starts_behind_the_key_it_is_given(void **state) {
    struct world *world = as_world(state);
    static const char *const value = "10\n\"t\"\nt1800000000000 05\n";
    put(world, PREFIX ALICE " " FIRST, value);
    put(world, PREFIX ALICE " " SECOND, value);
    put(world, PREFIX BOB " " FIRST, value);
    struct request *request = world_request(world);
    struct text after = TEXT(PREFIX ALICE " " FIRST);
    assert_string_equal(walked(request, offer_list_begin(TEXT(PREFIX), after, 1, NO_TEXT)),
                        "a205 b105 ");
}

/* -- Marks --------------------------------------------------------------------- */

static void marks_take_out_what_they_name_of_their_own_entry(void **state) {
    struct world *world = as_world(state);
    put(world, PREFIX ALICE " " FIRST, "10\n\"t\"\nt1800000000000 000102\nt1800000000001 0304\n");
    put(world, PREFIX ALICE " " SECOND, "10\n\"t\"\nt1800000000000 000102\n");
    put(world, PREFIX BOB " " FIRST, "10\n\"t\"\nt1800000000000 01\n");
    put(world, PREFIX ALICE " " FIRST "-00000001", "a01");
    assert_walk(world, "a100 a102 a103 a104 a200 a201 a202 b101 ");
    put(world, PREFIX ALICE " " FIRST "-00000002", "g0004");
    put(world, PREFIX ALICE " " FIRST "-00000003", "a01"); /* again */
    assert_walk(world, "a102 a103 a200 a201 a202 b101 ");
    put(world, PREFIX ALICE " " SECOND "-ffffffff", "g000102");
    assert_walk(world, "a102 a103 b101 ");
    put(world, PREFIX ALICE " " FIRST "-00000004", "a0203");
    put(world, PREFIX BOB " " FIRST "-00000001", "a01");
    assert_walk(world, "");
}

static void a_mark_whose_entry_is_not_there_yet_takes_nothing_else_out(void **state) {
    struct world *world = as_world(state);
    put(world, PREFIX ALICE " " SECOND, "10\n\"t\"\nt1800000000000 0001\n");
    put(world, PREFIX BOB " " FIRST, "10\n\"t\"\nt1800000000000 01\n");
    put(world, PREFIX ALICE " " FIRST "-00000001", "a00");
    put(world, PREFIX ALICE " " FIRST "-00000002", "a01");
    put(world, PREFIX BOB " e74301a97ff00000-00000001", "a01");
    put(world, PREFIX BOB " " SECOND "-00000001", "a01");
    assert_walk(world, "a200 a201 b101 ");
    put(world, PREFIX ALICE " " FIRST, "10\n\"t\"\nt1800000000000 000102\n"); /* arrives */
    assert_walk(world, "a102 a200 a201 b101 ");
}

static void marks_of_wide_lists_and_of_own_lists_are_read_too(void **state) {
    struct world *world = as_world(state);
    put(world, "topics/wide/3/" FIRST " " ALICE, "10\n\"t\"\nt1800000000000 0005\n");
    put(world, "topics/wide/3/" FIRST " " ALICE "-00000001", "a05");
    put(world, "topics/wide/3/" FIRST " " BOB "-00000001", "a00");
    assert_walk_under(world, "topics/wide/3/", NULL, "a100 ");
    put(world, "peer/" BOB "/open/" FIRST "-00000001", "a00");
    put(world, "peer/" BOB "/open/" SECOND, "10\nl1800000000000 0005\n");
    put(world, "peer/" BOB "/open/" SECOND "-00000001", "a00");
    assert_walk_under(world, "peer/" BOB "/open/", BOB, "b205 ");
}

/* -- Writing ------------------------------------------------------------------- */

static void members_of_one_kind_and_expiry_share_a_line(void **state) {
    struct request *request = world_request(as_world(state));
    static const struct member members[] = {
        {0, KIND_LOOSE, 5}, {1, KIND_TOPICS, 5},   {2, KIND_LOOSE, 6},  {3, KIND_LOOSE, 5},
        {4, KIND_LOOSE, 5}, {171, KIND_TOPICS, 5}, {255, KIND_APART, 5}};
    assert_text(members_text(request, members, 7), "l5 000304\nt5 01ab\nl6 02\ns5 ff\n");
    assert_text(members_text(request, members, 1), "l5 00\n");
    assert_text(members_text(request, members, 0), "");
}

static void what_is_taken_out_is_deleted_or_marked_until_all_of_it_expires(void **state) {
    struct world *world = as_world(state);
    put(world, PREFIX ALICE " " FIRST, "10\n\"t\"\nt1800000000000 000102\n");
    struct request *request = world_request(world);
    static const struct member members[] = {
        {0, KIND_TOPICS, 5}, {2, KIND_TOPICS, 1900000000000}, {1, KIND_TOPICS, 7}};
    offer_list_take_out(request, TEXT(PREFIX ALICE " " FIRST), members, 2, 'g');
    const struct edit *edit = request->edits;
    assert_null(edit->next);
    if (world_atomic(world)) {
        assert_text(edit->key, PREFIX ALICE " " FIRST);
        assert_null(edit->value.at);
    } else {
        assert_int_equal(edit->key.len, strlen(PREFIX ALICE " " FIRST "-00000000"));
        assert_true(text_starts(edit->key, TEXT(PREFIX ALICE " " FIRST "-")));
        assert_text(edit->value, "g0002");
        assert_int_equal(edit->expires_at, 1900000000000);
    }
    assert_true(storage_apply(world->memory, request->edits));
    assert_walk(world, world_atomic(world) ? "" : "a101 ");
}

static void marks_of_one_request_and_of_two_have_keys_of_their_own(void **state) {
    struct world *world = as_world(state);
    static const struct member member = {0, KIND_TOPICS, 1900000000000};
    for (int i = 0; i < 3; i++) {
        world->host.random = (uint64_t)i << 40;
        struct request *request = world_request(world);
        for (int j = 0; j < 100; j++) { /* more than it has random bytes for */
            offer_list_take_out(request, TEXT(PREFIX ALICE " " FIRST), &member, 1, 'a');
        }
        assert_true(storage_apply(world->memory, request->edits));
    }
    assert_int_equal(memory_count(world->memory), 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(an_empty_list_has_nothing),
        world_test(offers_come_in_the_order_of_keys_and_in_an_entry_as_they_stand),
        world_test(every_member_of_an_offer_is_told),
        world_test(a_label_ends_with_its_entry),
        world_test(all_three_kinds_of_keys_tell_peer_and_publication),
        world_test(an_offer_is_gone_at_its_own_ms_whatever_its_entry_has_else),
        world_test(a_walk_starts_behind_the_key_it_is_given),
        world_test(marks_take_out_what_they_name_of_their_own_entry),
        world_test(a_mark_whose_entry_is_not_there_yet_takes_nothing_else_out),
        world_test(marks_of_wide_lists_and_of_own_lists_are_read_too),
        world_test(members_of_one_kind_and_expiry_share_a_line),
        world_tests(what_is_taken_out_is_deleted_or_marked_until_all_of_it_expires),
        world_test_eventual(marks_of_one_request_and_of_two_have_keys_of_their_own),
    };
    return cmocka_run_group_tests_name("offer lists", tests, NULL, NULL);
}
