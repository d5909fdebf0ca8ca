"""A real-valued width → the channel count that the field's rounding rule gives."""

from __future__ import annotations


def make_divisible(width: float, divisor: int, *, keep_share: float = 0.9) -> int:
    """Nearest multiple of `divisor`, at least `divisor`, never below `keep_share` of `width`.

    The rule of the MobileNet papers (Sandler et al., 2018), so that scaled widths suit hardware.
    """
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < keep_share * width else rounded
