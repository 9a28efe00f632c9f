"""Harmless changes to training documents: other words for a header, other names of parties, other forms of a currency
or a number, reading errors, boxes that moved, a page that lies askew.

Pure functions of a seed: the same seed gives the same change, so that a run can be repeated and a preview shows
what training sees. Tags stay aligned: a labelled word is never added or removed.
"""

import itertools
import math
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.fields import chunks_of
from workbench.runs.config.tune import Augmentation

HEADERS: tuple[tuple[str, ...], ...] = (
    ("Total", "Grand Total", "Amount Due", "Total Due", "Total Amount", "Balance Due", "Invoice Total"),
    ("Subtotal", "Sub-Total", "Net Amount", "Total Net", "Net Total", "Amount before Tax"),
    ("VAT", "Tax", "VAT Amount", "Sales Tax", "Tax Amount", "GST"),
    ("Invoice No", "Invoice Number", "Invoice #", "Inv. No.", "Bill No", "Document No", "Ref No"),
    ("Invoice Date", "Date of Issue", "Date", "Issue Date", "Billing Date", "Dated"),
    ("Due Date", "Payment Due", "Pay by", "Payable until", "Due by"),
    ("Bill To", "Billed To", "Customer", "Invoice To", "Sold To", "Client"),
    ("Purchase Order", "PO Number", "Order No", "Your Order", "P.O. #"),
    ("Gesamtbetrag", "Rechnungsbetrag", "Gesamtsumme", "Bruttobetrag", "Zahlbetrag", "Endbetrag"),
    ("Nettobetrag", "Zwischensumme", "Summe netto", "Netto"),
    ("MwSt", "USt", "Umsatzsteuer", "Mehrwertsteuer", "Steuerbetrag"),
    ("Rechnungsnummer", "Rechnungs-Nr.", "Rechnung Nr.", "Belegnummer", "Re.-Nr."),
    ("Rechnungsdatum", "Datum", "Ausstellungsdatum", "Belegdatum"),
    ("Total TTC", "Montant TTC", "Net à payer", "Montant total"),
    ("Total HT", "Montant HT", "Sous-total"),
    ("合计", "价税合计", "总计", "总金额", "应付金额"),
    ("金额", "不含税金额", "小计"),
    ("税额", "税款", "增值税"),
    ("发票号码", "发票编号", "票号", "单据编号"),
    ("开票日期", "日期", "开具日期"),
)  # fmt: skip
"""Wordings that mean the same, a row each. A header is replaced by one of its own row (and so language)."""

CURRENCIES: tuple[tuple[str, ...], ...] = (
    ("CNY", "RMB", "¥", "人民币", "￥"),
    ("USD", "$", "US$"),
    ("EUR", "€", "Euro"),
    ("GBP", "£"),
    ("CHF", "Fr.", "SFr."),
    ("MYR", "RM"),
)
"""Forms of one currency, a row each."""

_LOOK_ALIKE = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "l", "5": "S", "S": "5", "8": "B", "B": "8", "2": "Z", "Z": "2",
    "6": "G", "G": "6", "o": "0", "e": "c", "c": "e", ".": ",", ",": ".", "日": "曰", "己": "已", "未": "末",
}  # fmt: skip

_MARK = r"(?:[A-Z]{2,3}|[$€£¥￥])?"
_NUMBER = re.compile(
    rf"(?P<before>[-+(]?{_MARK}-?)(?P<whole>\d{{1,3}}(?:[.,'\u2019]?\d{{3}})*)(?P<cents>[.,]\d{{2}})?(?P<after>[-)]?{_MARK})"
)
_STYLES = ((",", "."), ("", "."), (".", ","), ("", ","), ("'", "."))


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed piece of a document. All lists have one length; `origin` is the word a word came from."""

    words: list[str]
    boxes: list[list[int]]  # 0–1000, x0 <= x1, y0 <= y1
    tags: list[str]
    origin: list[int]
    rotation: float = 0.0  # degrees, counter-clockwise, for the picture
    blur: float = 0.0  # radius in pixels


@dataclass(frozen=True, slots=True)
class PartyNames:
    """Words of the parties' names on the training documents, each name once, by where they stand in it."""

    fields: frozenset[str]
    first: tuple[str, ...] = ()
    middle: tuple[str, ...] = ()
    last: tuple[str, ...] = ()

    @classmethod
    def of(cls, documents: Iterable[tuple[Sequence[str], Sequence[str]]], fields: Iterable[str]) -> "PartyNames":
        """Of documents as (words, tags), in fields that hold parties."""
        wanted = frozenset(fields)
        spelled = {
            tuple(words[i] for i in span): None for words, tags in documents for span in _named(tags, wanted)
        }  # a dictionary, for a set's order changes from process to process
        first = tuple(name[0] for name in spelled)
        middle = tuple(word for name in spelled for word in name[1:-1])
        return cls(wanted, first, middle, tuple(name[-1] for name in spelled if len(name) > 1))

    def another(self, length: int, draw: random.Random) -> list[str]:
        """An invented name of so many words."""
        middle = [draw.choice(self.middle or self.first) for _ in range(length - 2)]
        return [draw.choice(self.first), *middle, *([draw.choice(self.last or self.first)] if length > 1 else [])]


