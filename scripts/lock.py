"""Writes requirements.lock and sbom.json from pip's report of what it would install.

    make lock    # asks the index; then look at what has changed

The lock has the SHA-256 of each archive for the platform it was made on. sbom.json is a CycloneDX
1.6 bill of the same packages.
"""

import json
import sys
from pathlib import Path
from typing import Any

OURS = "understudy-live"
HEAD = """\
# The packages of constraints.txt with the SHA-256 of their archives, for Python 3.11 on Linux
# x86-64. Written by `make lock`, checked by `make audit`. To install by it, and nothing else:
#
#     pip install --require-hashes --no-deps -r requirements.lock
#     pip install --no-deps --editable .
#
# torch's is of the build for CPUs that it was made with; another build has another.
"""


def packages(report: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Name, version, SHA-256 and licence of each package of a report, sorted by name."""
    found = []
    for each in report["install"]:
        known = each["metadata"]
        if known["name"] != OURS:
            sha256 = each["download_info"]["archive_info"]["hashes"]["sha256"]
            licence = known.get("license_expression") or known.get("license") or ""
            found.append((known["name"], known["version"], sha256, _short(licence)))
    return sorted(found, key=lambda each: each[0].lower())


def lock(found: list[tuple[str, str, str, str]]) -> str:
    """As pip reads it."""
    lines = [f"{name}=={version} --hash=sha256:{sha}" for name, version, sha, _ in found]
    return HEAD + "\n".join(lines) + "\n"


def bill(found: list[tuple[str, str, str, str]]) -> dict[str, object]:
    """As CycloneDX has it; without time and serial number, so that the same lock gives the same."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": OURS}},
        "components": [
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}",
                "hashes": [{"alg": "SHA-256", "content": sha}],
                **({"licenses": [{"license": {"name": licence}}]} if licence else {}),
            }
            for name, version, sha, licence in found
        ],
    }


def _short(licence: str) -> str:
    """Some put the whole text there."""
    line = licence.strip().splitlines()[0].strip() if licence.strip() else ""
    return line if len(line) <= 80 else ""


def main() -> None:
    """Read the report that is named, and write both."""
    found = packages(json.loads(Path(sys.argv[1]).read_text()))
    Path("requirements.lock").write_text(lock(found))
    Path("sbom.json").write_text(json.dumps(bill(found), indent=1) + "\n")


if __name__ == "__main__":
    main()
