/* Room facts: reading a room out of its log, and going on with the log.
 *
 * An entry stays in the store for longer than any status lasts, so that the last change, which the
 * room's expiry is counted from, is there as long as the room is. Where a room is kept alive for
 * longer than that, what it still needs is put again as it is, with a later expiry; of candidates
 * that are over only the Idempotency-Key. */
#include "room_facts.h"

#include "check.h"

enum {
    KEYS_AGAIN_MAX = 20, /* Idempotency-Keys that one change puts again: an invocation on the free
                            plan of Workers has 50 calls */
};

static const char *const event_names[EVENTS] = {"created",    "joined", "offer", "answer",
                                                "candidates", "chosen", "wrong", "closed"};

#define HOST_SIDE TEXT("host")

/* -- Reading ------------------------------------------------------------------- */

static int64_t seconds(const struct request *request, enum setting setting) {
    return request->settings.numbers[setting] * 1000;
}

/* How long entries are kept, in ms: twice as long as the longest status lasts, and as long as
 * candidates are shown. */
static int64_t kept_for(const struct request *request) {
    int64_t keep = seconds(request, ICE_TTL);
    for (int i = ROOM_TTL_OPEN; i <= ROOM_TTL_PAIRED; i++) {
        int64_t twice = 2 * seconds(request, (enum setting)i);
        keep = twice > keep ? twice : keep;
    }
    return keep;
}

static int64_t take_number(struct text *value) {
    int64_t number;
    CHECK(text_number(text_cut(value, '\n'), &number));
    return number;
}

static void read_value(struct entry *entry) {
    struct text rest = entry->fact->value;
    switch (entry->event) {
    case EVENT_JOINED:
        entry->side = entry->id;
        break;
    case EVENT_CHOSEN:
        entry->side = rest;
        break;
    case EVENT_OFFER:
        entry->side = HOST_SIDE;
        entry->generation = take_number(&rest);
        break;
    case EVENT_ANSWER:
        entry->generation = take_number(&rest);
        entry->side = text_cut(&rest, '\n');
        entry->of = text_cut(&rest, '\n');
        break;
    case EVENT_CANDIDATES:
        entry->side = text_cut(&rest, '\n');
        entry->generation = take_number(&rest);
        entry->key = text_cut(&rest, '\n');
        break;
    default:
        break;
    }
    entry->content = rest;
}

/* `name`: the key without the room's prefix. */
static struct entry read_entry(struct text name, const struct fact *fact) {
    struct entry entry = {.fact = fact};
    entry.id = text_cut(&name, '-');
    CHECK(entry.id.len == MOMENT_LEN);
    entry.time = key_time(entry.id);
    while (!text_equal(name, text_of(event_names[entry.event]))) {
        entry.event++;
        CHECK(entry.event < EVENTS);
    }
    read_value(&entry);
    return entry;
}

static void read_page(struct request *request, struct room *room, size_t prefix,
                      const struct page *page) {
    struct entry *entries =
        arena_array(request->arena, room->count + page->count, sizeof entries[0]);
    for (size_t i = 0; i < room->count; i++) {
        entries[i] = room->entries[i];
    }
    room->entries = entries;
    for (size_t i = 0; i < page->count; i++) {
        const struct fact *fact = &page->facts[i];
        room->bytes += fact->key.len + fact->value.len;
        entries[room->count++] = read_entry(text_from(fact->key, prefix), fact);
    }
}

static void read_log(struct request *request, struct room *room) {
    struct text prefix = key_room(request, room->code);
    struct page page = {.last = TEXT(""), .more = true};
    while (page.more && room->bytes < ROOM_BYTES) {
        page = storage_list(request, prefix, page.last, STORAGE_PAGE_MAX);
        read_page(request, room, prefix.len, &page);
    }
}

static const struct entry *first(const struct room *room, enum room_event event) {
    for (size_t i = 0; i < room->count; i++) {
        if (room->entries[i].event == event) {
            return &room->entries[i];
        }
    }
    return NULL;
}

/* The id of the guest who counts; absent where nobody joined. */
static struct text find_guest(const struct room *room) {
    static const enum room_event strongest_first[] = {EVENT_CHOSEN, EVENT_ANSWER, EVENT_JOINED};
    for (int i = 0; i < 3; i++) {
        const struct entry *entry = first(room, strongest_first[i]);
        if (entry != NULL) {
            return entry->side;
        }
    }
    return NO_TEXT;
}

