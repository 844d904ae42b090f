"""The command line: `main` is the command `understudy`, whose parts come when they are called."""

import sys
import warnings


def main() -> None:
    """Run the command line; an error that a user can act on is one line, without a traceback."""
    from engine.errors import UnderstudyError
    from stream.cli.commands import app
    from stream.cli.stdout import write_any_name

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # Python's own, of any library: they speak to programmers
    write_any_name()
    try:
        app(prog_name="understudy")
    except UnderstudyError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
