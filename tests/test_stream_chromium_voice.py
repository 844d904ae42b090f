"""The page's hand-over: a hand before the mouth in the webcam's clip, a voice at the microphone."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.faces.mesh_tracker import MeshTracker
from stream.files.clips import Clip
from tests.chromium import BUNDLED, browser, serving
from tests.covering import covered
from tests.speech_here import voiced, write_wav

pytestmark = pytest.mark.slow

FRAMES, COVERED = 240, range(60, 180)
"""Of eight seconds, and of the four in which the hand is there."""


def camera_with_hand(folder: Path) -> Path:
    path, tracker = folder / "hand.mjpeg", MeshTracker()
    with path.open("wb") as written:
        for number, frame in enumerate(islice(Clip(BUNDLED).frames(), FRAMES)):
            picture = frame.pixels
            face = tracker.find(picture, frame.captured_ns)
            if number in COVERED and face is not None:
                picture = covered(picture, face)
            Image.fromarray(picture).save(written, "JPEG", quality=90)
    return path


NOTE_HAS = "(words) => document.querySelector('#hud-note').textContent.includes(words)"
NOTE_HAS_NOT = "(words) => !document.querySelector('#hud-note').textContent.includes(words)"
LIP_CHANGES = """async () => {
  const video = document.querySelector('[data-testid=output]');
  const canvas = document.createElement('canvas');
  const [width, height] = [video.videoWidth, video.videoHeight];
  [canvas.width, canvas.height] = [width / 4, height / 5];
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const grab = () => { context.drawImage(video, -width * 0.375, -height * 0.55);
    return context.getImageData(0, 0, canvas.width, canvas.height).data.slice(); };
  await new Promise((done) => setTimeout(done, 400));  // the fade from the driver's lips is over
  const least = grab(), most = least.slice();
  for (let tries = 0; tries < 12; tries++) {
    await new Promise((done) => setTimeout(done, 50));
    grab().forEach((value, place) => {
      least[place] = Math.min(least[place], value);
      most[place] = Math.max(most[place], value);
    });
  }
  return most.filter((value, place) => value - least[place] > 60).length;
}"""
"""How many values change by much in the middle of the picture's lower half, where a frozen head has
its mouth."""
MOVING = 400
"""Values: with a voice 900 changed, with a microphone that is silent 60 to 170, by the cheeks."""


def test_the_microphone_takes_the_lips_over_behind_a_hand_and_gives_them_back(
    tmp_path: Path,
) -> None:
    camera = camera_with_hand(tmp_path)
    sound = write_wav(tmp_path / "voice.wav", np.tile(voiced(2.0), 5))
    microphone = f"--use-file-for-fake-audio-capture={sound}"
    with serving("--size", "256") as address, browser(camera, microphone) as chromium:
        page = chromium.new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        page.keyboard.press("m")
        page.keyboard.press("l")
        page.keyboard.press("i")
        page.get_by_test_id("start").click()
        page.wait_for_function(NOTE_HAS, arg="Lips: by voice")
        page.wait_for_function(NOTE_HAS_NOT, arg="Lips: by voice")
        page.keyboard.press("h")
        page.wait_for_function(NOTE_HAS, arg="Lips: by voice")
        assert page.evaluate(LIP_CHANGES) > MOVING
        page.wait_for_function(NOTE_HAS_NOT, arg="Lips: by voice")
        page.keyboard.press("l")
        assert page.locator("[data-setting=voice_lips]").is_checked() is False
