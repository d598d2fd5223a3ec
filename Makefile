# Processes in C. `make help` lists the targets.
#
# One Makefile, not recursive: binaries lie beside their sources, everything else under build/.
# CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are yours: make CC=clang CFLAGS='-g -O0'

CHAPTERS := 01-fork 02-process 03-queue-pipe 04-pool 05-subprocess 06-benchmarks
CFLAGS ?= -O2 -g
STANDARD := -std=c17 -D_POSIX_C_SOURCE=200809L -Ilib
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
COMPILE = $(CC) $(STANDARD) $(WARNINGS) $(CPPFLAGS) $(CFLAGS)
# -z now: calls into the C library are resolved at the start. Otherwise each is when it is first made, and
# what the parent has not called before its fork, every child looks up for itself.
LINK = $(CC) -Wl,-z,now $(CFLAGS) $(LDFLAGS)

PROGRAM_SOURCES := $(wildcard $(CHAPTERS:%=%/*.c))
LIBRARY_SOURCES := $(wildcard lib/*.c)
TEST_SOURCES := $(wildcard lib/test/*.c)
PROGRAMS := $(PROGRAM_SOURCES:.c=)
TESTS := $(TEST_SOURCES:lib/test/%.c=build/test/%)
FUZZ_SOURCES := $(wildcard lib/test/fuzz/*_fuzz.c)
REPLAYS := $(FUZZ_SOURCES:lib/test/fuzz/%.c=build/fuzz/%)
FAULTS := build/test/faults.so
LIBRARY := build/libprocesses.a
OBJECTS := $(patsubst %.c,build/%.o,$(PROGRAM_SOURCES) $(LIBRARY_SOURCES) $(TEST_SOURCES) $(FUZZ_SOURCES) lib/test/fuzz/replay.c)
C_FILES := $(PROGRAM_SOURCES) $(LIBRARY_SOURCES) $(TEST_SOURCES) $(wildcard $(CHAPTERS:%=%/*.h) $(CHAPTERS:%=%/peers/*.[ch]) lib/*.h lib/test/*.h lib/test/fuzz/*.[ch] lib/test/preload/*.c .ci/*.c)
SCRIPTS := .ci/setup .ci/run $(wildcard .ci/*.sh .ci/*.bash lib/test/*.bash $(CHAPTERS:%=%/*.bash) $(CHAPTERS:%=%/peers/*.sh))
BATS_FILES := $(wildcard $(CHAPTERS:%=%/*.bats) lib/*.bats .ci/*.bats)
# Half a minute more: not in `make test`.
LIMITS := .ci/limits.bats

# What is made of ranks also builds with an MPI library, and then lies in build/mpi: `make mpi`. With
# RANKS_MPI there is nothing in ranks_fork.c, without it nothing in ranks_mpi.c.
MPICC ?= mpicc
MPI_COMPILE = $(MPICC) $(STANDARD) -DRANKS_MPI $(WARNINGS) $(CPPFLAGS) $(CFLAGS)
MPI_LINK = $(MPICC) -Wl,-z,now $(CFLAGS) $(LDFLAGS)
MPI_SOURCES := $(wildcard 03-queue-pipe/rank_*.c 06-benchmarks/perfect_ranks.c lib/test/ranks_test.c lib/test/ranks_bench.c)
MPI_PROGRAMS := $(addprefix build/mpi/,$(basename $(notdir $(MPI_SOURCES))))
MPI_OBJECTS := $(patsubst %.c,build/mpi/%.o,$(LIBRARY_SOURCES))

.PHONY: all help run mpi test limits faults stress soak coverage bench bench-quick bench-ipc bench-pool bench-perfect bench-ranks report format lint clean fuzz check sanitize threads valgrind analyze strict musl 32-bit big-endian FORCE
.PHONY: $(CHAPTERS) $(CHAPTERS:%=run-%) $(CHAPTERS:%=test-%) test-lib test-frame
.DELETE_ON_ERROR:
.SECONDARY: $(OBJECTS) $(MPI_OBJECTS) $(MPI_SOURCES:%.c=build/mpi/%.o)

all: $(PROGRAMS) ## build every program (the default)

help: ## list these targets
	@awk -F '## *' '/^[a-z0-9-]+:.*## /{ sub(/:.*/, "", $$1); printf "  make %-15s %s\n", $$1, $$2 }' Makefile
	@echo '  make 04-pool         build a chapter'
	@echo '  make run-04-pool     run a chapter'"'"'s main program'
	@echo '  make test-04-pool    test a chapter (also: test-lib, test-frame)'
	@echo 'Chapters: $(CHAPTERS)'

