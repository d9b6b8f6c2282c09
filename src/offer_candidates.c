/* Candidates of an offer's two sides, as the JSON that came. */
#include "answer.h"
#include "handlers.h"
#include "handshake_facts.h"
#include "keys.h"
#include "offer_fields.h"
#include "polling.h"

enum {
    REQUEST_MAX = 100,    /* candidates in one */
    SIDE_MAX = 1000,      /* candidates that a side may leave */
    CANDIDATE_MAX = 4096, /* bytes */
};

/* In the order of their keys. */
enum side { ANSWERER, OFFERER, SIDE_NONE };

static const char *const side_names[] = {"answerer", "offerer"};

static enum side side_of(const struct request *request, const struct handshake *handshake) {
    if (text_equal(ref_peer(handshake->id), request->peer)) {
        return OFFERER;
    }
    return text_equal(handshake->answerer, request->peer) ? ANSWERER : SIDE_NONE;
}

/* Finds the handshake that the caller has a side of. */
static bool enter(struct request *request, struct handshake *handshake, enum side *side,
                  struct response *wrong) {
    *handshake = handshake_read(request, request->parameters[0]);
    if (!handshake->there) {
        *wrong = fail_no_offer();
        return false;
    }
    *side = side_of(request, handshake);
    *wrong = fail(403, TEXT("Only the peer that made this offer and the one that answered it may "
                            "trade candidates"));
    return *side != SIDE_NONE;
}

/* -- Reading a side's candidates ----------------------------------------------- */

/* A walk through what one side has left, a fact at a time. Of several who answered on an eventual
 * store only the candidates of the one who has the offer count. */
struct walk {
    struct text prefix; /* of the slot */
    struct text side;   /* of the side's keys */
    struct text peer;   /* whose candidates these are */
    struct page page;
    size_t next;
};

static struct walk walk_begin(struct request *request, const struct handshake *handshake,
                              enum side side) {
    return (struct walk){
        .prefix = handshake->prefix,
        .side = arena_format(request->arena, "%ttrickle-%s-", &handshake->prefix, side_names[side]),
        .peer = side == OFFERER ? ref_peer(handshake->id) : handshake->answerer,
        .page = handshake->page,
    };
}

static const struct fact *next_fact(struct request *request, struct walk *walk) {
    while (walk->next == walk->page.count && walk->page.more) {
        bool before = text_compare(walk->page.last, walk->side) < 0;
        struct text after = before ? walk->side : walk->page.last;
        walk->page = storage_list(request, walk->prefix, after, STORAGE_PAGE_MAX);
        walk->next = 0;
    }
    return walk->next < walk->page.count ? &walk->page.facts[walk->next++] : NULL;
}

/* What the side left next, and when; false at the end. */
static bool walk_next(struct request *request, struct walk *walk, struct text *lines,
                      int64_t *time) {
    const struct fact *fact;
    while ((fact = next_fact(request, walk)) != NULL) {
        if (!text_starts(fact->key, walk->side)) {
            if (text_compare(fact->key, walk->side) > 0) {
                return false;
            }
            continue;
        }
        *time = key_time(text_from(fact->key, walk->side.len));
        *lines = fact->value;
        if (text_equal(text_cut(lines, '\n'), walk->peer)) {
            return true;
        }
    }
    return false;
}

/* -- POST /offers/:id/ice-candidates ------------------------------------------- */

/* The candidates as lines; false where one is too large, or there are none or too many. */
static bool read_candidates(struct request *request, struct text *lines, int64_t *count) {
    struct text sent = json_raw_member(request->body, "candidates");
    if (!text_starts(sent, TEXT("["))) {
        return false;
    }
    char *at = arena_alloc(request->arena, sent.len + 1);
    *lines = (struct text){at, 0};
    *count = 0;
    for (struct text candidate; json_raw_next(&sent, &candidate); (*count)++) {
        if (candidate.len > CANDIDATE_MAX || *count == REQUEST_MAX) {
            return false;
        }
        for (size_t i = 0; i < candidate.len; i++) {
            at[lines->len++] = candidate.at[i];
        }
        at[lines->len++] = '\n';
    }
    return *count > 0;
}

static int64_t count_lines(struct text lines) {
    int64_t count = 0;
    for (; lines.len > 0; count++) {
        text_cut(&lines, '\n');
    }
    return count;
}

/* How many the side has left, and the time of the last. */
static int64_t count_left(struct request *request, const struct handshake *handshake,
                          enum side side, int64_t *latest) {
    struct walk walk = walk_begin(request, handshake, side);
    struct text lines;
    int64_t left = 0, time;
    *latest = 0;
    while (walk_next(request, &walk, &lines, &time)) {
        int64_t count = count_lines(lines);
        left += count;
        *latest = time + count - 1 > *latest ? time + count - 1 : *latest;
    }
    return left;
}

