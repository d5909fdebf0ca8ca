"""Architectures → torch modules; importing this package imports torch."""

from __future__ import annotations

from nas.networks.build import build

__all__ = ["build"]
