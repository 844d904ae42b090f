"""Where the lips of `understudy live` come from besides the driver's face, and what hears of it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from av import AudioFrame

from engine.errors import InputError
from stream.files.live_sound import LiveSound
from stream.session.voice_lips import DELAY_S, VoiceLips

LipsSource: TypeAlias = Literal["sound", "mic", "auto"]
"""`sound`: the clip's or stream's own; `mic`: this machine's microphone; `auto`: whichever there
is, and only while the driver's mouth is hidden."""


def taken_out(pairs: list[str]) -> tuple[list[str], LipsSource | None]:
    """The NAME=SOURCE pairs without the one that names live lips, and what it names."""
    kept, found = [], None
    for pair in pairs:
        name, _, value = pair.partition("=")
        source = next((each for each in get_args(LipsSource) if each == value), None)
        if name != "lips" or source is None:
            kept.append(pair)
        elif found is not None:
            raise InputError("--source lips is given twice. Leave one out.")
        else:
            found = source
    return kept, found


@dataclass(slots=True)
class Heard:
    """Gives each piece of sound to the lips, and to the recording if there is one."""

    lips: VoiceLips | None = None
    recording: LiveSound | None = None

    def put(self, sound: AudioFrame, start_ns: int) -> None:
        """While the lips are the sound's, the recording gets it as late as they are."""
        is_shown = self.lips is not None and self.lips.is_shown
        if self.lips is not None:
            self.lips.put(sound, start_ns)
        if self.recording is not None:
            self.recording.put(sound, start_ns + (round(DELAY_S * 1e9) if is_shown else 0))
