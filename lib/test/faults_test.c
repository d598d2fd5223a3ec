/* What faults.txt runs of the library: each scenario uses a module in all that it is for. Where a
 * call of it fails, the scenario says which one, gives back all that it has, and ends with status
 * 1; then, too, nothing may be left, and no other error may stand in the place of the real one.
 * Status 99: something is left. */
#include "driver.h"

#include "barrier.h"
#include "conn.h"
#include "io.h"
#include "lock.h"
#include "pool.h"
#include "queue.h"
#include "ranks.h"
#include "say.h"
#include "shm.h"
#include "subprocess.h"
#include "sync.h"

enum { NUMBERS = 5, LEFT = 99, ROOM = 200000 };

static bool well = true;
static char large[ROOM];

static bool did(bool good, const char *call)
{
    if (!good)
        complain("%s: %s", call, strerror(errno));
    well = well && good;
    return good;
}

/* Does it if all has been well so far; says whether it still is. */
#define DO(call) (well && did((call) != -1, #call))
#define MAKE(call) (well && did((call) != NULL, #call))

/* Only a child that was started is joined; one that would wait for what does not come, is killed.
 */
static void finish(struct process *process)
{
    if (process->pid == 0)
        return;
    if (!well)
        process_kill(process);
    process_join(process, FOREVER);
    if (well && process->exit_code != 0) {
        complain("child: exit code %d", process->exit_code); /* it has said what failed */
        well = false;
    }
}

