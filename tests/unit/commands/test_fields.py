"""`workbench fields` changes the schema that is in workbench.toml now, and waits for other writers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support import text_documents
from workbench import settings
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.commands import fields, status
from workbench.commands.support.context import Context
from workbench.fields import FieldType
from workbench.workspace import Workspace


class _Opened(Context):
    """Opens a workspace, after which another process does something."""

    def __init__(self, directory: Path, meanwhile: Callable[[], None]) -> None:
        self._directory, self._meanwhile = directory, meanwhile

    def open_workspace(self) -> Workspace:
        workspace = Workspace.open(self._directory)
        self._meanwhile()
        return workspace


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "drawer"],
        ["rename", "iban", "account"],
        ["recolour", "iban", "#123456"],
        ["key", "iban", "z"],
        ["reorder", "iban"],
        ["retire", "iban"],
        ["type", "iban", "text"],
    ],
)
def test_a_field_that_another_process_adds_meanwhile_is_kept(tmp_path: Path, arguments: list[str]) -> None:
    Workspace.create(tmp_path / "shop").close()

    def add_another() -> None:
        elsewhere = Workspace.find(tmp_path / "shop")
        elsewhere.change_schema(lambda schema: schema.add("theirs"))

    result = CliRunner().invoke(fields.command, arguments, obj=_Opened(tmp_path / "shop", add_another))
    assert result.exit_code == 0, result.output
    assert Workspace.find(tmp_path / "shop").schema.get("theirs") is not None


def test_twenty_writers_at_once_all_keep_their_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Workspace.create(tmp_path / "shop").close()
    names = [f"field {number}" for number in range(20)]
    slowly = settings.locked

    @contextmanager
    def locked(path: Path):  # type: ignore[no-untyped-def]
        import time

        with slowly(path):
            time.sleep(0.05)  # 20 writers together take longer than a short wait
            yield

    monkeypatch.setattr(settings, "locked", locked)

    def add(name: str) -> None:
        workspace = Workspace.find(tmp_path / "shop")
        workspace.change_schema(lambda schema: schema.add(name))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(add, names))
    kept = {field.name for field in Workspace.find(tmp_path / "shop").schema}
    assert kept >= set(names)


def test_fields_with_labels_that_an_editor_wrote_away_are_named_and_brought_back(tmp_path: Path) -> None:
    workspace = text_documents.workspace(tmp_path / "w")  # it has a class field
    before = workspace.files.settings.read_text(encoding="utf-8")
    (of_classes,) = workspace.schema.classes
    workspace.change_schema(lambda schema: schema.add("Vehicle No"))
    editor = DocumentEditor(workspace, 1)
    labelled = acts.assign(editor.state, "vehicle_no", [0], "me")
    editor.act("assign", acts.classify(labelled, of_classes.id, [of_classes.options[0]], "me"))
    old = before[: before.index("[[fields]]")]
    workspace.files.settings.write_text(old + '[[fields]]\nid = "iban"\n', encoding="utf-8")
    workspace.close()

    def printed(*arguments: str) -> str:
        result = CliRunner().invoke(fields.command, arguments, obj=Context(tmp_path / "w"))
        assert result.exit_code == 0, result.output
        return result.output

    assert f"{of_classes.id}, vehicle_no have labels, but are no longer in workbench.toml" in printed()
    assert "vehicle_no" in CliRunner().invoke(status.command, obj=Context(tmp_path / "w")).output
    assert "vehicle_no" in printed("restore")
    now = Workspace.find(tmp_path / "w").schema
    brought, classes = now.get("vehicle_no"), now.get(of_classes.id)
    assert brought is not None and brought.type is FieldType.ID and brought.key
    assert classes is not None and classes.options == of_classes.options[:1]
    assert "no longer" not in printed() and "No field is gone" in printed("restore")


@pytest.mark.parametrize("name", ["ship\tto\n", " ship  to", "ship\x1bto"])
def test_a_field_s_name_is_one_line_without_control_characters(tmp_path: Path, name: str) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    added = CliRunner().invoke(fields.command, ["add", name], obj=Context(tmp_path / "ws"))
    assert added.exit_code == 0, added.output
    workspace.reread_settings()
    assert workspace.schema.fields[-1].name == ("ship\ufffdto" if "\x1b" in name else "ship to")
    workspace.close()
    text = workspace.files.settings.read_text().replace('name = "iban"', 'name = "bank\\taccount"')
    workspace.files.settings.write_text(text)  # by hand
    assert "bank account" in [field.name for field in Workspace.find(tmp_path / "ws").schema]


@pytest.mark.parametrize("name", ["", " \t\n"])
def test_a_field_needs_a_name(tmp_path: Path, name: str) -> None:
    Workspace.create(tmp_path / "ws").close()
    refused = CliRunner().invoke(fields.command, ["add", name], obj=Context(tmp_path / "ws"))
    assert refused.exit_code == 2 and "at least one letter" in refused.output
