"""Clips from films: what is taken, what is refused and why, and how it lies on disk."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.errors import InputError
from engine.faces.canonical import load_basis
from engine.faces.face import Face
from engine.frame import Pixels
from tests.dpe_training_made import made_clips, made_heads
from training.clips import heads
from training.clips.alignment import OF_478, alignment_of, mirrored
from training.clips.gather import gather
from training.clips.pairs import ClipPairs, HeadPairs, Mixture, Pair
from training.clips.report import write_report
from training.clips.shards import INDEX, ClipReader, read_index, shard_path
from training.clips.sources import find_sources, frames_in
from training.clips.spans import Rules, SpanFinder
from training.clips.splits import held_out
from training.reader.samples import HELD_OUT


def face_at(
    x: float, y: float, side: float, *, shot: int = 0, person: int = 0, jaw: float = 0.0
) -> Face:
    """The canonical face, its crop box about (x, y) and `side` wide; `jaw` moves its lips."""
    points = load_basis().canonical * [1, -1, -1]
    landmarks = points * (side / 29.6) + [x, y, 0]
    landmarks[[13, 14, 61, 291], 1] += jaw * side
    return Face(landmarks=landmarks.astype(np.float32), confidence=1.0, shot=shot, person=person)


def found_in(frames: Sequence[Sequence[Face]], **rules: float) -> SpanFinder:
    limits = {"size": 64, "least_frames": 4, "most_frames": 100} | rules
    finder = SpanFinder(Rules(**limits))  # type: ignore[arg-type]
    for faces in frames:
        finder.add(faces)
    finder.finish()
    return finder


def talking(frames: int, **where: int) -> list[list[Face]]:
    return [[face_at(200, 200, 150, jaw=0.05 * (n % 3), **where)] for n in range(frames)]


def test_a_moving_face_becomes_one_clip_with_one_box() -> None:
    finder = found_in(talking(8))
    (span,) = finder.spans
    assert (span.first, len(span.points)) == (0, 8)
    assert 120 < span.box.side < 190
    assert not finder.refused


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        (talking(3), "too short"),
        ([[face_at(200, 200, 150)]] * 8, "static"),
        ([[face_at(60, 60, 30, jaw=0.1 * (n % 3))] for n in range(8)], "too small"),
        ([[]] * 8, "lost face"),
        ([[face_at(200, 200, 150), face_at(500, 200, 120)]] * 8, "two faces"),
    ],
)
def test_what_is_no_clip_is_refused_with_its_reason(
    frames: Sequence[Sequence[Face]], reason: str
) -> None:
    finder = found_in(frames)
    assert not finder.spans
    assert finder.refused == {reason: len(frames)}


def test_a_small_face_behind_is_scenery() -> None:
    frames = [[*faces, face_at(600, 100, 40, person=1)] for faces in talking(6)]
    assert len(found_in(frames).spans) == 1


@pytest.mark.parametrize("other", [{"shot": 1}, {"person": 1}])
def test_a_cut_and_another_person_begin_another_clip(other: dict[str, int]) -> None:
    spans = found_in([*talking(5), *talking(6, **other)]).spans
    assert [(span.first, len(span.points)) for span in spans] == [(0, 5), (5, 6)]


def test_a_head_that_leaves_its_box_begins_another_clip_and_is_never_cut_off() -> None:
    frames = [[face_at(150 + 8 * n, 200, 150, jaw=0.05 * (n % 3))] for n in range(30)]
    finder = found_in(frames)
    assert len(finder.spans) > 1
    assert sum(len(span.points) for span in finder.spans) + finder.refused["too short"] == 30
    for span in finder.spans:
        assert (abs(span.points[..., 0] - span.box.x) < span.box.side / 2).all()


def test_a_long_stretch_is_divided() -> None:
    spans = found_in(talking(23), most_frames=10).spans
    assert [len(span.points) for span in spans] == [10, 10, 3][: len(spans)]
    assert len(spans) == 2  # the last three are too short


def test_voxcelebs_folders_of_frames_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("id10001/abc/00001", "id10001/xyz/00002", "id10002/abc/00001"):
        folder = tmp_path / "vox" / name
        folder.mkdir(parents=True)
        for number in (2, 10, 1):
            cv2.imwrite(str(folder / f"{number}.jpg"), np.zeros((8, 8, 3), np.uint8))
    sources = find_sources([tmp_path / "vox"])
    assert [source.identity for source in sources] == ["id10001", "id10001", "id10002"]
    assert len({source.name for source in sources}) == 3
    assert [path.stem for path in frames_in(sources[0].path)] == ["1", "2", "10"]


def test_names_as_fomm_writes_them_tell_the_person(tmp_path: Path) -> None:
    (tmp_path / "id10283#aoJ7#000993#001143.mp4").touch()
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "anna.mp4").touch()
    found = {source.path.name: source.identity for source in find_sources([tmp_path])}
    assert found["id10283#aoJ7#000993#001143.mp4"] == "id10283"
    assert found["anna.mp4"] == f"{tmp_path.name}/people"


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a video"):
        find_sources([tmp_path])
    with pytest.raises(InputError, match="there is no"):
        find_sources([tmp_path / "missing"])


class Follower:
    """Finds a face in the middle of whatever it is shown; its mouth goes with the red."""

    def __call__(self, picture: Pixels) -> list[Face]:
        if picture[0, 0, 2] > 200:
            return []
        return [face_at(100, 100, 120, jaw=float(picture[0, 0, 0]) / 500)]


def film(folder: Path, frames: int, lost: Sequence[int] = ()) -> Path:
    folder.mkdir(parents=True)
    for number in range(frames):
        picture = np.full((200, 200, 3), (0, 60, 25 * (number % 5)), np.uint8)  # BGR
        if number in lost:
            picture[:] = (255, 0, 0)
        cv2.imwrite(str(folder / f"{number:05d}.png"), picture)
    return folder


RULES = Rules(size=64, least_frames=4)


def quiet(done: int, total: int, line: str) -> None:
    """Nobody watches."""


def gathered(inputs: Path, out: Path) -> None:
    gather([inputs], out, RULES, quiet, Follower)


def test_clips_are_cut_at_lost_faces_and_read_back(tmp_path: Path) -> None:
    film(tmp_path / "films" / "anna" / "one", 16, lost=[6, 7])
    gathered(tmp_path / "films", tmp_path / "out")
    clips, sources = read_index(tmp_path / "out")
    assert [(clip.first_frame, clip.frames) for clip in clips] == [(0, 6), (8, 8)]
    assert sources[0].refused == {"lost face": 2}
    assert sources[0].frames == 16
    reader = ClipReader(tmp_path / "out")
    picture = reader.picture(clips[1], 2)
    assert picture.shape == (64, 64, 3)
    assert abs(int(picture[32, 32, 0]) - 25 * (10 % 5)) < 8  # frame 8 + 2
    assert reader.alignments(clips[1]).shape == (8, 2, 3)


def test_a_run_that_was_killed_anywhere_ends_with_the_same_bytes(tmp_path: Path) -> None:
    for name in ("anna", "bob", "cleo"):
        film(tmp_path / "films" / name / "one", 12, lost=[5])
    gathered(tmp_path / "films", tmp_path / "whole")
    index = (tmp_path / "whole" / INDEX).read_bytes()
    shard = shard_path(tmp_path / "whole", 0).read_bytes()
    for share in (0.2, 0.5, 0.7, 0.95):
        folder = tmp_path / f"killed{share}"
        folder.mkdir()
        (folder / INDEX).write_bytes(index[: int(len(index) * share)])
        shard_path(folder, 0).write_bytes(shard + b"half a picture")
        gathered(tmp_path / "films", folder)
        assert (folder / INDEX).read_bytes() == index
        assert shard_path(folder, 0).read_bytes() == shard


def test_what_cannot_be_decoded_is_noted_and_the_others_go_on(tmp_path: Path) -> None:
    film(tmp_path / "films" / "anna" / "one", 8)
    (tmp_path / "films" / "broken.mp4").write_bytes(b"no film")
    gathered(tmp_path / "films", tmp_path / "out")
    clips, sources = read_index(tmp_path / "out")
    assert len(clips) == 1
    assert any("cannot be decoded" in reason for each in sources for reason in each.refused)


def test_clips_of_another_size_are_not_mixed_in(tmp_path: Path) -> None:
    film(tmp_path / "films" / "one", 8)
    gathered(tmp_path / "films", tmp_path / "out")
    with pytest.raises(InputError, match="64 px, not 128"):
        gather([tmp_path / "films"], tmp_path / "out", Rules(size=128), quiet, Follower)


def test_the_report_shows_samples_refusals_and_splits(tmp_path: Path) -> None:
    film(tmp_path / "films" / "<anna>" / "one", 12, lost=[2])
    gathered(tmp_path / "films", tmp_path / "out")
    text = write_report(tmp_path / "out").read_text()
    assert text.count("data:image/jpeg;base64,") == 1
    assert "lost face" in text
    assert "too short" in text
    assert "<anna>" not in text
    assert "&lt;anna&gt;" in text


def test_people_are_kept_apart_and_stay_where_they_are_as_others_come() -> None:
    names = [f"id{number:05d}" for number in range(1000)]
    apart = held_out(names)
    assert 60 < len(apart) < 140
    assert held_out(names + [f"more{number}" for number in range(500)]) >= apart
    assert len(held_out(names[:2])) == 1
    assert held_out(names[:1]) == set()


def test_a_pair_is_two_frames_of_one_clip_of_the_right_split(tmp_path: Path) -> None:
    folder = made_clips(tmp_path, people=4)
    clips, _ = read_index(folder)
    apart = held_out(clip.identity for clip in clips)
    train, held = ClipPairs(folder, 32, "train"), ClipPairs(folder, 32, "held-out")
    assert len(train) + len(held) == len(clips)
    assert len(held) == sum(clip.identity in apart for clip in clips)
    pair = train.draw(np.random.default_rng(0), 1.0)
    assert not np.array_equal(pair.source, pair.driving)
    assert pair.known is None
    # One background colour for each person, but for what JPEG makes of it.
    assert np.abs(pair.source[0, 0].astype(int) - pair.driving[0, 0]).max() < 16


def test_the_crossed_pictures_of_heads_are_exact(tmp_path: Path) -> None:
    pairs = HeadPairs(made_heads(tmp_path), 32, "train", alike=0.0)
    random = np.random.default_rng(0)
    for _ in range(10):
        pair = pairs.draw(random, 1.0)
        known = pair.known
        assert known is not None
        grid = next(g for g in pairs.grids if (g.pictures == pair.source).all((2, 3, 4)).any())
        p, e = np.argwhere((grid.pictures == pair.source).all((2, 3, 4)))[0]
        q, f = np.argwhere((grid.pictures == pair.driving).all((2, 3, 4)))[0]
        np.testing.assert_array_equal(known.poses, grid.poses[[p, q]])
        np.testing.assert_array_equal(known.expression_only, grid.pictures[p, f])
        np.testing.assert_array_equal(known.pose_only, grid.pictures[q, e])


def test_the_curriculum_begins_with_the_first_poses(tmp_path: Path) -> None:
    pairs = HeadPairs(made_heads(tmp_path), 32, "train")
    random = np.random.default_rng(0)
    drawn = [pairs.draw(random, 0.0) for _ in range(40)]
    assert all(p.known is not None and p.known.poses[:, 0].max() <= 0 for p in drawn)
    drawn = [pairs.draw(random, 1.0) for _ in range(40)]
    assert any(p.known is not None and p.known.poses[:, 0].max() > 0 for p in drawn)


def test_held_out_heads_are_nobody_learned_from(tmp_path: Path) -> None:
    folder = made_heads(tmp_path, people=3)
    assert len(HeadPairs(folder, 32, "train")) == 3
    assert len(HeadPairs(folder, 32, "held-out")) == 2
    assert min(heads.seeds_in(folder)[-2:]) >= HELD_OUT
    with pytest.raises(InputError, match="train heads"):
        HeadPairs(tmp_path / "nobody", 32, "train")


class Always:
    def __init__(self, colour: int) -> None:
        self.colour = colour

    def draw(self, random: np.random.Generator, along: float) -> Pair:
        picture = np.full((4, 4, 3), self.colour, np.uint8)
        return Pair(
            source=picture, driving=picture, alignments=np.zeros((2, 2, 3), np.float32), known=None
        )


def test_a_mixture_keeps_its_shares() -> None:
    mixture, random = Mixture([Always(1), Always(2), Always(3)], [0.2, 0.8, 0.0]), np.random
    drawn = [int(mixture.draw(random.default_rng(k), 1.0).source[0, 0, 0]) for k in range(400)]
    assert 50 < drawn.count(1) < 110
    assert drawn.count(3) == 0


def test_an_alignment_brings_the_points_where_they_belong_however_the_face_lies() -> None:
    rng = np.random.default_rng(0)
    points = face_at(120, 130, 150).landmarks[list(OF_478), :2]
    first = alignment_of(points, 256)
    angle, scale, shift = 0.4, 1.3, rng.normal(0, 10, 2)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    second = alignment_of((points @ turn.T + shift).astype(np.float32), 256)
    place = np.array([0.3, 0.6, 1.0])  # of the square
    here, there = ((at @ place + 1) * 128 - 0.5 for at in (first, second))
    np.testing.assert_allclose(there, here @ turn.T + shift, atol=1e-3)
    there = mirrored(first) @ (place * [-1, 1, 1])
    np.testing.assert_allclose(there, (first @ place) * [-1, 1], atol=1e-6)
