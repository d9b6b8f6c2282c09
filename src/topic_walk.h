/* Topic walk: the topics of one origin's sessions and those of all offers, in the order of their
 * names, counted. */
#ifndef RONDEVU_TOPIC_WALK_H
#define RONDEVU_TOPIC_WALK_H

#include "json.h"
#include "request.h"

enum { TOPICS_TOTAL_MAX = 10000 }; /* counting may stop here */

struct topic {
    struct text name; /* as JSON */
    int64_t count;    /* open sessions and offers */
    int64_t peers;    /* different ones among them */
    bool late;        /* begun after the page was full, see topic_walk.c */
};

/* A page of topics: from `offset` on, up to `limit` of them, and fewer where they do not fit into
 * an answer. */
struct topics {
    struct topic *at;
    int64_t count;
    int64_t total; /* all there are, where these are not TOPICS_TOTAL_MAX or more */
};

/* The topics whose names start with `start`. */
struct topics topics_find(struct request *request, struct text start, int64_t offset,
                          int64_t limit);

#endif
