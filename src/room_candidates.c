/* Candidates in rooms: leaving them, and reading the other side's.
 *
 * Two candidates are the same where candidate, sdpMid or "", and sdpMLineIndex or -1 are. One is
 * kept as it came, on a line with the hash of these three, so that nothing is parsed again. */
#include "answer.h"
#include "handlers.h"
#include "polling.h"
#include "room_visit.h"
#include "sockets.h"

enum {
    CANDIDATE_MAX = 1024, /* bytes, of a candidate and of its sdpMid */
    LINE_INDEX_MAX = 65535,
    HASH_LEN = 16,
};

/* -- Lists of candidates ------------------------------------------------------- */

struct item {
    struct text hash; /* digits */
    struct text json; /* without a NUL behind it */
    int64_t generation;
};

/* What one side has left, oldest first, each once in a generation. */
struct items {
    struct item *items;
    size_t count;
};

static bool has(const struct items *list, struct text hash, int64_t generation) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].generation == generation && text_equal(list->items[i].hash, hash)) {
            return true;
        }
    }
    return false;
}

static size_t count_of(const struct items *list, int64_t generation) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        count += list->items[i].generation == generation;
    }
    return count;
}

/* Adds the candidates of the lines that are new and not over the limit. */
static void add_lines(struct items *list, struct text lines, int64_t generation) {
    size_t have = count_of(list, generation);
    while (lines.len > 0) {
        struct text json = text_cut(&lines, '\n');
        struct text hash = text_cut(&json, ' ');
        if (have < ROOM_CANDIDATES_MAX && !has(list, hash, generation)) {
            list->items[list->count++] = (struct item){hash, json, generation};
            have++;
        }
    }
}

static size_t count_lines(struct text lines) {
    size_t count = 0;
    for (; lines.len > 0; count++) {
        text_cut(&lines, '\n');
    }
    return count;
}

/* Candidates that came before are over. */
static int64_t oldest(const struct request *request) {
    return request->now - request->settings.numbers[ICE_TTL] * 1000;
}

static bool left_by(const struct entry *entry, struct text side, int64_t since) {
    return entry->event == EVENT_CANDIDATES && entry->time > since && text_equal(entry->side, side);
}

/* The candidates of one side that are not over. */
static struct items read_items(struct request *request, const struct room *room, struct text side) {
    int64_t since = oldest(request);
    size_t most = 0;
    for (size_t i = 0; i < room->count; i++) {
        most += left_by(&room->entries[i], side, since) ? count_lines(room->entries[i].content) : 0;
    }
    struct items list = {.items = arena_array(request->arena, most, sizeof list.items[0])};
    for (size_t i = 0; i < room->count; i++) {
        const struct entry *entry = &room->entries[i];
        if (left_by(entry, side, since)) {
            add_lines(&list, entry->content, entry->generation);
        }
    }
    return list;
}

/* -- POST /rooms/:code/candidate ----------------------------------------------- */

static bool fail_candidate(struct response *wrong, int status) {
    *wrong =
        fail_as(status, "bad_candidate",
                status == 413
                    ? TEXT("A candidate, and its sdpMid, may hold at most 1024 bytes")
                    : TEXT("Send {\"candidate\", \"sdpMid\", \"sdpMLineIndex\"} or "
                           "{\"candidates\": [...]}: candidate a text that is not empty, sdpMid a "
                           "text or null, sdpMLineIndex 0 to 65535 or null"));
    return false;
}

/* Whether the member is there, though perhaps null. */
static bool has_member(const cJSON *object, const char *name) {
    return json_member(object, name) != NULL;
}

/* The candidate as it came. */
static struct text print_candidate(struct request *request, const cJSON *sent,
                                   struct text candidate, struct text mid, int64_t index) {
    cJSON *kept = json_object();
    json_add_text(kept, "candidate", candidate);
    if (has_member(sent, "sdpMid")) {
        json_add_text(kept, "sdpMid", mid);
    }
    if (has_member(sent, "sdpMLineIndex")) {
        json_add_raw(kept, "sdpMLineIndex",
                     index < 0 ? TEXT("null") : arena_format(request->arena, "%d", index));
    }
    return json_print(kept);
}

/* Adds the candidate that was sent where the list has none like it. One more than a side may leave
 * is enough of them: they are refused together. */
