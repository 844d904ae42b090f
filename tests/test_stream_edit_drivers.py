"""What drives an edit beside clips: a sound, which moves the lips and nothing else."""

import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.editing import FaceTrack, Part
from engine.errors import InputError
from engine.frame import Pixels
from engine.motion import Factor, LipShape
from stream.edit.asked import Driving, EditJob
from stream.edit.job import edit
from tests.edit_made import Constant, DiscEditor, DiscFinder, DiscPlan
from tests.fakes import disc_picture
from tests.video_files import make_clip


class Heard(DiscEditor):
    """Keeps what it is asked for."""

    def __init__(self) -> None:
        self.lips: Callable[[float], LipShape] | None = None
        self.parts: Sequence[Part] = ()

    def speak(self, lips: Callable[[float], LipShape]) -> Constant:
        self.lips = lips
        return Constant()

    def plan(
        self,
        track: FaceTrack,
        parts: Sequence[Part],
        neutral: int | None,
        pictures: Callable[[int], Pixels],
    ) -> DiscPlan:
        self.parts = parts
        return super().plan(track, parts, neutral, pictures)


def voice(path: Path) -> Path:
    """A second of silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.zeros(16_000, np.int16).tobytes())
    return path


def run(tmp_path: Path, *factors: Factor) -> Heard:
    picture = disc_picture(160, 120, (60.0, 58.0), radius=16.0)
    film = make_clip(tmp_path / "film.mp4", [picture] * 3)
    editor, sound = Heard(), voice(tmp_path / "voice.wav")
    driving = (
        Driving(source=sound, factors=frozenset(factors)) if factors else Driving(source=sound)
    )
    edit(
        EditJob(source=film, out=tmp_path / "out.mp4", drivings=[driving]),
        editor=editor,
        make_finder=DiscFinder,
    )
    return editor


@pytest.mark.parametrize("factors", [(), ("lips",)])
def test_a_sound_moves_the_lips_alone(factors: tuple[Factor, ...], tmp_path: Path) -> None:
    editor = run(tmp_path, *factors)
    assert [part.factors for part in editor.parts] == [{"lips"}]
    assert editor.lips is not None
    assert editor.lips(0.5).arkit.get("jawOpen", 0.0) < 0.05


def test_what_cannot_be_heard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lips alone"):
        run(tmp_path, "lips", "gaze")
