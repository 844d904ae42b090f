"""What comes with the program: portraits and a driving clip."""

from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
