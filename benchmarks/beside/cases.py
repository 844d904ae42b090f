"""People whose right answer is known: clips by their own neutral frame, rendered heads that act."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.quality.cast import ACTS, FIRST_PERSON, Act, before_the_camera
from benchmarks.same_person import load_take
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from training.heads import facekit
from training.heads.renderer import Renderer
from training.refiner.filler import QUALITY

_KINDS = {".mp4", ".mkv"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """The portrait, and the frames (S, S, 3) that both drive it and are the truth."""

    name: str
    rest: Pixels
    frames: list[Pixels]
    faces: list[Face]
    """Of the frames."""


def of_clips(folder: Path, size: int, every: int) -> Iterator[Case]:
    """Each clip of a folder, as `same_person` takes it: every n-th frame but the neutral one."""
    for path in sorted(each for each in folder.iterdir() if each.suffix in _KINDS):
        take = load_take(path, size)
        shown = [k for k in range(0, len(take.faces), every) if k != take.neutral]
        yield Case(
            name=take.name,
            rest=take.pictures[take.neutral],
            frames=[take.pictures[k] for k in shown],
            faces=[take.faces[k] for k in shown],
        )


def of_heads(facekit_file: Path, count: int) -> Iterator[Case]:
    """Held-out rendered heads doing the acts of `exact_flow`, a case for each kind of act."""
    renderer, tracker = Renderer(facekit.load(facekit_file), QUALITY), MeshTracker()

    def face_in(picture: Pixels) -> Face | None:
        tracker.reset()
        return tracker.find(picture)

    for seed in range(FIRST_PERSON, FIRST_PERSON + count):
        actor, shot = before_the_camera(renderer, seed)

        def see(act: Act) -> Pixels:
            return renderer.render(
                actor,  # noqa: B023 (called in this round only)
                replace(shot, pose=act.pose, expression=act.expression),  # noqa: B023
            ).picture

        rest = see(Act(moves=None))
        if face_in(rest) is None:
            continue
        seen: dict[str, list[tuple[Pixels, Face]]] = defaultdict(list)
        for act in ACTS:
            picture = see(act)
            if (face := face_in(picture)) is not None:
                seen[act.kind].append((picture, face))
        for kind, found in seen.items():
            pictures, faces = zip(*found, strict=True)
            yield Case(
                name=f"head {seed - FIRST_PERSON}, {kind}",
                rest=rest,
                frames=list(pictures),
                faces=list(faces),
            )
