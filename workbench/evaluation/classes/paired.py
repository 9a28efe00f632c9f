"""Two class runs on the documents that both predicted: the paired bootstrap of F1, and McNemar's test."""

from pathlib import Path
from typing import Any

from workbench.evaluation import bootstrap
from workbench.evaluation.metrics import Counts
from workbench.runs import parquet
from workbench.runs.parquet import ClassCase
from workbench.runs.state import RunFolder

_ORDER = ("test", "validation")


def compare(a: Path, b: Path, on: str | None = None, resamples: int = 1000, seed: int = 0) -> dict[str, Any] | None:
    """Run B against run A. A document is known by its name and words; of documents with several options none is judged.

    Args:
        a, b: the run folders.
        on: the split; None takes the first of test and validation on which both have documents.
        resamples, seed: of the bootstrap.

    Returns:
        split, documents, differences {"micro" or class: as `bootstrap.Difference`}, mcnemar; None where the runs share
        no labelled document.
    """
    for split in (on,) if on else _ORDER:
        sides = [_judged(folder, split) for folder in (a, b)]
        shared = [key for key in sides[0] if key in sides[1] and sides[0][key].option == sides[1][key].option]
        if shared:
            pairs = [(sides[0][key], sides[1][key]) for key in shared]
            counts = ([_counts(case) for case, _ in pairs], [_counts(case) for _, case in pairs])
            differences = bootstrap.compare_counts(*counts, resamples, seed)
            return {
                "split": split,
                "documents": len(shared),
                "differences": differences,
                "mcnemar": mcnemar(
                    sum(x.predicted == x.option != y.predicted for x, y in pairs),
                    sum(x.predicted != y.option == y.predicted for x, y in pairs),
                ),
            }
    return None


def mcnemar(only_a: int, only_b: int) -> dict[str, Any]:
    """McNemar's exact test (1947): of the documents that one run alone gets right, the two-sided binomial p.

    Args:
        only_a, only_b: documents that run A, or run B, alone gets right.
    """
    from scipy.stats import binomtest

    changed = only_a + only_b
    p = float(binomtest(only_a, changed, 0.5).pvalue) if changed else 1.0
    return {"only_a_right": only_a, "only_b_right": only_b, "p_value": p}


def _judged(folder: Path, split: str) -> dict[tuple[str, tuple[str, ...]], ClassCase]:
    if not RunFolder(folder).dataset(split).is_file():
        return {}
    cases = parquet.stream_classes(folder, split)
    return {(case.name, case.words): case for case in cases if len(case.options) == 1}


def _counts(case: ClassCase) -> dict[str, Counts]:
    label, predicted = case.option or "", case.predicted
    return {
        name: Counts(int(label == predicted), int(name == predicted), int(name == label)) for name in {label, predicted}
    }