static void forget_other_guests(struct room *room) {
    struct text guest = find_guest(room);
    size_t kept = 0;
    for (size_t i = 0; i < room->count; i++) {
        struct text side = room->entries[i].side;
        if (side.at == NULL || text_equal(side, HOST_SIDE) || text_equal(side, guest)) {
            room->entries[kept++] = room->entries[i];
        }
    }
    room->count = kept;
}

/* The newest generation, its answer, and its offer: the one that was answered, else the last. */
static void find_descriptions(struct room *room) {
    for (size_t i = 0; i < room->count; i++) {
        const struct entry *entry = &room->entries[i];
        if (entry->event == EVENT_OFFER && entry->generation >= room->generation) {
            room->generation = entry->generation;
            room->offer = entry;
        }
    }
    for (size_t i = 0; i < room->count && room->answer == NULL; i++) {
        const struct entry *entry = &room->entries[i];
        if (entry->event == EVENT_ANSWER && entry->generation == room->generation) {
            room->answer = entry;
        }
    }
    for (size_t i = 0; i < room->count && room->answer != NULL; i++) {
        const struct entry *entry = &room->entries[i];
        if (entry->event == EVENT_OFFER && text_equal(entry->id, room->answer->of)) {
            room->offer = entry;
        }
    }
}

static bool renews(const struct entry *entry) {
    return entry->event <= EVENT_CANDIDATES;
}

static void find_expiry(const struct request *request, struct room *room) {
    int64_t changed = 0;
    for (size_t i = 0; i < room->count; i++) {
        const struct entry *entry = &room->entries[i];
        room->latest = entry->time;
        changed = renews(entry) ? entry->time : changed;
    }
    enum setting ttl = (enum setting)(ROOM_TTL_OPEN + (int)room->status);
    room->expires_at = changed + seconds(request, ttl);
}

struct room room_read(struct request *request, struct text code) {
    struct room room = {.code = code};
    read_log(request, &room);
    forget_other_guests(&room);
    find_descriptions(&room);
    room.created = first(&room, EVENT_CREATED);
    room.guest = first(&room, EVENT_JOINED);
    room.chosen = first(&room, EVENT_CHOSEN) != NULL;
    room.closed = first(&room, EVENT_CLOSED) != NULL;
    room.status = room.generation > 1 || room.answer != NULL ? ROOM_PAIRED
                  : room.guest != NULL                       ? ROOM_JOINED
                                                             : ROOM_OPEN;
    find_expiry(request, &room);
    room.there = room.created != NULL && !room.closed && room.expires_at > request->now;
    return room;
}

/* -- Secrets ------------------------------------------------------------------- */

static struct text token_digest(struct request *request, const struct room *room,
                                struct text token) {
    return keyed_digest(request, "room token", room->code, token);
}

static struct text join_code_digest(struct request *request, struct text code,
                                    struct text join_code) {
    return keyed_digest(request, "join code", code, join_code);
}

enum role room_caller(struct request *request, const struct room *room) {
    struct text sent = token_digest(request, room, request->headers[HEADER_ACCESS_TOKEN]);
    struct text host = room->created->content;
    text_cut(&host, '\n');
    if (request->host->equal(sent, text_cut(&host, '\n'))) {
        return ROLE_HOST;
    }
    struct text guest = room->guest == NULL ? NO_TEXT : room->guest->content;
    text_cut(&guest, '\n');
    return guest.len > 0 && request->host->equal(sent, guest) ? ROLE_GUEST : ROLE_NONE;
}

bool room_join_code_right(struct request *request, const struct room *room, struct text join_code) {
    struct text digest = room->created->content;
    text_cut(&digest, '\n');
    text_cut(&digest, '\n');
    return request->host->equal(join_code_digest(request, room->code, join_code), digest);
}

/* -- Looking at a room --------------------------------------------------------- */

static int64_t seconds_until(const struct request *request, int64_t time) {
    return (time - request->now + 999) / 1000;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

int64_t room_busy_for(const struct request *request, const struct room *room, unsigned events,
                      size_t max, int64_t window) {
    size_t found = 0;
    for (size_t i = room->count; i > 0; i--) {
        const struct entry *entry = &room->entries[i - 1];
        int64_t end = earlier(entry->time + window, entry->fact->expires_at);
        if (ROOM_EVENT(entry->event) & events && end > request->now && ++found == max) {
            return seconds_until(request, end);
        }
    }
    return 0;
}

int64_t room_full_for(const struct request *request, const struct room *room) {
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < room->count; i++) {
        first = earlier(first, room->entries[i].fact->expires_at);
    }
    return seconds_until(request, first);
}

int64_t room_candidate_generation(const struct room *room) {
    return room->generation > 0 ? room->generation : 1;
}

