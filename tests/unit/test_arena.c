/* Arena: bumps, aligns, rewinds, and leaves where it is exhausted. */
#include "world.h"

#include <stdlib.h>

enum { SIZE = 256 };

static jmp_buf left;
static _Alignas(16) unsigned char space[SIZE];

static void leave(void) {
    longjmp(left, 1);
}

static struct arena arena_of(size_t limit) {
    memset(space, 0xAA, sizeof space);
    return (struct arena){.base = space, .ready = limit, .limit = limit, .exhausted = leave};
}

static bool fits(struct arena *arena, size_t size) {
    if (setjmp(left) != 0) {
        return false;
    }
    arena_alloc(arena, size);
    return true;
}

static void allocations_are_aligned_and_apart(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    unsigned char *end = space;
    for (size_t size = 0; size < 18; size++) {
        unsigned char *at = arena_alloc(&arena, size);
        assert_int_equal((uintptr_t)at % 8, 0);
        assert_true(at >= end);
        end = at + size;
    }
    assert_true(end <= space + SIZE);
}

static void the_last_byte_can_be_had_and_no_more(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    assert_true(fits(&arena, SIZE));
    assert_true(fits(&arena, 0));
    assert_false(fits(&arena, 1));
    for (size_t used = 1; used < 40; used++) {
        arena = arena_of(61);
        assert_true(fits(&arena, used));
        size_t rest = 61 - (used + 7) / 8 * 8;
        assert_false(fits(&arena, rest + 1));
        assert_true(fits(&arena, rest));
    }
}

static void sizes_near_the_largest_number_do_not_wrap_around(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    arena_alloc(&arena, 9);
    assert_false(fits(&arena, SIZE_MAX));
    assert_false(fits(&arena, SIZE_MAX - 8));
    assert_int_equal(arena.used, 16);
    if (setjmp(left) == 0) {
        arena_array(&arena, SIZE_MAX / 8 + 2, 8);
        fail_msg("an array larger than all memory");
    }
}

static void arrays_are_cleared(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    unsigned char *array = arena_array(&arena, 5, 3);
    for (int i = 0; i < 15; i++) {
        assert_int_equal(array[i], 0);
    }
    assert_int_equal(array[15], 0xAA);
}

static void a_copy_has_a_nul_behind_it(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    struct text copy = arena_copy(&arena, (struct text){"abcdef", 3});
    assert_int_equal(copy.len, 3);
    assert_string_equal(copy.at, "abc");
    copy = arena_copy(&arena, NO_TEXT);
    assert_int_equal(copy.len, 0);
    assert_string_equal(copy.at, "");
}

static void rewinding_gives_memory_back(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    arena_alloc(&arena, 24);
    size_t mark = arena.used;
    void *first = arena_alloc(&arena, 100);
    arena_rewind(&arena, mark);
    assert_ptr_equal(arena_alloc(&arena, 100), first);
}

static void a_copy_may_move_a_text_towards_the_start_over_itself(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    size_t mark = arena.used;
    arena_alloc(&arena, 8);
    struct text text = arena_copy(&arena, TEXT("longer than the gap before it"));
    arena_rewind(&arena, mark);
    assert_text(arena_copy(&arena, text), "longer than the gap before it");
}

static int grown;

static bool grow_to_100(struct arena *arena, size_t size) {
    grown++;
    arena->ready = size <= 100 ? size : arena->ready;
    return size <= 100;
}

static void an_arena_grows_only_when_it_must(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    arena.ready = 16;
    arena.grow = grow_to_100;
    grown = 0;
    assert_true(fits(&arena, 16));
    assert_int_equal(grown, 0);
    assert_true(fits(&arena, 84));
    assert_int_equal(grown, 1);
    assert_false(fits(&arena, 8));
}

static void a_format_has_texts_and_numbers(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    struct text text = {"middle...", 6};
    assert_text(
        arena_format(&arena, "<%s|%t|%d|%x>", "start", &text, (int64_t)42, 4, (uint64_t)0xBEE),
        "<start|middle|42|0bee>");
    assert_text(arena_format(&arena, ""), "");
    assert_text(arena_format(&arena, "%d %d %d", (int64_t)0, INT64_MAX, INT64_MIN),
                "0 9223372036854775807 -9223372036854775808");
    assert_text(arena_format(&arena, "%x", 16, UINT64_MAX), "ffffffffffffffff");
    assert_text(arena_format(&arena, "%x", 2, (uint64_t)0xABCD), "cd");
    text = NO_TEXT;
    assert_text(arena_format(&arena, "%t", &text), "");
}

static void a_formatted_text_has_a_nul_behind_it(void **state) {
    (void)state;
    struct arena arena = arena_of(SIZE);
    struct text text = arena_format(&arena, "%s", "12345678");
    assert_int_equal(text.at[text.len], '\0');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_apart),
        cmocka_unit_test(the_last_byte_can_be_had_and_no_more),
        cmocka_unit_test(sizes_near_the_largest_number_do_not_wrap_around),
        cmocka_unit_test(arrays_are_cleared),
        cmocka_unit_test(a_copy_has_a_nul_behind_it),
        cmocka_unit_test(rewinding_gives_memory_back),
        cmocka_unit_test(a_copy_may_move_a_text_towards_the_start_over_itself),
        cmocka_unit_test(an_arena_grows_only_when_it_must),
        cmocka_unit_test(a_format_has_texts_and_numbers),
        cmocka_unit_test(a_formatted_text_has_a_nul_behind_it),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
