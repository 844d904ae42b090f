"""`understudy train dpe` for torchrun, which starts modules: `torchrun ... -m training.dpe`."""

import sys

import typer

from engine.errors import UnderstudyError
from training.dpe.cli import dpe

if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(dpe)
    try:
        app()
    except UnderstudyError as error:
        sys.exit(f"Error: {error}")
