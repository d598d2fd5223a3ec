/* Drives lib/beyond.c for lib/beyond.bats. A scenario prints nothing when all is well. Some are
 * there twice: for this system, and for one that has nothing beyond POSIX. For the latter, beyond.c
 * is compiled once more, in here, without the macros that it looks for. */
#define _GNU_SOURCE

#include "beyond.h"
#include "io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(int holds, const char *condition, int line)
{
    if (holds)
        return;
    fprintf(stderr, "beyond_test.c:%d: is not so: %s (%s)\n", line, condition, strerror(errno));
    _exit(EXIT_FAILURE);
}

static double seconds(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void sleep_for(int milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

static int open_descriptors(void)
{
    int count = 0;

    for (int descriptor = 0; descriptor < 256; descriptor++)
        count += fcntl(descriptor, F_GETFD) != -1;
    return count;
}

/* From here on, nothing more can be opened. */
static void use_up_descriptors(void)
{
    struct rlimit limit;
    int lowest = open("/dev/null", O_RDONLY);

    CHECK(lowest != -1);
    CHECK(close(lowest) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = (rlim_t)lowest;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* --- the system that has nothing -------------------------------------------------------------- */

static char meminfo_text[200]; /* what that system's /proc/meminfo has in it */

static FILE *open_meminfo_text(const char *path, const char *mode)
{
    CHECK(strcmp(path, "/proc/meminfo") == 0 && *mode == 'r');
    if (*meminfo_text != '\0')
        return fmemopen(meminfo_text, strlen(meminfo_text), "r");
    errno = ENOENT;
    return NULL;
}

static char file_made[64]; /* its name, if there was one */

static int make_and_note(char *name)
{
    int file = mkstemp(name);

    if (file != -1)
        snprintf(file_made, sizeof file_made, "%s", name);
    return file;
}

static long napped = -1; /* milliseconds */

static int note_nap(struct pollfd *ends, nfds_t count, int milliseconds)
{
    (void)ends;
    CHECK(count == 0);
    napped = milliseconds;
    return 0;
}

static struct timespec locked_until;

static int tell_wall_clock(clockid_t clock, struct timespec *now)
{
    CHECK(clock == CLOCK_REALTIME);
    *now = (struct timespec){.tv_sec = 100, .tv_nsec = 900000000};
    return 0;
}

static int note_lock(pthread_mutex_t *mutex, const struct timespec *until)
{
    locked_until = *until;
    return pthread_mutex_trylock(mutex);
}

static int is_without_list; /* of the open descriptors */

static DIR *open_list(const char *path)
{
    CHECK(strcmp(path, "/dev/fd") == 0);
    return is_without_list ? NULL : opendir(path);
}

enum { MAP_ANONYMOUS_HERE = MAP_ANONYMOUS };

#undef __linux__
#undef __GLIBC_PREREQ
#undef MAP_ANONYMOUS
#undef PR_SET_PDEATHSIG
#undef SYS_pidfd_open
#undef MFD_CLOEXEC
#undef MADV_NOHUGEPAGE
#undef PR_SET_NAME
#undef _SC_NPROCESSORS_ONLN
#define fopen open_meminfo_text
#define opendir open_list
#define mkstemp make_and_note
#define poll note_nap
#define clock_gettime tell_wall_clock
#define pthread_mutex_timedlock note_lock
#define beyond_map_shared bare_map_shared
#define beyond_end_with_parent bare_end_with_parent
#define beyond_wait_for_end bare_wait_for_end
#define beyond_end_handle bare_end_handle
#define beyond_spawn bare_spawn
#define beyond_lock_for bare_lock_for
#define beyond_show_name bare_show_name
#define beyond_run_on bare_run_on
#define beyond_processor bare_processor
#define beyond_memory_file bare_memory_file
#define beyond_bytes_in_pipe bare_bytes_in_pipe
#define beyond_has_unwritten bare_has_unwritten
#define beyond_processors bare_processors
#define beyond_memory_in_use bare_memory_in_use
#define beyond_memory_to_spare bare_memory_to_spare
#define beyond_use_small_pages bare_use_small_pages
#undef BEYOND_H        /* it is to declare these as well */
#include "../beyond.c" /* NOLINT(bugprone-suspicious-include) */
#undef fopen
#undef opendir
#undef mkstemp
#undef poll
#undef clock_gettime
#undef pthread_mutex_timedlock
#undef beyond_map_shared
#undef beyond_end_with_parent
#undef beyond_wait_for_end
#undef beyond_end_handle
#undef beyond_spawn
#undef beyond_show_name
#undef beyond_run_on
#undef beyond_processor
#undef beyond_memory_file
#undef beyond_bytes_in_pipe
#undef beyond_has_unwritten
#undef beyond_processors
#undef beyond_memory_in_use
#undef beyond_memory_to_spare
#undef beyond_use_small_pages
#undef beyond_lock_for
#undef beyond_show_name
#undef beyond_run_on
#undef beyond_processor
#undef beyond_memory_file
#undef beyond_bytes_in_pipe

/* --- memory ----------------------------------------------------------------------------------- */

enum { SIZE = 100000 };

static int is_filled(const unsigned char *memory, size_t size, unsigned char byte)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i] != byte)
            return 0;
    return 1;
}

/* Zeroed, shared with the child, without a name, and without a descriptor that it needs. */
static void expect_shared(void *map_shared(size_t))
{
    int status, before = open_descriptors();
    unsigned char *memory = map_shared(SIZE);

    CHECK(memory != NULL);
    CHECK(is_filled(memory, SIZE, 0));
    memset(memory, 1, SIZE);
    CHECK(open_descriptors() == before);
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0) {
        CHECK(is_filled(memory, SIZE, 1));
        memset(memory, 2, SIZE);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(is_filled(memory, SIZE, 2));
    unsigned char *other = map_shared(SIZE);
    CHECK(other != NULL && is_filled(other, SIZE, 0)); /* not the same memory once more */
    CHECK(munmap(memory, SIZE) == 0 && munmap(other, SIZE) == 0);
}

static void map(void)
{
    expect_shared(beyond_map_shared);
    errno = 0;
    CHECK(beyond_map_shared(SIZE_MAX) == NULL && errno == ENOMEM);
    CHECK(beyond_map_shared(SIZE_MAX / 4 * 3) == NULL && errno == ENOMEM);
    use_up_descriptors();
    CHECK(beyond_map_shared(SIZE) != NULL); /* it needs none */
}

/* The file that the last call has made is gone. */
static void expect_no_file(void)
{
    CHECK(*file_made == '/');
    CHECK(access(file_made, F_OK) == -1 && errno == ENOENT);
    *file_made = '\0';
}

static void bare_map(void)
{
    struct rlimit limit;

    expect_shared(bare_map_shared);
    expect_no_file();
    int before = open_descriptors();
    CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR); /* a limit on files is one on this memory */
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0);
    limit.rlim_cur = SIZE - 1;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    errno = 0;
    CHECK(bare_map_shared(SIZE) == NULL && errno == EFBIG);
    expect_no_file();
    errno = 0;
    CHECK(bare_map_shared(SIZE_MAX) == NULL && errno != 0); /* no file may be that large, anyway */
    expect_no_file();
    errno = 0;
    CHECK(bare_map_shared(SIZE_MAX / 2) == NULL && errno != 0);
    expect_no_file();
    CHECK(open_descriptors() == before);
    use_up_descriptors();
    errno = 0;
    CHECK(bare_map_shared(10) == NULL && errno == EMFILE);
}

