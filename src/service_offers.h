/* Service offers: which are a service's, who is given which of them, and taking them away.
 *
 *     service/<uuid>/offer/<peer> <batch>     offers of it; a list (offer_lists.h)
 *     service/<uuid>/handed/<time><random>    an offer that somebody was given */
#ifndef RONDEVU_SERVICE_OFFERS_H
#define RONDEVU_SERVICE_OFFERS_H

#include "service_facts.h"

/* Open offers of a service, in an array of the arena. */
size_t service_offers(struct request *request, const struct service *service,
                      struct listed **offers);
/* The one of them that was handed out longest ago, or never: a random one of those. -1 where there
 * is none. `fresh`: it never was. */
int64_t service_choose(struct request *request, const struct service *service,
                       const struct listed *offers, size_t count, bool *fresh);
void service_hand_out(struct request *request, const struct service *service, struct text ref);

/* How many open offers of that peer go when it is published again. */
size_t service_replaces(struct request *request, const struct service *service, struct text peer);
/* The edits that take away what it was published with, and with `joined` what joined it. */
void service_remove_offers(struct request *request, const struct service *service, bool joined);

#endif
