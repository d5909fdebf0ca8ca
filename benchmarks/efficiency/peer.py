"""A peer that cannot share our environment → a method, by lines of JSON to its own process."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
        "syne-tune", "run_syne_tune.py", {"population": 20, "tournament": 10, "ranks": False}
    ),
    "syne-tune-mended": Peer(
        "syne-tune", "run_syne_tune.py", {"population": 20, "tournament": 5, "ranks": True}
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


class Conversation:
    """A peer's process, which holds one run after the other and ends with ours."""

    def __init__(self, python: Path, script: Path) -> None:
        # A file, because a pipe that nobody reads blocks a library that warns a lot.
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the process
        self.process = subprocess.Popen(
            [str(python), str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self.version = str(self.receive()["version"])

    def send(self, message: dict[str, Any]) -> None:
        """Say one thing."""
        pipe = self.process.stdin
        assert pipe is not None, "the process was started with a pipe"
        with contextlib.suppress(BrokenPipeError):  # that it ended is told where it is heard
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()

    def receive(self) -> dict[str, Any]:
        """Hear one thing.

        Raises:
            RuntimeError: with what the process wrote, if it has ended.
        """
        pipe = self.process.stdout
        assert pipe is not None, "the process was started with a pipe"
        line = pipe.readline()
        if not line:
            self.process.wait()
            self._said.seek(0)
            raise RuntimeError(f"the peer ended:\n{self._said.read()}")
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """End the process, which ends by itself when it hears nothing more."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None, "the process was started with pipes"
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        self.process.wait()
        self._said.close()


# Kept between runs: NNI takes longer to load than to search.
_OPEN: dict[tuple[Path, Path], Conversation] = {}


@atexit.register
def end_peers() -> None:
    """End every peer's process; the next run starts another."""
    while _OPEN:
        _OPEN.popitem()[1].close()


class PeerMethod:
    """One run of a peer; one at a time of those that share a script.

    Raises:
        InputError: if its environment has not been made.
    """

    def __init__(self, peer: Peer, task: Task, seed: int, *, folder: Path) -> None:
        python = folder / peer.environment / "bin/python"
        if not python.is_file():
            raise InputError(
                f"peers must have an environment each; found none at {python.parents[1]}; "
                "make them with --peer-environments"
            )
        self._task, self._key = task, (python, _SCRIPTS / peer.script)
        if self._key not in _OPEN:
            _OPEN[self._key] = Conversation(*self._key)
        self._talk = _OPEN[self._key]
        self.version = self._talk.version
        setting = {"counts": task.counts, "objectives": len(task.objectives), "seed": seed}
        self._talk.send({**setting, **peer.settings})
        self._waiting = False  # whether the peer waits for values

    def ask(self) -> Codes:
        """What the peer proposes next."""
        try:
            codes = np.array(self._talk.receive()["codes"])
        except RuntimeError:
            _OPEN.pop(self._key).close()
            raise
        self._waiting = True
        return codes

    def tell(self, codes: Codes, values: Values) -> None:
        """On the scale of the score: peers compare values as they come."""
        self._talk.send({"values": self._task.scaled(values).tolist()})
        self._waiting = False

    def close(self) -> None:
        """End the run; the process stays for the next."""
        if self._key in _OPEN:
            if not self._waiting:
                self.ask()
            self._talk.send({"over": True})
