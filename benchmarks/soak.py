"""The server for a long time: people who stay, people who come and go, and what that leaves behind.

    python -m benchmarks.soak [--minutes 40] [--steady 2] [--every 20] [--leak KB]

Real connections to the real server with the tests' light model: what is looked for is what one
session leaves to the next. Memory, descriptors, threads and tasks are sampled while nobody comes or
goes; after a warm-up, the upper bound (95 %) of each least-squares slope must lie below its limit.
`--leak` keeps so much for each visitor: a run that must fail. Ends with 1 where a limit is broken.
"""

import argparse
import asyncio
import gc
import os
import shlex
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from PIL import Image

from benchmarks.machine import keep, markdown
from engine.model import Model
from stream.server import portrait_list
from stream.server.app import serving

WARM_UP = 0.3
"""Share of the run whose samples are left out: pools and caches fill."""
LIMITS = {"rss_mb": 6.0, "descriptors": 2.0, "threads": 2.0, "tasks": 6.0}
"""An hour, each."""
LEAST_SAMPLES = 8
STAY_S = 5.0
SETTLE_S = 2.0


def slope(times_s: list[float], values: list[float]) -> tuple[float, float]:
    """Least-squares slope an hour, and half the width of its 95 % interval."""
    if len(times_s) < LEAST_SAMPLES:
        raise ValueError(f"{len(times_s)} samples say nothing: run it longer")
    hours = np.asarray(times_s) / 3600.0
    hours = hours - hours.mean()
    level = np.asarray(values, float)
    found = float(hours @ level / (hours @ hours))
    rest = level - level.mean() - found * hours
    error = float(np.sqrt(rest @ rest / (len(level) - 2) / (hours @ hours)))
    return found, 1.96 * error


def verdict(samples: list[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """Each figure's slope against its limit; what cannot be told is no pass."""
    late = samples[int(len(samples) * WARM_UP) :]
    found: dict[str, dict[str, Any]] = {}
    for name, limit in LIMITS.items():
        times_s = [each["at_s"] for each in late]
        an_hour, margin = slope(times_s, [each[name] for each in late])
        # Half an hour says little about an hour: then the limit is for the run itself.
        hours = max(1.0, 3600.0 / max(times_s[-1] - times_s[0], 1.0))
        passes = an_hour + margin <= limit * hours
        found[name] = {
            "first": round(late[0][name], 1),
            "last": round(late[-1][name], 1),
            "an_hour": round(an_hour, 2),
            "margin": round(margin, 2),
            "passes": passes,
        }
    return found


def sample(began_s: float) -> dict[str, float]:
    """What this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "at_s": round(time.monotonic() - began_s, 1),
        "rss_mb": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        "descriptors": float(len(os.listdir("/proc/self/fd"))),  # noqa: PTH208 (as short as can be)
        "threads": float(threading.active_count()),
        "tasks": float(len(asyncio.all_tasks())),
    }


async def soak(
    minutes: float, steady: int, every_s: float, leak_kb: int
) -> tuple[list[dict[str, float]], int, int]:
    """Samples, visitors who came, and pictures that the steady ones saw."""
    from tests.fakes import DiscTracker, ShiftModel, disc_picture
    from tests.peers import LOCAL, SIZE, Page, page

    model: Model[Any] = ShiftModel()
    leaked: list[bytearray] = []
    samples: list[dict[str, float]] = []
    visitors = 0
    began_s = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        portrait = folder / "disc.png"
        Image.fromarray(disc_picture(SIZE, SIZE, (128, 128), 40.0)).save(portrait)
        # The fake tracker sees no face in real portraits.
        vars(portrait_list)["ASSETS"] = folder / "none"
        settings = replace(
            LOCAL, portrait=portrait, most_sessions=steady + 1, recordings=folder / "kept"
        )
        served = await stack.enter_async_context(
            serving(settings, model=model, make_tracker=DiscTracker)
        )
        jar = aiohttp.CookieJar(unsafe=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        seen = [0] * steady

        async def watch(number: int, peer: Page) -> None:
            while True:
                await peer.pictures.get()
                seen[number] += 1
                while not peer.stats.empty():  # or this end's own queue would grow
                    peer.stats.get_nowait()

        for number in range(steady):
            peer = await stack.enter_async_context(page(http, served.url))
            task = asyncio.create_task(watch(number, peer))
            stack.callback(task.cancel)
        while time.monotonic() - began_s < minutes * 60:
            next_s = time.monotonic() + every_s
            async with page(http, served.url) as visitor:
                with suppress(TimeoutError):
                    async with asyncio.timeout(STAY_S):
                        while True:
                            await visitor.pictures.get()
                visitors += 1
                leaked.append(bytearray(os.urandom(leak_kb * 1024)))
            async with http.delete(f"{served.url}api/sessions/{visitor.session['id']}") as gone:
                await gone.read()
            await asyncio.sleep(SETTLE_S)
            samples.append(sample(began_s))
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))
    return samples, visitors, min(seen, default=0)


def main() -> int:
    """Run, keep the figures, say whether something grows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--steady", type=int, default=2)
    parser.add_argument("--every", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument("--leak", type=int, default=0, metavar="KB")
    parser.add_argument("--no-file", action="store_true", help="print only")
    asked = parser.parse_args()
    command = shlex.join(["python", "-m", __spec__.name, *sys.argv[1:]])
    samples, visitors, pictures = asyncio.run(
        soak(asked.minutes, asked.steady, asked.every, asked.leak)
    )
    found = verdict(samples)
    rows = [
        [name, *(str(each[key]) for key in ("first", "last", "an_hour", "margin", "passes"))]
        for name, each in found.items()
    ]
    table = markdown(["held", "first", "last", "an hour", "+-", "passes"], rows)
    load = os.getloadavg()[1]
    table += (
        f"\n\n{asked.minutes:g} minutes, {asked.steady} people who stayed (the one who saw least: "
        f"{pictures} pictures), {visitors} who came and went; load average at the end {load:.1f}."
    )
    if asked.no_file:
        sys.stdout.write(table + "\n")
    else:
        keep("soak", command, {"verdict": found, "samples": samples}, table)
    return 0 if all(each["passes"] for each in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
