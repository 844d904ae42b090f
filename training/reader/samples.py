"""What the rig reads of rendered people whose ARKit coefficients are known.

A person is rendered at rest and making faces, photographed by one webcam, found by the product's
own tracker and read by the rig's own driver against the face at rest. What is kept of a picture is
what the reader will see: the motion, never a pixel. One file per person, written whole or not at
all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face as FoundFace
from engine.faces.face import Tracker
from engine.frame import Pixels
from engine.motion import ARKIT_NAMES
from engine.rig.driver.driver import RigDriver
from training.array_file import load_arrays, save_arrays
from training.basis import facekit_names
from training.heads.actor import Actor
from training.heads.appearance import sample_appearance
from training.heads.identity import sample_identity
from training.heads.quality import Quality
from training.heads.renderer import Renderer
from training.heads.scene import Shot, sample_shot
from training.heads.seeds import Seeds, generator
from training.heads.webcam import photographed, sample_webcam
from training.reader.faces import Face, faces_of, neutral_face, probes_of

QUALITY = Quality(size_px=256, supersampling=1)
"""The tracker sees a face at 192 px; a finer picture would tell it no more."""

HELD_OUT = 1_000_000
"""People from this seed on are for measuring and are never learned from."""

_CLOSER = 0.82
"""The samplers' framing shows more around a head than a webcam does."""

_BARE = 0.85
"""Share of people with nothing in front of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PersonSamples:
    """N faces of one person."""

    offsets: NDArray[np.float32]
    """(N, 478, 3) cm, as in RigMotion."""
    aperture: NDArray[np.float32]
    """(N, 2), as in RigMotion."""
    coefficients: NDArray[np.float32]
    """(N, 52) in 0..1, what was rendered, in the order of ARKIT_NAMES."""
    probe: NDArray[np.int16]
    """(N,) number of the single movement in `probes_of`, -1 for a face of the mix."""

    def __len__(self) -> int:
        """How many faces."""
        return len(self.offsets)


class SampleMaker:
    """Renders people and reads them; owns a renderer and a tracker."""

    def __init__(self, renderer: Renderer, tracker: Tracker) -> None:
        self._renderer = renderer
        self._tracker = tracker

    def make(self, seed: int, *, probed: bool = False) -> PersonSamples | None:
        """One person's faces, None where none could be read; the same seed gives the same bits.

        Faces that the tracker does not find are left out. `probed` adds the single movements.
        """
        renderer = self._renderer
        actor = renderer.actor(sample_identity(renderer.mesh, seed), sample_appearance(seed))
        shot = _shot(seed, renderer.quality.size_px)
        rest = self._seen(actor, shot, neutral_face(seed), seed, 0)
        if rest is None:
            return None
        driver = RigDriver()
        driver.calibrate(rest[0], rest[1])
        faces = [(-1, face) for face in faces_of(seed)]
        if probed:
            faces += [(number, face) for number, (_, face) in enumerate(probes_of(seed))]
        rows = []
        for number, (probe, face) in enumerate(faces, start=1):
            seen = self._seen(actor, shot, face, seed, number)
            if seen is not None:
                # At 0 ns a driver has no memory of the faces before.
                motion = driver.read(seen[0], seen[1], 0)
                rows.append((motion.offsets, motion.aperture, seen[2], probe))
        if not rows:
            return None
        offsets, aperture, coefficients, probes = zip(*rows, strict=True)
        return PersonSamples(
            offsets=np.array(offsets, np.float32),
            aperture=np.array(aperture, np.float32),
            coefficients=np.array(coefficients, np.float32),
            probe=np.array(probes, np.int16),
        )

    def _seen(
        self, actor: Actor, shot: Shot, face: Face, seed: int, number: int
    ) -> tuple[Pixels, FoundFace, NDArray[np.float32]] | None:
        """Picture, what the tracker finds in it, and the coefficients (52,) that were rendered."""
        renderer = self._renderer
        drawn = renderer.render(actor, replace(shot, pose=face.pose, expression=face.expression))
        picture = photographed(drawn.picture, sample_webcam(seed), 100 * seed + number)
        self._tracker.reset()
        found = self._tracker.find(picture)
        if found is None:
            return None
        names = renderer.mesh.facekit.expression_names
        return picture, found, arkit_of(drawn.weights, names)


def arkit_of(weights: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
    """FaceKit's weights (E,) under their `names` -> (52,) coefficients in 0..1.

    A shape that FaceKit splits into sides counts with the mean of both, one it lacks with 0.
    """
    index = {name: k for k, name in enumerate(names)}
    values = np.zeros(len(ARKIT_NAMES), np.float32)
    for column, name in enumerate(ARKIT_NAMES):
        shapes = facekit_names(name, tuple(names))
        if shapes:
            values[column] = np.mean([weights[index[shape]] for shape in shapes])
    return np.clip(values, 0.0, 1.0)


def path_of(folder: Path, seed: int) -> Path:
    """Where a person's samples are kept."""
    return folder / f"person_{seed:08d}.npz"


def save(samples: PersonSamples, path: Path) -> None:
    """Write a person; another process never sees half of it."""
    save_arrays(samples, path)


def load(path: Path) -> PersonSamples:
    """Read a person."""
    return load_arrays(PersonSamples, path)


def fill(
    maker: SampleMaker, folder: Path, seeds: Iterable[int], tell: Callable[[int], None]
) -> None:
    """Make the people of `seeds` that are missing; held-out ones are probed, too."""
    for done, seed in enumerate(seeds, start=1):
        path = path_of(folder, seed)
        if not path.exists():
            made = maker.make(seed, probed=seed >= HELD_OUT)
            if made is not None:
                save(made, path)
        tell(done)


def people(folder: Path, seeds: Iterable[int]) -> list[PersonSamples]:
    """Those of `seeds` that lie in the folder, in that order."""
    paths = (path_of(folder, seed) for seed in seeds)
    return [load(path) for path in paths if path.exists()]


def _shot(seed: int, size_px: int) -> Shot:
    """Where the person sits, in which light, behind what."""
    shot = sample_shot(Seeds.all(seed), size_px)
    framing = replace(shot.framing, half_height=shot.framing.half_height * _CLOSER)
    is_bare = generator(seed, "bare").random() < _BARE
    return replace(shot, framing=framing, occluder=None if is_bare else shot.occluder)
