/* log: five processes log into one file.
 *
 * usage: log [-b] [FILE]
 *   -b   the bug: no flush; a process writes when its buffer is full, in the middle of a line
 *   FILE the log: lines are added at its end, and it stays (default: a file without a name)
 *
 * Notice: the processes log at the same time, without a lock, and each line stays whole: it goes
 * out in one write, to a file opened for appending. With -b the fifth line in the file is torn.
 */
#include "barrier.h"
#include "cli.h"
#include "process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char usage[] =
    "usage: log [-b] [FILE]\n"
    "  Five processes log 22 lines each into one file. Shows the first five lines in it.\n"
    "  -b   the bug: no flush; a process writes when its buffer is full, in the middle of a line\n"
    "  FILE the log: lines are added at its end, and it stays (default: a file without a name)\n";

enum { PROCESSES = 5, LINES = 22, SHOWN = 5, TIME_SIZE = 24, TEXT_SIZE = 64 };

static FILE *file;
static char buffer[256]; /* the file's; after the fork each process has one of its own */
static bool flush = true;
static struct barrier together;

/* What stands behind the time in that line of that process. */
static void get_text(char text[TEXT_SIZE], const struct process *process, int number)
{
    snprintf(text, TEXT_SIZE, "%-5s %s %ld line %2d of %d",
             number == 1 || number == LINES ? "INFO" : "DEBUG", process_name(process),
             (long)process->pid, number, LINES);
}

static int log_lines(void *process)
{
    char date[TIME_SIZE], text[TEXT_SIZE];

    for (int number = 1; number <= LINES; number++) {
        struct timespec now;
        struct tm parts;
        if (barrier_wait(&together, FOREVER) == -1) /* all log at the same time */
            die("wait for the others");
        if (clock_gettime(CLOCK_REALTIME, &now) == -1 || localtime_r(&now.tv_sec, &parts) == NULL)
            die("find out the time");
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &parts);
        get_text(text, process, number);
        fprintf(file, "%s,%03ld %s\n", date, now.tv_nsec / 1000000, text);
        /* There is nothing but this line in the buffer, and it goes out in one write. */
        if ((flush || number == LINES) && fflush(file) == EOF)
            die("write to the log");
    }
    return EXIT_SUCCESS;
}

/* Shows the first lines from here on, and counts those that are as they were logged. */
static int count_whole(const struct process *processes)
{
    char line[4 * TEXT_SIZE], wanted[PROCESSES * LINES][TEXT_SIZE];
    int whole = 0;

    for (int i = 0; i < PROCESSES * LINES; i++)
        get_text(wanted[i], &processes[i / LINES], i % LINES + 1);
    for (int shown = 0; fgets(line, sizeof line, file) != NULL; shown++) {
        line[strcspn(line, "\n")] = '\0';
        if (shown < SHOWN)
            say("%s", line);
        if (strspn(line, "0123456789-:, ") != TIME_SIZE)
            continue;
        for (int i = 0; i < PROCESSES * LINES; i++)
            whole += strcmp(line + TIME_SIZE, wanted[i]) == 0;
    }
    return whole;
}

int main(int argc, char **argv)
{
    while (cli_option(argc, argv, "b", usage) == 'b')
        flush = false;
    cli_operands(argc, argv, 0, 1);

    const char *path = optind < argc ? argv[optind] : "a temporary file";
    file = optind < argc ? fopen(path, "a+") : tmpfile();
    if (file == NULL || fcntl(fileno(file), F_SETFL, O_APPEND) == -1) /* tmpfile does without */
        die("open %s", path);
    struct stat before;
    if (setvbuf(file, buffer, _IOFBF, sizeof buffer) != 0 || fstat(fileno(file), &before) == -1)
        die("look at %s", path);
    if (!S_ISREG(before.st_mode))
        bad_usage("FILE: expected a regular file, got '%s'", path);
    if (barrier_open(&together, PROCESSES) == -1)
        die("open a barrier");

    struct process processes[PROCESSES], *all[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        all[i] = &processes[i];
        *all[i] = (struct process){.run = log_lines, .argument = all[i], .daemon = true};
        if (process_start(all[i]) == -1)
            die("start process %d", i + 1);
    }
    int status = EXIT_SUCCESS;
    for (int left = PROCESSES; left > 0; left--) {
        ssize_t i = process_join_any(all, PROCESSES, FOREVER);
        if (i == -1)
            die("join the processes");
        if (all[i]->exit_code == 0)
            continue;
        complain("%s ended with exit code %d", process_name(all[i]), all[i]->exit_code);
        barrier_abort(&together); /* else the others wait there for one that never comes */
        status = EXIT_FAILURE;
    }

    if (fseeko(file, before.st_size, SEEK_SET) == -1)
        die("read %s", path);
    int whole = count_whole(processes);
    if (ferror(file))
        die("read %s", path);
    say("Of %d lines, %d are whole.", PROCESSES * LINES, whole);
    if (flush && whole < PROCESSES * LINES)
        status = EXIT_FAILURE;
    barrier_close(&together);
    fclose(file);
    return cli_end(status);
}
