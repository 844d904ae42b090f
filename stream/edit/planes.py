"""Changes a decoded picture's own planes: nothing is converted there and back.

The face is worked on in RGB. What comes back is the difference that the edit made, turned into luma
and chroma by the picture's own matrix and range and added to the planes. So a pixel that was not
changed keeps its value bit for bit, in any depth and any transfer curve, and one that was changed
keeps its grain.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from av import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from engine.editing import Patch
from engine.errors import InputError
from stream.files.orientation import Orientation

MATRICES: dict[int, tuple[float, float]] = {
    int(Colorspace.ITU709): (0.2126, 0.0722),
    int(Colorspace.FCC): (0.30, 0.11),
    int(Colorspace.ITU601): (0.299, 0.114),
    6: (0.299, 0.114),  # SMPTE 170M
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
}
"""The file's number of a matrix (ISO 23091-2) -> the weights of red and blue in luma."""
UNSPECIFIED = 2
SMALL = (1279, 576)
"""As in `stream/files/colours.py`: an untagged picture up to this size is BT.601."""
PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "yuv440p")
DEPTHS = ("", "9le", "10le", "12le", "14le", "16le")
FORMATS = frozenset(
    name + depth for name in PLANAR for depth in DEPTHS if not (depth and name.startswith("yuvj"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a film's pictures are stored."""

    format: str
    depth: int
    """Bits of a sample."""
    across: int
    down: int
    """Pixels per chroma sample in each direction, 1 or 2."""
    red: float
    blue: float
    """Of luma."""
    is_full: bool
    """Whether samples use the whole range."""

    @classmethod
    def of(cls, picture: VideoFrame, name: str) -> "Layout":
        """InputError for a layout whose planes cannot be changed one by one."""
        name_of_format = picture.format.name
        if name_of_format not in FORMATS:
            raise InputError(
                f"the pictures of {name} are stored as {name_of_format}, of which an edit would "
                "change every pixel. Convert it first: ffmpeg -i IN -pix_fmt yuv420p OUT.mkv"
            )
        matrix = int(picture.colorspace)
        if matrix == UNSPECIFIED:
            is_small = picture.width <= SMALL[0] and picture.height <= SMALL[1]
            matrix = int(Colorspace.ITU601 if is_small else Colorspace.ITU709)
        if matrix not in MATRICES:
            raise InputError(
                f"{name} has the colour matrix number {matrix}, which is not known here. Convert "
                "it first: ffmpeg -i IN -vf scale=out_color_matrix=bt709 OUT.mkv"
            )
        red, blue = MATRICES[matrix]
        luma, chroma = picture.format.components[0], picture.format.components[1]
        return cls(
            format=name_of_format,
            depth=luma.bits,
            across=luma.width // chroma.width if chroma.width else 1,
            down=luma.height // chroma.height if chroma.height else 1,
            red=red,
            blue=blue,
            is_full=name_of_format.startswith("yuvj") or picture.color_range == ColorRange.JPEG,
        )


def planes_of(picture: VideoFrame) -> list[NDArray[np.integer]]:
    """Y, Cb and Cr as arrays (h, w) onto the picture's own memory."""
    dtype = np.dtype("<u2" if picture.format.components[0].bits > 8 else "u1")
    found = []
    for plane in picture.planes:
        rows = np.frombuffer(memoryview(plane), dtype).reshape(
            plane.height, plane.line_size // dtype.itemsize
        )
        found.append(rows[:, : plane.width])
    return found


def apply(
    picture: VideoFrame,
    patches: list[Patch],
    layout: Layout,
    orientation: Orientation,
    upright: tuple[int, int],
) -> VideoFrame:
    """The picture with the patches in its planes; the same object where there are none.

    `upright` is the (width, height) in which the patches were made: as a player shows the picture,
    with square pixels.
    """
    if not patches:
        return picture
    picture.make_writable()
    planes = planes_of(picture)
    for patch in patches:
        left, top, right, bottom = patch.box
        change = (patch.new - patch.own) * patch.mask[..., None]
        box, change = _as_stored((left, top, right, bottom), change, orientation, upright)
        box, change = _with_stored_pixels(box, change, orientation, upright, picture)
        _add(planes, box, change, layout)
    return picture


def _add(
    planes: list[NDArray[np.integer]],
    box: tuple[int, int, int, int],
    change: NDArray[np.float32],
    layout: Layout,
) -> None:
    """Add a change of RGB (h, w, 3) in levels of 0..255 to the planes."""
    box, change = _evened(box, change, layout)
    left, top, right, bottom = box
    red, green, blue = cv2.split(change)
    luma = layout.red * red + (1.0 - layout.red - layout.blue) * green + layout.blue * blue
    largest = (1 << layout.depth) - 1
    unit = largest / 255.0 if layout.is_full else float(1 << (layout.depth - 8))
    of_luma, of_chroma = (1.0, 1.0) if layout.is_full else (219.0 / 255.0, 224.0 / 255.0)
    _added(planes[0][top:bottom, left:right], luma * (unit * of_luma), largest)
    for plane, colour, weight in ((planes[1], blue, layout.blue), (planes[2], red, layout.red)):
        chroma = (colour - luma) * (unit * of_chroma * 0.5 / (1.0 - weight))
        fewer = _subsampled(chroma, layout)
        rows = slice(top // layout.down, top // layout.down + fewer.shape[0])
        columns = slice(left // layout.across, left // layout.across + fewer.shape[1])
        region = plane[rows, columns]
        _added(region, fewer[: region.shape[0], : region.shape[1]], largest)


def _added(region: NDArray[np.integer], change: NDArray[np.floating], largest: int) -> None:
    change = change[: region.shape[0], : region.shape[1]]
    region[:] = np.clip(np.rint(region + change), 0, largest).astype(region.dtype)


def _subsampled(chroma: NDArray[np.floating], layout: Layout) -> NDArray[np.floating]:
    """Chroma lies on the left of its pixels, as in MPEG-2 and later, and between their rows."""
    if layout.across == 2:
        padded = np.pad(chroma, ((0, 0), (1, 1)))
        chroma = (padded[:, :-2:2] + 2.0 * padded[:, 1:-1:2] + padded[:, 2::2]) / 4.0
    if layout.down == 2:
        chroma = (chroma[::2] + chroma[1::2]) / 2.0
    return chroma


def _evened(
    box: tuple[int, int, int, int], change: NDArray[np.float32], layout: Layout
) -> tuple[tuple[int, int, int, int], NDArray[np.float32]]:
    """The box grown to whole chroma samples, with nothing changed in what is added."""
    left, top, right, bottom = box
    add = (top % layout.down, bottom % layout.down, left % layout.across, right % layout.across)
    if any(add):
        change = np.pad(change, ((add[0], add[1]), (add[2], add[3]), (0, 0)))
    return (left - add[2], top - add[0], right + add[3], bottom + add[1]), change


def _as_stored(
    box: tuple[int, int, int, int],
    change: NDArray[np.float32],
    orientation: Orientation,
    upright: tuple[int, int],
) -> tuple[tuple[int, int, int, int], NDArray[np.float32]]:
    """A change of the shown picture as one of the stored picture, which may lie on its side."""
    left, top, right, bottom = box
    width, height = upright
    if orientation.flips_rows:
        change, top, bottom = change[::-1], height - bottom, height - top
    if orientation.flips_columns:
        change, left, right = change[:, ::-1], width - right, width - left
    if orientation.transposes:
        change = change.transpose(1, 0, 2)
        left, top, right, bottom = top, left, bottom, right
    return (left, top, right, bottom), np.ascontiguousarray(change)


def _with_stored_pixels(
    box: tuple[int, int, int, int],
    change: NDArray[np.float32],
    orientation: Orientation,
    upright: tuple[int, int],
    picture: VideoFrame,
) -> tuple[tuple[int, int, int, int], NDArray[np.float32]]:
    """The same where the stored pixels are not square: scaled to them across."""
    shown = orientation.size(*upright)
    if shown == (picture.width, picture.height):
        return box, change
    left, top, right, bottom = box
    ratio = picture.width / shown[0]
    begin = int(np.floor(left * ratio)) // 2 * 2
    end = min(int(np.ceil(right * ratio)), picture.width)
    # Pixel c of the stored box is c + begin; its centre in the shown picture.
    columns = ((np.arange(begin, end) + 0.5) / ratio - 0.5 - left).astype(np.float32)
    x = np.broadcast_to(columns, (bottom - top, end - begin)).copy()
    y = np.broadcast_to(
        np.arange(bottom - top, dtype=np.float32)[:, None], (bottom - top, end - begin)
    ).copy()
    scaled = cv2.remap(change, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return (begin, top, end, bottom), np.asarray(scaled, np.float32)
