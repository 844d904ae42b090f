"""Runs the .cu kernels on the CPU: built by g++ with a shim of CUDA's vocabulary.

No substitute for a GPU: no alignment faults, no two threads at one moment. What it shows is that a
kernel's arithmetic, indices, arguments and barriers are right.
"""

import ctypes
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from engine.kernels.compiler import FOLDER
from engine.kernels.launch import Argument, values_and_types

SHIM = Path(__file__).parent / "cuda_on_host" / "shim.h"
COMPILER = shutil.which("g++")
KERNEL = re.compile(r'extern "C" __global__ void (?:__launch_bounds__\(\w+\)\s+)?(\w+)\(')


def kernels_in(source: str) -> list[str]:
    """The kernels that a source file defines."""
    return KERNEL.findall((FOLDER / f"{source}.cu").read_text())


class HostLauncher:
    """Fulfils engine.kernels.launch.Launcher; one shared library per source file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._libraries: dict[str, ctypes.CDLL] = {}

    def launch(
        self, source: str, kernel: str, blocks: int, threads: int, arguments: Sequence[Argument]
    ) -> None:
        """Run every block, one after the other."""
        library = self._libraries.get(source) or self._build(source)
        values, types = values_and_types(arguments)
        cells = [kind(value) for kind, value in zip(types, values, strict=True)]
        addresses = (ctypes.c_void_p * len(cells))(*(ctypes.addressof(cell) for cell in cells))
        grid, block = ((ctypes.c_uint * 3)(count, 1, 1) for count in (blocks, threads))
        library[f"launch_{kernel}"](grid, block, addresses)

    def _build(self, source: str) -> ctypes.CDLL:
        assert COMPILER is not None
        text = f'#include "{SHIM}"\n#include "{FOLDER / source}.cu"\n'
        text += "".join(f"HOST_LAUNCHER({kernel})\n" for kernel in kernels_in(source))
        path, library = self._folder / f"{source}.cpp", self._folder / f"{source}.so"
        path.write_text(text)
        # No fused multiply-add: the twins round each product too.
        command = [COMPILER, "-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Werror"]
        command += ["-Wno-unknown-pragmas", "-Wno-unused-function", "-shared", "-fPIC"]
        subprocess.run([*command, "-o", str(library), str(path)], check=True)
        self._libraries[source] = ctypes.CDLL(str(library))
        return self._libraries[source]
