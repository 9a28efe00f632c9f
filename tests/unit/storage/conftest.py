"""A database that is ready, on each of the two kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.postgresql_server import TestServer


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with a workspace's tables; every test that takes it runs on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        server: TestServer = request.getfixturevalue("postgresql")
        name = server.new_database(request.getfixturevalue("template"))
        database = Database(server.url(name))
        yield database
        database.close()
        server.drop(name)
        return
    database = Database(f"sqlite:///{tmp_path / 'workbench.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database, for what concerns its file."""
    database = Database(f"sqlite:///{tmp_path / 'workbench.db'}")
    database.migrate()
    yield database
    database.close()
