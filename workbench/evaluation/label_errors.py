"""Labels that are probably wrong: the model confidently disagrees with them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.fields import field_of_tag
from workbench.predictions.cases import NONE, Case


@dataclass(frozen=True, slots=True)
class Suspect:
    """A document whose label the model confidently disagrees with, at its worst word."""

    document: int
    name: str
    word: int
    text: str
    gold_field: str
    predicted_field: str
    agreement: float  # the model's probability of the gold field at that word, 0..1
    certainty: float  # of the predicted field
    words: int  # how many words of the document are in doubt


def suspects(cases: Sequence[Case]) -> list[Suspect]:
    """Documents with a suspected label error, the least agreement first.

    A word is in doubt when the model names another field at least as surely as it names that field where it
    is labelled (the threshold of confident learning: Northcutt et al., 2021); a document is ranked by its worst such
    word. The predictions must be of documents that the model was not trained on: of others it has learned the errors.
    """
    cases = [case for case in cases if case.agreement]
    sums: defaultdict[str, list[float]] = defaultdict(list)
    fields = {id(case): _gold_fields(case) for case in cases}
    for case in cases:
        for name, agreement in zip(fields[id(case)], case.agreement, strict=True):
            sums[name].append(agreement)
    usual = {name: sum(values) / len(values) for name, values in sums.items()}
    suspected = []
    for case in cases:
        doubts = [
            (case.agreement[word], word, gold, field_of_tag(tag) or NONE)
            for word, (gold, tag) in enumerate(zip(fields[id(case)], case.tags, strict=True))
            if (field_of_tag(tag) or NONE) != gold and case.certainty[word] >= usual.get(field_of_tag(tag) or NONE, 1.0)
        ]
        if doubts:
            agreement, word, gold, predicted = min(doubts)
            suspected.append(
                Suspect(
                    document=case.document,
                    name=case.name,
                    word=word,
                    text=case.words[word],
                    gold_field=gold,
                    predicted_field=predicted,
                    agreement=agreement,
                    certainty=case.certainty[word],
                    words=len(doubts),
                )
            )
    return sorted(suspected, key=lambda suspect: (suspect.agreement, suspect.document))


def _gold_fields(case: Case) -> list[str]:
    fields = [NONE] * len(case.agreement)
    for chunk in case.gold:
        fields[chunk.start : chunk.stop] = [chunk.field] * (chunk.stop - chunk.start)
    return fields
