"""What is offered on a document, and whether the learner may replace it. Pure."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from storage.records import KNOWN_SOURCES, Content, Decision, State, Suggestion
from storage.suggestions import leading
from workbench.annotation.review import NEAR_MISS
from workbench.live.record import Outcome
from workbench.runs.suggestions_file import Proposal
from workbench.training.learner.readers import Values

TEMPLATE = "template"


def is_untouched(content: Content) -> bool:
    """Whether nothing was decided about a document, and no suggestions were asked for on it by hand."""
    own = {TEMPLATE, NEAR_MISS}
    return content.document.state is State.NEW and not any(
        s.decision is not Decision.OPEN or s.run in own for s in content.suggestions
    )


def differs(content: Content, proposals: list[Proposal]) -> bool:
    """Whether proposals are others than what a document has; a little surer or less sure is no other."""
    stored = {(s.field, s.tokens, round(s.confidence, 1)) for s in content.suggestions if s.run not in KNOWN_SOURCES}
    known = {(s.field, s.tokens) for s in content.suggestions if s.run in KNOWN_SOURCES}
    return stored != {(f, tuple(w), round(sure, 1)) for f, w, sure in proposals if (f, tuple(w)) not in known}


def shown(offered: tuple[Suggestion, ...]) -> Values:
    """What was offered on a document first, whatever was decided about it."""
    undecided = [replace(suggestion, decision=Decision.OPEN) for suggestion in offered]
    return {s.field: (s.tokens, s.confidence) for s in sorted(leading(undecided), key=lambda s: s.confidence)}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the readers of the record, and "shown", said of a document before anything was learned from it.

    Attributes:
        values: reader -> what it took the values to be.
        fields: those that had labels then, in whatever document.
    """

    values: Mapping[str, Values]
    fields: frozenset[str]

    def outcomes(self, gold: Mapping[str, Set[tuple[int, ...]]], fields: Set[str]) -> dict[str, Outcome]:
        """Field -> who was right about it, by the document's labels.

        Args:
            gold: field -> the words of each of its labels.
            fields: of the schema.
        """
        outcomes = {}
        for name in (self.fields | gold.keys()) & fields:
            values = gold.get(name, frozenset())
            words = {reader: value.get(name, ((), 0.0))[0] for reader, value in self.values.items()}
            if values or any(words.values()):
                right = {reader: (w in values) if values else not w for reader, w in words.items()}
                again = right["remembered"] if words["remembered"] else None
                outcomes[name] = Outcome(right["base"], right["head"], right["shown"], again, bool(words["head"]))
        return outcomes
