"""The names of what says how good networks are on pictures, known without loading what does."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Proxy(StrEnum):
    """What can be said of a network before it is trained."""

    NASWOT = "naswot"
    SYNFLOW = "synflow"
    ZEN = "zen"
    GRADIENT_NORM = "gradient_norm"
    JACOBIAN_COVARIANCE = "jacobian_covariance"
    MACS = "macs"
    PARAMETERS = "parameters"
    DEPTH = "depth"


TRAINED = ("supernet", "finetuning", "training")
"""What trains, and says accuracy; the first is the default.

The weights that all networks share are trained once for the first two; the last two train each
network.
"""

Fidelity = Literal["epochs", "pictures", "resolution"]
"""What early reports of a network's training have less of than its last."""

SCORING = tuple(
    proxy.value for proxy in Proxy if proxy not in (Proxy.MACS, Proxy.PARAMETERS, Proxy.DEPTH)
)
"""Proxies that look at pictures and say a score; the others are counts, known without them."""
