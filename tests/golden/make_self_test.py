"""Makes engine/assets/self_test/self_test.onnx: y = tanh(W x), a 1 x 1 convolution and a tanh.

Run from the repository's root: python -m tests.golden.make_self_test
"""

import onnx
from onnx import TensorProto, helper, numpy_helper

from engine.runtimes.self_test import CHANNELS, SELF_TEST, SIDE, self_test_weight


def main() -> None:
    """Write the file."""
    shape = [1, CHANNELS, SIDE, SIDE]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy")
    weight = numpy_helper.from_array(self_test_weight()[:, :, None, None], "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[1, 1]),
        helper.make_node("Tanh", ["c"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "self_test", [x], [y], [weight])
    opsets = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    SELF_TEST.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, SELF_TEST)


if __name__ == "__main__":
    main()
