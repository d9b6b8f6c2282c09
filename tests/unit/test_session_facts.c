/* Session facts: what they say together, whatever was written beside them. */
#include "json.h"
#include "session_facts.h"
#include "spread.h"
#include "world.h"

#include <stdio.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;
static const int64_t LIFE = 300000;

static struct session_code code_of(uint64_t id) {
    return session_code_make(0x70, NOW, id << 2);
}

static void apply(struct world *world, struct request *request) {
    assert_true(storage_apply(&world->store.storage, request->edits));
}

static void create(struct world *world, uint64_t id, const char *info) {
    struct request *request = world_request(world);
    session_create(request, code_of(id), TEXT("room"), TEXT("\"room\""), json_quote(text_of(info)),
                   TEXT("\"sdp\""));
    apply(world, request);
}

static struct session read(struct world *world, uint64_t id) {
    return session_read(world_request(world), code_of(id));
}

/* One step on a session that was just read, all in one request. */
static void answer(struct world *world, uint64_t id, const char *json) {
    struct session session = read(world, id);
    session_put_answer(&world->host.request, &session, text_of(json));
    apply(world, &world->host.request);
}

static void add(struct world *world, uint64_t id, enum side side, const char *json) {
    struct session session = read(world, id);
    session_put_candidate(&world->host.request, &session, side, text_of(json));
    apply(world, &world->host.request);
}

static void withdraw(struct world *world, uint64_t id) {
    struct session session = read(world, id);
    session_withdraw(&world->host.request, &session);
    apply(world, &world->host.request);
}

static void put_raw(struct world *world, uint64_t id, const char *name, const char *value) {
    struct request *request = world_request(world);
    struct text prefix = key_session(request, code_of(id));
    storage_put(request, arena_format(request->arena, "%t%s", &prefix, name), text_of(value),
                NOW + LIFE);
    apply(world, request);
}

static int open_under(struct request *request, struct text prefix) {
    struct directory directory = directory_begin(prefix);
    int count = 0;
    while (directory_next(request, &directory)) {
        for (size_t i = 0; i < directory.page.count; i++) {
            count += directory_open(&directory, i);
        }
    }
    return count;
}

static int open_in_directory(struct world *world) {
    struct request *request = world_request(world);
    if (!storage_sharded(request)) {
        return open_under(request, key_directory(request, TEXT("")));
    }
    int count = 0;
    for (int shard = 0; shard < SPREAD_SHARDS; shard++) {
        count += open_under(request, key_directory_shard(request, shard, TEXT("")));
    }
    return count;
}

/* -- One session --------------------------------------------------------------- */

static void a_session_is_what_was_put_into_it(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    struct session session = read(world, 1);
    assert_true(session_there(&session));
    assert_true(session_open(&session));
    assert_text(session.topic, "\"room\"");
    assert_text(session.info, "\"peer\"");
    assert_text(session.offer, "\"sdp\"");
    assert_int_equal(session.expires_at, NOW + LIFE);
    assert_int_equal(session.candidates[OFFERER].count + session.candidates[ANSWERER].count, 0);
}

static void a_session_that_nobody_made_is_not_there(void **state) {
    struct session session = read(as_world(state), 1);
    assert_false(session_there(&session));
    assert_false(session_open(&session));
}

static void a_session_goes_to_the_millisecond(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    world->host.now = NOW + LIFE - 1;
    struct session session = read(world, 1);
    assert_true(session_there(&session));
    assert_int_equal(open_in_directory(world), 1);
    world->host.now = NOW + LIFE;
    session = read(world, 1);
    assert_false(session_there(&session));
    assert_int_equal(open_in_directory(world), 0);
}

static void everything_of_a_session_goes_with_it(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    world->host.now = NOW + LIFE - 1;
    answer(world, 1, "\"a\"");
    add(world, 1, OFFERER, "\"c\"");
    withdraw(world, 1);
    memory_sweep(world->memory, NOW + LIFE - 1);
    bool sharded = storage_sharded(&world->host.request); /* then the directory's entry has gone */
    assert_int_equal(memory_count(world->memory), sharded ? 5 : 6);
    memory_sweep(world->memory, NOW + LIFE);
    assert_int_equal(memory_count(world->memory), 0);
}

static void an_answered_session_is_there_and_not_open(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    answer(world, 1, "\"a\"");
    struct session session = read(world, 1);
    assert_true(session_there(&session));
    assert_false(session_open(&session));
    assert_text(session.answer, "\"a\"");
    assert_int_equal(open_in_directory(world), 0);
}

static void a_withdrawn_session_is_not_there(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    withdraw(world, 1);
    struct session session = read(world, 1);
    assert_false(session_there(&session));
    assert_int_equal(open_in_directory(world), 0);
}

static void withdrawing_an_answered_session_marks_it_once(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    answer(world, 1, "\"a\"");
    size_t count = memory_count(world->memory);
    withdraw(world, 1);
    assert_int_equal(memory_count(world->memory), count + 1);
    assert_int_equal(open_in_directory(world), 0);
}

static void of_answers_that_raced_the_first_in_key_order_counts(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    put_raw(world, 1, "answer-018bcfe5680200000001", "\"late\"");
    put_raw(world, 1, "answer-018bcfe5680100000002", "\"second\"");
    put_raw(world, 1, "answer-018bcfe5680100000001", "\"first\"");
    struct session session = read(world, 1);
    assert_text(session.answer, "\"first\"");
}

