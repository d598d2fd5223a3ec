#include "subprocess.h"

#include "beyond.h"
#include "io.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(int error)
{
    errno = error;
    return -1;
}

/* Looks whether the program has ended, and leaves it a zombie: as long as it is one, its number and
 * that of its group can't be anybody else's. Returns 1 (it has), 0, or -1 and ECHILD. */
static int has_ended(const struct subprocess *subprocess)
{
    siginfo_t info = {.si_pid = 0};
    int result = waitid(P_PID, (id_t)subprocess->process.pid, &info, WEXITED | WNOHANG | WNOWAIT);

    return result == -1 ? -1 : info.si_pid != 0;
}

/* Sends a signal to it, or its group, if it is still there; to both, if it has left its group. */
static void send_signal(const struct subprocess *subprocess, int number)
{
    pid_t pid = subprocess->process.pid;

    if (pid <= 0 || subprocess->process.joined || has_ended(subprocess) == -1)
        return;
    for (int i = 0; i < 2; i++, number = SIGCONT) { /* what is stopped gets it when it goes on */
        if (subprocess->group)
            kill(-pid, number);
        if (!subprocess->group || number == SIGKILL || getpgid(pid) != pid)
            kill(pid, number); /* SIGKILL twice does no harm */
    }
}

/* Feeds the program as much as its standard input takes. When it reads no more, which it may, we
 * have EPIPE, and SIGPIPE, which is not to reach the caller: it is blocked, and taken away. */
static int feed(struct subprocess *subprocess)
{
    int *end = &subprocess->ends[STDIN_FILENO], number;
    sigset_t broken, mask, before, after;

    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    sigprocmask(SIG_BLOCK, &broken, &mask);
    sigpending(&before);
    ssize_t written = write(*end, (const char *)subprocess->text + subprocess->text_sent,
                            subprocess->text_size - subprocess->text_sent);
    int error = errno;
    sigpending(&after); /* where it is ignored, none comes */
    if (written == -1 && sigismember(&after, SIGPIPE) && !sigismember(&before, SIGPIPE))
        sigwait(&broken, &number);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    if (written > 0)
        subprocess->text_sent += (size_t)written;
    if (subprocess->text_sent == subprocess->text_size || (written == -1 && error == EPIPE))
        io_close(end);
    else if (written == -1 && error != EAGAIN && error != EINTR)
        return fail(error);
    return 0;
}

/* Takes what the pipe holds at this moment, which may be nothing: the end of the file. */
static int take(int *end, struct subprocess_text *text)
{
    int size = beyond_bytes_in_pipe(*end);

    if (size <= 0) {
        io_close(end);
        return 0;
    }
    size_t needed = text->size + (size_t)size + 1;
    if (text->room < needed) {
        size_t room = 2 * text->room > needed ? 2 * text->room : needed;
        char *data = realloc(text->data, room);
        if (data == NULL)
            return -1;
        text->data = data;
        text->room = room;
    }
    ssize_t got = io_read(*end, text->data + text->size, (size_t)size); /* does not wait */
    text->size += got > 0 ? (size_t)got : 0;
    text->data[text->size] = '\0';
    return got == -1 ? -1 : 0;
}

static int take_both(struct subprocess *subprocess, const struct pollfd *ready)
{
    struct subprocess_text *texts[] = {NULL, &subprocess->output_text, &subprocess->error_text};

    for (int i = STDOUT_FILENO; i <= STDERR_FILENO; i++)
        if (subprocess->ends[i] != -1 && (ready == NULL || ready[i].revents != 0) &&
            take(&subprocess->ends[i], texts[i]) == -1)
            return -1;
    return 0;
}

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { END_SIGNALS = sizeof end_signals / sizeof *end_signals };
static const double PATIENCE = 0.25; /* seconds between a signal and SIGKILL */

/* Says whether one of the signals is waiting to be let through. */
static bool has_come(struct subprocess_signals *signals)
{
    sigset_t pending;

    sigpending(&pending);
    for (int i = 0; i < END_SIGNALS && signals->came == 0; i++)
        if (sigismember(&pending, end_signals[i]) && /* so it is blocked: by us? */
            !sigismember(&signals->before, end_signals[i]))
            signals->came = end_signals[i];
    return signals->came != 0;
}

/* In milliseconds. poll can't wait for signals as well, and not everywhere for a child's end. */
enum { LOOK_FOR_SIGNALS = 100, LOOK_FOR_END = 5 };

/* Waits until something can be moved, or the program has ended, or it is time to look whether it
 * has, or the deadline has come: then -1 and ETIMEDOUT. Moves what there is. Or -1 and errno. */
static int move_some(struct subprocess *subprocess, int end_handle, double deadline)
{
    struct pollfd ready[] = {{.fd = subprocess->ends[0], .events = POLLOUT},
                             {.fd = subprocess->ends[1], .events = POLLIN},
                             {.fd = subprocess->ends[2], .events = POLLIN},
                             {.fd = end_handle, .events = POLLIN}}; /* poll leaves out a -1 */
    int milliseconds = milliseconds_until(deadline);
    int longest = end_handle == -1 ? LOOK_FOR_END : LOOK_FOR_SIGNALS;

    if (milliseconds >= 0 && milliseconds < longest)
        longest = milliseconds;
    if (poll(ready, 4, longest) == -1)
        return errno == EINTR ? 0 : -1;
    if (ready[0].revents != 0 && feed(subprocess) == -1)
        return -1;
    if (take_both(subprocess, ready) == -1)
        return -1;
    return milliseconds == 0 ? fail(ETIMEDOUT) : 0;
}

