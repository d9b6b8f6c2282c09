/* Visits to a room: who may come in, and how often. */
#ifndef RONDEVU_ROOM_VISIT_H
#define RONDEVU_ROOM_VISIT_H

#include "room_facts.h"

/* The room that the path names; false where there is none. */
bool room_find(struct request *request, struct room *room);
struct response fail_no_room(void);

/* The same for a caller with a token of it, whose role it tells. False, with `wrong` filled, where
 * there is no such room or it is not the caller's. */
bool room_enter(struct request *request, struct room *room, enum role *role,
                struct response *wrong);
/* The same for a route that only one side may use. */
bool room_enter_as(struct request *request, struct room *room, enum role role,
                   struct response *wrong);
/* False, with `wrong` filled, where the room has used up its budget of changes, or its space. */
bool room_may_change(const struct request *request, const struct room *room,
                     struct response *wrong);

#endif
