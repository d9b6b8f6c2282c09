/* Room facts: a room is the log of what happened in it, and what the log says together.
 *
 *     room/<code>/<time><random>-<kind>      oldest first
 *
 *     created       host's name, digest of the owner's token, digest of the join code
 *     joined        guest's name, digest of the guest's token; its id is the guest's
 *     offer         generation, description
 *     answer        generation, id of the guest, id of the offer it answers, description
 *     candidates    side ("host" or id of the guest), generation, digest of the Idempotency-Key or
 *                   nothing, then for each candidate its hash, a space, and the candidate
 *     chosen        id of the guest whose answer the host was shown; eventual stores only
 *     wrong         a wrong join code was tried
 *     closed
 *
 * Parts of a value are lines; descriptions and candidates are JSON. The id of an entry is its
 * <time><random>.
 *
 * Two guests may both be let in where the store is eventual, and both may answer. The guest is the
 * one whose answer the host was shown; else the one who answered first; else the one who joined
 * first. Whatever the other one left is as if it were not there. */
#ifndef RONDEVU_ROOM_FACTS_H
#define RONDEVU_ROOM_FACTS_H

#include "keys.h"

enum {
    ROOM_CANDIDATES_MAX = 40,    /* a side, in one generation */
    ROOM_BYTES = 3 * 512 * 1024, /* that a room's log may hold, and that are read of it */
    ROOM_LOCK = 60 * 1000,       /* ms that a wrong join code counts */
};

enum role { ROLE_NONE, ROLE_HOST, ROLE_GUEST };

/* In the order of the settings ROOM_TTL_OPEN and so on. */
enum room_status { ROOM_OPEN, ROOM_JOINED, ROOM_PAIRED };

enum room_event {
    EVENT_CREATED,
    EVENT_JOINED,
    EVENT_OFFER,
    EVENT_ANSWER,
    EVENT_CANDIDATES,
    EVENT_CHOSEN,
    EVENT_WRONG,
    EVENT_CLOSED,
    EVENTS
};

/* One entry of the log. */
struct entry {
    const struct fact *fact;
    enum room_event event;
    struct text id;
    int64_t time;        /* ms */
    struct text side;    /* "host", or the id of a guest; absent where it is nobody's */
    int64_t generation;  /* of descriptions and candidates; else 0 */
    struct text of;      /* id of the offer that an answer answers */
    struct text key;     /* digest of candidates' Idempotency-Key, may be empty */
    struct text content; /* description; candidates, a line each; what is left of the value else */
};

struct room {
    struct text code;
    bool there; /* it was created, is not closed, and its time is not over */
    enum room_status status;
    int64_t expires_at; /* ms */
    int64_t latest;     /* ms, of the newest entry */
    int64_t generation; /* of the newest offer; 0 before the first */
    /* What counts of each; NULL where there is none. The answer is that to the offer. */
    const struct entry *created, *guest, *offer, *answer;
    bool chosen; /* the host was shown an answer, and the log says so */
    bool closed;
    struct entry *entries; /* what the guest who does not count has left is not among them */
    size_t count;
    size_t bytes;
};

/* Reads the log, all of it in one list. `count` is 0 where nobody ever wrote under the code. */
struct room room_read(struct request *request, struct text code);
/* Whose token the caller sent; ROLE_NONE where it is no token of this room. */
enum role room_caller(struct request *request, const struct room *room);
bool room_join_code_right(struct request *request, const struct room *room, struct text join_code);
/* Seconds until fewer than `max` entries of a set of events are younger than `window` ms, 0 where
 * that is so now. */
#define ROOM_EVENT(event) (1u << (event))
int64_t room_busy_for(const struct request *request, const struct room *room, unsigned events,
                      size_t max, int64_t window);
/* Seconds until its log holds less, because something in it has expired. */
int64_t room_full_for(const struct request *request, const struct room *room);
/* The generation that a candidate left now is of. */
int64_t room_candidate_generation(const struct room *room);
/* "host", or the id of the guest. */
struct text room_side(const struct room *room, enum role role);

/* The edits that make a room and go on with it. The first two return when it expires, in ms.
 * Descriptions are JSON. */
int64_t room_create(struct request *request, struct text code, struct text host_name,
                    struct text owner_token, struct text join_code);
int64_t room_join(struct request *request, const struct room *room, struct text guest_name,
                  struct text guest_token);
void room_put_offer(struct request *request, const struct room *room, int64_t generation,
                    struct text description);
void room_put_answer(struct request *request, const struct room *room, struct text description);
/* `lines`: "<hash> <candidate>" for each, ended by a line feed. */
void room_put_candidates(struct request *request, const struct room *room, enum role role,
                         struct text key, struct text lines);
/* The host is about to be shown the answer. */
void room_choose(struct request *request, const struct room *room);
void room_note_wrong(struct request *request, const struct room *room);
void room_close(struct request *request, const struct room *room);

#endif
