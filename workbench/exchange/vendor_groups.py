"""Vendor and template groups: documents that must be on one side of a split.

A document whose seller is known is grouped by the seller, any other by the look of its first page's head.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from statistics import median

from rapidfuzz import fuzz, process

from storage.records import Page, Token
from workbench.exchange.duplicates import Index, fingerprint_of
from workbench.fields import FieldType, legal_forms
from workbench.fields.plain_text import normal_form
from workbench.fields.values import normalise
from workbench.locate.parties.words import is_heading

MODES = ("seller", "template", "folder", "none")
GUESSED = "~ "
"""The prefix of a group whose seller is not known."""

_LEGAL = re.compile(rf"\b({legal_forms.spelled(legal_forms.ALL, '')}|mbh|co|company|corporation|incorporated|sasu)\b")
_REGISTERED = re.compile(
    r"\b(company|business|co)\W{0,3}(reg|registration|no)\b|\b(reg|registration|gst|sst|vat|tax|tel|fax|phone)\W{0,3}"
    r"(no|id|number|reg)\b|\b(tel|fax|phone|e-?mail|www)\b|@|://",
    re.IGNORECASE,
)
_SAME_SELLER = 90.0  # least similarity (0..100) of two spellings of one seller
_SAME_LOOKS = 0.4  # least overlap (Jaccard) of the features of two heads of one template
_NUMBERED = re.compile(r" \(\d+\)$")  # of a group whose name another group had
_MOST_COMPARED = 200  # names that share a word with a name
_NO_LETTER = re.compile(r"[\W_]+")
_HEAD_LINES = 30
_TOP_LINES = 8
_LEAST_FEATURES = 6
_EXAMPLES = 4  # documents that a new document is compared with, per group
_NAME_LENGTH = 40


def seller_key(name: str) -> str:
    """The form in which sellers are compared: words in lower case, without punctuation and legal forms."""
    plain = normalise(FieldType.PARTY, name).normal or name.casefold()
    bare = " ".join(_LEGAL.sub(" ", plain).split())
    return bare or plain


def looks_of(tokens: Sequence[Token]) -> frozenset[str]:
    """Features of a first page's head: its words, and their positions in units of the letters' height.

    Positions are relative to the text's corner, so that margins and resolution do not matter. Words with digits are
    left out, as they differ between the invoices of one vendor.
    """
    if not tokens:
        return frozenset()
    left = min(token.box[0] for token in tokens)
    top = min(token.box[1] for token in tokens)
    width = max(max(token.box[2] for token in tokens) - left, 1e-6)
    height = max(median(token.box[3] - token.box[1] for token in tokens), 1e-6) * 1.5
    features = set()
    for token in tokens:
        line = (token.box[1] - top) / height
        if line > _HEAD_LINES:
            continue
        word = token.text.casefold()
        if not word.isalpha():
            word = _NO_LETTER.sub("", word)
            if not word.isalpha():
                continue
        if len(word) < (2 if word[0] > "\u2e80" else 3):
            continue
        features.add(f"{word}@{int(4 * (token.box[0] - left) / width)},{int(line / 5)}")
        if line <= _TOP_LINES:
            features.add(word)
    return frozenset(features)


class Grouper:
    """Gives every document its group, and remembers the groups.

    Args:
        by: one of MODES.
        known: (group, first page of one of its documents) of what the workspace has.
    """

    def __init__(self, by: str, known: Iterable[tuple[str, Page]] = ()) -> None:
        self.by = by
        self._sellers: dict[str, str] = {}  # key -> group
        self._index = Index()
        self._examples: list[tuple[str, frozenset[str]]] = []
        self._number: dict[str, int] = {}  # group -> documents
        for group, page in known:
            if not group.startswith(GUESSED):
                self._sellers.setdefault(seller_key(group), group)
            self._remember(group, looks_of(page.tokens))
        self._names = set(self._sellers.values()) | set(self._number)

    def group(self, name: str, tokens: Sequence[Token], *, seller: str = "", source: Path | None = None) -> str:
        """The group of a document.

        Args:
            name: the document's name, for a group of its own.
            tokens: the words of its first page.
            seller: the seller's name where it is known.
            source: the file that it comes from.
        """
        if self.by == "none":
            return self._new(name)
        if self.by == "folder":
            return source.parent.name if source is not None else name
        if seller.strip() and self.by == "seller":
            group = self.of_seller(seller)
            if self._number.get(group, 0) >= _EXAMPLES:
                return group
            looks = looks_of(tokens)
        else:
            looks = looks_of(tokens)
            group = self._alike(looks) or self._new(GUESSED + (_headline(tokens) or name))
        self._remember(group, looks)
        return group

    def of_seller(self, seller: str) -> str:
        """The group of a seller, however it is spelled."""
        key = seller_key(seller)
        if key not in self._sellers:
            near = process.extractOne(
                key, self._sellers.keys(), scorer=fuzz.token_sort_ratio, score_cutoff=_SAME_SELLER
            )
            spelled = " ".join(normal_form("NFC", seller).split())
            self._sellers[key] = self._sellers[near[0]] if near else spelled
            self._names.add(self._sellers[key])
        return self._sellers[key]

    def _alike(self, looks: frozenset[str]) -> str | None:
        if len(looks) < _LEAST_FEATURES:
            return None
        best: tuple[float, str | None] = (_SAME_LOOKS, None)
        for number in self._index.near(fingerprint_of(looks), least=1):
            group, other = self._examples[number]
            overlap = len(looks & other) / len(looks | other)
            if overlap >= best[0]:
                best = (overlap, group)
        return best[1]

    def _remember(self, group: str, looks: frozenset[str]) -> None:
        number = self._number.get(group, 0)
        self._number[group] = number + 1
        if len(looks) >= _LEAST_FEATURES and number < _EXAMPLES:
            self._index.add(len(self._examples), fingerprint_of(looks))
            self._examples.append((group, looks))

    def _new(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted} ({number})", number + 1
        self._names.add(name)
        return name


def shown_vendor(group: str) -> str:
    """A group where documents are listed: "" for a guessed one whose headline is no name of a company or a shop."""
    words = group.removeprefix(GUESSED)
    return "" if group.startswith(GUESSED) and not _can_be_name(_NUMBERED.sub("", words)) else group


def _can_be_name(text: str) -> bool:
    """Whether a line can be a vendor's name: it has letters, and is no heading, number of a register or caption."""
    letters = sum(c.isalpha() for c in text)
    is_caption = text.rstrip().endswith(":") or bool(_REGISTERED.search(text))
    return letters >= 3 and letters >= sum(c.isdigit() for c in text) and not is_caption and not is_heading(text)


