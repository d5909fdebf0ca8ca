"""Versions are those of what is installed; what is not installed has none."""

from __future__ import annotations

from importlib.metadata import version

from nas.versions import versions


def test_versions_of_installed_packages_alone() -> None:
    found = versions("numpy", "no-such-package")
    assert found["numpy"] == version("numpy")
    assert "no-such-package" not in found
