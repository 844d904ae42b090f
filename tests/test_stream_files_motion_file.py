"""A performance is the same after its way through a file, and only whole files are believed."""

import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InputError, OutputError
from engine.faces.face import Face
from engine.frame import Frame, Pixels
from engine.motion import ARKIT_NAMES
from engine.reenactor import Reenactor
from engine.rig.model import RigModel
from engine.rig.motion.arkit_reader import load_reader
from engine.rig.motion.arrays import NAMES
from engine.rig.motion.motion import RigMotion
from stream.files.motion_file import BATCH, motion_writer
from stream.files.motion_reader import load_motion
from tests.faces_made import made_face, textured
from tests.fakes import Shift
from tests.motions_made import moving

FRAME_NS = 33_333_333
Arrays = dict[str, Any]


def write(path: Path, motions: list[RigMotion | None], *, began_ns: int = 0) -> Path:
    with motion_writer(path) as writer:
        for index, motion in enumerate(motions):
            writer.add(began_ns + index * FRAME_NS, motion)
        writer.finish(Fraction(30))
    return path


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return write(tmp_path / "motion.npz", [moving(0), None, moving(2)], began_ns=5_000)


def test_what_was_written_is_read(recorded: Path) -> None:
    recording = load_motion(recorded)
    assert recording.rate == 30
    assert recording.times_ns.tolist() == [0, FRAME_NS, 2 * FRAME_NS]
    assert recording.motion(1) is None
    for index in (0, 2):
        motion, expected = recording.motion(index), moving(index)
        assert motion is not None
        for name in NAMES:
            np.testing.assert_allclose(
                getattr(motion, name), getattr(expected, name), rtol=1e-6, atol=1e-7
            )


def test_the_arkit_coefficients_are_those_of_each_frame(tmp_path: Path) -> None:
    count = BATCH + 3
    path = write(tmp_path / "long.npz", [moving(index) for index in range(count)])
    with np.load(path, allow_pickle=False) as arrays:
        assert tuple(arrays["arkit_names"]) == ARKIT_NAMES
        for index in (0, 7, count - 1):
            motion = moving(index)
            expected = load_reader().read(motion.offsets[None], motion.aperture[None])[0]
            np.testing.assert_allclose(arrays["arkit"][index], expected, atol=1e-4)


def test_a_frame_that_is_not_later_is_left_out(tmp_path: Path) -> None:
    with motion_writer(tmp_path / "motion.npz") as writer:
        for time_ns in (10, 10, 5, 20):
            writer.add(time_ns, moving(0))
        writer.finish(Fraction(25))
    assert load_motion(tmp_path / "motion.npz").times_ns.tolist() == [0, 10]


def test_a_recording_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with motion_writer(tmp_path / "motion.npz") as writer:
        writer.add(0, moving(0))
    assert not list(tmp_path.iterdir())


def test_a_recording_that_fails_keeps_the_file_of_before(recorded: Path) -> None:
    before = recorded.read_bytes()
    with motion_writer(recorded, force=True) as writer:
        writer.add(0, moving(5))
    assert recorded.read_bytes() == before
    assert list(recorded.parent.iterdir()) == [recorded]


def test_another_familys_motion_is_refused(tmp_path: Path) -> None:
    with motion_writer(tmp_path / "a.npz") as writer, pytest.raises(TypeError, match="Shift"):
        writer.add(0, Shift(x=0, y=0))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("motion.json", r"end in \.npz"), ("gone/m.npz", "no folder"), ("there.npz", "--force")],
)
def test_a_place_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, name: str, complaint: str
) -> None:
    (tmp_path / "there.npz").touch()
    with pytest.raises(OutputError, match=complaint), motion_writer(tmp_path / name):
        pytest.fail("the recording began")


class Scripted:
    """A tracker that is told what it finds."""

    def __init__(self, faces: list[Face | None]) -> None:
        self._faces = iter(faces)

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        return next(self._faces)

    def reset(self) -> None: ...


@pytest.mark.slow
def test_a_replay_shows_the_pictures_of_the_recording(tmp_path: Path) -> None:
    """float32 in the file moves one value in many thousands by one level."""
    faces: list[Face | None] = [
        made_face(yaw=float(index), jawOpen=index / 20, eyeBlinkLeft=index / 15)
        for index in range(12)
    ]
    faces += [None] * 50 + faces[:3]
    reenactor = Reenactor(model=RigModel(), tracker=Scripted(faces))
    reenactor.set_portrait(textured(), made_face())
    blank = np.zeros((8, 8, 3), np.uint8)
    frames = [Frame(pixels=blank, captured_ns=7 + index * FRAME_NS) for index in range(len(faces))]
    shown = []
    with motion_writer(tmp_path / "motion.npz") as writer:
        for frame in frames:
            shown.append(reenactor.step(frame).pixels)
            writer.add(frame.captured_ns, reenactor.motion)
        writer.finish(Fraction(30))
    recording = load_motion(tmp_path / "motion.npz")
    assert 5 < (~recording.tracked).sum() < 45, "the lost face came to rest"
    for index, frame in enumerate(frames):
        again = reenactor.show(frame, recording.motion(index)).pixels
        difference = np.abs(again.astype(int) - shown[index])
        assert difference.max() <= 1
        assert (difference > 0).mean() < 1e-3
    assert np.abs(shown[11].astype(int) - shown[0]).max() > 50


def changed(path: Path, change: Callable[[Arrays], None]) -> Path:
    with np.load(path) as arrays:
        content: Arrays = dict(arrays)
    change(content)
    np.savez(path, **content)
    return path


def set_to(name: str, value: object) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({name: np.asarray(value)})


