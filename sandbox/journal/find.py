"""From what a user calls a journal to its URL, without making or changing anything there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sandbox.core.errors import InputError

MAGIC = b"SQLite format 3\0"
"""How a file of SQLite begins."""

_HINT = "a served sandbox keeps its journal in .adcp-sandbox/<scenario>.db, or where --journal says"


def is_database(path: Path) -> bool:
    """True for a file of SQLite."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def journal_url(journal: str) -> str:
    """The SQLAlchemy URL of a journal that is there: the path of its file, or a URL.

    Raises :class:`InputError` for a file that is missing or holds no journal.
    """
    prefix, _, rest = journal.partition(":///")
    if "://" in journal and prefix != "sqlite":
        return journal
    path = Path(rest if "://" in journal else journal)
    if not path.is_file():
        raise InputError(f"there is no file {path}", "JOURNAL", _HINT)
    if not is_database(path) or not _has_inputs(path):
        raise InputError(f"{path} holds no journal of a sandbox", "JOURNAL", _HINT)
    return f"sqlite:///{path}"


def new_journal_url(journal: str) -> str:
    """The URL of a journal to write: the path of its file, or a URL, or ``memory``."""
    return journal if "://" in journal or journal == "memory" else f"sqlite:///{journal}"


def _has_inputs(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=1)) as file:
            found = file.execute("select count(*) from sqlite_master where name = 'adcp_sandbox_inputs'").fetchone()
            return bool(found[0])
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InputError(f"another server writes to {path}", "JOURNAL", "stop the server first") from None
        return False
    except sqlite3.DatabaseError:
        return False
