"""Which frames are kept, and how their parts are cut out."""

import numpy as np
import pytest

from engine.appearances import PARTS
from engine.faces.face import Face
from engine.rig.bank.cutting import cut
from engine.rig.bank.selection import select
from tests.faces_made import made_face, textured


def talking(count: int = 60) -> list[Face]:
    """From shut to open and back, again and again, with a pucker and a blink in between."""
    faces = []
    for index in range(count):
        jaw = abs(np.sin(index / 5.0))
        pucker, blink = float(index % 20 == 7), float(index % 20 == 12)
        faces.append(
            made_face(jawOpen=jaw, mouthPucker=pucker, eyeBlinkLeft=blink, eyeBlinkRight=blink)
        )
    return faces


def test_few_mouths_are_kept_and_they_are_unlike_each_other() -> None:
    kept = select(talking(), made_face())
    assert 8 <= len(kept["mouth"]) <= 24
    assert list(kept["mouth"]) == sorted(set(kept["mouth"]))
    assert any(index % 20 == 7 for index in kept["mouth"])


def test_lids_are_kept_where_they_close_only() -> None:
    kept = select(talking(), made_face())
    assert kept["lids"]
    assert all(index % 20 == 12 for index in kept["lids"])


def test_a_clip_that_shows_no_more_than_the_portrait_gives_nothing() -> None:
    assert set(select([made_face()] * 5, made_face()).values()) == {()}
    assert set(select([], made_face()).values()) == {()}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_cut_at_the_portraits_size_and_in_its_light(part: str) -> None:
    bright = textured(512)
    dark = (bright * 0.7).astype(np.uint8)
    found = cut(
        part,  # type: ignore[arg-type]
        dark,
        made_face(512),
        portrait=textured(256),
        own=made_face(256),
    )
    assert found.part == part
    assert max(found.picture.shape[:2]) < 128
    own = made_face(256).landmarks
    across = np.ptp(found.landmarks[:468, :2], axis=0) / np.ptp(own[:468, :2], axis=0)
    np.testing.assert_allclose(across, 1.0, rtol=0.03)
    np.testing.assert_allclose(found.gain, 1.0 / 0.7, rtol=0.35)


def test_a_part_outside_its_frame_is_refused() -> None:
    away = made_face(shift=(0.0, 200.0))
    with pytest.raises(ValueError, match="outside"):
        cut("mouth", textured(), away, portrait=textured(), own=made_face())
