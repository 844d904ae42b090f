"""Time of one rig step without tracking, beside the prototype's, frame by frame in one run.

    python -m benchmarks.rig_step --clip FILE [--prototype DIR] [--size 512] [--frames 200]

One core: OpenCV is told so, NumPy's products are too small to be shared out. All see the same
landmarks; portrait and neutral frame are the clip's neutral one, for the prototype its first. The
rows with a bank have what all frames of the clip show.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.bank.enrolled import enroll
from benchmarks.machine import keep, markdown
from benchmarks.prototype import load_prototype, prototype_renderer
from benchmarks.same_person import Take, load_take
from engine.faces.face import Face
from engine.frame import Pixels
from engine.motion import Edit
from engine.rig.model import RigModel
from engine.rig.refine.network import Refiner, load_refiner
from engine.stats import percentiles_ms

Step = Callable[[Pixels, Face], Pixels]

_WARM_UP = 20


def rig_step(
    take: Take, *, refiner: Refiner | None = None, bank: bool = False
) -> tuple[Step, dict[str, list[int]]]:
    """The rig's step, and where it writes the duration of its two parts.

    With a bank, the portrait comes with what all frames of the clip show.
    """
    own = enroll(take, range(len(take.faces)))
    portrait = own.portrait(refiner=refiner, bank=bank)
    driver = RigModel().driver()
    driver.calibrate(own.picture, own.face)
    parts: dict[str, list[int]] = {"read": [], "render": []}
    frame = iter(range(10**9))

    def step(picture: Pixels, face: Face) -> Pixels:
        began = time.perf_counter_ns()
        motion = driver.read(picture, face, next(frame) * 33_000_000)
        between = time.perf_counter_ns()
        output = portrait.render(motion, Edit())
        parts["read"].append(between - began)
        parts["render"].append(time.perf_counter_ns() - between)
        return output

    return step, parts


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clip", type=Path, required=True, help="a driving clip")
    parser.add_argument("--prototype", type=Path, help="folder of the prototype, for its row")
    parser.add_argument("--size", type=int, default=512, help="side of the pictures, pixels")
    parser.add_argument("--frames", type=int, default=200, help="frames measured")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    take = load_take(options.clip, options.size)
    step, parts = rig_step(take)
    refiner = load_refiner()
    steps: dict[str, Step] = {
        "rig": step,
        "rig + bank": rig_step(take, bank=True)[0],
        "refined": rig_step(take, refiner=refiner)[0],
        "refined + bank": rig_step(take, refiner=refiner, bank=True)[0],
    }
    if options.prototype is not None:
        prototype = load_prototype(options.prototype)
        steps["prototype"] = prototype_renderer(
            prototype, take.pictures[0], take.faces[0], mouth="generic"
        )
    samples: dict[str, list[int]] = {name: [] for name in steps}
    for index in range(options.frames + _WARM_UP):
        at = index % len(take.pictures)
        for name, run in steps.items():  # in turn, so that both meet the same neighbours
            began = time.perf_counter_ns()
            run(take.pictures[at], take.faces[at])
            if index >= _WARM_UP:
                samples[name].append(time.perf_counter_ns() - began)
    for part in parts.values():
        del part[:_WARM_UP]
    times = {name: percentiles_ms(values) for name, values in {**samples, **parts}.items()}
    table = markdown(
        ["ms a frame", "p50", "p95", "p99"],
        [[name, *(f"{t[k]:.2f}" for k in ("p50", "p95", "p99"))] for name, t in times.items()],
    )
    result: dict[str, object] = {"size": options.size, "times_ms": times}
    more = [_more(samples, name) for name in ("rig", "refined")]
    result["bank_adds_ms"] = {name: round(added, 2) for name, added, _ in more}
    table += "".join(
        f"\n\nWith a bank, {name} takes {added:+.2f} ms a frame, {ratio:.2f} times as long."
        for name, added, ratio in more
    )
    if "prototype" in samples:
        ratio = float(np.median(samples["prototype"]) / np.median(samples["rig"]))
        result["times_faster"] = round(ratio, 2)
        table += f"\n\nThe rig's step is {ratio:.2f} times as fast as the prototype's."
    command = ["python", "-m", "benchmarks.rig_step", *(arguments or sys.argv[1:])]
    keep("rig_step", shlex.join(command), result, table)
    return 0


def _more(samples: dict[str, list[int]], name: str) -> tuple[str, float, float]:
    """What a bank adds to a row: its name, ms a frame, and the ratio; medians of frame by frame."""
    without, with_bank = (np.array(samples[row]) for row in (name, f"{name} + bank"))
    return name, float(np.median(with_bank - without)) / 1e6, float(np.median(with_bank / without))


if __name__ == "__main__":
    raise SystemExit(main())
