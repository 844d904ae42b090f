"""How a long job tells somebody how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Hears how the work goes on: the frames of a clip, the steps of a build."""

    def begin(self, task: str, total: int | None) -> None:
        """A part of the work begins; `total` steps are expected, None where nobody knows."""
        ...

    def advance(self) -> None:
        """One more step is done."""
        ...


class Silence:
    """Hears nothing."""

    def begin(self, task: str, total: int | None) -> None:
        """A part of the work begins."""

    def advance(self) -> None:
        """One more step is done."""
