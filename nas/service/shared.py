"""A read that takes a while → one read for all who ask for it at the same time.

Nobody is given anything older than the moment of asking: who comes while a read is under way gets
the next one, together with everybody else who came meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar, final

T = TypeVar("T")


@final
class Shared(Generic[T]):
    """A read that many may ask for; any thread may.

    Args:
        read: What is read; its value is given to several, who leave it as it is.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._begun = -1.0
        self._value: list[T] = []

    def __call__(self) -> T:
        """The value of a read that began after this was called."""
        asked = time.monotonic()
        with self._lock:
            if not self._value or self._begun <= asked:
                begun = time.monotonic()
                self._value = [self._read()]
                self._begun = begun
            return self._value[0]
