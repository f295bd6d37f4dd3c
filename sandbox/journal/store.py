"""The durable log of what came into a served sandbox: in SQLite, or in any database that SQLAlchemy reaches.

A world is a function of its configuration, its seed and its inputs, so the inputs are all that is kept; the
answers that were given are kept beside them, to compare with what a replay answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from sandbox.core.errors import InputError

_SCHEMA = sa.MetaData()

_META = sa.Table(
    "adcp_sandbox_meta", _SCHEMA, sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text)
)

_ENTRIES = sa.Table(
    "adcp_sandbox_inputs",
    _SCHEMA,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("world", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("principal", sa.Text, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
)

READ = "read:"
"""Before the kind of an entry that is no input: something was read."""

_LOCK = 0x41644350
"""Key of the advisory lock that a server holds on PostgreSQL: the letters AdCP."""


@dataclass(slots=True, frozen=True)
class Entry:
    """One input and what was answered.

    ``kind`` is ``call`` (``name`` is the operation), ``adcp`` (``agent.tool``), ``control`` (``actor.control``) or
    ``webhook`` (``receiver.sender``); before it stands ``begin:`` where an input only began, because it had to wait
    for a real service. ``peer`` is what a real service answered (``actor.operation``). ``read:`` stands before the kind
    of what was only read: no input, but something that a client was told. ``payload`` and ``answer`` are JSON texts,
    without secrets. ``at_ms`` is the simulated time at which it came in.
    """

    world: str
    at_ms: int
    kind: str
    name: str
    payload: str
    principal: str
    user: str
    status: int
    answer: str


class Journal:
    """One journal, open for writing. A second server can't open it at the same time.

    ``url`` is SQLAlchemy's, such as ``sqlite:///session.db`` or ``postgresql+psycopg://host/name``. Raises
    :class:`InputError` for an URL that leads nowhere and for a journal that is in use.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._engine = sa.create_engine(_with_driver(url), poolclass=sa.StaticPool, hide_parameters=True)
        except (ArgumentError, NoSuchModuleError, ImportError, OSError) as error:
            why = f"no journal can be kept at {_masked(url)!r}: {_short(error)}"
            raise InputError(why, "--journal", _HINT) from None
        try:
            self._connection = self._engine.connect()
            self._claim()
            _SCHEMA.create_all(self._connection)
            self._connection.commit()
        except DBAPIError as error:
            self._engine.dispose()
            raise self._unusable(error) from None
        except InputError:
            self.close()
            raise

    def _claim(self) -> None:
        """Make what is committed last, and keep others out, for as long as this process lives."""
        if self._engine.dialect.name == "sqlite":
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
                self._connection.exec_driver_sql(f"PRAGMA {pragma}")
            self._connection.exec_driver_sql("BEGIN EXCLUSIVE")
            self._connection.commit()
        elif self._engine.dialect.name == "postgresql":
            held = self._connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK)))
            self._connection.commit()
            if not held:
                raise InputError(f"another server writes to {self.shown()}", "--journal", _TAKEN)

    def _unusable(self, error: DBAPIError) -> InputError:
        if "locked" in str(error.orig):
            return InputError(f"another server writes to {self.shown()}", "--journal", _TAKEN)
        return InputError(f"no journal can be kept at {self.shown()}: {_short(error)}", "--journal", _HINT)

    def shown(self) -> str:
        """The URL without its password."""
        return self._engine.url.difference_update_query(_OPTIONS).render_as_string(hide_password=True)

    # -- what the journal is of --------------------------------------------------------------------------

    def read(self, name: str) -> Any:
        """A value of :meth:`write`; None if there is none."""
        with self._reading():
            found = self._connection.scalar(sa.select(_META.c.value).where(_META.c.name == name))
        return None if found is None else json.loads(found)

    def write(self, name: str, value: Any) -> None:
        """Keep a JSON value under a name; durable on return."""
        self.append((), {name: value})

    # -- inputs ------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry], values: dict[str, Any] | None = None) -> None:
        """Keep inputs, and values as :meth:`write` does, in one transaction; durable on return.

        Raises :class:`OSError` if that is not possible any more.
        """
        with self._writing():
            if entries:
                self._connection.execute(sa.insert(_ENTRIES), [asdict(entry) for entry in entries])
            self._write(values or {})

    def _write(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self._connection.execute(sa.delete(_META).where(_META.c.name == name))
            self._connection.execute(sa.insert(_META), {"name": name, "value": json.dumps(value)})

    def worlds(self) -> list[str]:
        """The worlds that have inputs, in the order of their first one."""
        first = sa.select(_ENTRIES.c.world).group_by(_ENTRIES.c.world).order_by(sa.func.min(_ENTRIES.c.seq))
        with self._reading():
            return list(self._connection.scalars(first))

    def entries(self, world: str, reads: bool = False) -> Iterator[Entry]:
        """The inputs of one world in their order; with what was read among them if ``reads``."""
        columns = [column for column in _ENTRIES.c if column.name != "seq"]
        wanted = sa.select(*columns).where(_ENTRIES.c.world == world).order_by(_ENTRIES.c.seq)
        if not reads:
            wanted = wanted.where(_ENTRIES.c.kind.not_like(f"{READ}%"))
        with self._reading():
            for row in self._connection.execute(wanted):
                yield Entry(*row)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction. What goes wrong is told without what was to be written."""
        try:
            with self._connection.begin():
                yield
        except SQLAlchemyError as error:
            raise OSError(_short(error)) from None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Raise :class:`InputError` for a file that is damaged."""
        try:
            yield
        except DBAPIError as error:
            raise self._unusable(error) from None
        finally:
            self._connection.rollback()

    def clear(self, values: dict[str, Any] | None = None) -> None:
        """Forget everything and keep these values instead, in one transaction. Raises :class:`OSError`."""
        with self._writing():
            self._connection.execute(sa.delete(_ENTRIES))
            self._connection.execute(sa.delete(_META))
            self._write(values or {})

    def close(self) -> None:
        """Let go of the journal."""
        self._connection.close()
        self._engine.dispose()


_OPTIONS = {"check_same_thread": "false", "timeout": "1"}
"""The journal is used by one thread at a time, and does not wait for another server to stop."""

_HINT = "give a file such as session.db, a URL such as postgresql://user@host/name, or `memory` to keep nothing"
_TAKEN = "stop the other server, or give this one a journal of its own"


def _with_driver(url: str) -> sa.URL:
    """The URL with the drivers that are installed, and the folder of an SQLite file made."""
    parsed = sa.make_url("sqlite://" if url == "memory" else url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite":
        parsed = parsed.update_query_dict(_OPTIONS)
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return parsed


def _masked(url: str) -> str:
    """An URL that perhaps is none, without its password."""
    return re.sub(r"(://[^/:]*:).*@", r"\1***@", url)


def _short(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().partition("\n")[0]
