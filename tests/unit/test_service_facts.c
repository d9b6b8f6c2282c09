/* Service facts: uuids, which publication counts, what a service's offers are, and who gets which.
 */
#include "service_listings.h"
#include "service_offers.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t NOW = (int64_t)TEST_NOW * 1000;

#define UUID "00000000-0000-4000-8000-000000000001"
#define PEER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FIRST "e74301a97ff00001" /* publications of offers */
#define SECOND "e74301a97ff00002"

static void put(struct world *world, const char *key, const char *value, int64_t expires_at) {
    struct request *request = world_request(world);
    storage_put(request, text_of(key), text_of(value), expires_at);
    assert_true(storage_apply(world->memory, request->edits));
}

/* A publication at that ms after NOW, which lives so many ms and is kept `kept` ms. */
static void put_published(struct world *world, int ms, const char *peer, const char *publication,
                          int lives, int kept) {
    char key[128], value[256];
    snprintf(key, sizeof key, "service/" UUID "/published/%012llx00000001",
             0xFFFFFFFFFFFFULL - (unsigned long long)(NOW + ms));
    if (publication == NULL) {
        snprintf(value, sizeof value, "gone");
    } else {
        snprintf(value, sizeof value, "%s %s %lld public\nalice\nchat@1.0.0\n{\"ms\":%d}", peer,
                 publication, (long long)NOW + ms + lives, ms);
    }
    put(world, key, value, NOW + kept);
}

static void put_offers(struct world *world, const char *peer, const char *publication,
                       const char *label, const char *indexes) {
    char key[128], value[128];
    snprintf(key, sizeof key, "service/" UUID "/offer/%s %s", peer, publication);
    snprintf(value, sizeof value, "10\n%s\ns1800000000000 %s\n", label, indexes);
    put(world, key, value, NOW + 100000000);
}

static struct service read(struct world *world) {
    return service_read(world_request(world), TEXT(UUID));
}

/* "<publication's last digit><index> " of each of its offers. */
static const char *offers_of(struct world *world) {
    static char found[512];
    struct request *request = world_request(world);
    struct service service = service_read(request, TEXT(UUID));
    struct listed *offers;
    size_t count = service_offers(request, &service, &offers);
    found[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        sprintf(found + strlen(found), "%c%02x ", offers[i].publication.at[15], offers[i].index);
    }
    return found;
}

/* -- The uuid ------------------------------------------------------------------ */

static void a_uuid_is_a_keyed_hash_in_the_form_of_version_4(void **state) {
    struct world *world = as_world(state);
    char seen[64][40];
    for (int i = 0; i < 64; i++) {
        char fqn[32];
        snprintf(fqn, sizeof fqn, "chat@1.0.%d", i);
        struct text uuid = service_uuid(world_request(world), TEXT("alice"), text_of(fqn));
        assert_int_equal(uuid.len, 36);
        snprintf(seen[i], sizeof seen[i], "%s", uuid.at);
        assert_true(seen[i][8] == '-' && seen[i][13] == '-' && seen[i][18] == '-' &&
                    seen[i][23] == '-');
        assert_int_equal(strspn(seen[i], "0123456789abcdef-"), 36);
        assert_int_equal(seen[i][14], '4');
        assert_non_null(strchr("89ab", seen[i][19]));
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(seen[i], seen[j]);
        }
    }
    struct text uuid = service_uuid(world_request(world), TEXT("bob"), TEXT("chat@1.0.0"));
    assert_string_not_equal(uuid.at, seen[0]);
    world->host.secret = "another secret";
    uuid = service_uuid(world_request(world), TEXT("alice"), TEXT("chat@1.0.0"));
    assert_string_not_equal(uuid.at, seen[0]);
}

static void what_is_no_uuid_costs_no_look(void **state) {
    struct world *world = as_world(state);
    static const char *const bad[] = {"",
                                      "x",
                                      "00000000-0000-4000-8000-00000000000",
                                      "00000000-0000-4000-8000-0000000000010",
                                      "00000000-0000-4000-8000-00000000000A",
                                      "000000000000-4000-8000-0000000000001",
                                      "00000000/0000-4000-8000-000000000001",
                                      "00000000-0000-4000-8000-00000000000g"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(service_read(world_request(world), text_of(bad[i])).there);
    }
    assert_int_equal(world->store.calls, 0);
}

/* -- Which publication counts -------------------------------------------------- */

