/* Decimal: the digits and the power of ten as one large whole number and a power of two, of which
 * the highest 53 bits are the double. Nothing is rounded before that.
 *
 * wasi-libc's strtod() is 2 KB more, gzipped, since it rounds to long double, and takes 40 times as
 * long for "1e300", of which a body holds many. */
#include "decimal.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* No double, and no middle of two, has more than 767: of further digits it only matters
     * whether there are any. */
    DIGITS_MAX = 770,
    ORDER_MIN = -323,         /* of the first digit that can matter: the least double is 4.9e-324 */
    ORDER_MAX = 309,          /* the largest is 1.8e308 */
    EXPONENT_MAX = 100000000, /* more than a request has room for zeros */
    FIVES = 13,               /* 5^13 is the largest power of five below 2^32 */
    LIMBS = 176,              /* 80 of DIGITS_MAX digits, 84 of 5^1092, 3, and some */
    DOUBLE_BITS = 53,
    DOUBLE_LEAST = -1074, /* the power of two of a double's last bit, at least */
};

struct decimal {
    uint32_t limbs[LIMBS]; /* the digits as a number, the least first */
    int count;             /* of limbs; the last is not 0 */
    int digits;            /* without zeros at the beginning */
    int exponent;          /* of ten */
    bool more;             /* a little is missing */
};

static void multiply_add(struct decimal *number, uint32_t by, uint32_t add) {
    uint64_t carry = add;
    for (int i = 0; i < number->count; i++) {
        carry += (uint64_t)number->limbs[i] * by;
        number->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0) {
        number->limbs[number->count++] = (uint32_t)carry;
    }
}

static void divide(struct decimal *number, uint32_t by) {
    uint64_t rest = 0;
    for (int i = number->count - 1; i >= 0; i--) {
        rest = rest << 32 | number->limbs[i];
        number->limbs[i] = (uint32_t)(rest / by);
        rest %= by;
    }
    number->count -= number->limbs[number->count - 1] == 0;
    number->more |= rest != 0;
}

/* -- Reading ------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void add_digit(struct decimal *number, uint32_t digit) {
    if (number->digits == DIGITS_MAX) {
        number->more |= digit != 0;
        number->exponent++;
    } else if (number->digits > 0 || digit > 0) {
        number->digits++;
        multiply_add(number, 10, digit);
    }
}

/* Past the digits and their point; NULL where there is no digit. */
static const char *read_digits(const char *p, struct decimal *number) {
    bool found = false;
    bool point = false;
    for (; is_digit(*p) || (*p == '.' && !point); p++) {
        if (*p == '.') {
            point = true;
            continue;
        }
        found = true;
        number->exponent -= point;
        add_digit(number, (uint32_t)(*p - '0'));
    }
    return found ? p : NULL;
}

/* Past the exponent, where there is one. */
static const char *read_exponent(const char *p, struct decimal *number) {
    if (*p != 'e' && *p != 'E') {
        return p;
    }
    const char *at = p + 1;
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    if (!is_digit(*at)) {
        return p;
    }
    int given = 0;
    for (; is_digit(*at); at++) {
        given = given < EXPONENT_MAX ? given * 10 + (*at - '0') : given;
    }
    number->exponent += negative ? -given : given;
    return at;
}

/* -- Rounding ------------------------------------------------------------------ */

static uint32_t power_of_five(int exponent) {
    uint32_t power = 1;
    for (int i = 0; i < exponent && i < FIVES; i++) {
        power *= 5;
    }
    return power;
}

/* Multiplies the digits by their power of five; returns the power of two that is then left. */
static int scale(struct decimal *number) {
    int left = number->exponent;
    for (int fives = left; fives > 0; fives -= FIVES) {
        multiply_add(number, power_of_five(fives), 0);
    }
    if (left >= 0) {
        return left;
    }
    int spare = 3 - left / FIVES; /* limbs, so that the quotient has over 64 bits */
    for (int i = number->count - 1; i >= 0; i--) {
        number->limbs[i + spare] = number->limbs[i];
    }
    for (int i = 0; i < spare; i++) {
        number->limbs[i] = 0;
    }
    number->count += spare;
    for (int fives = -left; fives > 0; fives -= FIVES) {
        divide(number, power_of_five(fives));
    }
    return left - 32 * spare;
}

static bool bit(const struct decimal *number, int i) {
    return i < 32 * number->count && (number->limbs[i / 32] >> i % 32 & 1) != 0;
}

static int at_least(int a, int b) {
    return a < b ? b : a;
}

/* To the nearest, and of two to the even one. */
static double nearest(struct decimal *number) {
    int exponent = scale(number);
    int bits = 32 * number->count - __builtin_clz(number->limbs[number->count - 1]);
    int cut = at_least(at_least(bits - DOUBLE_BITS, DOUBLE_LEAST - exponent), 0);
    uint64_t kept = 0;
    for (int i = bits - 1; i >= cut; i--) {
        kept = kept << 1 | bit(number, i);
    }
    if (cut > 0 && bit(number, cut - 1)) {
        bool above = number->more || (kept & 1) != 0;
        for (int i = 0; i < cut - 1 && !above; i++) {
            above = bit(number, i);
        }
        kept += above;
    }
    return ldexp((double)kept, exponent + cut);
}

double decimal_read(const char *text, char **end) {
    struct decimal number;
    number.count = number.digits = number.exponent = 0; /* the limbs are written as they come */
    number.more = false;
    const char *p = read_digits(text + (*text == '-' || *text == '+'), &number);
    *end = (char *)(uintptr_t)text;
    if (p == NULL) {
        return 0;
    }
    *end = (char *)(uintptr_t)read_exponent(p, &number);
    int order = number.exponent + number.digits;
    double value = 0;
    if (number.digits > 0 && order >= ORDER_MIN) {
        value = order > ORDER_MAX ? HUGE_VAL : nearest(&number);
    }
    return *text == '-' ? -value : value;
}
