/* A peer's socket: answers to its offers, and the candidates of all handshakes that it has a side
 * of.
 *
 * What has been sent is the ms of the last answer, then for each handshake
 *
 *     ,<hash of the offer's id>:<turn>:<ms of the last candidate>
 *
 * A handshake over another peer's offer is in that peer's shard, and is looked at when its turn, a
 * fact in this one, is another than it was: handshake_facts.h. */
#include "answer.h"
#include "handlers.h"
#include "handshake_facts.h"
#include "keys.h"
#include "offer_fields.h"
#include "sockets.h"

enum {
    HANDSHAKES_MAX = 200, /* the newest; a socket's attachment holds what it has seen of them */
    ROUNDS_MAX = 8,       /* answers too large for one message, of one run */
    HASH_LEN = 16,
};

/* A handshake, and how much of it has been sent. */
struct followed {
    struct text id;
    struct text turn; /* absent where the offer is one's own */
    struct text hash;
    struct text old_turn, old_time; /* as `seen` has them; absent where it does not know it */
};

/* What is sent by one run. */
struct sending {
    struct text lines;
    struct text seen;
    bool more;
};

static struct text hash_of(struct request *request, struct text id) {
    return arena_format(request->arena, "%x", HASH_LEN, text_hash(id, TEXT_HASH));
}

/* Takes what is known of that handshake out of `seen`. */
static void recall(struct text seen, struct followed *followed) {
    while (seen.len > 0) {
        struct text known = text_cut(&seen, ',');
        if (text_equal(text_cut(&known, ':'), followed->hash)) {
            followed->old_turn = text_cut(&known, ':');
            followed->old_time = known;
            return;
        }
    }
}

static void follow(struct request *request, struct text seen, struct followed *list, size_t *count,
                   struct text id, struct text turn) {
    if (*count == HANDSHAKES_MAX) {
        return;
    }
    struct followed *followed = &list[(*count)++];
    *followed = (struct followed){.id = id, .turn = turn, .hash = hash_of(request, id)};
    recall(seen, followed);
}

/* Those over one's own offers, newest first, then those over others'. */
static size_t find_handshakes(struct request *request, struct text seen, struct followed *list) {
    size_t count = 0;
    struct answered *answers;
    for (size_t left = answers_read(request, request->peer, -1, &answers); left > 0; left--) {
        follow(request, seen, list, &count, answers[left - 1].id, NO_TEXT);
    }
    struct text prefix = key_peer(request, request->peer, "turn");
    struct page turns = storage_list_all(request, prefix, TEXT(""));
    for (size_t i = 0; i < turns.count; i++) {
        if (!text_equal(turns.facts[i].value, HANDSHAKE_GONE)) {
            follow(request, seen, list, &count, text_from(turns.facts[i].key, prefix.len),
                   turns.facts[i].value);
        }
    }
    return count;
}

static bool has_turned(const struct followed *followed) {
    return followed->turn.at == NULL || !text_equal(followed->turn, followed->old_turn);
}

/* Sends what a read brings, until it brings nothing new; leaves in `seen` what it says. */
static struct response send_all(struct request *request, struct sending *sending,
                                struct response (*read)(struct request *request),
                                struct text *seen) {
    struct response response = {0};
    for (int i = 0; i < ROUNDS_MAX; i++) {
        request->seen = *seen;
        response = read(request);
        if (response.status >= 400 || response.waiter.at != NULL) {
            return response;
        }
        sending->lines = arena_format(request->arena, "%t%t\n", &sending->lines, &response.body);
        *seen = response.seen;
    }
    sending->more = true;
    return response;
}

static void send_candidates(struct request *request, struct sending *sending,
                            struct followed *followed, struct text since) {
    struct text time = followed->old_time.at != NULL ? followed->old_time : since;
    if (has_turned(followed)) {
        request->parameters[0] = followed->id;
        send_all(request, sending, get_offer_candidates, &time);
    }
    struct text turn = followed->turn.at != NULL ? followed->turn : TEXT("");
    sending->seen =
        arena_format(request->arena, "%t,%t:%t:%t", &sending->seen, &followed->hash, &turn, &time);
}

static struct response read_handshakes(struct request *request) {
    struct text seen = request->seen;
    struct text since, start;
    if (!query_text(request, "since", &start)) {
        return fail(400, TEXT("since must be a time in ms"));
    }
    since = start.at != NULL ? start : TEXT("-");
    struct sending sending = {.lines = TEXT("")};
    struct text answered = seen.at != NULL ? text_cut(&seen, ',') : since;
    struct response response = send_all(request, &sending, get_offer_answers, &answered);
    if (response.status >= 400) {
        return response;
    }
    sending.seen = answered;
    struct followed *list = arena_array(request->arena, HANDSHAKES_MAX, sizeof list[0]);
    size_t count = find_handshakes(request, seen, list);
    for (size_t i = 0; i < count; i++) {
        if (list[i].turn.at != NULL && has_turned(&list[i])) {
            handshake_expect(request, list[i].id);
        }
    }
    for (size_t i = 0; i < count; i++) {
        send_candidates(request, &sending, &list[i], since);
    }
    return (struct response){.status = 200,
                             .body = sending.lines,
                             .seen = sending.seen,
                             .again = sending.more ? request->now : 0};
}

/* They go on in the shard of the offer's peer. */
static struct response take_candidates(struct request *request, const cJSON *message) {
    struct text id;
    if (!json_text_within(message, "offerId", OFFER_ID_LEN, &id) || !offer_id_valid(request, id)) {
        return fail_no_offer();
    }
    storage_enter(request, key_peer(request, ref_peer(id), "at"));
    request->parameters[0] = id;
    return post_offer_candidates(request);
}

struct response get_offers_socket(struct request *request) {
    static const struct standing_read reads[] = {{read_handshakes, false}};
    return socket_serve(request, reads, 1, take_candidates);
}
