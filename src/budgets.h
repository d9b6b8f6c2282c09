/* Budgets: how often somebody may ask for something.
 *
 * The host counts, for counting is state: exactly where the store is atomic, about right on Workers
 * (docs/keys.md). Budgets that only facts can tell are in the handlers. */
#ifndef RONDEVU_BUDGETS_H
#define RONDEVU_BUDGETS_H

#include "request.h"

enum budget { BUDGET_CREATE, BUDGET_LOOK_UP, BUDGET_JOIN, BUDGET_JOIN_ROOM, BUDGET_POLL, BUDGETS };

/* A set of them, as the route table has it. */
#define SPENDS(budget) (1u << (budget))

/* Takes one from each of the set. Returns 0, or, where one was used up, after how many seconds
 * there is some of it again, at the latest. `route`: what a budget by token is for. */
int budgets_spend(struct request *request, unsigned set, const char *route);

#endif
