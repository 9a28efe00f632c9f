"""All that is seen of a document at one moment: a session makes it, widgets and hints are drawn from it."""

from dataclasses import dataclass

from storage.records import Content, Decision, Span, State, Suggestion


@dataclass(frozen=True, slots=True)
class Proposals:
    """The places that a field's key steps through, and which one is labelled now."""

    field: str
    places: tuple[tuple[int, ...], ...]
    now: int
    span: Span
    moved: bool = False  # the cursor left it: the field's key labels where the cursor is


@dataclass(frozen=True, slots=True)
class SessionView:
    """All that is seen of a document at one moment."""

    content: Content
    cursor: int | None  # None on a document without tokens
    selection: frozenset[int]
    armed: str | None
    proposals: Proposals | None
    focus: Suggestion | None
    message: str
    pointed: bool = False  # the cursor was put where it is by hand: a field's key labels that word

    @property
    def untouched(self) -> bool:
        """Whether no label, suggestion or decision says where a field's value is."""
        state = self.content.annotations
        return not (state.spans or state.absent or self.open_suggestions or state.state is State.LABELLED)

    @property
    def label(self) -> Span | None:
        """The label under the cursor."""
        if self.cursor is None:
            return None
        return next((s for s in self.content.annotations.spans if self.cursor in s.tokens), None)

    @property
    def open_suggestions(self) -> tuple[Suggestion, ...]:
        """Undecided suggestions, the least sure first."""
        undecided = (s for s in self.content.suggestions if s.decision is Decision.OPEN)
        return tuple(sorted(undecided, key=lambda s: (s.confidence, s.id)))

    @property
    def suggestion(self) -> Suggestion | None:
        """The focused suggestion, or the one under the cursor."""
        if self.focus is not None:
            return self.focus
        return next((s for s in self.open_suggestions if self.cursor in s.tokens), None)
