/* JSON over cJSON.
 *
 * cJSON reads more than JSON: control characters, numbers such as 01 and 1., U+0000, bytes that are
 * no UTF-8. strict() turns those away first, so that what one client can send every client can
 * read. */
#include "json.h"

#include "check.h"

#include <string.h>

_Static_assert(CJSON_NESTING_LIMIT == JSON_DEPTH_MAX, "build cJSON with -DCJSON_NESTING_LIMIT=32");

static struct arena *json_arena;

static void *allocate(size_t size) {
    return arena_alloc(json_arena, size);
}

static void keep(void *memory) {
    (void)memory;
}

void json_use(struct arena *arena) {
    cJSON_Hooks hooks = {allocate, keep};
    json_arena = arena;
    cJSON_InitHooks(&hooks);
}

/* -- Reading ------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p, const char *end) {
    while (p < end && is_digit(*p)) {
        p++;
    }
    return p;
}

/* Past the number at `p`; NULL where it is none. */
static const char *strict_number(const char *p, const char *end) {
    p += *p == '-';
    const char *whole = p;
    p = skip_digits(p, end);
    if (p == whole || (*whole == '0' && p > whole + 1)) {
        return NULL;
    }
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = skip_digits(p, end);
        if (p == fraction) {
            return NULL;
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        const char *exponent = p;
        p = skip_digits(p, end);
        if (p == exponent) {
            return NULL;
        }
    }
    return p;
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether four hexadecimal digits other than 0000 are at `p`; cJSON takes what are no digits for
 * 0000. */
static bool is_code_unit(const char *p, const char *end) {
    return end - p >= 4 && is_hex(p[0]) && is_hex(p[1]) && is_hex(p[2]) && is_hex(p[3]) &&
           memcmp(p, "0000", 4) != 0;
}

/* Past the string whose opening quote is at `p`; NULL where it holds what JSON has no place for.
 * cJSON checks the other escapes. */
static const char *strict_string(const char *p, const char *end) {
    for (p++; p < end && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20) {
            return NULL;
        }
        if (*p == '\\') {
            p++;
            if (p < end && *p == 'u' && !is_code_unit(p + 1, end)) {
                return NULL;
            }
        }
    }
    return p < end ? p + 1 : NULL;
}

static bool strict(struct text text) {
    const char *p = text.at;
    const char *end = text.at + text.len;
    while (p != NULL && p < end) {
        if (*p == '"') {
            p = strict_string(p, end);
        } else if (*p == '-' || is_digit(*p)) {
            p = strict_number(p, end);
        } else if ((unsigned char)*p < 0x20 && *p != '\t' && *p != '\n' && *p != '\r') {
            return false;
        } else {
            p++;
        }
    }
    return p != NULL;
}

const cJSON *json_parse(struct text text) {
    if (text.len == 0 || text.at[0] == '\xEF' || !text_valid(text) || !strict(text)) {
        return NULL; /* 0xEF: a byte order mark, which cJSON would skip */
    }
    struct text copy = arena_copy(json_arena, text);
    const cJSON *tree = cJSON_ParseWithLengthOpts(copy.at, copy.len + 1, NULL, true);
    return cJSON_IsObject(tree) ? tree : NULL;
}

const cJSON *json_member(const cJSON *object, const char *name) {
    const cJSON *found = NULL;
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        if (strcmp(item->string, name) == 0) {
            found = item;
        }
    }
    return found;
}

static const cJSON *member(const cJSON *object, const char *name) {
    const cJSON *found = json_member(object, name);
    return cJSON_IsNull(found) ? NULL : found;
}

bool json_text(const cJSON *object, const char *name, struct text *text) {
    const cJSON *item = member(object, name);
    *text = cJSON_IsString(item) ? text_of(item->valuestring) : NO_TEXT;
    return item == NULL || text->at != NULL;
}

bool json_text_within(const cJSON *object, const char *name, size_t max, struct text *text) {
    return json_text(object, name, text) && text->len >= 1 && text->len <= max;
}

bool json_number(const cJSON *object, const char *name, int64_t max, int64_t fallback,
                 int64_t *number) {
    const cJSON *item = member(object, name);
    *number = fallback;
    if (item == NULL) {
        return true;
    }
    if (!cJSON_IsNumber(item) || item->valuedouble < 0) {
        return false;
    }
    if (item->valuedouble >= (double)max) {
        *number = max;
        return item->valuedouble >= 9007199254740992.0 ||
               (double)(int64_t)item->valuedouble == item->valuedouble;
    }
    *number = (int64_t)item->valuedouble;
    return (double)*number == item->valuedouble;
}

/* -- Values as they came. All of this is JSON that json_parse() took. ---------- */

/* Takes one bracket, comma or colon off the front, and what follows up to the next one outside of
 * it. */
static struct text raw_take(struct text *rest) {
    int depth = 0;
    bool quoted = false;
    size_t i = 1;
    for (; i < rest->len; i++) {
        char c = rest->at[i];
        i += c == '\\';
        quoted ^= c == '"';
        if (quoted) {
            continue;
        }
        bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ',' || c == ':')) {
            break;
        }
        depth += (c == '{' || c == '[') - closes;
    }
    CHECK(i <= rest->len);
    struct text taken = {rest->at + 1, i - 1};
    *rest = text_from(*rest, i);
    return taken;
}

