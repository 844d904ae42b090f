"""What the tests of DPE take: pictures, and the command that makes bundles."""

import numpy as np
import torch
from torch import Tensor


def command(*arguments: object) -> str:
    """What a command on model files prints; an error that a user can act on is raised as it is."""
    # Here, since the weights are also made on GPU machines that have no command line.
    from typer.testing import CliRunner

    from export.cli import app

    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def made_pictures(count: int, size: int, seed: int = 5) -> Tensor:
    """(count, 3, size, size) in [-1, 1], float64, smooth."""
    generator = np.random.Generator(np.random.PCG64(seed))
    coarse = torch.from_numpy(generator.standard_normal((count, 3, 8, 8)))
    smooth = torch.nn.functional.interpolate(
        coarse, size=(size, size), mode="bicubic", align_corners=False
    )
    return smooth.clamp(-2, 2) / 2
