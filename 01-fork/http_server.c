/* http_server: a child for each connection, as in the first web servers.
 *
 * usage: http_server [-p PORT] [-c MAXCHILDREN] [-t SECONDS] [DIR]
 *   -p PORT          listen on 127.0.0.1, at this port (default 8080; 0: any that is free)
 *   -c MAXCHILDREN   this many children at most (default 64, up to 1000)
 *   -t SECONDS       how long a client may take over its request, or over taking 64 KB of the
 *                    answer (default 10). Not a pause: TIME_SCALE does not change it.
 *   DIR              serve the files below it (default: one page, with the serving pid)
 *
 * Notice: each line of the log begins with another pid. Whatever a client does to its child, the
 * next one is served: the parent only accepts, forks and reaps.
 */
#include "cli.h"
#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>

static const char usage[] =
    "usage: http_server [-p PORT] [-c MAXCHILDREN] [-t SECONDS] [DIR]\n"
    "  Serves the files below DIR by HTTP, or one built-in page: a child for each connection.\n"
    "  -p PORT          listen on 127.0.0.1, at this port (default 8080; 0: any that is free)\n"
    "  -c MAXCHILDREN   this many children at most (default 64, up to 1000)\n"
    "  -t SECONDS       how long a client may take over its request, or over taking 64 KB of the\n"
    "                   answer (default 10)\n"
    "  Ctrl-C or SIGTERM ends it, with exit status 0.\n";

enum { MOST_CHILDREN = 1000 };

static pid_t children[MOST_CHILDREN]; /* those that we have not reaped */
static int live;
static bool child_failed;
static volatile sig_atomic_t stop;

static void note_signal(int signal)
{
    if (signal != SIGCHLD) /* for that one it is enough that it wakes us */
        stop = 1;
}

/* From here on SIGINT, SIGTERM and SIGCHLD wait until let_signals_in, or pselect, lets them in. */
static void catch_signals(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGCHLD};
    struct sigaction action = {.sa_handler = note_signal};
    sigset_t blocked;

    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        sigaddset(&blocked, caught[i]);
        if (sigaction(caught[i], &action, NULL) == -1)
            die("sigaction %d", caught[i]);
    }
    if (sigprocmask(SIG_SETMASK, &blocked, NULL) == -1)
        die("block signals");
    signal(SIGPIPE, SIG_IGN); /* a client that goes away is an error of write, EPIPE */
    signal(SIGALRM, SIG_DFL); /* ignored, as it may have come to us, it would end no child */
}

static void let_signals_in(void)
{
    sigset_t none, blocked;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, &blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static int listen_at(in_port_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    /* SO_REUSEADDR: else connections that ended a minute ago would still keep us from the port.
     * O_NONBLOCK: a client that pselect has seen may be gone again before we accept it. */
    if (listener == -1 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
        fcntl(listener, F_SETFL, O_NONBLOCK) == -1 ||
        bind(listener, (const struct sockaddr *)&address, sizeof address) == -1 ||
        listen(listener, SOMAXCONN) == -1 ||
        getsockname(listener, (struct sockaddr *)&address, &size) == -1)
        die("listen at 127.0.0.1:%d", port);
    if (listener >= FD_SETSIZE) {
        errno = EMFILE;
        die("wait for descriptor %d", listener);
    }
    if (say("http://127.0.0.1:%d/", ntohs(address.sin_port)) == -1)
        die("write standard output");
    return listener;
}

static void send_page(struct connection *c, int status)
{
    char text[128];

    if (status == 200)
        snprintf(text, sizeof text,
                 "<!DOCTYPE html><title>http_server</title>\n<p>Process %ld serves you.</p>\n",
                 (long)getpid());
    else
        snprintf(text, sizeof text, "%d %s\n", status, http_reason(status));
    http_send_text(c, status, http_type(status == 200 ? "page.html" : "error.txt"), text);
}

/* What a child does, for one client. */
static void serve(int client, int directory, unsigned patience)
{
    static struct connection c;

    c.client = client;
    c.patience = patience;
    c.deadline = seconds_now() + patience;
    int status = http_receive(&c);
    if (status == -1)
        return;
    alarm(patience); /* for whatever we wait for from now on, be it the reader of the log */
    if (status == 200)
        status = http_parse(&c);
    if (status == 200 && directory != -1)
        status = http_open(&c, directory);
    else if (status == 200 && strcmp(c.path, "/") != 0)
        status = 404;

    say("%ld %.20s %.1000s %d", (long)getpid(), c.method == NULL ? "-" : c.method,
        c.method == NULL ? "-" : c.target, status);
    if (status == 200 && directory != -1)
        http_send_file(&c);
    else
        send_page(&c, status);
    http_hang_up(&c);
}

/* Accepts a client, and makes a child for it. Returns false when the system is short of something:
 * the client is still there then, and it makes no sense to try again at once. */
static bool accept_client(int listener, int directory, unsigned patience)
{
    static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                               "Connection: close\r\n\r\n";
    int client = accept(listener, NULL, NULL);
    if (client == -1) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ECONNABORTED || errno == EINTR)
            return true; /* the client has changed its mind */
        complain("accept: %s", strerror(errno));
        return false;
    }
    pid_t pid = fork(); /* nothing to flush: say leaves nothing in the buffer */
    if (pid == 0) {
        /* SIGINT and SIGTERM stay blocked: they are the parent's business, and when Ctrl-C sends
         * one to all of us, it is the parent who ends its children. */
        close(listener); /* else the port would be taken for as long as any of us lives */
        serve(client, directory, patience);
        _exit(cli_end(EXIT_SUCCESS));
    }
    if (pid == -1) {
        complain("fork: %s", strerror(errno));
        io_write(client, busy, sizeof busy - 1); /* never waits: it is the first, and small */
    } else {
        children[live++] = pid;
    }
    close(client); /* the child has its own copy; the connection ends when both are closed */
    return true;
}

