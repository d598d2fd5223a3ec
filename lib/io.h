/* io: descriptors, without the surprises: whole reads and writes, in spite of signals. */
#ifndef IO_H
#define IO_H

#include <stddef.h>
#include <sys/types.h>

/* Writes all `size` bytes of `buffer`, in one write where the kernel takes them whole. Waits when
 * the descriptor is in non-blocking mode.
 * Returns 0, or -1 and write's errno; then a part may have been written. */
int io_write(int descriptor, const void *buffer, size_t size);

/* Reads `size` bytes into `buffer`, or what there is before the end of the file.
 * Returns the number of bytes, below `size` only at the end of the file; or -1 and read's errno. */
ssize_t io_read(int descriptor, void *buffer, size_t size);

/* pipe and socketpair(AF_UNIX, type), the ends closed on exec.
 * Return 0, or -1 and errno (EMFILE, ENFILE ...) with nothing left open. */
int io_pipe(int ends[2]);
int io_socketpair(int type, int ends[2]);

/* Closes *descriptor and sets it to -1; one that is -1 already is left alone. errno is kept. */
void io_close(int *descriptor);

#endif
