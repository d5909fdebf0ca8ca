"""Two hundred readers at once while a study is written: none is lost."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from nas.store import Store
from tests.service.client import serving
from tests.service.studies import begun, records

READERS = Path(__file__).parents[2] / "benchmarks" / "service_readers.py"
API = "/api/v1/studies"


def test_two_hundred_readers_lose_nothing_while_a_study_is_written(tmp_path: Path) -> None:
    every = records([(50.0 + i % 40, 1.0 + i % 30) for i in range(400)])
    with Store.open(str(tmp_path / "nas.db"), create=True) as store:
        study = begun(store, evaluations=400)
        store.record(study.id, every[:100])
        with serving(tmp_path) as client, store.hold(study.id) as lease:
            ended = threading.Event()

            def write() -> None:
                for record in every[100:]:
                    store.record(study.id, [record], lease=lease)
                    lease.report({"goal": 400, "complete": record.number})
                    if ended.wait(0.02):
                        return

            writer = threading.Thread(target=write)
            writer.start()
            question = {
                "port": client.base_url.port,
                "readers": 200,
                "listeners": 20,
                "seconds": 4.0,
                "every_s": 2.0,
                "events": f"{API}/small/events",
                "paths": {
                    "studies": API,
                    "study": f"{API}/small",
                    "front": f"{API}/small/front",
                    "as it was": f"{API}/small/front?until=50",
                    "evaluations": f"{API}/small/evaluations",
                },
            }
            said = subprocess.run(
                [sys.executable, str(READERS)],
                input=json.dumps(question),
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            ended.set()
            writer.join()
    found = json.loads(said.stdout)
    assert found["lost"] == 0
    assert len(found["heard"]) == 20 and min(found["heard"]) >= 0, "no stream broke off"
    assert sum(map(len, found["waited"].values())) >= 200
