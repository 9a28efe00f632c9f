"""Likely places of names and addresses: by their form, header words and the lines around them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from workbench.fields import Field, FieldType, legal_forms
from workbench.locate import headers
from workbench.locate.context import Candidate, Surroundings, asked_once
from workbench.locate.parties.words import LEGAL_END, PHONE

_COMPANY = re.compile(
    rf"\b({legal_forms.spelled(legal_forms.USUAL)}|bho|"  # bho: bhd as OCR reads it
    r"enterprise|trading|restaurant|restoran|company|co|store|mart|market|shop|hotel|services)\b|"
    r"& (söhne|sohn|partner|sons|co)\b|公司|企业|商店|集团|厂",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b(jalan|jln|lorong|taman|street|st|road|rd|avenue|ave|no|lot|block|blok|floor|batu|lebuh|persiaran|"
    r"stra(ss|ß)e|str|platz|weg|allee|rue|place|boulevard|bd|straat|laan|plein|"
    r"chemin|impasse|quai|route|calle|camino|avda|avenida|paseo|via|viale|corso|piazza|ul|aleje|postfach|p\.?o\.? box|"
    r"selangor|johor|kuala|penang|plaza|mall|centre|center|seksyen|section|bandar|kawasan)\b|"
    r"\w(stra(ss|ß)e|str\.?|allee|weg|platz|gasse|straat)(?!\w)|"
    r"[\u4e00-\u9fff](路|街|道|巷|弄)[0-9]|[0-9](号|室|层|楼|栋)",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<![\w-])(?:[A-Z]{1,2} ?- ?)?[0-9]{4,6}[,.]? ?[^\W\d_]{3}|\b[0-9]{4} ?[A-Z]{2}\b|[0-9]{5}[,.]?$|"
    r"\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b"
)
_CHINESE_ADDRESS = re.compile(r"(?s)\A(?>.*?[\u4e00-\u9fff]{2}[省市区县镇])(?>.*?(?:[路街道巷弄]|大厦|广场)).*[0-9]")
_LEGAL = re.compile(rf"\b({legal_forms.spelled(legal_forms.SURE)}|s/b)\b|公司", re.IGNORECASE)
_NO_NAME = re.compile(
    r"\bno\b|thank|welcome|visit|[0-9]{4}|,$|[:：]\s*[0-9]|\b(details|information|summary|hours|uhr|horaires)\b",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(r"[(\[]?[A-Z]{0,3}[0-9]{4,}[-/ ]?[A-Z]?[)\]]?|[(\[][0-9A-Z -]*[0-9]{3,}[0-9A-Z -]*|[A-Z]\)")
_NUMBER_ONLY = re.compile(r"(?:[A-Z]{2} ?)?[0-9][0-9 /.-]{6,}|[A-Z]{2}[0-9A-Z]{8,12}")  # an account, a tax number
_LONG_NUMBER = re.compile("[0-9]{7}")
_COUNTRY_CODE = re.compile("[A-Z]{2}")
_SEPARATOR = re.compile(r"[-–—·•●∙▪■|*]")
_TITLE = re.compile(r"(tax )?invoice|receipt|rechnung|facture|factuur", re.IGNORECASE)
_STORE_NUMBER = re.compile(r"#[0-9]+")
_NO_ADDRESS = re.compile(
    r"\b(tel|fax|phone|telephone|telefon|mobile|hp|gst|sst|roc|reg|v\.?a\.?t|ust|e-?mail|www|http|invoice|receipt|bill|cashier|date|hrb|"
    r"nif|cif|nip|p\.? ?iva|partita iva|btw|tva|regon|n\.i\.f|c\.i\.f|"
    r"krs|bdo|registro mercantil|tomo|folio|r\.?e\.?a|cap\. soc|cod\. sdi|codice|sąd rejonowy|"
    r"handelsregister|tax|account|sort|konto|kontonummer|po|order|contract|vertrag|vertragsnummer|kundennummer|"
    r"cash|rechnung|datum|facture|siret|iban|table|doc(ument)?|company|co\.? ?reg)\b|"
    r"@|[:：]\s*[0-9]{2,}|电话|税号|发票|银行|开户|账号|合同|号码",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_].*[^\W\d_].*[^\W\d_]|[\u4e00-\u9fff]{2}")
_COLON = (":", "：")


def names(around: Surroundings, field: Field) -> Iterator[Candidate]:
    """Pieces of rows that look like a name: high on the page for a seller, beside a header for a buyer."""
    seller = field.id.startswith("seller")
    key = "names", ()
    if key not in around.answers:
        around.answers[key] = list(_names(around))
    for name in around.answers[key]:
        short = name.tokens
        context, beside = around.context(field, name.row, name.position)
        score = 2 * context + 1.2 * name.company - 0.8 * name.no_address - 0.6 * name.no_name - 1.0 * name.only_header
        score += max(1.0 - 0.12 * name.lettered, 0.0) if seller else 0.0
        score += 0.8 * name.sends if seller else 0.7 * name.addressed
        score += 0.3 * min(around.layout.height(name.piece[0]) / around.usual_height - 1, 1.0)
        reason = f"beside “{beside}”" if beside else "a name by its look"
        yield Candidate(short, score, reason)
        if len(short) < len(name.piece) and not name.sends:
            yield Candidate(name.piece, score - 0.2, reason)
        if name.above:
            # A name over two lines, surely so if the second line is only a short rest.
            remainder = len(short) < 3 or around.text(short).startswith("&")
            yield Candidate((*name.above, *short), score + (0.3 if remainder else -0.15), reason)


@dataclass(frozen=True, slots=True)
class _Name:
    """A piece of a row that may be a name, the seller's or the buyer's."""

    tokens: tuple[int, ...]
    piece: tuple[int, ...]  # with what is before and behind it
    row: int
    position: int  # in the row
    lettered: int  # rows above it that have letters
    company: bool
    no_address: bool
    no_name: bool
    only_header: bool
    sends: bool  # its address follows in the same line
    addressed: bool
    above: tuple[int, ...]  # the first line of a name over two lines


def _names(around: Surroundings) -> Iterator[_Name]:
    lettered = 0
    upper: list[list[int]] = []
    for number, row in enumerate(around.layout.rows):
        here: list[list[int]] = []
        for piece in around.pieces[number]:
            short = _without_title(around, without_number(around, _without_header(around, number, piece)))
            sender = _name_before_address(around, short)
            short = sender or short
            text = around.text(short)
            if not _LETTERS.search(text) or _REGISTRATION.fullmatch(text):
                continue
            company = bool(_COMPANY.search(text))
            # What follows the legal form is not part of the name.
            judged = text if LEGAL_END.fullmatch(around.tokens[short[-1]].text) else around.text(piece)
            above = next((other for other in upper if _continues_below(around, other, short)), [])
            yield _Name(
                tuple(short),
                tuple(piece),
                number,
                row.index(short[0]),
                lettered,
                company,
                bool(_NO_ADDRESS.search(judged)),
                bool(_NO_NAME.search(judged)),
                _only_a_header(around, short),
                bool(sender),
                # In an envelope's window the sender's line is above the addressee, whose name is above the address.
                not sender and (_is_above_address(around, short) or _is_below_sender(around, short)),
                tuple(above) if above and company and _is_name_line(around, above) else (),
            )
            here.append(short)
        upper = here
        lettered += any(c.isalpha() for c in around.text(row))


def _continues_below(around: Surroundings, upper: Sequence[int], lower: Sequence[int]) -> bool:
    """Whether a piece continues in the line below, without a gap."""
    if around.tokens[upper[0]].page != around.tokens[lower[0]].page:
        return False
    a, b = around.bounds(upper), around.bounds(lower)
    heights = sorted((around.layout.height(upper[0]), around.layout.height(lower[0])))
    same_print = heights[1] < 1.5 * heights[0]
    return same_print and min(a[2], b[2]) > max(a[0], b[0]) and b[1] - a[3] < 1.2 * heights[1]


@asked_once
def _only_a_header(around: Surroundings, piece: list[int]) -> bool:
    text = around.text(piece)
    name, colon, value = text.replace("：", ":").partition(":")
    if colon and not any(c.isalpha() for c in value):  # "Customer:2"
        text = name
    return text.endswith(_COLON) or headers.fields_of(headers.fold(text)) is not None


def _is_name_line(around: Surroundings, piece: list[int]) -> bool:
    """Whether a line can be the first of a name of two lines."""
    text = around.text(piece)
    return bool(_LETTERS.search(text)) and not _LONG_NUMBER.search(text) and not _only_a_header(around, piece)


def _without_header(around: Surroundings, number: int, piece: list[int]) -> list[int]:
    """A name without the header words, colons and store numbers before it."""
    row, whole = around.layout.rows[number], piece
    start = 0
    for header in around.headings[number]:
        if row[header.first] == piece[start] and row[header.last] in piece[start:-1]:
            start = piece.index(row[header.last]) + 1
    piece, start = _after_colon(around, piece[start:]), 0
    while start < len(piece) - 1 and not any(c.isalnum() for c in around.tokens[piece[start]].text.rstrip(":：")):
        start += 1
    while start < len(piece) - 1 and _STORE_NUMBER.fullmatch(around.tokens[piece[start]].text):
        start += 1
    rest = piece[start:]
    # "Lieferant GmbH" is a name, and no header before one
    return whole if all(LEGAL_END.fullmatch(around.tokens[i].text) for i in rest) else rest


def _after_colon(around: Surroundings, piece: list[int]) -> list[int]:
    """The words after the last word with a colon, as words with a colon are headers."""
    ends = [n for n, i in enumerate(piece[:-1]) if around.tokens[i].text.endswith(_COLON)]
    return piece[ends[-1] + 1 :] if ends else piece


def without_number(around: Surroundings, piece: list[int]) -> list[int]:
    """A name without the registration number behind it."""
    end = len(piece)
    while end > 1 and _REGISTRATION.fullmatch(around.tokens[piece[end - 1]].text):
        end -= 1
    for position in range(1, end - 1):  # "… GmbH HRB 2677 B"
        rest = around.text(piece[position + 1 : end])
        if LEGAL_END.fullmatch(around.tokens[piece[position]].text) and any(c.isdigit() for c in rest):
            return piece[: position + 1]
    return piece[:end]


def _without_title(around: Surroundings, piece: list[int]) -> list[int]:
    """A name without the document's title behind it."""
    end = len(piece)
    while end > 1 and _TITLE.fullmatch(around.tokens[piece[end - 1]].text):
        end -= 1
    return piece[:end]


