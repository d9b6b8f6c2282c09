/* Offer facts: publishing, reading, taking away. */
#include "offer_facts.h"

#include "answer.h"
#include "check.h"
#include "keys.h"

#include <stdlib.h>
#include <string.h>

enum {
    NARROW_MAX = 16,              /* topics of a batch that get an entry each: each costs a call */
    READ_BYTES = 2 * 1024 * 1024, /* of contents, for one answer */
};

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

/* -- Keys ---------------------------------------------------------------------- */

struct text offer_key(struct request *request, const char *family, struct text ref) {
    struct text prefix = key_peer(request, ref_peer(ref), family);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%t%t", &prefix, &batch);
}

static struct text topic_entry(struct request *request, struct text topic, struct text ref) {
    struct text name;
    CHECK(json_unquote(topic, &name));
    struct text prefix = key_offers_topic(request, name);
    struct text peer = ref_peer(ref);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%t%t %t", &prefix, &peer, &batch);
}

/* Newest first, for only so many are looked at. */
static struct text wide_entry(struct request *request, struct text wide, struct text ref) {
    struct text peer = ref_peer(ref);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%t%t %t", &wide, &batch, &peer);
}

static struct text wide_list(struct request *request, struct text topic) {
    size_t mark = request->arena->used;
    struct text name;
    CHECK(json_unquote(topic, &name));
    return arena_keep(request->arena, mark, key_offers_wide(request, name));
}

static struct text service_entry(struct request *request, struct text service, struct text ref) {
    struct text prefix = key_service(request, service);
    struct text peer = ref_peer(ref);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%toffer/%t %t", &prefix, &peer, &batch);
}

/* -- Publishing ---------------------------------------------------------------- */

/* The offers that go into one entry of each list. */
struct batch {
    const struct offer *offers;
    size_t count;
    struct text ref; /* of the first */
    struct member *members;
    int64_t bytes;
};

/* A topic of one of its offers. */
struct mention {
    struct text topic;
    const struct member *member;
};

static int compare_mentions(const void *a, const void *b) {
    const struct mention *left = a;
    const struct mention *right = b;
    int order = text_compare(left->topic, right->topic);
    return order != 0 ? order : left->member->index - right->member->index;
}

static int64_t latest(const struct member *members, size_t count) {
    int64_t expires_at = 0;
    for (size_t i = 0; i < count; i++) {
        expires_at = members[i].expires_at > expires_at ? members[i].expires_at : expires_at;
    }
    return expires_at;
}

static void put_entry(struct request *request, const struct batch *batch, struct text key,
                      struct text lines, int64_t expires_at) {
    storage_put(request, key, arena_format(request->arena, "%d\n%t", batch->bytes, &lines),
                expires_at);
}

static struct text labelled(struct request *request, struct text label,
                            const struct member *members, size_t count) {
    struct text lines = members_text(request, members, count);
    return arena_format(request->arena, "%t\n%t", &label, &lines);
}

static size_t count_mentions(struct request *request, struct text topics) {
    size_t mark = request->arena->used;
    size_t count = 0;
    for (struct text topic; json_raw_next(&topics, &topic); count++) {
        arena_rewind(request->arena, mark);
    }
    return count;
}

/* Every topic of every offer, those of one topic behind each other. */
static struct mention *mentions_of(struct request *request, const struct batch *batch,
                                   size_t *count) {
    *count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        *count += count_mentions(request, batch->offers[i].topics);
    }
    struct mention *mentions = arena_array(request->arena, *count, sizeof mentions[0]);
    struct mention *next = mentions;
    for (size_t i = 0; i < batch->count; i++) {
        struct text topics = batch->offers[i].topics;
        for (struct text topic; json_raw_next(&topics, &topic);) {
            *next++ = (struct mention){topic, &batch->members[i]};
        }
    }
    qsort(mentions, *count, sizeof mentions[0], compare_mentions);
    return mentions;
}

/* How many of the mentions at the start are of one topic; their offers are copied to `members`. */
static size_t take_topic(const struct mention *mentions, size_t count, struct member *members) {
    size_t taken = 0;
    while (taken < count && text_equal(mentions[taken].topic, mentions[0].topic)) {
        members[taken] = *mentions[taken].member;
        taken++;
    }
    return taken;
}

