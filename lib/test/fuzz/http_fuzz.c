/* http_fuzz: requests, from the first byte that is received to the file that is opened and the
 * answer's header. Whatever the request, the file is one of those below the directory, and no byte
 * of the client's begins a line of its own in the answer. */
#include "fuzz.h"

#include "../../../01-fork/http.h"

#include <regex.h>
#include <strings.h>

static char top[] = "/tmp/http_fuzz-XXXXXX";
static int above, directory;
static regex_t request_line, target_line;

static void make_file(int where, const char *name)
{
    int file = openat(where, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

    CHECK(file != -1 && write(file, name, strlen(name)) > 0);
    close(file);
}

static void remove_all(void)
{
    static const char *const names[] = {"index.html", "a.txt", "up",
                                        "link",       "fifo",  "d/index.html"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlinkat(directory, names[i], 0);
    unlinkat(directory, "d", AT_REMOVEDIR);
    unlinkat(above, "secret", 0);
    unlinkat(above, "DIR", AT_REMOVEDIR);
    rmdir(top);
    close(directory);
    close(above);
}

/* DIR in the directory is what is served; beside it and in it are ways out. */
static void make_tree(void)
{
    CHECK(mkdtemp(top) != NULL && atexit(remove_all) == 0);
    above = open(top, O_RDONLY);
    CHECK(above != -1 && mkdirat(above, "DIR", 0700) == 0);
    directory = openat(above, "DIR", O_RDONLY);
    CHECK(directory != -1 && mkdirat(directory, "d", 0700) == 0);
    make_file(above, "secret");
    make_file(directory, "index.html");
    make_file(directory, "a.txt");
    make_file(directory, "d/index.html");
    CHECK(symlinkat("..", directory, "up") == 0);
    CHECK(symlinkat("../secret", directory, "link") == 0);
    CHECK(mkfifoat(directory, "fifo", 0600) == 0);
    /* What http_parse takes apart by hand, in another language. */
    CHECK(regcomp(&request_line, "^[A-Z]+ [!-~]+ HTTP/[0-9][.][0-9](\r|\n|$)", REG_EXTENDED) == 0);
    CHECK(regcomp(&target_line, "^/([^%?]|%[0-9A-Fa-f][0-9A-Fa-f])*([?]|$)", REG_EXTENDED) == 0);
}

/* Decodes the other way: each byte of the path must be in the target as it is, or as %41. */
static int is_decoded(const char *path, const char *target)
{
    for (; *path != '\0'; path++) {
        char coded[4];
        snprintf(coded, sizeof coded, "%%%02X", (unsigned)(unsigned char)*path);
        if (*target == '%' ? strncasecmp(target, coded, 3) != 0 : *target != *path)
            return 0;
        target += *target == '%' ? 3 : 1;
    }
    return *target == '\0' || *target == '?';
}

static void check_parse(struct connection *c, const char *line, int status)
{
    int whole = regexec(&request_line, line, 0, NULL, 0) == 0;

    CHECK(status == 200 || status == 400 || status == 405 || status == 501 || status == 505);
    CHECK(whole || status == 400);
    CHECK((status == 400) || (c->method != NULL && c->target != NULL));
    if (status == 200) {
        CHECK(strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0);
        CHECK(regexec(&target_line, c->target, 0, NULL, 0) == 0);
        CHECK(is_decoded(c->path, c->target));
    } else if (whole && status == 400) { /* then it is the target that is refused */
        CHECK(strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0);
        CHECK(regexec(&target_line, c->target, 0, NULL, 0) != 0 || strstr(c->target, "%00"));
    }
}

/* One of the three, or the directories; and nothing that a link leads to. */
static void check_open(const struct connection *c, int status)
{
    static const char *const allowed[] = {"index.html", "a.txt", "d/index.html", "d", "."};
    struct stat one, other;

    CHECK(status == 200 || status == 301 || status == 403 || status == 404);
    if (status != 200 && status != 301)
        return;
    int found = -1;
    CHECK(fstat(c->file, &one) == 0);
    for (int i = 0; i < 5; i++)
        if (fstatat(directory, allowed[i], &other, AT_SYMLINK_NOFOLLOW) == 0 &&
            one.st_dev == other.st_dev && one.st_ino == other.st_ino)
            found = i;
    CHECK(status == 200 ? found >= 0 && found <= 2 : found >= 3);
    CHECK(status != 200 || c->size == one.st_size);
}

/* Lines with an end of their own and printable characters, the last one empty. */
static void check_header(struct connection *c, int status)
{
    size_t size = http_header(c, status, "text/html; charset=utf-8", 17);
    char number[16];
    int lines = 0;

    CHECK(size < sizeof c->block && strlen(c->block) == size);
    snprintf(number, sizeof number, "HTTP/1.1 %d ", status);
    CHECK(strncmp(c->block, number, strlen(number)) == 0);
    for (const char *line = c->block; *line != '\0'; lines++) {
        size_t length = strcspn(line, "\r");
        for (size_t i = 0; i < length; i++)
            CHECK(isprint((unsigned char)line[i]));
        CHECK(strncmp(line + length, "\r\n", 2) == 0);
        CHECK(strncmp(line, "Location: /", 11) != 0 || line[11] != '/');
        line += length + 2;
        CHECK((length == 0) == (*line == '\0'));
    }
    CHECK(lines == 5 + (status == 405 || status == 301));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct connection c;
    int ends[2];

    (void)http_send_text, (void)http_send_file, (void)http_hang_up; /* take nothing apart */
    if (directory == 0)
        make_tree();
    if (size > REQUEST_SIZE + 100) /* a pipe must hold it, since nobody else reads */
        size = REQUEST_SIZE + 100;
    CHECK(pipe(ends) == 0);
    CHECK(io_write(ends[1], data, size) == 0 && close(ends[1]) == 0);
    memset(&c, 0, offsetof(struct connection, block));
    c.client = ends[0];
    c.deadline = seconds_now() + 100;

    int status = http_receive(&c);
    CHECK(status == -1 ? size == 0
                       : status == 200 || status == 400 || status == 414 || status == 431);
    if (status == 200) {
        char *line = text_of((const uint8_t *)c.text, strlen(c.text));
        status = http_parse(&c);
        check_parse(&c, line, status);
        free(line);
    }
    if (status == 200) {
        status = http_open(&c, directory);
        check_open(&c, status);
        if (c.file != directory)
            close(c.file);
    }
    if (status != -1)
        check_header(&c, status);
    close(ends[0]);
    return 0;
}
