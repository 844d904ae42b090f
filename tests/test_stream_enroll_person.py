"""From a clip to a portrait: the person alone, at rest, with what only other frames show."""

from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from engine.errors import InputError
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.pictures import open_picture
from engine.portrait_notes import OPEN
from engine.progress import Silence
from engine.rig.landmarks import relative_lip_gap
from stream.enroll.opening import StoppedError, open_person
from stream.enroll.person import Enrolment, enroll
from stream.enroll.watching import NO_FACE, UNLIKE_FIRST
from stream.files.bundled import ASSETS
from stream.files.clips import Clip
from stream.files.portrait_file import save_portrait
from tests.faces_spoiled import blurred, covered, darkened
from tests.video_files import make_clip

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[2] / "shared"
DRIVING = SHARED / "media" / "driving"
NEEDS_CLIPS = pytest.mark.skipif(
    not DRIVING.is_dir(), reason="needs the clips of ../shared/media/driving"
)
EVERY, RATE = 6, 10
"""Of the bundled clip's frames, so that a test takes a second or two; the blinks are in them."""


@pytest.fixture(scope="module")
def tracker() -> MeshTracker:
    return MeshTracker()


@pytest.fixture(scope="module")
def filmed(tracker: MeshTracker) -> list[tuple[Pixels, Face]]:
    """A rendered head that talks, blinks and turns."""
    tracker.reset()
    seen = []
    for _, frame in Clip(ASSETS / "driving.mp4").numbered(lambda number: number % EVERY == 0):
        face = tracker.find(frame.pixels, frame.captured_ns)
        assert face is not None
        seen.append((frame.pixels, face))
    return seen


