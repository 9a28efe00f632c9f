"""Fixtures that every kind of test shares."""

import gc
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support import (
    ROOT,
    compiled_statements,
    copies,
    forked_workers,
    leftovers,
    parsed_styles,
    postgresql_server,
    rights,
    shared_libraries,
)
from workbench import warm_workers
from workbench.runs import machine

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# a busy machine is no fault of what is tested
hypothesis.settings.register_profile("without a clock", deadline=None)
hypothesis.settings.load_profile("without a clock")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test's name stays readable where its argument is long."""
    return f"{argname}-of-{len(val)}" if isinstance(val, str | bytes) and len(val) > 80 else None


def pytest_configure(config: pytest.Config) -> None:
    """Several processes of tests share one with the model libraries, and the workspaces that many tests begin with.

    What earlier sessions left that were killed is deleted first.
    """
    if not hasattr(config, "workerinput"):
        leftovers.forget()
    if sys.platform == "linux" and config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        folder = tempfile.TemporaryDirectory(prefix="workbench-tests-")
        config.add_cleanup(folder.cleanup)
        os.environ[copies.SHARED] = folder.name
        os.environ[shared_libraries.WAY] = f"{folder.name}/libraries"
        asked = shared_libraries.listening(os.environ[shared_libraries.WAY])
        forked_workers.prepare([argument.partition("::")[0] for argument in config.args])

        def answer() -> None:
            while True:
                shared_libraries.hand_on(asked, _are_units(config))

        threading.Thread(target=answer, daemon=True).start()


def _are_units(config: pytest.Config) -> bool:
    return all("tests/unit" in argument for argument in config.args)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup`, tests that share what their module makes run in one process; all others in any."""
    for item in items:
        if item.get_closest_marker("postgresql"):
            item.add_marker(pytest.mark.xdist_group("postgresql"))  # one server for all
        elif isinstance(item, pytest.Function) and _shares_a_fixture(item):
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


def _shares_a_fixture(item: pytest.Function) -> bool:
    fixtures = (fixture for fixtures in item._fixtureinfo.name2fixturedefs.values() for fixture in fixtures)
    return any(fixture.scope in ("class", "module", "package") for fixture in fixtures)


gc.disable()  # until all tests are collected: what is imported stays


def pytest_collection_finish() -> None:
    """Modules and tests live to the end: full collections that look through them cost a third of the screens' tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 20)  # Python's 700 costs a tenth of the unit tests
    gc.enable()


def pytest_unconfigure() -> None:
    """pytest looks five times for objects whose deletion fails: in all that the tests left that takes seconds."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _libraries_shared(pytestconfig: pytest.Config) -> Iterator[None]:
    load = partial(shared_libraries.load, _are_units(pytestconfig))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "warm_up", shared_libraries.join if shared_libraries.WAY in os.environ else load)
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiled_and_parsed_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        compiled_statements.share(patch)
        parsed_styles.share(patch)
        yield


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real documents; tests that need it skip, saying so, when it is not there."""
    folder = Path(os.environ.get("WORKBENCH_REALDATA", ROOT.parent / "shared" / "data"))
    if not (folder / "receipts_en").is_dir():
        pytest.skip(f"realdata: no real documents at {folder}")
    return folder


@pytest.fixture
def as_anybody() -> Iterator[None]:
    """Permissions hold for this test, also where root runs it."""
    with rights.as_anybody():
        yield


@pytest.fixture
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first test that starts a worker has the model libraries loaded, and all workers are forked from there."""

    def loading(call: Callable[..., Any]) -> Callable[..., Any]:
        def loaded(*arguments: Any, **options: Any) -> Any:
            machine.warm_up()
            return call(*arguments, **options)

        return loaded

    for name in ("start", "passed_on"):
        monkeypatch.setattr(warm_workers, name, loading(getattr(warm_workers, name)))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgresql_server.TestServer]:
    """A PostgreSQL server for all tests of this process; they skip, saying so, where there is no server program."""
    with postgresql_server.running() as server:
        yield server


@pytest.fixture(scope="session")
def template(postgresql: postgresql_server.TestServer) -> str:
    """A database with the tables of a workspace, to be copied for each test."""
    from storage.database import Database

    name = postgresql.new_database()
    database = Database(postgresql.url(name))
    database.migrate()
    database.close()
    return name


if os.environ.get("WORKBENCH_TESTS_ON") == "postgresql":

    @pytest.fixture(autouse=True, scope="session")
    def on_postgresql(postgresql: postgresql_server.TestServer, template: str) -> Iterator[None]:
        """Every workspace that this process makes keeps its data on the server."""
        from workbench.workspace import Workspace

        create = Workspace.create

        def on_server(directory: Path, database: str = "", **options: bool) -> Workspace:
            return create(directory, database or postgresql.url(postgresql.new_database(template)), **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Workspace, "create", on_server)
            yield
