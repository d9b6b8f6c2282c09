/* Decimal: numbers as JSON writes them, to the nearest double. */
#ifndef RONDEVU_DECIMAL_H
#define RONDEVU_DECIMAL_H

/* What strtod() does with texts of digits, signs, points and e's, to the last bit. */
double decimal_read(const char *text, char **end);

#endif
