"""A read that takes a while → one read for all who ask for it at the same time.

Nobody is given anything older than the moment of asking: who comes while a read is under way gets
the next one, together with everybody else who came meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar, final

T = TypeVar("T")
_KEPT_NAMES = 64


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


@final
class SharedByName(Generic[T]):
    """The same for reads of something that has a name.

    Args:
        read: What is read of a name.
    """

    def __init__(self, read: Callable[[str], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Shared[T]] = OrderedDict()

    def __call__(self, name: str) -> T:
        """The value of a read that began after this was called."""
        with self._lock:
            shared = self._kept.pop(name, None) or Shared(partial(self._read, name))
            self._kept[name] = shared
            if len(self._kept) > _KEPT_NAMES:
                self._kept.popitem(last=False)
        return shared()
