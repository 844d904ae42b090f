"""Glass to glass in a real browser: a canvas through `understudy serve` and back to a canvas.

The page draws the bundled clip with a time code and reads that from the returned video. Echo, rig
and refined rig (the default) are measured in one run by one page over one connection, in turn: the
echo goes the same way through the same server, whose step then does nothing, so the difference is
the model's. With --minutes it is one of them for so long, minute by minute: whether rate and delay
stay what they are. Needs Chromium and playwright. Run it as

    python -m benchmarks.glass_to_glass [--portrait FILE] [--seconds 20] [--rounds 3] [--size 512]
    python -m benchmarks.glass_to_glass --minutes 10 [--kind refined]
"""

import argparse
import asyncio
import shlex
import shutil
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np

from benchmarks.machine import keep, markdown
from benchmarks.stamped import Stamped, StampedTracker
from engine.model import Model
from stream.files.clips import Clip

PORTRAIT = Path(__file__).parents[1] / "stream" / "assets" / "portrait.png"
DRIVING = PORTRAIT.with_name("driving.mp4")
FACES = 150
"""Pictures of it that are shown, there and back."""
PAGES = Path(__file__).parent / "glass_to_glass_page"
WARM_UP_S = 4.0
SETTLE_S = 2.0
"""After each change: the face is found anew, and the browser's jitter buffer finds its rest."""
LEAST_S = 12.0
MINUTE_S = 60.0
RATE = 30
KINDS = ("echo", "rig", "refined")
ALLOWED_MS = 10.0
"""What the way through the server may cost beyond the echo and the step itself."""
BROWSER = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


def main() -> None:
    """Measure, and keep the figures."""
    arguments = _arguments()
    if arguments.serve:
        _serve(arguments.portrait, arguments.size)
        return
    command = shlex.join(["python", "-m", __spec__.name, *sys.argv[1:]])
    if arguments.minutes:
        blocks = [{"kind": arguments.kind, "seconds": MINUTE_S - SETTLE_S}] * arguments.minutes
    else:
        blocks = [{"kind": kind, "seconds": arguments.seconds} for kind in KINDS] * arguments.rounds
    with _served(arguments.portrait, arguments.size) as address:
        found = asyncio.run(_measured(address, blocks))
    if arguments.minutes:
        _keep_minutes(found, command, arguments)
    else:
        _keep_in_turn(found, command, arguments)


def _keep_in_turn(found: list[dict[str, Any]], command: str, arguments: argparse.Namespace) -> None:
    result = {kind: _summed([block for block in found if block["kind"] == kind]) for kind in KINDS}
    table = _table(result) + "".join(_verdict(kind, result) for kind in KINDS[1:])
    table += (
        f"\n\n{arguments.size} pixels, {RATE} frames a second, {arguments.rounds} rounds of "
        f"{arguments.seconds:g} s each, in turn."
    )
    keep("glass_to_glass", command, result, table)


def _verdict(kind: str, result: dict[str, dict[str, Any]]) -> str:
    echo_ms, step_ms = result["echo"]["p50_ms"], result[kind]["step_p50_ms"]
    budget_ms = echo_ms + step_ms + ALLOWED_MS
    verdict = "kept" if result[kind]["p50_ms"] <= budget_ms else "MISSED"
    return (
        f"\n\nBudget of p50, {kind}: echo {echo_ms:.0f} + step {step_ms:.1f} + {ALLOWED_MS:.0f} = "
        f"{budget_ms:.1f} ms: {verdict}."
    )


def _keep_minutes(found: list[dict[str, Any]], command: str, arguments: argparse.Namespace) -> None:
    minutes = [_summed([block]) for block in found]
    drift_ms = minutes[-1]["p50_ms"] - minutes[0]["p50_ms"]
    table = _table({f"minute {count + 1}": minute for count, minute in enumerate(minutes)}) + (
        f"\n\nFrom the first minute to the last, p50 changed by {drift_ms:+.1f} ms and the rate by "
        f"{minutes[-1]['fps'] - minutes[0]['fps']:+.2f} frames/s. {arguments.size} pixels, {RATE} "
        f"frames a second, {arguments.kind}."
    )
    keep("glass_to_glass_long", command, {"minutes": minutes}, table)


def _table(rows: dict[str, dict[str, Any]]) -> str:
    head = ["", "p50 ms", "p95 ms", "p99 ms", "shown fps", "drawn fps", "drops", "misread"]
    return markdown(
        head,
        [
            [
                name,
                *(f"{found[f'{share}_ms']:.0f}" for share in ("p50", "p95", "p99")),
                f"{found['fps']:.1f}",
                f"{found['drawn_fps']:.1f}",
                str(found["drops"]),
                str(found["misread"]),
            ]
            for name, found in rows.items()
        ],
    )


async def _measured(address: str, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from playwright.async_api import async_playwright

    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None:
        raise SystemExit("error: needs Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=list(BROWSER))
        # The faces come with the call, which the server's own policy would not have.
        page = await (await browser.new_context(bypass_csp=True)).new_page()
        await page.goto(address)
        found: list[dict[str, Any]] = await page.evaluate(
            "(what) => window.measure(what)",
            {
                "faces": _faces(),
                "blocks": blocks,
                "warmUp": WARM_UP_S,
                "settle": SETTLE_S,
                "rate": RATE,
            },
        )
        await browser.close()
    if not all(block["latencies"] for block in found):
        raise SystemExit("error: no picture came back with a time code that can be read")
    return found


def _faces() -> list[str]:
    """Pictures of the bundled clip, as addresses that hold them: the page decodes them ahead."""
    pictures = [frame.pixels for frame in Clip(DRIVING).frames()][:FACES]
    jpegs = [cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes() for picture in pictures]
    return [f"data:image/jpeg;base64,{b64encode(jpeg).decode()}" for jpeg in jpegs]


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
        "drops": sum(run["drops"] for run in runs),
        "step_p50_ms": float(np.median([told["stages"]["step"]["p50"] for told in stats])),
        "stages": stats[-1]["stages"],
        "sizes": [told["quality"]["size"] for told in stats],
    }


@contextmanager
def _served(portrait: Path, size: int) -> Iterator[str]:
    """The server in a process of its own: the browser's driver must not take its time."""
    command = [sys.executable, "-m", "benchmarks.glass_to_glass", "--serve"]
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


def _serve(portrait: Path, size: int) -> None:
    from engine.faces.mesh_tracker import MeshTracker
    from engine.rig.model import RigModel
    from engine.rig.refine.network import load_refiner
    from stream.server.app import serve
    from stream.server.settings import ServerSettings

    model: Model[Any] = Stamped(RigModel(refiner=load_refiner()))
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    serve(
        ServerSettings(port=0, portrait=portrait, size=size, adapts=False, pages=PAGES),
        model=model,
        make_tracker=lambda: StampedTracker(MeshTracker()),
        on_address=lambda address: print(address, flush=True),
        stop=stop,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--portrait", type=Path, default=PORTRAIT)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--minutes", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, default="refined", help="with --minutes")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.seconds < LEAST_S:
        parser.error(
            f"--seconds must be {LEAST_S:g} or more: the server's figures look back so far"
        )
    return arguments


if __name__ == "__main__":
    main()
