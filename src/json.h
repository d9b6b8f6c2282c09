/* JSON in and out, over cJSON, with all of its memory from one arena.
 *
 * A request's body is parsed into a tree, a response is a tree that is printed. What storage keeps
 * is JSON text, which goes into a response as it is (json_add_raw), never parsed again. */
#ifndef RONDEVU_JSON_H
#define RONDEVU_JSON_H

#include "arena.h"

#include <cJSON.h>

enum { JSON_DEPTH_MAX = 32 }; /* the outermost object is level 1 */

/* From here on cJSON allocates from this arena: the one global of src/, set for each request. */
void json_use(struct arena *arena);

/* The object that the text is, NULL where it is not one: not JSON as RFC 8259 has it, not an
 * object, deeper than JSON_DEPTH_MAX, not UTF-8, or with U+0000 in a string. */
const cJSON *json_parse(struct text text);

/* The member of that name, of several the last, as JSON.parse has it; NULL where it is missing. */
const cJSON *json_member(const cJSON *object, const char *name);
/* The same as a text. Absent where it is missing or null; false where it is something else. */
bool json_text(const cJSON *object, const char *name, struct text *text);
/* Whether it is a text of 1 to `max` bytes. */
bool json_text_within(const cJSON *object, const char *name, size_t max, struct text *text);
/* The same as a whole number from 0 on; `fallback` where it is missing or null, `max` where it is
 * larger. */
bool json_number(const cJSON *object, const char *name, int64_t max, int64_t fallback,
                 int64_t *number);

/* What is kept as it came: values as text, for a tree would change their numbers. White space
 * outside of strings is left out, so a text holds no line feed; there is a NUL behind it. */

/* That member of an object, of several of the name the last; absent where it is missing. `object`
 * is what json_parse() took, or comes from one of these two. */
struct text json_raw_member(struct text object, const char *name);
/* Takes the next element off the front of an array that came from one of these two; false at its
 * end. */
bool json_raw_next(struct text *array, struct text *element);
/* The same in place, of an array without white space; no NUL is behind it. */
bool json_raw_view(struct text *array, struct text *element);

/* Building a tree. Names have to last as long as the tree. Texts are copied, and an absent one is
 * null; raw JSON is not copied, and must have a NUL behind it. */
cJSON *json_object(void);
cJSON *json_array(void);
cJSON *json_add_object(cJSON *object, const char *name);
cJSON *json_add_array(cJSON *object, const char *name);
cJSON *json_push_object(cJSON *array);
cJSON *json_push_array(cJSON *array);
void json_push_text(cJSON *array, struct text text);
void json_push_raw(cJSON *array, struct text raw);
void json_add_text(cJSON *object, const char *name, struct text text);
void json_add_raw(cJSON *object, const char *name, struct text raw);
void json_add_number(cJSON *object, const char *name, int64_t number);
void json_add_bool(cJSON *object, const char *name, bool value);

struct text json_print(const cJSON *tree);
/* The text as a JSON string, quotes and all. It never holds a line feed. */
struct text json_quote(struct text text);
/* The text that such a string stands for; false where it is none. */
bool json_unquote(struct text quoted, struct text *text);

#endif
