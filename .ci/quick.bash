# shellcheck shell=bash
# A short run of every program, one a line: PROGRAM ARGUMENT... For tests of what must hold for all of them:
# load quick. FILE is a small file, DIRECTORY does not exist yet, LIST names a page that is not there. In
# front of a program whose lines vary from run to run, even masked and sorted, stands a ~, and in front of
# one that fails in a short run, as it should, a !.
quick_runs() {
    cat <<'END'
01-fork/fork
~ 01-fork/load -t 1000 2
~ 01-fork/memory
01-fork/random
01-fork/return_data
01-fork/skeleton 2 a b c
01-fork/wait_status
02-process/alive
02-process/background
02-process/cpus
02-process/exit_codes
02-process/halves
02-process/join_timeout
02-process/kill
02-process/naming
02-process/pids
02-process/process
02-process/spawn
02-process/square
02-process/square -p
02-process/start_methods
02-process/start_methods -b
02-process/subclass
~ 03-queue-pipe/barrier
03-queue-pipe/event
03-queue-pipe/lock
~ 03-queue-pipe/log
03-queue-pipe/manager
03-queue-pipe/marshal
03-queue-pipe/pipe_chain
03-queue-pipe/pipe_square
~ 03-queue-pipe/producer_consumer -p 2 -c 2 -n 2
~ 03-queue-pipe/queue
03-queue-pipe/queue_square
03-queue-pipe/rank_alltoall
03-queue-pipe/rank_broadcast
03-queue-pipe/rank_deadlock
! 03-queue-pipe/rank_deadlock -b
03-queue-pipe/rank_gather
03-queue-pipe/rank_grid
03-queue-pipe/rank_hello
03-queue-pipe/rank_reduce
03-queue-pipe/rank_scatter
03-queue-pipe/rank_send
~ 03-queue-pipe/socket
04-pool/apply_async
04-pool/count_files 2 FILE FILE
04-pool/crash
04-pool/digits -g DIRECTORY -n 3 -l 5
04-pool/imap
~ 04-pool/load -n 1000 2
04-pool/map -p
~ 04-pool/pool
05-subprocess/call echo hello
05-subprocess/communicate -i text cat
! 05-subprocess/fetch_urls -w 2 LIST
05-subprocess/pipeline echo hello -- cat
05-subprocess/timeout 20 echo hello
~ 06-benchmarks/benchmark -q -n 20
~ 06-benchmarks/ipc_cost -w sem_t -q -r 1
~ 06-benchmarks/perfect_ranks -l 999
~ 06-benchmarks/pool_cost -q -r 1 -n 10
~ 06-benchmarks/spawn_cost -q -r 1 -m 0
END
}
# Left out: 01-fork/http_server, which serves until it is stopped; its own tests do that.
