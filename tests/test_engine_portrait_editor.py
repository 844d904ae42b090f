"""A family that puts an expression back into its picture edits films, frame by frame."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.appearances import Appearance
from engine.editing import Cut, Part
from engine.errors import InputError
from engine.faces.brow_strip import BrowStrip
from engine.faces.face import Face
from engine.family import Choice, Family
from engine.frame import Pixels
from engine.model import Capabilities
from engine.motion import Edit, LipShape
from engine.portrait_editor import EVERY, PortraitEditor, PortraitPlan, editor_of
from tests.fakes import Shift, ShiftDriver, ShiftedPortrait, ShiftModel, disc_face, disc_picture


class Tint(ShiftedPortrait):
    """Adds how far the driver's face is to the right, to a square in the middle."""

    def render(self, motion: Shift, edit: Edit) -> Pixels:
        assert edit.mode == "expression"
        picture = self.picture.copy()
        rows, columns = picture.shape[:2]
        middle = slice(rows // 2 - 5, rows // 2 + 5), slice(columns // 2 - 5, columns // 2 + 5)
        picture[middle] = np.clip(picture[middle] + motion.x * edit.gain("lips"), 0, 255)
        return picture


class FromZero(ShiftDriver):
    def read(self, picture: Pixels, face: Face, captured_ns: int) -> Shift:
        assert picture.shape == (120, 160, 3)
        return Shift(x=float(face.landmarks[468, 0]), y=0.0)


class TintModel(ShiftModel):
    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> ShiftedPortrait:
        assert picture.shape[0] != picture.shape[1]
        return Tint(picture=picture)

    def driver(self) -> FromZero:
        return FromZero()


class Walk:
    """A disc that walks to the right; it is not seen in the last frame."""

    def __init__(self, count: int = 10) -> None:
        self.times_s = np.arange(count) / 10.0
        self.shots = np.zeros(count, np.int64)
        self.seen = np.arange(count) < count - 1
        self.size = (120, 160)

    def brows(self, begin: int, end: int) -> list[BrowStrip | None]:
        return [None] * (end - begin)

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        return np.array([disc_face((60.0 + k, 60.0), 15.0).landmarks for k in range(begin, end)])


def picture(index: int) -> Pixels:
    return disc_picture(160, 120, (60.0 + index, 60.0))


def planned(**settings: object) -> PortraitPlan:
    editor = PortraitEditor(TintModel())
    performer = editor.follow(Walk(), picture)
    part = Part(**{"performer": performer, "factors": EVERY, **settings})  # type: ignore[arg-type]
    return editor.plan(Walk(), [part], None, picture)


def cut_of(plan: PortraitPlan, index: int) -> Cut:
    box = plan.region(index)
    assert box is not None
    left, top, right, bottom = box
    return Cut(pixels=picture(index)[top:bottom, left:right].copy(), corner=(left, top))


def test_each_frame_takes_the_expression_of_the_drivers_frame_at_its_time() -> None:
    plan = planned(time_of=lambda time_s: time_s + 0.2)
    patch = plan.retouch(3, cut_of(plan, 3), {})
    assert patch is not None
    change = (patch.new - patch.own) * patch.mask[..., None]
    assert change.max() == pytest.approx(65.0)
    assert not change[patch.mask == 0.0].any()
    assert np.count_nonzero(patch.mask) == 100


def test_a_part_fades_and_gains_act() -> None:
    plan = planned(share_at=lambda time_s: 0.5, gains_at=lambda time_s: {"lips": 0.5})
    patch = plan.retouch(0, cut_of(plan, 0), {})
    assert patch is not None
    assert ((patch.new - patch.own) * patch.mask[..., None]).max() == pytest.approx(15.0)


def test_a_frame_without_the_face_and_a_driver_who_is_gone_change_nothing() -> None:
    assert planned().region(9) is None
    plan = planned(time_of=lambda time_s: 5.0)
    assert plan.retouch(3, cut_of(plan, 3), {}) is None


@pytest.mark.parametrize(
    ("settings", "neutral"),
    [
        ({"factors": frozenset({"lips"})}, None),
        ({"blending": "add"}, None),
        ({"is_own": True}, None),
        ({}, 3),
    ],
)
def test_what_such_a_model_cannot_do_is_refused(
    settings: dict[str, object], neutral: int | None
) -> None:
    editor = PortraitEditor(TintModel())
    performer = editor.follow(Walk(), picture)
    part = Part(**{"performer": performer, "factors": EVERY, **settings})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="leave out"):
        editor.plan(Walk(), [part], neutral, picture)
    with pytest.raises(InputError, match="sliders"):
        editor.hold({"jawOpen": 1.0})
    with pytest.raises(InputError, match="not by sound"):
        editor.speak(lambda time_s: LipShape())


def test_a_family_edits_by_what_it_can() -> None:
    def family(modes: frozenset[str]) -> Family[Shift]:
        can = Capabilities(
            named_factors=False,
            neutral=False,
            refine=False,
            driver_teeth=False,
            pastes_back=modes,  # type: ignore[arg-type]
        )
        return Family(name="made", can=can, load=lambda choice: TintModel())

    choice = Choice(model=str(Path()))
    assert isinstance(editor_of(family(frozenset({"expression"})), choice), PortraitEditor)
    with pytest.raises(InputError, match="cannot put a face back"):
        editor_of(family(frozenset({"pose"})), choice)
