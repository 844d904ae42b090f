"""A film's face with another expression: where it goes, who lends what, and what stays."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.editing import Cut, Part
from engine.errors import InputError
from engine.faces.brow_strip import BrowStrip
from engine.faces.canonical import head_pose, load_basis, to_picture
from engine.faces.face import Face
from engine.faces.several import SeveralFaces
from engine.frame import Pixels
from engine.geometry import Similarity
from engine.motion import LipShape
from engine.rig.driver.driver import difference
from engine.rig.driver.reading import read_face
from engine.rig.edit.aim import aimed, closes_of
from engine.rig.edit.editor import RigEditor
from engine.rig.edit.expression import EXPRESSION, expression_of, own_of, wished
from engine.rig.edit.lending import DRAWN, NOBODY, OWN, PASSES, lenders_of_rest, mouths
from engine.rig.edit.lent import Lent
from engine.rig.edit.performers import (
    FollowedFace,
    HeldExpression,
    Replayed,
    Speaking,
    rest_of_track,
)
from engine.rig.edit.plan import RigFilmPlan, _switched
from engine.rig.edit.rest import rest_of
from engine.rig.edit.survey import Survey, cut_off
from engine.rig.landmarks import relative_lip_gap
from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.recording import Recording as RigRecording
from engine.rig.warp.target import PortraitFace
from stream.files.bundled import ASSETS
from stream.files.clips import Clip

EVERY = frozenset(EXPRESSION)


def face_with(**coefficients: float) -> Face:
    """The canonical face in a picture, with an expression."""
    points = load_basis().canonical + motion_from_arkit(coefficients).offsets
    place = Similarity(scale=22.0, rotation=np.eye(3), translation=np.array([250.0, -250.0, 0.0]))
    return Face(landmarks=to_picture(place.apply(points)).astype(np.float32), confidence=1.0)


def part(coefficients: dict[str, float], **settings: object) -> Part:
    return Part(
        **{"performer": HeldExpression(coefficients), "factors": EVERY, **settings}  # type: ignore[arg-type]
    )


def aim(face: Face, *parts: Part) -> NDArray[np.float64]:
    rest = read_face(face_with())
    own = own_of(rest, read_face(face))
    wish = wished(own.expression, parts, 0.0)
    return aimed(rest, closes_of(rest), PortraitFace.from_face(face), own, wish)


def test_where_nothing_is_asked_nothing_moves() -> None:
    face = face_with(jawOpen=0.4, mouthSmileLeft=0.7)
    assert np.array_equal(aim(face), face.landmarks.astype(np.float64))


def test_a_performer_who_does_what_the_face_does_moves_nothing() -> None:
    face = face_with(jawOpen=0.4, browInnerUp=0.5)
    rest = read_face(face_with())

    class Same:
        def at(self, time_s: float) -> object:
            return own_of(rest, read_face(face)).expression

    same = Part(performer=Same(), factors=EVERY)  # type: ignore[arg-type]
    assert np.abs(aim(face, same) - face.landmarks).max() < 1e-6


def test_replacing_leaves_nothing_of_the_faces_own_expression() -> None:
    asked = part({"mouthSmileLeft": 0.6, "mouthSmileRight": 0.6})
    one, other = (aim(face, asked) for face in (face_with(jawOpen=0.5), face_with()))
    shapes = [
        head_pose(Face(landmarks=each.astype(np.float32), confidence=1.0)).points
        for each in (one, other)
    ]
    assert np.abs(shapes[0] - shapes[1])[:468].max() < 0.12
    assert relative_lip_gap(one) == pytest.approx(relative_lip_gap(other), abs=0.02)


def test_adding_keeps_both() -> None:
    face = face_with(jawOpen=0.5)
    smiles = aim(face, part({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}, blending="add"))
    gaps = [float(each[14, 1] - each[13, 1]) for each in (smiles, face.landmarks)]
    assert gaps[0] > 0.8 * gaps[1]
    assert smiles[[61, 291], 1].mean() < face.landmarks[[61, 291], 1].mean() - 2.0


def test_a_part_takes_only_its_factors_and_acts_by_its_share() -> None:
    face = face_with()
    asked = {"jawOpen": 0.6, "browInnerUp": 0.9}
    brows = aim(face, part(asked, factors=frozenset({"emotion"})))
    assert np.abs(brows - face.landmarks)[[13, 14, 17]].max() < 0.5
    assert brows[9, 1] < face.landmarks[9, 1] - 1.0
    half = aim(face, part(asked, share_at=lambda time_s: 0.5))
    whole = aim(face, part(asked))
    way, full = half - face.landmarks, whole - face.landmarks
    assert np.allclose(way[152], full[152] / 2.0, atol=0.3)


def test_an_unknown_slider_is_refused() -> None:
    with pytest.raises(InputError, match="unknown slider"):
        HeldExpression({"nose": 0.5})


def survey(
    gap: NDArray[np.float64], wanted: NDArray[np.float64], shots: NDArray[np.int64] | None = None
) -> Survey:
    count = len(gap)
    zero = np.zeros(count)
    return Survey(
        seen=np.ones(count, np.bool_),
        shots=np.zeros(count, np.int64) if shots is None else shots,
        rotation=np.repeat(np.eye(3)[None], count, axis=0),
        yaw_pitch=np.zeros((count, 2)),
        lips=gap.copy(),
        lids=zero,
        gaze=zero,
        gap=gap,
        wanted_gap=wanted,
        lip_shape=np.zeros((count, 40), np.float32),
        wanted_shape=np.zeros((count, 40), np.float32),
        lips_go=np.ones(count),
        eyes_go=zero,
        inner_go=np.ones(count),
    )


FIT = np.zeros(60, np.bool_)


def opening() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A film that opens its mouth at 45, and a wish that opens it from 10 to 30."""
    gap = np.full(60, 0.01)
    gap[45] = 0.4
    wanted = np.zeros(60)
    wanted[10:30] = 0.4 * np.sin(np.linspace(0.2, np.pi - 0.2, 20))
    return gap, wanted


