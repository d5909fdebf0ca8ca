"""A process that answers calls of one function until its standard input ends.

Run as `python -m nas.service.worker MODULE:FUNCTION MEMORY_BYTES IDLE_S` by `nas.service.workers`.
Frames on both pipes are a head, a line of words, and a body of JSON by the types of the function:
seconds and number of arguments, then the arguments, in; the outcome, then the value, out. The
first one out says that calls may come, so that none is charged with the start of Python.

Why a process: what it reads comes from strangers, and a fault in a parser or a model too large for
the memory ends this process alone. What it answers is data, even where a file has taken it over.
It limits itself too, so that none outlives a server that was killed: no input ends it, and so does
a call that takes too long.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, BinaryIO, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from nas.error_documents import to_document
from nas.errors import NasError

LENGTH = struct.Struct("<Q")

DONE, REFUSED, NO_MEMORY, BROKEN = "done", "refused", "no memory", "broken"
"""How a call ended: with a value, with an error of ours, without enough memory, or by a fault."""

READY = "ready"
"""The head of the first frame, which has no body."""

_GRACE_S = 5
_MOST_BYTES = 2**30  # of a frame
_BYTES = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class Words:
    """Arguments and values of one function as JSON.

    Args:
        target: The function, as `module:name`; its types are all stated.

    Attributes:
        value: How the value is written and read, as a tuple of one.
    """

    def __init__(self, target: str) -> None:
        module, _, name = target.partition(":")
        self.function: Callable[..., Any] = getattr(import_module(module), name)
        *self._given, value = get_type_hints(self.function).values()
        self.value = _as_json([value])

    def arguments(self, count: int) -> TypeAdapter[Any]:
        """How the first so many arguments are written and read."""
        return _as_json(self._given[:count])


def _as_json(kinds: Sequence[Any]) -> TypeAdapter[Any]:
    """How a tuple of values of some types is written and read."""
    several: Any = tuple[tuple(kinds)]  # type: ignore[misc]
    return TypeAdapter(several, config=_BYTES)


def write_frame(pipe: BinaryIO, head: str, body: bytes) -> None:
    """Send a frame."""
    data = head.encode() + b"\n" + body
    pipe.write(LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> tuple[str, bytes]:
    """Receive a frame: its head and its body.

    Raises:
        EOFError: if the other side is gone, or sends what is no frame.
    """
    (length,) = LENGTH.unpack(_exactly(pipe, LENGTH.size))
    if length > _MOST_BYTES:
        raise EOFError
    head, _, body = _exactly(pipe, length).partition(b"\n")
    return head.decode("ascii", "replace"), body


def _exactly(pipe: BinaryIO, count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


def main(target: str, memory_bytes: int, idle_s: float) -> None:
    """Answer calls until there are no more, or none comes for a while."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the standard error
    words = Words(target)
    _limit_memory(memory_bytes)
    calls = os.fdopen(os.dup(0), "rb")
    write_frame(answers, READY, b"")
    while True:
        unused = threading.Timer(idle_s, os._exit, (0,))
        unused.start()
        try:
            head, body = read_frame(calls)
        except EOFError:
            return
        finally:
            unused.cancel()
        seconds, count = head.split()
        _die_after(float(seconds) + _GRACE_S)
        outcome, answer = _answer(words, int(count), body)
        _die_after(0)
        write_frame(answers, outcome, answer)


def _answer(words: Words, count: int, body: bytes) -> tuple[str, bytes]:
    try:
        arguments = words.arguments(count).validate_json(body)
        return DONE, words.value.dump_json((words.function(*arguments),))
    except NasError as error:
        return REFUSED, json.dumps(to_document(error)).encode()
    except MemoryError:
        return NO_MEMORY, b""
    except Exception as error:  # the caller decides whose fault it is
        if isinstance(error, RuntimeError) and "allocate memory" in str(error):  # as torch says it
            return NO_MEMORY, b""
        return BROKEN, json.dumps(traceback.format_exc()).encode()


def _limit_memory(memory_bytes: int) -> None:
    """Let the process have no more addresses than that, and leave no dump of it behind."""
    if sys.platform == "win32":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or memory_bytes <= most:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _die_after(seconds: float) -> None:
    """End this process then, even inside a library; 0 calls it off."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
