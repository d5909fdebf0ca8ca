"""A process that answers calls of one function until its standard input ends.

Run as `python -m nas.service.worker MODULE:FUNCTION MEMORY_BYTES IDLE_S` by `nas.service.workers`.
Frames on both pipes are a length and a pickle: `(seconds, arguments)` in, `(outcome, value)` out.

Why a process: what it reads comes from strangers, and a fault in a parser or a model too large for
the memory ends this process alone. It limits itself too, so that none outlives a server that was
killed: no input ends it, and so does a call that takes too long.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any, BinaryIO

from nas.error_documents import to_document
from nas.errors import NasError

LENGTH = struct.Struct("<Q")

DONE, REFUSED, NO_MEMORY, BROKEN = "done", "refused", "no memory", "broken"
"""How a call ended: with a value, with an error of ours, without enough memory, or by a fault."""

_GRACE_S = 5


def write_frame(pipe: BinaryIO, value: object) -> None:
    """Send one value."""
    data = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> Any:
    """Receive one value.

    Raises:
        EOFError: if the other side is gone.
    """
    (length,) = LENGTH.unpack(_exactly(pipe, LENGTH.size))
    return pickle.loads(_exactly(pipe, length))


def _exactly(pipe: BinaryIO, count: int) -> bytes:
    data = pipe.read(count)
    if len(data) < count:
        raise EOFError
    return data


def main(target: str, memory_bytes: int, idle_s: float) -> None:
    """Answer calls until there are no more, or none comes for a while."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the standard error
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    _limit_memory(memory_bytes)
    calls = os.fdopen(os.dup(0), "rb")
    while True:
        unused = threading.Timer(idle_s, os._exit, (0,))
        unused.start()
        try:
            seconds, arguments = read_frame(calls)
        except EOFError:
            return
        finally:
            unused.cancel()
        _die_after(seconds + _GRACE_S)
        answer = _answer(function, arguments)
        _die_after(0)
        write_frame(answers, answer)


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        return DONE, function(*arguments)
    except NasError as error:
        return REFUSED, to_document(error)
    except MemoryError:
        return NO_MEMORY, None
    except Exception as error:  # the caller decides whose fault it is
        if isinstance(error, RuntimeError) and "allocate memory" in str(error):  # as torch says it
            return NO_MEMORY, None
        return BROKEN, traceback.format_exc()


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
