"""Voices of our own for espeak-ng: variants by chance, so that no voice's resonances are special.

A variant is a file of espeak-ng's data; ours lies in a folder of its own whose other files are
links to those that are installed. espeak-ng reads it anew whenever the voice is taken, so that one
file makes as many voices as there are sentences. Each number is a percentage of what the language's
voice has.
"""

import random
import re
import subprocess
from pathlib import Path

from engine.errors import MachineError

NAME = "tract"
"""The variant whose file is written anew for each sentence."""

_DATA = re.compile(r"Data at: (.+)")
_VARIANTS = Path("voices") / "!v"


class Tracts:
    """A folder of data for espeak-ng in which one variant is ours."""

    def __init__(self, folder: Path) -> None:
        """Lay it out in an empty folder.

        Raises:
            MachineError: espeak-ng is not installed, or does not say where its data lie.
        """
        self.folder = folder
        """In which `espeak-ng-data` lies."""
        installed, data = _installed_data(), folder / "espeak-ng-data"
        (data / _VARIANTS).mkdir(parents=True)
        for room in (Path(), Path("voices"), _VARIANTS):
            for path in (installed / room).iterdir():
                if not (data / room / path.name).exists():
                    (data / room / path.name).symlink_to(path)
        self._file = data / _VARIANTS / NAME
        self.draw(random.Random(0))

    def draw(self, choose: random.Random) -> str:
        """Make another voice of our variant, and name it."""
        self._file.write_text(variant(NAME, choose))
        return NAME


def variant(name: str, choose: random.Random) -> str:
    """The file of one: a tract's length, what differs from that, and what drives it."""
    size = choose.uniform(0.85, 1.2)
    lines = ["language variant", f"name {name}", _formant(0, 1.0, choose)]
    for number, (least, most) in enumerate(((0.9, 1.1), (0.88, 1.2), (0.86, 1.16)), start=1):
        lines.append(_formant(number, size * choose.uniform(least, most), choose))
    lines += [_formant(number, size, choose) for number in range(4, 9)]
    low = choose.uniform(60.0, 210.0)
    lines.append(f"pitch {low:.0f} {low * choose.uniform(1.15, 2.0):.0f}")
    lines.append(f"flutter {choose.randint(0, 12)}")
    lines.append(f"roughness {choose.choice((0, 0, 1, 2, 3))}")
    lines.append(f"consonants {choose.randint(50, 170)} {choose.randint(50, 170)}")
    lines.append(_source(choose))
    if choose.random() < 0.3:
        heights = [choose.randint(30, 250) for _ in range(4)]
        places = (500, 1200, 2200, 3500)
        pairs = zip(places, heights, strict=True)
        lines.append("tone " + " ".join(f"{hz} {height}" for hz, height in pairs))
    return "\n".join(lines) + "\n"


def _formant(number: int, scale: float, choose: random.Random) -> str:
    least = 50 if number < 4 else 10
    strength, width = choose.randint(least, 150), choose.randint(70, 170)
    return f"formant {number} {100 * scale:.0f} {strength} {width}"


def _source(choose: random.Random) -> str:
    """A usual voice, one of Klatt's synthesiser, a breathy one or a whisper."""
    kind = choose.random()
    if kind < 0.2:
        return f"klatt {choose.randint(1, 5)}"
    if kind < 0.3:
        return "voicing 17\nbreath 75 75 50 40 15 10\nbreathw 150 150 200 200 400 400"
    if kind < 0.45:
        return f"voicing {choose.randint(60, 110)}\nbreath 0 8 8 6 4 4 4 2"
    return f"voicing {choose.randint(40, 180)}"


def _installed_data() -> Path:
    try:
        said = subprocess.run(
            ["espeak-ng", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        said = ""
    found = _DATA.search(said)
    if found is None:
        raise MachineError(
            "espeak-ng does not say where its data lie. Install it (`apt-get install espeak-ng`) "
            "and try `espeak-ng --version`."
        )
    return Path(found.group(1).strip())
