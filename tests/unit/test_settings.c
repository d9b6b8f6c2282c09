/* Settings: defaults, bounds, and which name wins. */
#include "settings.h"
#include "world.h"

#include <stdio.h>

static struct text read(struct world *world, const struct text values[SETTINGS],
                        struct settings *settings) {
    return settings_read(settings, values, world_request(world)->arena);
}

static void what_is_absent_or_empty_is_its_default(void **state) {
    struct world *world = as_world(state);
    struct text values[SETTINGS] = {[SESSION_TIMEOUT] = TEXT(""), [CORS_ORIGINS] = TEXT("")};
    struct settings settings;
    assert_null(read(world, values, &settings).at);
    assert_int_equal(settings.numbers[SESSION_TIMEOUT], 300000);
    assert_int_equal(settings.numbers[MAX_SESSIONS_PER_TOPIC], 10000);
    assert_int_equal(settings.numbers[ROOM_TTL_OPEN], 180);
    assert_int_equal(settings.numbers[ROOM_TTL_JOINED], 300);
    assert_int_equal(settings.numbers[ROOM_TTL_PAIRED], 600);
    assert_int_equal(settings.numbers[ROOM_TTL_CLOSED], 15);
    assert_int_equal(settings.numbers[ICE_TTL], 300);
    assert_int_equal(settings.numbers[OFFER_DEFAULT_TTL], 60000);
    assert_int_equal(settings.numbers[OFFER_MIN_TTL], 60000);
    assert_int_equal(settings.numbers[OFFER_MAX_TTL], 86400000);
    assert_int_equal(settings.numbers[MAX_OFFERS_PER_REQUEST], 100);
    assert_int_equal(settings.numbers[MAX_OFFERS_PER_PEER], 1000);
    assert_text(settings.cors_origins, "*");
}

