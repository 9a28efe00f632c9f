"""The texts of a cell of a class run's tables: a list with what was done about each, and the text under the cursor."""

from collections.abc import Mapping, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from workbench.evaluation.classes.errors import ClassItem, Key
from workbench.evaluation.error_review import Verdict

_MOST = 1000  # texts that are listed of a cell
_SIGNS = {Verdict.OPEN: " ", Verdict.FIXED: "✎", Verdict.QUEUED: "»", Verdict.CONFIRMED: "=", None: "·"}
_LEAST = 0.01  # the change of a probability from which on a word says something
_STYLES = ((0.5, "bold underline $error"), (0.2, "underline $error"))  # from this part of the strongest weight on
_DONE = {Verdict.FIXED: "relabelled", Verdict.CONFIRMED: "confirmed", Verdict.QUEUED: "queued"}


class ClassTexts(Vertical):
    """Lists `ClassItem`s. Posts `Pointed` when the cursor is on another one, `Chosen` when one is to be opened."""

    DEFAULT_CSS = """
    ClassTexts {
        #class-title { height: 1; padding: 0 1; background: $panel; }
        #class-text { height: auto; max-height: 45%; padding: 0 1; background: $surface; border-top: hkey $panel; }
        #class-words { height: auto; }
        OptionList {
            height: 1fr; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        OptionList:focus { border: none; background-tint: $foreground 0%; }
    }
    """

    class Pointed(Message):
        """The cursor is on another text."""

    class Chosen(Message):
        """The text under the cursor is to be opened."""

    def __init__(self) -> None:
        super().__init__(id="class-right")
        self.items: Sequence[ClassItem] = ()
        self.verdicts: dict[Key, Verdict | None] = {}
        self.heading = ""

    def compose(self) -> ComposeResult:
        yield Static(id="class-title")
        yield OptionList(id="class-texts")
        with VerticalScroll(id="class-text", can_focus=False):
            yield Static(id="class-words")

    @property
    def list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def item(self) -> ClassItem | None:
        """The text under the cursor of the list."""
        at = self.list.highlighted
        return self.items[at] if at is not None and at < len(self.items) else None

    def show(self, items: Sequence[ClassItem], heading: str) -> None:
        """List texts; the cursor stays on the text that it is on, where that is among them."""
        before = self.item
        self.items, self.heading = items[:_MOST], heading
        self.list.clear_options()
        self.list.add_options([Option(self._line(item)) for item in self.items])
        if self.items:
            keys = [item.key for item in self.items]
            self.list.highlighted = keys.index(before.key) if before is not None and before.key in keys else 0
        self._title()
        self._explain()

    def mark(self, verdicts: Mapping[Key, Verdict | None]) -> None:
        """Show what was done about texts."""
        changed = {key for key, verdict in verdicts.items() if self.verdicts.get(key) is not verdict}
        self.verdicts.update(verdicts)
        for at, item in enumerate(self.items):
            if item.key in changed:
                self.list.replace_option_prompt_at_index(at, self._line(item))
        self._title()

    def step(self, by: int) -> bool:
        """Go to the next text of the list that nothing was done about; False at the end."""
        at = (self.list.highlighted if self.list.highlighted is not None else -1) + by
        while 0 <= at < len(self.items) and self.verdicts.get(self.items[at].key):
            at += by
        if not 0 <= at < len(self.items):
            return False
        self.list.highlighted = at
        return True

    def _title(self) -> None:
        done = [self.verdicts.get(item.key) for item in self.items]
        counts = "".join(f" · {done.count(kind)} {name}" for kind, name in _DONE.items() if kind in done)
        text = Content.assemble((self.heading, "bold"), f" · {len(self.items)}{counts}")
        self.query_one("#class-title", Static).update(text)

    def _line(self, item: ClassItem) -> Content:
        verdict = self.verdicts.get(item.key)
        style = "$text-muted" if verdict else ""
        return Content.assemble((f"{_SIGNS[verdict]} {item.probability:4.0%} ", "$accent"), (item.text, style))

    def _explain(self) -> None:
        item = self.item
        line = self.query_one("#class-words", Static)
        if item is None:
            line.update("This cell has no texts.")
        else:
            facts = f"{item.name}: labelled {item.label} ({item.of_label:.0%}), taken for {item.predicted} "
            legend = ("\nUnderlined: speaks for it. Italic: against it.", "$text-muted") if item.weights else ""
            head = (f"{facts}({item.probability:.0%})\n", "$text-muted")
            line.update(Content.assemble(head, *_marked(item), legend))
        self.post_message(self.Pointed())

    @on(OptionList.OptionHighlighted)
    def _text_pointed(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._explain()

    @on(OptionList.OptionSelected)
    def _text_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Chosen())


def _marked(item: ClassItem) -> list[str | tuple[str, str]]:
    """The text, with the words marked that speak for the prediction or against it."""
    most = max(map(abs, item.weights), default=0.0)
    if most < _LEAST:
        return [item.text]
    parts: list[str | tuple[str, str]] = []
    at = 0
    for word, weight in zip(item.words, item.weights, strict=True):
        start = item.text.index(word, at)
        style = next((style for least, style in _STYLES if weight / most >= least), "")
        if weight / most <= -_STYLES[-1][0]:
            style = "italic $success"
        parts += [item.text[at:start], (word, style) if style else word]
        at = start + len(word)
    return [*parts, item.text[at:]]
