"""workbench.toml is read with defaults, and what cannot be used is named with what would be allowed."""

from pathlib import Path

import pytest

from storage.exceptions import ConfigProblem
from workbench import settings
from workbench.fields import FieldType, invoice_schema
from workbench.predictions import repair_rules
from workbench.settings import REPAIR_RULES, Limits, Settings


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
            "numbers for file_bytes",
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


def test_every_repair_rule_has_its_switch() -> None:
    assert tuple(repair_rules._RULES) == REPAIR_RULES