static bool is_wide(const struct request *request, const struct mention *mentions, size_t count) {
    size_t topics = 0;
    for (size_t i = 0; i < count; i++) {
        topics += i == 0 || !text_equal(mentions[i].topic, mentions[i - 1].topic);
    }
    return topics > NARROW_MAX && !storage_atomic(request);
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
static void put_wide(struct request *request, const struct batch *batch,
                     const struct mention *mentions, size_t count) {
    struct member *members = arena_array(request->arena, batch->count, sizeof members[0]);
    struct text *lists = arena_array(request->arena, count, sizeof lists[0]);
    struct text *lines = arena_array(request->arena, count, sizeof lines[0]);
    struct text *parts = arena_array(request->arena, count + 1, sizeof parts[0]);
    size_t topics = 0;
    parts[0] = arena_format(request->arena, "%d\n", batch->bytes);
    for (size_t at = 0; at < count; topics++) {
        size_t taken = take_topic(&mentions[at], count - at, members);
        lists[topics] = wide_list(request, mentions[at].topic);
        lines[topics] = labelled(request, mentions[at].topic, members, taken);
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
                        latest(batch->members, batch->count));
        }
    }
}

static void put_topics(struct request *request, const struct batch *batch,
                       const struct mention *mentions, size_t count) {
    struct member *members = arena_array(request->arena, batch->count, sizeof members[0]);
    for (size_t at = 0; at < count;) {
        size_t taken = take_topic(&mentions[at], count - at, members);
        put_entry(request, batch, topic_entry(request, mentions[at].topic, batch->ref),
                  labelled(request, mentions[at].topic, members, taken), latest(members, taken));
        at += taken;
    }
}

static void put_services(struct request *request, const struct batch *batch, struct text label) {
    struct member *members = arena_array(request->arena, batch->count, sizeof members[0]);
    for (size_t i = 0; i < batch->count; i++) {
        struct text service = batch->offers[i].service;
        size_t count = 0;
        bool first = service.len > 0;
        for (size_t j = 0; j < batch->count && first; j++) {
            if (text_equal(batch->offers[j].service, service)) {
                first = j >= i;
                members[count++] = batch->members[j];
            }
        }
        if (first) {
            put_entry(request, batch, service_entry(request, service, batch->ref),
                      labelled(request, label, members, count), latest(members, count));
        }
    }
}

static struct text print_contents(struct request *request, const struct batch *batch, bool wide) {
    struct text *parts = arena_array(request->arena, batch->count, sizeof parts[0]);
    for (size_t i = 0; i < batch->count; i++) {
        const struct offer *offer = &batch->offers[i];
        parts[i] =
            arena_format(request->arena, "%t %d %d %s %t\n%t\n%t\n%t\n%t\n", &offer->id,
                         offer->created_at, offer->expires_at, wide ? "w" : "n", &offer->service,
                         &offer->topics, &offer->secret, &offer->info, &offer->sdp);
    }
    return arena_join(request->arena, parts, batch->count);
}

static struct batch batch_of(struct request *request, const struct offer *offers, size_t count) {
    struct batch batch = {.offers = offers, .count = count, .ref = ref_of(offers[0].id)};
    batch.members = arena_array(request->arena, count, sizeof batch.members[0]);
    for (size_t i = 0; i < count; i++) {
        batch.members[i] = member_of(&offers[i]);
    }
    return batch;
}

/* What is pointed to is put before what points to it. */
static void publish_batch(struct request *request, const struct offer *offers, size_t count,
                          struct text label) {
    struct batch batch = batch_of(request, offers, count);
    size_t mentioned;
    const struct mention *mentions = mentions_of(request, &batch, &mentioned);
    bool wide = is_wide(request, mentions, mentioned);
    struct text contents = print_contents(request, &batch, wide);
    batch.bytes = (int64_t)contents.len;
    int64_t expires_at = latest(batch.members, count);
    storage_put(request, offer_key(request, "offer", batch.ref), contents, expires_at);
    put_entry(request, &batch, offer_key(request, "open", batch.ref),
              members_text(request, batch.members, count), expires_at);
    if (wide) {
        put_wide(request, &batch, mentions, mentioned);
    } else {
        put_topics(request, &batch, mentions, mentioned);
    }
    put_services(request, &batch, label);
}

struct text published_label(struct request *request, struct text publication) {
    return arena_format(request->arena, "p%t", &publication);
}

struct text offers_publish(struct request *request, struct offer *offers, size_t count,
                           bool with_service) {
    struct text publication = publication_make(request);
    struct text label = with_service ? published_label(request, publication) : TEXT("p");
    for (size_t i = 0; i < count; i++) {
        struct text ref = offer_ref(request, request->peer, publication, (int)i);
        offers[i].id = offer_id(request, ref);
    }
    size_t step = storage_atomic(request) ? 1 : count;
    for (size_t i = 0; i < count; i += step) {
        publish_batch(request, &offers[i], step, label);
    }
    return publication;
}

int64_t offers_count(struct request *request, struct text peer) {
    struct text prefix = key_peer(request, peer, "open");
    if (storage_atomic(request)) {
        return storage_count(request, prefix);
    }
    int64_t count = 0;
    struct offer_list list = offer_list_begin(prefix, TEXT(""), STORAGE_PAGE_MAX, peer);
    while (offer_list_next(request, &list)) {
        count++;
    }
    return count;
}

/* -- Reading ------------------------------------------------------------------- */

