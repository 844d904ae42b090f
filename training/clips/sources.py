"""What to read of the files that a user names, and whose face each of them shows."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError

VIDEOS = {".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v"}
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}

_VOXCELEB = re.compile(r"(?:^|[/#])(id\d{5})(?=[/#.]|$)")
"""VoxCeleb's name of a person, as a folder or at the beginning of a name with '#'."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One video file, or one folder of frames."""

    path: Path
    name: str
    """Unique among the sources."""
    identity: str
    """Who is seen: frames of one identity are never in two splits."""

    @property
    def is_folder(self) -> bool:
        """Whether its frames are pictures in a folder."""
        return self.path.is_dir()


def find_sources(inputs: Sequence[Path]) -> list[Source]:
    """Every video and every folder of frames in `inputs`, in the order of their names.

    A person is VoxCeleb's `id12345` where a path has one; else the first folder below the input
    that the file lies in; else the file itself.

    Raises:
        InputError: an input is missing, or there is nothing to read.
    """
    found: dict[str, Source] = {}
    for given in inputs:
        if not given.exists():
            raise InputError(f"there is no {given}. Check the name.")
        for path in sorted(_readable(given)):
            name = given.name if path == given else f"{given.name}/{path.relative_to(given)}"
            if name in found:
                raise InputError(f"two inputs are called {name}: rename one of their folders.")
            found[name] = Source(path=path, name=name, identity=_identity(given, path))
    if not found:
        kinds = " ".join(sorted(VIDEOS))
        raise InputError(f"neither a video ({kinds}) nor a folder of frames lies in the inputs.")
    return [found[name] for name in sorted(found)]


def frames_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of their numbers."""
    pictures = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES]
    return sorted(pictures, key=lambda path: (_number(path.stem), path.name))


def _readable(given: Path) -> Iterator[Path]:
    if given.is_file():
        yield given
        return
    if frames_in(given):
        yield given
    for path in given.rglob("*"):
        is_video = path.is_file() and path.suffix.lower() in VIDEOS
        if is_video or (path.is_dir() and frames_in(path)):
            yield path


def _identity(given: Path, path: Path) -> str:
    known = _VOXCELEB.findall(path.as_posix())
    if known:
        return str(known[-1])
    parts = path.relative_to(given).parts
    if len(parts) > 1:
        return f"{given.name}/{parts[0]}"
    return f"{given.name}/{path.stem}" if parts else path.stem


def _number(stem: str) -> int:
    digits = re.findall(r"\d+", stem)
    return int(digits[-1]) if digits else -1