static bool read_candidate(struct request *request, const cJSON *sent, struct items *list,
                           struct response *wrong) {
    enum { NONE = LINE_INDEX_MAX + 1 };
    struct text candidate, mid;
    int64_t index;
    if (!cJSON_IsObject(sent) || !json_text(sent, "candidate", &candidate) || candidate.len == 0 ||
        !json_text(sent, "sdpMid", &mid) || !json_number(sent, "sdpMLineIndex", NONE, -1, &index) ||
        index == NONE) {
        return fail_candidate(wrong, 400);
    }
    if (candidate.len > CANDIDATE_MAX || mid.len > CANDIDATE_MAX) {
        return fail_candidate(wrong, 413);
    }
    /* No candidate and no mid holds a NUL. */
    uint64_t number = text_hash((struct text){candidate.at, candidate.len + 1}, TEXT_HASH);
    number = text_hash(mid, number) + (uint64_t)(index + 1);
    struct text hash = arena_format(request->arena, "%x", HASH_LEN, number);
    if (list->count <= ROOM_CANDIDATES_MAX && !has(list, hash, 0)) {
        struct text json = print_candidate(request, sent, candidate, mid, index);
        list->items[list->count++] = (struct item){.hash = hash, .json = json};
    }
    return true;
}

/* What the body holds, each once. */
static bool read_candidates(struct request *request, struct items *list, struct response *wrong) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        *wrong = fail_not_json();
        return false;
    }
    *list = (struct items){
        .items = arena_array(request->arena, ROOM_CANDIDATES_MAX + 1, sizeof list->items[0])};
    const cJSON *many = json_member(body, "candidates");
    if (many == NULL || cJSON_IsNull(many)) {
        return read_candidate(request, body, list, wrong);
    }
    if (!cJSON_IsArray(many) || many->child == NULL) {
        return fail_candidate(wrong, 400);
    }
    const cJSON *sent;
    cJSON_ArrayForEach(sent, many) {
        if (!read_candidate(request, sent, list, wrong)) {
            return false;
        }
    }
    return true;
}

/* The digest of the request's Idempotency-Key, or nothing. */
static struct text read_key(struct request *request, const struct room *room) {
    struct text key = request->headers[HEADER_IDEMPOTENCY_KEY];
    return key.len > 0 ? keyed_digest(request, "idempotency", room->code, key) : TEXT("");
}

static bool done_before(const struct room *room, struct text side, struct text key) {
    for (size_t i = 0; i < room->count && key.len > 0; i++) {
        const struct entry *entry = &room->entries[i];
        if (text_equal(entry->side, side) && text_equal(entry->key, key)) {
            return true;
        }
    }
    return false;
}

/* The lines of those sent that the list has not; false where it has no room for all of them. */
static bool new_lines(struct request *request, const struct items *list, const struct items *sent,
                      int64_t generation, struct text *lines) {
    *lines = TEXT("");
    size_t have = count_of(list, generation);
    for (size_t i = 0; i < sent->count; i++) {
        const struct item *item = &sent->items[i];
        if (has(list, item->hash, generation)) {
            continue;
        }
        if (have++ == ROOM_CANDIDATES_MAX) {
            return false;
        }
        *lines = arena_format(request->arena, "%t%t %t\n", lines, &item->hash, &item->json);
    }
    return true;
}

struct response post_room_candidate(struct request *request) {
    struct items sent;
    struct response wrong;
    struct room room;
    enum role role;
    if (!read_candidates(request, &sent, &wrong) || !room_enter(request, &room, &role, &wrong)) {
        return wrong;
    }
    struct text side = room_side(&room, role);
    struct text key = read_key(request, &room);
    if (done_before(&room, side, key)) {
        return answer_nothing();
    }
    struct items list = read_items(request, &room, side);
    struct text lines;
    if (!new_lines(request, &list, &sent, room_candidate_generation(&room), &lines)) {
        return fail_as(409, "too_many_candidates",
                       TEXT("A side may leave 40 candidates, and 40 more after an ICE restart"));
    }
    if (!room_may_change(request, &room, &wrong)) {
        return wrong;
    }
    room_put_candidates(request, &room, role, key, lines);
    return answer_nothing();
}

