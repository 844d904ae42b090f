"""Opens a still picture from a user's file: any colour mode, upright, opaque, of a sane size.

Nothing is decoded before the header has been checked, because the file may be anybody's.
"""

import io
import logging
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from engine.errors import InputError
from engine.frame import Pixels

logger = logging.getLogger(__name__)

FORMATS = ("JPEG", "PNG", "WEBP")
"""An allow-list: of Pillow's forty decoders only these are ever given a stranger's bytes."""
LIMIT_PIXELS = 80_000_000
"""A 50-megapixel photo opens; a picture that needs gigabytes does not."""
LONGEST_SIDE = 4096
"""Larger pictures are reduced: four times the tallest output, so a small head may be cropped."""
BEHIND = (128, 128, 128)
"""What shows through transparency. The soft edge of a cut-out mixes with it, and grey is never far
from the colour of hair: white would leave a halo around dark hair, black one around fair hair."""

DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error)
"""What Pillow's decoders raise for a file that is cut off or broken."""
BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class NotAPictureError(InputError):
    """The content is of no kind that is opened here."""


class TooLargeError(InputError):
    """The picture has more pixels than are decoded here."""


def open_picture(
    source: Path | str | bytes,
    *,
    limit_pixels: int = LIMIT_PIXELS,
    limit_side: int | None = None,
    longest_side: int = LONGEST_SIDE,
) -> Pixels:
    """The picture in a file, or in the bytes of one; the first of an animated one.

    More than the limits is refused before it is decoded; above `longest_side` it is reduced.
    """
    name = "the picture" if isinstance(source, bytes) else str(source)
    content = source if isinstance(source, bytes) else _read(Path(source))
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise NotAPictureError(
            f"{name} is not a JPEG, PNG or WebP picture: save it as one of these"
        ) from error
    except BOMB as error:
        raise _too_large(name, "far more", limit_pixels) from error
    except DAMAGED as error:
        raise _damaged(name) from error
    with image:
        width, height = image.size
        if limit_side is not None and max(width, height) > limit_side:
            raise TooLargeError(
                f"{name} is too large ({width} x {height} pixels; the limit is "
                f"{limit_side} x {limit_side}): reduce it in a picture editor"
            )
        if width * height > limit_pixels:
            raise _too_large(name, f"{width} x {height}", limit_pixels)
        try:
            image.draft(image.mode, (longest_side, longest_side))  # a JPEG decodes smaller at once
            image.load()
            upright = ImageOps.exif_transpose(image)
        except DAMAGED as error:
            raise _damaged(name) from error
    opaque = _opaque(_eight_bit(upright), name)
    opaque.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(opaque, np.uint8))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}): check the path") from error


def _eight_bit(image: Image.Image) -> Image.Image:
    """Sixteen-bit grey as eight-bit: Pillow's own conversion would clip it to white."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))


def _opaque(image: Image.Image, name: str) -> Image.Image:
    """RGB in sRGB, laid over the neutral background where it is transparent."""
    image = _in_srgb(image, name)
    if not image.has_transparency_data:
        return image.convert("RGB")
    cut_out = image.convert("RGBA")
    behind = Image.new("RGBA", cut_out.size, (*BEHIND, 255))
    return Image.alpha_composite(behind, cut_out).convert("RGB")


def _in_srgb(image: Image.Image, name: str) -> Image.Image:
    """The picture with its colour profile applied: phones save wider colours than sRGB."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return image
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (OSError, ImageCms.PyCMSError) as error:
        logger.warning("%s: its colour profile cannot be used (%s); taken as sRGB", name, error)
        return image
    return image if converted is None else converted


def _too_large(name: str, size: str, limit_pixels: int) -> TooLargeError:
    return TooLargeError(
        f"{name} is too large ({size} pixels; the limit is {limit_pixels // 1_000_000} million): "
        "reduce it in a picture editor"
    )


def _damaged(name: str) -> InputError:
    return InputError(f"{name} is damaged or incomplete: save or download it again")