def without(*names: str) -> Callable[[Arrays], None]:
    def remove(arrays: Arrays) -> None:
        for name in names:
            del arrays[name]

    return remove


def spoil(name: str, value: float) -> Callable[[Arrays], None]:
    def change(arrays: Arrays) -> None:
        arrays[name].flat[1] = value

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (without("format"), "not a motion file"),
        (without("rotation", "shift"), "lacks rotation, shift"),
        (without("aperture"), "only offsets, lip_contact"),
        (set_to("extra", 1), "no motion file has: extra"),
        (set_to("format", "other"), "`format`"),
        (set_to("version", 2), "version 2, and this program reads version 1"),
        (set_to("version", 1.0), "`version`"),
        (set_to("rate", [0, 1]), "`rate`"),
        (set_to("rate", [9_000_000, 1]), "`rate`"),
        (set_to("rate", [30.0, 1.0]), "`rate`"),
        (set_to("times_ns", [0, 5, 5]), "grow"),
        (set_to("times_ns", [1, 5, 6]), "begin at 0"),
        (set_to("times_ns", np.zeros(0, np.int64)), "`times_ns`"),
        (set_to("tracked", [1, 1, 1]), "`tracked`"),
        (set_to("tracked", [True]), "`tracked`"),
        (set_to("rotation", np.zeros((3, 3))), r"float64 \(3, 3\), not float32"),
        (set_to("rotation", np.zeros((2, 3), np.float32)), r"\(2, 3\), not float32 \(3, 3\)"),
        (spoil("offsets", np.nan), "`offsets` has values outside"),
        (spoil("shift", np.inf), "`shift`"),
        (spoil("aperture", -0.1), "`aperture`"),
        (spoil("lip_contact", 1.1), "`lip_contact`"),
        (spoil("arkit", 2.0), "`arkit`"),
        (set_to("arkit_names", ARKIT_NAMES[::-1]), "`arkit_names`"),
    ],
)
def test_a_field_that_cannot_be_meant_is_named(
    recorded: Path, change: Callable[[Arrays], None], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        load_motion(changed(recorded, change))


def test_python_objects_are_never_loaded(recorded: Path) -> None:
    objects = np.empty(3, object)
    with pytest.raises(InputError, match="Python objects"):
        load_motion(changed(recorded, lambda arrays: arrays.update({"times_ns": objects})))


def test_a_header_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    """No memory is taken for what a file only says it holds."""
    path = tmp_path / "bomb.npz"
    write(path, [moving(0)])
    with np.load(path) as arrays:
        names = arrays.files
    header = {"descr": "<f4", "fortran_order": False, "shape": (10**12, 478, 3)}
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array_header_1_0(member, header)
    with pytest.raises(InputError, match="another size than it states"):
        load_motion(path)


def test_a_file_that_would_unpack_to_a_thousand_times_its_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    write(path, [moving(0)])
    with np.load(path) as arrays:
        whole = {name: arrays[name] for name in arrays.files}
    np.savez_compressed(path, **whole)  # packed is as good as plain
    assert load_motion(path).times_ns.tolist() == [0]
    whole["offsets"] = np.zeros((10_000, 478, 3), np.float32)
    np.savez_compressed(path, **whole)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(InputError, match=r"would unpack to 5\d MB"):
        load_motion(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04" + bytes(60)])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "motion.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a motion file, or is damaged"):
        load_motion(path)


def test_a_cut_off_or_damaged_file_is_refused(recorded: Path) -> None:
    content = recorded.read_bytes()
    recorded.write_bytes(content[:-200])
    with pytest.raises(InputError, match="is not a motion file"):
        load_motion(recorded)
    recorded.write_bytes(content[:3000] + b"\x00\x7f" * 50 + content[3100:])
    with pytest.raises(InputError, match="is not a motion file"):
        load_motion(recorded)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*gone\.npz"):
        load_motion(tmp_path / "gone.npz")


def test_in_a_file_that_does_not_say_otherwise_the_rim_goes_along(recorded: Path) -> None:
    motion, before = load_motion(changed(recorded, without("rim_share"))).motion(2), moving(2)
    assert motion is not None
    assert (motion.rim_share, before.rim_share < 0.9) == (1.0, True)
    np.testing.assert_allclose(motion.rotation, before.rotation, atol=1e-6)


def test_a_file_of_arkit_values_alone_makes_a_face(recorded: Path) -> None:
    """What other programs can write: no landmarks, only the 52 names and the head."""
    arkit = np.zeros((3, 52), np.float32)
    arkit[2, ARKIT_NAMES.index("jawOpen")] = 1.0
    arkit[2, ARKIT_NAMES.index("eyeBlinkLeft")] = 1.2

    def strip(arrays: Arrays) -> None:
        without("offsets", "aperture", "lip_contact", "tracked", "arkit_names")(arrays)
        arrays["arkit"] = arkit

    recording = load_motion(changed(recorded, strip))
    motion = recording.motion(2)
    assert motion is not None
    assert motion.offsets[152, 1] < -1.0, "the chin falls"
    assert motion.aperture.tolist() == [0.0, 1.0]
    assert recording.tracked.all()


def test_the_examples_of_the_documentation_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parent.parent / "docs" / "motion-format.md").read_text()
    reading, writing = (block.split("```")[0] for block in page.split("```python\n")[1:])
    names: Arrays = {"np": np}
    exec(writing, names)
    assert load_motion(Path("motion.npz")).frames == 90
    write(Path("own.npz"), [moving(0), moving(9)])
    exec(reading.replace("motion.npz", "own.npz"), names)
    assert names["jaw"].shape == names["seconds"].shape == (2,)
