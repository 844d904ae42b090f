"""A process that measures sections of the GPU report, for `gpu_report.py` to feed and to end.

It reads a section's name per line from its standard input and answers each by a line of JSON on the
file descriptor it was given. Whatever goes wrong in CUDA stays in this process: a call that hangs
cannot be interrupted, and an illegal access spoils every later one, so both end with it.
"""

import argparse
import faulthandler
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from benchmarks.gpu_sections import PartlyFailed

Works = dict[str, Callable[[], Any]]


def sections(commit: str, *, is_rehearsal: bool) -> Works:
    """What each section runs.

    Raises:
        MachineError: there is no GPU, or cuda-python is missing.
    """
    import torch

    from benchmarks import gpu_convolutions, gpu_live, gpu_machine, gpu_networks, gpu_profile
    from benchmarks import kernels as measured_kernels
    from benchmarks.gpu import Bench
    from benchmarks.gpu_model import Model
    from engine.runtimes.cuda_device import CudaDevice, ReferenceDevice

    torch.manual_seed(0)
    if is_rehearsal:
        torch.set_num_threads(1)  # of tiny sizes, more only wait for each other
    device = ReferenceDevice() if is_rehearsal else CudaDevice()
    bench = Bench(device=device, is_rehearsal=is_rehearsal)
    model = Model(bench)
    return {
        "machine": lambda: gpu_machine.described(bench, commit),
        "networks": lambda: gpu_networks.networks(model),
        "profile": lambda: gpu_profile.profiled(model),
        "convolutions": lambda: gpu_convolutions.convolutions(model),
        "kernels": lambda: measured_kernels.kernels(bench),
        "live step": lambda: gpu_live.live(model),
        "sessions": lambda: gpu_live.sessions(model),
        "rig": lambda: measured_kernels.rig(bench),
        "torch.compile": lambda: gpu_networks.compiled(model),
    }


def answer(work: Callable[[], Any]) -> dict[str, Any]:
    """A section's figures, and the traceback of what broke it."""
    began, failed = time.monotonic(), {}
    try:
        figures = work()
    except PartlyFailed as partly:
        figures = partly.figures
        failed = {"failed": str(partly), "traceback": "\n".join(partly.failures.values())}
    except Exception as error:  # noqa: BLE001 - minutes on a GPU are few: the rest must run
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        return {"failed": told, "traceback": traceback.format_exc()}
    return {"figures": figures, "took_s": round(time.monotonic() - began, 2)} | failed


def main(make: Callable[..., Works] = sections) -> int:
    """Answer until the input ends."""
    faulthandler.register(signal.SIGUSR1)  # says where it hangs, also within a call of CUDA
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answers", type=int, required=True, help="file descriptor")
    parser.add_argument("--commit", default="")
    parser.add_argument("--rehearse", action="store_true")
    options = parser.parse_args()

    with os.fdopen(options.answers, "w", encoding="utf-8") as answers:

        def tell(line: dict[str, Any]) -> None:
            answers.write(json.dumps(line, default=str) + "\n")
            answers.flush()

        made = answer(lambda: make(options.commit, is_rehearsal=options.rehearse))
        works = made.pop("figures", {})
        tell(made)
        if not works:
            return 1
        for line in sys.stdin:
            tell(answer(works[line.strip()]) | {"spoiled": _is_spoiled()})
    return 0


def _is_spoiled() -> bool:
    """Give the memory of a section back; whether CUDA takes no more work from this process."""
    torch: Any = sys.modules.get("torch")
    gc.collect()
    if torch is None or not torch.cuda.is_available():
        return False
    try:
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
    except RuntimeError:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
