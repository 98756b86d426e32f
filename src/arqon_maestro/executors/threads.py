"""A map in threads, for work that gives the interpreter free: numpy, Arrow, compression."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

I = TypeVar("I")  # noqa: E741 - items
R = TypeVar("R")


def map_in_threads(function: Callable[[I], R], items: Iterable[I], threads: int) -> Iterator[R]:
    """Yields `function` of every item, in order.

    Items are taken in the calling thread, one or two for each thread ahead of the results.

    Args:
        function: called in the threads; what it raises is raised here.
        items: what it is called with.
        threads: number of threads; with one, all is done in the calling thread.
    """
    if threads <= 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
