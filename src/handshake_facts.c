/* Handshake facts: where an offer stands, answering it, and hearing of answers. */
#include "handshake_facts.h"

#include "answer.h"
#include "check.h"
#include "keys.h"

/* -- Where an offer stands -------------------------------------------------------- */

static struct text slot_prefix(struct request *request, struct text ref) {
    struct text prefix = key_peer(request, ref_peer(ref), "at");
    struct text slot = ref_slot(ref);
    return arena_format(request->arena, "%t%t/", &prefix, &slot);
}

/* Whether the peer's own list has it; when it expires. */
static bool is_open(struct request *request, struct text ref, int64_t *expires_at) {
    struct text key = offer_key(request, "open", ref);
    struct offer_list list = offer_list_begin(key, TEXT(""), STORAGE_PAGE_MAX, ref_peer(ref));
    while (offer_list_next(request, &list)) {
        if (list.listed.index == ref_index(ref)) {
            *expires_at = list.listed.expires_at;
            return true;
        }
    }
    return false;
}

static void read_slot(struct handshake *handshake) {
    for (size_t i = 0; i < handshake->page.count; i++) {
        const struct fact *fact = &handshake->page.facts[i];
        struct text name = text_from(fact->key, handshake->prefix.len);
        struct text kind = text_cut(&name, '-');
        if (text_equal(kind, TEXT("answered")) && handshake->answerer.at == NULL) {
            handshake->answerer = fact->value;
            handshake->answer = name;
            handshake->expires_at = fact->expires_at;
            handshake->there = true;
        } else if (text_equal(kind, TEXT("gone"))) {
            handshake->there = false;
        }
    }
}

struct handshake handshake_read(struct request *request, struct text id) {
    struct handshake handshake = {.id = id};
    if (!offer_id_valid(request, id)) {
        return handshake;
    }
    struct text ref = ref_of(id);
    handshake.prefix = slot_prefix(request, ref);
    handshake.page = storage_list(request, handshake.prefix, TEXT(""), STORAGE_PAGE_MAX);
    read_slot(&handshake);
    if (handshake.answerer.at == NULL) {
        handshake.there = is_open(request, ref, &handshake.expires_at);
    }
    return handshake;
}

void handshake_expect(struct request *request, struct text id) {
    storage_expect(request, slot_prefix(request, ref_of(id)), STORAGE_PAGE_MAX);
}

static struct answered read_answer(struct text digits, struct text value) {
    struct answered answer = {.digits = digits, .time = key_time(digits)};
    answer.id = text_cut(&value, ' ');
    answer.answerer = text_cut(&value, ' ');
    CHECK(text_number(text_cut(&value, ' '), &answer.said_bytes) &&
          text_number(value, &answer.batch_bytes));
    return answer;
}

/* Whether it is the first to its offer, and the offer was not taken away: which is said of the
 * answer that counted where that was asked. */
static bool answer_counts(const struct answered *answers, size_t count, size_t i) {
    for (size_t j = 0; j < count; j++) {
        if ((j < i || answers[j].gone) && text_equal(answers[j].id, answers[i].id)) {
            return false;
        }
    }
    return true;
}

/* All that the facts say. A mark is of the one before it. */
static size_t read_answers(const struct page *page, size_t prefix, struct answered *answers) {
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++) {
        const struct fact *fact = &page->facts[i];
        struct text mark = text_from(fact->key, prefix);
        struct text digits = text_cut(&mark, '-');
        if (mark.at == NULL) {
            answers[count++] = read_answer(digits, fact->value);
        } else if (count > 0 && text_equal(answers[count - 1].digits, digits)) {
            answers[count - 1].gone = true;
        }
    }
    return count;
}

/* Where the store is eventual an earlier answer may make a later one void: all are looked at. */
size_t answers_read(struct request *request, struct text peer, int64_t after,
                    struct answered **answers) {
    struct text prefix = key_peer(request, peer, "answer");
    bool atomic = storage_atomic(request); /* then they all count */
    struct text start = TEXT("");
    if (atomic && after >= 0) {
        start = arena_format(request->arena, "%t%x~", &prefix, TIME_LEN, (uint64_t)after);
    }
    struct page page = storage_list_all(request, prefix, start);
    struct answered *all = arena_array(request->arena, page.count, sizeof all[0]);
    size_t count = read_answers(&page, prefix.len, all);
    *answers = arena_array(request->arena, count, sizeof all[0]);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].time > after && (atomic || answer_counts(all, count, i))) {
            (*answers)[kept++] = all[i];
        }
    }
    return kept;
}

