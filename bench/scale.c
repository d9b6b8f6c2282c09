/* Scale: what a page costs where few offers are open, and where a million are.
 *
 * Every offer is under the topic `all` and under one of its own, a hundred to a peer. The store is
 * that of the native server, in memory. Run under `valgrind --tool=callgrind --instr-atstart=no
 * --collect-atstart=no` it dumps the instructions of each request, and prints a line for it:
 * @@ offers name. HMAC is not counted, as in transcript.c. The numbers of offers are the arguments,
 * in rising order. */
#include "host.h"

#include "check.h"
#include "memory.h"
#include "offer_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

enum { PER_PEER = 100 };

static const char sdp[] =
    "\"v=0\\r\\no=- 4611731400430051336 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\n"
    "a=group:BUNDLE 0\\r\\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\\r\\n"
    "c=IN IP4 0.0.0.0\\r\\na=ice-ufrag:Q3hT\\r\\na=ice-pwd:7pHPlY0yX6oZsQ0ZK2cE5mJv\\r\\n"
    "a=ice-options:trickle\\r\\na=setup:actpass\\r\\na=mid:0\\r\\na=sctp-port:5000\\r\\n\"";

static struct test_host host;
static void (*under_hmac)(struct text message, unsigned char digest[DIGEST_BYTES]);

static void uncounted_hmac(struct text message, unsigned char digest[DIGEST_BYTES]) {
    CALLGRIND_TOGGLE_COLLECT;
    under_hmac(message, digest);
    CALLGRIND_TOGGLE_COLLECT;
}

/* What POST /offers does once it has read its body. */
static void publish(int from, int count) {
    CHECK(test_send(&host, "OPTIONS", "/", NULL).status == 204);
    struct request *request = &host.request;
    json_use(request->arena);
    request->peer = arena_format(request->arena, "%x%x", 16,
                                 (uint64_t)(from / PER_PEER) * UINT64_C(0x9E3779B97F4A7C15), 16,
                                 (uint64_t)from / PER_PEER);
    struct offer *offers = arena_array(request->arena, (size_t)count, sizeof offers[0]);
    for (int i = 0; i < count; i++) {
        offers[i] = (struct offer){
            .created_at = request->now,
            .expires_at = request->now + 60000,
            .service = TEXT(""),
            .topics = arena_format(request->arena, "[\"all\",\"topic-%x\"]", 8,
                                   (uint64_t)(from + i) * 2654435761),
            .secret = TEXT("null"),
            .info = TEXT("null"),
            .sdp = {sdp, sizeof sdp - 1},
        };
    }
    offers_publish(request, offers, (size_t)count, false);
    CHECK(storage_apply(host.host.storage, request->edits));
}

static void count(int offers, const char *target) {
    char name[128];
    CHECK(test_send(&host, "GET", target, NULL).status == 200); /* what expired is swept */
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    struct result result = test_send(&host, "GET", target, NULL);
    CALLGRIND_TOGGLE_COLLECT;
    (void)snprintf(name, sizeof name, "%d %s", offers, target);
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
    const char *total = strstr(result.body, "\"total\":");
    CHECK(result.status == 200 && total != NULL);
    printf("@@ %d %d %s\n", offers, atoi(total + strlen("\"total\":")), target);
}

int main(int argc, char **argv) {
    struct storage *store = memory_open();
    CHECK(store != NULL);
    test_host_open(&host, store);
    under_hmac = host.host.hmac;
    host.host.hmac = uncounted_hmac;
    int made = 0;
    for (int i = 1; i < argc; i++) {
        for (int wanted = atoi(argv[i]); made < wanted; made += PER_PEER) {
            publish(made, PER_PEER);
        }
        count(made, "/offers/by-topic/all");
        count(made, "/topics?limit=50");
        (void)fflush(stdout);
    }
    test_host_close(&host);
    memory_close(store);
    return 0;
}
