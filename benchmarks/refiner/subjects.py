"""Who is measured: clips, portraits and the two rows, the rig with and without its refiner."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.same_person import Take, load_take
from engine.errors import InputError
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from engine.framing import fit_portrait
from engine.motion import Edit
from engine.pictures import open_picture
from engine.rig.model import RigModel
from engine.rig.motion.motion import RigMotion
from engine.rig.portrait import RigPortrait
from engine.rig.refine.network import Refiner

RIG, REFINED = "rig", "rig + refiner"

ROWS = {RIG: Edit(refine=False), REFINED: Edit(refine=True)}
"""Both rows are one enrolled portrait: only the edit differs."""

CLIP_SIDE_PX = 256
"""As in the same-person test."""

PORTRAIT_SIDE_PX = 512
"""The product's usual output."""

_CLIPS, _PICTURES = {".mp4", ".mkv"}, {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command was given; None where an option was left out."""

    clips: Path | None
    portraits: Path | None
    models: Path | None
    facekit: Path | None
    sheets: Path | None
    every: int
    """Every n-th frame of a clip is compared."""
    most_portraits: int | None
    heads: int
    """Held-out people that are rendered."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sitter:
    """A portrait, enrolled."""

    name: str
    picture: Pixels
    face: Face
    portrait: RigPortrait

    def shown(self, motion: RigMotion) -> dict[str, Pixels]:
        """The picture of each row."""
        return {row: self.portrait.render(motion, edit) for row, edit in ROWS.items()}


class Subjects:
    """Loads what the sections share, once and only when it is asked for."""

    def __init__(self, settings: Settings, refiner: Refiner) -> None:
        self.settings = settings
        self.model = RigModel(refiner=refiner)

    @cached_property
    def takes(self) -> list[Take]:
        """The clips, tracked; `settings.clips` is there."""
        folder = self.settings.clips
        assert folder is not None
        paths = list(_files(folder, _CLIPS))
        if not paths:
            raise InputError(f"{folder} holds no clip: name a folder of .mp4 or .mkv files.")
        return [load_take(path, CLIP_SIDE_PX) for path in paths]

    @cached_property
    def sitters(self) -> list[Sitter]:
        """The portraits with a face; `settings.portraits` is there."""
        folder = self.settings.portraits
        assert folder is not None
        paths = list(_files(folder, _PICTURES))[: self.settings.most_portraits]
        found = [self._find_sitter(path) for path in paths]
        sitters = [sitter for sitter in found if sitter is not None]
        if not sitters:
            raise InputError(f"{folder} holds no picture with a face: name a folder of portraits.")
        return sitters

    def _find_sitter(self, path: Path) -> Sitter | None:
        picture = open_picture(path)
        face = MeshTracker().find(picture)
        if face is None:
            return None
        picture, face = fit_portrait(picture, face, frame="face", size=PORTRAIT_SIDE_PX)
        return self.sitter(path.name, picture, face)

    def sitter(self, name: str, picture: Pixels, face: Face) -> Sitter:
        """Enrol a picture."""
        portrait = self.model.enroll(picture, face)
        return Sitter(name=name, picture=picture, face=face, portrait=portrait)


def _files(folder: Path, endings: set[str]) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.suffix.lower() in endings)
