"""The frame loop of a live stream: one thread that owns the step, newest frame in, newest out.

A source puts frames into a slot whenever it has one; a sink takes results from a slot of its own,
or repeats `newest` on its own clock. Neither can make the loop wait, and no queue can grow: a step
that is too slow loses frames, never time.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event, Thread
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.faces.face import Face
from engine.frame import Frame, Pixels
from engine.model import MotionT, Neutral
from engine.reenactor import Reenactor
from engine.slot import LatestSlot
from engine.stats import StageTimes, percentiles_ms, timed
from stream.files import faults
from stream.session.fan_out import FanOut

logger = logging.getLogger(__name__)

T = TypeVar("T")

RECENT = 300
"""Frames that live figures look back on: ten seconds at 30 frames a second."""
LOOK_UP_S = 0.1
"""How often the loop looks whether it is to stop while no frame comes."""
SILENT_S = 3.0
"""A source that gave nothing for so long has stopped: its driver is let go of like a lost face. A
network that breaks off for less does not make the face go to rest and back."""
IDLE_STEP_S = 1 / 30
"""Between two pictures of that."""
STOP_S = 1.0
"""A step takes far less; a thread that is not done by then hangs in somebody's driver."""
COMPLAIN_EVERY_S = 10.0
"""Steps that fail again and again, with good ones between, are logged this often at most."""
DIMMED_AFTER_S = 1.0
"""Steps that only fail for so long are shown: the last picture turns grey and dark."""
FAILED_S = 1 / 30
"""A source that fails at once must not keep a processor busy."""


class FrameSource(Protocol):
    """Where the loop takes its frames: a `LatestSlot[Frame]`, or what does more on taking one."""

    @property
    def dropped(self) -> int:
        """Frames that were replaced by a newer one before the loop took them."""
        ...

    def take(self, timeout_s: float | None = 0.0) -> Frame | None:
        """The newest frame; None where none came in time. Called in the loop's thread.

        An error is a frame that cannot be used: it is counted, and the next one is asked for.
        """
        ...

    def close(self) -> None:
        """Nothing more will be taken: wake whoever waits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Driven:
    """A driving frame and whose face was found in it: what went into a step."""

    frame: Frame
    face: Face | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopReport:
    """How the loop is doing, over the last ten seconds or so."""

    frames: int
    """Results since the start."""
    drops: int
    """Frames since the start that were replaced by a newer one before their turn."""
    failures: int
    """Frames since the start that could not be taken or stepped; the last result stayed."""
    fps: float
    """Results a second."""
    sees_face: bool
    neutral: Neutral
    stages_ms: dict[str, dict[str, float]]
    """Stage -> p50, p95, p99, max. `wait` is from capture to the step's start."""
    end_to_end_ms: dict[str, float]
    """The same of the time from capture to a sink that called `shown`."""


