"""Opens one stranger's picture in a process of its own: python -m stream.server.decode.

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
MEMORY = 1024 * 1024 * 1024
"""Bytes of address space: twice what 4096 x 4096 pixels of RGBA in 16 bits take, with Python."""
CPU_S = 5
"""Of computing: a photo takes half a second, and on a busy machine no more of these."""
MOST_MEMORY = "opening the picture takes too much memory: save it as a plain JPEG or PNG"


def main() -> None:
    """Open what comes, and say what came of it."""
    _limit()
    try:
        pixels = open_picture(
            sys.stdin.buffer.read(), limit_side=LIMIT_SIDE, longest_side=LONGEST_SIDE
        )
    except NotAPictureError as error:
        _tell({"refused": str(error), "status": 415})
    except TooLargeError as error:
        _tell({"refused": str(error), "status": 413})
    except InputError as error:
        _tell({"refused": str(error), "status": 422})
    except MemoryError:
        _tell({"refused": MOST_MEMORY, "status": 422})
    else:
        _tell({"height": pixels.shape[0], "width": pixels.shape[1]}, pixels.tobytes())


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


def _tell(head: dict[str, object], pixels: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + pixels)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