static void the_newest_publication_is_the_service(void **state) {
    struct world *world = as_world(state);
    assert_false(read(world).there);
    put_published(world, 10, PEER, FIRST, 60000, 60010);
    put_published(world, 20, OTHER, SECOND, 1000, 60010);
    struct service service = read(world);
    assert_true(service.there);
    assert_text(service.peer, OTHER);
    assert_text(service.publication, SECOND);
    assert_text(service.username, "alice");
    assert_text(service.fqn, "chat@1.0.0");
    assert_text(service.metadata, "{\"ms\":20}");
    assert_true(service.is_public);
    assert_int_equal(service.created_at, NOW + 20);
    assert_int_equal(service.latest, NOW + 20);
    assert_int_equal(service.expires_at, NOW + 1020);
    assert_int_equal(service.kept_until, NOW + 60010);
    world->host.now = NOW + 1019;
    assert_true(read(world).there);
    world->host.now = NOW + 1020;
    assert_false(read(world).there);
    put_published(world, 30, NULL, NULL, 0, 60010);
    service = read(world);
    assert_false(service.there);
    assert_int_equal(service.latest, NOW + 30);
    assert_int_equal(service.kept_until, NOW + 60010);
}

static void what_is_published_next_is_kept_as_long_as_what_it_replaces(void **state) {
    struct world *world = as_world(state);
    put_published(world, 10, PEER, FIRST, 60000, 60010);
    struct request *request = world_request(world);
    struct service before = service_read(request, TEXT(UUID));
    struct service service = before;
    service.expires_at = NOW + 500;
    service_publish(request, &service, &before);
    assert_int_equal(service.created_at, NOW + 11); /* newer than what came from a faster clock */
    assert_true(storage_apply(world->memory, request->edits));
    int checked = 0;
    for (const struct edit *edit = request->edits; edit != NULL; edit = edit->next) {
        if (edit->value.at != NULL && (strstr(edit->key.at, "/published/") != NULL ||
                                       strstr(edit->key.at, "/service/chat@") != NULL)) {
            assert_int_equal(edit->expires_at, NOW + 60010);
            checked++;
        }
    }
    assert_int_equal(checked, 2);
    assert_int_equal(read(world).expires_at, NOW + 500);
}

/* -- Its offers ---------------------------------------------------------------- */

static void offers_of_other_publications_and_of_other_peers_are_not_its_own(void **state) {
    struct world *world = as_world(state);
    put_published(world, 10, PEER, SECOND, 60000, 60010);
    put_offers(world, PEER, FIRST, "p" FIRST, "0001"); /* of an older publication */
    put_offers(world, PEER, SECOND, "p" SECOND, "0203");
    put_offers(world, PEER, "e74301a97ff00003", "p", "04");
    put_offers(world, OTHER, FIRST, "p", "05");
    put_offers(world, OTHER, SECOND, "p" SECOND, "06");
    assert_string_equal(offers_of(world), "202 203 304 ");
    put(world, "service/" UUID "/offer/" PEER " " SECOND "-00000001", "a02", NOW + 60000);
    assert_string_equal(offers_of(world), "203 304 ");
    put(world, "service/" UUID "/handed/018bcfe5680000000001", PEER SECOND "03", NOW + 30000);
    assert_string_equal(offers_of(world), "203 304 ");
}

/* -- Who gets which ------------------------------------------------------------ */

static int choose(struct world *world, bool *fresh) {
    struct request *request = world_request(world);
    struct service service = service_read(request, TEXT(UUID));
    struct listed *offers;
    size_t count = service_offers(request, &service, &offers);
    int64_t chosen = service_choose(request, &service, offers, count, fresh);
    return chosen < 0 ? -1 : offers[chosen].index;
}

static void put_handed(struct world *world, int ms, const char *index) {
    char key[128], value[64];
    snprintf(key, sizeof key, "service/" UUID "/handed/%012llx00000001",
             (unsigned long long)(NOW + ms));
    snprintf(value, sizeof value, PEER FIRST "%s", index);
    put(world, key, value, NOW + ms + 30000);
}

static void an_offer_that_nobody_has_comes_first_then_the_one_given_longest_ago(void **state) {
    struct world *world = as_world(state);
    bool fresh;
    put_published(world, 10, PEER, FIRST, 60000, 60010);
    assert_int_equal(choose(world, &fresh), -1);
    assert_false(fresh);
    put_offers(world, PEER, FIRST, "p" FIRST, "000102");
    bool seen[3] = {false, false, false};
    for (int i = 0; i < 50; i++) { /* a random one of those */
        world->host.random = (uint64_t)i << 32;
        seen[choose(world, &fresh)] = true;
        assert_true(fresh);
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    put_handed(world, 3, "02");
    put_handed(world, 1, "00");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(choose(world, &fresh), 1);
        assert_true(fresh);
    }
    put_handed(world, 2, "01");
    assert_int_equal(choose(world, &fresh), 0);
    assert_false(fresh);
    put_handed(world, 4, "00"); /* the later of two counts */
    assert_int_equal(choose(world, &fresh), 1);
    world->host.now = NOW + 30002; /* and is forgotten after 30 s */
    assert_int_equal(choose(world, &fresh), 1);
    assert_true(fresh);
}

