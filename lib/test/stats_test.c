/* stats_test SAMPLE...: what lib/stats.c says of these samples (after "--", as they may be
 * negative): the median, the least and the most; then the samples, as it has left them. */
#include "stats.h"

#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 1000 };

int main(int argc, char **argv)
{
    double samples[MOST];

    while (cli_option(argc, argv, "", "usage: stats_test -- SAMPLE...\n") != -1)
        ;
    cli_operands(argc, argv, 1, MOST);
    size_t count = (size_t)(argc - optind);
    for (size_t i = 0; i < count; i++)
        samples[i] = strtod(argv[optind + (int)i], NULL);
    struct stats stats = stats_of(samples, count);
    printf("%.17g %.17g %.17g:", stats.median, stats.least, stats.most);
    for (size_t i = 0; i < count; i++)
        printf(" %.17g", samples[i]);
    printf("\n");
    return cli_end(EXIT_SUCCESS);
}
