/* How it stays right when a process is killed between any two lines: all there is to know is one
 * number in shared memory, which changes by one store. A process has arrived or has not; a round is
 * complete or is not.
 *
 * The memory says whether to go on; the gates, two events, only say when to look. The last to come
 * opens the gate of its round. One that is killed before it does, or a gate that is closed for the
 * next round but one before a slow process has looked, costs the others a moment, since they look
 * from time to time anyway. */
#include "barrier.h"

#include "shm.h"

#include <errno.h>
#include <stdatomic.h>

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a lock inside an atomic would be one per process");

struct barrier_state {
    atomic_ullong word;
};

static const double LOOK_AGAIN = 0.05; /* seconds */

/* The word's parts: who has arrived in this round, whether it is broken, and the numbers of resets
 * and rounds so far. */
struct parts {
    unsigned arrived; /* 16 bits */
    bool broken;
    unsigned resets; /* 15 bits, then from 0 again */
    unsigned round;  /* 32 bits */
};

static unsigned long long join_parts(struct parts parts)
{
    return (parts.arrived & 0xffffULL) | (parts.broken ? 1ULL << 16 : 0) |
           (parts.resets & 0x7fffULL) << 17 | (unsigned long long)parts.round << 32;
}

static struct parts look(const struct barrier *barrier, unsigned long long *word)
{
    /* One that is closed is as if broken, and stays so. */
    *word = barrier->state == NULL ? join_parts((struct parts){.broken = true})
                                   : atomic_load(&barrier->state->word);
    return (struct parts){.arrived = *word & 0xffff,
                          .broken = *word >> 16 & 1,
                          .resets = *word >> 17 & 0x7fff,
                          .round = (unsigned)(*word >> 32)};
}

/* Returns whether the word was still `old`, and is now made of `parts`. */
static bool change(struct barrier *barrier, unsigned long long old, struct parts parts)
{
    return barrier->state == NULL ||
           atomic_compare_exchange_strong(&barrier->state->word, &old, join_parts(parts));
}

int barrier_open(struct barrier *barrier, int parties)
{
    *barrier = (struct barrier){.parties = parties, .gates = {{-1, -1}, {-1, -1}}};
    if (parties < 1 || parties > BARRIER_MAX) {
        errno = EINVAL;
        return -1;
    }
    barrier->state = shared_map(sizeof *barrier->state);
    if (barrier->state == NULL || event_open(&barrier->gates[0]) == -1 ||
        event_open(&barrier->gates[1]) == -1) {
        int error = errno;
        barrier_close(barrier);
        errno = error;
        return -1;
    }
    return 0;
}

void barrier_close(struct barrier *barrier)
{
    event_close(&barrier->gates[0]);
    event_close(&barrier->gates[1]);
    shared_unmap(barrier->state, sizeof *barrier->state);
    barrier->state = NULL;
}

/* Counts the caller in. Returns its place, with the round in *mine; or -1 and ECANCELED. */
static int arrive(struct barrier *barrier, struct parts *mine)
{
    unsigned long long word;
    struct parts next;

    do {
        *mine = next = look(barrier, &word);
        if (mine->broken) {
            errno = ECANCELED;
            return -1;
        }
        if (++next.arrived == (unsigned)barrier->parties) {
            event_clear(&barrier->gates[(mine->round + 1) % 2]); /* nobody can wait there yet */
            next.arrived = 0;
            next.round++;
        }
    } while (!change(barrier, word, next));
    return (int)mine->arrived;
}

int barrier_wait(struct barrier *barrier, double timeout)
{
    double deadline = deadline_after(timeout);
    unsigned long long word;
    struct parts mine, now;

    if (barrier->state == NULL) {
        errno = EBADF;
        return -1;
    }
    int place = arrive(barrier, &mine);
    if (place == -1)
        return -1;
    struct event *gate = &barrier->gates[mine.round % 2];
    if (place == barrier->parties - 1) {
        event_set(gate);
        return place;
    }
    while (now = look(barrier, &word), now.round == mine.round && !now.broken) {
        double left = seconds_until(deadline);
        if (!(left > 0)) {
            now.broken = true;
            if (!change(barrier, word, now))
                continue; /* somebody was quicker: see what has become of the round */
            event_set(gate);
            errno = ETIMEDOUT;
            return -1;
        }
        if (event_wait(gate, left < LOOK_AGAIN ? left : LOOK_AGAIN) == -1)
            continue;
        now = look(barrier, &word);
        if (now.round == mine.round && !now.broken)
            event_clear(gate); /* somebody was late to open it for a round before */
    }
    if (now.round == mine.round || now.resets != mine.resets) {
        errno = ECANCELED;
        return -1;
    }
    return place;
}

void barrier_abort(struct barrier *barrier)
{
    unsigned long long word;
    struct parts next;

    do {
        next = look(barrier, &word);
        next.broken = true;
    } while (!change(barrier, word, next));
    event_set(&barrier->gates[next.round % 2]);
}

void barrier_reset(struct barrier *barrier)
{
    unsigned long long word;
    struct parts old, next;

    do {
        old = look(barrier, &word);
        next = (struct parts){.resets = old.resets + 1, .round = old.round + 1};
        event_clear(&barrier->gates[next.round % 2]);
    } while (!change(barrier, word, next));
    event_set(&barrier->gates[old.round % 2]); /* those that still wait */
}

bool barrier_is_broken(const struct barrier *barrier)
{
    unsigned long long word;

    return look(barrier, &word).broken;
}

int barrier_waiting(const struct barrier *barrier)
{
    unsigned long long word;
    struct parts now = look(barrier, &word);

    return now.broken ? 0 : (int)now.arrived;
}
