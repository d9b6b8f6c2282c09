/* Routes. To add one: a row here, its handler in its family's file, its keys in docs/keys.md. */
#include "routes.h"

#include "handlers.h"

enum { KB = 1024, ROOM_BODY = 64 * KB, SESSION_BODY = 512 * KB, OTHER_BODY = 1024 * KB };

#define MUTATES (NEEDS_VERSION | NEEDS_TOKEN)

const struct route routes[] = {
    {"GET", "/", get_root, OTHER_BODY, NULL, 0, 0},
    {"GET", "/health", get_health, OTHER_BODY, NULL, 0, 0},
    {"GET", "/topics", get_topics, OTHER_BODY, NULL, 0, 0},
    {"POST", "/usernames/claim", post_username_claim, OTHER_BODY, "name", 0, 0},
    {"GET", "/usernames/:username", get_username, OTHER_BODY, NULL, 0, 0},
    {"POST", "/answer", post_answer, SESSION_BODY, "topic", 0, 0},
    {"POST", "/poll", post_poll, SESSION_BODY, "topic", 0, 0},
    {"DELETE", "/sessions/:code", delete_session, SESSION_BODY, "topic", 0, 0},
    {"POST", "/:topic/offer", post_offer, SESSION_BODY, "topic", 0, 0},
    {"GET", "/:topic/sessions", get_sessions, SESSION_BODY, "topic", 0, 0},

    {"POST", "/rooms", post_room, ROOM_BODY, "room", NEEDS_VERSION, SPENDS(BUDGET_CREATE)},
    {"GET", "/rooms/:code/public", get_room_public, ROOM_BODY, "room", 0, SPENDS(BUDGET_LOOK_UP)},
    {"POST", "/rooms/:code/join", post_room_join, ROOM_BODY, "room", NEEDS_VERSION,
     SPENDS(BUDGET_JOIN) | SPENDS(BUDGET_JOIN_ROOM)},
    {"POST", "/rooms/:code/offer", post_room_offer, ROOM_BODY, "room", MUTATES, 0},
    {"POST", "/rooms/:code/answer", post_room_answer, ROOM_BODY, "room", MUTATES, 0},
    {"POST", "/rooms/:code/candidate", post_room_candidate, ROOM_BODY, "room", MUTATES, 0},
    {"POST", "/rooms/:code/close", post_room_close, ROOM_BODY, "room", MUTATES, 0},
    {"GET", "/rooms/:code", get_room, ROOM_BODY, "room", NEEDS_TOKEN, SPENDS(BUDGET_POLL)},
    {"GET", "/rooms/:code/candidates", get_room_candidates, ROOM_BODY, "room", NEEDS_TOKEN,
     SPENDS(BUDGET_POLL)},

    {"GET", "/rooms/:code/socket", get_room_socket, ROOM_BODY, "room", NEEDS_SOCKET | NEEDS_TOKEN,
     SPENDS(BUDGET_POLL)},
    {"GET", "/sessions/:code/socket", get_session_socket, SESSION_BODY, "topic", NEEDS_SOCKET, 0},

    {"POST", "/register", post_register, OTHER_BODY, NULL, 0, 0},
    {"POST", "/offers", post_offers, OTHER_BODY, "peer", NEEDS_PEER, 0},
    {"GET", "/offers/by-topic/:topic", get_offers_by_topic, OTHER_BODY, "topics", 0, 0},
    {"GET", "/peers/:peerId/offers", get_peer_offers, OTHER_BODY, "peer", 0, 0},
    {"GET", "/offers/mine", get_offers_mine, OTHER_BODY, "peer", NEEDS_PEER, 0},
    {"GET", "/offers/answers", get_offer_answers, OTHER_BODY, "peer", NEEDS_PEER, 0},
    {"GET", "/offers/socket", get_offers_socket, OTHER_BODY, "peer", NEEDS_SOCKET | NEEDS_PEER, 0},
    {"DELETE", "/offers/:id", delete_offer, OTHER_BODY, "peer", NEEDS_PEER, 0},
    {"POST", "/offers/:id/answer", post_offer_answer, OTHER_BODY, "peer", NEEDS_PEER, 0},
    {"POST", "/offers/:id/ice-candidates", post_offer_candidates, OTHER_BODY, "peer", NEEDS_PEER,
     0},
    {"GET", "/offers/:id/ice-candidates", get_offer_candidates, OTHER_BODY, "peer", NEEDS_PEER, 0},

    {"GET", "/usernames/:username/services", get_username_services, OTHER_BODY, NULL, 0, 0},
    {"POST", "/services", post_service, OTHER_BODY, "name", NEEDS_PEER, 0},
    {"GET", "/services/:uuid", get_service, OTHER_BODY, "service", 0, 0},
    {"DELETE", "/services/:serviceId", delete_service, OTHER_BODY, "name", 0, 0},
    {"POST", "/index/:username/query", post_index_query, OTHER_BODY, NULL, 0, 0},
#ifdef RONDEVU_TEST_ROUTES
    {"POST", "/test/trap", test_trap, OTHER_BODY, NULL, 0, 0},
#endif
};
const size_t routes_count = sizeof routes / sizeof routes[0];
