/* Offer index: putting offers into the lists of their topics, and taking them out. */
#include "offer_index.h"

#include "check.h"
#include "keys.h"

#include <stdlib.h>

enum {
    NARROW_MAX = 16, /* topics of a batch that get an entry each: each costs a call */
    ASKED_MAX = 256, /* topics of a request that may be spread: their entries are counted */
};

static const int64_t HOUR = INT64_C(60) * 60 * 1000;

static struct member member_of(const struct offer *offer) {
    bool topics = !text_equal(offer->topics, TEXT("[]"));
    bool apart = offer->service.len > 0 || offer_has_secret(offer);
    return (struct member){
        .index = ref_index(ref_of(offer->id)),
        .kind = topics  ? KIND_TOPICS
                : apart ? KIND_APART
                        : KIND_LOOSE,
        .expires_at = offer->expires_at,
    };
}

/* -- Mentions: a topic of one of its offers ------------------------------------- */

struct mention {
    struct text topic;
    size_t offer; /* which of the batch */
    size_t topics_before;
};

static int compare_mentions(const void *a, const void *b) {
    const struct mention *left = a;
    const struct mention *right = b;
    int order = text_compare(left->topic, right->topic);
    return order != 0 ? order : (left->offer > right->offer) - (left->offer < right->offer);
}

static size_t count_mentions(struct text topics) {
    size_t count = 0;
    for (struct text topic; json_raw_view(&topics, &topic);) {
        count++;
    }
    return count;
}

static void add_mentions(struct request *request, struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        batch->mentioned += count_mentions(batch->offers[i].topics);
    }
    batch->mentions = arena_array(request->arena, batch->mentioned, sizeof batch->mentions[0]);
    struct mention *next = batch->mentions;
    for (size_t i = 0; i < batch->count; i++) {
        struct text topics = batch->offers[i].topics;
        size_t before = 0;
        for (struct text topic; json_raw_view(&topics, &topic);) {
            *next++ = (struct mention){topic, i, before++};
        }
    }
    qsort(batch->mentions, batch->mentioned, sizeof batch->mentions[0], compare_mentions);
}

struct batch batch_of(struct request *request, const struct offer *offers, size_t count) {
    struct batch batch = {.offers = offers, .count = count, .ref = ref_of(offers[0].id)};
    batch.members = arena_array(request->arena, count, sizeof batch.members[0]);
    for (size_t i = 0; i < count; i++) {
        batch.members[i] = member_of(&offers[i]);
    }
    add_mentions(request, &batch);
    return batch;
}

/* How many of the mentions from the i-th on are of one topic; their offers are copied to `members`.
 */
static size_t take_topic(const struct batch *batch, size_t i, struct member *members) {
    const struct mention *first = &batch->mentions[i];
    size_t taken = 0;
    while (i + taken < batch->mentioned && text_equal(first[taken].topic, first->topic)) {
        members[taken] = batch->members[first[taken].offer];
        taken++;
    }
    return taken;
}

static struct text name_of(struct text topic) {
    struct text name;
    CHECK(json_unquote(topic, &name));
    return name;
}

/* -- Wide lists ----------------------------------------------------------------- */

bool offer_index_is_wide(const struct request *request, const struct batch *batch) {
    size_t topics = 0;
    for (size_t i = 0; i < batch->mentioned; i++) {
        topics += i == 0 || !text_equal(batch->mentions[i].topic, batch->mentions[i - 1].topic);
    }
    return topics > NARROW_MAX && !storage_atomic(request);
}

static struct text wide_list(struct request *request, struct text topic) {
    size_t mark = request->arena->used;
    return arena_keep(request->arena, mark, key_offers_wide(request, name_of(topic)));
}

/* Newest first, for only so many are looked at. */
static struct text wide_entry(struct request *request, struct text wide, struct text ref) {
    struct text peer = ref_peer(ref);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%t%t %t", &wide, &batch, &peer);
}

static struct text labelled(struct request *request, struct text label,
                            const struct member *members, size_t count) {
    struct text lines = members_text(request, members, count);
    return arena_format(request->arena, "%t\n%t", &label, &lines);
}

static bool is_listed_before(const struct text *lists, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (text_equal(lists[j], lists[i])) {
            return true;
        }
    }
    return false;
}

