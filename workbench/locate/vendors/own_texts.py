"""What the labels of text fields of one's own have in common, and which words of another document can be one. Pure.

Such a field ("payment", "cashier", "time") has no type that tells its values. Its labels mostly say enough:
they stand beside one caption, have one form ("8:13 PM"), or are the same words in the same neighbourhood.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.fields import Field, FieldType
from workbench.fields.values import joined, looks_like
from workbench.locate import headers
from workbench.locate.vendors.same_place import Page, TokenIds

_NUMBER, _AGAIN = re.compile(r"[0-9]+"), re.compile(r"([^0-9A]9)(?:\1)+")
_TIME, _FORMED = re.compile(r"9:9"), re.compile(r"9[^0-9A-Z]9")  # digits, a sign, digits
_SHORT = 2  # letters of a word behind a form: "PM"
_MOSTLY = 0.5
_CAPTION = 3  # words of a caption behind its first one that are looked at
_COLONS = (":", "：")

Values = Mapping[str, tuple[TokenIds, float]]
"""Field -> (words, likelihood)."""
Describe = Callable[[Page, int], str]
"""The caption of a word, "" or marked with a leading sign where it is not right before it."""


def form_of(word: str) -> str:
    """A word with 9 for each number, and a repeated part once: "8:13" and "20:13:05" have one form."""
    return _AGAIN.sub(r"\1", _NUMBER.sub("9", word.upper()))


def is_caption(text: str) -> bool:
    """Whether words are a caption, and no value: they end in a colon, or are known as one."""
    return text.rstrip().endswith(_COLONS) or headers.fields_of(headers.fold(text)) is not None


@dataclass(slots=True)
class _Labels:
    """What a field's labels were like."""

    count: int = 0
    texts: dict[str, set[tuple[bool, str]]] = field(default_factory=dict)  # folded -> neighbourhoods
    spelled: set[str] = field(default_factory=set)  # as they are printed
    captions: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)
    is_followed: bool = False  # a short word came behind the form
    recognised: int = 0  # labels with a caption, a form, or the words of one before

    def add(self, page: Page, words: TokenIds, caption: str) -> None:
        text, form = headers.fold(joined(page.words[word] for word in words)), form_of(page.words[words[0]])
        # a time is one wherever it stands; what else has a caption is told by that
        is_formed = bool(_TIME.match(form) or (not caption and _FORMED.search(form)))
        self.recognised += bool(caption or is_formed or text in self.texts)
        self.texts.setdefault(text, set()).add(_neighbourhood(page, words))
        self.spelled.add(joined(page.words[word] for word in words))
        if caption:
            self.captions.add(caption)
        if is_formed:
            self.forms.add(form)
            self.is_followed |= len(words) > 1
        self.count += 1


def _neighbourhood(page: Page, words: TokenIds) -> tuple[bool, str]:
    """Whether a row begins with words, and what comes behind them: a "number", a "caption" that they are a part of,
    another "word" or nothing. Signs and a currency before the number are passed over: "CASH : RM 5.00".
    """
    row = page.layout.rows[page.layout.row_of[words[0]]]
    after = [word for word in row if word not in words][row.index(words[0]) :]
    following = next((page.words[word] for word in after if not _is_sign(page.words[word])), "")
    if not following or _has_digits(following):
        return row[0] == words[0], "number" if following else ""
    return row[0] == words[0], "caption" if _begins_caption(page, words, after) else "word"


def _begins_caption(page: Page, words: TokenIds, after: Sequence[int]) -> bool:
    """Whether words and those behind them are a caption ("CASH INV NO.: 17"): these end in a colon, or are a header
    with a value behind it.
    """
    caption: list[str] = []
    for word in after:
        text = page.words[word]
        if _has_digits(text) or len(caption) == _CAPTION:
            break
        if not _is_sign(text):
            if page.piece_of[word] != page.piece_of[words[-1]]:
                break
            caption.append(text)
        if text.endswith(_COLONS):
            return bool(caption)
    if not caption or not any(_has_digits(page.words[word]) for word in after):
        return False
    whole = "".join(headers.fold(page.words[word]) for word in words)
    folded = [headers.fold(text) for text in caption]
    parts = ["".join(folded[:count]) for count in range(1, len(folded) + 1)]
    return any(headers.fields_of(start + part) for part in parts for start in ("", whole))


