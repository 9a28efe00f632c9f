"""The screens for one who has an annotator's rights on a team's server, and no more (docs/roles.sql)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import text
from textual.pilot import Pilot

from tests.support import ROOT, workspaces
from tests.support.pilots import settled, until
from tests.support.postgresql_server import TestServer
from workbench.workspace import Workspace

pytestmark = pytest.mark.postgresql
Opener = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


async def test_an_annotator_labels_accepts_and_visits_every_screen_without_a_refusal(
    opened: Opener, postgresql: TestServer, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgresql.new_database(template)
    address = f"postgresql:///{name}?host={postgresql.folder}&port={postgresql.port}"
    monkeypatch.setenv("PGUSER", "owner")
    monkeypatch.setattr(Workspace, "create", lambda folder, create=Workspace.create: create(folder, address))
    workspaces._workspace(tmp_path / "shop", {"train": 2, "validation": 1, "test": 1, "pool": 2}).close()
    postgresql.execute((ROOT / "docs" / "roles.sql").read_text(), database=name)
    postgresql.execute("CREATE ROLE carla LOGIN", "GRANT workbench_annotator TO carla")
    monkeypatch.setenv("PGUSER", "carla")
    monkeypatch.setenv("WORKBENCH_ANNOTATOR", "carla")
    workspace = Workspace.open(tmp_path / "shop")

    def acts() -> int:
        with workspace.db.read() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM events WHERE annotator = 'carla'")) or 0)

    async with opened(workspace) as pilot:
        for keys in (("space", "t"), ("a",), ("Z",)):
            before = acts()
            await pilot.press(*keys)
            await until(pilot, lambda before=before: acts() > before)
        for key in ("f3", "f4", "f5", "f6", "f7", "f2"):
            await pilot.press(key)
            await settled(pilot)
        refused = [toast.message for toast in pilot.app._notifications if "may not do that" in toast.message]
        assert not refused
    workspace.close()
    postgresql.drop(name)
