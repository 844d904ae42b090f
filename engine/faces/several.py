"""Every face of a film, frame by frame: each person keeps a number, over losses and over cuts.

The live tracker follows one driver and refuses all others; a film's faces are all wanted. Where the
whole picture jumps, a new shot begins. A person who was lost is known again by place and looks, and
after a cut by looks alone. Its state is small and can be put away, so that an analysis which was
broken off goes on as if it had not been.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import hypot, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.faces.descriptor import Descriptor, describe_face, describe_picture, likeness
from engine.faces.detection import FaceDetector
from engine.faces.face import Face
from engine.faces.iris import with_irises
from engine.faces.mesh import MARGIN, MeshNetwork, follow, square_of_detection, square_of_mesh
from engine.faces.roi import Square
from engine.frame import Pixels

LOOK_EVERY = 10
"""Frames between two looks for faces that came in, and for the mesh having slipped off one."""
LOOK_FOR_LOST = 3
"""The same while somebody of the shot is away."""
LEAST_CONFIDENCE, SURE_CONFIDENCE = 0.5, 0.9
LEAST_SCORE, LEAST_TRACKED_SCORE = 0.7, 0.5
"""As in `mesh_tracker.py`."""
MOST_FACES = 8
"""Followed at once; a crowd is scenery."""
LEAST_SIDE_PX = 24.0
"""A smaller face has no expression to change."""

_SURE_CUT, _WHOLE = 0.2, 0.75
"""Likeness of two whole pictures in a row: surely a cut, and surely none."""
_GOES_ON, _GOES_ON_IN_WHOLE = 0.72, 0.3
"""Likeness of a face in two pictures in a row, and where the whole picture goes on. In ten clips
0.73 was the least; at cuts from one person to another in the same place, 0.1 to 0.69."""
_INSIDE = 0.8
"""Of a face's box that must lie in the picture: half a face has no expression to change."""
_FLAT = 4.0
"""Levels: a picture with less contrast tells nothing of a cut."""
_AGAIN, _AGAIN_AFAR, _AFTER_CUT = 0.25, 0.65, 0.7
"""Of a face that was lost: near its place, anywhere in the shot, in another shot."""
_NEAR, _ALIKE_SIZE = 1.6, 0.65
"""In sides, and as a logarithm: how far off a lost face may come back."""
_BESIDE = 0.5
"""Two faces nearer than this, in sides of the larger, are one."""
_LOOKS = 4
"""Descriptors kept of one person."""
_NEW_LOOK = 0.6


@dataclass(slots=True)
class _Person:
    """Somebody who was seen."""

    number: int
    square: Square
    looks: list[Descriptor]
    is_here: bool = True
    """Whether the last picture showed them."""
    shot: int = 0

    def alike(self, descriptor: Descriptor) -> float:
        return max(likeness(look, descriptor) for look in self.looks)

    def see(self, square: Square, descriptor: Descriptor, shot: int) -> None:
        self.square, self.is_here, self.shot = square, True, shot
        if self.alike(descriptor) < _NEW_LOOK:
            self.looks.append(descriptor)
            if len(self.looks) > _LOOKS:
                del self.looks[1]
        else:
            self.looks[-1] = descriptor


