"""The OpenGL context (EGL, no window) and the shader programs, read from `shaders/`."""

from functools import cache
from pathlib import Path
from typing import Any

import moderngl

from engine.errors import MachineError

SHADERS = Path(__file__).parent / "shaders"
FRAME_BINDING = 0
"""Uniform block of everything that changes per frame; `frame_block` fills it."""


def create_context() -> moderngl.Context:
    """Open an OpenGL 3.3 context without a window; MachineError where EGL is missing."""
    settings: dict[str, Any] = {"backend": "egl"}
    try:
        return moderngl.create_context(require=330, standalone=True, **settings)
    except Exception as error:  # glcontext raises nothing more specific
        raise MachineError(
            f"No OpenGL 3.3 by EGL on this machine ({error}). On Debian or Ubuntu install the "
            "packages libegl1, libegl-mesa0, libgl1 and libgl1-mesa-dri; they render on the CPU, "
            "without a graphics card."
        ) from error


def load_program(
    context: moderngl.Context, vertex: str, fragment: str, *, is_fine: bool
) -> moderngl.Program:
    """Compile two files of `shaders/` and tie them to the frame's block.

    FINE is defined for pictures to look at; training leaves out what a small picture cannot show.
    """
    program = context.program(
        vertex_shader=_defined(_source(f"{vertex}.vert"), is_fine=is_fine),
        fragment_shader=_defined(_source(f"{fragment}.frag"), is_fine=is_fine),
    )
    block = program.get("Frame", None)
    if isinstance(block, moderngl.UniformBlock):
        block.binding = FRAME_BINDING
    return program


def _defined(source: str, *, is_fine: bool) -> str:
    version, rest = source.split("\n", 1)
    return "\n".join([version, *(["#define FINE"] if is_fine else []), rest])


@cache
def _source(name: str) -> str:
    """Read a shader, with each line `#include "file"` replaced by that file."""
    lines = []
    for line in (SHADERS / name).read_text().splitlines():
        if line.startswith("#include "):
            lines.append(_source(line.split('"')[1]))
        else:
            lines.append(line)
    return "\n".join(lines)
