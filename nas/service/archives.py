"""A network → a zip of the files that `nas export` writes, built in a process of its own.

torch takes seconds and hundreds of megabytes, which the server must not, and a network that
somebody made up may be too large for the machine.

A network of a study on pictures comes with the weights that it was judged by, where those and the
pictures are on this machine as they were; else its weights are fresh, as its README.md then says.
"""

from __future__ import annotations

import io
import logging
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from nas.errors import InputError, UnknownNameError
from nas.export import PictureWeights, ReportedObjective, export
from nas.export.objectives import stored_objectives
from nas.export.picture_study import on_own_pictures, reopen
from nas.report.front import FrontView, Point
from nas.service.workers import Bounds, WorkerError, Workers
from nas.space.architecture import Architecture, parse
from nas.store.records import StudyRecord

_LOG = logging.getLogger(__name__)

BOUNDS = Bounds(processes=1, waiting=6, seconds=120.0, memory_bytes=6 * 2**30, idle_s=60.0)
"""What building one archive may take; an ordinary network takes some five seconds."""


def archive_workers(bounds: Bounds = BOUNDS) -> Workers:
    """The processes that build archives."""
    return Workers("nas.service.archives:build", bounds)


def network_archive(
    workers: Workers,
    architecture: Architecture,
    title: str,
    objectives: Sequence[ReportedObjective] = (),
    study: StudyRecord | None = None,
) -> bytes:
    """The zip of a network: PyTorch, ONNX, JSON and a README.

    Args:
        workers: That build it.
        architecture: The network.
        title: What to call it.
        objectives: What is known about it.
        study: On pictures, from which it takes its weights; fresh ones if None.

    Raises:
        InputError: if the network is too large to be built here.
        MissingExtraError: if torch is not installed.
        BusyError: if too many are being built.
    """
    try:
        archive: bytes = workers.call(architecture.text, title, list(objectives), study)
    except WorkerError as error:
        if error.details:
            _LOG.error("the export of %s failed: %s", architecture.text, error.details)
        if study is not None:  # Its pictures are many; the network may do.
            _LOG.warning("weights of the study %s: got %s", study.name, error.reason)
            return network_archive(workers, architecture, title, objectives)
        bounds = workers.bounds
        raise InputError(
            f"an exported network must be built within {bounds.seconds:g} s and "
            f"{bounds.memory_bytes >> 20:,} MiB; got {error.reason} for {title} with a "
            f"{architecture.image.height} px image; give a smaller one"
        ) from None
    return archive


def build(
    text: str, title: str, objectives: Sequence[ReportedObjective], study: StudyRecord | None
) -> bytes:
    """The archive; this runs in the worker, and its files are gone when it returns."""
    content, architecture = io.BytesIO(), parse(text)
    given = None if study is None else _judged_by(study, architecture)
    with tempfile.TemporaryDirectory(prefix="nas-archive-") as folder:
        files = Path(folder, "files")
        report = export(architecture, files, title=title, objectives=objectives, given=given)
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in report.files:
                archive.write(file, file.name)
    return content.getvalue()


def _judged_by(study: StudyRecord, architecture: Architecture) -> PictureWeights | None:
    """The weights that a network was judged by; None where they or the pictures are not here."""
    try:
        reopened = reopen(study, None, lambda doing, done, total: None)
        from nas.export.final_training import inherited_weights

        return inherited_weights(reopened, architecture)
    except InputError:
        return None


def network_of(view: FrontView, wanted: str) -> Point:
    """A network of a study: an id, or what `nas export --pick` takes.

    Raises:
        UnknownNameError: if it names none that the study evaluated.
    """
    for point in (*view.front, *view.dominated):
        if point.id == wanted:
            return point
    try:
        return view.pick(wanted)
    except KeyError:
        raise UnknownNameError(f"network of {view.study}", wanted, ()) from None


def archive_of_study(
    workers: Workers, view: FrontView, study: StudyRecord, wanted: str
) -> tuple[str, bytes]:
    """The id and the zip of a network of a study, with what the study knows of it.

    Raises:
        UnknownNameError: if it names none that the study evaluated.
        InputError: as `network_archive` does.
    """
    point = network_of(view, wanted)
    title = f"{Path(view.space).stem}-{point.id[:8]}"
    objectives = stored_objectives(view.objectives, point.values)
    judging = study if on_own_pictures(study) else None
    return point.id, network_archive(workers, parse(point.text), title, objectives, judging)
