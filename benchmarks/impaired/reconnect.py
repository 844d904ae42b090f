"""How soon the page is back once the network is: the real command, the real page, a real Chromium.

    python -m benchmarks.impaired.reconnect [--away 11 12.5 14 20 30] [--results NAME]

Server and browser are in two network namespaces; the network between them is away for so long, so
that the server has released the session, and then back. Timed is from then to the first picture of
the new connection that the page shows; checked is that portrait, controls and neutral face are as
before. Needs root.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from benchmarks.glass.chromium import DRIVING, browser
from benchmarks.glass.serving import ROOT, TOKEN
from benchmarks.impaired.link import BLACKOUT
from benchmarks.impaired.namespaces import Joined, joined
from benchmarks.impaired.networks import NETWORKS
from benchmarks.report.finish import Output, finish
from benchmarks.report.report import CannotRunError, Figure, Report, Table
from benchmarks.report.uncertainty import bootstrap_median
from engine.errors import UnderstudyError
from stream.files.clips import Clip

AWAY_S = (11.0, 12.5, 14.0, 20.0, 30.0)
GOAL_S = 2.0
SETTLES_S = 3.0
PATIENCE_MS = 90_000
CAMERA_PICTURES = 90
WATCH = """() => {
  const output = document.querySelector('[data-testid=output]');
  window.shownAt = [];
  window.phases = [];
  const look = () => {
    window.shownAt.push(Date.now() / 1000);
    output.requestVideoFrameCallback(look);
  };
  output.requestVideoFrameCallback(look);
  const status = document.querySelector('#status');
  const note = () => window.phases.push([Date.now() / 1000, status.dataset.phase]);
  new MutationObserver(note).observe(status, { attributeFilter: ['data-phase'] });
}"""
BACK = """() => {
  const live = window.phases.findLast(([, phase]) => phase === 'live');
  const lost = window.phases.findLast(([, phase]) => phase === 'reconnecting');
  if (!live || !lost || live[0] < lost[0]) return null;
  return window.shownAt.find((at) => at > live[0]) ?? null;
}"""
STATE = """async (id) => {
  const token = sessionStorage.getItem('understudy.token');
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(`/api/sessions/${id}`, { headers })).json();
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """One outage."""

    away_s: float
    took_s: float
    """From the network's return to the first picture."""
    answered_s: float
    """From then to the first answer of the server: the rest is the new session."""
    was_released: bool
    """Whether the server had given the session up: its id is another one."""
    lacks: tuple[str, ...]
    """What is not as it was before."""


def main() -> None:
    """Measure, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--away", type=float, nargs="+", default=list(AWAY_S))
    parser.add_argument("--results", metavar="NAME")
    parser.add_argument("--allow-dirty", action="store_true")
    given = parser.parse_args()
    try:
        output = Output(results=given.results, allow_dirty=given.allow_dirty)
        finish(reported(measure(given.away)), output)
    except UnderstudyError as error:
        raise SystemExit(f"error: {error}") from None


def measure(away_s: list[float]) -> list[Return]:
    """One outage after another, of one page."""
    network = NETWORKS["20 ms"].profile
    with (
        joined(network) as link,
        _served(link) as address,
        tempfile.TemporaryDirectory() as folder,
        browser(link.inside(0), _as_webcam(Path(folder), address)) as chromium,
    ):
        page = chromium.new_page()
        sessions: list[str] = []
        answered_s: list[float] = []
        page.on("response", lambda response: _heed(response, sessions, answered_s))
        page.goto(address)
        _begin(page)
        found = []
        for seconds in away_s:
            before = page.evaluate(STATE, sessions[-1])
            link.become(BLACKOUT)
            time.sleep(seconds)
            link.become(network)
            back_s = time.time()
            shown_s = page.wait_for_function(BACK, timeout=PATIENCE_MS).json_value()
            time.sleep(SETTLES_S)
            after = page.evaluate(STATE, sessions[-1])
            found.append(
                Return(
                    away_s=seconds,
                    took_s=shown_s - back_s,
                    answered_s=min(at for at in answered_s if at >= back_s) - back_s,
                    was_released=after["id"] != before["id"],
                    lacks=tuple(lacking(before, after)),
                )
            )
            page.evaluate("() => { window.phases = []; window.shownAt = []; }")
        return found


def lacking(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What of a session's state is not as it was."""
    for name in ("portrait", "settings"):
        if before[name] != after[name]:
            yield name
    if before["stats"]["neutral"] != after["stats"]["neutral"]:
        yield "neutral face"