/* Prints the end of the line of /proc/self/maps about such memory. */
static void print_name(void *map_shared(size_t))
{
    char line[512];
    unsigned char *memory = map_shared(SIZE);
    FILE *maps = fopen("/proc/self/maps", "r");

    CHECK(memory != NULL && maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL)
        if (strtoull(line, NULL, 16) == (uintptr_t)memory)
            printf("%s", strchr(line, '/') != NULL ? strchr(line, '/') : line);
    CHECK(fclose(maps) == 0);
}

static void map_name(void)
{
    print_name(beyond_map_shared);
}

static void bare_map_name(void)
{
    print_name(bare_map_shared);
}

/* --- the end of the parent -------------------------------------------------------------------- */

/* Waits until all the writers of this pipe have ended; false if they do not. */
static int have_ended(int descriptor)
{
    struct pollfd end = {.fd = descriptor, .events = POLLIN};
    char byte;

    return poll(&end, 1, 8000) == 1 && read(descriptor, &byte, 1) == 0;
}

/* A child that writes its pid to `descriptor` and then does nothing, for 10 s at most. */
static void live(int descriptor)
{
    pid_t me = getpid();

    CHECK(write(descriptor, &me, sizeof me) == sizeof me);
    alarm(10);
    pause();
    _exit(0);
}

