"""A preview of a long film reads a few parts of it, and shows what the edit will make of them."""

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PIL import Image

from engine.editing import FaceTrack
from engine.errors import InputError
from engine.frame import Pixels
from engine.progress import Silence
from stream.edit.asked import Driving, EditJob
from stream.edit.glance import PART_S, PARTS, WHOLE_S, parts_of_film
from stream.edit.keys import Keys, Range
from stream.edit.planning import Planned
from stream.edit.preview import SIDE, preview
from tests.edit_made import Constant, DiscEditor, DiscFinder, run
from tests.fakes import disc_picture
from tests.video_files import make_clip

RATE = 4
LONG_S = 3.0 * WHOLE_S
AWAY_S = 66
"""Between two parts that are looked at."""
READ = round(PARTS * PART_S * RATE)
"""Pictures of a long film that are looked at, or a few more."""


def walking(seconds: float) -> list[Pixels]:
    """A disc that walks to the right as the film goes on, and is away from AWAY_S for a second."""
    count = round(seconds * RATE)
    return [
        disc_picture(
            160,
            96,
            None if 0 <= k - AWAY_S * RATE < RATE else (40.0 + 80.0 * k / count, 48.0),
            radius=14.0,
        )
        for k in range(count)
    ]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return make_clip(path, walking(LONG_S), rate=RATE)


def previewed(
    film: Path, folder: Path, editor: DiscEditor | None = None, **asked: object
) -> Planned:
    settings = {"drivings": [Driving(source=None)], **asked}
    planned = preview(
        EditJob(source=film, out=folder / "out.mp4", **settings),  # type: ignore[arg-type]
        folder / "sheet.png",
        editor=editor or DiscEditor(),
        make_finder=DiscFinder,
        progress=Silence(),
        stop=Event(),
    )
    assert planned is not None
    return planned


def test_of_a_long_film_ten_parts_are_read_and_each_shows_its_own_moment(
    film: Path, tmp_path: Path
) -> None:
    DiscFinder.asked = 0
    planned = previewed(film, tmp_path)
    assert planned.parts is not None
    assert READ <= DiscFinder.asked <= READ + 2 * PARTS
    assert planned.tracks.frames == round(LONG_S * RATE)
    assert planned.problems == []  # nobody is lost between the parts
    with Image.open(tmp_path / "sheet.png") as sheet:
        cells = np.asarray(sheet).reshape(2, SIDE, PARTS, SIDE, 3).swapaxes(1, 2)
    lighter = cells[1].astype(int) - cells[0]
    assert (lighter.mean(axis=(1, 2, 3)) > 5).all()
    begins = np.array([begin for begin, _ in planned.parts])
    assert np.allclose(np.diff(begins), (LONG_S - 1 / RATE - PART_S) / (PARTS - 1))


def test_the_edit_after_a_preview_reads_the_rest(film: Path, tmp_path: Path) -> None:
    previewed(film, tmp_path)
    (tmp_path / "apart").mkdir()
    for folder in (tmp_path, tmp_path / "apart"):
        report = run(film, folder / "out.mp4")
        assert report.frames == round(LONG_S * RATE)
    one, other = (folder / "out.mp4" for folder in (tmp_path, tmp_path / "apart"))
    assert one.read_bytes() == other.read_bytes()


def test_a_short_film_is_read_once_for_both(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", walking(4.0), rate=RATE)
    assert previewed(film, tmp_path).parts is None
    DiscFinder.asked = 0
    run(film, tmp_path / "out.mp4")
    assert DiscFinder.asked == 0


def test_only_what_is_edited_is_shown(film: Path, tmp_path: Path) -> None:
    planned = previewed(film, tmp_path, keys=Keys(range=Range(begin_s=50.0, end_s=54.0)))
    assert planned.parts is not None
    (part,) = planned.parts
    assert part == pytest.approx((39.5, 64.5))
    looked = planned.tracks.times_s[planned.tracks.looked]
    assert looked[0] == pytest.approx(39.5)
    assert planned.acts == (50.0, 54.0)


class Followed(DiscEditor):
    """Remembers the driver's track."""

    def follow(self, track: FaceTrack, pictures: object) -> Constant:
        self.track = track
        return Constant()


def test_of_a_long_driver_is_read_what_drives_these_parts(film: Path, tmp_path: Path) -> None:
    driver = make_clip(tmp_path / "driver.mp4", walking(LONG_S), rate=RATE)
    editor = Followed()
    planned = previewed(film, tmp_path, editor, drivings=[Driving(source=driver)], offset_s=5.0)
    assert planned.parts is not None
    track = editor.track
    assert track.times_s == pytest.approx(np.arange(round(LONG_S * RATE)) / RATE, abs=1e-3)
    wanted = [
        begin + 5.0 - 0.5 <= time < end + 5.0 + 0.5
        for begin, end in planned.parts
        for time in track.times_s
    ]
    inside = np.array(wanted).reshape(PARTS, -1).any(axis=0)
    inside |= track.times_s >= LONG_S - 2.0
    away = np.array([picture.max() == picture.min() for picture in walking(LONG_S)])
    assert np.array_equal(track.seen, inside & ~away)


def test_a_driver_that_is_not_there_is_refused_before_the_film_is_read(
    film: Path, tmp_path: Path
) -> None:
    driving = Driving(source=tmp_path / "missing.mp4")
    with pytest.raises(InputError, match=r"no file .*missing\.mp4"):
        previewed(film, tmp_path, drivings=[driving])
    with pytest.raises(InputError, match=r"no file .*missing\.mp4"):
        run(film, tmp_path / "out.mp4", drivings=[driving])
    assert not list(tmp_path.iterdir())


def test_a_range_beyond_the_film_is_refused(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", walking(4.0), rate=RATE)
    with pytest.raises(InputError, match=r"begins at 20 s.*last picture at 3\.8 s"):
        run(film, tmp_path / "out.mp4", keys=Keys(range=Range(begin_s=20.0)))


def test_an_offset_beyond_the_driver_is_refused(tmp_path: Path) -> None:
    film = make_clip(tmp_path / "film.mp4", walking(4.0), rate=RATE)
    with pytest.raises(InputError, match=r"offset of 9 s lies beyond"):
        run(film, tmp_path / "out.mp4", drivings=[Driving(source=film)], offset_s=9.0)


def test_parts_lie_within_the_film_and_are_long_enough_to_tell_a_rest() -> None:
    assert parts_of_film((0.0, WHOLE_S), WHOLE_S) is None
    for acts in ((0.0, 1.0), (599.0, 600.0), (300.0, 301.0)):
        parts = parts_of_film(acts, 600.0)
        assert parts is not None
        ((begin, end),) = parts
        assert 0.0 <= begin <= acts[0]
        assert acts[1] <= end <= 600.0
        assert end - begin == pytest.approx(PARTS * PART_S)
