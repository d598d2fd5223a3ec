#include "sync.h"

#include "beyond.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A pipe that never makes anybody wait in read or write; for that there is poll. */
static int open_pipe(int *read_end, int *write_end)
{
    int ends[2];

    if (io_pipe(ends) == -1)
        return -1;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) == -1 || fcntl(ends[1], F_SETFL, O_NONBLOCK) == -1) {
        io_close(&ends[0]);
        io_close(&ends[1]);
        return -1;
    }
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

/* Waits until there is a byte in the pipe. Takes none. */
static int wait_for_byte(int read_end, double deadline)
{
    if (read_end == -1) {
        errno = EBADF;
        return -1;
    }
    struct pollfd pipe = {.fd = read_end, .events = POLLIN};
    for (;;) {
        int milliseconds = milliseconds_until(deadline);
        int ready = poll(&pipe, 1, milliseconds);
        if (ready == 1)
            return 0;
        if (ready == -1 && errno != EINTR)
            return -1;
        if (ready == 0 && milliseconds_until(deadline) == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
}

/* Writes to the pipe, or reads from it, as much as is possible at once: -1 and EAGAIN if that is
 * nothing. */
static ssize_t give(int write_end, const void *bytes, size_t count)
{
    ssize_t given;

    do
        given = write(write_end, bytes, count);
    while (given == -1 && errno == EINTR);
    return given;
}

static ssize_t take(int read_end, void *bytes, size_t room)
{
    ssize_t taken;

    do
        taken = read(read_end, bytes, room);
    while (taken == -1 && errno == EINTR);
    return taken;
}

/* ---- event ---- */

int event_open(struct event *event)
{
    return open_pipe(&event->wait_end, &event->set_end);
}

void event_close(struct event *event)
{
    io_close(&event->wait_end);
    io_close(&event->set_end);
}

bool event_is_set(const struct event *event)
{
    return wait_for_byte(event->wait_end, 0) == 0;
}

int event_set(struct event *event)
{
    /* Many bytes are as good as one, and a full pipe is as good as room for another. */
    return give(event->set_end, "!", 1) == -1 && errno != EAGAIN ? -1 : 0;
}

int event_clear(struct event *event)
{
    char bytes[4096];
    ssize_t taken;

    /* Fewer than there is room for were all; so this ends, though others go on setting it. */
    do
        taken = take(event->wait_end, bytes, sizeof bytes);
    while (taken == (ssize_t)sizeof bytes);
    return taken == -1 && errno != EAGAIN ? -1 : 0;
}

int event_wait(const struct event *event, double timeout)
{
    return wait_for_byte(event->wait_end, deadline_after(timeout));
}

/* ---- semaphore ---- */

int semaphore_open(struct semaphore *semaphore, int value)
{
    char bytes[SEMAPHORE_MAX];

    if (value < 0 || value > SEMAPHORE_MAX) {
        errno = EINVAL;
        return -1;
    }
    if (open_pipe(&semaphore->take_end, &semaphore->give_end) == -1)
        return -1;
    memset(bytes, '!', sizeof bytes);
    /* A pipe takes as much as a page whole, or not at all. After that it needs a second page: what
     * is read from a page makes no room in it until all is read. Linux has given every pipe two
     * since 5.14, also to a user with very many pipes; with one, releasing could fail too early. */
    if (value > 0 && give(semaphore->give_end, bytes, (size_t)value) == -1) {
        int error = errno;
        semaphore_close(semaphore);
        errno = error;
        return -1;
    }
    return 0;
}

void semaphore_close(struct semaphore *semaphore)
{
    io_close(&semaphore->take_end);
    io_close(&semaphore->give_end);
}

int semaphore_acquire(struct semaphore *semaphore, double timeout)
{
    double deadline = deadline_after(timeout);
    char byte;

    while (take(semaphore->take_end, &byte, 1) == -1) {
        if (errno != EAGAIN || wait_for_byte(semaphore->take_end, deadline) == -1)
            return -1;
        /* There was a byte; another process may be quicker. */
    }
    return 0;
}

int semaphore_release(struct semaphore *semaphore)
{
    /* A pipe may hold more, but how much more depends on where in its pages the bytes are. */
    if (semaphore_value(semaphore) >= SEMAPHORE_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    if (give(semaphore->give_end, "!", 1) == 1)
        return 0;
    if (errno == EAGAIN)
        errno = EOVERFLOW;
    return -1;
}

int semaphore_value(const struct semaphore *semaphore)
{
    return beyond_bytes_in_pipe(semaphore->take_end);
}