def test_one_frame_lends_its_mouth_from_parting_to_closing() -> None:
    chosen, found = mouths(survey(*opening()), FIT)
    assert found == [(10, 30)]
    assert set(chosen.now[10:30]) == {45}
    assert set(chosen.now[30:]) == {NOBODY}


def test_a_mouth_that_nobody_opens_so_wide_is_drawn() -> None:
    gap, wanted = opening()
    chosen, _ = mouths(survey(gap * 0.3, wanted), FIT)
    assert set(chosen.now[10:30]) == {DRAWN}


def test_nobody_of_another_shot_and_nobody_unfit_lends() -> None:
    gap, wanted = opening()
    shots = np.repeat([0, 1], [40, 20])
    chosen, _ = mouths(survey(gap, wanted, shots), FIT)
    assert set(chosen.now[10:30]) == {DRAWN}
    unfit = FIT.copy()
    unfit[45] = True
    chosen, _ = mouths(survey(gap, wanted), unfit)
    assert set(chosen.now[10:30]) == {DRAWN}


def test_a_mouth_that_is_as_open_as_is_asked_shows_its_own_inside() -> None:
    wanted = opening()[1]
    chosen, _ = mouths(survey(wanted, wanted), FIT)
    assert set(chosen.now[10:30]) == {OWN}


def test_lips_come_from_rest_and_lenders_pass_over_slowly() -> None:
    gap = np.full(60, 0.3)
    gap[20:22] = 0.0
    turned = survey(gap, gap)
    lenders = lenders_of_rest(turned, gap, np.ones(60), FIT)
    assert set(lenders.now) <= {20, 21}
    two = survey(np.where(np.arange(60) < 30, 0.0, gap), gap)
    angle = np.where(np.arange(60) < 30, 0.0, 1.0)
    for index, rad in enumerate(angle):
        two.rotation[index, :2, :2] = [[np.cos(rad), -np.sin(rad)], [np.sin(rad), np.cos(rad)]]
    lenders = lenders_of_rest(two, np.zeros(60), np.ones(60), FIT)
    assert lenders.now[29] != lenders.now[30]
    passing = lenders.share[30 : 30 + PASSES]
    assert (np.diff(passing) > 0.0).all()
    assert (lenders.former[30 : 30 + PASSES] == lenders.now[29]).all()


