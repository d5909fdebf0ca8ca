"""A peer that cannot share our environment → a method, by lines of JSON to its own process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from benchmarks.efficiency.tasks import Codes, Task, Values
from nas.errors import InputError

_SCRIPTS = Path(__file__).parent / "peers"

PINS = {
    "pymoo": ("pymoo==0.6.2",),
    "syne-tune": ("syne-tune==0.16.0",),
    # The exact companions that NNI 3.0 still works with, as in the `nni` extra.
    "nni": (
        *("nni==3.0", "pytorch-lightning==2.6.6", "filelock==3.11.0", "typeguard==4.1.2"),
        "torch==2.13.0",
    ),
}
"""What each peer's environment holds."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Which script speaks for a peer, in which environment, with which settings."""

    environment: str
    script: str
    settings: dict[str, Any] = field(default_factory=dict)


PEERS = {
    "pymoo-nsga2-20": Peer("pymoo", "run_pymoo.py", {"population": 20}),
    "syne-tune-mo-rea": Peer(
        "syne-tune", "run_syne_tune.py", {"population": 20, "tournament": 10}
    ),
    "nni-rea": Peer("nni", "run_nni.py", {"population": 20, "tournament": 5, "weights": "equal"}),
    "nni-rea-drawn": Peer(
        "nni", "run_nni.py", {"population": 20, "tournament": 5, "weights": "drawn"}
    ),
}


def make_environments(folder: Path) -> None:
    """Make each peer's environment where it is missing; takes a few minutes and 1.6 GB."""
    for name, pins in PINS.items():
        home = folder / name
        if (home / ".ready").is_file():
            continue
        print(f"installing {', '.join(pins)} into {home}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin/pip"), "install", "-q", "--no-compile"]
        subprocess.run([*pip, *pins], check=True)
        (home / ".ready").touch()


class PeerMethod:
    """One run of a peer.

    Raises:
        InputError: if its environment has not been made.
    """

    def __init__(self, peer: Peer, task: Task, seed: int, *, folder: Path) -> None:
        home = folder / peer.environment
        python = home / "bin/python"
        if not python.is_file():
            raise InputError(
                f"peers must have an environment each; found none at {home}; "
                "make them with --peer-environments"
            )
        self._task = task
        # A file, because a pipe that nobody reads blocks a library that warns a lot.
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the conversation
        self._process = subprocess.Popen(
            [str(python), str(_SCRIPTS / peer.script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        setting = {"counts": task.counts, "objectives": len(task.objectives), "seed": seed}
        self._send({**setting, **peer.settings})
        self.version = str(self._receive()["version"])

    @property
    def process_id(self) -> int:
        """Of the peer's process."""
        return self._process.pid

    def ask(self) -> Codes:
        """What the peer proposes next."""
        return np.array(self._receive()["codes"])

    def tell(self, codes: Codes, values: Values) -> None:
        """On the scale of the score: peers compare values as they come."""
        self._send({"values": self._task.scaled(values).tolist()})

    def close(self) -> None:
        """End the conversation and the process."""
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        _pipe(self._process.stdout).close()
        self._said.close()

    def _send(self, message: dict[str, Any]) -> None:
        pipe = _pipe(self._process.stdin)
        with contextlib.suppress(BrokenPipeError):  # that it ended is told where it is heard
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()

    def _receive(self) -> dict[str, Any]:
        line = _pipe(self._process.stdout).readline()
        if not line:
            self._said.seek(0)
            raise RuntimeError(f"the peer ended:\n{self._said.read()}")
        message: dict[str, Any] = json.loads(line)
        return message


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None, "every pipe of a peer is opened"
    return pipe
