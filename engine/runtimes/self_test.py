"""The self-test of every runtime: a small graph, compared with arithmetic."""

from pathlib import Path

import numpy as np

from engine.errors import MachineError
from engine.manifest import GraphSpec, TensorSpec
from engine.runtimes.base import Array, Runtime

SELF_TEST = Path(__file__).parents[1] / "assets" / "self_test" / "self_test.onnx"
"""y = tanh(W x) for every pixel; made by tests/golden/make_self_test.py."""
CHANNELS, SIDE = 8, 16
TOLERANCE = 1e-2
"""fp16 and TF32 pass; a wrong layout or an unwritten buffer does not."""


def self_test(runtime: Runtime) -> None:
    """Run the graph twice.

    Raises:
        MachineError: the result is wrong.
        BundleError: it cannot be loaded.
    """
    x = np.linspace(-1, 1, CHANNELS * SIDE**2, dtype=np.float32).reshape(1, CHANNELS, SIDE, SIDE)
    wanted = np.tanh(np.einsum("oi,nihw->nohw", self_test_weight(), x))
    tensor = TensorSpec(dtype="float32", shape=x.shape)
    spec = GraphSpec(file=SELF_TEST.name, sha256="", inputs={"x": tensor}, outputs={"y": tensor})
    graph = runtime.load(SELF_TEST, spec)
    for _ in range(2):
        error = float(np.abs(graph.run({"x": x})["y"] - wanted).max())
        if not error <= TOLERANCE:  # so that NaN is refused too
            raise MachineError(
                f"its self-test is wrong by {error:.2g}. Update its package and the GPU's driver."
            )


def self_test_weight() -> Array:
    """W, (outputs, inputs): no two rows or columns alike, so that a transposed one is found."""
    rows, columns = np.mgrid[:CHANNELS, :CHANNELS]
    return np.asarray(((3 * rows * rows + 5 * columns) % 11 - 5) / 16, np.float32)
