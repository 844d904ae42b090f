"""The audit says that it could not ask, and never takes that for clean; the lock is whole."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from scripts.audit import CONTROL, plain, verdict
from scripts.lock import bill, lock, packages

ROOT = Path(__file__).parents[1]
WEAK = {
    "name": "aiohttp",
    "version": "3.9.1",
    "vulns": [{"id": "CVE-1", "fix_versions": ["3.9.2"]}],
}
SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED = {"name": "numpy", "skip_reason": "not found on PyPI"}


def report(*dependencies: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(dependencies)}


@pytest.mark.parametrize(
    ("control", "found", "code", "words"),
    [
        (report(WEAK), report(SOUND), 0, "no known weakness"),
        (report(WEAK), report(SOUND, WEAK), 1, "aiohttp 3.9.1: CVE-1, mended in 3.9.2"),
        (report(WEAK), report(SKIPPED), 2, "no answer for numpy"),
        (report(WEAK), report(SKIPPED, WEAK), 2, "CVE-1"),
        (report(WEAK), None, 2, "stopped answering"),
        (report(SKIPPED), report(SOUND), 2, f"the control, {CONTROL}, was not reported"),
        (report(SOUND), report(SOUND), 2, "was not reported"),
        (None, report(SOUND), 2, "was not reported"),
    ],
)
def test_what_could_not_be_asked_is_not_clean(
    control: dict[str, Any] | None, found: dict[str, Any] | None, code: int, words: str
) -> None:
    ended, said = verdict(control, found)
    assert ended == code
    assert words in "\n".join(said)


def test_builds_are_asked_for_by_their_version() -> None:
    lines = "# torch==1\ntorch==2.13.0+cpu --hash=sha256:0\nb_c==1\n"
    assert plain(lines) == "torch==2.13.0\nb_c==1\n"


def names(text: str) -> dict[str, str]:
    pins = re.findall(r"^([\w.-]+)==([\w.-]+)", text, re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in pins}


def test_lock_and_bill_name_what_was_tested_together() -> None:
    locked = (ROOT / "requirements.lock").read_text()
    known = names((ROOT / "constraints.txt").read_text())
    pinned = names(locked)
    assert len(pinned) > 50
    assert pinned.items() <= known.items()
    lines = [line for line in locked.splitlines() if "==" in line and line[0] != "#"]
    assert all(re.search(r" --hash=sha256:[0-9a-f]{64}$", line) for line in lines)
    components = json.loads((ROOT / "sbom.json").read_text())["components"]
    billed = "\n".join(f"{each['name']}=={each['version']}" for each in components)
    assert names(billed) == pinned


def test_every_package_that_is_asked_for_is_locked_in_a_version_that_will_do() -> None:
    """A dependency that changed without `make lock` would be audited by nobody."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = names((ROOT / "requirements.lock").read_text())
    asked, extras = list(project["dependencies"]), project["optional-dependencies"]
    asked += [each for each in extras["dev"] if not each.startswith(project["name"])]
    assert len(asked) > 15
    for each in map(Requirement, asked):
        if each.marker is None or each.marker.evaluate():
            version = pinned[each.name.lower().replace("_", "-")]
            assert each.specifier.contains(version, prereleases=True), each


def test_a_report_becomes_a_lock_and_a_bill_without_ourselves() -> None:
    def installed(name: str, sha: str) -> dict[str, Any]:
        archive = {"archive_info": {"hashes": {"sha256": sha}}}
        metadata = {"name": name, "version": "1", "license": "MIT\nand its text"}
        return {"metadata": metadata, "download_info": archive}

    found = packages({"install": [installed("b_c", "1" * 64), installed("understudy-live", "2")]})
    assert lock(found).splitlines()[-1] == f"b_c==1 --hash=sha256:{'1' * 64}"
    components = bill(found)["components"]
    assert isinstance(components, list)
    assert components[0]["purl"] == "pkg:pypi/b-c@1"
    assert components[0]["licenses"] == [{"license": {"name": "MIT"}}]
