"""The wheel stands alone: whatever it ships can be imported without the clone it was built in."""

import ast
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WHEEL = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
    "wheel"
]
HERE = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}
"""What a clone can import beside what is installed."""

IMPORT_ALL = """
import importlib, sys
from pathlib import Path

wheel, clone = Path(sys.argv[1]), Path(sys.argv[2])
sys.path[:] = [str(wheel), *(path for path in sys.path if path and Path(path).resolve() != clone)]
own = {path.name for path in wheel.iterdir()}
for file in sorted(wheel.rglob("*.py")):
    module = ".".join(file.relative_to(wheel).with_suffix("").parts).removesuffix(".__init__")
    if module.endswith("__main__"):
        continue
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:  # of an optional part that is not installed here
        lacking = (error.name or "").split(".")[0]
        if lacking in own or (clone / lacking).is_dir():
            raise
    else:
        assert Path(found.__file__).is_relative_to(wheel), found
        print(module)
"""


def imported(source: str) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def lacking(sources: Iterable[tuple[str, str]], shipped: set[str]) -> set[tuple[str, str]]:
    """(file, module) of all imports from a clone's folders that are not among the shipped ones."""
    return {
        (name, module)
        for name, source in sources
        for module in imported(source)
        if module.split(".")[0] in HERE - shipped
    }


def test_what_is_shipped_imports_nothing_that_stays_in_the_clone() -> None:
    assert {"tests", "engine"} <= HERE
    shipped = set(WHEEL["packages"])
    files = [path for package in shipped for path in (ROOT / package).rglob("*.py")]
    assert len(files) > 100
    assert not lacking(((str(path), path.read_text(encoding="utf-8")) for path in files), shipped)


def test_an_import_of_the_tests_would_be_seen() -> None:
    source = "def late() -> None:\n    from tests.fakes import FakeModel\n"
    assert lacking([("a.py", source)], {"engine"}) == {("a.py", "tests.fakes")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--no-deps"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "hatchling" in done.stderr and done.returncode:
        pytest.skip("hatchling, which builds the wheel, is not to be had")
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_built_wheel_has_our_name_and_only_what_stands_alone(wheel: Path) -> None:
    assert wheel.name.startswith("understudy_live-")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        sources = [(name, archive.read(name).decode()) for name in names if name.endswith(".py")]
    folders = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert folders == set(WHEEL["packages"])
    assert not lacking(sources, folders)
    assert {"stream/assets/portrait.png", "engine/assets/faces/NOTICE"} <= set(names)


@pytest.mark.slow
def test_every_module_of_the_built_wheel_is_imported_without_the_clone(
    wheel: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    for folder in (tmp_path / "installed").glob("*.dist-info"):
        folder.rename(tmp_path / folder.name)
    done = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT_ALL, str(tmp_path / "installed"), str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert {"stream.server.app", "engine.reenactor", "engine.nets.dpe"} <= set(done.stdout.split())
