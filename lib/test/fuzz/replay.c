/* replay: gives files to a fuzz target, without libFuzzer: any compiler, any machine. Besides each
 * file as it is, each beginning of it, and it with each single byte altered: that finds most of
 * what a change can break, in a moment, and the same things every time. Prints the number of
 * inputs.
 */
#include "fuzz.h"

#include <signal.h>
#include <unistd.h>

enum { LONGEST = 1 << 16, ALTERED = 256 }; /* bytes; those in front, of a longer file */

static char which[1000]; /* "replay: FILE\n" */

/* For whoever has to mend it. */
static void say_which(int signal_number)
{
    (void)!write(STDERR_FILENO, which, strlen(which));
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* Returns the number of inputs made of that file. */
static long replay(const char *name)
{
    static uint8_t bytes[LONGEST];
    FILE *file = fopen(name, "rb");

    if (file == NULL) {
        perror(name);
        exit(EXIT_FAILURE);
    }
    snprintf(which, sizeof which, "replay: %s, the beginning of it, or one byte altered\n", name);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, size);
    long inputs = 1;
    size_t most = size;
    if (most > ALTERED)
        most = ALTERED;
    for (size_t length = 0; length < most; length++, inputs++)
        LLVMFuzzerTestOneInput(bytes, length);
    for (size_t i = 0; i < most; i++) {
        static const uint8_t others[] = {0x01, 0x80, 0xff};
        for (size_t k = 0; k < sizeof others; k++, inputs++) {
            bytes[i] ^= others[k];
            LLVMFuzzerTestOneInput(bytes, size);
            bytes[i] ^= others[k];
        }
    }
    return inputs;
}

int main(int argc, char **argv)
{
    long inputs = 0;

    signal(SIGABRT, say_which);
    signal(SIGSEGV, say_which);
    for (int i = 1; i < argc; i++)
        inputs += replay(argv[i]);
    printf("%d files, %ld inputs\n", argc - 1, inputs);
    return argc > 1 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
