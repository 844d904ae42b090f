"""Text to speech with exact phoneme times, by the program espeak-ng where it is installed.

espeak-ng (GPL) neither ships with Understudy nor runs in its process: see `espeak_program.py`.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError, MachineError
from engine.speech.visemes import Phoneme

_PROGRAM = Path(__file__).with_name("espeak_program.py")
_HAS_NO_LIBRARY = 3
_END_S = 5.0
MISSING = (
    "espeak-ng speaks the text, and it is not installed. It is a program of its own (GPL): "
    "`apt-get install espeak-ng`, `brew install espeak-ng`, or github.com/espeak-ng/espeak-ng."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spoken:
    """A text as a voice said it."""

    samples: NDArray[np.float32]
    """(N,), -1..1"""
    rate_hz: int
    phonemes: tuple[Phoneme, ...]

    @property
    def length_s(self) -> Fraction:
        """From beginning to end."""
        return Fraction(len(self.samples), self.rate_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a text is said."""

    voice: str = "en-us"
    """A language of `espeak-ng --voices`, with a variant if wanted: de, en-us+f3."""
    rate: int = 165
    """Words a minute."""
    pitch: int = 50
    """0 to 99."""
    range: int = 50
    """How far the pitch moves, 0 to 99."""


class Speaker:
    """Runs the program; `espeak` makes one."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def say(self, text: str, manner: Manner) -> Spoken:
        """Speak a text.

        Raises:
            InputError: there is no such voice, or nothing in the text that can be said.
            MachineError: espeak-ng is not installed, or ended.
        """
        asked = {
            "text": text,
            "voice": manner.voice,
            "rate": manner.rate,
            "pitch": manner.pitch,
            "range": manner.range,
        }
        said, sound = self._ask(json.dumps(asked).encode() + b"\n")
        if "unknown" in said:
            raise InputError(
                f"espeak-ng has no voice {manner.voice!r}. `espeak-ng --voices` lists the "
                "languages; +m1 to +m8 and +f1 to +f5 are variants, as in en-us+f3."
            )
        rate_hz = int(said["rate_hz"])
        samples = np.frombuffer(sound, np.int16).astype(np.float32) / 32768.0
        if not any(name for _, name in said["phonemes"]):
            raise InputError("there is nothing to say in this text. Give some words.")
        phonemes = tuple(Phoneme(sample / rate_hz, name) for sample, name in said["phonemes"])
        first = phonemes[0].start_s if phonemes else 0.0
        if first > 0.0:
            phonemes = (Phoneme(0.0, ""), *phonemes)
        return Spoken(samples=samples, rate_hz=rate_hz, phonemes=phonemes)

    def _ask(self, line: bytes) -> tuple[dict[str, Any], bytes]:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None
        assert pipe_out is not None
        try:
            pipe_in.write(line)
            pipe_in.flush()
        except BrokenPipeError:
            pass  # it has ended, and the answer is empty too
        answer = pipe_out.readline()
        if not answer:
            if self._process.wait(_END_S) == _HAS_NO_LIBRARY:
                raise MachineError(MISSING)
            raise MachineError("espeak-ng ended without an answer. Try `espeak-ng hello`.")
        said = json.loads(answer)
        return said, pipe_out.read(int(said.get("bytes", 0)))


@contextmanager
def espeak(data: Path | None = None) -> Iterator[Speaker]:
    """The program, running until the end of the `with`.

    `data` is the folder in which its `espeak-ng-data` lies, where that is not the installed one.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", str(_PROGRAM), *([] if data is None else [str(data)])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Speaker(process)
    finally:
        process.kill()  # it holds nothing that could be lost
        process.communicate()


def is_installed() -> bool:
    """Whether there is an espeak-ng that speaks."""
    try:
        with espeak() as speaker:
            speaker.say("a", Manner())
    except MachineError:
        return False
    return True