static void numbers_keep_to_their_bounds(void **state) {
    struct world *world = as_world(state);
    static const struct {
        enum setting setting;
        const char *value;
        bool valid;
    } rows[] = {
        {SESSION_TIMEOUT, "1", true},
        {SESSION_TIMEOUT, "0", false},
        {SESSION_TIMEOUT, "259200000", true},
        {SESSION_TIMEOUT, "259200001", false},
        {SESSION_TIMEOUT, "-1", false},
        {SESSION_TIMEOUT, "1.5", false},
        {SESSION_TIMEOUT, "1e3", false},
        {SESSION_TIMEOUT, "300000 ", false},
        {SESSION_TIMEOUT, "five", false},
        {SESSION_TIMEOUT, "99999999999999999999", false},
        {MAX_SESSIONS_PER_TOPIC, "1", true},
        {MAX_SESSIONS_PER_TOPIC, "0", false},
        {MAX_SESSIONS_PER_TOPIC, "10000", true},
        {MAX_SESSIONS_PER_TOPIC, "10001", false},
        {ROOM_TTL_OPEN, "1", true},
        {ROOM_TTL_OPEN, "0", false},
        {ROOM_TTL_OPEN, "86400", true},
        {ROOM_TTL_OPEN, "86401", false},
        {ROOM_TTL_JOINED, "0", false},
        {ROOM_TTL_PAIRED, "86401", false},
        {ROOM_TTL_CLOSED, "0", false},
        {ICE_TTL, "0", false},
        {ICE_TTL, "86400", true},
        {ICE_TTL, "86401", false},
        {OFFER_DEFAULT_TTL, "0", false},
        {OFFER_DEFAULT_TTL, "1", true},
        {OFFER_DEFAULT_TTL, "86400000", true},
        {OFFER_DEFAULT_TTL, "86400001", false},
        {OFFER_MIN_TTL, "0", false},
        {OFFER_MIN_TTL, "86400001", false},
        {OFFER_MAX_TTL, "0", false},
        {OFFER_MAX_TTL, "86400000", true},
        {OFFER_MAX_TTL, "86400001", false},
        {MAX_OFFERS_PER_REQUEST, "0", false},
        {MAX_OFFERS_PER_REQUEST, "1", true},
        {MAX_OFFERS_PER_REQUEST, "100", true},
        {MAX_OFFERS_PER_REQUEST, "101", false},
        {MAX_OFFERS_PER_PEER, "0", false},
        {MAX_OFFERS_PER_PEER, "1", true},
        {MAX_OFFERS_PER_PEER, "10000", true},
        {MAX_OFFERS_PER_PEER, "10001", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text values[SETTINGS] = {0};
        values[rows[i].setting] = text_of(rows[i].value);
        struct settings settings;
        struct text wrong = read(world, values, &settings);
        if ((wrong.at == NULL) != rows[i].valid) {
            fail_msg("%s=%s", setting_name(rows[i].setting), rows[i].value);
        }
        if (rows[i].valid) {
            char again[32];
            snprintf(again, sizeof again, "%lld", (long long)settings.numbers[rows[i].setting]);
            assert_string_equal(again, rows[i].value);
        } else {
            assert_non_null(strstr(wrong.at, setting_name(rows[i].setting)));
        }
    }
}

static void what_is_wrong_is_said_with_name_and_bounds(void **state) {
    struct world *world = as_world(state);
    struct text values[SETTINGS] = {[MAX_SESSIONS_PER_TOPIC] = TEXT("many")};
    struct settings settings;
    assert_text(read(world, values, &settings),
                "This server is misconfigured: MAX_SESSIONS_PER_TOPIC must be a whole number from "
                "1 to 10000");
}

static void cors_origins_wins_over_allowed_origins(void **state) {
    struct world *world = as_world(state);
    struct text values[SETTINGS] = {[ALLOWED_ORIGINS] = TEXT("https://b.example")};
    struct settings settings;
    assert_null(read(world, values, &settings).at);
    assert_text(settings.cors_origins, "https://b.example");
    values[CORS_ORIGINS] = TEXT("https://a.example");
    assert_null(read(world, values, &settings).at);
    assert_text(settings.cors_origins, "https://a.example");
}

static void rate_limits_are_on_unless_they_are_off(void **state) {
    struct world *world = as_world(state);
    struct text values[SETTINGS] = {{0}};
    struct settings settings;
    assert_null(read(world, values, &settings).at);
    assert_true(settings.rate_limits);
    values[RATE_LIMITS] = TEXT("off");
    assert_null(read(world, values, &settings).at);
    assert_false(settings.rate_limits);
    values[RATE_LIMITS] = TEXT("on");
    assert_null(read(world, values, &settings).at);
    assert_true(settings.rate_limits);
    values[RATE_LIMITS] = TEXT("no");
    assert_text(read(world, values, &settings),
                "This server is misconfigured: RATE_LIMITS must be on or off");
}

static void the_store_is_workers_kv_unless_it_is_durable(void **state) {
    struct world *world = as_world(state);
    struct text values[SETTINGS] = {{0}};
    struct settings settings;
    assert_null(read(world, values, &settings).at);
    assert_false(settings.durable);
    values[STORAGE] = TEXT("kv");
    assert_null(read(world, values, &settings).at);
    assert_false(settings.durable);
    values[STORAGE] = TEXT("durable");
    assert_null(read(world, values, &settings).at);
    assert_true(settings.durable);
    values[STORAGE] = TEXT("sqlite");
    assert_text(read(world, values, &settings),
                "This server is misconfigured: STORAGE must be kv or durable");
}

static void every_setting_has_a_name(void **state) {
    (void)state;
    static const char *const names[SETTINGS] = {
        "SESSION_TIMEOUT", "MAX_SESSIONS_PER_TOPIC", "ROOM_TTL_OPEN",
        "ROOM_TTL_JOINED", "ROOM_TTL_PAIRED",        "ROOM_TTL_CLOSED",
        "ICE_TTL",         "OFFER_DEFAULT_TTL",      "OFFER_MIN_TTL",
        "OFFER_MAX_TTL",   "MAX_OFFERS_PER_REQUEST", "MAX_OFFERS_PER_PEER",
        "CORS_ORIGINS",    "ALLOWED_ORIGINS",        "RATE_LIMITS",
        "STORAGE"};
    for (int i = 0; i < SETTINGS; i++) {
        assert_string_equal(setting_name((enum setting)i), names[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(what_is_absent_or_empty_is_its_default),
        world_test(numbers_keep_to_their_bounds),
        world_test(what_is_wrong_is_said_with_name_and_bounds),
        world_test(cors_origins_wins_over_allowed_origins),
        world_test(rate_limits_are_on_unless_they_are_off),
        world_test(the_store_is_workers_kv_unless_it_is_durable),
        world_test(every_setting_has_a_name),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
