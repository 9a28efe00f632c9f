"""The hint line in a terminal of 80 columns: nothing is cut, and the key that goes on is named, whatever is in hand."""

import re

import pytest

from screens.widgets.status_lines import HintLine
from tests.support import sample_documents
from tests.support.sample_documents import find
from workbench.fields import FieldType

SLIP = """\
      ACME TRADING AND MANUFACTURING COMPANY SDN BHD
      12, JALAN BUNGA RAYA INDAH 3, TAMAN DAYA UTAMA,
      81100 JOHOR BAHRU, JOHOR DARUL TAKZIM, MALAYSIA
   VAT ID: DE123456789   OUR VAT: DE136695976
   INVOICE NO: INV-2018-77-LONG-NUMBER
   DATE:    05/03/2018   DUE 04/02/2018
   SUBTOTAL:              8.49
   GST 6%:                1.53
   GST 0%:                0.00
   TOTAL:                 9.00
   CASH                  10.00
"""
OFFERED = {
    "seller_name": ("ACME TRADING AND MANUFACTURING COMPANY SDN BHD", 0.97),
    "seller_address": ("12, JALAN BUNGA RAYA INDAH 3, TAMAN DAYA UTAMA,", 0.6),
    "seller_tax_id": ("DE123456789", 0.5),
    "tax_rate": ("6%:", 0.4),
    "amount_tax": ("1.53", 0.45),
    "amount_net": ("8.49", 0.9),
    "amount_total": ("10.00", 0.55),
    "invoice_date": ("05/03/2018", 0.8),
    "due_date": ("04/02/2018", 0.9),
}
KNOWN = {"amount_total": "9.00", "invoice_date": "2018-12-25", "seller_name": "Somebody Else Trading Company Limited"}
KEYS = (
    "tab tab tab tab tab tab tab tab tab", "tab x x", "tab x t", "A A", "A plus", "ctrl+home L L L", "ctrl+home B",
    "6 B", "5 L L", "5 escape ctrl+end L a", "t t", "6 down", "4", "i", "z", "b", "ampersand", "L ampersand",
    "r ampersand escape r", "r ampersand ampersand ampersand", "5 escape escape enter", "5 comma", "ctrl+home right",
    "5 backspace", "M M", "tab N", "A a Z", "5 escape ctrl+end L 5 Z", "5 Z Y", "Z", "W W", "U", "A a A a", "S S",
    "A a K t", "J W", "J tab", "P", "5 escape f l o o k enter", "6 7 a C", "t comma", "number_sign", "J J", "K", "R",
)  # fmt: skip
"""What is pressed: after each key the line is looked at."""


@pytest.fixture
def made(tmp_path):
    page = sample_documents.page_of(SLIP)
    offered = [(field, find(page, words), sure, "run-1") for field, (words, sure) in OFFERED.items()]
    listed = [
        sample_documents.new("a-long-name-of-a-document", [page], offered, KNOWN),
        sample_documents.new("another", [page]),
    ]
    workspace = sample_documents.workspace_of(tmp_path / "w", listed)
    workspace.change_schema(lambda now: now.add("served on", FieldType.DATE, key="b"))
    workspace.change_schema(lambda now: now.add("method of payment", FieldType.TEXT, key="z"))
    yield workspace
    workspace.close()


def faults(line: HintLine) -> list[str]:
    """What of a hint is cut, and whether its first key is missing."""
    shown = "".join(segment.text for segment in line.render_line(0)).strip()
    outside = re.sub("“[^”]*”", "", shown)  # a value is shortened in its middle, a document's name too
    wrong = [word for word in outside.split() if "…" in word and not word.startswith("a-long")]
    first = line._pairs[0][0]
    forms = [f"{key} {text}" for key, text in line._pairs if key == first]
    if not any(form in shown for form in forms) and "Press again" not in shown:
        wrong.append(f"{first} is not named")
    if re.search(r"!:?\.|! [0-9.]+\. |does not fit", shown):
        wrong.append("no reason is given")
    return [f"{shown!r}: {fault}" for fault in wrong]


@pytest.mark.parametrize("keys", KEYS)
async def test_nothing_is_cut_and_the_key_that_goes_on_is_named(opened, made, keys):
    async with opened(made, (80, 24)) as pilot:
        await pilot.pause()
        for key in ("", *keys.split()):
            if key:
                await pilot.press(key)
                await pilot.pause()
            assert faults(pilot.app.mode_screen.query_one(HintLine)) == [], key
