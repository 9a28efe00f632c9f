"""import(export(x)) == x, as far as each format can hold it."""

import csv
import json
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from storage import document_list, documents
from storage.records import (
    Annotations,
    Box,
    Content,
    Document,
    Page,
    ReferenceValue,
    Side,
    Source,
    Span,
    State,
    Suggestion,
    Token,
)  # fmt: skip
from tests.support import workspaces
from workbench.annotation import field_states
from workbench.exchange import detection, discovery
from workbench.exchange.exporters import registry as exporters
from workbench.exchange.exporters.base import FileNames, thousandths
from workbench.exchange.importers import registry as importers
from workbench.exchange.pipeline import run
from workbench.exchange.reading.clean import clean
from workbench.exchange.reading.incoming import Incoming, Options
from workbench.exchange.sources import ImportRequest
from workbench.fields import Field, FieldType, Schema, invoice_schema
from workbench.fields.plain_text import has_controls
from workbench.workspace import Workspace

SCHEMA = invoice_schema()
FIELDS = [entry.id for entry in SCHEMA]
quick = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

_WORDS = st.one_of(
    st.sampled_from(
        ["Total", "RM 9.00", "1,234.56", "发票号码", "¥", 'a"b', "=1+1", "-DOCSTART-", "O", "B-TOTAL", "#", "é"]
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), min_size=1, max_size=8),
)
words = _WORDS.map(lambda text: unicodedata.normalize("NFC", text)).filter(
    lambda text: not (text.isspace() or has_controls(text))
)
hundredths = st.integers(0, 100_000)


@st.composite
def boxes(draw: st.DrawFn, width: float, height: float) -> Box:
    xs = sorted(draw(st.tuples(hundredths, hundredths)))
    ys = sorted(draw(st.tuples(hundredths, hundredths)))
    across, down = width / 100_000, height / 100_000
    return round(xs[0] * across, 2), round(ys[0] * down, 2), round(xs[1] * across, 2), round(ys[1] * down, 2)


@st.composite
def contents(draw: st.DrawFn, gaps: bool = False, pages: int = 3, number: int = 1) -> Content:
    """A document; with `gaps` labels may jump over words and pages."""
    drawn_pages: list[Page] = []
    count = 0
    for index in range(draw(st.integers(1, pages))):
        width, height = draw(st.sampled_from([(595.0, 842.0), (1000.0, 1400.0), (792.5, 1301.25), (20.0, 30.0)]))
        tokens: list[Token] = []
        line = 0
        for _ in range(draw(st.integers(0, 6))):
            line += draw(st.integers(0, 1))
            sure = draw(st.one_of(st.none(), st.sampled_from([0.25, 0.5, 1.0])))
            tokens.append(Token(count, index, line, draw(words), draw(boxes(width, height)), sure))
            count += 1
        drawn_pages.append(Page(index, width, height, tuple(tokens)))
    owners = draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    page_of = [token.page for page in drawn_pages for token in page.tokens]
    groups: list[list[int]] = []
    for token, owner in enumerate(owners):
        if not owner:
            continue
        last = groups[-1] if groups else None
        if (gaps and owner == 2 and last) or (
            owner == 1 and last and last[-1] == token - 1 and page_of[last[-1]] == page_of[token]
        ):
            last.append(token)
        else:
            groups.append([token])
    spans = frozenset(Span(draw(st.sampled_from(FIELDS)), tuple(group), Source.IMPORT) for group in groups)
    state = draw(st.sampled_from([State.LABELLED, State.STARTED if spans else State.NEW]))
    name = draw(st.sampled_from(["inv", 'quo"te', "line break", "../../x", "名" * 250, "CON", " "])) + str(number)
    group = draw(st.sampled_from(["", "ACME"]))
    document = Document(
        number, name, "", "d", "x", None, group, Side.TRAIN, state, "", len(drawn_pages), count, 1, len(spans)
    )
    return Content(document, tuple(drawn_pages), Annotations(spans, state=state), (), ())


def several(gaps: bool = False, pages: int = 3) -> st.SearchStrategy[list[Content]]:
    return st.tuples(contents(gaps, pages, 1), contents(gaps, pages, 2)).map(list)


