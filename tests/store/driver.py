"""A process that drives the study `phones`, to be killed, suspended or cut off from its store.

`python driver.py URL TTL_S [PATIENCE_S]` records one evaluation after the other, numbers going on
where the study stands, and says each number once it is stored.
"""

from __future__ import annotations

import sys
import time
from itertools import count
from pathlib import Path

from nas.errors import StoreError
from nas.store import Store

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.store.contract import evaluation  # noqa: E402


def drive(url: str, ttl_s: float, patience_s: float) -> None:
    """Hold the study and record, and never stop."""
    with Store.open(url, create=False, patience_s=patience_s) as store:
        study = store.study("phones")
        with store.hold(study.id, ttl_s=ttl_s) as lease:
            for number in count(len(store.evaluations(study.id))):
                store.record(study.id, [evaluation(number)], lease=lease)
                print(number, flush=True)
                time.sleep(0.02)


if __name__ == "__main__":
    try:
        drive(sys.argv[1], float(sys.argv[2]), float([*sys.argv, "60"][3]))
    except StoreError as error:
        sys.exit(print(error, file=sys.stderr) or 2)
