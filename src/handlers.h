/* Handlers: one for each route, named after it. */
#ifndef RONDEVU_HANDLERS_H
#define RONDEVU_HANDLERS_H

#include "request.h"

/* topics.c */
struct response get_root(struct request *request);
struct response get_topics(struct request *request);

/* topic_sessions.c */
struct response post_offer(struct request *request);
struct response get_sessions(struct request *request);

/* sessions.c */
struct response post_answer(struct request *request);
struct response post_poll(struct request *request);
struct response delete_session(struct request *request);

/* rooms.c */
struct response post_room(struct request *request);
struct response get_room_public(struct request *request);
struct response post_room_join(struct request *request);
struct response post_room_offer(struct request *request);
struct response post_room_answer(struct request *request);
struct response post_room_candidate(struct request *request);
struct response post_room_close(struct request *request);
struct response get_room(struct request *request);
struct response get_room_candidates(struct request *request);

/* health.c */
struct response get_health(struct request *request);
#ifdef RONDEVU_TEST_ROUTES
/* Does what a bug would do. In test builds only. */
struct response test_trap(struct request *request);
#endif

#endif
