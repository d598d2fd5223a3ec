/* The four ways to run tasks number `first` to `first` + `count` - 1. Each returns 0, or -1 after a
 * message. When the program is interrupted, they end soon, with the rest of the tasks not done. */
#ifndef MODES_H
#define MODES_H

#include "beyond.h"
#include "cli.h"
#include "pool.h"
#include "process.h"
#include "shm.h"
#include "tasks.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For a person at a terminal only. It ends with \r, so that the next line goes over it. */
static void show_progress(long done, long count)
{
    static double last;
    static int terminal = -1; /* asking costs as much as a short task */

    if (terminal == -1)
        terminal = isatty(STDERR_FILENO);
    if (count < 1000 || !terminal || seconds_now() - last < 0.1)
        return;
    last = seconds_now();
    fprintf(stderr, "%ld of %ld\r", done, count);
}

/* ---- mono: one after the other, here ---- */

static int run_mono(numbered_task *run, long first, long count)
{
    for (long i = 0; i < count && !shared->interrupted; i++) {
        run(first + i);
        show_progress(i, count);
    }
    return 0;
}

/* ---- multi: a process for each, all started before the first is joined ---- */

struct child {
    struct process process;
    numbered_task *run;
    long number;
};

static int run_child(void *argument)
{
    struct child *child = argument;

    if (!shared->interrupted)
        child->run(child->number);
    return EXIT_SUCCESS;
}

static int join_child(struct child *child)
{
    if (process_join(&child->process, FOREVER) == -1)
        die("join the process of task %ld", child->number);
    if (child->process.exit_code == 0)
        return 0;
    complain("the process of task %ld ended with exit code %d", child->number,
             child->process.exit_code);
    return -1;
}

enum { COARSE = 4 << 20 }; /* bytes: the system's own count of its free memory is no finer */

static void say_peak(long processes, long long memory)
{
    if (memory == -1)
        say("At the peak %ld processes not yet joined; their memory is not known here", processes);
    else if (memory < COARSE)
        say("At the peak %ld processes not yet joined, in less than %d MiB", processes,
            COARSE >> 20);
    else
        say("At the peak %ld processes not yet joined, in %lld MiB", processes, memory >> 20);
}

/* Runs at most `most_live` at once; fewer when the system gives no more. */
static int run_multi(numbered_task *run, long first, long count, long most_live)
{
    long room = count < most_live ? count : most_live;
    struct child *children;
    /* Shared, though nobody shares it: fork copies the page table of private memory, and would be
     * slower with every child that we remember. */
    while ((children = shared_map((size_t)room * sizeof *children)) == NULL && room > 1)
        room /= 2;
    if (children == NULL)
        die("map %zu bytes", sizeof *children);

    int result = 0;
    long started = 0, joined = 0, peak = 0;
    long long memory_before = beyond_memory_in_use(), peak_memory = 0;
    for (; joined < count; count = shared->interrupted ? started : count) {
        bool refused = false;
        if (started < count && started - joined < room) {
            struct child *child = &children[started % room];
            *child =
                (struct child){.process = {.run = run_child, .argument = child, .daemon = true},
                               .run = run,
                               .number = first + started};
            if (process_start(&child->process) == 0) {
                started++;
                show_progress(started, count);
                continue;
            }
            if ((errno != EAGAIN && errno != ENOMEM) || started == joined)
                die("start the process of task %ld", child->number);
            refused = true;
        }
        if (started - joined > peak) {
            peak = started - joined;
            peak_memory = beyond_memory_in_use() - memory_before;
        }
        do
            result |= join_child(&children[joined++ % room]);
        /* Refused: others may be as well. Give back at once all that have ended. */
        while (refused && joined < started && !process_is_alive(&children[joined % room].process));
    }
    shared_unmap(children, (size_t)room * sizeof *children);
    say_peak(peak, memory_before == -1 ? -1 : peak_memory);
    return result;
}

/* ---- pool: a few processes, which take the tasks one by one ---- */

struct call {
    numbered_task *run;
    long number;
};

static int run_call(const void *argument, void *result)
{
    const struct call *call = argument;

    (void)result;
    if (!shared->interrupted)
        call->run(call->number);
    return 0;
}

static int run_pool(numbered_task *run, long first, long count, long workers)
{
    struct pool_options options = {.workers = (int)workers, .argument_size = sizeof(struct call)};
    struct pool *pool = pool_open(&options);
    if (pool == NULL)
        die("open a pool of %ld workers", workers);
    struct task_result *results = calloc((size_t)count, sizeof *results);
    if (results == NULL)
        die("allocate %ld results", count);

    for (long i = 0; i < count && !shared->interrupted; i++) {
        struct call call = {.run = run, .number = first + i};
        if (pool_apply_async(pool, run_call, &call, &results[i]) == -1)
            die("apply task %ld", call.number);
        show_progress(i, count);
    }
    pool_close(pool);
    int result = pool_join(pool);
    if (result == -1)
        complain("join the pool: %s", strerror(errno));
    for (long i = 0; i < count; i++) {
        if (results[i].error == 0)
            continue;
        char text[100];
        complain("task %ld: %s", first + i, pool_failure(&results[i], text, sizeof text));
        result = -1;
    }
    free(results);
    return result;
}

/* ---- threads: as the pool, but all in this process; the next task's number is all they share ----
 */

struct crew {
    numbered_task *run;
    long end;
    atomic_long next;
};

static void *run_thread(void *argument)
{
    struct crew *crew = argument;
    long number;

    while (!shared->interrupted && (number = atomic_fetch_add(&crew->next, 1)) < crew->end)
        crew->run(number);
    return NULL;
}

static int run_threads(numbered_task *run, long first, long count, long workers)
{
    struct crew crew = {.run = run, .end = first + count, .next = first};
    pthread_t *threads = calloc((size_t)workers, sizeof *threads);
    if (threads == NULL)
        die("allocate %ld threads", workers);

    for (long i = 0; i < workers; i++)
        if ((errno = pthread_create(&threads[i], NULL, run_thread, &crew)) != 0)
            die("start thread %ld of %ld", i + 1, workers); /* which ends the others */
    for (long i = 0; i < workers; i++)
        if ((errno = pthread_join(threads[i], NULL)) != 0)
            die("join thread %ld", i + 1);
    free(threads);
    return 0;
}

#endif