@pytest.fixture(scope="module")
def clip(filmed: list[tuple[Pixels, Face]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filmed") / "me.mkv"
    return make_clip(path, [picture for picture, _ in filmed], rate=RATE)


@pytest.fixture(scope="module")
def enrolled(clip: Path, tracker: MeshTracker) -> Enrolment:
    enrolment = enroll([clip], tracker)
    assert enrolment is not None
    return enrolment


def test_it_is_shown_at_rest_and_all_parts_are_kept(clip: Path, enrolled: Enrolment) -> None:
    shown = Clip(clip).frame_at(enrolled.neutral).pixels
    np.testing.assert_array_equal(enrolled.portrait.picture, shown)
    assert relative_lip_gap(enrolled.portrait.face.landmarks.astype(np.float64)) < 0.08
    assert all(enrolled.kept.values())
    assert enrolled.used > 0.8 * enrolled.looked
    assert not enrolled.was_closed


def test_the_parts_lie_where_their_landmarks_say(enrolled: Enrolment) -> None:
    mouths = [each for each in enrolled.portrait.appearances if each.part == "mouth"]
    for mouth in mouths:
        rows, columns = mouth.picture.shape[:2]
        lips = mouth.landmarks[[13, 14, 61, 291], :2]
        assert (lips > 0).all()
        assert (lips < (columns, rows)).all()
    gaps = [relative_lip_gap(mouth.landmarks.astype(np.float64)) for mouth in mouths]
    assert max(gaps) > 0.3


def test_the_frame_at_rest_may_be_named(clip: Path, tracker: MeshTracker) -> None:
    enrolment = enroll([clip], tracker, neutral=7)
    assert enrolment is not None
    assert enrolment.neutral == 7
    np.testing.assert_array_equal(enrolment.portrait.picture, Clip(clip).frame_at(7).pixels)
    with pytest.raises(InputError, match=r"frame 4000 of .* no such frame"):
        enroll([clip], tracker, neutral=4000)


def strangers(count: int) -> list[Pixels]:
    """Another rendered head that stands there instead."""
    picture = Image.fromarray(open_picture(ASSETS / "portraits" / "singer.png"))
    return [np.asarray(picture.resize((512, 512)))] * count


@pytest.fixture(scope="module")
def spoiled(
    filmed: list[tuple[Pixels, Face]],
    tracker: MeshTracker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Enrolment:
    """Frames 0..35 are good; 10 of another person, 6 blurred, 6 dark, 6 with a hand, 5 empty."""
    own, more = filmed[:36], filmed[36:42]
    pictures = [
        *(picture for picture, _ in own[:20]),
        *strangers(10),
        *(picture for picture, _ in own[20:]),
        *(blurred(*each) for each in more),
        *(darkened(picture) for picture, _ in more),
        *(covered(*each) for each in more),
        *[np.full((512, 512, 3), 128, np.uint8)] * 5,
    ]
    path = tmp_path_factory.mktemp("spoiled") / "me.mkv"
    enrolment = enroll([make_clip(path, pictures, rate=RATE)], tracker)
    assert enrolment is not None
    return enrolment


def test_what_is_not_the_person_well_filmed_is_left_out(spoiled: Enrolment) -> None:
    assert spoiled.looked == 36 + 10 + 18 + 5
    assert spoiled.rejected["another person"] == 10
    assert spoiled.rejected["blurred"] >= 5
    assert spoiled.rejected["badly lit"] >= 5
    assert spoiled.rejected["covered"] + spoiled.rejected[NO_FACE] >= 6 + 5 - 1
    assert spoiled.used + sum(spoiled.rejected.values()) == spoiled.looked
    assert spoiled.used >= 34


def test_a_second_clip_of_somebody_else_adds_nothing(
    clip: Path, tmp_path: Path, tracker: MeshTracker
) -> None:
    other = make_clip(tmp_path / "other.mkv", strangers(6), rate=RATE)
    enrolment = enroll([clip, other], tracker)
    assert enrolment is not None
    assert enrolment.rejected[UNLIKE_FIRST] == 6


def test_pictures_of_one_person_are_enrolled_too(
    filmed: list[tuple[Pixels, Face]], tmp_path: Path, tracker: MeshTracker
) -> None:
    paths = []
    for number in (0, 12, 25):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(filmed[number][0]).save(paths[-1])
    enrolment = enroll(paths, tracker)
    assert enrolment is not None
    np.testing.assert_array_equal(enrolment.portrait.picture, filmed[0][0])
    assert enrolment.kept["mouth"] >= 1


def test_an_open_mouth_is_closed_where_other_frames_allow_it(
    filmed: list[tuple[Pixels, Face]], clip: Path, tmp_path: Path, tracker: MeshTracker
) -> None:
    gaps = [relative_lip_gap(face.landmarks.astype(np.float64)) for _, face in filmed]
    picture, face = filmed[int(np.argmax(gaps))]
    path = tmp_path / "open.png"
    Image.fromarray(picture).save(path)
    assert open_person([path], tracker).notes == (OPEN,)
    found = open_person([path, clip], tracker)
    assert relative_lip_gap(found.face.landmarks.astype(np.float64)) < 0.1
    assert not found.notes
    above = int(face.landmarks[5, 1])
    np.testing.assert_array_equal(found.picture[:above], picture[:above])


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(lambda each: darkened(each[0]), "badly lit"), (lambda each: each[0][::8, ::8], "too small")],
)
def test_too_little_says_why_and_what_to_film(
    filmed: list[tuple[Pixels, Face]],
    tmp_path: Path,
    tracker: MeshTracker,
    spoil: Callable[[tuple[Pixels, Face]], Pixels],
    reason: str,
) -> None:
    pictures = [np.ascontiguousarray(spoil(each)) for each in filmed[:12]]
    if reason == "badly lit":
        pictures = [darkened(picture) for picture in pictures]
    path = make_clip(tmp_path / "poor.mkv", pictures, rate=RATE)
    with pytest.raises(InputError) as error:
        enroll([path], tracker)
    message = str(error.value)
    assert "\n" not in message
    assert "Film 15 seconds" in message


def test_a_clip_without_a_face_is_refused(tmp_path: Path, tracker: MeshTracker) -> None:
    path = make_clip(tmp_path / "wall.mkv", [np.full((256, 256, 3), 90, np.uint8)] * 5, rate=RATE)
    with pytest.raises(InputError, match=r"no face was found in .*wall\.mkv"):
        enroll([path], tracker)


def test_a_single_picture_is_not_enrolled(tracker: MeshTracker) -> None:
    with pytest.raises(InputError, match="one moment only"):
        enroll([ASSETS / "portrait.png"], tracker)


def test_it_can_be_stopped(clip: Path, tracker: MeshTracker) -> None:
    class StopAtOnce(Silence):
        def __init__(self) -> None:
            self.stop = Event()

        def advance(self) -> None:
            self.stop.set()

    progress = StopAtOnce()
    assert enroll([clip], tracker, progress=progress, stop=progress.stop) is None
    with pytest.raises(StoppedError):
        open_person([clip], tracker, stop=progress.stop)


def test_a_portrait_file_is_opened_whatever_its_name(
    enrolled: Enrolment, tmp_path: Path, tracker: MeshTracker
) -> None:
    saved = tmp_path / "me.portrait"
    save_portrait(saved, enrolled.portrait)
    renamed = saved.rename(tmp_path / "me.jpg")
    found = open_person([renamed], tracker)
    assert len(found.appearances) == len(enrolled.portrait.appearances)
    np.testing.assert_array_equal(found.picture, enrolled.portrait.picture)
    with pytest.raises(InputError, match="give it alone"):
        open_person([renamed, renamed], tracker)


def test_a_portrait_from_a_clip_takes_few_megabytes(enrolled: Enrolment, tmp_path: Path) -> None:
    saved = tmp_path / "me.portrait"
    save_portrait(saved, enrolled.portrait)
    assert saved.stat().st_size < 4 << 20


@NEEDS_CLIPS
@pytest.mark.parametrize("name", ["d5.mp4", "driving_d18.mp4"])
def test_real_people_are_enrolled_whole(name: str, tracker: MeshTracker) -> None:
    enrolment = enroll([DRIVING / name], tracker)
    assert enrolment is not None
    assert enrolment.used > 0.95 * enrolment.looked
    assert enrolment.kept["mouth"] >= 12
    assert enrolment.kept["lids"] >= 2
    assert not enrolment.missing


@NEEDS_CLIPS
def test_photographs_of_one_person_are_told_from_those_of_another(tracker: MeshTracker) -> None:
    photos = SHARED / "media" / "portraits"
    own = [photos / f"stock-emotions-a-{number}.jpg" for number in (3, 5, 7)]
    enrolment = enroll([*own, photos / "astronaut.png"], tracker)
    assert enrolment is not None
    assert enrolment.rejected == {UNLIKE_FIRST: 1}
    assert enrolment.used == 3


@NEEDS_CLIPS
def test_the_open_mouth_of_a_photograph_is_closed(tracker: MeshTracker) -> None:
    picture = SHARED / "faults" / "open_mouth.png"
    assert open_person([picture], tracker).notes == (OPEN,)
    found = open_person([picture, DRIVING / "driving_d18.mp4"], tracker)
    assert relative_lip_gap(found.face.landmarks.astype(np.float64)) < 0.05
    assert not found.notes