struct response post_offer_candidates(struct request *request) {
    if (json_parse(request->body) == NULL) {
        return fail_not_json();
    }
    struct text lines;
    int64_t count, latest;
    struct response wrong;
    if (!read_candidates(request, &lines, &count)) {
        fail_field(request, "", "candidates",
                   "an array of 1 to 100 JSON values of at most 4096 bytes each", &wrong);
        return wrong;
    }
    struct handshake handshake;
    enum side side;
    if (!enter(request, &handshake, &side, &wrong)) {
        return wrong;
    }
    if (count_left(request, &handshake, side, &latest) + count > SIDE_MAX) {
        return fail(409, TEXT("Too many candidates"));
    }
    int64_t time = request->now > latest ? request->now : latest + 1;
    struct text moment = key_moment(request, time);
    storage_put(request,
                arena_format(request->arena, "%ttrickle-%s-%t", &handshake.prefix, side_names[side],
                             &moment),
                arena_format(request->arena, "%t\n%t", &request->peer, &lines),
                handshake.expires_at);
    if (side == OFFERER && handshake.answerer.at != NULL) {
        handshake_turn(request, &handshake, time);
    }
    cJSON *answer = json_object();
    json_add_text(answer, "offerId", handshake.id);
    json_add_number(answer, "candidatesAdded", count);
    json_add_number(answer, "count", count);
    return answer_json(200, answer);
}

/* -- GET /offers/:id/ice-candidates -------------------------------------------- */

struct candidate {
    struct text json;
    int64_t time;
};

/* What the other side has left after `since`, oldest first: where the store is eventual, requests
 * that did not see each other may have overlapping times. */
struct list {
    struct candidate *candidates;
    size_t count;
    int64_t since;
};

static void add_candidate(struct list *list, struct candidate candidate) {
    size_t at = list->count++;
    for (; at > 0 && list->candidates[at - 1].time > candidate.time; at--) {
        list->candidates[at] = list->candidates[at - 1];
    }
    list->candidates[at] = candidate;
}

static void add_lines(struct list *list, struct text lines, int64_t time) {
    for (; lines.len > 0 && list->count < SIDE_MAX; time++) {
        struct text candidate = text_cut(&lines, '\n');
        if (time > list->since) {
            add_candidate(list, (struct candidate){candidate, time});
        }
    }
}

/* How many one answer holds. `since` goes on behind the last one, so none of the same ms is left
 * out. */
static size_t cut_list(const struct list *list) {
    enum { FIELD_NAMES = 128 };
    size_t bytes = 0, end = 0;
    while (end < list->count) {
        const struct candidate *candidate = &list->candidates[end];
        bytes += FIELD_NAMES + candidate->json.len;
        if (bytes > ANSWER_MAX && end > 0 && candidate->time > candidate[-1].time) {
            break;
        }
        end++;
    }
    return end;
}

/* Returns when the last of them came, in ms. */
static int64_t show_candidates(struct request *request, cJSON *answer, const struct list *list,
                               struct text peer, enum side side) {
    cJSON *array = json_add_array(answer, "candidates");
    size_t shown = cut_list(list);
    for (size_t i = 0; i < shown; i++) {
        cJSON *item = json_push_object(array);
        json_add_raw(item, "candidate", arena_copy(request->arena, list->candidates[i].json));
        json_add_text(item, "peerId", peer);
        json_add_text(item, "role", text_of(side_names[side]));
        json_add_number(item, "createdAt", list->candidates[i].time);
    }
    return shown > 0 ? list->candidates[shown - 1].time : 0;
}

struct response get_offer_candidates(struct request *request) {
    struct response wrong;
    struct list list = {.candidates =
                            arena_array(request->arena, SIDE_MAX, sizeof(struct candidate))};
    int64_t wait;
    if (!read_since(request, &list.since)) {
        return fail(400, TEXT("since must be a time in ms"));
    }
    if (!read_wait(request, &wait, &wrong)) {
        return wrong;
    }
    struct handshake handshake;
    enum side side;
    if (!enter(request, &handshake, &side, &wrong)) {
        return wrong;
    }
    enum side other = side == OFFERER ? ANSWERER : OFFERER;
    struct walk walk = walk_begin(request, &handshake, other);
    struct text lines;
    int64_t time;
    while (walk_next(request, &walk, &lines, &time)) {
        add_lines(&list, lines, time);
    }
    cJSON *answer = json_object();
    json_add_text(answer, "offerId", handshake.id);
    int64_t last = show_candidates(request, answer, &list, walk.peer, other);
    struct response response = answer_json(200, answer);
    response.seen = arena_format(request->arena, "%d", last);
    return list.count > 0
               ? response
               : hold(response, wait,
                      arena_format(request->arena, "%s %t", side_names[side], &handshake.id));
}
