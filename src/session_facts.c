/* Session facts: reading a session out of them, and writing more.
 *
 * Every key here is written once, by one request: what two requests might write at one moment ends
 * in random digits. So nothing is lost where writes race, and what came first is settled by key
 * order. */
#include "session_facts.h"

#include "check.h"
#include "spread.h"

#include <string.h>

enum { MARK_LEN = 1 + RANDOM_LEN };

static const char *const side_names[SIDES] = {"offerer", "answerer"};

/* -- Reading ------------------------------------------------------------------- */

struct session session_begin(struct session_code code) {
    return (struct session){.code = code};
}

bool session_has_candidate(const struct session *session, enum side side, struct text json) {
    for (const struct candidate *c = session->candidates[side].first; c != NULL; c = c->next) {
        if (text_equal(c->json, json)) {
            return true;
        }
    }
    return false;
}

void session_add_candidates(cJSON *object, const char *name, const struct candidates *list) {
    cJSON *array = json_add_array(object, name);
    for (const struct candidate *c = list->first; c != NULL; c = c->next) {
        json_push_raw(array, c->json);
    }
}

bool session_has_room(const struct session *session, enum side side, struct text json) {
    const struct candidates *list = &session->candidates[side];
    return list->count < CANDIDATES_MAX && list->bytes + json.len <= CANDIDATES_BYTES;
}

/* `time`: the digits behind the dash. */
static void add_candidate(struct request *request, struct session *session, enum side side,
                          struct text time, struct text json) {
    struct candidates *list = &session->candidates[side];
    uint64_t ms;
    if (time.len >= TIME_LEN && text_hex((struct text){time.at, TIME_LEN}, &ms)) {
        list->latest = (int64_t)ms;
    }
    if (session_has_candidate(session, side, json) || !session_has_room(session, side, json)) {
        return;
    }
    struct candidate *candidate = arena_alloc(request->arena, sizeof *candidate);
    *candidate = (struct candidate){json, NULL};
    *(list->count == 0 ? &list->first : list->end) = candidate;
    list->end = &candidate->next;
    list->count++;
    list->bytes += json.len;
}

static void add_offer(struct request *request, struct session *session, const struct fact *fact) {
    struct text rest = fact->value;
    session->topic = arena_copy(request->arena, text_cut(&rest, '\n'));
    session->info = arena_copy(request->arena, text_cut(&rest, '\n'));
    session->offer = rest;
    session->expires_at = fact->expires_at;
}

void session_add(struct request *request, struct session *session, struct text name,
                 const struct fact *fact) {
    struct text rest = name;
    struct text kind = text_cut(&rest, '-');
    session->bytes += fact->key.len + fact->value.len;
    if (text_equal(kind, TEXT("offer"))) {
        add_offer(request, session, fact);
    } else if (text_equal(kind, TEXT("answer"))) {
        session->answer = session->answer.at == NULL ? fact->value : session->answer;
    } else if (text_equal(kind, TEXT("gone"))) {
        session->withdrawn = true;
    } else if (text_equal(kind, TEXT("trickle"))) {
        bool offerer = text_equal(text_cut(&rest, '-'), text_of(side_names[OFFERER]));
        add_candidate(request, session, offerer ? OFFERER : ANSWERER, rest, fact->value);
    }
}

struct session session_read(struct request *request, struct session_code code) {
    struct session session = session_begin(code);
    struct text prefix = key_session(request, code);
    struct page page = {.last = TEXT(""), .more = true};
    while (page.more && session.bytes < SESSION_BYTES) {
        page = storage_list(request, prefix, page.last, STORAGE_PAGE_MAX);
        for (size_t i = 0; i < page.count; i++) {
            struct text name = text_from(page.facts[i].key, prefix.len);
            session_add(request, &session, name, &page.facts[i]);
        }
    }
    return session;
}

bool session_there(const struct session *session) {
    return session->offer.at != NULL && !session->withdrawn;
}

bool session_open(const struct session *session) {
    return session_there(session) && session->answer.at == NULL;
}

/* -- The directory ------------------------------------------------------------- */

struct directory directory_begin(struct text prefix) {
    return (struct directory){.prefix = prefix, .page = {.more = true}};
}

/* Where the next page begins: behind the last key, or just before it, if it is an entry. A
 * session's entry is followed by its mark where the session is no longer open, and the two have to
 * be seen together. */
static void directory_go_on(struct directory *directory) {
    struct page *page = &directory->page;
    struct fact *end = page->count > 0 ? &page->facts[page->count - 1] : NULL;
    bool before =
        page->more && end != NULL && end->value.len > 0 && text_equal(end->key, page->last);
    memcpy(directory->after, page->last.at, page->last.len);
    directory->after_len = page->last.len;
    if (before) {
        /* '~' sorts after all that a key goes on with. */
        directory->after[directory->after_len - 1]--;
        directory->after[directory->after_len++] = '~';
        page->count--;
    }
}

