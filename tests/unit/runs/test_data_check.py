from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import documents
from storage.documents import NewDocument
from storage.records import Page, Side, Source, Span, Split, Token
from tests.support import workspaces
from workbench.runs import data_check, machine
from workbench.runs.config import files as config_files
from workbench.runs.data_check import DataCheck, DataChecker, Level
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspaces.empty(tmp_path / "ws")


def keep(workspace: Workspace, name: str, side: Side, *fields: str, words: int = 4, group: str = "") -> None:
    tokens = tuple(Token(i, 0, 0, "word", (i, 0.0, i + 1.0, 1.0)) for i in range(words))
    spans = tuple(Span(field, (i,), Source.IMPORT, "me") for i, field in enumerate(fields))
    new = NewDocument(
        name, name, name, "test", (Page(0, 100.0, 100.0, tokens),), group=group or name, side=side, labelled=True,
        spans=spans,
    )  # fmt: skip
    with workspace.db.write() as connection:
        documents.add(connection, [new], "me")


def check(workspace: Workspace, tmp_path: Path, *sets: str) -> DataCheck:
    config = workspaces.config(tmp_path)  # a folder that is there
    return DataChecker(workspace).check(config_files.apply_sets(config, sets))


def messages(result: DataCheck, level: Level) -> str:
    return "\n".join(f.message for f in result.findings if f.level is level)


def test_counts_by_side_and_field(tmp_path: Path) -> None:
    made = workspaces.workspace(tmp_path / "ws")
    result = check(made, tmp_path)
    assert {split: facts.documents for split, facts in result.sides.items()} == {
        Split.TRAIN: 10, Split.VALIDATION: 4, Split.TEST: 3, Split.POOL: 4,
    }  # fmt: skip
    assert result.sides[Split.TRAIN].labels == {"amount_total": 10, "invoice_date": 10}
    assert result.sides[Split.TRAIN].vendors == 4
    assert not [f for f in result.findings if f.level is not Level.NOTE]


def test_long_pages_become_windows(workspace: Workspace, tmp_path: Path) -> None:
    keep(workspace, "short", Side.TRAIN, "amount_total")
    keep(workspace, "long", Side.TRAIN, "amount_total", words=200)
    keep(workspace, "seen", Side.VALIDATION, "amount_total")
    result = check(workspace, tmp_path)  # windows of 64, 8 shared
    assert result.sides[Split.TRAIN].windows == 1 + 4
    assert result.page_tokens[3] == 200
    assert result.over_limit == pytest.approx(1 / 3)
    assert "Nothing is cut" in messages(result, Level.NOTE)


def test_nothing_labelled_is_refused_with_the_remedy(workspace: Workspace, tmp_path: Path) -> None:
    result = check(workspace, tmp_path)
    assert "no labelled document" in result.refused[0].message
    assert result.refused[0].remedy
    keep(workspace, "empty", Side.TRAIN)
    assert "carries a label" in check(workspace, tmp_path).refused[0].message


def test_one_training_document_works_with_a_warning(workspace: Workspace, tmp_path: Path) -> None:
    keep(workspace, "only", Side.TRAIN, "amount_total")
    result = check(workspace, tmp_path)
    assert not result.refused
    warnings = messages(result, Level.WARN)
    assert "one training document" in warnings and "no validation document" in warnings and "One label only" in warnings


def test_what_no_side_can_learn_or_show_is_named(workspace: Workspace, tmp_path: Path) -> None:
    for number in range(6):
        keep(workspace, f"train {number}", Side.TRAIN, "amount_total", *(["iban"] if number < 3 else []))
    keep(workspace, "seen", Side.VALIDATION, "amount_total", "currency")
    keep(workspace, "test", Side.TEST, "amount_total", "due_date")
    result = check(workspace, tmp_path)
    warnings = messages(result, Level.WARN)
    assert "only on test documents: due_date" in warnings
    assert "no training document: currency" in warnings
    assert "No label on validation: iban" in warnings
    assert "iban (3)" in messages(result, Level.NOTE)
    assert not result.refused


def test_what_this_machine_cannot_do_is_refused(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(workspace, "a", Side.TRAIN, "amount_total")
    monkeypatch.setattr(machine, "device", lambda: "cpu")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    for sets, message in (
        (["train.device=cuda", "train.bf16="], "train.device is cuda"),
        ([f"model.name={tmp_path}/nowhere"], "no model folder"),
        (["model.name=~no-such-user-here/model"], "no model folder"),
        (["model.name=some/model"], "not on this machine"),
    ):
        refused = check(workspace, tmp_path, *sets).refused
        assert message in refused[0].message and refused[0].remedy
    cached = tmp_path / "cache" / "hub" / "models--some--model" / "snapshots" / "1"
    cached.mkdir(parents=True)
    (cached / "config.json").write_text("{}")
    assert not check(workspace, tmp_path, "model.name=some/model").refused


def test_the_loop_with_deepspeed_is_refused_before_anything_starts(workspace: Workspace, tmp_path: Path) -> None:
    sets = ("train.engine=loop", "train.deepspeed=zero.json")
    assert "DeepSpeed" in messages(check(workspace, tmp_path, *sets), Level.REFUSE)
    assert "DeepSpeed" not in messages(check(workspace, tmp_path, sets[0]), Level.REFUSE)


@pytest.mark.parametrize(("name", "setting"), [("FSDP", "fsdp=full_shard"), ("DeepSpeed", "deepspeed=/zero2.json")])
def test_what_divides_a_run_is_said_to_be_left_out_before_a_run_of_one_process(
    workspace: Workspace, tmp_path: Path, name: str, setting: str
) -> None:
    assert f"{name} is left out" in messages(check(workspace, tmp_path, f"train.{setting}"), Level.WARN)
    assert name not in messages(check(workspace, tmp_path, f"train.{setting}", "train.processes=2"), Level.WARN)


def test_documents_are_read_again_only_when_they_changed(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(workspace, "a", Side.TRAIN, "amount_total")
    checker, config = DataChecker(workspace), workspaces.config(tmp_path)
    first = checker.check(config)
    opened: list[int] = []
    real = documents.open_document
    monkeypatch.setattr(documents, "open_document", lambda c, n: opened.append(n) or real(c, n))
    assert checker.check(config) == first
    assert opened == []


@given(st.text(max_size=40))
def test_every_word_is_at_least_one_token(word: str) -> None:
    assert 1 <= data_check.pieces(word) <= max(1, len(word))


def test_pieces_follow_the_kind_of_letters() -> None:
    assert data_check.pieces("total") == 1
    assert data_check.pieces("1,234.50") > 3
    assert data_check.pieces("价税合计") == 4
