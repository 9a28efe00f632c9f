"""Made-up documents from a seed: words, boxes and labels.

Nothing is copied from real documents: companies, addresses, numbers and wordings are combined at random.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from storage.records import Box
from workbench.samples import fapiao, invoices, receipts
from workbench.samples.content import Facts
from workbench.samples.locales import LANGUAGES
from workbench.samples.noise import CLEAN, ScanNoise, order, place, read
from workbench.samples.placed_words import Paper, PrintedWord, ValueMark

SamplePage = tuple[float, float, list[tuple[str, Box, int]]]
"""width, height (points), and (text, box, line) for every word in reading order."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One made-up document. Token ids count over all pages, in reading order."""

    name: str
    language: str
    template: str
    group: str  # the vendor
    pages: list[SamplePage]
    spans: list[tuple[str, tuple[int, ...]]]  # (field id, token ids), at most one span a field
    values: dict[
        str, str
    ]  # field id -> value: dates ISO, amounts plain decimals, currencies ISO codes, else as printed

    @property
    def words(self) -> list[str]:
        return [text for _, _, tokens in self.pages for text, _, _ in tokens]


REMINDER = "invoice-reminder"
"""A template that has to be asked for: what was made of a seed before there were reminders stays the same."""


def template_ids(language: str = "en") -> tuple[str, ...]:
    """The templates that a language has, in a fixed order."""
    forms = (*receipts.STYLES, *(name for name in invoices.ARRANGEMENTS if name != REMINDER))
    return (*forms, *fapiao.TEMPLATES) if language == "zh" else forms


def _weight(template: str) -> float:
    """Half of the documents are receipts; the freely composed templates come up most."""
    if template.startswith("receipt"):
        return 5.0 if template.endswith("free") else 2.0
    return 4.0 if template.endswith("free") else 2.0 if template.startswith("fapiao") else 1.0


def generate(
    seed: int,
    count: int,
    languages: Sequence[str] = LANGUAGES,
    templates: Sequence[str] | None = None,
    noise: float = 1.0,
) -> Iterator[Sample]:
    """Made-up documents; the n-th depends only on the arguments and n.

    Args:
        seed: any whole number.
        count: how many documents.
        languages: some of LANGUAGES ("en", "de", …), drawn evenly; a repeated language is more frequent.
        templates: only these of `template_ids`, or REMINDER; None for all of `template_ids`.
        noise: 0 as printed, 1 as OCR of good and bad scans gives it, more for worse.

    Raises:
        ValueError: no language has any of the templates, or a language is unknown.
    """
    choices = {language: _choices(language, templates) for language in dict.fromkeys(languages)}
    usable = [language for language in languages if choices[language][0]]
    if not usable:
        raise ValueError("None of the languages has one of the templates.")
    for index in range(count):
        rng = Random(f"{seed}-{index}")
        language = rng.choice(usable)
        template = rng.choices(*choices[language])[0]
        paper = compose(rng, rng, language, template, plain_print=False)[1]
        reading = ScanNoise.draw(rng, noise, language == "zh") if noise > 0 else CLEAN
        yield assemble(paper, f"{language}-{template}-{index:05d}", language, template, "", rng, reading)


def _choices(language: str, templates: Sequence[str] | None) -> tuple[list[str], list[float]]:
    if language not in LANGUAGES:
        raise ValueError(f"There are no templates in the language {language!r}.")
    names = [name for name in template_ids(language) if templates is None or name in templates]
    if templates is not None and REMINDER in templates:
        names.append(REMINDER)
    return names, [_weight(name) for name in names]


def compose(house: Random, rng: Random, language: str, template: str, *, plain_print: bool) -> tuple[Facts, Paper]:
    """One document as it is printed.

    Args:
        house: what a vendor's documents share; pass the same state for the same vendor.
        rng: what differs from document to document.
        language: one of LANGUAGES.
        template: one of `template_ids(language)`.
        plain_print: only what can be rendered as a believable page.
    """
    if template in receipts.STYLES:
        facts = Facts(house, rng, language, "receipt", count=rng.randrange(1, 3) if template == "receipt-fuel" else 0)
        return facts, receipts.compose(facts, house, template, plain_print)
    if template in fapiao.TEMPLATES:
        facts = Facts(house, rng, language, "invoice")
        return facts, fapiao.compose(facts, house, template, plain_print)
    arrangement = invoices.ARRANGEMENTS[template]
    free_credit = template == "invoice-free" and rng.random() < 0.06
    goods = rng.randrange(32, 75) if arrangement.pages else 0
    facts = Facts(house, rng, language, "credit" if free_credit else arrangement.kind, count=goods)
    return facts, invoices.compose(facts, house, template, plain_print)


def assemble(
    paper: Paper, name: str, language: str, template: str, group: str, rng: Random, reading: ScanNoise
) -> Sample:
    """A printed document after scanning and reading. `group` "" takes the seller's or the document's name."""
    pages: list[SamplePage] = []
    members: dict[ValueMark, list[int]] = {}
    count = 0
    for sheet in paper.sheets:
        words: list[PrintedWord] = read(order(sheet, reading, rng), reading, rng)
        for word in words:
            if word.mark is not None:
                members.setdefault(word.mark, []).append(count)
            count += 1
        pages.append((sheet.width, sheet.height, place(words, sheet.width, sheet.height, reading, rng)))
    spans = sorted(((mark.field, tuple(tokens)) for mark, tokens in members.items()), key=lambda span: span[1])
    values = {mark.field: mark.value for mark in members}
    return Sample(name, language, template, group or values.get("seller_name", name), pages, spans, values)