static void report(pid_t pid, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return; /* its client was too slow */
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && stop)
        return; /* that was us */
    if (WIFSIGNALED(status))
        complain("child %ld: killed by signal %d", (long)pid, WTERMSIG(status));
    if (status != 0) /* one that has exited has complained itself */
        child_failed = true;
}

/* Each by its pid: waitpid(-1) would also take children that we have not made, but inherited from
 * the program that has become this one by exec. `options` is waitpid's. */
static void reap(int options)
{
    for (int i = 0; i < live;) {
        int status;
        pid_t pid = waitpid(children[i], &status, options);
        if (pid == -1)
            die("waitpid %ld", (long)children[i]);
        if (pid == 0) {
            i++;
            continue;
        }
        report(pid, status);
        children[i] = children[--live];
    }
}

int main(int argc, char **argv)
{
    long port = 8080, most = 64, patience = 10;
    for (int option; (option = cli_option(argc, argv, "p:c:t:", usage)) != -1;) {
        if (option == 'p')
            port = cli_number("-p", optarg, 0, 65535);
        else if (option == 'c')
            most = cli_number("-c", optarg, 1, MOST_CHILDREN);
        else
            patience = cli_number("-t", optarg, 1, 3600);
    }
    cli_operands(argc, argv, 0, 1);
    int directory = -1;
    if (optind < argc && (directory = open(argv[optind], O_RDONLY | O_DIRECTORY)) == -1)
        die("open directory '%s'", argv[optind]);

    catch_signals();
    int listener = listen_at((in_port_t)port);
    sigset_t none;
    sigemptyset(&none);
    bool rest = false;
    while (!stop) {
        reap(WNOHANG);
        fd_set ready;
        FD_ZERO(&ready);
        if (live < most && !rest) /* else they wait in the listen queue */
            FD_SET((unsigned)listener, &ready);
        const struct timespec moment = {.tv_nsec = 100000000}; /* or until a child has ended */
        /* pselect lets the signals in while it waits, and only then: none is missed in between. */
        int events = pselect(listener + 1, &ready, NULL, NULL, rest ? &moment : NULL, &none);
        if (events == -1 && errno != EINTR)
            die("pselect");
        rest = false;
        if (events == 1) {
            rest = !accept_client(listener, directory, (unsigned)patience);
            /* With a client there, pselect need not wait, and lets none in; with many, never. */
            let_signals_in();
        }
    }

    close(listener);
    /* SIGKILL: they have nothing to put away, and it also ends one that somebody has stopped. */
    for (int i = 0; i < live; i++)
        kill(children[i], SIGKILL);
    reap(0);
    return cli_end(child_failed ? EXIT_FAILURE : EXIT_SUCCESS);
}
