"""espeak-ng as a program of its own: exact phoneme times, and messages where it is missing."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import InputError, MachineError
from engine.speech import espeak as module
from engine.speech.espeak import Manner, espeak
from tests.speech_here import needs_espeak, spoken

_TEXTS = (("One.", "en-us"), ("Zwei.", "de"), ("Trois.", "fr-fr"), ("One.", "en-us"))


@needs_espeak
def test_phonemes_come_with_the_sound_and_within_it() -> None:
    said = spoken("Papa may have more.")
    starts = [phoneme.start_s for phoneme in said.phonemes]
    assert starts == sorted(starts)
    assert starts[0] == 0.0
    assert starts[-1] <= float(said.length_s)
    assert [each.name for each in said.phonemes].count("p") == 2


@needs_espeak
def test_a_phoneme_is_where_its_sound_is() -> None:
    """The hiss of an s is loud in high bands from its own start on."""
    said = spoken("a sea")
    start_s = next(each.start_s for each in said.phonemes if each.name == "s")
    high = np.abs(np.diff(said.samples, prepend=0.0))

    def hiss(begin_s: float) -> float:
        begin = round(begin_s * said.rate_hz)
        return float(high[begin : begin + said.rate_hz // 50].mean())

    assert hiss(start_s + 0.04) > 2.0 * hiss(start_s - 0.05)


@needs_espeak
def test_the_same_text_is_the_same_sound() -> None:
    first, again = spoken("One, two."), spoken("One, two.")
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.phonemes == again.phonemes


@needs_espeak
def test_one_program_says_many_texts_each_from_its_own_beginning() -> None:
    with espeak() as speaker:
        said = [speaker.say(text, Manner(voice=voice)) for text, voice in _TEXTS]
    for each in said:
        assert 0.3 < float(each.length_s) < 2.0
        assert each.phonemes[-1].start_s <= float(each.length_s)


@needs_espeak
def test_a_voice_that_is_not_there_and_a_text_without_words_are_refused() -> None:
    with espeak() as speaker:
        with pytest.raises(InputError, match=r"no voice 'xx-nobody'.*espeak-ng --voices"):
            speaker.say("Hello", Manner(voice="xx-nobody"))
        with pytest.raises(InputError, match="nothing to say"):
            speaker.say("", Manner())


@pytest.mark.parametrize(
    ("ends", "message"), [(3, "not installed.*apt-get install espeak-ng"), (1, "ended without")]
)
def test_a_machine_without_it_hears_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: int, message: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"import sys; sys.exit({ends})")
    monkeypatch.setattr(module, "_PROGRAM", program)
    with espeak() as speaker, pytest.raises(MachineError, match=message):
        speaker.say("Hello", Manner())
