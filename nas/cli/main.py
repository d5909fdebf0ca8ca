"""The command `nas`: one message and exit code 2 for what a person can mend, never a traceback.

Why the verbs are imported inside `main`: loading them takes most of a second, and an interrupt
in that time must end as any other.
"""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

from nas.errors import InputError

_PIPE_CLOSED, _REFUSED, _INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run the command line.

    Exit codes: 0 for success, 2 for what a person can mend (one message on standard error that
    starts with `error:`, nothing half-written), 130 after an interrupt.
    """
    _prepare_streams()
    # The matrices of a search are small: threads would spend their time waiting for each other,
    # ten times what the arithmetic takes where other processes are at work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        _run()
    except InputError as error:
        _refuse(str(error))
    except BrokenPipeError:
        _give_up_output()
        sys.exit(_PIPE_CLOSED)
    except OSError as error:
        _give_up_output()
        place = f"{error.filename}: " if error.filename else ""
        _refuse(
            "every file and the output must be readable or writable as needed; got "
            f"{place}{error.strerror or error}; check the path, its permissions and the free space"
        )
    except UnicodeError as error:
        _refuse(f"names must be UTF-8 text; got {error}; rename it")
    except KeyboardInterrupt:
        _interrupted()


def _prepare_streams() -> None:
    """A terminal without Unicode gets escapes, a closed stream swallows what is written to it."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - open as long as the process is
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run() -> None:
    from nas.cli.app import app

    try:
        app()
    except SystemExit as end:
        if end.code == _INTERRUPTED:  # Typer's answer to an interrupt
            _interrupted()
        raise
    finally:
        sys.stdout.flush()


def _refuse(message: str) -> NoReturn:
    from nas.cli.output import err

    err.print(f"error: {message}", style="red", markup=False)
    sys.exit(_REFUSED)


def _interrupted() -> NoReturn:
    print("interrupted; what is recorded is kept, run it again to go on", file=sys.stderr)
    sys.exit(_INTERRUPTED)


def _give_up_output() -> None:
    """Let what standard output could not take go, or Python would complain once more at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return  # It is no file, so nothing is flushed at exit.