size_t answers_say(struct request *request, struct text peer, const struct answered *answers,
                   size_t count, struct fact *facts) {
    struct text keys[STORAGE_READ_MAX];
    struct text prefix = key_peer(request, peer, "said");
    int64_t bytes = 0;
    size_t taken = 0;
    while (taken < count && taken < STORAGE_READ_MAX &&
           (taken == 0 || bytes + answers[taken].said_bytes <= ANSWER_MAX)) {
        bytes += answers[taken].said_bytes;
        keys[taken] = arena_format(request->arena, "%t%t", &prefix, &answers[taken].digits);
        taken++;
    }
    if (taken > 0) {
        storage_read(request, keys, taken, facts);
    }
    return taken;
}

/* -- Answering and ending ---------------------------------------------------------- */

/* Only this handshake's shard puts it, so that the last one that arrives is the newest. */
static void put_turn(struct request *request, struct text answerer, struct text id,
                     struct text value, int64_t expires_at) {
    if (storage_sharded(request)) {
        struct text prefix = key_peer(request, answerer, "turn");
        storage_put(request, arena_format(request->arena, "%t%t", &prefix, &id), value, expires_at);
    }
}

void handshake_turn(struct request *request, const struct handshake *handshake, int64_t time) {
    put_turn(request, handshake->answerer, handshake->id, arena_format(request->arena, "%d", time),
             handshake->expires_at);
}

/* Later than every answer to an offer of this peer that the store shows. */
static int64_t answer_time(struct request *request, struct text prefix) {
    struct text now =
        arena_format(request->arena, "%t%x", &prefix, TIME_LEN, (uint64_t)request->now);
    struct page page = storage_list(request, prefix, now, STORAGE_PAGE_MAX);
    if (page.count == 0) {
        return request->now;
    }
    return key_time(text_from(page.facts[page.count - 1].key, prefix.len)) + 1;
}

int64_t offer_answer(struct request *request, const struct offer *offer, struct text sdp) {
    struct text ref = ref_of(offer->id);
    struct text answers = key_peer(request, ref_peer(ref), "answer");
    int64_t time = answer_time(request, answers);
    struct text digits = key_moment(request, time);
    struct text said = arena_format(request->arena, "%t\n%t", &offer->topics, &sdp);
    struct text said_key = key_peer(request, ref_peer(ref), "said");
    struct text slot = slot_prefix(request, ref);
    storage_put(request, arena_format(request->arena, "%t%t", &said_key, &digits), said,
                offer->expires_at);
    storage_put(request, arena_format(request->arena, "%tanswered-%t", &slot, &digits),
                request->peer, offer->expires_at);
    storage_put(request, arena_format(request->arena, "%t%t", &answers, &digits),
                arena_format(request->arena, "%t %t %d %d", &offer->id, &request->peer,
                             (int64_t)said.len, offer->batch_bytes),
                offer->expires_at);
    offers_take_out(request, offer, 1, 'a');
    put_turn(request, request->peer, offer->id, HANDSHAKE_ANSWERED, offer->expires_at);
    return time;
}

void handshake_end(struct request *request, const struct handshake *handshake) {
    struct text ref = ref_of(handshake->id);
    struct text answers = key_peer(request, ref_peer(ref), "answer");
    struct text pointer = arena_format(request->arena, "%t%t", &answers, &handshake->answer);
    struct text random = key_random(request);
    storage_put(request, arena_format(request->arena, "%tgone-%t", &handshake->prefix, &random),
                TEXT("true"), handshake->expires_at);
    put_turn(request, handshake->answerer, handshake->id, HANDSHAKE_GONE, handshake->expires_at);
    if (storage_atomic(request)) {
        struct text said = key_peer(request, ref_peer(ref), "said");
        storage_delete(request, offer_key(request, "offer", ref));
        storage_delete(request, pointer);
        storage_delete(request, arena_format(request->arena, "%t%t", &said, &handshake->answer));
        return;
    }
    struct member member = {ref_index(ref), KIND_LOOSE, handshake->expires_at};
    offer_list_take_out(request, offer_key(request, "open", ref), &member, 1, 'g');
    offer_list_take_out(request, pointer, &member, 1, 'g');
}
