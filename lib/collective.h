/* collective: operations of all forked ranks together, made of messages over their links. What they
 * do, and return, ranks.h says; its functions check the arguments, and call these. */
#ifndef COLLECTIVE_H
#define COLLECTIVE_H

#include "links.h"
#include "ranks.h"

int collective_barrier(struct links *links);
int collective_broadcast(struct links *links, int root, void *buffer, size_t size);
int collective_scatter(struct links *links, int root, const void *all, void *mine, size_t size);
int collective_gather(struct links *links, int root, const void *mine, void *all, size_t size);
int collective_alltoall(struct links *links, const void *out, void *in, size_t size);
int collective_reduce(struct links *links, int root, enum ranks_operation operation,
                      enum ranks_type type, const void *mine, void *result, size_t count);

#endif
