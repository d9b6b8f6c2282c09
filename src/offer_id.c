/* Offer ids. */
#include "offer_id.h"

#include "check.h"
#include "keys.h"

enum { AGE_LEN = 11, NONCE_LEN = 5, PROOF_LEN = OFFER_ID_LEN - REF_LEN };

bool peer_id_valid(struct text peer) {
    return text_is_hex(peer, PEER_LEN);
}

struct text publication_make(struct request *request) {
    uint64_t age = (UINT64_C(1) << (4 * AGE_LEN)) - 1 - (uint64_t)request->now;
    return arena_format(request->arena, "%x%x", AGE_LEN, age, NONCE_LEN, random_take(request, 3));
}

struct text offer_ref(struct request *request, struct text peer, struct text publication,
                      int index) {
    return arena_format(request->arena, "%t%t%x", &peer, &publication, INDEX_LEN, (uint64_t)index);
}

bool offer_ref_valid(struct text ref) {
    return text_is_hex(ref, REF_LEN);
}

struct text offer_id(struct request *request, struct text ref) {
    uint64_t proof = keyed_number(request, "offer", NO_TEXT, ref) >> (64 - 4 * PROOF_LEN);
    return arena_format(request->arena, "%t%x", &ref, PROOF_LEN, proof);
}

bool offer_id_valid(struct request *request, struct text id) {
    return text_is_hex(id, OFFER_ID_LEN) && request->host->equal(id, offer_id(request, ref_of(id)));
}

static struct text part(struct text text, size_t from, size_t len) {
    CHECK(text.len >= from + len);
    return (struct text){text.at + from, len};
}

struct text ref_of(struct text id) {
    return part(id, 0, REF_LEN);
}

struct text ref_peer(struct text ref) {
    return part(ref, 0, PEER_LEN);
}

struct text ref_publication(struct text ref) {
    return part(ref, PEER_LEN, PUBLICATION_LEN);
}

int ref_index(struct text ref) {
    uint64_t index;
    CHECK(text_hex(part(ref, REF_LEN - INDEX_LEN, INDEX_LEN), &index));
    return (int)index;
}

struct text ref_slot(struct text ref) {
    return part(ref, PEER_LEN, PUBLICATION_LEN + INDEX_LEN);
}

struct text ref_batch(const struct request *request, struct text ref) {
    return storage_atomic(request) ? ref_slot(ref) : ref_publication(ref);
}
