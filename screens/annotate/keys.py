"""The keys of the annotate screen in the default preset: (id, keys, action, what it does), and what acts they are.

Letters that a schema may use for its fields (see workbench/fields/schema.py) stay free: only a, e, f, g, h, x and
capitals are taken here. A field's key wins over a binding of the same character.
"""

from collections.abc import Awaitable, Callable, Mapping

from textual.message import Message

from screens.base import ErrorWalk
from screens.widgets.status_lines import Hint
from workbench.annotation.session import AnnotationSession

Work = Callable[[AnnotationSession], object]
"""What is to be done with the session."""


class Act(Message):
    """Do this with the session. A pane posts it to the screen, which commits it and shows what changed.

    Args:
        work: what.
        hint: for the hint line, afterwards.
    """

    def __init__(self, work: Work, hint: Hint | None = None) -> None:
        super().__init__()
        self.work, self.hint = work, hint


ANNOTATE: tuple[tuple[str, str, str, str], ...] = (
    ("document.accept", "a", "accept", "Accept the document with its labels, without what is open, and go on"),
    (
        "document.accept-all",
        "A",
        "accept_all",
        "Accept what is sure in view; with nothing left open, the document, and go on",
    ),
    ("document.next", "J,ctrl+down", "go(1)", "Next document; this one stays as it is"),
    ("document.previous", "K,ctrl+up", "go(-1)", "Previous document"),
    ("document.next-open", "D", "go_open", "Next document that is not labelled, skipped or unusable yet"),
    (
        "document.skip",
        "S",
        "set_aside('skipped')",
        "Skip the document and go to the next; a skipped one is reopened",
    ),
    ("document.unusable", "U", "set_aside('unusable')", "Mark the document as unusable, and go to the next"),
    ("document.flag", "f", "ask('note')", "Flag the document with a note"),
    (
        "document.absent",
        "M",
        "session('mark_missing_absent')",
        "Mark empty fields as not there; again: those whose known value is not printed",
    ),
    (
        "label.confirm",
        "enter",
        "session('confirm')",
        "Accept the suggestion; label with the current field; select the label's words",
    ),
    (
        "label.add",
        "ampersand",
        "session('add')",
        "Add a value to the current field: the selected words, or the next other one",
    ),
    ("label.reject", "x", "session('reject')", "Reject the suggestion or remove the label under the cursor"),
    (
        "label.clear",
        "backspace,delete",
        "session('clear')",
        "Remove the labels of the selected words, or the one under the cursor",
    ),
    (
        "label.absent",
        "N",
        "session('mark_absent')",
        "Mark the field in hand as not there; a class field: cannot say",
    ),
    ("label.correct", "e", "ask('word')", "Correct the text of the word; the original is kept"),
    (
        "words.space",
        "vertical_line",
        "ask('spaces')",
        "Split the word, or join the selected words",
    ),
    ("words.order", "number_sign", "session('order_line')", "Put the words of the line in reading order"),
    ("label.find", "slash", "find", "Find a value and select it: 1234.5 finds 1,234.50"),
    ("label.template", "C", "template", "Suggest labels as on a similar document of this vendor"),
    ("suggestion.next", "tab", "session('next_suggestion')", "Next suggestion, the least sure first"),
    ("suggestion.previous", "shift+tab", "session('previous_suggestion')", "Previous suggestion"),
    ("suggestion.known", "W", "session('take_known')", "Take the known value instead of the suggestion"),
    (
        "suggestion.accept-visible",
        "plus",
        "accept_visible",
        "Accept what is sure in view; after A: values ≠ known, too",
    ),
    ("suggestion.review", "R", "review", "Review: open every document at its least sure suggestion (on or off)"),
    ("span.end-more", "full_stop", "adjust(True, True, False)", "Add the next word to the label"),
    ("span.end-less", "comma", "adjust(False, True, False)", "Drop the last word of the label"),
    ("span.start-more", "less_than_sign", "adjust(True, False, False)", "Add the word before the label"),
    ("span.start-less", "greater_than_sign", "adjust(False, False, False)", "Drop the first word of the label"),
    ("span.line-more", "right_square_bracket", "adjust(True, True, True)", "Add the next line to the label"),
    ("span.line-less", "left_square_bracket", "adjust(False, True, True)", "Drop the last line of the label"),
    ("span.line-before", "left_curly_bracket", "adjust(True, False, True)", "Add the line before the label"),
    ("span.line-after", "right_curly_bracket", "adjust(False, False, True)", "Drop the first line of the label"),
    ("select.left", "shift+left", "move('left', True)", "Select to the left"),
    ("select.right", "shift+right", "move('right', True)", "Select to the right"),
    ("select.up", "shift+up", "move('up', True)", "Select upwards"),
    ("select.down", "shift+down", "move('down', True)", "Select downwards"),
    ("select.line-start", "shift+home", "move('line-start', True)", "Select to the start of the line"),
    ("select.line-end", "shift+end", "move('line-end', True)", "Select to the end of the line"),
    ("select.phrase", "L", "session('select_line')", "Select the line up to a wide gap; again: the line below too"),
    ("select.block", "B", "session('select_block')", "Select the block of lines from here down"),
    ("select.toggle", "space", "session('toggle')", "Add the word to the selection, or remove it"),
    ("select.none", "escape", "session('let_go')", "Drop the selection; again: the current field too"),
    ("move.left", "left", "move('left')", "Word to the left"),
    ("move.right", "right", "move('right')", "Word to the right"),
    ("move.up", "up", "move('up')", "Nearest word of the line above"),
    ("move.down", "down", "move('down')", "Nearest word of the line below"),
    ("move.phrase-left", "ctrl+left", "move('phrase-left')", "Phrase to the left"),
    ("move.phrase-right", "ctrl+right", "move('phrase-right')", "Phrase to the right"),
    ("move.line-start", "home", "move('line-start')", "Start of the line"),
    ("move.line-end", "end", "move('line-end')", "End of the line"),
    ("move.start", "ctrl+home", "move('start')", "Start of the page"),
    ("move.end", "ctrl+end", "move('end')", "End of the page"),
    ("move.page-before", "ctrl+pageup", "move('page-before')", "Previous page"),
    ("move.page-after", "ctrl+pagedown", "move('page-after')", "Next page"),
    ("move.screen-up", "pageup", "screenful(-1)", "A screenful up"),
    ("move.screen-down", "pagedown", "screenful(1)", "A screenful down"),
    ("move.like", "g", "session('next_like')", "Next word that looks like a value of the current field"),
    ("move.like-back", "G", "session('previous_like')", "Previous such word"),
    (
        "page.turn",
        "at",
        "change('turn')",
        "Turn a page that OCR read sideways, and read it again",
    ),
    (
        "history.undo",
        "ctrl+z,Z",
        "undo",
        "Undo your latest act, also after a restart; goes to its document",
    ),
    ("history.redo", "ctrl+y,Y", "session('redo')", "Redo"),
    ("history.show", "h", "history", "History: who did what, and when"),
    ("view.zoom-in", "equals_sign", "view('closer')", "More space between the words"),
    ("view.zoom-out", "minus", "view('further')", "Less space between the words"),
    (
        "view.picture",
        "P",
        "view('picture')",
        "Show the page as text, beside its picture, or as a picture alone, in turn",
    ),
    ("view.fit", "I", "view('fit')", "Picture: the region around the cursor, the width of the page, the whole page"),
    ("view.open", "H", "view('open')", "Open the page in the system's viewer"),
    ("view.hide-list", "backslash", "view('hide_list')", "Hide the document list, or show it again"),
    ("view.list", "O", "list", "Go to the document list"),
    ("error_walk.next", "E", "error_walk('next_error')", "Next error of the errors screen"),
    ("error_walk.confirm", "V", "error_walk('confirm_error')", "The label is right and the model is wrong; next error"),
    ("error_walk.queue", "Q", "error_walk('queue_error')", "Add the document to the relabel queue; next error"),
    ("fields.change", "T", "change('fields')", "Fields: add, rename and retire them, change their keys and colours"),
    ("list.filter", "F", "filter", "Choose which documents the list shows"),
)

