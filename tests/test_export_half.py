"""fp16 graphs, as TensorRT takes them, against PyTorch in float64: the tolerance is stated here.

ONNX Runtime computes fp16 convolutions in fp32 and rounds their results; PyTorch computes them in
fp16. A GPU's tensor cores lie between: fp16 products, summed in fp32.
"""

from pathlib import Path

import numpy as np
import pytest

from engine.dpe.nets.dpe import DPE
from engine.manifest import read_manifest
from engine.runtimes.choose import choose
from export.exact import exact_tensors
from export.plans import plans

MEAN = {"encode": 5e-4, "read": 2e-4, "generate_expression": 2e-3, "generate_pose": 2e-3}
"""Of an output's range; measured: 2e-4, 3e-5, 5e-4, 8e-4 in PyTorch's fp16."""
WORST = {"encode": 2e-3, "read": 5e-4, "generate_expression": 0.1, "generate_pose": 0.2}
"""Measured: 8e-4, 5e-5, 0.02, 0.08. Untrained weights make flows as wild as noise, so that a pixel
at an edge of the sampled map can come from its other side; the means show that few do."""


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_fp16_graphs_stay_within_the_stated_tolerance(
    runtime: str, dpe_half_bundle: Path, dpe_checkpoint: Path
) -> None:
    model = DPE.from_official(dpe_checkpoint)
    manifest, exact = read_manifest(dpe_half_bundle), exact_tensors(model)
    assert manifest.precision == "fp16"
    for plan in plans(model, precision="fp32"):
        spec = manifest.graph(plan.name)
        graph = choose(runtime, 1).load(dpe_half_bundle / spec.file, spec)
        inputs = {name: exact[example].float().numpy() for name, example in plan.inputs.items()}
        results = graph.run(inputs)
        rounded = False
        for name, example in plan.outputs.items():
            wanted = exact[example].numpy()
            error = np.abs(results[name] - wanted) / np.ptp(wanted)
            assert error.max() <= WORST[plan.name], name
            assert error.mean() <= MEAN[plan.name], name
            rounded |= bool(error.max() > 2e-5)
        assert rounded, f"{plan.name} is as exact as fp32: is it fp16 at all?"
