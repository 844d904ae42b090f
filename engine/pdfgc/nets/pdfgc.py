"""PD-FGC: lips, gaze and blink, head pose and emotion controlled one by one (arXiv 2211.14506).

A portrait's appearance is a code and a map. What a driving picture does is four codes, and speech
gives the lips' code as well. All codes together are the style of a StyleGAN2 generator that starts
from the map.
"""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from engine.pdfgc.layout import PARTS
from engine.pdfgc.nets.appearance import AppearanceEncoder
from engine.pdfgc.nets.generator import Generator
from engine.pdfgc.nets.layout import widths_of
from engine.pdfgc.nets.motion import MotionEncoder
from engine.pdfgc.nets.official import FILES, MOTION, fill, read_files, reads_lips
from engine.pdfgc.nets.sound import SoundEncoder
from engine.pdfgc.widths import RELEASED, Widths


class PDFGC(nn.Module):
    """The whole system, under the names of the released state dicts."""

    def __init__(self, widths: Widths = RELEASED, *, lips_from_pictures: bool = True) -> None:
        super().__init__()
        self.widths = widths
        self.appearance_encoder = AppearanceEncoder(widths.appearance, widths.generator[0])
        self.motion_encoder = MotionEncoder(widths.motion, lips=lips_from_pictures)
        self.sound_encoder = SoundEncoder(widths.sound)
        self.generator = Generator(widths.generator, widths.style)

    @classmethod
    def from_official(cls, folder: Path | str) -> Self:
        """Load the authors' four files, ready for inference (no gradients).

        Where `motion_model.pth` has no `mouth_embed`, the lips can come from sound only, and a
        warning says so.

        Raises:
            BundleError: a file is missing, damaged, foreign or would run code; wrong names are
                listed.
        """
        folder = Path(folder)
        states = read_files(folder)
        with torch.device("meta"):
            widths = widths_of(*(states[file] for file in FILES))
            model = cls(widths, lips_from_pictures=reads_lips(states[MOTION]))
        model = model.to_empty(device="cpu")
        for file, module in zip(FILES, model.by_file(), strict=True):
            fill(module, folder / file, states.pop(file))
        return model.eval().requires_grad_(requires_grad=False)

    def by_file(self) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
        """The networks in the order of the release's files."""
        return (
            self.appearance_encoder,
            self.motion_encoder,
            self.sound_encoder,
            self.generator,
        )

    @property
    def lips_from_pictures(self) -> bool:
        """Whether `motion` has lips."""
        return "lips" in self.motion_encoder.parts

    def appearance(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, 224, 224) in [-1, 1] -> code (N, 2048 as released), map (N, 512, 7, 7)."""
        code, start = self.appearance_encoder(picture)
        return code, start

    def motion(self, picture: Tensor) -> dict[str, Tensor]:
        """(N, 3, 224, 224) in [-1, 1] -> lips (N, 500), emotion (N, 30), eyes and pose (N, 6)."""
        return dict(zip(self.motion_encoder.parts, self.motion_encoder(picture), strict=True))

    def speech(self, windows: Tensor) -> Tensor:
        """(N, 1, 80, 20) log-mel windows of 200 ms in 0..1 -> lips (N, 500)."""
        lips: Tensor = self.sound_encoder(windows)
        return lips

    def render(
        self,
        appearance: tuple[Tensor, Tensor],
        lips: Tensor,
        emotion: Tensor,
        eyes: Tensor,
        pose: Tensor,
    ) -> Tensor:
        """A portrait's appearance and the codes of a motion -> (N, 3, 224, 224) in [-1, 1]."""
        code, start = appearance
        codes = {"lips": lips, "emotion": emotion, "eyes": eyes, "pose": pose}
        style = torch.cat([code, *(codes[part] for part in PARTS)], dim=1)
        picture: Tensor = self.generator(style, start)
        return picture
