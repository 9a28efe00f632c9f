"""The ways of choosing what to label next. Light: what the screens show of a strategy needs no numpy.

To add a strategy, write a function `(Pool, size, random generator) -> [(index, score), …]` in a module of this package
and an entry in STRATEGIES. The function gives at most `size` different indices into the pool, the best first; the same
pool, size and seed give the same answer. tests/unit/active_learning/test_strategies.py checks that of every entry.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from storage.exceptions import UsageProblem

if TYPE_CHECKING:
    import numpy as np

    from workbench.active_learning.strategies.pool import Pool

    Function = Callable[[Pool, int, np.random.Generator], list[tuple[int, float]]]

DEFAULT = "per_cluster"
"""Doubt and difference together; of all it needed the fewest labels (docs/measurements.md, "Labels needed")."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One way of choosing.

    `needs` is what a run (or the caller) must provide: "scores", "embeddings", "groups", "dropout", "committee",
    "likes". `function` is "module:name" inside this package, imported only in the selecting process. `why` is said of
    a picked document, with its {score} and {vendor}, where its doubts alone are not why it was picked.
    """

    name: str
    title: str
    explanation: str
    needs: frozenset[str]
    function: str
    why: str = ""

    def load(self) -> "Function":
        """The function itself; imports numpy, and where it is needed scikit-learn and modAL."""
        module, _, name = self.function.partition(":")
        function: Function = getattr(import_module(f"workbench.active_learning.strategies.{module}"), name)
        return function


def _entry(name: str, function: str, needs: str, title: str, explanation: str, why: str = "") -> Strategy:
    return Strategy(name, title, explanation, frozenset(needs.split()), function, why)


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        _entry(
            DEFAULT, "diversity:per_cluster", "scores embeddings", "Unsure, one of each kind",
            "As many kinds of documents as the batch has places; of each the one whose values are most likely wrong.",
        ),
        _entry(
            "combined", "combined:combined", "scores embeddings", "Unsure and different",
            "Documents whose values are likely wrong, each unlike the labelled ones and unlike the rest of the batch.",
        ),
        _entry(
            "value_error", "uncertainty:value_error", "scores", "Likely wrong values",
            "The calibrated chance that at least one field's value is wrong or missing.",
        ),
        _entry(
            "field_weighted", "uncertainty:field_weighted", "scores", "Weak fields first",
            "Doubt about each field, weighted by how badly the model does on it; fields in focus count alone.",
        ),
        _entry(
            "least_confidence", "uncertainty:least_confidence", "scores", "Least confidence",
            "The mean over all words of how unsure the model is of its best label.",
        ),
        _entry(
            "worst_word", "uncertainty:worst_word", "scores", "Least sure word",
            "Documents by their one least sure word; also finds wrong labels well.",
        ),
        _entry(
            "margin", "uncertainty:margin", "scores", "Smallest margin",
            "How near the second-best label comes to the best, over the words that may belong to a field.",
        ),
        _entry(
            "entropy", "uncertainty:entropy", "scores", "Entropy",
            "How spread out the labels' probabilities are, over the words that may belong to a field.",
        ),
        _entry(
            "mnlp", "uncertainty:mnlp", "scores", "Sequence confidence (MNLP)",
            "The log-probability of the whole labelling, divided by the document's length.",
        ),
        _entry(
            "bald", "uncertainty:bald", "dropout", "Disagreement under dropout (BALD)",
            "Where the model contradicts itself when parts of it are switched off at random.",
            "contradicts itself when parts are switched off ({score:.3f})",
        ),
        _entry(
            "committee", "uncertainty:committee", "committee", "Committee of runs",
            "Where several runs put a field's value in different places.",
            "the runs disagree on it ({score:.2f})",
        ),
        _entry(
            "ranked_batch", "diversity:ranked_batch", "scores embeddings", "Ranked batch (modAL)",
            "Trades being unlike what is labelled or picked already against doubt, one document after the other.",
        ),
        _entry(
            "density", "diversity:density", "scores embeddings", "Unsure and typical (modAL)",
            "Doubt times information density: unsure documents that stand for many others.",
        ),
        _entry(
            "k_centre", "diversity:k_centre", "embeddings", "Cover the pool",
            "The documents furthest from everything labelled or picked so far, whatever the model thinks.",
            "unlike all that is labelled or picked ({score:.2f})",
        ),
        _entry(
            "per_vendor", "uncertainty:per_vendor", "scores groups", "One per vendor",
            "The least sure document of each vendor in turn.",
            "vendor {vendor}",
        ),
        _entry(
            "similar", "diversity:similar", "embeddings likes", "More like these",
            "The pool's nearest documents to the ones you chose, such as a cell of the errors screen.",
            "like what you chose ({score:.2f})",
        ),
        _entry(
            "random", "uncertainty:at_random", "", "Random",
            "The control: any other strategy has to beat it.",
            "drawn at random",
        ),
    )
}  # fmt: skip


CLASS_ONLY: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        _entry(
            "typical", "coverage:typical", "embeddings", "Typical of each kind",
            "The texts that most others are like, each of another kind. Needs no model.",
            "{score:.0%} of the texts are likest to it",
        ),
        _entry(
            "class_balance", "uncertainty:class_balance", "scores", "Rare classes first",
            "Documents that are likely of the classes with the fewest labels.",
        ),
    )
}  # fmt: skip
"""Further strategies where documents are classified."""

FOR_CLASSES: dict[str, str] = {
    DEFAULT: "Unsure texts that many other unsure ones are like, each of another kind and unlike all with a label.",
    "margin": "The smallest gap between the two likeliest classes.",
    "least_confidence": "The lowest probability of the likeliest class.",
    "entropy": "The probabilities spread out most over the classes.",
    "bald": STRATEGIES["bald"].explanation,
    "class_balance": CLASS_ONLY["class_balance"].explanation,
    "combined": "Texts whose class is unsure, each unlike the labelled ones and unlike the rest of the batch.",
    "ranked_batch": STRATEGIES["ranked_batch"].explanation,
    "density": STRATEGIES["density"].explanation,
    "k_centre": STRATEGIES["k_centre"].explanation,
    "similar": "The pool's nearest texts to the ones you chose.",
    "typical": CLASS_ONLY["typical"].explanation,
    "random": STRATEGIES["random"].explanation,
}
"""The strategies that choose documents to classify, and what each takes."""

_OF_CLASSES = {DEFAULT: "coverage:unsure_typical"}
"""Functions that choose documents to classify, where they are other ones."""

CLASSES_UNLEARNED = ("typical", "random")
"""Those of them that need no model."""

CLASSES_BY_TEXTS = ("typical", DEFAULT)
"""Those of them that look at the texts where no run has ended: with labels the default asks what they tell by now."""


def of_task(kind: str) -> list[Strategy]:
    """The strategies of a task ("tokens" or "classes")."""
    if kind != "classes":
        return list(STRATEGIES.values())
    return [get(name, kind) for name in FOR_CLASSES]


def get(name: str, task: str = "") -> Strategy:
    """The strategy of this name.

    Args:
        name: its name.
        task: "tokens" or "classes", where only those of one will do.

    Raises:
        UsageProblem: there is none, or it is not for the task.
    """
    known = STRATEGIES | CLASS_ONLY
    able = list(FOR_CLASSES if task == "classes" else STRATEGIES if task else known)
    if name not in able:
        purpose = {"tokens": " for fields on words", "classes": " for classes"}.get(task, "") if name in known else ""
        raise UsageProblem(f"There is no strategy '{name}'{purpose}.", f"Choose one of: {', '.join(able)}.")
    strategy = known[name]
    if task != "classes":
        return strategy
    return replace(strategy, explanation=FOR_CLASSES[name], function=_OF_CLASSES.get(name, strategy.function))
