#include "launch.h"

#include "beyond.h"
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <unistd.h>

extern char **environ;

/* Gives the program an empty signal mask, and SIGPIPE and SIGXFSZ their default action: what we
 * block or ignore for ourselves should not surprise it. */
static int set_attributes(posix_spawnattr_t *attributes, bool group)
{
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none, defaults;

    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    if (group) /* in the child before it executes: the group is there when posix_spawn returns */
        flags |= POSIX_SPAWN_SETPGROUP;
    int error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &defaults);
    if (error == 0)
        error = posix_spawnattr_setflags(attributes, (short)flags);
    return error;
}

enum { FREE = STDERR_FILENO + 1 }; /* the first descriptor that is no standard stream */

/* Where the caller has closed its own 0, 1 or 2, the next pipe takes that place: it would be taken
 * for a standard stream, or overwritten by one before it has been given on. */
static int move_up(int *descriptor)
{
    if (*descriptor >= FREE)
        return 0;
    int higher = fcntl(*descriptor, F_DUPFD_CLOEXEC, FREE);
    io_close(descriptor);
    *descriptor = higher;
    return higher == -1 ? -1 : 0;
}

static int open_pipe(int number, int *ours, int *theirs)
{
    int ends[2];

    if (io_pipe(ends) == -1)
        return -1;
    *ours = ends[number == STDIN_FILENO ? 1 : 0];
    *theirs = ends[number == STDIN_FILENO ? 0 : 1];
    if (move_up(ours) == -1 || move_up(theirs) == -1)
        return -1;
    /* We may not wait in a write: while the program waits for us to read, both would for ever. */
    return number == STDIN_FILENO ? fcntl(*ours, F_SETFL, O_NONBLOCK) : 0;
}

/* Says what the child does to get its descriptor `number`. It becomes a copy of *theirs, which is
 * above all of the standard ones: so no step overwrites what another one needs.
 * Returns 0 or an error number, with descriptors open in either case. */
static int set_stream(posix_spawn_file_actions_t *actions, int number,
                      const struct subprocess_stream *stream, int *ours, int *theirs)
{
    switch (stream->kind) {
    case SUBPROCESS_INHERIT:
        return 0;
    case SUBPROCESS_NULL:
        return posix_spawn_file_actions_addopen(actions, number, "/dev/null", O_RDWR, 0);
    case SUBPROCESS_OUTPUT:
        if (number != STDERR_FILENO)
            return EINVAL;
        return posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
    case SUBPROCESS_FILE:
        *theirs = fcntl(stream->descriptor, F_DUPFD_CLOEXEC, FREE);
        if (*theirs == -1)
            return errno;
        break;
    case SUBPROCESS_PIPE:
        if (open_pipe(number, ours, theirs) == -1)
            return errno;
        break;
    default:
        return EINVAL;
    }
    return posix_spawn_file_actions_adddup2(actions, *theirs, number);
}

/* The start itself. Returns 0 or an error number. */
static int spawn(struct subprocess *subprocess, posix_spawn_file_actions_t *actions,
                 posix_spawnattr_t *attributes)
{
    const struct subprocess_stream *streams[] = {&subprocess->input, &subprocess->output,
                                                 &subprocess->error};
    int theirs[] = {-1, -1, -1};
    int error = set_attributes(attributes, subprocess->group);
    pid_t pid;

    for (int i = 0; i < 3 && error == 0; i++)
        error = set_stream(actions, i, streams[i], &subprocess->ends[i], &theirs[i]);
    if (error == 0) /* unlike fork and exec, it brings exec's errno back to us */
        error = beyond_spawn(&pid, subprocess->directory, actions, attributes, subprocess->argv,
                             subprocess->environment != NULL ? subprocess->environment : environ);
    if (error == 0)
        subprocess->process.pid = pid;
    for (int i = 0; i < 3; i++) {
        io_close(&theirs[i]); /* the program has its own: the last to close it is the program */
        if (error != 0)
            io_close(&subprocess->ends[i]);
    }
    return error;
}

int subprocess_start(struct subprocess *subprocess)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;

    if (subprocess->argv == NULL || subprocess->argv[0] == NULL || subprocess->process.pid != 0) {
        errno = EINVAL;
        return -1;
    }
    if (process_keep_exit_codes() == -1 || fflush(NULL) == EOF)
        return -1;
    for (int i = 0; i < 3; i++)
        subprocess->ends[i] = -1;
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawnattr_init(&attributes);
        if (error == 0) {
            error = spawn(subprocess, &actions, &attributes);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    if (error != 0) {
        errno = error;
        return -1;
    }
    if (subprocess->text_size == 0)
        io_close(&subprocess->ends[STDIN_FILENO]);
    return 0;
}

int subprocess_exec_code(int error)
{
    switch (error) {
    case ENOENT:
        return 127;
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case EBADF:
    case EINVAL:
    case ECHILD: /* and what flushing may give */
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
    case EIO:
    case EPIPE:
    case EINTR:
        return 1;
    default:
        return 126;
    }
}
