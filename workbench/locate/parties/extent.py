"""Where the name or the address of a party begins and ends. Pure."""

import re
from collections.abc import Iterable, Sequence

from workbench.fields import FieldType, countries, legal_forms
from workbench.fields.legal_forms import LEGAL_AT_END
from workbench.locate import headers
from workbench.locate.context import Surroundings, asked_once
from workbench.locate.parties.words import (
    BUSINESS,
    COLON,
    CONTACT,
    GREETING,
    HOUSE,
    LEGAL_END,
    PHONE,
    SEPARATOR,
    STREET,
    TITLE,
    TO_ATTENTION,
    TO_PERSON,
    TOWN,
    is_heading,
    is_other,
    is_street,
    is_town,
    side_of,
    without_points,
)

_NOT_OF_A_PARTY = re.compile(
    r"\b(?:mobile|handy|hotline|whatsapps?|reg|roc|brn|gst|hoja|folio|inscrita|inscripción|r\.m|rcs)\b|[0-9]{6,}|"
    r"[0-9]{2,4} ?[-/] ?[0-9]{3,}",
    re.IGNORECASE,
)
_BEHIND_A_NAME = re.compile(
    r"(?:registered|registro|cap(?:\.|ital)? ?soc|inscrita|inscrit|immatricul\w+|r\.? ?m|k\.? ?v\.? ?k|codice|cod|"
    r"r\.? ?e\.? ?a|hr[ab]|handelsregister\w*|amtsgericht|reg|(?:co|company)\.? reg|kvk|krs|sąd rejonowy|rcs|siret|"
    r"siren|tel|tax|vat)\b",
    re.IGNORECASE,
)
"""How what a register or a caption says behind a name begins."""
_ADDRESSED = re.compile(r"spett(?:\.?(?:le|\.)|abile)|firma|t\.?a\.?v\.?:?", re.IGNORECASE)
"""What a letter says before the name of the company that it goes to."""
_REGISTER = re.compile(r"\b(?:tomo|folio|hoja)\b|\bR\. ?M\. |registro mercantil", re.IGNORECASE)
_REGISTER_PART = re.compile(r"\b(?:tomo|folio|hoja|[tfh]\.) ?\S+", re.IGNORECASE)
_REGISTER_END = re.compile(r"\b(?:hoja|h\.) ?(?:n[º°.]+ ?)?(?:[a-z]{1,2} ?-? ?)?[0-9]{4,7}[.,]?$", re.IGNORECASE)
"""The entry of a Spanish company's register and its end, behind which the address may follow."""
_PROVINCE = re.compile(r"\([^\W\d_]{2,}\)?[.,]?")
_POST_CODE = re.compile(r"[0-9]{4,6}[.,]?")
_CONTINUED = re.compile(r".*(?:&|\+|\bund|\band|\bet|\ben|\by|\be)|.*[^\W\d_][-‐]", re.IGNORECASE)
_CHINESE = re.compile("[\u4e00-\u9fff]")  # without spaces: what is one word there is a whole name
_CHINESE_REST_OF_NAME = re.compile("(?:服务|集团|股份|有限|责任)*公司-?")
_CHINESE_PLACE = re.compile("[\u4e00-\u9fff]?[市省区县]")
"""A place's name that lacks its beginning: it has two characters at least before 市 and its like."""
_CHINESE_REST_OF_ADDRESS = re.compile(r"[\u4e00-\u9fff]{0,2}[0-9]{1,5}[号室层楼]")
_SAME_PRINT = 1.25  # the larger of two lines by the smaller
_COUNTRY_WORDS = 4  # of a place behind the town: a county, a state
_MOST_OF_NAME = 40  # words of a company's name with its legal form
_MOST_BEFORE = 5  # words of a name before its legal form
_SPACING = 1.2  # heights of a line: the widest gap inside a name of two lines
_COPIES = "copy|duplicate|original|kopie|duplikat|copie|duplicata|copia|duplicado|originale|kopia|oryginał"
_COPY_MARKS = frozenset(map(headers.fold, _COPIES.split("|")))
"""What stands on a line of its own above a name, on every copy of a document."""
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


