"""A PostgreSQL server as the place of a workspace's database: its transactions, and its errors in plain words.

One transaction writes at a time, as with SQLite: each begins with an advisory lock of the workspace, held to its end.
So writers cannot deadlock, none fails to serialise, and what a writer has read stays true until it commits. Reading
waits for no lock: a reader sees one snapshot (REPEATABLE READ).
"""

import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, ProgrammingError

from storage.exceptions import Busy, DeletedElsewhere, DiskFull, NotWritten, WorkspaceProblem
from storage.postgresql import address, claim, columns
from storage.tables import metadata

if TYPE_CHECKING:
    from storage.postgresql.listener import Listener

CHANNEL = "workbench"
"""Of NOTIFY: every transaction that writes tells the workspace's other processes, when it is committed."""
_LOCK = 0x77_6B_62  # the first key of the advisory lock; the second is the schema's
_KEY = f"{_LOCK}, hashtext(current_schema())"
_CONNECT_SECONDS = 10
_LINE_SECONDS = 60  # after which a line is taken for broken on which nothing arrives; the system would wait 15 minutes
_OWN_NAME = (
    "Acts and blind labellings are written under one's own name, which is to be the role's: set WORKBENCH_ANNOTATOR to "
    "it, and leave `annotator` out of workbench.toml."
)
_REMEDY = "`database` in workbench.toml says where it is; PostgreSQL reads the password from ~/.pgpass or PGPASSWORD."

_ENDED = ("57P01", "57P02", "57P03", "08")  # the server is stopped, starts, or the line is broken
_WAITED = ("55P03", "40P01", "40001")  # another transaction held a lock
_OTHER_TABLES = ("42P01", "42P07", "42703", "3F000")  # one, or a column, is missing, or there already
_DAMAGED = "XX"
_FULL = ("53100", "53200", "54000")


