/* faults: runs programs in which one call fails, and then another one, until none is left; and
 * looks whether each time the result is the normal one, or a message and an exit status that tell
 * of it.
 *
 * usage: faults [-q] [-v] [-j JOBS] [-o WORD] [-t SECONDS] [-f FAULT] LIST
 *   -q   quick: each call of a program fails only once, in one way (and of one that takes its
 *        time, one call of four; of a test of the library, one call, and that of one
 *        scenario of six); another SEED, another way. What does not come again is told, but is
 *        no failure
 *   -v   tell how many faults each program has met
 *   -j   so many at the same time (default: the processors)
 *   -o   only lines of the list with WORD in them
 *   -t   so long may a run take (default 10)
 *   -f   only this fault, such as write:ENOSPC:parent:3, and show what comes of it. With 3+ this
 *        call fails, and all that follow. The other scope is children.
 *
 * Of a program all calls fail. Of the library's own tests, those of the library: what the test
 * calls itself is not what it tests. Each call fails in every way, but not each of thousands (see
 * after); and in a test that takes its time, one of each kind.
 *
 * LIST says what to run, and what is known, and why it is right so: see faults.txt. Linux only.
 *
 * What a program has started is ours when it ends without reaping it (a subreaper adopts), so
 * nothing that is left behind can hide. */
#define _GNU_SOURCE
#include "faults.h"

#include "beyond.h"
#include "cli.h"
#include "clock.h"
#include "say.h"
#include "shm.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: faults [-q] [-v] [-j JOBS] [-o WORD] [-t SECONDS] [-f FAULT] LIST\n"
    "Run programs in which one call fails, and look what comes of it.\n";

enum { CANNOT = 77, TEXT = 1 << 18, LINES = 1024, GRACE = 1, LONG_TIME = 3, MANY = 60, FEW = 12 };

#define FAULTS_TEXT(name, kinds) {#name, kinds},
static const struct {
    const char *name, *kinds;
} calls[CALLS] = {FAULTS_CALLS(FAULTS_TEXT)};

static const struct {
    const char *name;
    int error;
} errors[] = {{"EAGAIN", EAGAIN},
              {"ENOMEM", ENOMEM},
              {"EMFILE", EMFILE},
              {"EADDRINUSE", EADDRINUSE},
              {"ECONNABORTED", ECONNABORTED},
              {"EINTR", EINTR},
              {"ECONNREFUSED", ECONNREFUSED},
              {"ENOBUFS", ENOBUFS},
              {"ENOTCONN", ENOTCONN},
              {"EINVAL", EINVAL},
              {"EACCES", EACCES},
              {"ENOSPC", ENOSPC},
              {"EIO", EIO},
              {"EBUSY", EBUSY},
              {"ENOSYS", ENOSYS},
              {"EMSGSIZE", EMSGSIZE},
              {"EPERM", EPERM},
              {"SHORT", SHORT}};

static const char *const scopes[] = {"parent", "children"};

struct fault {
    enum call call;
    const char *kind;
    enum scope scope;
    long first;
    bool all;
};

/* What the list says: run LEVEL STATUSES COMMAND, or each LEVEL TEST: SCENARIO | ... */
struct scenario {
    char level;        /* how its output is compared */
    char statuses[32]; /* those of a failure, as in ",1,2," */
    bool is_test;      /* one of the library's tests: "each", and not "run" */
    const char *text;  /* the command */
};

/* allow COMMAND FAULT VERDICT REASON: the first three as patterns. */
struct exception {
    char command[128], fault[128], verdict[32];
    const char *line;
};

struct run {
    int status; /* as a shell sees it; -1: it had to be killed */
    int maps;
    double seconds;
    bool left_process, left_file, left_name, late;
    char output[TEXT], errors[TEXT];
};

static struct scenario scenarios[LINES];
static size_t scenario_count;
static struct exception exceptions[LINES];
static size_t exception_count;
static const char *only = "";
static bool quick, verbose;
static double limit = 10; /* seconds for a run: what takes longer, hangs */
static char root[200];
static char common[200], directory[224]; /* of all jobs; the job's own in it */

/* Shared by the jobs. */
static struct {
    atomic_size_t next;
    atomic_long runs, hits, findings, excused;
    atomic_long used[LINES];
} * shared;

static struct faults *faults;
static long runs, hits, lates; /* of this scenario */
static bool is_slow;
static int faults_file, output_file, error_file;

