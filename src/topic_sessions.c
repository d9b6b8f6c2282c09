/* Sessions by their topic: leaving an offer, and listing those that nobody has answered. */
#include "answer.h"
#include "check.h"
#include "handlers.h"
#include "session_walk.h"
#include "spread.h"

enum {
    TOPIC_MAX = 256, /* characters */
    INFO_MAX = 1024, /* characters */
    OFFER_BYTES = 65536,
    LIST_MAX = 1000, /* sessions in one answer */
};

/* First words of other routes, which a topic may not take from them. */
static const char *const reserved[] = {"rooms",    "offers", "peers",   "usernames",
                                       "services", "index",  "sessions"};

static bool is_reserved(struct text topic) {
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (text_equal(topic, text_of(reserved[i]))) {
            return true;
        }
    }
    return false;
}

/* False, with `response` filled, where the path's topic is none. */
static bool check_topic(struct request *request, struct response *response) {
    struct text topic = request->parameters[0];
    if (is_reserved(topic)) {
        *response = fail(400, TEXT("Reserved topic name"));
        return false;
    }
    if (topic.len == 0 || text_characters(topic) > TOPIC_MAX) {
        *response = fail_parameter(request, "topic");
        return false;
    }
    return true;
}

/* -- POST /:topic/offer -------------------------------------------------------- */

/* Open sessions that the directory has of the topic, up to the most there may be, and when the
 * oldest seen expires. */
static void count_open(struct request *request, struct seat *seat) {
    struct directory directory =
        directory_begin(key_directory_topic(request, request->parameters[0], seat->topic));
    size_t mark = request->arena->used;
    while (seat->open < seat->max && directory_next(request, &directory)) {
        for (size_t i = 0; i < directory.page.count; i++) {
            if (directory_open(&directory, i)) {
                seat->expires_at = directory.page.facts[i].expires_at;
                seat->open++;
            }
        }
        arena_rewind(request->arena, mark);
    }
}

static struct seat find_seat(struct request *request, uint64_t random) {
    uint32_t root = spread_root(request, request->parameters[0]);
    if (storage_sharded(request)) {
        return spread_seat(request, root, random);
    }
    struct seat seat = {.topic = root, .max = request->settings.numbers[MAX_SESSIONS_PER_TOPIC]};
    count_open(request, &seat);
    return seat;
}

static struct response fail_full(struct request *request, int64_t expires_at) {
    int64_t seconds = (expires_at - request->now + 999) / 1000;
    return fail_later(seconds, TEXT("This topic has as many open sessions as it may; try again "
                                    "when one has been answered or has expired"));
}

/* `peerId` stands in for `info`; where both are missing it is "". */
static bool read_info(const cJSON *body, struct text *info) {
    if (!json_text(body, "info", info)) {
        return false;
    }
    if (info->at == NULL && !json_text(body, "peerId", info)) {
        return false;
    }
    *info = info->at == NULL ? TEXT("") : *info;
    return text_characters(*info) <= INFO_MAX;
}

struct response post_offer(struct request *request) {
    struct response wrong;
    if (!check_topic(request, &wrong)) {
        return wrong;
    }
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text info, offer;
    if (!read_info(body, &info)) {
        return fail_parameter(request, "info");
    }
    if (!json_text_within(body, "offer", OFFER_BYTES, &offer)) {
        return fail_parameter(request, "offer");
    }

    struct text topic = request->parameters[0];
    uint64_t random = random_take(request, 8);
    struct seat seat = find_seat(request, random >> 2);
    if (seat.open >= seat.max) {
        return fail_full(request, seat.expires_at);
    }

    struct session_code code = session_code_make(seat.topic, request->now, random);
    session_create(request, code, topic, json_quote(topic), json_quote(info), json_quote(offer));
    cJSON *answer = json_object();
    json_add_text(answer, "code", session_code_print(code, request->arena));
    return answer_json(200, answer);
}

/* -- GET /:topic/sessions ------------------------------------------------------ */

/* The list being made. */
struct list {
    cJSON *sessions;
    struct text topic; /* JSON string; two topics of one origin may share the hash in their keys */
    int64_t count, limit;
    size_t bytes;
    bool full; /* an open session was left out */
};

static void list_session(struct request *request, struct list *list,
                         const struct session *session) {
    if (!session_open(session) || !text_equal(session->topic, list->topic)) {
        return;
    }
    enum { FIELD_NAMES = 256 };
    const struct candidates *candidates = &session->candidates[OFFERER];
    size_t bytes = FIELD_NAMES + 2 * session->info.len + session->offer.len + candidates->bytes +
                   candidates->count;
    if (list->count == list->limit || (list->count > 0 && list->bytes + bytes > ANSWER_MAX)) {
        list->full = true;
        return;
    }
    list->bytes += bytes;
    list->count++;
    cJSON *item = json_push_object(list->sessions);
    json_add_text(item, "code", session_code_print(session->code, request->arena));
    json_add_raw(item, "info", session->info);
    json_add_raw(item, "peerId", session->info);
    json_add_raw(item, "offer", session->offer);
    session_add_candidates(item, "offerCandidates", &session->candidates[OFFERER]);
    json_add_number(item, "createdAt", session->code.created_at);
    json_add_number(item, "expiresAt", session->expires_at);
}

struct response get_sessions(struct request *request) {
    struct response wrong;
    if (!check_topic(request, &wrong)) {
        return wrong;
    }
    int64_t limit;
    if (!query_number(request, "limit", 1, LIST_MAX, LIST_MAX, &limit)) {
        return fail_parameter(request, "limit");
    }
    struct text after;
    struct session_code code;
    if (!query_text(request, "after", &after) ||
        (after.at != NULL && !session_id_parse(after, &code))) {
        return fail_parameter(request, "after");
    }

    cJSON *body = json_object();
    struct text topic = request->parameters[0];
    struct list list = {
        .sessions = json_add_array(body, "sessions"), .topic = json_quote(topic), .limit = limit};
    struct session_walk walk =
        session_walk_begin(request, spread_root(request, topic), after, limit);
    while (!list.full && session_walk_next(request, &walk)) {
        list_session(request, &list, &walk.session);
    }
    if (list.full || walk.more) {
        json_add_text(body, "next", walk.last);
    }
    return answer_json(200, body);
}
