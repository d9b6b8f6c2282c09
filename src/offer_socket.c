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
    MESSAGES_MAX = 64,    /* of one run: the arena has to hold what they are made of */
    LOOKS_MAX = 32,       /* into other shards, of one run: an invocation may make 50 calls */
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
    struct text messages[MESSAGES_MAX * 2]; /* each with its line feed */
    size_t count, bytes;
    struct text seen;
    bool more; /* than one run sends */
};

/* MESSAGES_MAX, and of large ones fewer. */
static bool is_full(const struct sending *sending) {
    return sending->count == MESSAGES_MAX || sending->bytes >= ANSWER_MAX;
}

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

/* Sends what a read brings, until it brings nothing new; leaves in `seen` what it says. What did
 * not fit is `more`. */
static struct response send_all(struct request *request, struct sending *sending,
                                struct response (*read)(struct request *request),
                                struct text *seen) {
    while (!is_full(sending)) {
        size_t mark = request->arena->used;
        request->seen = *seen;
        struct response response = read(request);
        if (response.status >= 400) {
            return response;
        }
        if (response.waiter.at != NULL) {
            arena_rewind(request->arena, mark);
            return (struct response){.status = 200};
        }
        sending->messages[2 * sending->count] = response.body;
        sending->messages[2 * sending->count++ + 1] = TEXT("\n");
        sending->bytes += response.body.len;
        *seen = response.seen;
    }
    sending->more = true;
    return (struct response){.status = 200};
}

static void remember(struct request *request, struct sending *sending,
                     const struct followed *followed, struct text turn, struct text time) {
    sending->seen =
        arena_format(request->arena, "%t,%t:%t:%t", &sending->seen, &followed->hash, &turn, &time);
}

/* One that has to wait for the next run is left as it was. */
static void send_candidates(struct request *request, struct sending *sending,
                            const struct followed *followed, struct text since) {
    struct text time = followed->old_time.at != NULL ? followed->old_time : since;
    struct text turn = followed->turn.at != NULL ? followed->turn : TEXT("");
    if (has_turned(followed)) {
        request->parameters[0] = followed->id;
        send_all(request, sending, get_offer_candidates, &time);
    }
    bool whole = !has_turned(followed) || !is_full(sending);
    remember(request, sending, followed, whole ? turn : TEXT(""), time);
}

/* Those that are looked at by this run; the others wait. */
static size_t expect_handshakes(struct request *request, const struct followed *list,
                                size_t count) {
    size_t looks = 0;
    for (size_t i = 0; i < count; i++) {
        if (list[i].turn.at == NULL || !has_turned(&list[i])) {
            continue;
        }
        if (looks++ == LOOKS_MAX) {
            return i;
        }
        handshake_expect(request, list[i].id);
    }
    return count;
}

static struct response read_handshakes(struct request *request) {
    struct text seen = request->seen;
    struct text since, start;
    if (!query_text(request, "since", &start)) {
        return fail(400, TEXT("since must be a time in ms"));
    }
    since = start.at != NULL ? start : TEXT("-");
    struct sending *sending = arena_array(request->arena, 1, sizeof *sending);
    *sending = (struct sending){.count = 0};
    struct text answered = seen.at != NULL ? text_cut(&seen, ',') : since;
    struct response response = send_all(request, sending, get_offer_answers, &answered);
    if (response.status >= 400) {
        return response;
    }
    sending->seen = answered;
    struct followed *list = arena_array(request->arena, HANDSHAKES_MAX, sizeof list[0]);
    size_t count = find_handshakes(request, seen, list);
    size_t looked_at = expect_handshakes(request, list, count);
    for (size_t i = 0; i < looked_at; i++) {
        send_candidates(request, sending, &list[i], since);
    }
    for (size_t i = looked_at; i < count; i++) {
        if (list[i].old_time.at != NULL) {
            remember(request, sending, &list[i], list[i].old_turn, list[i].old_time);
        }
    }
    struct text lines = arena_join(request->arena, sending->messages, 2 * sending->count);
    return (struct response){.status = 200,
                             .body = lines,
                             .seen = sending->seen,
                             .again = sending->more || looked_at < count ? request->now : 0};
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
