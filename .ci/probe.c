/* probe: a program that does what the helpers in test_helper.bash must notice.
 *
 *     probe usage | fork | two | talk      wrong usage: as it should be; and not
 *     probe full | full-silent             standard output is checked; and not
 *     probe child | file                   leaves a process, a file behind
 *     probe wait | exit | deaf | orphan    ends by SIGINT; and not as it should
 *
 * It only serves frame.bats, which knows what each must give. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int signal_number)
{
    _exit(128 + signal_number);
}

/* A child that lives on for a while, and holds none of our descriptors. */
static pid_t start_child(void)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    for (int descriptor = 0; descriptor < 10; descriptor++)
        close(descriptor);
    sleep(20);
    _exit(0);
}

static int wrong_usage(void)
{
    fputs("probe: -n: expected a number\n", stderr);
    return 2;
}

static int print_and_check(void)
{
    if (puts("hello") != EOF && fflush(stdout) == 0) /* musl may write the line at once */
        return 0;
    fputs("probe: write standard output: full\n", stderr);
    return 1;
}

static int leave_file(void)
{
    char name[64];
    int descriptor;

    snprintf(name, sizeof name, "/dev/shm/probe-%ld", (long)getpid());
    descriptor = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
    return descriptor == -1 || close(descriptor) == -1 || puts(name) == EOF;
}

static int wait_for_signal(void)
{
    puts("ready");
    fflush(stdout);
    for (int second = 0; second < 20; second++)
        sleep(1);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";

    if (strcmp(what, "usage") == 0)
        return wrong_usage();
    if (strcmp(what, "fork") == 0) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid == -1) {
            perror("probe: fork");
            return 1;
        }
        waitpid(pid, NULL, 0);
        return wrong_usage();
    }
    if (strcmp(what, "two") == 0)
        return wrong_usage() == 2 ? wrong_usage() : 1;
    if (strcmp(what, "talk") == 0)
        return puts("usage: probe") == EOF ? 1 : wrong_usage();
    if (strcmp(what, "full") == 0)
        return print_and_check();
    if (strcmp(what, "full-silent") == 0) {
        puts("hello");
        return 0;
    }
    if (strcmp(what, "child") == 0)
        return start_child() == -1;
    if (strcmp(what, "file") == 0)
        return leave_file();
    if (strcmp(what, "exit") == 0 && signal(SIGINT, leave) == SIG_ERR)
        return 1;
    if (strcmp(what, "deaf") == 0 && signal(SIGINT, SIG_IGN) == SIG_ERR)
        return 1;
    if (strcmp(what, "orphan") == 0 && start_child() == -1)
        return 1;
    return wait_for_signal();
}
