"""An uploaded measurement log → a model of a device, fitted in a process of its own.

The networks of a log may be files, for people at a terminal. Of an upload they may not: every cell
that the library would open is refused before a row is read.
"""

from __future__ import annotations

import csv
import gzip
import io
import logging
import re
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nas.cost.log import read_log
from nas.errors import MeasurementLogError, StoreError
from nas.measure.own_model import check_absent, fit_and_store, key_of
from nas.service.workers import Bounds, WorkerError, Workers
from nas.space.catalog import space_names
from nas.store import Store

_LOG = logging.getLogger(__name__)

BOUNDS = Bounds(processes=1, waiting=4, seconds=180.0, memory_bytes=6 * 2**30, idle_s=60.0)
"""What one fit may take; a thousand networks take some twenty seconds."""

MOST_BYTES = 2**25
MOST_LINES = 10_000

_ID = re.compile(r"[0-9a-f]{16}")
_FILES = (".onnx", ".json", ".yaml", ".yml", ".gz")


@dataclass(frozen=True, slots=True)
class Upload:
    """A log and what it is of.

    Args:
        data: The file, plain or gzipped.
        options: device, runtime, precision, batch and threads, as far as they are given.
        source: Who measured it.
        licence: Of the measurements.
        force: Whether to replace a model that exists.
    """

    data: bytes
    options: Mapping[str, str | None]
    source: str = "own measurements"
    licence: str = "unstated"
    force: bool = False


@dataclass(frozen=True, slots=True)
class NewModel:
    """A model that was just calibrated.

    Args:
        file: Where it is.
        more_helps: Whether its error still falls as networks are added.
    """

    file: Path
    more_helps: bool


def calibration_workers(bounds: Bounds = BOUNDS) -> Workers:
    """The processes that fit models."""
    return Workers("nas.service.calibration:fit", bounds)


def calibrated(workers: Workers, upload: Upload, folder: Path, store: Store) -> NewModel:
    """Fit a log and write the model, where every search then finds it.

    Args:
        workers: Where to fit.
        upload: The log.
        folder: Of the models.
        store: Where ids of networks in the log are looked up.

    Raises:
        MeasurementLogError: naming the row and the rule that it breaks.
        InputError: if it is not known what the log is of.
        TakenError: if there is such a model, and it may not be replaced.
        BusyError: if too many are being fitted.
    """
    text = log_text(upload.data)
    known = _known(text, store)
    try:
        model: NewModel = workers.call(text, upload, folder, known)
    except WorkerError as error:
        if error.details:
            _LOG.error("a calibration failed: %s", error.details)
        bounds = workers.bounds
        raise MeasurementLogError(
            f"the log must be one that can be fitted within {bounds.seconds:g} s and "
            f"{bounds.memory_bytes >> 20:,} MiB; got {error.reason}; give fewer networks"
        ) from None
    return model


def log_text(data: bytes) -> str:
    """The text of an uploaded log without a cell that would be opened as a file.

    Raises:
        MeasurementLogError: if it is none, too large, or names files.
    """
    text = _decoded(data)
    for line, cell in _cells(text):
        if line > MOST_LINES:
            raise MeasurementLogError(f"a log must have at most {MOST_LINES:,} lines; got more")
        _check(line, cell)
    return text


def _decoded(data: bytes) -> str:
    try:
        if data[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise MeasurementLogError(f"a log must have at most {MOST_BYTES >> 20} MiB; got more")
        return data.decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise MeasurementLogError(f"the log must be a readable CSV; {error}") from None


def _cells(text: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(io.StringIO(text))
    try:
        for cells in reader:
            for cell in cells:
                yield reader.line_num, cell.strip()
    except csv.Error as error:
        raise MeasurementLogError(f"the log must be a readable CSV; {error}") from None


def _check(line: int, cell: str) -> None:
    if cell.endswith(_FILES):
        raise MeasurementLogError(
            f"line {line}: `network` must be a reference name, architecture text, an id or a "
            f"shipped space with choices in a log that is uploaded; got the file {cell[:80]!r}"
        )
    if cell.startswith("space:"):
        space = (cell.removeprefix("space:").split() or [""])[0]
        if space not in space_names():
            raise MeasurementLogError(
                f"line {line}: `space` must be one of {', '.join(space_names())}; got {space!r}"
            )


def _known(text: str, store: Store) -> dict[str, str]:
    """Architecture text by id, of the ids in a log that the store knows."""
    found = {}
    for identity in {cell for _, cell in _cells(text) if _ID.fullmatch(cell)}:
        try:
            found[identity] = store.architecture_text(identity)
        except StoreError:
            continue  # the reader names the row
    return found


def fit(text: str, upload: Upload, folder: Path, known: Mapping[str, str]) -> NewModel:
    """Read, fit and write; this runs in the worker.

    Raises:
        InputError: as `calibrated` does.
    """

    def stored(identity: str) -> str:
        if identity not in known:
            raise MeasurementLogError(
                f"`network` must be in the store of this server; got the id {identity}"
            )
        return known[identity]

    with tempfile.TemporaryDirectory(prefix="nas-log-") as place:
        file = Path(place, "log.csv")
        file.write_text(text, encoding="utf-8", newline="")
        try:
            log = read_log(file, stored=stored)
            key = key_of({}, upload.options, log.context, prefix="")
        except MeasurementLogError as error:  # where we put it is nobody's business
            raise MeasurementLogError(str(error).replace(f"{place}/", "")) from None
    check_absent(key, folder, force=upload.force, option="`force`")
    model = fit_and_store(key, log, folder, source=upload.source, licence=upload.licence)
    return NewModel(model.file, model.more_helps)
