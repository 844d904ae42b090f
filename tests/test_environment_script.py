"""`make run` sets up .venv with a line per step, mends a broken one, and says what to do else.

Python and pip are a small script here, so that nothing is downloaded and no second is lost.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = """#!/bin/sh
# A Python that is new enough, and knows venv and pip.
case "$*" in
    "-m venv .venv")
        mkdir -p .venv/bin .venv/lib/python3.11/site-packages/pip
        touch .venv/lib/python3.11/site-packages/pip/__main__.py
        cp "$0" .venv/bin/python ;;
    "-m pip"*install*)
        echo "$*" >>pip.log
        if [ -e offline ]; then echo "ERROR: no route to host"; exit 1; fi
        touch .venv/bin/understudy; chmod +x .venv/bin/understudy ;;
esac
"""

if sys.platform == "win32":
    pytest.skip("the Makefile is for Linux and macOS", allow_module_level=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts/environment.sh", folder / "scripts")
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
        os.utime(folder / name, (1, 1))
    python = folder / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return folder


def set_up(clone: Path, what: str = "base", python: str = "./python") -> tuple[int, list[str]]:
    done = subprocess.run(
        ["scripts/environment.sh", what],
        cwd=clone,
        env={**os.environ, "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""  # which is for the address alone
    return done.returncode, done.stderr.splitlines()


def installs(clone: Path) -> list[str]:
    log = clone / "pip.log"
    return log.read_text().splitlines() if log.exists() else []


def test_the_first_run_says_each_step_and_the_second_nothing(clone: Path) -> None:
    status, said = set_up(clone)
    assert status == 0
    assert [line.split()[0] for line in said] == ["making", "installing"]
    assert "MB" in said[1]
    assert len(installs(clone)) == 1
    assert set_up(clone) == (0, [])
    assert len(installs(clone)) == 1


def test_for_development_torch_comes_first_and_the_base_is_there_too(clone: Path) -> None:
    status, said = set_up(clone, "dev")
    assert status == 0
    assert ["torch==" in line for line in installs(clone)] == [True, False]
    assert len(said) == 3
    assert set_up(clone, "base") == set_up(clone, "dev") == (0, [])


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_other_requirements_are_installed_into_the_same_environment(clone: Path, name: str) -> None:
    set_up(clone)
    os.utime(clone / name)
    os.utime(clone / ".venv/.base", (2, 2))
    status, said = set_up(clone)
    assert status == 0
    assert [line.split()[0] for line in said] == ["installing"]


def test_a_failed_install_says_what_to_do_and_the_next_run_goes_on(clone: Path) -> None:
    (clone / "offline").touch()
    status, said = set_up(clone)
    assert status == 1
    told = "\n".join(said)
    assert told.index("no route to host") < told.index("error:") < told.index("online")
    (clone / "offline").unlink()
    status, said = set_up(clone)
    assert status == 0
    assert [line.split()[0] for line in said] == ["installing"]
    assert set_up(clone) == (0, [])


@pytest.mark.parametrize("damage", ["no pip", "no python", "empty", "a file", "moved"])
def test_a_broken_environment_is_made_anew(clone: Path, damage: str) -> None:
    set_up(clone)
    venv = clone / ".venv"
    if damage == "no pip":
        shutil.rmtree(venv / "lib")
    elif damage == "no python":
        (venv / "bin/python").unlink()
        (venv / "bin/python").symlink_to("/gone/python3.10")
    elif damage == "moved":
        clone = clone.rename(clone.with_name("moved clone"))
    else:
        shutil.rmtree(venv)
        venv.touch() if damage == "a file" else venv.mkdir()
    status, said = set_up(clone)
    assert status == 0
    assert "making .venv anew" in said[0]
    assert said[1].startswith("installing")
    assert set_up(clone) == (0, [])


def test_a_program_that_was_deleted_is_installed_again(clone: Path) -> None:
    set_up(clone)
    (clone / ".venv/bin/understudy").unlink()
    status, said = set_up(clone)
    assert status == 0
    assert [line.split()[0] for line in said] == ["installing"]


def test_what_an_index_calls_understudy_is_removed(clone: Path) -> None:
    set_up(clone)
    namesake = clone / ".venv/lib/python3.11/site-packages/understudy-0.6.0.dist-info"
    namesake.mkdir()
    (clone / ".venv/.base").unlink()
    said = set_up(clone)[1]
    assert said[0].startswith("removing the package understudy")
    assert installs(clone)[-2].endswith("uninstall -qq --yes understudy")


@pytest.mark.parametrize("python", ["false", "/nowhere/python3"])
def test_a_python_that_is_not_new_enough_is_refused_with_what_to_do(
    clone: Path, python: str
) -> None:
    status, said = set_up(clone, python=python)
    assert status == 1
    assert said[0] == f"error: PYTHON={python} is no Python 3.11 or newer."
    assert "make PYTHON=" in said[1]
    assert not (clone / ".venv").exists()


def test_a_python_without_venv_is_told_apart_and_leaves_nothing(clone: Path) -> None:
    python = clone / "python"
    python.write_text('#!/bin/sh\ncase "$*" in *venv*) mkdir .venv; exit 1;; esac\n')
    status, said = set_up(clone)
    assert status == 1
    assert "apt-get install python3-venv" in "\n".join(said)
    assert not (clone / ".venv").exists()
