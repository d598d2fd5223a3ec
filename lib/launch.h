/* launch: a program that is not ours: how it is described, and started. What can be done with one
 * that runs is in subprocess.h; that is what a program includes. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include "process.h"

/* Where a standard stream of the program comes from, or goes to. */
enum subprocess_kind {
    SUBPROCESS_INHERIT, /* the caller's own stream */
    SUBPROCESS_NULL,    /* /dev/null */
    SUBPROCESS_PIPE,    /* `text` for its standard input; into the subprocess_text otherwise */
    SUBPROCESS_FILE,    /* `descriptor`, which stays the caller's */
    SUBPROCESS_OUTPUT   /* for standard error: where standard output goes */
};

struct subprocess_stream {
    enum subprocess_kind kind;
    int descriptor;
};

/* What came through a pipe. `data` belongs to the library; a '\0' that is not counted ends it. */
struct subprocess_text {
    char *data; /* NULL as long as nothing has come */
    size_t size, room;
};

struct subprocess {
    /* Set before the start; all else zero. */
    char *const *argv;        /* the program, looked up in the caller's PATH, and its arguments;
                               * NULL ends them */
    char *const *environment; /* "NAME=value" strings, NULL ends them; NULL: the caller's */
    const char *directory;    /* in which it runs; also a relative argv[0] is looked up there;
                               * NULL: the caller's */
    struct subprocess_stream input, output, error;
    const void *text; /* what a piped standard input is fed with; the caller keeps it */
    size_t text_size; /* bytes; 0: the end of the file at once */
    bool group; /* it has a process group of its own, which ends when the program ends: what it
                 * has started and left behind is killed, unless that has left the group, as a
                 * daemon does. (For such a program Ctrl-C on the terminal is its caller's affair;
                 * and it can't read from the terminal.) */

    /* The library's own. */
    int ends[3]; /* of the pipes to and from its descriptors 0, 1 and 2; -1: closed */
    size_t text_sent;

    /* Set by the library, to be read. process_terminate and process_kill work on `process`: on the
     * program alone, not on its group. process_join, process_join_any and process_is_alive, too;
     * but they neither feed the program nor take what it prints, and once they have reaped it, its
     * group is not ended any more: the number could be another's by then. */
    struct process process;
    struct subprocess_text output_text, error_text; /* of the streams that are pipes */
};

/* Starts the program. It inherits standard input, output and error as said, and no other
 * descriptor; no signal is blocked in it, and SIGPIPE and SIGXFSZ have their default. All of the
 * caller's streams are flushed first.
 * Returns 0, or -1 and errno, with nothing left. A program that can't be executed is an error here,
 * not an exit code of the child: ENOENT (there is none, or no such directory), EACCES, ENOEXEC,
 * E2BIG; EAGAIN, ENOMEM, EMFILE (no more processes or descriptors); EBADF (a descriptor that is not
 * open); EINVAL (started before, nothing to run, or no such kind of stream); or what flushing gave.
 */
int subprocess_start(struct subprocess *subprocess);

/* The exit code that a shell gives for an errno of subprocess_start: 127 (there is no such
 * program), 126 (it can't be executed), or 1 (something else is wrong: no process could be made).
 */
int subprocess_exec_code(int error);

#endif