bool directory_next(struct request *request, struct directory *directory) {
    if (!directory->page.more) {
        return false;
    }
    struct text after = {directory->after, directory->after_len};
    directory->page = storage_list(request, directory->prefix, after, STORAGE_PAGE_MAX);
    directory_go_on(directory);
    return true;
}

/* <age><id> of an entry's key and of a mark's. */
static struct text directory_session(const struct fact *fact) {
    size_t tail = fact->value.len > 0 ? 0 : MARK_LEN;
    CHECK(fact->key.len >= SESSION_ID_LEN + tail);
    return (struct text){fact->key.at + fact->key.len - tail - SESSION_ID_LEN, SESSION_ID_LEN};
}

bool directory_open(const struct directory *directory, size_t i) {
    const struct fact *entry = &directory->page.facts[i];
    const struct fact *next = entry + 1;
    if (entry->value.len == 0) {
        return false;
    }
    bool marked = i + 1 < directory->page.count && next->value.len == 0 &&
                  text_equal(directory_session(entry), directory_session(next));
    return !marked;
}

/* -- Writing ------------------------------------------------------------------- */

static void put(struct request *request, const struct session *session, struct text name,
                struct text value) {
    struct text prefix = key_session(request, session->code);
    struct text random = key_random(request);
    struct text key = arena_format(request->arena, "%t%t%t", &prefix, &name, &random);
    storage_put(request, key, value, session->expires_at);
}

static struct text directory_key(struct request *request, struct session_code code,
                                 struct text topic_name) {
    struct text topic = key_directory_topic(request, topic_name, code.topic);
    struct text id = key_session_id(request, code);
    return arena_format(request->arena, "%t%t", &topic, &id);
}

/* Where the store is sharded each session is in one of two lists, for both are counted: `open`, the
 * oldest first, and `past`. */
static struct text list_key(struct request *request, struct session_code code, const char *list) {
    struct text prefix = key_topic_list(request, code.topic, list);
    return arena_format(request->arena, "%t%x%x", &prefix, TIME_LEN, (uint64_t)code.created_at, 16,
                        code.id);
}

void session_create(struct request *request, struct session_code code, struct text topic_name,
                    struct text topic, struct text info, struct text offer) {
    int64_t expires_at = code.created_at + request->settings.numbers[SESSION_TIMEOUT];
    struct text prefix = key_session(request, code);
    storage_put(request, arena_format(request->arena, "%toffer", &prefix),
                arena_format(request->arena, "%t\n%t\n%t", &topic, &info, &offer), expires_at);
    if (storage_sharded(request)) {
        storage_put(request, list_key(request, code, "open"), TEXT(""), expires_at);
        spread_mark(request, code.topic, expires_at);
    }

    struct text peer = TEXT("");
    if (!text_equal(info, TEXT("\"\""))) {
        peer = arena_format(request->arena, "%x", 16, keyed_hash(request, "peer", info));
    }
    storage_put(request, directory_key(request, code, topic_name),
                arena_format(request->arena, "%t\n%t", &topic, &peer), expires_at);
}

/* Notes that the session is no longer open, and takes it out of the directory. Where the store is
 * not sharded its entry there is not deleted but marked, because the entry may be a moment old, and
 * Workers KV takes one write a second to a key. */
static void close_session(struct request *request, const struct session *session) {
    struct text name;
    CHECK(json_unquote(session->topic, &name));
    struct text entry = directory_key(request, session->code, name);
    if (storage_sharded(request)) {
        storage_delete(request, list_key(request, session->code, "open"));
        storage_put(request, list_key(request, session->code, "past"), TEXT(""),
                    session->expires_at);
        storage_delete(request, entry);
        return;
    }
    struct text random = key_random(request);
    storage_put(request, arena_format(request->arena, "%t-%t", &entry, &random), TEXT(""),
                session->expires_at);
}

void session_put_answer(struct request *request, const struct session *session,
                        struct text answer) {
    struct text name = arena_format(request->arena, "answer-%x", TIME_LEN, (uint64_t)request->now);
    put(request, session, name, answer);
    close_session(request, session);
}

void session_put_candidate(struct request *request, const struct session *session, enum side side,
                           struct text candidate) {
    int64_t latest = session->candidates[side].latest;
    int64_t time = request->now > latest ? request->now : latest + 1;
    struct text name =
        arena_format(request->arena, "trickle-%s-%x", side_names[side], TIME_LEN, (uint64_t)time);
    put(request, session, name, candidate);
}

void session_withdraw(struct request *request, const struct session *session) {
    put(request, session, TEXT("gone-"), TEXT("true"));
    if (session_open(session)) {
        close_session(request, session);
    }
}
