"""What the bank shows: nothing at rest, filmed pixels where it is trusted, each stream its own."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.appearances import PARTS, Appearance
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.bank.bank import Bank, share_of
from engine.rig.bank.cutting import cut
from engine.rig.bank.places import LIDS, MOUTH, PLACES, UPPER_FACE
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.gpu_frame import rig_frame
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.portrait import RigPortrait
from engine.rig.warp.target import PortraitFace
from tests.faces_made import made_face, textured
from tests.rig_made import made_motion, person

OPEN = {"jawOpen": 0.5}
SHUT = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}
RAISED = {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0}
FILMED = (OPEN, {"mouthPucker": 1.0}, SHUT, RAISED)


def motion_to(**arkit: float) -> RigMotion:
    return difference(read_face(made_face()), read_face(made_face(**arkit)))  # type: ignore[arg-type]


def filmed(seed: int = 3) -> list[Appearance]:
    """Every part of four faces, in pictures whose pixels tell them from the portrait's."""
    own = made_face()
    return [
        cut(
            part,
            np.roll(textured(seed=seed), 9, axis=1),
            made_face(**face),  # type: ignore[arg-type]
            portrait=textured(),
            own=own,
        )
        for part in PARTS
        for face in FILMED
    ]


@cache
def enrolled() -> RigPortrait:
    return RigPortrait(textured(), made_face(), appearances=filmed())


def plain() -> RigPortrait:
    return RigPortrait(textured(), made_face())


def changed(first: Pixels, second: Pixels) -> float:
    return float(np.abs(first.astype(int) - second).mean())


def test_a_motion_that_drives_nothing_shows_what_a_portrait_without_a_bank_shows() -> None:
    own = enrolled().for_stream()
    expected = plain().render(still_motion(), Edit())
    np.testing.assert_array_equal(own.render(still_motion(), Edit()), expected)
    own.render(motion_to(**OPEN), Edit())
    np.testing.assert_array_equal(own.render(still_motion(), Edit()), expected)
    np.testing.assert_array_equal(own.still(), textured())


def test_each_part_shows_filmed_pixels_where_it_is_driven_to_what_was_filmed() -> None:
    bank = Bank(filmed(), textured(), PortraitFace.from_face(made_face()))
    assert bank is not None
    for face, places in ((OPEN, [MOUTH]), (SHUT, LIDS), (RAISED, [UPPER_FACE])):
        own = enrolled().for_stream()
        placed = own.placed(motion_to(**face))
        for place in PLACES:
            if place in places:
                assert share_of(place, placed.recalled) > 0.9
        with_bank, without = own.render(motion_to(**face), Edit()), plain().warp(motion_to(**face))
        assert changed(with_bank, without.picture) > 0.1


def test_a_mouth_that_was_not_filmed_is_left_to_the_rig() -> None:
    only_pucker = [
        a
        for a, face in zip(filmed(), FILMED * len(PARTS), strict=True)
        if a.part == "mouth" and "mouthPucker" in face
    ]
    portrait = RigPortrait(textured(), made_face(), appearances=only_pucker)
    wide = motion_to(jawOpen=1.0, mouthSmileLeft=1.0, mouthSmileRight=1.0)
    np.testing.assert_array_equal(portrait.render(wide, Edit()), plain().render(wide, Edit()))


def test_two_streams_on_one_portrait_each_get_what_one_alone_would_get() -> None:
    talking = [motion_to(jawOpen=gap) for gap in (0.0, 0.3, 0.6, 0.2)]
    blinking = [motion_to(eyeBlinkLeft=lid, mouthPucker=lid) for lid in (0.0, 0.5, 1.0, 0.7)]

    def alone(motions: list[RigMotion]) -> list[Pixels]:
        stream = enrolled().for_stream()
        return [stream.render(motion, Edit()) for motion in motions]

    first, second = enrolled().for_stream(), enrolled().for_stream()
    together = [
        (first.render(one, Edit()), second.render(other, Edit()))
        for one, other in zip(talking, blinking, strict=True)
    ]
    for (mine, yours), my_own, your_own in zip(
        together, alone(talking), alone(blinking), strict=True
    ):
        np.testing.assert_array_equal(mine, my_own)
        np.testing.assert_array_equal(yours, your_own)


def test_what_is_shown_passes_over_steadily() -> None:
    stream = enrolled().for_stream()
    stream.placed(motion_to(mouthPucker=1.0))
    shares = []
    for _ in range(12):
        recalled = stream.placed(motion_to(**OPEN)).recalled[PLACES.index(MOUTH)]
        assert recalled is not None
        shares.append(recalled.weights[0])
    assert shares[0] < 0.7
    assert shares[-1] > 0.95
    assert (np.diff(shares) > -1e-9).all()


def test_a_gpu_gets_the_same_layers() -> None:
    motion = motion_to(**OPEN)
    with_bank = rig_frame(enrolled().for_stream(), motion, Edit())
    assert len(with_bank.patches) > 0
    boxes = {(patch.left, patch.top) for patch in with_bank.patches}
    layers = list(enrolled().for_stream().layers_above(enrolled().for_stream().placed(motion)))
    assert boxes == {layer.box[:2] for layer in layers}


def test_what_a_portrait_prepares_late_is_made_once_for_all_streams() -> None:
    asked: list[int] = []

    def matte() -> NDArray[np.float32]:
        asked.append(1)
        return person()

    portrait = RigPortrait(textured(), made_face(), matte, appearances=filmed())
    for stream in (portrait.for_stream(), portrait.for_stream(), portrait):
        stream.render(motion_to(**OPEN), Edit())
        stream.render(made_motion("turned"), Edit())
        assert stream.has_layers
    assert len(asked) == 1
