/* Sessions by their code: the answer, the candidates of both sides, and what the other side left.
 */
#include "answer.h"
#include "check.h"
#include "handlers.h"
#include "polling.h"
#include "session_facts.h"
#include "sockets.h"

enum {
    ANSWER_BYTES = 65536,
    CANDIDATE_BYTES = 4096,
};

/* -- What the requests have in common ------------------------------------------ */

static struct response fail_no_session(void) {
    return fail(404, TEXT("Session not found, expired, or origin mismatch"));
}

/* A text of 1 to `max` bytes, or absent. */
static bool optional(const cJSON *body, const char *name, size_t max, struct text *text) {
    return json_text(body, name, text) &&
           (text->at == NULL || (text->len >= 1 && text->len <= max));
}

static bool read_side(const cJSON *body, enum side *side) {
    struct text text;
    if (!json_text(body, "side", &text)) {
        return false;
    }
    *side = text_equal(text, TEXT("offerer")) ? OFFERER : ANSWERER;
    return *side == OFFERER || text_equal(text, TEXT("answerer"));
}

/* The session a code names; one that is not there where the code is no code. */
static struct session find(struct request *request, struct text code_text) {
    struct session_code code;
    if (!session_code_parse(code_text, request->now, &code)) {
        return (struct session){0};
    }
    return session_read(request, code);
}

/* -- POST /answer -------------------------------------------------------------- */

static struct response put_answer(struct request *request, const struct session *session,
                                  struct text answer) {
    struct text json = json_quote(answer);
    if (session->answer.at == NULL) {
        session_put_answer(request, session, json);
        return answer_success();
    }
    return text_equal(session->answer, json) ? answer_success()
                                             : fail(409, TEXT("Session already answered"));
}

static struct response put_candidate(struct request *request, const struct session *session,
                                     enum side side, struct text candidate) {
    struct text json = json_quote(candidate);
    if (session_has_candidate(session, side, json)) {
        return answer_success();
    }
    if (!session_has_room(session, side, json) || session->bytes + json.len > SESSION_BYTES) {
        return fail(409, TEXT("Too many candidates"));
    }
    session_put_candidate(request, session, side, json);
    return answer_success();
}

struct response post_answer(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text code, answer, candidate;
    enum side side;
    if (!json_text_within(body, "code", SIZE_MAX, &code)) {
        return fail_parameter(request, "code");
    }
    if (!read_side(body, &side)) {
        return fail_parameter(request, "side");
    }
    if (!optional(body, "answer", ANSWER_BYTES, &answer)) {
        return fail_parameter(request, "answer");
    }
    if (!optional(body, "candidate", CANDIDATE_BYTES, &candidate)) {
        return fail_parameter(request, "candidate");
    }
    if ((answer.at == NULL) == (candidate.at == NULL)) { /* exactly one of the two */
        return fail_parameter(request, answer.at == NULL ? "answer" : "candidate");
    }
    if (answer.at != NULL && side == OFFERER) { /* an answer comes from the answerer */
        return fail_parameter(request, "side");
    }

    struct session session = find(request, code);
    if (!session_there(&session)) {
        return fail_no_session();
    }
    return answer.at != NULL ? put_answer(request, &session, answer)
                             : put_candidate(request, &session, side, candidate);
}

/* -- POST /poll ---------------------------------------------------------------- */

/* `seen` is how many things the other side had left: the description counts as one, each candidate
 * as one. */
static bool read_seen(const cJSON *body, int64_t *seen) {
    struct text text;
    *seen = 0;
    return json_text(body, "seen", &text) && (text.at == NULL || text_number(text, seen));
}

static struct response poll(struct request *request, struct text code, enum side side, int64_t seen,
                            int64_t wait) {
    struct session session = find(request, code);
    if (!session_there(&session)) {
        return fail_no_session();
    }

    enum side other = side == OFFERER ? ANSWERER : OFFERER;
    struct text description = other == OFFERER ? session.offer : session.answer;
    int64_t there = (description.at != NULL) + (int64_t)session.candidates[other].count;
    cJSON *answer = json_object();
    json_add_raw(answer, other == OFFERER ? "offer" : "answer",
                 description.at != NULL ? description : TEXT("null"));
    session_add_candidates(answer, other == OFFERER ? "offerCandidates" : "answerCandidates",
                           &session.candidates[other]);
    struct text now_seen = arena_format(request->arena, "%d", there);
    json_add_text(answer, "seen", now_seen);

    struct response response = answer_json(200, answer);
    response.seen = now_seen;
    response.again = session.expires_at;
    return there > seen ? response
                        : hold(response, wait,
                               arena_format(request->arena, "%s %t",
                                            side == OFFERER ? "offerer" : "answerer", &code));
}

struct response post_poll(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text code;
    enum side side;
    int64_t wait, seen;
    if (!json_text_within(body, "code", SIZE_MAX, &code)) {
        return fail_parameter(request, "code");
    }
    if (!read_side(body, &side)) {
        return fail_parameter(request, "side");
    }
    if (!json_number(body, "wait", WAIT_MAX, 0, &wait)) {
        return fail_parameter(request, "wait");
    }
    if (!read_seen(body, &seen)) {
        return fail_parameter(request, "seen");
    }
    return poll(request, code, side, seen, wait);
}

/* -- GET /sessions/:code/socket ------------------------------------------------ */

static bool socket_side(const struct request *request, enum side *side) {
    *side = text_equal(request->side, TEXT("offerer")) ? OFFERER : ANSWERER;
    return *side == OFFERER || text_equal(request->side, TEXT("answerer"));
}

static struct response read_side_of(struct request *request) {
    enum side side;
    int64_t seen;
    if (!socket_side(request, &side)) {
        return fail_parameter(request, "side");
    }
    bool valid = request->seen.at != NULL ? text_number(request->seen, &seen)
                                          : query_number(request, "seen", 0, INT64_MAX, 0, &seen);
    return valid ? poll(request, request->parameters[0], side, seen, 0)
                 : fail_parameter(request, "seen");
}

static struct response take_candidate(struct request *request, const cJSON *message) {
    enum side side;
    struct text candidate;
    CHECK(socket_side(request, &side));
    if (!json_text_within(message, "candidate", CANDIDATE_BYTES, &candidate)) {
        return fail_parameter(request, "candidate");
    }
    struct session session = find(request, request->parameters[0]);
    return session_there(&session) ? put_candidate(request, &session, side, candidate)
                                   : fail_no_session();
}

struct response get_session_socket(struct request *request) {
    static const struct standing_read reads[] = {{read_side_of, false}};
    return socket_serve(request, reads, 1, take_candidate);
}

/* -- DELETE /sessions/:code ---------------------------------------------------- */

struct response delete_session(struct request *request) {
    struct session session = find(request, request->parameters[0]);
    if (!session_there(&session)) {
        return fail_no_session();
    }
    session_withdraw(request, &session);
    return answer_success();
}
