/* WASI: what wasi-libc would bring along, and nothing ever calls. Streams would have imports that
 * abi.h knows nothing of, and the allocator 4 KB of code, gzipped. */
#include <stddef.h>
#include <stdint.h>

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd);
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t by, int32_t whence,
                                                  int32_t to);
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t parts, int32_t count,
                                                   int32_t to);
void *malloc(size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);

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