SIGNS = (
    ("a field's key", "takes its suggestion as shown, else labels the likeliest place; pressed again the next place"),
    ("t9.00", "a label: the key of its field stands before it, in the field's colour"),
    (
        "t9.00 80%",
        "a suggestion, underlined, and how sure the model is; without space for the figure only in the panel",
    ),
    (
        "known 98% ?",
        "the suggested place of a value that is known; ≠ known: what is suggested or labelled differs from it",
    ),
    ("¹ ² ³", "where the field's key labels when it is pressed 1, 2 or 3 times more"),
    ("✓ ? · ∅ !", "of a field: labelled, suggested, empty, not on the document, with a value that does not fit"),
    ("· ◐ ✓ » ✗", "of a document: new, begun, labelled, skipped, unusable"),
    (
        "12? 4✓ ≠! ⚑",
        "of a document: 12 open suggestions, 4 labels, one ≠ known value, a value that does not fit, a note",
    ),
    ("phrase", "words of a line without a wide gap"),
    ("current field", "the field whose key was pressed last, marked ▸ in the panel"),
)
"""What is seen on the page, in the panel and in the list, for the help."""

SESSION_ACTS: Mapping[str, Work] = {
    "confirm": lambda session: session.confirm(),
    "add": lambda session: session.field_key.add(),
    "reject": lambda session: session.reject(),
    "clear": lambda session: session.clear(),
    "mark_absent": lambda session: session.mark_absent(),
    "mark_missing_absent": lambda session: session.document_acts.mark_missing_absent(),
    "next_suggestion": lambda session: session.next_suggestion(),
    "previous_suggestion": lambda session: session.next_suggestion(-1),
    "take_known": lambda session: session.take_known(),
    "select_line": lambda session: session.cursor.select_line(),
    "select_block": lambda session: session.cursor.select_block(),
    "toggle": lambda session: session.cursor.toggle(),
    "order_line": lambda session: session.order_line(),
    "let_go": lambda session: session.let_go(),
    "next_like": lambda session: session.next_like(),
    "previous_like": lambda session: session.next_like(backwards=True),
    "redo": lambda session: session.document_acts.redo(),
}
"""What the action `session(name)` does."""

ERROR_WALK_ACTS: Mapping[str, Callable[[ErrorWalk], Awaitable[None]]] = {
    "next_error": lambda walk: walk.next_error(),
    "confirm_error": lambda walk: walk.confirm_error(),
    "queue_error": lambda walk: walk.queue_error(),
}
"""What the action `error_walk(name)` does."""


def work_of_letter(character: str, session: AnnotationSession) -> Work | None:
    """What a letter does that is the key of an option or a field; None where it is no such key."""
    if session.classes.takes(character):
        return lambda session: session.classes.press(character)
    fields = () if session.classes.only else session.schema.spans
    field = next((field for field in fields if field.key == character), None)
    return None if field is None else lambda session: session.field_key.press(field)
