"""Compiled plans on disk: found again only where they fit, built by one process at a time.

A plan is machine code for one kind of GPU, one driver and one version of its library. Loading it
elsewhere is undefined, so a file says what it was built for, and is opened for nothing else.
"""

import glob
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import OutputError
from engine.folders import user_cache, write_whole

logger = logging.getLogger(__name__)

MAGIC = b"understudy plan 1\n"
ANY = "any"
"""Of a key's field that this library's plans do not depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanKey:
    """All that a plan depends on."""

    library: str
    """tensorrt or tensorrt_rtx: neither reads the other's plans."""
    version: str
    """Of the library."""
    gpu: str
    """The device's name: two cards of one compute capability differ in size, so plans do too."""
    capability: str
    """Such as 8.9."""
    driver: str
    graph: str
    """SHA-256 of the ONNX file."""
    precision: str
    """Types are the graph's own (strongly typed); this says what the builder may still change."""
    options: str
    """How it was built: batch sizes, refit, plugin."""

    @property
    def slot(self) -> str:
        """A name shared by the plans that replace each other: another driver or version."""
        fields = asdict(self)
        del fields["version"], fields["driver"]
        return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]

    def differences(self, other: "PlanKey") -> list[str]:
        """Such as `driver was 570.10, is 580.65`."""
        mine, theirs = asdict(self), asdict(other)
        changed = [name for name in mine if mine[name] != theirs[name]]
        return [f"{name} was {theirs[name]}, is {mine[name]}" for name in changed]


def plans_folder() -> Path:
    """Where plans are kept unless told otherwise."""
    return user_cache() / "plans"


class PlanCache:
    """A folder to write to, and folders that are only read, such as a bundle's own."""

    def __init__(self, folder: Path | None = None, *, shipped: Sequence[Path] = ()) -> None:
        self.folder = plans_folder() if folder is None else folder
        self._shipped = tuple(shipped)

    def path(self, name: str, key: PlanKey) -> Path:
        """Where a plan is written."""
        return self.folder / f"{name}.{key.library}.{key.capability}.{key.slot}.plan"

    def find(self, name: str, key: PlanKey) -> bytes | None:
        """The plan, if there is one that fits and is whole."""
        for path in self._places(name, key):
            plan = _read(path, key)
            if plan is not None:
                return plan
        return None

    def has(self, name: str, key: PlanKey) -> bool:
        """Whether there is one that says it fits: quick, and no promise that it is whole."""
        return any(_key_of(path) == key for path in self._places(name, key))

    def has_named(self, name: str, library: str) -> bool:
        """Whether there is any plan of a graph by a library, for whatever machine."""
        pattern = f"{glob.escape(f'{name}.{library}')}.*.plan"
        return any(any(folder.glob(pattern)) for folder in (self.folder, *self._shipped))

    def _places(self, name: str, key: PlanKey) -> list[Path]:
        own = self.path(name, key)
        return [own, *(folder / own.name for folder in self._shipped)]

    def plan(self, name: str, key: PlanKey, build: Callable[[], bytes]) -> bytes:
        """The plan; built and kept where there is none that fits.

        `name` is the graph's. Whatever `build` raises passes through, and nothing is kept.

        Raises:
            OutputError: the folder cannot be written.
        """
        found = self.find(name, key)
        if found is not None:
            return found
        path = self.path(name, key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _locked(path.with_suffix(".lock"), name):
                # Another process may have built it while this one waited.
                found = _read(path, key)
                if found is not None:
                    return found
                _tell_why(path, key)
                plan = build()
                _write(path, key, plan)
                return plan
        except OSError as error:
            raise OutputError(
                f"cannot keep plans in {self.folder}: {error.strerror or error}. "
                "Set XDG_CACHE_HOME to a folder that can be written and has space."
            ) from None

    def keep(self, name: str, key: PlanKey, plan: bytes) -> Path:
        """Write a plan that was made elsewhere; replaces what is there.

        Raises:
            OutputError: the folder cannot be written.
        """
        path = self.path(name, key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(path, key, plan)
        except OSError as error:
            raise OutputError(
                f"cannot write {path}: {error.strerror or error}. Choose another folder."
            ) from None
        return path


@contextmanager
def _locked(path: Path, name: str) -> Iterator[None]:
    """Hold a lock that the system frees even when its process dies; its file stays."""
    lock = FileLock(path, fallback_to_soft=False)
    try:
        held = lock.acquire(blocking=False)
    except Timeout:
        logger.warning("another process is building the plan of %s: waiting for it", name)
        held = lock.acquire()
    with held:
        yield


def _tell_why(path: Path, key: PlanKey) -> None:
    """Say why a plan that is there is not used."""
    if not path.exists():
        return
    old = _key_of(path)
    reason = "it is damaged" if old is None else "; ".join(key.differences(old)) or "it is damaged"
    logger.warning("the plan %s is built again: %s", path.name, reason)


def _write(path: Path, key: PlanKey, plan: bytes) -> None:
    header = asdict(key) | {"sha256": hashlib.sha256(plan).hexdigest()}
    write_whole(path, MAGIC + json.dumps(header).encode() + b"\n", plan)


def _read(path: Path, key: PlanKey) -> bytes | None:
    """The plan in a file; None where the file is missing, for another key, or damaged."""
    try:
        content = path.read_bytes()
    except OSError:  # missing, or not this user's: then there is none to load
        return None
    header = _header(content[: content.find(b"\n", len(MAGIC)) + 1])
    if header is None:
        return None
    stated = header.pop("sha256", None)
    plan = content[content.find(b"\n", len(MAGIC)) + 1 :]
    fits = header == asdict(key) and hashlib.sha256(plan).hexdigest() == stated
    return plan if fits else None


def _key_of(path: Path) -> PlanKey | None:
    """What a file says it was built for; None where it does not, or is missing."""
    try:
        with path.open("rb") as file:
            magic, line = file.readline(), file.readline()
    except OSError:
        return None
    header = _header(magic + line)
    if header is None:
        return None
    header.pop("sha256", None)
    return PlanKey(**header) if header.keys() == PlanKey.__dataclass_fields__.keys() else None


def _header(start: bytes) -> dict[str, str] | None:
    """The JSON object in the second line of a file that begins like a plan."""
    if not start.startswith(MAGIC):
        return None
    try:
        header = json.loads(start[len(MAGIC) :])
    except ValueError:
        return None
    return header if isinstance(header, dict) else None
