"""DPE's networks loaded on a device, once for all steps that run them.

They keep nothing of a frame, so steps for other sizes and modes share them: a second recording
allocates no weights again and finds cuDNN's algorithms chosen.
"""

from engine.dpe.gpu.networks import Encode, Generate, Part, Read
from engine.dpe.gpu.weights import DpeWeights
from engine.motion import Mode
from engine.runtimes.cuda_device import Device


class DpeNetworks:
    """All four. Whoever runs them owns the device for so long."""

    def __init__(self, weights: DpeWeights, device: Device) -> None:
        """Copy the weights to the device."""
        self.device = device
        self.size = weights.size
        """Of the pictures, in pixels."""
        self.widths = weights.widths
        self.style = weights.graphs["encode"]["weight"].shape[0]
        """Length of a portrait's code."""
        levels = len(weights.widths) - 1

        def part(graph: str) -> Part:
            return Part(weights, graph, device.torch_device, device.dtype)

        self.encode = Encode(part("encode"), device.ops, blocks=levels)
        self.read = Read(part("read"), device.ops, blocks=levels)
        self.generate: dict[Mode, Generate] = {
            "expression": Generate(part("generate_expression"), device.ops, levels=levels),
            "pose": Generate(part("generate_pose"), device.ops, levels=levels),
        }
