"""When a driver is shorter or longer than what it drives: how the film's time becomes its own."""

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

Fit: TypeAlias = Literal["hold", "loop", "resample"]
"""hold: at its own speed, and its last expression stays; loop: to its end, back to its beginning,
and so on; resample: faster or slower, so that both end together."""

FITS: tuple[Fit, ...] = get_args(Fit)


def fitted(
    fit: Fit, *, film_s: tuple[float, float], driver_s: float, offset_s: float = 0.0
) -> Callable[[float], float]:
    """The film's time in s -> the driver's.

    Args:
        fit: how.
        film_s: where in the film the driver begins, and where it is to end.
        driver_s: the driver's own length.
        offset_s: where in the driver it begins.
    """
    begin, end = film_s
    length = max(driver_s - offset_s, 1e-3)

    def held(time_s: float) -> float:
        return offset_s + min(max(time_s - begin, 0.0), length)

    def looped(time_s: float) -> float:
        # Back and forth: from its last expression to its first there is no way without a jerk.
        along = max(time_s - begin, 0.0) % (2.0 * length)
        return offset_s + (along if along <= length else 2.0 * length - along)

    def resampled(time_s: float) -> float:
        share = (time_s - begin) / max(end - begin, 1e-3)
        return offset_s + min(max(share, 0.0), 1.0) * length

    return {"hold": held, "loop": looped, "resample": resampled}[fit]
