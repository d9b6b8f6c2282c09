/* Versions and ranges. A range is evaluated for one version as it is read: nothing is kept of it.
 *
 * Ranges go through the steps of npm's package, in its order: split at "||", drop build metadata,
 * look for `a - b`, join operators with what they stand before, split at spaces. */
#include "semver.h"

#include <string.h>

enum { NUMBERS = 3 };

static const struct semver zero = {.numbers = {0}};

static bool is_one_of(char c, const char *set) {
    while (*set != '\0' && *set != c) {
        set++;
    }
    return *set != '\0';
}

static bool is_identifier(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

/* -- Versions ------------------------------------------------------------------ */

/* What is too large is SEMVER_NUMBER_MAX + 1. */
static bool is_number(struct text digits, int64_t *number) {
    bool read = text_number(digits, number);
    *number = read && *number > SEMVER_NUMBER_MAX ? SEMVER_NUMBER_MAX + 1 : *number;
    return read && (digits.len == 1 || digits.at[0] != '0');
}

static bool is_prerelease(struct text list) {
    do {
        struct text identifier = text_cut(&list, '.');
        int64_t number;
        if (identifier.len == 0 ||
            (text_number(identifier, &number) && !is_number(identifier, &number))) {
            return false;
        }
        for (size_t i = 0; i < identifier.len; i++) {
            if (!is_identifier(identifier.at[i])) {
                return false;
            }
        }
    } while (list.at != NULL);
    return true;
}

/* Bytes of the build metadata that the text begins with, its "+" included; 0 where it has none. */
static size_t build_len(struct text text) {
    size_t len = 0;
    for (size_t i = 1; i < text.len && text.at[0] == '+'; i++) {
        if (is_identifier(text.at[i])) {
            len = i + 1;
        } else if (text.at[i] != '.' || len != i) {
            break;
        }
    }
    return len;
}

/* False where what is dropped is no build metadata. */
static bool drop_build(struct text *text) {
    struct text rest = *text;
    struct text plain = text_cut(&rest, '+');
    struct text build = text_from(*text, plain.len);
    *text = plain;
    return build_len(build) == build.len;
}

/* A version with less than three numbers, or with x or * in their place. */
struct partial {
    struct semver version; /* 0 for what is not known; no prerelease then */
    int known;             /* numbers, before the first that is not */
    bool mixed;            /* there are numbers behind that one */
    bool v, other_prefix;  /* begins with just a "v", with anything else of what may be there */
};

static bool read_numbers(struct text dotted, struct partial *partial, int *count) {
    for (*count = 0; dotted.at != NULL; ++*count) {
        struct text part = text_cut(&dotted, '.');
        int64_t number = 0;
        bool x = part.len == 1 && is_one_of(part.at[0], "xX*");
        if (*count == NUMBERS || (!x && !is_number(part, &number))) {
            return false;
        }
        if (!x && partial->known == *count) {
            partial->version.numbers[partial->known++] = number;
        } else {
            partial->mixed |= !x;
        }
    }
    return true;
}

static struct text skip(struct text text, const char *set) {
    while (text.len > 0 && is_one_of(text.at[0], set)) {
        text = text_from(text, 1);
    }
    return text;
}

/* All of the text, after any number of "v", "=" and spaces. */
static bool read_partial(struct text text, struct partial *partial) {
    *partial = (struct partial){.version.prerelease = TEXT("")};
    struct text whole = skip(text, " ");
    text = skip(whole, "v= ");
    partial->v = text.len + 1 == whole.len && whole.at[0] == 'v';
    partial->other_prefix = text.len != whole.len && !partial->v;
    int count;
    struct text dotted = text_cut(&text, '-');
    if (!read_numbers(dotted, partial, &count)) {
        return false;
    }
    if (text.at == NULL) {
        return count > 0;
    }
    if (partial->known == NUMBERS) {
        partial->version.prerelease = text;
    }
    return count == NUMBERS && is_prerelease(text);
}

static bool in_limits(const struct semver *version) {
    for (int i = 0; i < NUMBERS; i++) {
        if (version->numbers[i] > SEMVER_NUMBER_MAX) {
            return false;
        }
    }
    return true;
}

bool semver_parse(struct text text, struct semver *version) {
    struct partial partial;
    if (text.len == 0 || text.len > SEMVER_MAX || !is_one_of(text.at[0], "0123456789")) {
        return false;
    }
    if (!drop_build(&text) || !read_partial(text, &partial)) {
        return false;
    }
    *version = partial.version;
    return partial.known == NUMBERS && in_limits(version);
}

static int compare_identifiers(struct text a, struct text b) {
    int64_t number;
    bool a_number = text_number(a, &number);
    bool b_number = text_number(b, &number);
    if (a_number != b_number) {
        return a_number ? -1 : 1;
    }
    if (a_number && a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return text_compare(a, b);
}

static int compare_prereleases(struct text a, struct text b) {
    if (a.len == 0 || b.len == 0) {
        return (a.len == 0) - (b.len == 0);
    }
    while (a.at != NULL && b.at != NULL) {
        int order = compare_identifiers(text_cut(&a, '.'), text_cut(&b, '.'));
        if (order != 0) {
            return order;
        }
    }
    return (a.at != NULL) - (b.at != NULL);
}

static bool same_numbers(const struct semver *a, const struct semver *b) {
    return memcmp(a->numbers, b->numbers, sizeof a->numbers) == 0;
}

int semver_compare(const struct semver *a, const struct semver *b) {
    for (int i = 0; i < NUMBERS; i++) {
        if (a->numbers[i] != b->numbers[i]) {
            return a->numbers[i] < b->numbers[i] ? -1 : 1;
        }
    }
    return compare_prereleases(a->prerelease, b->prerelease);
}

/* -- Comparators --------------------------------------------------------------- */

/* What makes up one of the alternatives of a range: comparators that must all hold. Reading one is
 * false where it is no comparator. */
struct comparators {
    const struct semver *version; /* that is looked at */
    bool hold;                    /* all so far */
    bool any;                     /* all so far hold for every version */
    bool named;                   /* one has a prerelease of the version's three numbers */
};

/* How a version may compare with the bound. */
enum { BELOW = 1, SAME = 2, ABOVE = 4 };

static bool add(struct comparators *set, int orders, const struct semver *bound) {
    int order = semver_compare(set->version, bound);
    set->hold &= (orders & (order < 0 ? BELOW : order > 0 ? ABOVE : SAME)) != 0;
    set->any = false;
    set->named |= bound->prerelease.len > 0 && same_numbers(set->version, bound);
    return in_limits(bound);
}

/* From 0.0.0 on is any version, its prereleases included. */
static bool add_from(struct comparators *set, const struct semver *bound) {
    return semver_compare(bound, &zero) == 0 || add(set, SAME | ABOVE, bound);
}

/* The version with that number one higher, and 0 behind it. */
static struct semver next(const struct semver *version, int number) {
    struct semver higher = {.prerelease = TEXT("")};
    memcpy(higher.numbers, version->numbers, sizeof higher.numbers[0] * (size_t)(number + 1));
    higher.numbers[number]++;
    return higher;
}

static bool add_below(struct comparators *set, struct semver bound) {
    bound.prerelease = TEXT("0"); /* the first of all of its prereleases */
    return add(set, BELOW, &bound);
}

/* From the version on, while the numbers up to that one are the same. */
static bool add_within(struct comparators *set, const struct semver *version, int number) {
    return add_from(set, version) && add_below(set, next(version, number));
}

/* Takes one of <, <=, >, >=, = off the front; 0 where there is none. */
static int take_orders(struct text *text) {
    int orders = 0;
    if (text->len > 0 && is_one_of(text->at[0], "<>")) {
        orders = text->at[0] == '<' ? BELOW : ABOVE;
        *text = text_from(*text, 1);
    }
    if (text_starts(*text, TEXT("="))) {
        orders |= SAME;
        *text = text_from(*text, 1);
    }
    return orders;
}

static bool add_whole(struct comparators *set, int orders, const struct partial *partial) {
    if (partial->other_prefix) {
        return false;
    }
    return orders == (SAME | ABOVE) && !partial->v
               ? add_from(set, &partial->version)
               : add(set, orders == 0 ? SAME : orders, &partial->version);
}

static bool add_partial(struct comparators *set, int orders, const struct partial *partial) {
    const struct semver *version = &partial->version;
    if (partial->known == 0) {
        return orders != BELOW && orders != ABOVE ? true : add_below(set, zero);
    }
    struct semver end = next(version, partial->known - 1);
    switch (orders) {
    case BELOW:
        return add_below(set, *version);
    case BELOW | SAME:
        return add_below(set, end);
    case ABOVE:
        return add_from(set, &end);
    case ABOVE | SAME:
        return add_from(set, version);
    default:
        return add_within(set, version, partial->known - 1);
    }
}

/* Signs take more before a version than operators do, and numbers behind an x. */
static bool add_signed(struct comparators *set, char sign, const struct partial *partial) {
    int number = sign == '~' && partial->known > 1;
    while (sign == '^' && number + 1 < partial->known && partial->version.numbers[number] == 0) {
        number++;
    }
    return partial->known == 0 || add_within(set, &partial->version, number);
}

static bool read_comparator(struct comparators *set, struct text text, bool starred);

/* A star that stands where none may goes unnoticed, as does an operator before it: `1.2.3*`. */
static bool read_starred(struct comparators *set, struct text text) {
    char rest[SEMVER_MAX];
    size_t star = 0;
    while (star < text.len && text.at[star] != '*') {
        star++;
    }
    size_t before = star;
    before -= before > 0 && text.at[before - 1] == '=';
    before -= before > 0 && is_one_of(text.at[before - 1], "<>");
    memcpy(rest, text.at, text.len);
    if (star == text.len) {
        return false;
    }
    memmove(rest + before, rest + star + 1, text.len - star - 1);
    struct text whole = {rest, text.len - (star + 1 - before)};
    return drop_build(&whole) && read_comparator(set, whole, true);
}

static bool read_comparator(struct comparators *set, struct text text, bool starred) {
    struct partial partial;
    struct text rest = text;
    char sign = text.len > 0 && !starred && is_one_of(text.at[0], "^~") ? text.at[0] : '\0';
    rest = sign == '\0' ? rest : text_from(rest, 1);
    int orders = take_orders(&rest);
    if (sign != '\0' && (orders & (sign == '^' ? BELOW | ABOVE : BELOW)) != 0) {
        return false;
    }
    if (!read_partial(rest, &partial)) {
        return !starred && (text.len == 0 || read_starred(set, text));
    }
    if (sign != '\0') {
        return add_signed(set, sign, &partial);
    }
    if (partial.known == NUMBERS) {
        return add_whole(set, orders, &partial);
    }
    return !starred && !partial.mixed && add_partial(set, orders, &partial);
}

/* `from - to` */
static bool read_hyphenated(struct comparators *set, struct text from, struct text to) {
    struct partial first, last;
    if (!read_partial(from, &first) || !read_partial(to, &last)) {
        return false;
    }
    bool read = first.known == NUMBERS ? add_whole(set, SAME | ABOVE, &first)
                                       : first.known == 0 || add_from(set, &first.version);
    if (last.version.prerelease.len > 0) {
        last.other_prefix = false;
    }
    return read && (last.known == NUMBERS ? add_whole(set, BELOW | SAME, &last)
                                          : add_partial(set, BELOW | SAME, &last));
}

/* -- Ranges -------------------------------------------------------------------- */

/* Copies without build metadata, with one space for white space; returns the length. */
static size_t tidy(struct text text, char *at) {
    static const struct text blanks = {" \t\r\n\v\f", 6};
    size_t len = 0;
    bool blank = false;
    text = text_trim(text, blanks);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (is_one_of(c, blanks.at)) {
            blank = true;
            continue;
        }
        if (blank) {
            at[len++] = ' ';
            blank = false;
        }
        size_t build = build_len(text_from(text, i));
        if (build > 0) {
            i += build - 1;
        } else {
            at[len++] = c;
        }
    }
    return len;
}

/* How many bytes at the front of the text, which is not empty, belong to one operator and version,
 * or are one byte; the space behind that operator, or 0 where there is none. */
static size_t operation(struct text text, size_t *space) {
    size_t len = is_one_of(text.at[0], "<>");
    *space = 0;
    while (len < text.len && is_one_of(text.at[len], "v= ")) {
        len++;
    }
    if (len == text.len || !is_one_of(text.at[len], "0123456789xX*")) {
        return len > 0 ? len : 1;
    }
    size_t i = text.at[0] == ' ';
    i += i < len && is_one_of(text.at[i], "<>");
    i += i < len && text.at[i] == '=';
    *space = i < len && text.at[i] == ' ' ? i : 0;
    while (len < text.len && (is_identifier(text.at[len]) || is_one_of(text.at[len], ".*"))) {
        len++;
    }
    return len;
}

/* Drops the space between an operator and its version, in place; returns the length. */
static size_t join_operators(char *at, size_t len) {
    size_t joined = 0;
    for (size_t i = 0; i < len;) {
        size_t space;
        size_t end = i + operation((struct text){at + i, len - i}, &space);
        size_t dropped = space == 0 ? end : i + space;
        for (; i < end; i++) {
            if (i != dropped) {
                at[joined++] = at[i];
            }
        }
    }
    return joined;
}

/* The same for ^ and ~, which may be written ~> too. */
static size_t join_signs(char *at, size_t len) {
    size_t joined = 0;
    for (size_t i = 0; i < len; i++) {
        char c = at[i];
        at[joined++] = c;
        size_t space = i + 1;
        space += c == '~' && space < len && at[space] == '>';
        if (is_one_of(c, "^~") && space < len && at[space] == ' ') {
            i = space;
        }
    }
    return joined;
}

static bool read_comparators(struct comparators *set, struct text text) {
    char at[SEMVER_MAX];
    size_t len = tidy(text, at);
    for (size_t i = 0; i + 3 <= len; i++) {
        if (memcmp(at + i, " - ", 3) == 0) {
            len -= at[len - 1] == ' ' && len > i + 3;
            return read_hyphenated(set, (struct text){at, i},
                                   (struct text){at + i + 3, len - i - 3});
        }
    }
    len = join_operators(at, len);
    struct text rest = {at, join_signs(at, len)};
    while (rest.at != NULL) {
        if (!read_comparator(set, text_cut(&rest, ' '), false)) {
            return false;
        }
    }
    return true;
}

/* False where it is no range. */
static bool evaluate(struct text range, const struct semver *version, bool *satisfied) {
    bool any = false;
    *satisfied = false;
    if (range.len > SEMVER_MAX) {
        return false;
    }
    do {
        struct comparators set = {.version = version, .hold = true, .any = true};
        struct text alternative = text_cut(&range, '|');
        if (range.at != NULL && !text_starts(range, TEXT("|"))) {
            return false;
        }
        range = range.at == NULL ? range : text_from(range, 1);
        if (!read_comparators(&set, alternative)) {
            return false;
        }
        any |= set.any;
        *satisfied |= set.hold && (set.named || version->prerelease.len == 0);
    } while (range.at != NULL);
    if (any) { /* then no other alternative counts, were it one that names a prerelease */
        *satisfied = version->prerelease.len == 0;
    }
    return true;
}

bool semver_range_valid(struct text range) {
    bool satisfied;
    return evaluate(range, &zero, &satisfied);
}

bool semver_satisfies(const struct semver *version, struct text range) {
    bool satisfied;
    return evaluate(range, version, &satisfied) && satisfied;
}
