"""Glass to glass in a real browser: a canvas through `understudy serve` and back to a canvas.

The page draws a time code and reads it from the returned video. Echo and model are measured in one
run by one page, in turn: the echo goes the same way through the same server, whose step then does
nothing, so the difference is the model's. Needs Chromium and playwright. Run it as

    python -m benchmarks.glass_to_glass --portrait FILE [--seconds 20] [--rounds 3] [--size 512]
"""

import argparse
import asyncio
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np

from benchmarks.machine import keep, markdown
from benchmarks.stamped import Anywhere, Stamped

PAGES = Path(__file__).parent / "glass_to_glass_page"
WARM_UP_S = 4.0
RATE = 30
KINDS = ("echo", "rig")
ALLOWED_MS = 10.0
"""What the way through the server may cost beyond the echo and the step itself."""
BROWSER = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


def main() -> None:
    """Measure in turn, and keep the figures."""
    arguments = _arguments()
    if arguments.serve is not None:
        _serve(arguments.serve, arguments.portrait, arguments.size)
        return
    runs: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for _ in range(arguments.rounds):
        for kind in KINDS:
            with _served(kind, arguments.portrait, arguments.size) as address:
                runs[kind].append(asyncio.run(_measured(address, arguments.seconds)))
    result = {kind: _summed(found) for kind, found in runs.items()}
    step_ms = result["rig"]["step_p50_ms"]
    budget_ms = result["echo"]["p50_ms"] + step_ms + ALLOWED_MS
    head = ["", "p50 ms", "p95 ms", "p99 ms", "shown fps", "drawn fps", "drops", "misread"]
    rows = [
        [
            kind,
            *(f"{found[f'{name}_ms']:.0f}" for name in ("p50", "p95", "p99")),
            f"{found['fps']:.1f}",
            f"{found['drawn_fps']:.1f}",
            str(found["drops"]),
            str(found["misread"]),
        ]
        for kind, found in result.items()
    ]
    verdict = "kept" if result["rig"]["p50_ms"] <= budget_ms else "MISSED"
    table = markdown(head, rows) + (
        f"\n\nBudget of the rig's p50: echo {result['echo']['p50_ms']:.0f} + step {step_ms:.1f} + "
        f"{ALLOWED_MS:.0f} = {budget_ms:.1f} ms: {verdict}. {arguments.size} pixels, {RATE} frames "
        f"a second, {arguments.rounds} rounds of {arguments.seconds} s each, in turn."
    )
    keep(
        "glass_to_glass", shlex.join(["python", "-m", __spec__.name, *sys.argv[1:]]), result, table
    )


async def _measured(address: str, seconds: float) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        raise SystemExit("error: needs Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(BROWSER))
        page = await browser.new_page()
        await page.goto(address)
        portraits = await (await page.request.get(f"{address}api/portraits")).json()
        found: dict[str, Any] = await page.evaluate(
            "(what) => window.measure(what)",
            {
                "portrait": portraits[0]["url"],
                "seconds": seconds,
                "warmUp": WARM_UP_S,
                "rate": RATE,
            },
        )
        await browser.close()
    if not found["latencies"]:
        raise SystemExit("error: no picture came back with a time code that can be read")
    return found


def _summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures over all rounds."""
    latencies = np.concatenate([np.array(run["latencies"], float) for run in runs])
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    stats = [run["stats"] for run in runs]
    return {
        "p50_ms": round(float(p50), 1),
        "p95_ms": round(float(p95), 1),
        "p99_ms": round(float(p99), 1),
        "pictures": len(latencies),
        "p50_of_rounds_ms": [round(float(np.median(run["latencies"])), 1) for run in runs],
        "fps": round(float(np.mean([run["fps"] for run in runs])), 2),
        "drawn_fps": round(float(np.mean([run["drawnFps"] for run in runs])), 2),
        "misread": sum(run["misread"] for run in runs),
        "drops": sum(told["drops"] for told in stats),
        "step_p50_ms": float(np.median([told["stages"]["step"]["p50"] for told in stats])),
        "stages": stats[-1]["stages"],
        "sizes": [told["quality"]["size"] for told in stats],
    }


@contextmanager
def _served(kind: str, portrait: Path, size: int) -> Iterator[str]:
    """The server in a process of its own: the browser's driver must not take its time."""
    command = [sys.executable, "-m", "benchmarks.glass_to_glass", "--serve", kind]
    command += ["--portrait", str(portrait), "--size", str(size)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise SystemExit("error: the server did not start")
        yield address
    finally:
        process.terminate()
        process.wait()


def _serve(kind: str, portrait: Path, size: int) -> None:
    from engine.faces.tracker import MeshTracker
    from engine.rig.model import RigModel
    from stream.server.app import serve
    from stream.server.settings import ServerSettings

    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = ServerSettings(port=0, portrait=portrait, size=size, adapts=False, pages=PAGES)
    is_echo = kind == "echo"
    serve(
        settings,
        model=Stamped(None if is_echo else RigModel()),
        make_tracker=Anywhere if is_echo else MeshTracker,
        told=lambda address: print(address, flush=True),
        stop=stop,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--portrait", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--serve", choices=KINDS, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
