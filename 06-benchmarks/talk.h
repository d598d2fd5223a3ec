/* The processes that ipc_cost measures: senders and receivers, which begin together, and keep a
 * tally of all that they send and receive. */
#ifndef TALK_H
#define TALK_H

#include "barrier.h"
#include "process.h"
#include "shm.h"
#include "ways.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LONGEST = 65536, MOST_SEVERAL = 2 };

/* What is measured now. The processes that are forked for it have it from their parent. */
static const struct way *way;
static size_t size;
static bool round_trip;
static double length; /* so many seconds are messages sent */
static struct channel there = CLOSED_CHANNEL, back = CLOSED_CHANNEL;
static struct barrier gate;

/* Sums over messages. The stamps, the first byte of each and its last, say which message it is. */
struct tally {
    long long messages, bytes, stamps;
};

enum side { SENT, RECEIVED };

/* What a measurement gives; all its processes share it, and add to it at their end. */
static struct result {
    _Atomic double begin, end;
    struct {
        atomic_llong messages, bytes, stamps;
    } sides[2];
} * result;

/* The messages are made beforehand: it is not their making that is measured. As a ring's slots are
 * no multiple of 5, two messages that get in each other's way are never of the same kind. */
enum { KINDS = 5 };

static unsigned char messages[KINDS][LONGEST], buffer[LONGEST];

static inline void make_messages(void)
{
    for (int i = 0; i < KINDS; i++)
        memset(messages[i], i + 1, size);
    memset(buffer, 0, size);
}

static inline void add_message(struct tally *tally, const unsigned char *message, size_t bytes)
{
    tally->messages++;
    tally->bytes += (long long)bytes;
    tally->stamps += bytes > 0 ? message[0] + message[bytes - 1] : 0; /* 0: nobody to answer */
}

static inline void add_to_result(const struct tally *tally, enum side side)
{
    if (side == RECEIVED)
        result->end = seconds_now(); /* the last one's stays */
    result->sides[side].messages += tally->messages;
    result->sides[side].bytes += tally->bytes;
    result->sides[side].stamps += tally->stamps;
}

/* Nobody begins before all are there: to start a process takes longer than hundreds of messages. */
static inline void begin_together(void)
{
    make_messages();
    if (barrier_wait(&gate, FOREVER) == -1)
        die("wait at the gate");
    double nobody = 0;
    atomic_compare_exchange_strong(&result->begin, &nobody, seconds_now()); /* the first one's */
}

/* Looks at the clock now and then only: that takes as long as a short message. */
static inline bool is_over(const struct tally *tally)
{
    return tally->messages % (size < 4096 ? 256 : 16) == 0 &&
           seconds_now() >= result->begin + length;
}

static inline int send_messages(void *unused)
{
    struct tally tally = {0};

    (void)unused;
    close_receive_end(&there);
    close_send_end(&back);
    begin_together();
    do {
        const unsigned char *message = messages[tally.messages % KINDS];
        way->send(&there, message, size);
        if (round_trip)
            add_message(&tally, buffer,
                        way->receive(&back, buffer, size)); /* it must be the same */
        else
            add_message(&tally, message, size);
    } while (!is_over(&tally));
    /* An empty message is the end: each receiver gets that of one sender. On pipes and sockets it
     * is nothing: there, the end comes when nobody is left who could send. */
    way->send(&there, buffer, 0);
    close_send_end(&there);
    add_to_result(&tally, SENT);
    return EXIT_SUCCESS;
}

static inline int receive_messages(void *unused)
{
    struct tally tally = {0};
    size_t got;

    (void)unused;
    close_send_end(&there);
    close_receive_end(&back);
    begin_together();
    while ((got = way->receive(&there, buffer, size)) > 0) {
        add_message(&tally, buffer, got);
        if (round_trip)
            way->send(&back, buffer, got);
    }
    add_to_result(&tally, RECEIVED);
    return EXIT_SUCCESS;
}

/* Runs so many senders, and as many receivers, until all have ended. */
static inline void talk(int several)
{
    struct process processes[2 * MOST_SEVERAL], *list[2 * MOST_SEVERAL];
    int all = 2 * several;

    if (barrier_open(&gate, all) == -1)
        die("open a barrier");
    for (int i = 0; i < all; i++) {
        list[i] = &processes[i];
        /* daemon: whatever ends us, they are not left behind. */
        processes[i] =
            (struct process){.run = i < several ? send_messages : receive_messages, .daemon = true};
        if (process_start(list[i]) == -1)
            die("start a process for %s", way->name);
    }
    close_channel(&there); /* so that they have only each other */
    close_channel(&back);
    for (int joined = 0; joined < all; joined++) {
        ssize_t i = process_join_any(list, (size_t)all, FOREVER);
        if (i == -1)
            die("join the processes of %s", way->name);
        if (processes[i].exit_code != 0) { /* the others might wait for it for ever */
            complain("%s: process %ld ended with exit code %d", way->name, (long)processes[i].pid,
                     processes[i].exit_code);
            exit(EXIT_FAILURE);
        }
    }
    barrier_close(&gate);
}

/* The limit: one process copies the messages from here to there. */
static inline void copy_messages(void)
{
    struct tally sent = {0}, received = {0};

    make_messages();
    result->begin = seconds_now();
    do {
        const unsigned char *message = messages[sent.messages % KINDS];
        memcpy(buffer, message, size);
        add_message(&sent, message, size);
        add_message(&received, buffer, size);
    } while (!is_over(&sent));
    add_to_result(&sent, SENT);
    add_to_result(&received, RECEIVED);
}

/* A way that is fast because it loses something is no way. Where messages may be torn, as their
 * bytes come in any order, only these are compared. */
static inline void check_result(const char *what, bool whole)
{
    long long lost[] = {result->sides[SENT].messages - result->sides[RECEIVED].messages,
                        result->sides[SENT].bytes - result->sides[RECEIVED].bytes,
                        result->sides[SENT].stamps - result->sides[RECEIVED].stamps};

    if (lost[1] == 0 && (!whole || (lost[0] == 0 && lost[2] == 0)))
        return;
    complain("%s, %zu bytes each: sent and not received: %lld messages, %lld bytes, stamps %lld",
             what, size, lost[0], lost[1], lost[2]);
    exit(EXIT_FAILURE);
}

#endif
