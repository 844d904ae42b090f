"""Asks whether any locked package has a known weakness, by pip-audit in an environment of its own.

Ends with 0: none known. 1: some are, or an archive is not the one that was locked. 2: it could not
ask, so nothing is known; that is never taken for 0.

The control comes first: a version with published weaknesses must be reported. Where the advisories
cannot be reached, pip-audit itself finds nothing wrong and ends with 0.
"""

import json
import re
import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

LOCK = Path("requirements.lock")
AUDITOR = "pip-audit==2.10.1"
CONTROL = "aiohttp==3.9.1"
"""CVE-2024-23334 and others."""

Report = dict[str, Any]


def known(report: Report) -> list[str]:
    """A line for each known weakness."""
    return [
        f"{each['name']} {each['version']}: {weakness['id']}, "
        f"mended in {', '.join(weakness['fix_versions']) or 'no version yet'}"
        for each in report["dependencies"]
        for weakness in each.get("vulns", [])
    ]


def not_asked(report: Report) -> list[str]:
    """The packages for which there was no answer."""
    return [each["name"] for each in report["dependencies"] if "skip_reason" in each]


def plain(lock: str) -> str:
    """Names and versions alone: advisories know no builds, such as torch's for processors only."""
    return "\n".join(re.findall(r"^([\w.-]+==[\w.-]+)", lock, re.MULTILINE)) + "\n"


def verdict(control: Report | None, report: Report | None) -> tuple[int, list[str]]:
    """How to end, and what to say; None is a report that did not come."""
    unknown = "audit: nothing is known. Run it where pypi.org can be reached"
    if control is None or not known(control):
        return 2, [f"audit: did not run: the control, {CONTROL}, was not reported", unknown]
    if report is None:
        return 2, ["audit: did not run: the advisories stopped answering", unknown]
    if missing := not_asked(report):
        return 2, [f"audit: no answer for {', '.join(missing)}", *known(report), unknown]
    if found := known(report):
        return 1, found
    return 0, [f"audit: {len(report['dependencies'])} packages, no known weakness"]


def main() -> int:
    """Ask, check the hashes, say it."""
    if not LOCK.is_file():
        return _said(2, [f"audit: did not run: there is no {LOCK}; make lock writes it"])
    with TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place, with_pip=True)
        python = str(next(place.glob("[bS]*/python*")))
        pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
        if subprocess.run([*pip, AUDITOR], check=False).returncode:
            return _said(2, [f"audit: did not run: {AUDITOR} cannot be installed"])
        control = place / "control.txt"
        control.write_text(CONTROL)
        asked = place / "asked.txt"
        asked.write_text(plain(LOCK.read_text()))
        code, words = verdict(_report(python, control), _report(python, asked))
        checked = ["--dry-run", "--ignore-installed", "--no-deps", "--require-hashes"]
        if code != 2 and subprocess.run([*pip, *checked, "-r", LOCK], check=False).returncode:
            code, words = 1, [*words, "audit: an archive is not the one that was locked"]
        return _said(code, words)


def _report(python: str, requirements: Path) -> Report | None:
    command = [python, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format", "json"]
    quiet = ["--progress-spinner", "off", "-r", str(requirements)]
    done = subprocess.run([*command, *quiet], check=False, capture_output=True, text=True)
    try:
        found: Report = json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(done.stderr[-500:])
        return None
    return found


def _said(code: int, words: list[str]) -> int:
    sys.stderr.write("\n".join(words) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