/* -- Candidates ---------------------------------------------------------------- */

static void candidates_are_in_order_of_arrival_within_one_millisecond(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    world->host.random = UINT64_MAX / 2; /* random digits that fall */
    for (int i = 0; i < 30; i++) {
        char json[16];
        snprintf(json, sizeof json, "\"c%d\"", i);
        world->host.random -= (uint64_t)1 << 40;
        add(world, 1, i % 3 == 0 ? ANSWERER : OFFERER, json);
    }
    struct session session = read(world, 1);
    assert_int_equal(session.candidates[OFFERER].count, 20);
    assert_int_equal(session.candidates[ANSWERER].count, 10);
    const struct candidate *next[SIDES] = {session.candidates[OFFERER].first,
                                           session.candidates[ANSWERER].first};
    for (int i = 0; i < 30; i++) {
        char json[16];
        snprintf(json, sizeof json, "\"c%d\"", i);
        enum side side = i % 3 == 0 ? ANSWERER : OFFERER;
        assert_text(next[side]->json, json);
        next[side] = next[side]->next;
    }
}

static void candidates_stay_in_order_when_the_clock_goes_back(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    world->host.now = NOW + 1000;
    add(world, 1, OFFERER, "\"first\"");
    world->host.now = NOW + 10;
    add(world, 1, OFFERER, "\"second\"");
    world->host.now = NOW + 1000;
    add(world, 1, OFFERER, "\"third\"");
    struct session session = read(world, 1);
    const struct candidate *c = session.candidates[OFFERER].first;
    assert_text(c->json, "\"first\"");
    assert_text(c->next->json, "\"second\"");
    assert_text(c->next->next->json, "\"third\"");
}

static void a_candidate_that_raced_with_itself_is_there_once(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "peer");
    put_raw(world, 1, "trickle-offerer-018bcfe5680100000001", "\"a\"");
    put_raw(world, 1, "trickle-offerer-018bcfe5680100000002", "\"a\"");
    put_raw(world, 1, "trickle-offerer-018bcfe5680200000001", "\"b\"");
    put_raw(world, 1, "trickle-answerer-018bcfe5680300000001", "\"a\"");
    struct session session = read(world, 1);
    assert_int_equal(session.candidates[OFFERER].count, 2);
    assert_int_equal(session.candidates[ANSWERER].count, 1);
    assert_true(session_has_candidate(&session, OFFERER, TEXT("\"b\"")));
    assert_false(session_has_candidate(&session, ANSWERER, TEXT("\"b\"")));
}

static void sessions_of_one_moment_keep_apart(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "one");
    create(world, 2, "two");
    add(world, 1, OFFERER, "\"c\"");
    answer(world, 2, "\"a\"");
    struct session one = read(world, 1);
    struct session two = read(world, 2);
    assert_text(one.info, "\"one\"");
    assert_null(one.answer.at);
    assert_int_equal(one.candidates[OFFERER].count, 1);
    assert_text(two.answer, "\"a\"");
    assert_int_equal(two.candidates[OFFERER].count, 0);
    assert_int_equal(open_in_directory(world), 1);
}

/* -- The directory ------------------------------------------------------------- */

/* Many sessions, every one marked: wherever a page ends, entry and mark are seen together. */
static void an_entry_and_its_mark_are_seen_together_wherever_a_page_ends(void **state) {
    struct world *world = as_world(state);
    enum { SESSIONS = 12000 };
    for (uint64_t id = 0; id < SESSIONS; id++) {
        create(world, id, "");
        if (id == 0) {
            continue; /* shifts the pairs by one: a page of an even number of facts ends within a
                         pair */
        }
        struct session session = session_begin(code_of(id));
        session.topic = TEXT("\"room\"");
        session.offer = TEXT("\"sdp\"");
        session.expires_at = NOW + LIFE;
        struct request *request = world_request(world);
        session_withdraw(request, &session);
        apply(world, request);
    }
    assert_int_equal(memory_count(world->memory), 4 * SESSIONS - 2);
    assert_int_equal(open_in_directory(world), 1);
}

static void a_mark_of_another_session_does_not_close_an_entry(void **state) {
    struct world *world = as_world(state);
    create(world, 1, "one");
    create(world, 2, "two");
    withdraw(world, 2);
    assert_int_equal(open_in_directory(world), 1);
    create(world, 3, "three");
    withdraw(world, 1);
    assert_int_equal(open_in_directory(world), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_tests(a_session_is_what_was_put_into_it),
        world_tests(a_session_that_nobody_made_is_not_there),
        world_tests(a_session_goes_to_the_millisecond),
        world_tests(everything_of_a_session_goes_with_it),
        world_tests(an_answered_session_is_there_and_not_open),
        world_tests(a_withdrawn_session_is_not_there),
        world_tests(withdrawing_an_answered_session_marks_it_once),
        world_tests(of_answers_that_raced_the_first_in_key_order_counts),
        world_tests(candidates_are_in_order_of_arrival_within_one_millisecond),
        world_tests(candidates_stay_in_order_when_the_clock_goes_back),
        world_tests(a_candidate_that_raced_with_itself_is_there_once),
        world_tests(sessions_of_one_moment_keep_apart),
        world_test(an_entry_and_its_mark_are_seen_together_wherever_a_page_ends),
        world_tests(a_mark_of_another_session_does_not_close_an_entry),
    };
    return cmocka_run_group_tests_name("session_facts", tests, NULL, NULL);
}
