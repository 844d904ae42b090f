"""The program's own server with a model that carries the time code, in a process of its own.

    python -m benchmarks.glass.serving '{"size": 512}'

Prints its address, serves until it is told to end, then prints how each picture passed.
`Served` starts it; a page's driver must not take the server's time.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from engine.errors import UnderstudyError

ROOT = Path(__file__).parents[2]
PAGES = Path(__file__).parent / "page"
PORTRAIT = ROOT / "stream" / "assets" / "portrait.png"
TOKEN = "only-for-a-measurement"
ENDS_IN_S = 20.0


class ServerFailedError(UnderstudyError):
    """The server did not start, or broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be served."""

    size: int = 512
    portrait: str = str(PORTRAIT)
    model: str = "rig"
    backend: str = "auto"
    refine: str = "on"
    slower_ms: float = 0.0
    """What each step waits for nothing: a control."""
    host: str = "127.0.0.1"
    pages: str = str(PAGES)


@dataclass(slots=True)
class Served:
    """A server that is up."""

    address: str
    """With its token, if it has one, in the fragment."""
    passages: dict[str, list[float]] = field(default_factory=dict)
    """Once it has ended: of each picture `at_s`, `up_ms` and `step_ms`, as `stamped.Passages`."""


@contextmanager
def served(wanted: Wanted, inside: tuple[str, ...] = ()) -> Iterator[Served]:
    """The server; `inside` comes before its command, such as a network namespace's."""
    command = [sys.executable, "-m", "benchmarks.glass.serving", json.dumps(asdict(wanted))]
    with running([*inside, *command]) as server:
        yield server


@contextmanager
def running(command: list[str]) -> Iterator[Served]:
    """A program that prints its address, and how each picture passed when it is told to end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    if not address:
        process.wait()
        raise ServerFailedError("the server did not start: what it said stands above")
    server = Served(address=address)
    try:
        yield server
    finally:
        process.terminate()
        last, _ = process.communicate(timeout=ENDS_IN_S)
        server.passages = json.loads(last) if last.strip() else {}


def main() -> None:
    """Serve what is wanted."""
    from benchmarks.glass.stamped import Passages, Stamped, StampedTracker
    from stream.cli.factories import load_model, tracker_maker
    from stream.server.app import serve
    from stream.server.settings import ServerSettings, is_loopback

    wanted = Wanted(**json.loads(sys.argv[1]))
    passages = Passages()
    make_tracker = tracker_maker("mesh")
    plain = load_model(wanted.model, refine=wanted.refine, backend=wanted.backend)
    # A stamped motion is this model's alone: the server's protocol cannot name its type.
    model: Any = Stamped(plain, slower_s=wanted.slower_ms / 1e3, passages=passages)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    serve(
        ServerSettings(
            host=wanted.host,
            port=0,
            token=None if is_loopback(wanted.host) else TOKEN,
            insecure_http=True,
            portrait=Path(wanted.portrait),
            size=wanted.size,
            adapts=False,
            pages=Path(wanted.pages),
        ),
        model=model,
        make_tracker=lambda: StampedTracker(make_tracker(), passages=passages),
        on_address=lambda address: print(address, flush=True),
        stop=stop,
    )
    print(json.dumps(passages.as_json()), flush=True)


if __name__ == "__main__":
    main()