NO_NAMES = PartyNames(frozenset())


def _named(tags: Sequence[str], fields: frozenset[str]) -> list[tuple[int, ...]]:
    """The words of each span of these fields."""
    return [tuple(range(start, stop)) for field, start, stop in chunks_of(tags) if field in fields]


def change(
    words: Sequence[str], boxes: Sequence[Sequence[int]], tags: Sequence[str], settings: Augmentation, seed: int,
    names: PartyNames = NO_NAMES,
) -> Changed:  # fmt: skip
    """The words, boxes and tags (all of one length) after a draw of every change that is on."""
    draw = random.Random(seed)
    texts, places, labels, origin = _reword(words, boxes, tags, settings.header_synonyms, draw)
    if settings.party_names and names.first:
        for span in _named(labels, names.fields):
            if draw.random() < settings.party_names:
                for i, text in zip(span, names.another(len(span), draw), strict=True):
                    texts[i] = text
    if settings.currency_forms:
        texts = [_other_currency(text, draw) if draw.random() < settings.currency_forms else text for text in texts]
    if settings.number_formats and draw.random() < settings.number_formats:
        # One style for the whole document: no printed document mixes them.
        style = draw.choice(_STYLES)
        texts = [_restyle(text, style) for text in texts]
    if settings.ocr_noise:
        texts = [_misread(text, draw) if draw.random() < settings.ocr_noise else text for text in texts]
    angle = draw.uniform(-settings.rotation, settings.rotation) if settings.rotation else 0.0
    if angle:
        places = [_turn(box, angle) for box in places]
    if settings.box_jitter:
        places = [_jitter(box, settings.box_jitter, draw) for box in places]
    blur = draw.uniform(0, settings.blur) if settings.blur else 0.0
    return Changed(texts, places, labels, origin, angle, blur)


def preview(
    words: Sequence[str], tags: Sequence[str], settings: Augmentation, seed: int, names: PartyNames = NO_NAMES
) -> list[tuple[str, str]]:
    """What a draw makes of a document: (before, after) for each word whose text changed; "" for an added one."""
    changed = change(words, [[0, 0, 0, 0]] * len(words), tags, settings, seed, names)
    pairs, shown = [], set()
    for text, source in zip(changed.words, changed.origin, strict=True):
        before = "" if source in shown else words[source]
        shown.add(source)
        if text != before:
            pairs.append((before, text))
    pairs += [(words[i], "") for i in range(len(words)) if i not in shown]
    return pairs


def _reword(
    words: Sequence[str], boxes: Sequence[Sequence[int]], tags: Sequence[str], chance: float, draw: random.Random
) -> tuple[list[str], list[list[int]], list[str], list[int]]:
    """Replace unlabelled headers by synonyms; the new words share the old ones' place."""
    texts: list[str] = []
    places: list[list[int]] = []
    labels: list[str] = []
    origin: list[int] = []
    position = 0
    while position < len(words):
        length, row = _header_at(words, tags, position) if chance else (0, ())
        if length and draw.random() < chance:
            before = " ".join(words[position : position + length])
            mark = before[len(before.rstrip(":：")) :]
            fresh = draw.choice([form for form in row if _fold(form) != _fold(before)]).split()
            fresh[-1] += mark
            box = _around(boxes[position : position + length])
            for i, (text, place) in enumerate(zip(fresh, _share(box, fresh), strict=True)):
                texts.append(text)
                places.append(place)
                labels.append("O")
                origin.append(position + min(i, length - 1))
            position += length
            continue
        texts.append(words[position])
        places.append(list(boxes[position]))
        labels.append(tags[position])
        origin.append(position)
        position += 1
    return texts, places, labels, origin


