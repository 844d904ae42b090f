"""CUDA C++ to machine code at first use: NVRTC, and a cache on disk.

`cuda.bindings.nvrtc` itself and not `cuda.core.Program`: it gives CUBIN and PTX with neither driver
nor GPU (cuda.core's PTX asks the driver for its version), so every machine can compile for every
other, and its interface is the same in all cuda-python of CUDA 12 and 13.
"""

import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.errors import MachineError
from engine.folders import user_cache
from engine.installing import install_extra

logger = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
OLDEST = (7, 5)
"""Compute capability of Turing, the oldest that CUDA 13 compiles for."""
OPTIONS = ("--std=c++17",)
"""No fast math: a flow is tanh and sigmoid in full float."""
ADVICE = f"Run `{install_extra('cuda')}`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What a driver loads as a module."""

    name: str
    """Of the source file, without suffix."""
    kind: Literal["cubin", "ptx"]
    architecture: str
    """`sm_90` of a CUBIN, `compute_90` of a PTX."""
    code: bytes


def kernel_names() -> list[str]:
    """All kernels' source files, without suffix."""
    return sorted(path.stem for path in FOLDER.glob("*.cu"))


def image_for(
    name: str,
    capability: tuple[int, int],
    *,
    as_ptx: bool = False,
    defines: Mapping[str, str | int] | None = None,
    cache: Path | None = None,
) -> Image:
    """Machine code of `engine/kernels/NAME.cu` for a GPU of this compute capability.

    A CUBIN where NVRTC knows the GPU; PTX of the newest architecture below it where it does not.

    Args:
        name: of the source file, without suffix.
        capability: (major, minor) of the GPU, which need not be in this machine.
        as_ptx: never a CUBIN, for whoever finishes the code itself.
        defines: preprocessor macros, which count in the cache's key.
        cache: folder of compiled kernels; None is the user's.

    Raises:
        MachineError: the GPU is too old, NVRTC is missing, or the source does not compile.
    """
    if capability < OLDEST:
        raise MachineError(
            f"this GPU has compute capability {capability[0]}.{capability[1]}; the cuda backend "
            f"needs {OLDEST[0]}.{OLDEST[1]} (Turing) or newer. Use --backend openvino."
        )
    try:
        compiler = Nvrtc()
    except (ModuleNotFoundError, RuntimeError) as error:
        raise MachineError(
            f"NVRTC is missing ({error}), and {name}.cu needs it. {ADVICE}"
        ) from None
    architecture = target(capability, compiler.capabilities, as_ptx=as_ptx)
    source = Source.of(name, defines or {})
    folder = user_cache() / "kernels" if cache is None else cache
    path = folder / f"{name}-{architecture}-{source.key(architecture, compiler.version)}"
    kind: Literal["cubin", "ptx"] = "cubin" if architecture.startswith("sm_") else "ptx"
    code = _read(path)
    if code is None:
        code = compiler.compile(source, architecture)
        _write(path, code)
    return Image(name=name, kind=kind, architecture=architecture, code=code)


def target(capability: tuple[int, int], known: Iterable[int], *, as_ptx: bool = False) -> str:
    """`sm_..` for a GPU that NVRTC knows, else `compute_..` of the newest one below it.

    `as_ptx`: `compute_..` in every case.
    """
    wanted = 10 * capability[0] + capability[1]
    usable = [number for number in known if number <= wanted]
    if wanted in usable and not as_ptx:
        return f"sm_{wanted}"
    if not usable:
        raise MachineError(
            f"the installed NVRTC compiles for no GPU as old as compute capability "
            f"{capability[0]}.{capability[1]}. Install the one of an older CUDA."
        )
    return f"compute_{max(usable)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A kernel's text with the headers beside it."""

    name: str
    text: str
    headers: dict[str, str]
    options: tuple[str, ...]

    @classmethod
    def of(cls, name: str, defines: Mapping[str, str | int]) -> "Source":
        """Read a source file; all headers belong to it, used or not."""
        path = FOLDER / f"{name}.cu"
        if not path.is_file():
            raise ValueError(f"name must be one of {', '.join(kernel_names())}, got {name!r}")
        macros = tuple(f"-D{macro}={value}" for macro, value in sorted(defines.items()))
        headers = {p.name: p.read_text(encoding="utf-8") for p in sorted(FOLDER.glob("*.cuh"))}
        text = path.read_text(encoding="utf-8")
        return cls(name=name, text=text, headers=headers, options=OPTIONS + macros)

    def key(self, architecture: str, version: str) -> str:
        """A hash of all that the machine code depends on."""
        parts = [self.text, architecture, version, *self.options]
        parts += [part for header in self.headers.items() for part in header]
        digest = hashlib.sha256()
        for part in parts:  # with lengths, so that no text can pass for another split of it
            digest.update(f"{len(part)}:{part}".encode())
        return digest.hexdigest()[:24]


class Nvrtc:
    """NVIDIA's run-time compiler."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            ModuleNotFoundError: cuda-python is not installed.
            RuntimeError: its library is not.
        """
        from cuda.bindings import nvrtc

        self._nvrtc: Any = nvrtc
        major, minor = self._call("nvrtcVersion")
        self.version = f"{major}.{minor}"
        """Of CUDA. A driver refuses PTX of a newer CUDA than its own, so keep the two together."""
        self.capabilities: tuple[int, ...] = tuple(self._call("nvrtcGetSupportedArchs")[0])

    def compile(self, source: Source, architecture: str) -> bytes:
        """CUBIN for `sm_..`, PTX for `compute_..`."""
        program = self._call(
            "nvrtcCreateProgram",
            source.text.encode(),
            f"{source.name}.cu".encode(),
            len(source.headers),
            [text.encode() for text in source.headers.values()],
            [name.encode() for name in source.headers],
        )[0]
        try:
            options = [*source.options, f"--gpu-architecture={architecture}"]
            encoded = [option.encode() for option in options]
            failed = self._nvrtc.nvrtcCompileProgram(program, len(encoded), encoded)[0]
            if failed != self._nvrtc.nvrtcResult.NVRTC_SUCCESS:
                log = self._text("nvrtcGetProgramLog", program).decode(errors="replace")
                raise MachineError(
                    f"{source.name}.cu does not compile for {architecture} with NVRTC "
                    f"{self.version}: {_first_error(log)}. Report this with your CUDA version."
                )
            kind = "CUBIN" if architecture.startswith("sm_") else "PTX"
            return self._text(f"nvrtcGet{kind}", program)
        finally:
            self._call("nvrtcDestroyProgram", program)

    def _text(self, name: str, program: object) -> bytes:
        """A result of NVRTC's: first its size is asked, then a buffer of that is filled."""
        buffer = b" " * int(self._call(f"{name}Size", program)[0])
        self._call(name, program, buffer)
        return buffer

    def _call(self, name: str, *arguments: object) -> tuple[Any, ...]:
        failed, *results = getattr(self._nvrtc, name)(*arguments)
        if failed != self._nvrtc.nvrtcResult.NVRTC_SUCCESS:
            raise MachineError(f"NVRTC's {name} failed: {failed.name}. {ADVICE}")
        return tuple(results)


def _first_error(log: str) -> str:
    found = re.search(r"error.*", log)
    return found[0].strip() if found else log.strip() or "no message"


def _read(path: Path) -> bytes | None:
    """A cached file's code; None where there is none or it is not as it was written."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _write(path: Path, code: bytes) -> None:
    """Keep code, in one step: another process may read or write the same file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        Path(scratch).replace(path)
    except OSError as error:
        logger.warning("compiled kernels are not kept (%s): each start compiles them", error)
