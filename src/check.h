/* CHECK: an assertion that stays in release builds. It guards the project's own bugs, never input:
 * where it does not hold the request traps, costs its instance, and is answered with 500. */
#ifndef RONDEVU_CHECK_H
#define RONDEVU_CHECK_H

#define CHECK(holds) ((holds) ? (void)0 : __builtin_trap())

#endif
