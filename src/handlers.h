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
struct response get_session_socket(struct request *request);
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
struct response get_room_socket(struct request *request);

/* peers.c */
struct response post_register(struct request *request);

/* offers.c */
struct response post_offers(struct request *request);
struct response get_offers_mine(struct request *request);
struct response get_peer_offers(struct request *request);
struct response delete_offer(struct request *request);

/* offer_discovery.c */
struct response get_offers_by_topic(struct request *request);

/* offer_answers.c */
struct response post_offer_answer(struct request *request);
struct response get_offer_answers(struct request *request);

/* offer_candidates.c */
struct response post_offer_candidates(struct request *request);
struct response get_offer_candidates(struct request *request);

/* offer_socket.c */
struct response get_offers_socket(struct request *request);

/* usernames.c */
struct response post_username_claim(struct request *request);
struct response get_username(struct request *request);
struct response get_username_services(struct request *request);
struct response post_index_query(struct request *request);

/* services.c */
struct response post_service(struct request *request);
struct response get_service(struct request *request);
struct response delete_service(struct request *request);

/* health.c */
struct response get_health(struct request *request);
#ifdef RONDEVU_TEST_ROUTES
/* Does what a bug would do. In test builds only. */
struct response test_trap(struct request *request);
#endif

#endif