/* Moves what there is to be moved, until the program has ended: returns 0. Or -1 and errno: EINTR
 * (one of the signals has come), and as subprocess_communicate. */
static int move_all(struct subprocess *subprocess, double deadline,
                    struct subprocess_signals *signals)
{
    int end_handle = -1, result = 0;

    while (result == 0 && has_ended(subprocess) == 0) {
        if (end_handle == -1)
            end_handle = beyond_end_handle(subprocess->process.pid);
        result = signals != NULL && has_come(signals) ? fail(EINTR)
                                                      : move_some(subprocess, end_handle, deadline);
    }
    io_close(&end_handle); /* keeps errno */
    return result;
}

static void close_ends(struct subprocess *subprocess)
{
    for (int i = 0; i < 3; i++)
        io_close(&subprocess->ends[i]);
}

/* subprocess_communicate, which also ends, with EINTR, when one of the signals has come. */
static int communicate(struct subprocess *subprocess, double deadline,
                       struct subprocess_signals *signals)
{
    if (subprocess->process.pid <= 0)
        return fail(EINVAL);
    if (!subprocess->process.joined && move_all(subprocess, deadline, signals) == -1)
        return -1;
    if (subprocess->group) /* while its number is its own: it has not been reaped */
        send_signal(subprocess, SIGKILL);
    if (take_both(subprocess, NULL) == -1)
        return -1;
    close_ends(subprocess);
    return process_join(&subprocess->process, FOREVER);
}

int subprocess_communicate(struct subprocess *subprocess, double timeout)
{
    return communicate(subprocess, deadline_after(timeout), NULL);
}

static void kill_and_reap(struct subprocess *subprocess)
{
    send_signal(subprocess, SIGKILL);
    close_ends(subprocess);
    (void)process_join(&subprocess->process, FOREVER);
}

/* Communicates with one of several, if it was started; kills it where that can't go on, and sets
 * *error. Says whether it still runs: errno is EINTR or ETIMEDOUT. */
static bool still_runs(struct subprocess *subprocess, double deadline,
                       struct subprocess_signals *signals, int *error)
{
    if (subprocess->process.pid <= 0 || communicate(subprocess, deadline, signals) == 0)
        return false;
    if (errno == EINTR || errno == ETIMEDOUT)
        return true;
    *error = errno;
    kill_and_reap(subprocess);
    return false;
}

/* Communicates with all of them until they have ended. When the time is up or a signal has come,
 * they get that signal (SIGTERM, if it is the time), and SIGKILL after so many seconds of patience.
 * Returns 0, or -1 and errno: ETIMEDOUT, ECHILD, ENOMEM, EINVAL. */
static int finish(struct subprocess *several, size_t count, double timeout, double patience,
                  struct subprocess_signals *signals)
{
    double deadline = deadline_after(timeout);
    int sent = 0, error = 0; /* sent: the last signal */

    for (size_t i = 0; i < count; i++)
        while (still_runs(&several[i], deadline, sent == 0 ? signals : NULL, &error)) {
            int first = signals != NULL && errno == EINTR ? signals->came : SIGTERM;
            error = errno == ETIMEDOUT && sent == 0 ? ETIMEDOUT : error;
            sent = sent == 0 ? first : SIGKILL;
            deadline = sent == SIGKILL ? FOREVER : deadline_after(patience);
            for (size_t j = i; j < count; j++)
                send_signal(&several[j], sent);
        }
    return error == 0 ? 0 : fail(error);
}

int subprocess_end(struct subprocess *subprocess, double patience)
{
    if (subprocess->process.pid <= 0)
        return fail(EINVAL);
    return finish(subprocess, 1, 0, patience, NULL) == 0 || errno == ETIMEDOUT ? 0 : -1;
}

void subprocess_close(struct subprocess *subprocess)
{
    int error = errno;

    if (subprocess->process.pid > 0)
        kill_and_reap(subprocess);
    free(subprocess->output_text.data);
    free(subprocess->error_text.data);
    subprocess->output_text = subprocess->error_text = (struct subprocess_text){0};
    errno = error;
}

void subprocess_hold_signals(struct subprocess_signals *signals)
{
    struct sigaction action;
    sigset_t ends;

    *signals = (struct subprocess_signals){0};
    sigemptyset(&ends);
    for (int i = 0; i < END_SIGNALS; i++) /* those that would not end the caller are left alone */
        if (sigaction(end_signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&ends, end_signals[i]);
    sigprocmask(SIG_BLOCK, &ends, &signals->before);
}

void subprocess_release_signals(const struct subprocess_signals *signals)
{
    int error = errno;

    sigprocmask(SIG_SETMASK, &signals->before, NULL); /* nobody has taken it: it comes now */
    errno = error;
}

int subprocess_wait_all(struct subprocess *several, size_t count,
                        struct subprocess_signals *signals)
{
    int result = finish(several, count, FOREVER, PATIENCE, signals);

    (void)has_come(signals); /* it may have ended them all before we have looked */
    return result;
}

int subprocess_run(struct subprocess *subprocess, double timeout)
{
    struct subprocess_signals signals;

    /* Before the start: a Ctrl-C at any moment finds us waiting, and the program known. */
    subprocess_hold_signals(&signals);
    int result = subprocess_start(subprocess);
    if (result == 0)
        result = finish(subprocess, 1, timeout, PATIENCE, &signals);
    subprocess_release_signals(&signals);
    return result;
}

int subprocess_call(char *const argv[], int *exit_code)
{
    struct subprocess subprocess = {.argv = argv}; /* without pipes, so there is nothing to close */
    int result = subprocess_run(&subprocess, FOREVER);

    if (result == 0)
        *exit_code = subprocess.process.exit_code;
    return result;
}
