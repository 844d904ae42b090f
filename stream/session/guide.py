"""Leads a person through the prompts of an enrolment: one after the other, each held for a moment.

Knows no picture and no thread; time comes in with the measures.
"""

from dataclasses import dataclass
from statistics import median

from engine.errors import InputError
from stream.session.prompts import PROMPTS, Measures, Prompt, nearness, straightness

HOLD_S = 0.35
"""How long a face does what is asked for before it counts: a face on its way to something else
passes through many."""
REACT_S = 0.6
"""So long a face goes on doing what was asked for before: nothing counts meanwhile."""
_LONGEST_STEP_S = 0.15
"""What a frame counts for at most, however long the one before is past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the guide is."""

    prompt: Prompt | None
    """What is asked for now; None where nothing is left that was not skipped."""
    nearness: float
    """0..1: how far the face has come to it."""
    done: tuple[Prompt, ...]
    skipped: tuple[Prompt, ...]

    @property
    def missing(self) -> tuple[Prompt, ...]:
        """What was not filmed yet."""
        return tuple(prompt for prompt in PROMPTS if prompt not in self.done)

    @property
    def has_enough(self) -> bool:
        """Whether a portrait can be made that shows more than one picture does."""
        return "straight" in self.done and len(self.done) > 1


class Guide:
    """Owned by one thread at a time."""

    def __init__(self) -> None:
        self.neutral: Measures | None = None
        """The person's own; all prompts but the first are measured from it."""
        self._prompt: Prompt | None = PROMPTS[0]
        self._nearness = 0.0
        self._done: set[Prompt] = set()
        self._skipped: set[Prompt] = set()
        self._held: list[Measures] = []
        self._held_s = 0.0
        self._asked_s = 0.0
        self._seen_ns: int | None = None
        self._straightest: Measures | None = None

    @property
    def standing(self) -> Standing:
        """As it is now."""
        return Standing(
            prompt=self._prompt,
            nearness=round(self._nearness, 2),
            done=tuple(prompt for prompt in PROMPTS if prompt in self._done),
            skipped=tuple(prompt for prompt in PROMPTS if prompt in self._skipped),
        )

    def see(self, now: Measures, captured_ns: int) -> None:
        """The next good frame; what is asked for is ticked once it was held."""
        elapsed_s = 0.0 if self._seen_ns is None else max(captured_ns - self._seen_ns, 0) / 1e9
        self._seen_ns = captured_ns
        if self.neutral is None and (
            self._straightest is None or straightness(now) > straightness(self._straightest)
        ):
            self._straightest = now
        if self._prompt is None:
            return
        self._nearness = self._near(self._prompt, now)
        step_s = min(elapsed_s, _LONGEST_STEP_S)
        self._asked_s += step_s
        if self._asked_s < REACT_S:
            return
        if self._nearness < 1.0:
            self._held_s = max(self._held_s - step_s, 0.0)
            return
        self._held_s += step_s
        self._held.append(now)
        if self._held_s >= HOLD_S:
            self._tick(self._prompt)

    def miss(self) -> None:
        """A frame that cannot be used: nothing is near."""
        self._nearness = 0.0

    def skip(self, prompt: Prompt) -> None:
        """Ask for the next one; nothing where this one is not asked for any more.

        Raises:
            InputError: the first, and no face was seen that could stand for it.
        """
        if prompt != self._prompt:
            return
        if prompt == "straight":
            if self._straightest is None:
                raise InputError(
                    "no face has been seen yet to compare the others with: come into the picture"
                )
            self._held = [self._straightest]
            self._tick(prompt)
            return
        self._skipped.add(prompt)
        self._ask_for(self._next())

    def ask(self, prompt: Prompt) -> None:
        """Ask for this one, which was skipped or comes later.

        Raises:
            InputError: the first is still to be done.
        """
        if self.neutral is None and prompt != "straight":
            raise InputError("look straight ahead first: the others are compared with that")
        if prompt not in self._done:
            self._skipped.discard(prompt)
            self._ask_for(prompt)

    def _near(self, prompt: Prompt, now: Measures) -> float:
        return straightness(now) if self.neutral is None else nearness(prompt, now, self.neutral)

    def _tick(self, prompt: Prompt) -> None:
        if self.neutral is None:
            self.neutral = _middle(self._held)
        self._done.add(prompt)
        self._skipped.discard(prompt)
        self._ask_for(self._next())

    def _next(self) -> Prompt | None:
        open_ = [each for each in PROMPTS if each not in self._done | self._skipped]
        return open_[0] if open_ else None

    def _ask_for(self, prompt: Prompt | None) -> None:
        self._prompt, self._nearness = prompt, 0.0
        self._held, self._held_s, self._asked_s = [], 0.0, 0.0


def _middle(held: list[Measures]) -> Measures:
    """Each measure's median."""
    names = Measures.__slots__
    return Measures(**{name: median(getattr(each, name) for each in held) for name in names})
