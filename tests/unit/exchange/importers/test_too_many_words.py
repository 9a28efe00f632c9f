"""A page of more words than a page may have is refused before its words are made, with one reason for the file."""

import json
from pathlib import Path

import pytest

from workbench.exchange.importers.registry import load
from workbench.exchange.reading import incoming
from workbench.exchange.reading.incoming import IncomingToken, Options, Rejected
from workbench.settings import Limits

MANY, MOST = 3000, 100
POLYGON = [1, 1, 2, 1, 2, 2, 1, 2]
WORDS = {"words": ["w"] * MANY, "bboxes": [[1, 1, 9, 9]] * MANY}
AZURE = {"unit": "pixel", "width": 9, "height": 9, "words": [{"content": "w", "polygon": POLYGON}] * MANY}
FILES = {
    "word-list": ("a.json", json.dumps(WORDS)),
    "azure": ("a.json", json.dumps({"analyzeResult": {"modelId": "m", "content": "", "pages": [AZURE]}})),
    "conll": ("a.conll", "w O\n\n" * 2 + "w O\n" * MANY),
    "sroie": ("a.txt", "1,1,9,1,9,9,1,9,w w w\n" * MANY),
    "ocr-files": (
        "a.tsv",
        "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
        "1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t\n" + "5\t1\t1\t1\t1\t1\t1\t1\t9\t9\t90\tw\n" * MANY,
    ),
}


@pytest.mark.parametrize("format", FILES)
def test_a_page_with_too_many_words_is_refused_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    made = []

    def counting(self: IncomingToken, *values: object) -> None:
        made.append(1)
        init(self, *values)

    init = IncomingToken.__init__
    monkeypatch.setattr(IncomingToken, "__init__", counting)
    assert incoming.IncomingToken is IncomingToken
    name, text = FILES[format]
    (tmp_path / name).write_text(text)
    options = Options(tmp_path, limits=Limits(tokens_per_page=MOST))
    read = list(load(format).read(tmp_path / name, options))
    refused = [item for item in read if isinstance(item, Rejected)]
    assert len(refused) == 1
    assert "the limit is 100 (tokens_per_page under [limits])" in refused[0].reason
    assert len(made) <= MOST + 10
