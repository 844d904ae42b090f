"""Makes `engine/assets/rig/own_head.npz`: rendered people, then the network.

    python -m training.own_head.run facekit.npz own_head.npz [--people 240] [--steps 1500]

On one core some two seconds a person; people who were rendered are kept beside the output, so a run
that was stopped goes on.
"""

import argparse
import pickle
import sys
from pathlib import Path

import numpy as np
import torch

from engine.faces.mesh_tracker import MeshTracker
from training.heads import facekit
from training.heads.quality import TRAINING
from training.heads.renderer import Renderer
from training.own_head.learn import Pupil, learn, mean_error
from training.own_head.net import HeadNet, weights_of
from training.own_head.sitters import Sitter, sitter

FIRST_PERSON, HELD_OUT = 6000, 8
"""The held out are the last ones."""


def main() -> None:
    """Render, learn, write."""
    parser = argparse.ArgumentParser(description="Teach the network that knows heads.")
    parser.add_argument("facekit", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=240)
    parser.add_argument("--steps", type=int, default=1500)
    arguments = parser.parse_args()
    folder = arguments.out.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    renderer, tracker = Renderer(facekit.load(arguments.facekit), TRAINING), MeshTracker()
    people = range(FIRST_PERSON, FIRST_PERSON + arguments.people + HELD_OUT)
    found = [_kept(folder, renderer, tracker, seed) for seed in people]
    pupils = [Pupil(each) for each in found if each is not None]
    taught, held_out = pupils[:-HELD_OUT], pupils[-HELD_OUT:]
    torch.manual_seed(0)
    net = HeadNet()
    sys.stdout.write(f"held out, the skull of everybody: {mean_error(net, held_out):.2f}\n")

    def tell(step: int, error: float) -> None:
        sys.stdout.write(f"{step}: {error:.2f}, held out {mean_error(net, held_out):.2f}\n")
        sys.stdout.flush()

    learn(net, taught, steps=arguments.steps, tell=tell)
    halves = {name: value.astype(np.float16) for name, value in weights_of(net).items()}
    np.savez(arguments.out, **halves)  # type: ignore[arg-type]
    sys.stdout.write(f"held out: {mean_error(net, held_out):.2f}\n")


def _kept(folder: Path, renderer: Renderer, tracker: MeshTracker, seed: int) -> Sitter | None:
    """Rendered before, or now."""
    path = folder / f"{seed}.pickle"
    if path.exists():
        kept: Sitter | None = pickle.loads(path.read_bytes())
        return kept
    made = sitter(renderer, tracker, seed)
    path.write_bytes(pickle.dumps(made))
    return made


if __name__ == "__main__":
    main()
