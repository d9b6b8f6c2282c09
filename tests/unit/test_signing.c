/* Ed25519: which keys and signatures are looked at, and which are right. */
#include "base64.h"
#include "signing.h"
#include "world.h"

/* RFC 8032, 7.1, in hexadecimal. */
static const struct {
    const char *name, *key, *signature, *message;
} vectors[] = {
    {"TEST 1", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b",
     ""},
    {"TEST 2", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00",
     "72"},
    {"TEST 3", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a",
     "af82"},
    {"TEST SHA(abc)", "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
     "e0303dca179c138ac17ad9bef1177331a704",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
     "ebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

/* -- Bytes --------------------------------------------------------------------- */

static struct text unhex(struct request *request, const char *hex) {
    size_t len = strlen(hex) / 2;
    char *bytes = arena_array(request->arena, len + 1, 1);
    for (size_t i = 0; i < len; i++) {
        uint64_t byte;
        assert_true(text_hex((struct text){hex + 2 * i, 2}, &byte));
        bytes[i] = (char)byte;
    }
    return (struct text){bytes, len};
}

static struct text flipped(struct request *request, struct text bytes, size_t bit) {
    char *copy = arena_array(request->arena, bytes.len + 1, 1);
    memcpy(copy, bytes.at, bytes.len);
    copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
    return (struct text){copy, bytes.len};
}

static bool key_taken(struct request *request, struct text bytes) {
    struct text key;
    bool taken = signing_read_key(request->arena, base64_encode(request->arena, bytes), &key);
    assert_true(!taken || text_equal(key, bytes));
    return taken;
}

static bool signature_taken(struct request *request, struct text bytes) {
    struct text read;
    bool taken =
        signing_read_signature(request->arena, base64_encode(request->arena, bytes), &read);
    assert_true(!taken || text_equal(read, bytes));
    return taken;
}

/* R and S, one behind the other. */
static struct text signature_of(struct request *request, struct text r, struct text s) {
    char *bytes = arena_array(request->arena, SIGNATURE_BYTES, 1);
    memcpy(bytes, r.at, r.len);
    memcpy(bytes + r.len, s.at, s.len);
    return (struct text){bytes, SIGNATURE_BYTES};
}

/* -- What is right ------------------------------------------------------------- */

static void the_vectors_of_rfc_8032_are_right(void **state) {
    struct request *request = world_request(as_world(state));
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct text key = unhex(request, vectors[i].key);
        struct text signature = unhex(request, vectors[i].signature);
        struct text message = unhex(request, vectors[i].message);
        if (!key_taken(request, key) || !signature_taken(request, signature) ||
            !signing_verify(request, key, signature, message)) {
            fail_msg("%s", vectors[i].name);
        }
    }
}

static void a_bit_more_or_less_anywhere_is_wrong(void **state) {
    struct world *world = as_world(state);
    for (size_t bit = 0; bit < 512; bit++) {
        struct request *request = world_request(world);
        struct text key = unhex(request, vectors[2].key);
        struct text signature = unhex(request, vectors[2].signature);
        struct text message = unhex(request, vectors[2].message);
        struct text other = flipped(request, signature, bit);
        assert_false(signature_taken(request, other) &&
                     signing_verify(request, key, other, message));
        if (bit < 8 * PUBLIC_KEY_BYTES) {
            other = flipped(request, key, bit);
            assert_false(key_taken(request, other) &&
                         signing_verify(request, other, signature, message));
        }
        if (bit < 8 * message.len) {
            other = flipped(request, message, bit);
            assert_false(signing_verify(request, key, signature, other));
        }
    }
    struct request *request = world_request(world);
    assert_false(signing_verify(request, unhex(request, vectors[2].key),
                                unhex(request, vectors[2].signature), TEXT("")));
}

/* -- What is not looked at ----------------------------------------------------- */

static void a_key_is_32_bytes_and_a_signature_64(void **state) {
    struct request *request = world_request(as_world(state));
    struct text key = unhex(request, vectors[0].key);
    struct text signature = unhex(request, vectors[0].signature);
    char longer[SIGNATURE_BYTES + 2] = {0};
    memcpy(longer, signature.at, signature.len);
    for (size_t len = 0; len < sizeof longer; len++) {
        struct text bytes = {longer, len};
        assert_int_equal(key_taken(request, bytes), len == PUBLIC_KEY_BYTES);
        assert_int_equal(signature_taken(request, bytes), len == SIGNATURE_BYTES);
    }
    assert_true(key_taken(request, key));
}

static void both_come_as_base64_of_either_alphabet(void **state) {
    struct request *request = world_request(as_world(state));
    struct text key, signature;
    /* TEST 1 */
    static const char *const keys[] = {"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
                                       "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"};
    for (int i = 0; i < 2; i++) {
        assert_true(signing_read_key(request->arena, text_of(keys[i]), &key));
        assert_true(text_equal(key, unhex(request, vectors[0].key)));
    }
    struct text coded = base64_encode(request->arena, unhex(request, vectors[0].signature));
    assert_true(signing_read_signature(request->arena, coded, &signature));
    coded.len -= 2; /* the padding */
    assert_true(signing_read_signature(request->arena, coded, &signature));
    static const char *const others[] = {
        "",
        "=",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", /* a stray bit */
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo==",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n",
        "11qYAYKxCrfVS 7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", /* hexadecimal */
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(signing_read_key(request->arena, text_of(others[i]), &key));
        assert_false(signing_read_signature(request->arena, text_of(others[i]), &signature));
    }
    assert_false(signing_read_key(request->arena, NO_TEXT, &key));
    assert_false(signing_read_signature(request->arena, NO_TEXT, &signature));
}

static const char *const refused_points[] = {
    /* small order, as they should be written */
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    /* x = 0, and its sign */
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    /* y from p on, of which there are 19: two of small order, others that are points */
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

/* Next to those above. */
static const char *const taken_points[] = {
    "0200000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000001",
    "0001000000000000000000000000000000000000000000000000000000000000",
    "0300000000000000000000000000000000000000000000000000000000000080",
    "25e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037b",
    "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7e",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f7f",
    "5866666666666666666666666666666666666666666666666666666666666666",
};

static void points_that_are_not_reduced_or_of_small_order_are_refused(void **state) {
    struct request *request = world_request(as_world(state));
    struct text s = unhex(request, "01" /* and zeros, from signature_of() */);
    for (size_t i = 0; i < sizeof refused_points / sizeof refused_points[0]; i++) {
        struct text point = unhex(request, refused_points[i]);
        if (key_taken(request, point) ||
            signature_taken(request, signature_of(request, point, s))) {
            fail_msg("%s", refused_points[i]);
        }
    }
    for (size_t i = 0; i < sizeof taken_points / sizeof taken_points[0]; i++) {
        struct text point = unhex(request, taken_points[i]);
        if (!key_taken(request, point) ||
            !signature_taken(request, signature_of(request, point, s))) {
            fail_msg("%s", taken_points[i]);
        }
    }
}

static void a_signature_has_its_number_below_the_order_of_the_group(void **state) {
    struct request *request = world_request(as_world(state));
    static const struct {
        const char *s;
        bool taken;
    } rows[] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", true},
        {"ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", true}, /* L - 1 */
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0f", true},
        {"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", false}, /* L */
        {"eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", false},
        {"0000000000000000000000000000000001000000000000000000000000000010", false},
        {"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000020", false},
        {"0000000000000000000000000000000000000000000000000000000000000080", false},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
    };
    struct text r =
        unhex(request, "5866666666666666666666666666666666666666666666666666666666666666");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct text signature = signature_of(request, r, unhex(request, rows[i].s));
        if (signature_taken(request, signature) != rows[i].taken) {
            fail_msg("%s", rows[i].s);
        }
    }
}