# A chapter is all its programs; its main program is named after it.
define chapter_rules
$(1): $(patsubst %.c,%,$(wildcard $(1)/*.c))
run-$(1): $(1)
	@sh .ci/run-chapter.sh $(1)
test-$(1): $(1)
	@bash .ci/test.sh $(wildcard $(1)/*.bats)
endef
$(foreach chapter,$(CHAPTERS),$(eval $(call chapter_rules,$(chapter))))

run: all ## run the six chapters in order, as in the document
	@for chapter in $(CHAPTERS); do sh .ci/run-chapter.sh $$chapter || exit; done

mpi: $(MPI_PROGRAMS) ## build what is made of ranks with an MPI library, for mpirun (MPICC=mpicc)

# The tests run with MPI what there is, and skip it where no MPI is installed.
TEST_MPI := $(if $(shell command -v $(MPICC) 2>/dev/null),mpi)

test: ## run every test (gets bats first, if it is missing)
	@$(MAKE) -s $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j2) all $(TESTS) $(FAULTS) $(REPLAYS) $(TEST_MPI)
	@bash .ci/test.sh $(filter-out $(LIMITS),$(BATS_FILES))

test-lib: all $(TESTS) $(FAULTS) $(REPLAYS) $(TEST_MPI)
	@bash .ci/test.sh $(wildcard lib/*.bats)

test-frame: all
	@bash .ci/test.sh $(filter-out $(LIMITS),$(wildcard .ci/*.bats))

limits: all ## run every program with little memory, few descriptors, a full disk, closed streams ...
	@bash .ci/test.sh $(LIMITS)

faults: all $(TESTS) $(FAULTS) ## make one call after the other fail, in programs and the tests of lib, for ten minutes
	@build/test/faults -v lib/test/faults.txt

stress: $(TESTS) ## kill processes at random moments, for two minutes (STRESS=5: five times as many)
	@bash .ci/stress.sh $(STRESS)

soak: $(TESTS) ## all of that at once, again and again, for ten minutes (SOAK=60: for so many seconds)
	@bash .ci/soak.sh $(SOAK)

coverage: ## which lines and branches of lib the tests reach; the others must be explained (clang, llvm)
	@bash .ci/coverage.sh

check: strict analyze sanitize threads valgrind musl 32-bit big-endian ## all of the following

sanitize: ## run tests built with AddressSanitizer and UndefinedBehaviorSanitizer, by gcc and by clang
	@bash .ci/check.sh sanitize-gcc
	@bash .ci/check.sh sanitize-clang

threads: ## run what has threads under ThreadSanitizer
	@bash .ci/check.sh threads

valgrind: ## run the programs under valgrind: no invalid access, no leak, no descriptor left open
	@bash .ci/check.sh valgrind

analyze: ## look at every C file with gcc -fanalyzer
	@bash .ci/check.sh analyze

strict: ## compile every C file where POSIX.1-2008 is all there is
	@bash .ci/check.sh strict

musl: ## run tests with musl-gcc
	@bash .ci/check.sh musl

32-bit: ## run tests with gcc -m32
	@bash .ci/check.sh 32-bit

big-endian: ## run what takes bytes apart on an emulated IBM Z (needs qemu-user)
	@bash .ci/check.sh big-endian

fuzz: ## look for inputs that break what parses, for a minute (FUZZ_SECONDS=600; needs clang)
	@bash .ci/fuzz.sh

bench: all build/test/ipc_bench build/test/pool_bench build/test/ranks_bench $(TEST_MPI) ## measure everything beside its peers, in five minutes at most
	@CC='$(CC)' bash .ci/bench.sh

bench-quick: all build/test/ipc_bench build/test/pool_bench build/test/ranks_bench $(TEST_MPI) ## the same with less of each, in a minute
	@CC='$(CC)' bash .ci/bench.sh -q

bench-ipc: build/test/ipc_bench ## only queue, conn and process beside the bare calls and Python
	@bash .ci/bench-ipc.sh

bench-pool: build/test/pool_bench ## only pool and subprocess beside OpenMP, posix_spawn and Python
	@CC='$(CC)' bash .ci/bench-pool.sh

bench-perfect: 06-benchmarks/benchmark ## only the two tasks beside OpenMP, Python, xargs and GNU parallel
	@CC='$(CC)' bash .ci/bench-perfect.sh

bench-ranks: 06-benchmarks/perfect_ranks build/test/ranks_bench $(TEST_MPI) ## only ranks, forked beside an MPI
	@bash .ci/bench-ranks.sh

report: ## draw what the last bench has measured: build/report.html (needs gnuplot)
	@bash .ci/report.sh

format: ## lay out the C sources with clang-format
	clang-format -i $(C_FILES)

lint: ## check layout, C sources and scripts: clang-format, clang-tidy, cppcheck, shellcheck
	@bash .ci/lint.sh "$(STANDARD)" $(C_FILES) -- $(SCRIPTS) $(BATS_FILES)

clean: ## remove everything that was built
	rm -rf build
	rm -f $(PROGRAMS)

$(PROGRAMS): %: build/%.o $(LIBRARY)
	$(LINK) -o $@ $< $(LIBRARY) $(LDLIBS) -pthread

$(TESTS): build/test/%: build/lib/test/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(LINK) -o $@ $< $(LIBRARY) $(LDLIBS) -pthread

$(REPLAYS): build/fuzz/%: build/lib/test/fuzz/%.o build/lib/test/fuzz/replay.o $(LIBRARY)
	@mkdir -p $(@D)
	$(LINK) -o $@ $(filter %.o,$^) $(LIBRARY) $(LDLIBS) -pthread

# To be preloaded, so that calls fail: `make faults`.
$(FAULTS): lib/test/preload/faults.c lib/test/faults.h build/flags
	@mkdir -p $(@D)
	$(COMPILE) -fPIC -shared -o $@ $<

$(LIBRARY): $(LIBRARY_SOURCES:%.c=build/%.o)
	@rm -f $@ # else a module that is gone would stay in it
	$(AR) rcs $@ $^

build/%.o: %.c build/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# Holds the compiler and its flags. Written only when they are others than the last time, so that then
# everything is built again.
FLAGS := $(COMPILE) -- $(LINK) $(LDLIBS)
ifneq ($(strip $(FLAGS)),$(strip $(shell cat build/flags 2>/dev/null)))
build/flags: FORCE
endif
build/flags: export FLAGS := $(FLAGS)
build/flags:
	@mkdir -p build
	@printf '%s\n' "$$FLAGS" >$@

define mpi_rule
build/mpi/$(basename $(notdir $(1))): build/mpi/$(1:.c=.o) $(MPI_OBJECTS)
	$$(MPI_LINK) -o $$@ $$^ $$(LDLIBS) -pthread
endef
$(foreach source,$(MPI_SOURCES),$(eval $(call mpi_rule,$(source))))

build/mpi/%.o: %.c build/mpi/flags
	@mkdir -p $(@D)
	$(MPI_COMPILE) -MMD -MP -c -o $@ $<

MPI_FLAGS := $(MPI_COMPILE) -- $(MPI_LINK) $(LDLIBS)
ifneq ($(strip $(MPI_FLAGS)),$(strip $(shell cat build/mpi/flags 2>/dev/null)))
build/mpi/flags: FORCE
endif
build/mpi/flags: export FLAGS := $(MPI_FLAGS)
build/mpi/flags:
	@command -v $(firstword $(MPICC)) >/dev/null || { \
	    echo 'mpi: there is no $(firstword $(MPICC)) here. In Debian and Ubuntu it is in the package mpich' >&2; \
	    echo '     (or libopenmpi-dev, with openmpi-bin): apt-get install mpich' >&2; exit 1; }
	@mkdir -p build/mpi
	@printf '%s\n' "$$FLAGS" >$@

-include $(OBJECTS:.o=.d) $(MPI_OBJECTS:.o=.d) $(MPI_SOURCES:%.c=build/mpi/%.d)
