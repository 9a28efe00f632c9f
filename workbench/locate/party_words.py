"""Patterns and words by which lines of names and addresses are known. Pure."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from workbench.fields import FieldType, countries, legal_forms
from workbench.fields.legal_forms import LEGAL_AT_END
from workbench.fields.values import occurrences
from workbench.locate import headers
from workbench.locate.context import Surroundings, asked_once

_TOWN_AFTER_CODE = (
    r"(?:^|[\s,])(?:[A-Z]{1,3} ?[-–]? ?)?"
    r"(?:[0-9]{5}|[0-9]{4}(?: ?[A-Z]{2})?|[0-9]{2}-[0-9]{3}|[0-9]{3} [0-9]{2}|[0-9]{4}-[0-9]{3}),? +"
    r"(?:[-–] )?[^\W\d_][^\W\d_]"
)
_TOWN_TOUCHES_CODE = r"^[0-9]{5}[A-ZÄÖÜ][a-zäöüß]{2}"
_AMERICAN = r"\b[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?\b"
_BRITISH = r"\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b"
_CANADIAN = r"\b[A-Z][0-9][A-Z] [0-9][A-Z][0-9]\b"
_CODE_AFTER_TOWN = r"[^\W\d_]{3,},? (?:[A-Z]{2,3} |[-–] ?)?[0-9]{4,6}[.,]?$"
TOWN = re.compile("|".join((_TOWN_AFTER_CODE, _TOWN_TOUCHES_CODE, _AMERICAN, _BRITISH, _CANADIAN, _CODE_AFTER_TOWN)))
"""A post code with its town."""
STREET = re.compile(
    r"(?:stra(?:ss|ß)e|str\.?|weg|platz|allee|gasse|straat|laan|plein|ring|damm|ufer|hof|kade|dreef)(?!\w)|"
    r"\b(?:rue|avenue|ave|av|boulevard|bd|chemin|route|quai|place|impasse|calle|c/|avda|avenida|paseo|ctra|apartado|"
    r"plaza|via|viale|corso|piazza|largo|street|st|road|rd|lane|drive|way|square|court|ul\.?|aleja|aleje|al\.?|pl\.|os\.|rua|"
    r"postfach|po box|p\.o\. box|bp)\b",
    re.IGNORECASE,
)
HOUSE = re.compile(r"(?<![\w.,-])[0-9]{1,4} ?[a-zA-Z]?(?:[-/–] ?[0-9]{1,4} ?[a-zA-Z]?)?(?![\w.%€$])")
_OTHER = re.compile(
    r"@|\bwww\.|https?:|[0-9]{2}[./][0-9]{2}[./][0-9]{2}|[%€$£]|[0-9][.,][0-9]{2}(?![0-9])|\+ ?[0-9]{2}|"
    r"[0-9]{3}[.-][0-9]{3}[.-][0-9]{4}|\ba/c\b|"
    r"\b(?:tel|telefon|telephone|phone|fax|telefax|mobil|e-?mail|web ?:|iban|bic|swift|ust|vat|tva|btw|hrb|siret|siren|"
    r"steuernummer|kvk|gln|gtin|nif|cif|nip|regon|p\.? ?iva|"
    r"n\.i\.f|c\.i\.f|registro mercantil|reg\. merc|tomo|folio|rea|r\.e\.a|reg\. imprese|cap\. soc|cod\. sdi|"
    r"codice (?:destinatario|fiscale|univoco)|krs|bdo|sąd rejonowy)(?!\w)|"
    r"税号|识别号|信用代码|电话|传真|邮箱|开户|账号",
    re.IGNORECASE,
)
CONTACT = re.compile(
    r"@|\bwww\.|https?:|\+[0-9]{2}|"
    r"\b(?:tel|telefon|phone|fax|telefax|téléphone|teléfono|telefono|tfno|telf|tlf|mobil|e-?mail|web ?:|"
    r"internet)\b|电话|传真|邮箱",
    re.IGNORECASE,
)
BUSINESS = re.compile(
    r"\b(?:iban|bic|swift|bank|sparkasse|volksbank|hrb|hra|handelsregister\w*|amtsgericht|registergericht|vorstand|"
    r"geschäftsführer\w*|siret|siren|rcs|capital|ape|naf|kvk|registered|company no|director|directeur|registro|rea|"
    r"r\.e\.a|reg\. imprese|cap\. soc|krs|bdo|sąd rejonowy|regon)\b",
    re.IGNORECASE,
)
SALUTATION = re.compile(
    r"^(?:herrn?|frau|firma|familie|mr|mrs|ms|mme|m|mlle|monsieur|madame|de heer|mevrouw|sig|sr|sra|spett\.?le|an|to|à|"
    r"an die|an den)\.?:?$",
    re.IGNORECASE,
)
TO_PERSON = re.compile(
    r"^(?:herrn?|frau|familie|mr|mrs|ms|mme|mlle|monsieur|madame|de heer|mevrouw|attn|attention|z\. ?hd|zu händen|"
    r"t\.a\.v|a la atención de|alla c\.a|alla cortese attenzione|do rąk)\b",
    re.IGNORECASE,
)
GREETING = re.compile(
    r"^(?:sehr geehrte|dear|cher|chère|geachte|beste|estimad|muy señor|gentile|egregio|spettabile ditta|szanown)",
    re.IGNORECASE,
)
PHONE = re.compile(r"\+?[0-9]{2,4}-[0-9]{3,4}-?[0-9]{4}|\+?[0-9]{10,12}")
"""A telephone number in one word."""
LEGAL_END = re.compile(rf"({legal_forms.spelled(legal_forms.ENDING)})[.,]?", re.IGNORECASE)
SEPARATOR = re.compile(r"[-–—·•●∙▪■|*•‧]|//?")
HOUSE_NUMBER = re.compile(r"[0-9]{1,3}[a-zA-Z]?[,;]?")
COUNTRY = re.compile(r"[A-Z]{1,2}")
COLON = (":", "：")
_NOT_OF_A_PARTY = re.compile(
    r"\b(?:mobile|handy|hotline|whatsapps?|reg|roc|brn|gst|hoja|folio|inscrita|inscripción|r\.m|rcs)\b|[0-9]{6,}|"
    r"[0-9]{2,4} ?[-/] ?[0-9]{3,}",
    re.IGNORECASE,
)
_BEHIND_A_NAME = re.compile(
    r"(?:registered|inscrita|inscrit|immatricul\w+|r\.? ?m|k\.? ?v\.? ?k|codice|cod|r\.? ?e\.? ?a|hr[ab]|"
    r"handelsregister\w*|amtsgericht|reg|(?:co|company)\.? reg|kvk|krs|rcs|siret|siren|tel|tax|vat)\b",
    re.IGNORECASE,
)
"""How what a register or a caption says behind a name begins."""
_POST_CODE = re.compile(r"[0-9]{4,6}[.,]?")
_CONTINUED = re.compile(r".*(?:&|\+|\bund|\band|\bet|\ben|\by|\be)|.*[^\W\d_][-‐]", re.IGNORECASE)
_CHINESE = re.compile("[\u4e00-\u9fff]")  # without spaces: what is one word there is a whole name
_SAME_PRINT = 1.25  # the larger of two lines by the smaller
_SPACING = 1.2  # heights of a line: the widest gap inside a name of two lines
_DELIVERY = (
    "delivery address|ship to|shipping address|deliver to|delivery to|lieferadresse|lieferanschrift|warenempfänger|"
    "abweichender warenempfänger|lieferung an|versandadresse|adresse de livraison|livré à|livraison|afleveradres|"
    "bezorgadres|leveringsadres|dirección de entrega|dirección de envío|enviar a|indirizzo di consegna|destinazione|"
    "spedire a|adres dostawy|odbiorca|送货地址|收货地址"
)
_CAPTIONS = (
    "name|address|anschrift|adresse|adres|dirección|indirizzo|endereço|nazwa|siedziba|nom|naam|nombre|notes|bemerkungen"
)
_NAME_CAPTIONS = (
    "name|firma|firmenname|company|company name|unternehmen|nom|raison sociale|société|naam|bedrijf|nombre|nazwa"
)
DELIVERY = frozenset(map(headers.fold, _DELIVERY.split("|")))
CAPTIONS = frozenset(map(headers.fold, _CAPTIONS.split("|")))
NAME_CAPTIONS = frozenset(map(headers.fold, _NAME_CAPTIONS.split("|")))
"""What a form prints before the name of a party."""

_COUNTRY_NAMES = frozenset(map(headers.fold, countries.NAMES))


def without_country(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """An address without the country's name in its last line or behind a dash; whole where nothing else is left."""
    for count in (1, 2, 3, 4):
        rest, last = words[:-count], words[-count:]
        if not rest or not last or headers.fold(around.text(last)) not in _COUNTRY_NAMES:
            continue
        if around.layout.row_of[rest[-1]] != around.layout.row_of[last[0]]:
            return rest
        if len(rest) > 1 and SEPARATOR.fullmatch(around.tokens[rest[-1]].text):
            return rest[:-1]
    return words


