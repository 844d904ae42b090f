"""The weights that a run begins with: of another run, or solved for on rendered heads."""

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor, nn

from engine.dpe.nets.dpe import DPE
from engine.errors import InputError
from training.clips.pairs import BOXES, COEFFICIENTS, POSES, HeadPairs
from training.dpe.coefficients import (
    mirrored_boxes,
    mirrored_coefficients,
    mirrored_poses,
)
from training.dpe.first_reading import Seen, filters_of_patches, fits, read_at_first
from training.dpe.initial import begin_anew
from training.dpe.losses import ReadingHeads
from training.dpe.recipe import Recipe
from training.dpe.task import dpe_of

_PATCHED_BY = 256
_SOLVED_BY = 5000
"""Pictures; each is taken mirrored, too."""


def begin(
    networks: nn.ModuleDict,
    recipe: Recipe,
    people: Sequence[HeadPairs],
    weights: Path | None,
    *,
    draws_anew: bool = False,
) -> str:
    """Set the first weights; what to tell of that, if anything.

    `draws_anew`: of `weights` are taken what reads, and the generators are fresh.

    Raises:
        InputError: `weights` are of another network, or nothing is known to draw anew by.
    """
    if draws_anew and not (people and weights):
        raise InputError(
            "--fresh-generators: name weights by --from, and rendered people by --heads."
        )
    numbers = _numbers(people) if "reading" in networks and people else None
    heads = networks["reading"] if numbers is not None else None
    if isinstance(heads, ReadingHeads) and numbers is not None:
        heads.measure(numbers)
    if weights is not None:
        told = f"begins with the weights of {weights}: {', '.join(begin_from(networks, weights))}"
        if not draws_anew:
            return told
        begin_anew(networks, some_pictures(people))
        return f"{told}, with fresh generators"
    dpe = dpe_of(networks)
    if isinstance(heads, ReadingHeads) and numbers is not None and recipe.begins_gently:
        pictures = _pictures(people)
        random = np.random.default_rng(0)
        chosen = torch.from_numpy(random.permutation(len(pictures)))
        some = chosen[:_PATCHED_BY]
        filters_of_patches(
            dpe.encoder.net_app,
            Seen(
                pictures=pictures[some].float() / 127.5 - 1.0,
                boxes=numbers[some, -BOXES:],
                random=random,
            ),
        )
        if fits(dpe):
            chosen = chosen[:_SOLVED_BY]
            both = torch.cat([pictures[chosen], pictures[chosen].flip(-1)])
            wanted = torch.cat([numbers[chosen], _mirrored(numbers[chosen])])
            read_at_first(dpe, heads, both, heads.standard(wanted))
            return f"the encoder begins with a regression on {len(both)} pictures"
    return ""


def some_pictures(people: Sequence[HeadPairs]) -> Tensor:
    """(M, 3, S, S) in -1..1, evenly of all people, of whom there is one at least."""
    pictures = _pictures(people)
    chosen = np.random.default_rng(0).permutation(len(pictures))[:_PATCHED_BY]
    return pictures[torch.from_numpy(chosen)].float() / 127.5 - 1.0


def _numbers(people: Sequence[HeadPairs]) -> Tensor:
    """(M, 70) of all pictures: coefficients, pose, boxes."""
    rows = []
    for grid in (grid for each in people for grid in each.grids):
        poses, faces = grid.pictures.shape[:2]
        rows.append(
            np.concatenate(
                [
                    np.tile(grid.coefficients, (poses, 1)),
                    np.repeat(grid.poses, faces, axis=0),
                    grid.boxes.reshape(poses * faces, -1),
                ],
                axis=1,
            )
        )
    return torch.from_numpy(np.concatenate(rows))


def _mirrored(numbers: Tensor) -> Tensor:
    poses = numbers[:, COEFFICIENTS : COEFFICIENTS + POSES]
    turned = (
        mirrored_coefficients(numbers[:, :COEFFICIENTS]),
        mirrored_poses(poses),
        mirrored_boxes(numbers[:, -BOXES:]),
    )
    return torch.cat(turned, dim=1)


def _pictures(people: Sequence[HeadPairs]) -> Tensor:
    """(M, 3, S, S), 0..255, in the order of `_numbers`."""
    grids = [grid for each in people for grid in each.grids]
    rows = np.concatenate([grid.pictures.reshape(-1, *grid.pictures.shape[2:]) for grid in grids])
    return torch.from_numpy(rows).permute(0, 3, 1, 2)


def begin_from(networks: nn.ModuleDict, path: Path) -> list[str]:
    """Load a run's `checkpoint.pt` or a `dpe.pt`; the names of the networks that were there.

    Of a checkpoint the averaged weights are taken, and only networks that this run has.

    Raises:
        InputError: it is neither, or of other sizes.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, UnpicklingError) as error:
        raise InputError(f"--from {path}: {error}") from None
    if not isinstance(state, dict) or not {"average", "gen"} & set(state):
        raise InputError(f"--from {path}: give a run's checkpoint.pt or a dpe.pt.")
    if "gen" in state:
        model, own = DPE.from_official(path), dpe_of(networks)
        if model.layout != own.layout:
            raise InputError(f"--from {path}: it has {model.layout}, this run {own.layout}.")
        own.load_state_dict(model.state_dict())
        return ["dpe"]
    taken = []
    for name, network in networks.items():
        part = {
            key.removeprefix(f"{name}."): value
            for key, value in state["average"].items()
            if key.startswith(f"{name}.")
        }
        if not part:
            continue
        try:
            network.load_state_dict(part)
        except RuntimeError:
            raise InputError(
                f"--from {path}: its {name!r} has other sizes than this run's. Give the recipe "
                "and the size that it was trained with."
            ) from None
        taken.append(name)
    return taken
