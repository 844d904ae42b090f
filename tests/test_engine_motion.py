"""Edits refuse what cannot be meant."""

import pytest

from engine.motion import ARKIT_NAMES, Edit


def test_there_are_52_arkit_names_each_once() -> None:
    assert len(set(ARKIT_NAMES)) == 52


def test_a_name_without_gain_has_gain_one() -> None:
    edit = Edit(gains={"lips": 1.5})
    assert (edit.gain("lips"), edit.gain("jawOpen")) == (1.5, 1.0)


@pytest.mark.parametrize("gains", [{"lip": 1.0}, {"lips": -0.1}, {"lips": 9.0}])
def test_an_edit_that_cannot_be_meant_is_refused(gains: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(gains))):
        Edit(gains=gains)
