/* Offer fields: what requests that publish offers have in common. */
#ifndef RONDEVU_OFFER_FIELDS_H
#define RONDEVU_OFFER_FIELDS_H

#include "offer_facts.h"

enum { SDP_BYTES = 65536 };

/* Each is false, with `wrong` filled, where the member is not as it must be; `path` is what the
 * sentence calls the object, "" or with its dot: "offers[3].". */

/* A text of 1 to SDP_BYTES bytes; as JSON. */
bool read_sdp(struct request *request, const cJSON *object, const char *path, struct text *sdp,
              struct response *wrong);
/* ms that an offer lives, within the limits. */
bool read_ttl(struct request *request, const cJSON *object, const char *path, int64_t *ttl,
              struct response *wrong);
/* The array `offers`, of as many as a request may publish; offers[i].sdp is filled in. */
bool read_offers(struct request *request, const cJSON *body, const cJSON **items,
                 struct offer **offers, size_t *count, struct response *wrong);
/* Whether the caller may have so many more open ones, in the place of so many. */
bool may_publish(struct request *request, size_t count, size_t replaced, struct response *wrong);
struct response fail_no_offer(void);
/* 400: the member at that path, and what it must be. */
bool fail_field(struct request *request, const char *path, const char *name, const char *rule,
                struct response *wrong);

#endif