/* ---- one run ---- */

/* Kills our children; theirs are ours then. */
static void kill_children(void)
{
    char path[64], pids[4096] = "";

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1 || read(file, pids, sizeof pids - 1) == -1)
        die("read %s", path);
    close(file);
    for (char *rest = pids; *rest != '\0';) {
        pid_t pid = (pid_t)strtol(rest, &rest, 10);
        if (pid > 0 && *rest == ' ') /* else it is cut off: another one's number */
            kill(pid, SIGKILL);
        rest += strspn(rest, " ");
    }
}

/* Waits for a child's end, not for ever: 0 if none has ended until then, -1 if there is none. */
static pid_t reap(int *status, double deadline)
{
    for (;;) {
        sigset_t child;
        pid_t pid = waitpid(-1, status, WNOHANG);
        double left = seconds_until(deadline);
        if (pid != 0 || left <= 0)
            return pid;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        sigtimedwait(&child, NULL,
                     &(struct timespec){.tv_sec = (time_t)left,
                                        .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)});
    }
}

static bool is_empty(const char *path)
{
    DIR *stream = opendir(path);
    int entries = 0;

    if (stream == NULL)
        die("open '%s'", path);
    while (readdir(stream) != NULL)
        entries++;
    closedir(stream);
    return entries == 2;
}

static void remove_all(const char *path, const char *inside)
{
    char command[250];

    snprintf(command, sizeof command, "rm -rf '%s'%s", path, inside);
    int status = system(command); /* NOLINT(cert-env33-c): our own directory */
    if (status == -1)
        die("%s", command);
    if (status != 0) {
        complain("%s: status %#x", command, (unsigned)status);
        exit(EXIT_FAILURE);
    }
}

static void take(int file, char text[TEXT])
{
    ssize_t size = pread(file, text, TEXT - 1, 0);

    if (size == -1 || ftruncate(file, 0) == -1 || lseek(file, 0, SEEK_SET) == -1)
        die("read what was printed");
    text[size] = '\0';
}

