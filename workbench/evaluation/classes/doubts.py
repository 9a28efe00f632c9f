"""Labels of a class field that are probably wrong: the model disagrees with them confidently."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

Judged = tuple[str, Mapping[str, float]]
"""A document's label, and the probability of every option."""


def doubtful(documents: Sequence[Judged]) -> list[int]:
    """The positions of documents with a doubtful label, the least probable label first.

    The off-diagonal of the confident joint (Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating
    Uncertainty in Dataset Labels", section 3.1): a document counts for another class when the model is at least as
    sure of that class as it is on average of the documents that have it as their label. The model must not have been
    trained on the documents: of those it has learned the errors.
    """
    sums: defaultdict[str, list[float]] = defaultdict(list)
    for label, probabilities in documents:
        sums[label].append(probabilities[label])
    usual = {label: sum(values) / len(values) for label, values in sums.items()}
    positions = []
    for position, (label, probabilities) in enumerate(documents):
        confident = [name for name, limit in usual.items() if probabilities[name] >= limit - 1e-6]
        likeliest = max(probabilities, key=lambda name: probabilities[name])
        if confident and likeliest != label and max(confident, key=lambda name: probabilities[name]) != label:
            positions.append(position)
    return sorted(positions, key=lambda position: documents[position][1][documents[position][0]])
