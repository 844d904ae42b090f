"""What is slow to make, made once for the whole run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import engine  # noqa: F401 (first of all: no test's own `import openvino` tells anybody)


@pytest.fixture(autouse=True)
def _no_bundled_portraits_for_fake_trackers(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server's tests give it a drawn disc for a face; the bundled portraits have none."""
    if request.path.name.startswith("test_stream_server"):
        monkeypatch.setattr("stream.server.portrait_list.ASSETS", tmp_path / "no assets")


@pytest.fixture(autouse=True)
def _recordings_of_a_test_are_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server takes over what an earlier one left unsaved, and says so."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture(scope="session", autouse=True)
def _recordings_of_tests_stay_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Servers that several tests share keep recordings apart from the user's, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session")
def dpe_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small DPE with seeded weights, in a file as its authors publish theirs."""
    from benchmarks.seeded_weights import write_checkpoint

    return write_checkpoint(tmp_path_factory.mktemp("checkpoint") / "dpe.pt")


@pytest.fixture(scope="session")
def dpe_import(dpe_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What `understudy import` makes of it: the bundle, and what it says."""
    from tests.dpe_made import command

    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    return folder, command("import", dpe_checkpoint, "--out", folder)


@pytest.fixture(scope="session")
def dpe_bundle(dpe_import: tuple[Path, str]) -> Path:
    """The bundle of that DPE, fp32, batch 1."""
    return dpe_import[0]


@pytest.fixture(scope="session")
def pdfgc_import(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What `understudy import` makes of a small PD-FGC with seeded weights, and what it says."""
    from benchmarks.seeded_pdfgc import TINY, write_release
    from tests.dpe_made import command

    release = write_release(tmp_path_factory.mktemp("pdfgc") / "release", TINY)
    folder = tmp_path_factory.mktemp("bundles") / "pdfgc"
    said = command("import", release, "--family", "pdfgc", "--out", folder)
    return folder, said


@pytest.fixture(scope="session")
def pdfgc_bundle(pdfgc_import: tuple[Path, str]) -> Path:
    """The bundle of that PD-FGC, fp32."""
    return pdfgc_import[0]


@pytest.fixture(scope="session")
def dpe_half_bundle(dpe_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same by `understudy export`: fp16, any batch."""
    from tests.dpe_made import command

    folder = tmp_path_factory.mktemp("bundles") / "half"
    command(
        *("export", "--model", dpe_checkpoint, "--out", folder, "--precision", "fp16"),
        *("--dynamic-batch", "--licence", "CC0-1.0", "--trained-on", "synthetic heads"),
    )
    return folder
