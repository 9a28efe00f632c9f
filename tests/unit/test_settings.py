"""workbench.toml is read with defaults, and what cannot be used is named with what would be allowed."""

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from storage.exceptions import ConfigProblem
from workbench import settings
from workbench.fields import FieldType, Schema, invoice_schema
from workbench.fields.plain_text import without_passwords
from workbench.predictions import repair_rules
from workbench.settings import REPAIR_RULES, Limits, Settings
from workbench.workspace import Workspace


def read(folder: Path, text: str) -> Settings:
    path = folder / "workbench.toml"
    path.write_text(text, encoding="utf-8")
    return settings.read(path)


def test_a_missing_or_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert settings.read(tmp_path / "workbench.toml") == read(tmp_path, "") == Settings(invoice_schema())


def test_a_field_needs_only_an_id_and_numbers_may_stand_without_quotes(tmp_path: Path) -> None:
    (field,) = read(tmp_path, "[[fields]]\nid = 'po'\nkey = 1\naliases = [2024, 'PO']\n").schema
    assert (field.id, field.name, field.type, field.key) == ("po", "po", FieldType.TEXT, "1")
    assert field.aliases == ("2024", "PO")


def test_what_is_written_beside_the_fields_stays_while_they_do(tmp_path: Path) -> None:
    path = tmp_path / "workbench.toml"
    settings.write(path, Settings(invoice_schema()))
    path.write_text(path.read_text().replace("[[fields]]", "[[fields]]\n# as on our orders", 1))
    settings.write(path, replace(settings.read(path), theme="dark"))
    assert "# as on our orders" in path.read_text()
    assert settings.read(path) == Settings(invoice_schema(), theme="dark")


@pytest.mark.parametrize(
    "change",
    [
        lambda schema: schema.add("delivery_date"),
        lambda schema: schema.change("po", name="order", retired=True),
        lambda schema: schema.reorder(["no"]),
    ],
)
def test_what_is_written_beside_fields_and_tables_stays_when_the_fields_change(
    tmp_path: Path, change: Callable[[Schema], Schema]
) -> None:
    before = read(
        tmp_path,
        "ocr_languages = [  # of our scans\n  'deu',  # most\n]\n[[fields]]\nid = 'po'  # as on our orders\n"
        "[[fields]]\nid = 'no'\n# as the old tool had them\n[bindings]\nq = 'x'  # no k here\n"
        "[limits]\npages = 5  # long ones are terms\n[targets]\nbox = 'ssh:me@box'  # in the cellar\n",
    )
    path = tmp_path / "workbench.toml"
    comments = re.findall("#.*", path.read_text())
    changed = replace(before, schema=change(before.schema))
    settings.write(path, changed)
    assert settings.read(path) == changed
    assert sorted(re.findall("#.*", path.read_text().replace('"#', '"'))) == sorted(comments)


