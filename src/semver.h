/* Versions and ranges of them: semver.org 2.0.0, and ranges as npm's semver package reads them.
 *
 * `^1.2.3`, `~1.2`, `1.x`, `>=1.2 <2 || 3.1.0 - 3.4`, and "" or `*` for any version. A prerelease
 * is in a range only where the range names a prerelease of the same three numbers. That package is
 * the reference, down to its oddities, but for three things: a range longer than SEMVER_MAX, or
 * with white space that is not ASCII, is none; and prereleases' numbers beyond 2^53 are told apart.
 */
#ifndef RONDEVU_SEMVER_H
#define RONDEVU_SEMVER_H

#include "text.h"

enum { SEMVER_MAX = 256 }; /* characters of a version, and of a range */
#define SEMVER_NUMBER_MAX INT64_C(9007199254740991)

struct semver {
    int64_t numbers[3];     /* major, minor, patch */
    struct text prerelease; /* empty where there is none; part of the text that was parsed */
};

/* A whole version; its build metadata is checked, and forgotten. */
bool semver_parse(struct text text, struct semver *version);
/* Precedence: negative, 0, positive as `a` comes before, with or after `b`. */
int semver_compare(const struct semver *a, const struct semver *b);

bool semver_range_valid(struct text range);
/* False where the range is none, too. */
bool semver_satisfies(const struct semver *version, struct text range);

#endif