def there_and_back(name: str, listed: Iterable[Content]) -> list[Incoming]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        written = exporters.load(name).write(listed, SCHEMA, root / "out")
        beside = ["out.config.xml"] if name == "label-studio" else []
        assert sorted(path.name for path in root.iterdir()) == (
            ["out", *beside] if written.documents or (root / "out").exists() else []
        )
        for extra in beside:
            (root / extra).unlink()
        documents: list[Incoming] = []
        for path in discovery.discover([root]).files:
            importer = detection.detect(path)
            if importer is None:
                assert not path.read_bytes().strip()
                continue
            for item in importer.read(path, Options(root)):
                assert isinstance(item, Incoming), item
                cleaned = clean(item, Options(root))
                assert isinstance(cleaned, Incoming), cleaned
                documents.append(cleaned)
        return documents


def labels_of(item: Incoming) -> set[tuple[str, tuple[int, ...]]]:
    resolved = [(SCHEMA.resolve(span.label), span.tokens) for span in item.spans if span.confidence is None]
    return {(entry.id, tokens) for entry, tokens in resolved if entry}


def labels_in(content: Content) -> set[tuple[str, tuple[int, ...]]]:
    return {(span.field, span.tokens) for span in content.annotations.spans}


def pages_of(item: Incoming, *, confidence: bool = True) -> list[Any]:
    return [
        (p.width, p.height, [(t.text, t.box, t.line, t.confidence if confidence else None) for t in p.tokens or ()])
        for p in item.pages
    ]


def pages_in(content: Content, *, confidence: bool = True) -> list[Any]:
    return [
        (p.width, p.height, [(t.text, t.box, t.line, t.confidence if confidence else None) for t in p.tokens])
        for p in content.pages
    ]


@quick
@given(several())
def test_word_lists(listed: list[Content]) -> None:
    sides = [side for content in listed for page in content.pages for token in page.tokens for side in token.box]
    assume(max(sides, default=2) > 1.5)  # all words in one unit of a corner look like fractions of a page
    back = there_and_back("word-list", listed)
    assert [item.name for item in back] == [content.document.name for content in listed]
    for item, content in zip(back, listed, strict=True):
        assert pages_of(item) == pages_in(content)
        assert labels_of(item) == labels_in(content)
        assert item.labelled == (content.document.state is State.LABELLED)
        assert (item.group or "") == content.document.group


@quick
@given(several())
def test_parquet_holds_boxes_to_a_thousandth(listed: list[Content]) -> None:
    back = there_and_back("parquet", listed)
    assert [item.name for item in back] == [content.document.name for content in listed]
    for item, content in zip(back, listed, strict=True):
        assert labels_of(item) == labels_in(content)
        assert item.labelled == (content.document.state is State.LABELLED)
        for page, original in zip(item.pages, content.pages, strict=True):
            assert (page.width, page.height) == (original.width, original.height)
            assert [(t.text, t.line) for t in page.tokens or ()] == [(t.text, t.line) for t in original.tokens]
            for token, kept in zip(page.tokens or (), original.tokens, strict=True):
                for side, value, length in zip(token.box, kept.box, (page.width, page.height) * 2, strict=True):
                    assert abs(side - value) <= length / 2000 + 0.011


@quick
@given(several(gaps=True))
def test_label_studio_holds_gaps_and_pages(listed: list[Content]) -> None:
    back = there_and_back("label-studio", listed)
    assert [item.name for item in back] == [content.document.name for content in listed]
    for item, content in zip(back, listed, strict=True):
        assert pages_of(item) == pages_in(content, confidence=False)
        assert labels_of(item) == labels_in(content)
        assert item.labelled == (content.document.state is State.LABELLED)


@quick
@given(several(pages=1))
def test_funsd(listed: list[Content]) -> None:
    back = {item.name: item for item in there_and_back("funsd", listed)}
    names = FileNames()
    for content in listed:
        item = back[names.fresh(content.document.name)]
        without_lines = [(w, h, [(t, b) for t, b, _, _ in tokens]) for w, h, tokens in pages_of(item)]
        assert without_lines == [(w, h, [(t, b) for t, b, _, _ in tokens]) for w, h, tokens in pages_in(content)]
        assert labels_of(item) == labels_in(content)
        assert item.labelled == (content.document.state is State.LABELLED)


