/* Sessions by their topic: leaving an offer, and listing those that nobody has answered. */
#include "answer.h"
#include "check.h"
#include "handlers.h"
#include "session_facts.h"

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

static uint32_t topic_hash(const struct request *request) {
    return (uint32_t)(keyed_hash(request, "topic", request->parameters[0]) >> 32);
}

/* -- POST /:topic/offer -------------------------------------------------------- */

/* Open sessions of the topic, up to the most there may be, and when the oldest seen expires. */
static int64_t count_open(struct request *request, struct text topic_key, int64_t *expires_at) {
    int64_t max = request->settings.numbers[MAX_SESSIONS_PER_TOPIC];
    int64_t count = 0;
    struct directory directory = directory_begin(topic_key);
    size_t mark = request->arena->used;
    while (count < max && directory_next(request, &directory)) {
        for (size_t i = 0; i < directory.page.count; i++) {
            if (directory_open(&directory, i)) {
                *expires_at = directory.page.facts[i].expires_at;
                count++;
            }
        }
        arena_rewind(request->arena, mark);
    }
    return count;
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
    uint32_t hash = topic_hash(request);
    int64_t expires_at = 0;
    int64_t open = count_open(request, key_directory_topic(request, topic, hash), &expires_at);
    if (open >= request->settings.numbers[MAX_SESSIONS_PER_TOPIC]) {
        return fail_full(request, expires_at);
    }

    struct session_code code = session_code_make(hash, request->now, random_take(request, 8));
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
    struct text reading; /* <age><id> of the session whose facts are being read */
    struct text last;    /* the same of the last session that is done with */
    bool full;           /* an open session was left out */
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

static void finish_session(struct request *request, struct list *list,
                           const struct session *session) {
    if (list->full) {
        return;
    }
    list_session(request, list, session);
    if (!list->full && list->reading.len > 0) {
        list->last = list->reading;
    }
}

/* Facts to ask for first: as many as that many sessions have in the common case, of an offer and
 * some candidates. */
static size_t page_size(int64_t limit) {
    enum { FACTS = 10, SPARE = 50 };
    return (size_t)limit * FACTS + SPARE;
}

/* <age><id>, as `next` gives it. */
static bool parse_id(struct text id, struct session_code *code) {
    uint64_t age;
    if (id.len != SESSION_ID_LEN || !text_hex((struct text){id.at, 12}, &age) ||
        !text_hex(text_from(id, 12), &code->id)) {
        return false;
    }
    code->created_at = (int64_t)(0xFFFFFFFFFFFF - age);
    return true;
}

/* Lists the sessions of one page of facts. `session` is the one whose facts are being read, which
 * may go on in the next page. */
static void list_page(struct request *request, struct list *list, struct session *session,
                      struct text prefix, const struct page *page) {
    for (size_t i = 0; i < page->count && !list->full; i++) {
        struct text name = text_from(page->facts[i].key, prefix.len);
        struct text id = text_cut(&name, '/');
        if (!text_equal(id, list->reading)) {
            finish_session(request, list, session);
            list->reading = id;
            *session = (struct session){.code.topic = session->code.topic};
            CHECK(parse_id(id, &session->code));
        }
        session_add(request, session, name, &page->facts[i]);
    }
}

/* The key behind all facts of a session: '0' comes after the '/' that ends its <age><id>. */
static struct text past_session(struct request *request, struct text prefix, struct text id) {
    return arena_format(request->arena, "%t%t0", &prefix, &id);
}

/* Passes over the rest of a session of which enough has been read. */
static void pass_over(struct request *request, struct list *list, struct session *session,
                      struct text prefix, struct page *page) {
    if (session->bytes >= SESSION_BYTES && !list->full) {
        finish_session(request, list, session);
        page->last = past_session(request, prefix, list->reading);
        *session = (struct session){.code.topic = session->code.topic};
        list->reading = NO_TEXT;
    }
}

/* A page costs memory even where its sessions are all answered. The list ends once reading has
 * taken three eighths of the arena, and says that it goes on: one more page, or one session however
 * large, and the printing of it all still fit. */
static bool may_read_on(const struct request *request, const struct list *list) {
    const struct arena *arena = request->arena;
    return !list->full && (list->last.len == 0 || arena->used < arena->limit / 8 * 3);
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
    struct session session = {.code.topic = topic_hash(request)};
    if (!query_text(request, "after", &after) ||
        (after.at != NULL && !parse_id(after, &session.code))) {
        return fail_parameter(request, "after");
    }

    cJSON *body = json_object();
    struct list list = {.sessions = json_add_array(body, "sessions"),
                        .topic = json_quote(request->parameters[0]),
                        .limit = limit};
    struct text prefix = key_topic(request, session.code.topic);
    struct page page = {
        .last = after.at == NULL ? TEXT("") : past_session(request, prefix, after),
        .more = true,
    };
    for (size_t size = page_size(limit); page.more && may_read_on(request, &list); size *= 2) {
        size = size < STORAGE_PAGE_MAX ? size : STORAGE_PAGE_MAX;
        page = storage_list(request, prefix, page.last, size);
        list_page(request, &list, &session, prefix, &page);
        pass_over(request, &list, &session, prefix, &page);
    }
    if (!page.more) {
        finish_session(request, &list, &session);
    }
    if (list.full || page.more) {
        json_add_text(body, "next", list.last);
    }
    return answer_json(200, body);
}
