/* fetch_urls: the titles of many pages, one after the other or several at a time.
 *
 * usage: fetch_urls [-w WORKERS] [-n LIMIT] [-t SECONDS] FILE
 *   -w WORKERS   so many pages at a time (default 1: without a pool; up to 100)
 *   -n LIMIT     the first so many URLs only
 *   -t SECONDS   how long one page may take (default 20, up to 3600). Not a pause: TIME_SCALE does
 *                not change it.
 *   FILE         a URL on each line (none on empty ones, and on those that begin with #); or XML
 *                with URLs in <loc> elements, such as a sitemap; -: standard input
 *
 * Notice: with -w 5 the lines are the same, in the same order, and come sooner, on a single
 * processor, too: for most of its time a fetch waits. A page that fails costs itself and nothing
 * else. (A page without a title is no failure.)
 */
#include "beyond.h"
#include "cli.h"
#include "html.h"
#include "pool.h"
#include "subprocess.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char usage[] =
    "usage: fetch_urls [-w WORKERS] [-n LIMIT] [-t SECONDS] FILE\n"
    "  Fetches the pages of the URLs in FILE with curl, and prints their titles.\n"
    "  -w WORKERS   so many pages at a time (default 1; up to 100)\n"
    "  -n LIMIT     the first so many URLs only\n"
    "  -t SECONDS   how long one page may take (default 20, up to 3600)\n"
    "  FILE         a URL on each line (# begins a comment), or a sitemap; -: standard input\n"
    "  The exit status is 1 if a page has failed, and 127 if there is no curl.\n";

static char seconds[8] = "20"; /* for a page, as curl is told */
static pid_t parent;           /* of the workers */

/* What a fetch brings back. */
struct page {
    bool failed;
    char line[204]; /* the title, or the reason: up to 200 bytes of it */
};

/* The title; or the reason why there is none, which is curl's own, as far as it gives one. */
static void fill(struct page *page, const struct subprocess *curl)
{
    const struct subprocess_text *output = &curl->output_text, *message = &curl->error_text;
    int code = curl->process.exit_code;
    size_t size;

    page->failed = code != 0;
    if (code != 0 && message->size > 0) {
        line_make(page->line, sizeof page->line, message->data, strcspn(message->data, "\n"));
    } else if (code != 0) {
        snprintf(page->line, sizeof page->line, "curl: exit code %d", code);
    } else if (output->size > 0) {
        char *title = element_find(output->data, output->data + output->size, "title", &size);
        if (title != NULL)
            line_make(page->line, sizeof page->line, title, entities_decode(title, size));
    }
}

/* The argument is a pointer to the URL: good in a worker, too, which is a fork of this process, and
 * has the URLs at the same addresses. */
static int fetch(const void *argument, void *result)
{
    char *url = *(char *const *)argument;
    struct page *page = result;
    /* --disable: whatever ~/.curlrc says. --globoff: {} and [] in a URL are letters like any other.
     * --proto: no redirection leads to, say, file:///etc/passwd. --limit-rate: of a page without an
     * end, 20 MB come in a second; so 400 MB in the 20 s that it has without -t. */
    char *words[] = {
        "curl",       "--disable",    "--silent", "--show-error", "--fail",      "--globoff",
        "--location", "--max-redirs", "5",        "--proto",      "=http,https", "--max-time",
        seconds,      "--limit-rate", "20M",      "--url",        url,           NULL};
    struct subprocess curl = {.argv = words,
                              .input = {.kind = SUBPROCESS_NULL},
                              .output = {.kind = SUBPROCESS_PIPE},
                              .error = {.kind = SUBPROCESS_PIPE},
                              .group = true};

    page->failed = true;
    /* Anything else could be an option of curl's, or a file. */
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        snprintf(page->line, sizeof page->line, "neither http:// nor https://");
    else if (subprocess_run(&curl, strtod(seconds, NULL) + 5) == -1) /* it keeps time itself */
        snprintf(page->line, sizeof page->line, "curl: %s", strerror(errno));
    else
        fill(page, &curl);
    subprocess_close(&curl);
    return 0;
}

