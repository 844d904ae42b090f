"""The npm package `whip-whep`, pinned: the reference clients of WHIP and WHEP, by WHIP's author."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

PACKAGE = "whip-whep@1.2.0"
SHA512 = "CP+Tht3O/N6QLebW5LxsNKgzFN5KX6WinLr1SLs74feagYu+Gqy+0dw48p5RQuE+FlrM4xyOlOdW2UOQwljImA=="
"""Of the archive, as the registry states it."""
FETCH_S = 60


def fetch(folder: Path) -> dict[str, str]:
    """Name -> source of the package's modules; skips where they cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm: apt-get install npm")
    try:
        packed = subprocess.run(
            [npm, "pack", PACKAGE, "--silent"],
            cwd=folder, capture_output=True, text=True, check=False, timeout=FETCH_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm cannot fetch {PACKAGE} in {FETCH_S} s")
    archives = list(folder.glob("*.tgz"))
    if packed.returncode or not archives:
        pytest.skip(f"npm cannot fetch {PACKAGE}: {packed.stderr.strip()[-200:]}")
    found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
    assert found == SHA512, "this is not the pinned package"
    with tarfile.open(archives[0]) as archive:
        return {name: _text(archive, f"package/{name}") for name in ("whip.js", "whep.js")}


def _text(archive: tarfile.TarFile, name: str) -> str:
    member = archive.extractfile(name)
    assert member is not None
    return member.read().decode()
