"""Times parts of the live step from outside: nothing of it is in the step when nobody measures."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from benchmarks.step.settings import slowed


class Stages:
    """The durations of one step, stage by stage; a stage within another does not count twice."""

    def __init__(self, slow: str = "") -> None:
        self.taken_ns: dict[str, int] = {}
        self._inner_ns = [0]
        self._slow = dict([slowed(slow)]) if slow else {}

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Count the block, less what is timed inside it, to a stage."""
        self._inner_ns.append(0)
        began_ns = time.perf_counter_ns()
        try:
            yield
        finally:
            inner_ns = self._inner_ns[-1]
            own_ns = time.perf_counter_ns() - began_ns - inner_ns
            if stage in self._slow:
                own_ns += _wait(own_ns * (self._slow[stage] - 1.0))
            self._inner_ns.pop()
            self._inner_ns[-1] += own_ns + inner_ns
            self.taken_ns[stage] = self.taken_ns.get(stage, 0) + own_ns

    def take(self) -> dict[str, int]:
        """The durations of the step that has just ended, in ns; the next one begins."""
        taken, self.taken_ns = self.taken_ns, {}
        return taken

    def hooks(self, *places: tuple[type, str, str]) -> AbstractContextManager[None]:
        """Time methods, given as (class, method, stage), for the length of the block."""
        return _hooked(self, places)


@contextmanager
def _hooked(stages: Stages, places: tuple[tuple[type, str, str], ...]) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, stage in places:
            plain = getattr(owner, name)
            setattr(owner, name, _timed(plain, stage, stages))
            stack.callback(setattr, owner, name, plain)
        yield


def _timed(plain: Callable[..., Any], stage: str, stages: Stages) -> Callable[..., Any]:
    def timed(*args: object, **kwargs: object) -> object:
        with stages.timing(stage):
            return plain(*args, **kwargs)

    return timed


def _wait(nanoseconds: float) -> int:
    """Keep the processor busy, as slower code would; what it took."""
    began_ns = time.perf_counter_ns()
    while time.perf_counter_ns() - began_ns < nanoseconds:
        pass
    return time.perf_counter_ns() - began_ns