@asked_once
def _name_before_address(around: Surroundings, piece: list[int]) -> list[int]:
    """The name in a line that continues with its address: "ACME Ltd - 12 Mill Road - AB1 2CD Exeter"; else nothing."""
    for position in range(1, len(piece) - 1):
        if _SEPARATOR.fullmatch(around.tokens[piece[position]].text):
            rest = around.text(piece[position + 1 :])
            return piece[:position] if _STREET.search(rest) or _POSTCODE.search(rest) else []
    return []


@asked_once
def _is_below_sender(around: Surroundings, piece: list[int]) -> bool:
    """Whether the next line above, in this column, is a sender's line: name and address in one."""
    above = _above(around, piece)
    return above is not None and bool(_name_before_address(around, above))


@asked_once
def _is_above_address(around: Surroundings, piece: list[int]) -> bool:
    """Whether the lines right below are an address with a postcode."""
    below = _below(around, piece)
    further = _below(around, below) if below else None
    if below is None or _is_address_line(around, piece):
        return False
    return (_is_address_line(around, below) or _is_street_above_postcode(around, below)) and any(
        line is not None and bool(_POSTCODE.search(around.text(line))) for line in (below, further)
    )


def addresses(around: Surroundings, field: Field) -> Iterator[Candidate]:
    """Consecutive lines that look like an address, from the first such line to the last."""
    rows = len(around.layout.rows)
    inside: set[int] = set()
    for top, row in enumerate(around.layout.rows):
        for whole in around.pieces[top]:
            sender = _name_before_address(around, whole)
            piece = whole if _is_address_line(around, whole) else _after_colon(around, whole)
            piece = whole[len(sender) + 1 :] if sender else piece
            text = around.text(piece)
            if not (
                _is_address_line(around, piece) or _is_street_above_postcode(around, piece)
            ) or _REGISTRATION.fullmatch(text):
                continue
            if len(piece) < len(whole) and not _LETTERS.search(text):
                continue
            lines = [_without_country(around, _without_phone(around, piece))]
            while len(lines) < 7 and (below := _below(around, lines[-1])):
                if not (_is_address_line(around, below) or _can_end_address(around, below)) or _is_gap_larger(
                    around, lines, below
                ):
                    break
                lines.append(_without_country(around, _without_phone(around, below)))
            marks = [bool(_STREET.search(t)) + 2 * bool(_POSTCODE.search(t)) for t in map(around.text, lines)]
            context, beside = around.context(field, top, row.index(piece[0]))
            score = 0.25 * min(sum(marks), 6) + 0.9 * (1 - top / rows) + 0.1 * len(lines) + context
            score -= 0.7 * (piece[0] in inside)
            inside.update(line[0] for line in lines[1:])
            reason = f"beside “{beside}”" if beside else "an address by its look"
            for count in range(len(lines), 0, -1):
                tokens = tuple(i for line in lines[:count] for i in line)
                # An address ends with a postcode's line, or with its block.
                short = 0.25 * (len(lines) - count) - 0.15 * (marks[count - 1] >= 2)
                yield Candidate(tokens, score - short, reason)