static void the_same_signature_is_not_right_in_a_second_way(void **state) {
    struct request *request = world_request(as_world(state));
    struct text signature = unhex(request, vectors[1].signature);
    struct text order =
        unhex(request, "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    char other[SIGNATURE_BYTES];
    memcpy(other, signature.at, sizeof other);
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) { /* S + L, which stands for the same number modulo L */
        carry += (unsigned)(unsigned char)other[32 + i] + (unsigned char)order.at[i];
        other[32 + i] = (char)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(signature_taken(request, (struct text){other, sizeof other}));
}

/* What the check of keys is for: S = 1 and R the base point sign every message under the key 1,
 * which has the order 1. */
static void a_key_of_small_order_would_sign_everything(void **state) {
    struct request *request = world_request(as_world(state));
    struct text key =
        unhex(request, "0100000000000000000000000000000000000000000000000000000000000000");
    struct text base =
        unhex(request, "5866666666666666666666666666666666666666666666666666666666666666");
    struct text signature = signature_of(request, base, TEXT("\x01"));
    assert_true(signature_taken(request, signature));
    assert_true(signing_verify(request, key, signature, TEXT("claim:alice:1")));
    assert_true(signing_verify(request, key, signature, TEXT("claim:bob:2")));
    assert_false(key_taken(request, key));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        world_test(the_vectors_of_rfc_8032_are_right),
        world_test(a_bit_more_or_less_anywhere_is_wrong),
        world_test(a_key_is_32_bytes_and_a_signature_64),
        world_test(both_come_as_base64_of_either_alphabet),
        world_test(points_that_are_not_reduced_or_of_small_order_are_refused),
        world_test(a_signature_has_its_number_below_the_order_of_the_group),
        world_test(the_same_signature_is_not_right_in_a_second_way),
        world_test(a_key_of_small_order_would_sign_everything),
    };
    return cmocka_run_group_tests_name("signing", tests, NULL, NULL);
}