def test_a_file_that_windows_editor_saved_is_read_and_changed(tmp_path: Path) -> None:
    path = tmp_path / "workbench.toml"
    path.write_bytes(b"\xef\xbb\xbfkeys = 'prodigy'\r\n[[fields]]\r\nid = 'po'\r\n")
    settings.write(path, replace(settings.read(path), theme="dark"))
    assert (settings.read(path).keys, settings.read(path).theme) == ("prodigy", "dark")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "workbench.toml"
    written = Settings(
        invoice_schema().change("iban", retired=True),
        bindings={"go.next": "n"},
        day_first=False,
        limits=Limits(pages=7),
        postprocess={"one_value": False},
    )
    settings.write(path, written)
    assert settings.read(path) == written


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("keys = 'emacs'", "no key preset 'emacs'", "prodigy"),
        ("colour = 1", "not known: colour", "Remove"),
        ("schema = 1", "not known: schema", "Remove"),
        ("theme = 5", "theme cannot be used (Expected `str`, got `int`)", "in quotes"),
        ("day_first = 'yes'", "day_first cannot be used", "true or false"),
        (
            "[limits]\npages = 'many'",
            "limits.pages cannot be used (Expected `int`, got `str`)",
            "numbers for documents_bytes, features_gb",
        ),
        ("[limits]\nwords = 5", "limits cannot be used (Object contains unknown field `words`)", "tokens_per_page"),
        ("[bindings]\n'go.next' = 5", "bindings cannot be used (Expected `str`, got `int`)", "both in quotes"),
        ("[postprocess]\ntidy = true", "[postprocess] tidy cannot be used", "cross_field"),
        ("[postprocess]\none_value = 'on'", "postprocess cannot be used (Expected `bool`, got `str`)", "true or false"),
        ("[[fields]]\nname = 'x'", "fields[0] cannot be used (Object missing required field `id`)", "an id"),
        (
            "[[fields]]\nid = 'x'\ntype = 'money'",
            "fields[0].type cannot be used (Invalid enum value 'money')",
            "amount",
        ),
        ("fields = 5", "fields cannot be used", "It needs an id"),
        ("[[fields]]\nid = 'x'\nkey = 'a'\n[[fields]]\nid = 'y'\nkey = 'a'", "share the key a", "key of its own"),
        ("keys = ", "cannot be read", "Correct the line"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, message: str, remedy: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        read(tmp_path, text)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


_FIELD = "[[fields]]\nid = 'a'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("postprocess = 5", "line 1: postprocess"),
        ("postprocess = 'iob_repair'", "line 1: postprocess"),
        ("keys = ['a']", "line 1: keys"),
        ("bindings = 4", "line 1: bindings"),
        ("limits = [1]", "line 1: limits"),
        ("a = " + "[" * 2000, "nested too deeply (at line 1)"),
        ("bindings = " + "[" * 2000 + "]" * 2000, "nested too deeply (at line 1)"),
        ("theme = 'x'\n[limits]\npages = " + "9" * 5000, "a number is too long (at line 3)"),
        ("[limits]\n\npicture_pixels = 'abc'", "line 3: limits.picture_pixels"),
        ("[limits]\npages = -4", "line 2: limits.pages cannot be used (Expected `int` >= 1)"),
        ("[limits]\npage_points = nan", "line 2: limits.page_points"),
        ("[limits]\npages = 1" + "0" * 30, "line 2: limits.pages"),
        ("[limits]\npages = 4\nwords = 5", "line 3: limits"),
        ("theme = 2024-01-01", "line 1: theme"),
        ("fields = {a = 1}", "line 1: fields"),
        (_FIELD + "[[fields]]\nid = 'b'\ntype = 3", "line 5: fields[1].type"),
        (_FIELD + "aliases = 3", "line 3: fields[0].aliases"),
        ("[[fields]]\nid = ''", "fields[0].id is empty"),
        (_FIELD + _FIELD, "workbench.toml: Two fields have the same id"),
    ],
)
def test_a_wrong_shape_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigProblem) as caught:
        read(tmp_path, text)
    assert message in caught.value.message
    assert len(caught.value.message) < 400


def test_a_colour_that_is_none_is_replaced_with_a_note_and_the_workspace_opens(tmp_path: Path) -> None:
    settings = read(tmp_path, _FIELD + "colour = 'red;x\\u001b'".replace("'", '"'))
    assert settings.schema.fields[0].colour.startswith("#")
    (note,) = settings.notes
    assert "line 3: fields[0].colour" in note and "red;x" in note and "\x1b" not in note


def test_every_repair_rule_has_its_switch() -> None:
    assert tuple(repair_rules._RULES) == REPAIR_RULES


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at postgresql://ann:se:cr@et@host/db.", "at postgresql://ann:***@host/db."),
        ("postgresql+psycopg://ann:x@[::1]:5432/db", "postgresql+psycopg://ann:***@[::1]:5432/db"),
        ("postgresql:/ann:x@host/db as a path", "postgresql:/ann:***@host/db as a path"),
        ("host=h password=secret user=ann", "host=h password=*** user=ann"),
        ("see https://example.com:8080/a@b and 12:30", "see https://example.com:8080/a@b and 12:30"),
    ],
)
def test_no_password_of_a_database_is_shown(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_changing_the_fields_often_does_not_lengthen_the_file(tmp_path: Path) -> None:
    with closing(Workspace.create(tmp_path / "w")) as workspace:
        lengths = set()
        for number in range(10, 15):
            workspace.change_schema(lambda now, number=number: now.change("iban", name=f"iban{number}"))
            lengths.add(len(workspace.files.settings.read_text("utf-8").splitlines()))
    assert len(lengths) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
def test_a_file_in_another_encoding_is_called_so_and_the_remedy_says_how_to_save_it(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "workbench.toml"
    path.write_bytes('annotator = "Zoë"\n'.encode(encoding))
    with pytest.raises(ConfigProblem, match="is not UTF-8 text") as problem:
        settings.read(path)
    assert "Save it as UTF-8" in problem.value.remedy
