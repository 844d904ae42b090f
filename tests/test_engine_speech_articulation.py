"""Visemes become the movement of a mouth, and phonemes visemes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.motion import ARKIT_NAMES
from engine.speech.articulation import CURVES, JAW, LEAD_S, Articulation, articulate
from engine.speech.track import LipTrack
from engine.speech.visemes import VISEMES, Phoneme, labels, of_arpabet, of_ipa, shares


def mouth_of(*parts: tuple[str, int]) -> NDArray[np.float32]:
    """Shares of visemes, each for so many frames."""
    return shares(np.concatenate([np.full(n, VISEMES.index(name)) for name, n in parts]))


def test_every_curve_is_named_as_arkit_names_it() -> None:
    assert {name for names in CURVES for name in names} <= set(ARKIT_NAMES)


def test_pieces_give_the_curves_of_the_whole() -> None:
    random = np.random.default_rng(0)
    heard = random.dirichlet(np.ones(len(VISEMES)), 300).astype(np.float32)
    whole = articulate(heard)
    pieces = Articulation()
    parts = [pieces.follow(part) for part in np.split(heard, [1, 2, 9, 100])] + [pieces.finish()]
    np.testing.assert_allclose(np.concatenate([p.curves for p in parts]), whole.curves, atol=1e-5)
    np.testing.assert_allclose(np.concatenate([p.contact for p in parts]), whole.contact, atol=1e-5)
    assert whole.curves.shape == (300, len(CURVES))


def test_lips_meet_at_a_closure_however_open_its_neighbours_are() -> None:
    mouth = articulate(mouth_of(("aa", 20), ("PP", 7), ("aa", 20)))
    assert mouth.contact[23] == 1.0
    assert mouth.curves[23, JAW] < 0.1
    assert mouth.curves[10, JAW] > 0.2
    assert mouth.contact[[5, 40]].max() < 0.05


def test_neighbours_flow_into_each_other() -> None:
    jaw = articulate(mouth_of(("sil", 30), ("aa", 20), ("sil", 30))).curves[:, JAW]
    assert np.abs(np.diff(jaw)).max() < 0.09  # of 0.26: it takes 30 ms and more
    assert 0.0 < jaw[28] < jaw[31] < jaw[40]


def test_rounded_lips_let_go_more_slowly_than_the_jaw() -> None:
    funnel = CURVES.index(("mouthFunnel",))
    mouth = articulate(mouth_of(("kk", 20), ("O", 20), ("kk", 30))).curves
    height, rest = mouth[35, [JAW, funnel]], mouth[60, [JAW, funnel]]
    assert (height - rest > 0.09).all()
    of_jaw, of_funnel = (mouth[44, [JAW, funnel]] - rest) / (height - rest)
    assert of_jaw < 0.2 < of_funnel


def test_silence_closes_the_mouth_altogether() -> None:
    mouth = articulate(mouth_of(("sil", 40)))
    assert mouth.curves.max() == 0.0
    assert mouth.contact.max() == 0.0


def test_a_mouth_that_is_hardly_sure_of_speech_hardly_moves() -> None:
    heard = np.float32(0.8) * mouth_of(("sil", 40)) + np.float32(0.2) * mouth_of(("aa", 40))
    assert articulate(heard).curves[20, JAW] < 0.05


def test_a_louder_voice_opens_the_mouth_wider_and_closes_it_no_less() -> None:
    heard = mouth_of(("sil", 20), ("aa", 20), ("PP", 7), ("aa", 20))
    loud, soft = (articulate(heard, np.full(67, level, np.float32)) for level in (-0.2, -4.0))
    assert loud.curves[30, JAW] > 2.0 * soft.curves[30, JAW] > 0.0
    np.testing.assert_array_equal(loud.contact, soft.contact)
    assert loud.curves[:5].max() == 0.0


def test_a_track_leads_its_sound_and_is_closed_beyond_it() -> None:
    track = LipTrack(articulate(mouth_of(("sil", 50), ("aa", 20), ("sil", 30))))
    begin_ns = 7_000_000_000
    track.at(begin_ns)
    opens = [track.at(begin_ns + ms * 1_000_000).arkit.get("jawOpen", 0.0) for ms in range(1200)]
    middle_s = np.average(np.arange(1200), weights=opens) / 1000
    assert middle_s == pytest.approx(0.6 - LEAD_S, abs=0.01)
    assert opens[-1] == 0.0
    track.restart()
    assert track.at(99).arkit.get("jawOpen", 0.0) == pytest.approx(opens[0])


def test_phonemes_become_visemes_at_their_times() -> None:
    said = [Phoneme(0.1, "p"), Phoneme(0.2, "aɪ"), Phoneme(0.4, "")]
    names = [VISEMES[place] for place in labels(said, 50)]
    assert names[:10] == ["sil"] * 10
    assert names[10:20] == ["PP"] * 10
    assert names[20:30] == ["aa"] * 10
    assert names[30:40] == ["I"] * 10
    assert names[40:] == ["sil"] * 10


@pytest.mark.parametrize(
    ("name", "visemes"),
    [("iː", ("I",)), ("ɛ̃", ("E",)), ("tʃ", ("CH",)), ("", ("sil",)), ("ɐ̃ʊ̃", ("aa", "U")),
     ("ʲ", ("kk",)), ("☃", ("ax",))],
)  # fmt: skip
def test_ipa_is_read(name: str, visemes: tuple[str, ...]) -> None:
    assert of_ipa(name) == visemes


def test_arpabet_is_read() -> None:
    assert [of_arpabet(name) for name in ("m", "ow", "pau", "zzz")] == [
        ("PP",), ("O", "U"), ("sil",), ("ax",),
    ]  # fmt: skip
