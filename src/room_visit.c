/* Visits to a room. */
#include "room_visit.h"

#include "answer.h"
#include "room_code.h"

enum {
    CHANGES_MAX = 200,            /* offers, answers and posts of candidates, in CHANGES_TIME */
    CHANGES_TIME = 5 * 60 * 1000, /* ms */
};

struct response fail_no_room(void) {
    return fail(404, TEXT("No such room: it never was, is closed, or its time is over"));
}

bool room_find(struct request *request, struct room *room) {
    struct text code;
    if (!room_code_read(request->arena, request->parameters[0], &code)) {
        return false;
    }
    *room = room_read(request, code);
    return room->there;
}

bool room_enter(struct request *request, struct room *room, enum role *role,
                struct response *wrong) {
    if (!room_find(request, room)) {
        *wrong = fail_no_room();
        return false;
    }
    *role = room_caller(request, room);
    if (*role == ROLE_NONE) {
        *wrong = fail(403, TEXT("This is no token of this room"));
        return false;
    }
    return true;
}

bool room_enter_as(struct request *request, struct room *room, enum role role,
                   struct response *wrong) {
    enum role caller;
    if (!room_enter(request, room, &caller, wrong)) {
        return false;
    }
    if (caller != role) {
        *wrong = fail(403, role == ROLE_HOST ? TEXT("Only the host may do this")
                                             : TEXT("Only the guest may do this"));
        return false;
    }
    return true;
}

bool room_may_change(const struct request *request, const struct room *room,
                     struct response *wrong) {
    static const unsigned changes =
        ROOM_EVENT(EVENT_OFFER) | ROOM_EVENT(EVENT_ANSWER) | ROOM_EVENT(EVENT_CANDIDATES);
    int64_t later = 0;
    if (request->settings.rate_limits) {
        later = room_busy_for(request, room, changes, CHANGES_MAX, CHANGES_TIME);
    }
    if (later == 0 && room->bytes + request->body.len > ROOM_BYTES) {
        later = room_full_for(request, room);
    }
    *wrong = fail_later(later, TEXT("Too many changes in this room, or too large ones"));
    return later == 0;
}