static void handing_out_notes_the_offer_once_where_the_store_is_atomic(void **state) {
    struct world *world = as_world(state);
    put_published(world, 10, PEER, FIRST, 60000, 60010);
    for (int i = 0; i < 4; i++) {
        world->host.random = (uint64_t)i << 32;
        struct request *request = world_request(world);
        struct service service = service_read(request, TEXT(UUID));
        service_hand_out(request, &service, i == 3 ? TEXT(PEER FIRST "01") : TEXT(PEER FIRST "00"));
        assert_true(storage_apply(world->memory, request->edits));
    }
    assert_int_equal(world_keys(world, "/handed/"), world_atomic(world) ? 2 : 4);
}

/* -- By name ------------------------------------------------------------------- */

static void put_listing(struct world *world, const char *fqn, int ms, const char *value) {
    char key[128];
    snprintf(key, sizeof key, "name/alice/service/%s %012llx00000001", fqn,
             0xFFFFFFFFFFFFULL - (unsigned long long)(NOW + ms));
    put(world, key, value, NOW + 100000);
}

/* "<FQN>=<uuid> " of each that is listed, a "*" before those that are public. */
static const char *listed(struct world *world, const char *username, const char *start, bool keep) {
    static char found[2048];
    struct request *request = world_request(world);
    struct listings listings = listings_begin(request, text_of(username), text_of(start));
    listings.keep = keep;
    found[0] = '\0';
    while (listings_next(request, &listings)) {
        const struct listing *listing = &listings.listing;
        sprintf(found + strlen(found), "%s%.*s=%.*s%.*s ", listing->is_public ? "*" : "",
                (int)listing->fqn.len, listing->fqn.at, (int)listing->uuid.len, listing->uuid.at,
                (int)listing->metadata.len, listing->metadata.at);
    }
    return found;
}

static void the_newest_of_each_fqn_is_listed_unless_it_is_over(void **state) {
    struct world *world = as_world(state);
    put_listing(world, "a@1.0.0", 1, "older 1800000000000 public\n");
    put_listing(world, "a@1.0.0", 2, "newer 1800000000000 private\n{}");
    put_listing(world, "b@1.0.0", 1, "b 1800000000000 public\n");
    put_listing(world, "b@1.0.0", 2, "gone");
    put_listing(world, "c@1.0.0", 1, "older 1800000000000 public\n");
    put_listing(world, "c@1.0.0", 2, "c 1700000000005 public\n");
    put_listing(world, "d@1.0.0", 3, "d 1800000000000 public\n");
    for (int keep = 0; keep < 2; keep++) {
        world->host.now = NOW + 4;
        assert_string_equal(listed(world, "alice", "", keep),
                            "a@1.0.0=newer{} *c@1.0.0=c *d@1.0.0=d ");
        world->host.now = NOW + 5;
        assert_string_equal(listed(world, "alice", "", keep), "a@1.0.0=newer{} *d@1.0.0=d ");
        assert_string_equal(listed(world, "alice", "d@", keep), "*d@1.0.0=d ");
        assert_string_equal(listed(world, "bob", "", keep), "");
    }
}

/* More than one page of the store has, whose end is in the middle of one FQN's publications. */
static void a_long_list_takes_the_memory_of_a_page_and_what_is_kept(void **state) {
    struct world *world = as_world(state);
    char metadata[4300], fqn[32];
    snprintf(metadata, sizeof metadata, "uuid 1800000000000 public\n{\"a\":\"%04080d\"}", 0);
    for (int i = 0; i < 200; i++) {
        snprintf(fqn, sizeof fqn, "a%03d@1.0.0", i);
        for (int ms = 0; ms < 5; ms++) { /* 4 MB */
            put_listing(world, fqn, ms, metadata);
        }
    }
    for (int keep = 0; keep < 2; keep++) {
        struct request *request = world_request(world);
        struct listings listings = listings_begin(request, TEXT("alice"), TEXT(""));
        listings.keep = keep;
        int count = 0;
        for (; listings_next(request, &listings); count++) {
            snprintf(fqn, sizeof fqn, "a%03d@1.0.0", count);
            assert_text(listings.listing.fqn, fqn);
            assert_int_equal(listings.listing.metadata.len, 4080 + 8);
        }
        assert_int_equal(count, 200);
        assert_true((request->arena->used < 2 * STORAGE_PAGE_BYTES) == !keep);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(a_uuid_is_a_keyed_hash_in_the_form_of_version_4),
        world_test(what_is_no_uuid_costs_no_look),
        world_test(the_newest_publication_is_the_service),
        world_tests(what_is_published_next_is_kept_as_long_as_what_it_replaces),
        world_test_eventual(offers_of_other_publications_and_of_other_peers_are_not_its_own),
        world_tests(an_offer_that_nobody_has_comes_first_then_the_one_given_longest_ago),
        world_tests(handing_out_notes_the_offer_once_where_the_store_is_atomic),
        world_test(the_newest_of_each_fqn_is_listed_unless_it_is_over),
        world_test(a_long_list_takes_the_memory_of_a_page_and_what_is_kept),
    };
    return cmocka_run_group_tests_name("service facts", tests, NULL, NULL);
}
