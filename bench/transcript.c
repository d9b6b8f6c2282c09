/* Transcript: a fixed series of requests, for counting the instructions that each takes.
 *
 * Run under `valgrind --tool=callgrind --collect-atstart=no` it dumps the count of each row of the
 * table below, in order, and prints a line for it: @@ requests HMACs store-calls name. HMAC itself
 * is not counted: what it takes depends on the machine's OpenSSL. Clock and random bytes are fixed,
 * so two runs count the same. */
#include "host.h"

#include "check.h"
#include "memory.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <valgrind/callgrind.h>

enum { REPEAT = 10, SESSIONS = 100, TOPICS = 100, CODE_LEN = 36 };

#define SDP                                                                                        \
    "v=0\\r\\no=- 4611731400430051336 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"                \
    "a=group:BUNDLE 0\\r\\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\\r\\n"                 \
    "c=IN IP4 0.0.0.0\\r\\na=ice-ufrag:Q3hT\\r\\na=ice-pwd:7pHPlY0yX6oZsQ0ZK2cE5mJv\\r\\n"         \
    "a=ice-options:trickle\\r\\na=setup:actpass\\r\\na=mid:0\\r\\na=sctp-port:5000\\r\\n"
#define CANDIDATE "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 0.0.0.0"

/* -- Counting what the core asks of its host
 * --------------------------------------------------------- */

struct counting {
    struct storage storage;
    struct storage *under;
    int calls;
};

static struct counting store;
static bool counted; /* whether what is sent now is counted */
static int hmacs;
static void (*under_hmac)(struct text message, unsigned char digest[DIGEST_BYTES]);

static void counting_read(const struct storage *storage, struct arena *arena,
                          const struct text *keys, size_t count, struct fact *facts) {
    (void)storage;
    store.calls += counted;
    store.under->methods->read(store.under, arena, keys, count, facts);
}

static struct page counting_list(const struct storage *storage, struct arena *arena,
                                 struct text prefix, struct text after, size_t limit) {
    (void)storage;
    store.calls += counted;
    return store.under->methods->list(store.under, arena, prefix, after, limit);
}

static int64_t counting_count(struct storage *storage, struct text prefix, bool groups,
                              int64_t now) {
    (void)storage;
    store.calls += counted;
    return store.under->methods->count(store.under, prefix, groups, now);
}

static bool counting_apply(struct storage *storage, const struct edit *edits) {
    (void)storage;
    store.calls += counted;
    return store.under->methods->apply(store.under, edits);
}

static void toggle(void) {
    if (counted) {
        CALLGRIND_TOGGLE_COLLECT;
    }
}

static void counting_hmac(struct text message, unsigned char digest[DIGEST_BYTES]) {
    toggle();
    hmacs += counted;
    under_hmac(message, digest);
    toggle();
}

static const struct storage_methods counting_methods = {.read = counting_read,
                                                        .list = counting_list,
                                                        .apply = counting_apply,
                                                        .count = counting_count,
                                                        .atomic = true};

/* -- The requests
 * ------------------------------------------------------------------------------------ */

static struct test_host host;
static char code[CODE_LEN + 1];
static struct {
    char code[8 + 1], join_code[6 + 1], owner_token[43 + 1], guest_token[43 + 1];
} room;

static struct result send(int status, const char *method, const char *target, const char *body) {
    toggle();
    struct result result = test_send(&host, method, target, body);
    toggle();
    CHECK(result.status == status);
    host.now++;
    return result;
}

static void make_session(const char *topic) {
    char target[64];
    (void)snprintf(target, sizeof target, "/%s/offer", topic);
    struct result result =
        send(200, "POST", target, "{\"info\":\"peer-123\",\"offer\":\"" SDP "\"}");
    CHECK(strncmp(result.body, "{\"code\":\"", 9) == 0);
    memcpy(code, result.body + 9, CODE_LEN);
}

static void with_code(int status, const char *target, const char *side, const char *more) {
    char body[2048];
    (void)snprintf(body, sizeof body, "{\"code\":\"%s\",\"side\":\"%s\"%s}", code, side, more);
    (void)send(status, "POST", target, body);
}

static void add_candidate(const char *side, int i) {
    char more[256];
    (void)snprintf(more, sizeof more, ",\"candidate\":\"" CANDIDATE " rport %d\"", i);
    with_code(200, "/answer", side, more);
}

/* A session of three candidates a side. */
static void make_whole_session(int i) {
    (void)i;
    make_session("whole");
    for (int n = 0; n < 3; n++) {
        add_candidate("offerer", n);
        add_candidate("answerer", n);
    }
}

