"""The figures of a report: which measures of which rows, their units, and which way is better."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.quality.measuring import FILMED, Found, Values
from benchmarks.quality.nearness import METRICS
from benchmarks.quality.played import STILL
from benchmarks.quality.rendered_found import MODEL, Rendered
from benchmarks.report.report import Better, Figure

UNITS: Mapping[str, tuple[str, Better | None]] = {
    "psnr": ("dB", "higher"), "ssim": ("", "higher"), "l1": ("of 255", "lower"),
    "lpips": ("", "lower"), "csim": ("", "higher"),
    "aed": ("", "lower"), "apd": ("rad", "lower"), "turn": ("degrees", "lower"),
    "lean": ("degrees", "lower"), "yaw": ("degrees", None), "pitch": ("degrees", None),
    "roll": ("degrees", None),
    "r": ("", "higher"), "gain": ("", None), "landmarks": ("mm", "lower"),
    "excess": ("%", None), "unasked": ("mm", "lower"), "lag": ("frames", "lower"),
    "sync": ("", None),
    "dropped": ("%", "lower"), "rim flicker": ("of 255", "lower"), "breathing": ("%", "lower"),
    "swing": ("degrees", "lower"), "wobble": ("‰ of face height", "lower"),
    "still flicker": ("of 255", "lower"),
}  # fmt: skip
"""By the first word of a measure's name."""

OWED: Mapping[str, tuple[str, ...]] = {
    "expression": ("aed.driver", "apd.source", "turn.source", "lean.source"),
    "pose": ("aed.source", "apd.driver", "turn.driver", "lean.driver"),
    "both": ("aed.driver", "apd.driver", "turn.driver", "lean.driver"),
}
"""Mode -> what should be near to what: the driven factor to the driver, the kept one to the source.
Of other pairs neither way is better."""

_FOLLOWED: Mapping[str, tuple[str, ...]] = {
    "expression": ("r", "landmarks", "unasked", "lag"),
    "both": ("r", "landmarks", "unasked", "lag"),
    "pose": ("lag",),
}


def mean_rows(found: Sequence[Found]) -> dict[str, Values]:
    """Row -> measures, the mean of all drives that have one."""
    rows: dict[str, dict[str, list[float]]] = {}
    for each in found:
        for row, values in each.rows.items():
            for name, value in values.items():
                rows.setdefault(row, {}).setdefault(name, []).append(value)
    return {
        row: {name: float(np.mean(values)) for name, values in of.items()}
        for row, of in rows.items()
    }


def figures(part: str, found: Sequence[Found]) -> Iterator[Figure]:
    """`PART.ROW.MEASURE` of the means; the rows that no model made are there to compare with."""
    for row, values in mean_rows(found).items():
        for name, value in sorted(values.items()):
            unit, better = UNITS[name.partition(".")[0]]
            if name == "sync.offset":
                unit = "ms"
            judged = is_judged(row, name)
            yield Figure(
                name=f"{part}.{row}.{name}".replace(" ", "_"),
                value=value,
                unit=unit,
                better=better if judged else None,
                interval=_interval(found, row, name, value),
            )


def _interval(
    found: Sequence[Found], row: str, name: str, value: float
) -> tuple[float, float] | None:
    """With 95 % confidence, for these films: the drives' errors are independent."""
    errors = [each.errors[row][name] for each in found if name in each.errors.get(row, {})]
    if not errors or not np.isfinite(errors).all():
        return None
    half = 1.96 * float(np.sqrt(np.square(errors).sum())) / len(errors)
    return value - half, value + half


def is_judged(row: str, name: str) -> bool:
    """Whether this measure of this row says that a model is better or worse."""
    if row in (STILL, FILMED):
        return False
    kind = name.partition(".")[0]
    if kind in ("aed", "apd", "turn", "lean"):
        return name in OWED[row]
    if kind in METRICS:
        return row == "both"
    if kind in ("r", "landmarks", "unasked", "lag"):
        return kind in _FOLLOWED[row] and not (row == "expression" and _is_pose(name))
    return True


def _is_pose(name: str) -> bool:
    return name in ("r.yaw", "r.pitch", "r.roll")


def rendered_figures(found: Rendered) -> Iterator[Figure]:
    """Against the exact render, and the leaks."""
    for asked, rows in found.nearness.items():
        for name, value in rows[MODEL].items():
            unit, better = UNITS[name]
            label = f"rendered.{asked}.{name}".replace(" ", "_")
            yield Figure(name=label, value=value, unit=unit, better=better)
    for row, value in found.leaked.items():
        better = "lower" if row == MODEL else None
        name = f"rendered.leaked.{row}".replace(" ", "_")
        yield Figure(name=name, value=value, unit="", better=better)
