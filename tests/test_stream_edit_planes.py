"""A change of RGB in the planes of a picture, whatever its matrix, range, depth and turn."""

from fractions import Fraction

import numpy as np
import pytest
from av import VideoFrame
from numpy.typing import NDArray

from engine.editing import Patch
from engine.errors import InputError
from stream.edit.planes import Layout, apply, planes_of
from stream.files.orientation import Orientation

UPRIGHT = Orientation()


def picture(format_: str, width: int = 64, height: int = 48) -> VideoFrame:
    made = VideoFrame(width, height, format_)
    random = np.random.default_rng(2)
    for plane in planes_of(made):
        top = 1 << made.format.components[0].bits
        plane[:] = random.integers(top // 4, top // 2, plane.shape)
    made.colorspace, made.color_range = 1, 1
    made.pts, made.time_base = 0, Fraction(1, 25)
    return made


def patch(box: tuple[int, int, int, int], change: tuple[float, float, float]) -> Patch:
    left, top, right, bottom = box
    own = np.full((bottom - top, right - left, 3), 100, np.uint8)
    return Patch(
        box=box,
        own=own,
        new=own.astype(np.float32) + np.array(change, np.float32),
        mask=np.ones(own.shape[:2], np.float32),
    )


def changed(before: VideoFrame, after: VideoFrame) -> list[NDArray[np.integer]]:
    """What each plane gained."""
    pairs = zip(planes_of(before), planes_of(after), strict=True)
    return [new.astype(int) - old for old, new in pairs]


@pytest.mark.parametrize(
    ("format_", "unit"), [("yuv420p", 1), ("yuv422p10le", 4), ("yuv444p12le", 16)]
)
def test_a_grey_change_is_luma_alone_and_only_in_its_box(format_: str, unit: int) -> None:
    before, after = picture(format_), picture(format_)
    layout = Layout.of(after, "film")
    apply(after, [patch((10, 6, 31, 27), (20.0, 20.0, 20.0))], layout, UPRIGHT, (64, 48))
    luma, *chroma = changed(before, after)
    assert set(np.unique(luma[6:27, 10:31])) == {round(20 * unit * 219 / 255)}
    luma[6:27, 10:31] = 0
    assert not luma.any()
    assert not any(plane.any() for plane in chroma)


def test_a_red_change_is_what_bt709_says() -> None:
    before, after = picture("yuv444p"), picture("yuv444p")
    apply(
        after, [patch((0, 0, 64, 48), (50.0, 0.0, 0.0))], Layout.of(after, "f"), UPRIGHT, (64, 48)
    )
    luma, blue, red = (plane[20, 20] for plane in changed(before, after))
    assert luma == round(50 * 0.2126 * 219 / 255)
    assert blue == round(-50 * 0.2126 / 1.8556 * 224 / 255)
    assert red == round(50 * (1 - 0.2126) / 1.5748 * 224 / 255)


def test_no_change_changes_no_bit() -> None:
    before, after = picture("yuv420p"), picture("yuv420p")
    apply(after, [patch((3, 3, 40, 40), (0.0, 0.0, 0.0))], Layout.of(after, "f"), UPRIGHT, (64, 48))
    assert not any(plane.any() for plane in changed(before, after))


@pytest.mark.parametrize(
    ("orientation", "box"),
    [
        (Orientation(transposes=True, flips_columns=True), (5, 9, 15, 29)),
        (Orientation(flips_rows=True), (5, 9, 15, 29)),
        (Orientation(transposes=True), (5, 9, 15, 29)),
    ],
)
def test_a_turned_film_is_changed_where_it_is_seen(
    orientation: Orientation, box: tuple[int, int, int, int]
) -> None:
    before, after = picture("yuv444p"), picture("yuv444p")
    shown = orientation.size(64, 48)
    apply(after, [patch(box, (40.0, 40.0, 40.0))], Layout.of(after, "f"), orientation, shown)
    luma = changed(before, after)[0].astype(np.uint8)
    upright = orientation.upright(np.repeat(luma[..., None], 3, axis=2))[..., 0] > 0
    left, top, right, bottom = box
    assert upright[top:bottom, left:right].all()
    assert np.count_nonzero(upright) == (right - left) * (bottom - top)


def test_pixels_that_are_not_square_are_changed_where_they_are_seen() -> None:
    before, after = picture("yuv444p"), picture("yuv444p")
    box = (40, 10, 80, 30)  # of a picture shown 128 pixels wide
    apply(after, [patch(box, (40.0, 40.0, 40.0))], Layout.of(after, "f"), UPRIGHT, (128, 48))
    columns = np.flatnonzero(changed(before, after)[0].any(axis=0))
    assert abs(int(columns[0]) - 20) <= 1
    assert abs(int(columns[-1]) - 39) <= 1


@pytest.mark.parametrize("format_", ["rgb24", "nv12", "gray"])
def test_what_is_not_stored_in_planes_of_luma_and_chroma_is_refused(format_: str) -> None:
    with pytest.raises(InputError, match="Convert it first"):
        Layout.of(VideoFrame(64, 48, format_), "film")
