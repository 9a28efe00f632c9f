"""Known values for documents in the workspace: stored as reference values and aligned to words."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import Connection

from storage import annotations, documents, import_index
from storage.exceptions import InputProblem
from storage.records import KNOWN_SOURCES, Annotations, Content, ReferenceValue, Source, Span, Token
from storage.suggestions import keep_suggestions
from workbench.annotation import acts
from workbench.exchange.reading.incoming import Rejected
from workbench.exchange.reading.values_table import KnownRow, read
from workbench.fields import Schema
from workbench.fields.label_names import LabelMap
from workbench.fields.values import joined, refusal, same
from workbench.locate.alignment import align_all
from workbench.workspace import Workspace

RUN = "values"
"""The `run` of suggestions from known values."""
_BATCH = 100
_LISTED = 1000


@dataclass
class ValuesReport:
    """What became of a table of known values. Lists name the first thousand; the counts are complete."""

    rows: int = 0
    documents: int = 0  # with a row
    reference_values: int = 0
    aligned: Counter[str] = field(default_factory=Counter)  # field id -> values
    not_aligned: Counter[str] = field(default_factory=Counter)
    unaligned: list[tuple[str, str, str, str]] = field(default_factory=list)  # document, field, value, reason
    labels: Counter[str] = field(default_factory=Counter)
    suggestions: int = 0
    mapping: dict[str, str] = field(default_factory=dict)  # column -> field name
    new_fields: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)  # column without a field -> values
    skipped: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def disagreements(
    schema: Schema, tokens: tuple[Token, ...], spans: Iterable[Span], references: Iterable[ReferenceValue]
) -> int:
    """How many fields have labels of which none agrees with a reference value."""
    texts: dict[str, list[str]] = {}
    for span in spans:
        texts.setdefault(span.field, []).append(joined(tokens[i].text for i in span.tokens))
    wrong = set()
    for reference in references:
        field = schema.get(reference.field)
        labelled = texts.get(reference.field)
        if field and labelled and not any(same(field.type, text, reference.value) for text in labelled):
            wrong.add(reference.field)
    return len(wrong)


def bring_in(
    workspace: Workspace,
    *paths: Path,
    mapping: Mapping[str, str] | None = None,
    keep_names: bool = False,
    accept_above: float | None = None,
    add_fields: bool = True,
    outcome: ValuesReport | None = None,
) -> ValuesReport:
    """Import the values of tables for the documents that their rows name.

    A row's file is matched by the document's source, or its name with or without folder and suffix; rows of one name
    go to all documents of that name. A table that cannot be read is counted as a row that cannot be used.

    Args:
        add_fields: make a field of an unknown column; otherwise its values are left out and counted.
        outcome: a report to which this import is added.
    """
    outcome = outcome or ValuesReport()
    labels = LabelMap(workspace.schema, mapping, keep_names=keep_names)
    only = None if add_fields or keep_names else {column.casefold() for column in mapping or ()}
    with workspace.db.read() as connection:
        by_name = _names(connection)
    problems: list[tuple[str, str, str]] = []
    table = _rows(paths, workspace)
    while rows := list(islice(table, _BATCH)):
        values_of: list[tuple[int, dict[str, str]]] = []
        for row in rows:
            rejected = row if isinstance(row, Rejected) else _place(*row, by_name, labels, only, values_of, outcome)
            if rejected is not None:
                outcome.skipped += 1
                problems.append((rejected.file, rejected.record, rejected.reason))
                if len(outcome.rejected) < _LISTED:
                    outcome.rejected.append(rejected)
        if labels.is_ahead:
            workspace.change_schema(labels.onto)
        with workspace.db.write() as connection:
            for number, values in values_of:
                _apply(connection, workspace, number, values, accept_above, outcome)
            documents.add_problems(connection, problems)
        problems = []
    outcome.mapping |= {label: labels.schema.name(field_id) for label, field_id in labels.used.items()}
    outcome.new_fields += [labels.schema.name(field_id) for field_id in labels.added]
    return outcome


def suggest_again(workspace: Workspace, digests: Iterable[str]) -> int:
    """Suggest the known values of documents anew where they are lost; how many suggestions came back.

    A value that is labelled, absent, or was decided in any way stays as it is. Only undecided documents are changed.
    """
    schema, restored = workspace.schema, 0
    with workspace.db.read() as connection:
        ids = import_index.with_lost_suggestions(connection, list(digests), sorted(KNOWN_SOURCES))
    for number in ids:
        with workspace.db.write() as connection:
            content = documents.open_document(connection, number)
            done = {span.field for span in content.annotations.spans} | content.annotations.absent
            done |= {s.field for s in content.suggestions if s.run in KNOWN_SOURCES}
            for source in sorted({r.source for r in content.references} & KNOWN_SOURCES):
                wanted = {
                    r.field: (known.type, r.value)
                    for r in content.references
                    if r.source == source and r.field not in done and (known := schema.get(r.field))
                }
                aligned, _ = align_all(content.tokens, wanted)
                offers = [(field_id, place.tokens, place.score) for field_id, place in aligned.items()]
                restored += keep_suggestions(connection, source, {number: offers}, replaces=())
    return restored


def _rows(paths: Iterable[Path], workspace: Workspace) -> Iterator[tuple[Path, KnownRow] | Rejected]:
    for path in paths:
        try:
            for row in read(path, workspace.settings.limits):
                yield row if isinstance(row, Rejected) else (path, row)
        except InputProblem as problem:
            yield Rejected(str(path), "", problem.message)


def _folded(name: str) -> str:
    """The form in which names of files are compared: a Mac writes accents as marks of their own."""
    return unicodedata.normalize("NFC", name).casefold()


def _names(connection: Connection) -> dict[str, list[int]]:
    by_name: dict[str, list[int]] = {}
    for number, name, source in import_index.names(connection):
        for key in {_folded(name), _folded(source)}:
            by_name.setdefault(key, []).append(number)
    return by_name


def _place(
    path: Path,
    row: KnownRow,
    by_name: dict[str, list[int]],
    labels: LabelMap,
    only: set[str] | None,
    values_of: list[tuple[int, dict[str, str]]],
    outcome: ValuesReport,
) -> Rejected | None:
    outcome.rows += 1
    plain = PurePath(row.file.replace("\\", "/"))
    document_ids = next(
        (by_name[key] for n in (row.file, plain.name, plain.stem) if (key := _folded(n)) in by_name), None
    )
    if document_ids is None:
        return Rejected(str(path), row.record, f"there is no document named '{row.file}' in the workspace")
    values: dict[str, str] = {}
    for column, value in row.values.items():
        if only is not None and column.casefold() not in only and labels.schema.resolve(column) is None:
            outcome.left_out[column] += 1
            continue
        field_id = labels.field(column)
        known = labels.schema.get(field_id)
        if known and refusal(known.type, value):
            outcome.left_out[column] += 1  # for instance a VAT number under "vat", or 29.02.2023
            continue
        values.setdefault(field_id, value)
    values_of.extend((number, values) for number in document_ids)
    return None


def _apply(
    connection: Connection,
    workspace: Workspace,
    number: int,
    values: dict[str, str],
    accept_above: float | None,
    outcome: ValuesReport,
) -> None:
    schema = workspace.schema
    documents.set_references(
        connection, number, [ReferenceValue(field_id, value, RUN) for field_id, value in values.items()]
    )
    content = documents.open_document(connection, number)
    outcome.documents += 1
    outcome.reference_values += len(values)
    types = {field_id: (known.type, value) for field_id, value in values.items() if (known := schema.get(field_id))}
    aligned, missing = align_all(content.tokens, types)
    for field_id, reason in missing.items():
        outcome.not_aligned[field_id] += 1
        if len(outcome.unaligned) < _LISTED:
            outcome.unaligned.append((content.document.name, schema.name(field_id), values[field_id], reason))
    outcome.aligned.update(aligned.keys())
    before = content.annotations
    taken = {token for span in before.spans for token in span.tokens}
    have = {span.field for span in before.spans}
    after = before
    offers: list[tuple[str, tuple[int, ...], float]] = []
    for field_id, place in aligned.items():
        is_free = field_id not in have and not taken & set(place.tokens)  # existing labels stay
        if is_free and accept_above is not None and place.score >= accept_above:
            after = acts.assign(after, field_id, place.tokens, workspace.settings.who, Source.IMPORT)
            outcome.labels[field_id] += 1
        else:
            offers.append((field_id, place.tokens, place.score))
    _commit(connection, workspace, content, after)
    outcome.suggestions += keep_suggestions(connection, RUN, {number: offers}, replaces=(RUN,))


def _commit(connection: Connection, workspace: Workspace, content: Content, after: Annotations) -> None:
    wrong: Any = disagreements(workspace.schema, content.tokens, after.spans, content.references)
    number = content.document.id
    if after == content.annotations:
        documents.count_disagreements(connection, number, wrong)
        return
    annotations.commit(
        connection,
        number,
        content.document.version,
        content.annotations,
        after,
        "values",
        workspace.settings.who,
        disagreements=wrong,
    )