def _fold(text: str) -> str:
    return text.casefold().rstrip(":：").strip()


_ROWS = {_fold(form): row for row in HEADERS for form in row}
_LONGEST = max(len(form.split()) for form in _ROWS)


def _header_at(words: Sequence[str], tags: Sequence[str], position: int) -> tuple[int, tuple[str, ...]]:
    """The longest known header that begins here and carries no label: its words' number and its row."""
    for length in range(min(_LONGEST, len(words) - position), 0, -1):
        if any(tag != "O" for tag in tags[position : position + length]):
            continue
        row = _ROWS.get(_fold(" ".join(words[position : position + length])))
        if row:
            return length, row
    return 0, ()


def _around(boxes: Sequence[Sequence[int]]) -> list[int]:
    return [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]


def _share(box: Sequence[int], words: Sequence[str]) -> list[list[int]]:
    """The box divided among words by their lengths."""
    total = sum(len(word) for word in words)
    edges = [box[0]]
    for word in words:
        edges.append(edges[-1] + (box[2] - box[0]) * len(word) / total)  # type: ignore[arg-type]
    return [[round(a), box[1], round(b), box[3]] for a, b in itertools.pairwise(edges)]


def _other_currency(text: str, draw: random.Random) -> str:
    """Another form of the currency that the word is, or that stands before or after its digits."""
    for row in CURRENCIES:
        for form in sorted(row, key=len, reverse=True):
            others = [other for other in row if other != form]
            if text == form:
                return draw.choice(others)
            if text.startswith(form) and text[len(form) :][:1].isdigit():
                return draw.choice(others) + text[len(form) :]
            if text.endswith(form) and text[: -len(form)][-1:].isdigit():
                return text[: -len(form)] + draw.choice(others)
    return text


def _restyle(text: str, style: tuple[str, str]) -> str:
    """An amount with other separators. Only what surely is an amount: with two decimals, or with grouped thousands."""
    match = _NUMBER.fullmatch(text)
    if not match or (match["cents"] is None and not re.search(r"\d[.,'\u2019]\d", match["whole"])):
        return text
    if match["cents"] is None and re.fullmatch(r"\d+[.,]\d{3}", match["whole"]):
        return text  # 1.234 may be a weight as well as a thousand
    digits = re.sub(r"\D", "", match["whole"])
    grouped = f"{int(digits):,}".replace(",", style[0]) if not digits.startswith("0") else digits
    cents = style[1] + match["cents"][1:] if match["cents"] else ""
    return f"{match['before']}{grouped}{cents}{match['after']}"


def _misread(text: str, draw: random.Random) -> str:
    """One reading error: a look-alike, a lost or doubled letter, or rn for m. Never empties a word."""
    if len(text) < 2:
        return text
    if "m" in text and draw.random() < 0.3:
        return text.replace("m", "rn", 1)
    places = [i for i, letter in enumerate(text) if letter in _LOOK_ALIKE]
    if places and draw.random() < 0.7:
        i = draw.choice(places)
        return text[:i] + _LOOK_ALIKE[text[i]] + text[i + 1 :]
    i = draw.randrange(len(text))
    return text[:i] + text[i + 1 :] if draw.random() < 0.5 else text[:i] + text[i] + text[i:]


def _turn(box: Sequence[int], degrees: float) -> list[int]:
    """The box moved with a page that turns about its middle (small angles: it keeps its size)."""
    angle = math.radians(degrees)
    x, y = (box[0] + box[2]) / 2 - 500, (box[1] + box[3]) / 2 - 500
    dx = x * math.cos(angle) + y * math.sin(angle) - x
    dy = -x * math.sin(angle) + y * math.cos(angle) - y
    return _inside([box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy])


def _jitter(box: Sequence[int], size: float, draw: random.Random) -> list[int]:
    dx, dy = draw.uniform(-size, size), draw.uniform(-size, size)
    stretch = draw.uniform(-size, size) / 4
    return _inside([box[0] + dx - stretch, box[1] + dy, box[2] + dx + stretch, box[3] + dy])


def _inside(box: Sequence[float]) -> list[int]:
    x0, y0, x1, y1 = (min(1000, max(0, round(edge))) for edge in box)
    return [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]
