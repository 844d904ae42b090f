"""The runtimes: one entry each, and the only place where their names stand.

A further one is a class as `Runtime` in base.py says, and an entry here. Every one is held to the
same self-test (self_test.py) before `auto` takes it. The command line reads the names here, so this
imports nothing heavy, not even numpy; classes are named in text, so nothing imports in a circle.
"""

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Literal, TypeAlias

from engine.errors import MachineError
from engine.installing import install, install_extra, reinstall

if TYPE_CHECKING:
    from engine.progress import Progress
    from engine.runtimes.base import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known of a runtime before it is imported."""

    name: str
    """As the user names it, with --backend."""
    made_by: str
    """`module:class`, made with `progress` where it builds plans, else with a number of threads."""
    needs: tuple[str, ...]
    """What must be importable, its own package first."""
    advice: str
    """How to install that."""
    needs_gpu: bool = False
    builds_plans: bool = False
    """Whether it builds a plan of each graph before it runs, perhaps for minutes, and keeps it."""
    in_auto: bool = True
    """Whether `auto` tries it; False for those that are only compared with."""

    def load(self, threads: int | None = None, progress: "Progress | None" = None) -> "Runtime":
        """The runtime, on so many threads (None: all cores); `progress` hears of plans it builds.

        Raises:
            MachineError: its package is not installed, or it needs a GPU that is not there.
        """
        try:
            make = resolve_name(self.made_by)
            made: Runtime = make(progress=progress) if self.builds_plans else make(threads)
        except ModuleNotFoundError as error:
            raise MachineError(f"{error.name} is not installed. {self.advice}") from None
        return made


CUDA = Entry(
    name="cuda",
    made_by="engine.runtimes.cuda:Cuda",
    needs=("torch", "onnx", "cuda"),
    advice=f"Run `{install_extra('cuda')}`.",
    needs_gpu=True,
)
TENSORRT = Entry(
    name="tensorrt",
    made_by="engine.runtimes.tensorrt.runtime:TensorRt",
    needs=("tensorrt", "cuda"),
    advice=f"Run `{install_extra('tensorrt')}`.",
    needs_gpu=True,
    builds_plans=True,
)
TENSORRT_RTX = Entry(
    name="tensorrt-rtx",
    made_by="engine.runtimes.tensorrt.rtx:TensorRtRtx",
    needs=("tensorrt_rtx", "cuda"),
    advice=f"Run `{install_extra('tensorrt-rtx')}`.",
    needs_gpu=True,
    builds_plans=True,
)
ONNXRUNTIME_GPU = Entry(
    name="onnxruntime-gpu",
    made_by="engine.runtimes.onnxruntime:OnnxRuntimeGpu",
    needs=("onnxruntime",),
    advice=f"Run `{install('onnxruntime-gpu')}` (in place of onnxruntime).",
    needs_gpu=True,
)
OPENVINO = Entry(
    name="openvino",
    made_by="engine.runtimes.openvino:OpenVino",
    needs=("openvino",),
    advice=f"It belongs to the base install: run `{reinstall()}`.",
)
ONNXRUNTIME = Entry(
    name="onnxruntime",
    made_by="engine.runtimes.onnxruntime:OnnxRuntime",
    needs=("onnxruntime",),
    advice=f"Run `{install_extra('onnx')}`.",
    in_auto=False,
)
TORCH = Entry(
    name="torch",
    made_by="engine.runtimes.torch:Torch",
    needs=("torch", "onnx"),
    advice=f"Run `{install_extra('export')}`.",
    in_auto=False,
)

RUNTIMES = {
    entry.name: entry
    for entry in (CUDA, TENSORRT, TENSORRT_RTX, ONNXRUNTIME_GPU, OPENVINO, ONNXRUNTIME, TORCH)
}
"""By name, in the order in which `auto` tries them."""
AUTO = "auto"
"""The name for whichever runs here; see auto.py."""
NAMES = (AUTO, *RUNTIMES)
IN_AUTO = tuple(name for name, entry in RUNTIMES.items() if entry.in_auto)
ON_CPU = tuple(name for name, entry in RUNTIMES.items() if not entry.needs_gpu)
"""The default, the second runtime, and the reference."""

if TYPE_CHECKING:  # a checker reads no names from a value; the command line does
    Name: TypeAlias = str
else:
    Name = Literal[NAMES]
