"""Expressions with a name."""

from pathlib import Path

import pytest

from engine.errors import InputError
from engine.motion import ARKIT_NAMES
from stream.edit.keys import Range, read_keys
from stream.edit.presets import PRESETS, sliders_of


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_sliders_and_half_of_it_is_half_of_them(name: str) -> None:
    whole, half = sliders_of(name), sliders_of(f"{name}=0.5")
    assert set(whole) <= set(ARKIT_NAMES)
    assert all(0.0 < value <= 1.0 for value in whole.values())
    assert half == pytest.approx({each: value / 2 for each, value in whole.items()})


@pytest.mark.parametrize("text", ["", "nice", "smile=", "smile=x", "smile=-0.1", "smile=nan"])
def test_what_is_no_preset_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        sliders_of(text)


def test_a_file_of_keys_takes_one_by_name(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"drivers": [{"preset": "smile=0.5", "from": 1, "to": 3}]}')
    (driver,) = read_keys(path, {}, Range()).drivers
    assert driver.source is None
    assert driver.sliders == sliders_of("smile=0.5")