static int exit_code(void)
{
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- process ---- */

static int say_hello(void *unused)
{
    (void)unused;
    say("hello");
    return EXIT_SUCCESS;
}

static void use_process(char **unused)
{
    struct process several[3], *all[3];

    (void)unused;
    for (int i = 0; i < 3; i++) {
        all[i] = &several[i];
        several[i] = (struct process){.run = say_hello, .daemon = true};
    }
    for (int i = 0; i < 3; i++)
        (void)DO(process_start(&several[i]));
    (void)DO(process_join_any(all, 3, LONG));
    for (int i = 0; i < 3; i++)
        finish(&several[i]);
}

/* ---- shm, lock, sync, barrier ---- */

static struct counter *counter;
static struct event event;
static struct semaphore semaphore;
static struct barrier barrier;

static int meet(void *unused)
{
    (void)unused;
    if (DO(event_wait(&event, LONG)) && DO(semaphore_acquire(&semaphore, LONG)))
        counter_add(counter, 1);
    (void)DO(semaphore_release(&semaphore));
    if (!DO(barrier_wait(&barrier, LONG)))
        barrier_abort(&barrier); /* else the others wait there for us */
    return exit_code();
}

static void use_sync(char **unused)
{
    struct process several[2] = {{.run = meet, .daemon = true}, {.run = meet, .daemon = true}};

    (void)unused;
    int open = 0; /* what could not be opened is not closed: nothing of it may be there */
    open += MAKE(counter = counter_open(0));
    open += DO(event_open(&event));
    open += DO(semaphore_open(&semaphore, 1));
    open += DO(barrier_open(&barrier, 3));
    if (DO(process_start(&several[0])) && DO(process_start(&several[1])) && DO(event_set(&event)) &&
        DO(barrier_wait(&barrier, LONG)) && DO(event_clear(&event)))
        say("counted %ld", counter_add(counter, 0));
    finish(&several[0]);
    finish(&several[1]);
    if (open > 3)
        barrier_close(&barrier);
    if (open > 2)
        semaphore_close(&semaphore);
    if (open > 1)
        event_close(&event);
    if (open > 0)
        counter_close(counter);
}

/* ---- lock ---- */

static struct guarded {
    struct lock lock;
    long value;
} * guarded;

/* Dies while it has the lock. */
static int hold_lock(void *unused)
{
    (void)unused;
    if (DO(lock_acquire(&guarded->lock, LONG)))
        guarded->value = 1;
    return exit_code();
}

static void use_lock(char **unused)
{
    struct process owner = {.run = hold_lock, .daemon = true};

    (void)unused;
    if (!MAKE(guarded = shared_map(sizeof *guarded)))
        return;
    if (DO(lock_init(&guarded->lock)) && DO(process_start(&owner))) {
        finish(&owner);
        int told = 0;
        if (DO(told = lock_acquire(&guarded->lock, LONG)))
            say("%ld, and %s", guarded->value, told == 1 ? "its owner is dead" : "nobody had it");
        (void)DO(lock_release(&guarded->lock));
        if (DO(lock_acquire(&guarded->lock, 0)))
            (void)DO(lock_release(&guarded->lock));
    }
    shared_unmap(guarded, sizeof *guarded);
}

/* ---- queue ---- */

static int get_all(void *queue)
{
    int number;

    queue_close_put(queue);
    while (queue_get(queue, &number, sizeof number, LONG) != -1)
        say("got %d", number);
    did(errno == EPIPE, "queue_get"); /* the end */
    return exit_code();
}

static void use_queue(char **unused)
{
    struct queue *queue = NULL;
    struct process getter = {.run = get_all, .daemon = true};

    (void)unused;
    if (MAKE(queue = queue_open(2, sizeof(int)))) {
        getter.argument = queue;
        if (DO(process_start(&getter)))
            queue_close_get(queue);
        for (int i = 0; i < NUMBERS; i++)
            (void)DO(queue_put(queue, &i, sizeof i, LONG));
        queue_close_put(queue);
    }
    finish(&getter);
    queue_close(queue);
}

/* ---- conn ---- */

static int answer(void *argument)
{
    struct conn *ends = argument;
    static char buffer[ROOM];
    ssize_t size;
    int descriptor = -1;

    conn_close(&ends[0]);
    for (int i = 0; i < 2; i++)
        if (DO(size = conn_receive(&ends[1], buffer, sizeof buffer, LONG)))
            (void)DO(conn_send(&ends[1], buffer, (size_t)size, LONG));
    if (DO(descriptor = conn_receive_descriptor(&ends[1], LONG)))
        (void)DO(io_write(descriptor, "!", 1));
    return exit_code();
}

static void use_conn(char **unused)
{
    static char buffer[ROOM];
    struct conn ends[2] = {{.descriptor = -1}, {.descriptor = -1}};
    struct process child = {.run = answer, .argument = ends, .daemon = true};
    int pair[2] = {-1, -1};

    (void)unused;
    if (DO(conn_pair(ends)) && DO(io_pipe(pair)) && DO(process_start(&child))) {
        conn_close(&ends[1]); /* else nobody would notice that the child is dead */
        for (size_t size = 10; size <= ROOM && well; size *= 20000)
            if (DO(conn_send(&ends[0], large, size, LONG)) &&
                DO(conn_receive(&ends[0], buffer, sizeof buffer, LONG)))
                say("%zu bytes", size);
        if (DO(conn_send_descriptor(&ends[0], pair[1], LONG))) {
            io_close(&pair[1]);
            ssize_t got = 0;
            if (DO(got = io_read(pair[0], buffer, 1)))
                say("%ld byte", (long)got);
        }
    }
    finish(&child);
    conn_close(&ends[0]);
    conn_close(&ends[1]);
    io_close(&pair[0]);
    io_close(&pair[1]);
}

/* ---- subprocess ---- */

static void use_subprocess(char **unused)
{
    char *words[] = {"cat", NULL}, *sleeper[] = {"sleep", "1000", NULL};
    struct subprocess cat = {.argv = words,
                             .input = {.kind = SUBPROCESS_PIPE},
                             .output = {.kind = SUBPROCESS_PIPE},
                             .error = {.kind = SUBPROCESS_OUTPUT},
                             .text = large,
                             .text_size = ROOM};
    struct subprocess sleep = {.argv = sleeper, .output = {.kind = SUBPROCESS_NULL}, .group = true};

    (void)unused;
    if (DO(subprocess_run(&cat, LONG)))
        say("cat: %zu bytes, exit code %d", cat.output_text.size, cat.process.exit_code);
    subprocess_close(&cat);
    if (DO(subprocess_start(&sleep))) { /* else there is nothing to close */
        if (DO(subprocess_end(&sleep, LONG)))
            say("sleep: exit code %d", sleep.process.exit_code);
        subprocess_close(&sleep);
    }
}

static void show_text(const char *name, const struct subprocess_text *text)
{
    say("%s: %.*s", name, text->size > 0 ? (int)text->size - 1 : 0,
        text->size > 0 ? text->data : "");
}

/* With every kind of stream, an environment, and a directory. */
static void use_launch(char **unused)
{
    char *words[] = {"sh", "-c", "read line; echo $line $NAME; pwd; echo error >&2", NULL};
    char *variables[] = {"NAME=value", "PATH=/usr/bin:/bin", NULL}, *nothing[] = {"true", NULL};
    int input[2] = {-1, -1}, code = -1;
    struct subprocess shell = {.argv = words,
                               .environment = variables,
                               .directory = "/",
                               .input = {.kind = SUBPROCESS_FILE},
                               .output = {.kind = SUBPROCESS_PIPE},
                               .error = {.kind = SUBPROCESS_PIPE},
                               .group = true};

    (void)unused;
    if (DO(io_pipe(input)) && DO(io_write(input[1], "word\n", 5))) {
        shell.input.descriptor = input[0];
        if (DO(subprocess_start(&shell))) {
            if (DO(subprocess_communicate(&shell, LONG)))
                say("sh: exit code %d", shell.process.exit_code);
            if (well) {
                show_text("output", &shell.output_text);
                show_text("error", &shell.error_text);
            }
            subprocess_close(&shell);
        }
    }
    io_close(&input[0]);
    io_close(&input[1]);
    if (DO(subprocess_call(nothing, &code)))
        say("true: exit code %d", code);
}

/* Two side by side, one of which reads what the other one writes. */
static void use_several(char **unused)
{
    char *from[] = {"echo", "text", NULL}, *to[] = {"cat", NULL};
    int link[2] = {-1, -1};
    struct subprocess several[2] = {{.argv = from}, {.argv = to}};
    struct subprocess_signals signals;

    (void)unused;
    subprocess_hold_signals(&signals);
    if (DO(io_pipe(link))) {
        several[0].output =
            (struct subprocess_stream){.kind = SUBPROCESS_FILE, .descriptor = link[1]};
        several[1].input =
            (struct subprocess_stream){.kind = SUBPROCESS_FILE, .descriptor = link[0]};
        (void)(DO(subprocess_start(&several[0])) && DO(subprocess_start(&several[1])));
    }
    io_close(&link[0]);
    io_close(&link[1]);
    bool started = well;
    if (did(subprocess_wait_all(several, 2, &signals) != -1, "subprocess_wait_all") && started)
        say("exit codes %d and %d", several[0].process.exit_code, several[1].process.exit_code);
    subprocess_release_signals(&signals);
    for (int i = 0; i < 2; i++)
        subprocess_close(&several[i]);
}

/* ---- pool ---- */

static int square(const void *argument, void *result)
{
    int number = *(const int *)argument;

    *(int *)result = number * number;
    return 0;
}

static int stay(const void *argument, void *result)
{
    (void)argument, (void)result;
    (void)DO(event_set(&event));
    return wait_for_ever(NULL);
}

static void use_pool(char **unused)
{
    struct pool_options options = {
        .workers = 2, .argument_size = sizeof(int), .result_size = sizeof(int)};
    struct pool *pool = NULL, *other = NULL;
    int numbers[NUMBERS], squares[NUMBERS] = {0};
    struct task_result results[NUMBERS] = {0};

    (void)unused;
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = i;
        results[i].value = &squares[i];
    }
    if (MAKE(pool = pool_open(&options)) &&
        DO(pool_map(pool, square, numbers, NUMBERS, 1, results)))
        for (int i = 0; i < NUMBERS; i++)
            if (results[i].error == 0)
                say("%d", squares[i]);
    bool open = DO(event_open(&event));
    if (MAKE(other = pool_open(&options)) && DO(pool_apply_async(other, stay, numbers, NULL)))
        (void)DO(event_wait(&event, 4)); /* less than what faults takes for a hang */
    pool_terminate(other);               /* in the middle of a task */
    if (open)
        event_close(&event);
    if (pool != NULL && !well)
        pool_terminate(pool);
    else if (pool != NULL)
        (void)DO(pool_join(pool));
}

