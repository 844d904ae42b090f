"""A bundle's weights as the live step takes them, and the bundles that its kernels do not run."""

from pathlib import Path

import pytest
import torch

from engine.dpe.gpu.weights import DpeWeights, check
from engine.errors import BundleError
from engine.manifest import read_manifest
from tests.dpe_wide import WIDE, wide_dpe, wide_weights


@pytest.mark.slow
def test_the_steps_weights_are_read_from_a_bundle(tmp_path: Path) -> None:
    from export.bundle import AUTHORS, write_bundle

    folder = tmp_path / "bundle"
    write_bundle(wide_dpe(), folder, origin=AUTHORS)
    found = DpeWeights.of_bundle(folder, read_manifest(folder))
    assert (found.size, found.widths) == (WIDE.size, WIDE.widths)
    for graph, tensors in wide_weights().graphs.items():
        for name, wanted in tensors.items():
            if name.rpartition(".")[2] not in ("blur", "skip_blur", "kernel", "identity"):
                torch.testing.assert_close(found.graphs[graph][name], wanted)


def test_networks_that_the_kernels_do_not_run_are_refused(dpe_bundle: Path) -> None:
    with pytest.raises(BundleError, match=r"has 12 channels.*multiples of 8"):
        DpeWeights.of_bundle(dpe_bundle, read_manifest(dpe_bundle))
    made = wide_weights()
    bent = {name: tensor.clone() for name, tensor in made.graphs["read"].items()}
    bent["trunk.blocks.0.blur"][:, :, 0, 0] += 0.1
    other = DpeWeights(size=made.size, widths=made.widths, graphs={"read": bent})
    with pytest.raises(BundleError, match=r"trunk\.blocks\.0\.blur of the graph read is not"):
        check(other, "a bundle")
