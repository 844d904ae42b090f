"""Lists commands without importing what they need: help comes at once, and needs no torch."""

import importlib
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from stream.cli.usage_words import in_our_words


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEntry:
    """A command, and the module that has it."""

    name: str
    help: str
    """One line for the list of commands."""
    module: str
    """Holds `app`, a Typer application that has a command of this name."""


class LazyGroup(TyperGroup):
    """A group of commands that are imported only when they are called."""

    entries: tuple[CommandEntry, ...] = ()

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for command in self.entries:
            self.add_command(LazyCommand(command))

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named; what is wrong with its options is said plainly."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = in_our_words(error.message)
            raise


class LazyCommand(TyperCommand):
    """Stands in the list of commands; becomes the real one when it is called or asked for help."""

    def __init__(self, command: CommandEntry) -> None:
        super().__init__(command.name, help=command.help)
        self._command = command

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Import the real command and let it read its arguments."""
        return self.load().make_context(info_name, args, parent, **extra)

    def load(self) -> Any:
        """The real command."""
        app: typer.Typer = importlib.import_module(self._command.module).app
        command = typer.main.get_command(app)
        return command.commands[self._command.name] if isinstance(command, TyperGroup) else command
