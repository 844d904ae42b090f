"""The page is opened where there is a desktop, and nowhere else."""

from threading import Event

import pytest

from stream.cli.browser import has_desktop, open_page


@pytest.mark.parametrize(
    ("system", "environment", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_only_a_desktop_has_windows(
    system: str, environment: dict[str, str], expected: bool
) -> None:
    assert has_desktop(system, environment) is expected


def test_a_browser_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = [], Event()

    def opened(url: str) -> bool:
        asked.append(url)
        return go_on.wait(10)

    monkeypatch.setattr("stream.cli.browser.webbrowser.open", opened)
    monkeypatch.setenv("DISPLAY", ":0")
    assert open_page("http://127.0.0.1:1/#token=t")
    go_on.set()
    assert asked == ["http://127.0.0.1:1/#token=t"]


def test_without_a_desktop_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.cli.browser.has_desktop", lambda: False)
    monkeypatch.setattr("stream.cli.browser.webbrowser.open", lambda url: pytest.fail("opened"))
    assert not open_page("http://127.0.0.1:1/")