class Clipped:
    """The first second of the bundled driver, as a film."""

    def __init__(self) -> None:
        frames = list(islice(Clip(ASSETS / "driving.mp4").frames(), 80, 100))
        self.pictures = [frame.pixels for frame in frames]
        finder = SeveralFaces()
        self.faces = np.array([finder.find(picture)[0].landmarks for picture in self.pictures])
        self.times_s = np.arange(len(frames)) / 30.0
        self.shots = np.zeros(len(frames), np.int64)
        self.seen = np.ones(len(frames), np.bool_)
        self.size = (self.pictures[0].shape[0], self.pictures[0].shape[1])

    def brows(self, begin: int, end: int) -> list[BrowStrip | None]:
        return [None] * (end - begin)

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        return np.asarray(self.faces[begin:end])

    def picture(self, index: int) -> Pixels:
        return self.pictures[index]


@cache
def film() -> Clipped:
    return Clipped()


def planned(*parts: Part) -> RigFilmPlan:
    return RigEditor().plan(film(), parts, None, film().picture)


def cutter(plan: RigFilmPlan) -> Callable[[int], Cut]:
    def cut(index: int) -> Cut:
        box = plan.region(index)
        assert box is not None
        left, top, right, bottom = box
        pixels = np.ascontiguousarray(film().pictures[index][top:bottom, left:right])
        return Cut(pixels=pixels, corner=(left, top))

    return cut


@pytest.mark.slow
def test_a_film_that_drives_itself_stays_as_it_is() -> None:
    plan = planned(Part(performer=RigEditor().follow(film(), film().picture), factors=EVERY))
    cut = cutter(plan)
    for index in (0, 7, 15):
        lent = {lender: cut(lender) for lender in plan.lenders(index, index + 1)}
        patch = plan.retouch(index, cut(index), lent)
        assert patch is None or np.abs((patch.new - patch.own) * patch.mask[..., None]).max() < 0.5


@pytest.mark.slow
def test_a_patch_ends_within_its_box_and_changes_the_mouth() -> None:
    plan = planned(part({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}))
    cut = cutter(plan)
    lent = {lender: cut(lender) for lender in plan.lenders(0, 20)}
    for index in (3, 12):
        patch = plan.retouch(index, cut(index), lent)
        assert patch is not None
        edge = np.concatenate([patch.mask[0], patch.mask[-1], patch.mask[:, 0], patch.mask[:, -1]])
        assert not edge.any()
        assert patch.covered == 0.0
        left, top = patch.box[:2]
        corner = np.rint(film().faces[index][61, :2]).astype(int) - (left, top)
        region = np.abs(patch.new - patch.own)[corner[1] - 6 : corner[1] + 7, corner[0] - 6 :]
        assert region.max() > 10.0


@pytest.mark.slow
def test_eyes_are_the_frames_own_or_lent_and_hardly_ever_half() -> None:
    need = np.array([0.0, 0.1, 0.3, 0.15, 0.3, 0.02, 0.0, 0.2, 0.2, 0.9, 0.9, 0.0])
    shown = _switched(need, [(0, 8), (8, 12)])
    assert shown.tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0]