/* Each list gets what is under its topics in one entry. */
static void put_wide(struct request *request, const struct batch *batch) {
    size_t count = batch->mentioned;
    struct member *members = arena_array(request->arena, batch->count, sizeof members[0]);
    struct text *lists = arena_array(request->arena, count, sizeof lists[0]);
    struct text *lines = arena_array(request->arena, count, sizeof lines[0]);
    struct text *parts = arena_array(request->arena, count + 1, sizeof parts[0]);
    size_t topics = 0;
    parts[0] = arena_format(request->arena, "%d\n", batch->bytes);
    for (size_t at = 0; at < count; topics++) {
        size_t taken = take_topic(batch, at, members);
        lists[topics] = wide_list(request, batch->mentions[at].topic);
        lines[topics] = labelled(request, batch->mentions[at].topic, members, taken);
        at += taken;
    }
    for (size_t i = 0; i < topics; i++) {
        size_t used = 1;
        for (size_t j = 0; j < topics && !is_listed_before(lists, i); j++) {
            if (text_equal(lists[j], lists[i])) {
                parts[used++] = lines[j];
            }
        }
        if (used > 1) {
            storage_put(request, wide_entry(request, lists[i], batch->ref),
                        arena_join(request->arena, parts, used),
                        members_expire(batch->members, batch->count));
        }
    }
}

/* Out of each of the wide lists that has one of them: a mark there is for all topics. */
static void take_out_wide(struct request *request, const struct batch *batch, char why) {
    struct text *lists = arena_array(request->arena, batch->mentioned, sizeof lists[0]);
    for (size_t i = 0; i < batch->mentioned; i++) {
        lists[i] = wide_list(request, batch->mentions[i].topic);
        if (!is_listed_before(lists, i)) {
            offer_list_take_out(request, wide_entry(request, lists[i], batch->ref), batch->members,
                                batch->count, why);
        }
    }
}

/* -- Shards --------------------------------------------------------------------- */

int offer_index_part(struct text peer) {
    uint64_t digit;
    CHECK(text_hex((struct text){peer.at, 1}, &digit));
    return (int)digit;
}

struct text offer_index_copy(struct request *request, int digit, struct text ref) {
    struct text prefix = key_topics(request, digit, "said");
    struct text peer = ref_peer(ref);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%t%t%t", &prefix, &peer, &batch);
}

struct text offer_index_marks(struct request *request, struct text name) {
    return key_topics_name(request, key_topics_digit(request, name), "spread", name);
}

static bool is_spread(const struct batch *batch, const struct mention *mention) {
    return batch->offers[mention->offer].spread >> mention->topics_before & 1;
}

/* The shard that lists the offer for that topic. */
static int digit_of(struct request *request, const struct batch *batch,
                    const struct mention *mention) {
    size_t mark = request->arena->used;
    int root = key_topics_digit(request, name_of(mention->topic));
    int part = is_spread(batch, mention) ? offer_index_part(ref_peer(batch->ref)) : 0;
    arena_rewind(request->arena, mark);
    return (root + part) % TOPICS_SHARDS;
}

/* All that list one of them, a bit each. */
static unsigned digits_of(struct request *request, const struct batch *batch) {
    unsigned digits = 0;
    for (size_t i = 0; i < batch->mentioned && storage_sharded(request); i++) {
        digits |= 1u << digit_of(request, batch, &batch->mentions[i]);
    }
    return digits;
}

static bool holds_many(struct request *request, struct text topic) {
    size_t mark = request->arena->used;
    struct text name = name_of(topic);
    int root = key_topics_digit(request, name);
    int64_t entries = storage_count(request, key_topics_name(request, root, "offers", name));
    arena_rewind(request->arena, mark);
    return entries >= SPREAD_AT;
}

/* Marks of one hour are the same whoever puts them, so it does not matter whose comes last. */
static void put_mark(struct request *request, struct text topic, int64_t expires_at) {
    int64_t until = (expires_at + HOUR - 1) / HOUR * HOUR;
    struct text marks = offer_index_marks(request, name_of(topic));
    struct text key = arena_format(request->arena, "%t%x", &marks, TIME_LEN, (uint64_t)until);
    if (storage_count(request, key) == 0) {
        storage_put(request, key, TEXT("true"), until);
    }
}

