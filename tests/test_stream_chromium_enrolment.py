"""A real browser at the real command: whoever its webcam shows becomes a portrait that is saved."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.faces.mesh_tracker import MeshTracker
from stream.files.portrait_reader import load_portrait
from tests.chromium import BUNDLED, MEDIA, browser, camera_file, picture_of, serving

pytestmark = pytest.mark.slow

REAL = MEDIA / "driving" / "d5.mp4"
CLIP = REAL if REAL.exists() else BUNDLED
PATIENCE_S = 7.0
"""The clip runs again after six seconds: what it does not show by then, it does not show."""

SHOWN = """(video) => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas.toDataURL('image/jpeg', 0.9);
}"""


def follow(page: Any, least: int) -> list[str]:  # noqa: ANN401 (playwright's page)
    """Let the clip do what it does until so much is ticked, and skip the rest; what is ticked."""
    asked, since_s = "", time.monotonic()
    while True:
        done = page.locator("#guide-prompts [data-state=done]").all_inner_texts()
        now = page.locator("#guide-prompt").inner_text()
        if len(done) >= least or now == "That is all":
            return [each.split("\n")[0] for each in done]
        if now != asked:
            asked, since_s = now, time.monotonic()
        elif done and time.monotonic() - since_s > PATIENCE_S:
            page.get_by_test_id("guide-skip").click()
        assert time.monotonic() - since_s < 60.0, f"{asked} was neither ticked nor skipped"
        page.wait_for_timeout(100)


def test_the_guide_ends_with_a_portrait_on_show_and_in_a_file(tmp_path: Path) -> None:
    camera = camera_file(tmp_path, CLIP)
    with serving("--size", "256") as address, browser(camera) as chromium:
        page = chromium.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.get_by_test_id("guide-open").click()
        page.get_by_test_id("guide-begin").click()
        page.locator("#guide [data-step=film]").wait_for(timeout=60_000)
        done = follow(page, least=2)
        assert "Face at rest" in done
        assert len(done) >= 2, done
        page.get_by_test_id("guide-finish").click()
        page.locator("#guide [data-step=done]").wait_for(timeout=60_000)
        with page.expect_download() as saving:
            page.get_by_test_id("guide-save").click()
        assert saving.value.suggested_filename == "Me.portrait"
        saving.value.save_as(tmp_path / "me.portrait")
        # On show at once, live: the person of the clip, and no more whoever was there before.
        output = page.get_by_test_id("output")
        page.wait_for_timeout(1000)  # the swap is on its way to the browser
        shown = picture_of(output.evaluate(SHOWN))
        assert page.locator("[data-portrait][aria-pressed=true]").inner_text().startswith("Me")
        # And it can be brought again.
        page.locator("#guide-done").click()
        page.get_by_test_id("portrait-file").set_input_files(tmp_path / "me.portrait")
        page.locator("#portraits .forget").nth(1).wait_for(timeout=30_000)
        page.locator("[data-portrait][aria-pressed=false] + .forget").wait_for()
        page.locator("[data-portrait][aria-pressed=true] + .forget").wait_for()
        assert page.get_by_test_id("portrait-save").is_visible()
        assert errors == []
    kept = load_portrait(tmp_path / "me.portrait")
    assert kept.picture.shape == (480, 480, 3)
    assert "mouth" in {each.part for each in kept.appearances}
    for picture in (kept.picture, shown):
        assert MeshTracker().find(picture) is not None
    # A square around the face of what was kept has the colours of what is shown.
    apart = kept.picture.mean(axis=(0, 1)) - shown.mean(axis=(0, 1))
    assert np.abs(apart).max() < 40.0, apart