def without_next(around: Surroundings, kind: FieldType, words: tuple[int, ...]) -> tuple[int, ...]:
    """A whole name or address without the header of another value, or the telephone number, that is printed behind it:
    a name that ends with a legal form, an address that has a post code and its town before. Others stay as they are.
    """
    ends = TOWN if kind is FieldType.ADDRESS else LEGAL_AT_END
    for count in range(1, len(words)):
        if not _begins_another(around, words, count):
            continue
        if ends.search(around.text(words[:count])) and not ends.search(around.text(words[count:])):
            return words[:count]
    return words


def _begins_another(around: Surroundings, words: Sequence[int], at: int) -> bool:
    """Whether a header, a word with a colon or a telephone number stands at a place among the words."""
    text = around.tokens[words[at]].text
    after = around.tokens[words[at + 1]].text if at + 1 < len(words) else ""
    if text.endswith(COLON) or after in COLON or PHONE.fullmatch(text):
        return True
    number = around.layout.row_of[words[at]]
    row = around.layout.rows[number]
    return any(row[h.first] == words[at] and max(h.fields.values()) == 1 for h in around.headings[number])


@lru_cache(maxsize=8192)
def is_other(text: str) -> bool:
    """Whether a line has something else than a name or an address: a number, a date, an amount, mail."""
    return bool(
        _OTHER.search(text)
        or not re.search(r"[^\W\d_]{2}", text)
        or any(True for _ in occurrences(FieldType.DATE, text))
    )


