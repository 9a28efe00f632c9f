"""What the Doctor needs to know of a run's data: counts, vendors, near-duplicates, where labels break."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from zlib import crc32

from workbench.evaluation.label_errors import suspects
from workbench.evaluation.metrics import ErrorKind, value_pairs, values
from workbench.locate.layout import torn
from workbench.predictions.cases import Case

Share = tuple[int, int]
"""How many of how many."""

_SKETCH = 48
_ALIKE = 0.7
LOW_OCR = 0.8


class Worded(Protocol):
    """A document with its words."""

    @property
    def document(self) -> int: ...

    @property
    def words(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class FieldData:
    labels: int
    documents: int
    vendors: int


@dataclass(frozen=True, slots=True)
class DataStatistics:
    """Facts about the documents of a run, by split where it matters. Split names as in the dataset folder."""

    documents: Mapping[str, int] = field(default_factory=dict)
    vendors: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # split -> vendor -> documents
    languages: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, FieldData]] = field(default_factory=dict)
    outside: float = 0.0  # share of training words without a field, 0..1
    near_duplicates: Share = (0, 0)  # evaluated documents that almost repeat a training document
    low_ocr: Share = (0, 0)  # training documents whose mean OCR confidence is under LOW_OCR
    truncated: Share = (0, 0)  # evaluated documents of which the model did not see all words
    suspects: Share = (0, 0)  # evaluated documents with a suspected label error
    several_lines: Share = (0, 0)  # wrong gold chunks of those over several lines
    one_line: Share = (0, 0)
    window_edges: Share = (0, 0)  # wrong gold chunks of those inside which the deciding window changes
    windowed: Share = (0, 0)  # evaluated documents with a page of several windows
    torn: Share = (0, 0)  # training words that go on with the number before them
    wrong_lines: Mapping[str, int] = field(default_factory=dict)  # field -> its wrong gold chunks over several lines
    vendor_errors: Mapping[str, Share] = field(default_factory=dict)  # evaluated vendor -> wrong gold chunks


def statistics(
    train: Sequence[Case], evaluated: Sequence[Case], split: str = "validation", predicted: bool = True
) -> DataStatistics:
    """The facts about training documents (without predictions) and evaluated ones.

    Args:
        train: the labelled training documents.
        evaluated: the labelled documents of the evaluated split.
        split: its name.
        predicted: whether the evaluated documents carry predictions; without, nothing counts as wrong.
    """
    splits: dict[str, Sequence[Case]] = {"train": train, split: evaluated}
    several_lines, one_line, edges = [0, 0], [0, 0], [0, 0]
    wrong_lines: Counter[str] = Counter()
    by_vendor: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for case in evaluated if predicted else ():
        for pair in value_pairs(case):
            if pair.gold is None:
                continue
            wrong, words_of = pair.kind is not ErrorKind.CORRECT, pair.gold.words
            tallies = [by_vendor[case.group]]
            has_several = case.lines_of(words_of) > 1
            tallies.append(several_lines if has_several else one_line)
            wrong_lines[pair.gold.field] += wrong and has_several
            if len({case.word_windows[word] for word in words_of if word < len(case.word_windows)}) > 1:
                tallies.append(edges)
            for tally in tallies:
                tally[0] += wrong
                tally[1] += 1
    words = sum(len(case.words) for case in train)
    labelled = sum(chunk.stop - chunk.start for case in train for chunk in case.gold)
    return DataStatistics(
        documents={name: len(cases) for name, cases in splits.items()},
        vendors={name: dict(Counter(case.group for case in cases if case.group)) for name, cases in splits.items()},
        languages={name: dict(Counter(c.language for c in cases if c.language)) for name, cases in splits.items()},
        fields={name: _fields(cases) for name, cases in splits.items()},
        outside=1 - labelled / words if words else 0.0,
        near_duplicates=(len(near_duplicates(train, evaluated)), len(evaluated)),
        low_ocr=(sum(_ocr(case) < LOW_OCR for case in train), len(train)),
        truncated=(sum(case.truncated for case in evaluated), len(evaluated)),
        suspects=(len(suspects(evaluated)), len(evaluated)),
        several_lines=(several_lines[0], several_lines[1]),
        one_line=(one_line[0], one_line[1]),
        window_edges=(edges[0], edges[1]),
        windowed=(sum(case.windows > case.page_count for case in evaluated), len(evaluated)) if predicted else (0, 0),
        torn=(
            sum(torn(case, i, i + 1) for case in train for i in range(len(case.boxes) - 1)),
            sum(len(case.boxes) for case in train),
        ),
        wrong_lines=+wrong_lines,
        vendor_errors={name: (wrong, of) for name, (wrong, of) in sorted(by_vendor.items()) if name},
    )


def _ocr(case: Case) -> float:
    return sum(case.confidences) / len(case.confidences) if case.confidences else 1.0


def _fields(cases: Iterable[Case]) -> dict[str, FieldData]:
    labels: Counter[str] = Counter()
    documents: defaultdict[str, set[int]] = defaultdict(set)
    vendors: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        for (name, *_), *_ in values(case, case.gold):  # an address on two lines is one label, as on the tune screen
            labels[name] += 1
            documents[name].add(case.document)
            vendors[name].add(case.group)
    return {name: FieldData(labels[name], len(documents[name]), len(vendors[name])) for name in sorted(labels)}


def near_duplicates(train: Sequence[Worded], evaluated: Sequence[Worded]) -> list[tuple[int, int]]:
    """(evaluated document, training document) pairs that are almost the same text when digits do not count.

    Compared by the smallest hashes of their word triples (a bottom-k sketch): quick, and blind to order and length
    beyond that. Documents of fewer than ten words are never alike. The import asks something else
    (`exchange.duplicates`: one page read twice), for which the numbers count most.
    """
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for position, case in enumerate(train):
        for value in _sketch(case):
            holders[value].append(position)
    alike = []
    for case in evaluated:
        sketch = _sketch(case)
        shared = Counter(position for value in sketch for position in holders.get(value, ()))
        if shared:
            position, count = min(shared.items(), key=lambda item: (-item[1], item[0]))
            if count >= _ALIKE * len(sketch) and train[position].document != case.document:
                alike.append((case.document, train[position].document))
    return alike


def _sketch(case: Worded) -> list[int]:
    words = [re.sub(r"\d", "0", word).casefold() for word in case.words]
    if len(words) < 10:
        return []
    return sorted({crc32(" ".join(words[i : i + 3]).encode()) for i in range(len(words) - 2)})[:_SKETCH]
