"""Chinese, Japanese and Korean texts leave the workspace as they came in, without spaces between their characters."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import workspaces
from workbench.exchange.exporters.documents import contents
from workbench.exchange.exporters.registry import load
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest

TEXTS = [
    "日本語の文章です。二つ目の文もあります、長い行でも空白は入りません。" * 3,
    "这是一个中文句子，没有空格。\n第二行。",
    "삼성전자는 서울에 있다. 현대차는 울산에 있다.",
    "Invoice 发票 of 12 pages",
]


def exported(folder: Path, records: list[dict[str, Any]], format: str) -> list[dict[str, Any]]:
    file = folder / "in.jsonl"
    file.write_text("\n".join(map(json.dumps, records)))
    workspace = workspaces.empty(folder / "w")
    assert run(workspace, ImportRequest(paths=(file,), keep_names=True)).documents == len(records)
    target = folder / "out.jsonl"
    load(format).write(contents(workspace, range(1, len(records) + 1), told_apart=False), workspace.schema, target)
    workspace.close()
    return [json.loads(line) for line in target.read_text().splitlines()]


@pytest.mark.parametrize("format", ["texts-jsonl", "prodigy", "doccano"])
def test_a_text_has_no_more_spaces_than_it_came_with(tmp_path: Path, format: str) -> None:
    records = [{"text": text, "label": "ab"[number % 2]} for number, text in enumerate(TEXTS)]
    assert [record["text"] for record in exported(tmp_path, records, format)] == TEXTS


def test_a_text_with_labelled_ranges_has_no_more_spaces_than_it_came_with(tmp_path: Path) -> None:
    (record,) = exported(tmp_path, [{"text": TEXTS[1], "label": [[4, 6, "WHAT"]]}], "doccano")
    assert record["text"] == TEXTS[1]
    assert [record["text"][start:end] for start, end, _ in record["label"]] == ["中文"]
