/* Name facts: who owns a user name, and which signatures were used for it.
 *
 *     name/<username>/owner/<claim>/<time><signature>     public key
 *
 * One for each signature that was accepted. A claim is <time><random> of its first; the name is
 * held by the earliest claim of which there is a fact, for as long as the longest-lived of them is
 * there. <signature> is a keyed hash. */
#ifndef RONDEVU_NAME_FACTS_H
#define RONDEVU_NAME_FACTS_H

#include "json.h"
#include "keys.h"

struct name {
    struct text username;
    struct text prefix;
    struct page page;
    struct text claim; /* absent where nobody holds the name */
    struct text key;   /* base64 */
    int64_t claimed_at, expires_at;
};

struct name name_read(struct request *request, struct text username);

/* What somebody signed, and how. */
struct signed_message {
    struct text message;
    struct text signature; /* bytes; absent where they were none */
    struct text used;      /* digits: stands for the signature in keys */
};
enum signing { SIGNING_RIGHT, SIGNING_MESSAGE, SIGNING_TIME, SIGNING_WRONG };
/* Reads the members `message` and `signature`; false where one is no text or missing. */
bool signed_read(struct request *request, const cJSON *body, struct text username,
                 struct signed_message *read);
/* Whether it says `wanted` and the time, now, under that key in base64. */
enum signing signed_check(struct request *request, const struct signed_message *read,
                          struct text wanted, struct text key);
bool signed_before(const struct name *name, const struct signed_message *read);

/* The edits that note a signature. The first uses the name, and claims it for `key` where nobody
 * holds it; returns when it expires, in ms. */
int64_t name_use(struct request *request, struct name *name, const struct signed_message *read,
                 struct text key);
void name_note(struct request *request, const struct name *name, const struct signed_message *read);

#endif
