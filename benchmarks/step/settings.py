"""What is timed; a second set-up is written as the options in which it differs."""

import shlex
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args

from benchmarks.live.clip import CodecName
from engine.errors import InputError

STAGES = ("decode", "face", "read", "mix", "warp", "refine", "render", "convert", "encode")
"""In the order they run; `render` is what of the picture's making no other stage names, `convert`
the way from and to video planes. A family has those that it has."""
IN_LOOP = frozenset(STAGES) - {"decode", "encode"}
"""What runs in the frame loop's thread, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSettings:
    """One set-up."""

    model: str = "rig"
    backend: str = "auto"
    size: int = 512
    threads: int = 0
    """Cores that the process may use; 0: all."""
    refine: str = "on"
    codec: CodecName = "H264"
    portrait: Path | None = None
    clip: Path | None = None
    slow: str = ""
    """STAGE=TIMES: that stage takes so many times as long, to see that it is noticed."""

    def __post_init__(self) -> None:
        if self.codec not in get_args(CodecName):
            raise InputError(f"--codec must be H264 or VP8, got {self.codec}.")
        if not 256 <= self.size <= 1080 or self.size % 2:
            raise InputError(f"--size must be an even number from 256 to 1080, got {self.size}.")
        if self.slow:
            slowed(self.slow)

    def altered(self, words: str) -> "StepSettings":
        """The same but for options in a string, such as `--size 256 --refine off`.

        Raises:
            InputError: it is not of that form.
        """
        known = {each.name: each.type for each in fields(self)}
        parts = shlex.split(words)
        names, values = parts[::2], parts[1::2]
        changes: dict[str, Any] = {}
        for name, value in zip(names, values, strict=False):
            key = name.removeprefix("--")
            if not name.startswith("--") or key not in known:
                raise InputError(f"--vs: {name} is none of --{', --'.join(known)}.")
            changes[key] = _read(key, value)
        if len(names) != len(values) or not names:
            raise InputError(
                f'--vs {words!r} is not a row of options with values, such as "--size 256".'
            )
        return replace(self, **changes)

    def told(self) -> dict[str, object]:
        """For a record: what differs from nothing."""
        found: dict[str, object] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value not in (None, ""):
                found[each.name] = str(value) if isinstance(value, Path) else value
        return found


def slowed(text: str) -> tuple[str, float]:
    """The stage and the factor of STAGE=TIMES."""
    stage, _, times = text.partition("=")
    try:
        factor = float(times)
    except ValueError:
        factor = 0.0
    if stage not in STAGES or factor < 1.0:
        raise InputError(f"--slow must be such as warp=1.3 (of {', '.join(STAGES)}), got {text}.")
    return stage, factor


def _read(name: str, value: str) -> object:
    if name in ("size", "threads"):
        try:
            return int(value)
        except ValueError:
            raise InputError(f"--vs: --{name} must be a whole number, got {value}.") from None
    return Path(value) if name in ("portrait", "clip") else value
