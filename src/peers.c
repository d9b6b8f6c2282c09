/* Peers: their credentials are an id and its HMAC under AUTH_SECRET, and nothing is stored. */
#include "peers.h"

#include "answer.h"
#include "handlers.h"
#include "keys.h"
#include "offer_id.h"

enum { SECRET_MIN = 32 }; /* bytes of AUTH_SECRET: as many as its HMACs have */

static bool may_prove(const struct request *request, struct response *wrong) {
    *wrong = fail(503, TEXT("This server cannot do that before its operator sets AUTH_SECRET to a "
                            "random text of at least 32 bytes"));
    return request->host->secret_len() >= SECRET_MIN;
}

static struct text secret_of(struct request *request, struct text peer) {
    return keyed_digest(request, "peer", NO_TEXT, peer);
}

struct response post_register(struct request *request) {
    struct response wrong;
    if (!may_prove(request, &wrong)) {
        return wrong;
    }
    uint64_t high = random_take(request, 8);
    uint64_t low = random_take(request, 8);
    struct text peer = arena_format(request->arena, "%x%x", 16, high, 16, low);
    cJSON *answer = json_object();
    json_add_text(answer, "peerId", peer);
    json_add_text(answer, "secret", secret_of(request, peer));
    return answer_json(200, answer);
}

static struct response fail_credentials(struct text sentence) {
    struct response response = fail(401, sentence);
    response.headers = TEXT("WWW-Authenticate: Bearer\n");
    return response;
}

struct response fail_no_credentials(void) {
    return fail_credentials(TEXT("Missing Authorization header"));
}

/* The name of an authentication scheme has no case (RFC 9110, 11.1). */
static bool is_bearer(struct text scheme) {
    static const char bearer[] = "bearer";
    for (size_t i = 0; i < scheme.len && scheme.len == sizeof bearer - 1; i++) {
        if ((scheme.at[i] | 0x20) != bearer[i]) {
            return false;
        }
    }
    return scheme.len == sizeof bearer - 1;
}

bool peer_enter(struct request *request, struct response *wrong) {
    if (!may_prove(request, wrong)) {
        return false;
    }
    struct text secret = request->headers[HEADER_AUTHORIZATION];
    if (secret.at == NULL) {
        *wrong = fail_no_credentials();
        return false;
    }
    struct text scheme = text_cut(&secret, ' ');
    secret = text_trim(secret, TEXT(" "));
    struct text peer = text_cut(&secret, ':');
    if (!is_bearer(scheme) || peer.len == 0 || secret.len == 0) {
        *wrong = fail_credentials(
            TEXT("Invalid Authorization header format. Expected: Bearer {peerId}:{secret}"));
        return false;
    }
    if (!peer_id_valid(peer) || !request->host->equal(secret, secret_of(request, peer))) {
        *wrong = fail_credentials(TEXT("Invalid credentials"));
        return false;
    }
    request->peer = peer;
    return true;
}
