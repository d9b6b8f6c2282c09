/* Session facts: a session is the set of facts under its key, and what they say together.
 *
 *     answer-<time><random>            JSON string; the first in key order is the answer
 *     gone-<random>                    the session was withdrawn
 *     offer                            three lines of JSON: topic, info, offer
 *     trickle-<side>-<time><random>    JSON string, a candidate; oldest first
 *
 * A session is there from the moment that its offer is, until its offer expires or it is withdrawn.
 * It is open until it is answered.
 *
 * On a store that is eventual, writes that raced may have left more than the limits allow. What is
 * over them is as if it were not there, so that one session never costs more than it may. */
#ifndef RONDEVU_SESSION_FACTS_H
#define RONDEVU_SESSION_FACTS_H

#include "json.h"
#include "keys.h"

enum side { OFFERER, ANSWERER, SIDES };

enum {
    CANDIDATES_MAX = 100, /* a side */
    CANDIDATES_BYTES =
        600 * 1024, /* a side, as JSON: 100 of the largest, half as much for escapes */
    SESSION_BYTES = 3 * 1024 * 1024 / 2, /* that are read of one session; candidates come last */
};

struct candidate {
    struct text json;
    struct candidate *next;
};

/* What one side has left, each text once. */
struct candidates {
    struct candidate *first, **end;
    size_t count;
    size_t bytes;
    int64_t latest; /* ms, of its key */
};

struct session {
    struct session_code code;
    struct text topic, info,
        offer;          /* JSON strings; `offer` absent where there is no such session */
    struct text answer; /* JSON string, or absent */
    int64_t expires_at;
    bool withdrawn;
    size_t bytes; /* of the facts that were read */
    struct candidates candidates[SIDES];
};

struct session session_begin(struct session_code code);
/* Adds what a fact says; `name` is its key without the session's. */
void session_add(struct request *request, struct session *session, struct text name,
                 const struct fact *fact);
/* Reads everything of one session. */
struct session session_read(struct request *request, struct session_code code);
bool session_there(const struct session *session);
bool session_open(const struct session *session);
bool session_has_candidate(const struct session *session, enum side side, struct text json);
/* An array of them, in order. */
void session_add_candidates(cJSON *object, const char *name, const struct candidates *list);
/* Whether the side may leave this one too. */
bool session_has_room(const struct session *session, enum side side, struct text json);

/* The edits that make a session, and that add to one. Texts are JSON strings. */
void session_create(struct request *request, struct session_code code, struct text topic_name,
                    struct text topic, struct text info, struct text offer);
void session_put_answer(struct request *request, const struct session *session, struct text answer);
void session_put_candidate(struct request *request, const struct session *session, enum side side,
                           struct text candidate);
void session_withdraw(struct request *request, const struct session *session);

/* Going through the directory, a page at a time. */
struct directory {
    struct text prefix;
    struct page page;
    char after[STORAGE_KEY_MAX];
    size_t after_len;
};

struct directory directory_begin(struct text prefix);
/* Reads the next page; false where there is none. Nothing of an earlier page is needed any more. */
bool directory_next(struct request *request, struct directory *directory);
/* Whether facts[i] of the page is the entry of an open session. */
bool directory_open(const struct directory *directory, size_t i);

#endif
