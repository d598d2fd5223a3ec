/* What the C programs among the peers need, instead of the library: numbers on the command line. */
#ifndef PEER_H
#define PEER_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The whole number from 1 to `most` that `text` is, or wrong usage. */
static inline uint32_t number_in(const char *text, long most, const char *usage)
{
    char *end = NULL;
    errno = 0;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0' || errno != 0 || number < 1 || number > most) {
        fprintf(stderr, "%s: expected a whole number from 1 to %ld; %s\n", text, most, usage);
        exit(2);
    }
    return (uint32_t)number;
}

static inline int end_of_output(void)
{
    int failed = ferror(stdout);
    if (fclose(stdout) == 0 && !failed)
        return EXIT_SUCCESS;
    perror("write standard output");
    return EXIT_FAILURE;
}

#endif
