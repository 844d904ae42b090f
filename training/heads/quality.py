"""How finely heads are drawn: small and fast for training, fine for pictures to look at."""

from dataclasses import dataclass, replace

from training.heads.facial_hair import Amount

SMALL_HAIRS = Amount(brow=130, beard=1500, width=0.035)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Sizes and counts; chosen once for a renderer."""

    size_px: int = 256
    supersampling: float = 1.5
    texture_px: int = 512
    """Height of the skin's atlas."""
    shadow_px: int = 512
    hair_strands: int = 1500
    hair_points: int = 9
    hair_width: float = 0.34
    """Half width in units: a card of many hairs, or one hair."""
    draws_cards: bool = True
    """Whether a ribbon of head hair is a card of many hairs."""
    facial: Amount = SMALL_HAIRS
    is_fine: bool = False
    """Whether skin is drawn with pores and shadows with more taps."""

    def __post_init__(self) -> None:
        """Refuse sizes that OpenGL or memory cannot serve."""
        if not 32 <= self.size_px * self.supersampling <= 8192:
            raise ValueError("size_px times supersampling must lie in 32..8192")
        if not 64 <= self.texture_px <= 4096:
            raise ValueError(f"texture_px must lie in 64..4096, got {self.texture_px}")

    @property
    def canvas_px(self) -> int:
        """Side of the picture that is drawn before it is scaled down."""
        return round(self.size_px * self.supersampling)


TRAINING = Quality()
FINE = Quality(
    size_px=768,
    supersampling=3,
    texture_px=1024,
    shadow_px=2048,
    hair_strands=26000,
    hair_points=16,
    hair_width=0.024,
    draws_cards=False,
    is_fine=True,
    facial=Amount(brow=420, beard=16000, width=0.011),
)
"""For the bundled portraits: some seconds each."""
CLIP = replace(
    FINE,
    size_px=512,
    supersampling=2,
    shadow_px=1024,
    hair_strands=12000,
    hair_points=12,
    hair_width=0.038,
)
"""For the bundled clip."""
