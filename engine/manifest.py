"""What a bundle says about itself: `manifest.json`, and the check of its files against it.

A bundle is a folder with this file and one ONNX file per graph. Tensors are matched by the names
that stand here, never by position.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from engine.errors import BundleError

FILE = "manifest.json"
FORMAT = 1
"""Raised when a reader of today could misunderstand a bundle of tomorrow."""
OPSETS = (20,)
"""ONNX operator sets whose meaning every runtime here was tested on."""
PRECISIONS = ("fp32", "fp16")
ADVICE = "Import or export the model again."


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """One input or output of a graph."""

    dtype: str
    """numpy's name; all bundles of today exchange float32, whatever they compute in."""
    shape: tuple[int | str, ...]
    """A name stands for a length that is free, such as "batch"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphSpec:
    """One ONNX file."""

    file: str
    sha256: str
    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole of manifest.json."""

    family: str
    sizes: dict[str, int | list[int]]
    """What the family counts, such as the picture's side in pixels and the channels per level."""
    precision: str
    opset: int
    licence: str
    """Of the weights."""
    trained_on: str
    graphs: dict[str, GraphSpec]
    format: int = FORMAT

    def graph(self, name: str) -> GraphSpec:
        """The graph of this name, or an error that names it."""
        if name not in self.graphs:
            raise BundleError(f"the bundle has no graph {name!r}. {ADVICE}")
        return self.graphs[name]

    def by_file(self, folder: Path) -> dict[Path, GraphSpec]:
        """All graphs by where they lie in the bundle's folder."""
        return {folder / spec.file: spec for spec in self.graphs.values()}

    @property
    def sha256(self) -> str:
        """One hash for all graphs: of their names and hashes."""
        lines = [f"{name} {spec.sha256}\n" for name, spec in sorted(self.graphs.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json; readable by people, and the same bytes for the same manifest."""
    (folder / FILE).write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read and check manifest.json, without touching the graphs.

    Raises:
        BundleError: it is missing, no JSON, of another version, or says what it cannot.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise BundleError(
            f"{folder} is no bundle: it has no {FILE}. Give a folder that `understudy import` made."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        # The last two also where numbers have too many digits, or lists lie in lists without end.
        raise BundleError(f"cannot read {path}: {error}. {ADVICE}") from None
    try:
        manifest = _parsed(content)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path} is not as it should be: {error}. {ADVICE}") from None
    if manifest.opset not in OPSETS:
        supported = ", ".join(map(str, OPSETS))
        raise BundleError(
            f"{path} states ONNX opset {manifest.opset}; this version runs {supported}. {ADVICE}"
        )
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Refuse a bundle with a file that is missing or not the one the manifest was written for."""
    for name, spec in manifest.graphs.items():
        path = folder / spec.file
        if not path.is_file():
            raise BundleError(f"{folder} lacks {spec.file}, its graph {name!r}. {ADVICE}")
        if sha256_of(path) != spec.sha256:
            raise BundleError(
                f"{path} is not the file the manifest was written for: its SHA-256 differs. "
                f"It is damaged or was replaced. {ADVICE}"
            )
        if _has_weights_elsewhere(path):
            raise BundleError(
                f"the weights of {path} lie in another file, whose hash no manifest states: it may "
                f"have been replaced. {ADVICE}"
            )


def _has_weights_elsewhere(path: Path) -> bool:
    """Whether a tensor of the ONNX file is external: its entry `location` names the file.

    An entry is field 1, the key, then field 2, the value (onnx.proto, StringStringEntryProto).
    """
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return content.find(b"\x0a\x08location\x12") >= 0


def sha256_of(path: Path) -> str:
    """The hash of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parsed(content: object) -> Manifest:
    """Build the manifest; every value is checked for its type on the way."""
    entries = _entries(content, "manifest")
    if entries.get("format") != FORMAT:
        raise ValueError(
            f"its format is {entries.get('format')!r}, and this version reads {FORMAT}"
        )
    _only(entries, Manifest.__dataclass_fields__)
    if entries["precision"] not in PRECISIONS:
        raise ValueError(f"precision is {entries['precision']!r}, not one of {PRECISIONS}")
    sizes = _entries(entries["sizes"], "sizes")
    graphs = _entries(entries["graphs"], "graphs")
    return Manifest(
        format=FORMAT,
        family=_text(entries["family"], "family"),
        sizes={name: _size(value, name) for name, value in sizes.items()},
        precision=entries["precision"],
        opset=_whole(entries["opset"], "opset"),
        licence=_text(entries["licence"], "licence"),
        trained_on=_text(entries["trained_on"], "trained_on"),
        graphs={name: _graph(value, name) for name, value in graphs.items()},
    )


def _graph(content: object, name: str) -> GraphSpec:
    entries = _entries(content, f"graph {name!r}")
    _only(entries, GraphSpec.__dataclass_fields__)
    file = _text(entries["file"], "file")
    if not re.fullmatch(r"\w[\w.-]*\.onnx", file):  # a bundle never reaches outside its folder
        raise ValueError(f"the file of graph {name!r} is {file!r}, not a plain name")
    inputs = _entries(entries["inputs"], "inputs")
    outputs = _entries(entries["outputs"], "outputs")
    return GraphSpec(
        file=file,
        sha256=_text(entries["sha256"], "sha256"),
        inputs={key: _tensor(value, key) for key, value in inputs.items()},
        outputs={key: _tensor(value, key) for key, value in outputs.items()},
    )


def _tensor(content: object, name: str) -> TensorSpec:
    entries = _entries(content, f"tensor {name!r}")
    _only(entries, TensorSpec.__dataclass_fields__)
    shape = entries["shape"]
    if not isinstance(shape, list) or not all(_is_length(length) for length in shape):
        raise ValueError(f"the shape of {name!r} is {shape!r}")
    return TensorSpec(dtype=_text(entries["dtype"], "dtype"), shape=tuple(shape))


def _is_length(value: object) -> bool:
    return isinstance(value, str) or (type(value) is int and value > 0)


def _entries(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no object")
    return value


def _only(entries: dict[str, Any], known: Iterable[str]) -> None:
    names = list(known)
    missing = [name for name in names if name not in entries]
    unknown = [name for name in entries if name not in names]
    if missing or unknown:
        raise ValueError(f"missing {missing}, unknown {unknown}")


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, not a text")
    return value


def _whole(value: object, name: str) -> int:
    if type(value) is not int:
        raise TypeError(f"{name} is {value!r}, not a whole number")
    return value


def _size(value: object, name: str) -> int | list[int]:
    if isinstance(value, list):
        return [_whole(item, name) for item in value]
    return _whole(value, name)
