"""A worker of the GPU report whose sections hang, die, fail, or go well; no torch, no GPU."""

import os
import sys
import time

from benchmarks.gpu_sections import PartlyFailed
from benchmarks.gpu_worker import Works, main


def sections(commit: str, *, is_rehearsal: bool) -> Works:
    return {
        "good": lambda: {"commit": commit},
        "broken": lambda: 1 / 0,
        "half": half,
        "hangs": hang,
        "dies": lambda: os._exit(3),
        "process": os.getpid,
    }


def half() -> None:
    raise PartlyFailed({"figure": 2}, {"the other": "Traceback: of the other"})


def hang() -> None:
    time.sleep(600)


if __name__ == "__main__":
    sys.exit(main(sections))