static struct text raw_copy(struct text raw) {
    size_t mark = json_arena->used;
    char *at = arena_alloc(json_arena, raw.len + 1);
    size_t len = 0;
    bool quoted = false;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.at[i];
        if (c == '\\') {
            at[len++] = c;
            c = raw.at[++i];
        } else if (c == '"') {
            quoted = !quoted;
        }
        if (quoted || (unsigned char)c > ' ') {
            at[len++] = c;
        }
    }
    at[len] = '\0';
    arena_rewind(json_arena, mark);
    return (struct text){arena_alloc(json_arena, len + 1), len};
}

static bool is_quoted(struct text quoted, const char *name) {
    size_t mark = json_arena->used;
    struct text unquoted;
    bool same = json_unquote(quoted, &unquoted) && text_equal(unquoted, text_of(name));
    arena_rewind(json_arena, mark);
    return same;
}

struct text json_raw_member(struct text object, const char *name) {
    struct text rest = text_trim(object, TEXT(" \t\r\n"));
    struct text found = NO_TEXT;
    if (!text_starts(rest, TEXT("{"))) {
        return NO_TEXT;
    }
    while (rest.len > 1) {
        struct text quoted = raw_take(&rest);
        struct text value = raw_take(&rest);
        found = is_quoted(quoted, name) ? value : found;
    }
    return found.at == NULL ? NO_TEXT : raw_copy(found);
}

bool json_raw_next(struct text *array, struct text *element) {
    if (array->len < 2) {
        return false;
    }
    *element = raw_copy(raw_take(array));
    return element->len > 0;
}

bool json_raw_view(struct text *array, struct text *element) {
    if (array->len < 2) {
        return false;
    }
    *element = raw_take(array);
    return element->len > 0;
}

/* -- Writing ------------------------------------------------------------------- */

cJSON *json_object(void) {
    return cJSON_CreateObject();
}

cJSON *json_array(void) {
    return cJSON_CreateArray();
}

cJSON *json_add_object(cJSON *object, const char *name) {
    cJSON *added = cJSON_CreateObject();
    cJSON_AddItemToObjectCS(object, name, added);
    return added;
}

cJSON *json_add_array(cJSON *object, const char *name) {
    cJSON *added = cJSON_CreateArray();
    cJSON_AddItemToObjectCS(object, name, added);
    return added;
}

cJSON *json_push_object(cJSON *array) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddItemToArray(array, object);
    return object;
}

cJSON *json_push_array(cJSON *array) {
    cJSON *pushed = cJSON_CreateArray();
    cJSON_AddItemToArray(array, pushed);
    return pushed;
}

static cJSON *text_item(struct text text) {
    return text.at == NULL ? cJSON_CreateNull()
                           : cJSON_CreateStringReference(arena_copy(json_arena, text).at);
}

void json_push_text(cJSON *array, struct text text) {
    cJSON_AddItemToArray(array, text_item(text));
}

void json_add_text(cJSON *object, const char *name, struct text text) {
    cJSON_AddItemToObjectCS(object, name, text_item(text));
}

/* cJSON has raw items and references, but no call that makes a raw reference. */
static cJSON *raw_item(struct text raw) {
    CHECK(raw.at != NULL && raw.at[raw.len] == '\0');
    cJSON *item = cJSON_CreateStringReference(raw.at);
    item->type = cJSON_Raw | cJSON_IsReference;
    return item;
}

void json_push_raw(cJSON *array, struct text raw) {
    cJSON_AddItemToArray(array, raw_item(raw));
}

void json_add_raw(cJSON *object, const char *name, struct text raw) {
    cJSON_AddItemToObjectCS(object, name, raw_item(raw));
}

void json_add_number(cJSON *object, const char *name, int64_t number) {
    json_add_raw(object, name, arena_format(json_arena, "%d", number));
}

void json_add_bool(cJSON *object, const char *name, bool value) {
    cJSON_AddItemToObjectCS(object, name, cJSON_CreateBool(value));
}

/* Bytes of the text as JSON, or a few more. */
static size_t quoted_size(const char *text) {
    size_t size = sizeof "\"\"";
    for (; *text != '\0'; text++) {
        size += (unsigned char)*text < 0x20 ? sizeof "\\u0000" - 1 : 1;
        size += *text == '"' || *text == '\\';
    }
    return size;
}

/* A number of cJSON's is none of ours: it may have lost digits, and the module cannot print it. */
static size_t printed_size(const cJSON *tree) {
    CHECK(!cJSON_IsNumber(tree));
    enum {
        PUNCTUATION = 16
    }; /* brackets, commas, literals, and the 5 bytes that cJSON wants spare */
    size_t size = PUNCTUATION;
    size += tree->string == NULL ? 0 : quoted_size(tree->string);
    if (cJSON_IsRaw(tree)) {
        size += strlen(tree->valuestring);
    } else if (cJSON_IsString(tree)) {
        size += quoted_size(tree->valuestring);
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        size += printed_size(item);
    }
    return size;
}

struct text json_print(const cJSON *tree) {
    size_t size = printed_size(tree);
    size_t mark = json_arena->used;
    char *at = arena_alloc(json_arena, size);
    CHECK(cJSON_PrintPreallocated((cJSON *)(uintptr_t)tree, at, (int)size, false));
    size_t len = strlen(at);
    arena_rewind(json_arena, mark);
    return (struct text){arena_alloc(json_arena, len + 1), len};
}

struct text json_quote(struct text text) {
    return json_print(text_item(text));
}

bool json_unquote(struct text quoted, struct text *text) {
    const cJSON *item = cJSON_ParseWithLength(quoted.at, quoted.len);
    *text = cJSON_IsString(item) ? text_of(item->valuestring) : NO_TEXT;
    return text->at != NULL;
}
