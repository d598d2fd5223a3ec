#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Says whether a failed read or write is to be tried again; waits until that makes sense. */
static int try_again(int descriptor, short events)
{
    if (errno == EINTR)
        return 1;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return 0;
    struct pollfd ready = {.fd = descriptor, .events = events};
    return poll(&ready, 1, -1) != -1 || errno == EINTR;
}

int io_write(int descriptor, const void *buffer, size_t size)
{
    const char *next = buffer;

    while (size > 0) {
        ssize_t written = write(descriptor, next, size);
        if (written == -1) {
            if (try_again(descriptor, POLLOUT))
                continue;
            return -1;
        }
        next += written;
        size -= (size_t)written;
    }
    return 0;
}

ssize_t io_read(int descriptor, void *buffer, size_t size)
{
    size_t count = 0;

    while (count < size) {
        ssize_t got = read(descriptor, (char *)buffer + count, size - count);
        if (got == 0)
            break;
        if (got > 0)
            count += (size_t)got;
        else if (!try_again(descriptor, POLLIN))
            return -1;
    }
    return (ssize_t)count;
}

/* POSIX.1-2008 has no way to open a pipe closed on exec at once. A thread that forks and executes
 * in between would leak it; the suite has no threads. */
static int close_on_exec(int ends[2])
{
    if (fcntl(ends[0], F_SETFD, FD_CLOEXEC) == -1 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) == -1) {
        io_close(&ends[0]);
        io_close(&ends[1]);
        return -1;
    }
    return 0;
}

int io_pipe(int ends[2])
{
    return pipe(ends) == -1 ? -1 : close_on_exec(ends);
}

int io_socketpair(int type, int ends[2])
{
    return socketpair(AF_UNIX, type, 0, ends) == -1 ? -1 : close_on_exec(ends);
}

void io_close(int *descriptor)
{
    int error = errno;

    if (*descriptor != -1)
        close(*descriptor); /* nothing to do about an error here, and never close twice */
    *descriptor = -1;
    errno = error;
}