def _is_sign(text: str) -> bool:
    """Whether a word has neither letters nor digits, or is a currency."""
    return not headers.fold(text) or looks_like(FieldType.CURRENCY, text.strip("():："))


def _has_digits(text: str) -> bool:
    return any(c.isdigit() for c in text)


class OwnTexts:
    """What labels of some text fields say about the words of another document.

    Args:
        pages: labelled.
        fields: a workspace's own; those that are no texts are left alone.
        caption: of a word.
    """

    def __init__(self, pages: Sequence[Page], fields: Iterable[Field], caption: Describe) -> None:
        self._caption = caption
        self._labels = {f.id: _Labels() for f in fields if f.type is FieldType.TEXT}
        for page in pages:
            for name in self._labels.keys() & page.labels.keys():
                for words in page.labels[name]:
                    self._labels[name].add(page, words, self._before(page, words[0]))

    def _before(self, page: Page, word: int) -> str:
        caption = self._caption(page, word)
        return caption if caption.isalpha() else ""  # one above is marked

    def first_on(self, name: str, page: Page) -> TokenIds:
        """The first words of a page with the form of the labels, else the words of one, in its neighbourhood."""
        labels = self._labels.get(name)
        if labels is None:
            return ()
        for row in page.layout.rows:
            for word in row:
                if form_of(page.words[word]) in labels.forms:
                    return self._formed(labels, page, word)
        for row in page.layout.rows:
            for at in range(len(row)):
                for words in (tuple(row[at : at + count]) for count in (1, 2, 3)):
                    text = headers.fold(joined(page.words[word] for word in words))
                    if _neighbourhood(page, words) in labels.texts.get(text, ()):
                        return words
        return ()

    def _formed(self, labels: _Labels, page: Page, word: int) -> TokenIds:
        """A word of the labels' form, with the short one behind it where labels had one: "8:13 PM"."""
        row = page.layout.rows[page.layout.row_of[word]]
        behind = row[row.index(word) + 1 :][:1] if labels.is_followed else []
        return (word, *(w for w in behind if page.words[w].isalpha() and len(page.words[w]) <= _SHORT))

    def believed(self, values: Values, page: Page) -> dict[str, tuple[TokenIds, float]]:
        """The values without captions, and without words unlike all labels of a field whose labels are alike."""
        kept: dict[str, tuple[TokenIds, float]] = {}
        for name, (words, sure) in values.items():
            labels = self._labels.get(name)
            if labels is None or not labels.count:
                kept[name] = words, sure
            elif (whole := _without_signs(page, words)) and self._is_like(labels, page, whole):
                is_formed = form_of(page.words[whole[0]]) in labels.forms
                kept[name] = self._formed(labels, page, whole[0]) if is_formed else whole, sure
        return kept

    def _is_like(self, labels: _Labels, page: Page, words: TokenIds) -> bool:
        text = joined(page.words[word] for word in words)
        alike = labels.texts.get(headers.fold(text), set())
        if alike and _neighbourhood(page, words) in alike:
            return True
        if not alike and is_caption(text):
            return False
        is_other = bool(alike) and text not in labels.spelled  # "Cash" of a sentence, where labels were "CASH"
        if (is_other or _neighbourhood(page, words)[1] == "caption") and not self._is_told(labels, page, words):
            return False
        if labels.recognised < _MOSTLY * labels.count:
            return True
        return self._is_told(labels, page, words)

    def _is_told(self, labels: _Labels, page: Page, words: TokenIds) -> bool:
        """Whether the form of words or the caption before them was a label's."""
        return form_of(page.words[words[0]]) in labels.forms or self._before(page, words[0]) in labels.captions


def _without_signs(page: Page, words: TokenIds) -> TokenIds:
    """Words without those at either end that have neither letter nor digit."""
    spelled = [bool(headers.fold(page.words[word])) for word in words]
    if not any(spelled):
        return ()
    return words[spelled.index(True) : len(words) - spelled[::-1].index(True)]
