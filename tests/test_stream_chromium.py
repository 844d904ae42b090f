"""A real browser at the real command: its webcam moves the portrait that comes back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Pixels
from tests.chromium import (
    ROOT,
    browser,
    camera_file,
    picture_of,
    portrait_file,
    serving,
)

pytestmark = pytest.mark.slow

CALL = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({video: true});
  const peer = new RTCPeerConnection({iceServers: []});
  const [camera, output] = [document.createElement('video'), document.createElement('video')];
  for (const video of [camera, output]) {
    video.muted = true; document.body.append(video);
  }
  const show = (video, shown) => { video.srcObject = shown; video.play(); };
  show(camera, stream);
  peer.ontrack = (event) => show(output, new MediaStream([event.track]));
  peer.addTransceiver(stream.getVideoTracks()[0], {direction: 'sendrecv'});
  const channel = peer.createDataChannel('stats');
  window.call = {peer, camera, output, stats: null};
  channel.onmessage = (event) => { window.call.stats = JSON.parse(event.data); };
  await peer.setLocalDescription();
  await new Promise((done) => {
    peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
    if (peer.iceGatheringState === 'complete') done();
  });
  const response = await fetch('/api/sessions', {
    method: 'POST', headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({sdp: peer.localDescription.sdp, type: 'offer'})});
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  await peer.setRemoteDescription({type: 'answer', sdp: answer.sdp});
  return answer;
}"""

HANG_UP = """async (id) => {
  window.call.peer.close();
  await fetch(`/api/sessions/${id}`, {method: 'DELETE'});
}"""

DECODED = """async () => {
  for (const entry of (await window.call.peer.getStats()).values())
    if (entry.type === 'inbound-rtp' && entry.kind === 'video') return entry.framesDecoded ?? 0;
  return 0;
}"""

PAIRS = """async (count) => {
  const grab = (video) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext('2d').drawImage(video, 0, 0);
    return canvas.toDataURL('image/jpeg', 0.9);
  };
  const pairs = [];
  for (let index = 0; index < count; index++) {
    await new Promise((done) => setTimeout(done, 100));
    pairs.push([grab(window.call.camera), grab(window.call.output)]);
  }
  return pairs;
}"""


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return camera_file(tmp_path_factory.mktemp("camera"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    portrait = portrait_file()
    with serving("--portrait", str(portrait), "--size", "256", "--sessions", "2") as url:
        yield url


def decoded_above(page: Any, count: int) -> None:  # noqa: ANN401 (playwright's page)
    page.wait_for_function(f"async () => (await ({DECODED})()) > {count}", timeout=60_000)


def mouth_opening(pictures: list[Pixels]) -> np.ndarray:
    """The gap of the inner lips over the face's height, picture by picture."""
    tracker, gaps = MeshTracker(), []
    for picture in pictures:
        face = tracker.find(picture)
        assert face is not None
        points = face.landmarks[:, :2]
        gaps.append(
            np.linalg.norm(points[13] - points[14]) / np.linalg.norm(points[10] - points[152])
        )
    return np.array(gaps)


def test_the_portrait_opens_its_mouth_when_the_driver_does(address: str, camera: Path) -> None:
    with browser(camera) as chromium:
        page = chromium.new_page()
        page.goto(address)
        answer = page.evaluate(CALL)
        assert "H264" in answer["sdp"]
        assert "playout-delay" in answer["sdp"]
        decoded_above(page, 60)
        page.wait_for_function("() => window.call.output.currentTime > 0.5", timeout=60_000)
        pairs = page.evaluate(PAIRS, 48)
        drivers = mouth_opening([picture_of(pair[0]) for pair in pairs])
        portraits = mouth_opening([picture_of(pair[1]) for pair in pairs])
        # On a busy machine the portrait may be some samples late.
        found = [
            np.corrcoef(drivers[: len(drivers) - late], portraits[late:])[0, 1] for late in range(5)
        ]
        assert max(found) > 0.6, found
        assert np.ptp(portraits) > 0.3 * np.ptp(drivers)
        page.wait_for_function("() => window.call.stats?.face === true", timeout=20_000)
        page.evaluate(HANG_UP, answer["id"])


def test_two_tabs_have_a_session_each_and_a_killed_one_can_come_back(
    address: str, camera: Path
) -> None:
    with browser(camera) as chromium:
        pages = [chromium.new_page() for _ in range(2)]
        answers = []
        for page in pages:
            page.goto(address)
            answers.append(page.evaluate(CALL))
        assert answers[0]["id"] != answers[1]["id"]
        for page in pages:
            decoded_above(page, 30)
        gone = f"{address}api/sessions/{answers[0]['id']}"
        assert pages[0].request.delete(gone).status == 204
        pages[0].wait_for_function(
            "() => ['closed', 'failed', 'disconnected'].includes(window.call.peer.connectionState)",
            timeout=60_000,
        )
        answers[0] = pages[0].evaluate(CALL)
        decoded_above(pages[0], 30)
        for page, answer in zip(pages, answers, strict=True):
            page.evaluate(HANG_UP, answer["id"])


def test_a_swap_of_portraits_does_not_interrupt_the_pictures(address: str, camera: Path) -> None:
    with browser(camera) as chromium:
        page = chromium.new_page()
        page.goto(address)
        answer = page.evaluate(CALL)
        decoded_above(page, 30)
        place = f"{address}api/sessions/{answer['id']}"
        content = portrait_file().with_name("s8.jpg").read_bytes()
        added = page.request.post(
            f"{address}api/portraits",
            multipart={"file": {"name": "s8.jpg", "mimeType": "image/jpeg", "buffer": content}},
        ).json()
        before = page.evaluate(DECODED)
        changed = page.request.patch(place, data={"portrait": added["id"]})
        assert changed.json()["portrait"] == added["id"]
        held = {"freeze_pose": True, "gaze_to_camera": True}
        changed = page.request.patch(place, data=held)
        assert changed.ok
        assert held.items() <= changed.json()["settings"].items()
        # Making it ready took a while, and pictures went on coming meanwhile.
        assert page.evaluate(DECODED) > before
        decoded_above(page, page.evaluate(DECODED) + 10)
        page.evaluate(HANG_UP, answer["id"])


@pytest.mark.skipif(
    not (ROOT / "stream" / "page" / "index.html").exists(), reason="needs the page in stream/page"
)
def test_the_page_itself_shows_the_portrait_after_one_click(address: str, camera: Path) -> None:
    with browser(camera) as chromium:
        page = chromium.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.get_by_test_id("start").click()
        output = page.get_by_test_id("output")
        page.wait_for_function(
            "() => document.querySelector('[data-testid=output]').getVideoPlaybackQuality()"
            ".totalVideoFrames > 30",
            timeout=60_000,
        )
        assert output.evaluate("(video) => video.videoWidth") == 256
        assert errors == []
