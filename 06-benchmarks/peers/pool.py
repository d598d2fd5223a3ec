"""The Python side of `make bench-pool`: one measurement, as lib/test/pool_bench.c makes it.

usage: pool.py map|imap|unordered|maps|async|trips|pools|run TIMES SIZE
"""
import statistics
import subprocess
import sys
import time
from multiprocessing import Pool, set_start_method

WORKERS = 2


def add_one(number):
    return number + 1


def post_then_get(pool, count):
    tasks = [pool.apply_async(add_one, (i,)) for i in range(count)]
    return [task.get() for task in tasks]


WAYS = {
    "map": lambda pool, count: pool.map(add_one, range(count), chunksize=1),
    "imap": lambda pool, count: list(pool.imap(add_one, range(count), chunksize=1)),
    "unordered": lambda pool, count: list(pool.imap_unordered(add_one, range(count), chunksize=1)),
    "maps": lambda pool, count: pool.map(add_one, range(count), chunksize=1),
    "async": post_then_get,
    "trips": lambda pool, count: [pool.apply_async(add_one, (i,)).get() for i in range(count)],
}


def measure_tasks(do_all, count, times):
    seconds = 0
    pool = Pool(WORKERS)
    for i in range(times + 1):
        start = time.monotonic()
        results = do_all(pool, count)
        if i > 0:  # the first one warms the pool up
            seconds += time.monotonic() - start
        if sorted(results) != list(range(1, count + 1)):
            sys.exit("pool.py: a result is wrong")
    pool.close()
    pool.join()
    return seconds / times


def measure_pools(workers, times):
    start = time.monotonic()
    for _ in range(times):
        pool = Pool(workers)
        pool.close()
        pool.join()
    return (time.monotonic() - start) / times


def measure_runs(megabytes, times):
    memory = bytearray(b"x") * (megabytes << 20)
    seconds = []
    for _ in range(times):
        start = time.monotonic()
        subprocess.run(["true"], check=True)
        seconds.append(time.monotonic() - start)
    assert memory[-1:] == b"x"
    return statistics.median(seconds)  # as pool_bench


def main():
    what, times, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    set_start_method("fork")
    if what == "pools":
        seconds = measure_pools(count, times)
    elif what == "run":
        seconds = measure_runs(count, times)
    elif what == "maps":
        seconds = measure_tasks(WAYS[what], count, times)
    else:
        seconds = measure_tasks(WAYS[what], count, times) / count
    print(f"{seconds:.9g}")


if __name__ == "__main__":
    main()
