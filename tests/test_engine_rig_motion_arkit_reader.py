"""The reader of expressions says what a face does, and nothing of a face that does nothing."""

from dataclasses import replace
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import BundleError
from engine.faces.canonical import load_basis, rigid_weights
from engine.geometry import Array, Similarity, fit_similarity, rotation_from_yaw_pitch_roll
from engine.motion import ARKIT_NAMES, FACTORS, Edit
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.motion.arkit_reader import SEEN, UNREAD, load_reader, parse_reader, steadied
from engine.rig.motion.factors import edited, motion_from_arkit
from engine.rig.motion.motion import RigMotion, still_motion
from tests.faces_made import made_face
from tests.motions_made import moving

SHIPPED = files("engine").joinpath("assets/rig/reader.npz").read_bytes()


def read(motion: RigMotion) -> dict[str, float]:
    values = load_reader().read(motion.offsets[None], motion.aperture[None])[0]
    return dict(zip(ARKIT_NAMES, values.tolist(), strict=True))


def turned(yaw: float, pitch: float, scale: float) -> Array:
    """(478, 3): a face at rest in a head that moved though the motion says it did not."""
    canonical = load_basis().canonical
    moved = Similarity(
        scale=scale,
        rotation=rotation_from_yaw_pitch_roll(yaw, pitch, 4.0),
        translation=np.array([1.0, -2.0, 0.5]),
    )
    return np.asarray(moved.apply(canonical) - canonical)


def test_rest_is_read_as_nothing() -> None:
    assert max(read(still_motion()).values()) < 1e-5


@pytest.mark.parametrize(("yaw", "pitch", "scale"), [(15.0, 0.0, 1.0), (-8.0, 12.0, 1.1)])
def test_a_head_that_moves_is_read_as_nothing(yaw: float, pitch: float, scale: float) -> None:
    offsets = turned(yaw, pitch, scale)[None]
    assert np.abs(offsets).max() > 1.0
    assert load_reader().read(offsets, np.ones((1, 2))).max() < 1e-3


def test_steadying_is_what_the_similarity_fit_does() -> None:
    canonical = load_basis().canonical
    weights = np.where(rigid_weights() == 1.0, 1.0, 0.0)
    offsets = turned(10.0, -5.0, 0.9) + np.random.default_rng(3).normal(0.0, 0.2, (478, 3))
    found = fit_similarity(canonical[:468], (canonical + offsets)[:468], weights)
    expected = (found.invert(canonical + offsets) - canonical)[SEEN]
    np.testing.assert_allclose(steadied(offsets[None]).reshape(-1, 3), expected, atol=1e-4)


def test_a_wink_is_one_eye() -> None:
    wink = read(difference(read_face(made_face()), read_face(made_face(eyeBlinkLeft=1.0))))
    assert wink["eyeBlinkLeft"] > 0.9
    assert wink["eyeBlinkRight"] < 0.1


@pytest.mark.parametrize(
    "names",
    [
        ("jawOpen",),
        ("mouthSmileLeft",),
        ("browInnerUp",),
        ("eyeLookUpLeft", "eyeLookUpRight"),
        ("eyeLookInLeft", "eyeLookOutRight"),
    ],
)
def test_more_of_a_shape_is_read_as_more(names: tuple[str, ...]) -> None:
    faces = [motion_from_arkit(dict.fromkeys(names, value)) for value in (0.0, 0.3, 0.6, 1.0)]
    for name in names:
        steps = [read(face)[name] for face in faces]
        assert steps == sorted(steps)
        assert steps[-1] > steps[1] > 0.05
        assert steps[-1] > 0.4


def test_what_cannot_be_seen_is_never_read() -> None:
    everything = read(motion_from_arkit(dict.fromkeys(ARKIT_NAMES, 0.5)))
    assert not any(everything[name] for name in UNREAD)
    assert sum(value > 0.0 for value in everything.values()) > 20


def test_many_motions_are_read_as_each_alone() -> None:
    motions = [moving(index) for index in range(6)]
    together = load_reader().read(
        np.array([motion.offsets for motion in motions]),
        np.array([motion.aperture for motion in motions]),
    )
    for motion, row in zip(motions, together, strict=True):
        np.testing.assert_allclose(row, list(read(motion).values()), atol=1e-5)
    assert together.min() >= 0.0
    assert together.max() <= 1.0


def test_gains_of_one_leave_a_motion_untouched() -> None:
    motion = moving(5)
    same = edited(motion, Edit(gains=dict.fromkeys((*FACTORS, *ARKIT_NAMES), 1.0)))
    np.testing.assert_array_equal(same.offsets, motion.offsets)
    np.testing.assert_array_equal(same.aperture, motion.aperture)
    np.testing.assert_array_equal(same.rotation, motion.rotation)


def test_without_blinks_an_eye_stays_as_open_as_it_was() -> None:
    wink = replace(still_motion(), aperture=np.array([0.2, 1.3]))
    shown = edited(wink, Edit(gains={"eyeBlinkLeft": 0.0, "eyeBlinkRight": 0.0}))
    np.testing.assert_allclose(shown.aperture, [1.0, 1.3])


def test_a_gain_on_what_the_driver_does_not_do_changes_next_to_nothing() -> None:
    nod = RigMotion(
        offsets=turned(6.0, 10.0, 1.0),
        aperture=np.ones(2),
        lip_contact=1.0,
        rotation=np.zeros(3),
        shift=np.zeros(2),
        log_scale=0.0,
    )
    louder = edited(nod, Edit(gains={"jawOpen": 2.0, "mouthFrownLeft": 4.0, "browDownLeft": 4.0}))
    assert np.abs(louder.offsets - nod.offsets).max() < 0.01


def changed(**arrays: NDArray[Any] | None) -> bytes:
    with np.load(BytesIO(SHIPPED), allow_pickle=False) as found:
        kept = {name: found[name] for name in found.files}
    kept |= arrays
    file = BytesIO()
    np.savez(file, **{name: array for name, array in kept.items() if array is not None})
    return file.getvalue()


def test_the_shipped_file_is_small_and_its_copy_is_taken() -> None:
    assert len(SHIPPED) < 300_000
    assert parse_reader(changed()).direct.shape == load_reader().direct.shape


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "damaged"),
        (b"not a file of arrays", "damaged"),
        (SHIPPED[:5000], "damaged"),
        (changed(weights_2=None), "damaged"),
        (changed(weights_2=np.array([{}], object)), "damaged"),
        (changed(version=np.array(2)), "version 1"),
        (changed(names=np.array(ARKIT_NAMES[::-1])), "ARKit"),
        (changed(direct=np.ones((53, 52), int)), "floats"),
        (changed(biases_1=np.full(64, np.nan, np.float32)), "finite"),
        (changed(biases_1=np.zeros(63, np.float32)), "size"),
        (changed(directions=np.zeros((1434, 50), np.float32)), "size"),
        (changed(directions=np.zeros(3, np.float32)), "size"),
    ],
)
def test_a_reader_that_is_not_as_it_should_be_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BundleError, match=f"{reason}.* Make it anew"):
        parse_reader(data)
