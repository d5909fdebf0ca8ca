"""One encoded picture → a square of uint8, with what had to be done to it.

Short sides are resized to the square's with antialiasing, then the middle is cut out. Cameras'
rotation marks are obeyed. Grey becomes three equal channels, what is transparent lies on white,
16-bit values keep their upper 8 bits.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from nas.errors import MissingExtraError
from nas.images.listing import Loaded

try:
    from PIL import Image, ImageOps
except ImportError:
    raise MissingExtraError("pictures of one's own", "train") from None

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")

_LEAST_SIDE = 2
_OUTSIZE = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_SIXTEEN_TO_EIGHT = 257
_GREY = "greyscale, read as three equal channels"
_ALPHA = "with transparency, laid on white"
_SIXTEEN = "of 16 bits a channel, read as 8"


class UndecodableError(ValueError):
    """A picture that cannot be used; the message is the reason."""


def shape_of(loaded: Loaded) -> tuple[int, int]:
    """Width and height without decoding, as they are stored.

    Raises:
        UndecodableError: if it is no picture.
    """
    if isinstance(loaded, bytes):
        with _opened(loaded) as image:
            return image.size
    return loaded.shape[1], loaded.shape[0]


def decode(loaded: Loaded, side: int) -> tuple[NDArray[np.uint8], str | None]:
    """A picture as uint8 of shape (side, side, 3), and what was done to its colours.

    Raises:
        UndecodableError: with the reason.
    """
    if not isinstance(loaded, bytes):
        return _square(Image.fromarray(loaded), side), None
    with _opened(loaded) as opened:
        try:
            opened.draft("RGB", (side, side))  # JPEG decodes to a half or a quarter at once
            image = ImageOps.exif_transpose(opened)
            image, done = _coloured(image)
        except (OSError, ValueError, SyntaxError, IndexError) as e:
            raise UndecodableError("broken, the picture cannot be decoded") from e
    return _square(image, side), done


def _opened(encoded: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    except (OSError, ValueError, SyntaxError) as error:
        raise UndecodableError(f"broken, or none of {', '.join(FORMATS)}") from error
    except _OUTSIZE as error:
        raise UndecodableError("too many pixels for a picture") from error
    if min(image.size) < _LEAST_SIDE:
        raise UndecodableError(f"less than {_LEAST_SIDE} pixels wide or high")
    return image


def _coloured(image: Image.Image) -> tuple[Image.Image, str | None]:
    """An image in RGB."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.max() > np.iinfo(np.uint16).max or values.min() < 0:
            raise UndecodableError("of more than 16 bits a channel")
        eight = (values.astype(np.uint32) // _SIXTEEN_TO_EIGHT).astype(np.uint8)
        return Image.fromarray(eight).convert("RGB"), _SIXTEEN
    if image.mode == "F":
        raise UndecodableError("of floating-point values, whose range is not known")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB"), _ALPHA
    done = _GREY if image.mode in ("1", "L") else None
    return image.convert("RGB"), done


def _square(image: Image.Image, side: int) -> NDArray[np.uint8]:
    if image.size != (side, side):
        image = ImageOps.fit(image, (side, side), Image.Resampling.BICUBIC)
    return np.asarray(image)