def by_sellers(groups: Mapping[int, str], sellers: Mapping[int, str]) -> dict[int, str]:
    """The new groups of documents, after sellers were labelled. Pure.

    A guessed group whose labelled documents all have one seller becomes that seller's, or joins the seller's group.
    From a group with several sellers only the labelled documents are moved.

    Args:
        groups: document -> its group.
        sellers: document -> its labelled seller.
    """
    grouper = Grouper("seller", ((name, Page(0, 1.0, 1.0, ())) for name in sorted(set(groups.values()))))
    named_groups: dict[str, dict[int, str]] = {}
    for document in sorted(sellers):
        if groups[document].startswith(GUESSED) and sellers[document].strip():
            named_groups.setdefault(groups[document], {})[document] = grouper.of_seller(sellers[document])
    changed: dict[int, str] = {}
    for guessed, named in named_groups.items():
        if len(set(named.values())) == 1:
            seller = next(iter(named.values()))
            named = {document: seller for document, group in groups.items() if group == guessed}
        changed |= named
    return changed


def one_vendor(groups: Mapping[int, str], identifiers: Mapping[int, Iterable[str]] | None = None) -> dict[int, str]:
    """Document -> its vendor, where near-equal names are one vendor, and documents with a tax id or IBAN in common.

    Two guessed groups are never one by their names, as these are headlines such as "Invoice". Pure.

    Args:
        groups: document -> its group; "" where it has none.
        identifiers: document -> tax ids and IBANs of its seller, as far as they are known.
    """
    names = sorted({name for name in groups.values() if name}, key=lambda name: (name.startswith(GUESSED), name))
    vendors = _Merged(names)
    blocks: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for name in names:
        key = seller_key(_NUMBERED.sub("", name.removeprefix(GUESSED)))
        candidates = dict.fromkeys(other for word in set(key.split()) for other in blocks[word][:_MOST_COMPARED])
        for other, other_key in candidates:
            both_guessed = name.startswith(GUESSED) and other.startswith(GUESSED)
            if both_guessed or _numbers(key) != _numbers(other_key):
                continue
            if fuzz.token_sort_ratio(key, other_key) >= _SAME_SELLER:
                vendors.merge(other, name)
        for word in set(key.split()):
            blocks[word].append((name, key))
    holders: dict[str, str] = {}
    for document, listed in (identifiers or {}).items():
        if group := groups.get(document):
            for identifier in map(_bare, listed):
                if identifier:
                    vendors.merge(holders.setdefault(identifier, group), group)
    return {document: vendors.of(name) if name else "" for document, name in groups.items()}


def _numbers(key: str) -> list[str]:
    """The words of a name that are numbers: branches and tests are numbered."""
    return sorted(word for word in key.split() if word.isdecimal())


def _bare(identifier: str) -> str:
    return _NO_LETTER.sub("", identifier).casefold()


class _Merged:
    """Names that became one: each leads to the first of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self._leads_to = {name: name for name in names}

    def of(self, name: str) -> str:
        while self._leads_to[name] != name:
            name = self._leads_to[name]
        return name

    def merge(self, a: str, b: str) -> None:
        self._leads_to[self.of(b)] = self.of(a)


def _headline(tokens: Sequence[Token]) -> str:
    """A name for the template: the first line with a legal form, for what is written above it is often a note by hand.

    Without one it is the first line with letters in it that is no heading.
    """
    lines = islice(dict.fromkeys(token.line for token in tokens), _TOP_LINES)
    texts = [" ".join(token.text for token in tokens if token.line == line) for line in lines]
    named = [text for text in texts if sum(c.isalpha() for c in text) >= 3]
    free = [text for text in named if not _REGISTERED.search(text)]
    companies = (text for text in free if _LEGAL.search(normalise(FieldType.PARTY, text).normal or ""))
    others = (text for text in named if _can_be_name(text))
    best = next(companies, None) or next(others, None) or next(iter(named), "")
    return best[:_NAME_LENGTH].strip()
