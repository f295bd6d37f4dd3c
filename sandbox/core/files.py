"""Files that are written for a user: whole, or not at all."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.core.errors import InputError

_DEVICES = ("/dev/", "/proc/")


@contextmanager
def replacing(path: Path, where: str = "") -> Iterator[Path]:
    """Give a path to write to; what is there when the block ends well becomes the file ``path``.

    Nobody ever sees half of it, and what was there before stays if something fails. A link stays one; a device or a
    pipe is written to itself. Raises :class:`InputError` for ``where`` (an option) if the file can't be written.
    """
    try:
        if _is_device(path):
            yield path
            return
        target = path.resolve()
        part = _part(target)
        try:
            yield part
            if target.exists():
                part.chmod(target.stat().st_mode)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, where, error) from None


def write_text(path: Path, text: str, where: str = "") -> None:
    """Write a text as UTF-8, as :func:`replacing` does."""
    with replacing(path, where) as part:
        part.write_text(text, encoding="utf-8")


def check_writable(path: Path, where: str = "") -> None:
    """Make sure that a file can be written before work is done for it; leaves nothing behind.

    Raises :class:`InputError` for ``where`` (an option) if its folder is missing or takes no files, and for what is a
    folder itself or must not be changed.
    """
    if _is_device(path):
        return
    if path.is_dir():
        raise InputError(f"{path} is a folder", where, "name a file")
    target = path.resolve()
    if not target.parent.is_dir():
        raise InputError(f"there is no folder {path.parent}", where, "make it first")
    if target.exists() and not os.access(target, os.W_OK):
        raise InputError(f"can't write {path}: it is read only", where)
    check_folder(target.parent, where)


def check_folder(folder: Path, where: str = "") -> None:
    """Make sure that files can be made in a folder. Raises :class:`InputError` for ``where`` (an option)."""
    part = _part(folder / "any")
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        raise InputError(f"can't write to the folder {folder}: {error.strerror}", where) from None


def _is_device(path: Path) -> bool:
    """True for what keeps no content that could be replaced: a terminal, a pipe, ``/dev/stdout``."""
    if not path.exists() or path.is_dir():
        return False
    return not path.is_file() or str(path.absolute()).startswith(_DEVICES)


def _part(target: Path) -> Path:
    """A name beside a file that no other writer uses at the same time."""
    return target.with_name(f".{os.getpid()}-{threading.get_ident()}.part")


def _unwritable(path: Path, where: str, error: OSError) -> InputError:
    return InputError(f"can't write {path}: {error.strerror or error}", where)
