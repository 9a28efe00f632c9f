"""What keys do with the class fields of the open document."""

from dataclasses import replace

from storage.records import Annotations, Source, State
from workbench.annotation import acts
from workbench.annotation.classes import states
from workbench.annotation.classes.states import ClassRow, ClassView, OptionRow
from workbench.annotation.session_state import SessionState
from workbench.fields import Schema


class ClassActs:
    """Labels the document as a whole.

    On a text that is only classified the options' keys work at once, and the key that decides its last class field
    accepts the document. On a page a class field's own key comes first.

    Attributes:
        went_through: the last act accepted the document: the next one can be opened.
    """

    def __init__(self, state: SessionState, schema: Schema) -> None:
        self._state = state
        self._schema = schema
        self.went_through = False

    @property
    def only(self) -> bool:
        """Whether the document is only classified."""
        return states.is_only_classified(self._state.content, self._schema)

    @property
    def view(self) -> ClassView:
        """What is seen of the class fields now."""
        listed, only = states.rows(self._state.content, self._schema), self.only
        in_hand = self._state.class_in_hand
        if in_hand is None and only:
            undecided = (row for row in listed if not row.is_decided)
            in_hand = next(undecided, listed[0]).field.id
        return ClassView(listed, only, in_hand)

    def takes(self, character: str) -> bool:
        """Whether a character is a key of an option, or of a class field."""
        view = self.view
        return self._option(view, character) is not None or self._field(view, character) is not None

    def press(self, character: str) -> None:
        """Choose the option with this key, or take the class field with it in hand."""
        view = self.view
        if (option := self._option(view, character)) is not None:
            self.choose(option)
        elif (row := self._field(view, character)) is not None:
            self._state.release()
            self._state.class_in_hand = row.field.id

    @staticmethod
    def _option(view: ClassView, character: str) -> str | None:
        options = view.row.options if view.row is not None else ()
        return next((row.option for row in options if row.key == character), None)

    @staticmethod
    def _field(view: ClassView, character: str) -> ClassRow | None:
        return next((row for row in view.rows if row.field.key == character), None)

    def choose(self, option: str, field: str | None = None) -> None:
        """Label the document with an option of the field in hand, or of another one.

        Of a field with several options it is put to the others, or taken away where it was a label already.
        """
        row = self._row(field)
        if row is None:
            return
        labels = set(row.labels) ^ {option} if row.field.multiple else {option}
        self._label(row, [name for name in row.field.options if name in labels], Source.HUMAN)

    def confirm(self) -> None:
        """Take the suggestion; where the field is decided, accept the document as it is."""
        row, view = self._row(), self.view
        if row is None:
            return
        if row.suggested:
            self._label(row, [likely.option for likely in row.suggested], Source.SUGGESTION, is_whole=True)
        elif view.only and view.is_decided:
            self._commit("finish", self._state.editor.state, is_whole=True)
        else:
            self._state.message = f"{row.field.name}: no suggestion. Press the key of an option."

    def cannot_say(self) -> None:
        """Say that the document cannot be told apart by the field in hand; again: take that back."""
        row = self._row()
        if row is None:
            return
        editor = self._state.editor
        if row.cannot_say:
            after = replace(acts.mark_absent(editor.state, row.field.id, absent=False), state=State.STARTED)
            self._state.commit("cannot-say", after)
        else:
            self._commit("cannot-say", acts.cannot_say(editor.state, row.field.id), is_whole=True)

    def clear(self) -> None:
        """Take the label of the field in hand away."""
        row = self._row()
        if row is not None:
            editor = self._state.editor
            cleared = acts.classify(editor.state, row.field.id, (), editor.annotator)
            self._state.commit("clear", replace(cleared, state=State.STARTED) if self.only else cleared)

    def accept_suggested(self, state: Annotations, fields: set[str] | None = None) -> tuple[Annotations, list[str]]:
        """The annotations with the suggestions of undecided class fields as labels, and which options these are."""
        options: list[str] = []
        for row in self.view.rows:
            if row.suggested and (fields is None or row.field.id in fields):
                names = [likely.option for likely in row.suggested]
                state = acts.classify(state, row.field.id, names, self._state.editor.annotator, Source.SUGGESTION)
                options += names
        return state, options

    def _row(self, field: str | None = None) -> ClassRow | None:
        view = self.view
        return view.row if field is None else next((row for row in view.rows if row.field.id == field), None)

    def _label(self, row: ClassRow, options: list[str], source: Source, is_whole: bool = False) -> None:
        editor = self._state.editor
        after = acts.classify(editor.state, row.field.id, options, editor.annotator, source)
        self._commit("classify", after, is_whole or not row.field.multiple)

    def _commit(self, name: str, after: Annotations, is_whole: bool) -> None:
        """Commit an act; with it the document is accepted where it decides the last class field of a text.

        Args:
            is_whole: the field is decided by the act, no further option of it is wanted.
        """
        content = self._state.content
        decided = states.ClassView(states.rows(replace(content, annotations=after), self._schema)).is_decided
        if self.only and decided and is_whole:
            after = replace(after, state=self._decided_state(after))
            self._state.commit(name, after)
            self.went_through = True
            self._state.class_in_hand = None
        else:
            self._state.commit(name, after)
            if is_whole:  # on a text the next field that is not decided comes into hand
                self._state.class_in_hand = None

    def _decided_state(self, after: Annotations) -> State:
        """A text of which nothing can be said is skipped, so that it trains nothing; a blind one is complete."""
        return State.LABELLED if after.classes or self._state.editor.blind else State.SKIPPED


def shown_probability(row: OptionRow) -> str:
    """How likely an option is, in per cent; "" where it is not known."""
    return f"{row.probability:.0%}" if row.probability is not None else ""
