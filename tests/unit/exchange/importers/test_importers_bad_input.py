"""Bad input: named by file, record and reason; everything else goes in; nothing outside the root is read."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from storage.exceptions import InputProblem
from workbench.exchange import detection, discovery
from workbench.exchange.importers import registry as importers
from workbench.exchange.reading import parsing
from workbench.exchange.reading.clean import clean, lines_of
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingPage,
    IncomingSpan,
    IncomingToken,
    Options,
    Rejected,
)
from workbench.settings import Limits

GOOD = {"id": "good", "words": ["a"], "bboxes": [[0, 0, 1, 1]], "labels": ["O"]}
BAD_RECORDS = {
    "no boxes": ({"words": ["a"]}, "bboxes"),
    "no words": ({"bboxes": [[0, 0, 1, 1]]}, "words"),
    "lengths": ({"words": ["a", "b"], "bboxes": [[0, 0, 1, 1]]}, "2 words but 1 box"),
    "labels": ({"words": ["a"], "bboxes": [[0, 0, 1, 1]], "labels": []}, "1 word but 0 labels"),
    "kind": ({"words": ["a"], "bboxes": [["x", 0, 1, 1]]}, "bboxes"),
    "three sides": ({"words": ["a"], "bboxes": [[0, 1, 1]]}, "bboxes"),
    "nan": ({"words": ["a"], "bboxes": [[float("nan"), 0, 1, 1]]}, "numbers"),
    "infinite": ({"words": ["a"], "bboxes": [[0, 0, float("inf"), 1]]}, "numbers"),
    "not an object": (["a"], "kind"),
}


@pytest.mark.parametrize("case", BAD_RECORDS)
def test_a_bad_record_is_named_and_the_others_go_in(put: Any, read: Any, case: str) -> None:
    record, reason = BAD_RECORDS[case]
    path = put("w.jsonl", "\n".join(map(json.dumps, [GOOD, record, {**GOOD, "id": "after"}])))
    good, (bad,) = read(path, "word-list")
    assert [item.name for item in good] == ["good", "after"]
    assert (str(path) in bad.file) and ("line 2" in bad.record + bad.file)
    assert reason in bad.reason


def test_a_cut_line_and_invalid_utf8_cost_one_record_each(put: Any, read: Any) -> None:
    line = json.dumps(GOOD).encode()
    good, bad = read(put("w.jsonl", b"\n".join([line, line[:20], line.replace(b'"a"', b'"\xff"'), line])), "word-list")
    assert len(good) == 2
    assert [item.record for item in bad] == ["line 2", "line 3"]
    assert "UTF-8" in bad[1].reason


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("funsd.json", {"form": [{"label": "x", "words": [{"text": "a", "box": [0, 0, 1, 1]}]}]}),
        ("cord.json", {"valid_line": [{"category": "total.total_price", "words": [{"text": "a", "quad": {}}]}]}),
        ("xfund.json", {"documents": [{"id": "1", "document": [], "img": {"fname": "x"}}]}),
        ("docile.json", {"field_extractions": [], "metadata": {"page_sizes_at_200dpi": [[10, 10]]}}),
        ("studio.json", [{"data": {"ocr": "x.png"}, "annotations": [{"result": []}]}]),
        ("list.json", [GOOD, GOOD]),
    ],
)
def test_a_truncated_file_is_rejected_with_its_reason(put: Any, read: Any, name: str, whole: Any) -> None:
    good, (bad,) = read(put(name, json.dumps(whole)[:-3]))
    assert not good
    assert "cut off" in bad.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"form": [{"label": "x"}]}, '"text"'),
        ({"form": [{"label": "x", "words": [{"text": "a"}]}]}, '"box"'),
        ({"form": [{"label": "x", "words": [{"text": "a", "box": [1, 2]}]}]}, "no box"),
        ({"valid_line": [{"words": []}]}, '"category"'),
        ({"valid_line": [{"category": "x", "words": [{"text": "a", "quad": {"x1": 1}}]}]}, "corners"),
        ({"field_extractions": [{"page": 0}], "metadata": {"page_sizes_at_200dpi": [[10, 10]]}}, "fieldtype"),
        ({"field_extractions": [], "metadata": {}}, "no pages"),
        ([{"data": 3, "annotations": []}], '"data"'),
        ([{"data": {}, "annotations": [{"result": [{"id": "a", "type": "rectangle", "value": {"x": 1}}]}]}], "number"),
    ],
)
def test_a_missing_key_is_named(put: Any, read: Any, data: Any, reason: str) -> None:
    good, (bad,) = read(put("a.json", data))
    assert not good
    assert reason in bad.reason


@pytest.mark.parametrize("name", ["empty.json", "empty.csv", "empty.png"])
def test_an_empty_file_is_said_to_be_empty(put: Any, name: str) -> None:
    path = put(name, b"")
    assert detection.detect(path) is None
    assert detection.unrecognised(path) == "it is empty"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.rar", "archive"), ("a.7z", "archive"), ("a.ods", "spreadsheet"), ("a.xlsm", "spreadsheet"),
        ("a.svg", "drawing"), ("a.eps", "drawing"), ("a.psd", "save it as PNG"), ("a.mht", "web page"),
        ("a.lnk", "shortcut"), ("a.xls.crdownload", "unfinished download"),
    ],
)  # fmt: skip
def test_what_people_have_beside_invoices_is_named_with_what_to_do(put: Any, name: str, reason: str) -> None:
    path = put(name, b"\0\1 something")
    assert detection.detect(path) is None and reason in detection.unrecognised(path)


def test_a_table_without_rows_is_said_to_have_none(put: Any) -> None:
    one_line = detection.unrecognised(put("a.csv", b"file;invoice_no\r\n"))
    assert one_line == "it has a header and no rows, or one row without a header: name the columns in a first line"
    assert "none of its columns" in detection.unrecognised(put("b.csv", b"one,two\n1,2\n"))


def test_what_a_file_is_not(put: Any) -> None:
    assert "holds text" in detection.unrecognised(put("a.png", "not a picture at all"))
    assert detection.detect(put("a.png", "not a picture at all")) is None
    assert "UTF-8" in detection.unrecognised(put("b.json", b'{"words": "\xff\xfe"}'))
    assert "archive" in detection.unrecognised(put("c.zip", b"PK\x03\x04"))
    order = b'\xef\xbb\xbf<?xml version="1.0"?><!-- an order --><ubl:Order xmlns:ubl="urn:x"/>'
    assert "begins with <ubl:Order>" in detection.unrecognised(put("d.xml", order))
    assert "YOLO" in detection.unrecognised(put("f.txt", b"0 0.2 0.12 0.3 0.1\n13 0.25 0.5 0.125 0.0625\n"))
    assert "YOLO" not in detection.unrecognised(put("g.txt", b"12 dogs\n0.5\n"))
    assert "no PDF, picture or e-invoice" in detection.unrecognised(put("e.json", b'{"a": 1}'))


def test_damaged_parquet_and_arrow_are_rejected(put: Any, read: Any) -> None:
    for name, data in (
        ("a.parquet", b"PAR1 nothing PAR1"),
        ("a.arrow", b"ARROW1\0\0 nothing"),
        ("b.arrow", b"\xff" * 64),
    ):
        good, (bad,) = read(put(name, data), "hf-dataset")
        assert not good
        assert "damaged" in bad.reason


def test_boxes_are_put_right_and_counted() -> None:
    tokens = [
        IncomingToken("a", (5, 6, 1, 2)),
        IncomingToken(" ", (0, 0, 1, 1)),
        IncomingToken("e\u0301", (-5, 0, 20, 1.23456)),
        IncomingToken("gone", (50, 50, 60, 60)),
    ]
    spans = [IncomingSpan("x", (0, 1)), IncomingSpan("y", (1,)), IncomingSpan("z", (2, 3)), IncomingSpan("z", (3,))]
    item = clean(Incoming("n", "s", [IncomingPage(10, 10, tokens)], "f", spans), Options(Path()))
    assert isinstance(item, Incoming)
    assert [t.box for t in item.pages[0].tokens or ()] == [(1, 2, 5, 6), (0, 0, 10, 1.23), (10, 10, 10, 10)]
    assert [t.text for t in item.pages[0].tokens or ()] == ["a", "é", "gone"]
    assert [(s.label, s.tokens) for s in item.spans] == [("x", (0,)), ("z", (1, 2))]
    assert item.empty_tokens == 1
    assert [note.split()[0] for note in item.notes] == ["1", "1", "1", "2"]


_NUMBERS = st.floats(-2000, 2000, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=4), st.tuples(_NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS)), max_size=12), st.data()
)
def test_cleaning_twice_is_cleaning_once(words: list[Any], data: st.DataObject) -> None:
    members = st.lists(st.integers(0, max(len(words) - 1, 0)), min_size=1, max_size=4, unique=True)
    spans = [IncomingSpan("x", tuple(s)) for s in data.draw(st.lists(members, max_size=3))] if words else []
    item = Incoming("n", "s", [IncomingPage(800, 600, [IncomingToken(t, b) for t, b in words])], "f", spans)
    once = clean(item, Options(Path()))
    assert isinstance(once, Incoming)
    tokens = once.pages[0].tokens or []
    assert len(tokens) + once.empty_tokens == len(words)
    for token in tokens:
        x0, y0, x1, y1 = token.box
        assert 0 <= x0 <= x1 <= 800 and 0 <= y0 <= y1 <= 600
        assert token.line is not None
    labelled = [token for span in once.spans for token in span.tokens]
    assert len(labelled) == len(set(labelled))
    assert all(0 <= token < len(tokens) for token in labelled)
    before = ([(t.text, t.box, t.line) for t in tokens], [(s.label, s.tokens) for s in once.spans])
    twice = clean(once, Options(Path()))
    assert isinstance(twice, Incoming)
    assert (
        [(t.text, t.box, t.line) for t in twice.pages[0].tokens or ()],
        [(s.label, s.tokens) for s in twice.spans],
    ) == before


def test_lines_follow_the_words() -> None:
    row = [(0, 0, 10, 10), (12, 1, 20, 11), (0, 20, 10, 30), (12, 20, 20, 30), (0, 20, 5, 30)]
    assert lines_of([tuple(map(float, box)) for box in row]) == [0, 0, 1, 1, 2]  # type: ignore[misc]


def test_limits_are_kept(put: Any, read: Any) -> None:
    path = put("w.json", [GOOD, {**GOOD, "words": ["a"] * 3, "bboxes": [[0, 0, 1, 1]] * 3, "labels": ["O"] * 3}])
    good, (bad,) = read(path, limits=Limits(tokens_per_page=2))
    assert (len(good), "limit is 2" in bad.reason) == (1, True)
    good, (bad,) = read(path, limits=Limits(file_bytes=10))
    assert (len(good), "file_bytes" in bad.reason) == (0, True)
    task = {
        "data": {},
        "annotations": [
            {"result": [{"id": "a", "item_index": 10**9, "value": {"x": 0, "y": 0, "width": 1, "height": 1}}]}
        ],
    }
    good, (bad,) = read(put("t.json", [task]))
    assert (len(good), "pages" in bad.reason) == (0, True)


def picture() -> bytes:
    data = BytesIO()
    Image.new("1", (50, 50)).save(data, "PNG")
    return data.getvalue()


@pytest.mark.parametrize(
    "name", ["../../x.png", "../secret.png", "/etc/passwd", "link.png", "linked/secret.png", "a" * 5000, "\0"]
)
def test_no_picture_outside_the_root_is_read(put: Any, read: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(picture())
    root = tmp_path / "in"
    path = put("in/w.json", [{**GOOD, "image_path": name}])
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "linked").symlink_to(tmp_path)
    (item,), bad = read(path, root=root)
    assert not bad
    assert item.pages[0].picture is None
    assert any("picture" in note for note in item.notes)


def test_a_picture_with_a_difficult_name_is_found(put: Any, read: Any) -> None:
    name = "quo'te\" %41 " + "n" * 200 + ".png"
    put(f"images/{name}", picture())
    (item,), _ = read(put("w.json", [{**GOOD, "id": "line\nbreak " + "x" * 250, "image_path": f"images/{name}"}]))
    assert item.pages[0].picture is not None
    assert item.name.startswith("line break")


def test_walking_is_safe_and_every_document_comes_once(put: Any, tmp_path: Path) -> None:
    labels = put("set/labels.jsonl", json.dumps({**GOOD, "image_path": "images/a.png"}))
    put("set/images/a.png", picture())
    other = put("set/images/b.png", picture())
    put("set/.hidden/labels.jsonl", json.dumps(GOOD))
    put("set/README.md", "words")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "dead.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "again.jsonl").symlink_to(labels)
    dead = tmp_path / "set" / "dead.png"  # named, as what is no file in a folder is
    assert sorted(discovery.discover([tmp_path]).files) == sorted([tmp_path / "again.jsonl", other, dead])
    assert discovery.discover([labels, labels, tmp_path / "set" / "images"]).files == [labels, other]
    with pytest.raises(InputProblem):
        discovery.discover([tmp_path / "nowhere"])


@pytest.mark.usefixtures("as_anybody")
def test_a_file_without_permission_is_said_to_be_so(put: Any) -> None:
    path = put("w.json", [GOOD])
    path.chmod(0)
    assert detection.detect(path) is None
    assert "cannot be opened" in detection.unrecognised(path)


_KEYS = [
    "form",
    "words",
    "text",
    "box",
    "label",
    "bboxes",
    "valid_line",
    "quad",
    "data",
    "annotations",
    "predictions",
    "result",
    "value",
    "x",
    "y",
    "documents",
    "document",
    "img",
    "metadata",
    "field_extractions",
    "page",
    "bbox",
    "fieldtype",
    "pages",
    "blocks",
    "entities",
    "points",
    "labels",
    "id",
]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(set(importers.IMPORTERS) - {"pdf", "image"})),
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(_KEYS),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    ).map(lambda value: json.dumps(value).encode()),
)
def test_readers_never_raise(tmp_path_factory: Any, name: str, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_bytes(data)
    for item in importers.load(name).read(path, Options(path.parent)):
        assert isinstance(
            item if isinstance(item, Rejected) else clean(item, Options(path.parent)), Incoming | Rejected
        )


_PLACE = {"x": 10, "y": 5, "width": 8, "height": 2, "rotation": 10, "labels": ["T"], "text": ["x"]}
_REGION = {"id": "b", "type": "labels", "item_index": 0, "original_width": 9, "original_height": 9, "value": _PLACE}
_POLYGON = {"id": "c", "value": {"points": [[1, 2], [3, 4]], "polygonlabels": ["T"]}}
_OWN = {"name": "x", "labelled": True, "pages": [{"width": 9, "height": 9}], "group": "g", "language": "en"}
_FORM = [{"text": "a", "box": [1, 2, 3, 4], "label": "q", "words": [{"text": "a", "box": [1, 2, 3, 4], "order": 0}]}]
_FIELD = {"page": 0, "bbox": [0, 0, 1, 1], "fieldtype": "date_issue"}
_QUAD = dict.fromkeys(("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"), 1)
_WORD = {"value": "a", "confidence": 0.5, "geometry": [[0, 0], [1, 1]]}
SAMPLES: list[tuple[str, Any]] = [
    (
        "word-list",
        [{**GOOD, "image_path": "x.png", "image": {"path": "x"}, "lines": [0], "page": 0, "width": 9, "height": 9}],
    ),
    ("doccano", [{"id": 1, "text": "ab", "label": [[0, 2, "X"]]}]),
    (
        "label-studio",
        [
            {
                "data": {"ocr": "a.png", "workbench": _OWN},
                "annotations": [{"result": [_REGION, _POLYGON]}],
                "predictions": [{"score": 0.5, "result": [_REGION]}],
            }
        ],
    ),
    ("label-studio", [{"id": 1, "ocr": "a.png", "bbox": [_PLACE], "label": [_PLACE], "transcription": ["a"]}]),
    ("funsd", {"form": _FORM, "img": {"width": 9, "height": 9, "fname": "x"}}),
    ("xfund", {"lang": "zh", "documents": [{"id": "1", "img": {"fname": "x"}, "document": _FORM}]}),
    (
        "cord",
        {
            "valid_line": [{"category": "a.b", "words": [{"text": "a", "is_key": 0, "row_id": 1, "quad": _QUAD}]}],
            "meta": {"image_size": {"width": 9, "height": 9}},
        },
    ),
    (
        "docile",
        {
            "field_extractions": [_FIELD],
            "line_item_extractions": [_FIELD],
            "metadata": {"cluster_id": 1, "currency": "EUR", "page_sizes_at_200dpi": [[9, 9]], "language": "en"},
        },
    ),
    ("docile", {"pages": [{"dimensions": [9, 9], "blocks": [{"lines": [{"words": [_WORD]}]}]}]}),
]
_JUNK = [
    None,
    True,
    -1,
    1e308,
    float("nan"),
    float("inf"),
    10**30,
    "",
    "x",
    "\0",
    "\ud800",
    "../..",
    [],
    {},
    [[]],
    [{}],
    [1],
]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every node below a value."""
    inner = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [place for key, child in inner for place in [(value, key), *_places(child)]]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAMPLES), st.integers(0, 10_000), st.one_of(st.none(), st.sampled_from(_JUNK)), st.booleans())
