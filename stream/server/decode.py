"""Opens a stranger's picture or portrait file in its own process: python -m stream.server.decode.

The file comes on standard input; on standard output goes a line of JSON, then the pixels. A decoder
that is led astray reaches no other picture, takes no more than its share of the machine, and can be
ended from outside at any moment.
"""

import json
import sys

from engine.errors import InputError
from engine.pictures import NotAPictureError, TooLargeError, open_picture

LIMIT_SIDE = 4096
"""Pixels; the page reduces larger photos before it sends them."""
LONGEST_SIDE = 2048
"""Larger pictures are reduced: twice the tallest face square anybody asks for."""
PORTRAIT_FILE = b"portrait.json"
"""The name of a portrait file's first member, at byte 30."""
MEMORY = 1024 * 1024 * 1024
"""Bytes of address space: twice what 4096 x 4096 pixels of RGBA in 16 bits take, with Python."""
CPU_S = 5
"""Of computing: a photo takes half a second, and on a busy machine no more of these."""
MOST_MEMORY = "opening the picture takes too much memory: save it as a plain JPEG or PNG"


def main() -> None:
    """Open what comes, and say what came of it."""
    _limit()
    try:
        written = _opened(sys.stdin.buffer.read())
    except NotAPictureError as error:
        _refuse(str(error), 415)
    except TooLargeError as error:
        _refuse(str(error), 413)
    except InputError as error:
        _refuse(str(error), 422)
    except MemoryError:
        _refuse(MOST_MEMORY, 422)
    else:
        _tell(written)


def _limit() -> None:
    """Bound what a hostile file can take, and leave no picture of anybody in a core file."""
    try:
        import resource
    except ImportError:  # Windows: there, the limits of size and time must do
        return
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def _opened(content: bytes) -> bytes:
    """What the file holds, packed."""
    if content[30:43] == PORTRAIT_FILE:
        # Only then: what reads these takes much of a picture's memory.
        from stream.files.portrait_reader import load_portrait
        from stream.server.decoded import packed

        return packed(load_portrait(content))
    pixels = open_picture(content, limit_side=LIMIT_SIDE, longest_side=LONGEST_SIDE)
    head = {"height": pixels.shape[0], "width": pixels.shape[1]}
    return json.dumps(head).encode() + b"\n" + pixels.tobytes()


def _refuse(reason: str, status: int) -> None:
    _tell(json.dumps({"refused": reason, "status": status}).encode() + b"\n")


def _tell(written: bytes) -> None:
    sys.stdout.buffer.write(written)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
