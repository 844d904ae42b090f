"""The interface of the full TensorRT's real bindings, looked at without its libraries.

The bindings link to nine functions of three libraries. Libraries of those names whose functions do
nothing let Python load the bindings: classes, methods and signatures are then the real ones, and
nothing can be built or run. Run as a program, in a process of its own, because TensorRT for RTX has
functions of the same names.
"""

import ctypes
import importlib.util
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import pytest

FUNCTIONS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getNvOnnxParserVersion",
    "getPluginRegistry",
    "initLibNvInferPlugins",
)
LIBRARIES = ("nvinfer", "nvonnxparser", "nvinfer_plugin")

Surface: TypeAlias = dict[str, dict[str, str]]
"""Class -> member -> its docstring, in which pybind11 writes down the signatures."""


def surface(module: ModuleType) -> Surface:
    """The classes of a module, nested ones as `ILogger.Severity`."""
    classes = dict(inspect.getmembers(module, inspect.isclass))
    classes["ILogger.Severity"] = module.ILogger.Severity
    return {
        name: {member: str(getattr(kind, member).__doc__) for member in dir(kind)}
        for name, kind in classes.items()
    }


def run_with_bindings(folder: Path, program: str = "") -> str:
    """What a program prints that finds the real bindings as `tensorrt`; by default, their surface.

    Skips the test where they cannot be had.
    """
    compiler = shutil.which("cc")
    if importlib.util.find_spec("tensorrt_bindings") is None:
        pytest.skip("TensorRT's bindings (tensorrt_cu13_bindings) are not installed")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler on Linux, to stand in for TensorRT's libraries")
    source = folder / "stub.c"
    source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in FUNCTIONS))
    for name in LIBRARIES:
        target = folder / f"lib{name}.so.11"
        command = [compiler, "-shared", "-fPIC", f"-Wl,-soname,{target.name}", "-o"]
        subprocess.run([*command, str(target), str(source)], check=True)
    code = program or "import json; print(json.dumps(surface(tensorrt)))"
    code = (
        f"from tests.tensorrt_stubs import load, surface\ntensorrt = load({str(folder)!r})\n{code}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(folder: str) -> ModuleType:
    """In a process of its own: the bindings on the made libraries, as the package `tensorrt`."""
    for name in LIBRARIES:
        ctypes.CDLL(str(Path(folder) / f"lib{name}.so.11"), ctypes.RTLD_GLOBAL)
    module = importlib.import_module("tensorrt_bindings")
    sys.modules["tensorrt"] = module
    return module


def full_surface(folder: Path) -> Surface:
    """Of the full TensorRT's bindings."""
    found: Surface = json.loads(run_with_bindings(folder).splitlines()[-1])
    return found
