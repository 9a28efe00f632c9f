"""What a session has in hand between two keys, and the immutable view of it that widgets and hints are drawn from."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from storage.exceptions import WAITING
from storage.records import Annotations, Content, Decision, Span, State, Suggestion
from storage.suggestions import leading
from workbench.annotation.classes.states import NO_CLASSES, ClassView
from workbench.annotation.cursor import Cursor
from workbench.annotation.editor import Editor
from workbench.fields import Field, checks
from workbench.locate.places import LikelyPlaces


@dataclass(frozen=True, slots=True)
class Proposals:
    """The places that a field's key steps through, and which one is labelled now."""

    field: str
    likely: LikelyPlaces
    now: int
    span: Span
    gone_to: bool = False  # the field's key went to this label and did nothing else
    moved: bool = False  # the cursor left it: the field's key labels where the cursor is

    @property
    def places(self) -> tuple[tuple[int, ...], ...]:
        """The token ids of each."""
        return self.likely.places

    @property
    def likelihood(self) -> float | None:
        """That the labelled place is right, 0..1; None where the label was changed by hand."""
        return self.likely.likelihoods[self.now] if self.span.tokens == self.places[self.now] else None


@dataclass(frozen=True, slots=True)
class OfferedPlace:
    """The best place of the armed field, offered and not labelled: it is unlikely, or another was just rejected."""

    tokens: tuple[int, ...]
    likelihood: float  # 0..1
    pointed_at: bool = False  # the cursor went there: Enter labels it, too
    rejected: bool = False  # a person rejected it before
    suggested_as: str | None = None  # the field that has it as its suggestion, which it would lose


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
    offered: OfferedPlace | None = None  # the field's key labels it when it is pressed again
    adding: bool = False  # the next field key adds a value instead of replacing one
    building: Span | None = None  # the label whose words were chosen last, one by one
    rejected: Suggestion | None = None  # by the last act
    classes: ClassView = NO_CLASSES

    @property
    def untouched(self) -> bool:
        """Whether no label, suggestion or decision says where a field's value is."""
        state = self.content.annotations
        return not (
            state.spans or state.classes or state.absent or self.open_suggestions or state.state is State.LABELLED
        )

    @property
    def label(self) -> Span | None:
        """The label under the cursor."""
        if self.cursor is None:
            return None
        return next((s for s in self.content.annotations.spans if self.cursor in s.tokens), None)

    @property
    def is_corrected(self) -> bool:
        """Whether the label under the cursor was just made longer or shorter."""
        return self.building is not None and self.label == self.building and not self.pointed

    @property
    def is_at_one_of_several(self) -> bool:
        """Whether the armed field's key went to one of the several labels that it has."""
        here = self.label
        if here is None or here.field != self.armed or self.proposals is not None or self.pointed or self.selection:
            return False
        return sum(span.field == self.armed for span in self.content.annotations.spans) > 1

    def can_label_cursor(self, field: Field) -> bool:
        """Whether the cursor's word can be a field's value: it was gone to by hand, or no other label and no check of
        the field speaks against it.
        """
        if self.cursor is None or self.pointed:
            return self.pointed
        if self.label is not None:
            return self.label.field == field.id
        return checks.acceptable(field.id, field.type, self.content.tokens[self.cursor].text)

    @property
    def open_suggestions(self) -> tuple[Suggestion, ...]:
        """Open suggestions, as `storage.suggestions.leading` has them, the least sure first."""
        offered = leading(self.content.suggestions, self.content.annotations.spans)
        return tuple(sorted(offered, key=lambda s: (s.confidence, s.id)))

    @property
    def suggestion(self) -> Suggestion | None:
        """The focused suggestion, or the one under the cursor."""
        if self.focus is not None:
            return self.focus
        return next((s for s in self.open_suggestions if self.cursor in s.tokens), None)


@dataclass(slots=True)
class SessionState:
    """Shared by the parts of a session. It holds no cursor: the cursor reports to it.

    Attributes:
        editor: the document.
        armed: id of the field whose key was pressed last.
        proposals: the places that this key steps through.
        offered: what the armed field's key labels only when pressed again.
        rejected: the suggestion that the last act rejected.
        building: the span that further words join, one by one.
        focus: id of the suggestion in hand.
        message: what the hint line says until the next key.
        pointed: the cursor was put where it is by hand.
        adding: the next field key adds a value to what its field has.
        repaired: where words were replaced: the session is of no use any more.
        class_in_hand: id of the class field whose key was pressed.
    """

    editor: Editor
    armed: str | None = None
    proposals: Proposals | None = None
    offered: OfferedPlace | None = None
    rejected: Suggestion | None = None
    building: Span | None = None
    focus: int | None = None
    message: str = ""
    pointed: bool = False
    adding: bool = False
    repaired: tuple[int, ...] = ()
    class_in_hand: str | None = None

    @property
    def content(self) -> Content:
        """The document as it is kept."""
        return self.editor.content

    @property
    def focused(self) -> Suggestion | None:
        """The suggestion in hand, while it is not decided: a model's error may have words that another label has."""
        undecided = (s for s in self.content.suggestions if s.decision is Decision.OPEN)
        return next((s for s in undecided if s.id == self.focus), None)

    def commit(self, name: str, after: Annotations) -> None:
        """Commit an act; one that a full disk refuses is shown all the same, see `Editor.unsaved`.

        Raises:
            Conflict: the document was changed elsewhere; see `Editor.act`.
        """
        self.message, self.pointed, self.rejected = "", False, None
        try:
            self.editor.act(name, after)
        except WAITING as problem:
            self.editor.hold(name, after, problem)

    def disarm(self) -> None:
        """Forget the field whose key was pressed: Enter and a click label nothing."""
        self.armed = self.proposals = self.offered = self.building = self.class_in_hand = self.rejected = None
        self.adding = False

    def release(self) -> None:
        """Forget the armed field and the focused suggestion."""
        self.disarm()
        self.focus = None

    def cursor_moved(self, token: int, pointing: bool) -> None:
        """The cursor left what was in hand: the armed field's key labels where it is now."""
        self.focus = self.rejected = None
        self.message = ""
        self.pointed = pointing
        if self.offered is not None and token not in self.offered.tokens:
            self.offered = replace(self.offered, pointed_at=False)
        if self.proposals and token not in self.proposals.span.tokens:
            self.proposals = replace(self.proposals, moved=True)

    def suggested_as(self, field: str, place: Collection[int]) -> str | None:
        """The other field whose open suggestion has no word that a place does not have."""
        others = (s for s in self.editor.open_suggestions if s.field != field)
        return next((s.field for s in others if set(place).issuperset(s.tokens)), None)

    def span_of(self, field: str, tokens: tuple[int, ...]) -> Span | None:
        """The field's label on exactly these tokens."""
        return next((s for s in self.editor.state.spans if s.field == field and s.tokens == tokens), None)

    def view(self, cursor: Cursor) -> SessionView:
        """The immutable picture of all this."""
        return SessionView(
            self.content,
            cursor.token,
            cursor.selection,
            self.armed,
            self.proposals,
            self.focused,
            self.message,
            self.pointed,
            self.offered,
            self.adding,
            self.building,
            self.rejected,
        )
