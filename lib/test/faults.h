/* What the preload library (preload/faults.c) and the program that runs others with it (faults.c)
 * share: which call is to fail, and how; and what became of it. It lies in a file that both map. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* Each call, and the ways in which it fails: an errno; or SHORT, which is to do only a part. Where
 * a "+" follows, all calls from one on may fail so, too.
 *
 * Not here is what can't fail as it is used (sigaction, sigprocmask, a kill of one's own child),
 * and what would be a lie: EPIPE where somebody reads, ECHILD where there is a child. */
#define FAULTS_CALLS(X)                                                                            \
    X(fork, "EAGAIN+ ENOMEM")                                                                      \
    X(pipe, "EMFILE+")                                                                             \
    X(socketpair, "EMFILE+")                                                                       \
    X(socket, "EMFILE+")                                                                           \
    X(bind, "EADDRINUSE+")                                                                         \
    X(listen, "EADDRINUSE+")                                                                       \
    X(accept, "EMFILE ECONNABORTED EINTR")                                                         \
    X(connect, "ECONNREFUSED+")                                                                    \
    X(getsockname, "ENOBUFS+")                                                                     \
    X(setsockopt, "ENOMEM+")                                                                       \
    X(shutdown, "ENOTCONN")                                                                        \
    X(mmap, "ENOMEM+")                                                                             \
    X(madvise, "EINVAL+")                                                                          \
    X(memfd_create, "EMFILE+")                                                                     \
    X(open, "EMFILE+ EACCES")                                                                      \
    X(openat, "EMFILE+ EACCES")                                                                    \
    X(fopen, "EMFILE+ EACCES")                                                                     \
    X(fdopen, "ENOMEM+")                                                                           \
    X(tmpfile, "ENOSPC+")                                                                          \
    X(opendir, "EMFILE+")                                                                          \
    X(scandir, "ENOMEM+")                                                                          \
    X(glob, "ENOMEM+")                                                                             \
    X(mkdtemp, "ENOSPC+")                                                                          \
    X(mkdir, "ENOSPC+")                                                                            \
    X(unlink, "EIO+")                                                                              \
    X(rmdir, "EIO+")                                                                               \
    X(chdir, "EACCES+")                                                                            \
    X(stat, "EIO+")                                                                                \
    X(fstat, "EIO+")                                                                               \
    X(fstatat, "EIO+")                                                                             \
    X(lseek, "EIO+")                                                                               \
    X(fseeko, "EIO+")                                                                              \
    X(close, "EIO+")                                                                               \
    X(dup, "EMFILE+")                                                                              \
    X(dup2, "EBUSY+")                                                                              \
    X(fcntl, "EMFILE+")                                                                            \
    X(read, "EIO EINTR SHORT+")                                                                    \
    X(write, "ENOSPC+ EINTR SHORT+")                                                               \
    X(recv, "ENOMEM+ EINTR")                                                                       \
    X(recvmsg, "ENOMEM+ EINTR")                                                                    \
    X(send, "ENOBUFS EINTR")                                                                       \
    X(sendmsg, "ENOBUFS+ EINTR")                                                                   \
    X(poll, "ENOMEM+ EINTR")                                                                       \
    X(pselect, "ENOMEM+ EINTR")                                                                    \
    X(waitpid, "EINTR")                                                                            \
    X(waitid, "EINTR")                                                                             \
    X(posix_spawn, "EAGAIN+ ENOMEM")                                                               \
    X(posix_spawnp, "EAGAIN+ ENOMEM")                                                              \
    X(posix_spawn_file_actions_init, "ENOMEM+")                                                    \
    X(posix_spawn_file_actions_adddup2, "ENOMEM+")                                                 \
    X(posix_spawn_file_actions_addopen, "ENOMEM+")                                                 \
    X(posix_spawnattr_init, "ENOMEM+")                                                             \
    X(execvp, "ENOMEM+")                                                                           \
    X(system, "EAGAIN+")                                                                           \
    X(pthread_create, "EAGAIN+")                                                                   \
    X(pthread_mutex_init, "ENOMEM+")                                                               \
    X(pthread_mutexattr_init, "ENOMEM+")                                                           \
    X(sem_init, "ENOSYS+")                                                                         \
    X(sem_wait, "EINTR")                                                                           \
    X(mq_open, "ENOSPC+")                                                                          \
    X(mq_send, "EMSGSIZE+")                                                                        \
    X(mq_receive, "EMSGSIZE+")                                                                     \
    X(malloc, "ENOMEM+")                                                                           \
    X(calloc, "ENOMEM+")                                                                           \
    X(realloc, "ENOMEM+")                                                                          \
    X(clock_nanosleep, "EINTR")                                                                    \
    X(nanosleep, "EINTR")                                                                          \
    X(prctl, "EINVAL+")                                                                            \
    X(syscall, "ENOSYS+")                                                                          \
    X(setrlimit, "EPERM+")                                                                         \
    X(sched_setaffinity, "EINVAL+")

#define FAULTS_NAME(name, kinds) CALL_##name,
enum call { FAULTS_CALLS(FAULTS_NAME) CALLS };
#undef FAULTS_NAME

enum scope { PARENT, CHILDREN }; /* the program itself; all that it forks, together */
enum { SHORT = -1, FRAMES = 10, SPANS = 16 };

struct faults {
    char root[256]; /* only programs below it are made to fail */
    enum call call; /* CALLS: none */
    int error;      /* or SHORT */
    enum scope scope;
    long first; /* from 1 on */
    bool all;   /* those that follow, too */

    /* Of a test of the library, only the library's calls count. Calls from here do not: addresses
     * in the program's file, each the first one and the one after the last. */
    unsigned long spans[SPANS][2];

    atomic_int parent; /* its pid */
    atomic_long counts[CALLS][2];
    char program[256];           /* where it happened */
    atomic_int hit;              /* the pid of the process where it happened */
    unsigned long where[FRAMES]; /* addresses in the program's file */
    atomic_int maps;             /* mapped, and not unmapped, by the program itself */
    atomic_int names;            /* made by mq_open and mkdtemp, and not yet removed */
};

#endif
