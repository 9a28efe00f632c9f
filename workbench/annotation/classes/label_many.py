"""Labelling many documents by a class field in one transaction: all of them are saved, or none.

Every document gets an event of its own, as by the annotate screen, so that each can be undone there, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from storage import annotations, label_queries
from storage.records import Annotations, ClassLabel, Source
from workbench.annotation import acts
from workbench.annotation.classes import options, states
from workbench.fields import Field
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Choice:
    """What a document is said to be.

    Attributes:
        options: of the field; none takes the label away.
        source: SUGGESTION where a suggestion was accepted.
        cannot_say: it cannot be told.
    """

    options: tuple[str, ...] = ()
    source: Source = Source.HUMAN
    cannot_say: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """What was done together, so that it can be taken back together.

    Attributes:
        versions: document -> its version afterwards.
        refused: documents that another annotator had changed since they were shown; they stay as they are.
    """

    versions: Mapping[int, int]
    refused: tuple[int, ...] = ()


def label(
    workspace: Workspace, field: Field, choices: Mapping[int, Choice], versions_shown: Mapping[int, int]
) -> Labelled:
    """Label documents, and accept those texts of which every class field is decided by it.

    Args:
        workspace: open.
        field: the class field.
        choices: document -> what it is.
        versions_shown: document -> the version that was shown.

    Raises:
        InputProblem: an option is gone; nothing was labelled.
    """
    chosen = {option for choice in choices.values() for option in choice.options}
    options.check(workspace, [ClassLabel(field.id, option) for option in sorted(chosen)])
    annotator = workspace.settings.who
    wanted = {each.id for each in workspace.schema.classes}
    versions: dict[int, int] = {}
    refused: list[int] = []
    with workspace.db.write() as connection:
        texts = label_queries.without_words_to_label(connection, list(choices))
        for number, choice in choices.items():
            now = annotations.current(connection, number)
            if now is None or now[1] != versions_shown.get(number, now[1]):
                refused.append(number)
                continue
            before, version = now
            after = _after(before, field, choice, annotator)
            if number in texts and not before.spans:
                after = replace(after, state=states.state_of_text(after, wanted))
            versions[number] = annotations.commit(connection, number, version, before, after, _name(choice), annotator)
    return Labelled(versions, tuple(refused))


def _name(choice: Choice) -> str:
    return "cannot-say" if choice.cannot_say else "classify" if choice.options else "clear"


def _after(before: Annotations, field: Field, choice: Choice, annotator: str) -> Annotations:
    if choice.cannot_say:
        return acts.cannot_say(before, field.id)
    return acts.classify(before, field.id, choice.options, annotator, choice.source)


def take_back(workspace: Workspace, done: Labelled) -> list[int]:
    """Undo what was done together; the documents that it was undone on.

    Documents that were changed since stay as they are: their own undo goes further back.
    """
    undone: list[int] = []
    with workspace.db.write() as connection:
        for number, version in done.versions.items():
            now = annotations.current(connection, number)
            if now is not None and now[1] == version and _undo(connection, number, now, workspace.settings.who):
                undone.append(number)
    return undone


def _undo(connection: Connection, number: int, now: tuple[Annotations, int], annotator: str) -> bool:
    return annotations.undo(connection, number, now[1], now[0], annotator) is not None
