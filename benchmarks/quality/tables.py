"""The tables that people read; docs/quality.md defines every column."""

from collections.abc import Sequence

from benchmarks.quality.estimator import WITHIN
from benchmarks.quality.figures import OWED, mean_rows
from benchmarks.quality.following import SIGNALS
from benchmarks.quality.lip_sync import BELIEVED
from benchmarks.quality.measuring import FILMED, Found, Values
from benchmarks.quality.nearness import METRICS
from benchmarks.quality.played import STILL
from benchmarks.quality.rendered_found import EXACT, MODEL, Rendered
from benchmarks.regions import REGIONS
from benchmarks.report.report import Table
from engine.motion import FACTORS

_DIGITS = {"psnr": 2, "ssim": 3, "l1": 2, "lpips": 3}
_NAMES = {STILL: "still picture", "pose": "pose only", "expression": "expression only"}
MEAN = "mean"


def same_tables(found: Sequence[Found], protocol: str) -> list[Table]:
    """How near the driven portrait comes to the film itself."""
    metrics = [m for m in METRICS if f"{m}.face" in next(iter(found[0].rows.values()))]
    cells = " / ".join(metric.upper() for metric in metrics)
    head = ("row", "clip", *(f"{region}: {cells}" for region in REGIONS))
    rows = [
        (_NAMES.get(row, row), each, *(_near(values, region, metrics) for region in REGIONS))
        for row in (STILL, "pose", "expression", "both")
        for each, values in _each(found, row)
    ]
    title = f"Same identity, protocol {protocol}: near to the driver's own frame"
    note = "PSNR in dB, L1 of 255. Beside the model: a picture that never moves, and pose alone."
    return [Table(title=title, head=head, rows=tuple(rows), notes=(note,))]


def _each(found: Sequence[Found], row: str) -> list[tuple[str, Values]]:
    """(clip, values); of several the mean last."""
    each = [(one.name, one.rows[row]) for one in found if row in one.rows]
    return [*each, (MEAN, mean_rows(found)[row])] if len(each) > 1 else each


def _near(values: Values, region: str, metrics: Sequence[str]) -> str:
    return " / ".join(_cell(values, f"{m}.{region}", _DIGITS[m]) for m in metrics)


def person_tables(same: Sequence[Found], cross: Sequence[Found], protocol: str) -> list[Table]:
    """As the paper's Tables 1 and 2, and 3."""
    means = mean_rows(same), mean_rows(cross)
    head = ["edit"]
    for name in ("CSIM", "AED", "APD, rad", "turn, degrees", "lean, degrees"):
        head += [f"{name}: same", "cross"]
    rows = []
    for row in (STILL, "expression", "pose", "both"):
        if not any(row in of for of in means):
            continue
        cells = [_NAMES.get(row, row)]
        for name, digits in (
            ("csim", 4),
            *zip(OWED.get(row, OWED["both"]), (4, 4, 2, 2), strict=True),
        ):
            cells += [_cell(of.get(row, {}), name, digits) for of in means]
        rows.append(tuple(cells))
    told = (
        "CSIM is against the portrait. Expression only: AED to the driver, pose to the "
        "portrait; pose only: AED to the portrait, pose to the driver; both and the still "
        "picture: all to the driver."
    )
    table = Table(
        title=f"Factors, protocol {protocol}, as the paper's Tables 1 and 2",
        head=tuple(head),
        rows=tuple(rows),
        notes=(told, WITHIN),
    )
    return [table, _third(means[0], protocol)]


def _third(same: dict[str, Values], protocol: str) -> Table:
    columns = (
        ("CSIM", "csim", 4), ("LPIPS", "lpips.whole", 4), ("PSNR, dB", "psnr.whole", 2),
        ("SSIM", "ssim.whole", 4), ("AED", "aed.driver", 4), ("APD, rad", "apd.driver", 4),
    )  # fmt: skip
    rows = [
        (_NAMES.get(row, row), *(_cell(same[row], name, digits) for _, name, digits in columns))
        for row in (STILL, "both")
        if row in same
    ]
    return Table(
        title=f"Both factors, same identity, protocol {protocol}, as the paper's Table 3",
        head=("row", *(title for title, _, _ in columns)),
        rows=tuple(rows),
        notes=(WITHIN,),
    )


