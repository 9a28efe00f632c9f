"""PDFs: words where they are seen, pages without words to OCR, and reasons for what cannot be read."""

import io
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from workbench.exchange import pictures
from workbench.exchange.importers.pdf import IMPORTER
from workbench.exchange.reading.incoming import Incoming, Options, Rejected
from workbench.settings import Limits


def _read(path: Path, **options: object) -> Incoming:
    (item,) = IMPORTER.read(path, Options(path.parent, **options))  # type: ignore[arg-type]
    assert isinstance(item, Incoming), item
    return item


def _rejected(path: Path, **options: object) -> str:
    (item,) = IMPORTER.read(path, Options(path.parent, **options))  # type: ignore[arg-type]
    assert isinstance(item, Rejected)
    return item.reason


def _words(incoming: Incoming, page: int = 0) -> list[str]:
    return [token.text for token in incoming.pages[page].tokens or ()]


def test_words_in_reading_order_with_boxes_from_the_top_left(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    canvas.drawString(50, 100, "Total")  # drawn first, stands last
    canvas.drawString(300, 100, "9.00")
    canvas.drawString(50, 550, "Invoice No. 42")
    canvas.save()
    incoming = _read(tmp_path / "a.pdf")
    assert _words(incoming) == ["Invoice", "No.", "42", "Total", "9.00"]
    page = incoming.pages[0]
    assert (page.width, page.height, page.engine) == (400, 600, "text-layer")
    first = (page.tokens or [])[0]
    assert first.box[0] == pytest.approx(50, abs=2)
    assert first.box[1] < 600 - 550 < first.box[3] + 2
    assert [token.line for token in page.tokens or ()] == [0, 0, 0, 1, 1]
    assert isinstance(page.picture, Path)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_pages_are_read_as_they_are_seen(tmp_path: Path, turn: int) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    canvas.drawString(50, 550, "Corner")
    canvas.save()
    document = pypdfium2.PdfDocument(tmp_path / "a.pdf")
    document[0].set_rotation(turn)
    document.save(str(tmp_path / "turned.pdf"))
    document.close()
    page = _read(tmp_path / "turned.pdf").pages[0]
    assert (page.width, page.height) == ((600, 400) if turn in (90, 270) else (400, 600))
    (token,) = page.tokens or ()
    middle = (token.box[0] + token.box[2]) / 2 / page.width, (token.box[1] + token.box[3]) / 2 / page.height
    expected = {90: (0.92, 0.17), 180: (0.83, 0.92), 270: (0.08, 0.83)}[turn]
    assert middle == pytest.approx(expected, abs=0.06)


def test_a_moved_crop_box_moves_the_words(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 600))
    canvas.drawString(150, 450, "Inside")
    canvas.save()
    document = pypdfium2.PdfDocument(tmp_path / "a.pdf")
    document[0].set_cropbox(100, 300, 400, 500)
    document.save(str(tmp_path / "cropped.pdf"))
    document.close()
    page = _read(tmp_path / "cropped.pdf").pages[0]
    assert (page.width, page.height) == (300, 200)
    (token,) = page.tokens or ()
    assert token.box[0] == pytest.approx(50, abs=2)
    assert token.box[1] < 50 < token.box[3] + 2


def _scan(text: str) -> ImageReader:
    picture = Image.new("L", (800, 1000), 255)
    ImageDraw.Draw(picture).text((80, 100), text)
    data = io.BytesIO()
    picture.save(data, "PNG")
    return ImageReader(data)


def test_scanned_pages_are_left_to_ocr_and_others_are_not(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 500))
    canvas.drawImage(_scan("Invoice"), 0, 0, 400, 500)
    canvas.showPage()
    canvas.drawImage(_scan("Invoice"), 0, 0, 400, 500)
    canvas.drawString(10, 10, "Scanned by Acme")  # a stamp over the picture
    canvas.showPage()
    canvas.drawString(50, 400, "A page of words")
    canvas.save()
    pages = _read(tmp_path / "a.pdf").pages
    assert [page.tokens is None for page in pages] == [True, True, False]


def test_letters_without_spaces_between_columns_are_divided(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 500))
    text = canvas.beginText(50, 400)
    text.textOut("Net")
    text.setTextOrigin(200, 400)
    text.textOut("10.00")
    canvas.drawText(text)
    canvas.save()
    assert _words(_read(tmp_path / "a.pdf")) == ["Net", "10.00"]


def test_pictures_are_of_a_size_for_reading(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842))
    canvas.drawString(50, 400, "word")
    canvas.save()
    generator = IMPORTER.read(tmp_path / "a.pdf", Options(tmp_path))
    incoming = next(generator)
    assert isinstance(incoming, Incoming)
    picture = incoming.pages[0].picture
    assert isinstance(picture, Path)
    assert max(Image.open(picture).size) == pictures.LONGEST
    generator.close()
    assert not picture.exists()  # nothing is left in the temporary folder


