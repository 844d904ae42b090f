"""Writes a folder as a whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import OutputError


@contextmanager
def whole_folder(target: Path, *, force: bool) -> Iterator[Path]:
    """A folder to write into; it becomes `target` when the block ends without an error.

    Raises:
        OutputError: `target` exists and `force` is not given, or its parent cannot be written.
    """
    if target.exists() and not force:
        raise OutputError(f"{target} exists. Choose another folder, or replace it with --force.")
    if target.exists() and not _is_replaceable(target):
        raise OutputError(
            f"{target} holds other files than a bundle's, and is not replaced. Choose another."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target: only within one file system is a rename a single step.
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise OutputError(
            f"cannot write {target}: {error.strerror}. Choose another folder."
        ) from None
    try:
        yield work
        work.chmod(0o755)  # mkdtemp makes folders for one user only
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
    except OSError as error:
        raise OutputError(
            f"cannot write {target}: {error.strerror or error}. Is the disk full?"
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_replaceable(folder: Path) -> bool:
    """Whether a folder is a bundle or empty: --force must not remove a user's other files."""
    if not folder.is_dir():
        return False
    return all(file.suffix in (".onnx", ".json") and file.is_file() for file in folder.iterdir())
