"""A study that is asked for → the same in the store, checked before anything is spent.

Where its evaluator is code, a process of its own does that: nobody's module is loaded into the
server.

    python -m nas.service.opening < asked.json
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import redirect_stdout

from nas.error_documents import from_document, to_document
from nas.errors import EvaluatorError, NasError, UnknownNameError
from nas.search.opening import begin_or_resume
from nas.search.plan import make_plan
from nas.search.problem import make_problem
from nas.search.study import StudySpec
from nas.search.warm_start import find_warm_start
from nas.service.specs import asked_spec, workers_for
from nas.store import Store, StudyRecord
from nas.store.recording import name_taken

_WITHIN_S = 120.0


def begin(spec: StudySpec, store: Store, *, address: str | None) -> StudyRecord:
    """Store a new study, if it can be searched.

    Raises:
        StoreError: if the name is taken.
        InputError: if it cannot be searched, with the reason; nothing is stored then.
    """
    _check_new(spec.name, store)
    problem = make_problem(spec)
    make_plan(problem, workers_for(problem, address))
    find_warm_start(problem, store)
    return begin_or_resume(problem, store)


def _check_new(name: str, store: Store) -> None:
    try:
        store.study(name)
    except UnknownNameError:
        return
    raise name_taken(store.location, name)


def begin_apart(spec: StudySpec, store: Store, database: str, *, address: str | None) -> None:
    """The same in a process of its own, which loads the evaluator.

    Raises:
        NasError: as `begin`.
        EvaluatorError: also if the process ends otherwise, or takes too long.
    """
    _check_new(spec.name, store)
    asked = {"database": database, "address": address, "spec": spec.stored()}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "nas.service.opening"],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EvaluatorError(
            f"`evaluator` must be made within {_WITHIN_S:g} s; got {spec.evaluator}, which takes "
            "longer; see that its module only defines things when it is loaded"
        ) from None
    try:
        said = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1][:200]
        raise EvaluatorError(
            f"`evaluator` must be a module that can be loaded; {spec.evaluator} ended the "
            f"process (exit code {done.returncode}), which said last: {last}"
        ) from None
    if said is not None:
        raise from_document(said)


def main() -> None:
    """Begin what standard input asks for; print null, or the error as a document."""
    asked, said = json.load(sys.stdin), None
    with redirect_stdout(sys.stderr):  # What an evaluator prints is no answer of ours.
        try:
            with Store.open(asked["database"], create=False) as store:
                begin(asked_spec(asked["spec"]), store, address=asked["address"])
        except NasError as error:
            said = to_document(error)
    print(json.dumps(said))


if __name__ == "__main__":
    main()
