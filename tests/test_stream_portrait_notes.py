"""What is to be said of a portrait is said once, wherever portraits are opened."""

import logging
from pathlib import Path

import pytest
from PIL import Image

from engine.faces.mesh_tracker import MeshTracker
from engine.pictures import open_picture
from engine.portrait_notes import OPEN
from stream.live.job import LiveJob, open_portraits
from stream.render.portrait_source import open_source
from stream.server.portrait_list import PortraitList, uploaded
from stream.session.portraits import Enroller
from tests.drawn_faces import drawn_picture
from tests.fakes import ShiftModel

pytestmark = pytest.mark.slow


@pytest.fixture
def open_mouth(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    Image.fromarray(drawn_picture(320, 320, 80, mouth_gap=1.0)).save(path)
    return path


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.message for r in caplog.records if r.levelno == logging.WARNING]


def test_rendering_says_it_once(open_mouth: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_source(
        [open_mouth],
        model=ShiftModel(),
        finder=MeshTracker(),
        make_tracker=MeshTracker,
        framing="full",
        size=256,
    ):
        assert told(caplog) == [OPEN]


def test_live_says_it_once(open_mouth: Path, caplog: pytest.LogCaptureFixture) -> None:
    [portrait] = open_portraits(LiveJob(camera="", portraits=[open_mouth], size=256), MeshTracker())
    Enroller(ShiftModel(), framing="full").enroll(portrait, 256)
    assert told(caplog) == [OPEN]


def test_the_page_is_told_of_an_upload(open_mouth: Path) -> None:
    item = uploaded(open_picture(open_mouth), "me.png", MeshTracker())
    assert item.as_json()["notes"] == [OPEN]


def test_a_server_says_it_of_its_owners_portrait(
    open_mouth: Path, caplog: pytest.LogCaptureFixture
) -> None:
    portraits = PortraitList()
    portraits.fill(open_mouth, MeshTracker())
    assert told(caplog) == [OPEN]
    assert [item.as_json()["notes"] for item in portraits] == [[OPEN], [], [], [], []]
