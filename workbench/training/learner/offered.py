"""What is offered on a document, and whether the learner may replace it. Pure."""

from dataclasses import replace

from storage.records import KNOWN_SOURCES, Content, Decision, State, Suggestion
from storage.suggestions import leading
from workbench.annotation.review import NEAR_MISS
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
