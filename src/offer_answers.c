/* Answers: the first to answer an offer gets it, and its peer hears of that. */
#include "answer.h"
#include "handlers.h"
#include "handshake_facts.h"
#include "offer_fields.h"
#include "offer_pages.h"
#include "polling.h"

/* -- POST /offers/:id/answer --------------------------------------------------- */

static bool knows_secret(struct request *request, const struct offer *offer, struct text secret) {
    struct text wanted;
    return !offer_has_secret(offer) || (json_unquote(offer->secret, &wanted) && secret.at != NULL &&
                                        request->host->equal(secret, wanted));
}

struct response post_offer_answer(struct request *request) {
    const cJSON *body = json_parse(request->body);
    if (body == NULL) {
        return fail_not_json();
    }
    struct text sdp, secret;
    struct response wrong;
    if (!read_sdp(request, body, "", &sdp, &wrong)) {
        return wrong;
    }
    if (!json_text(body, "secret", &secret)) {
        fail_field(request, "", "secret", "a text", &wrong);
        return wrong;
    }
    struct handshake handshake = handshake_read(request, request->parameters[0]);
    if (!handshake.there) {
        return fail_no_offer();
    }
    if (text_equal(ref_peer(handshake.id), request->peer)) {
        return fail(400, TEXT("Cannot answer your own offer"));
    }
    if (handshake.answerer.at != NULL) {
        return fail(400, TEXT("Offer already answered"));
    }
    struct offer offer = offer_read(request, ref_of(handshake.id));
    if (offer.id.at == NULL) {
        return fail_no_offer();
    }
    if (!knows_secret(request, &offer, secret)) {
        return fail(400, TEXT("Invalid or missing secret"));
    }
    int64_t time = offer_answer(request, &offer, sdp);
    cJSON *answer = json_object();
    json_add_bool(answer, "success", true);
    json_add_text(answer, "offerId", offer.id);
    json_add_text(answer, "answererId", request->peer);
    json_add_number(answer, "answeredAt", time);
    return answer_json(200, answer);
}

/* -- GET /offers/answers ------------------------------------------------------- */

static void show_answer(struct request *request, cJSON *item, const struct answered *answered,
                        struct text said) {
    json_add_text(item, "offerId", answered->id);
    json_add_text(item, "answererId", answered->answerer);
    struct text topics = arena_copy(request->arena, text_cut(&said, '\n'));
    json_add_raw(item, "sdp", said);
    json_add_number(item, "answeredAt", answered->time);
    json_add_raw(item, "topics", topics);
}

/* `next` and `after` are the <time><random> of an answer; where both are given the later of `since`
 * and it counts. */
static size_t pass(const struct answered *answers, size_t count, struct text after) {
    size_t passed = 0;
    while (passed < count && after.at != NULL && text_compare(answers[passed].digits, after) <= 0) {
        passed++;
    }
    return passed;
}

/* How many come before one of which the store does not show yet what it says: that and those behind
 * it are shown later, for `since` goes on behind what is shown. */
static size_t count_said(const struct fact *said, size_t count) {
    size_t there = 0;
    while (there < count && said[there].value.at != NULL) {
        there++;
    }
    return there;
}

/* How many of those that fit are shown: `since` goes on behind the last one, so none of the same ms
 * is left out, unless they alone are too many. */
static size_t cut_list(const struct answered *answers, size_t fit, size_t count) {
    size_t end = fit;
    while (end > 0 && end < count && answers[end].time == answers[end - 1].time) {
        end--;
    }
    return end > 0 ? end : fit;
}

struct response get_offer_answers(struct request *request) {
    enum { DIGITS = 20 };
    struct response wrong;
    int64_t wait, since, limit;
    struct text after;
    if (!read_since(request, &since)) {
        return fail(400, TEXT("since must be a time in ms"));
    }
    if (!read_wait(request, &wait, &wrong) ||
        !read_limit(request, STORAGE_READ_MAX, STORAGE_READ_MAX, &limit, &wrong) ||
        !read_after(request, DIGITS, &after, &wrong)) {
        return wrong;
    }
    struct answered *answers;
    size_t count = answers_read(request, request->peer, since, &answers);
    size_t passed = pass(answers, count, after);
    answers += passed;
    count -= passed;
    struct fact said[STORAGE_READ_MAX];
    size_t most = count < (size_t)limit ? count : (size_t)limit;
    size_t shown = answers_say(request, request->peer, answers, most, said);
    shown = cut_list(answers, count_said(said, shown), count);
    cJSON *answer = json_object();
    cJSON *list = json_add_array(answer, "answers");
    for (size_t i = 0; i < shown; i++) {
        show_answer(request, json_push_object(list), &answers[i], said[i].value);
    }
    if (shown > 0 && shown < count) {
        json_add_text(answer, "next", answers[shown - 1].digits);
    }
    struct response response = answer_json(200, answer);
    if (shown > 0) {
        response.seen = arena_format(request->arena, "%d", answers[shown - 1].time);
    }
    return shown > 0 ? response : hold(response, wait, TEXT("answers"));
}
