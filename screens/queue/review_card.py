"""How a yes/no question looks: the value with the words around it, and the page's picture where there is one."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from screens.queue.choice_list import MUTED, fit
from screens.themes import legible
from screens.widgets.bars import bar
from screens.widgets.picture_view import Frame, PictureView
from storage.files import Files
from storage.records import Box, Page
from storage.records import Content as Opened
from workbench.annotation import field_states, review
from workbench.annotation.classes import states
from workbench.annotation.review import Question
from workbench.fields import Schema, colours
from workbench.fields.values import joined

_WORDS = 120
"""Of a document that a class is asked of."""
_WORTH_NAMING = 0.05
"""The probability from which on another option is named beside the one that is asked about."""


class ReviewCard(Horizontal):
    """Draws a question, the end of a document, or that nothing is left."""

    DEFAULT_CSS = """
    ReviewCard {
        #card { width: 1fr; padding: 1 2; }
        PictureView { width: 44%; display: none; border-left: vkey $panel; }
        &.-picture PictureView { display: block; }
    }
    """

    def __init__(self, files: Files) -> None:
        super().__init__()
        self._files = files

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="card", can_focus=False):
            yield Static(id="question")
        yield PictureView()

    def ask(self, question: Question, opened: Opened, schema: Schema, left: int, answered: int) -> None:
        if question.options:
            self._ask_class(question, opened, schema, left, answered)
            return
        field = schema.get(question.field)
        colour = legible(field.colour if field else colours.GREY, self.background_colors[1].hex6).hex6
        kind = f" ({field.type.value})" if field else ""
        value = field_states.text_of(opened.tokens, question.tokens)
        missed = question.suggestion is None or question.suggestion.run == review.NEAR_MISS
        if missed:
            origin = f"Not suggested, but nearly ({question.confidence:.0%})."
        else:
            origin = f"Suggested, {question.confidence:.0%} sure."
        parts: list[Content | str | tuple[str, str]] = [
            (f"{opened.document.name}", "bold"),
            (f"   {answered} answered, {left:,} left\n\n", MUTED),
            "Is this the ",
            (f"{schema.name(question.field)}", f"bold {colour}"),
            (kind, MUTED),
            "?\n\n   ",
            (f" {value} ", f"bold reverse {colour}"),
            "\n\n",
            (bar(question.confidence, 20), colour),
            (f" {origin}\n\n", MUTED),
        ]
        for line in review.around(opened, question.tokens):
            parts.append(("│ ", MUTED))
            for text, asked in line:
                parts += [(text, f"bold underline {colour}") if asked else text, " "]
            parts.append("\n")
        self.query_one("#question", Static).update(Content.assemble(*parts))
        self._picture(opened, question, field.colour if field else colours.GREY)

    def _ask_class(self, question: Question, opened: Opened, schema: Schema, left: int, answered: int) -> None:
        field = schema.get(question.field)
        colour = legible(field.colour if field else colours.GREY, self.background_colors[1].hex6).hex6
        others = [
            f"{s.option} {s.probability:.0%}"
            for s in opened.class_suggestions
            if s.field == question.field and s.option not in question.options and s.probability >= _WORTH_NAMING
        ]
        words = [token.text for token in opened.tokens[:_WORDS]]
        self.query_one("#question", Static).update(
            Content.assemble(
                (f"{opened.document.name}", "bold"),
                (f"   {answered} answered, {left:,} left\n\n", MUTED),
                f"{schema.name(question.field)}: is this\n\n   ",
                (f" {', '.join(question.options)} ", f"bold reverse {colour}"),
                " ?\n\n",
                (bar(question.confidence, 20), colour),
                (f" Suggested, {question.confidence:.0%} sure.", MUTED),
                (f" Not that: {', '.join(question.ruled_out)}." if question.ruled_out else "", MUTED),
                (f" Else: {', '.join(others)}." if others else "", MUTED),
                "\n\n",
                joined(words),
                " …" if len(words) < len(opened.tokens) else "",
            )
        )
        page = opened.pages[0] if opened.pages else None
        self._show_page(page, ()) if page is not None else self.remove_class("-picture")

    def conclude(self, opened: Opened, schema: Schema) -> None:
        """Everything about a document is answered: show what it would be kept with."""
        rest = {s.field: s for s in review.rest(opened)}
        parts: list[Content | str | tuple[str, str]] = [
            (f"{opened.document.name}", "bold"),
            ("   everything is answered\n\n", "$success"),
            "Is the document complete with these labels?\n",
        ]
        sure = {field.id: (options, share) for field, options, share in review.sure_classes(opened, schema)}
        missing = []
        for of_class in states.rows(opened, schema):
            options, share = sure.get(of_class.field.id, ((), 0.0))
            if of_class.is_decided:
                kept = ", ".join(of_class.labels) or "cannot say"
                parts += [f"\n  ✓ {fit(of_class.field.name, 18)} ", (kept, "bold")]
            elif options:
                parts += [f"\n  + {fit(of_class.field.name, 18)} ", (", ".join(options), "bold")]
                parts.append((f"  sure: {share:.0%}", MUTED))
            else:
                missing.append(of_class.field.name)
        for row in field_states.rows(opened, schema):
            if row.state is field_states.FieldState.LABELLED or row.state is field_states.FieldState.INVALID:
                parts += [f"\n  ✓ {fit(row.field.name, 18)} ", (row.values[0].text, "bold")]
            elif row.field.id in rest:
                text = field_states.text_of(opened.tokens, rest[row.field.id].tokens)
                parts += [
                    f"\n  + {fit(row.field.name, 18)} ",
                    (text, "bold"),
                    (f"  sure: {rest[row.field.id].confidence:.0%}", MUTED),
                ]
            elif not row.field.retired:
                missing.append(row.field.name)
        if missing:
            parts.append((f"\n\nWithout a label: {', '.join(missing)}.", MUTED))
        self.query_one("#question", Static).update(Content.assemble(*parts))
        self.remove_class("-picture")

    def nothing(self, text: Content) -> None:
        self.query_one("#question", Static).update(text)
        self.remove_class("-picture")

    def _picture(self, opened: Opened, question: Question, colour: str) -> None:
        first = opened.tokens[question.tokens[0]]
        page = opened.pages[first.page]
        boxes = tuple((opened.tokens[t].box, colour, True) for t in question.tokens)
        line = [t.box for t in page.tokens if t.id in question.tokens and t.line == first.line]
        current = (min(b[0] for b in line), min(b[1] for b in line), max(b[2] for b in line), max(b[3] for b in line))
        self._show_page(page, boxes, current)

    def _show_page(self, page: Page, boxes: Sequence[tuple[Box, str, bool]], current: Box | None = None) -> None:
        wide = self.screen.has_class("-medium") or self.screen.has_class("-wide")
        self.set_class(wide and page.picture is not None, "-picture")
        if not wide or page.picture is None:
            return
        frame = Frame(
            self._files.picture(page.picture), page.width, page.height, tuple(boxes), current, files=self._files
        )
        self.call_after_refresh(lambda: self.query_one(PictureView).show(frame))