/* Prints what has become of a page. Says whether that is well. */
static bool show(const char *url, const struct page *page, const struct task_result *result)
{
    char line[404], reason[128];

    line_make(line, sizeof line, url, strlen(url));
    if (result->error != 0)
        complain("%s: %s", line, pool_failure(result, reason, sizeof reason));
    else if (page->failed)
        complain("%s: %s", line, page->line);
    else
        say("%s: %s", line, *page->line == '\0' ? "(no title)" : page->line);
    return result->error == 0 && !page->failed;
}

/* In each worker. When the parent is gone, the kernel is to send SIGTERM instead of SIGKILL: then
 * subprocess_run ends curl first, and the worker after that. But not if we were started with that
 * signal ignored or blocked; so it is neither, here. */
static int end_gently(void *unused)
{
    sigset_t term;

    (void)unused;
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_UNBLOCK, &term, NULL);
    return beyond_end_with_parent(parent, SIGTERM) == -1 && errno != ENOSYS ? errno : 0;
}

/* Fetches them all, and prints what has become of each, in their order. Returns the exit status. */
static int fetch_all(char **urls, size_t count, int workers)
{
    struct page *pages = calloc(count + 1, sizeof *pages); /* + 1: for 0 bytes it may give NULL */
    struct task_result *results = calloc(count + 1, sizeof *results);
    if (pages == NULL || results == NULL)
        die("make room for %zu pages", count);
    for (size_t i = 0; i < count; i++)
        results[i].value = &pages[i];

    double start = seconds_now();
    struct pool_options options = {.workers = workers,
                                   .argument_size = sizeof *urls,
                                   .result_size = sizeof *pages,
                                   .worker.initializer = end_gently};
    struct pool_imap map = {
        .function = fetch, .arguments = urls, .count = count, .results = results};
    parent = getpid();
    struct pool *pool = workers == 1 ? NULL : pool_open(&options);
    if (workers > 1 && pool == NULL)
        die("open a pool of %d workers", workers);
    bool well = true;
    for (size_t i = 0; i < count; i++) {
        if (pool == NULL)
            fetch(&urls[i], &pages[i]);
        else if (pool_imap_next(pool, &map, FOREVER) == -1)
            die("wait for page %zu", i);
        well = show(urls[i], &pages[i], &results[i]) && well;
    }
    if (pool != NULL && pool_join(pool) == -1)
        die("join the pool");
    say("Elapsed time: %.2f for %zu pages.", seconds_now() - start, count);
    free(results);
    free(pages);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Returns 0; or, with a message, the exit status: there is no curl. */
static int look_for_curl(void)
{
    struct subprocess curl = {.argv = (char *[]){"curl", "--version", NULL},
                              .input = {.kind = SUBPROCESS_NULL},
                              .output = {.kind = SUBPROCESS_NULL},
                              .error = {.kind = SUBPROCESS_NULL}};
    int error = subprocess_run(&curl, 20) == -1 ? errno : 0;

    subprocess_close(&curl);
    if (error == 0)
        return EXIT_SUCCESS;
    complain("curl: %s", strerror(error));
    return subprocess_exec_code(error);
}

int main(int argc, char **argv)
{
    long workers = 1, limit = LONG_MAX;
    for (int option; (option = cli_option(argc, argv, "w:n:t:", usage)) != -1;) {
        if (option == 'w')
            workers = cli_number("-w", optarg, 1, 100);
        else if (option == 'n')
            limit = cli_number("-n", optarg, 1, LONG_MAX);
        else
            snprintf(seconds, sizeof seconds, "%ld", cli_number("-t", optarg, 1, 3600));
    }
    cli_operands(argc, argv, 1, 1);

    size_t size;
    char *text = text_read(argv[optind], &size);
    char **urls = calloc(size / 2 + 1, sizeof *urls);
    if (urls == NULL)
        die("make room for the URLs in '%s'", argv[optind]);
    size_t count = urls_find(text, size, urls);
    if (count > (size_t)limit)
        count = (size_t)limit;
    int status = look_for_curl();
    if (status == EXIT_SUCCESS)
        status = fetch_all(urls, count, (int)workers);
    free(urls);
    free(text);
    return cli_end(status);
}