/* ---- workers ---- */

static int set_up(void *ready)
{
    *(bool *)ready = true;
    return 0;
}

/* One of its tasks costs its worker. */
static int square_or_die(const void *argument, void *result)
{
    if (*(const int *)argument == 1)
        _exit(3);
    return square(argument, result);
}

/* An initializer; workers that die, and those that have done their number of tasks, are replaced;
 * results one by one. */
static void use_workers(char **unused)
{
    static bool ready;
    struct pool_options options = {.workers = 2,
                                   .argument_size = sizeof(int),
                                   .result_size = sizeof(int),
                                   .slots = 2,
                                   .worker = {.initializer = set_up,
                                              .initializer_argument = &ready,
                                              .tasks_per_worker = 2,
                                              .time_limit = LONG}};
    int numbers[NUMBERS], squares[NUMBERS] = {0};
    struct task_result results[NUMBERS] = {0};
    struct pool_imap imap = {
        .function = square_or_die, .arguments = numbers, .count = NUMBERS, .results = results};
    struct pool *pool = NULL;

    (void)unused;
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = i;
        results[i].value = &squares[i];
    }
    if (!MAKE(pool = pool_open(&options)))
        return;
    for (ssize_t i = 0; DO(i = pool_imap_next(pool, &imap, LONG)) && i < NUMBERS;) {
        errno = results[i].error;
        if (errno == EOWNERDEAD)
            say("%d: lost", numbers[i]);
        else if (did(errno == 0, "square_or_die"))
            say("%d", squares[i]);
    }
    if (well)
        (void)DO(pool_join(pool));
    else
        pool_terminate(pool);
}

