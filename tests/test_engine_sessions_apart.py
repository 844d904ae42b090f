"""Two people who share a model get what each would get alone: of every family and runtime here.

Both step at once, in threads of their own, as sessions of a server do: `benchmarks.apart` says how,
and runs for a hundred thousand pictures.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from benchmarks.apart import Enrolled, Found, Seen, apart, enrolled, film, is_apart, stamped, whose
from engine.faces.face import Face
from engine.frame import Pixels
from engine.model import Model, Portrait
from engine.runtimes.registry import ON_CPU
from stream.cli.factories import load_model

PICTURES = 34
"""Of both together, for each family and runtime: nine of them are 300 pictures."""

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _a_thread_for_each() -> Iterator[None]:
    """Two people at once have two threads; torch's own would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def driven() -> list[Seen]:
    return film()


@pytest.fixture(scope="module")
def portraits() -> list[Enrolled]:
    return enrolled(2)


@pytest.fixture(scope="module")
def coded() -> list[Enrolled]:
    return enrolled(2, with_code=True)


@pytest.mark.parametrize("backend", ON_CPU)
def test_the_rig(backend: str, coded: list[Enrolled], driven: list[Seen]) -> None:
    model = load_model("rig", backend=backend)
    found = apart(model, model, coded, driven, pictures=PICTURES, has_code=True)
    assert is_apart(found), found


@pytest.mark.parametrize("backend", ON_CPU)
@pytest.mark.parametrize("family", ["dpe", "pdfgc"])
def test_a_bundle(
    family: str,
    backend: str,
    portraits: list[Enrolled],
    driven: list[Seen],
    request: pytest.FixtureRequest,
) -> None:
    folder: Path = request.getfixturevalue(f"{family}_bundle")
    model = load_model(str(folder), backend=backend)
    found = apart(model, model, portraits, driven, pictures=PICTURES)
    assert is_apart(found), found


def test_a_model_that_mixes_people_up_is_caught(coded: list[Enrolled], driven: list[Seen]) -> None:
    """The control: everybody gets whoever was enrolled last."""
    model = load_model("rig", refine="off")
    found = apart(cast(Model[Any], Mixed(model)), model, coded, driven, pictures=8, has_code=True)
    assert not is_apart(found)
    assert found.foreign == 4
    others = Found(pictures=8, different=1)
    assert not is_apart(others)


def test_a_bar_code_is_read_as_its_own() -> None:
    nobody = np.full((64, 64, 3), 90, np.uint8)
    assert [whose(stamped(nobody, owner)) for owner in range(16)] == list(range(16))
    assert whose(nobody) is None


class Mixed:
    """The rig, and one place for a portrait that all sessions share."""

    def __init__(self, rig: Model[Any]) -> None:
        self._rig = rig
        self._last: Portrait[Any] | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._rig, name)

    def enroll(self, picture: Pixels, face: Face) -> Portrait[Any]:
        made = self._rig.enroll(picture, face)
        if self._last is None:
            self._last = made
        return self._last
