"""An edit fades where its face is lost within a shot, and nowhere else."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.faces.brow_strip import BrowStrip
from stream.edit.keys import FADE_S
from stream.edit.presence import presence

RATE = 25.0
COUNT = 100


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A track without landmarks."""

    seen: NDArray[np.bool_]
    shots: NDArray[np.int64]
    size: tuple[int, int] = (8, 8)

    @property
    def times_s(self) -> NDArray[np.float64]:
        return np.arange(COUNT) / RATE

    def landmarks(self, begin: int, end: int) -> NDArray[np.float32]:
        raise AssertionError((begin, end))

    def brows(self, begin: int, end: int) -> list[BrowStrip | None]:
        raise AssertionError((begin, end))


def shares(seen: NDArray[np.bool_], cut: int = COUNT, looked: int = COUNT) -> NDArray[np.float64]:
    shots = (np.arange(COUNT) >= cut).astype(np.int64)
    at = presence(Seen(seen=seen, shots=shots), np.arange(COUNT) < looked)
    return np.array([at(index / RATE) for index in range(COUNT)])


def test_a_face_that_leaves_and_comes_back_is_edited_less_and_less_on_either_side() -> None:
    seen = np.ones(COUNT, np.bool_)
    seen[40:60] = False
    found = shares(seen)
    away = np.maximum(np.maximum(39 + 1 - np.arange(COUNT), np.arange(COUNT) - 59), 0) / RATE
    assert found[away >= FADE_S] == pytest.approx(1.0)
    assert np.all(np.diff(found[:40]) <= 0.0)
    assert np.all(np.diff(found[60:]) >= 0.0)
    assert found[40:60] == pytest.approx(0.0)
    assert np.abs(np.diff(found)).max() < 0.25


def test_a_cut_needs_no_fade_and_neither_does_the_films_end() -> None:
    seen = np.arange(COUNT) < 50
    assert shares(seen, cut=50) == pytest.approx(seen.astype(float))
    assert shares(np.ones(COUNT, np.bool_)) == pytest.approx(1.0)


def test_where_nobody_looked_the_face_is_not_lost() -> None:
    seen = np.arange(COUNT) < 50
    assert shares(seen, looked=50) == pytest.approx(seen.astype(float))
