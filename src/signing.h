/* Ed25519 (RFC 8032): keys and signatures as they come, checked before the platform sees them.
 *
 * RFC 8032, 5.1.3 and 5.1.7, wants encodings refused whose numbers are not reduced, and leaves
 * points of small order to the implementation. Implementations differ in both: OpenSSL and
 * BoringSSL take keys that libsodium refuses, and a key of small order has signatures that are
 * right for every message. A request must get the same answer on every host, and a key must be
 * somebody's, so these checks are made here; the arithmetic, and whether a point is on the curve,
 * is the platform's. */
#ifndef RONDEVU_SIGNING_H
#define RONDEVU_SIGNING_H

#include "request.h"

/* Base64 of a public key: 32 bytes, y < 2^255 - 19, not of small order (which the points with x = 0
 * are, whose sign might be written in two ways). */
bool signing_read_key(struct arena *arena, struct text coded, struct text *key);
/* Base64 of a signature: 64 bytes, R as a key is, S < L. */
bool signing_read_signature(struct arena *arena, struct text coded, struct text *signature);
/* Whether that key, as read above, signed the message so. */
bool signing_verify(const struct request *request, struct text key, struct text signature,
                    struct text message);

#endif
