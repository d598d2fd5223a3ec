/* links: what connects forked ranks: a socketpair between each two. */
#ifndef LINKS_H
#define LINKS_H

#include "waits.h"

#include <stddef.h>
#include <sys/types.h>

#define LINKS_NOBODY WAITS_NOBODY

/* What a message belongs to. Both sides must mean the same. */
enum link_kind {
    LINK_MESSAGE,
    LINK_BARRIER,
    LINK_BROADCAST,
    LINK_SCATTER,
    LINK_GATHER,
    LINK_ALLTOALL,
    LINK_REDUCE
};

/* Opened before the ranks are forked, which have copies of it and share waits' memory. */
struct links {
    int count, self; /* the ranks, from 0; which one this process is, or NOBODY: the parent */
    int *ends;       /* the descriptors: of each, to each; -1: closed */
    struct waits waits;
};

/* Makes the links of `count` ranks; each takes at least one message of `buffer` bytes before there
 * is no room. Returns 0, or -1 and errno (EMFILE, ENFILE, ENOMEM, ENOBUFS), with nothing open. */
int links_open(struct links *links, int count, int buffer);

/* Closes what this process has of them; twice is harmless. */
void links_close(struct links *links);

/* In the parent, once that rank is forked: its ends are its own affair now. */
void links_close_ends(struct links *links, int rank);

/* In the rank itself, first of all: it is that one, and keeps only its own ends. */
void links_be(struct links *links, int rank);

/* Sends `size` bytes to one rank (or NOBODY) and receives up to `room` bytes from another (or
 * NOBODY), whichever can go on first. Where the other one has ended, it waits: that is a deadlock,
 * and the parent will see it.
 * Returns the size received (0: from NOBODY), or -1 and errno: EMSGSIZE (there was no room),
 * EBADMSG (it was of another kind); the message is lost, then. After any other error (EFAULT,
 * ENOMEM, ENOBUFS) the links to both are closed, and of no use any more: EBADF. */
ssize_t links_transfer(struct links *links, enum link_kind kind, int to, const void *message,
                       size_t size, int from, void *buffer, size_t room);

#endif
