"""From films to a folder of clips: each source is tracked, then read again and cut.

Memory holds one picture and, of a film, 152 bytes for each frame that may become part of a clip.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.faces.face import Face
from engine.faces.several import SeveralFaces
from engine.frame import Pixels
from training.clips.alignment import OF_478, Alignment, alignment_of
from training.clips.shards import About, ShardWriter, SourceEntry, encoded
from training.clips.sources import Source, find_sources
from training.clips.spans import Rules, Span, SpanFinder
from training.clips.video import frames_of

FaceFinder = Callable[[Pixels], Sequence[Face]]
"""The faces of the next frame of one film, each with its shot and person."""
Tell = Callable[[int, int, str], None]
"""Sources done, sources in all, what is being done."""


def gather(
    inputs: Sequence[Path],
    out: Path,
    rules: Rules,
    tell: Tell,
    finder: Callable[[], FaceFinder] = lambda: SeveralFaces().find,
) -> None:
    """Add the clips of all sources that the folder does not have yet.

    A source that cannot be decoded is noted with its reason, and the others go on.

    Raises:
        InputError: nothing to read, or the folder holds clips of another size.
    """
    sources = find_sources(inputs)
    writer = ShardWriter(out, rules.size)
    for done, source in enumerate(sources):
        if source.name not in writer.finished:
            tell(done, len(sources), f"tracking {source.name}")
            found = _track(source, rules, finder())
            tell(done, len(sources), f"cutting {source.name}")
            _write(source, found, rules, writer)
        tell(done + 1, len(sources), source.name)


def _track(source: Source, rules: Rules, find: FaceFinder) -> SpanFinder:
    found = SpanFinder(rules)
    try:
        for picture in frames_of(source):
            found.add(find(picture))
    except InputError as error:
        found.refused[f"unreadable: {error}"] += 1
    found.finish()
    return found


def _write(source: Source, found: SpanFinder, rules: Rules, writer: ShardWriter) -> None:
    kept = sum(len(span.points) for span in found.spans)
    for span, pictures in _cut(source, found.spans, rules.size):
        file = writer.open_shard()
        lengths = [file.write(encoded(picture)) for picture in pictures]
        alignments = np.array([_alignment(points, span, rules.size) for points in span.points])
        about = About(
            source=source.name, identity=source.identity, first_frame=span.first, size=rules.size,
            box=(round(span.box.x, 2), round(span.box.y, 2), round(span.box.side, 2)),
        )  # fmt: skip
        writer.add(file, lengths, alignments, about)
    total = kept + sum(found.refused.values())
    writer.finish(SourceEntry(source=source.name, frames=total, refused=dict(found.refused)))


def _cut(
    source: Source, spans: Sequence[Span], size: int
) -> Iterator[tuple[Span, Iterator[Pixels]]]:
    """Each span with its pictures, which must be taken before the next span is."""
    frames = enumerate(frames_of(source)) if spans else iter(())
    for span in spans:
        last = span.first + len(span.points)

        def pictures(span: Span = span, last: int = last) -> Iterator[Pixels]:
            for number, picture in frames:
                if number >= span.first:
                    yield span.box.cut(picture, size)
                if number == last - 1:
                    return

        yield span, pictures()


def _alignment(points: NDArray[np.float32], span: Span, size: int) -> Alignment:
    matrix = span.box.frame_to_crop(size)
    rigid = points[: len(OF_478)].astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return alignment_of(rigid.astype(np.float32), size)
