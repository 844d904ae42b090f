"""Advice to install: it works from a clone, and names us on no package index."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from engine import installing
from engine.errors import MachineError
from engine.installing import DISTRIBUTION, Extra, install, install_extra, needing, reinstall

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEXTS = {".py", ".md", ".toml", ".txt", ".sh", ".html", ".js", ".css", ".cfg", ".yml", ".yaml", ""}
FOLDERS = ("engine", "export", "stream", "training", "benchmarks")
INSTALLER = re.compile(
    r"(?<![\w.-])(?:pip[\d.]*|pipx|pipenv|uv|uvx|poetry|conda|easy_install)\b(?P<asked>[^\n`#;&|]*)"
)
OURS = re.compile(r"(?<![\w/.-])understudy(?:-live|_live)?(?![\w-])(?=$|[\s\[\]'\"=<>~!,.)])", re.I)
"""The distribution's name as an installer takes it, with an extra or a version; no path, no URL."""


def from_an_index(text: str) -> list[str]:
    """The commands in a text that would fetch us, by either name, from an index."""
    return [
        found.group()
        for found in INSTALLER.finditer(text)
        if re.search(r"\b(install|add|run|uvx|download)\b", found.group())
        and OURS.search(found["asked"])
    ]


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Every text of the repository; Python's strings once more, joined as the reader sees them."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a clone: there is no list of its files")
    for path in (root / name for name in listed.stdout.splitlines()):
        if path.suffix in TEXTS and path.is_file() and path != Path(__file__):
            text = path.read_text(encoding="utf-8", errors="replace")
            yield path, text
            if path.suffix == ".py":
                yield from ((path, joined) for joined in strings(ast.parse(text)))


def strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize(
    "text",
    [
        "pip install 'understudy[camera]'",
        "Run `pip install --force-reinstall understudy`.",
        "python -m pip install understudy-live==0.1",
        "uv pip install understudy",
        "pipx install understudy_live",
        "uvx understudy serve",
    ],
)
def test_a_command_that_would_install_a_stranger_is_seen(text: str) -> None:
    assert from_an_index(text)


@pytest.mark.parametrize(
    "text",
    [
        ".venv/bin/pip install -e '.[camera]'",
        "cd ~/understudy && .venv/bin/pip install -e .",
        "pip install av   # understudy needs it",
        "pip uninstall --yes understudy",
    ],
)
def test_a_command_that_works_from_a_clone_is_let_through(text: str) -> None:
    assert not from_an_index(text)


def test_nothing_written_here_installs_us_by_name_from_an_index() -> None:
    asked = {
        (str(path.relative_to(ROOT)), line)
        for path, text in texts(ROOT)
        for line in from_an_index(text)
    }
    assert not asked


def test_advice_to_install_is_worded_in_one_place() -> None:
    elsewhere = set()
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        said = strings(ast.parse(path.read_text(encoding="utf-8")))
        if any(re.search(r"\bpip3? install\b", text) for text in said):
            elsewhere.add(str(path.relative_to(ROOT)))
    assert not elsewhere, "use engine/installing.py"


def test_the_extras_that_can_be_advised_are_those_of_the_project() -> None:
    assert {*get_args(Extra), "dev"} == set(PROJECT["optional-dependencies"])


def test_every_extra_in_a_document_exists() -> None:
    named = {
        extra
        for path, text in texts(ROOT)
        for listed in re.findall(r"-e '?\.\[([\w,-]+)\]", text)
        for extra in listed.split(",")
    }
    assert "camera" in named
    assert named <= set(PROJECT["optional-dependencies"])


def test_the_distribution_has_a_name_of_its_own_and_the_command_keeps_the_title() -> None:
    assert PROJECT["name"] == DISTRIBUTION == "understudy-live"
    assert list(PROJECT["scripts"]) == ["understudy"]


def test_the_advice_works_as_typed_in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert install_extra("camera") == f"{installing.PIP} install -e '.[camera]'"
    assert install("av") == f"{installing.PIP} install av"
    assert (ROOT / "constraints.txt").is_file()
    assert "--constraint constraints.txt -e ." in reinstall()


def test_elsewhere_the_advice_goes_to_the_clone_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clone = tmp_path / "my clone"
    clone.mkdir()
    (clone / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(installing, "CLONE", clone)
    assert install_extra("cuda") == f"cd '{clone}' && {installing.PIP} install -e '.[cuda]'"


def test_a_missing_package_of_an_extra_is_named_with_the_command_that_brings_it() -> None:
    told = r"^nowhere is not installed. Run `.*'\.\[train\]'`\.$"
    with pytest.raises(MachineError, match=told), needing("train"):
        raise ModuleNotFoundError("No module named 'nowhere'", name="nowhere")


@pytest.mark.slow
def test_training_without_its_extra_is_one_line() -> None:
    code = (
        "import sys\n"
        "sys.modules['scipy'] = sys.modules['torch'] = sys.modules['moderngl'] = None\n"
        "sys.argv = ['understudy', 'train', 'sheet', '--out', 'never.png']\n"
        "from stream.cli import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 1
    assert re.fullmatch(r"error: \w+ is not installed\. Run `.*'\.\[train\]'`\.\n", done.stderr)
