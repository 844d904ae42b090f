"""An enrolment: from clips and pictures of one person to a portrait with further appearances.

Two passes, so that memory stays bounded: `watching` looks at all frames and keeps no picture; here
the neutral frame and those that show something new are read again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from engine.appearances import PARTS, Part
from engine.errors import InputError
from engine.faces.clip_neutral import find_neutral
from engine.faces.face import Face, Tracker
from engine.faces.quality import ADVICE, REASONS
from engine.frame import Pixels
from engine.own_parts import own_parts, worth_keeping
from engine.progress import Progress, Silence
from stream.enroll.closing import closed, find_closed, is_closed
from stream.enroll.footage import Footage
from stream.enroll.watching import NO_FACE, UNLIKE_FIRST, Sighting, Watched, watch
from stream.files.bounded_queue import ahead
from stream.files.portrait_layout import LONGEST_SIDE, KeptPortrait

LEAST_FRAMES = 3
"""Of a clip that must be of use."""
MOST_FACE_PX = 520
"""Height of the face in the portrait's picture: a face square of 1080 lines has no more, and all
that is kept of the person is as large."""

WHAT_TO_FILM = (
    "Film 15 seconds in good light, alone, with nothing before the face: look straight at the "
    'camera, smile with teeth, say "ee", "aah" and "ooh", close the eyes, raise the brows.'
)

_AROUND = 0.35
"""Of the face's side: what is kept of a frame around the face until the parts are cut out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Enrolment:
    """A portrait, and what came of its material."""

    portrait: KeptPortrait
    neutral: int
    """The number of the frame of the first input that is shown at rest."""
    was_closed: bool
    """Whether its mouth was open there, and is closed as another frame shows it."""
    looked: int
    used: int
    """Frames that may stand for the person, of those that were looked at."""
    rejected: Mapping[str, int]
    missing: tuple[str, ...]
    """What to film for a better one."""

    @property
    def kept(self) -> Mapping[Part, int]:
        """How many appearances of each part."""
        counts = Counter(each.part for each in self.portrait.appearances)
        return {part: counts[part] for part in PARTS}


def enroll(
    paths: Sequence[Path],
    tracker: Tracker,
    *,
    neutral: int | None = None,
    progress: Progress | None = None,
    stop: Event | None = None,
) -> Enrolment | None:
    """Make a portrait of the person in some clips and pictures; None where `stop` was set.

    Args:
        paths: clips and pictures; the portrait at rest is the first one, or a frame of it.
        tracker: finds the faces; it has forgotten all afterwards.
        neutral: the number of that frame; None looks for the one at rest.
        progress: hears how it goes on.
        stop: ends it early.

    Raises:
        InputError: a file cannot be read, or too little of it can be used.
    """
    progress, stop = progress or Silence(), stop or Event()
    inputs = [Footage(path) for path in paths]
    watched = watch(inputs, tracker, also=neutral, progress=progress, stop=stop)
    if stop.is_set():
        return None
    rest = _at_rest(inputs, watched, neutral)
    further = [each for each in watched.kept if each is not rest]
    _check_enough(inputs, watched, further)
    faces = [each.face for each in further]
    closing = find_closed(rest.face, faces)
    closer = None if closing is None else further[closing]
    chosen = worth_keeping(faces, (closer or rest).face)
    wanted = [further[index] for index in chosen] + [each for each in (closer,) if each is not None]
    crops = _read_again(inputs, rest, wanted, progress, stop)
    if stop.is_set():
        return None
    own = crops[rest]
    if closer is not None:
        own = _closed(own, crops[closer], tracker)
    portrait = _portrait(own, [crop for crop in crops.values() if crop is not own])
    return Enrolment(
        portrait=portrait,
        neutral=rest.number,
        was_closed=own is not crops[rest],
        looked=watched.looked,
        used=len(watched.kept),
        rejected=watched.rejected,
        missing=_missing(portrait, further),
    )


def _closed(own: "_Crop", other: "_Crop", tracker: Tracker) -> "_Crop":
    """The portrait with its mouth closed; as it is where that does not come off."""
    picture = closed(own.picture, own.face, other.picture, other.face)
    tracker.reset()
    face = tracker.find(picture)
    tracker.reset()
    return own if face is None or not is_closed(face) else _Crop(picture=picture, face=face)


def rejections(rejected: Mapping[str, int]) -> str:
    """For example `8 blurred, 3 covered`."""
    order = (NO_FACE, *REASONS, UNLIKE_FIRST)
    return ", ".join(f"{rejected[reason]} {reason}" for reason in order if rejected.get(reason))