/* The parent is killed, or it returns: its child ends. */
static void expect_end_with_parent(int is_killed)
{
    int alive[2], go[2], status;
    pid_t child;

    CHECK(io_pipe(alive) == 0 && io_pipe(go) == 0);
    pid_t parent = fork();
    CHECK(parent != -1);
    if (parent == 0) {
        char byte;
        pid_t me = getpid();
        CHECK(close(go[1]) == 0);
        child = fork();
        CHECK(child != -1);
        if (child == 0) {
            CHECK(beyond_end_with_parent(me, is_killed ? SIGKILL : SIGTERM) == 0);
            live(alive[1]);
        }
        CHECK(close(alive[1]) == 0); /* else nobody would notice that the child is dead */
        _exit(read(go[0], &byte, 1) == 0 ? 0 : EXIT_FAILURE);
    }
    CHECK(close(alive[1]) == 0);
    CHECK(io_read(alive[0], &child, sizeof child) == sizeof child); /* it is alive and has asked */
    if (is_killed)
        CHECK(kill(parent, SIGKILL) == 0);
    else
        CHECK(close(go[1]) == 0);
    CHECK(waitpid(parent, &status, 0) == parent);
    CHECK(is_killed ? WIFSIGNALED(status) : status == 0);
    int ended = have_ended(alive[0]);
    if (!ended)
        kill(child, SIGKILL);
    CHECK(ended);
}

static void parent_killed(void)
{
    expect_end_with_parent(1);
}

static void parent_returns(void)
{
    expect_end_with_parent(0);
}

/* The parent is gone before its child asks. */
static void parent_gone(void)
{
    int alive[2], status;
    char text[20];

    CHECK(io_pipe(alive) == 0);
    pid_t parent = fork();
    CHECK(parent != -1);
    if (parent == 0) {
        pid_t me = getpid();
        pid_t child = fork();
        CHECK(child != -1);
        if (child != 0)
            _exit(0);
        while (getppid() == me)
            sleep_for(1);
        CHECK(write(alive[1], "asks", 4) == 4);
        beyond_end_with_parent(me, SIGKILL);
        CHECK(write(alive[1], " lives", 6) == 6);
        _exit(0);
    }
    CHECK(close(alive[1]) == 0);
    CHECK(waitpid(parent, &status, 0) == parent && status == 0);
    CHECK(io_read(alive[0], text, sizeof text) == 4); /* no more than "asks" */
}

/* It ends by that signal, as it would have if it had asked in time. */
static void not_the_parent(void)
{
    static const int signals[] = {SIGKILL, SIGTERM};
    int status;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        pid_t child = fork();
        CHECK(child != -1);
        if (child == 0) {
            beyond_end_with_parent(getpid(), signals[i]); /* nobody is his own parent */
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
    }
}

static void bare_end(void)
{
    errno = 0;
    CHECK(bare_end_with_parent(getppid(), SIGKILL) == -1 && errno == ENOSYS);
    CHECK(bare_end_with_parent(getpid(), SIGKILL) == -1); /* and nobody is ended */
}

/* --- the end of a child ----------------------------------------------------------------------- */

/* A child that ends as soon as the write end of `gate` is closed. */
static pid_t start_child(const int gate[2])
{
    char byte;
    pid_t child = fork();

    CHECK(child != -1);
    if (child != 0)
        return child;
    alarm(10); /* should the parent fail, nobody would end it */
    CHECK(close(gate[1]) == 0);
    _exit(read(gate[0], &byte, 1) == 0 ? 7 : EXIT_FAILURE);
}

/* A child that closes the write end of `gate` by ending, after so long. */
static pid_t start_closer(int milliseconds)
{
    pid_t child = fork();

    CHECK(child != -1);
    if (child != 0)
        return child;
    sleep_for(milliseconds);
    _exit(0);
}

