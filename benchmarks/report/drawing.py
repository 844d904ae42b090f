"""Charts as HTML: SVG of our own, coloured by the page's style."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

import cv2
import numpy as np

from benchmarks.report.axes import LEFT, RIGHT, TOP, WIDTH, Axes, short, svg, ticks
from benchmarks.report.charts import (
    Chart,
    Curve,
    Histogram,
    ImageSheet,
    StackedBars,
    Timeline,
)
from engine.frame import Pixels

BINS = 48
TAIL = 99.5
"""Percentile up to which a histogram goes: beyond, single values would flatten all others."""
COLOURS = 9
"""The page's style has so many."""
ROW = 30
"""Height of a bar with its name."""
POINTS = 1500
"""More are thinned out: each series by itself."""
WEBP_QUALITY = 88


def drawn(chart: Chart) -> str:
    """The chart with its title and legend."""
    if isinstance(chart, Histogram | Timeline | Curve) and not any(map(len, chart.series.values())):
        return ""
    if isinstance(chart, Histogram):
        body = _histogram(chart) + _legend(chart.series)
    elif isinstance(chart, Timeline):
        body = _timeline(chart) + _legend(chart.series)
    elif isinstance(chart, Curve):
        body = _curve(chart) + _legend(chart.series)
    elif isinstance(chart, StackedBars):
        body = _bars(chart) + _legend(next(iter(chart.bars.values()), {}))
    else:
        return _sheet(chart)
    return f'<section class="chart"><h2>{escape(chart.title)}</h2>{body}</section>'


def _histogram(chart: Histogram) -> str:
    everything = np.concatenate([np.asarray(each, float) for each in chart.series.values()])
    low, high = float(everything.min()), float(np.percentile(everything, TAIL))
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    shares = {
        name: np.histogram(np.clip(each, None, edges[-1]), edges)[0] / max(len(each), 1) * 100
        for name, each in chart.series.items()
    }
    axes = Axes(x0=low, x1=float(edges[-1]), y1=max(float(each.max()) for each in shares.values()))
    parts = [axes.drawn(chart.unit, "% of all")]
    for number, (name, heights) in enumerate(shares.items()):
        steps = [(edges[0], 0.0)]
        for bin_number, height in enumerate(heights):
            steps += [(edges[bin_number], height), (edges[bin_number + 1], height)]
        parts.append(_area(axes, [*steps, (edges[-1], 0.0)], number))
        for share in (50, 95) if len(chart.series[name]) else ():
            at = axes.x(min(float(np.percentile(chart.series[name], share)), axes.x1))
            parts.append(
                f'<line class="mark c{number % COLOURS}" x1="{at}" x2="{at}" y1="{TOP}" '
                f'y2="{axes.y(0)}"><title>{escape(name)} p{share}</title></line>'
            )
    return svg("".join(parts), f"{chart.title}: histogram")


