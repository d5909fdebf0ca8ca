"""Every extra that an error tells people to install exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NAMED = re.compile(r'MissingExtraError\(\s*"[^"]*",\s*"([^"]*)"', re.MULTILINE)


def test_extras_that_are_named_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {
        extra
        for file in (ROOT / "nas").rglob("*.py")
        for extra in _NAMED.findall(file.read_text(encoding="utf-8"))
    }
    assert {"measure", "litert", "ncnn", "openvino"} <= named
    assert named <= set(extras["optional-dependencies"])