/* Waits as the header says: look, wait, look again. Returns how often it had to wait. */
static int wait_and_look(pid_t child, int milliseconds)
{
    int status, waits = 0;
    pid_t ended;

    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        beyond_wait_for_end(&child, 1, milliseconds);
        waits++;
    }
    CHECK(ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    return waits;
}

/* A child of whose end it has to be told, with and without a limit of time that is never reached;
 * it really waits meanwhile, so the calls are few: of the naps each takes 5 ms. */
static void expect_waiting(void)
{
    static const int limits[] = {-1, 60000};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        int gate[2];
        CHECK(io_pipe(gate) == 0);
        double start = seconds();
        pid_t closer = start_closer(100);
        pid_t child = start_child(gate);
        CHECK(close(gate[0]) == 0 && close(gate[1]) == 0);
        int waits = wait_and_look(child, limits[i]);
        CHECK(waits <= (seconds() - start) / 0.004 + 1);
        CHECK(waitpid(closer, NULL, 0) == closer);
    }
}

static void wait_for_child(void)
{
    int before = open_descriptors();

    expect_waiting();
    CHECK(open_descriptors() == before);
}

/* Where no descriptor is left to poll, it naps instead. */
static void wait_without_descriptors(void)
{
    double start = seconds();
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0) {
        sleep_for(100);
        _exit(7);
    }
    use_up_descriptors();
    int waits = wait_and_look(child, -1);
    CHECK(waits <= (seconds() - start) / 0.004 + 1);
}

/* The child has ended long ago, and is a zombie: the wait is over at once. */
static void wait_for_zombie(void)
{
    siginfo_t info;
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0)
        _exit(7);
    CHECK(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
    beyond_wait_for_end(&child, 1, -1);
    CHECK(wait_and_look(child, -1) == 0);
}

/* The child does not end: the time is up, or earlier. */
static void wait_in_vain(void)
{
    static const int limits[] = {0, 1, 50};
    int gate[2];

    CHECK(io_pipe(gate) == 0);
    pid_t child = start_child(gate);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        beyond_wait_for_end(&child, 1, limits[i]);
        CHECK(waitpid(child, NULL, WNOHANG) == 0);
    }
    CHECK(close(gate[1]) == 0);
    wait_and_look(child, -1);
}

/* It naps for 5 ms at most, and never for longer than asked. */
static void bare_wait(void)
{
    static const struct {
        int asked, expected;
    } naps[] = {{-1, 5}, {0, 0}, {1, 1}, {4, 4}, {5, 5}, {6, 5}, {1000000, 5}};

    for (size_t i = 0; i < sizeof naps / sizeof *naps; i++) {
        napped = -1;
        bare_wait_for_end(&(pid_t){getpid()}, 1, naps[i].asked);
        CHECK(napped == naps[i].expected);
    }
}

/* A descriptor that can be polled for the end of a child, and can't be before. */
static void end_handle(void)
{
    int gate[2];

    CHECK(io_pipe(gate) == 0);
    pid_t child = start_child(gate);
    struct pollfd end = {.fd = beyond_end_handle(child), .events = POLLIN};
    CHECK(end.fd != -1 && fcntl(end.fd, F_GETFD) == FD_CLOEXEC);
    CHECK(poll(&end, 1, 20) == 0);
    CHECK(close(gate[1]) == 0);
    CHECK(poll(&end, 1, 8000) == 1);
    CHECK(wait_and_look(child, 0) == 0);
    errno = 0;
    CHECK(bare_end_handle(getpid()) == -1 && errno == ENOSYS);
    use_up_descriptors();
    errno = 0;
    CHECK(beyond_end_handle(getpid()) == -1 && errno == EMFILE);
}

/* --- programs --------------------------------------------------------------------------------- */

typedef int spawn_function(pid_t *, const char *, posix_spawn_file_actions_t *,
                           const posix_spawnattr_t *, char *const[], char *const[]);

/* Runs it in that directory. Returns its exit code, or the negative error number. */
static int run_program(spawn_function *spawn, const char *directory, char *const argv[])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char before[1000], after[1000];
    int status, descriptors = open_descriptors();
    pid_t pid;

    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK(posix_spawn_file_actions_init(&actions) == 0 && posix_spawnattr_init(&attributes) == 0);
    int error = spawn(&pid, directory, &actions, &attributes, argv, (char *[]){"A=7", NULL});
    CHECK(posix_spawn_file_actions_destroy(&actions) == 0);
    CHECK(posix_spawnattr_destroy(&attributes) == 0);
    CHECK(getcwd(after, sizeof after) != NULL && strcmp(before, after) == 0);
    CHECK(open_descriptors() == descriptors);
    if (error != 0)
        return -error;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* How many descriptors above the standard ones has the program? */
