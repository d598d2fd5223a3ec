/* slow_server: a web server that lets its clients wait, for the tests of programs that fetch.
 *
 * usage: slow_server [-g COUNT] [-d MILLISECONDS] FILE
 *   -g COUNT          answers when so many requests are waiting, and not before (default 1)
 *   -d MILLISECONDS   and each after so long
 *   FILE              the whole answer, with its status line and header, to every request
 *
 * Prints its address, and then the first line of each request, as soon as it is there. It listens
 * on 127.0.0.1, at any port that is free, until it is killed.
 */
#include "cli.h"
#include "clock.h"
#include "io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] = "usage: slow_server [-g COUNT] [-d MILLISECONDS] FILE\n";

enum { MOST = 200 };

static struct client {
    int socket;
    double due; /* when it may be answered */
} clients[MOST];

static int listen_anywhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (listener == -1 || bind(listener, (const struct sockaddr *)&address, size) == -1 ||
        listen(listener, SOMAXCONN) == -1 ||
        getsockname(listener, (struct sockaddr *)&address, &size) == -1)
        die("listen at 127.0.0.1");
    say("http://127.0.0.1:%d/", ntohs(address.sin_port));
    return listener;
}

/* Accepts a client, and reads what it wants. Returns its socket, or -1: it has gone. */
static int receive(int listener)
{
    char text[8192] = "";
    size_t size = 0;
    int client = accept(listener, NULL, NULL);

    while (client != -1 && strstr(text, "\r\n\r\n") == NULL) {
        ssize_t got = read(client, text + size, sizeof text - 1 - size);
        if (got <= 0)
            io_close(&client);
        else
            text[size += (size_t)got] = '\0';
    }
    if (client != -1)
        say("%.*s", (int)strcspn(text, "\r"), text);
    return client;
}

int main(int argc, char **argv)
{
    static char answer[65536];
    long gate = 1, delay = 0;
    for (int option; (option = cli_option(argc, argv, "g:d:", usage)) != -1;) {
        if (option == 'g')
            gate = cli_number("-g", optarg, 1, MOST);
        else
            delay = cli_number("-d", optarg, 0, 1000000);
    }
    cli_operands(argc, argv, 1, 1);
    int file = open(argv[optind], O_RDONLY);
    ssize_t size = file == -1 ? -1 : io_read(file, answer, sizeof answer);
    if (size == -1)
        die("read '%s'", argv[optind]);
    signal(SIGPIPE, SIG_IGN); /* for clients that have not waited */
    alarm(60);                /* for a test that was killed itself */

    struct pollfd ready = {.fd = listen_anywhere(), .events = POLLIN};
    for (int count = 0;;) {
        bool open_gate = count >= gate;
        if (poll(&ready, 1, open_gate ? milliseconds_until(clients[0].due) : -1) == 1 &&
            count < MOST && (clients[count].socket = receive(ready.fd)) != -1)
            clients[count++].due = seconds_now() + (double)delay / 1000;
        int done = 0;
        for (; count >= gate && done < count && clients[done].due <= seconds_now(); done++) {
            io_write(clients[done].socket, answer, (size_t)size);
            io_close(&clients[done].socket);
        }
        memmove(clients, clients + done, (size_t)(count - done) * sizeof *clients);
        count -= done;
    }
}
