"""Work on many pictures → results in order, by threads: much of it leaves Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how many pictures are done, and of how many."""

_AT_ONCE = 64  # pictures: a task for each would cost more than a small picture does
_THREADS = 8
_Result = TypeVar("_Result")


def in_parallel(
    work: Callable[[int], _Result], places: Sequence[int], doing: str, on_progress: OnProgress
) -> Iterator[tuple[int, _Result]]:
    """Results in the order of the places, some hundred in memory at a time."""
    threads = min(_THREADS, os.cpu_count() or 1)

    def several(batch: Sequence[int]) -> list[_Result]:
        return [work(place) for place in batch]

    with ThreadPoolExecutor(threads, thread_name_prefix="pictures") as pool:
        for start in range(0, len(places), threads * _AT_ONCE):
            near = places[start : start + threads * _AT_ONCE]
            batches = [near[first : first + _AT_ONCE] for first in range(0, len(near), _AT_ONCE)]
            for batch, results in zip(batches, pool.map(several, batches), strict=True):
                yield from zip(batch, results, strict=True)
            on_progress(doing, start + len(near), len(places))