static void make_answered_session(int i) {
    make_whole_session(i);
    with_code(200, "/answer", "answerer", ",\"answer\":\"" SDP "\"");
}

static void nothing(int i) {
    (void)i;
}

static void health(int i) {
    (void)i;
    (void)send(200, "GET", "/health", NULL);
}

static void preflight(int i) {
    (void)i;
    (void)send(204, "OPTIONS", "/answer", NULL);
}

static void offer(int i) {
    char topic[16];
    (void)snprintf(topic, sizeof topic, "new-%d", i);
    make_session(topic);
}

static void offer_hundredth(int i) {
    (void)i;
    make_session("listed");
}

static void list(int i) {
    (void)i;
    (void)send(200, "GET", "/listed/sessions?limit=100", NULL);
}

static void answer(int i) {
    (void)i;
    with_code(200, "/answer", "answerer", ",\"answer\":\"" SDP "\"");
}

static void candidate(int i) {
    add_candidate("offerer", 100 + i);
}

static void poll_offerer(int i) {
    (void)i;
    with_code(200, "/poll", "offerer", "");
}

static void poll_answerer(int i) {
    (void)i;
    with_code(200, "/poll", "answerer", "");
}

static void topics(int i) {
    (void)i;
    (void)send(200, "GET", "/topics?offset=0&limit=100", NULL);
}

static void withdraw(int i) {
    (void)i;
    char target[64];
    (void)snprintf(target, sizeof target, "/sessions/%s", code);
    (void)send(200, "DELETE", target, NULL);
}

static void no_route(int i) {
    (void)i;
    (void)send(404, "GET", "/no/such/route", NULL);
}

static void not_json(int i) {
    (void)i;
    (void)send(400, "POST", "/poll", "{\"code\":");
}

static void no_session(int i) {
    (void)i;
    (void)send(404, "POST", "/poll",
               "{\"code\":\"01234567-89ab-4cde-8123-456789abcdef\",\"side\":\"offerer\"}");
}

/* -- Rooms --------------------------------------------------------------------- */

/* Copies the text of a member, which must be as long as there is room for. */
static void take(struct result result, const char *member, char *into, size_t size) {
    char quoted[32];
    (void)snprintf(quoted, sizeof quoted, "\"%s\":\"", member);
    const char *found = strstr(result.body, quoted);
    CHECK(found != NULL);
    memcpy(into, found + strlen(quoted), size - 1);
}

static void to_room(int status, const char *token, const char *method, const char *path,
                    const char *body) {
    char target[64];
    (void)snprintf(target, sizeof target, "/rooms/%s%s", room.code, path);
    host.headers[HEADER_ACCESS_TOKEN] = token;
    (void)send(status, method, target, body);
}

static void make_room(int i) {
    (void)i;
    struct result result = send(201, "POST", "/rooms", "{\"hostUserName\":\"host\"}");
    take(result, "code", room.code, sizeof room.code);
    take(result, "joinCode", room.join_code, sizeof room.join_code);
    take(result, "ownerToken", room.owner_token, sizeof room.owner_token);
}

static void join_room(int i) {
    (void)i;
    char target[64], body[128];
    (void)snprintf(target, sizeof target, "/rooms/%s/join", room.code);
    (void)snprintf(body, sizeof body, "{\"guestUserName\":\"guest\",\"joinCode\":\"%s\"}",
                   room.join_code);
    take(send(200, "POST", target, body), "guestToken", room.guest_token, sizeof room.guest_token);
}

static void room_offer(int i) {
    (void)i;
    to_room(204, room.owner_token, "POST", "/offer", "{\"type\":\"offer\",\"sdp\":\"" SDP "\"}");
}

static void room_answer(int i) {
    (void)i;
    to_room(204, room.guest_token, "POST", "/answer", "{\"type\":\"answer\",\"sdp\":\"" SDP "\"}");
}

static void room_candidates(int i) {
    (void)i;
    to_room(204, room.owner_token, "POST", "/candidate",
            "{\"candidates\":[{\"candidate\":\"" CANDIDATE
            " 1\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0},{\"candidate\":\"" CANDIDATE
            " 2\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0},{\"candidate\":\"" CANDIDATE
            " 3\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}]}");
}

static void room_snapshot(int i) {
    (void)i;
    to_room(200, room.owner_token, "GET", "", NULL);
}

static void room_list(int i) {
    (void)i;
    to_room(200, room.guest_token, "GET", "/candidates", NULL);
}

static void make_joined_room(int i) {
    make_room(i);
    join_room(i);
}

