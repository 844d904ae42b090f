"""A driver who leaves, is covered or cut away, with the real tracker and the real rig."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Frame, Pixels
from engine.framing import fit_portrait
from engine.pictures import open_picture
from engine.reenactor import Reenactor
from engine.rig.model import RigModel
from engine.rig.motion.motion import RigMotion
from stream.files.clips import Clip
from tests.drawn_faces import draw_face

ASSETS = Path(__file__).parents[1] / "stream" / "assets"
FAULTS = Path(__file__).parents[2] / "shared" / "faults"
RATE = 15
WALL = (170, 180, 190)
POSTER = (110, 90, 34)
DRIVER = (420, 180, 70)


@pytest.fixture(scope="module")
def model() -> RigModel:
    return RigModel()


@pytest.fixture(scope="module")
def portrait() -> tuple[Pixels, Face]:
    picture = open_picture(ASSETS / "portrait.png")
    face = MeshTracker().find(picture)
    assert face is not None
    return fit_portrait(picture, face, frame="face", size=256)


@pytest.fixture(scope="module")
def watcher() -> MeshTracker:
    return MeshTracker()


def scene(driver: tuple[float, float, float] | None, *, poster: bool = True) -> Pixels:
    """640 x 360: a wall with a small drawn face on it, and a larger one before it."""
    picture = np.full((360, 640, 3), WALL, np.uint8)
    if poster:
        draw_face(picture, *POSTER, mouth_gap=0.3)
        picture[20:160, 60:62] = picture[20:160, 158:160] = (60, 40, 20)
    if driver is not None:
        draw_face(picture, *driver, shoulders=True)
    return picture


def leaving() -> list[Pixels]:
    """There for a second, gone to the right within 0.5 s, away for 2 s, back within 0.5 s."""
    there = [scene(DRIVER)] * 15
    going = [scene((420 + 45 * step, 180, 70)) for step in range(1, 9)]
    return [*there, *going, *[scene(None)] * 30, *reversed(going), *there]


def cut() -> list[Pixels]:
    """The same person, then half as large elsewhere before another wall, then as at first."""
    there, elsewhere = scene(DRIVER, poster=False), scene((180, 220, 36), poster=False)
    elsewhere[:, 400:] //= 2
    return [*[there] * 12, *[elsewhere] * 12, *[there] * 12]


class Shown:
    """What a stream of pictures made of the portrait."""

    def __init__(self, pictures: Iterator[Frame], model: RigModel, at: tuple[Pixels, Face]) -> None:
        reenactor = Reenactor(model=model, tracker=MeshTracker())
        reenactor.set_portrait(*at)
        self.pictures: list[Pixels] = []
        self.motions: list[RigMotion | None] = []
        self.seen: list[bool] = []
        for frame in pictures:
            self.pictures.append(reenactor.step(frame).pixels)
            self.motions.append(reenactor.motion)
            self.seen.append(reenactor.sees_face)

    def far(self, index: int) -> float:
        """How far the head is from rest, in cm and tenths of radians; 0 at rest."""
        motion = self.motions[index]
        if motion is None:
            return 0.0
        return float(max(np.abs(motion.shift).max(), 10 * np.abs(motion.rotation).max()))


def frames(pictures: list[Pixels]) -> Iterator[Frame]:
    for index, picture in enumerate(pictures):
        yield Frame(pixels=picture, captured_ns=round(index * 1e9 / RATE))


def check_whole(shown: Shown, portrait: tuple[Pixels, Face], watcher: MeshTracker) -> None:
    """In every picture there is a face of about the portrait's size, inside."""
    left, top, right, bottom = portrait[1].box
    size = max(right - left, bottom - top)
    for index, picture in enumerate(shown.pictures):
        watcher.reset()
        face = watcher.find(picture)
        assert face is not None, index
        left, top, right, bottom = face.box
        assert min(left, top) > -2.0, index
        assert max(right - picture.shape[1], bottom - picture.shape[0]) < 2.0, index
        assert max(right - left, bottom - top) == pytest.approx(size, rel=0.35), index


@pytest.mark.slow
def test_a_driver_who_leaves_before_a_poster_is_let_go_of_and_taken_back(
    model: RigModel, portrait: tuple[Pixels, Face], watcher: MeshTracker
) -> None:
    shown = Shown(frames(leaving()), model, portrait)
    check_whole(shown, portrait, watcher)
    gone = shown.seen.index(False)
    assert 15 < gone <= 23
    assert not any(shown.seen[gone : gone + 16])  # the poster waits for the hold and the ease
    assert max(shown.far(index) for index in range(gone + 20, 52)) < 1.0  # its own neutral face
    assert shown.seen[-1]
    assert shown.far(-1) < 1.0  # the driver's first neutral face again


@pytest.mark.slow
def test_a_jump_cut_is_a_new_shot_that_carries_nothing_over(
    model: RigModel, portrait: tuple[Pixels, Face], watcher: MeshTracker
) -> None:
    shown = Shown(frames(cut()), model, portrait)
    check_whole(shown, portrait, watcher)
    assert all(shown.seen)
    assert max(shown.far(index) for index in range(36)) < 1.0


@pytest.mark.slow
@pytest.mark.skipif(not FAULTS.is_dir(), reason=f"needs the clips of {FAULTS}")
@pytest.mark.parametrize("name", ["painting.mp4", "jump_cut.mp4"])
def test_the_clips_that_tore_heads_do_so_no_more(
    model: RigModel, portrait: tuple[Pixels, Face], watcher: MeshTracker, name: str
) -> None:
    shown = Shown(Clip(FAULTS / name).frames(), model, portrait)
    check_whole(shown, portrait, watcher)
    assert shown.seen[-1]
    assert shown.far(-1) < 1.5
