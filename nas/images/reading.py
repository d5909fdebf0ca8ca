"""A place → pictures: listed, hashed, decoded in parallel, kept in a cache.

Pictures larger than needed are resized so that the middle which networks see is as large as the
largest resolution of the search, with a margin of 15% for random crops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nas.errors import PicturesError
from nas.images import arrays, cache, folders, tables
from nas.images.decoding import SUFFIXES, UndecodableError, decode, shape_of
from nas.images.hashing import Hashed, digest_of, hash_listing
from nas.images.listing import LeftOut, Listing, Loaded, cannot_read, class_order
from nas.images.parallel import OnProgress as OnProgress
from nas.images.parallel import in_parallel
from nas.images.pictures import Pictures, Pixels

MARGIN = 1.15

_SAMPLED = 1000
_SHORT_SIDE_QUANTILE = 0.9


def _unseen(doing: str, done: int, total: int) -> None:
    """Nobody watches."""


def read_pictures(
    place: str,
    *,
    largest: int,
    expected_hash: str | None = None,
    on_progress: OnProgress = _unseen,
) -> Pictures:
    """Read what `--data` names.

    Args:
        place: `digits`, a folder of class folders, a CSV or Parquet file, an `.npz`, or a file or
            folder in CIFAR's binary format.
        largest: The largest resolution that a network will take, in pixels.
        expected_hash: Of what a study began with.
        on_progress: Told how far it is.

    Raises:
        PicturesError: naming the place, the rule and the fix; also if the content is not what
            was expected.
        MissingExtraError: if a library is not installed.
        OutputError: if what was decoded cannot be kept.
    """
    listing = list_place(place)
    hashed = hash_listing(listing, on_progress)
    if expected_hash not in (None, hashed.content_hash):
        raise PicturesError(
            f"{place}: the pictures must stay as they were when the study began "
            f"(SHA-256 {expected_hash[:16] if expected_hash else ''}...); got others "
            f"({hashed.content_hash[:16]}...); restore them, or begin a new study"
        )
    folder = cache.place_of(hashed.content_hash, largest)
    if (found := cache.load(folder, place, listing.left_out.summed())) is not None:
        return found
    return _decoded(listing, hashed, largest, folder, on_progress)


def list_place(place: str) -> Listing:
    """The pictures of a place, none of them decoded.

    Raises:
        PicturesError: if there is nothing that can be read.
    """
    if place == arrays.DIGITS:
        return arrays.list_digits()
    path = Path(place).expanduser()
    if not path.exists():
        raise cannot_read(
            place,
            f"must be `{arrays.DIGITS}`, or a folder or file",
            "nothing of that name",
            "check the path",
        )
    if arrays.is_cifar(path):
        return arrays.list_cifar(path)
    if path.is_dir():
        return folders.list_folder(path)
    readers = {
        ".csv": tables.list_csv,
        ".parquet": tables.list_parquet,
        ".npz": arrays.list_npz,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        hint = "name the folder that its class folder lies in" * (path.suffix in SUFFIXES)
        raise cannot_read(
            place,
            f"must be a folder, or end in {', '.join(readers)} or .bin",
            repr(path.suffix),
            hint or "convert it",
        )
    return reader(path)


def _decoded(
    listing: Listing, hashed: Hashed, largest: int, folder: Path, on_progress: OnProgress
) -> Pictures:
    """Decode everything, in memory or into the cache."""
    side, crop = _sides(listing, hashed.kept, largest)
    broken, converted, kept = LeftOut(), Counter[str](), []

    def squares() -> Iterator[Pixels]:
        def one(index: int) -> tuple[Pixels, str | None] | str:
            loaded = _load_again(listing, index, hashed.digests[index])
            try:
                return decode(loaded, side)
            except UndecodableError as error:
                return str(error)

        for index, result in in_parallel(one, hashed.kept, "decoding", on_progress):
            if isinstance(result, str):
                broken.add(result, listing.names[index])
                continue
            converted.update([result[1]] if result[1] else [])
            kept.append(index)
            yield result[0]

    encoded = bool(hashed.kept) and isinstance(listing.load(hashed.kept[0]), bytes)
    if encoded or len(hashed.kept) * side * side * 3 > cache.LARGE_BYTES:
        with cache.writing(folder) as unfinished:
            pixels = cache.write_pixels(unfinished, squares(), side)
            pictures = _assembled(listing, kept, pixels, crop, hashed, broken, converted)
            cache.write_rest(unfinished, pictures, broken.summed())
        stored = cache.load(folder, listing.source, listing.left_out.summed())
        assert stored is not None, "what was written can be read"
        return stored
    pixels = np.array(list(squares()), dtype=np.uint8).reshape(-1, side, side, 3)
    return _assembled(listing, kept, pixels, crop, hashed, broken, converted)


def _load_again(listing: Listing, index: int, digest: bytes) -> Loaded:
    try:
        loaded = listing.load(index)
    except OSError:
        loaded = b""
    if digest_of(loaded) != digest:
        raise PicturesError(
            f"{listing.source}: pictures must not change while they are read; got another "
            f"{listing.names[index]}; try again when nothing writes there"
        )
    return loaded


def _sides(listing: Listing, kept: Sequence[int], largest: int) -> tuple[int, int]:
    """Side of the stored squares, and of the middle that networks see.

    Small pictures of one square size stay as they are. Others are made as large as nine in ten
    of them allow, up to what the largest network and its margin need.
    """
    step = max(1, len(kept) // _SAMPLED)
    sizes = []
    for index in kept[::step]:
        try:
            sizes.append(shape_of(listing.load(index)))
        except (UndecodableError, OSError):
            continue
    needed = round(MARGIN * largest)
    if len(set(sizes)) == 1 and sizes[0][0] == sizes[0][1] <= needed:
        return sizes[0][0], sizes[0][0]
    shorts = [min(size) for size in sizes] or [needed]
    side = min(needed, int(np.quantile(shorts, _SHORT_SIDE_QUANTILE, method="nearest")))
    return side, max(1, round(side / MARGIN))


def _assembled(
    listing: Listing,
    kept: Sequence[int],
    pixels: Pixels,
    crop: int,
    hashed: Hashed,
    broken: LeftOut,
    converted: Counter[str],
) -> Pictures:
    """Pictures of what could be decoded; a class that has none left is refused."""
    labels = [listing.labels[index] for index in kept]
    present = set(labels)
    if lost := sorted(set(listing.labels) - present):
        raise PicturesError(
            f"{listing.source}: every class must have a picture that can be used; "
            f"class {lost[0]!r} has none; "
            + "; ".join(map(str, (*broken.summed(), *listing.left_out.summed())))
            + "; replace them, or remove the class"
        )
    classes = [name for name in listing.classes or class_order(labels) if name in present]
    number = {name: index for index, name in enumerate(classes)}
    return Pictures(
        pixels=pixels,
        labels=np.array([number[label] for label in labels], dtype=np.int64),
        classes=tuple(classes),
        parts=np.array([listing.parts[index] for index in kept], dtype=np.uint8),
        crop=crop,
        content_hash=hashed.content_hash,
        source=listing.source,
        skipped=(*listing.left_out.summed(), *broken.summed()),
        converted=dict(converted),
    )
