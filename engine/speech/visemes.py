"""The sixteen visemes, and which of them a phoneme is: espeak-ng's IPA, flite's ARPABET.

The names are those of the list that Oculus made common: what can be told apart by looking.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.speech.features import FRAME_S

VISEMES: tuple[str, ...] = (
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "I", "O", "U", "ax",
)  # fmt: skip
SILENCE, CLOSED = VISEMES.index("sil"), VISEMES.index("PP")


@dataclass(frozen=True, slots=True)
class Phoneme:
    """One sound of a text that was spoken, and when it begins."""

    start_s: float
    name: str
    """In IPA, or in lower case ARPABET; empty is a pause."""


def _table(groups: dict[str, str]) -> dict[str, str]:
    return {name: viseme for viseme, names in groups.items() for name in names.split()}


_IPA = _table(
    {
        "PP": "p b m ɓ m̩",
        "FF": "f v ʋ pf ɱ ɸ β",
        "TH": "θ ð",
        "DD": "t d ɾ ʔ ts dz ʈ ɖ tʲ dʲ",
        "kk": "k ɡ g ŋ x h ɣ ç ɦ c j ɟ χ q ʲ",
        "CH": "ʃ ʒ tʃ dʒ ɕ ʑ tɕ dʑ ʂ ʐ",
        "SS": "s z",
        "nn": "n l ɫ əl ɲ n̩ ʎ ɭ ɬ l̩ nʲ lʲ",
        "RR": "ɹ r ʁ ɚ ɜ ɐɹ ɜ˞ ɻ ʀ ɽ",
        "aa": "a ɑ æ ʌ ɐ aa ɒ",
        "E": "ɛ e",
        "I": "ɪ i ᵻ y ʏ ɨ ɯ",
        "O": "o ɔ ø œ ɵ ɤ",
        "U": "u ʊ w ɥ ʉ",
        "ax": "ə ɘ",
    }
)
_ARPABET = _table(
    {
        "sil": "pau h#",
        "PP": "p b m",
        "FF": "f v",
        "TH": "th dh",
        "DD": "t d dx",
        "kk": "k g ng hh y",
        "CH": "sh zh ch jh",
        "SS": "s z",
        "nn": "n l en el",
        "RR": "r er axr",
        "aa": "aa ae ah",
        "E": "eh",
        "I": "ih iy",
        "O": "ao",
        "U": "uh uw w",
        "ax": "ax",
    }
)
_DIPHTHONGS = {
    "ay": ("aa", "I"), "aw": ("aa", "U"), "ey": ("E", "I"), "ow": ("O", "U"), "oy": ("O", "I"),
}  # fmt: skip
_UNSEEN = str.maketrans("", "", "ːˑˈˌʲʰ\u0303\u032a\u0361\u0329")
"""Length, stress, breath, nasality: nothing of them is seen on lips."""


def of_ipa(name: str) -> tuple[str, ...]:
    """The visemes that a sound passes through, one or two; an unknown sound is a murmur."""
    if name in _IPA:
        return (_IPA[name],)
    bare = name.translate(_UNSEEN).strip()
    if not bare:
        return ("sil",)
    if bare in _IPA:
        return (_IPA[bare],)
    parts = tuple(_IPA[letter] for letter in bare if letter in _IPA)
    return parts[:2] or ("ax",)


def of_arpabet(name: str) -> tuple[str, ...]:
    """The same for flite's names."""
    return _DIPHTHONGS.get(name) or (_ARPABET.get(name, "ax"),)


def labels(
    phonemes: Sequence[Phoneme], frames: int, *, is_arpabet: bool = False
) -> NDArray[np.int64]:
    """(frames,) places in VISEMES, each at the middle of its 10 ms; silence before the first."""
    read = of_arpabet if is_arpabet else of_ipa
    found = np.full(frames, SILENCE, np.int64)
    ends = [phoneme.start_s for phoneme in phonemes[1:]] + [frames * FRAME_S]
    for phoneme, end_s in zip(phonemes, ends, strict=True):
        parts = read(phoneme.name)
        borders = np.linspace(phoneme.start_s, end_s, len(parts) + 1) / FRAME_S
        places = np.clip(np.ceil(borders - 0.5).astype(int), 0, frames)
        for part, begin, end in zip(parts, places, places[1:], strict=False):
            found[begin:end] = VISEMES.index(part)
    return found


def shares(places: NDArray[np.int64]) -> NDArray[np.float32]:
    """(frames,) -> (frames, 16): all of one viseme, as a listener would say that it is sure."""
    return np.eye(len(VISEMES), dtype=np.float32)[places]