/* -- GET /rooms/:code/candidates ----------------------------------------------- */

/* What a reader has seen, as one number that fits into a double: how many candidates, and 40 bits
 * of the hash of all of them. So one that arrives late, in the midst of others, is not passed over:
 * the number is then not known any more. */
enum { SEQUENCE_HASH_BITS = 40, SEQUENCE_COUNT_MAX = (1 << 13) - 1 };

static uint64_t sequence(const struct items *list, size_t count) {
    uint64_t hash = TEXT_HASH;
    for (size_t i = 0; i < count; i++) {
        hash = text_hash(list->items[i].hash, hash + (uint64_t)list->items[i].generation);
    }
    uint64_t tail = count == 0 ? 0 : hash >> (64 - SEQUENCE_HASH_BITS);
    return (uint64_t)count << SEQUENCE_HASH_BITS | tail;
}

/* Bytes of candidates in one answer, the rest of which `since` asks for. Half of what answers may
 * hold, for the arena has the log, its candidates, and their printing at once. */
enum { LIST_BYTES = ANSWER_MAX / 2 };

/* How far an answer goes that begins there. */
static size_t answer_end(const struct items *list, size_t first) {
    size_t end = first;
    for (size_t bytes = 0; end < list->count && end < SEQUENCE_COUNT_MAX; end++) {
        bytes += list->items[end].json.len + 1;
        if (bytes > LIST_BYTES) {
            break;
        }
    }
    return end;
}

/* -1 where nothing has been seen. */
static bool read_sequence(struct request *request, int64_t *since) {
    return request->seen.at != NULL ? text_number(text_trim(request->seen, TEXT("\"")), since)
                                    : query_number(request, "since", 0, INT64_MAX, -1, since);
}

struct response get_room_candidates(struct request *request) {
    int64_t wait, since;
    struct response wrong;
    struct room room;
    enum role role;
    if (!read_wait(request, &wait, &wrong)) {
        return wrong;
    }
    if (!read_sequence(request, &since)) {
        return fail(400, TEXT("since is a lastSeq of an earlier answer"));
    }
    if (!room_enter(request, &room, &role, &wrong)) {
        return wrong;
    }
    struct text theirs = room_side(&room, role == ROLE_HOST ? ROLE_GUEST : ROLE_HOST);
    struct items list = read_items(request, &room, theirs);
    size_t seen = since < 0 ? 0 : (size_t)((uint64_t)since >> SEQUENCE_HASH_BITS);
    bool delta = since >= 0 && seen <= list.count && sequence(&list, seen) == (uint64_t)since;

    cJSON *body = json_object();
    cJSON *array = json_add_array(body, "items");
    size_t first = delta ? seen : 0;
    size_t end = answer_end(&list, first);
    for (size_t i = first; i < end; i++) {
        json_push_raw(array, arena_copy(request->arena, list.items[i].json));
    }
    json_add_text(body, "mode", delta ? TEXT("delta") : TEXT("full"));
    int64_t last = (int64_t)sequence(&list, end);
    json_add_number(body, "lastSeq", last);
    struct text tag = arena_format(request->arena, "\"%d\"", last);
    struct response response = answer_tagged(request, tag, body);
    response.again = end < list.count ? request->now : 0; /* a socket is sent the rest */
    bool news = response.status != 304 && array->child != NULL;
    return news ? response
                : hold(response, wait,
                       role == ROLE_HOST ? TEXT("host candidates") : TEXT("guest candidates"));
}

/* -- GET /rooms/:code/socket --------------------------------------------------- */

/* An offer, an answer, or candidates, whose id is the Idempotency-Key. */
static struct response take_message(struct request *request, const cJSON *message) {
    struct text type, id;
    if (json_text(message, "type", &type) && text_equal(type, TEXT("offer"))) {
        return post_room_offer(request);
    }
    if (type.at != NULL && text_equal(type, TEXT("answer"))) {
        return post_room_answer(request);
    }
    if (json_text(message, "id", &id)) {
        request->headers[HEADER_IDEMPOTENCY_KEY] = id;
    }
    return post_room_candidate(request);
}

struct response get_room_socket(struct request *request) {
    static const struct standing_read reads[] = {{get_room, true}, {get_room_candidates, false}};
    return socket_serve(request, reads, 2, take_message);
}
