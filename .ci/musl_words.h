/* The tests compare messages word by word, and the words of an error are the C library's own: with
 * this, musl's are glibc's. For .ci/check.sh musl only. */
#include <errno.h>
#include <string.h>

static inline const char *words_of(int error)
{
    switch (error) {
    case EADDRINUSE:
        return "Address already in use";
    case EDOM:
        return "Numerical argument out of domain";
    case EILSEQ:
        return "Invalid or incomplete multibyte or wide character";
    case EIO:
        return "Input/output error";
    case EMFILE:
        return "Too many open files";
    case ETIMEDOUT:
        return "Connection timed out";
    default:
        return strerror(error);
    }
}

#define strerror words_of
