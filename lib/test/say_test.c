/* Drives lib/say.c for lib/say.bats. What a scenario says goes to standard output, where the bats
 * file checks it; a scenario that does otherwise prints nothing when all is well. */
#include "io.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "say_test.c:%d: is not so: %s (%s)\n", line, condition, strerror(errno));
    _exit(EXIT_FAILURE);
}

static void nap(int milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

/* From here on, `descriptor` is standard output, and nobody else's. */
static void print_to(int descriptor)
{
    CHECK(descriptor != -1);
    CHECK(dup2(descriptor, STDOUT_FILENO) == STDOUT_FILENO);
    CHECK(close(descriptor) == 0);
}

static pid_t start(void)
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0)
        alarm(10); /* should the parent fail, nobody would end it */
    return child;
}

static void expect_success(pid_t child)
{
    int status;

    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

/* --- lines that arrive ------------------------------------------------------------------------ */

enum { PROCESSES = 8, LINES = 500, LONGEST = 4096 }; /* PIPE_BUF on Linux, with the newline */

/* One of the lines of all lengths that a process says. */
static const char *line_of(int process, int i)
{
    static char line[LONGEST];
    int length = i % 50 == 0 ? LONGEST - 1 : 12 + (process * 4099 + i * 911) % (LONGEST - 12);

    memset(line, 'a' + process, sizeof line - 1);
    line[snprintf(line, sizeof line, "%d %03d", process, i)] = ' ';
    line[length] = '\0';
    return line;
}

static void many(void)
{
    pid_t children[PROCESSES];

    for (int process = 0; process < PROCESSES; process++) {
        children[process] = start();
        if (children[process] != 0)
            continue;
        for (int i = 0; i < LINES; i++)
            CHECK(say("%s", line_of(process, i)) == 0);
        _exit(say_end());
    }
    for (int process = 0; process < PROCESSES; process++)
        expect_success(children[process]);
}

/* What `many` must have printed, in this order or any other. */
static void many_expected(void)
{
    for (int process = 0; process < PROCESSES; process++)
        for (int i = 0; i < LINES; i++)
            printf("%s\n", line_of(process, i));
}

static void order(void)
{
    printf("one\n");
    CHECK(say("%s %d", "two", 2) == 0);
    printf("three ");
    CHECK(say("four") == 0);
    CHECK(say("%s", "") == 0);
    printf("five\n");
    CHECK(say_end() == 0);
    _exit(0); /* say_end has flushed it */
}

/* To a socket that keeps records, each write is one record. */
static void one_write(void)
{
    int ends[2];
    char record[4096];

    CHECK(io_socketpair(SOCK_DGRAM, ends) == 0);
    print_to(ends[1]);
    printf("printed ");
    CHECK(say("%d%*s", 1, 3000, "x") == 0);
    CHECK(recv(ends[0], record, sizeof record, MSG_DONTWAIT) == 8);
    CHECK(memcmp(record, "printed ", 8) == 0);
    CHECK(recv(ends[0], record, sizeof record, MSG_DONTWAIT) == 3002);
    CHECK(record[0] == '1' && record[3000] == 'x' && record[3001] == '\n');
    CHECK(recv(ends[0], record, sizeof record, MSG_DONTWAIT) == -1); /* nothing more */
}

/* 100 kB, more than a pipe holds. */
static void long_line(void)
{
    CHECK(say("%0100000d", 7) == 0);
    CHECK(say_end() == 0);
}

/* 12 processes, each with two lines. Children of one moment have nearby pids. */
static void colours(void)
{
    for (int i = 0; i < 12; i++) {
        pid_t child = start();
        if (child == 0) {
            CHECK(say("%d first", i) == 0);
            CHECK(say("%d second", i) == 0);
            _exit(0);
        }
        expect_success(child);
    }
}

/* Standard output is a full pipe in non-blocking mode: say waits for the reader. */
static void non_blocking(void)
{
    int ends[2];
    char buffer[4096] = "";

    CHECK(io_pipe(ends) == 0);
    CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    size_t filled = 0;
    for (ssize_t size; (size = write(ends[1], buffer, sizeof buffer)) != -1;)
        filled += (size_t)size;
    CHECK(errno == EAGAIN);
    pid_t reader = start();
    if (reader == 0) {
        CHECK(close(ends[1]) == 0);
        CHECK(close(STDOUT_FILENO) == 0);
        nap(50); /* so that say finds it full */
        for (size_t left = filled; left > 0;) {
            ssize_t size = read(ends[0], buffer, left < sizeof buffer ? left : sizeof buffer);
            CHECK(size > 0);
            left -= (size_t)size;
        }
        CHECK(io_read(ends[0], buffer, sizeof buffer) == 13);
        CHECK(memcmp(buffer, "first\nsecond\n", 13) == 0);
        _exit(0);
    }
    print_to(ends[1]);
    CHECK(say("first") == 0);
    CHECK(say("second") == 0);
    CHECK(say_end() == 0);
    CHECK(close(STDOUT_FILENO) == 0);
    expect_success(reader);
}

/* --- failures --------------------------------------------------------------------------------- */

#define CHECK_FAILS(call, error)                                                                   \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK((call) == -1);                                                                       \
        CHECK(errno == (error));                                                                   \
    } while (0)

