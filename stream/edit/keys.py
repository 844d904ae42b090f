"""Gains and drivers that change over the film: the file of `--keys` (docs/editing.md).

{"gains": [{"at": 2.0, "lips": 0.0}, {"at": 2.5, "lips": 1.0, "emotion": 0.6}],
"drivers": [{"file": "take2.mp4", "factors": ["lips"], "from": 3.2, "to": 9.5}]}
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.editing import BLENDINGS, Blending
from engine.errors import InputError
from engine.motion import ARKIT_NAMES, FACTORS, GAIN_LIMIT, Factor
from stream.edit.presets import sliders_of

FADE_S = 0.3
"""Over which a range begins and ends, inside of it."""
NAMES = (*(factor for factor in FACTORS if factor != "pose"), *ARKIT_NAMES)
FORM = "docs/editing.md says what a file of keys holds."


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Gains at one moment; a name that is missing there keeps what its other keys say."""

    at_s: float
    gains: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From when to when; None is from the beginning, or to the end."""

    begin_s: float | None = None
    end_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.begin_s is not None and self.begin_s < 0.0:
            raise InputError(f"a range cannot begin at {self.begin_s:g} s. Begin at 0 or later.")
        if (
            self.begin_s is not None
            and self.end_s is not None
            and self.end_s - self.begin_s < 2 * FADE_S
        ):
            raise InputError(
                f"the range from {self.begin_s:g} to {self.end_s:g} s is shorter than its fades. "
                f"Make it at least {2 * FADE_S:g} s long."
            )

    def share_at(self, time_s: float) -> float:
        """0 outside, 1 inside, without a jerk between."""
        rise = 1.0 if self.begin_s is None else (time_s - self.begin_s) / FADE_S
        fall = 1.0 if self.end_s is None else (self.end_s - time_s) / FADE_S
        along = min(max(min(rise, fall), 0.0), 1.0)
        return along * along * (3.0 - 2.0 * along)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedDriver:
    """A further driver that the file of keys names."""

    source: Path | None
    sliders: Mapping[str, float]
    factors: frozenset[Factor]
    range: Range
    blending: Blending | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Everything that changes over time."""

    gains: Mapping[str, float] = field(default_factory=dict)
    """Of the whole film, those of `--gain`."""
    keys: Sequence[Key] = ()
    """By their time; they are multiplied onto those."""
    range: Range = field(default_factory=Range)
    drivers: Sequence[KeyedDriver] = ()

    def gains_at(self, time_s: float) -> Mapping[str, float]:
        """Factor or ARKit name -> gain at this time of the film."""
        found = dict(self.gains)
        for name in {name for key in self.keys for name in key.gains}:
            found[name] = found.get(name, 1.0) * self._keyed(name, time_s)
        return {name: min(gain, GAIN_LIMIT) for name, gain in found.items()}

    def _keyed(self, name: str, time_s: float) -> float:
        points = [(key.at_s, key.gains[name]) for key in self.keys if name in key.gains]
        after = bisect_right([at_s for at_s, _ in points], time_s)
        if after == 0:
            return points[0][1]
        if after == len(points):
            return points[-1][1]
        (begin, first), (end, second) = points[after - 1], points[after]
        return first + (second - first) * (time_s - begin) / (end - begin)


def read_keys(path: Path, gains: Mapping[str, float], span: Range) -> Keys:
    """The file of keys beside what the command line says.

    Raises:
        InputError: it cannot be read, or something in it cannot be meant.
    """
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}). {FORM}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}). {FORM}") from error
    if not isinstance(text, dict) or not set(text) <= {"gains", "drivers"}:
        raise _odd(path, "it is no object of `gains` and `drivers`")
    keys = [_key(path, each) for each in _list(path, text, "gains")]
    if [key.at_s for key in keys] != sorted({key.at_s for key in keys}):
        raise _odd(path, "the times of its `gains` do not grow")
    drivers = [_driver(path, each) for each in _list(path, text, "drivers")]
    return Keys(gains=gains, keys=keys, range=span, drivers=drivers)


def _key(path: Path, entry: Any) -> Key:  # noqa: ANN401 (JSON)
    if not isinstance(entry, dict) or "at" not in entry or len(entry) < 2:
        raise _odd(path, f"{entry!r} is no time `at` with gains")
    gains = {name: value for name, value in entry.items() if name != "at"}
    for name, value in gains.items():
        if name not in NAMES:
            raise _odd(
                path, f"{name!r} is neither a factor ({', '.join(NAMES[:4])}) nor an ARKit name"
            )
        if not _is_number(value) or not 0.0 <= value <= GAIN_LIMIT:
            raise _odd(path, f"the gain of {name} is {value!r}, not a number in 0..{GAIN_LIMIT:g}")
    if not _is_number(entry["at"]) or entry["at"] < 0:
        raise _odd(path, f"{entry['at']!r} is no time in seconds")
    return Key(at_s=float(entry["at"]), gains=gains)


def _driver(path: Path, entry: Any) -> KeyedDriver:  # noqa: ANN401 (JSON)
    known = {"file", "preset", "sliders", "factors", "from", "to", "motion"}
    if not isinstance(entry, dict) or not set(entry) <= known:
        raise _odd(path, f"{entry!r} is no driver of {', '.join(sorted(known))}")
    file, sliders, preset = entry.get("file"), entry.get("sliders", {}), entry.get("preset")
    if not isinstance(file, str | None) or not isinstance(preset, str | None):
        raise _odd(path, "a `file` and a `preset` are texts")
    if sum(map(bool, (file, preset, sliders))) != 1:
        raise _odd(path, "a driver needs either a `file`, a `preset` or `sliders`")
    if preset:
        sliders = sliders_of(preset)
    if not isinstance(sliders, dict) or not all(
        name in ARKIT_NAMES and _is_number(value) and 0.0 <= value <= 1.0
        for name, value in sliders.items()
    ):
        raise _odd(path, "`sliders` are ARKit names with values in 0..1")
    factors = entry.get("factors", list(NAMES[:4]))
    if not isinstance(factors, list) or not factors or not set(factors) <= set(NAMES[:4]):
        raise _odd(path, f"`factors` are some of {', '.join(NAMES[:4])}")
    if entry.get("motion") not in (None, *BLENDINGS):
        raise _odd(path, f"`motion` is one of {', '.join(BLENDINGS)}")
    ends = [entry.get(name) for name in ("from", "to")]
    if not all(end is None or _is_number(end) for end in ends):
        raise _odd(path, "`from` and `to` are times in seconds")
    return KeyedDriver(
        source=None if file is None else path.parent / file,
        sliders=sliders,
        factors=frozenset(factor for factor in FACTORS if factor in factors),
        range=Range(begin_s=ends[0], end_s=ends[1]),
        blending=entry.get("motion"),
    )


def _list(path: Path, text: Mapping[str, Any], name: str) -> list[Any]:
    found = text.get(name, [])
    if not isinstance(found, list):
        raise _odd(path, f"its `{name}` are no list")
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _odd(path: Path, what: str) -> InputError:
    return InputError(f"{path} cannot be used: {what}. {FORM}")