@quick
@given(several())
def test_conll_holds_words_and_tags(listed: list[Content]) -> None:
    back = there_and_back("conll", listed)
    kept = [c for c in listed if c.tokens and (c.annotations.spans or c.document.state is State.LABELLED)]
    kept = [c for c in kept if [token.text for token in c.tokens] != ["-DOCSTART-"]]  # the mark of a document's start
    assert len(back) == len(kept)
    for item, content in zip(back, kept, strict=True):
        texts = [token.text for page in item.pages for token in page.tokens or ()]
        assert texts == [token.text.replace(" ", "\u00a0") for token in content.tokens]
        assert labels_of(item) == labels_in(content)


def example() -> Content:
    tokens = (
        Token(0, 0, 0, "ACME", (10.0, 10.0, 50.0, 20.0)),
        Token(1, 0, 1, "Total", (10.0, 30.0, 40.0, 40.0)),
        Token(2, 0, 1, "1.234,50", (50.0, 30.0, 90.0, 40.0)),
        Token(3, 0, 2, "=HYPERLINK(1)", (10.0, 50.0, 90.0, 60.0)),
    )
    document = Document(
        1, "inv", "", "d", "x", None, "ACME", Side.TRAIN, State.LABELLED, "", 1, 4, 1, labels=3, suggestions=1
    )
    spans = frozenset(
        {
            Span("amount_total", (2,), Source.HUMAN, "ann"),
            Span("invoice_no", (3,), Source.IMPORT),
            Span("seller_name", (0,), Source.IMPORT),
        }
    )
    suggestion = Suggestion(1, "buyer_name", (0, 1), 0.75, "run-1")
    return Content(
        document, (Page(0, 100.0, 100.0, tokens),), Annotations(spans, state=State.LABELLED), (suggestion,), ()
    )


def test_a_saved_dataset_opens_in_the_datasets_library_and_comes_back(tmp_path: Path) -> None:
    content = example()
    exporters.load("hf-dataset").write([content], SCHEMA, tmp_path / "set")
    import datasets

    rows = datasets.load_from_disk(str(tmp_path / "set"))
    names = rows.features["ner_tags"].feature.names
    assert [names[number] for number in rows[0]["ner_tags"]] == ["B-seller_name", "O", "B-amount_total", "B-invoice_no"]
    assert rows[0]["bboxes"] == [thousandths(token.box, content.pages[0]) for token in content.tokens]
    (path,) = discovery.discover([tmp_path]).files
    importer = detection.detect(path)
    assert importer is not None
    (item,) = importer.read(path, Options(tmp_path))
    assert isinstance(item, Incoming)
    assert labels_of(item) == labels_in(content)


def test_suggestions_come_back_from_label_studio_as_suggestions() -> None:
    (item,) = there_and_back("label-studio", [example()])
    (suggested,) = [span for span in item.spans if span.confidence is not None]
    assert (suggested.label, suggested.tokens, suggested.confidence, suggested.run) == (
        "buyer_name",
        (0, 1),
        0.75,
        "run-1",
    )
    assert labels_of(item) == labels_in(example())


def _begun(content: Content) -> Content:
    return replace(content, document=replace(content.document, state=State.STARTED))


