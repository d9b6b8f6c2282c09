/* Keys: where every fact lives. docs/keys.md is the same in prose, with values, writers and
 * expiries.
 *
 *     topic/<origin><topic>/<age><id>/...    all facts of one session, sessions newest first
 *     origin/<origin>/<name> <age><id>...    one for each session, by topic name
 *     room/<code>/<time><random>-<kind>      what happened in a room, oldest first
 *
 * <origin> 16 and <topic> 8 digits of keyed hashes; <age> 12 digits that fall as time goes on; <id>
 * 16 digits. All digits are hexadecimal. */
#ifndef RONDEVU_KEYS_H
#define RONDEVU_KEYS_H

#include "request.h"
#include "session_code.h"

enum { SESSION_ID_LEN = 12 + 16 }; /* <age><id> */

/* The first 64 bits of an HMAC over label, origin and name: the same for nobody without
 * AUTH_SECRET. */
uint64_t keyed_hash(const struct request *request, const char *label, struct text name);

/* The HMAC of all three, 64 digits: what is kept, or handed on, of a secret or an address. */
struct text keyed_digest(const struct request *request, const char *label, struct text scope,
                         struct text secret);

/* room/<code>/ */
struct text key_room(struct request *request, struct text code);
/* <age><id> */
struct text key_session_id(struct request *request, struct session_code code);
/* topic/<origin><topic>/ */
struct text key_topic(struct request *request, uint32_t topic);
/* topic/<origin><topic>/<age><id>/ */
struct text key_session(struct request *request, struct session_code code);
/* origin/<origin>/ and as much of the name as keys hold; every topic that starts so is under it. */
struct text key_directory(struct request *request, struct text name_start);
/* origin/<origin>/<name> and the space: the sessions of one topic, and of no other. */
struct text key_directory_topic(struct request *request, struct text name, uint32_t topic);

#endif
