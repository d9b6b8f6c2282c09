/* Routes: the table of all that the server answers, as data. */
#ifndef RONDEVU_ROUTES_H
#define RONDEVU_ROUTES_H

#include "request.h"

struct route {
    const char *method;
    const char *pattern; /* segments; `:name` takes any one of them, decoded, as a parameter */
    struct response (*handler)(struct request *request);
    size_t body_max; /* bytes; larger is 413 */
};

/* In the order in which they are tried. */
extern const struct route routes[];
extern const size_t routes_count;

#endif