static int count_inherited(spawn_function *spawn, const char *directory)
{
    char *argv[] = {"build/test/beyond_test", "tell_descriptors", NULL};

    return run_program(spawn, directory, argv);
}

static void tell_descriptors(void)
{
    CHECK(fcntl(0, F_GETFD) != -1 && fcntl(1, F_GETFD) != -1 && fcntl(2, F_GETFD) != -1);
    _exit(open_descriptors() - 3);
}

static void expect_spawn(spawn_function *spawn)
{
    char *in_root[] = {"sh", "-c", "test \"$(pwd -P)\" = / && exit $A", NULL};
    char *there[] = {"./sh", "-c", "exit 5", NULL};
    int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);

    CHECK(kept != -1 && fcntl(kept, F_DUPFD, 3) != -1 && fcntl(kept, F_DUPFD, 200) != -1);
    CHECK(count_inherited(spawn, NULL) == 0 && count_inherited(spawn, ".") == 0);
    CHECK(run_program(spawn, "/", in_root) == 7);
    CHECK(run_program(spawn, NULL, in_root) == 1);
    CHECK(run_program(spawn, "/bin", there) == 5);
    CHECK(run_program(spawn, NULL, there) == -ENOENT);
    CHECK(run_program(spawn, "/no/such/directory", in_root) == -ENOENT);
    CHECK(run_program(spawn, "/dev/null", in_root) == -ENOTDIR);
}

static void spawn(void)
{
    expect_spawn(beyond_spawn);
    use_up_descriptors();
    int inherited = count_inherited(beyond_spawn, ".");
    CHECK(inherited == 0 || inherited == -EMFILE); /* musl's posix_spawn makes a pipe */
}

/* The descriptors are listed, or looked at one by one; the directory needs one. */
static void bare_spawns(void)
{
    struct rlimit limit;

    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = 256;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    for (is_without_list = 0; is_without_list < 2; is_without_list++)
        expect_spawn(bare_spawn);
    is_without_list = 0;
    use_up_descriptors();
#ifdef __GLIBC__ /* musl's posix_spawn makes a pipe */
    CHECK(run_program(bare_spawn, NULL, (char *[]){"true", NULL}) != -EMFILE);
#endif
    CHECK(run_program(bare_spawn, "/", (char *[]){"true", NULL}) == -EMFILE);
}

/* --- locks ------------------------------------------------------------------------------------ */

static void lock_for(void)
{
    static const double lengths[] = {0, 0.001, 0.05};
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    for (int again = 0; again < 2; again++) {
        CHECK(beyond_lock_for(&mutex, again) == 0);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            double start = seconds();
            CHECK(beyond_lock_for(&mutex, lengths[i]) == ETIMEDOUT);
            double took = seconds() - start;
            CHECK(took >= lengths[i] - 1e-6 && took < 5);
        }
        CHECK(pthread_mutex_unlock(&mutex) == 0);
    }
}

/* Half a million seconds are no overflow either. */
static void bare_lock(void)
{
    static const struct {
        double seconds;
        time_t until;
        long nanoseconds;
    } waits[] = {{0, 100, 900000000},
                 {0.0625, 100, 962500000},
                 {0.5, 101, 400000000},
                 {1, 101, 900000000},
                 {500000.25, 500101, 150000000}};
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        CHECK(bare_lock_for(&mutex, waits[i].seconds) == (i == 0 ? 0 : EBUSY));
        CHECK(locked_until.tv_sec == waits[i].until);
        CHECK(locked_until.tv_nsec == waits[i].nanoseconds);
    }
}

/* --- files and pipes -------------------------------------------------------------------------- */

