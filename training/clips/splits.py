"""Who is learned from and who is measured on: decided by the person's name, never by the frame."""

import hashlib
from collections.abc import Iterable
from typing import Literal

Split = Literal["train", "held-out"]

HELD_OUT_SHARE = 0.1


def held_out(identities: Iterable[str]) -> set[str]:
    """A tenth of the people, at least one of two or more; the same whenever others come along.

    A name's hash decides, so adding clips moves nobody; only where no name falls into the tenth is
    the one with the least hash taken.
    """
    ranked = sorted(set(identities), key=_place)
    chosen = {name for name in ranked if _place(name) < HELD_OUT_SHARE}
    return chosen or set(ranked[:1] if len(ranked) > 1 else [])


def _place(identity: str) -> float:
    """In 0..1."""
    digest = hashlib.sha256(identity.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
