/* http: as much of HTTP/1.1 as http_server needs: receive a request, take it apart, find its file,
 * answer it. One request per connection. Of its header only the first line counts; much of what
 * RFC 9112 asks of a real server is left out (Host, Date, ranges, connections that are kept).
 * The first three steps return a status: 200 to go on, or another to refuse the request with. */
#ifndef HTTP_H
#define HTTP_H

#include "clock.h"
#include "io.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST_SIZE = 8192, BLOCK_SIZE = 65536 }; /* bytes */

struct connection {
    int client;                  /* the socket */
    unsigned patience;           /* seconds for the request, and for each block of the answer */
    double deadline;             /* for all that the client sends */
    char text[REQUEST_SIZE];     /* the request's header */
    const char *method, *target; /* in it; NULL until they are known to be harmless */
    char path[REQUEST_SIZE];     /* the target, decoded */
    int file;
    long long size; /* the file's */
    const char *type;
    char block[BLOCK_SIZE]; /* what is sent next */
};

/* ---- the request ---- */

/* As read, but in time: -1 and ETIMEDOUT after the deadline. */
static ssize_t http_read(const struct connection *c, char *buffer, size_t room)
{
    struct pollfd ready = {.fd = c->client, .events = POLLIN};

    for (;;) {
        /* Looked at here, too: a client that never stops sending is ready each time. */
        int left = milliseconds_until(c->deadline);
        int events = left == 0 ? 0 : poll(&ready, 1, left);
        if (events == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        ssize_t got = events == -1 ? -1 : read(c->client, buffer, room);
        if (got != -1 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK))
            return got;
    }
}

/* Reads up to the empty line that ends the header; -1: the client has gone, without a word or by a
 * reset, and nobody is there to be answered. */
static int http_receive(struct connection *c)
{
    size_t size = 0;

    while (size < sizeof c->text - 1) {
        ssize_t got = http_read(c, c->text + size, sizeof c->text - 1 - size);
        if (got == -1 && errno == ETIMEDOUT)
            return 408;
        if (got == -1 || (got == 0 && size == 0))
            return -1;
        size += (size_t)got;
        c->text[size] = '\0';
        if (got == 0 || strlen(c->text) < size) /* half a request; a NUL inside */
            return 400;
        /* Lines end with \r\n. Whoever types a request by hand ends them with \n, and may. */
        if (strstr(c->text, "\n\r\n") != NULL || strstr(c->text, "\n\n") != NULL)
            return 200;
    }
    return strchr(c->text, '\n') == NULL ? 414 : 431;
}

/* Decodes the target up to its '?': %41 is A. */
static int http_decode(struct connection *c)
{
    char *to = c->path;

    for (const char *from = c->target; *from != '\0' && *from != '?'; from++) {
        *to = *from;
        if (*from == '%') {
            if (!isxdigit((unsigned char)from[1]) || !isxdigit((unsigned char)from[2]))
                return 400;
            char digits[3] = {from[1], from[2], '\0'};
            *to = (char)strtol(digits, NULL, 16);
            from += 2;
        }
        if (*to++ == '\0') /* %00: for us the name would end here */
            return 400;
    }
    *to = '\0';
    return 200;
}

/* Says whether `text` consists of such characters, one at least. */
static bool all(const char *text, int is(int))
{
    const char *c = text;

    while (is((unsigned char)*c))
        c++;
    return c > text && *c == '\0';
}

/* Takes "GET /path HTTP/1.1" apart. */
static int http_parse(struct connection *c)
{
    static const char *const known[] = {"POST",    "PUT",     "PATCH", "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE"};

    c->text[strcspn(c->text, "\r\n")] = '\0';
    char *target = strchr(c->text, ' ');
    char *version = target == NULL ? NULL : strchr(target + 1, ' ');
    if (version == NULL)
        return 400;
    *target++ = '\0';
    *version++ = '\0';
    /* No blank in it, and no escape sequence for somebody's terminal: these two are logged. */
    if (!all(c->text, isupper) || !all(target, isgraph))
        return 400;
    c->method = c->text;
    c->target = target;

    if (strncmp(version, "HTTP/", 5) != 0 || !isdigit((unsigned char)version[5]) ||
        version[6] != '.' || !isdigit((unsigned char)version[7]) || version[8] != '\0')
        return 400;
    if (version[5] != '1')
        return 505;
    if (strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0)
        return *target == '/' ? http_decode(c) : 400;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(c->method, known[i]) == 0)
            return 405;
    return 501;
}

/* ---- the file ---- */

