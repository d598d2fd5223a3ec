/* perfect_range: the perfect numbers from FIRST to LAST, as benchmark's brute kernel finds them: a
 * program for xargs and GNU parallel, which know only programs.
 *
 * usage: perfect_range FIRST LAST
 */
#include "../kernels.h"
#include "peer.h"

static const char usage[] = "usage: perfect_range FIRST LAST";

int main(int argc, char **argv)
{
    uint64_t divisions = 0;

    if (argc != 3) {
        fprintf(stderr, "%s\n", usage);
        return 2;
    }
    uint32_t first = number_in(argv[1], 1000000, usage), last = number_in(argv[2], 1000000, usage);
    for (uint32_t n = first; n <= last; n++)
        if (brute(n, &divisions) == n)
            printf("%u is a Perfect number\n", (unsigned)n);
    return end_of_output();
}
