"""The sheet screen: many texts at once; one key labels the one under the cursor, or all that are selected."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from screens.base import ModeScreen, taken_from
from screens.keys import bindings, key_label
from screens.navigation import OpenDocument, Request, ShowSheet
from screens.sheet.heading import heading
from screens.sheet.keys import SHEET, SIGNS
from screens.sheet.text_list import TextList
from screens.widgets.dialogs import Choice as ChoiceDialog
from screens.widgets.dialogs import Prompt
from storage import document_list, label_queries
from storage.document_list import Filter
from storage.exceptions import InputProblem
from storage.records import Source
from workbench.annotation.classes import label_many, sheet, similarity
from workbench.annotation.classes.label_many import Choice, Labelled
from workbench.annotation.classes.sheet import Order, SheetRow, Show
from workbench.annotation.classes.states import OPTION_KEYS
from workbench.fields import Field
from workbench.fields.plain_text import counted

SURE = 0.9
"""From which probability on suggestions are taken together, at first."""


class SheetScreen(ModeScreen):
    """Lists texts with what each is, or is taken for, by one class field."""

    mode = "sheet"
    CSS_PATH = "sheet.tcss"
    BINDINGS = bindings(SHEET)
    HELP_SIGNS = SIGNS

    class SheetRead(Message):
        """The texts were read, or put into another order."""

        def __init__(self, rows: dict[int, SheetRow], ids: list[int], field: Field, keep: int | None) -> None:
            super().__init__()
            self.rows, self.ids, self.field, self.keep = rows, ids, field, keep

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, SheetRow] = {}
        self._open = 0  # of the rows; kept, as counting 100,000 takes longer than a key may
        self.field: Field | None = None
        self.order: Order | None = None  # None: surest first where a run read the texts, else as imported
        self.show = Show.OPEN
        self.threshold = SURE
        self._words = ""  # only texts with these words
        self._only: tuple[int, ...] | None = None  # only these documents
        self._of = ""  # what these documents are
        self._done: list[Labelled] = []
        self._message = ""
        self._arrived = ""  # the message after the cursor's next move
        self._in_view: set[int] = set()  # documents: what is suggested for them changes with a label alone

    def body(self) -> ComposeResult:
        yield Static(id="heading")
        yield TextList(self.workspace.db)
        yield Static(id="whole")

    @property
    def texts(self) -> TextList:
        return self.query_one(TextList)

    def on_mount(self) -> None:
        self.texts.focus()
        self.look()

    def on_screen_resume(self) -> None:
        """Texts may have been labelled meanwhile, or a run has read them."""
        super().on_screen_resume()
        if self.field is not None:
            self.look(keep=self.texts.document)

    def fields_changed(self) -> None:
        self.look(keep=self.texts.document)

    def others_wrote(self) -> None:
        self._reread(list(self._in_view))

    def receive(self, request: Request) -> None:
        match request:
            case ShowSheet():
                self._only, self._of, self._words = request.documents, request.title, ""
                self.show, self.order = Show.ALL, Order.LIST
                self.field = self.workspace.schema.get(request.field) or self.field
                self.look()
            case _:
                super().receive(request)

    def look(self, keep: int | None = None) -> None:
        """Read the texts in the background; the cursor goes to `keep`."""
        known = {field.id: field for field in self.workspace.schema.classes}
        self.field = known.get(self.field.id if self.field else "") or next(iter(known.values()), None)
        if self.field is None:
            self._show_nothing()
        else:
            if not self.rows:
                self.query_one("#heading", Static).update("Reading the texts …")
            self.read_in_background(partial(self._read, self.field, keep), "look")

    def _read(self, field: Field, keep: int | None) -> None:
        with self.workspace.db.read() as connection:
            rows = sheet.read(connection, field, self._only)
            if self._only is not None:
                rows = {number: rows[number] for number in self._only if number in rows}
            if self._words:
                listed = set(document_list.ids(connection, Filter(text=self._words)))
                rows = {number: row for number, row in rows.items() if number in listed}
        self._arrange(rows, field, keep)

    def _arrange(self, rows: dict[int, SheetRow], field: Field, keep: int | None) -> None:
        """In a thread: filter and sort."""
        near: Mapping[int, float] = {}
        if self.order is Order.SIMILARITY and keep is not None:
            with self.workspace.db.read() as connection:
                bodies = label_queries.bodies(connection, list(rows))
            near = {**similarity.nearness(bodies, keep), keep: float("inf")}  # equal texts come after it
        ids = sheet.arranged(rows, self.show, self.order or self._usual(rows), near)
        self.post_message(self.SheetRead(rows, ids, field, keep))

    @staticmethod
    def _usual(rows: Mapping[int, SheetRow]) -> Order:
        return Order.PROBABILITY if any(row.likely for row in rows.values()) else Order.LIST

    def on_sheet_screen_sheet_read(self, event: SheetRead) -> None:
        if event.field != self.field:
            return  # another was chosen meanwhile, whose texts are being read
        self.rows = sheet.newest(event.rows, self.rows if self.texts.field == event.field else {})
        self._open = _opened(self.rows.values())
        self.order = self.order or self._usual(self.rows)
        self.texts.show(self.rows, event.ids, event.field, event.keep)
        self.texts.redraw(self.threshold)
        self._in_view = set(self.texts.in_view())
        self.workbench.live.look(self.texts.document, self.texts.coming())
        self.refresh_status()

    def _show_nothing(self) -> None:
        keys = f"{self.key_of('mode.annotate')}, then {key_label(self.workbench.keys.get('fields.change', 'T'))}"
        self.query_one("#heading", Static).update(Content(f"No class field. Add one in the annotate screen: {keys}."))
        self.hint("Texts are labelled here by what they are.", (self.key_of("mode.annotate"), "fields on words"))
        self.facts("no class field")

    @on(TextList.Moved)
    def _cursor_moved(self) -> None:
        self._message, self._arrived = self._arrived, ""
        in_view = self.texts.in_view()
        if new := [number for number in in_view if number not in self._in_view and number in self.rows]:
            self._reread(new)  # the learner may have written since
        self._in_view = set(in_view)
        self.refresh_status()

    def _sure(self) -> list[int]:
        """Open texts in view whose suggestion is sure enough."""
        shown = (self.rows[number] for number in self.texts.in_view())
        return [row.document for row in shown if row.is_open and row.likely and row.probability >= self.threshold]

    def refresh_status(self) -> None:
        """Heading, the whole text, hint and status line as things stand."""
        if self.field is None:
            return
        self.query_one("#heading", Static).update(self._heading(self.field))
        document, texts = self.texts.document, self.texts
        self.query_one("#whole", Static).update(Content(texts.text(document)) if document is not None else "")
        self.show_hint((self._message or self._lead(), self._pairs()))
        at, count = texts.place
        selected = f"{len(texts.selected)} selected" if texts.selected else ""
        self.facts(f"{at:,}/{count:,}", selected, f"{self._open:,} open")

    def _heading(self, field: Field) -> Content:
        words = f" · with “{self._words}”" if self._words else ""
        of = f" · {self._of}" if self._of else ""
        order = (self.order or Order.LIST).value
        listed = f"{self.show.value} · {order}{words}{of}"
        return heading(field, listed, self.size.width - 2, no_color=self.app.no_color)

    def _lead(self) -> str:
        if not self.texts.place[1]:
            return "No text is listed here."
        if self.texts.selected:
            return f"{counted(len(self.texts.selected), 'text')}:"
        row = self.rows.get(self.texts.document or 0)
        if row is None or row.options:
            return f"{', '.join(row.options)}." if row else ""
        return f"{row.likely} {row.probability:.0%}?" if row.likely else ""

    def _pairs(self) -> tuple[tuple[str, str], ...]:
        if not self.texts.place[1]:
            return (("sheet.show", "show others"), ("sheet.find", "find"), ("sheet.undo", "undo"))
        targets = [self.rows[number] for number in self.texts.targets if number in self.rows]
        suggested = any(row.is_open and row.likely for row in targets)
        sure = len(self._sure())
        return (
            *((("sheet.accept", "yes"),) if suggested else ()),
            *((("sheet.accept-sure", f"take the {sure} from {self.threshold:.0%} in view"),) if sure else ()),
            ("option key", "label them" if self.texts.selected else "label it"),
            ("sheet.select", "select"),
            ("sheet.sort", "sort"),
            ("sheet.show", "show others"),
            ("sheet.undo", "undo"),
            ("sheet.cannot-say", "cannot say"),
            ("sheet.open", "open"),
            ("sheet.find", "find"),
        )

    def help_notes(self) -> list[tuple[str, str]]:
        """The options' keys."""
        options = self.field.options if self.field else ()
        return [(key, option) for key, option in zip(OPTION_KEYS, options, strict=False)]

    # labelling

    def typed(self, event: events.Key) -> bool:
        """An option's key labels the selected texts, or the one under the cursor."""
        if self.field is None or not event.character:
            return False
        at = OPTION_KEYS.find(event.character)
        if not 0 <= at < len(self.field.options):
            return False
        with self.guarded():
            self._label({number: self._chosen(number, self.field.options[at]) for number in self.texts.targets})
        return True

    def _chosen(self, number: int, option: str) -> Choice:
        """The option, put to the others or taken away from them where a text can have several."""
        if self.field is None or not self.field.multiple:
            return Choice((option,))
        options = set(self.rows[number].options) ^ {option}
        return Choice(tuple(name for name in self.field.options if name in options))

    def action_accept(self) -> None:
        """Take the suggestion; of a labelled text nothing is changed, the next one comes."""
        self._take_suggested(self.texts.targets)

    def action_accept_sure(self) -> None:
        sure = self._sure()
        if not sure:
            rows = self.rows.values()
            if any(row.is_open and row.likely and row.probability >= self.threshold for row in rows):
                self.texts.page(1)
                self._arrived = f"None of {self.threshold:.0%} or more was in view: on to the next page."
            else:
                lower = self.key_of("sheet.less-sure")
                self._say(f"No suggestion of {self.threshold:.0%} or more is left: {lower} lowers that.")
            return
        self._take_suggested(sure, moves=False)
        self._say(f"{len(sure)} labelled: {self.key_of('sheet.undo')} undoes it.")

    def _take_suggested(self, documents: Sequence[int], moves: bool = True) -> None:
        rows = [self.rows[number] for number in documents]
        offered = [row for row in rows if row.is_open and row.likely]
        suggested = {row.document: Choice(row.suggested, Source.SUGGESTION) for row in offered}
        if suggested:
            self._label(suggested, moves)
        elif any(row.is_open for row in rows):
            self._say("Nothing is suggested here: press the key of an option.")
        else:
            self.texts.to_next_open()

    def action_cannot_say(self) -> None:
        self._label({number: Choice(cannot_say=True) for number in self.texts.targets})

    def action_clear(self) -> None:
        self._label({number: Choice() for number in self.texts.targets}, moves=False)

    def _label(self, choices: Mapping[int, Choice], moves: bool = True) -> None:
        """Label texts together, show it, and go on."""
        if self.field is None or not choices:
            return
        versions_shown = {number: self.rows[number].version for number in choices}
        try:
            done = label_many.label(self.workspace, self.field, choices, versions_shown)
        except InputProblem as problem:  # an option is gone
            self.workbench.show_problem(problem)
            return
        self._done.append(done)
        self._reread([*done.versions, *done.refused, *self.texts.in_view()])
        self.workbench.say_saved("saved ✓")
        self.workbench.count_progress()
        had_selection = bool(self.texts.selected)
        self.texts.let_go()
        if moves and not had_selection and not self.field.multiple:
            self.texts.to_next_open()
        self._message = ""
        self.workbench.live.look(self.texts.document, self.texts.coming())
        if done.refused:
            self._say(f"{len(done.refused)} were changed elsewhere: they are shown as they are now.")
        self.refresh_status()

    def _reread(self, documents: Sequence[int]) -> None:
        """Read how texts stand now: their labels, and what is suggested."""
        if self.field is not None:
            with self.workspace.db.read() as connection:
                read = sheet.read(connection, self.field, list(dict.fromkeys(documents)))
            self._open += _opened(read.values()) - _opened(self.rows[number] for number in read if number in self.rows)
            self.rows.update(read)
            self.texts.redraw(self.threshold)

    def action_undo(self) -> None:
        """Take the last act of this sheet back."""
        if not self._done:
            self._say("Nothing was done here yet. The annotate screen undoes what was done before.")
            return
        with taken_from(self._done) as last:
            undone = label_many.take_back(self.workspace, last)
        self._reread(undone)
        self.workbench.say_saved("undone")
        self.workbench.count_progress()
        self._say(f"Undone on {counted(len(undone), 'text')}.")

    def _say(self, text: str) -> None:
        self._message = text
        self.refresh_status()

    def action_threshold(self, by: float) -> None:
        self.threshold = round(min(max(self.threshold + by, 0.5), 0.95 if by < 0 else 1.0), 2)
        self.texts.redraw(self.threshold)
        self._say(f"Suggestions from {self.threshold:.0%} on are accepted together.")

    # the list

    def action_move(self, by: int, extend: bool = False) -> None:
        self.texts.move(by, extend)

    def action_page(self, direction: int) -> None:
        self.texts.page(direction)

    def action_end(self, position: int) -> None:
        self.texts.go_to(position)

    def action_select(self) -> None:
        self.texts.toggle()

    def action_let_go(self) -> None:
        """Let go of the selection, then of the search and of a list that was asked for."""
        if self.texts.selected:
            self.texts.let_go()
        elif self._words or self._only is not None:
            self._words, self._only, self._of = "", None, ""
            self.look(keep=self.texts.document)
        self.refresh_status()

    def action_sort(self, by: int) -> None:
        orders = list(Order)
        self.order = orders[(orders.index(self.order or Order.LIST) + by) % len(orders)]
        self._rearrange()

    def action_similar(self) -> None:
        self.order = Order.SIMILARITY
        self._rearrange()

    def action_show_others(self) -> None:
        shows = list(Show)
        self.show = shows[(shows.index(self.show) + 1) % len(shows)]
        self._rearrange()

    def _rearrange(self) -> None:
        """Filter and sort anew; by similarity to the text under the cursor, else from the first on."""
        if self.field is not None:
            keep = self.texts.document if self.order is Order.SIMILARITY else None
            self.read_in_background(partial(self._arrange, self.rows, self.field, keep), "look")

    def action_find(self) -> None:
        question = Prompt("Only texts with all of these words", self._words, "Enter: list them   Esc: cancel")
        self.prompt(question, self._find)

    def _find(self, words: str) -> None:
        self._words = words.strip()
        self.look()

    def action_field(self) -> None:
        """Another class field."""
        fields = [(field.id, field.name, "") for field in self.workspace.schema.classes]
        self.app.push_screen(ChoiceDialog("Label by", fields), self._use_field)

    def _use_field(self, field: str | None) -> None:
        if field is not None:
            self.field, self._done = self.workspace.schema.get(field), []
            self.look(keep=self.texts.document)

    async def action_open(self) -> None:
        """Open the text in the annotate screen."""
        if (document := self.texts.document) is not None:
            await self.workbench.visit("annotate", OpenDocument(document))


def _opened(rows: Iterable[SheetRow]) -> int:
    return sum(row.is_open for row in rows)
