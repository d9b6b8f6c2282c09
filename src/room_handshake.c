/* Handshakes in rooms: the offer, the answer, and the snapshot that shows both. */
#include "answer.h"
#include "handlers.h"
#include "polling.h"
#include "room_visit.h"

enum { SDP_MAX = 20 * 1024 }; /* bytes */

/* -- POST /rooms/:code/offer and /answer --------------------------------------- */

struct description {
    struct text json;   /* {"type", "sdp"} */
    int64_t generation; /* 0 where it says none */
};

/* Whether a line of the SDP starts so. */
static bool has_line(struct text sdp, struct text start) {
    while (sdp.len > 0) {
        if (text_starts(text_cut(&sdp, '\n'), start)) {
            return true;
        }
    }
    return false;
}

static bool valid_sdp(struct text sdp) {
    static const char *const lines[] = {"v=", "o=", "s=", "t=", "m="};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!has_line(sdp, text_of(lines[i]))) {
            return false;
        }
    }
    return true;
}

static bool read_description(const struct request *request, const char *type,
                             struct description *description, struct response *wrong) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        *wrong = fail_not_json();
        return false;
    }
    struct text sent, sdp;
    bool typed = json_text(body, "type", &sent) && text_equal(sent, text_of(type));
    if (!json_text(body, "sdp", &sdp) || !typed || (sdp.len <= SDP_MAX && !valid_sdp(sdp))) {
        *wrong = fail_as(400, "bad_sdp",
                         arena_format(request->arena,
                                      "Send {\"type\": \"%s\", \"sdp\"}, the sdp with lines v= o= "
                                      "s= t= and m=",
                                      type));
        return false;
    }
    if (sdp.len > SDP_MAX) {
        *wrong = fail_as(413, "bad_sdp", TEXT("The sdp may hold at most 20480 bytes"));
        return false;
    }
    const cJSON *generation = json_member(body, "generation");
    bool none = generation == NULL || cJSON_IsNull(generation);
    if (!json_number(body, "generation", INT32_MAX, 0, &description->generation) ||
        (!none && description->generation == 0)) {
        *wrong = fail(400, TEXT("generation is a whole number from 1 on"));
        return false;
    }
    cJSON *json = json_object();
    json_add_text(json, "type", sent);
    json_add_text(json, "sdp", sdp);
    description->json = json_print(json);
    return true;
}

static struct response fail_generation(const struct room *room) {
    return fail_as(409, "already_paired",
                   room->status == ROOM_PAIRED
                       ? TEXT("The room is paired; an ICE restart is an offer with the next "
                              "generation, and an answer with the same")
                       : TEXT("The first offer and answer have the generation 1, or none"));
}

/* The first generation needs not be named. */
static int64_t generation_of(const struct description *description) {
    return description->generation == 0 ? 1 : description->generation;
}

struct response post_room_offer(struct request *request) {
    struct description offer;
    struct response wrong;
    struct room room;
    if (!read_description(request, "offer", &offer, &wrong) ||
        !room_enter_as(request, &room, ROLE_HOST, &wrong)) {
        return wrong;
    }
    int64_t answered = room.answer != NULL ? room.generation : 0;
    int64_t wanted = room.status != ROOM_PAIRED ? 1 : answered > 0 ? answered + 1 : room.generation;
    if (generation_of(&offer) != wanted) {
        return fail_generation(&room);
    }
    if (!room_may_change(request, &room, &wrong)) {
        return wrong;
    }
    room_put_offer(request, &room, wanted, offer.json);
    return answer_nothing();
}

struct response post_room_answer(struct request *request) {
    struct description answer;
    struct response wrong;
    struct room room;
    if (!read_description(request, "answer", &answer, &wrong) ||
        !room_enter_as(request, &room, ROLE_GUEST, &wrong)) {
        return wrong;
    }
    if (room.offer == NULL) {
        return fail_as(409, "no_offer", TEXT("The host has not left an offer yet"));
    }
    if (room.answer != NULL || generation_of(&answer) != room.generation) {
        return fail_generation(&room);
    }
    if (!room_may_change(request, &room, &wrong)) {
        return wrong;
    }
    room_put_answer(request, &room, answer.json);
    return answer_nothing();
}

/* -- GET /rooms/:code ---------------------------------------------------------- */

static void add_description(cJSON *body, const char *name, const struct entry *entry) {
    json_add_raw(body, name, entry != NULL ? entry->content : TEXT("null"));
}

static int64_t later(const struct entry *entry, int64_t time) {
    return entry != NULL && entry->time > time ? entry->time : time;
}

struct response get_room(struct request *request) {
    int64_t wait;
    struct response wrong;
    struct room room;
    enum role role;
    if (!read_wait(request, &wait, &wrong) || !room_enter(request, &room, &role, &wrong)) {
        return wrong;
    }
    static const char *const names[] = {"open", "joined", "paired"};
    int64_t updated_at = later(room.guest, room.created->time);
    updated_at = later(room.offer, updated_at);
    updated_at = later(room.answer, updated_at);
    cJSON *body = json_object();
    json_add_text(body, "status", text_of(names[room.status]));
    add_description(body, "offer", room.offer);
    add_description(body, "answer", room.answer);
    json_add_number(body, "updatedAt", updated_at);
    json_add_number(body, "expiresAt", room.expires_at);
    if (room.generation > 0) {
        json_add_number(body, "generation", room.generation);
    }

    struct text offer = room.offer != NULL ? room.offer->id : TEXT("");
    struct text answer = room.answer != NULL ? room.answer->id : TEXT("");
    struct text tag =
        arena_format(request->arena, "\"%s.%t.%t\"", names[room.status], &offer, &answer);
    struct response response = answer_tagged(request, tag, body);
    bool shown = role == ROLE_HOST && room.answer != NULL && response.status == 200;
    if (shown && !room.chosen && !storage_atomic(request)) {
        room_choose(request, &room);
    }
    const struct entry *theirs = role == ROLE_HOST ? room.answer : room.offer;
    bool has_tag = request->headers[HEADER_IF_NONE_MATCH].len > 0 || request->seen.at != NULL;
    response.again = room.expires_at;
    bool news = has_tag ? response.status != 304 : theirs != NULL;
    return news ? response : hold(response, wait, role == ROLE_HOST ? TEXT("host") : TEXT("guest"));
}
