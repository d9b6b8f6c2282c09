/* Names of services and of users. */
#include "service_name.h"

enum { USERNAME_MIN = 3, USERNAME_MAX = 32 };

/* Whether it is letters, digits and "-", at least one. */
static bool is_label(struct text label) {
    for (size_t i = 0; i < label.len; i++) {
        char c = label.at[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-') {
            return false;
        }
    }
    return label.len > 0;
}

bool username_valid(struct text name) {
    return name.len >= USERNAME_MIN && name.len <= USERNAME_MAX && is_label(name) &&
           name.at[0] != '-' && name.at[name.len - 1] != '-';
}

/* Takes the name and its "@" off the front of `rest`, which is absent where there is no "@". */
static bool take_name(struct text *rest, struct text *name) {
    *name = text_cut(rest, '@');
    struct text labels = *name;
    do {
        if (!is_label(text_cut(&labels, '.'))) {
            return false;
        }
    } while (labels.at != NULL);
    return name->len <= SERVICE_NAME_MAX;
}

bool service_fqn_parse(struct text fqn, struct text *name, struct semver *version) {
    return take_name(&fqn, name) && semver_parse(fqn, version);
}

bool service_query_parse(struct text query, struct text *name, struct text *range) {
    if (!take_name(&query, name)) {
        return false;
    }
    *range = query.at == NULL ? TEXT("") : query;
    return semver_range_valid(*range);
}