def _at_rest(inputs: Sequence[Footage], watched: Watched, neutral: int | None) -> Sighting:
    """The frame that is shown at rest: of the first input, whatever the others show."""
    own = [each for each in watched.seen if each.footage == 0]
    if not own:
        raise InputError(f"no face was found in {inputs[0].path}. {WHAT_TO_FILM}")
    if inputs[0].is_picture:
        return own[0]
    if neutral is not None:
        wanted = next((each for each in own if each.number == neutral), None)
        if wanted is None:
            raise InputError(
                f"frame {neutral} of {inputs[0].path} shows no face, or there is no such frame: "
                "choose another one, or leave --neutral away."
            )
        return wanted
    kept = [each for each in watched.kept if each.footage == 0]
    index = find_neutral([each.face for each in kept])
    if index is None or len(kept) < LEAST_FRAMES:
        raise InputError(_too_little(inputs, watched, len(kept)))
    return kept[index]


def _check_enough(inputs: Sequence[Footage], watched: Watched, further: Sequence[Sighting]) -> None:
    if not further:
        if len(inputs) == 1 and inputs[0].is_picture:
            raise InputError(
                f"{inputs[0].path} shows one moment only: give a clip, or more pictures."
            )
        raise InputError(_too_little(inputs, watched, len(watched.kept)))


def _too_little(inputs: Sequence[Footage], watched: Watched, kept: int) -> str:
    names = ", ".join(str(footage.path) for footage in inputs)
    most = max(watched.rejected, key=lambda reason: watched.rejected[reason], default=NO_FACE)
    advice = {str(reason): text for reason, text in ADVICE.items()}.get(most)
    return (
        f"too little of {names} can be used: {kept} of {watched.looked} frames "
        f"({rejections(watched.rejected) or 'no face'})."
        f"{'' if advice is None else f' {advice[0].upper()}{advice[1:]}.'} {WHAT_TO_FILM}"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crop:
    """The pixels around a face, and its landmarks in them."""

    picture: Pixels
    face: Face


def _read_again(
    inputs: Sequence[Footage],
    rest: Sighting,
    wanted: Iterable[Sighting],
    progress: Progress,
    stop: Event,
) -> dict[Sighting, _Crop]:
    """The pixels of the frame at rest, whole, and of the chosen ones around their faces."""
    by_place = {(each.footage, each.number): each for each in (*wanted, rest)}
    crops: dict[Sighting, _Crop] = {}
    progress.begin("taking the pictures", len(by_place))
    for index, footage in enumerate(inputs):
        numbers = {number for place, number in by_place if place == index}
        if not numbers:
            continue
        with closing(ahead(footage.numbered(numbers.__contains__))) as frames:
            for number, frame in frames:
                sighting = by_place[index, number]
                crops[sighting] = (
                    _Crop(picture=frame.pixels, face=sighting.face)
                    if sighting is rest
                    else _around(frame.pixels, sighting.face)
                )
                progress.advance()
                numbers.discard(number)
                if not numbers or stop.is_set():
                    break
    return crops


def _around(picture: Pixels, face: Face) -> _Crop:
    left, top, right, bottom = face.box
    margin = _AROUND * max(right - left, bottom - top)
    rows, columns = picture.shape[:2]
    low_x, low_y = max(int(left - margin), 0), max(int(top - margin), 0)
    high_x, high_y = min(int(right + margin), columns), min(int(bottom + margin), rows)
    return _Crop(
        picture=picture[low_y:high_y, low_x:high_x].copy(),
        face=face.moved(1.0, (-low_x, -low_y)),
    )


def _portrait(own: _Crop, others: Iterable[_Crop]) -> KeptPortrait:
    rest = KeptPortrait(picture=own.picture, face=own.face).scaled(_scale(own))
    frames = [(each.picture, each.face) for each in others]
    return replace(rest, appearances=own_parts(frames, rest.picture, rest.face))


def _scale(own: _Crop) -> float:
    _, top, _, bottom = own.face.box
    longest = max(own.picture.shape[:2])
    return float(min(1.0, LONGEST_SIDE / longest, MOST_FACE_PX / max(bottom - top, 1.0)))


def _missing(portrait: KeptPortrait, further: Sequence[Sighting]) -> tuple[str, ...]:
    parts = {each.part for each in portrait.appearances}
    missing = []
    if all(is_closed(each.face) for each in further):
        missing.append('an open mouth with teeth was not seen: smile, say "ee" and "aah"')
    if "lids" not in parts:
        missing.append("closed eyes were not seen: close them for a second")
    if "upper_face" not in parts:
        missing.append("raised brows were not seen: raise them, and frown")
    return tuple(missing)
