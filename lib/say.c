#include "say.h"

#include "beyond.h"
#include "io.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int first_error; /* 0 as long as every line went out; threads may say things, too */

static int failed(void)
{
    int none = 0;

    atomic_compare_exchange_strong(&first_error, &none, errno);
    return -1;
}

static int is_colourful(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

int say(const char *format, ...)
{
    const char *after = "\n";
    char before[16] = "";
    va_list arguments;

    if (is_colourful()) { /* six colours, 31 to 36: pids that follow each other differ */
        snprintf(before, sizeof before, "\033[%dm", 31 + (int)(getpid() % 6));
        after = "\033[0m\n";
    }
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return failed();

    size_t start = strlen(before), end = start + (size_t)length, size = end + strlen(after);
    char *line = malloc(size + 1); /* the NUL is not written */
    if (line == NULL)
        return failed();
    memcpy(line, before, start + 1);
    va_start(arguments, format);
    vsnprintf(line + start, (size_t)length + 1, format, arguments);
    va_end(arguments);
    memcpy(line + end, after, size - end + 1);

    int result = 0;
    if (fflush(stdout) == EOF || io_write(STDOUT_FILENO, line, size) == -1)
        result = failed();
    free(line);
    return result;
}

void say_start(void)
{
    first_error = 0;
    if (ferror(stdout)) /* only then: what a child writes to, the kernel must copy for it */
        clearerr(stdout);
}

int say_end(void)
{
    /* Not fflush in any case: it writes to memory also when there is nothing to flush. */
    if (beyond_has_unwritten(stdout) && fflush(stdout) == EOF)
        failed();
    else if (ferror(stdout) && first_error == 0)
        first_error = EIO; /* an earlier printf failed, and its errno is gone */
    errno = first_error;
    return first_error == 0 ? 0 : -1;
}