def test_a_broken_part_of_a_good_file_is_survived(
    tmp_path_factory: Any, sample: tuple[str, Any], which: int, junk: Any, remove: bool
) -> None:
    name, whole = sample[0], json.loads(json.dumps(sample[1]))
    places = _places(whole)
    container, key = places[which % len(places)]
    if remove and isinstance(container, dict):
        del container[key]
    else:
        container[key] = junk
    path = tmp_path_factory.getbasetemp() / "broken.json"
    path.write_text(json.dumps(whole))
    importer, options = importers.load(name), Options(path.parent)
    importer.sniff(path, parsing.head_of(path))
    if isinstance(importer, discovery.Referring):
        list(importer.companions(path))
    for item in importer.read(path, options):
        if isinstance(item, Incoming) and isinstance(kept := clean(item, options), Incoming):
            assert all(isinstance(value, str | None) for value in (kept.name, kept.group, kept.language))
            for page in kept.pages:
                for token in page.tokens or ():
                    token.text.encode()
                    assert 0 <= token.box[0] <= token.box[2] <= page.width


def test_a_picture_that_is_named_without_the_words_beside_it_is_a_document(tmp_path: Path) -> None:
    for name in ("box/a.txt", "img/a.jpg", "key/a.json"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("0,0,9,0,9,9,0,9,Total\n")
    words, picture = tmp_path / "box" / "a.txt", tmp_path / "img" / "a.jpg"
    assert discovery.discover([tmp_path]).files == [words]
    assert discovery.discover([picture, words]).files == [words]
    assert discovery.discover([picture]).files == discovery.discover([tmp_path / "img"]).files == [picture]


def test_an_e_invoice_that_is_named_without_its_pdf_is_a_document(tmp_path: Path) -> None:
    xml, pdf = tmp_path / "a.xml", tmp_path / "a.pdf"
    xml.write_text('<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>')
    pdf.write_bytes(b"%PDF-1.7")
    assert discovery.discover([tmp_path]).files == [pdf]
    assert discovery.discover([xml]).files == [xml]
