"""Names of installed packages → their versions, as evidence beside what they computed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def versions(*packages: str) -> dict[str, str]:
    """Version of this package and of each named one that is installed."""
    found = {}
    for package in ("nas", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