@asked_once
def _below(around: Surroundings, piece: list[int]) -> list[int] | None:
    """The next piece below this one in its column; rows of other columns may be between them."""
    words, number = around.tokens, around.layout.row_of[piece[0]]
    x0, _, x1, y1 = around.bounds(piece)
    height = around.layout.height(piece[0])
    for lower in range(number + 1, min(number + 5, len(around.layout.rows))):
        for other, box in zip(around.pieces[lower], around.piece_bounds[lower], strict=True):
            if words[other[0]].page != words[piece[0]].page or box[1] - y1 > 2.3 * height:
                continue
            if min(box[2], x1) > max(box[0], x0):
                return other
    return None


@asked_once
def _above(around: Surroundings, piece: list[int]) -> list[int] | None:
    """The next piece above this one in its column; rows of other columns may be between them."""
    words, number = around.tokens, around.layout.row_of[piece[0]]
    x0, y0, x1, _ = around.bounds(piece)
    for upper in range(number - 1, max(number - 4, -1), -1):
        for other, box in zip(around.pieces[upper], around.piece_bounds[upper], strict=True):
            if min(box[2], x1) > max(box[0], x0):
                near = y0 - box[3] < 3 * around.layout.height(piece[0])
                return other if near and words[other[0]].page == words[piece[0]].page else None
    return None