def test_limits_are_said_with_their_names(tmp_path: Path) -> None:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 500))
    for _ in range(3):
        canvas.drawString(50, 400, "one two three")
        canvas.showPage()
    canvas.save()
    assert "3 pages; the limit is 2" in _rejected(tmp_path / "a.pdf", limits=Limits(pages=2))
    assert "3 words; the limit is 2" in _rejected(tmp_path / "a.pdf", limits=Limits(tokens_per_page=2))
    assert "page_points" in _rejected(tmp_path / "a.pdf", limits=Limits(page_points=100))


def test_what_is_no_pdf(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 nothing")
    assert "not a PDF" in _rejected(tmp_path / "a.pdf")
    assert "cannot be opened" in _rejected(tmp_path / "missing.pdf")


@pytest.mark.realdata
def test_every_real_pdf_has_words_and_e_invoices_have_values(realdata: Path) -> None:
    for path in sorted(realdata.glob("einvoices/*.pdf")) + sorted(realdata.glob("vendor_pdfs/*.pdf")):
        incoming = _read(path)
        tokens = [token for page in incoming.pages for token in page.tokens or ()]
        assert len(tokens) > 50, path
        assert all(0 <= t.box[0] <= t.box[2] and 0 <= t.box[1] <= t.box[3] for t in tokens)
        assert not any(" " in t.text or not t.text.isprintable() for t in tokens), path
        if path.parent.name == "einvoices":
            assert incoming.values or incoming.notes
            assert bool(incoming.values) == (incoming.values_source == "e-invoice")


def _page_of(tmp_path: Path, draw: object, size: tuple[int, int] = (400, 300)) -> Incoming:
    canvas = Canvas(str(tmp_path / "a.pdf"), pagesize=size)
    for row in range(3):
        canvas.drawString(40, 40 + 12 * row, f"Filler line number {row} of the page")
    draw(canvas)  # type: ignore[operator]
    canvas.save()
    return _read(tmp_path / "a.pdf")


def test_filled_form_fields_are_words_and_are_drawn(tmp_path: Path) -> None:
    def field(canvas: Canvas) -> None:
        canvas.drawString(40, 250, "Invoice No")
        canvas.acroForm.textfield(name="no", value="INV-0042", x=150, y=240, width=150, height=20)

    incoming = _page_of(tmp_path, field)
    token = next(token for token in incoming.pages[0].tokens or () if token.text == "INV-0042")
    assert 150 <= token.box[0] < token.box[2] <= 300
    assert 40 <= token.box[1] < token.box[3] <= 60


def test_choices_lists_and_long_fields_of_a_form_are_words(tmp_path: Path) -> None:
    def fields(canvas: Canvas) -> None:
        form = canvas.acroForm
        form.choice(name="currency", value="EUR", options=["EUR", "USD"], x=40, y=200, width=80, height=20)
        form.listbox(name="terms", value="NET30", options=["NET30", "NET60"], x=150, y=180, width=80, height=40)
        form.textfield(
            name="to", value="Line one\nLine two", x=250, y=160, width=100, height=60, fieldFlags="multiline"
        )
        form.checkbox(name="paid", checked=True, x=40, y=150)

    words = _words(_page_of(tmp_path, fields))
    assert {"EUR", "NET30", "one", "two"} <= set(words) and "USD" not in words


def test_words_that_are_clipped_covered_or_transparent_are_not_seen(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(40, 250, "COVERED")
        canvas.setFillColorRGB(1, 1, 1)
        canvas.rect(30, 240, 100, 25, fill=1, stroke=0)
        canvas.setFillColorRGB(0, 0, 0)
        canvas.saveState()
        corner = canvas.beginPath()
        corner.rect(0, 0, 1, 1)
        canvas.clipPath(corner, stroke=0)
        canvas.drawString(40, 220, "CLIPPED")
        canvas.restoreState()
        canvas.setFillColorRGB(0, 0, 0, alpha=0)
        canvas.drawString(40, 190, "TRANSPARENT")
        canvas.setFillColorRGB(0, 0, 0, alpha=1)
        canvas.drawString(40, 160, "SEEN")

    incoming = _page_of(tmp_path, draw)
    assert [word for word in _words(incoming) if word.isupper()] == ["SEEN"]
    assert any("3 invisible words" in note for note in incoming.pages[0].notes)


def test_what_is_not_seen_is_no_word_and_is_counted(tmp_path: Path) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(-300, 250, "OUTSIDE")
        canvas.drawString(380, 200, "cutoff")
        canvas.setFillColorRGB(1, 1, 1)
        canvas.drawString(40, 200, "White")

    incoming = _page_of(tmp_path, draw)
    notes = [note for page in incoming.pages for note in page.notes]
    assert {"OUTSIDE", "White"}.isdisjoint(_words(incoming))
    assert notes == ["1 words outside of their page were left out", "1 invisible words were left out"]


def test_the_text_of_a_scan_stays_though_it_has_no_ink_of_its_own(tmp_path: Path) -> None:
    picture = Image.new("L", (400, 300), 255)  # a clean scan, its words a little beside the ink

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(picture), 0, 0, 400, 300)
        text = canvas.beginText(40, 250)
        text.setTextRenderMode(3)
        for row in range(4):
            text.textLine(f"Scanned total number {row}")
        canvas.drawText(text)

    assert "Scanned" in _words(_page_of(tmp_path, draw))


@pytest.mark.parametrize("turn", [90, 270])
def test_text_that_runs_up_or_down_is_a_line_of_its_own(tmp_path: Path, turn: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(20, 60 if turn == 90 else 280)
        canvas.rotate(turn)
        canvas.drawString(0, 0, "Muster GmbH HRB 1234")

    tokens = _page_of(tmp_path, draw).pages[0].tokens or []
    assert [token.text for token in tokens[-4:]] == ["Muster", "GmbH", "HRB", "1234"]
    assert len({token.line for token in tokens[-4:]}) == 1
    assert tokens[-5].line != tokens[-4].line


def _in_order(*texts: str, gaps: dict[int, float] | None = None) -> list[str]:
    """Words that stand side by side from left to right, in reading order; gaps before some of them are wider."""
    from workbench.exchange.reading_direction import ordered

    boxes: list[tuple[float, float, float, float]] = []
    right = 0.0
    for number, _ in enumerate(texts):
        left = right + (gaps or {}).get(number, 4.0)
        right = left + 30
        boxes.append((left, 0, right, 10))
    return [texts[index] for index in ordered(range(len(texts)), texts, boxes)]


def test_lines_from_the_right_are_read_from_the_right() -> None:
    assert _in_order("119.00", "סה") == ["סה", "119.00"]
    assert _in_order("INV-0042", "חשבונית", "מספר") == ["מספר", "חשבונית", "INV-0042"]
    assert _in_order("Acme", "Ltd", "חברת", "הבדיקה") == ["הבדיקה", "חברת", "Acme", "Ltd"]
    assert _in_order("Total", "119.00", "סה") == ["Total", "119.00", "סה"]


def test_cells_of_a_row_are_read_each_in_its_direction() -> None:
    cells = ["Item", "תיאור", "כמות", "Amount"]
    assert _in_order(*cells, gaps={1: 80, 2: 80, 3: 80}) == cells
    read = _in_order("Description", "עברית", "תיאור", "כמות", "Amount", gaps={1: 80, 3: 80, 4: 80})
    assert read == ["Description", "תיאור", "עברית", "כמות", "Amount"]
    assert _in_order("Amount", "due", "119.00", 'סה"כ', gaps={2: 80}) == ["Amount", "due", 'סה"כ', "119.00"]
    read = _in_order("VAT", "No.", "300", "رقم", "التسجيل", gaps={2: 80, 3: 80})
    assert read == ["التسجيل", "رقم", "300", "VAT", "No."]


def test_both_languages_of_a_row_keep_their_words_and_brackets(tmp_path: Path) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    font = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    if not font.exists():
        pytest.skip("the font DejaVu Sans, which has Hebrew and Arabic letters, is not installed")
    pdfmetrics.registerFont(TTFont("DejaVu", str(font)))

    def seen(text: str) -> str:
        """A text from the right as a PDF draws it: its letters from left to right, its brackets mirrored."""
        return text[::-1].translate(str.maketrans("()", ")("))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("DejaVu", 12)
        canvas.drawString(50, 700, "Total (excl. VAT)")
        canvas.drawString(190, 700, "1,000.00 SAR")
        canvas.drawRightString(480, 700, seen("الإجمالي (بدون الضريبة)"))
        canvas.drawString(50, 650, "Total (x)")
        canvas.drawRightString(480, 650, seen("סכום (ללא מעמ)"))

    assert _words(_page_of(tmp_path, draw, (595, 842)))[:13] == [
        "الإجمالي", "(بدون", "الضريبة)", "1,000.00", "SAR", "Total", "(excl.", "VAT)",
        "סכום", "(ללא", "מעמ)", "Total", "(x)",
    ]  # fmt: skip


def test_words_from_the_right_inside_a_latin_line_keep_their_order() -> None:
    from workbench.exchange.reading_direction import letters_in_order

    words = ["Seller", "Acme", 'בע"מ', "שלום", "Limited", "Company"]
    assert _in_order(*words) == ["Seller", "Acme", "שלום", 'בע"מ', "Limited", "Company"]
    letters = 'מ"בע'  # as PDFium gives them: each stretch turned, the stretches from the left
    assert "".join(letters[i] for i in letters_in_order(letters, [10, 14, 34, 24])) == 'בע"מ'
    number = "ח/12/ב"  # digits between stay whole
    assert "".join(number[i] for i in letters_in_order(number, [10, 14, 24, 34, 38, 48])) == "ב/12/ח"
    whole = 'בע"מ'  # of a line from the right it is already in order
    assert letters_in_order(whole, [48, 38, 28, 24]) == [0, 1, 2, 3]