struct text room_side(const struct room *room, enum role role) {
    if (role == ROLE_HOST) {
        return HOST_SIDE;
    }
    return room->guest == NULL ? NO_TEXT : room->guest->id;
}

/* -- Writing ------------------------------------------------------------------- */

/* Adds an entry that sorts after all that are there; returns its time. */
static int64_t add_until(struct request *request, const struct room *room, enum room_event event,
                         struct text value, int64_t expires_at) {
    int64_t time = request->now > room->latest ? request->now : room->latest + 1;
    struct text prefix = key_room(request, room->code);
    struct text id = key_moment(request, time);
    struct text key = arena_format(request->arena, "%t%t-%s", &prefix, &id, event_names[event]);
    storage_put(request, key, value, expires_at);
    return time;
}

static int64_t add(struct request *request, const struct room *room, enum room_event event,
                   struct text value) {
    return add_until(request, room, event, value, request->now + kept_for(request));
}

static bool needed(const struct room *room, const struct entry *entry) {
    return entry == room->created || entry == room->guest || entry == room->offer ||
           entry == room->answer || entry->event == EVENT_CHOSEN || entry->key.len > 0;
}

static struct text needed_value(const struct request *request, const struct entry *entry) {
    struct text value = entry->fact->value;
    bool over = entry->time <= request->now - seconds(request, ICE_TTL);
    value.len -= entry->event == EVENT_CANDIDATES && over ? entry->content.len : 0;
    return value;
}

/* A change: adds an entry, and puts again what the room needs, where half of its time is over. */
static int64_t change(struct request *request, const struct room *room, enum room_event event,
                      struct text value) {
    int64_t keep = kept_for(request);
    int keys = 0;
    for (size_t i = 0; i < room->count; i++) {
        const struct entry *entry = &room->entries[i];
        bool old = entry->fact->expires_at < request->now + keep / 2;
        if (old && needed(room, entry) && (entry->key.len == 0 || keys++ < KEYS_AGAIN_MAX)) {
            storage_put(request, entry->fact->key, needed_value(request, entry),
                        request->now + keep);
        }
    }
    return add(request, room, event, value);
}

int64_t room_create(struct request *request, struct text code, struct text host_name,
                    struct text owner_token, struct text join_code) {
    struct room room = {.code = code};
    struct text token = token_digest(request, &room, owner_token);
    struct text join = join_code_digest(request, code, join_code);
    return add(request, &room, EVENT_CREATED,
               arena_format(request->arena, "%t\n%t\n%t", &host_name, &token, &join)) +
           seconds(request, ROOM_TTL_OPEN);
}

int64_t room_join(struct request *request, const struct room *room, struct text guest_name,
                  struct text guest_token) {
    struct text token = token_digest(request, room, guest_token);
    return change(request, room, EVENT_JOINED,
                  arena_format(request->arena, "%t\n%t", &guest_name, &token)) +
           seconds(request, ROOM_TTL_JOINED);
}

void room_put_offer(struct request *request, const struct room *room, int64_t generation,
                    struct text description) {
    change(request, room, EVENT_OFFER,
           arena_format(request->arena, "%d\n%t", generation, &description));
}

void room_put_answer(struct request *request, const struct room *room, struct text description) {
    change(request, room, EVENT_ANSWER,
           arena_format(request->arena, "%d\n%t\n%t\n%t", room->generation, &room->guest->id,
                        &room->offer->id, &description));
}

void room_put_candidates(struct request *request, const struct room *room, enum role role,
                         struct text key, struct text lines) {
    struct text side = room_side(room, role);
    change(request, room, EVENT_CANDIDATES,
           arena_format(request->arena, "%t\n%d\n%t\n%t", &side, room_candidate_generation(room),
                        &key, &lines));
}

void room_choose(struct request *request, const struct room *room) {
    add(request, room, EVENT_CHOSEN, room->answer->side);
}

void room_note_wrong(struct request *request, const struct room *room) {
    add_until(request, room, EVENT_WRONG, TEXT(""), request->now + ROOM_LOCK);
}

/* Where a delete costs a call for each key and is seen late, the mark outlives what it closes. */
void room_close(struct request *request, const struct room *room) {
    if (!storage_atomic(request)) {
        add(request, room, EVENT_CLOSED, TEXT(""));
        return;
    }
    for (size_t i = 0; i < room->count; i++) {
        storage_delete(request, room->entries[i].fact->key);
    }
    add_until(request, room, EVENT_CLOSED, TEXT(""),
              request->now + seconds(request, ROOM_TTL_CLOSED));
}