class SeveralFaces:
    """Belongs to one film, whose pictures it sees in order."""

    def __init__(self) -> None:
        self._detector = FaceDetector()
        self._mesh = MeshNetwork()
        self._people: list[_Person] = []
        self._whole: Descriptor | None = None
        self._shot = 0
        self._seen = 0

    def find(self, picture: Pixels) -> list[Face]:
        """The faces of the next picture, each with its shot and the number of its person."""
        whole, shows = describe_picture(picture), not _is_flat(picture)
        continues = 1.0 if self._whole is None else likeness(self._whole, whole)
        if shows:
            self._whole = whole
        faces = self._followed(picture, continues)
        were_here = [person for person in self._people if person.is_here]
        has_lost = len(faces) < len(were_here)
        if (
            shows
            and self._seen
            and self._has_cut(picture, continues, nobody_goes_on=has_lost and not faces)
        ):
            self._shot += 1
            faces = []
        for person in self._people:
            person.is_here = False
        for face, square, descriptor in faces:
            self._people[face.person].see(square, descriptor, self._shot)
        away = any(not p.is_here and p.shot == self._shot for p in self._people)
        look_every = LOOK_FOR_LOST if away else LOOK_EVERY
        if not self._seen or has_lost or not faces or self._seen % look_every == 0:
            faces += self._found(picture, thorough=has_lost or not self._seen)
        self._seen += 1
        return [replace(with_irises(picture, face), shot=self._shot) for face, _, _ in faces]

    def _has_cut(self, picture: Pixels, continues: float, *, nobody_goes_on: bool) -> bool:
        """Whether this picture is of another shot than the one before."""
        if continues < _SURE_CUT:
            return True
        if not nobody_goes_on or continues > _WHOLE:
            return False
        # Whoever runs out of a picture changes it, too; after a cut somebody is there at once.
        return any(
            self._score(picture, square) >= LEAST_SCORE
            and self._settled(picture, square) is not None
            for square in map(square_of_detection, self._detector.find_all(picture)[:2])
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """All it knows, as arrays."""
        side = describe_picture(np.zeros((8, 8, 3), np.uint8)).shape
        looks = np.zeros((len(self._people), _LOOKS, *side), np.float32)
        for row, person in zip(looks, self._people, strict=True):
            row[: len(person.looks)] = person.looks
        squares = [
            (p.square.x, p.square.y, p.square.side, p.square.angle_rad) for p in self._people
        ]
        counts = [(len(p.looks), p.is_here, p.shot) for p in self._people]
        return {
            "looks": looks,
            "squares": np.array(squares, np.float64).reshape(-1, 4),
            "counts": np.array(counts, np.int64).reshape(-1, 3),
            "whole": np.zeros(side, np.float32) if self._whole is None else self._whole,
            "numbers": np.array([self._shot, self._seen], np.int64),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on where `state` was asked for."""
        self._shot, self._seen = (int(value) for value in state["numbers"])
        self._whole = np.asarray(state["whole"], np.float32) if self._seen else None
        self._people = []
        for number, (looks, square, counts) in enumerate(
            zip(state["looks"], state["squares"], state["counts"], strict=True)
        ):
            x, y, side, angle = (float(value) for value in square)
            count, is_here, shot = (int(value) for value in counts)
            self._people.append(
                _Person(
                    number,
                    Square(x=x, y=y, side=side, angle_rad=angle),
                    [np.asarray(look, np.float32) for look in looks[:count]],
                    bool(is_here),
                    shot,
                )
            )

    def _followed(self, picture: Pixels, continues: float) -> list[tuple[Face, Square, Descriptor]]:
        """The faces that lie where the last picture had them."""
        found: list[tuple[Face, Square, Descriptor]] = []
        for person in self._people:
            face = self._place(picture, person.square) if person.is_here else None
            if face is None:
                continue
            now = square_of_mesh(face.landmarks)
            if any(_are_one(now, other) for _, other, _ in found) or not self._is_face(
                picture, face, now
            ):
                continue
            descriptor = describe_face(picture, now)
            alike = max(likeness(person.looks[-1], descriptor), person.alike(descriptor))
            if alike < (_GOES_ON if continues < _WHOLE else _GOES_ON_IN_WHOLE):
                continue
            named = replace(face, person=person.number)
            found.append((named, follow(person.square, now), descriptor))
        return found

    def _is_face(self, picture: Pixels, face: Face, square: Square) -> bool:
        """Whether the mesh still lies on a face; it can slip onto a shoulder and not know."""
        if face.confidence >= SURE_CONFIDENCE and self._seen % LOOK_EVERY:
            return True
        return self._score(picture, square) >= LEAST_TRACKED_SCORE

    def _found(
        self, picture: Pixels, *, thorough: bool
    ) -> Iterator[tuple[Face, Square, Descriptor]]:
        """Faces that nobody follows yet, and whose they are."""
        look = self._detector.find_all if thorough else self._detector.find_some
        squares = [square_of_detection(each) for each in look(picture)]
        for square in sorted(squares, key=lambda square: -square.side):
            here = [person.square for person in self._people if person.is_here]
            if len(here) >= MOST_FACES or any(_are_one(square, other) for other in here):
                continue
            if self._score(picture, square) < LEAST_SCORE:
                continue
            face = self._settled(picture, square)
            if face is None:
                continue
            now = square_of_mesh(face.landmarks)
            if now.side < LEAST_SIDE_PX * MARGIN or any(_are_one(now, other) for other in here):
                continue
            descriptor = describe_face(picture, now)
            person = self._whose(now, descriptor)
            yield replace(face, person=person.number), now, descriptor

    def _whose(self, square: Square, descriptor: Descriptor) -> _Person:
        """Who was lost and is this; else somebody new."""
        away = [person for person in self._people if not person.is_here]
        likely = [(person.alike(descriptor), person) for person in away]
        known = [
            (alike, person) for alike, person in likely if alike > self._needed(person, square)
        ]
        if known:
            person = max(known, key=lambda each: each[0])[1]
            person.see(square, descriptor, self._shot)
            return person
        person = _Person(len(self._people), square, [descriptor], shot=self._shot)
        self._people.append(person)
        return person

    def _needed(self, person: _Person, square: Square) -> float:
        """How alike a face must be to somebody who was lost."""
        if person.shot != self._shot:
            return _AFTER_CUT
        apart = hypot(square.x - person.square.x, square.y - person.square.y)
        is_near = apart < _NEAR * person.square.side / MARGIN
        is_as_large = abs(log(square.side / person.square.side)) < _ALIKE_SIZE
        return _AGAIN if is_near and is_as_large else _AGAIN_AFAR

    def _settled(self, picture: Pixels, square: Square) -> Face | None:
        face = self._place(picture, square)
        for _ in range(2):
            if face is not None:
                face = self._place(picture, square_of_mesh(face.landmarks))
        return face

    def _place(self, picture: Pixels, square: Square) -> Face | None:
        landmarks, confidence = self._mesh.place(picture, square)
        face = Face(landmarks=landmarks, confidence=confidence)
        if confidence < LEAST_CONFIDENCE or not face.is_plausible:
            return None
        return face if _share_inside(face, picture.shape) >= _INSIDE else None

    def _score(self, picture: Pixels, square: Square) -> float:
        return self._detector.score_closely(picture, replace(square, side=square.side / MARGIN))


def _are_one(one: Square, other: Square) -> bool:
    apart = max(abs(other.x - one.x), abs(other.y - one.y))
    return apart < _BESIDE * max(one.side, other.side) / MARGIN


def _share_inside(face: Face, shape: tuple[int, ...]) -> float:
    left, top, right, bottom = face.box
    across = min(right, shape[1]) - max(left, 0.0)
    down = min(bottom, shape[0]) - max(top, 0.0)
    return max(across, 0.0) * max(down, 0.0) / ((right - left) * (bottom - top))


def _is_flat(picture: Pixels) -> bool:
    rows, columns = (max(size // 48, 1) for size in picture.shape[:2])
    return float(picture[::rows, ::columns].astype(np.float32).mean(axis=-1).std()) < _FLAT
