/* Keys: where every fact lives. docs/keys.md is the same in prose, with values, writers and
 * expiries.
 *
 *     topic/<origin><topic>/<age><id>/...    all facts of one session, sessions newest first
 *     topic/<origin><topic>/<list>/...       where shards are places of their own: what is counted,
 *                                            and marks
 *     origin/<origin>/<name> <age><id>...    one for each session, by topic name; where shards are
 *                                            places of their own a digit follows <origin>
 *     room/<code>/<time><random>-<kind>      what happened in a room, oldest first
 *     peer/<peer>/...                        a peer's offers, and their handshakes
 *     topics/offers/<name> <peer> <batch>... open offers by topic name; topics/<digit>/offers/...
 *                                            where shards are places of their own
 *     service/<uuid>/...                     one service, its offers, and who got them
 *     name/<username>/...                    who owns the name, and its services
 *
 * <origin> 16 and <topic> 8 digits of keyed hashes; <age> 12 digits that fall as time goes on; <id>
 * 16 digits. All digits are hexadecimal. */
#ifndef RONDEVU_KEYS_H
#define RONDEVU_KEYS_H

#include "request.h"
#include "session_code.h"

enum {
    TIME_LEN = 12,
    RANDOM_LEN = 8,
    MOMENT_LEN = TIME_LEN + RANDOM_LEN,
    SESSION_ID_LEN = 12 + 16, /* <age><id> */
    TOPICS_SHARDS = 16,       /* topics/<digit>/ */
};

/* <random>, and <time><random>: what two requests do not make alike. */
struct text key_random(struct request *request);
struct text key_moment(struct request *request, int64_t time);
/* The ms that digits of a key begin with. */
int64_t key_time(struct text digits);

/* The first 64 bits of an HMAC over label, origin and name: the same for nobody without
 * AUTH_SECRET. */
uint64_t keyed_hash(const struct request *request, const char *label, struct text name);

/* The HMAC of all three, 64 digits: what is kept, or handed on, of a secret or an address. */
struct text keyed_digest(const struct request *request, const char *label, struct text scope,
                         struct text secret);

/* The same as a number, its first 64 bits. */
uint64_t keyed_number(const struct request *request, const char *label, struct text scope,
                      struct text secret);

/* room/<code>/ */
struct text key_room(struct request *request, struct text code);
/* <age>, as a number. */
uint64_t key_age(int64_t time);
/* <age><id> */
struct text key_session_id(struct request *request, struct session_code code);
/* topic/<origin><topic>/ */
struct text key_topic(struct request *request, uint32_t topic);
/* topic/<origin><topic>/<list>/, a list that sorts behind the sessions. */
struct text key_topic_list(struct request *request, uint32_t topic, const char *list);
/* topic/<origin><topic>/<age><id>/ */
struct text key_session(struct request *request, struct session_code code);
/* As much of a name as keys hold, in the digits and letters that they hold it in. */
struct text key_name_start(struct request *request, struct text name_start);
/* origin/<origin>/ and as much of the name as keys hold; every topic that starts so is under it. */
struct text key_directory(struct request *request, struct text name_start);
/* The same of one of the directory's shards, 0 to 15. */
struct text key_directory_shard(struct request *request, int shard, struct text name_start);
/* origin/<origin>/<name> and the space: the sessions of one topic, and of no other; where the store
 * is sharded, those of one part of it. */
struct text key_directory_topic(struct request *request, struct text name, uint32_t topic);
/* peer/<peer>/ and that family of its keys. */
struct text key_peer(struct request *request, struct text peer, const char *family);
/* topics/offers/ and as much of the name as keys hold, as with key_directory(). */
struct text key_offers(struct request *request, struct text name_start);
/* The same and the space: offers under one topic, and under no other. */
struct text key_offers_topic(struct request *request, struct text name);
/* topics/wide/<digit>/: offers of requests with many topics, by a digit of the topic's hash; all of
 * them where `name` is absent. */
struct text key_offers_wide(struct request *request, struct text name);
/* Where shards are places of their own: the digit of the shard that a topic's offers are in, the
 * first of the 16 that they may be spread over. */
int key_topics_digit(struct request *request, struct text name);
/* topics/<digit>/<family>/ */
struct text key_topics(struct request *request, int digit, const char *family);
/* The same, the name and the space. */
struct text key_topics_name(struct request *request, int digit, const char *family,
                            struct text name);
/* service/<uuid>/ */
struct text key_service(struct request *request, struct text uuid);
/* name/<username>/ */
struct text key_name(struct request *request, struct text username);

#endif
