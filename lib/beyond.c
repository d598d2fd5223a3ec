#define _GNU_SOURCE /* here, and nowhere else */

#include "beyond.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
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

int beyond_end_with_parent(pid_t parent)
{
#if defined __linux__ && defined PR_SET_PDEATHSIG
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
        return -1;
    if (getppid() != parent) /* it ended before we asked, so nobody will tell us */
        kill(getpid(), SIGKILL);
    return 0;
#else
    (void)parent;
    errno = ENOSYS;
    return -1;
#endif
}

void beyond_wait_for_end(pid_t pid, int milliseconds)
{
#if defined __linux__ && defined SYS_pidfd_open
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);

    if (handle != -1) {
        struct pollfd ended = {.fd = handle, .events = POLLIN};
        poll(&ended, 1, milliseconds); /* whatever it says, the caller looks */
        close(handle);
        return;
    }
#endif
    (void)pid;
    int longest = 5;
    int nap = milliseconds < 0 || milliseconds > longest ? longest : milliseconds;
    nanosleep(&(struct timespec){.tv_nsec = nap * 1000000L}, NULL);
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

/* Returns the value of a "NAME:   123 kB" line of /proc/meminfo in bytes, or -1. */
static long long meminfo(FILE *file, const char *name)
{
    char line[128];
    size_t length = strlen(name);

    rewind(file);
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            return strtoll(line + length + 1, NULL, 10) * 1024;
    return -1;
}

long long beyond_memory_in_use(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL) {
        errno = ENOSYS;
        return -1;
    }
    long long total = meminfo(file, "MemTotal");
    long long available = meminfo(file, "MemAvailable");
    fclose(file);
    if (total < 0 || available < 0) {
        errno = ENOSYS;
        return -1;
    }
    return total - available;
}
