"""Lists commands of other packages without importing them: help needs no torch to be fast."""

import importlib
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from stream.cli.usage_words import in_our_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A command that another package has."""

    name: str
    help: str
    """One line for the list of commands."""
    module: str
    """Holds `app`, a Typer application that has a command of this name."""


class Roof(TyperGroup):
    """A group of commands, some of which are imported only when they are called."""

    elsewhere: tuple[Elsewhere, ...] = ()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in self.elsewhere:
            self.add_command(Unopened(command))

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named; what is wrong with its options is said plainly."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = in_our_words(error.message)
            raise


class Unopened(TyperCommand):
    """Stands in the list of commands; becomes the real one when it is called or asked for help."""

    def __init__(self, command: Elsewhere) -> None:
        super().__init__(command.name, help=command.help)
        self._command = command

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Import the real command and let it read its arguments."""
        return self.opened().make_context(info_name, args, parent, **extra)

    def opened(self) -> Any:
        """The real command."""
        app: typer.Typer = importlib.import_module(self._command.module).app
        command = typer.main.get_command(app)
        return command.commands[self._command.name] if isinstance(command, TyperGroup) else command
