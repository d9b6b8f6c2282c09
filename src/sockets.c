/* Sockets. */
#include "sockets.h"

#include "answer.h"
#include "cors.h"

enum { ID_MAX = 64 /* characters, of a message */ };

/* -- Opening ------------------------------------------------------------------- */

/* The first segment of the protocol says what its rest is. */
static void take_credential(struct request *request, struct text protocol) {
    struct text kind = text_cut(&protocol, '.');
    if (text_equal(kind, TEXT("token"))) {
        request->headers[HEADER_ACCESS_TOKEN] = protocol;
    } else if (text_equal(kind, TEXT("side"))) {
        request->side = protocol;
    } else if (text_equal(kind, TEXT("peer"))) {
        struct text peer = text_cut(&protocol, '.');
        request->headers[HEADER_AUTHORIZATION] =
            arena_format(request->arena, "Bearer %t:%t", &peer, &protocol);
    }
}

static bool take_protocols(struct request *request) {
    struct text offered = request->headers[HEADER_PROTOCOL];
    bool known = false;
    while (offered.len > 0) {
        struct text protocol = text_trim(text_cut(&offered, ','), TEXT(" \t"));
        known = known || text_equal(protocol, TEXT("rondevu"));
        take_credential(request, protocol);
    }
    return known;
}

static bool is_websocket(struct text upgrade) {
    static const char word[] = "websocket";
    for (size_t i = 0; i < upgrade.len && upgrade.len == sizeof word - 1; i++) {
        if ((upgrade.at[i] | 0x20) != word[i]) {
            return false;
        }
    }
    return upgrade.len == sizeof word - 1;
}

bool socket_enter(struct request *request, struct response *wrong) {
    *wrong = fail(501, TEXT("This server does not push; poll with wait"));
    if (!request->host->pushes) {
        return false;
    }
    *wrong = fail(426, TEXT("Open a WebSocket here, or poll with wait"));
    wrong->headers = TEXT("Upgrade: websocket\n");
    if (!is_websocket(request->headers[HEADER_UPGRADE])) {
        return false;
    }
    request->is_message = request->body.len > 0 && request->headers[HEADER_SEEN].len > 0;
    *wrong = fail(403, TEXT("Pages of this origin may not use this server"));
    if (!cors_lets_in(request)) {
        return false;
    }
    *wrong = fail_as(400, "bad_protocol",
                     TEXT("Sec-WebSocket-Protocol must offer rondevu, and the credential"));
    return take_protocols(request);
}

/* -- What is sent -------------------------------------------------------------- */

/* The same for every socket of one credential, however its request is spelled. */
static struct text who(const struct request *request) {
    if (request->headers[HEADER_ACCESS_TOKEN].at != NULL) {
        return request->headers[HEADER_ACCESS_TOKEN];
    }
    return request->peer.at != NULL
               ? request->peer
               : arena_format(request->arena, "%t %t", &request->side, &request->parameters[0]);
}

static struct response push(struct request *request, const struct standing_read *reads,
                            size_t count) {
    struct text before = request->headers[HEADER_SEEN];
    bool first = before.len == 0;
    struct response all = {.status = 101, .body = TEXT(""), .seen = TEXT("")};
    for (size_t i = 0; i < count; i++) {
        request->seen = first ? NO_TEXT : text_cut(&before, ' ');
        struct response read = reads[i].read(request);
        if (read.status >= 400) {
            return read;
        }
        bool news = read.waiter.at == NULL || (first && reads[i].at_once);
        if (news && read.body.len > 0) {
            const char *end = read.body.at[read.body.len - 1] == '\n' ? "" : "\n";
            all.body = arena_format(request->arena, "%t%t%s", &all.body, &read.body, end);
        }
        const char *blank = i == 0 ? "" : " ";
        all.seen = arena_format(request->arena, "%t%s%t", &all.seen, blank, &read.seen);
        if (read.again > 0 && (all.again == 0 || read.again < all.again)) {
            all.again = read.again;
        }
    }
    request->seen = NO_TEXT;
    all.headers = TEXT("Sec-WebSocket-Protocol: rondevu\n");
    all.waiter = who(request);
    return all;
}

/* -- Messages ------------------------------------------------------------------ */

static bool read_id(struct request *request, const cJSON *message) {
    struct text id;
    bool valid = json_text(message, "id", &id) &&
                 (id.at == NULL || (id.len > 0 && text_characters(id) <= ID_MAX));
    request->message = valid && id.at != NULL ? json_quote(id) : NO_TEXT;
    return valid;
}

struct text socket_answer(const struct request *request, int status, struct text body) {
    struct text id = request->message.at != NULL ? request->message : TEXT("null");
    struct text members = body.len > 2 ? text_from(body, 1) : TEXT("}");
    return arena_format(request->arena, "{\"id\":%t,\"status\":%d%s%t", &id, (int64_t)status,
                        body.len > 2 ? "," : "", &members);
}

struct response
socket_serve(struct request *request, const struct standing_read *reads, size_t count,
             struct response (*take)(struct request *request, const cJSON *message)) {
    if (!request->is_message) {
        return push(request, reads, count);
    }
    const cJSON *message = json_parse(request->body);
    if (message == NULL) {
        return fail_not_json();
    }
    return read_id(request, message) ? take(request, message)
                                     : fail(400, TEXT("id must be a text of 1 to 64 characters"));
}
