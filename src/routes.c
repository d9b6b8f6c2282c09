/* Routes. To add one: a row here, its handler in its family's file, its keys in docs/keys.md. */
#include "routes.h"

#include "handlers.h"

enum { KB = 1024, SESSION_BODY = 512 * KB, OTHER_BODY = 1024 * KB };

const struct route routes[] = {
    {"GET", "/", get_root, OTHER_BODY},
    {"GET", "/health", get_health, OTHER_BODY},
    {"GET", "/topics", get_topics, OTHER_BODY},
    {"POST", "/answer", post_answer, SESSION_BODY},
    {"POST", "/poll", post_poll, SESSION_BODY},
    {"DELETE", "/sessions/:code", delete_session, SESSION_BODY},
    {"POST", "/:topic/offer", post_offer, SESSION_BODY},
    {"GET", "/:topic/sessions", get_sessions, SESSION_BODY},
#ifdef RONDEVU_TEST_ROUTES
    {"POST", "/test/trap", test_trap, OTHER_BODY},
#endif
};
const size_t routes_count = sizeof routes / sizeof routes[0];