@asked_once
def _is_address_line(around: Surroundings, piece: list[int]) -> bool:
    text = around.text(piece)
    if _NO_ADDRESS.search(text) or _LEGAL.search(text) or _NUMBER_ONLY.fullmatch(text):
        return False
    return bool(
        _STREET.search(text)
        or _POSTCODE.search(text)
        or _CHINESE_ADDRESS.search(text)
        or text.rstrip().endswith((",", "，"))
    )


@asked_once
def _is_street_above_postcode(around: Surroundings, piece: list[int]) -> bool:
    """Whether a line is a street and number, one or two lines above a line with a postcode."""
    text = around.text(piece)
    if _NO_ADDRESS.search(text) or _LEGAL.search(text):
        return False
    if not (re.search(r"[^\W\d_]{3}", text) and re.search("[0-9]", text)):
        return False
    below = _below(around, piece)
    further = _below(around, below) if below and _can_end_address(around, below) else None
    return any(line is not None and _POSTCODE.search(around.text(line)) for line in (below, further))


def _without_phone(around: Surroundings, piece: list[int]) -> list[int]:
    """A line without the telephone number behind it."""
    end = len(piece)
    while end > 1 and PHONE.fullmatch(around.tokens[piece[end - 1]].text):
        end -= 1
    return piece[:end]


def _without_country(around: Surroundings, piece: list[int]) -> list[int]:
    """A line without the country's code in front of the postcode, as the forms of e-invoices print it."""
    is_code = len(piece) > 2 and bool(_COUNTRY_CODE.fullmatch(around.tokens[piece[0]].text))
    return piece[1:] if is_code and around.tokens[piece[1]].text.isdigit() else piece


def _is_gap_larger(around: Surroundings, lines: Sequence[list[int]], below: list[int]) -> bool:
    """Whether the gap above a line is larger than the gaps between the lines of the address."""
    if len(lines) < 2:
        return False
    tops = [around.bounds(line)[1] for line in (lines[0], lines[1], lines[-1], below)]
    return tops[3] - tops[2] > 1.4 * (tops[1] - tops[0]) + 0.3 * around.layout.height(below[0])


@asked_once
def _can_end_address(around: Surroundings, piece: list[int]) -> bool:
    """Whether a line can end an address: a town or a country, without digits."""
    text = around.text(piece)
    if _NO_ADDRESS.search(text) or _LEGAL.search(text) or _only_a_header(around, piece):
        return False
    return len(text) <= 28 and sum(c.isalpha() for c in text) >= 4 and not any(c.isdigit() for c in text)


def nearness(around: Surroundings, field: Field, c: Candidate, labelled: Mapping[str, tuple[int, ...]]) -> float:
    """How well a candidate's place agrees with the labelled names, as each party's data are close together."""
    side, _, _ = field.id.partition("_")
    if side not in ("seller", "buyer"):
        return 0.0
    other = "buyer" if side == "seller" else "seller"
    if field.type is FieldType.PARTY:  # the same name is not the other party's
        name = headers.fold(around.text(labelled.get(f"{other}_name", ())))
        return -2.0 * bool(name and headers.fold(around.text(c.tokens)).startswith(name))
    return _beside_name(around, c, labelled.get(f"{side}_name")) - _beside_name(
        around, c, labelled.get(f"{other}_name")
    )


def _beside_name(around: Surroundings, c: Candidate, name: tuple[int, ...] | None) -> float:
    """0..0.8: higher the nearer a candidate is below the name in its column."""
    if not name or around.tokens[name[0]].page != around.tokens[c.tokens[0]].page:
        return 0.0
    a, b = around.bounds(name), around.bounds(c.tokens[:1])
    lines = (b[1] - a[1]) / (around.usual_height or 1.0)
    beside = min(a[2], b[2]) > max(a[0], b[0]) - 4 * around.usual_height
    return 0.8 * max(1 - lines / 12, 0.0) if lines > -0.5 and beside else 0.0