/* After the failure of one line all goes well, but say_end remembers. */
static void expect_remembered(int error)
{
    print_to(open("/dev/null", O_WRONLY));
    CHECK(say("this line arrives") == 0);
    CHECK_FAILS(say_end(), error);
    CHECK_FAILS(say_end(), error); /* and so does a second one */
}

static void full_device(void)
{
    print_to(open("/dev/full", O_WRONLY));
    CHECK_FAILS(say("lost"), ENOSPC);
    expect_remembered(ENOSPC);
}

static void closed(void)
{
    CHECK(close(STDOUT_FILENO) == 0);
    CHECK_FAILS(say("lost"), EBADF);
    CHECK(open("/dev/null", O_RDONLY) == STDOUT_FILENO);
    CHECK_FAILS(say("lost"), EBADF);
    int spare = open("/dev/null", O_WRONLY);
    CHECK(spare > STDOUT_FILENO);
    print_to(spare);
    CHECK_FAILS(say_end(), EBADF);
}

static void broken_pipe(void)
{
    int ends[2];

    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    CHECK(io_pipe(ends) == 0);
    print_to(ends[1]);
    CHECK(close(ends[0]) == 0);
    CHECK_FAILS(say("lost"), EPIPE);
    expect_remembered(EPIPE);
}

static void first_of_two(void)
{
    print_to(open("/dev/full", O_WRONLY));
    CHECK_FAILS(say("lost"), ENOSPC);
    print_to(open("/dev/null", O_RDONLY));
    CHECK_FAILS(say("lost"), EBADF);
    expect_remembered(ENOSPC);
}

/* The text before the line can't be printed. */
static void printed_before(void)
{
    print_to(open("/dev/full", O_WRONLY));
    printf("lost");
    CHECK_FAILS(say("lost too"), ENOSPC);
    expect_remembered(ENOSPC);
}

/* There is no line at all, only text that is still in stdio's buffer at the end. */
static void printed_at_end(void)
{
    print_to(open("/dev/full", O_WRONLY));
    printf("lost");
    CHECK_FAILS(say_end(), ENOSPC);
}

/* printf itself found out, long before: which error it was nobody knows any more. */
static void printed_long_before(void)
{
    print_to(open("/dev/full", O_WRONLY));
    CHECK(setvbuf(stdout, NULL, _IONBF, 0) == 0);
    printf("lost");
    print_to(open("/dev/null", O_WRONLY));
    errno = 0;
    CHECK(say_end() == -1);
    CHECK(errno != 0);
}

static void no_text(void)
{
    static const wchar_t no_character[] = {0x7fffffff, 0};

    CHECK_FAILS(say("%ls", no_character), EILSEQ);
    expect_remembered(EILSEQ);
}

static void no_failure(void)
{
    errno = ENOENT; /* of something else: it must not matter */
    CHECK(say_end() == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"many", many},
    {"many_expected", many_expected},
    {"order", order},
    {"one_write", one_write},
    {"long_line", long_line},
    {"colours", colours},
    {"non_blocking", non_blocking},
    {"full_device", full_device},
    {"closed", closed},
    {"broken_pipe", broken_pipe},
    {"first_of_two", first_of_two},
    {"printed_before", printed_before},
    {"printed_at_end", printed_at_end},
    {"printed_long_before", printed_long_before},
    {"no_text", no_text},
    {"no_failure", no_failure},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    fprintf(stderr, "usage: say_test SCENARIO; they are at the end of say_test.c\n");
    return 2;
}
