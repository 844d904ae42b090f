"""A generator's ONNX graph with its warps as nodes of the plugin in engine/kernels/plugin.py.

Per level whose features have a multiple of 8 channels: the enlarged flow, the sampling of the
features, the mask and the blend become one node. Colours are still sampled by GridSample, from the
node's flow. The lowest level has no flow below it and stays as it is.
"""

from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import NodeProto, TensorProto, helper

from engine.errors import InputError
from engine.kernels.plugin import NAME, NAMESPACE, VECTOR


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """The nodes of one level that the plugin does the work of."""

    flow: NodeProto
    """Add: delta and what is enlarged from below."""
    enlarged: NodeProto
    """ConvTranspose of the flow below."""
    sampled: NodeProto
    warped: NodeProto
    kept: NodeProto
    """Mul: x and 1 - mask."""
    blended: NodeProto


def write_with_plugin(source: Path, target: Path) -> int:
    """Write `source` with plugin nodes to `target`; returns how many, and writes nothing for none.

    Raises:
        InputError: the graph is not fp16, which the kernel is for.
    """
    model = onnx.load(source)
    levels = find_levels(model.graph)
    if not levels:
        return 0
    if all(tensor.data_type != TensorProto.FLOAT16 for tensor in model.graph.initializer):
        raise InputError(
            f"{source.name} is fp32, and the plugin's kernel samples fp16 maps. "
            "Export the bundle with --precision fp16, or use --warp native."
        )
    for number, level in enumerate(levels):
        _replace(model.graph, level, number)
    model.opset_import.append(helper.make_opsetid(NAMESPACE, 1))
    onnx.save(model, target)
    return len(levels)


def find_levels(graph: onnx.GraphProto) -> list[Level]:
    """All levels that fit, from small to large."""
    made = {name: node for node in graph.node for name in node.output}
    channels = {
        tensor.name: tensor.type.tensor_type.shape.dim[1].dim_value for tensor in graph.input
    }
    levels = []
    for node in graph.node:
        feature = node.input[0] if node.op_type == "GridSample" else ""
        if feature.startswith("feature_") and channels[feature] % VECTOR == 0:
            level = _level(graph, made, node)
            if level is not None:
                levels.append(level)
    return levels


def _level(graph: onnx.GraphProto, made: dict[str, NodeProto], sampled: NodeProto) -> Level | None:
    warped = _reader(graph, sampled, "Mul")
    blended = None if warped is None else _reader(graph, warped, "Add")
    if warped is None or blended is None:
        return None
    kept = made[_other(blended, warped)]
    mask = made[_other(warped, sampled)]
    flow = made[made[mask.input[0]].input[0]]  # mask is the sigmoid of a slice of the flow
    if (kept.op_type, mask.op_type, flow.op_type) != ("Mul", "Sigmoid", "Add"):
        return None
    enlarged = [made[name] for name in flow.input if made[name].op_type == "ConvTranspose"]
    if len(enlarged) != 1:
        return None
    return Level(
        flow=flow,
        enlarged=enlarged[0],
        sampled=sampled,
        warped=warped,
        kept=kept,
        blended=blended,
    )


def _reader(graph: onnx.GraphProto, node: NodeProto, kind: str) -> NodeProto | None:
    """The one node that reads another's output, if it is of this kind."""
    readers = [reader for reader in graph.node if node.output[0] in reader.input]
    return readers[0] if len(readers) == 1 and readers[0].op_type == kind else None


def _other(node: NodeProto, first: NodeProto) -> str:
    """Which of a node's two inputs does not come from `first`."""
    [name] = [name for name in node.input if name != first.output[0]]
    return str(name)


def _replace(graph: onnx.GraphProto, level: Level, number: int) -> None:
    made = {name: node for node in graph.node for name in node.output}
    # kept = x * (1 - mask): x is the factor that is no difference.
    [x] = [name for name in level.kept.input if made[name].op_type != "Sub"]
    [delta] = [name for name in level.flow.input if name != level.enlarged.output[0]]
    halves = {"feature": level.sampled.input[0], "x": x}
    names = {short: f"plugin_{number}_{short}" for short in (*halves, "warped", "blended")}
    nodes = [
        helper.make_node("Cast", [name], [names[short]], to=TensorProto.FLOAT16)
        for short, name in halves.items()
    ]
    nodes.append(
        helper.make_node(
            NAME,
            [names["feature"], names["x"], delta, level.enlarged.input[0]],
            [level.flow.output[0], names["warped"], names["blended"]],
            domain=NAMESPACE,
            plugin_namespace=NAMESPACE,
            plugin_version="1",
        )
    )
    nodes.append(
        helper.make_node(
            "Cast", [names["blended"]], [level.blended.output[0]], to=TensorProto.FLOAT
        )
    )
    place = list(graph.node).index(level.flow)  # all inputs are known here, the outputs only later
    for node in (level.flow, level.sampled, level.warped, level.kept, level.blended):
        graph.node.remove(node)
    for offset, node in enumerate(nodes):
        graph.node.insert(place + offset, node)
    _drop_unread(graph)


def _drop_unread(graph: onnx.GraphProto) -> None:
    """Remove nodes that nobody reads any more, such as the enlarged flow."""
    while True:
        read = {name for node in graph.node for name in node.input}
        read |= {tensor.name for tensor in graph.output}
        unread = [node for node in graph.node if not read & set(node.output)]
        if not unread:
            return
        for node in unread:
            graph.node.remove(node)
