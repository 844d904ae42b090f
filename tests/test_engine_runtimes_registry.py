"""The registry is what is known of the runtimes without importing one, and it is true of each."""

import subprocess
import sys
from pkgutil import resolve_name

import pytest

from engine.errors import MachineError
from engine.runtimes.registry import AUTO, NAMES, RUNTIMES, Entry


@pytest.mark.parametrize("entry", RUNTIMES.values(), ids=RUNTIMES)
def test_an_entry_makes_a_runtime_of_its_name_that_builds_plans_where_it_says_so(
    entry: Entry,
) -> None:
    pytest.importorskip(entry.needs[0]) if not entry.builds_plans else None
    made = resolve_name(entry.made_by)
    assert made.name == entry.name
    assert hasattr(made, "has_plan") == entry.builds_plans


def test_every_name_of_the_command_line_is_an_entry_or_auto() -> None:
    assert (AUTO, *RUNTIMES) == NAMES
    assert all(entry.name == name for name, entry in RUNTIMES.items())


def test_what_an_entry_lacks_is_said_with_what_to_install() -> None:
    entry = Entry(
        name="made", made_by="no_such_package:Made", needs=("no_such_package",), advice="Run that."
    )
    with pytest.raises(MachineError, match=r"^no_such_package is not installed\. Run that\.$"):
        entry.load()


def test_the_registry_is_read_without_numpy_or_any_runtime() -> None:
    code = (
        "import sys, engine.runtimes.registry as registry\n"
        "packages = {'numpy', *(name for r in registry.RUNTIMES.values() for name in r.needs)}\n"
        "print(sorted(packages & set(sys.modules)), len(packages) > 5)\n"
        "print([name for name in sys.modules if name.startswith('engine.runtimes.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[] True\n['engine.runtimes.registry']\n"
