/* Room codes and join codes: what people read out to each other. */
#ifndef RONDEVU_ROOM_CODE_H
#define RONDEVU_ROOM_CODE_H

#include "request.h"

enum { ROOM_CODE_LEN = 8, JOIN_CODE_LEN = 6 };

/* A code that the server might have given out, as it gives it out: upper case, no spaces, no
 * dashes. False where it cannot be one. */
bool room_code_read(struct arena *arena, struct text sent, struct text *code);
/* A random code, with nothing in it that looks like something else; false once in some 2^25 times,
 * when taking the random number would make some codes likelier than others. */
bool room_code_make(struct request *request, struct text *code);

/* Six random digits. */
struct text join_code_make(struct request *request);
bool join_code_valid(struct text code);

#endif