/* What is written can be read, by us alone; /proc knows no name of it. */
static void expect_memory_file(int memory_file(void), const char *place)
{
    char path[40], name[80] = "", text[8] = "";
    int before = open_descriptors(), file = memory_file(), other = memory_file();

    CHECK(file != -1 && other != -1 && other != file);
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC);
    CHECK(write(file, "abc", 3) == 3 && lseek(file, 1, SEEK_SET) == 1);
    CHECK(read(file, text, sizeof text) == 2 && strcmp(text, "bc") == 0);
    CHECK(read(other, text, sizeof text) == 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (readlink(path, name, sizeof name - 1) != -1)
        CHECK(strncmp(name, place, strlen(place)) == 0 && strstr(name, " (deleted)") != NULL);
    CHECK(close(file) == 0 && close(other) == 0 && open_descriptors() == before);
    use_up_descriptors();
    errno = 0;
    CHECK(memory_file() == -1 && errno == EMFILE);
}

static void memory_file(void)
{
    expect_memory_file(beyond_memory_file, "/memfd:");
}

static void bare_file(void)
{
    int file = bare_memory_file();

    CHECK(file != -1 && close(file) == 0);
    expect_no_file();
    expect_memory_file(bare_memory_file, "/tmp/");
}

static void bytes_in_pipe(void)
{
    int ends[2];
    char bytes[5000] = "";

    CHECK(io_pipe(ends) == 0 && beyond_bytes_in_pipe(ends[0]) == 0);
    CHECK(write(ends[1], bytes, 3) == 3 && write(ends[1], bytes, sizeof bytes) == sizeof bytes);
    CHECK(beyond_bytes_in_pipe(ends[0]) == 5003);
    CHECK(read(ends[0], bytes, 5) == 5);
    CHECK(beyond_bytes_in_pipe(ends[0]) == 4998 && beyond_bytes_in_pipe(ends[0]) == 4998);
    CHECK(close(ends[1]) == 0 && beyond_bytes_in_pipe(ends[0]) == 4998);
    CHECK(close(ends[0]) == 0);
    errno = 0;
    CHECK(beyond_bytes_in_pipe(ends[0]) == -1 && errno == EBADF);
}

/* --- the machine ------------------------------------------------------------------------------ */

static void processors(void)
{
    printf("%d\n", beyond_processors());
}

#ifdef CPU_COUNT
/* On each that it may have, and no other. */
static void run_on(void)
{
    static const int wrong[] = {-1, INT_MIN, CPU_SETSIZE - 1, CPU_SETSIZE, INT_MAX};
    cpu_set_t all;

    CHECK(sched_getaffinity(0, sizeof all, &all) == 0 && !CPU_ISSET(CPU_SETSIZE - 1, &all));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        CHECK(beyond_run_on(wrong[i]) == -1 && errno == EINVAL);
    }
    for (int processor = 0; processor < CPU_SETSIZE; processor++) {
        if (!CPU_ISSET((unsigned)processor, &all))
            continue;
        CHECK(beyond_run_on(processor) == 0);
        for (int i = 0; i < 100; i++, sched_yield())
            CHECK(beyond_processor() == processor);
    }
}
#else
static void run_on(void)
{
}
#endif

/* Prints the name that others see. */
static void show_name(void)
{
    char name[40] = "";
    FILE *comm = fopen("/proc/self/comm", "r");

    CHECK(beyond_show_name("a name of more than 15 bytes") == 0);
    CHECK(comm != NULL && fgets(name, sizeof name, comm) != NULL);
    CHECK(fclose(comm) == 0);
    printf("%s", name);
}

static void expect_nosys(int result)
{
    CHECK(result == -1 && errno == ENOSYS);
    errno = 0;
}

static void bare_machine(void)
{
    CHECK(bare_processors() == 1);
    errno = 0;
    expect_nosys(bare_processor());
    expect_nosys(bare_run_on(0));
    expect_nosys(bare_show_name("name"));
    expect_nosys(bare_use_small_pages(NULL, 0));
}

static void memory_in_use(void)
{
    printf("%lld\n", beyond_memory_in_use());
}

static void memory_to_spare(void)
{
    printf("%lld\n", beyond_memory_to_spare());
}