def is_town(text: str, words: int) -> bool:
    """Whether a line of so many words has a post code and its town."""
    return words <= 8 and bool(TOWN.search(text)) and not is_other(text)


def is_street(text: str) -> bool:
    """Whether a line has a house number or a word for streets."""
    if len(text) > 60 or is_other(text) or LEGAL_AT_END.search(text):
        return False
    return bool(HOUSE.search(text) or STREET.search(text))


@lru_cache(maxsize=8192)
def side_of(text: str) -> str:
    """Whose block a heading announces: "seller", "buyer", "delivery", or "" where it announces none."""
    for part in (text, *text.split("/"), text.split(":")[0]):
        folded = headers.fold(part)
        if folded in DELIVERY:
            return "delivery"
        fields = headers.fields_of(folded) or {}
        for side in ("buyer", "seller"):
            if max(fields.get(f"{side}_name", 0), fields.get(f"{side}_address", 0)) == 1.0:
                return side
    return ""


def is_heading(text: str) -> bool:
    """Whether a line is the caption of what follows it."""
    folded = headers.fold(text)
    return text.endswith(COLON) or folded in DELIVERY or folded in CAPTIONS or headers.fields_of(folded) is not None


def is_company(around: Surroundings, name: Sequence[int]) -> bool:
    """Whether a name ends with a legal form and is whole without the line above: it has two words of its own before."""
    row = around.layout.rows[around.layout.row_of[name[0]]]
    words = [around.tokens[i].text for i in name]
    if row.index(name[0]) and around.tokens[row[row.index(name[0]) - 1]].text == "&":
        return False
    own = [word for word in legal_forms.LEGAL.sub("", " ".join(words)).split() if sum(map(str.isalpha, word)) > 1]
    return len(own) > 1 and words[0][0].isalnum() and bool(LEGAL_END.fullmatch(words[-1]))


def is_whole_name(around: Surroundings, name: Sequence[int], other: Sequence[int]) -> bool:
    """Whether a name is what another reading of it should have been: that one cuts its line, or has the line above a
    company's name too, a shop's or a branch's.
    """
    if not name or not other or set(name) == set(other):
        return False
    if set(other) < set(name):
        piece = next(piece for piece in around.pieces[around.layout.row_of[name[0]]] if name[0] in piece)
        return set(name) <= set(piece)
    return set(name) < set(other) and is_company(around, name)


def tidied(around: Surroundings, field: FieldType, words: tuple[int, ...]) -> tuple[int, ...]:
    """A name or an address without the lines around it that are none of it, and with the line that belongs to it."""
    if not words:
        return words
    if field is FieldType.ADDRESS:
        return _tidied_address(around, words)
    if field is FieldType.PARTY:
        return _tidied_name(around, words)
    return words


@asked_once
def _tidied_address(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(without_country(around, _whole_address(around, _address_lines(around, words)))))


@asked_once
def _tidied_name(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(_whole_name(around, _name_alone(around, words))))


def _lines(around: Surroundings, words: Sequence[int]) -> list[tuple[int, ...]]:
    """Words by their rows."""
    lines: dict[int, list[int]] = {}
    for word in words:
        lines.setdefault(around.layout.row_of[word], []).append(word)
    return [tuple(line) for line in lines.values()]


def _joined(lines: Iterable[Sequence[int]]) -> tuple[int, ...]:
    return tuple(word for line in lines for word in line)