def _timeline(chart: Timeline) -> str:
    points = [point for each in chart.series.values() for point in each]
    axes = _around(points)
    parts = [axes.drawn("s", chart.unit)]
    for number, each in enumerate(chart.series.values()):
        thinned = each[:: max(1, len(each) // POINTS)]
        parts += [
            f'<circle class="f{number % COLOURS}" cx="{axes.x(x)}" cy="{axes.y(y)}" r="1.6"/>'
            for x, y in thinned
        ]
    return svg("".join(parts), f"{chart.title}: over time")


def _curve(chart: Curve) -> str:
    points = [point for each in chart.series.values() for point in each]
    axes = _around(points, chart.limit)
    parts = [axes.drawn(chart.x, chart.unit)]
    if chart.limit is not None:
        at = axes.y(chart.limit)
        parts.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>')
    for number, each in enumerate(chart.series.values()):
        line = " ".join(f"{axes.x(x)},{axes.y(y)}" for x, y in each)
        parts.append(f'<polyline class="line c{number % COLOURS}" points="{line}"/>')
        parts += [
            f'<circle class="f{number % COLOURS}" cx="{axes.x(x)}" cy="{axes.y(y)}" r="3">'
            f"<title>{short(x)}: {short(y)} {escape(chart.unit)}</title></circle>"
            for x, y in each
        ]
    return svg("".join(parts), f"{chart.title}: {chart.unit} over {chart.x}")


def _bars(chart: StackedBars) -> str:
    most = max([sum(parts.values()) for parts in chart.bars.values()] + [chart.limit or 0.0])
    axes = Axes(x0=0.0, x1=most or 1.0, y1=1.0)
    height, parts = TOP + ROW * len(chart.bars) + 36, []
    left = LEFT - 36

    def at(value: float) -> float:
        return round(left + value / axes.x1 * (WIDTH - RIGHT - left), 1)

    for row, (name, stacked) in enumerate(chart.bars.items()):
        top, begin = TOP + ROW * row, 0.0
        total = sum(stacked.values())
        parts.append(
            f'<text x="{left}" y="{top + 10}">{escape(name)}: {short(total)} '
            f"{escape(chart.unit)}</text>"
        )
        for number, (part, value) in enumerate(stacked.items()):
            parts.append(
                f'<rect class="f{number % COLOURS}" x="{at(begin)}" y="{top + 14}" '
                f'width="{round(at(begin + value) - at(begin), 1)}" height="12">'
                f"<title>{escape(part)}: {short(value)}</title></rect>"
            )
            begin += value
    bottom = TOP + ROW * len(chart.bars)
    parts += [
        f'<text class="mid" x="{at(each)}" y="{bottom + 16}">{short(each)}</text>'
        for each in ticks(0.0, axes.x1, 6)
    ]
    parts.append(
        f'<text class="end" x="{WIDTH - RIGHT}" y="{height - 4}">{escape(chart.unit)}</text>'
    )
    if chart.limit is not None:
        parts.append(
            f'<line class="limit" x1="{at(chart.limit)}" x2="{at(chart.limit)}" y1="{TOP}" '
            f'y2="{bottom}"/>'
        )
    return svg("".join(parts), f"{chart.title}: parts that add up", height)


def _sheet(chart: ImageSheet) -> str:
    figures = "".join(
        f'<figure><img alt="{escape(caption, quote=True)}" src="{_embedded(picture)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for caption, picture in chart.pictures
    )
    return (
        f'<section class="sheet"><h2>{escape(chart.title)}</h2>'
        f'<div class="scrolls"><div class="pictures" style="--columns:{chart.columns}">{figures}'
        "</div></div></section>"
    )


def _embedded(picture: Pixels) -> str:
    done, coded = cv2.imencode(
        ".webp", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY]
    )
    if not done:
        raise ValueError(f"a picture of shape {picture.shape} cannot be written as WebP")
    return f"data:image/webp;base64,{b64encode(coded.tobytes()).decode()}"


def _legend(names: Iterable[str]) -> str:
    entries = "".join(
        f'<li class="k{number % COLOURS}">{escape(name)}</li>' for number, name in enumerate(names)
    )
    return f'<ul class="legend">{entries}</ul>'


def _area(axes: Axes, points: Sequence[tuple[float, float]], number: int) -> str:
    outline = " ".join(f"{axes.x(x)},{axes.y(y)}" for x, y in points)
    return f'<polygon class="area c{number % COLOURS} f{number % COLOURS}" points="{outline}"/>'


def _around(points: Sequence[tuple[float, float]], limit: float | None = None) -> Axes:
    """Axes that show all of these; from zero where that wastes no more than half of the height."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    if limit is not None:
        ys.append(limit)
    low, high = min(ys), max(ys)
    y0 = 0.0 if (low >= 0.0 and low < 0.5 * high) or low == high else low - 0.1 * (high - low)
    return Axes(x0=min(xs), x1=max(xs), y0=y0, y1=high + 0.05 * (high - y0) or 1.0)
