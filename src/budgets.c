/* Budgets: one row for each. */
#include "budgets.h"

#include "keys.h"
#include "room_code.h"

#include <arpa/inet.h>
#include <string.h>

enum subject { BY_ADDRESS, BY_ROOM, BY_TOKEN };

static const struct row {
    const char *name; /* of the binding in wrangler.toml, which has the same figures */
    int limit;
    int period; /* s; Workers know 10 and 60 */
    enum subject subject;
} rows[BUDGETS] = {
    [BUDGET_CREATE] = {"RATE_CREATE", 5, 60, BY_ADDRESS},
    [BUDGET_LOOK_UP] = {"RATE_LOOK_UP", 5, 60, BY_ADDRESS},
    [BUDGET_JOIN] = {"RATE_JOIN", 10, 60, BY_ADDRESS},
    [BUDGET_JOIN_ROOM] = {"RATE_JOIN", 10, 60, BY_ROOM},
    [BUDGET_POLL] = {"RATE_POLL", 20, 10, BY_TOKEN},
};

/* Who has one address of an IPv6 network of 64 bits has all of them, and is one caller. An IPv4
 * address that a socket of both kinds shows as ::ffff:192.0.2.1 is the IPv4 address. */
static struct text network(const struct request *request) {
    struct text address = arena_copy(request->arena, request->address);
    unsigned char bytes[16];
    if (inet_pton(AF_INET6, address.at, bytes) != 1) {
        return address;
    }
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        return arena_format(request->arena, "%d.%d.%d.%d", (int64_t)bytes[12], (int64_t)bytes[13],
                            (int64_t)bytes[14], (int64_t)bytes[15]);
    }
    uint64_t half = 0;
    for (int i = 0; i < 8; i++) {
        half = half << 8 | bytes[i];
    }
    return arena_format(request->arena, "%x::/64", 16, half);
}

/* Absent where there is nobody to count: what is no code is no room. */
static struct text subject_of(struct request *request, enum subject subject) {
    struct text code;
    switch (subject) {
    case BY_ADDRESS:
        return network(request);
    case BY_ROOM:
        return room_code_read(request->arena, request->parameters[0], &code) ? code : NO_TEXT;
    case BY_TOKEN:
        return request->headers[HEADER_ACCESS_TOKEN];
    }
    return NO_TEXT;
}

int budgets_spend(struct request *request, unsigned set, const char *route) {
    if (!request->settings.rate_limits) {
        return 0;
    }
    for (int i = 0; i < BUDGETS; i++) {
        const struct row *row = &rows[i];
        if ((set & SPENDS(i)) == 0) {
            continue;
        }
        struct text subject = subject_of(request, row->subject);
        if (subject.at == NULL) {
            continue;
        }
        struct text scope = arena_format(request->arena, "%s %d", route, (int64_t)row->subject);
        struct text key = keyed_digest(request, "budget", scope, subject);
        if (!request->host->spend(text_of(row->name), key, row->limit, row->period)) {
            return row->period;
        }
    }
    return 0;
}
