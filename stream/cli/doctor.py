"""The command `understudy doctor`: prints what the checks found, as lines or as JSON."""

from typing import Annotated

import typer

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def doctor(
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON, for scripts.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Where `understudy serve` would listen.")
    ] = 8080,
) -> None:
    """Find what keeps you off camera.

    Exit code 0 where `live` and `serve` can run, 1 where something they need is broken.
    """
    from stream.doctor.examine import as_json as to_json
    from stream.doctor.examine import as_lines, examine, is_healthy

    findings = examine(port=port)
    typer.echo(to_json(findings) if as_json else "\n".join(as_lines(findings)))
    if not is_healthy(findings):
        raise typer.Exit(1)
