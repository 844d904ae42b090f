"""Puts the buffers that hold nothing back in the place of aiortc's, where that one still does."""

from aiortc import rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer

from stream.webrtc.aiortc_parts import part_of, replace_part
from stream.webrtc.sound_release import PromptSoundBuffer, holds_sound_back
from stream.webrtc.whole_release import WholeFrameBuffer, releases_all

NAME = "JitterBuffer"


class PromptBuffers:
    """Makes a receiver's buffer: ours for pictures, ours for sound, or what stood here before."""

    def __init__(self, stock: type[JitterBuffer]) -> None:
        self._stock = stock
        self._pictures = stock if releases_all(stock) else WholeFrameBuffer
        self._sound = PromptSoundBuffer if holds_sound_back(stock) else stock

    @property
    def is_needed(self) -> bool:
        """Whether any of ours is better than what stood here."""
        return (self._pictures, self._sound) != (self._stock, self._stock)

    def __call__(
        self,
        capacity: int,
        prefetch: int = 0,
        is_video: bool = False,  # noqa: FBT001, FBT002 (aiortc's own signature)
    ) -> JitterBuffer:
        """A buffer as aiortc asks for it."""
        if is_video:
            return self._pictures(capacity, prefetch, is_video)
        return self._sound(capacity, prefetch)


def install() -> bool:
    """Use them for every receiver made from now on; False where aiortc needs none of them."""
    stock = part_of(rtcrtpreceiver, NAME)
    if isinstance(stock, PromptBuffers):
        return False
    made = PromptBuffers(stock)
    if made.is_needed:
        replace_part(rtcrtpreceiver, NAME, made)
    return made.is_needed
