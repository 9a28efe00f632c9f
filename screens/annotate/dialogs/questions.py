"""The annotate screen's questions. What is asked is awaited in a worker, as Textual wants it: see `converse`."""

from asyncio import sleep
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from textual.app import App

from screens.annotate.dialogs.conflict import CHOICES, described
from screens.annotate.dialogs.fields import ask_fields
from screens.annotate.dialogs.page_turning import turn_page
from screens.annotate.keys import Work
from screens.annotate.undo_trail import UndoTrail
from screens.base import ModeScreen
from screens.widgets.dialogs import Choice, Prompt, TextPage
from storage import document_list
from storage.database import Database
from storage.document_list import KINDS, Filter
from storage.exceptions import Conflict
from storage.records import Event, Split
from workbench.annotation.acts import merge
from workbench.annotation.document_acts import name_of
from workbench.annotation.editor import Act
from workbench.annotation.field_states import text_of
from workbench.annotation.session import AnnotationSession

Answer = TypeVar("Answer")

_GUESSED = "~ is guessed from how a document looks; `workbench split` names it by its labelled seller."
_MOST_VENDORS = 500  # that are offered
_SPECIAL = (
    ("=text", "with certain words …", "t"),
    ("=split", "of one split …", "s"),
    ("=group", "of one vendor …", "v"),
    ("=same", "of this document's vendor", "d"),
)
"""Filters besides KINDS. `=same` needs an open document."""


async def converse(
    screen: ModeScreen, question: Coroutine[Any, Any, Answer | None], then: Callable[[Answer], object]
) -> None:
    """Ask in a worker, and do something with the answer; returns as soon as the question is open.

    Awaited where keys are handled: the keys that were pressed meanwhile are for the dialog, and never reach the page.
    """

    async def conversation() -> None:
        with shell.dialog_keys.hold(), screen.guarded():
            answer = await question
            if answer is not None:
                then(answer)

    shell, before = screen.workbench, screen.app.screen
    worker = screen.run_worker(conversation(), name="dialog", group="dialog", exit_on_error=False)
    while screen.app.screen is before and not worker.is_finished:
        await sleep(0)


async def ask_note(app: App[Any], session: AnnotationSession) -> Work | None:
    """Flag the document with a note; an empty one takes the flag away."""
    note: str | None = await app.push_screen_wait(
        Prompt("Note on this document", session.editor.state.note, "Enter: keep it   empty: no flag   Esc: cancel")
    )
    return None if note is None else lambda session: session.document_acts.flag(note)


async def ask_word(app: App[Any], session: AnnotationSession) -> Work | None:
    """Correct the text of the cursor's word."""
    if session.cursor.token is None:
        return None
    token = session.tokens[session.cursor.token]
    original = f"Read as “{token.original}”. " if token.original is not None else ""
    text: str | None = await app.push_screen_wait(
        Prompt("Text of the word", token.text, f"{original}Enter: save   Esc: cancel")
    )
    return (lambda session: session.document_acts.correct(text)) if text else None


async def ask_spaces(app: App[Any], session: AnnotationSession) -> Work | None:
    """Divide the cursor's word, or join the selected ones; typing begins where a value mostly does.

    What cannot be done stays as it was typed, with the reason.
    """
    if not (words := session.words_to_space()):
        return None
    title = "Split or join the words" if " " in words else "Split the word"
    title += ": type a space where a new word begins" + (", delete one to join" if " " in words else "")
    keys = "← →: to the place   Space: split there   Enter: save   Esc: cancel   (labels stay on their words)"
    typed, cursor = words, words.find(":") + 1 or len(words)
    while True:
        answer: str | None = await app.push_screen_wait(Prompt(title, typed, keys, cursor=cursor))
        if answer is None:
            return None
        if not (reason := session.cannot_space(answer)):
            return partial(AnnotationSession.space_words, text=answer)
        title, typed, cursor = reason, answer, len(answer)


QUESTIONS: Mapping[str, Callable[[App[Any], AnnotationSession], Coroutine[Any, Any, Work | None]]] = {
    "note": ask_note,
    "word": ask_word,
    "spaces": ask_spaces,
}
"""What the action `ask(name)` asks about the open document."""


Changing = Callable[[ModeScreen, AnnotationSession | None, UndoTrail], Coroutine[Any, Any, str | None]]

CHANGES: Mapping[str, Changing] = {
    "fields": lambda screen, _, trail: ask_fields(screen.app, screen.workspace, trail),
    "turn": lambda screen, session, _: turn_page(screen, session),
}
"""What the action `change(name)` asks and does; the document is opened anew with the message that comes of it."""


