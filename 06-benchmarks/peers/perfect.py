"""benchmark's two tasks by Python, in the ways that its users take.

usage: perfect.py N WORKERS MODE [SECONDS]

The perfect numbers from 1 to N, by as many divisions as the document's; with SECONDS, instead of
that, N tasks that sleep so long. The last line is how many seconds it took, without the start and
the end of this interpreter. The modes:
  mono        one after the other, here
  multi       a multiprocessing.Process for each task, all started before the first is joined
  pool        a multiprocessing.Pool of WORKERS, and apply_async for each task
  futures     a concurrent.futures.ProcessPoolExecutor of WORKERS, and submit for each task
  subprocess  WORKERS programs (this one) at a time, by subprocess.run, each for a fourth of a
              worker's share: a program costs too much for one number
"""
import argparse
import concurrent.futures
import functools
import multiprocessing
import multiprocessing.pool
import subprocess
import sys
import time


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()  # one write for the line: no other process comes between


def perfect_task(number):
    sum_of_divisors = 0
    for i in range(1, number):
        if number % i == 0:
            sum_of_divisors += i
    if sum_of_divisors == number:
        say(f"{number} is a Perfect number")


def sleep_task(seconds, number):
    say(f"Starting task: {number}")
    time.sleep(seconds)
    say(f"Ending task: {number}")


def mono(task, numbers, _workers):
    for number in numbers:
        task(number)


def multi(task, numbers, _workers):
    processes = []
    for number in numbers:
        processes.append(multiprocessing.Process(target=task, args=(number,)))
        processes[-1].start()
    for process in processes:
        process.join()
    if any(process.exitcode != 0 for process in processes):
        sys.exit("perfect.py: a process has failed")


def pool(task, numbers, workers):
    with multiprocessing.Pool(workers) as processes:
        results = [processes.apply_async(task, (number,)) for number in numbers]
        for result in results:
            result.get()
        processes.close()
        processes.join()


def futures(task, numbers, workers):
    with concurrent.futures.ProcessPoolExecutor(workers) as executor:
        results = [executor.submit(task, number) for number in numbers]
        for result in results:
            result.result()


def programs(_task, numbers, workers):
    size = len(numbers) // (4 * workers) + 1
    parts = [numbers[i:i + size] for i in range(0, len(numbers), size)]
    parts.reverse()  # the longest first: else the last one would work alone at the end

    def run(part):
        options = ["--first", str(part[0]), str(part[-1]), "1", "mono"]
        subprocess.run([sys.executable, __file__, *options, *sys.argv[4:]], check=True)

    with multiprocessing.pool.ThreadPool(workers) as threads:  # each waits for its program
        threads.map(run, parts, 1)


MODES = {"mono": mono, "multi": multi, "pool": pool, "futures": futures, "subprocess": programs}


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def main():
    parser = argparse.ArgumentParser(usage="perfect.py N WORKERS MODE [SECONDS]")
    parser.add_argument("n", metavar="N", type=positive)
    parser.add_argument("workers", metavar="WORKERS", type=positive)
    parser.add_argument("mode", metavar="MODE", choices=MODES)
    parser.add_argument("seconds", metavar="SECONDS", type=float, nargs="?")
    # What the mode subprocess runs: it begins there, and does not print the seconds.
    parser.add_argument("--first", type=positive, help=argparse.SUPPRESS)
    options = parser.parse_args()

    task = perfect_task
    if options.seconds is not None:
        task = functools.partial(sleep_task, options.seconds)
    numbers = range(options.first or 1, options.n + 1)
    multiprocessing.set_start_method("fork")  # whatever this Python's default
    start = time.monotonic()
    MODES[options.mode](task, numbers, options.workers)
    if options.first is None:
        say(f"{time.monotonic() - start:.6f}")


if __name__ == "__main__":
    main()
