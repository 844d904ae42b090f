"""ONNX graphs for the tests of runtimes: one of a single node, and the names of DPE's."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from engine.manifest import GraphSpec, TensorSpec

GRAPHS = ("encode", "read", "generate_expression", "generate_pose")
"""DPE's, as its bundle names them."""


def toy(path: Path, operation: str) -> GraphSpec:
    """A graph of one node, y = operation(x)."""
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 4]) for n in "xy")
    node = helper.make_node(operation, ["x"], ["y"])
    graph = helper.make_graph([node], "toy", [x], [y])
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    tensor = TensorSpec(dtype="float32", shape=("batch", 4))
    return GraphSpec(file=path.name, sha256="", inputs={"x": tensor}, outputs={"y": tensor})
