/* coverage_start: is linked into what coverage.sh builds. Clang's counters are mapped before
 * anything else is done, before even a preloaded library has begun: where that one makes calls fail
 * (lib/test/preload), it is to be the program's that do, and not those which map the counters. */
extern char **environ;

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): clang's names for them */
int __llvm_profile_initialize(void);
int __llvm_profile_runtime; /* it is here: so clang's own, later start is left out */
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void start(int argc, char **argv, char **environment)
{
    (void)argc, (void)argv;
    environ = environment;
    __llvm_profile_initialize();
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **,
                                                                            char **) = start;
