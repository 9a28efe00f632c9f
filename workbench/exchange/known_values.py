"""Known values for documents in the workspace: stored as reference values and aligned to words."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from storage import annotations, documents, import_index, retired_fields
from storage.exceptions import InputProblem
from storage.records import KNOWN_SOURCES, Annotations, Content, ReferenceValue, Source, Span, State, Token
from storage.suggestions import keep_suggestions
from workbench.annotation import acts
from workbench.exchange.reading.clean import CONTROLS
from workbench.exchange.reading.document_names import DocumentNames
from workbench.exchange.reading.incoming import Rejected
from workbench.exchange.reading.table_cells import UNNAMED
from workbench.exchange.reading.values_table import KnownRow, guessed_encoding, read
from workbench.fields import Field, FieldType, Schema
from workbench.fields.label_names import LabelMap
from workbench.fields.values import joined, readings, refusal, same
from workbench.locate.alignment import align_all
from workbench.locate.headers import field_under
from workbench.workspace import Workspace

RUN = "values"
"""The `run` of suggestions from known values."""
_ACT, _UNDONE = _OWN_ACTS = ("values", "values-undone")
_BATCH = 100
_LISTED = 1000
_SAMPLES = 3  # values of a column that are shown


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
    left_out: Counter[str] = field(default_factory=Counter)  # column -> values without a field, or of another type
    unmapped: dict[str, None] = field(default_factory=dict)  # columns without a field, as they come
    replaced: list[tuple[str, str, str, str]] = field(default_factory=list)  # document, field, earlier value, value
    replaced_count: int = 0
    skipped: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # assumptions about the tables


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


@dataclass(frozen=True, slots=True)
class Undone:
    """What the undo of an import of known values did."""

    tables: tuple[str, ...]
    at: datetime  # of the import
    documents: int
    kept_labels: int  # labels of the import in documents that were accepted since
    removed_fields: tuple[str, ...]  # names
    retired_fields: tuple[str, ...] = ()  # names of those that the import had put back into use


def bring_in(
    workspace: Workspace,
    *paths: Path,
    mapping: Mapping[str, str] | None = None,
    keep_names: bool = False,
    accept_above: float | None = None,
    add_fields: bool = False,
    ignore_folders: bool = False,
    dry_run: bool = False,
    outcome: ValuesReport | None = None,
) -> ValuesReport:
    """Import the values of tables for the documents that their rows name.

    A row's file is matched by `DocumentNames`; a row that may mean several documents cannot be used. A table that
    cannot be read is counted as a row that cannot be used. `undo_last` takes the import back.

    Args:
        add_fields: make a field of a column that nothing maps; otherwise its values are left out and counted.
        ignore_folders: match by the file's name alone.
        dry_run: store nothing.
        outcome: a report to which this import is added.
    """
    outcome = outcome or ValuesReport()
    job = _ValuesImport(workspace, mapping, keep_names, accept_above, add_fields, ignore_folders, dry_run, outcome)
    limits = workspace.settings.limits
    outcome.notes += [note for path in paths if (note := guessed_encoding(path, limits))]
    table = _rows(paths, workspace)
    while rows := list(islice(table, _BATCH)):
        job.take(rows, paths)
    outcome.notes += [f"{path.name}: {number:,} cells {CONTROLS}" for path, number in job.with_controls.items()]
    labels = job.labels
    outcome.notes += labels.notes
    outcome.notes += [
        f"{column}: {number:,} dates can be two days, as 03/04/2024 can: where the page says nothing else the first "
        "number is taken for the day (day_first = false in workbench.toml: for the month)"
        for column, number in job.of_two_days.items()
    ]
    outcome.mapping |= {label: labels.schema.name(field_id) for label, field_id in labels.used.items()}
    outcome.new_fields += [labels.schema.name(field_id) for field_id in labels.added]
    return outcome


def unmapped_columns(workspace: Workspace, paths: Iterable[Path], mapping: Mapping[str, str]) -> dict[str, list[str]]:
    """Columns of tables that neither the mapping nor the fields know -> some of their values."""
    known, columns = {column.casefold() for column in mapping}, dict[str, list[str]]()
    schema = workspace.schema
    for row in _rows(paths, workspace):
        if not isinstance(row, Rejected):
            for column, value in row[1].values.items():
                if column in columns or (column.casefold() not in known and not _meant(schema, column)):
                    samples = columns.setdefault(column, [])
                    if len(samples) < _SAMPLES and value not in samples:
                        samples.append(value)
    return columns


def _meant(schema: Schema, column: str) -> str:
    """The field that a column is called after: by its own names, or by what invoices print beside its values."""
    field = schema.resolve(column) or schema.get(field_under(column))
    return field.id if field is not None else ""


def undo_last(workspace: Workspace) -> Undone | None:
    """Undo the latest import of known values that was not undone; None where there is none.

    The documents get back the known values and suggestions that they had. What was decided since stays, and so do the
    import's labels in documents that were accepted. A field that the import made goes if nothing has it. A field that
    it put back into use is retired again, if neither the field nor what has it was changed since.
    """
    with workspace.db.write() as connection:
        last = import_index.last_value_import(connection)
        if last is None:
            return None
        changes, kept = import_index.before_import(connection, last.id), 0
        for number, before in changes:
            import_index.restore_values(connection, number, RUN, before)
            kept += _take_back_labels(connection, workspace, number, before.get("change", {}))
        import_index.forget_value_import(connection, last.id)
        unused = set(last.new_fields) - import_index.used_fields(connection, last.new_fields)
        put_back = {known["id"]: known for _, before in changes for known in before.get("put_back", ())}
        for field_id in retired_fields.touched_since(connection, list(put_back), last.at, _OWN_ACTS):
            del put_back[field_id]
    names = tuple(workspace.schema.name(field_id) for field_id in last.new_fields if field_id in unused)
    retired: list[str] = []

    def without(now: Schema) -> Schema:
        again = [known for known in now if known.id in put_back and _as_kept(known) == put_back[known.id]]
        retired[:] = [known.name for known in again]
        for known in again:
            now = now.change(known.id, retired=True)
        return Schema(tuple(known for known in now if known.id not in unused))

    if unused or put_back:
        workspace.change_schema(without)
    return Undone(last.tables, last.at, len({number for number, _ in changes}), kept, names, tuple(retired))


def _as_kept(known: Field) -> dict[str, Any]:
    """A field as it is kept with an import, to see whether it was changed since."""
    return dict(json.loads(json.dumps(asdict(known))))


def _take_back_labels(connection: Connection, workspace: Workspace, number: int, change: annotations.Change) -> int:
    """Remove labels that an import made, where a person has not accepted the document; how many stay."""
    content = documents.open_document(connection, number)
    made = annotations.applied(Annotations(), {"spans": change["spans"]}).spans if "spans" in change else frozenset()
    still = made & content.annotations.spans
    after = content.annotations
    if content.document.state in (State.NEW, State.STARTED):
        after = replace(after, spans=after.spans - still)
        if after.spans == frozenset() and "state" in change and not (after.absent or after.classes):
            after = replace(after, state=State(change["state"][0]))
        _commit(connection, workspace, content, after, _UNDONE)
        return 0
    _commit(connection, workspace, content, after, _UNDONE)
    return len(still)


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
            yield Rejected(str(path), "", f"{problem.message} {problem.remedy}".strip())


class _ValuesImport:
    """An import of tables of known values, batch by batch."""

    def __init__(
        self,
        workspace: Workspace,
        mapping: Mapping[str, str] | None,
        keep_names: bool,
        accept_above: float | None,
        add_fields: bool,
        ignore_folders: bool,
        dry_run: bool,
        outcome: ValuesReport,
    ) -> None:
        self.with_controls: Counter[Path] = Counter()  # table -> cells
        self.of_two_days: Counter[str] = Counter()  # column -> dates that can be two days
        self.labels = LabelMap(workspace.schema, mapping, keep_names=keep_names)
        self._workspace = workspace
        self._only = None if add_fields or keep_names else {column.casefold() for column in mapping or ()}
        self._keeps_names = keep_names
        self._accept_above = accept_above
        self._dry_run = dry_run
        self._outcome = outcome
        self._import_id: int | None = None
        self._kept_back = set[str]()  # retired fields in use again that the import's record names
        with workspace.db.read() as connection:
            self._names = DocumentNames(import_index.names(connection), ignore_folders=ignore_folders)

    def take(self, rows: Iterable[tuple[Path, KnownRow] | Rejected], tables: Iterable[Path]) -> None:
        """Store the values of some rows in one transaction."""
        outcome, problems = self._outcome, list[tuple[str, str, str]]()
        values_of: list[tuple[int, dict[str, str]]] = []
        for row in rows:
            rejected = row if isinstance(row, Rejected) else self._place(*row, values_of)
            if rejected is not None:
                outcome.skipped += 1
                if outcome.skipped <= documents.MOST_PROBLEMS:
                    problems.append((rejected.file, rejected.record, rejected.reason))
                if len(outcome.rejected) < _LISTED:
                    outcome.rejected.append(rejected)
        if self.labels.is_ahead and not self._dry_run:
            self._workspace.change_schema(self.labels.onto)
        with self._workspace.db.write() as connection:
            if values_of and self._import_id is None:
                names = [str(table) for table in tables]
                self._import_id = import_index.begin_value_import(connection, names, self._workspace.settings.who)
            for number, values in values_of:
                self._apply(connection, number, values)
            if self._import_id is not None:
                import_index.note_new_fields(connection, self._import_id, self.labels.added)
            documents.add_problems(connection, problems)
            if self._dry_run:
                connection.rollback()
                self._import_id = None

    def _place(self, path: Path, row: KnownRow, values_of: list[tuple[int, dict[str, str]]]) -> Rejected | None:
        outcome, labels = self._outcome, self.labels
        outcome.rows += 1
        if row.with_controls:
            self.with_controls[path] += row.with_controls
        number, reason = self._names.find(row.file)
        if number is None:
            return Rejected(str(path), row.record, reason)
        outcome.left_out.update(row.left_out)
        if row.has_unnamed:
            outcome.left_out[UNNAMED] += 1
            outcome.unmapped[UNNAMED] = None
        values: dict[str, str] = {}
        refused: list[str] = []
        for column, value in row.values.items():
            meant = _meant(labels.schema, column)
            if self._only is not None and column.casefold() not in self._only and not meant:
                outcome.left_out[column] += 1
                outcome.unmapped[column] = None
                continue
            if meant and not self._keeps_names:
                labels.mean(column, meant)
            field_id = labels.field(column)
            known = labels.schema.get(field_id)
            if known and refusal(known.type, value):
                outcome.left_out[column] += 1  # for instance a VAT number under "vat", or 29.02.2023
                continue
            is_date = known is not None and known.type is FieldType.DATE
            if is_date and self._workspace.settings.day_first is None and len(readings(FieldType.DATE, value)) > 1:
                self.of_two_days[column] += 1
            if values.setdefault(field_id, value) != value:
                reason = f"{column}: another column has '{values[field_id]}' for the same field, which is taken; not"
                refused.append(f"{reason} '{value}'")
        values_of.append((number, values))
        return Rejected(str(path), row.record, "; ".join(refused)) if refused else None

    def _apply(self, connection: Connection, number: int, values: dict[str, str]) -> None:
        outcome = self._outcome
        schema = self.labels.schema if self._dry_run else self._workspace.schema
        had = import_index.values_of(connection, number, RUN, list(values))
        documents.set_references(
            connection, number, [ReferenceValue(field_id, value, RUN) for field_id, value in values.items()]
        )
        content = documents.open_document(connection, number)
        outcome.documents += 1
        outcome.reference_values += len(values)
        for field_id, earlier in had["references"].items():
            if earlier is not None and earlier != values[field_id]:
                outcome.replaced_count += 1
                if len(outcome.replaced) < _LISTED:
                    row = (content.document.name, schema.name(field_id), earlier, values[field_id])
                    outcome.replaced.append(row)
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
            if is_free and self._accept_above is not None and place.score >= self._accept_above:
                after = acts.assign(after, field_id, place.tokens, self._workspace.settings.who, Source.IMPORT)
                outcome.labels[field_id] += 1
            else:
                offers.append((field_id, place.tokens, place.score))
        _commit(connection, self._workspace, content, after, _ACT)
        outcome.suggestions += keep_suggestions(connection, RUN, {number: offers}, replaces=(RUN,), fields=list(values))
        if self._import_id is not None:
            change = annotations.difference(before, after)
            earlier = {**had, "change": change, "labelled": sorted(have), "put_back": self._put_back()}
            import_index.keep_before(connection, self._import_id, number, earlier)

    def _put_back(self) -> list[dict[str, Any]]:
        """The retired fields that this import put back into use, as they are now; each once."""
        new = [field_id for field_id in self.labels.put_back if field_id not in self._kept_back]
        self._kept_back.update(new)
        return [_as_kept(known) for field_id in new if (known := self._workspace.schema.get(field_id))]


def _commit(connection: Connection, workspace: Workspace, content: Content, after: Annotations, act: str) -> None:
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
        act,
        workspace.settings.who,
        disagreements=wrong,
    )