static void make_offered_room(int i) {
    make_joined_room(i);
    room_offer(i);
    room_candidates(i);
}

static void make_paired_room(int i) {
    make_offered_room(i);
    room_answer(i);
}

/* -- Peers and services --------------------------------------------------------- */

enum { LISTED = 50, POOL = 10 };

static struct peer { char id[32 + 1], bearer[128]; } ann, bob;
static struct { char offer[64 + 1], uuid[36 + 1]; } made;

static void make_peer(struct peer *peer) {
    char secret[64 + 1] = "";
    struct result result = send(200, "POST", "/register", NULL);
    take(result, "peerId", peer->id, sizeof peer->id);
    take(result, "secret", secret, sizeof secret);
    (void)snprintf(peer->bearer, sizeof peer->bearer, "Bearer %s:%s", peer->id, secret);
}

static struct result as_peer(int status, const struct peer *peer, const char *method,
                             const char *target, const char *body) {
    host.headers[HEADER_AUTHORIZATION] = peer->bearer;
    struct result result = send(status, method, target, body);
    host.headers[HEADER_AUTHORIZATION] = NULL;
    return result;
}

static void peer_offer(int i) {
    char body[1024];
    (void)snprintf(body, sizeof body,
                   "{\"offers\":[{\"sdp\":\"" SDP "\",\"topics\":[\"one-%d\"]}]}", i);
    take(as_peer(201, &ann, "POST", "/offers", body), "id", made.offer, sizeof made.offer);
}

static void by_topic(int i) {
    (void)i;
    (void)send(200, "GET", "/offers/by-topic/many", NULL);
}

static void to_offer(const struct peer *peer, const char *method, const char *path,
                     const char *body) {
    char target[128];
    (void)snprintf(target, sizeof target, "/offers/%s%s", made.offer, path);
    (void)as_peer(200, peer, method, target, body);
}

static void peer_answer(int i) {
    (void)i;
    to_offer(&bob, "POST", "/answer", "{\"sdp\":\"" SDP "\"}");
}

static void peer_candidates(int i) {
    (void)i;
    to_offer(&ann, "POST", "/ice-candidates",
             "{\"candidates\":[{\"candidate\":\"" CANDIDATE " 1\"},{\"candidate\":\"" CANDIDATE
             " 2\"},{\"candidate\":\"" CANDIDATE " 3\"}]}");
}

static void peer_poll(int i) {
    (void)i;
    to_offer(&bob, "GET", "/ice-candidates", NULL);
}

static void peer_answers(int i) {
    (void)i;
    (void)as_peer(200, &ann, "GET", "/offers/answers", NULL);
}

static void make_answered_offer(int i) {
    make_peer(&ann);
    peer_offer(i);
    peer_answer(i);
    peer_candidates(i);
}

static void service(int i) {
    (void)i;
    char target[64];
    (void)snprintf(target, sizeof target, "/services/%s", made.uuid);
    (void)send(200, "GET", target, NULL);
}

static void query(int i) {
    (void)i;
    (void)send(200, "POST", "/index/ann/query", "{\"serviceFqn\":\"chat@^1.0.0\"}");
}

static void base64(char *out, const unsigned char *bytes, size_t len) {
    CHECK(EVP_EncodeBlock((unsigned char *)out, bytes, (int)len) > 0);
}

/* Ann's name is hers, and has a service with a pool of offers. */
static void make_service(void) {
    static const unsigned char seed[PUBLIC_KEY_BYTES] = {1, 2, 3};
    unsigned char bytes[SIGNATURE_BYTES];
    char key[64], signature[128], message[128], body[16384], *end = body;
    size_t len = PUBLIC_KEY_BYTES;
    EVP_PKEY *owner = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, PUBLIC_KEY_BYTES);
    CHECK(owner != NULL && EVP_PKEY_get_raw_public_key(owner, bytes, &len) == 1);
    base64(key, bytes, len);
    static const char *const said[] = {"claim:ann", "publish:ann:chat@1.0.0"};
    for (int i = 0; i < 2; i++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        (void)snprintf(message, sizeof message, "%s:%lld", said[i], (long long)host.now);
        len = SIGNATURE_BYTES;
        CHECK(EVP_DigestSignInit(context, NULL, NULL, NULL, owner) == 1 &&
              EVP_DigestSign(context, bytes, &len, (const unsigned char *)message,
                             strlen(message)) == 1);
        EVP_MD_CTX_free(context);
        base64(signature, bytes, len);
        end = body + snprintf(body, sizeof body,
                              "{\"username\":\"ann\",\"publicKey\":\"%s\",\"signature\":\"%s\","
                              "\"message\":\"%s\",\"serviceFqn\":\"chat@1.0.0\",\"offers\":[",
                              key, signature, message);
        for (int offer = 0; offer < POOL; offer++) {
            end += snprintf(end, 1024, "%s{\"sdp\":\"" SDP "\"}", offer > 0 ? "," : "");
        }
        (void)snprintf(end, 8, "]}");
        if (i == 0) {
            (void)send(200, "POST", "/usernames/claim", body);
        } else {
            take(as_peer(201, &bob, "POST", "/services", body), "uuid", made.uuid,
                 sizeof made.uuid);
        }
    }
    EVP_PKEY_free(owner);
}