def test_what_lies_in_front_stays_and_lends_nothing() -> None:
    clip = film()
    hand = [picture.copy() for picture in clip.pictures]
    nose = np.rint(clip.faces[0][1, :2]).astype(int)
    for picture in hand[:8]:
        picture[nose[1] : nose[1] + 70, nose[0] - 60 : nose[0] + 5] = (40, 90, 160)
    plan = RigEditor().plan(
        clip, [part({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8})], None, hand.__getitem__
    )
    assert min(plan.lenders(0, 20)) > 7
    told = [note for note in plan.notes if note.kind == "something in front"]
    assert [note.begin for note in told] == [0]

    def cut(index: int) -> Cut:
        box = plan.region(index)
        assert box is not None
        left, top, right, bottom = box
        return Cut(pixels=hand[index][top:bottom, left:right].copy(), corner=(left, top))

    patch = plan.retouch(2, cut(2), {lender: cut(lender) for lender in plan.lenders(2, 3)})
    assert patch is not None
    assert patch.covered > 0.02
    left, top = patch.box[:2]
    middle = nose + np.array([-27, 35]) - (left, top)
    inside = slice(middle[1] - 15, middle[1] + 15), slice(middle[0] - 15, middle[0] + 15)
    assert np.abs((patch.new - patch.own) * patch.mask[..., None])[inside].max() < 1.0


@pytest.mark.slow
def test_the_neutral_frame_must_show_the_face() -> None:
    with pytest.raises(InputError, match="cannot be its face at rest"):
        RigEditor().plan(film(), [part({"jawOpen": 0.2})], 99, film().picture)


def test_unplaced_faces_have_no_region() -> None:
    clip = film()
    hidden = replace_seen(clip, 3)
    plan = RigEditor().plan(hidden, [part({"jawOpen": 0.2})], None, clip.picture)
    assert plan.region(3) is None
    assert plan.retouch(3, Cut(pixels=clip.pictures[3], corner=(0, 0)), {}) is None


def replace_seen(clip: Clipped, index: int) -> Clipped:
    other = Clipped.__new__(Clipped)
    other.__dict__.update(clip.__dict__)
    other.seen = clip.seen.copy()
    other.seen[index] = False
    other.faces = clip.faces.copy()
    other.faces[index] = np.nan
    return other


def test_a_sound_opens_and_closes_the_lips_of_a_face_at_rest() -> None:
    def lips(time_s: float) -> LipShape:
        return LipShape(arkit={"jawOpen": 0.6}) if time_s < 1.0 else LipShape(contact=1.0)

    spoken = Part(performer=Speaking(lips), factors=frozenset({"lips"}))
    talks = face_with(jawOpen=0.4, browInnerUp=0.8)
    rest = read_face(face_with())
    own = own_of(rest, read_face(talks))
    gaps = []
    for time_s in (0.5, 1.5):
        wish = wished(own.expression, [spoken], time_s)
        target = aimed(rest, closes_of(rest), PortraitFace.from_face(talks), own, wish)
        gaps.append(relative_lip_gap(target))
        assert np.abs(target - talks.landmarks)[[105, 334, 9]].max() < 0.1
    assert gaps[0] > 0.2
    assert gaps[1] < 0.02


class Track:
    """A few faces in a picture of 500 x 500."""

    shots = np.zeros(4, np.int64)
    times_s = np.arange(4) / 10.0
    size = (500, 500)

    def __init__(self, faces: list[Face], seen: tuple[bool, ...] = (True,) * 4) -> None:
        self._faces = faces
        self.seen = np.array(seen)

    def brows(self, begin: int, end: int) -> list[BrowStrip | None]:
        return [None] * (end - begin)

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        found = np.array([face.landmarks for face in self._faces[begin:end]])
        found[~self.seen[begin:end]] = np.nan
        return found


def test_whom_the_pictures_edge_cuts_is_known() -> None:
    face = face_with()
    faces = [face.moved(1.0, shift) for shift in ((0.0, 0.0), (170.0, 0.0), (0.0, -200.0))]
    track = Track([*faces, face], seen=(True, True, True, False))
    assert cut_off(track).tolist() == [False, True, True, False]
    close_up = Track([faces[1]] * 4)
    assert not cut_off(close_up).any()


