"""Repairs of the words that OCR read: other spaces between them, and lines whose words are out of order;
and what labels become on words that were replaced. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from msgspec import convert, structs, to_builtins
from rapidfuzz.distance import Levenshtein

from storage.exceptions import UsageProblem
from storage.records import Annotations, Box, Content, Page, Span, Token
from workbench.locate.headers import fold

_SAME_ROW = 0.5  # of the lower word's height that two words of a row share
_SAME_TEXT = 60.0  # least similarity (0..100) of a label's old and new words


@dataclass(frozen=True, slots=True)
class WordRepair:
    """Pages with other words, and which words the earlier ones became."""

    pages: tuple[Page, ...]
    moved: Mapping[int, tuple[int, ...]]  # earlier token id -> ids now
    summary: str  # for the history
    page: int  # the number of the page with other words


def line_words(content: Content, tokens: Iterable[int]) -> list[Token]:
    """Words that `spaced` can divide and join, in their order.

    Raises:
        UsageProblem: they stand on several lines, or not beside each other.
    """
    words = [content.tokens[token] for token in sorted(tokens)]
    if len({(word.page, word.line) for word in words}) > 1 or len(words) != words[-1].id - words[0].id + 1:
        raise UsageProblem("These words do not follow each other on one line.", "Select words of one line.")
    return words


def spaced(content: Content, tokens: Sequence[int], text: str) -> tuple[WordRepair | None, dict[int, str]]:
    """Words of a line, with other spaces between them: "Nr:471102" becomes "Nr: 471102".

    A word that was corrected to one with a space inside is divided there. Its box is divided by the number of its
    letters. Where other letters were typed, each word has the letters of the page that are most like its own.

    Returns:
        The repair, None where only letters change; and the corrected text of each word, by its number after that. A
        blank text changes nothing.

    Raises:
        UsageProblem: the words stand on several lines or not beside each other, or too few letters are there.
    """
    words = line_words(content, tokens)
    before = " ".join(word.text for word in words)
    after = text.split() or [word.text for word in words]
    letters = [(word.id, box) for word in words for box in _letter_boxes(word)]
    printed = "".join(word.text.replace(" ", "") for word in words)
    divided: list[tuple[Token, set[int]]] = []
    corrected: dict[int, str] = {}
    at = 0
    for word_text, end in zip(after, _ends(printed, after), strict=True):
        if end <= at:
            raise UsageProblem(f"“{word_text}” has no letters here.", "Select the words that it is printed in.")
        letters_text, part, at = printed[at:end], letters[at:end], end
        sources = {source for source, _ in part}
        boxes = [box for _, box in part]
        whole = (min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes))
        first = content.tokens[min(sources)]
        kept = first if sources == {first.id} and letters_text == first.text else None
        new = kept or structs.replace(first, text=letters_text, box=whole, original=None)
        if word_text != letters_text:
            corrected[words[0].id + len(divided)] = word_text
        divided.append((new, sources))
    if [new.text for new, _ in divided] == [word.text for word in words]:
        return None, corrected
    page_number = words[0].page
    listed: list[tuple[Token, set[int]]] = []
    for token in content.pages[page_number].tokens:
        if token.id == words[0].id:
            listed += divided
        if not words[0].id <= token.id <= words[-1].id:
            listed.append((token, {token.id}))
    summary = f"“{before}” → “{' '.join(new.text for new, _ in divided)}”"
    return _renumbered(content, page_number, listed, summary), corrected


def _ends(printed: str, words: Sequence[str]) -> list[int]:
    """Where in the printed letters each word ends; every letter belongs to one of them."""
    typed = "".join(words)
    at = 0
    ends: list[int] = []
    edits = Levenshtein.opcodes(printed, typed)
    for word in words[:-1]:
        at += len(word)
        edit = next(edit for edit in edits if edit.dest_end >= at)
        ends.append(min(edit.src_start + at - edit.dest_start, edit.src_end))
    return [*ends, len(printed)]


def _letter_boxes(word: Token) -> list[Box]:
    x0, y0, x1, y1 = word.box
    letters = word.text.replace(" ", "")
    width = (x1 - x0) / max(len(letters), 1)
    return [(x0 + i * width, y0, x0 + (i + 1) * width, y1) for i in range(len(letters))]


def ordered(content: Content, token: int) -> WordRepair | None:
    """The line of a word in reading order; two rows that OCR wove into one line become two. None where it is so."""
    page = content.pages[content.tokens[token].page]
    line = content.tokens[token].line
    words = [word for word in page.tokens if word.line == line]
    rows = _rows(words)
    wanted = [word.id for row in rows for word in row]
    if len(rows) == 1 and wanted == [word.id for word in words]:
        return None
    of_line = [structs.replace(word, line=line + number) for number, row in enumerate(rows) for word in row]
    listed: list[tuple[Token, set[int]]] = []
    for word in page.tokens:
        if word.id == words[0].id:
            listed += [(new, {new.id}) for new in of_line]
        if word.line != line:
            lower = word.line + len(rows) - 1 if word.line > line else word.line
            listed.append((structs.replace(word, line=lower), {word.id}))
    before, after = (" ".join(content.tokens[i].text for i in ids) for ids in ([w.id for w in words], wanted))
    return _renumbered(content, page.number, listed, f"“{before}” → “{after}”")


def _rows(words: Sequence[Token]) -> list[list[Token]]:
    """Words by the rows that they stand in, from top to bottom, each from left to right.

    Not `layout.Layout.rows`: those are of a whole page, and leave a comma or a dash, whose box is low, in a row of its
    own. In one line of OCR a mark belongs to the words that it stands beside.
    """
    rows: list[list[Token]] = []
    for word in sorted(words, key=lambda word: word.box[1] + word.box[3]):
        if rows and _in_one_row(rows[-1][0], word):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.box[0]) for row in rows]


def _in_one_row(a: Token, b: Token) -> bool:
    shared = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    lower = min(a.box[3] - a.box[1], b.box[3] - b.box[1])
    return shared >= _SAME_ROW * lower


def _renumbered(content: Content, changed: int, listed: Sequence[tuple[Token, set[int]]], summary: str) -> WordRepair:
    """All pages with their tokens numbered anew.

    Args:
        changed: the number of the page that has other words.
        listed: these, with the earlier tokens that each is made of.
    """
    pages: list[Page] = []
    moved: dict[int, list[int]] = {}
    number = 0
    for page in content.pages:
        words = listed if page.number == changed else [(token, {token.id}) for token in page.tokens]
        tokens = []
        for word, sources in words:
            for source in sources:
                moved.setdefault(source, []).append(number)
            tokens.append(structs.replace(word, id=number))
            number += 1
        pages.append(replace(page, tokens=tuple(tokens)))
    return WordRepair(tuple(pages), {source: tuple(ids) for source, ids in moved.items()}, summary, changed)


def words_before(content: Content, repair: WordRepair) -> dict[str, Any]:
    """The words that a repair replaces, ready for JSON: {"page", "tokens": [[token, its ids after the repair]]}."""
    tokens = content.pages[repair.page].tokens
    return {
        "page": repair.page,
        "tokens": [[to_builtins(token), list(repair.moved[token.id])] for token in tokens],
    }


def taken_back(content: Content, before: Mapping[str, Any], summary: str) -> WordRepair:
    """The repair that puts back the words of `words_before`.

    Args:
        content: as the repair left it.
        summary: of the repair, as it is in the history.
    """
    listed = [(convert(token, Token), set(ids)) for token, ids in before["tokens"]]
    old, _, new = summary.partition(" → ")
    return _renumbered(content, before["page"], listed, f"{new} → {old}")


def moved_tokens(tokens: Sequence[int], moved: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    """The ids that tokens have now."""
    return tuple(sorted(set(chain.from_iterable(moved.get(token, ()) for token in tokens))))


def carried_tokens(old: Sequence[Token], new: Sequence[Token]) -> tuple[int, ...] | None:
    """The new words at the place of old ones, if they have about the same text; else None.

    Args:
        old: the words of one label.
        new: all words of the document as it was read again, in the same page units.
    """
    from rapidfuzz import fuzz  # rarely needed

    tokens = sorted(
        {token.id for token in new for before in old if token.page == before.page and _overlaps(token, before)}
    )
    if not tokens:
        return None
    number = {token.id: token for token in new}
    text = fold("".join(token.text for token in old))
    now = fold("".join(number[i].text for i in tokens))
    is_same = fuzz.ratio(text, now) >= _SAME_TEXT or (len(text) > 1 and text in now)
    return tuple(tokens) if is_same else None


def _overlaps(a: Token, b: Token) -> bool:
    """Whether the middle of one box is in the other: engines divide words in different ways."""
    return _middle_in(a, b) or _middle_in(b, a)


def _middle_in(a: Token, b: Token) -> bool:
    x, y = (a.box[0] + a.box[2]) / 2, (a.box[1] + a.box[3]) / 2
    return b.box[0] <= x <= b.box[2] and b.box[1] <= y <= b.box[3]


def carry(before: Annotations, old: Sequence[Token], new: Sequence[Token]) -> tuple[Annotations, list[Span]]:
    """The annotations on the new words, and the labels that were lost.

    Corrections of single words are carried over where one new word is at that place; a word in two labels stays in
    the first.
    """
    spans: set[Span] = set()
    lost: list[Span] = []
    taken: set[int] = set()
    for span in sorted(before.spans, key=lambda s: s.tokens):
        tokens = carried_tokens([old[i] for i in span.tokens], new)
        free = tuple(i for i in tokens or () if i not in taken)
        if not free:
            lost.append(span)
            continue
        taken.update(free)
        spans.add(replace(span, tokens=free))
    texts = set()
    for number, text in before.texts:
        tokens = carried_tokens([structs.replace(old[number], text=text)], new)
        if tokens and len(tokens) == 1 and new[tokens[0]].text != text:
            texts.add((tokens[0], text))
    return replace(before, spans=frozenset(spans), texts=frozenset(texts)), lost
