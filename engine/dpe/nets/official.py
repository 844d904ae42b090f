"""The authors' checkpoint: read without running code in it, its names turned into ours.

Names are swapped in the release: what its flag `exp` runs (the paper's expression edit) is called
`mlp_pose` and `dec_pose` there, and the other way round. The table below is the only place that
knows.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from engine.checkpoints import listed, load_plain, tensors_of
from engine.errors import BundleError

OURS_BY_THEIRS = {
    "enc.": "encoder.",
    "mlp.": "projection.",
    "dir.": "directions.",
    "mlp_pose.": "expression.motion.",
    "dec_pose.": "expression.generator.",
    "mlp_exp.": "pose.motion.",
    "dec_exp.": "pose.generator.",
}
TRAINERS_KEYS = {"gen", "dis", "g_optim", "d_optim", "args"}
"""What the authors' trainer saves; only `gen` is read."""
ADVICE = "Give the file that the authors published or their trainer saved."


def read_official(path: Path) -> dict[str, Tensor]:
    """The generator's state dict, in the authors' names; nothing in the file is executed."""
    content = load_plain(path)
    if not isinstance(content, Mapping) or "gen" not in content:
        raise BundleError(f"{path} is no DPE checkpoint: it has no entry 'gen'. {ADVICE}")
    unknown = sorted(str(key) for key in content.keys() - TRAINERS_KEYS)
    if unknown:
        raise BundleError(
            f"{path} has entries that no DPE checkpoint has: {listed(unknown)}. {ADVICE}"
        )
    return tensors_of(path, content["gen"], named="'gen'")


def to_ours(theirs: str) -> str:
    """Our name of a parameter of the release."""
    return _renamed(theirs, OURS_BY_THEIRS)


def to_theirs(ours: str) -> str:
    """The release's name of one of our parameters."""
    return _renamed(ours, {ours: theirs for theirs, ours in OURS_BY_THEIRS.items()})


def _renamed(name: str, table: Mapping[str, str]) -> str:
    for old, new in table.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    raise KeyError(name)