/* Lists those that the batch has under the i-th mention's topic in a part. */
static void spread(struct request *request, const struct batch *batch, size_t i, size_t count,
                   const struct member *members, struct offer *offers) {
    for (size_t j = i; j < i + count; j++) {
        const struct mention *mention = &batch->mentions[j];
        offers[mention->offer].spread |= UINT64_C(1) << mention->topics_before;
    }
    put_mark(request, batch->mentions[i].topic, members_expire(members, count));
}

void offer_index_spread(struct request *request, struct offer *offers, size_t count) {
    if (!storage_sharded(request) || offer_index_part(ref_peer(offers[0].id)) == 0) {
        return;
    }
    size_t mark = request->arena->used, asked = 0;
    bool needed = false;
    struct batch all = batch_of(request, offers, count);
    struct member *members = arena_array(request->arena, count, sizeof members[0]);
    for (size_t at = 0, taken; at < all.mentioned && asked < ASKED_MAX; at += taken, asked++) {
        taken = take_topic(&all, at, members);
        if (holds_many(request, all.mentions[at].topic)) {
            spread(request, &all, at, taken, members, offers);
            needed = true; /* edits may have been made since the mark */
        }
    }
    if (!needed) {
        arena_rewind(request->arena, mark);
    }
}

static void put_copies(struct request *request, const struct batch *batch, struct text contents,
                       int64_t *room) {
    unsigned digits = digits_of(request, batch);
    int64_t bytes = 0;
    for (unsigned rest = digits; rest != 0; rest &= rest - 1) {
        bytes += (int64_t)contents.len;
    }
    if (contents.len > COPY_MAX || bytes > *room) {
        return;
    }
    *room -= bytes;
    for (int i = 0; i < TOPICS_SHARDS; i++) {
        if (digits >> i & 1) {
            storage_put(request, offer_index_copy(request, i, batch->ref), contents,
                        members_expire(batch->members, batch->count));
        }
    }
}

static void delete_copies(struct request *request, const struct batch *batch) {
    unsigned digits = digits_of(request, batch);
    for (int i = 0; i < TOPICS_SHARDS; i++) {
        if (digits >> i & 1) {
            storage_delete(request, offer_index_copy(request, i, batch->ref));
        }
    }
}

/* -- Entries -------------------------------------------------------------------- */

static struct text topic_entry(struct request *request, const struct batch *batch,
                               const struct mention *mention) {
    size_t mark = request->arena->used;
    struct text name = name_of(mention->topic);
    struct text prefix =
        storage_sharded(request)
            ? key_topics_name(request, digit_of(request, batch, mention), "offers", name)
            : key_offers_topic(request, name);
    struct text peer = ref_peer(batch->ref);
    struct text slots = ref_batch(request, batch->ref);
    return arena_keep(request->arena, mark,
                      arena_format(request->arena, "%t%t %t", &prefix, &peer, &slots));
}

void offer_index_put(struct request *request, const struct batch *batch, struct text contents,
                     bool wide, int64_t *room) {
    if (wide) {
        put_wide(request, batch);
        return;
    }
    put_copies(request, batch, contents, room);
    struct member *members = arena_array(request->arena, batch->count, sizeof members[0]);
    for (size_t at = 0, taken; at < batch->mentioned; at += taken) {
        const struct mention *mention = &batch->mentions[at];
        struct text entry = topic_entry(request, batch, mention);
        taken = take_topic(batch, at, members);
        offer_list_put(request, entry, batch->bytes, mention->topic, members, taken);
        *room -= (int64_t)(entry.len + mention->topic.len);
    }
}

void offer_index_take_out(struct request *request, const struct batch *batch, char why) {
    if (batch->offers[0].wide) {
        take_out_wide(request, batch, why);
        return;
    }
    struct member *members = arena_array(request->arena, batch->count, sizeof members[0]);
    for (size_t at = 0, taken; at < batch->mentioned; at += taken) {
        taken = take_topic(batch, at, members);
        offer_list_take_out(request, topic_entry(request, batch, &batch->mentions[at]), members,
                            taken, why);
    }
    delete_copies(request, batch);
}
