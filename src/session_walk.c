/* Session walk. */
#include "session_walk.h"

#include "check.h"
#include "spread.h"

#include <string.h>

/* A shard that has sessions of the topic. */
struct walked_part {
    uint32_t topic;
    struct text prefix;
    size_t size; /* of the next page */
    struct page page;
    size_t next; /* fact of the page */
    bool ended;
    bool known;                /* of the session that comes next: */
    char head[SESSION_ID_LEN]; /* its <age><id> */
};

bool session_id_parse(struct text id, struct session_code *code) {
    uint64_t age;
    if (id.len != SESSION_ID_LEN || !text_hex((struct text){id.at, TIME_LEN}, &age) ||
        !text_hex(text_from(id, TIME_LEN), &code->id)) {
        return false;
    }
    code->created_at = (int64_t)(0xFFFFFFFFFFFF - age);
    return true;
}

/* -- One part ------------------------------------------------------------------ */

/* The key behind all facts of a session: '0' comes after the '/' that ends its <age><id>. */
static struct text past_session(struct request *request, struct text prefix, struct text id) {
    return arena_format(request->arena, "%t%t0", &prefix, &id);
}

/* A page costs memory even where its sessions are all answered. One more page, or one session
 * however large, and the printing of it all still fit. */
static bool may_read_on(const struct request *request, const struct session_walk *walk) {
    const struct arena *arena = request->arena;
    return walk->last.at == NULL || arena->used < arena->limit / 8 * 3;
}

/* The fact that comes next; NULL at the end of the part, and where the walk ends. */
static const struct fact *peek(struct request *request, struct session_walk *walk,
                               struct walked_part *part) {
    while (part->next == part->page.count && part->page.more) {
        if (!may_read_on(request, walk)) {
            walk->more = true;
            return NULL;
        }
        part->page = storage_list(request, part->prefix, part->page.last, part->size);
        part->next = 0;
        part->size = part->size * 2 < STORAGE_PAGE_MAX ? part->size * 2 : STORAGE_PAGE_MAX;
    }
    return part->next < part->page.count ? &part->page.facts[part->next] : NULL;
}

static struct text id_of(const struct walked_part *part, const struct fact *fact) {
    struct text name = text_from(fact->key, part->prefix.len);
    return text_cut(&name, '/');
}

/* Whether the part has another session: what sorts behind its sessions is none. */
static bool find_head(struct request *request, struct session_walk *walk,
                      struct walked_part *part) {
    const struct fact *fact = peek(request, walk, part);
    struct session_code code;
    if (fact == NULL || !session_id_parse(id_of(part, fact), &code)) {
        part->ended = !walk->more;
        return false;
    }
    memcpy(part->head, id_of(part, fact).at, SESSION_ID_LEN);
    part->known = true;
    return true;
}

/* The same, without keeping what was read: of many parts most may not be needed. */
static void look(struct request *request, struct session_walk *walk, struct walked_part *part) {
    size_t mark = request->arena->used;
    struct walked_part looked = *part;
    find_head(request, walk, &looked);
    part->known = looked.known;
    part->ended = looked.ended;
    memcpy(part->head, looked.head, sizeof part->head);
    arena_rewind(request->arena, mark);
}

/* Reads one session, and passes over the rest of it once enough has been read. */
static bool read_session(struct request *request, struct session_walk *walk,
                         struct walked_part *part) {
    const struct fact *fact = peek(request, walk, part);
    if (fact == NULL) {
        return false;
    }
    struct session *session = &walk->session;
    *session = (struct session){.code.topic = part->topic};
    walk->id = id_of(part, fact);
    CHECK(session_id_parse(walk->id, &session->code));
    part->known = false;
    while (fact != NULL && text_equal(id_of(part, fact), walk->id)) {
        struct text name = text_from(fact->key, part->prefix.len + walk->id.len + 1);
        session_add(request, session, name, fact);
        part->next++;
        if (part->next == part->page.count && session->bytes >= SESSION_BYTES) {
            part->page.last = past_session(request, part->prefix, walk->id);
            break;
        }
        fact = peek(request, walk, part);
    }
    return !walk->more;
}

/* -- All of them --------------------------------------------------------------- */

/* Facts to ask for first: as many as that many sessions have in the common case, of an offer and
 * some candidates. */
static size_t page_size(int64_t sessions) {
    enum { FACTS = 10, SPARE = 50 };
    size_t size = (size_t)sessions * FACTS + SPARE;
    return size < STORAGE_PAGE_MAX ? size : STORAGE_PAGE_MAX;
}

static struct walked_part part_begin(struct request *request, uint32_t topic, struct text after,
                                     int64_t sessions) {
    struct text prefix = key_topic(request, topic);
    struct text begin = after.at == NULL ? TEXT("") : past_session(request, prefix, after);
    return (struct walked_part){.topic = topic,
                                .prefix = prefix,
                                .size = page_size(sessions),
                                .page = {.last = begin, .more = true}};
}

struct session_walk session_walk_begin(struct request *request, uint32_t topic, struct text after,
                                       int64_t limit) {
    bool spread = storage_sharded(request) && spread_until(request, topic) > 0;
    size_t count = spread ? SPREAD_SHARDS : 1;
    struct session_walk walk = {
        .parts = arena_array(request->arena, count, sizeof walk.parts[0]),
        .count = count,
    };
    /* Twice a part's share: sessions are there by chance, and some are answered. */
    int64_t sessions = spread ? limit / (SPREAD_SHARDS / 2) + 2 : limit;
    for (size_t i = 0; i < count; i++) {
        uint32_t part = spread ? spread_part(topic, (int)i) : topic;
        walk.parts[i] = part_begin(request, part, after, sessions);
        if (spread) {
            storage_expect_after(request, walk.parts[i].prefix, walk.parts[i].page.last,
                                 walk.parts[i].size);
        }
    }
    for (size_t i = 0; spread && i < count; i++) {
        look(request, &walk, &walk.parts[i]);
    }
    return walk;
}

/* The part whose session comes next; NULL where none does, or one has to be read on and may not. */
static struct walked_part *first_part(struct request *request, struct session_walk *walk) {
    struct walked_part *first = NULL;
    for (size_t i = 0; i < walk->count && !walk->more; i++) {
        struct walked_part *part = &walk->parts[i];
        if (part->ended || (!part->known && !find_head(request, walk, part))) {
            continue;
        }
        if (first == NULL || memcmp(part->head, first->head, sizeof part->head) < 0) {
            first = part;
        }
    }
    return walk->more ? NULL : first;
}

bool session_walk_next(struct request *request, struct session_walk *walk) {
    if (walk->id.at != NULL) {
        walk->last = walk->id;
    }
    struct walked_part *first = first_part(request, walk);
    return first != NULL && read_session(request, walk, first);
}
