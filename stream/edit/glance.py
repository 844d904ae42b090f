"""Which parts of a long clip a preview looks at: reading all of it would take minutes."""

from collections.abc import Generator, Sequence
from typing import TypeAlias

from stream.edit.film import Film, FilmFrame
from stream.files.clips import Clip

Span: TypeAlias = tuple[float, float]
"""From when to when, in s after the first picture."""

PARTS, PART_S = 10, 2.5
"""One for each picture of the sheet; lips part and meet, and lids close, within so long."""
WHOLE_S = 1.5 * PARTS * PART_S
"""A clip up to this length is read as a whole, and the edit need not read it again."""
_AROUND_S = 0.5
"""A driver is looked at so much before and after what drives the parts."""


def parts_of_film(acts: Span, film_s: float) -> list[Span] | None:
    """The parts of a film of this length that is edited in `acts`; None for all of it."""
    if film_s <= WHOLE_S:
        return None
    begin, end = acts
    lacks = max(PARTS * PART_S - (end - begin), 0.0)  # to tell what the face is like at rest
    begin = max(min(begin - lacks / 2.0, film_s - PARTS * PART_S), 0.0)
    end = min(max(end + lacks / 2.0, begin + PARTS * PART_S), film_s)
    if end - begin <= WHOLE_S:
        return [(begin, end)]
    step = (end - begin - PART_S) / (PARTS - 1)
    return [(begin + k * step, begin + k * step + PART_S) for k in range(PARTS)]


def parts_of_driver(clip: Clip, parts: Sequence[Span], later_s: float) -> list[Span] | None:
    """What drives these parts of a film; None for all of the clip.

    `later_s` is what the driver's time is before the film's. The clip's end is among them: it is
    what stays where the film is longer.
    """
    if clip.stated_frames is None:
        return None
    length_s = clip.stated_frames / float(clip.rate)
    if length_s <= WHOLE_S:
        return None
    end = max(length_s - 2.0, 0.0), float("inf")
    return [
        *((begin + later_s - _AROUND_S, end + later_s + _AROUND_S) for begin, end in parts),
        end,
    ]


def is_in(parts: Sequence[Span], time_s: float) -> bool:
    """Whether one of them has this moment."""
    return any(begin <= time_s < end for begin, end in parts)


def film_parts(
    film: Film, ticks: Sequence[int], parts: Sequence[Span], first: int
) -> Generator[tuple[int, FilmFrame | None]]:
    """Every picture's number from `first` on, and the picture itself where a part has it."""
    number_of = {tick: number for number, tick in enumerate(ticks)}
    times_s = [float((tick - ticks[0]) * film.time_base) for tick in ticks]
    looked = [number for number in range(first, len(ticks)) if is_in(parts, times_s[number])]
    number, position = first, 0
    while position < len(looked):
        last = position
        while last + 1 < len(looked) and looked[last + 1] == looked[last] + 1:
            last += 1
        for frame in film.frames_from(looked[position], ticks):
            found = number_of.get(frame.picture.pts or 0)
            if found is None or found < number:
                continue  # damaged places
            if found > looked[last]:
                break
            yield from ((skipped, None) for skipped in range(number, found))
            yield found, frame
            number = found + 1
        position = last + 1
    yield from ((skipped, None) for skipped in range(number, len(ticks)))
