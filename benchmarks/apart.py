"""Sessions that share a model, many pictures long: does anybody get anything of anybody else?

    python -m benchmarks.apart rig 100000
    python -m benchmarks.apart refined 2000
    python -m benchmarks.apart bundles 2000

`rig` is the rig alone, `refined` the rig with its refiner on each runtime that a processor runs,
`bundles` every other family on each of them. So many people, each with a portrait and a camera of
their own, step at the same time in threads of their own, as sessions of a server do. Every picture
is compared with what the same person gets alone, from the same kind of model loaded apart. The
rig's portraits carry a bar code in a corner, too, which is read in every picture: it says whose
portrait is shown by itself, without any comparison. Generators draw the whole picture anew, so no
bar code would live through one.

The bundles are narrow, with seeded weights: who gets what is up to the program, not to values.
"""

import argparse
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from threading import Barrier
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.machine import keep, markdown
from benchmarks.seeded_pdfgc import TINY as TINY_PDFGC
from benchmarks.seeded_pdfgc import write_release
from benchmarks.seeded_weights import write_checkpoint
from engine.dpe.nets.dpe import DPE
from engine.faces.face import Face
from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Frame, Pixels
from engine.framing import fit_portrait
from engine.model import Model
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.pictures import open_picture
from engine.reenactor import Reenactor
from engine.runtimes.registry import ON_CPU
from export.bundle import AUTHORS, write_bundle
from export.pdfgc import write_pdfgc
from stream.cli.factories import load_model
from stream.files.bundled import ASSETS
from stream.files.clips import Clip

SEEN = 24
"""Frames of the bundled clip, to and fro; each person begins elsewhere in it."""
PORTRAITS = ("portrait.png", "portraits/man.png", "portraits/painting.png", "portraits/singer.png")
SIZE = 256
BLOCK = 50
"""Pictures of each person that are held for comparison at a time."""
ROUNDING = 2
"""Grey levels by which a runtime may differ from itself when it is busy."""
BITS, BIT_PX = 4, 8
"""The bar code: this person's number, and its complement, in a row of cells."""

Seen = tuple[Frame, Face | None]
Enrolled = tuple[Pixels, Face]


class Remembered:
    """A tracker that has found these faces before."""

    def __init__(self, seen: list[Seen]) -> None:
        self._faces = {id(frame.pixels): face for frame, face in seen}

    def find(self, picture: Pixels, now_ns: int | None = None) -> Face | None:
        """The face of a picture that was seen."""
        return self._faces[id(picture)]

    def reset(self) -> None:
        """Nothing is kept from one to the next."""


@dataclass(slots=True)
class Found:
    """What one family on one runtime showed."""

    pictures: int = 0
    different: int = 0
    """From what the same person gets alone."""
    furthest: int = 0
    """Grey levels, of all of those."""
    foreign: int = 0
    """With another person's bar code, or another one than any person's."""
    unread: int = 0
    """Without a bar code that can be read, where there should be one."""
    least_apart: int = 255
    """The control: grey levels between two persons' pictures at the same moment, at their worst
    pixel (without the bar code), and the least of these: a crossing differs by so much."""
    seconds: float = 0.0


def film() -> list[Seen]:
    """The bundled clip's beginning, with the faces in it."""
    tracker = MeshTracker()
    clip = Clip(ASSETS / "driving.mp4")
    return [(frame, tracker.find(frame.pixels)) for frame in islice(clip.frames(), SEEN)]


def enrolled(count: int, *, with_code: bool = False) -> list[Enrolled]:
    """So many of the bundled portraits, (SIZE, SIZE, 3), each with its face."""
    found = []
    for owner, name in enumerate(PORTRAITS[:count]):
        picture = open_picture(ASSETS / name)
        face = MeshTracker().find(picture)
        if face is None:
            raise RuntimeError(f"no face in {name}")
        fitted, fitted_face = fit_portrait(picture, face, frame="face", size=SIZE)
        found.append((stamped(fitted, owner) if with_code else fitted, fitted_face))
    return found


def stamped(picture: Pixels, owner: int) -> Pixels:
    """The picture with the bar code of this owner in its upper left corner."""
    made = picture.copy()
    row = np.repeat(_bits(owner) * 255, BIT_PX).astype(np.uint8)
    made[:BIT_PX, : len(row)] = row[None, :, None]
    return made


