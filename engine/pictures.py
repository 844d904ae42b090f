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
from engine.file_kinds import JPEG, PNG, kind_of
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

MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
"""Colours that a profile describes -> Pillow's mode of them."""

DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error)
"""What Pillow's decoders raise for a file that is cut off or broken."""

Image.MAX_IMAGE_PIXELS = None
"""Pillow's own limit speaks to programmers, by a warning; ours is kept before anything is decoded.
Every picture of a user or a stranger is opened here."""


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
        kind = kind_of(content)
        if kind in (JPEG, PNG):  # whose head says nothing of use
            raise _damaged(name) from error
        advice = "save it as one of these" if kind is None else f"it is {kind}, so get it again"
        raise NotAPictureError(f"{name} is not a JPEG, PNG or WebP picture: {advice}") from error
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
    pixels = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
    reduced = Image.fromarray(pixels)
    reduced.info = image.info
    return reduced


def _opaque(image: Image.Image, name: str) -> Image.Image:
    """RGB in sRGB, laid over the neutral background where it is transparent."""
    colours = _in_srgb(image, name)
    if not image.has_transparency_data:
        return colours
    cut_out = colours.convert("RGBA")
    cut_out.putalpha(image.convert("RGBA").getchannel("A"))
    behind = Image.new("RGBA", cut_out.size, (*BEHIND, 255))
    return Image.alpha_composite(behind, cut_out).convert("RGB")


def _in_srgb(image: Image.Image, name: str) -> Image.Image:
    """The colours without their transparency, RGB; the profile, if there is one, is applied.

    Phones save wider colours than sRGB, in whatever mode the picture is kept afterwards.
    """
    profile = image.info.get("icc_profile")
    if not profile:
        return _plain(image, "RGB")
    try:
        described = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            _plain(image, _mode_of(described, image)),
            described,
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (OSError, ValueError, ImageCms.PyCMSError) as error:
        logger.warning("%s: its colour profile cannot be used (%s); taken as sRGB", name, error)
        return _plain(image, "RGB")
    assert converted is not None  # only a conversion in place gives none
    return converted


def _mode_of(profile: ImageCms.ImageCmsProfile, image: Image.Image) -> str:
    """The mode of the colours that the profile describes; an error where the picture has others."""
    space = profile.profile.xcolor_space.strip()
    is_grey = image.mode in ("1", "L", "LA", "La")
    is_print = image.mode == "CMYK"
    # A grey picture may carry a profile of RGB: it has the three colours in equal parts.
    fits = {"GRAY": is_grey, "RGB": not is_print, "CMYK": is_print}
    if not fits.get(space, False):
        raise ValueError(f"it describes {space}, the picture is {image.mode}")
    return MODES[space]


def _plain(image: Image.Image, mode: str) -> Image.Image:
    """The picture's colours in this mode, whether they are seen through or not."""
    if image.mode == mode:
        return image
    if image.has_transparency_data and mode == "RGB":
        image = image.convert("RGBA")  # a palette's own way to RGB would warn of what it drops
    return image.convert(mode)


def _too_large(name: str, size: str, limit_pixels: int) -> TooLargeError:
    return TooLargeError(
        f"{name} is too large ({size} pixels; the limit is {limit_pixels // 1_000_000} million): "
        "reduce it in a picture editor"
    )


def _damaged(name: str) -> InputError:
    return InputError(f"{name} is damaged or incomplete: save or download it again")
