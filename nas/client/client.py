"""A running `nas serve` → its API as Python: searches, fronts, networks, devices and costs.

client = nas.Client()
client.search("mine", space="mnasnet", device="pixel-3", limits={"max_latency_ms": 40})
client.wait("mine")
front = client.front("mine")
client.export("mine", "knee", to="network")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final
from urllib.parse import quote

from nas.client import files
from nas.client.connection import SILENCE_S, Connection
from nas.client.decoding import decoded
from nas.client.devices import Calibration, Costs, Device, Feasibility, Network, Space
from nas.client.following import Follower, OnProgress, told
from nas.client.ledger import Ledger
from nas.client.sse import Event
from nas.client.studies import Evaluation, Front, Growth, Importance, State, Study
from nas.errors import StudyFailedError

URL = "http://127.0.0.1:8420"
_PAGE = 500


@final
class Client:
    """A server of searches; it may be used from several threads, and closed by a `with` block.

    Every method raises what the library raises for the same fault, and ServiceError if the server
    does not answer. Names of networks are ids, reference names or architecture text; those of
    devices are names, aliases or DEVICE/MODEL.

    Args:
        url: Of the server, as it prints it.
        token: Where it asks for one.
        timeout_s: How long an answer may take to begin.

    Raises:
        MissingExtraError: if httpx is not installed.
    """

    def __init__(
        self, url: str = URL, *, token: str | None = None, timeout_s: float = 120.0
    ) -> None:
        self._connection = Connection(url, token, timeout_s)

    def __repr__(self) -> str:
        return f"Client({self._connection.url!r})"

    def close(self) -> None:
        """Let go of every connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def devices(self, words: str = "", *, kind: str | None = None) -> list[Device]:
        """Devices that have all the words in what names them, by name."""
        found = self._pages("/devices", words=words, kind=kind)
        return [decoded(Device, one) for one in found]

    def device(self, name: str) -> Device:
        """A device with facts, models and their evidence."""
        return decoded(Device, self._connection.get(f"/devices/{_part(name)}"))

    def spaces(self) -> list[Space]:
        """Every shipped search space."""
        return [decoded(Space, one) for one in self._pages("/spaces")]

    def feasibility(
        self, space: str, devices: str | Sequence[str], limits: Mapping[str, float] | None = None
    ) -> Feasibility:
        """What a space offers on some devices, and what limits such as `max_latency_ms` leave."""
        asked = {"space": space, "devices": _several(devices), "limits": dict(limits or {})}
        return decoded(Feasibility, self._connection.post("/feasibility", json=asked))

    def cost(
        self, network: str, devices: str | Sequence[str] | None = None, *, dearest: int = 5
    ) -> Costs:
        """What a network costs on some devices, or on all of them, the fastest first."""
        asked = {"network": network, "dearest": dearest}
        if devices is not None:
            asked["devices"] = _several(devices)
        return decoded(Costs, self._connection.post("/costs", json=asked))

    def cost_onnx(
        self, file: str | Path, devices: str | Sequence[str] | None = None, *, dearest: int = 5
    ) -> Costs:
        """The same of an ONNX file that holds all its data.

        Raises:
            OSError: if the file cannot be read.
        """
        fields = {"devices": _several(devices or []), "dearest": str(dearest)}
        sent = {"file": files.upload(Path(file))}
        return decoded(Costs, self._connection.post("/costs/onnx", data=fields, files=sent))

    def calibrate(self, log: str | Path, device: str | None = None, **options: Any) -> Calibration:
        """Fit a model of a device to a measurement log.

        Args:
            log: A CSV, plain or gzipped, with columns network and latency_ms, and energy_mj if
                known.
            device: Whose it is, where the log has no such column.
            options: runtime, precision, batch, threads where the log has no such columns; source,
                licence; force, to replace a model that exists.

        Raises:
            OSError: if the log cannot be read.
        """
        given = {"device": device, **options}
        fields = {key: _word(value) for key, value in given.items() if value is not None}
        sent = {"file": files.upload(Path(log))}
        return decoded(
            Calibration, self._connection.post("/calibrations", data=fields, files=sent)
        )

    def search(self, name: str, *, space: str, device: str, **asked: Any) -> Study:
        """Begin a study; its search goes on without this program.

        Args:
            name: A new one.
            space: Where to search.
            device: Whose costs count.
            asked: What else a study file may say: objectives, limits, evaluations, minutes,
                evaluator, search, warm_start, seed.
        """
        document = {"name": name, "space": space, "device": device, **asked}
        return decoded(Study, self._connection.post("/studies", json=document))

    def studies(
        self,
        *,
        state: State | Sequence[State] | None = None,
        device: str | None = None,
        space: str | None = None,
    ) -> Iterator[Study]:
        """Studies, newest first, fetched as they are taken."""
        states = None if state is None else _several(state)
        found = self._pages("/studies", state=states, device=device, space=space)
        return (decoded(Study, one) for one in found)

    def study(self, name: str) -> Study:
        """A study with all that was asked for, and how far it is."""
        return decoded(Study, self._connection.get(_study(name)))

    def stop(self, name: str) -> Study:
        """End the search of a study; all that is on record stays, and it can be resumed."""
        return decoded(Study, self._connection.post(_study(name) + "/stop"))

    def resume(self, name: str) -> Study:
        """Go on with a study that nobody runs and to which evaluations are owed."""
        return decoded(Study, self._connection.post(_study(name) + "/resume"))

    def delete(self, name: str) -> None:
        """Remove a study that nobody runs, with everything that it evaluated."""
        self._connection.delete(_study(name))

    def wait(
        self, name: str, *, progress: bool | OnProgress = True, timeout_s: float | None = None
    ) -> Study:
        """Wait until nobody runs a study: it is finished, or was interrupted.

        A server that is started again meanwhile is found again.

        Args:
            name: The study.
            progress: Whether to write progress to the standard error, or what to tell of it.
            timeout_s: How long to wait at most.

        Raises:
            StudyFailedError: if the search failed, with the reason.
            TimeoutError: if it takes longer; the search goes on.
        """
        with told(name, progress) as tell:
            study = Follower(
                self._connection,
                _study(name),
                lambda: self.study(name),
                on_progress=tell,
                timeout_s=timeout_s,
            ).wait()
        if study.state == "failed":
            raise StudyFailedError(f"the search of {name!r} failed: {study.failure}")
        return study

    def events(self, name: str | None = None, *, after: str = "") -> Iterator[Event]:
        """What happens to a study, or to all of them, until the stream ends.

        Args:
            name: The study.
            after: The id of the event that was seen last: what was missed since is told first.
        """
        path = "/events" if name is None else _study(name) + "/events"
        return filter(None, self._connection.events(path, after, silence_s=SILENCE_S))

    def front(self, name: str, *, until: int | None = None, dominated: int = 0) -> Front:
        """The front of a study.

        Args:
            name: The study.
            until: As it was after so many evaluations.
            dominated: How many of the other networks to give at most.
        """
        path = _study(name) + "/front"
        return decoded(Front, self._connection.get(path, until=until, dominated=dominated))

    def growth(self, name: str) -> Growth:
        """How the front of a study grew."""
        return decoded(Growth, self._connection.get(_study(name) + "/hypervolume"))

    def intervals(self, name: str) -> dict[str, dict[str, tuple[float, float]]]:
        """Where numbers of a front lie nine times in ten, by objective and by network's id."""
        found = self._connection.get(_study(name) + "/intervals")["intervals"]
        return {key: {one: tuple(ends) for one, ends in of.items()} for key, of in found.items()}

    def importance(self, name: str) -> list[Importance]:
        """Which choices matter; empty while too little was evaluated."""
        found = self._connection.get(_study(name) + "/importance")["objectives"]
        return [decoded(Importance, one) for one in found]

    def evaluations(self, name: str, *, state: str | None = None) -> Iterator[Evaluation]:
        """Every network of a study in order, fetched as they are taken."""
        first: int | None = 0
        while first is not None:
            page = self._connection.get(
                _study(name) + "/evaluations", state=state, first=first, limit=_PAGE
            )
            yield from (decoded(Evaluation, one) for one in page["items"])
            first = page["next"]

    def ledger(self, name: str) -> Ledger:
        """What a study took in time, energy and CO2e, and what it saved."""
        return decoded(Ledger, self._connection.get(_study(name) + "/ledger"))

    def network(self, network: str, *, device: str | None = None) -> Network:
        """A network by id or reference name, with each layer's costs on a device."""
        path = f"/architectures/{_part(network)}"
        return decoded(Network, self._connection.get(path, device=device))

    def export(self, study: str, network: str, to: str | Path) -> Path:
        """Write a network of a study as PyTorch, ONNX and JSON, with a README.

        Args:
            study: The study.
            network: An id in it, `knee`, `fastest`, `most-accurate`, or a row of its front.
            to: A new or empty folder.

        Raises:
            OutputError: if the folder holds something, or cannot be written.
        """
        path = f"{_study(study)}/networks/{_part(network)}/export"
        return files.unpack(self._connection.content(path), Path(to))

    def report(self, study: str, to: str | Path) -> Path:
        """Write a study as one HTML file that stands alone.

        Raises:
            OutputError: if the file exists, or cannot be written.
        """
        return files.save(self._connection.content(_study(study) + "/report"), Path(to))

    def _pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        offset, total = 0, 1
        while offset < total:
            page = self._connection.get(path, **params, offset=offset, limit=_PAGE)
            yield from page["items"]
            offset, total = offset + _PAGE, page["total"]


def _study(name: str) -> str:
    return f"/studies/{_part(name)}"


def _part(name: str) -> str:
    return quote(name, safe="")


def _several(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
