"""WHIP's and WHEP's own clients in a real browser, against the real command."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import BUNDLED, browser, camera_file, serving
from tests.whip_whep import fetch

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-some-length"

PUBLISH = """async ([address, token]) => {
  const { WHIPClient } = await import('/whip-whep/whip.js');
  const peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
  const camera = await navigator.mediaDevices.getUserMedia({ video: true });
  for (const track of camera.getTracks()) peer.addTransceiver(track, { direction: 'sendonly' });
  const client = new WHIPClient();
  window.publisher = { peer, client };
  await client.publish(peer, address + 'whip', token);
}"""

VIEW = """async ([address, token]) => {
  const { WHEPClient } = await import('/whip-whep/whep.js');
  const peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' });
  peer.addTransceiver('video', { direction: 'recvonly' });
  peer.addTransceiver('audio', { direction: 'recvonly' });
  const client = new WHEPClient();
  window.viewer = { peer, client };
  const session = window.publisher.client.resourceURL.pathname.split('/').pop();
  await client.view(peer, address + 'whep/' + session, token);
}"""

DECODED = """async () => {
  for (const entry of (await window.viewer.peer.getStats()).values())
    if (entry.type === 'inbound-rtp' && entry.kind === 'video') return entry.framesDecoded ?? 0;
  return 0;
}"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return fetch(tmp_path_factory.mktemp("npm"))


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return camera_file(tmp_path_factory.mktemp("camera"), BUNDLED)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving("--size", "256", "--token", TOKEN) as url:
        yield url


def opened(chromium: Any, package: dict[str, str], address: str) -> tuple[Any, list[int]]:  # noqa: ANN401
    """A page of the server's own, with the package in it; and the answers to its PATCHes."""
    page, patched = chromium.new_page(), []

    def give(route: Any) -> None:  # noqa: ANN401 (playwright's)
        name = route.request.url.rpartition("/")[2]
        route.fulfill(body=package[name], content_type="text/javascript")

    def note(response: Any) -> None:  # noqa: ANN401
        if response.request.method == "PATCH":
            patched.append(response.status)

    page.route("**/whip-whep/*.js", give)
    page.on("response", note)
    page.goto(address)
    return page, patched


def test_the_packages_clients_publish_and_watch(
    package: dict[str, str], camera: Path, address: str
) -> None:
    """With trickled candidates; each ends with its DELETE, and the other side is closed."""
    with browser(camera) as chromium:
        page, patched = opened(chromium, package, address)
        page.evaluate(PUBLISH, [address, TOKEN])
        page.wait_for_function(
            "() => window.publisher.peer.connectionState === 'connected'", timeout=60_000
        )
        page.evaluate(VIEW, [address, TOKEN])
        page.wait_for_function(f"async () => (await ({DECODED})()) > 30", timeout=60_000)
        assert patched
        assert set(patched) == {204}
        resource = page.evaluate("() => window.viewer.client.resourceURL.href")
        page.evaluate("() => window.publisher.client.stop()")
        page.wait_for_function(
            "() => ['closed', 'failed', 'disconnected']"
            ".includes(window.viewer.peer.connectionState)",
            timeout=60_000,
        )
        gone = page.request.delete(resource, headers={"Authorization": f"Bearer {TOKEN}"})
        assert gone.status == 404  # the publisher took its session along, and all who watched


def test_a_restart_that_cannot_be_is_told_to_the_packages_client(
    package: dict[str, str], camera: Path, address: str
) -> None:
    with browser(camera) as chromium:
        page, patched = opened(chromium, package, address)
        page.evaluate(PUBLISH, [address, TOKEN])
        page.wait_for_function(
            "() => window.publisher.peer.connectionState === 'connected'", timeout=60_000
        )
        complaint = page.evaluate(
            "() => window.publisher.client.restart().then(() => null, (error) => error.message)"
        )
        assert complaint == "Request rejected with status 422"
        assert patched[-1] == 422
        page.evaluate("() => window.publisher.client.stop()")
