"""Hears visemes: a small causal network on the features of `features.py`, in NumPy.

Five dilated convolutions see 630 ms of the past. What is said at a frame is of LOOK_AHEAD frames
before, so that 40 ms of what follows are known: by then a sound can be told by how it goes on.
It listens three times at once, as if the speaker's vocal tract were longer, as it is, and shorter:
the mean is right more often, and invents fewer closures. `training/speech` makes the weights.
"""

import hashlib
import json
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import BundleError
from engine.speech.features import BANDS, FRAME_S, SILENT, Features, loudness
from engine.speech.mel import Floats
from engine.speech.visemes import VISEMES

LOOK_AHEAD = 4
"""Frames: 40 ms."""
LOOK_AHEAD_S = LOOK_AHEAD * FRAME_S

TRACTS = (0.92, 1.0, 1.08)
"""By which the bands are stretched, each time that it listens."""
DILATIONS = (1, 2, 4, 8, 16)
TAPS = 3
SHIPPED, MANIFEST = "listener.npz", "manifest.json"
"""In `assets/speech` of the package `engine`."""
VERSION = 1

_PAST = (TAPS - 1) * sum(DILATIONS) + 1
"""Frames that one viseme is heard from: 630 ms."""
_MOST_WIDTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """What was learned; W is the network's width."""

    mean: Floats
    """(40,)"""
    spread: Floats
    """(40,)"""
    layers: tuple[tuple[Floats, Floats], ...]
    """Weight (3 * inputs, W), the oldest frame's first, and bias (W,), for each dilation."""
    out: tuple[Floats, Floats]
    """(W, 16), (16,)"""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What was said, every 10 ms."""

    shares: Floats
    """(frames, 16): of each viseme, sum 1."""
    loudness: Floats
    """(frames,): of the same moments, as `engine.speech.features.loudness` has it."""


class Listener:
    """Hears one stream of sound; belongs to one thread."""

    def __init__(self, weights: Weights | None = None) -> None:
        """Take the weights that ship with the package unless others are given."""
        self._features = Features()
        self._loudness: Floats = np.full(LOOK_AHEAD, SILENT, np.float32)
        self._network = _Network(load_weights() if weights is None else weights)

    def hear(self, samples: NDArray[np.floating]) -> Floats:
        """(any number,) at 16 kHz, -1..1 -> (frames, 16): the share of each viseme, sum 1."""
        return self.listen(samples).shares

    def listen(self, samples: NDArray[np.floating]) -> "Heard":
        """(any number,) at 16 kHz, -1..1 -> what was said in the frames that are complete now.

        A frame of 10 ms for each 160 samples; frame t of the stream is of the sound 40 ms before,
        the ten milliseconds that end at sample 160 (t + 1 - LOOK_AHEAD). However the sound is cut
        into pieces, the frames are the same within 1e-5.

        Raises:
            ValueError: not one row of finite samples.
        """
        features = self._features.hear(samples)
        known = np.concatenate([self._loudness, loudness(features)])
        self._loudness = known[len(features) :]
        return Heard(self._network.say(features), known[: len(features)])


def said_of(features: Floats, weights: Weights) -> Floats:
    """(frames, 40) from the beginning of a stream -> (frames, 16), as `Listener.hear` says it."""
    return _Network(weights).say(features)


class _Network:
    """The convolutions, with what they need of the past: silence, before anything is heard."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._past = [
            np.zeros((len(TRACTS), (TAPS - 1) * dilation, weight.shape[0] // TAPS), np.float32)
            for (weight, _), dilation in zip(weights.layers, DILATIONS, strict=True)
        ]
        self.say(np.full((_PAST, BANDS), SILENT, np.float32))

    def say(self, features: Floats) -> Floats:
        """(any number, 40) -> as many rows of 16 shares."""
        if not len(features):
            return np.zeros((0, len(VISEMES)), np.float32)
        seen = (_stretched(features) - self._weights.mean) / self._weights.spread
        for number, (weight, bias) in enumerate(self._weights.layers):
            made = self._convolved(number, seen, weight, bias)
            seen = made if number == 0 else seen + made
        weight, bias = self._weights.out
        scores = seen @ weight + bias  # (tracts, frames, 16)
        shares = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        return np.asarray(shares.mean(axis=0), np.float32)

    def _convolved(self, number: int, seen: Floats, weight: Floats, bias: Floats) -> Floats:
        """One layer over the new frames; what the next ones need of these is kept."""
        dilation, count = DILATIONS[number], seen.shape[1]
        known = np.concatenate([self._past[number], seen], axis=1)
        self._past[number] = known[:, count:]
        taps = [known[:, tap * dilation :][:, :count] for tap in range(TAPS)]
        made = np.concatenate(taps, axis=2) @ weight + bias
        return np.asarray(np.maximum(made, np.float32(0.0)), np.float32)


def _stretched(features: Floats) -> Floats:
    """(frames, 40) -> (tracts, frames, 40), read between the bands."""
    return np.stack([features[:, low] * (1.0 - s) + features[:, low + 1] * s for low, s in _PLACES])


def _places(stretch: float) -> tuple[NDArray[np.int64], Floats]:
    """(40,) the band below each place that is read, and the share of the one above."""
    places = np.clip(np.arange(BANDS) * stretch, 0, BANDS - 1.001)
    low = places.astype(np.int64)
    return low, (places - low).astype(np.float32)


_PLACES = [_places(stretch) for stretch in TRACTS]


@cache
def load_weights() -> Weights:
    """Those that ship with the package, read once and compared with their manifest's check sum.

    Raises:
        BundleError: they are missing or damaged.
    """
    folder = files("engine").joinpath("assets/speech")
    try:
        data = folder.joinpath(SHIPPED).read_bytes()
        manifest = json.loads(folder.joinpath(MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise _refused("it is missing or damaged") from error
    if hashlib.sha256(data).hexdigest() != manifest.get("sha256"):
        raise _refused("it is another file than its manifest says")
    return parse_weights(data)


def parse_weights(data: bytes) -> Weights:
    """Bytes of a listener file; BundleError where they are damaged or of another layout."""
    try:
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            version, names = arrays["version"], arrays["visemes"]
            found = {key: arrays[key] for key in _KEYS}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _refused("it is damaged or incomplete") from error
    if version.shape != () or version != VERSION:
        raise _refused(f"it is not of version {VERSION}")
    if tuple(names.tolist()) != VISEMES:
        raise _refused("its visemes are others")
    if any(array.dtype not in (np.float16, np.float32) for array in found.values()):
        raise _refused("an array in it is not of floats")
    values = {key: np.asarray(array, np.float32) for key, array in found.items()}
    if not all(np.isfinite(array).all() for array in values.values()):
        raise _refused("a number in it is not finite")
    width = values["bias_0"].size
    if width > _MOST_WIDTH or any(values[k].shape != s for k, s in _shapes(width).items()):
        raise _refused("its arrays are of another size")
    return Weights(
        mean=values["mean"],
        spread=np.maximum(values["spread"], np.float32(1e-3)),
        layers=tuple((values[f"weight_{k}"], values[f"bias_{k}"]) for k in range(len(DILATIONS))),
        out=(values["weight_out"], values["bias_out"]),
    )


def _shapes(width: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"mean": (BANDS,), "spread": (BANDS,)}
    for number in range(len(DILATIONS)):
        shapes[f"weight_{number}"] = (TAPS * (width if number else BANDS), width)
        shapes[f"bias_{number}"] = (width,)
    return shapes | {"weight_out": (width, len(VISEMES)), "bias_out": (len(VISEMES),)}


_KEYS = tuple(_shapes(1))


def _refused(reason: str) -> BundleError:
    return BundleError(
        f"the listener cannot be used: {reason}. "
        "Make it anew with `understudy train speech`, or install Understudy again."
    )
