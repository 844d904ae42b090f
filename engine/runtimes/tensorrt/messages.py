"""What TensorRT says while it works, as our log, our progress bar and our errors.

Its classes to inherit from exist only once its package is imported, so they are made here per
module: `trt` is `tensorrt` or `tensorrt_rtx`, which share this part of their interface.
"""

import logging
from types import ModuleType
from typing import Any, TypeAlias

from engine.progress import Progress

logger = logging.getLogger(__name__)

PERCENT = 100

FOR_TENSOR_CORES = (
    "fp32 leaves a GPU's tensor cores idle; `understudy import CHECKPOINT --precision fp16` makes "
    "a bundle for them"
)
"""Of a bundle of DPE or PD-FGC in fp32, which TensorRT computes as it is."""

Foreign: TypeAlias = Any
"""An object of TensorRT, which ships no types."""


class Errors(list[str]):
    """What TensorRT called an error since the last look, oldest first."""

    def taken(self) -> str:
        """All of them in one line, and none left; the first names the cause."""
        said = "; ".join(dict.fromkeys(self)) or "it does not say why"
        self.clear()
        return said.rstrip(".")


def make_logger(trt: ModuleType, errors: Errors) -> Foreign:
    """A TensorRT logger: errors are kept for our own message, warnings go to our log."""
    severity = trt.ILogger.Severity
    base: Foreign = trt.ILogger

    class Log(base):  # type: ignore[misc]
        def __init__(self) -> None:
            base.__init__(self)  # pybind11 wants it by name

        def log(self, level: Foreign, message: str) -> None:
            if level in (severity.ERROR, severity.INTERNAL_ERROR):
                errors.append(first_line(message))
            elif level == severity.WARNING:
                logger.info("%s: %s", trt.__name__, message)

    return Log()


def first_line(message: str) -> str:
    """Without the lines and addresses that follow."""
    return (message.strip().splitlines() or [""])[0]


class Percent:
    """Turns nested phases of known numbers of steps into whole percents of the outermost one."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._phases: dict[str, tuple[str | None, int, int]] = {}  # parent, steps, steps done
        self._told = 0

    def start(self, phase: str, parent: str | None, steps: int) -> None:
        """A phase begins, as a part of a step of its parent."""
        self._phases[phase] = (parent, max(steps, 1), 0)

    def step(self, phase: str, step: int) -> None:
        """Step number `step`, from 0, is done."""
        if phase not in self._phases:
            return
        parent, steps, done = self._phases[phase]
        self._phases[phase] = (parent, steps, max(done, min(step + 1, steps)))
        self._tell(phase)

    def finish(self, phase: str) -> None:
        """A phase ends, perhaps before its last step."""
        parent, _, _ = self._phases.pop(phase, (None, 1, 1))
        if parent is None and not self._phases:
            self._reach(PERCENT)

    def _tell(self, phase: str) -> None:
        share, name = 0.0, phase
        while name in self._phases:
            parent, steps, done = self._phases[name]
            share = min((done + share) / steps, 1.0)
            if parent is None:
                break
            name = parent
        self._reach(int(share * PERCENT))

    def _reach(self, percent: int) -> None:
        for _ in range(percent - self._told):
            self._progress.advance()
        self._told = max(self._told, percent)


def make_monitor(trt: ModuleType, progress: Progress) -> Foreign:
    """A TensorRT progress monitor; `is_stopped` on it says that Ctrl-C ended the build."""
    base: Foreign = trt.IProgressMonitor

    class Monitor(base):  # type: ignore[misc]
        def __init__(self) -> None:
            base.__init__(self)
            self._percent = Percent(progress)
            self.is_stopped = False

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            self._percent.start(name, parent, steps)

        def phase_finish(self, name: str) -> None:
            self._percent.finish(name)

        def step_complete(self, name: str, step: int) -> bool:
            try:
                self._percent.step(name, step)
            except KeyboardInterrupt:
                # An exception must not run through the builder's C++; it stops when told False.
                self.is_stopped = True
            return not self.is_stopped

    return Monitor()