static const char *http_type(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".c", "text/plain; charset=utf-8"},
        {".h", "text/plain; charset=utf-8"},
        {".js", "text/javascript"},
        {".json", "application/json"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".gif", "image/gif"},
        {".svg", "image/svg+xml"},
        {".pdf", "application/pdf"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static int http_refusal(int error)
{
    if (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG)
        return 404;
    /* ELOOP: a symbolic link. ENXIO: a socket. */
    return error == EACCES || error == EPERM || error == ELOOP || error == ENXIO ? 403 : 500;
}

/* Opens what `path` names below `directory`: name by name, never upwards and never through a
 * symbolic link, since both could lead out. A path that ends with a slash means the index.html
 * there. Cuts up `path`. */
static int http_open(struct connection *c, int directory)
{
    char *rest = c->path;
    const char *name;
    bool last, slash;

    c->file = directory;
    do {
        rest += strspn(rest, "/");
        char *end = rest + strcspn(rest, "/");
        last = *end == '\0';
        *end = '\0';
        slash = end == rest; /* nothing behind it */
        name = slash ? "index.html" : rest;
        rest = end + 1;
        if (strcmp(name, "..") == 0)
            return 403;
        /* O_NONBLOCK: to open a FIFO would wait for somebody who writes into it. */
        int next = openat(c->file, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (next == -1)
            return http_refusal(errno);
        if (c->file != directory)
            close(c->file);
        c->file = next;
    } while (!last);

    struct stat about;
    if (fstat(c->file, &about) == -1)
        return 500;
    if (S_ISDIR(about.st_mode) && !slash)
        return 301; /* the links on its page are relative to a name that ends with a slash */
    c->size = about.st_size;
    c->type = http_type(name);
    return S_ISREG(about.st_mode) ? 200 : 403;
}

/* ---- the answer ---- */

static const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{200, "OK"},
                   {301, "Moved Permanently"},
                   {400, "Bad Request"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {408, "Request Timeout"},
                   {414, "URI Too Long"},
                   {431, "Request Header Fields Too Large"},
                   {501, "Not Implemented"},
                   {505, "HTTP Version Not Supported"}};

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Internal Server Error";
}

/* Puts the header of an answer into `block`. Returns its length. */
static size_t http_header(struct connection *c, int status, const char *type, long long size)
{
    char field[REQUEST_SIZE + 64] = "";

    if (status == 405)
        snprintf(field, sizeof field, "Allow: GET, HEAD\r\n");
    if (status == 301) { /* one slash in front: "//name/" would be another host */
        const char *name = c->target + strspn(c->target, "/");
        snprintf(field, sizeof field, "Location: /%.*s/\r\n", (int)strcspn(name, "?"), name);
    }
    return (size_t)snprintf(c->block, sizeof c->block,
                            "HTTP/1.1 %d %s\r\n%sContent-Type: %s\r\nContent-Length: %lld\r\n"
                            "Connection: close\r\n\r\n",
                            status, http_reason(status), field, type, size);
}

static bool wants_body(const struct connection *c)
{
    return c->method == NULL || strcmp(c->method, "HEAD") != 0;
}

/* Sends the first `size` bytes of `block`. If the client does not take them in time, the alarm ends
 * this process where it stands: nobody but that client misses it. */
static bool http_send_block(const struct connection *c, size_t size)
{
    alarm(c->patience);
    return io_write(c->client, c->block, size) == 0;
}

static void http_send_text(struct connection *c, int status, const char *type, const char *text)
{
    size_t size = http_header(c, status, type, (long long)strlen(text));

    if (wants_body(c))
        size += (size_t)snprintf(c->block + size, sizeof c->block - size, "%s", text);
    http_send_block(c, size);
}

/* Sends the file: as many bytes as the header promises, even if it grows meanwhile. If it shrinks,
 * the connection ends too early, and the client can tell that something is missing. */
static void http_send_file(struct connection *c)
{
    size_t size = http_header(c, 200, c->type, c->size);
    long long left = wants_body(c) ? c->size : 0;
    bool whole;

    do {
        size_t room = sizeof c->block - size;
        if (left < (long long)room)
            room = (size_t)left;
        ssize_t got = io_read(c->file, c->block + size, room);
        whole = got == (ssize_t)room;
        if (got > 0)
            size += (size_t)got;
        whole = http_send_block(c, size) && whole;
        left -= (long long)room;
        size = 0;
    } while (whole && left > 0);
}

/* Ends the answer. Were we to close while something that the client sends is not read yet, it would
 * get a reset, and might lose the answer with it. So we first wait until it hangs up. */
static void http_hang_up(struct connection *c)
{
    shutdown(c->client, SHUT_WR);
    while (http_read(c, c->block, sizeof c->block) > 0)
        ;
}

#endif