def reported(found: list[Return]) -> Report:
    """Each outage, and the median of those after which the session was a new one."""
    took = [each.took_s for each in found]
    return Report(
        kind="reconnect",
        settings={"away_s": [each.away_s for each in found], "network": "20 ms"},
        figures=(
            Figure(
                name="reconnect.p50",
                value=sorted(took)[len(took) // 2],
                unit="s",
                better="lower",
                interval=bootstrap_median(took) if len(took) > 1 else None,
                rounds=tuple(took),
            ),
            Figure(name="reconnect.max", value=max(took), unit="s", better="lower"),
        ),
        tables=(
            Table(
                title="The page comes back once the network is back",
                head=(
                    "away, s",
                    "answer after, s",
                    "back after, s",
                    "within 2 s",
                    "session",
                    "not as before",
                ),
                rows=tuple(
                    (
                        f"{each.away_s:g}",
                        f"{each.answered_s:.2f}",
                        f"{each.took_s:.2f}",
                        "yes" if each.took_s <= GOAL_S else "NO",
                        "new" if each.was_released else "taken up again",
                        ", ".join(each.lacks) or "nothing",
                    )
                    for each in found
                ),
                notes=(
                    "From the network's return to the first picture that the page shows of the "
                    "new connection; the rig at 256 px, 20 ms one way. Portrait, controls and "
                    "neutral face are compared with those before.",
                ),
            ),
        ),
    )


def _begin(page: Any) -> None:  # noqa: ANN401 (playwright's own)
    """On camera with the second portrait, a control moved, and a neutral face of one's own."""
    page.get_by_test_id("start").click()
    page.wait_for_function(
        "() => document.querySelector('#status').dataset.phase === 'live'", timeout=PATIENCE_MS
    )
    page.evaluate(WATCH)
    page.keyboard.press("2")
    page.keyboard.press("e")
    page.wait_for_function("() => window.shownAt.length > 60", timeout=PATIENCE_MS)
    page.locator("#recalibrate").click()
    time.sleep(SETTLES_S)


def _heed(response: Any, sessions: list[str], answered_s: list[float]) -> None:  # noqa: ANN401
    answered_s.append(time.time())
    if response.request.method == "POST" and response.url.endswith("/api/sessions"):
        sessions.append(response.json()["id"])


@contextmanager
def _served(link: Joined) -> Iterator[str]:
    command = [*link.inside(1), sys.executable, "-m", "stream.cli", "serve", "--port", "0"]
    command += ["--host", link.addresses[1], "--insecure-http", "--token", TOKEN, "--size", "256"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise CannotRunError("the server did not start: what it said stands above")
        yield address
    finally:
        process.terminate()
        process.wait()


def _as_webcam(folder: Path, address: str) -> tuple[str, ...]:
    """Chromium's arguments for a webcam that plays the bundled clip, over http."""
    path = folder / "camera.mjpeg"
    with path.open("wb") as file:
        for frame in islice(Clip(DRIVING).frames(), CAMERA_PICTURES):
            file.write(cv2.imencode(".jpg", frame.pixels[..., ::-1])[1].tobytes())
    origin = address.partition("/#")[0]
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
        f"--unsafely-treat-insecure-origin-as-secure={origin}",
    )


if __name__ == "__main__":
    main()
