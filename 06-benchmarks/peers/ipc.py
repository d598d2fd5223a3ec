"""The Python side of `make bench-ipc`: one measurement, as lib/test/ipc_bench.c makes it.

usage: ipc.py queue COUNT PUTTERS GETTERS | pipe COUNT | process COUNT
"""
import sys
import time
from multiprocessing import Pipe, Process, Queue, set_start_method

ITEM = b"x" * 64


def put_items(queue, count):
    for _ in range(count):
        queue.put(ITEM)


def get_items(queue):
    while queue.get() is not None:
        pass


def measure_queue(count, putters, getters):
    queue = Queue(1024)  # as ours has room for
    start = time.monotonic()
    senders = [Process(target=put_items, args=(queue, count // putters)) for _ in range(putters)]
    receivers = [Process(target=get_items, args=(queue,)) for _ in range(getters)]
    for process in senders + receivers:
        process.start()
    for process in senders:
        process.join()
    for _ in receivers:
        queue.put(None)
    for process in receivers:
        process.join()
    return count // putters * putters / (time.monotonic() - start)


def answer(end, count):
    for _ in range(count):
        end.send_bytes(end.recv_bytes())


def measure_pipe(count):
    here, there = Pipe()
    process = Process(target=answer, args=(there, count))
    process.start()
    start = time.monotonic()
    for _ in range(count):
        here.send_bytes(ITEM)
        here.recv_bytes()
    seconds = time.monotonic() - start
    process.join()
    return seconds / count


def do_nothing():
    pass


def measure_process(count):
    start = time.monotonic()
    for _ in range(count):
        process = Process(target=do_nothing)
        process.start()
        process.join()
    return (time.monotonic() - start) / count


if __name__ == "__main__":
    set_start_method("fork")
    measure = {"queue": measure_queue, "pipe": measure_pipe, "process": measure_process}[sys.argv[1]]
    print(f"{measure(*map(int, sys.argv[2:])):.9g}")
