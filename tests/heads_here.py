"""Whether heads can be rendered here: the FaceKit arrays, and OpenGL by EGL."""

from pathlib import Path

import pytest

from engine.errors import MachineError
from training.heads.context import create_context

FACEKIT = Path(__file__).parents[2] / "shared" / "facekit" / "facekit.npz"


def has_egl() -> bool:
    try:
        create_context().release()
    except MachineError:
        return False
    return True


NEEDS_HEADS = pytest.mark.skipif(
    not FACEKIT.is_file() or not has_egl(),
    reason="needs the FaceKit arrays (../shared/facekit) and OpenGL by EGL "
    "(apt: libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri)",
)
