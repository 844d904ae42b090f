"""Portraits of `live`: one size for all, smaller inside where the machine is too slow."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.frame import Frame, Pixels
from engine.reenactor import Reenactor
from engine.slot import LatestSlot
from stream.ladder import LOSING_S
from stream.live_portraits import Gallery, enroll_all
from stream.live_quality import LOOK_EVERY_S, LiveQuality
from stream.loop import FrameLoop
from tests.fakes import DiscTracker, Shift, ShiftModel, disc_face, disc_picture
from tests.virtual_camera_fake import wait_until


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery[Shift]:
    """Two portraits, of different shape, the disc in their middle."""
    paths = [tmp_path / "wide.png", tmp_path / "square.png"]
    Image.fromarray(disc_picture(768, 512, (384, 256), 40)).save(paths[0])
    Image.fromarray(disc_picture(600, 600, (300, 300), 60)).save(paths[1])
    return enroll_all(paths, model=ShiftModel(), make_tracker=DiscTracker, framing="full", size=512)


class CountingLoop(FrameLoop[Shift]):
    """A loop that never runs; the test says how many frames it lost."""

    def __init__(self) -> None:
        reenactor = Reenactor(model=ShiftModel(), tracker=DiscTracker())
        super().__init__(reenactor, LatestSlot[Frame]())

    def did(self, frames: int, drops: int) -> None:
        self._frames += frames
        self.source.dropped += drops  # type: ignore[misc]  # a plain attribute of the slot

    def shown_size(self) -> tuple[int, ...]:
        assert self.reenactor.look.portrait is not None
        return self.reenactor.look.portrait.still().shape[:2]


def disc_at(pixels: Pixels) -> tuple[float, float]:
    face = DiscTracker().find(pixels)
    assert face is not None
    return float(face.landmarks[468, 0]), float(face.landmarks[468, 1])


def watch(quality: LiveQuality[Shift], seconds: float, happens: Callable[[], None]) -> None:
    """Let the quality look at the loop twice a second of a made clock."""
    for tick in range(round(seconds / LOOK_EVERY_S)):
        happens()
        quality.look(1000.0 + tick * LOOK_EVERY_S)


def test_every_portrait_has_the_size_of_the_first(gallery: Gallery[Shift]) -> None:
    assert gallery.still.shape == (512, 768, 3)
    second = gallery.portrait(1, 512).still()
    assert second.shape == (512, 768, 3)
    assert disc_at(second) == pytest.approx((383.5, 255.5), abs=0.6)


def test_a_smaller_portrait_is_the_same_picture(gallery: Gallery[Shift]) -> None:
    small = gallery.portrait(0, 256).still()
    assert small.shape == (256, 384, 3)
    assert disc_at(small) == pytest.approx((192, 128), abs=0.6)
    assert gallery.portrait(0, 256) is gallery.portrait(0, 256)


def test_where_frames_are_lost_the_step_gets_smaller_and_the_output_keeps_its_size(
    gallery: Gallery[Shift],
) -> None:
    said: list[str] = []
    loop = CountingLoop()
    quality = LiveQuality(loop, gallery, adapts=True, say=said.append)
    assert loop.shown_size() == (512, 768)
    watch(quality, LOSING_S + 1.0, lambda: loop.did(8, 7))
    wait_until(lambda: loop.shown_size() == (352, 528))
    assert said == ["352 px (this machine was too slow for 512 pixels)"]
    assert quality.note == said[0]
    assert loop.reenactor.look.portrait is not None
    shown = quality.fitted(loop.reenactor.look.portrait.still())
    assert shown.shape == (512, 768, 3)
    assert disc_at(shown) == pytest.approx((384, 256), abs=1.5)
    quality.choose(1)
    wait_until(lambda: loop.reenactor.look.portrait is gallery.portrait(1, 352))
    quality.close()


class RefiningModel(ShiftModel):
    can = replace(ShiftModel.can, refine=True)


def test_refinement_goes_before_pixels_do() -> None:
    picture = disc_picture(512, 512, (256.0, 256.0))
    gallery = Gallery(RefiningModel(), [(picture, disc_face((256.0, 256.0), 20.0))], 512)
    said: list[str] = []
    loop = CountingLoop()
    quality = LiveQuality(loop, gallery, adapts=True, say=said.append)
    watch(quality, LOSING_S / 2, lambda: loop.did(8, 7))
    refining = [loop.reenactor.look.edit.refine]
    watch(quality, LOSING_S + 1.0, lambda: loop.did(8, 7))
    refining.append(loop.reenactor.look.edit.refine)
    assert refining == [True, False]
    assert loop.shown_size() == (512, 512)
    assert said == ["512 px (this machine was too slow to refine the picture)"]
    quality.close()


def test_at_the_foot_of_the_ladder_it_says_what_to_do(gallery: Gallery[Shift]) -> None:
    said: list[str] = []
    loop = CountingLoop()
    quality = LiveQuality(loop, gallery, adapts=True, say=said.append)
    watch(quality, 20.0, lambda: loop.did(5, 10))
    assert "too slow even for 256 pixels: close other programs" in said[-1]
    quality.close()


def test_a_size_that_was_asked_for_can_be_kept(gallery: Gallery[Shift]) -> None:
    loop = CountingLoop()
    quality = LiveQuality(loop, gallery, adapts=False, say=lambda line: None)
    watch(quality, 20.0, lambda: loop.did(5, 10))
    time.sleep(0.05)
    assert loop.shown_size() == (512, 768)
    assert quality.note is None
    quality.close()
