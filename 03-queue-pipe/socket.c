/* socket: a question and its answer, through a UNIX-domain socket and through TCP.
 *
 * usage: socket [-l | -u PATH | -t PORT]
 *   -l         only a server, until Ctrl-C
 *   -u PATH    only a client: ask through the UNIX-domain socket PATH
 *   -t PORT    only a client: ask through TCP, on this machine
 *
 * Notice: the client has nothing of the server but a name: a path, or the number of a port. So the
 * two need no common parent. Run socket -l in one terminal, and the clients in another.
 */
#include "cli.h"
#include "io.h"
#include "process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const char usage[] =
    "usage: socket [-l | -u PATH | -t PORT]\n"
    "  A client asks a server through a UNIX-domain socket, and again through TCP.\n"
    "  -l         only a server, until Ctrl-C\n"
    "  -u PATH    only a client, through the UNIX-domain socket PATH\n"
    "  -t PORT    only a client, through TCP on this machine\n";

enum { UNIX, TCP, WAYS, TIMEOUT = 5 };

static char directory[] = "/tmp/socket-XXXXXX"; /* a new one, so no old file is in the way */
static struct sockaddr_un path = {.sun_family = AF_UNIX};
static struct sockaddr_in port = {.sin_family = AF_INET}; /* 0: any that is free */

static const struct {
    const char *what;
    struct sockaddr *address;
    socklen_t size;
} ways[WAYS] = {{"a UNIX-domain socket", (struct sockaddr *)&path, sizeof path},
                {"TCP", (struct sockaddr *)&port, sizeof port}};

static int listeners[WAYS];

/* Nobody waits for ever for a partner who is stopped, or says nothing. */
static int limit(int descriptor)
{
    struct timeval most = {.tv_sec = TIMEOUT};

    if (descriptor == -1 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) == -1 ||
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most) == -1 ||
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most) == -1)
        die("open a socket");
    return descriptor;
}

/* A stream has no borders: what was sent in one piece may come in several. Both sides must know how
 * long a message is; MSG_WAITALL waits for all of it. */
static int receive_number(int descriptor, uint32_t *number)
{
    ssize_t size;

    do
        size = recv(descriptor, number, sizeof *number, MSG_WAITALL);
    while (size == -1 && errno == EINTR);
    if (size == (ssize_t)sizeof *number)
        return 0;
    if (size == -1 && errno == EAGAIN)
        errno = ETIMEDOUT;
    else if (size != -1)
        errno = size == 0 ? EPIPE : EBADMSG; /* nothing came, or a part */
    return -1;
}

static void ask(int way)
{
    /* The server may run on another kind of machine: numbers go in the network's byte order. */
    uint32_t question = htonl(7), reply;
    int server = limit(socket(ways[way].address->sa_family, SOCK_STREAM, 0));

    say("Ask through %s: %u", ways[way].what, ntohl(question));
    if (connect(server, ways[way].address, ways[way].size) == -1 ||
        send(server, &question, sizeof question, MSG_NOSIGNAL) == -1 ||
        receive_number(server, &reply) == -1)
        die("ask through %s", ways[way].what);
    say("Process %ld is told: %u", (long)getpid(), ntohl(reply));
    io_close(&server);
}

static void answer(int listener)
{
    uint32_t number;
    int client = accept(listener, NULL, NULL);

    if (client == -1 && (errno == ECONNABORTED || errno == EAGAIN || errno == EINTR))
        return; /* it has gone again */
    limit(client);
    if (receive_number(client, &number) == -1) {
        complain("receive a question: %s", strerror(errno));
    } else {
        number = ntohl(number) * ntohl(number);
        if (say("Process %ld answers: %u", (long)getpid(), number) == -1)
            die("write standard output"); /* nobody asks a server that a signal ends */
        number = htonl(number);
        if (send(client, &number, sizeof number, MSG_NOSIGNAL) == -1)
            complain("send the answer: %s", strerror(errno));
    }
    io_close(&client);
}

/* Both calls are allowed in a signal handler. */
static void remove_files(void)
{
    unlink(path.sun_path);
    rmdir(directory);
}

static void remove_files_and_die(int signal_number)
{
    remove_files();
    raise(signal_number); /* its action is the default again: SA_RESETHAND */
}

static void start_listening(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM};
    struct sigaction action = {.sa_handler = remove_files_and_die, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], NULL, &before);
        if (before.sa_handler != SIG_IGN) /* as with nohup, which means it to stay so */
            sigaction(signals[i], &action, NULL);
    }
    if (mkdtemp(directory) == NULL || atexit(remove_files) != 0) /* atexit: also if we die */
        die("make %s", directory);
    snprintf(path.sun_path, sizeof path.sun_path, "%s/server", directory);
    for (int way = 0; way < WAYS; way++) {
        socklen_t size = ways[way].size;
        listeners[way] = limit(socket(ways[way].address->sa_family, SOCK_STREAM, 0));
        if (bind(listeners[way], ways[way].address, size) == -1 ||
            listen(listeners[way], 8) == -1 ||
            getsockname(listeners[way], ways[way].address, &size) == -1) /* which port it is */
            die("listen for %s", ways[way].what);
    }
    if (say("Listening: %s", path.sun_path) == -1 ||
        say("Listening: port %d", ntohs(port.sin_port)) == -1)
        die("write standard output"); /* nobody would find us */
}

/* Runs until a signal ends it. */
static int serve(void *unused)
{
    struct pollfd ready[WAYS] = {{.fd = listeners[UNIX], .events = POLLIN},
                                 {.fd = listeners[TCP], .events = POLLIN}};

    (void)unused;
    for (;;) {
        int count = poll(ready, WAYS, -1);
        if (count == -1 && errno != EINTR)
            die("poll");
        for (int way = 0; way < WAYS && count > 0; way++)
            if (ready[way].revents != 0)
                answer(listeners[way]);
    }
}

static int run_both(void)
{
    struct process server = {.run = serve, .name = "server", .daemon = true};

    if (process_start(&server) == -1)
        die("start the server");
    for (int way = 0; way < WAYS; way++)
        io_close(&listeners[way]); /* from here on we have nothing of it but its names */
    for (int way = 0; way < WAYS; way++)
        ask(way);
    process_terminate(&server);
    if (process_join(&server, FOREVER) == -1)
        die("join the server");
    if (server.exit_code == -SIGTERM)
        return EXIT_SUCCESS;
    complain("the server (%ld) ended with exit code %d", (long)server.pid, server.exit_code);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    int option, mode = 0;

    port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    while ((option = cli_option(argc, argv, "lu:t:", usage)) != -1) {
        if (mode != 0)
            bad_usage("-%c: expected no other option, got -%c", mode, option);
        mode = option;
        if (option == 'u' && strlen(optarg) >= sizeof path.sun_path)
            bad_usage("-u: expected a path of at most %zu bytes", sizeof path.sun_path - 1);
        if (option == 'u')
            snprintf(path.sun_path, sizeof path.sun_path, "%s", optarg);
        if (option == 't')
            port.sin_port = htons((uint16_t)cli_number("-t", optarg, 1, 65535));
    }
    cli_operands(argc, argv, 0, 0);

    if (mode == 'u' || mode == 't') {
        ask(mode == 'u' ? UNIX : TCP);
        return cli_end(EXIT_SUCCESS);
    }
    start_listening();
    return cli_end(mode == 'l' ? serve(NULL) : run_both());
}
