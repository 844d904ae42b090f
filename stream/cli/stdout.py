"""Standard output carries any file name that the disk does."""

import io
import sys


def write_any_name() -> None:
    """Let names be printed that are no UTF-8, or that this terminal has no letters for.

    They go out as the bytes they are on the disk, so that scripts can use them, or where the
    terminal's encoding is another one, escaped.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        is_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
        sys.stdout.reconfigure(errors="surrogateescape" if is_utf8 else "backslashreplace")
