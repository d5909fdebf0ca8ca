"""One study in a process of its own, started by the service: standard input → a finished study.

    python -m nas.service.job < job.json

The process has its own session, so that nothing that ends the server ends it. It drives the study
under a lease of the store, as `nas search` does: every reader of the store sees how far it is,
an interrupt ends it with everything on record, and the same study can be resumed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from nas.errors import InputError, StudyHeldError
from nas.service.traces import Trace


@dataclass(frozen=True, slots=True)
class Job:
    """What the process is told.

    Args:
        database: Where the study is.
        study: Its name.
        address: Of a Ray cluster, for slow evaluators.
        stem: Of the files in which it leaves its trace.
    """

    database: str
    study: str
    address: str | None
    stem: str

    def to_json(self) -> str:
        """For the standard input of the process: a database URL may hold a password."""
        return json.dumps(asdict(self))


def main() -> int:
    """Run the job on standard input; 0 for a finished study, 130 after an interrupt."""
    # A process that a shell started in the background is deaf to interrupts, and so its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    job = Job(**json.load(sys.stdin))
    trace = Trace(Path(job.stem))
    trace.begin()
    code, failure = 0, None
    try:
        _run(job)
    except KeyboardInterrupt:
        code = 130
    except StudyHeldError as error:  # Somebody else does the work: nothing failed.
        code = 2
        print(error, flush=True)
    except InputError as error:
        code, failure = 2, str(error)
        print(f"error: {error}", flush=True)
    except BaseException as error:
        code, failure = 1, f"{type(error).__name__}: {error}"
        traceback.print_exc()
    trace.end(failure)
    return code


def _run(job: Job) -> None:
    from nas.search.problem import make_problem
    from nas.search.run import run_study
    from nas.service.specs import stored_spec, workers_for
    from nas.store import Store

    with Store.open(job.database, create=False) as store:
        problem = make_problem(stored_spec(store.study(job.study)))
        workers = workers_for(problem, job.address)
        run_study(problem, store, workers=workers, on_note=lambda note: print(note, flush=True))


if __name__ == "__main__":
    sys.exit(main())