bool offer_has_secret(const struct offer *offer) {
    return !text_equal(offer->secret, TEXT("null"));
}

/* Takes an offer off the front of what an entry says. */
static bool take_offer(struct text *content, struct offer *offer) {
    if (content->len == 0) {
        return false;
    }
    struct text head = text_cut(content, '\n');
    offer->id = text_cut(&head, ' ');
    CHECK(text_number(text_cut(&head, ' '), &offer->created_at) &&
          text_number(text_cut(&head, ' '), &offer->expires_at));
    offer->wide = text_equal(text_cut(&head, ' '), TEXT("w"));
    offer->service = head;
    offer->topics = text_cut(content, '\n');
    offer->secret = text_cut(content, '\n');
    offer->info = text_cut(content, '\n');
    offer->sdp = text_cut(content, '\n');
    return true;
}

/* Copies get the NUL that raw JSON needs. */
static struct offer find_in(struct request *request, struct text content, struct text ref) {
    struct offer offer = {.batch_bytes = (int64_t)content.len};
    while (take_offer(&content, &offer)) {
        if (!text_equal(ref_of(offer.id), ref) || offer.expires_at <= request->now) {
            continue;
        }
        offer.topics = arena_copy(request->arena, offer.topics);
        offer.secret = arena_copy(request->arena, offer.secret);
        offer.info = arena_copy(request->arena, offer.info);
        offer.sdp = arena_copy(request->arena, offer.sdp);
        return offer;
    }
    return (struct offer){0};
}

size_t offers_read(struct request *request, const struct wanted *wanted, size_t count,
                   struct offer *offers) {
    struct text keys[STORAGE_READ_MAX];
    struct fact facts[STORAGE_READ_MAX];
    size_t done = 0;
    int64_t bytes = 0;
    while (done < count) {
        size_t distinct = 0, end = done;
        for (; end < count; end++) {
            struct text key = offer_key(request, "offer", wanted[end].ref);
            if (distinct > 0 && text_equal(key, keys[distinct - 1])) {
                continue;
            }
            if (distinct == STORAGE_READ_MAX ||
                (bytes > 0 && bytes + wanted[end].batch_bytes > READ_BYTES)) {
                break;
            }
            bytes += wanted[end].batch_bytes;
            keys[distinct++] = key;
        }
        if (distinct == 0) {
            return done;
        }
        storage_read(request, keys, distinct, facts);
        for (size_t i = done, at = 0; i < end; i++) {
            struct text key = offer_key(request, "offer", wanted[i].ref);
            at += !text_equal(key, keys[at]);
            offers[i] = find_in(request, facts[at].value, wanted[i].ref);
        }
        done = end;
    }
    return done;
}

struct offer offer_read(struct request *request, struct text ref) {
    struct wanted wanted = {ref, 0};
    struct offer offer;
    offers_read(request, &wanted, 1, &offer);
    return offer;
}

/* -- Taking away ----------------------------------------------------------------- */

static void take_out_topics(struct request *request, const struct batch *batch, char why) {
    size_t count;
    const struct mention *mentions = mentions_of(request, batch, &count);
    struct member *members = arena_array(request->arena, batch->count, sizeof members[0]);
    for (size_t at = 0; at < count;) {
        size_t taken = take_topic(&mentions[at], count - at, members);
        offer_list_take_out(request, topic_entry(request, mentions[at].topic, batch->ref), members,
                            taken, why);
        at += taken;
    }
}

/* Out of each of the wide lists that has one of them: a mark there is for all topics. */
static void take_out_wide(struct request *request, const struct batch *batch, char why) {
    size_t count;
    const struct mention *mentions = mentions_of(request, batch, &count);
    struct text *lists = arena_array(request->arena, count, sizeof lists[0]);
    for (size_t i = 0; i < count; i++) {
        lists[i] = wide_list(request, mentions[i].topic);
        if (!is_listed_before(lists, i)) {
            offer_list_take_out(request, wide_entry(request, lists[i], batch->ref), batch->members,
                                batch->count, why);
        }
    }
}

void offers_take_out(struct request *request, const struct offer *offers, size_t count, char why) {
    struct batch batch = batch_of(request, offers, count);
    offer_list_take_out(request, offer_key(request, "open", batch.ref), batch.members, count, why);
    if (offers[0].wide) {
        take_out_wide(request, &batch, why);
    } else {
        take_out_topics(request, &batch, why);
    }
    if (offers[0].service.len > 0) {
        offer_list_take_out(request, service_entry(request, offers[0].service, batch.ref),
                            batch.members, count, why);
    }
}

void offers_withdraw(struct request *request, const struct offer *offers, size_t count) {
    offers_take_out(request, offers, count, 'g');
    if (storage_atomic(request)) {
        storage_delete(request, offer_key(request, "offer", ref_of(offers[0].id)));
    }
}
