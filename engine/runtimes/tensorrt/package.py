"""Imports one of the two TensorRT packages, with an error that says what to do."""

from collections.abc import Callable
from types import ModuleType

from engine.errors import MachineError
from engine.installing import Extra, install


def imported(importer: Callable[[str], ModuleType], package: str, extra: Extra) -> ModuleType:
    """The package; `importer` is `importlib.import_module`, unless a test gives another.

    Raises:
        ModuleNotFoundError: it is not installed.
        MachineError: its libraries do not load.
    """
    try:
        return importer(package)
    except ModuleNotFoundError:
        raise
    except (ImportError, OSError, RuntimeError) as error:
        raise MachineError(
            f"{package} is installed but does not load ({str(error).splitlines()[0]}). "
            f"Run `{install('--force-reinstall', '-e', f'.[{extra}]')}`."
        ) from None