class Server:
    """One workspace's database on a server.

    Args:
        url: its address.
        busy_seconds: how long a writer waits for another one.

    Raises:
        WorkspaceProblem: the address cannot be read or has a password, or the driver is not installed.
    """

    def __init__(self, url: str, busy_seconds: float) -> None:
        self.url = address.read(url)
        self.answer_seconds: float | None = None  # for how long it may say nothing; None: for ever
        self._busy_seconds = busy_seconds
        self._me = uuid4().hex  # in what is told of a transaction
        try:
            self.engine = self._engine()
        except ImportError as error:
            raise WorkspaceProblem(
                f"The driver of PostgreSQL is not installed ({error}).",
                "pip install 'invoice-workbench[postgresql]'",
            ) from error
        except (ArgumentError, ValueError) as error:  # a port that is no number
            raise WorkspaceProblem(
                f"The address {address.shown(self.url)} cannot be used: {error}.", f"Write it as {address.EXAMPLE}."
            ) from error

    def _engine(self) -> Engine:
        facts: dict[str, Any] = {
            "application_name": f"workbench {os.getpid()} on {socket.gethostname()}"[:63],
            "connect_timeout": _CONNECT_SECONDS,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": _LINE_SECONDS * 1000,
        }
        usual = {name: value for name, value in facts.items() if name not in self.url.query}
        engine = create_engine(
            self.url, connect_args=usual, pool_pre_ping=True, json_serializer=columns.to_json, pool_use_lifo=True
        )

        @event.listens_for(engine, "do_connect")
        def _connect(_: Any, __: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
            from storage.postgresql import patience  # loads the driver

            return patience.connect(lambda: self.answer_seconds, *arguments, **named)

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            if connection.get_execution_options().get("begin") == "IMMEDIATE":
                self._become_writer(connection)

        return engine

    def _become_writer(self, connection: Connection) -> None:
        """Wait for the writer's lock; at the commit the other processes hear of it."""
        patience = f"set_config('lock_timeout', '{int(self._busy_seconds * 1000)}', true)"
        notify = f"pg_notify('{CHANNEL}', current_schema() || ' {self._me}')"
        connection.exec_driver_sql(f"SELECT {patience}, pg_advisory_xact_lock({_KEY}), {notify}")  # evaluated in order

    def listen(self, call: Callable[[], object]) -> "Listener":
        """Have `call` called, in a thread, as soon as another process wrote here, until the engine is disposed of."""
        from storage.postgresql.listener import Listener  # loads the driver

        listener = Listener(self.engine, CHANNEL, self._me, call)
        event.listen(self.engine, "engine_disposed", lambda engine: listener.end())
        listener.start()
        return listener

    def reader(self) -> Connection:
        """A connection whose statements all see the same moment."""
        return self.engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def refuse_foreign(self, tables: set[str], revision_is_ours: bool) -> None:
        """Refuse a database in which another program has tables of these names.

        Raises:
            WorkspaceProblem: it has.
        """
        taken = sorted(tables & set(metadata.tables)) if "alembic_version" not in tables else []
        if taken or not revision_is_ours:
            names = f" ({', '.join(taken[:3])})" if taken else ""
            raise WorkspaceProblem(
                f"The database {address.shown(self.url)} has tables of another program{names}. Nothing was changed.",
                "Make a database of its own for the workspace: createdb NAME.",
            )

    def make_tables(self, connection: Connection) -> None:
        """Make the tables that only a server's database has."""
        claim.metadata.create_all(connection)

    def problem(self, error: DBAPIError) -> Exception:
        """What a driver's error means for the analyst; the error itself where that is not known."""
        state = str(getattr(error.orig, "sqlstate", None) or "")
        reason = " ".join(str(error.orig).split())
        # an option of the address that is unknown, or has a wrong value, is a ProgrammingError without a state
        is_unusable = isinstance(error, OperationalError) or (isinstance(error, ProgrammingError) and not state)
        is_connecting = is_unusable and error.statement is None
        if error.connection_invalidated or is_connecting or state.startswith(_ENDED):
            return NotWritten(
                f"The database {address.shown(self.url)} cannot be reached ({reason}). What was not shown as saved "
                "is not saved.",
                f"See that its server is running and lets you in. {_REMEDY}",
            )
        if state in _WAITED:
            return Busy(
                f"Another process has been writing here for {self._busy_seconds:.0f} seconds{self._holder()}.",
                "Wait for it to finish or end it, then try again.",
            )
        if state in _FULL:
            return DiskFull(
                "The server has no space left: nothing of this step was written. What was saved before is kept.",
                "Ask for space on the server, then try again.",
            )
        if state == "23503":
            return DeletedElsewhere()
        if state == "25006":
            return WorkspaceProblem(f"The database takes no changes ({reason}).", "Use the server that does.")
        if state in _OTHER_TABLES or state.startswith(_DAMAGED):
            return WorkspaceProblem(
                f"The database {address.shown(self.url)} has not the tables that this program keeps there ({reason}). "
                "Nothing was changed.",
                "Have them restored with the server's tools, or name another database.",
            )
        if state == "57014":
            return NotWritten(
                f"The server ended this step before it was done ({reason}). Nothing of it was written.",
                "Try again; a `statement_timeout` of the server or the address may be too short.",
            )
        if state == "42501":
            of_rows = "row-level security" in reason
            return WorkspaceProblem(
                f"Your role may not do that ({reason}). Nothing was changed.",
                _OWN_NAME if of_rows else "Ask the database's owner for the rights of an annotator: docs/roles.sql.",
            )
        return error

    def _holder(self) -> str:
        """The process that holds the writer's lock, as the server knows it."""
        query = (
            "SELECT a.application_name, a.usename FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
            f"WHERE l.locktype = 'advisory' AND l.granted AND l.classid = {_LOCK} AND l.pid <> pg_backend_pid() LIMIT 1"
        )
        try:
            with self.engine.connect() as connection:
                row = connection.exec_driver_sql(query).first()
        except DBAPIError:
            return ""
        return f": {row.application_name} ({row.usename})" if row is not None else ""


def other_processes(connection: Connection) -> list[str]:
    """The other processes of this program that are connected to the database, as "workbench 123 on host"."""
    query = (
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name LIKE 'workbench %%' AND application_name <> current_setting('application_name')"
    )
    return sorted(connection.exec_driver_sql(query).scalars())
