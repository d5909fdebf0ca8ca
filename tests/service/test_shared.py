"""Reads for many: few of them, and none older than what asked for it."""

from __future__ import annotations

import threading
import time

import pytest

from nas.service.shared import Shared, SharedByName
from tests.waiting import until


def test_who_asks_at_once_shares_a_read_that_began_later() -> None:
    reads, asks, all_asked = [], [], threading.Event()

    def read() -> float:
        began = time.monotonic()
        assert all_asked.wait(60)
        reads.append(began)
        return began

    shared, answers = Shared(read), []

    def ask() -> None:
        asks.append(asked := time.monotonic())
        answers.append((asked, shared()))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: len(asks) == 20)
    time.sleep(0.05)  # Whoever is about to wait does so, or has a read of its own.
    all_asked.set()
    for thread in threads:
        thread.join()
    assert all(began >= asked for asked, began in answers), "nothing older than the question"
    assert 2 <= len(reads) <= 5


def test_every_question_alone_is_read_anew() -> None:
    shared = Shared(iter(range(9)).__next__)
    assert [shared() for _ in range(3)] == [0, 1, 2]


def test_a_read_that_fails_is_read_again() -> None:
    turns = iter([1, OSError, 3])

    def read() -> int:
        turn = next(turns)
        if isinstance(turn, int):
            return turn
        raise turn

    shared = Shared(read)
    assert shared() == 1
    with pytest.raises(OSError):
        shared()
    assert shared() == 3


def test_names_share_reads_of_their_own() -> None:
    reads: list[str] = []

    def read(name: str) -> str:
        reads.append(name)
        if name == "none":
            raise KeyError(name)
        return name.upper()

    shared = SharedByName(read)
    assert (shared("a"), shared("b"), shared("a")) == ("A", "B", "A")
    with pytest.raises(KeyError):
        shared("none")
    assert reads == ["a", "b", "a", "none"]