async def ask_conflict(app: App[Any], session: AnnotationSession, mine: Act, error: Conflict) -> Work | None:
    """Decide which state of a document that two people changed is to stand; None: theirs, as it is.

    Until then `mine` is the act that the editor was refused, for a terminal that is left without an answer.
    """
    session.editor.refused = mine
    detail = f"{error.message}\n\n{described(session.content, mine, session.schema)}"
    choice: str | None = await app.push_screen_wait(Choice(error.title, CHOICES, detail))
    session.editor.refused = None
    if choice not in ("both", "mine"):
        return None
    after = merge(session.editor.state, mine.before, mine.after) if choice == "both" else mine.after
    # not on a document that took the place of this one while the dialog was open
    return lambda current: current.document_acts.repeat(mine.name, after) if current is session else None


async def ask_filter(app: App[Any], database: Database, vendor: str | None) -> Filter | None:
    """Which documents the list shows; None leaves it as it is.

    Args:
        app: the application.
        database: where the vendors stand.
        vendor: of the open document; None where there is none.
    """
    kinds = [(kind, text, str(number)) for number, (kind, text) in enumerate(KINDS.items(), 1)]
    kind: str | None = await app.push_screen_wait(Choice("Show documents", [*kinds, *_SPECIAL]))
    if kind == "=text":
        return await _ask_text(app)
    if kind == "=split":
        return await _ask_split(app)
    if kind == "=group":
        return await _ask_vendor(app, database)
    if kind == "=same":
        return Filter(group=vendor) if vendor is not None else None
    return Filter(kind) if kind is not None else None


async def _ask_text(app: App[Any]) -> Filter | None:
    prompt = Prompt("All of these words in the document or its name", placeholder="tesco 2018")
    text = await app.push_screen_wait(prompt)
    return Filter(text=text) if text is not None else None


async def _ask_split(app: App[Any]) -> Filter | None:
    splits = [(split.value, split.value, "") for split in Split]
    name = await app.push_screen_wait(Choice("Show the split", splits))
    return Filter(split=Split(name)) if name else None


async def _ask_vendor(app: App[Any], database: Database) -> Filter | None:
    with database.read() as connection:
        vendors = list(document_list.groups(connection).items())[:_MOST_VENDORS]
    options = [(str(number), f"{name or '(none)'}  ({count})", "") for number, (name, count) in enumerate(vendors)]
    number = await app.push_screen_wait(Choice("Show the vendor", options, _GUESSED))
    return Filter(group=vendors[int(number)][0]) if number else None


def history_page(session: AnnotationSession) -> TextPage:
    """Who did what when on the document, the newest first."""
    lines = _history_lines(session.editor.history(), session)
    return TextPage("History, the newest first", "\n".join(reversed(lines)) or "Nothing has been done yet.", wide=True)


def _history_lines(history: Sequence[Event], session: AnnotationSession) -> list[str]:
    events = {event.id: event for event in history}
    lines = []
    for event in history:
        meant = events.get(event.target or 0)
        act = name_of(meant or event, session.schema, session.content.suggestions)
        act = f"{event.act}: {act}" if meant else act
        change = _change(event.change, session)
        who = event.annotator or "?"
        lines.append(f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}  {who:<14} {act}" + (f"  {change}" if change else ""))
    return lines


def _change(change: dict[str, Any], session: AnnotationSession) -> str:
    """An event's change in a few words: + what was put on the document, - what was taken away."""
    tokens, name = session.tokens, session.schema.name
    parts = []
    if isinstance(spans := change.get("spans"), dict):
        for sign in "-+":
            for field, ids, *_ in spans[sign]:
                text = text_of(tokens, [token for token in ids if token < len(tokens)])
                parts.append(f"{sign}{name(field)} “{text[:40]}”")
    if isinstance(classes := change.get("classes"), dict):
        parts += [f"{sign}{name(field)} = {option}" for sign in "-+" for field, option, *_ in classes[sign]]
    for attribute in ("state", "note"):
        if isinstance(turned := change.get(attribute), list):
            parts.append(f"{attribute}: {turned[0] or '–'} → {turned[1] or '–'}")
    if isinstance(absent := change.get("absent"), dict):
        parts += [f"{'' if sign == '+' else 'no longer '}not there: {name(f)}" for sign in "-+" for f in absent[sign]]
    if isinstance(classes := change.get("classes"), dict):
        parts += [f"{sign}{name(field)} {option}" for sign in "-+" for field, option, *_ in classes[sign]]
    if isinstance(texts := change.get("texts"), dict):
        parts += [f"{sign}“{text}”" for sign in "-+" for _, text in texts[sign]]
    if isinstance(words := change.get("words"), str):
        parts.append(words)
    return ", ".join(parts)
