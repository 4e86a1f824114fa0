"""A process that writes objects while the test beside it races with it or kills it: `race URI NAMES` or `fill URI`."""

import hashlib
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import numpy as np

from components.records.store import open_search

THREADS = 5
SIZE = 2**20  # bytes of an object that is written until the process is killed


def checked_object(number: int) -> bytes:
    """An object that says itself whether it is whole: a digest, then what it is of."""
    body = np.random.default_rng(number).bytes(SIZE)
    return hashlib.sha256(body).digest() + body


def is_whole(data: bytes) -> bool:
    """Whether the bytes are all of a `checked_object`."""
    return len(data) == SIZE + 32 and hashlib.sha256(data[32:]).digest() == data[:32]


def race(uri: str, names: int) -> None:
    """Writes each name once from each thread, all at the same time; prints `name content` where it was told it won."""
    store, together = open_search(uri), threading.Barrier(THREADS)
    me = store.uri + str(threading.get_native_id())

    def write(thread: int) -> list[str]:
        won = []
        for name in range(names):
            together.wait()
            content = f"{hashlib.sha256(f'{me} {thread} {name}'.encode()).hexdigest()}"
            if store.create(f"race/{name:03d}.json", content.encode()):
                won.append(f"{name:03d} {content}")
        return won

    print("ready", flush=True)
    sys.stdin.readline()  # all processes start when the test says so
    with ThreadPoolExecutor(THREADS) as threads:
        for won in threads.map(write, range(THREADS)):
            print("\n".join(won))


def fill(uri: str) -> None:
    """Writes objects one after the other for ever."""
    store = open_search(uri)
    for number in count():
        store.create(f"filled/{number:05d}", checked_object(number))


if __name__ == "__main__":
    race(sys.argv[2], int(sys.argv[3])) if sys.argv[1] == "race" else fill(sys.argv[2])
