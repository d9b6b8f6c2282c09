/* Names: of services, which go with a version, and of those who publish them. */
#ifndef RONDEVU_SERVICE_NAME_H
#define RONDEVU_SERVICE_NAME_H

#include "semver.h"

enum { SERVICE_NAME_MAX = 128 }; /* characters, all of them ASCII */

#define USERNAME_RULE "3 to 32 of a-z, 0-9 and -, the first and the last a letter or digit"
/* Whether it is 3 to 32 of a-z, 0-9 and "-", with no "-" at either end. */
bool username_valid(struct text name);

/* A service's full name, `name@version`. The name is 1 to SERVICE_NAME_MAX characters, labels of
 * a-z, 0-9 and "-" joined by dots. */
bool service_fqn_parse(struct text fqn, struct text *name, struct semver *version);
/* What is asked for: a name, and a range of versions, "" where none is given. */
bool service_query_parse(struct text query, struct text *name, struct text *range);

#endif
