"""A recording has the times of what was shown, survives a change of size, and ends valid."""

import time
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import OutputError
from engine.frame import Frame
from engine.slot import LatestSlot
from stream.server.session import _for_whoever_is_far_away
from stream.session.recorder import Recorder
from tests.virtual_camera_fake import wait_until


def recorded(path: Path, frames: list[Frame], *, size: tuple[int, int] | None = None) -> Recorder:
    """A recording of these, one after the other."""
    slot: LatestSlot[Frame] = LatestSlot()
    recorder = Recorder(slot, path, size=size)
    recorder.start()
    for frame in frames:
        slot.put(frame)
        time.sleep(0.03)
    recorder.stop()
    return recorder


def grey(index: int, level: int, size: tuple[int, int] = (64, 96)) -> Frame:
    return Frame(
        pixels=np.full((*size, 3), level, np.uint8), captured_ns=10**12 + index * 33_333_333
    )


def read(path: Path) -> list[tuple[float, int, tuple[int, int]]]:
    """(time, level, size) of each picture."""
    with av.open(str(path), "r") as clip:
        return [
            (
                float(picture.time or 0.0),
                int(picture.to_ndarray(format="rgb24")[20, 48, 0]),
                (picture.height, picture.width),
            )
            for picture in clip.decode(video=0)
        ]


def test_the_file_has_the_pictures_at_their_times(tmp_path: Path) -> None:
    recorder = recorded(tmp_path / "a.mp4", [grey(0, 40), grey(1, 80), grey(4, 160)])
    pictures = read(tmp_path / "a.mp4")
    assert [time_s for time_s, _, _ in pictures] == pytest.approx([0, 1 / 30, 4 / 30], abs=0.002)
    assert [level for _, level, _ in pictures] == pytest.approx([40, 80, 160], abs=4)
    assert not recorder.is_running
    assert (recorder.frames, recorder.problem) == (3, None)


def test_a_change_of_size_stays_inside_the_first_size(tmp_path: Path) -> None:
    recorded(tmp_path / "a.mp4", [grey(0, 40), grey(1, 80, (32, 48)), grey(2, 120, (64, 64))])
    assert [size for _, _, size in read(tmp_path / "a.mp4")] == [(64, 96)] * 3


def test_another_aspect_gets_bars_and_nothing_is_cut_off(tmp_path: Path) -> None:
    recorded(tmp_path / "a.mp4", [grey(0, 40), grey(1, 200, (64, 64))])
    with av.open(str(tmp_path / "a.mp4"), "r") as clip:
        shown = list(clip.decode(video=0))[-1].to_ndarray(format="rgb24")
    assert np.abs(shown[:, 18:78].astype(int) - 200).max() <= 6
    assert shown[:, :14].max() <= 6
    assert shown[:, 82:].max() <= 6


def test_a_recording_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    recorded(tmp_path / "a.mp4", [])
    recorded(tmp_path / "b.mp4", [], size=(96, 64))
    assert list(tmp_path.iterdir()) == []


def test_a_file_whose_size_is_known_is_open_before_the_first_picture(tmp_path: Path) -> None:
    slot: LatestSlot[Frame] = LatestSlot()
    recorder = Recorder(slot, tmp_path / "a.mp4", size=(96, 64))
    recorder.start()
    wait_until(lambda: list(tmp_path.iterdir()) != [])
    slot.put(grey(0, 40, (32, 48)))
    wait_until(lambda: recorder.frames == 1)
    recorder.stop()
    assert [size for _, _, size in read(tmp_path / "a.mp4")] == [(64, 96)]


def test_a_place_that_cannot_be_written_is_told_and_hurts_nobody(tmp_path: Path) -> None:
    recorder = recorded(tmp_path / "missing" / "a.mp4", [grey(0, 40), grey(1, 80)])
    assert isinstance(recorder.problem, OutputError)
    assert str(tmp_path / "missing") in str(recorder.problem)
    assert _for_whoever_is_far_away(recorder.problem) == (
        "the folder of recordings is missing or full: the server's log says why."
    )