/* Prints what the kernel says of memory that was to have small pages, and of the rest of it. */
static void small_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 64 * page;
    unsigned char *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS_HERE, -1, 0);
    char line[512];
    unsigned long long start = 0, first = (uintptr_t)memory;
    char *dash;

    CHECK(memory != MAP_FAILED);
    if (beyond_use_small_pages(memory, size / 2) == -1) {
        printf("no large pages\n");
        CHECK(munmap(memory, size) == 0);
        return;
    }
    memset(memory, 1, size);
    CHECK(is_filled(memory, size, 1));
    errno = 0;
    CHECK(beyond_use_small_pages(memory + 1, page) == -1 && errno == EINVAL);
    FILE *maps = fopen("/proc/self/smaps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long number = strtoull(line, &dash, 16);
        if (*dash == '-') /* the first line about some memory is "START-END ..." */
            start = number;
        if (strncmp(line, "VmFlags:", 8) == 0 && start >= first && start < first + size)
            printf("%s\n", strstr(line, " nh") != NULL ? "small" : "any");
    }
    CHECK(fclose(maps) == 0);
    CHECK(munmap(memory, size / 2) == 0);
    errno = 0;
    CHECK(beyond_use_small_pages(memory, page) == -1 && errno == ENOMEM);
}

static void expect_unknown(const char *text)
{
    snprintf(meminfo_text, sizeof meminfo_text, "%s", text);
    errno = 0;
    CHECK(bare_memory_in_use() == -1 && errno == ENOSYS);
}

static void expect_no_spare(const char *text)
{
    snprintf(meminfo_text, sizeof meminfo_text, "%s", text);
    errno = 0;
    CHECK(bare_memory_to_spare() == -1 && errno == ENOSYS);
}

static void bare_memory(void)
{
    expect_unknown(""); /* no such file */
    expect_unknown("nothing of the kind\n");
    expect_unknown("MemTotal: 1000 kB\nMemFree: 400 kB\n"); /* before Linux 3.14 */
    expect_unknown("MemFree: 400 kB\nMemAvailable: 400 kB\n");
    expect_unknown("MemTotals: 1000 kB\nMemAvailables: 400 kB\n");
    snprintf(meminfo_text, sizeof meminfo_text, "%s",
             "MemTotal:       1000 kB\nMemFree: 100 kB\nMemAvailable:    400 kB\n");
    CHECK(bare_memory_in_use() == 600LL * 1024 && bare_memory_to_spare() == 400LL * 1024);
    snprintf(meminfo_text, sizeof meminfo_text, "%s",
             "MemAvailable: 1 kB\nMemTotal: 16777217 kB\n");
    CHECK(bare_memory_in_use() == 16777216LL * 1024 && bare_memory_to_spare() == 1024);
    expect_no_spare("");
    expect_no_spare("MemTotal: 1000 kB\nMemFree: 400 kB\n");
    int before = open_descriptors();
    CHECK(beyond_memory_in_use() >= -1 && beyond_memory_to_spare() >= -1);
    CHECK(open_descriptors() == before);
    use_up_descriptors();
    errno = 0;
    CHECK(beyond_memory_in_use() == -1 && errno == ENOSYS);
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"map", map},
    {"bare_map", bare_map},
    {"map_name", map_name},
    {"bare_map_name", bare_map_name},
    {"parent_killed", parent_killed},
    {"parent_returns", parent_returns},
    {"parent_gone", parent_gone},
    {"not_the_parent", not_the_parent},
    {"bare_end", bare_end},
    {"wait_for_child", wait_for_child},
    {"wait_without_descriptors", wait_without_descriptors},
    {"wait_for_zombie", wait_for_zombie},
    {"wait_in_vain", wait_in_vain},
    {"bare_wait", bare_wait},
    {"end_handle", end_handle},
    {"tell_descriptors", tell_descriptors},
    {"spawn", spawn},
    {"bare_spawn", bare_spawns},
    {"lock_for", lock_for},
    {"bare_lock", bare_lock},
    {"memory_file", memory_file},
    {"bare_file", bare_file},
    {"bytes_in_pipe", bytes_in_pipe},
    {"run_on", run_on},
    {"show_name", show_name},
    {"processors", processors},
    {"bare_machine", bare_machine},
    {"memory_in_use", memory_in_use},
    {"memory_to_spare", memory_to_spare},
    {"small_pages", small_pages},
    {"bare_memory", bare_memory},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return 0;
        }
    fprintf(stderr, "usage: beyond_test SCENARIO; they are at the end of beyond_test.c\n");
    return 2;
}
