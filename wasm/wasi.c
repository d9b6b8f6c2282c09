/* WASI: what wasi-libc would bring along, and nothing ever calls, or only for the least of what it
 * does. Streams would have imports that abi.h knows nothing of, the allocator takes 4 KB of code,
 * gzipped, and formatted text 8 KB. */
#include "decimal.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd);
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t by, int32_t whence,
                                                  int32_t to);
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t parts, int32_t count,
                                                   int32_t to);
void *malloc(size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);
int sprintf(char *out, const char *format, ...);
int sscanf(const char *text, const char *format, ...);
double strtod(const char *text, char **end);

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd) {
    (void)fd;
    __builtin_trap();
}

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t by, int32_t whence,
                                                  int32_t to) {
    (void)fd, (void)by, (void)whence, (void)to;
    __builtin_trap();
}

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t parts, int32_t count,
                                                   int32_t to) {
    (void)fd, (void)parts, (void)count, (void)to;
    __builtin_trap();
}

/* cJSON's defaults, until json_use() gives it the request's arena. */
void *malloc(size_t size) {
    (void)size;
    __builtin_trap();
}

void *realloc(void *memory, size_t size) {
    (void)memory, (void)size;
    __builtin_trap();
}

void free(void *memory) {
    (void)memory;
    __builtin_trap();
}

/* cJSON escapes control characters with it, and would print numbers, which json.c adds as text. */
int sprintf(char *out, const char *format, ...) {
    if (strcmp(format, "u%04x") != 0) {
        __builtin_trap();
    }
    va_list given;
    va_start(given, format);
    /* va_start() is one line up; clang-tidy 14 forgets it when it is given several files. */
    unsigned code = va_arg(given, unsigned); /* NOLINT(clang-analyzer-valist.Uninitialized) */
    va_end(given);
    out[0] = 'u';
    for (int i = 4; i > 0; i--, code >>= 4) {
        out[i] = "0123456789abcdef"[code & 15];
    }
    out[5] = '\0';
    return 5;
}

int sscanf(const char *text, const char *format, ...) {
    (void)text, (void)format;
    __builtin_trap();
}

double strtod(const char *text, char **end) {
    return decimal_read(text, end);
}
