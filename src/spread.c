/* Spread: finding a part, and leaving word of it. */
#include "spread.h"

enum { PART_BITS = 4, PARTS = (1 << PART_BITS) - 1 /* besides the root */ };

static const uint32_t PART = (1U << PART_BITS) - 1;

uint32_t spread_root(const struct request *request, struct text topic_name) {
    uint32_t hash = (uint32_t)(keyed_hash(request, "topic", topic_name) >> 32);
    return storage_sharded(request) ? hash & ~PART : hash;
}

uint32_t spread_part(uint32_t topic, int part) {
    return (topic & ~PART) | (uint32_t)part;
}

int spread_directory(uint32_t topic) {
    return (int)(((topic >> PART_BITS) + (topic & PART)) % SPREAD_SHARDS);
}

static struct text marks(struct request *request, uint32_t topic) {
    return key_topic_list(request, spread_part(topic, 0), "spread");
}

int64_t spread_until(struct request *request, uint32_t root) {
    struct page page = storage_list(request, marks(request, root), TEXT(""), 1);
    return page.count == 0 ? 0 : page.facts[0].expires_at;
}

/* A part takes its share of what the topic may have more than the root takes. A topic that may not
 * have more stays in its root, where its sessions are counted to the last. */
static int64_t share(int64_t max) {
    return (max - SPREAD_AT + PARTS - 1) / PARTS;
}

static int64_t count(struct request *request, uint32_t topic, const char *list) {
    return storage_count(request, key_topic_list(request, topic, list));
}

/* All facts of the root are asked for before one of them matters: from a part they take one round
 * trip then. */
static struct seat find_seat(struct request *request, uint32_t root, uint64_t random) {
    int64_t max = request->settings.numbers[MAX_SESSIONS_PER_TOPIC];
    struct seat seat = {.topic = root, .open = count(request, root, "open"), .max = max};
    int64_t past = count(request, root, "past");
    storage_expect(request, marks(request, root), 1);
    if (seat.open + past >= SPREAD_AT && max > SPREAD_AT) {
        seat.topic = spread_part(root, 1 + (int)(random % PARTS));
        seat.max = share(max);
        storage_enter(request, key_topic(request, seat.topic));
        seat.open = count(request, seat.topic, "open");
    }
    return seat;
}

struct seat spread_seat(struct request *request, uint32_t root, uint64_t random) {
    struct seat seat = find_seat(request, root, random);
    if (seat.open >= seat.max) {
        struct text open = key_topic_list(request, seat.topic, "open");
        struct page oldest = storage_list(request, open, TEXT(""), 1);
        seat.expires_at = oldest.count == 0 ? request->now : oldest.facts[0].expires_at;
    }
    return seat;
}

/* A mark lasts longer than the session, so that not every session needs one. */
void spread_mark(struct request *request, uint32_t topic, int64_t expires_at) {
    if ((topic & PART) == 0 || spread_until(request, topic) >= expires_at) {
        return;
    }
    struct text prefix = marks(request, topic);
    struct text random = key_random(request);
    storage_put(
        request,
        arena_format(request->arena, "%t%x%t", &prefix, TIME_LEN, key_age(request->now), &random),
        TEXT(""), expires_at + request->settings.numbers[SESSION_TIMEOUT]);
}
