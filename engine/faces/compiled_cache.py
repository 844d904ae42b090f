"""Networks as OpenVINO compiled them, on disk: a fifth of the time that compiling takes.

A file is named after everything it was made from, and begins with the check sum of the rest: one
that does not fit, or is damaged, is not opened but made again.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import openvino

from engine.folders import user_cache, write_whole

logger = logging.getLogger(__name__)

MOST_KEPT = 4
"""Files of one network: a few clones and processors side by side, and no versions long gone."""
DIGEST_BYTES = 32


def loaded_or_compiled(
    core: openvino.Core, path: Path, digest: str, settings: Mapping[str, object]
) -> openvino.CompiledModel:
    """The compiled network, from disk where it is there; results are the same to the last bit.

    Args:
        core: has the extensions that read the network.
        path: of the network.
        digest: of the network's content.
        settings: of OpenVINO.
    """
    kept = _folder() / f"{path.stem}-{_key(core, digest, settings)}.network"
    content = _read(kept)
    if content is not None:
        try:
            return core.import_model(content, "CPU", settings)
        except RuntimeError as error:
            logger.info("%s is compiled again: %s", path.name, error)
    compiled = core.compile_model(core.read_model(path), "CPU", settings)
    _keep(kept, compiled.export_model().getvalue())
    return compiled


def _folder() -> Path:
    return user_cache() / "networks"


def _key(core: openvino.Core, digest: str, settings: Mapping[str, object]) -> str:
    """A hash of all that a compiled network depends on."""
    processor = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
    can = sorted(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
    parts = [digest, _operations(), openvino.get_version(), dict(settings), processor, can]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


@cache
def _operations() -> str:
    """A hash of this folder's code, in which the networks' own operations are written."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _read(path: Path) -> bytes | None:
    """What was kept; None where there is nothing or it is not as it was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, network = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    return network if hashlib.sha256(network).digest() == digest else None


def _keep(path: Path, network: bytes) -> None:
    """Write it for the next start, which is only slower where that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, hashlib.sha256(network).digest(), network)
        of_it = path.parent.glob(f"{path.name.rpartition('-')[0]}-*.network")
        newest_first = sorted(of_it, key=lambda kept: kept.stat().st_mtime, reverse=True)
        for old in newest_first[MOST_KEPT:]:
            old.unlink()
    except OSError as error:
        logger.info("the compiled %s is not kept: %s", path.name, error)
