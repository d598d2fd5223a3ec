#define _GNU_SOURCE /* here, and nowhere else */

#include "beyond.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

void *beyond_map_shared(size_t size)
{
    int protection = PROT_READ | PROT_WRITE;
#ifdef MAP_ANONYMOUS
    void *memory = mmap(NULL, size, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
#else
    char name[] = "/tmp/shared-XXXXXX";
    int file = mkstemp(name);

    if (file == -1)
        return NULL;
    unlink(name); /* the mapping keeps the memory, and no name is left behind */
    void *memory = MAP_FAILED;
    /* Not ftruncate: on a full disk, a file with holes would be a SIGBUS at the first access. */
    int error = posix_fallocate(file, 0, (off_t)size);
    if (error == 0) {
        memory = mmap(NULL, size, protection, MAP_SHARED, file, 0);
        error = errno;
    }
    close(file);
    errno = error;
#endif
    return memory == MAP_FAILED ? NULL : memory;
}

int beyond_end_with_parent(pid_t parent, int signal)
{
#if defined __linux__ && defined PR_SET_PDEATHSIG
    if (prctl(PR_SET_PDEATHSIG, signal) == -1)
        return -1;
    if (getppid() != parent) /* it ended before we asked, so nobody will tell us */
        kill(getpid(), signal);
    return 0;
#else
    (void)parent, (void)signal;
    errno = ENOSYS;
    return -1;
#endif
}

int beyond_end_handle(pid_t pid)
{
#if defined __linux__ && defined SYS_pidfd_open
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    errno = ENOSYS;
    return -1;
#endif
}

enum { LONGEST_NAP = 5 }; /* milliseconds */

void beyond_wait_for_end(const pid_t *pids, size_t count, int milliseconds)
{
    struct pollfd ends[MOST_WATCHED];
    nfds_t handles = 0;

    for (; handles < count && handles < MOST_WATCHED; handles++) {
        int handle = beyond_end_handle(pids[handles]);
        if (handle == -1)
            break;
        ends[handles] = (struct pollfd){.fd = handle, .events = POLLIN};
    }
    if (handles < count && (milliseconds < 0 || milliseconds > LONGEST_NAP))
        milliseconds = LONGEST_NAP;    /* some can't be polled: the caller looks soon */
    poll(ends, handles, milliseconds); /* whatever it says, the caller looks */
    while (handles > 0)
        close(ends[--handles].fd);
}

#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 30)
#define HAVE_CLOCKLOCK
#endif
#if __GLIBC_PREREQ(2, 34)
#define HAVE_SPAWN_CLOSEFROM
#endif
#endif

#ifdef HAVE_SPAWN_CLOSEFROM
int beyond_spawn(pid_t *pid, const char *directory, posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const environment[])
{
    int error = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);

    if (error == 0 && directory != NULL)
        error = posix_spawn_file_actions_addchdir_np(actions, directory);
    if (error == 0)
        error = posix_spawnp(pid, argv[0], actions, attributes, argv, environment);
    return error;
}
#else
/* Has the child close `descriptor`, if it would be open in it. */
static int close_there(posix_spawn_file_actions_t *actions, long descriptor)
{
    int flags = descriptor > STDERR_FILENO ? fcntl((int)descriptor, F_GETFD) : -1;

    if (flags == -1 || flags & FD_CLOEXEC)
        return 0;
    return posix_spawn_file_actions_addclose(actions, (int)descriptor);
}

static int close_all_there(posix_spawn_file_actions_t *actions)
{
    DIR *list = opendir("/dev/fd"); /* also in the BSDs; in Linux a link to /proc/self/fd */
    long most = sysconf(_SC_OPEN_MAX);
    int error = 0;

    if (list != NULL) {
        struct dirent *entry;
        while (error == 0 && (entry = readdir(list)) != NULL)
            error = close_there(actions, strtol(entry->d_name, NULL, 10)); /* "." and ".." give 0 */
        closedir(list);
    } else { /* one by one, and slow where a process may have a million */
        for (long descriptor = 0; error == 0 && descriptor < most; descriptor++)
            error = close_there(actions, descriptor);
    }
    return error;
}

