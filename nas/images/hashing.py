"""A listing → digests of pictures and of everything; copies, contradictions are left out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nas.images.listing import Listing, Loaded, cannot_read
from nas.images.parallel import OnProgress, in_parallel


@dataclass(frozen=True, slots=True, eq=False)
class Hashed:
    """What can be read of a listing: places in it, digests in their order, hash of everything."""

    kept: Sequence[int]
    digests: dict[int, bytes]
    content_hash: str


def hash_listing(listing: Listing, on_progress: OnProgress) -> Hashed:
    """Hash everything; what cannot be read or stands there twice is left out."""

    def digest(index: int) -> bytes | None:
        try:
            return digest_of(listing.load(index))
        except OSError:
            return None

    _check_names(listing)
    for name in sorted(set(listing.classes or ()) - set(listing.labels)):
        listing.left_out.add("a class without pictures", name)
    digests: dict[int, bytes] = {}
    total = hashlib.sha256()
    places = range(len(listing.names))
    for index, found in in_parallel(digest, places, "checking", on_progress):
        if found is None:
            listing.left_out.add("the file cannot be read", listing.names[index])
            continue
        digests[index] = found
        line = f"{listing.names[index]}\t{listing.labels[index]}\t{listing.parts[index]}\t"
        total.update(line.encode("utf-8", "backslashreplace") + found)
    return Hashed(_distinct(listing, digests), digests, total.hexdigest())


def _check_names(listing: Listing) -> None:
    """Classes that differ by their case alone are one class in all likelihood."""
    folded: dict[str, str] = {}
    for name in sorted(set(listing.labels)):
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise cannot_read(
                listing.source,
                "classes must differ by more than capital letters",
                f"{other!r} and {name!r}",
                "give both one name",
            )


def digest_of(loaded: Loaded) -> bytes:
    """SHA-256 of a picture as it is stored."""
    if isinstance(loaded, bytes):
        return hashlib.sha256(loaded).digest()
    return hashlib.sha256(np.ascontiguousarray(loaded).data).digest()


def _distinct(listing: Listing, digests: dict[int, bytes]) -> list[int]:
    """One of each picture: copies would lie in two splits, or say two things."""
    first: dict[bytes, int] = {}
    contested = set()
    for index, digest in digests.items():
        before = first.setdefault(digest, index)
        if listing.labels[before] != listing.labels[index]:
            contested.add(digest)
    kept = []
    for index, digest in digests.items():
        if digest in contested:
            listing.left_out.add("the same picture under two classes", listing.names[index])
        elif first[digest] != index:
            listing.left_out.add("a copy of another picture", listing.names[index])
        else:
            kept.append(index)
    return kept
