"""A process to kill: records batches in a store for ever, and says each number once it is stored.

`python writer.py FILE BATCH [BYTES]` prints `ready`, then the first number of each batch. BYTES
limits the size of any file it writes, as a full disk would.
"""

from __future__ import annotations

import resource
import sys
from itertools import count
from pathlib import Path

from nas.errors import StoreError, UnknownNameError
from nas.store import Store

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.store.examples import OBJECTIVES, evaluation  # noqa: E402


def write(path: str, batch: int) -> None:
    """Resume or begin the study `killed` at `path`, and never stop."""
    with Store.open(path, create=True) as store:
        try:
            study = store.study("killed")
        except UnknownNameError:
            study = store.create_study("killed", spec={}, objectives=OBJECTIVES)
        print("ready", flush=True)
        for first in count(len(store.evaluations(study.id)), batch):
            store.record(study.id, [evaluation(first + i) for i in range(batch)])
            print(first, flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    try:
        write(sys.argv[1], int(sys.argv[2]))
    except StoreError as error:
        sys.exit(print(error, file=sys.stderr) or 2)
