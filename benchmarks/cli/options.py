"""Options that all `understudy bench` commands have. Imports nothing heavy."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

HtmlFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Also write a report that a browser shows.",
                 show_default=False),
]  # fmt: skip
JsonFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Also write the JSON line there.",
                 show_default=False),
]  # fmt: skip
ResultsName: TypeAlias = Annotated[
    str | None,
    typer.Option("--results", metavar="NAME", show_default=False,
                 help="Keep NAME.json, .md and .html in benchmarks/results of this clone."),
]  # fmt: skip
AllowDirty: TypeAlias = Annotated[
    bool,
    typer.Option("--allow-dirty", help="Keep results although files differ from the commit."),
]
Quick: TypeAlias = Annotated[
    bool, typer.Option("--quick", help="Fewer of everything: well under a minute on two cores.")
]