def is_none(kind: FieldType, text: str) -> bool:
    """Whether words are surely no name or address: a register's entry, a letter's greeting, whom the letter is for."""
    if kind is FieldType.PARTY:
        is_register = _BEHIND_A_NAME.match(text) and not legal_forms.LEGAL.search(text)
        return bool((TO_ATTENTION.match(text) and not _ADDRESSED.match(text)) or is_register)
    is_register = _REGISTER.search(text) and not TOWN.search(_REGISTER_PART.sub("", text))
    return kind is FieldType.ADDRESS and bool(GREETING.match(text) or TO_ATTENTION.match(text) or is_register)


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
    if field in (FieldType.ADDRESS, FieldType.PARTY):
        words = (_tidied_address if field is FieldType.ADDRESS else _tidied_name)(around, words)
        return without_points(words, [around.tokens[word].text for word in words])
    return words


@asked_once
def _tidied_address(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    if _CHINESE.search(around.text(words)):
        return _chinese_address(around, _address_lines(around, words))
    return tuple(sorted(without_country(around, _whole_address(around, _address_lines(around, words)))))


@asked_once
def _tidied_name(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    words = _with_form(around, _name_alone(around, words))
    if _CHINESE.search(around.text(words)):
        return _chinese_name(around, words)
    return tuple(sorted(_whole_name(around, words)))


def _with_form(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """A name with the rest of its legal form: recognition may have put a gap before it."""
    row = around.layout.rows[around.layout.row_of[words[-1]]]
    behind = row[row.index(words[-1]) + 1 :]
    rest = legal_forms.rest_behind(around.tokens[words[-1]].text, [around.tokens[word].text for word in behind])
    return (*words, *behind[:rest])


def _unspaced(around: Surroundings, words: Sequence[int]) -> str:
    """Words as Chinese has them: recognition often makes one of each character."""
    return "".join(around.tokens[word].text for word in words)


def _chinese_name(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """A Chinese name from the beginning of its line to its legal form, which may stand in the next line."""
    for count in range(1, len(words) + 1):
        if "公司" in _unspaced(around, words[:count]):
            words = words[:count]
            break
    before, _ = _beside(around, words[0])
    texts = [around.tokens[word].text for word in before[-3:]]
    missing = next((at for at, text in enumerate(reversed(texts)) if text.endswith(COLON)), len(texts))
    if 0 < missing < 3 and all(map(_CHINESE.match, texts[len(texts) - missing :])):
        words = (*before[-missing:], *words)
    return words if "公司" in _unspaced(around, words) else _extended(around, words, _CHINESE_REST_OF_NAME)


def _chinese_address(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """A Chinese address from the whole name of its place to its house or room."""
    before, _ = _beside(around, words[0])
    for word in reversed(before):
        text = around.tokens[word].text
        if not _CHINESE_PLACE.match(_unspaced(around, words)) or not _CHINESE.match(text) or text.endswith(COLON):
            break
        words = (word, *words)
    return _extended(around, words, _CHINESE_REST_OF_ADDRESS)


def _beside(around: Surroundings, word: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The words before and behind one in its piece of the line."""
    piece = next(piece for piece in around.pieces[around.layout.row_of[word]] if word in piece)
    at = piece.index(word)
    return tuple(piece[:at]), tuple(piece[at + 1 :])


def _extended(around: Surroundings, words: tuple[int, ...], rest: re.Pattern[str]) -> tuple[int, ...]:
    """Words with the rest of their value, where their line goes on with it or the next one is nothing else."""
    _, following = _beside(around, words[-1])
    for count in range(1, len(following) + 1):
        if rest.fullmatch(_unspaced(around, following[:count])):
            return (*words, *following[:count])
    below = () if following else _next(around, words, 1)
    return (*words, *below) if below and rest.fullmatch(_unspaced(around, below)) else words


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
    """An address without the lines at its beginning and end that are none of it, nor the party's name in its line."""
    lines = _lines(around, _without_other_party(around, _without_register(around, words)))
    while len(lines) > 1 and _is_foreign(around.text(lines[-1])):
        lines.pop()
    while len(lines) > 1:
        text = around.text(lines[0])
        # a number before a street is a house, a lot or a unit more often than a telephone
        is_named = TO_PERSON.match(text) or (LEGAL_AT_END.search(text) and not HOUSE.search(text))
        if not (is_named or CONTACT.search(text) or (BUSINESS.search(text) and not is_street(text))):
            break
        del lines[0]
    return _without_name(around, _joined(lines))


def _without_register(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """An address without the register's entry before it ("Tomo 143, Hoja M-1812, Paseo de Gracia 17, 08808 Gijón")."""
    for count in range(len(words) - 1, 0, -1):
        if _REGISTER_END.search(around.text(words[:count])):
            return words[count:] if TOWN.search(around.text(words[count:])) else words
    return words


def _without_other_party(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """An address that ends with the line that has street and town, where another party stands in the lines below it."""
    lines = _lines(around, words)
    for count, line in enumerate(lines[:-1], 1):
        text, below = around.text(line), around.text(_joined(lines[count:]))
        is_whole = TOWN.search(text) and STREET.search(text)
        if is_whole and (legal_forms.LEGAL.search(below) or (TOWN.search(below) and STREET.search(below))):
            return _joined(lines[:count])
    return words


def _without_name(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """An address without the name before it in a sender's line ("Ibarra S.L., Polígono Sur 142, 48001 Bilbao")."""
    for count in range(len(words) - 1, 0, -1):
        before = around.text(words[:count])
        if before.endswith(",") and LEGAL_AT_END.search(before):
            rest = around.text(words[count:])
            return words[count:] if TOWN.search(rest) and HOUSE.search(rest) else words
    return words


def _whole_address(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """An address with the town behind or right below its street, or the street right above its town; and with the words
    behind a comma at its end."""
    lines = _lines(around, words)
    has_town = any(TOWN.search(around.text(line)) or _POST_CODE.fullmatch(around.text(line)) for line in lines)
    if not has_town:
        below = _next(around, words, 1)
        if below and is_town(around.text(below), len(below)):
            return (*words, *below)
    elif (behind := _beside(around, words[-1])[1][:1]) and _PROVINCE.fullmatch(around.text(behind)):
        return (*words, *behind)
    elif around.tokens[words[-1]].text.endswith(",") and (rest := _behind_comma(around, words)):
        return (*words, *rest)
    if len(lines) == 1 and is_town(around.text(words), len(words)) and not STREET.search(around.text(words)):
        above = _next(around, words, -1)
        text = around.text(above)
        if above and is_street(text) and HOUSE.search(text) and not is_heading(text):
            return (*above, *words)
    return words


def _behind_comma(around: Surroundings, words: Sequence[int]) -> tuple[int, ...]:
    """The words of a place without a number that follow an address in its line, or the line below; () where none do."""
    rest = _beside(around, words[-1])[1] or _next(around, words, 1)
    text = around.text(rest)
    is_place = 0 < len(rest) <= _COUNTRY_WORDS and not any(map(str.isdigit, text))
    return rest if is_place and not is_other(text) and not is_heading(text) else ()


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
    while len(lines) > 1 and _is_caption(around.text(lines[0])):
        del lines[0]
    words = _joined(lines)
    first = around.text(words[:1])
    is_caption = (
        len(words) > 2 and (side_of(first) or TITLE.match(first)) and LEGAL_AT_END.search(around.text(words[1:]))
    )
    if is_caption or (len(words) > 1 and _ADDRESSED.fullmatch(first)):
        words = words[1:]
    for at in range(1, min(len(words), _MOST_OF_NAME)):
        before = around.text(words[:at])
        if not LEGAL_AT_END.search(before):
            continue
        rest = around.text(words[at:])
        if _BEHIND_A_NAME.match(rest) or (before.endswith(",") and not legal_forms.LEGAL.search(rest)):
            return words[:at]
    return words


def _is_caption(text: str) -> bool:
    """Whether a line says what stands below it, or that the paper is a copy."""
    return is_heading(text) or headers.fold(text) in _COPY_MARKS


def _whole_name(around: Surroundings, words: tuple[int, ...]) -> tuple[int, ...]:
    """A name with its other line, where one ends with a hyphen or "&", or has one word of its own and a legal form."""
    if len(_lines(around, words)) > 1:
        return words
    if legal_forms.LEGAL.fullmatch(around.text(words)):  # recognition put a gap before it
        row = around.layout.rows[around.layout.row_of[words[0]]]
        before = row[: row.index(words[0])]
        if before and len(before) <= _MOST_BEFORE and not is_other(around.text(before)):
            return (*before, *words)
    above, below = _next(around, words, -1), _next(around, words, 1)
    if _continues(around, above, words):
        return (*above, *words)
    return (*words, *below) if _continues(around, words, below) else words


def _continues(around: Surroundings, upper: Sequence[int], lower: Sequence[int]) -> bool:
    """Whether the lower of two lines in one print is the rest of a name that begins in the upper."""
    if not upper or not lower:
        return False
    first, second = around.text(upper), around.text(lower)
    if any(is_other(text) or _is_caption(text) for text in (first, second)) or any(map(str.isdigit, first)):
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
