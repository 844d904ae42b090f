"""Modules as they are before anything was imported, until the test ends."""

import sys

import pytest


def forget(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    """Let the modules whose names begin so be imported afresh; the old ones come back afterwards.

    Also as attributes of their packages: there `import a.b` and patches by name look for them.
    """
    for name in [name for name in sys.modules if name.startswith(prefix)]:
        package, _, child = name.rpartition(".")
        if package in sys.modules and hasattr(sys.modules[package], child):
            monkeypatch.delattr(sys.modules[package], child)
        monkeypatch.delitem(sys.modules, name)