def _is_foreign(text: str) -> bool:
    """Whether a line above or below an address is none of it: a telephone, mail, a register, a number, a caption."""
    if CONTACT.search(text) or (BUSINESS.search(text) and not is_street(text)):
        return True
    if _POST_CODE.fullmatch(text) or TOWN.search(text):
        return False
    return is_heading(text) or ((is_other(text) or bool(_NOT_OF_A_PARTY.search(text))) and not STREET.search(text))


def _address_lines(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """An address without the lines at its beginning and end that are none of it."""
    lines = _lines(around, words)
    while len(lines) > 1 and _is_foreign(around.text(lines[-1])):
        lines.pop()
    while len(lines) > 1:
        text = around.text(lines[0])
        # a number before a street is a house, a lot or a unit more often than a telephone
        is_named = TO_PERSON.match(text) or (LEGAL_AT_END.search(text) and not HOUSE.search(text))
        if not (is_named or CONTACT.search(text) or (BUSINESS.search(text) and not is_street(text))):
            break
        del lines[0]
    return _joined(lines)


def _whole_address(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """An address with the town behind or right below its street, or the street right above its town."""
    lines = _lines(around, words)
    has_town = any(TOWN.search(around.text(line)) or _POST_CODE.fullmatch(around.text(line)) for line in lines)
    if not has_town:
        below = _next(around, words, 1)
        if below and is_town(around.text(below), len(below)):
            return (*words, *below)
    if len(lines) == 1 and is_town(around.text(words), len(words)) and not STREET.search(around.text(words)):
        above = _next(around, words, -1)
        text = around.text(above)
        if above and is_street(text) and HOUSE.search(text) and not is_heading(text):
            return (*above, *words)
    return words


def _next(around: Surroundings, words: Sequence[int], by: int) -> tuple[int, ...]:
    """The line right below (1) or above (-1) words in their column and print, () where there is none."""
    edge = words[-1] if by > 0 else words[0]
    row = around.layout.row_of[edge] + by
    line = [word for word in words if around.layout.row_of[word] == around.layout.row_of[edge]]
    if not 0 <= row < len(around.layout.rows):
        return ()
    x0, y0, x1, y1 = around.bounds(line)
    height = around.layout.height(edge)
    for piece, (left, top, right, bottom) in zip(around.pieces[row], around.piece_bounds[row], strict=True):
        other = around.layout.height(piece[0])
        gap = top - y1 if by > 0 else y0 - bottom
        aligned = abs(left - x0) < height or abs((left + right) - (x0 + x1)) < 2 * height
        if (
            aligned
            and gap < _SPACING * max(height, other)
            and max(height, other) < _SAME_PRINT * min(height, other)
            and around.tokens[piece[0]].page == around.tokens[edge].page
        ):
            return tuple(piece)
    return ()


def _name_alone(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """A name without its caption, without what a register says behind its legal form, and without foreign lines."""
    texts = [around.tokens[word].text for word in words]
    captions = [at for at, text in enumerate(texts[:-1]) if text.endswith(COLON)]
    words = words[captions[-1] + 1 :] if captions else words
    lines = _lines(around, words)
    while len(lines) > 1 and (_BEHIND_A_NAME.match(text := around.text(lines[-1])) or is_heading(text)):
        lines.pop()
    while len(lines) > 1 and is_heading(around.text(lines[0])):
        del lines[0]
    words = _joined(lines)
    for at in range(1, len(words)):
        before = around.text(words[:at])
        if LEGAL_AT_END.search(before) and _BEHIND_A_NAME.match(around.text(words[at:])):
            return words[:at]
    return words


def _whole_name(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """A name with its other line, where one ends with a hyphen or "&", or has one word of its own and a legal form."""
    if len(_lines(around, words)) > 1:
        return words
    above, below = _next(around, words, -1), _next(around, words, 1)
    if _continues(around, above, words):
        return (*above, *words)
    return (*words, *below) if _continues(around, words, below) else words


def _continues(around: Surroundings, upper: Sequence[int], lower: Sequence[int]) -> bool:
    """Whether the lower of two lines in one print is the rest of a name that begins in the upper."""
    if not upper or not lower:
        return False
    first, second = around.text(upper), around.text(lower)
    if any(is_other(text) or is_heading(text) for text in (first, second)) or any(map(str.isdigit, first)):
        return False
    if _CONTINUED.fullmatch(first):
        return not is_street(second)
    rest = legal_forms.LEGAL.sub("", second)
    own = [word for word in rest.split() if sum(map(str.isalpha, word)) > 1]
    return (
        len(own) < 2
        and not _CHINESE.search(rest)
        and bool(LEGAL_AT_END.search(second))
        and not LEGAL_AT_END.search(first)
    )