int beyond_spawn(pid_t *pid, const char *directory, posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[], char *const environment[])
{
    int here = -1, error = close_all_there(actions);

    if (error == 0 && directory != NULL) {
        here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        /* first to where we are: may we come back? */
        if (here == -1 || fchdir(here) == -1 || chdir(directory) == -1)
            error = errno;
    }
    if (error == 0)
        error = posix_spawnp(pid, argv[0], actions, attributes, argv, environment);
    if (here != -1) {
        (void)!fchdir(here);
        close(here);
    }
    return error;
}
#endif

int beyond_lock_for(pthread_mutex_t *mutex, double seconds)
{
#ifdef HAVE_CLOCKLOCK
    clockid_t clock = CLOCK_MONOTONIC;
#else
    clockid_t clock = CLOCK_REALTIME;
#endif
    struct timespec until;

    clock_gettime(clock, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
#ifdef HAVE_CLOCKLOCK
    return pthread_mutex_clocklock(mutex, clock, &until);
#else
    return pthread_mutex_timedlock(mutex, &until);
#endif
}

int beyond_show_name(const char *name)
{
#if defined __linux__ && defined PR_SET_NAME
    return prctl(PR_SET_NAME, name);
#else
    (void)name;
    errno = ENOSYS;
    return -1;
#endif
}

int beyond_run_on(int processor)
{
#ifdef __linux__
    cpu_set_t only;

    CPU_ZERO(&only);
    CPU_SET((unsigned)processor, &only); /* a number out of range sets none, and that is EINVAL */
    return sched_setaffinity(0, sizeof only, &only);
#else
    (void)processor;
    errno = ENOSYS;
    return -1;
#endif
}

int beyond_processor(void)
{
#ifdef __linux__
    return sched_getcpu();
#else
    errno = ENOSYS;
    return -1;
#endif
}

int beyond_memory_file(void)
{
#if defined __linux__ && defined MFD_CLOEXEC
    return memfd_create("message", MFD_CLOEXEC);
#else
    char name[] = "/tmp/memory-XXXXXX";
    int file = mkstemp(name);

    if (file == -1)
        return -1;
    unlink(name);
    fcntl(file, F_SETFD, FD_CLOEXEC);
    return file;
#endif
}

int beyond_bytes_in_pipe(int descriptor)
{
    int bytes;

    return ioctl(descriptor, FIONREAD, &bytes) == -1 ? -1 : bytes;
}

bool beyond_has_unwritten(FILE *stream)
{
#ifdef __linux__
    return __fpending(stream) > 0;
#else
    (void)stream;
    return true;
#endif
}

int beyond_processors(void)
{
#ifdef _SC_NPROCESSORS_ONLN
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (processors > 0)
        return (int)processors;
#endif
    return 1;
}

/* Returns the value of a "NAME:   123 kB" line of /proc/meminfo in bytes; or -1 and ENOSYS. */
static long long meminfo(const char *name)
{
    char line[128];
    size_t length = strlen(name);
    long long bytes = -1;
    FILE *file = fopen("/proc/meminfo", "re");

    errno = ENOSYS; /* if it is not there */
    while (bytes == -1 && file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            bytes = strtoll(line + length + 1, NULL, 10) * 1024;
    if (file != NULL)
        fclose(file);
    return bytes;
}

long long beyond_memory_to_spare(void)
{
    return meminfo("MemAvailable");
}

long long beyond_memory_in_use(void)
{
    long long total = meminfo("MemTotal"), available = meminfo("MemAvailable");

    return total == -1 || available == -1 ? -1 : total - available;
}

int beyond_use_small_pages(void *memory, size_t size)
{
#if defined __linux__ && defined MADV_NOHUGEPAGE
    return madvise(memory, size, MADV_NOHUGEPAGE);
#else
    (void)memory, (void)size;
    errno = ENOSYS;
    return -1;
#endif
}
