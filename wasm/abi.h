/* The WebAssembly face of the core: all that passes between the module and its host.
 *
 * One request, as the host sees it:
 *
 *     at = request_begin(size, head_len)
 *     write head, random bytes and body, `size` bytes in all, to memory[at...]
 *     reply = request_run(), or request_refuse(status)
 *     read the struct reply, and what it points to
 *
 * Memory. The module owns all of it. What request_begin() gave stays until the next
 * request_begin(); what a reply points to stays until the next call of any export. The host takes a
 * new view of memory.buffer after every call, since any call may grow the memory; it checks every
 * address and length it is given.
 *
 * The head is UTF-8, lines ended by a line feed: time now in ms; a line for each setting that
 * describe() names; method, path, query (without "?"), own origin, client's address; a line for
 * each header that describe() names. Settings and headers are "=" and the value, or nothing where
 * there is none. RANDOM_BYTES from a CSPRNG come next, then the body.
 *
 * Leaving early. `leave` never returns, and `enter` may not: the host throws a JavaScript exception
 * through the C frames and sets __stack_pointer back to what it was. A trap (an exception that the
 * host did not throw) means a bug in the module: the host drops the instance, and answers
 * with request_refuse(500) of another one. */
#ifndef RONDEVU_ABI_H
#define RONDEVU_ABI_H

#include <stdint.h>

#define WASM_EXPORT(name) __attribute__((export_name(name)))
#define WASM_IMPORT(name) __attribute__((import_module("host"), import_name(name)))

enum {
    ARENA_MAX = 16 * 1024 * 1024, /* bytes that one request may use; over it is 503 */
};

/* Why the request is left. */
enum leave {
    LEAVE_MISS = 1,   /* facts are missing, and noted: fetch them, run again */
    LEAVE_MEMORY = 2, /* ARENA_MAX is reached: answer with request_refuse(503) */
};

/* Little-endian. The head is JSON, and the same for many requests:
 *
 *     {"status": 200, "route": "POST /answer", "headers": {"Name": "value", ...}, "wait"?: seconds,
 *      "waiter"?: text, "seen"?: text, "again"?: ms}
 *
 * `route` is for the log. `wait` is how long the reader would wait for news; `waiter` tells readers
 * in one shard apart, and what they wait for. An answer of 101, which opens or feeds a socket, has
 * `waiter`, `seen` and `again`: src/sockets.h. The edits are three
 * texts each, every one ended by a NUL: the key; "=" and the value, or nothing where it is to be
 * deleted; the ms at which it expires. They are for the store, in this order and before the answer
 * is sent.
 */
struct reply {
    uint32_t head, head_len;
    uint32_t body, body_len;
    uint32_t edits, edits_len;
};

/* Facts are handed over as texts, each ended by a NUL, in bytes that the host got from
 * fact_space(): "1" where the list goes on, else "0"; how many facts there are; and for each its
 * key, its value, and the ms at which it expires, 0 where there is no such fact. No key and no
 * value holds a NUL. */

/* -- Exports, besides `memory` and `__stack_pointer` --------------------------- */

/* Only a head: {"settings": [names], "requestHeaders": [names]}, which are what a request's head is
 * to carry. */
struct reply *describe(void);
/* Room for a request of that many bytes, or 0 where it would not fit. Forgets the one before. */
void *request_begin(uint32_t size, uint32_t head_len);
/* Runs the route's handler once. */
struct reply *request_run(void);
/* The answer to a request that could not be finished: 500 or 503. */
struct reply *request_refuse(uint32_t status);
/* Room for facts, for the imports that hand them over. It may leave, as they may. */
void *fact_space(uint32_t size);

/* -- Imports, from the module "host" ------------------------------------------- */

/* The facts of the keys, each of which is ended by a line feed, in their order. 0: not fetched yet,
 * and noted. */
WASM_IMPORT("read") char *host_read(const char *keys, uint32_t len);
/* A page, as storage_list() has it. 0: not fetched yet, and noted. What is noted is fetched before
 * the request is run again, however many pages that are. */
WASM_IMPORT("list")
char *host_list(const char *prefix, uint32_t prefix_len, const char *after, uint32_t after_len,
                uint32_t limit);
/* How many facts there are under the prefix, or groups of them, as storage_count() has it. While
 * the host does not know yet, the answer is 0, and is noted as missing: a run that ends so is run
 * again. */
WASM_IMPORT("count")
uint32_t host_count(const char *prefix, uint32_t prefix_len, uint32_t groups);
/* The request is to run in that shard: returns where it does, or has been there. Else the host
 * leaves the run, and begins anew in the shard. */
WASM_IMPORT("enter") void host_enter(const char *shard, uint32_t len);
/* HMAC-SHA-256 under AUTH_SECRET; writes 32 bytes to `digest`. Returns 32. */
WASM_IMPORT("hmac") uint32_t host_hmac(const char *message, uint32_t len, unsigned char *digest);
/* Whether the two are the same, in constant time. */
WASM_IMPORT("equal") uint32_t host_equal(const char *a, const char *b, uint32_t len);
/* Whether the 64 bytes of the signature are that of the message under the key of 32 bytes, Ed25519.
 */
WASM_IMPORT("verify")
uint32_t host_verify(const char *public_key, const char *signature, const char *message,
                     uint32_t len);
/* How many bytes AUTH_SECRET has. */
WASM_IMPORT("secretLen") uint32_t host_secret_len(void);
/* Takes one from what the key may have of that budget, `limit` in `period` s, once a request: 1, or
 * 0 where none is left. While the host does not know yet, the answer is 1, and is noted as missing:
 * a run that ends so is run again. */
WASM_IMPORT("spend")
uint32_t host_spend(const char *budget, uint32_t budget_len, const char *key, uint32_t key_len,
                    uint32_t limit, uint32_t period);
/* See enum leave. Does not return. */
WASM_IMPORT("leave") _Noreturn void host_leave(enum leave why);

#endif
