"""What a record must hold: docs/bench-format.md, checked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.report.record import SCHEMA, VERSION
from engine.errors import InputError

FIELDS: dict[str, type | tuple[type, ...]] = {
    "schema": str,
    "version": int,
    "kind": str,
    "settings": dict,
    "command": str,
    "commit": str,
    "dirty": bool,
    "date": str,
    "seconds": (int, float),
    "machine": dict,
    "versions": dict,
    "figures": list,
    "tables": list,
    "skipped": dict,
}
MACHINE = ("processor", "cores", "memory_gb", "system", "load_average")
FIGURE = {"name", "value", "unit", "better", "interval"}
TABLE = {"title", "head", "rows", "notes"}


def read_record(path: Path) -> dict[str, Any]:
    """The record in a file, or in the last line of one.

    Raises:
        InputError: it is none, or not of this version.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}. Check the name and the folder.")
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    try:
        record = json.loads(text if text.startswith("{") else text.rpartition("\n")[2])
    except json.JSONDecodeError:
        raise InputError(f"{path} holds no JSON: give what --json wrote.") from None
    wrong = next(problems(record), None)
    if wrong is not None:
        raise InputError(f"{path} is no record of `understudy bench`: {wrong}. Measure again.")
    return dict(record)


def problems(record: object) -> Iterator[str]:
    """What is wrong with a record, each in a few words."""
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        yield f'it has no "schema": "{SCHEMA}"'
        return
    if record.get("version") != VERSION:
        yield f"its version is {record.get('version')}, and this program reads {VERSION}"
        return
    for name, kind in FIELDS.items():
        if name not in record:
            yield f"{name} is missing"
        elif not isinstance(record[name], kind):
            yield f"{name} is of another kind"
    yield from (
        f"machine.{name} is missing" for name in MACHINE if name not in record.get("machine", {})
    )
    for figure in record.get("figures", []):
        yield from _figure(figure)
    for table in record.get("tables", []):
        if set(table) != TABLE or any(len(row) != len(table["head"]) for row in table["rows"]):
            yield f"the table {table.get('title')} is not whole"


def _figure(figure: dict[str, Any]) -> Iterator[str]:
    name = figure.get("name")
    if not set(figure) >= FIGURE or set(figure) - FIGURE - {"rounds"}:
        yield f"the figure {name} has other fields"
        return
    if isinstance(figure["value"], bool) or not isinstance(figure["value"], int | float):
        yield f"{name} is no number"
    if figure["better"] not in ("lower", "higher", None):
        yield f"{name}.better is {figure['better']}"
    interval = figure["interval"]
    if interval is not None and not (len(interval) == 2 and interval[0] <= interval[1]):
        yield f"{name}.interval is none"
