/* Drives lib/io.c for lib/io.bats. A scenario prints nothing when all is well. */
#include "io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition) check(condition, #condition, __LINE__)
#define CHECK_FAILS(call, error)                                                                   \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK((call) == -1);                                                                       \
        CHECK(errno == (error));                                                                   \
    } while (0)

enum { MEGABYTE = 1 << 20, CHUNK = 1 << 16, SIZE = 4 * MEGABYTE + 1 };

static unsigned char sent[SIZE], got[SIZE];

static void check(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "io_test.c:%d: is not so: %s (%s)\n", line, condition, strerror(errno));
    _exit(EXIT_FAILURE);
}

static void nap(int milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

/* Forks a child that does `work` with `descriptor`, and closes `other`. */
static pid_t start(void (*work)(int descriptor), int descriptor, int other)
{
    pid_t child = fork();

    CHECK(child != -1);
    if (child != 0)
        return child;
    alarm(10); /* should the parent fail, nobody would end it */
    CHECK(close(other) == 0);
    work(descriptor);
    _exit(0);
}

static void expect_success(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) == -1)
        CHECK(errno == EINTR);
    CHECK(status == 0);
}

/* --- a signal every millisecond, which interrupts what waits ---------------------------------- */

static int ticks[2]; /* each signal of the parent is a byte that its child can read */

static void tick(int number)
{
    int error = errno;

    (void)number;
    if (write(ticks[1], "", 1) != 1)
        _exit(EXIT_FAILURE);
    errno = error;
}

static void interrupt_me(void)
{
    struct sigaction action = {.sa_handler = tick}; /* without SA_RESTART */
    struct itimerval timer = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000};

    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0); /* children do not inherit it */
}

/* So the other end had to wait for so long, and was interrupted. */
static void wait_for_ticks(void)
{
    char bytes[3];

    for (size_t i = 0; i < sizeof bytes; i++)
        CHECK(read(ticks[0], &bytes[i], 1) == 1);
}

/* The two ends of what io_write and io_read are tried with do their work without them. */
static void read_at_ticks(int descriptor)
{
    for (size_t count = 0; count < MEGABYTE;) {
        if (count % CHUNK == 0)
            wait_for_ticks();
        size_t left = CHUNK - count % CHUNK;
        ssize_t size = read(descriptor, got + count, left);
        CHECK(size > 0);
        count += (size_t)size;
    }
    CHECK(read(descriptor, got + MEGABYTE, 1) == 0);
    CHECK(memcmp(sent, got, MEGABYTE) == 0);
}

static void write_at_ticks(int descriptor)
{
    size_t step = CHUNK / 2; /* fits in a pipe, so it is written at once */

    for (size_t count = 0; count < MEGABYTE; count += step) {
        wait_for_ticks();
        CHECK(write(descriptor, sent + count, step) == (ssize_t)step);
    }
}

static void write_interrupted(int mode)
{
    int ends[2];

    CHECK(io_pipe(ends) == 0 && io_pipe(ticks) == 0 && fcntl(ends[1], F_SETFL, mode) == 0);
    pid_t reader = start(read_at_ticks, ends[0], ends[1]);
    interrupt_me();
    CHECK(io_write(ends[1], sent, MEGABYTE) == 0);
    CHECK(close(ends[1]) == 0);
    expect_success(reader);
}

static void interrupted_write(void)
{
    write_interrupted(0);
}

/* What is interrupted here is not write, but the wait for room in the pipe. */
static void interrupted_wait(void)
{
    write_interrupted(O_NONBLOCK);
}

static void interrupted_read(void)
{
    int ends[2];

    CHECK(io_pipe(ends) == 0 && io_pipe(ticks) == 0);
    pid_t writer = start(write_at_ticks, ends[1], ends[0]);
    interrupt_me();
    CHECK(io_read(ends[0], got, MEGABYTE) == MEGABYTE);
    CHECK(memcmp(sent, got, MEGABYTE) == 0);
    expect_success(writer);
}

/* --- non-blocking mode ------------------------------------------------------------------------ */

/* Waits until the pipe is full, and its writer has had the time to find that out. */
static void read_late(const int ends[2])
{
    struct pollfd full = {.fd = ends[1], .events = POLLOUT};

    while (poll(&full, 1, 0) == 1)
        nap(1);
    nap(100);
    CHECK(close(ends[1]) == 0);
    size_t count = 0;
    for (ssize_t size; (size = read(ends[0], got + count, 4000)) > 0;)
        count += (size_t)size;
    CHECK(count == MEGABYTE);
    CHECK(memcmp(sent, got, MEGABYTE) == 0);
}

static void write_late(int descriptor)
{
    nap(100);
    for (size_t count = 0; count < MEGABYTE; count += 4096)
        CHECK(write(descriptor, sent + count, 4096) == 4096);
}

/* It waits, and does not try all the time: that would take up the 100 ms it has to wait for. */
static void expect_idle(clock_t before)
{
    CHECK(clock() - before < CLOCKS_PER_SEC / 20);
}

