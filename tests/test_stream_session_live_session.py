"""What `live` and `serve` share: portraits, the ladder, controls and recordings, each by its door.

Keys are the door of `live`, JSON the one of `serve`.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Protocol, TypeVar

import numpy as np
import pytest
from av import AudioFrame
from PIL import Image

from engine.appearances import Appearance
from engine.errors import InputError
from engine.faces.face import Face
from engine.frame import Frame, Pixels
from engine.model import Model
from engine.motion import Edit
from engine.slot import LatestSlot
from stream.live.job import LiveJob, open_portraits
from stream.live.key_actions import KeyActions
from stream.server.portrait_list import Item, uploaded
from stream.server.recordings import Recordings
from stream.server.session import open_session
from stream.server.shared_work import SharedWork
from stream.session.controls import OF_FACTORS, SWITCH_KEYS, SWITCHES, Controls, Switch
from stream.session.ladder import LOSING_S
from stream.session.live_session import LiveSession
from stream.session.portraits import Enroller, FacePicture, find_face, open_portrait
from stream.session.recorder import Recorder
from stream.session.voice_lips import VoiceLips
from tests.fakes import (
    DiscTracker,
    ShiftedPortrait,
    ShiftMixer,
    ShiftModel,
    disc_frame,
    disc_picture,
)
from tests.video_files import pictures_of
from tests.virtual_camera_fake import wait_until

T = TypeVar("T")
TICK_S = 0.5
"""Between two looks of the ladder."""


class NamedModel(ShiftModel):
    """Its factors have names, and it has a refiner."""

    can = replace(ShiftModel.can, named_factors=True, refine=True, driver_teeth=True)

    def __init__(self) -> None:
        self.mixers: list[ShiftMixer] = []

    def mixer(self) -> ShiftMixer:
        self.mixers.append(ShiftMixer())
        return self.mixers[-1]


class Still(ShiftModel):
    """Its portraits take expressions only."""

    def enroll(
        self, picture: Pixels, face: Face, appearances: Sequence[Appearance] = ()
    ) -> ShiftedPortrait:
        return ShiftedPortrait(picture=picture, modes=frozenset({"expression"}))


class Front(Protocol):
    """What a user of one of the two commands can do."""

    live: LiveSession[Any]

    def turn(self, switch: Switch, *, on: bool) -> None:
        """Raises InputError where it is refused."""

    def next_mode(self) -> None:
        """Raises InputError where it is refused."""

    def choose(self, index: int) -> None:
        """Show the portrait with this number."""

    def close(self) -> None: ...


class Keys:
    """`live`: single keys act on the session."""

    def __init__(self, paths: list[Path], model: Model[Any]) -> None:
        job = LiveJob(camera="", portraits=paths, size=512)
        portraits = open_portraits(job, DiscTracker())
        self.enroller = Enroller(model, framing="full", keeps=True)
        self.live = LiveSession(
            LatestSlot[Frame](),
            enroller=self.enroller,
            enrolled=self.enroller.enroll(portraits[0], 512),
            tracker=DiscTracker(),
            mixer=model.mixer(),
            canvas=portraits[0].size,
            voice=VoiceLips(),
        )
        self.said: list[str] = []
        self.controls = KeyActions(
            self.live,
            portraits,
            quit_=lambda: None,
            say=self.said.append,
            tell_figures=lambda: None,
            flip_preview=lambda: True,
        )

    def turn(self, switch: Switch, *, on: bool) -> None:
        key = SWITCH_KEYS[switch]
        self.controls.press(key.key)
        if self.said[-1] != (key.on if on else key.off):
            raise InputError(self.said[-1])

    def next_mode(self) -> None:
        self.controls.press("e")
        if not self.said[-1].startswith("mode: "):
            raise InputError(self.said[-1])

    def choose(self, index: int) -> None:
        self.controls.press(str(index + 1))

    def close(self) -> None:
        self.live.stop()
        self.enroller.close()


class Json:
    """`serve`: a page's JSON acts on the session, in an event loop."""

    def __init__(self, paths: list[Path], model: Model[Any]) -> None:
        self.home = asyncio.Runner()
        self.shared = SharedWork(model=model, make_tracker=DiscTracker, framing="full")
        self.items: list[Item] = []
        for path in paths:
            with Image.open(path) as image:
                picture = np.asarray(image.convert("RGB"))
            self.items.append(uploaded(picture, path.stem, DiscTracker()))
        self.session = self.does(
            open_session(
                "an id",
                shared=self.shared,
                item=self.items[0],
                size=512,
                recordings=Recordings(),
                adapts=True,
            )
        )
        self.live = self.session.live
        self.live.loop.stop()  # the test takes the steps

    def does(self, work: Coroutine[Any, Any, T]) -> T:
        return self.home.run(work)

    def turn(self, switch: Switch, *, on: bool) -> None:
        self.does(self.session.control({switch: on}))

    def next_mode(self) -> None:
        self.does(self.session.control({"mode": self.live.controls.next_mode().edit.mode}))

    def choose(self, index: int) -> None:
        self.does(self.session.control({}, self.items[index]))

    def close(self) -> None:
        self.does(self.session.close())
        self.shared.close()
        self.home.close()


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Two portraits, of different shape, the disc in their middle."""
    paths = [tmp_path / "wide.png", tmp_path / "square.png"]
    Image.fromarray(disc_picture(768, 512, (384, 256), 40)).save(paths[0])
    Image.fromarray(disc_picture(600, 600, (300, 300), 60)).save(paths[1])
    return paths


@pytest.fixture
def model() -> NamedModel:
    return NamedModel()


@pytest.fixture(params=[Keys, Json], ids=["live", "serve"])
def front(request: pytest.FixtureRequest, paths: list[Path], model: NamedModel) -> Iterator[Front]:
    made: Front = request.param(paths, model)
    yield made
    made.close()


def shown(front: Front, centre: tuple[float, float] = (80, 60)) -> Pixels:
    """What leaves the loop for a driving frame."""
    front.live.loop._step(disc_frame(0, centre))
    newest = front.live.loop.newest
    assert newest is not None
    return newest.pixels


def disc_at(pixels: Pixels) -> tuple[float, float]:
    face = DiscTracker().find(pixels)
    assert face is not None
    return float(face.landmarks[468, 0]), float(face.landmarks[468, 1])


def portrait_size(front: Front) -> tuple[int, ...]:
    portrait = front.live.reenactor.look.portrait
    assert portrait is not None
    return portrait.still().shape[:2]


def lose_frames(
    front: Front, seconds: float, *, frames: int = 8, drops: int = 7, waits: bool = True
) -> None:
    """Let the ladder see a loop that loses so many frames every half second of a made clock."""
    began_s = front.live._looked_s + 1000.0
    for tick in range(round(seconds / TICK_S)):
        lost(front.live, frames, drops)
        front.live.adapt(began_s + tick * TICK_S)
        exchange = front.live._exchange
        if waits and exchange is not None:
            exchange.result(10)


def refines(front: Front) -> bool:
    return front.live.reenactor.look.edit.refine


def lost(live: LiveSession[Any], frames: int, drops: int) -> None:
    live.loop._frames += frames
    slot: Any = getattr(live.loop.source, "_slot", live.loop.source)
    slot.dropped += drops


def test_every_switch_can_be_turned_on_and_off_by_either_door(front: Front) -> None:
    """Also one that is added later: a name in `Switch` is enough for JSON, and needs its key."""
    for switch in SWITCHES:
        front.turn(switch, on=True)
        assert front.live.controls.on == {switch}
        front.turn(switch, on=False)
        assert front.live.controls.on == set()


def test_mirroring_swaps_left_and_right_of_what_everybody_sees(front: Front) -> None:
    shown(front, (80, 60))
    moved = shown(front, (100, 60))
    front.turn("mirror_output", on=True)
    np.testing.assert_array_equal(shown(front, (100, 60)), moved[:, ::-1])
    assert disc_at(moved)[0] > moved.shape[1] / 2 + 5


def test_pausing_stops_the_loop(front: Front) -> None:
    front.turn("paused", on=True)
    assert front.live.loop.is_paused
    front.turn("paused", on=False)
    assert not front.live.loop.is_paused


def test_a_frozen_head_stays_where_it_was(front: Front, model: NamedModel) -> None:
    shown(front, (80, 60))
    held = shown(front, (100, 60))
    front.turn("freeze_pose", on=True)
    np.testing.assert_array_equal(shown(front, (60, 60)), held)
    front.turn("gaze_to_camera", on=True)
    front.turn("freeze_pose", on=False)
    assert not np.array_equal(shown(front, (60, 60)), held)
    assert model.mixers[-1].told == ["hold pose", "look at camera", "release pose"]


def test_lips_go_to_the_voice_while_no_face_is_seen_and_come_back(
    front: Front, model: NamedModel
) -> None:
    nobody = np.full((120, 160, 3), 90, np.uint8)
    front.turn("voice_lips", on=True)
    shown(front, (80, 60))
    step = front.live.reenactor.step
    voice = front.live._voice
    assert voice is not None
    silence = AudioFrame(format="s16", layout="mono", samples=48_000)
    silence.sample_rate = 48_000
    voice.put(silence, 2 * 10**9)
    for number in range(20):
        step(Frame(pixels=nobody, captured_ns=2 * 10**9 + number * 33_000_000))
    assert model.mixers[-1].told == ["speak"]
    assert front.live.is_voiced
    front.turn("voice_lips", on=False)
    step(Frame(pixels=nobody, captured_ns=3 * 10**9))
    assert model.mixers[-1].told == ["speak", "release lips"]


def test_lips_by_sound_need_a_sound(paths: list[Path], model: NamedModel) -> None:
    front = Keys(paths, model)
    front.live._voice = None
    with pytest.raises(InputError, match=r"no sound.*--source lips=auto"):
        front.turn("voice_lips", on=True)
    with pytest.raises(InputError, match="takes a sound"):
        front.live.speak()
    front.close()


@pytest.mark.parametrize("front_type", [Keys, Json], ids=["live", "serve"])
@pytest.mark.parametrize("switch", sorted(OF_FACTORS))
def test_a_model_without_named_factors_refuses_to_hold_them(
    front_type: Callable[[list[Path], Model[Any]], Front], switch: Switch, paths: list[Path]
) -> None:
    front = front_type(paths, ShiftModel())
    with pytest.raises(InputError, match="no named factors"):
        front.turn(switch, on=True)
    assert front.live.controls == Controls()
    front.close()


def test_the_drivers_teeth_are_seen_while_the_switch_is_on(front: Front) -> None:
    front.turn("driver_teeth", on=True)
    assert front.live.reenactor.look.edit.driver_teeth
    front.next_mode()
    assert front.live.reenactor.look.edit.driver_teeth
    front.turn("driver_teeth", on=False)
    assert not front.live.reenactor.look.edit.driver_teeth


@pytest.mark.parametrize("front_type", [Keys, Json], ids=["live", "serve"])
def test_a_model_that_cannot_show_the_drivers_teeth_refuses_to(
    front_type: Callable[[list[Path], Model[Any]], Front], paths: list[Path]
) -> None:
    front = front_type(paths, ShiftModel())
    with pytest.raises(InputError, match=r"rig alone, and with --mouth auto"):
        front.turn("driver_teeth", on=True)
    assert front.live.controls == Controls()
    front.close()


def test_a_session_that_begins_with_the_drivers_teeth_has_its_switch_on() -> None:
    begun = Controls.of(Edit(driver_teeth=True))
    assert begun.on == {"driver_teeth"}
    assert begun.next_mode().switched("driver_teeth", on=False).on == frozenset()


class Coded(NamedModel):
    """Its factors are codes: nobody knows which of them meets the camera."""

    can = replace(NamedModel.can, meets_camera=False, lip_shapes=False)


@pytest.mark.parametrize("front_type", [Keys, Json], ids=["live", "serve"])
def test_a_model_that_does_not_know_the_camera_refuses_to_meet_it_and_can_be_frozen(
    front_type: Callable[[list[Path], Model[Any]], Front], paths: list[Path]
) -> None:
    front = front_type(paths, Coded())
    with pytest.raises(InputError, match="known to meet the camera"):
        front.turn("gaze_to_camera", on=True)
    with pytest.raises(InputError, match="cannot be moved by a live sound"):
        front.turn("voice_lips", on=True)
    assert front.live.controls == Controls()
    front.turn("freeze_pose", on=True)
    assert front.live.controls.on == {"freeze_pose"}
    front.close()


def test_the_mode_is_set_by_either_door(front: Front) -> None:
    front.next_mode()
    assert front.live.reenactor.look.edit.mode == front.live.controls.edit.mode == "expression"


@pytest.mark.parametrize("front_type", [Keys, Json], ids=["live", "serve"])
def test_a_mode_that_a_portrait_cannot_be_shown_in_is_refused(
    front_type: Callable[[list[Path], Model[Any]], Front], paths: list[Path]
) -> None:
    """As of a head that cannot be put back into its picture."""
    front = front_type(paths, Still())
    front.next_mode()
    assert front.live.controls.edit.mode == "expression"
    with pytest.raises(InputError, match=r"neck would break.*--frame face"):
        front.next_mode()
    assert front.live.controls.edit.mode == "expression"
    front.close()


def test_another_portrait_is_shown_as_soon_as_it_is_ready(front: Front) -> None:
    first = front.live.portrait
    front.choose(1)
    wait_until(lambda: front.live.portrait is not first)
    height, width = (512, 768) if isinstance(front, Keys) else (512, 512)
    seen = shown(front)
    assert seen.shape == (height, width, 3), "the outputs of `live` keep their size"
    assert disc_at(seen) == pytest.approx((width / 2 - 0.5, height / 2 - 0.5), abs=0.6)


def test_refinement_goes_before_pixels_do_and_the_users_choice_stays(front: Front) -> None:
    assert refines(front)
    lose_frames(front, LOSING_S + 1.0)
    assert not refines(front)
    assert portrait_size(front) == (512, 768)
    assert front.live.ladder.reason == "this machine was too slow to refine the picture"
    assert front.live.controls.edit.refine, "what was asked for"
    front.next_mode()
    assert not refines(front), "a control does not undo the ladder"


def test_where_frames_are_lost_the_step_gets_smaller(front: Front) -> None:
    lose_frames(front, 2 * LOSING_S + 2.0)
    wait_until(lambda: portrait_size(front) == (352, 528))
    assert front.live.ladder.reason == "this machine was too slow for 512 pixels"
    wide = (512, 768) if isinstance(front, Keys) else (352, 528)
    assert shown(front).shape[:2] == wide, "the outputs of `live` keep their size"
    assert disc_at(shown(front)) == pytest.approx((wide[1] / 2, wide[0] / 2), abs=1.5)
    front.choose(1)
    wait_until(lambda: portrait_size(front) != (352, 528) or isinstance(front, Keys))
    assert front.live._enrolled.size == 352


def test_at_the_foot_of_the_ladder_it_says_what_to_do(front: Front) -> None:
    lose_frames(front, 30.0, frames=5, drops=10)
    reason = front.live.ladder.reason
    assert reason is not None
    assert "too slow even for 256 pixels: close other programs" in reason


def test_while_a_portrait_is_made_ready_no_rung_is_taken(front: Front) -> None:
    go_on = Event()
    front.live._enroller.submit(go_on.wait)
    front.live.show(front.live.portrait)
    lose_frames(front, LOSING_S + 2.0, waits=False)
    assert front.live.ladder.reason is None, "the machine is busy with that"
    go_on.set()


def test_a_portrait_that_cannot_be_made_ready_leaves_the_one_before(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = front.live.reenactor.look.portrait

    def fails(*_: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(ShiftModel, "enroll", fails)
    done = front.live.show(FacePicture(picture=disc_picture(512, 512, (256, 256)), face=FACE))
    with pytest.raises(RuntimeError, match="no room"):
        done.result(10)
    assert front.live.reenactor.look.portrait is before


FACE = find_face(disc_picture(512, 512, (256, 256)), DiscTracker(), name="x", is_noted=False).face


def has_written(recorder: Recorder, frames: int) -> bool:
    return recorder.frames == frames


def test_a_recording_has_what_is_shown(front: Front, tmp_path: Path) -> None:
    front.turn("mirror_output", on=True)
    recorder = front.live.record(tmp_path / "out.mp4")
    goes_on = [front.live.is_recording]
    for index, x in enumerate((80, 80, 100)):
        front.live.loop._step(disc_frame(index, (x, 60)))
        wait_until(partial(has_written, recorder, index + 1))
    front.live.stop_recording()
    goes_on.append(front.live.is_recording)
    assert goes_on == [True, False]
    assert (recorder.frames, recorder.problem) == (3, None)
    pictures = pictures_of(tmp_path / "out.mp4")
    assert disc_at(pictures[-1][1])[0] == pytest.approx(383.5 - 20, abs=2)


def test_no_face_is_refused_in_the_same_words(tmp_path: Path) -> None:
    empty = disc_picture(300, 300, None)
    Image.fromarray(empty).save(tmp_path / "empty.png")
    words = r"no face was found in the portrait .*empty.*\. Use one that shows a face"
    with pytest.raises(InputError, match=words):
        open_portrait(tmp_path / "empty.png", DiscTracker())
    with pytest.raises(InputError, match=words):
        uploaded(empty, "empty.png", DiscTracker())


def test_every_portrait_of_live_has_the_size_of_the_first(paths: list[Path]) -> None:
    job = LiveJob(camera="", portraits=paths, size=512)
    first, second = open_portraits(job, DiscTracker())
    assert first.size == second.size == (768, 512)
    assert disc_at(second.picture) == pytest.approx((383.5, 255.5), abs=0.6)


def test_a_smaller_portrait_is_the_same_picture_and_is_kept(paths: list[Path]) -> None:
    enroller = Enroller(ShiftModel(), framing="full", keeps=True)
    found = open_portrait(paths[0], DiscTracker())
    small = enroller.enroll(found, 256)
    assert small.portrait.still().shape == (256, 384, 3)
    assert disc_at(small.portrait.still()) == pytest.approx((192, 128), abs=0.6)
    assert enroller.enroll(found, 256) is small
    enroller.close()


def test_a_quality_that_was_asked_for_can_be_kept(paths: list[Path]) -> None:
    enroller = Enroller(NamedModel(), framing="full")
    found = open_portrait(paths[0], DiscTracker())
    live = LiveSession(
        LatestSlot[Frame](),
        enroller=enroller,
        enrolled=enroller.enroll(found, 512),
        tracker=DiscTracker(),
        mixer=None,
        edit=Edit(gains={"pose": 0.5}),
        adapts=False,
    )
    for tick in range(40):
        lost(live, 5, 10)
        live.adapt(1000.0 + tick * TICK_S)
    time.sleep(0.05)
    assert live.ladder.reason is None
    assert live.reenactor.look.edit == Edit(gains={"pose": 0.5})
    enroller.close()
