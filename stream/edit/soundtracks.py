"""All soundtracks of a film on their way into its result, each with its name and language."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition

from stream.edit.film import Film
from stream.files.clip_files import container_of
from stream.files.sound import AudioPacket, Sound, is_readable

logger = logging.getLogger(__name__)

TOLD = ("language", "title", "handler_name")
"""What a soundtrack says of itself."""


class Soundtracks:
    """Every track is read from an open file of its own, so that all grow beside the pictures."""

    def __init__(self, tracks: Sequence[tuple[Sound, AudioStream]]) -> None:
        self._tracks = tracks

    def attach(self, output: OutputContainer, extension: str) -> None:
        """Add the streams to the output, before anything is written to it."""
        for sound, source in self._tracks:
            before = len(output.streams)
            sound.attach(output, extension)
            target = output.streams[before]
            target.metadata.update({k: v for k, v in source.metadata.items() if k in TOLD})
            target.disposition = Disposition(source.disposition)

    def until(self, time_s: Fraction | None) -> Iterator[AudioPacket]:
        """The packets that begin before this time of the output; None means all that are left."""
        for sound, _ in self._tracks:
            yield from sound.until(time_s)


@contextmanager
def soundtracks_of(film: Film) -> Iterator[Soundtracks]:
    """The film's sound, its time 0 at the first picture; a track that cannot be read is told."""
    with container_of(film.path) as container:
        count = len(container.streams.audio)
    with ExitStack() as stack:
        found = []
        for number in range(count):
            container = stack.enter_context(container_of(film.path))
            stream = container.streams.audio[number]
            if is_readable(stream):
                found.append((Sound(container, stream, began_s=film.began_s), stream))
            else:
                logger.warning(
                    "soundtrack %d of %s cannot be read; it is left out", number + 1, film.path
                )
        yield Soundtracks(found)
