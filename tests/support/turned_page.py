"""A document whose page stands on its side, and readers that read it without an OCR engine."""

from io import BytesIO
from pathlib import Path

from PIL import Image

from storage import documents
from storage.records import Page, Source, Span, Token
from tests.support import sample_documents
from workbench.exchange import ocr_pages
from workbench.exchange.ocr_text import PageText
from workbench.exchange.reading.incoming import IncomingToken
from workbench.workspace import Workspace

WORDS = {"TOTAL": (20.0, 30.0, 80.0, 40.0), "9.00": (100.0, 30.0, 140.0, 40.0)}  # on the upright page of 200 × 300


class Readers:
    """Reads the words of the upright page, in this process."""

    jobs = 1

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> "Readers":
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, picture: Path, turn: int | None = None) -> PageText:
        def read(part: Path) -> PageText:
            with Image.open(part) as opened:
                size = opened.size
            tokens = tuple(IncomingToken(text, box, 0, 0.9) for text, box in WORDS.items())
            return PageText(*size, tokens, "fake", "1")

        return ocr_pages.read_page(read, picture, turn)

    @staticmethod
    def result(reading: PageText) -> PageText:
        return reading


def workspace_of(folder: Path) -> Workspace:
    """A document whose page stands on its side; its label is on the word 9.00."""
    made = Workspace.create(folder)
    made.change_settings(annotator="ann", theme="dark")
    picture = BytesIO()
    Image.new("RGB", (300, 200), "white").save(picture, "PNG")
    kept = made.files.keep(made.files.pages, picture.getvalue(), ".png")
    # where the words are when the page has been turned to the left: a turn of 90° to the right makes it upright
    boxes = {text: (y0, 200 - x1, y1, 200 - x0) for text, (x0, y0, x1, y1) in WORDS.items()}
    tokens = tuple(Token(i, 0, i, text, box) for i, (text, box) in enumerate(boxes.items()))
    label = Span("amount_total", (1,), Source.IMPORT, "a")
    page = Page(0, 300.0, 200.0, tokens, kept, "rapidocr", "3")
    new = sample_documents.new("scan", [page], spans=(label,))
    with made.db.write() as connection:
        documents.add(connection, [new], "a")
    return made