def test_brows_of_a_head_that_is_turned_away_are_at_rest() -> None:
    raised = replace(
        motion_from_arkit({"browInnerUp": 0.8, "jawOpen": 0.4}), rotation=np.array([0.0, 0.6, 0.0])
    )
    ahead = replace(raised, rotation=np.array([0.0, 0.1, 0.0]))
    away, seen = expression_of(raised).offsets, expression_of(ahead).offsets
    assert seen[[107, 336], 1].min() > 0.2
    assert np.abs(away[[107, 336], 1]).max() < 0.3 * seen[[107, 336], 1].min()
    assert np.allclose(away[[13, 14, 152]], seen[[13, 14, 152]])


def test_lips_that_are_pressed_as_a_smile_begins_are_not_at_rest() -> None:
    resting = face_with(jawOpen=0.015)
    pressed = face_with(mouthSmileLeft=0.4, mouthSmileRight=0.4)
    smiling = face_with(mouthSmileLeft=0.9, mouthSmileRight=0.9, jawOpen=0.2)
    gaps = [relative_lip_gap(read_face(face).points) for face in (pressed, resting, smiling)]
    assert gaps == sorted(gaps)
    rest = rest_of([resting] * 12 + [pressed] * 3 + [smiling] * 8)
    corners = [points[[61, 291], 1].mean() for points in (rest.points, read_face(resting).points)]
    assert corners[0] == pytest.approx(corners[1], abs=0.05)


def test_the_films_own_person_is_told_from_the_films_rest() -> None:
    raised = [face_with(browInnerUp=0.9)] * 4
    film = [face_with()] * 4

    rest = rest_of_track(Track(film))
    apart = FollowedFace(Track(raised))
    ways = [apart.at(0.1), apart.against(rest).at(0.1)]
    heights = [0.0 if way is None else float(way.offsets[9, 1]) for way in ways]
    assert heights[0] == pytest.approx(0.0, abs=0.01)
    assert heights[1] > 0.2


def test_a_motion_file_says_what_the_clip_it_was_recorded_from_says() -> None:
    rest = read_face(face_with())
    landmarks = face_with(jawOpen=0.4, mouthSmileLeft=0.5).landmarks.copy()
    landmarks[[1, 4, 5, 195, 197], 1] += 6.0  # a tracker's nose slides down with the mouth
    reading = read_face(Face(landmarks=landmarks, confidence=1.0))
    motion = difference(rest, reading)
    recorded = RigRecording(
        times_ns=np.zeros(1, np.int64),
        tracked=np.ones(1, np.bool_),
        offsets=motion.offsets[None].astype(np.float32),
        aperture=motion.aperture[None].astype(np.float32),
        lip_contact=np.array([motion.lip_contact], np.float32),
        rotation=np.array([[0.05, 0.1, 0.0]], np.float32),
        shift=motion.shift[None].astype(np.float32),
        log_scale=np.zeros(1, np.float32),
        rim_share=np.ones(1, np.float32),
        nod=np.zeros(1, np.float32),
        rate=Fraction(25),
    )
    of_file, of_clip = Replayed(recorded).at(0.0), own_of(rest, reading).expression
    assert of_file is not None
    assert np.abs(of_file.offsets - of_clip.offsets).max() < 1e-5
    assert np.abs(motion.offsets - of_clip.offsets).max() > 0.05
    assert not of_file.rotation.any()


def test_beyond_the_pictures_edge_a_lender_shows_nothing() -> None:
    face = face_with()
    points = face.landmarks.astype(np.float64)
    nose = int(points[1, 0])
    half = Cut(pixels=np.full((500, nose, 3), 90, np.uint8), corner=(0, 0))
    lent = Lent(half, points)
    _, seen = lent.placed(half.pixels, points, (0, 0, 500, 500))
    _, there = lent.small(points, (0, 0, 500, 500), 1.0)
    left, right = (np.rint(points[index, :2]).astype(int) for index in (50, 280))  # both cheeks
    assert left[0] < nose < right[0]
    assert (seen[left[1], left[0]], seen[right[1], right[0]]) == (1.0, 0.0)
    assert there[left[1], left[0]]
    assert not there[right[1], right[0]]