class FrameLoop(Generic[MotionT]):
    """Runs a reenactor that has a portrait, from `start` to `stop`; also a context manager.

    While it runs, other threads may `alter` the reenactor's look and call `recalibrate`, and
    nothing else.
    """

    def __init__(
        self,
        reenactor: Reenactor[MotionT],
        source: FrameSource,
        *,
        on_step: Callable[[Frame], None] | None = None,
        finish: Callable[[Pixels], Pixels] | None = None,
        goes_on: Callable[[int], bool] | None = None,
    ) -> None:
        """Prepare to run.

        In the loop's thread, `finish` makes the last change to each result, and then `on_step` is
        told of it, and returns fast. `goes_on` is asked while the source is silent, with the
        moment, whether pictures go on all the same: something else than the source moves them.
        """
        self.reenactor = reenactor
        self.source = source
        self.newest: Frame | None = None
        """The last result, for sinks with a clock of their own; stays when the source dies."""
        self.is_paused = False
        """While set, frames are taken and thrown away: the last result stays."""
        self._on_step = on_step
        self._goes_on = goes_on
        self._finish = finish
        self._results: FanOut[Frame] = FanOut()
        self._driven: FanOut[Driven] = FanOut()
        self._thread = Thread(target=self._run, name="frame-loop", daemon=True)
        self._stopping = Event()
        self._ready = Event()
        self._frames = 0
        self._failures = 0
        self._complained_s = -COMPLAIN_EVERY_S
        self._failing_since_s: float | None = None
        self._is_dimmed = False
        self._stages = StageTimes(RECENT)
        self._sink_stages = StageTimes(RECENT)
        self._ends_ns: deque[int] = deque(maxlen=RECENT)
        self._end_to_end_ns: deque[int] = deque(maxlen=RECENT)

    def start(self) -> None:
        """Start the thread; it warms up first, and shows nothing until it has."""
        self._thread.start()

    def wait_until_warm(self, timeout_s: float | None = None) -> bool:
        """Wait until the first frame would be stepped at full speed; False when it took longer."""
        return self._ready.wait(timeout_s)

    def stop(self) -> bool:
        """End the loop and close every slot; False where the thread didn't end within a second."""
        self._stopping.set()
        self.source.close()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)
        self._results.close()
        self._driven.close()
        return not self._thread.is_alive()

    def subscribe(self, on_put: Callable[[], None] | None = None) -> LatestSlot[Frame]:
        """A new slot that gets every result; `on_put` is called in the loop's thread."""
        return self._results.subscribe(on_put)

    def unsubscribe(self, sink: LatestSlot[Frame]) -> None:
        """Stop filling a slot, and close it."""
        self._results.unsubscribe(sink)

    def watch_driver(self) -> LatestSlot[Driven]:
        """A new slot that gets every driving frame once it was stepped."""
        return self._driven.subscribe()

    def unwatch_driver(self, slot: LatestSlot[Driven]) -> None:
        """Stop filling such a slot, and close it."""
        self._driven.unsubscribe(slot)

    def shown(self, frame: Frame, stages_ns: dict[str, int] | None = None) -> None:
        """A sink has let go of this result: closes its record. Called by one sink of the loop.

        `stages_ns` is what the sink itself spent on it.
        """
        self._end_to_end_ns.append(time.monotonic_ns() - frame.captured_ns)
        self._sink_stages.add(stages_ns or {})

    @property
    def delay_ms(self) -> float:
        """Median time from capture to `shown` over the last frames; 0 before the first."""
        return percentiles_ms(self._end_to_end_ns.copy()).get("p50", 0.0)

    def report(self) -> LoopReport:
        """Figures of the last seconds; may be asked for by any thread."""
        return LoopReport(
            frames=self._frames,
            drops=self.source.dropped,
            failures=self._failures,
            fps=_rate(self._ends_ns.copy(), time.monotonic_ns()),
            sees_face=self.reenactor.sees_face,
            neutral=self.reenactor.neutral,
            stages_ms=self._stages.percentiles_ms() | self._sink_stages.percentiles_ms(),
            end_to_end_ms=percentiles_ms(self._end_to_end_ns.copy()),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        self._guarded(self._warm_up)
        self._ready.set()
        last_ns, taken_ns = 0, time.monotonic_ns()
        while not self._stopping.is_set():
            silent_ns = time.monotonic_ns() - taken_ns
            is_letting_go = silent_ns > SILENT_S * 1e9 and self._moves(last_ns + silent_ns)
            timeout_s = IDLE_STEP_S if is_letting_go else LOOK_UP_S
            frame = self._guarded(partial(self.source.take, timeout_s))
            if frame is not None:
                last_ns, taken_ns = frame.captured_ns, time.monotonic_ns()
            if self.is_paused:
                continue
            if frame is not None:
                self._guarded(partial(self._step, frame))
                self._dim_if_broken()
            elif is_letting_go:
                self._guarded(partial(self._idle, last_ns + silent_ns))

    def _moves(self, now_ns: int) -> bool:
        """Whether there is anything to be seen without a frame."""
        goes_on = self._goes_on is not None and self._goes_on(now_ns)
        return goes_on or not self.reenactor.is_at_rest

    def _warm_up(self) -> None:
        """Step the portrait's own picture once: caches fill, and every path has been run."""
        portrait = self.reenactor.look.portrait
        if portrait is None:
            raise RuntimeError("the reenactor needs a portrait before its loop starts")
        self.reenactor.step(Frame(pixels=portrait.still(), captured_ns=0))
        self.reenactor.restart()

    def _step(self, frame: Frame) -> None:
        frame.stages_ns["wait"] = max(time.monotonic_ns() - frame.captured_ns, 0)
        with timed(frame.stages_ns, "step"):
            result = self.reenactor.step(frame)
        self._show(_broken(result) if faults.any_armed() else result)
        self._recover()
        self._driven.put(Driven(frame=frame, face=self.reenactor.face))
        self._frames += 1
        self._stages.add(result.stages_ns)
        self._ends_ns.append(time.monotonic_ns())

    def _idle(self, now_ns: int) -> None:
        """One picture on the way to rest; it counts as no result, for nothing was driven."""
        self._show(self.reenactor.idle(now_ns))

    def _show(self, result: Frame) -> None:
        check_picture(result.pixels)
        if self._finish is not None:
            result = result.with_pixels(self._finish(result.pixels))
        self.newest = result
        self._results.put(result)
        if self._on_step is not None:
            self._on_step(result)

    def _dim_if_broken(self) -> None:
        """Show that nothing works, once it has not worked for a while."""
        since_s = self._failing_since_s
        if since_s is None or self._is_dimmed or self.newest is None:
            return
        if time.monotonic() - since_s > DIMMED_AFTER_S:
            self._is_dimmed = True
            shown = self.newest.with_pixels(dimmed(self.newest.pixels))
            self._results.put(shown)
            if self._on_step is not None:
                self._on_step(shown)

    def _recover(self) -> None:
        """A step worked."""
        if self._is_dimmed:
            logger.warning("steps work again, after %d failures", self._failures)
        self._failing_since_s, self._is_dimmed = None, False

    def _guarded(self, act: Callable[[], T]) -> T | None:
        """The one place where a live stream outlives an error: the last picture stays."""
        try:
            return act()
        except Exception:
            self._failures += 1
            now_s = time.monotonic()
            is_new, self._failing_since_s = (
                self._failing_since_s is None,
                self._failing_since_s or now_s,
            )
            if is_new and now_s - self._complained_s >= COMPLAIN_EVERY_S:
                self._complained_s = now_s
                logger.exception("a step failed (%d so far); the picture stays", self._failures)
            self._stopping.wait(FAILED_S)
            return None


def check_picture(pixels: Pixels) -> None:
    """Refuse what is no picture: a network that ran out of numbers gives such."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(f"a step gave {pixels.dtype} {pixels.shape}, which is no picture")


def dimmed(pixels: Pixels) -> Pixels:
    """Grey and half as bright: whoever looks sees that this is not live."""
    grey = pixels.mean(axis=2, keepdims=True) / 2
    return np.repeat(grey.astype(np.uint8), 3, axis=2)


def _broken(result: Frame) -> Frame:
    """The step with the faults that are asked for."""
    if faults.happens("step.error"):
        raise RuntimeError("a fault that was asked for")
    if faults.happens("step.memory"):
        raise MemoryError
    if faults.happens("step.stall"):
        time.sleep(faults.STALL_S)
    if faults.happens("step.nan"):
        nothing: NDArray[Any] = np.full(result.pixels.shape, np.nan, np.float32)
        return result.with_pixels(nothing)
    return result


def _rate(ends_ns: deque[int], now_ns: int) -> float:
    """Results a second over the last two seconds; 0 where there were none."""
    window_ns = 2_000_000_000
    recent = [end for end in ends_ns if now_ns - end <= window_ns]
    if len(recent) < 2:
        return 0.0
    return round((len(recent) - 1) * 1e9 / max(recent[-1] - recent[0], 1), 1)