def following_table(part: str, found: Sequence[Found]) -> Table:
    """Correlation and gain of each signal, and what else tells how it follows."""
    rows = []
    for each, values in _each(found, "both"):
        cells = [f"{_cell(values, f'r.{s}', 2)} / {_cell(values, f'gain.{s}', 2)}" for s in SIGNALS]
        rest = (("landmarks", 2), ("unasked", 2), ("excess", 0), ("lag", 2), ("dropped", 1))
        rows.append((each, *cells, *(_cell(values, name, digits) for name, digits in rest)))
    return Table(
        title=f"Following, {part}: correlation / gain with the driver",
        head=(
            "drive", *SIGNALS, "landmarks, mm", "unasked, mm", "excess, %", "lag, frames",
            "dropped, %",
        ),
        rows=tuple(rows),
        notes=("A signal that the driver hardly moves is left out: -.",),
    )  # fmt: skip


def sync_table(found: Sequence[Found]) -> Table | None:
    """Lips against sound; None where no clip has one."""
    rows = []
    for each in found:
        for row in (FILMED, "both"):
            values = each.rows.get(row, {})
            if "sync.offset" in values:
                cells = (("sync.offset", 0), ("sync.r", 2), ("sync.confidence", 1))
                name = row if row == FILMED else "portrait"
                rows.append((each.name, name, *(_cell(values, n, d) for n, d in cells)))
    if not rows:
        return None
    return Table(
        title="Lip sync: how much later the sound is than the lips",
        head=("drive", "row", "offset, ms", "r", "confidence"),
        rows=tuple(rows),
        notes=(
            f"Below a confidence of {BELIEVED:g} the offset means nothing. The filmed row has the "
            "measure's own offset; what the model adds is the difference.",
        ),
    )


def steadiness_table(found: Sequence[Found]) -> Table | None:
    """What should stay, in the mode expression; None where no portrait has that mode."""
    columns = (
        ("rim flicker, of 255", "rim flicker", 3), ("breathing, %", "breathing", 3),
        ("swing, degrees", "swing", 3), ("wobble, ‰ of the face's height", "wobble", 2),
        ("turn from the portrait, degrees", "turn.source", 2),
        ("lean, degrees", "lean.source", 2),
        ("dropped, %", "dropped", 1), ("flicker before a still driver, of 255", "still flicker", 3),
    )  # fmt: skip
    rows = [
        (each, *(_cell(values, name, digits) for _, name, digits in columns))
        for each, values in _each(found, "expression")
    ]
    if not rows:
        return None
    return Table(
        title="Steadiness: what moves in the mode expression, and should not",
        head=("drive", *(title for title, _, _ in columns)),
        rows=tuple(rows),
        notes=("The tracker leans with some expressions on still heads, too: docs/quality.md.",),
    )


def rendered_tables(found: Rendered) -> list[Table]:
    """Against exact renders, and who leaks into whom."""
    near = [
        (asked, row, *(_cell(values, n, d) for n, d in (("psnr", 2), ("turn", 2), ("aed", 4))))
        for asked, rows in found.nearness.items()
        for row, values in rows.items()
    ]
    tables = [
        Table(
            title=f"Rendered heads ({found.heads}): against the exact render",
            head=("asked for", "row", "PSNR of the face, dB", "turn, degrees", "AED"),
            rows=tuple(near),
            notes=(
                '"alone": the driver moves everything, and the portrait is asked for one factor.',
                WITHIN,
            ),
        )
    ]
    for row in (EXACT, MODEL):
        cells = [
            (factor, *(f"{value:.2f}" for value in found.leaks[row][k]))
            for k, factor in enumerate(FACTORS)
        ]
        note = (
            f"Mean off the diagonal {found.leaked[row]:.3f}. Rows are moved, columns measured, in "
            "units of what the exact render shows. Those of the exact render are the tracker's own."
        )
        title = f"Leak matrix: {row}"
        tables.append(
            Table(title=title, head=("moved", *FACTORS), rows=tuple(cells), notes=(note,))
        )
    return tables


def _cell(values: Values, name: str, digits: int) -> str:
    return f"{values[name]:.{digits}f}" if name in values else "-"
