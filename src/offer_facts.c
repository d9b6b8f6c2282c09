/* Offer facts: publishing, reading, taking away. */
#include "offer_facts.h"

#include "answer.h"
#include "check.h"
#include "keys.h"
#include "offer_index.h"

enum {
    READ_BYTES = 2 * 1024 * 1024, /* of contents, for one answer */
    UNCOPIED_MAX = 16,            /* offers of it that are read from as many peers' shards */
};

/* -- Keys ---------------------------------------------------------------------- */

struct text offer_key(struct request *request, const char *family, struct text ref) {
    struct text prefix = key_peer(request, ref_peer(ref), family);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%t%t", &prefix, &batch);
}

static struct text service_entry(struct request *request, struct text service, struct text ref) {
    struct text prefix = key_service(request, service);
    struct text peer = ref_peer(ref);
    struct text batch = ref_batch(request, ref);
    return arena_format(request->arena, "%toffer/%t %t", &prefix, &peer, &batch);
}

/* -- Publishing ---------------------------------------------------------------- */

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
            offer_list_put(request, service_entry(request, service, batch->ref), batch->bytes,
                           label, members, count);
        }
    }
}

/* In which lists its topics are. */
static struct text print_lists(struct request *request, const struct offer *offer, bool wide) {
    return offer->spread != 0 ? arena_format(request->arena, "n%x", 16, offer->spread)
           : wide             ? TEXT("w")
                              : TEXT("n");
}

static struct text print_contents(struct request *request, const struct batch *batch, bool wide) {
    struct text *parts = arena_array(request->arena, batch->count, sizeof parts[0]);
    for (size_t i = 0; i < batch->count; i++) {
        const struct offer *offer = &batch->offers[i];
        struct text lists = print_lists(request, offer, wide);
        parts[i] = arena_format(request->arena, "%t %d %d %t %t\n%t\n%t\n%t\n%t\n", &offer->id,
                                offer->created_at, offer->expires_at, &lists, &offer->service,
                                &offer->topics, &offer->secret, &offer->info, &offer->sdp);
    }
    return batch->count == 1 ? parts[0] : arena_join(request->arena, parts, batch->count);
}

/* What is pointed to is put before what points to it. `room` is for copies. */
static void publish_batch(struct request *request, const struct offer *offers, size_t count,
                          struct text label, int64_t *room) {
    struct batch batch = batch_of(request, offers, count);
    bool wide = offer_index_is_wide(request, &batch);
    struct text contents = print_contents(request, &batch, wide);
    batch.bytes = (int64_t)contents.len;
    storage_put(request, offer_key(request, "offer", batch.ref), contents,
                members_expire(batch.members, batch.count));
    offer_list_put(request, offer_key(request, "open", batch.ref), batch.bytes, NO_TEXT,
                   batch.members, count);
    offer_index_put(request, &batch, contents, wide, room);
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
    offer_index_spread(request, offers, count);
    size_t step = storage_atomic(request) ? 1 : count;
    int64_t room = COPIES_MAX;
    for (size_t i = 0; i < count; i += step) {
        publish_batch(request, &offers[i], step, label, &room);
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
    struct text lists = text_cut(&head, ' ');
    offer->wide = text_starts(lists, TEXT("w"));
    offer->spread = 0;
    CHECK(lists.len == 1 || text_hex(text_from(lists, 1), &offer->spread));
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

struct wanted wanted_of(struct request *request, const struct listed *listed) {
    return (struct wanted){.ref = listed_ref(request, listed), .batch_bytes = listed->batch_bytes};
}

static struct text contents_key(struct request *request, const struct wanted *wanted) {
    return wanted->copy.at != NULL ? wanted->copy : offer_key(request, "offer", wanted->ref);
}

/* Reads those from their peers' shards that had no copy. Returns how far that went. */
static size_t read_uncopied(struct request *request, const struct wanted *wanted, size_t begin,
                            size_t end, struct offer *offers) {
    struct text keys[UNCOPIED_MAX];
    struct fact facts[UNCOPIED_MAX];
    size_t places[UNCOPIED_MAX], count = 0, done = begin;
    for (; done < end; done++) {
        if (wanted[done].copy.at == NULL || offers[done].id.at != NULL) {
            continue;
        }
        if (count == UNCOPIED_MAX) {
            break;
        }
        keys[count] = offer_key(request, "offer", wanted[done].ref);
        places[count++] = done;
    }
    if (count > 0) {
        storage_read(request, keys, count, facts);
    }
    for (size_t i = 0; i < count; i++) {
        offers[places[i]] = find_in(request, facts[i].value, wanted[places[i]].ref);
    }
    return done;
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
            struct text key = contents_key(request, &wanted[end]);
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
            struct text key = contents_key(request, &wanted[i]);
            at += !text_equal(key, keys[at]);
            offers[i] = find_in(request, facts[at].value, wanted[i].ref);
        }
        done = read_uncopied(request, wanted, done, end, offers);
        if (done < end) {
            return done;
        }
    }
    return done;
}

struct offer offer_read(struct request *request, struct text ref) {
    struct wanted wanted = {.ref = ref};
    struct offer offer;
    offers_read(request, &wanted, 1, &offer);
    return offer;
}

struct offer offer_read_listed(struct request *request, struct text ref) {
    if (!storage_sharded(request)) {
        return offer_read(request, ref);
    }
    struct text keys[] = {offer_key(request, "offer", ref), offer_key(request, "open", ref)};
    struct fact facts[2];
    storage_read(request, keys, 2, facts);
    return find_in(request, facts[1].value.at != NULL ? facts[0].value : NO_TEXT, ref);
}

/* -- Taking away ----------------------------------------------------------------- */

void offers_take_out(struct request *request, const struct offer *offers, size_t count, char why) {
    struct batch batch = batch_of(request, offers, count);
    offer_list_take_out(request, offer_key(request, "open", batch.ref), batch.members, count, why);
    offer_index_take_out(request, &batch, why);
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
