/* WASI: what wasi-libc would import for its streams. The core has none, so nothing ever calls
 * these; they are here to keep the module's imports to those of abi.h. */
#include <stdint.h>

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t fd);
int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t fd, int64_t by, int32_t whence,
                                                  int32_t to);
int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t fd, int32_t parts, int32_t count,
                                                   int32_t to);

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
