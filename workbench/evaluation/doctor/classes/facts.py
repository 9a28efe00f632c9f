"""What the Doctor needs to know of a class run's texts: counts, texts on both sides, cut ones, labels in doubt."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.evaluation.classes.doubts import doubtful
from workbench.evaluation.doctor.data_facts import Share, near_duplicates
from workbench.runs import parquet
from workbench.runs.parquet import ClassCase, FrozenDocument
from workbench.runs.state import RunFolder

_ALIKE = 0.8  # overlap of words (Jaccard), as the import asks for


@dataclass(frozen=True, slots=True)
class ClassData:
    """Facts about the texts of a class run.

    Attributes:
        documents: side -> labelled documents.
        trained: class -> labelled training documents.
        repeated: measured documents that (almost) repeat a training document, of all that are measured.
        relabelled: of these, those whose label is another one than that of the training document.
        cut: measured documents of which the model did not see all words.
        doubtful: measured documents whose label is probably wrong; none where documents can have several classes.
    """

    documents: Mapping[str, int] = field(default_factory=dict)
    trained: Mapping[str, int] = field(default_factory=dict)
    repeated: Share = (0, 0)
    relabelled: int = 0
    cut: Share = (0, 0)
    doubtful: Share = (0, 0)


def statistics(folder: Path, split: str, *, multiple: bool) -> ClassData:
    """The facts of a run's training documents and of a measured side."""
    run = RunFolder(folder)
    train = [row for row in _stream(run, "train") if row.classes]
    measured: Sequence[ClassCase] = []
    if run.predictions.is_file():
        measured = [case for case in parquet.stream_classes(folder, split) if case.options]
    pairs = repeats(train, measured)
    labels = {row.document: set(row.classes or ()) for row in train}
    given = {case.document: set(case.options) for case in measured}
    judged = [(case.option, case.probabilities) for case in measured if case.option in case.probabilities]
    in_doubt = 0 if multiple else len(doubtful([(label, shares) for label, shares in judged if label]))
    return ClassData(
        documents={"train": len(train), split: len(measured)},
        trained=Counter(option for row in train for option in row.classes or ()),
        repeated=(len(pairs), len(measured)),
        relabelled=sum(given[own] != labels[other] for own, other in pairs),
        cut=(sum(case.truncated for case in measured), len(measured)),
        doubtful=(in_doubt, len(judged)),
    )


def repeats(train: Sequence[FrozenDocument], measured: Sequence[ClassCase]) -> list[tuple[int, int]]:
    """(measured document, training document) pairs of (almost) the same text; case and spaces do not count.

    Texts that share their wording but not their names and numbers are no pair: a split keeps these apart, too.
    """
    texts = {_text(row.words): row.document for row in reversed(train)}
    same = [(case.document, texts[text]) for case in measured if (text := _text(case.words)) in texts]
    known = {document for document, _ in same}
    alike = near_duplicates(train, [case for case in measured if case.document not in known])
    wanted = {document for pair in alike for document in pair}
    words = {row.document: set(_text(row.words).split()) for row in train if row.document in wanted}
    words |= {case.document: set(_text(case.words).split()) for case in measured if case.document in wanted}
    return same + [(a, b) for a, b in alike if len(words[a] & words[b]) >= _ALIKE * len(words[a] | words[b])]


def _text(words: Iterable[str]) -> str:
    return " ".join(words).casefold()


def _stream(run: RunFolder, split: str) -> Iterable[FrozenDocument]:
    return parquet.stream(run.dataset(split)) if run.dataset(split).is_file() else ()
