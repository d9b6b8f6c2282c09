/* Offer pages: lists of offers, a page at a time. `after` and `next` are references. */
#ifndef RONDEVU_OFFER_PAGES_H
#define RONDEVU_OFFER_PAGES_H

#include "offer_facts.h"

enum { OFFER_PAGE_MAX = 200 };

/* The query's `limit`, up to `max`; false, with `wrong` filled, where it is none. */
bool read_limit(struct request *request, int64_t max, int64_t fallback, int64_t *limit,
                struct response *wrong);
/* The query's `after`, `len` hexadecimal digits; absent where there is none. */
bool read_after(struct request *request, size_t len, struct text *after, struct response *wrong);

/* How an answer shows an offer; `i` is which of the wanted it is. */
typedef void (*show_offer)(cJSON *item, const struct offer *offer, size_t i, const void *more);
/* Shows the wanted offers in `array`, until the answer is large enough. Returns how many of them it
 * is through with. */
size_t show_offers(struct request *request, cJSON *array, const struct wanted *wanted, size_t count,
                   show_offer show, const void *more);
/* The members that by-topic and a peer's offers have in common. */
void show_open_offer(cJSON *item, const struct offer *offer, size_t i, const void *more);

#endif
