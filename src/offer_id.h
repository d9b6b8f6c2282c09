/* Offer id: names one offer of a peer, and tells the server where it lives. 64 hexadecimal digits:
 *
 *     peer 32   age 11   random 5   index 2   proof 14
 *
 * Age and random name the publication, what one request published: age falls as time goes on, so
 * that newer publications come first. The index tells its offers apart. The proof is a keyed hash
 * of all that, so that an id cannot be guessed from another one, and a made-up id costs no look
 * into the store. Lists hold references, ids without their proof.
 *
 * A batch is what is kept in one entry of a list: one offer where the store is atomic, so that
 * entries can be counted and deleted; the whole publication where each entry costs a call. */
#ifndef RONDEVU_OFFER_ID_H
#define RONDEVU_OFFER_ID_H

#include "request.h"

enum {
    PEER_LEN = 32,
    PUBLICATION_LEN = 11 + 5,
    INDEX_LEN = 2,
    REF_LEN = PEER_LEN + PUBLICATION_LEN + INDEX_LEN,
    OFFER_ID_LEN = 64,
};

/* Whether it is 32 lower-case hexadecimal digits. */
bool peer_id_valid(struct text peer);
/* The name of what this request publishes. */
struct text publication_make(struct request *request);
/* peer, publication and index */
struct text offer_ref(struct request *request, struct text peer, struct text publication,
                      int index);
bool offer_ref_valid(struct text ref);
struct text offer_id(struct request *request, struct text ref);
/* Whether this server gave out the id. */
bool offer_id_valid(struct request *request, struct text id);

/* Parts of a reference or an id. */
struct text ref_of(struct text id);
struct text ref_peer(struct text ref);
struct text ref_publication(struct text ref);
int ref_index(struct text ref);
/* publication and index */
struct text ref_slot(struct text ref);
struct text ref_batch(const struct request *request, struct text ref);

#endif
