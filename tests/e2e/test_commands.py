"""The commands as analysts and scripts call them."""

import json
from pathlib import Path

import pytest

from tests.support.command_line import Workbench

RECORDS = [
    {
        "id": f"d{vendor}{number}",
        "words": [f"Vendor{'ABCDEFGH'[vendor]}", "Total", f"{number}.00"],
        "bboxes": [[10, 10, 90, 20], [10, 40, 50, 50], [60, 40, 90, 50]],
        "labels": ["B-VENDOR", "O", "B-TOTAL"],
    }
    for vendor in range(8)
    for number in range(3)
]


@pytest.fixture
def filled(workbench: Workbench, workspace: Path, tmp_path: Path) -> Path:
    (tmp_path / "list.jsonl").write_text("\n".join(json.dumps(record) for record in RECORDS))
    assert workbench("import", tmp_path / "list.jsonl").code == 0
    return workspace


def test_status_has_its_keys(workbench: Workbench, filled: Path) -> None:
    data = workbench("status", "--json").data
    keys = "documents pages tokens labelled by_split by_group fields reference_values suggestions problems"
    assert set(keys.split()) <= data.keys()
    assert (data["documents"], data["pages"], data["tokens"], data["labelled"]) == (24, 24, 72, 24)
    assert data["fields"]["seller_name"] == 24
    assert data["fields"]["iban"] == 0
    assert len(data["by_group"]) == 8
    assert "24 documents" in workbench("status").out
    assert data["next_run"]["train"] + data["next_run"]["validation"] == 24 and data["next_run"]["validation"]
    assert f"a run started now: {data['next_run']['train']} labelled documents" in workbench("status").out


def test_the_workspace_may_be_named_before_or_after(
    workbench: Workbench, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = workbench("-w", filled, "status", "--json").data
    assert before == workbench("status", "-w", filled, "--json").data
    assert before == workbench("status", "--json", f"--workspace={filled}").data
    monkeypatch.chdir(filled / "pages")
    assert workbench("status", "--json").data == before


def test_split_divides_by_vendor(workbench: Workbench, filled: Path) -> None:
    dry = workbench("split", "--dry-run", "--json").data
    assert workbench("status", "--json").data["by_split"]["test"] == 0
    data = workbench("split", "--test", "0.25", "--validation", "0.125", "--seed", "3", "--json").data
    assert data["sides"]["test"] == {"documents": 6, "groups": 2, "labelled": 6}
    assert data["sides"]["validation"]["documents"] == 3
    assert data["warnings"] == []
    assert dry["sides"].keys() == data["sides"].keys()
    assert workbench("status", "--json").data["by_split"] == {"train": 15, "validation": 3, "test": 6, "pool": 0}


def test_split_of_nothing_is_said(workbench: Workbench, workspace: Path) -> None:
    answer = workbench("split")
    assert answer.code == 2
    assert "Import some first" in answer.err


def test_fields_change_without_losing_labels(workbench: Workbench, filled: Path, tmp_path: Path) -> None:
    assert workbench("fields", "rename", "amount_total", "Grand sum").code == 0
    assert workbench("fields", "add", "Delivery date", "--alias", "SHIPPED").code == 0
    assert workbench("fields", "key", "Delivery date", "t").code == 0
    assert workbench("fields", "recolour", "Delivery date", "#102030").code == 0
    assert workbench("fields", "reorder", "Delivery date", "Grand sum").code == 0
    assert workbench("fields", "retire", "iban").code == 0
    fields = workbench("fields", "--json").data["fields"]
    assert [f["name"] for f in fields[:2]] == ["Delivery date", "Grand sum"]
    assert (fields[0]["type"], fields[0]["key"], fields[0]["colour"]) == ("date", "t", "#102030")
    assert fields[1]["labels"] == 24
    assert fields[1]["key"] != "t"
    assert next(f for f in fields if f["id"] == "iban")["retired"]
    again = RECORDS[0] | {"id": "new", "labels": ["B-SHIPPED", "O", "B-amount_total"]}
    (tmp_path / "new.json").write_text(json.dumps(again))
    assert workbench("import", tmp_path / "new.json", "--json").data["labels"] == {"Delivery date": 1, "Grand sum": 1}


@pytest.mark.parametrize(
    "arguments",
    [
        ["fields", "rename", "nothing", "x"],
        ["fields", "recolour", "iban", "red"],
        ["fields", "key", "iban", "too long"],
        ["import", "list.jsonl", "--map", "nonsense"],
        ["import", "list.jsonl", "--format", "nonsense"],
        ["split", "--test", "0.9", "--validation", "0.2"],
        ["stauts"],
    ],
)
def test_wrong_usage(workbench: Workbench, filled: Path, arguments: list[str], tmp_path: Path) -> None:
    answer = workbench(*(tmp_path / a if a == "list.jsonl" else a for a in arguments))
    assert answer.code == 2, answer
    assert "Traceback" not in answer.err


def test_values_and_import_together(workbench: Workbench, workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_text(json.dumps(RECORDS[5] | {"labels": ["O", "O", "O"]}))
    (tmp_path / "values.csv").write_text("file,total\nd12,2.00\nd99,1.00\n")
    data = workbench("import", tmp_path / "list.jsonl", "--values", tmp_path / "values.csv", "--json").data
    assert data["values"]["aligned"] == {"amount_total": 1}
    assert data["values"]["skipped"] == 1
    again = workbench("values", tmp_path / "values.csv", "--accept-above", "0.5", "--json").data
    assert again["labels"] == {"amount_total": 1}
    assert workbench("status", "--json").data["suggestions"] == 0


def test_ocr_of_documents_that_need_none(workbench: Workbench, filled: Path) -> None:
    assert workbench("ocr", "--json").data["documents"] == 0
    answer = workbench("ocr", "no such document")
    assert answer.code == 4
    assert "no such document" in answer.err


def test_doctor_env_says_what_there_is(workbench: Workbench) -> None:
    data = workbench("doctor-env", "--json").data
    assert data["torch"]["version"]
    assert data["memory"]["total_mb"] > 100
    assert {engine["name"] for engine in data["ocr"]} == {"rapidocr", "tesseract"}
    families = {family["name"] for family in data["families"]}
    assert families == {"starter", "layoutlmv3", "lilt", "layoutlm", "text", "embedded", "baseline"}
    assert all(family["available"] or family["remedy"] for family in data["families"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(workbench: Workbench, shell: str) -> None:
    assert "_WORKBENCH_COMPLETE" in workbench("completion", shell).out


def test_init_wants_an_empty_directory(workbench: Workbench, workspace: Path, tmp_path: Path) -> None:
    assert "workspace already" in workbench("init", workspace).err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert workbench("init", tmp_path / "full").code == 3
    answer = workbench("init", "postgresql://me:hidden@host/name")  # the option was forgotten
    assert answer.code == 2 and "--database" in answer.err and "hidden" not in answer.err
