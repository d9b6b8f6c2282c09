/* Topics: those that somebody may meet under, by name. */
#include "answer.h"
#include "check.h"
#include "handlers.h"
#include "topic_walk.h"

/* What the query asks for: pages, or (where there is `offset` or `startsWith`) offsets. */
struct range {
    int64_t offset, limit;
    struct text starts_with;
};

static const char *read_range(struct request *request, struct range *range) {
    struct text offset;
    int64_t page;
    if (!query_text(request, "offset", &offset)) {
        return "offset";
    }
    if (!query_text(request, "startsWith", &range->starts_with)) {
        return "startsWith";
    }
    bool by_offset = offset.at != NULL || range->starts_with.at != NULL;
    if (!query_number(request, "page", 1, INT32_MAX, 1, &page)) {
        return "page";
    }
    if (!query_number(request, "limit", 1, by_offset ? 200 : 1000, by_offset ? 50 : 100,
                      &range->limit)) {
        return "limit";
    }
    if (!query_number(request, "offset", 0, INT32_MAX, (page - 1) * range->limit, &range->offset)) {
        return "offset";
    }
    return NULL;
}

static void add_topics(cJSON *body, const struct topics *found) {
    cJSON *topics = json_add_array(body, "topics");
    for (int64_t i = 0; i < found->count; i++) {
        cJSON *topic = json_push_object(topics);
        json_add_raw(topic, "topic", found->at[i].name);
        json_add_number(topic, "count", found->at[i].count);
        json_add_number(topic, "activePeers", found->at[i].peers);
    }
}

static struct response list_topics(struct request *request, cJSON *body) {
    struct range range;
    const char *wrong = read_range(request, &range);
    if (wrong != NULL) {
        return fail_parameter(request, wrong);
    }
    struct text start = range.starts_with.at != NULL ? range.starts_with : TEXT("");
    struct topics found = topics_find(request, start, range.offset, range.limit);
    int64_t total = found.total < TOPICS_TOTAL_MAX ? found.total : TOPICS_TOTAL_MAX;
    add_topics(body, &found);
    cJSON *pagination = json_add_object(body, "pagination");
    json_add_number(pagination, "page", range.offset / range.limit + 1);
    json_add_number(pagination, "limit", range.limit);
    json_add_number(pagination, "total", total);
    json_add_bool(pagination, "hasMore", found.total > range.offset + found.count);
    json_add_number(body, "total", total);
    json_add_number(body, "limit", range.limit);
    json_add_number(body, "offset", range.offset);
    if (range.starts_with.at != NULL) {
        json_add_text(body, "startsWith", range.starts_with);
    }
    return answer_json(200, body);
}

struct response get_topics(struct request *request) {
    return list_topics(request, json_object());
}

static bool wants_page(struct text accept) {
    for (struct text rest = accept; rest.len >= TEXT("text/html").len; rest = text_from(rest, 1)) {
        if (text_starts(rest, TEXT("text/html"))) {
            return true;
        }
    }
    return false;
}

struct response get_root(struct request *request) {
    if (wants_page(request->headers[HEADER_ACCEPT])) {
        return (struct response){.status = 302,
                                 .headers = TEXT("Location: /demo/\nVary: Accept, Origin\n")};
    }
    cJSON *body = json_object();
    json_add_text(body, "name", TEXT("Rondevu"));
    json_add_text(body, "version", text_of(RONDEVU_VERSION));
    json_add_text(body, "description",
                  TEXT("WebRTC signalling: topics, sessions, offers, answers and candidates"));
    return list_topics(request, body);
}
