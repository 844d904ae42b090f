"""The listener's teacher: lessons that repeat, a network whose twin in NumPy says the same."""

import json
import random
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.speech.espeak import Manner, espeak
from engine.speech.features import SILENT
from engine.speech.listener import LOOK_AHEAD, TRACTS, load_weights, parse_weights, said_of
from engine.speech.visemes import CLOSED, SILENCE, VISEMES, shares
from tests.speech_here import RATE, needs_voices, voiced
from training.speech import rooms, run, sentences, vocal_tracts, word_salad
from training.speech.learn import WARM, Network, Recipe, _warped, learn
from training.speech.lessons import Lessons, clip, sentence
from training.speech.measure import scores
from training.speech.other_sounds import ALONE
from training.speech.voices import ACCENTS, CASTS, Text, voices

TINY = Recipe(width=8, steps=12, batch=4, span=224)


def made_lessons(frames: int = 3000) -> Lessons:
    """A band that is loud in each viseme of its own."""
    draw = np.random.default_rng(0)
    visemes = np.repeat(draw.integers(0, 16, frames // 10), 10).astype(np.uint8)
    features = draw.normal(-6.0, 0.3, (frames, 40)).astype(np.float16)
    features[np.arange(frames), 2 * visemes] += np.float16(5.0)
    return Lessons(features=features, visemes=visemes, lengths=np.array([frames]))


def test_the_network_in_torch_and_its_twin_in_numpy_say_the_same() -> None:
    torch.manual_seed(1)
    network = Network(24)
    features = np.random.default_rng(2).normal(-6.0, 2.0, (120, 40)).astype(np.float32)
    mean, spread = features.mean(axis=0), features.std(axis=0)
    weights = parse_weights(run.packed(network.arrays(mean, spread)))
    still = np.full((WARM, features.shape[1]), SILENT, np.float32)  # before a stream begins
    known = np.repeat(np.concatenate([still, features])[None], len(TRACTS), axis=0)
    seen = (_warped(known, np.array(TRACTS)) - mean) / spread
    with torch.no_grad():
        said = torch.softmax(network(torch.from_numpy(seen).transpose(1, 2)), dim=1)
    wanted = said.mean(dim=0).T.numpy()[WARM:]
    np.testing.assert_allclose(said_of(features, weights), wanted, atol=1e-5)


def test_it_learns_and_the_same_lessons_give_the_same_weights() -> None:
    lessons, recipe = made_lessons(), Recipe(width=16, steps=60, batch=8, span=224)
    torch.set_num_threads(1)
    first, again = (learn(lessons, recipe, lambda step, loss: None) for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])
    found = run.measured({name: a.astype(np.float16) for name, a in first.items()}, lessons)
    assert found.right > 0.2  # chance is a sixteenth


def test_what_is_written_can_be_read_and_says_what_it_is(tmp_path: Path) -> None:
    arrays = learn(made_lessons(), TINY, lambda step, loss: None)
    asked = run.Run(folder=tmp_path, minutes=1.0, recipe=TINY)
    found = {"test": run.measured(arrays, made_lessons())}
    run.write(arrays, tmp_path / "listener.npz", asked, found)  # type: ignore[arg-type]
    parse_weights((tmp_path / "listener.npz").read_bytes())
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["recipe"]["width"] == 8
    assert set(manifest["measured"]["test"]) == {"right", "spoken_right", "found", "false"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["listener.npz", "manifest.json"]


def test_closures_are_counted_within_thirty_milliseconds() -> None:
    said = np.full(100, SILENCE)
    said[20:26] = said[60:66] = CLOSED
    heard = np.full(100, SILENCE)
    heard[28:30] = heard[80:82] = CLOSED
    found = scores(shares(heard), said)
    assert (found.found, found.false) == (0.5, 0.5)
    assert scores(shares(said), said).right == 1.0


def test_no_voice_is_learned_from_and_measured_on() -> None:
    casts = [set(variants) | set(flite) for variants, flite in CASTS.values()]
    for first, second in combinations(casts, 2):
        assert not first & second


@needs_voices
def test_every_variant_is_a_voice_of_its_own(tmp_path: Path) -> None:
    """espeak-ng speaks with its plain voice, without a word, where it does not find a variant."""
    tracts = vocal_tracts.Tracts(tmp_path)
    data = tmp_path / "espeak-ng-data" / "voices" / "!v"
    found = {path.name for path in data.iterdir()}
    for variants, _ in CASTS.values():
        assert set(filter(None, variants)) <= found
    with espeak(tracts.folder) as speaker:
        plain = speaker.say("Papa", Manner(voice="en-us")).samples
        drawn = [
            speaker.say("Papa", Manner(voice=f"en-us+{tracts.draw(random.Random(seed))}")).samples
            for seed in range(4)
        ]
        for first, second in combinations([plain, *drawn], 2):
            assert first.shape != second.shape or np.any(first != second)
        for language in (*sentences.LANGUAGES, *ACCENTS):
            assert len(speaker.say("Papa", Manner(voice=f"{language}+{vocal_tracts.NAME}")).samples)


def test_an_own_voice_is_the_same_every_time_and_none_is_like_another() -> None:
    made = [vocal_tracts.variant("tract", random.Random(seed)) for seed in range(90)]
    again = [vocal_tracts.variant("tract", random.Random(seed)) for seed in range(90)]
    assert made == again
    assert len(set(made)) == len(made)


def test_words_without_sense_hardly_repeat() -> None:
    choose = random.Random(0)
    for said in (word_salad.words, word_salad.plain_words):
        assert len({said(choose) for _ in range(300)}) > 295


def test_pressed_sound_is_more_even_and_no_louder_than_it_was() -> None:
    sound = np.concatenate([voiced(1.0, loud=0.01), voiced(1.0, loud=0.1)])
    pressed = rooms.pressed(sound, np.random.default_rng(0))
    ratio = [np.std(each[RATE:]) / np.std(each[:RATE]) for each in (sound, pressed)]
    assert ratio[1] < 0.7 * ratio[0]
    assert np.abs(pressed).max() <= 1.0


def test_sentences_hardly_repeat_and_languages_are_many() -> None:
    choose = random.Random(0)
    said = [sentences.english(choose) for _ in range(300)]
    assert len(set(said)) > 270
    assert len(sentences.LANGUAGES) >= 8
    assert all(sentences.foreign(language, choose) for language in sentences.LANGUAGES)


def test_a_call_keeps_the_time_of_the_sound() -> None:
    sound = voiced(1.0)
    heard = rooms.by_opus(sound, 24_000)
    assert heard.shape == sound.shape
    lags = range(-80, 81)
    agree = [np.corrcoef(np.roll(heard, lag)[500:-500], sound[500:-500])[0, 1] for lag in lags]
    assert abs(lags[int(np.argmax(agree))]) < 16


def test_other_sounds_are_as_loud_as_they_say() -> None:
    for kind in ALONE:
        sound = kind(RATE, np.random.default_rng(1))
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(1.0, abs=0.01)


@needs_voices
def test_a_seed_gives_the_same_sentence_and_its_visemes_lie_on_its_sound() -> None:
    with voices("test") as first, voices("test") as second:
        for seed in (3, 4):
            sound, said = sentence(first, seed)
            other, again = sentence(second, seed)
            np.testing.assert_array_equal(sound, other)
            np.testing.assert_array_equal(said, again)
            assert len(sound) == len(said) * 160
            assert len(set(said.tolist())) > 5


@needs_voices
def test_a_cast_says_what_it_is_asked_to() -> None:
    """Each text has sounds of its own, whoever says it."""
    texts: tuple[Text, ...] = ("sentences", "words", "prose")
    said = []
    for text in texts:
        with voices("choose", text) as speakers:
            said.append(sentence(speakers, 5)[1])
    for first, second in combinations(said, 2):
        assert first.shape != second.shape or np.any(first != second)


@needs_voices
@pytest.mark.slow
def test_what_ships_hears_a_clip_of_unseen_voices() -> None:
    from engine.speech.features import Features

    with voices("test") as speakers:
        sound, said = clip(speakers, 2_000_001)
    heard = said_of(Features().hear(sound), load_weights())[LOOK_AHEAD:]
    found = scores(heard, said[: len(heard)])
    assert heard.shape[1] == len(VISEMES)
    assert found.right > 0.5
    assert found.found > 0.4