def _row_of(content: Content, folder: Path) -> dict[str, str]:
    exporters.load("values-csv").write([content], SCHEMA, folder / "v.csv")
    with (folder / "v.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    return row


def test_the_bullets_of_a_senders_line_are_no_part_of_an_address(tmp_path: Path) -> None:
    words = ["Ecke", "12", "●", "12345", "Stadthausen", "|"]
    tokens = tuple(Token(n, 0, 0, word, (20.0 * n, 0.0, 20.0 * n + 15, 10.0)) for n, word in enumerate(words))
    state = Annotations(frozenset({Span("seller_address", tuple(range(len(words))), Source.HUMAN, "ann")}))
    content = replace(example(), pages=(Page(0, 200.0, 100.0, tokens),), annotations=state, suggestions=())
    row = _row_of(content, tmp_path)
    assert row["seller_address"] == "Ecke 12 12345 Stadthausen"


def test_a_postcode_stands_apart_from_its_town_in_the_table(tmp_path: Path) -> None:
    words = ["Bahnstr.", "42", "88802Spielkreis"]
    tokens = tuple(Token(n, 0, 0, word, (20.0 * n, 0.0, 20.0 * n + 15, 10.0)) for n, word in enumerate(words))
    state = Annotations(frozenset({Span("buyer_address", (0, 1, 2), Source.HUMAN, "ann")}))
    content = replace(example(), pages=(Page(0, 200.0, 100.0, tokens),), annotations=state, suggestions=())
    assert _row_of(content, tmp_path)["buyer_address"] == "Bahnstr. 42 88802 Spielkreis"


@pytest.mark.parametrize(
    ("words", "known", "day_first", "written"),
    [
        (["11/03/2017"], "", None, "2017-03-11"),
        (["11/03/2017"], "2017-11-03", None, "2017-11-03"),
        (["11/03/2017"], "2017-11-05", None, "2017-03-11"),
        (["11/03/2017"], "", False, "2017-11-03"),
        (["11/03/2017", "11/17/2017"], "", None, "2017-11-03"),
    ],
)
def test_a_date_is_written_as_the_known_value_the_workspace_and_the_page_have_it(
    tmp_path: Path, words: list[str], known: str, day_first: bool | None, written: str
) -> None:
    tokens = tuple(Token(n, 0, 0, word, (60.0 * n, 0.0, 60.0 * n + 55, 10.0)) for n, word in enumerate(words))
    content = replace(
        example(),
        pages=(Page(0, 200.0, 100.0, tokens),),
        annotations=Annotations(frozenset({Span("invoice_date", (0,), Source.HUMAN, "ann")})),
        suggestions=(),
        references=(ReferenceValue("invoice_date", known, "e-invoice"),) * bool(known),
    )
    shown = next(row for row in field_states.rows(content, SCHEMA, day_first) if row.field.id == "invoice_date")
    exporters.load_values("values-csv", day_first).write([content], SCHEMA, tmp_path / "v.csv")
    with (tmp_path / "v.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["invoice_date"] == shown.values[0].normal == written


def test_a_suggestion_that_a_document_was_accepted_without_is_no_value(tmp_path: Path) -> None:
    (suggestion,) = example().suggestions
    content = replace(example(), suggestions=(replace(suggestion, tokens=(1,)),))  # on a word without a label
    accepted, begun = _row_of(content, tmp_path), _row_of(_begun(content), tmp_path)
    assert (accepted["buyer_name"], begun["buyer_name"]) == ("", "Total")
    imported = frozenset(replace(span, source=Source.IMPORT) for span in content.annotations.spans)
    of_an_import = replace(content, annotations=replace(content.annotations, spans=imported))
    assert _row_of(of_an_import, tmp_path)["buyer_name"] == "Total"


def test_values_say_what_was_decided_and_by_whom(tmp_path: Path) -> None:
    row = _row_of(_begun(example()), tmp_path)
    assert row["file"] == "inv"
    assert row["amount_total"] == "1234.50"
    assert row["amount_total (decided by)"] == "labelled by ann"
    assert row["seller_name"] == "ACME"
    assert row["buyer_name"] == "", "its words have labels of other fields"
    assert row["invoice_no"] == "'=HYPERLINK(1)"
    assert row["iban"] == row["iban (decided by)"] == ""
    begun = _begun(example())
    free = replace(begun, annotations=replace(begun.annotations, spans=frozenset()))
    row = _row_of(free, tmp_path)
    assert (row["buyer_name"], row["buyer_name (confidence)"]) == ("ACME Total", "0.750")
    assert row["buyer_name (decided by)"] == "suggested by run-1"


@pytest.mark.parametrize(
    ("words", "printed", "normalised"),
    [
        ("CS 0031 .663", "CS 0031 .663", "CS0031663"),
        ("No:A-77,", "A-77", "A-77"),
        ("NO.:UOA-CB18-01575", "UOA-CB18-01575", "UOA-CB18-01575"),
        (":A-77", "A-77", "A-77"),
        ("● A-77", "A-77", "A-77"),
        ("# 12", "# 12", "12"),
    ],
)
def test_a_documents_number_is_written_as_printed_and_in_one_form(tmp_path, words, printed, normalised) -> None:
    tokens = tuple(Token(n, 0, 0, word, (20.0 * n, 0.0, 20.0 * n + 15, 10.0)) for n, word in enumerate(words.split()))
    ids = tuple(token.id for token in tokens)
    state = Annotations(frozenset({Span("invoice_no", ids, Source.HUMAN, "ann")}))
    content = replace(example(), pages=(Page(0, 200.0, 100.0, tokens),), annotations=state, suggestions=())
    exporters.load("values-csv").write([content], SCHEMA, tmp_path / "v.csv")
    with (tmp_path / "v.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["invoice_no"], row["invoice_no (normalised)"]) == (printed, normalised)
    assert row["invoice_no (decided by)"] == "labelled by ann"


def test_the_workbook_holds_numbers_and_no_formulas(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    exporters.load("values-xlsx").write([example()], SCHEMA, tmp_path / "v.xlsx")
    book = load_workbook(tmp_path / "v.xlsx")
    names, values = book.active.iter_rows()
    row = {name.value: cell for name, cell in zip(names, values, strict=True)}
    assert list(row) == ["file", *(field.name for field in SCHEMA.spans)], "the values first, and nothing else"
    assert (row["amount_total"].value, row["amount_total"].number_format) == (1234.5, "#,##0.00")
    names, details = book["details"].iter_rows(values_only=True)
    rest = dict(zip(names, details, strict=True))
    assert (rest["file"], rest["amount_total (decided by)"]) == (row["file"].value, "labelled by ann")
    assert rest["amount_total (confidence)"] == 1.0 and "invoice_no (normalised)" not in rest
    assert rest["invoice_no (as printed)"] == "=HYPERLINK(1)"
    assert all(cell.data_type != "f" for sheet in book for line in sheet for cell in line)


@pytest.mark.parametrize(
    ("printed", "value"),
    [("(JM0352019-K)", "JM0352019-K"), ("00 417 .", "00417"), ("01.234.5-2018-1", "01.234.5-2018-1")],
)
def test_the_workbooks_first_sheet_spells_numbers_as_the_panel_does(tmp_path: Path, printed: str, value: str) -> None:
    from openpyxl import load_workbook

    own = Field("company_no", "company_no", FieldType.ID, "", "#9C4F7C")
    schema = Schema((*SCHEMA.fields, own))
    tokens = tuple(Token(n, 0, 0, word, (20.0 * n, 0.0, 20.0 * n + 15, 10.0)) for n, word in enumerate(printed.split()))
    state = Annotations(frozenset({Span(own.id, tuple(token.id for token in tokens), Source.HUMAN, "ann")}))
    content = replace(example(), pages=(Page(0, 200.0, 100.0, tokens),), annotations=state, suggestions=())
    exporters.load("values-xlsx").write([content], schema, tmp_path / "v.xlsx")
    book = load_workbook(tmp_path / "v.xlsx")
    values, details = (dict(zip(*sheet.iter_rows(), strict=True)) for sheet in (book["values"], book["details"]))
    row = {name.value: cell for name, cell in values.items()}
    assert (row["company_no"].value, row["company_no"].data_type) == (value, "s")
    assert {name.value: cell.value for name, cell in details.items()}["company_no (as printed)"] == printed.strip(" .")


@pytest.mark.parametrize(
    ("name", "source", "file"),
    [
        ("e03", "in/e03.pdf", "e03.pdf"),
        ("2024/e03", "a\\2024\\e03.PDF", "2024/e03.PDF"),
        ("t 2", "texts.csv line 2", "t 2"),
        ("e03", "other.pdf", "e03"),
        ("a.b", "in/a.b.xml", "a.b.xml"),
    ],
)
def test_a_workbook_names_the_file_with_its_ending(name: str, source: str, file: str) -> None:
    from workbench.exchange.exporters.values_xlsx import file_name

    document = example().document
    assert file_name(replace(document, name=name, source=source)) == file


def test_a_text_too_long_for_a_workbooks_cell_is_cut_with_a_word(tmp_path: Path) -> None:
    from openpyxl import Workbook

    from workbench.exchange.exporters.base import ExportReport, text_cells

    written = ExportReport()
    cell = text_cells(Workbook(write_only=True).create_sheet(), written)("=" + "\x00x" * 40_000)
    assert (len(cell.value), cell.data_type) == (32_767, "s")
    assert list(written.lost) == ["texts longer than 32,767 characters were cut"]


@pytest.mark.parametrize("name", list(exporters.EXPORTERS))
def test_a_failed_export_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    def broken() -> Iterable[Content]:
        yield example()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exporters.load(name).write(broken(), SCHEMA, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", list(exporters.EXPORTERS))
def test_a_registered_exporter_is_the_one_it_says(name: str) -> None:
    assert exporters.load(name).name == name


def test_two_documents_of_one_name_get_two_files(tmp_path: Path) -> None:
    exporters.load("funsd").write([example(), example()], SCHEMA, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "annotations").iterdir()) == ["inv-2.json", "inv.json"]


@pytest.mark.parametrize("name", ["other", "Other", "O"])
def test_labels_that_say_no_label_in_funsd_are_said(tmp_path: Path, name: str) -> None:
    written = exporters.load("funsd").write([example()], SCHEMA.change("amount_total", name=name), tmp_path / "out")
    assert written.lost[f"labels of the field {name} say no label in FUNSD: rename it"] == 1
    assert not exporters.load("funsd").write([example()], SCHEMA, tmp_path / "again").lost


def test_exports_keep_the_split(tmp_path: Path) -> None:
    import datasets
    from pyarrow import parquet

    content = example()
    unlabelled = replace(content.document, name="other", side=Side.TEST)
    both = [content, replace(content, document=unlabelled)]
    sides = ["train", "test"]
    exporters.load("word-list").write(both, SCHEMA, tmp_path / "words.jsonl")
    lines = (tmp_path / "words.jsonl").read_text().splitlines()
    assert [json.loads(line)["split"] for line in lines] == sides
    exporters.load("parquet").write(both, SCHEMA, tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").column("split").to_pylist() == sides
    exporters.load("hf-dataset").write(both, SCHEMA, tmp_path / "set")
    saved = datasets.load_from_disk(str(tmp_path / "set"))
    assert {side: rows["id"][:] for side, rows in saved.items()} == {"train": ["inv"], "test": ["other"]}
    found = discovery.discover([tmp_path / "set"]).files
    assert sorted(path.parent.name for path in found) == ["test", "train"]


def test_doccano_gets_the_words_and_their_labels(tmp_path: Path) -> None:
    content = example()
    exporters.load("doccano").write([content], SCHEMA, tmp_path / "all.jsonl")
    record = json.loads((tmp_path / "all.jsonl").read_text())
    texts = {label: record["text"][start:end] for start, end, label in record["label"]}
    tokens = content.tokens
    assert texts == {SCHEMA.name(span.field): tokens[span.tokens[0]].text for span in content.annotations.spans}
    (item,) = there_and_back("doccano", [content])
    assert {span.label for span in item.spans} == set(texts)


def test_label_studio_gets_the_configuration_that_its_tasks_need(tmp_path: Path) -> None:
    exporters.load("label-studio").write([example()], SCHEMA, tmp_path / "tasks.json")
    view = ElementTree.parse(tmp_path / "tasks.config.xml").getroot()
    names = {element.get("name") for element in view.iter()}
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    used = {part["from_name"] for row in task["annotations"] for part in row["result"] if "from_name" in part}
    assert next(view.iter("Image")).get("valueList") == "$pages" and task["data"]["pages"] == []
    assert used <= names and {"label", "bbox", "transcription", "image"} <= names
    assert [label.get("value") for label in view.iter("Label")] == [field.name for field in SCHEMA.active]


@pytest.mark.parametrize("name", ["word-list", "hf-dataset", "parquet", "doccano", "label-studio"])
def test_split_vendor_and_language_survive_an_export_and_an_import(name: str, tmp_path: Path) -> None:
    source = workspaces.empty(tmp_path / "from")
    rows = [
        {"id": f"inv-{number}", "words": ["Total", f"{number}.00"], "bboxes": [[0, 0, 9, 9], [20, 0, 40, 9]],
         "labels": ["O", "B-amount_total"], "group": f"vendor {number}", "split": split,
         "language": "de"}
        for number, split in enumerate(["train", "dev", "test"])
    ]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    run(source, ImportRequest((tmp_path / "rows.jsonl",)))
    sides = {"0": Side.TRAIN, "1": Side.VALIDATION, "2": Side.TEST}
    assert sides_of(source) == sides
    folder = tmp_path / "out"
    folder.mkdir()
    target = folder / ("all" if name == "hf-dataset" else f"all.{'parquet' if name == 'parquet' else 'jsonl'}")
    exporters.load(name).write(contents_of(source), source.schema, target)
    back = workspaces.empty(tmp_path / "to")
    assert not run(back, ImportRequest((folder,))).rejected
    assert sides_of(back) == sides
    facts = {(content.document.group, content.document.language) for content in contents_of(back)}
    assert facts == {(f"vendor {number}", "de") for number in range(3)}
    source.close()
    back.close()


def contents_of(workspace: Workspace) -> list[Content]:
    with workspace.db.read() as connection:
        return [documents.open_document(connection, number) for number in document_list.ids(connection)]


def sides_of(workspace: Workspace) -> dict[str, Side]:
    """The last character of a document's name, which every format keeps -> its side."""
    return {content.document.name[-1]: content.document.side for content in contents_of(workspace)}


def test_a_side_that_a_file_names_against_its_vendor_is_said_as_a_leak(tmp_path: Path) -> None:
    workspace = workspaces.empty(tmp_path / "workspace")
    rows = [
        {"id": split, "words": ["Total", split], "bboxes": [[0, 0, 9, 9], [20, 0, 40, 9]], "group": "ACME",
         "split": split}
        for split in ("train", "test")
    ]  # fmt: skip
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    summary = run(workspace, ImportRequest((tmp_path / "rows.jsonl",)))
    workspace.close()
    assert summary.leaks == {"on 'test', as the file says, but the same vendor is on 'train'": 1}


def test_label_studio_gets_pictures_that_its_server_serves(tmp_path: Path) -> None:
    content = example()
    (tmp_path / "stored").mkdir()
    Image.new("RGB", (100, 100), "white").save(tmp_path / "stored" / "page.png")
    named = replace(content.document, name="Müller & Co #1")
    pictured = replace(content, document=named, pages=(replace(content.pages[0], picture="page.png"),))
    exporters.load("label-studio").write([pictured], SCHEMA, tmp_path / "tasks.json", tmp_path / "stored")
    (task,) = json.loads((tmp_path / "tasks.json").read_text())
    (reference,) = task["data"]["pages"]
    address = urlsplit(reference)
    (below_root,) = parse_qs(address.query)["d"]
    assert address.path == "/data/local-files/" and (tmp_path / below_root).is_file()
    (item,) = importers.load("label-studio").read(tmp_path / "tasks.json", Options(tmp_path))
    assert isinstance(item, Incoming) and item.pages[0].picture == tmp_path / below_root
    assert not item.notes


def test_a_whole_export_to_label_studio_comes_back_with_labels_and_pictures(tmp_path: Path) -> None:
    source, back = workspaces.empty(tmp_path / "from"), workspaces.empty(tmp_path / "to")
    scans = tmp_path / "scans"
    scans.mkdir()
    for number in range(2):
        Image.new("L", (100, 60), 255 - number).save(scans / f"{number}.png")
    rows = [
        {"id": f"inv {number}", "image_path": f"{number}.png", "words": ["Total", f"{number}.00", "EUR"],
         "bboxes": [[5, 5, 30, 15], [40, 5, 60, 15], [65, 5, 80, 15]], "labels": ["O", "B-amount_total", "B-currency"]}
        for number in range(2)
    ]  # fmt: skip
    (scans / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    run(source, ImportRequest((scans,)))
    target = tmp_path / "out" / "all.json"
    target.parent.mkdir()
    exporters.load("label-studio").write(contents_of(source), source.schema, target, source.files.pages)
    summary = run(back, ImportRequest((target.parent,)))  # tasks, configuration and pictures
    assert (summary.documents, summary.rejected) == (2, [])
    for before, after in zip(contents_of(source), contents_of(back), strict=True):
        assert labels_in(after) == labels_in(before)
        assert [token.box for token in after.tokens] == pytest.approx([token.box for token in before.tokens])
        kept, copy = source.files.picture(str(before.pages[0].picture)), back.files.picture(str(after.pages[0].picture))
        with Image.open(kept) as one, Image.open(copy) as other:
            assert one.tobytes() == other.tobytes()
    source.close()
    back.close()