/* ---- ranks ---- */

/* Each rank sends to the next one, more than can be on the way; then all do everything together. */
static int talk(void *unused)
{
    static char buffer[ROOM];
    int rank = ranks_rank(), count = ranks_count();
    int64_t mine = rank + 1, all[3] = {0}, sum = 0, turned[3] = {0};

    (void)unused;
    (void)DO(ranks_exchange((rank + 1) % count, large, ROOM, (rank + count - 1) % count, buffer,
                            sizeof buffer));
    if (rank == 0)
        (void)DO(ranks_send(1, &mine, sizeof mine));
    else if (rank == 1)
        (void)DO(ranks_receive(0, all, sizeof *all));
    (void)DO(ranks_barrier());
    (void)DO(ranks_broadcast(1, buffer, 100000));
    (void)DO(ranks_gather(0, &mine, all, sizeof mine));
    (void)DO(ranks_scatter(0, all, &mine, sizeof mine));
    (void)DO(ranks_alltoall(all, turned, sizeof *all));
    if (DO(ranks_reduce(2, RANKS_SUM, RANKS_INT64, &mine, &sum, 1)) && rank == 2)
        say("sum %ld", (long)sum);
    return exit_code();
}

static void use_ranks(char **unused)
{
    (void)unused;
    int status = ranks_run(3, talk, NULL);
    (void)did(status != -1, "ranks_run");
    well = well && status == 0; /* it has said which rank has failed */
    if (well)
        say("status %d", status);
}

/* ---- mistakes, for faults.bats: each must be found ---- */

static int child_of(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
        ;
    return status;
}

/* Nobody has looked at what fork returns: the child's work is missing, with status 0. */
static void unchecked_fork(char **unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0) {
        say("child");
        _exit(EXIT_SUCCESS);
    }
    child_of(pid);
}

/* Taken for the child's end: all is printed, with status 0, but nobody waits for the child. */
static void interrupted_wait(char **unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0) {
        say("child");
        _exit(EXIT_SUCCESS);
    }
    if (pid == -1)
        die("fork");
    waitpid(pid, NULL, 0);
    exit(EXIT_SUCCESS); /* and not main: it would notice */
}

/* The end of the file never comes where the child could not do its work. */
static void kept_end(char **unused)
{
    int ends[2];
    char byte;

    (void)unused;
    if (io_pipe(ends) == -1)
        die("pipe");
    pid_t pid = fork();
    if (pid == -1)
        die("fork");
    if (pid == 0)
        _exit(say("child") == -1 || write(ends[1], "!", 1) != 1);
    while (read(ends[0], &byte, 1) == -1) /* ends[1] is still open */
        ;
    did(child_of(pid) == 0, "child");
}

/* Dies between two forks, and leaves the first child. */
static void unreaped(char **unused)
{
    pid_t pids[2];
    int gate[2];
    char byte;

    (void)unused;
    if (io_pipe(gate) == -1)
        die("pipe");
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == -1)
            die("fork");
        if (pids[i] == 0)
            _exit(io_read(gate[0], &byte, 1) != 1);
    }
    did(io_write(gate[1], "!!", 2) == 0 && child_of(pids[0]) == 0 && child_of(pids[1]) == 0,
        "child");
    io_close(&gate[0]);
    io_close(&gate[1]);
}

/* Takes a part for all. */
static void short_write(char **unused)
{
    (void)unused;
    if (write(STDOUT_FILENO, "all\n", 4) == -1)
        die("write");
}

int main(int argc, char **argv)
{
    static const struct scenario scenarios[] = {{"process", 0, use_process},
                                                {"sync", 0, use_sync},
                                                {"queue", 0, use_queue},
                                                {"conn", 0, use_conn},
                                                {"pool", 0, use_pool},
                                                {"subprocess", 0, use_subprocess},
                                                {"lock", 0, use_lock},
                                                {"launch", 0, use_launch},
                                                {"several", 0, use_several},
                                                {"workers", 0, use_workers},
                                                {"ranks", 0, use_ranks},
                                                {"unchecked_fork", 0, unchecked_fork},
                                                {"interrupted_wait", 0, interrupted_wait},
                                                {"kept_end", 0, kept_end},
                                                {"unreaped", 0, unreaped},
                                                {"short_write", 0, short_write},
                                                {NULL, 0, NULL}};

    memset(large, 'x', sizeof large);
    int before = count_descriptors();
    int status = drive(argc, argv, scenarios);
    if (count_descriptors() != before || waitpid(-1, NULL, WNOHANG) != -1) {
        complain("descriptors: %d, and were %d; or there is a child", count_descriptors(), before);
        return LEFT;
    }
    return status == EXIT_SUCCESS ? exit_code() : status;
}