def whose(picture: Pixels) -> int | None:
    """Whose bar code a picture has; None where it has none."""
    middles = np.arange(2 * BITS) * BIT_PX + BIT_PX // 2
    bits = (picture[BIT_PX // 2, middles].mean(axis=1) > 127).astype(int)
    owner = int(sum(bit << place for place, bit in enumerate(bits[:BITS])))
    return owner if np.array_equal(bits, _bits(owner)) else None


def _bits(owner: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    ones = np.array([owner >> place & 1 for place in range(BITS)])
    return np.concatenate([ones, 1 - ones])


def drives(driven: list[Seen], owner: int) -> Iterator[Frame]:
    """This person's frames for ever, timed anew."""
    there = [frame for frame, _ in driven]
    shift = owner * len(there) // len(PORTRAITS)
    forth = [*there[shift:], *there[:shift]]
    for index, frame in enumerate(cycle([*forth, *forth[::-1]])):
        yield Frame(pixels=frame.pixels, captured_ns=index * 33_333_333)


class Person:
    """One person's session, and where they are in their film."""

    def __init__(
        self, model: Model[Any], portrait: Enrolled, driven: list[Seen], owner: int
    ) -> None:
        self._session: Reenactor[Any] = Reenactor(model=model, tracker=Remembered(driven))
        self._session.set_portrait(*portrait)
        self._frames = drives(driven, owner)

    def block(self, count: int, before: Callable[[], object] = lambda: None) -> list[Pixels]:
        """Their next pictures; `before` is called first."""
        before()
        return [self._session.step(frame).pixels.copy() for frame in islice(self._frames, count)]


def apart(
    shared: Model[Any],
    alone: Model[Any],
    portraits: list[Enrolled],
    driven: list[Seen],
    *,
    pictures: int,
    has_code: bool = False,
) -> Found:
    """All persons at once on one model, beside each alone on the other; so many pictures in all."""
    found, began_s = Found(), time.monotonic()
    together = [Person(shared, each, driven, owner) for owner, each in enumerate(portraits)]
    by_themselves = [Person(alone, each, driven, owner) for owner, each in enumerate(portraits)]
    barrier = Barrier(len(portraits), timeout=600)
    with ThreadPoolExecutor(len(portraits)) as pool:
        while found.pictures < pictures:
            count = min(BLOCK, -(-(pictures - found.pictures) // len(portraits)))
            running = [pool.submit(each.block, count, barrier.wait) for each in together]
            beside = [each.result() for each in running]
            expected = [each.block(count) for each in by_themselves]
            for owner, pair in enumerate(zip(beside, expected, strict=True)):
                _compare(found, *pair, code=owner if has_code else None)
            _compare_with_others(found, beside)
    found.seconds = round(time.monotonic() - began_s, 1)
    return found


def _compare(found: Found, ones: list[Pixels], others: list[Pixels], code: int | None) -> None:
    """One person's pictures with what they get alone."""
    for one, other in zip(ones, others, strict=True):
        off = _furthest(one, other)
        found.pictures += 1
        found.different += off > ROUNDING
        found.furthest = max(found.furthest, off)
        if code is not None:
            shown = whose(one)
            found.unread += shown is None
            found.foreign += shown not in (None, code)


def _compare_with_others(found: Found, beside: list[list[Pixels]]) -> None:
    """Each person's pictures with the next one's at the same moment, without the bar code."""
    for ones, others in zip(beside, [*beside[1:], beside[0]], strict=True):
        for one, other in zip(ones, others, strict=True):
            off = _furthest(one[BIT_PX:], other[BIT_PX:])
            found.least_apart = min(found.least_apart, off)


def _furthest(one: Pixels, other: Pixels) -> int:
    return int(cv2.absdiff(one, other).max())


def is_apart(found: Found) -> bool:
    """Whether nobody got anything of anybody else, and it would have been seen."""
    crossed = found.different + found.foreign + found.unread
    return crossed == 0 and found.least_apart > 5 * ROUNDING


def bundles(folder: Path) -> dict[str, Path]:
    """Family -> a narrow bundle of it."""
    checkpoint = write_checkpoint(folder / "dpe.pt")
    write_bundle(DPE.from_official(checkpoint), folder / "dpe", origin=AUTHORS)
    release = write_release(folder / "release", TINY_PDFGC)
    write_pdfgc(PDFGC.from_official(release), folder / "pdfgc")
    return {"DPE": folder / "dpe", "PD-FGC": folder / "pdfgc"}


Loaders = dict[str, Callable[[], Model[Any]]]
"""What is measured, and how to load it."""


def loaders(subject: str, folder: Path) -> Loaders:
    """Each family and runtime of a subject; bundles are written into the folder."""
    if subject == "rig":
        return {"rig": partial(load_model, "rig", refine="off")}
    if subject == "refined":
        return {f"refined, {on}": partial(load_model, "rig", backend=on) for on in ON_CPU}
    return {
        f"{family}, {on}": partial(load_model, str(bundle), backend=on)
        for family, bundle in bundles(folder).items()
        for on in ON_CPU
    }


def main() -> int:
    """Run one subject, keep the figures; 1 where somebody got what is another's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subject", choices=("rig", "refined", "bundles"))
    parser.add_argument("pictures", type=int, help="of all together, for each family and runtime")
    parser.add_argument("--sessions", type=int, default=4, choices=range(2, len(PORTRAITS) + 1))
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)  # each person has a thread; more would wait for each other
    has_code = arguments.subject != "bundles"
    driven, portraits = film(), enrolled(arguments.sessions, with_code=has_code)
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, load in loaders(arguments.subject, Path(scratch)).items():
            found[name] = apart(
                load(), load(), portraits, driven,
                pictures=arguments.pictures, has_code=has_code,
            )  # fmt: skip
            sys.stderr.write(f"{name}: {found[name]}\n")
    _keep(arguments.subject, found, arguments.sessions)
    return 0 if all(map(is_apart, found.values())) else 1


def _keep(subject: str, found: dict[str, Found], sessions: int) -> None:
    columns = ("pictures", "different", "furthest", "foreign", "unread", "least_apart", "seconds")
    rows = [
        [name, *(str(getattr(each, column)) for column in columns)] for name, each in found.items()
    ]
    table = markdown(["family and runtime", *columns], rows)
    table += (
        f"\n\n{sessions} people at once on one model, in threads. `different`: pictures that are "
        f"more than {ROUNDING} grey levels from what the same person gets alone, `furthest`: the "
        "worst of all pixels of all pictures; `foreign`, `unread`: bar codes of another, or none "
        "(of rigs only); `least_apart`: by how much two persons' pictures differ at least at their "
        "worst pixel, which is what a crossing would be seen by."
    )
    command = shlex.join(["python", "-m", __spec__.name, *sys.argv[1:]])
    results = {
        name: {column: getattr(each, column) for column in columns} for name, each in found.items()
    }
    keep(f"apart_{subject}", command, {"found": results}, table)


if __name__ == "__main__":
    sys.exit(main())