/* Becomes the program; a word with a '=' before it goes into its environment. */
static void execute(const struct scenario *scenario)
{
    char line[4096], *words[64], *rest = NULL, program[4400], preload[300];
    static char path[64][4400];
    size_t count = 0;
    sigset_t none;

    snprintf(line, sizeof line, "%s", scenario->text);
    for (char *word = strtok_r(line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        if (count == 0 && strchr(word, '=') != NULL)
            putenv(word);
        else if (count < 63)
            words[count++] = word;
    words[count] = NULL;
    for (size_t i = 0; i < count; i++)
        if (*words[i] == '%') { /* the tree */
            snprintf(path[i], sizeof path[i], "%s%s", root, words[i] + 1);
            words[i] = path[i];
        }
    if (count == 0)
        _exit(125);
    if (words[0][0] != '/') {
        snprintf(program, sizeof program, "%s/%s", root, words[0]);
        words[0] = program;
    }
    sigemptyset(&none);
    if (chdir(scenario->is_test ? root : directory) == -1 ||
        dup2(output_file, STDOUT_FILENO) == -1 || dup2(error_file, STDERR_FILENO) == -1 ||
        setsid() == -1 || sigprocmask(SIG_SETMASK, &none, NULL) == -1)
        _exit(125);
    if (scenario->is_test)
        setenv("LONG_TIME", "3", 1);
    snprintf(preload, sizeof preload, "%s/build/test/faults.so", root);
    setenv("LD_PRELOAD", preload, 1);
    execv(words[0], words);
    fprintf(stderr, "execute %s: %s\n", words[0], strerror(errno));
    fflush(stderr);
    _exit(125);
}

/* Where a test's own functions lie in its file: the symbols after its name, and main; and what is
 * after its end, the C library. */
static void find_spans(const char *text)
{
    static char program[128];
    static unsigned long found[SPANS][2];
    char command[600];
    size_t length = strcspn(text, " ");
    unsigned long first, size;
    int count = 0;

    if (strncmp(program, text, length) != 0 || program[length] != '\0') { /* not the last one */
        snprintf(program, sizeof program, "%.*s", (int)length, text);
        memset(found, 0, sizeof found);
        snprintf(command, sizeof command,
                 "readelf -sW '%s/%s' | awk '$4 == \"FILE\" { own = $8 ~ /_test[.]c$/ }"
                 " $4 == \"FUNC\" && $3 > 0 && (own || $8 == \"main\") { print $2, $3 }"
                 " $8 == \"_end\" { print $2, 1 }' | sort",
                 root, program);
        FILE *lines = popen(command, "r"); /* NOLINT(cert-env33-c): for a developer */
        if (lines == NULL)
            die("%s", command);
        while (fscanf(lines, "%lx %lu", &first, &size) == 2) { /* NOLINT(cert-err34-c): readelf's */
            if (count == SPANS)
                die("%s: its functions lie everywhere", program);
            if (count == 0 || first > found[count - 1][1] + 32) /* they begin at a multiple of 16 */
                found[count++][0] = first;
            found[count - 1][1] = first + size;
        }
        pclose(lines);
        if (count == 0) { /* then the calls of the test would fail, too */
            complain("%s: no symbols, or no readelf", program);
            exit(EXIT_FAILURE);
        }
        found[count - 1][1] = ULONG_MAX;
    }
    memcpy(faults->spans, found, sizeof found);
}

static void run(const struct scenario *scenario, const struct fault *fault, struct run *result)
{
    int status = 0;
    pid_t ended, pid;
    double deadline = deadline_after(limit);

    memset(faults, 0, sizeof *faults);
    if (scenario->is_test)
        find_spans(scenario->text);
    snprintf(faults->root, sizeof faults->root, "%s/", root);
    faults->call = CALLS;
    if (fault != NULL) {
        faults->call = fault->call;
        faults->scope = fault->scope;
        faults->first = fault->first;
        faults->all = fault->all;
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            if (strncmp(fault->kind, errors[i].name, strlen(errors[i].name)) == 0)
                faults->error = errors[i].error;
    }
    *result = (struct run){.status = -1};
    double start = seconds_now();
    shared->runs++;
    runs++;
    pid_t job = getpid();
    pid = fork();
    if (pid == -1)
        die("fork");
    if (pid == 0) {
        beyond_end_with_parent(job, SIGKILL);
        execute(scenario);
    }
    while ((ended = reap(&status, deadline)) > 0 && ended != pid)
        ; /* an orphan of it */
    if (ended == pid)
        result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result->seconds = seconds_now() - start;
    ended = reap(&status, deadline_after(0));
    result->late = ended != -1;
    deadline = deadline_after(scenario->is_test && result->status != 0 ? 0 : GRACE);
    while (ended != -1 && (ended = reap(&status, deadline)) > 0)
        ;
    result->left_process = ended == 0;
    while (ended == 0) {
        kill_children();
        while ((ended = reap(&status, deadline_after(0.1))) > 0)
            ;
    }
    result->maps = faults->maps;
    result->left_name = faults->names > 0; /* fewer: it has removed what it made by mkdir */
    result->left_file = !is_empty(directory);
    take(output_file, result->output);
    take(error_file, result->errors);
    if (result->left_file)
        remove_all(directory, "/*");
}

/* ---- what it says ---- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_bytes(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/* What is the same on every run: numbers hidden, lines sorted. Levels: s hides numbers of three
 * digits and more and those with a point; d hides all numbers; u as well how often a line comes; n
 * keeps only the number of lines; x nothing but whether there are any. b: the same characters, in
 * any order. */
static void normalize(char level, const char *text, char result[TEXT])
{
    static char copy[TEXT * 2];
    static char *sorted[TEXT];
    size_t count = 0, size = 0;
    char *rest = NULL, *to = copy;

    for (const char *from = text; *from != '\0';) {
        if (level == 'b' && strchr(" .0123456789", *from) != NULL) {
            from++;
            continue;
        }
        if (strncmp(from, "/tmp/", 5) == 0 ||
            strncmp(from, directory, strlen(directory)) == 0) { /* a name that mkdtemp has made */
            *to++ = '@';
            from += strcspn(from, " \n");
            continue;
        }
        size_t digits = strspn(from, "0123456789.");
        if (isdigit((unsigned char)*from) &&
            (level != 's' || digits > 2 || memchr(from, '.', digits) != NULL)) {
            *to++ = '#';
            from += digits;
        } else if (*from == ' ' && to > copy && to[-1] == ' ') {
            from++;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    if (level == 'b') {
        qsort(copy, (size_t)(to - copy), 1, compare_bytes);
        snprintf(result, TEXT, "%.*s", TEXT - 1, copy);
        return;
    }
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        sorted[count++] = line;
    qsort(sorted, count, sizeof *sorted, compare);
    result[0] = '\0';
    if (level == 'n' || level == 'x')
        snprintf(result, TEXT, "%zu lines\n", level == 'n' || count == 0 ? count : 1);
    else
        for (size_t i = 0; i < count; i++)
            if (level != 'u' || i == 0 || strcmp(sorted[i], sorted[i - 1]) != 0)
                size += (size_t)snprintf(result + size, TEXT - size, "%s\n", sorted[i]);
}

/* It is not the normal result: then it has to be a failure, and to say so. */
static const char *judge_failure(const struct scenario *scenario, const struct run *now, bool told)
{
    char text[16];

    if (now->status == 0)
        return told ? "lost-told" : "lost";
    snprintf(text, sizeof text, ",%d,", now->status);
    if (strstr(scenario->statuses, text) == NULL)
        return now->status > 128 ? "crash" : "status";
    if (told && (faults->error == SHORT || faults->error == EINTR))
        return "stopped";
    if (told && strchr(scenario->statuses, '!') != NULL &&
        strstr(now->errors, strerror(faults->error)) == NULL)
        return "untrue";
    return told ? NULL : "silent";
}

/* How often it is there, in all that was printed. */
static int count_words(const struct run *run, const char *word)
{
    const char *texts[] = {run->output, run->errors};
    int count = 0;

    for (int i = 0; i < 2; i++)
        for (const char *text = texts[i]; (text = strstr(text, word)) != NULL; count++)
            text += strlen(word);
    return count;
}

static bool tells_more(const struct run *now, const struct run *normal, int error, const char *name)
{
    return count_words(now, name) > count_words(normal, name) ||
           count_words(now, strerror(error)) > count_words(normal, strerror(error));
}

/* What a test has left that has not noticed anything, or only shows it. */
static const char *find_left(const struct run *normal, const struct run *now)
{
    if (now->status != 0)
        return NULL;
    if (now->left_process)
        return "left-process";
    if (now->left_file || now->left_name)
        return "left-file";
    return now->maps > normal->maps ? "left-memory" : NULL;
}

/* The status is one that a failed test has. */
static const char *judge_failed_test(const struct run *now, bool told)
{
    if (now->status == CANNOT) /* it says so on standard output */
        return *now->output != '\0' ? NULL : "silent";
    if (now->status > 1 && now->status != 128 + SIGKILL) /* that is a failed CHECK in a child */
        return now->status > 128 ? "crash" : "status";
    if (told)
        return faults->error == SHORT || faults->error == EINTR ? "stopped" : NULL;
    return now->status == 0 ? "lost" : "silent";
}

/* A test of the library ends as soon as something is not as it should be, and leaves what it had
 * made. Where it shows that a call has failed, and goes on, that is as good. But whatever it sees,
 * it may not find that the library has left something, or that something never comes. */
static const char *judge_test(const struct run *normal, const struct run *now,
                              const struct fault *fault, bool same, bool told)
{
    char kind[32];

    snprintf(kind, sizeof kind, "%.*s", (int)strcspn(fault->kind, "+ "), fault->kind);
    if (find_left(normal, now) != NULL)
        return find_left(normal, now);
    if (same)
        return now->late && !normal->late ? "outlived" : NULL;
    if (now->seconds > normal->seconds + LONG_TIME &&
        tells_more(now, normal, ETIMEDOUT, "ETIMEDOUT"))
        return "waited";
    if (strstr(now->errors, "count_descriptors()") != NULL)
        return "left-descriptor";
    return judge_failed_test(now, told || tells_more(now, normal, faults->error, kind));
}

/* NULL if all is well. */
static const char *judge(const struct scenario *scenario, const struct run *normal,
                         const struct run *now, const struct fault *fault)
{
    /* Where lines are written in pieces, those of several processes are mixed. */
    bool in_pieces = fault->call == CALL_write && faults->error == SHORT;
    char level = scenario->level;
    static char wanted[TEXT], got[TEXT];
    char text[80];
    size_t size = strlen(now->output);

    if (in_pieces)
        level = strchr("sd", level) != NULL ? 'b' : 'x';
    if (now->status == -1)
        return "hang";
    if (now->left_process && !scenario->is_test)
        return "left-process";
    const char *slash = strrchr(faults->program, '/');
    snprintf(text, sizeof text, "%.60s: ", slash == NULL ? "" : slash + 1);
    bool told = strstr(now->errors, text) != NULL || strstr(now->errors, "is not so: ") != NULL;
    normalize(level, normal->output, wanted);
    normalize(level, now->output, got);
    bool same = now->status == normal->status && strcmp(wanted, got) == 0 &&
                (size == 0 || now->output[size - 1] == '\n');
    if (scenario->is_test)
        return judge_test(normal, now, fault, same, told);
    if (now->left_file || now->left_name)
        return told && now->status != 0 ? "left-file-told" : "left-file";
    if (now->maps != 0 && strchr(scenario->statuses, '!') != NULL)
        return "left-memory";
    if (same)
        return now->late && !normal->late ? "outlived" : NULL;
    return judge_failure(scenario, now, told);
}

/* Where in the program it happened, from the call outwards. */
static void describe_places(char *text, size_t size)
{
    char command[4096];

    text[0] = '\0';
    int length = snprintf(command, sizeof command, "addr2line -s -f -p -e '%s'", faults->program);
    for (int i = 0; i < FRAMES && faults->where[i] != 0; i++)
        length +=
            snprintf(command + length, sizeof command - (size_t)length, " %#lx", faults->where[i]);
    snprintf(command + length, sizeof command - (size_t)length,
             " 2>&1 | sed '/[?][?]/d; s/^/    /; s/ (discriminator .*//'");
    FILE *lines = faults->where[0] == 0
                      ? NULL
                      : popen(command, "r"); /* NOLINT(cert-env33-c): for a developer */
    if (lines == NULL)
        return;
    text[fread(text, 1, size - 1, lines)] = '\0';
    pclose(lines);
    text[strlen(text) - (text[0] != '\0')] = '\0'; /* a newline */
}

static void name_fault(const struct fault *fault, char *text, size_t size)
{
    snprintf(text, size, "%s:%.*s:%s:%ld%s", calls[fault->call].name,
             (int)strcspn(fault->kind, "+ "), fault->kind, scopes[fault->scope], fault->first,
             fault->all ? "+" : "");
}

static bool is_excused(const struct scenario *scenario, const char *fault, const char *verdict)
{
    for (size_t i = 0; i < exception_count; i++)
        if (fnmatch(exceptions[i].command, scenario->text, 0) == 0 &&
            fnmatch(exceptions[i].fault, fault, 0) == 0 &&
            fnmatch(exceptions[i].verdict, verdict, 0) == 0) {
            shared->used[i]++;
            return true;
        }
    return false;
}

/* Runs it, and returns what is wrong, or NULL. */
static const char *verdict_on(const struct scenario *scenario, const struct run *normal,
                              const struct fault *fault, const char *name, struct run *now)
{
    run(scenario, fault, now);
    if (now->status == -1 &&
        strstr(now->errors, "is not so: ") == NULL) { /* or is the machine busy? */
        limit *= 3;
        run(scenario, fault, now);
        limit /= 3;
    }
    const char *verdict = judge(scenario, normal, now, fault);
    if (verdict == NULL || !is_excused(scenario, name, verdict))
        return verdict;
    shared->excused++;
    return NULL;
}

/* Returns whether there was a call left to fail. */
static bool try(const struct scenario *scenario, const struct run *normal,
                const struct fault *fault)
{
    static struct run now;
    char name[128], places[2048];

    name_fault(fault, name, sizeof name);
    const char *verdict = verdict_on(scenario, normal, fault, name, &now);
    bool hit = faults->hit != 0;
    bool left = hit || faults->counts[fault->call][fault->scope] >= fault->first;
    shared->hits += hit;
    hits += hit;
    lates += now.late;
    /* What comes of a fault may depend on which process is faster. The quick form is one test among
     * many, which is not to fail by what happens once in thousands; without -q all is told. */
    if (verdict != NULL && quick) {
        const char *once = verdict;
        verdict = NULL;
        for (int i = 0; i < 3 && verdict == NULL; i++)
            verdict = verdict_on(scenario, normal, fault, name, &now);
        if (verdict == NULL)
            say("%s: %s: %s, but not in three runs more", scenario->text, name, once);
    }
    if (verdict != NULL) {
        shared->findings++;
        describe_places(places, sizeof places);
        say("%s: %s: %s%s (status %d)%s\n%.600s%.900s%s", scenario->text, name, verdict,
            faults->hit != 0 ? "" : " without a fault", now.status, now.late ? ", outlived" : "",
            now.errors, strcmp(verdict, "lost") == 0 ? now.output : "", places);
    }
    return left;
}

static const char *next_kind(const char *kind)
{
    kind += strcspn(kind, " ");
    return *kind == ' ' ? kind + 1 : kind;
}

/* Whether all calls from one on may fail like that. */
static int may_last(const struct scenario *scenario, const char *kind)
{
    if (scenario->is_test && strncmp(kind, "SHORT", 5) == 0)
        return false; /* byte by byte, large messages take minutes */
    return kind[strcspn(kind, "+ ")] == '+' && strchr(scenario->statuses, '-') == NULL;
}

/* Beyond the first calls, about one of twenty; of a program that takes its time, one of four. Tests
 * of the library are many. */
static long after(const struct scenario *scenario, long n, bool all)
{
    if (scenario->is_test)
        return all ? 4 * n : n < 4 ? n + 1 : 2 * n;
    if (all)
        return n + 1 + n / 2;
    return n < (is_slow ? FEW : MANY) ? n + 1 : n + n / (is_slow ? 4 : 20);
}

static void try_all(const struct scenario *scenario, const struct run *normal, struct fault fault)
{
    for (const char *kind = calls[fault.call].kinds; *kind != '\0'; kind = next_kind(kind)) {
        fault.kind = kind;
        for (int all = 0; all <= may_last(scenario, kind); all++) {
            int misses = 0;
            fault.all = all;
            for (fault.first = 1; misses < (scenario->is_test ? 1 : 2);
                 fault.first = after(scenario, fault.first, fault.all))
                misses = try(scenario, normal, &fault) ? 0 : misses + 1;
        }
    }
}

/* One of all that try_all would try. */
static void try_one(const struct scenario *scenario, const struct run *normal, struct fault fault,
                    long count)
{
    int ways = 0;

    fault.first = 1 + rand() % count;
    fault.kind = calls[fault.call].kinds;
    for (const char *kind = calls[fault.call].kinds; *kind != '\0'; kind = next_kind(kind))
        for (int all = 0; all <= may_last(scenario, kind); all++)
            if (rand() % ++ways == 0) { /* so each of them is as likely */
                fault.kind = kind;
                fault.all = all;
            }
    try(scenario, normal, &fault);
}

/* `counts`: how often the program calls it, and its children do. */
static void check_call(const struct scenario *scenario, const struct run *normal, enum call call,
                       const atomic_long counts[2])
{
    enum scope chosen = rand() % 2 == 0 ? PARENT : CHILDREN;

    if (quick && is_slow && !scenario->is_test && rand() % 4 > 0)
        return;
    for (enum scope scope = PARENT; scope <= CHILDREN; scope++) {
        struct fault fault = {.call = call, .scope = scope};
        bool one = quick || (scenario->is_test && is_slow);
        if (counts[scope] > 0 && !one)
            try_all(scenario, normal, fault);
        else if (counts[scope] > 0 && (scope == chosen || counts[chosen] == 0))
            try_one(scenario, normal, fault, counts[scope]);
    }
}

static void check(const struct scenario *scenario)
{
    static struct run normal;
    static atomic_long counts[CALLS][2];
    double start = seconds_now();

    if (quick && scenario->is_test && rand() % 6 > 0)
        return;
    runs = hits = lates = 0;
    run(scenario, NULL, &normal);
    is_slow = seconds_now() - start > 0.1;
    if (faults->parent == 0)
        exit(CANNOT);
    if (normal.status == -1 || normal.status == 2 || normal.left_process || normal.left_file) {
        shared->findings++;
        say("%s: does not run: status %d%s%s\n%s", scenario->text, normal.status,
            normal.left_process ? ", left a process" : "", normal.left_file ? ", left a file" : "",
            normal.errors);
        return;
    }
    memcpy(counts, faults->counts, sizeof counts);
    enum call chosen = CALLS;
    int called = 0;
    for (enum call call = 0; call < CALLS; call++)
        if (counts[call][PARENT] + counts[call][CHILDREN] > 0 && rand() % ++called == 0)
            chosen = call; /* each of them as likely */
    for (enum call call = 0; call < CALLS; call++)
        if (!quick || !scenario->is_test || call == chosen)
            check_call(scenario, &normal, call, counts[call]);
    if (verbose)
        say("%s: %ld faults in %ld runs, %.1f s, %ld outlived", scenario->text, hits, runs,
            seconds_now() - start, lates);
}

/* ---- what there is to do ---- */

static char *copy_of(const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        die("copy '%s'", text);
    return copy;
}

static void read_list(const char *path)
{
    static char line[2048], text[2200];
    FILE *file = fopen(path, "r");
    char first[32], statuses[24], test[128];
    int number = 0, end = 0;

    if (file == NULL)
        die("open '%s'", path);
    while (fgets(line, sizeof line, file) != NULL) {
        struct scenario *scenario = &scenarios[scenario_count];
        struct exception *exception = &exceptions[exception_count];
        number++;
        line[strcspn(line, "\n")] = '\0';
        if (scenario_count == LINES || exception_count == LINES) {
            complain("%s: too long", path);
            exit(EXIT_FAILURE);
        }
        if (line[0] == '#' || line[0] == '\0')
            continue;
        if (sscanf(line, "run %c %23s %n", &scenario->level, statuses, &end) == 2) {
            snprintf(scenario->statuses, sizeof scenario->statuses, ",%s,", statuses);
            scenario->text = copy_of(line + end);
            scenario_count += strstr(scenario->text, only) != NULL;
        } else if (sscanf(line, "not %31s %23s %n", first, statuses, &end) == 2 && line[end] != 0) {
            continue; /* tells a reader, and faults.bats */
        } else if (sscanf(line, "each %c %127[^:]: %n", &scenario->level, test, &end) == 2) {
            char level = scenario->level, *rest = NULL;
            for (char *one = strtok_r(line + end, "|", &rest); one != NULL;
                 one = strtok_r(NULL, "|", &rest)) {
                one += strspn(one, " ");
                one[strlen(one) - (one[strlen(one) - 1] == ' ')] = '\0';
                scenario = &scenarios[scenario_count];
                *scenario = (struct scenario){.level = level, .is_test = true};
                snprintf(text, sizeof text, "%s %s", test, one);
                scenario->text = copy_of(text);
                scenario_count += strstr(text, only) != NULL;
            }
        } else if (sscanf(line, "%31s %127s %127s %31s", first, exception->command,
                          exception->fault, exception->verdict) == 4 &&
                   strcmp(first, "allow") == 0) {
            exception->line = copy_of(line);
            exception_count++;
        } else {
            complain("%s:%d: neither a command to run nor an exception: %s", path, number, line);
            exit(EXIT_FAILURE);
        }
    }
    fclose(file);
    if (scenario_count == 0) {
        complain("%s: nothing to run", path);
        exit(EXIT_FAILURE);
    }
}

static struct fault read_fault(const char *text)
{
    struct fault fault = {.call = CALLS};
    char call[64], kind[32], scope[16], first[16];

    if (sscanf(text, "%63[^:]:%31[^:]:%15[^:]:%15[0-9+]", call, kind, scope, first) != 4)
        bad_usage("expected CALL:KIND:SCOPE:N, got '%s'", text);
    for (int i = 0; i < CALLS; i++)
        if (strcmp(calls[i].name, call) == 0)
            fault.call = (enum call)i;
    if (fault.call == CALLS)
        bad_usage("no such call: '%s'", call);
    fault.kind = copy_of(kind);
    fault.scope = strcmp(scope, "parent") == 0 ? PARENT : CHILDREN;
    fault.first = strtol(first, NULL, 10);
    fault.all = strchr(first, '+') != NULL;
    return fault;
}

/* Every job has a file for its orders, two for what is printed, and a directory. */
static void start_job(long number)
{
    char path[64];

    snprintf(directory, sizeof directory, "%s/%ld", common, number);
    faults_file = memfd_create("faults", MFD_CLOEXEC);
    output_file = memfd_create("output", MFD_CLOEXEC);
    error_file = memfd_create("errors", MFD_CLOEXEC);
    if (faults_file == -1 || output_file == -1 || error_file == -1 ||
        ftruncate(faults_file, sizeof *faults) == -1 || mkdir(directory, 0700) == -1)
        die("make files");
    fcntl(output_file, F_SETFL, O_APPEND);
    fcntl(error_file, F_SETFL, O_APPEND);
    faults = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, faults_file, 0);
    if (faults == MAP_FAILED)
        die("map");
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), faults_file);
    setenv("FAULTS", path, 1);
    setenv("TMPDIR", directory, 1);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static int work(void)
{
    unsigned seed = (unsigned)random_seed();
    unsetenv("SEED"); /* that one is for us */
    for (size_t i; (i = shared->next++) < scenario_count;) {
        srand(seed * 1009 + (unsigned)i);
        check(&scenarios[i]);
    }
    return 0;
}

static int show(const char *text)
{
    static struct run normal, now;
    static char places[2048];
    struct fault fault = read_fault(text);
    const struct scenario *scenario = &scenarios[0];

    run(scenario, NULL, &normal);
    if (faults->parent == 0)
        return CANNOT;
    run(scenario, &fault, &now);
    const char *verdict = judge(scenario, &normal, &now, &fault);
    printf("%s: %s, status %d%s\n", scenario->text, verdict == NULL ? "well" : verdict, now.status,
           now.late ? ", processes that have outlived it" : "");
    if (faults->hit == 0)
        printf("not hit: %ld calls\n", faults->counts[fault.call][fault.scope]);
    describe_places(places, sizeof places);
    printf("%s\n---- standard output\n%s---- standard error\n%s", places, now.output, now.errors);
    return cli_end(verdict == NULL ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Waits until all jobs have ended. Returns the exit code of one that has failed, or 0. Where we are
 * told to end, ends them, and all that they have started: that is ours then. */
static int wait_for_jobs(const sigset_t *signals, int *told)
{
    int status = EXIT_SUCCESS, ended, signal;
    pid_t pid;

    while ((pid = waitpid(-1, &ended, WNOHANG)) != -1) {
        if (pid > 0 && ended != 0)
            status = WIFEXITED(ended) ? WEXITSTATUS(ended) : EXIT_FAILURE;
        if (pid > 0)
            continue;
        if (*told != 0)
            kill_children();
        if (sigwait(signals, &signal) == 0 && signal != SIGCHLD)
            *told = signal;
    }
    return status;
}

static int run_jobs(long jobs, const char *one)
{
    static const int list[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    sigset_t signals;
    int told = 0;

    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        sigaddset(&signals, list[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    const char *place = getenv("TMPDIR");
    snprintf(common, sizeof common, "%s/faults-XXXXXX", place == NULL ? "/tmp" : place);
    if (mkdtemp(common) == NULL)
        die("make %s", common);
    pid_t parent = getpid();
    for (long i = 0; i < jobs; i++) {
        pid_t pid = fork();
        if (pid == -1)
            die("fork");
        if (pid == 0) {
            beyond_end_with_parent(parent, SIGKILL);
            start_job(i);
            exit(one != NULL ? show(one) : work());
        }
    }
    int status = wait_for_jobs(&signals, &told);
    remove_all(common, "");
    if (told != 0) {
        sigprocmask(SIG_UNBLOCK, &signals, NULL);
        raise(told);
    }
    return status;
}

int main(int argc, char **argv)
{
    const char *one = NULL;
    int option;
    long jobs = beyond_processors();

    while ((option = cli_option(argc, argv, "qvj:o:t:f:", usage)) != -1)
        if (option == 'q')
            quick = true;
        else if (option == 'v')
            verbose = true;
        else if (option == 'j')
            jobs = cli_number("-j", optarg, 1, 64);
        else if (option == 'o')
            only = optarg;
        else if (option == 't')
            limit = (double)cli_number("-t", optarg, 1, 600);
        else
            one = optarg;
    cli_operands(argc, argv, 1, 1);
    read_list(argv[optind]);
    if (getcwd(root, sizeof root) == NULL)
        die("getcwd");
    shared = shared_map(sizeof *shared);
    if (shared == NULL)
        die("map");
    setenv("TIME_SCALE", "0", 1);
    setenv("NO_COLOR", "1", 1);
    setenv("LC_ALL", "C", 1);
    double start = seconds_now();
    int status = run_jobs(one != NULL ? 1 : jobs, one);
    if (status == CANNOT) {
        complain("nothing of faults.so is heard: another C library than glibc, or a sanitizer?");
        return status;
    }
    if (one != NULL)
        return status;
    for (size_t i = 0; i < exception_count && !quick && *only == '\0'; i++)
        if (shared->used[i] == 0)
            printf("not needed this time: %s\n", exceptions[i].line);
    printf("%ld calls have failed in %ld runs, %.0f s: %ld findings, %ld known\n", shared->hits,
           shared->runs, seconds_now() - start, shared->findings, shared->excused);
    return cli_end(shared->findings > 0 ? EXIT_FAILURE : status);
}
