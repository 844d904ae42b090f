"""`report.html`: what was taken and what was not, with pictures to look at; one file, no script."""

import base64
import html
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from training.clips.shards import ClipEntry, ClipReader, SourceEntry, encoded, read_index
from training.clips.splits import held_out

REPORT = "report.html"
_SAMPLES, _STRIP, _SIDE = 60, 6, 112

_STYLE = (
    "body{font:15px sans-serif;margin:2em;max-width:60em}td,th{padding:.15em .8em;text-align:left}"
    "figure{margin:1em 0}figcaption{color:#555}"
)


def write_report(folder: Path) -> Path:
    """Write it from the folder's index; returns its path."""
    clips, sources = read_index(folder)
    apart = held_out(clip.identity for clip in clips)
    parts = [
        f"<!doctype html><meta charset=utf-8><title>Clips</title><style>{_STYLE}</style>",
        f"<h1>{len(clips)} clips, {sum(clip.frames for clip in clips):,} frames</h1>",
        _people(clips, apart),
        _refusals(sources),
        "<h2>Sources</h2>",
        _sources(clips, sources),
        "<h2>Samples</h2>",
        *(_sample(clip, folder, apart) for clip in _spread(clips)),
    ]
    path = folder / REPORT
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def _people(clips: Sequence[ClipEntry], apart: set[str]) -> str:
    people = {clip.identity for clip in clips}
    names = html.escape(", ".join(sorted(apart)[:20]) or "nobody")
    return f"<p>{len(people)} people; held out: {len(apart)} ({names})</p>"


def _refusals(sources: Sequence[SourceEntry]) -> str:
    refused: Counter[str] = Counter()
    for source in sources:
        refused.update(source.refused)
    rows = [
        f"<tr><td>{html.escape(reason)}<td>{count:,}" for reason, count in refused.most_common()
    ]
    return "<h2>Refused frames</h2><table>" + "".join(rows) + "</table>"


def _sources(clips: Sequence[ClipEntry], sources: Sequence[SourceEntry]) -> str:
    taken: Counter[str] = Counter()
    for clip in clips:
        taken[clip.source] += clip.frames
    rows = []
    for source in sources[:500]:
        why = ", ".join(f"{reason} {count}" for reason, count in source.refused.items()) or "-"
        rows.append(
            f"<tr><td>{html.escape(source.source)}<td>{taken[source.source]} of {source.frames}"
            f"<td>{html.escape(why)}"
        )
    head = "<tr><th>source<th>frames taken<th>refused"
    return "<table>" + head + "".join(rows) + "</table>"


def _spread(clips: Sequence[ClipEntry]) -> list[ClipEntry]:
    if len(clips) <= _SAMPLES:
        return list(clips)
    return [clips[k] for k in np.linspace(0, len(clips) - 1, _SAMPLES).astype(int)]


def _sample(clip: ClipEntry, folder: Path, apart: set[str]) -> str:
    reader = ClipReader(folder)
    numbers = np.linspace(0, clip.frames - 1, min(_STRIP, clip.frames)).astype(int)
    strip = np.hstack(
        [
            cv2.resize(reader.picture(clip, int(k)), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
            for k in numbers
        ]
    )
    data = base64.b64encode(encoded(np.asarray(strip, np.uint8))).decode()
    split = "held out" if clip.identity in apart else "train"
    place = f"{clip.source} from frame {clip.first_frame}, {clip.frames} frames"
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="">'
        f"<figcaption>{html.escape(f'{place}, {clip.identity}, {split}')}</figcaption></figure>"
    )
