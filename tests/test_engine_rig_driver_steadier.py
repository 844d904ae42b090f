"""A camera's noise is smoothed away, and nothing that moves comes late or stays away."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from engine.geometry import Array
from engine.rig.driver.driver import RigDriver
from engine.rig.driver.steadier import Steadier
from engine.rig.motion.motion import RigMotion, still_motion
from tests.faces_made import made_face, textured

FRAME_NS = 33_333_333
NOISE_CM = 0.01
CORNERS, CHIN, BROW, IRIS = [61, 291], 152, 105, 468


def noisy(motion: RigMotion, draw: np.random.Generator) -> RigMotion:
    return replace(
        motion,
        offsets=motion.offsets + draw.normal(0.0, NOISE_CM, motion.offsets.shape),
        aperture=motion.aperture + draw.normal(0.0, NOISE_CM, 2),
        rotation=motion.rotation + draw.normal(0.0, NOISE_CM / 8.0, 3),
        shift=motion.shift + draw.normal(0.0, NOISE_CM, 2),
        log_scale=motion.log_scale + float(draw.normal(0.0, NOISE_CM / 8.0)),
    )


def moved(points: list[int], by_cm: float) -> RigMotion:
    motion = still_motion()
    motion.offsets[points] += (0.0, by_cm, 0.0)
    return motion


def shown(motions: Iterable[RigMotion], steadier: Steadier | None = None) -> list[RigMotion]:
    steadier = steadier or Steadier()
    return [steadier(motion, (n + 1) * FRAME_NS) for n, motion in enumerate(motions)]


def row(motion: RigMotion) -> Array:
    head = [*(motion.rotation * 8.0), *motion.shift, motion.log_scale * 8.0]
    return np.concatenate([motion.offsets.ravel(), motion.aperture, head])


def test_a_still_driver_flickers_less_than_half() -> None:
    draw = np.random.default_rng(0)
    read = [noisy(still_motion(), draw) for _ in range(40)]
    rows = np.array([row(motion) for motion in shown(read)])[10:]
    before = np.array([row(motion) for motion in read])[10:]
    for part in (slice(0, 1434), slice(1434, 1436), slice(1436, None)):
        flicker, was = (np.abs(np.diff(r[:, part], axis=0)).mean() for r in (rows, before))
        assert flicker < 0.5 * was
    landmarks = slice(0, 1434)
    assert rows[:, landmarks].std() < 0.5 * before[:, landmarks].std()


@pytest.mark.parametrize("points", [CORNERS, [BROW, 334], [IRIS, 473]])
def test_a_movement_comes_at_once(points: list[int]) -> None:
    draw = np.random.default_rng(1)
    rest = [noisy(still_motion(), draw) for _ in range(20)]
    steps = [noisy(moved([*range(478)] if n else points, 0.3), draw) for n in range(2)]
    last = shown([*rest, steps[1]])[-1]
    np.testing.assert_allclose(last.offsets, steps[1].offsets, atol=1e-9)
    part = shown([*rest, steps[0]])[-1]
    near = np.abs(part.offsets - steps[0].offsets)[points, 1].max()
    assert near < 0.3, "never the wrong way"


def test_a_blink_of_one_frame_closes() -> None:
    draw = np.random.default_rng(2)
    rest = [noisy(still_motion(), draw) for _ in range(20)]
    closed = replace(noisy(still_motion(), draw), aperture=np.zeros(2))
    found = shown([*rest, closed, *rest])
    assert found[20].aperture.max() < 1e-9
    assert found[21].aperture.min() > 0.9


def test_a_slow_and_small_smile_passes() -> None:
    draw = np.random.default_rng(3)
    mouth = np.flatnonzero(np.isin(np.arange(478), [61, 291, 185, 409, 40, 270, 146, 375, 57, 287]))
    clean = [moved(mouth.tolist(), 0.1 * min(n / 60.0, 1.0)) for n in range(90)]
    found = shown([noisy(motion, draw) for motion in clean])
    way = np.array([motion.offsets[mouth, 1].mean() for motion in found])
    asked = np.array([motion.offsets[mouth, 1].mean() for motion in clean])
    assert np.abs(way[70:].mean() - 0.1) < 0.005, "all of it comes"
    assert np.abs(way - asked)[5:].max() < 0.02
    assert np.corrcoef(way[5:60], asked[5:60])[0, 1] > 0.97


@pytest.mark.parametrize("now_ns", [FRAME_NS, 10 * FRAME_NS, 40 * FRAME_NS, 0])
def test_frames_that_do_not_follow_each_other_are_taken_as_they_are(now_ns: int) -> None:
    draw = np.random.default_rng(4)
    steadier = Steadier()
    shown((noisy(still_motion(), draw) for _ in range(10)), steadier)
    motion = noisy(still_motion(), draw)
    assert steadier(motion, now_ns) is motion


def test_after_a_cut_the_first_frame_is_taken_as_it_is() -> None:
    draw = np.random.default_rng(5)
    steadier = Steadier()
    shown((noisy(still_motion(), draw) for _ in range(10)), steadier)
    steadier.restart()
    motion = noisy(still_motion(), draw)
    assert steadier(motion, 11 * FRAME_NS) is motion


def test_a_driver_whose_tracker_trembles_shows_less_of_it() -> None:
    draw = np.random.default_rng(6)
    driver, picture, rest = RigDriver(), textured(), made_face()
    driver.calibrate(picture, rest)
    offsets = []
    for n in range(24):
        tremble = draw.normal(0.0, NOISE_CM, (478, 3))
        read = driver.read(picture, made_face(offsets=tremble), (n + 1) * FRAME_NS)
        offsets.append(read.offsets)
    calm = np.abs(np.diff(np.array(offsets)[10:], axis=0)).mean()
    fresh = [
        RigDriver.read(again, picture, made_face(offsets=draw.normal(0.0, NOISE_CM, (478, 3))), 0)
        for again in [driver] * 6
    ]
    assert calm < 0.5 * np.abs(np.diff([motion.offsets for motion in fresh], axis=0)).mean()
