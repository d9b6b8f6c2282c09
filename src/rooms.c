/* Rooms: made by a host, found by its code, joined with the join code, closed. */
#include "answer.h"
#include "handlers.h"
#include "room_code.h"
#include "room_visit.h"

enum {
    NAME_MAX_CHARACTERS = 32,
    CODE_TRIES = 5,
    WRONG_CODES_MAX = 10, /* in ROOM_LOCK */
};

static bool valid_name(struct text name) {
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        char lower = (char)(c | 0x20);
        if ((lower < 'a' || lower > 'z') && (c < '0' || c > '9') && c != '_' && c != '-') {
            return false;
        }
    }
    return name.len >= 1 && name.len <= NAME_MAX_CHARACTERS;
}

static bool read_name(const cJSON *body, const char *member, struct text *name,
                      struct response *wrong) {
    *wrong = fail_as(400, "bad_username",
                     TEXT("A user name is 1 to 32 characters of a-z, A-Z, 0-9, _ and -"));
    return json_text(body, member, name) && valid_name(*name);
}

/* A code that nobody has, or has had lately. */
static bool find_free_code(struct request *request, struct text *code) {
    for (int i = 0; i < CODE_TRIES; i++) {
        if (room_code_make(request, code) && room_read(request, *code).count == 0) {
            return true;
        }
    }
    return false;
}

struct response post_room(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text name, code;
    struct response wrong;
    if (!read_name(body, "hostUserName", &name, &wrong)) {
        return wrong;
    }
    if (!find_free_code(request, &code)) {
        return fail(503, TEXT("Found no free room code; try again"));
    }
    struct text token = random_token(request);
    struct text join_code = join_code_make(request);
    int64_t expires_at = room_create(request, code, name, token, join_code);
    cJSON *answer = json_object();
    json_add_text(answer, "code", code);
    json_add_text(answer, "joinCode", join_code);
    json_add_text(answer, "ownerToken", token);
    json_add_number(answer, "expiresAt", expires_at);
    return answer_json(201, answer);
}

struct response get_room_public(struct request *request) {
    struct room room;
    if (!room_find(request, &room) || room.status != ROOM_OPEN) {
        return fail(404, TEXT("No such room: it never was, is taken, closed, or its time is over"));
    }
    struct text host = room.created->content;
    cJSON *answer = json_object();
    json_add_text(answer, "status", TEXT("open"));
    json_add_number(answer, "expiresAt", room.expires_at);
    json_add_text(answer, "hostUserName", text_cut(&host, '\n'));
    return answer_json(200, answer);
}

/* Seconds until a room that was guessed at may be joined again; 0 where it may be now. */
static int64_t locked_for(const struct request *request, const struct room *room) {
    return request->settings.rate_limits
               ? room_busy_for(request, room, ROOM_EVENT(EVENT_WRONG), WRONG_CODES_MAX, ROOM_LOCK)
               : 0;
}

struct response post_room_join(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text name, join_code;
    struct response wrong;
    if (!read_name(body, "guestUserName", &name, &wrong)) {
        return wrong;
    }
    if (!json_text(body, "joinCode", &join_code) || !join_code_valid(join_code)) {
        return fail_as(400, "bad_join_code", TEXT("A join code is six digits, as a string"));
    }
    struct room room;
    if (!room_find(request, &room)) {
        return fail_no_room();
    }
    if (room.status != ROOM_OPEN) {
        return fail_as(409, "not_open", TEXT("Somebody has joined this room already"));
    }
    int64_t locked = locked_for(request, &room);
    if (locked > 0) {
        return fail_later(locked, TEXT("Too many wrong join codes; wait before the next one"));
    }
    if (!room_join_code_right(request, &room, join_code)) {
        if (request->settings.rate_limits) {
            room_note_wrong(request, &room);
        }
        return fail_as(403, "bad_join_code", TEXT("This is not the join code of this room"));
    }
    struct text token = random_token(request);
    int64_t expires_at = room_join(request, &room, name, token);
    cJSON *answer = json_object();
    json_add_text(answer, "guestToken", token);
    json_add_number(answer, "expiresAt", expires_at);
    return answer_json(200, answer);
}

struct response post_room_close(struct request *request) {
    struct room room;
    struct response wrong;
    if (!room_enter_as(request, &room, ROLE_HOST, &wrong)) {
        return wrong;
    }
    room_close(request, &room);
    return answer_nothing();
}
