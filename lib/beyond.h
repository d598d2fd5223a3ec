/* beyond: everything in this suite that POSIX.1-2008 does not have, in one place, each with what
 * happens where the system does not have it either. All other files are plain POSIX, but for four
 * names that C libraries show without being asked: MSG_DONTWAIT, CMSG_SPACE, CMSG_LEN and
 * INADDR_LOOPBACK. */
#ifndef BEYOND_H
#define BEYOND_H

#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Maps `size` bytes of zeroed memory that this process shares with the children it forks.
 * Linux, the BSDs and macOS have MAP_ANONYMOUS; elsewhere an unlinked temporary file serves.
 * Returns the address, or NULL and errno (ENOMEM, or what creating the file gave). */
void *beyond_map_shared(size_t size);

/* Asks the kernel to send the calling process that signal when its parent ends, however that ends:
 * SIGKILL, or one that leaves it time to tidy up. `parent` is the parent's pid as the parent saw
 * it: when it is gone already, the signal comes at once. Returns 0, or -1 and ENOSYS where there is
 * no such request (all but Linux): the caller must then find out in another way, such as the end of
 * file on a pipe. */
int beyond_end_with_parent(pid_t parent, int signal);

/* Waits until one of these `count` children has ended, or for at most `milliseconds` (-1: without
 * limit), or for less: the caller looks with waitpid(WNOHANG) and calls again. waitpid itself knows
 * no timeout. Linux 5.3 has descriptors to poll. Elsewhere, and with more children than
 * MOST_WATCHED, of which it looks at no more pids, it naps for a few milliseconds. */
#define MOST_WATCHED 64
void beyond_wait_for_end(const pid_t *pids, size_t count, int milliseconds);

/* A descriptor, closed on exec, that poll finds readable once that child has ended. Returns it, or
 * -1 and errno: ENOSYS where there is no such thing (all but Linux 5.3), EMFILE. */
int beyond_end_handle(pid_t pid);

/* posix_spawnp of argv[0] in `directory` (NULL: the caller's), after `actions`, to which it may
 * add, and with no descriptor open but 0, 1 and 2. glibc 2.34 can do that in the child. Elsewhere,
 * the caller closes one by one what it would leave open, and is itself in `directory` for the
 * moment. Returns 0, or an error number as posix_spawnp does. */
int beyond_spawn(pid_t *pid, const char *directory, posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const argv[],
                 char *const environment[]);

/* pthread_mutex_lock for at most `seconds`. POSIX.1-2008 has only the wall clock for that, which
 * may be set back; glibc 2.30 has the monotonic one. Returns 0 or an error number, as ETIMEDOUT. */
int beyond_lock_for(pthread_mutex_t *mutex, double seconds);

/* Sets the name under which ps and top show the calling process; Linux keeps 15 bytes of it.
 * Returns 0, or -1 and ENOSYS where that can't be done. */
int beyond_show_name(const char *name);

/* Has the calling process run on that processor only, numbered from 0. Returns 0, or -1 and errno:
 * EINVAL (there is no such processor, or it may not be used), ENOSYS (all but Linux). */
int beyond_run_on(int processor);

/* The number of the processor that runs the calling process at this moment, or -1 and ENOSYS. */
int beyond_processor(void);

/* A file without a name, in memory where the system can (Linux), for reading and writing, closed on
 * exec; elsewhere a temporary file, unlinked. Returns its descriptor, or -1 and errno. */
int beyond_memory_file(void);

/* The number of bytes that a pipe holds, not read yet; or -1 and errno. */
int beyond_bytes_in_pipe(int descriptor);

/* Says whether something that was printed to the stream is still in its buffer. Where the C library
 * does not tell (glibc and musl do), it may be: true. */
bool beyond_has_unwritten(FILE *stream);

/* The number of processors of this machine that are switched on, at least 1. */
int beyond_processors(void);

/* The memory in use on this whole machine, the kernel's included, in bytes: the difference of two
 * calls is what happened in between cost. Returns -1 and ENOSYS where it can't be known. */
long long beyond_memory_in_use(void);

/* The memory that programs could still take on this machine without others having to give theirs,
 * in bytes, or -1 and ENOSYS. */
long long beyond_memory_to_spare(void);

/* Asks for small pages only for what has not been touched yet of that memory, which begins at a
 * page's beginning: a large one, of megabytes, is handled as one. Returns 0, or -1 and errno:
 * EINVAL (it begins elsewhere, or the kernel has no large pages), ENOMEM (there is no such memory),
 * ENOSYS (all but Linux). */
int beyond_use_small_pages(void *memory, size_t size);

#endif