static void non_blocking_write(void)
{
    int ends[2];

    CHECK(io_pipe(ends) == 0);
    CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    pid_t reader = fork();
    CHECK(reader != -1);
    if (reader == 0) {
        alarm(10);
        read_late(ends);
        _exit(0);
    }
    clock_t before = clock();
    CHECK(io_write(ends[1], sent, MEGABYTE) == 0);
    expect_idle(before);
    CHECK(close(ends[1]) == 0);
    expect_success(reader);
}

static void non_blocking_read(void)
{
    int ends[2];

    CHECK(io_pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    pid_t writer = start(write_late, ends[1], ends[0]);
    CHECK(close(ends[1]) == 0);
    clock_t before = clock();
    CHECK(io_read(ends[0], got, SIZE) == MEGABYTE); /* which waits for the end of file as well */
    expect_idle(before);
    CHECK(memcmp(sent, got, MEGABYTE) == 0);
    expect_success(writer);
}

/* --- parts ------------------------------------------------------------------------------------ */

/* A socket that keeps records: a read gets no more than one of them. */
static void short_reads(void)
{
    int ends[2];

    CHECK(io_socketpair(SOCK_DGRAM, ends) == 0);
    size_t count = 0;
    for (size_t size = 1; size <= 10; count += size, size++)
        CHECK(send(ends[1], sent + count, size, 0) == (ssize_t)size);
    CHECK(io_read(ends[0], got, count - 5) == (ssize_t)count - 5); /* only half of the last one */
    CHECK(memcmp(sent, got, count - 5) == 0 && got[count - 5] == 0);
}

/* Each write is one record. */
static void one_write(void)
{
    int ends[2];

    CHECK(io_socketpair(SOCK_DGRAM, ends) == 0);
    CHECK(io_write(ends[1], sent, 50000) == 0);
    CHECK(recv(ends[0], got, SIZE, MSG_DONTWAIT) == 50000);
    CHECK(memcmp(sent, got, 50000) == 0);
    CHECK(io_write(ends[1], sent, 0) == 0);
    CHECK_FAILS(recv(ends[0], got, SIZE, MSG_DONTWAIT), EAGAIN); /* no bytes, no write */
}

/* A limit on the size of files gives a short write, and an error for the rest. */
static void short_write(void)
{
    struct rlimit limit;
    struct stat file;
    FILE *temporary = tmpfile();

    CHECK(temporary != NULL);
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = 1000;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    CHECK(io_write(fileno(temporary), sent, 600) == 0);
    CHECK_FAILS(io_write(fileno(temporary), sent + 600, 600), EFBIG);
    CHECK(fstat(fileno(temporary), &file) == 0 && file.st_size == 1000);
    CHECK(lseek(fileno(temporary), 0, SEEK_SET) == 0);
    CHECK(io_read(fileno(temporary), got, SIZE) == 1000);
    CHECK(memcmp(sent, got, 1000) == 0);
}

static void end_of_file(void)
{
    int ends[2];

    CHECK(io_pipe(ends) == 0);
    CHECK(io_write(ends[1], sent, 10) == 0);
    CHECK(io_read(ends[0], got, 4) == 4); /* no more than asked for */
    CHECK(io_write(ends[1], sent + 10, 10) == 0);
    CHECK(close(ends[1]) == 0);
    CHECK(io_read(ends[0], got + 4, 0) == 0);
    CHECK(io_read(ends[0], got + 4, 100) == 16);
    CHECK(memcmp(sent, got, 20) == 0);
    CHECK(io_read(ends[0], got, 100) == 0);
}

/* Everything comes back, each byte inverted. */
static void send_back(int descriptor)
{
    CHECK(io_read(descriptor, got, SIZE) == SIZE);
    for (size_t i = 0; i < SIZE; i++)
        got[i] ^= 0xff;
    CHECK(io_write(descriptor, got, SIZE) == 0);
}

static void both_ways(void)
{
    int ends[2];

    CHECK(io_socketpair(SOCK_STREAM, ends) == 0);
    pid_t child = start(send_back, ends[1], ends[0]);
    CHECK(close(ends[1]) == 0);
    CHECK(io_write(ends[0], sent, SIZE) == 0);
    CHECK(io_read(ends[0], got, SIZE) == SIZE);
    for (size_t i = 0; i < SIZE; i++)
        CHECK((got[i] ^ 0xff) == sent[i]);
    CHECK(io_read(ends[0], got, 1) == 0);
    expect_success(child);
}

/* --- errors ----------------------------------------------------------------------------------- */

static void write_errors(void)
{
    int ends[2];

    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    CHECK(io_pipe(ends) == 0);
    CHECK(close(ends[0]) == 0);
    CHECK_FAILS(io_write(ends[1], sent, MEGABYTE), EPIPE);
    CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    CHECK_FAILS(io_write(ends[1], sent, MEGABYTE), EPIPE);
    CHECK_FAILS(io_write(-1, sent, 1), EBADF);
    int file = open("/dev/null", O_RDONLY);
    CHECK(file != -1);
    CHECK_FAILS(io_write(file, sent, 1), EBADF);
}

static void read_one_byte(int descriptor)
{
    nap(50); /* so that the writer finds the pipe full, and waits */
    CHECK(read(descriptor, got, 1) == 1);
}

/* The reader goes away while the writer waits for it. */
static void reader_ends(void)
{
    for (int flags = 0; flags <= O_NONBLOCK; flags += O_NONBLOCK) {
        int ends[2];
        CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
        CHECK(io_pipe(ends) == 0);
        CHECK(fcntl(ends[1], F_SETFL, flags) == 0);
        pid_t reader = start(read_one_byte, ends[0], ends[1]);
        CHECK(close(ends[0]) == 0);
        CHECK_FAILS(io_write(ends[1], sent, MEGABYTE), EPIPE);
        expect_success(reader);
    }
}

static void full_device(void)
{
    int device = open("/dev/full", O_WRONLY);

    CHECK(device != -1);
    CHECK_FAILS(io_write(device, sent, 1), ENOSPC);
}

static void read_errors(void)
{
    int ends[2];
    int directory = open("/", O_RDONLY);

    CHECK(directory != -1);
    CHECK_FAILS(io_read(directory, got, 1), EISDIR);
    CHECK_FAILS(io_read(-1, got, 1), EBADF);
    CHECK(io_pipe(ends) == 0);
    CHECK_FAILS(io_read(ends[1], got, 1), EBADF);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static void close_on_exec(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int ends[2];

    CHECK(io_pipe(ends) == 0);
    CHECK(fcntl(ends[0], F_GETFD) == FD_CLOEXEC && fcntl(ends[1], F_GETFD) == FD_CLOEXEC);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        int type = 0;
        socklen_t size = sizeof type;
        CHECK(io_socketpair(types[i], ends) == 0);
        CHECK(fcntl(ends[0], F_GETFD) == FD_CLOEXEC && fcntl(ends[1], F_GETFD) == FD_CLOEXEC);
        CHECK(getsockopt(ends[0], SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == types[i]);
    }
}

static int open_descriptors(void)
{
    int count = 0;

    for (int descriptor = 0; descriptor < 256; descriptor++)
        count += fcntl(descriptor, F_GETFD) != -1;
    return count;
}

static void no_descriptors(void)
{
    struct rlimit limit;
    int ends[2], before = open_descriptors();
    int lowest = open("/dev/null", O_RDONLY);

    CHECK(lowest != -1);
    CHECK(close(lowest) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (int left = 1; left >= 0; left--) { /* or fewer, where the next ones are taken */
        limit.rlim_cur = (rlim_t)lowest + (rlim_t)left;
        CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHECK_FAILS(io_pipe(ends), EMFILE);
        CHECK_FAILS(io_socketpair(SOCK_STREAM, ends), EMFILE);
        CHECK(open_descriptors() == before);
    }
}

static void no_such_socket(void)
{
    int ends[2], before = open_descriptors();

    CHECK(io_socketpair(9999, ends) == -1);
    CHECK(errno == EINVAL || errno == ESOCKTNOSUPPORT || errno == EPROTOTYPE);
    CHECK(open_descriptors() == before);
}

static void close_twice(void)
{
    int ends[2], before = open_descriptors();

    CHECK(io_pipe(ends) == 0);
    int was = ends[0];
    errno = EDOM;
    io_close(&ends[0]);
    CHECK(errno == EDOM && ends[0] == -1);
    CHECK(open_descriptors() == before + 1);

    /* The number is given away again: the second io_close must not close someone else's file. */
    CHECK(open("/dev/null", O_RDONLY) == was);
    errno = EDOM;
    io_close(&ends[0]);
    CHECK(errno == EDOM && ends[0] == -1);
    CHECK(fcntl(was, F_GETFD) != -1);
    CHECK(close(was) == 0);

    errno = EDOM;
    io_close(&ends[1]);
    CHECK(errno == EDOM && ends[1] == -1);
    CHECK(open_descriptors() == before);

    int wrong = was; /* not open: close fails, and nobody hears of it */
    errno = EDOM;
    io_close(&wrong);
    CHECK(errno == EDOM && wrong == -1);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"interrupted_write", interrupted_write},
    {"interrupted_wait", interrupted_wait},
    {"interrupted_read", interrupted_read},
    {"non_blocking_write", non_blocking_write},
    {"non_blocking_read", non_blocking_read},
    {"short_reads", short_reads},
    {"one_write", one_write},
    {"short_write", short_write},
    {"end_of_file", end_of_file},
    {"both_ways", both_ways},
    {"write_errors", write_errors},
    {"reader_ends", reader_ends},
    {"full_device", full_device},
    {"read_errors", read_errors},
    {"close_on_exec", close_on_exec},
    {"no_descriptors", no_descriptors},
    {"no_such_socket", no_such_socket},
    {"close_twice", close_twice},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < SIZE; i++) /* no two stretches of it are the same */
        sent[i] = (unsigned char)((i * 2654435761U) >> 24);
    for (size_t i = 0; argc == 2 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    fprintf(stderr, "usage: io_test SCENARIO; they are at the end of io_test.c\n");
    return 2;
}
