"""Who speaks: espeak-ng in many languages and voices, flite's four; some are kept for measuring.

Both are programs of their own (espeak-ng is under the GPL) that are never shipped.
"""

import random
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import MachineError
from engine.speech.espeak import Manner, Speaker, espeak
from engine.speech.features import FRAME_S
from engine.speech.mel import RATE_HZ
from engine.speech.visemes import Phoneme, labels
from training.speech import sentences
from training.speech.vocal_tracts import Tracts
from training.speech.word_salad import plain_words, words

Samples = NDArray[np.float32]
Cast: TypeAlias = Literal["learn", "choose", "test", "fresh"]
"""Whom is learned from, who decides between recipes, who is measured on, and who was not looked at
before the recipe stood."""

ACCENTS = ("en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-us-nyc", "en-gb-x-gbcwmd")
_LEARNED_FROM = (
    "", "m1", "m2", "m3", "m4", "m5", "m6", "m8", "f1", "f2", "f3", "f5", "klatt", "klatt3",
    "klatt4", "Andrea", "linda", "steph", "Mike", "paul", "rob", "robert", "max", "zac", "anika",
    "belinda", "Annie", "Michael", "pablo", "quincy", "adam", "ed", "edward", "michel", "marcelo",
    "Alicia", "Alex", "Andy", "Diogo", "Henrique", "Jacky", "Lee", "Marco", "Mario", "Nguyen",
    "Storm", "antonio", "aunty", "benjamin", "boris", "croak", "grandpa", "iven", "iven3", "john",
    "klatt5", "norbert", "pedro", "sandro", "steph2", "whisper", "announcer",
)  # fmt: skip
"""espeak-ng's variants."""
CASTS: dict[Cast, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "learn": (_LEARNED_FROM, ("awb", "slt")),
    "choose": (("m7", "f4", "klatt2", "david"), ("kal16",)),
    "test": (("Hugo", "travis", "shelby", "caleb"), ("rms",)),
    "fresh": (("Denis", "Gene", "grandma", "gustave", "kaukovalta", "miguel", "victor"), ()),
}
"""Variants of espeak-ng, and voices of flite; no voice is in two of them."""
_FLITE_SHARE = 0.3
_OWN_SHARE = 0.6
"""Of espeak-ng's sentences that are learned from: by a voice that speaks this one sentence."""
_FOREIGN_SHARE = 0.35
Text: TypeAlias = Literal["sentences", "words", "both", "prose"]
"""What is said: sentences put together, rows of words without sense, some of each, or English prose
that nobody learned from."""
_WORDS_SHARE: dict[Text, tuple[float, float]] = {
    "sentences": (0.0, 0.0),
    "words": (1.0, 1.0),
    "both": (0.7, 0.5),
    "prose": (0.0, 0.0),
}
"""Of English and of other languages, that is words without sense."""
_SLOWEST, _FASTEST = 0.86, 1.18
"""Played slower or faster, which also makes another vocal tract of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Utterance:
    """A sentence, as loud as the voice has it."""

    samples: Samples
    """(N,) at 16 kHz"""
    visemes: NDArray[np.int64]
    """(N / 160,)"""


class Voices:
    """Speaks sentences by chance; `voices` makes one."""

    def __init__(
        self, speaker: Speaker, folder: Path, cast: Cast, text: Text, tracts: Tracts | None
    ) -> None:
        self._speaker, self._tracts = speaker, tracts
        self._file = folder / "flite.wav"
        self._variants, self._flite = CASTS[cast]
        self._words_share, self._plain_share = _WORDS_SHARE[text]
        self._is_prose = text == "prose"
        self.are_learned_from = cast == "learn"
        """Voices of whom nothing is measured: what they say and go through may be harder."""

    def utterance(self, choose: random.Random) -> Utterance:
        """The next one; the same random numbers give the same."""
        if choose.random() < _FLITE_SHARE and self._flite:
            samples, rate_hz, phonemes = self._by_flite(choose)
            is_arpabet = True
        else:
            samples, rate_hz, phonemes = self._by_espeak(choose)
            is_arpabet = False
        speed = choose.uniform(_SLOWEST, _FASTEST)
        count = int(len(samples) / rate_hz * RATE_HZ / speed)
        places = np.arange(count) * (speed * rate_hz / RATE_HZ)
        resampled = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
        moved = [Phoneme(each.start_s / speed, each.name) for each in phonemes]
        frames = int(count / RATE_HZ / FRAME_S)
        return Utterance(samples=resampled, visemes=labels(moved, frames, is_arpabet=is_arpabet))

    def _by_espeak(self, choose: random.Random) -> tuple[Samples, int, tuple[Phoneme, ...]]:
        language = choose.choice(ACCENTS)
        text = self._english(choose)
        if choose.random() < _FOREIGN_SHARE and not self._is_prose:
            language = choose.choice(sentences.LANGUAGES)
            text = sentences.foreign(language, choose)
            if self._plain_share and choose.random() < self._plain_share:
                text = plain_words(choose)
        variant = choose.choice(self._variants)
        if self._tracts is not None and choose.random() < _OWN_SHARE:
            variant = self._tracts.draw(choose)
        manner = Manner(
            voice=f"{language}+{variant}" if variant else language,
            rate=choose.randint(125, 230),
            pitch=choose.randint(15, 85),
            range=choose.randint(20, 80),
        )
        said = self._speaker.say(text, manner)
        return said.samples, said.rate_hz, said.phonemes

    def _english(self, choose: random.Random) -> str:
        if self._is_prose:
            return choose.choice(sentences.PROSE)
        if self._words_share and choose.random() < self._words_share:
            return words(choose)
        return sentences.english(choose)

    def _by_flite(self, choose: random.Random) -> tuple[Samples, int, tuple[Phoneme, ...]]:
        text, voice = self._english(choose), choose.choice(self._flite)
        stretch = f"duration_stretch={choose.uniform(0.8, 1.25):.2f}"
        command = ["flite", "-voice", voice, "--setf", stretch, "-psdur", "-t", text]
        told = subprocess.run(
            [*command, "-o", str(self._file)], capture_output=True, text=True, check=True
        ).stdout
        with wave.open(str(self._file)) as file:
            rate_hz = file.getframerate()
            read = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        phonemes, start_s = [], 0.0
        for pair in told.split():
            name, _, end = pair.rpartition(":")
            phonemes.append(Phoneme(start_s, name))
            start_s = float(end)
        return read.astype(np.float32) / 32768.0, rate_hz, tuple(phonemes)


@contextmanager
def voices(cast: Cast, text: Text | None = None) -> Iterator[Voices]:
    """The synthesisers, running; unless told otherwise, what is learned from says both texts.

    Whom is measured on says sentences.

    Raises:
        MachineError: one of them is not installed.
    """
    if shutil.which("flite") is None:
        raise MachineError(
            "flite speaks a part of the sentences, and it is not installed. It is a program of its "
            "own: `apt-get install flite`."
        )
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        tracts = Tracts(folder) if cast == "learn" else None
        text = text or ("both" if cast == "learn" else "sentences")
        with espeak(None if tracts is None else tracts.folder) as speaker:
            yield Voices(speaker, folder, cast, text, tracts)