static void seed_peers(void) {
    for (int i = 0; i < LISTED; i++) {
        make_peer(&ann);
        (void)as_peer(201, &ann, "POST", "/offers",
                      "{\"offers\":[{\"sdp\":\"" SDP "\",\"topics\":[\"many\"]}]}");
    }
    make_peer(&bob);
    make_service();
}

/* -- The transcript
 * ---------------------------------------------------------------------------------- */

struct row {
    const char *name;
    void (*before)(int i); /* each request, not counted */
    void (*counted)(int i);
};

static const struct row rows[] = {
    {"GET /health", nothing, health},
    {"OPTIONS, a preflight", nothing, preflight},
    {"POST /:topic/offer, the topic's first", nothing, offer},
    {"POST /:topic/offer, its 100th", nothing, offer_hundredth},
    {"GET /:topic/sessions, 100 of them", nothing, list},
    {"POST /answer, an answer", make_whole_session, answer},
    {"POST /answer, a candidate", make_whole_session, candidate},
    {"POST /poll, offerer, 3 candidates", make_answered_session, poll_offerer},
    {"POST /poll, answerer, 3 candidates", make_answered_session, poll_answerer},
    {"GET /topics, 100 of them", nothing, topics},
    {"DELETE /sessions/:code", make_whole_session, withdraw},
    {"POST /rooms", nothing, make_room},
    {"POST /rooms/:code/join", make_room, join_room},
    {"POST /rooms/:code/offer", make_joined_room, room_offer},
    {"POST /rooms/:code/candidate, 3 at once", make_joined_room, room_candidates},
    {"POST /rooms/:code/answer", make_offered_room, room_answer},
    {"GET /rooms/:code, offer and answer", make_paired_room, room_snapshot},
    {"GET /rooms/:code/candidates, 3", make_paired_room, room_list},
    {"POST /offers, one", nothing, peer_offer},
    {"GET /offers/by-topic/:topic, 50 of them", nothing, by_topic},
    {"POST /offers/:id/answer", peer_offer, peer_answer},
    {"POST /offers/:id/ice-candidates, 3 at once", make_answered_offer, peer_candidates},
    {"GET /offers/:id/ice-candidates, 3", make_answered_offer, peer_poll},
    {"GET /offers/answers, one", make_answered_offer, peer_answers},
    {"GET /services/:uuid, a pool of 10", nothing, service},
    {"POST /index/:username/query", nothing, query},
    {"404, no such route", nothing, no_route},
    {"400, not JSON", nothing, not_json},
    {"404, no such session", nothing, no_session},
};

static void count(const struct row *row) {
    hmacs = store.calls = 0;
    CALLGRIND_ZERO_STATS;
    for (int i = 0; i < REPEAT; i++) {
        row->before(i);
        counted = true;
        row->counted(i);
        counted = false;
    }
    CALLGRIND_DUMP_STATS_AT(row->name);
    printf("@@ %d %d %d %s\n", REPEAT, hmacs, store.calls, row->name);
}

/* One session less than SESSIONS under the listed topic; TOPICS topics with the two that the rows
 * use. */
static void seed(void) {
    for (int i = 1; i < SESSIONS; i++) {
        make_session("listed");
        add_candidate("offerer", i);
    }
    for (int i = 0; i < TOPICS; i++) {
        char topic[16];
        (void)snprintf(topic, sizeof topic, "topic-%02d", i);
        make_session(topic);
    }
}

int main(void) {
    store.under = memory_open();
    CHECK(store.under != NULL);
    store.storage.methods = &counting_methods;
    test_host_open(&host, &store.storage);
    under_hmac = host.host.hmac;
    host.host.hmac = counting_hmac;
    host.headers[HEADER_REGISTRY_VERSION] = "1";
    host.settings[RATE_LIMITS] = "off"; /* counting is the host's, not the core's */
    seed();
    seed_peers();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        count(&rows[i]);
    }
    test_host_close(&host);
    memory_close(store.under);
    return 0;
}
