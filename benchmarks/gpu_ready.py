"""Says whether this machine can run the GPU tests and benchmarks: one line, and 2 if it cannot.

python -m benchmarks.gpu_ready
"""

import sys
from importlib.util import find_spec

NEEDED = {
    "torch": "torch",
    "cuda": "cuda-python",
    "numpy": "numpy",
    "cv2": "opencv-python-headless",
}
NO_GPU = 2


def find_obstacle() -> str | None:
    """What is missing, or None."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    import torch

    return None if torch.cuda.is_available() else "torch sees no NVIDIA GPU here"


def main() -> int:
    """Look, and tell."""
    obstacle = find_obstacle()
    if obstacle is not None:
        print(f"The GPU tests and benchmarks cannot run: {obstacle}.", file=sys.stderr)
        return NO_GPU
    return 0


if __name__ == "__main__":
    sys.exit(main())
