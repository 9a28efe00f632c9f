"""Imports files as documents: read, OCR, clean, map labels, align values, group, store. One pass, constant memory.

Documents are stored in batches, each in one transaction together with its problems. However an import ends, the stored
documents are complete, and a second run continues from there, because known content is skipped.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from storage import documents, import_index
from storage.documents import NewDocument
from storage.exceptions import UsageProblem
from storage.object_store.transfer import follow
from storage.records import ClassLabel, ReferenceValue, Side, Source, Span, Token
from workbench.exchange import duplicates
from workbench.exchange.einvoices.document_values import are_of_two_invoices
from workbench.exchange.import_summary import LEAK, Summary
from workbench.exchange.known_values import bring_in, suggest_again
from workbench.exchange.pending import PendingDocument
from workbench.exchange.reading import clean
from workbench.exchange.reading.incoming import Incoming, Rejected
from workbench.exchange.returned import Returned
from workbench.exchange.sources import DocumentSource, ImportRequest
from workbench.exchange.texts.batch import TextBatch, rare_collections
from workbench.exchange.vendor_groups import Grouper
from workbench.fields.class_names import ClassMap
from workbench.fields.label_names import LabelMap
from workbench.fields.plain_text import harmless
from workbench.fields.schema import SELLER
from workbench.fields.values import refusal
from workbench.files import import_root
from workbench.workspace import Workspace

BATCH = 200
"""Documents a transaction."""
_BATCH_SECONDS = 5.0  # a batch is stored at least this often, as OCR is slow
_LISTED = 1000  # unaligned values, skipped files and duplicates that a summary names; all are counted
GOLD = "gold"
"""A values_source whose aligned values are labels."""

Progress = Callable[[int, int, int], None]
"""Called with (files done, files in all, documents so far)."""


@dataclass(frozen=True, slots=True)
class _BatchDocument:
    new: NewDocument
    words: duplicates.Words
    fingerprint: duplicates.Fingerprint | None
    twin: duplicates.Twin | None


def run(workspace: Workspace, request: ImportRequest, progress: Progress | None = None) -> Summary:
    """Import files and folders.

    Raises:
        InputProblem: a path does not exist.
        UsageProblem: the request has an impossible score.
        MissingTool: a page has to be read and the OCR engine is not there.
        WorkspaceProblem: the disk is full or the workspace is read-only; what was stored before is kept.
    """
    if request.accept_above is not None and not 0 <= request.accept_above <= 1:
        raise UsageProblem("--accept-above is a score between 0 and 1.", "0.95 accepts what is nearly certain.")
    with rare_collections(), import_root.confined((*request.paths, *request.tables)):
        return _ImportJob(workspace, request, progress).run()


class _ImportJob:
    def __init__(self, workspace: Workspace, request: ImportRequest, progress: Progress | None) -> None:
        self._workspace, self._request = workspace, request
        self._progress = progress or (lambda done, total, documents_done: None)
        schema, columns = workspace.schema, request.label_columns
        self._labels = LabelMap(schema, request.mapping, keep_names=request.keep_names)
        self._classes = ClassMap(schema, request.mapping, columns=columns, multiple=request.multiple, ask=request.ask)
        self._class_labels: dict[tuple[str, str], ClassLabel] = {}  # one object each: an import has a million
        self._summary = Summary()
        self._problems: list[tuple[str, str, str]] = []
        self._batch: list[_BatchDocument] = []
        self._texts = TextBatch(workspace)
        self._batch_index = duplicates.Index()
        self._returned = Returned(workspace, self._summary)
        self._met_groups, self._document_count, self._stored_at = set[str](), 0, time.monotonic()
        self._who, self._kept_in = workspace.settings.who, workspace.files.store

    def run(self) -> Summary:
        started = time.monotonic()
        with self._workspace.db.read() as connection:
            digests = import_index.digests(connection)
            self._sides = import_index.sides(connection)
            mode = "none" if self._request.group_column else self._request.group_by
            self._grouper = Grouper(mode, import_index.representatives(connection))
            self._index = duplicates.Index()
            for number, text in import_index.fingerprints(connection):
                self._index.add(number, duplicates.from_text(text))
        sources = self._sources = DocumentSource(self._workspace, self._request, digests, self._reject)

        def report(files_done: int) -> None:
            self._progress(files_done, len(sources.files), self._document_count)

        try:
            with closing(sources.documents(report)) as pending_documents:
                for pending in pending_documents:
                    self._finish(pending)
                    if self._document_count == self._request.most_documents:
                        break
                    is_full = len(self._batch) >= BATCH or self._texts.is_full
                    if is_full or time.monotonic() - self._stored_at > _BATCH_SECONDS:
                        self._store()
        except KeyboardInterrupt:
            self._summary.interrupted = True
        self._store()
        self._summary.known += sources.known
        self._summary.known_twice += sources.known_twice
        self._summary.known_labelled += sources.known_labelled
        if not self._summary.interrupted:
            self._summary.repeats = self._texts.settle()
            if restored := suggest_again(self._workspace, sources.met + self._returned.met):
                self._summary.notes["known values whose suggestions were lost are suggested again"] += restored
            self._bring_in_values()
        self._summary.seconds = round(time.monotonic() - started, 3)
        self._summary.groups = len(self._met_groups)
        self._summary.notes.update(self._classes.notes() + Counter(self._labels.notes))
        self._summary.note_single_classes(self._classes.schema)
        name_of = self._labels.schema.name
        self._summary.mapping = {label: name_of(field_id) for label, field_id in self._labels.used.items()}
        return self._summary

    # -- making documents

    def _finish(self, pending: PendingDocument) -> None:
        """Make a document of what was read; whatever is wrong with it is its own rejection."""
        if pending.is_text:
            try:
                self._add_text(pending)
            except Exception as error:  # noqa: BLE001 - the border of one text: `border` costs 1 µs, a million times
                self._sources.refuse(error, pending.path, pending.incoming.name)
            return
        record = "" if pending.original else pending.incoming.name
        with self._sources.border(pending.path, record):
            self._summary.ocr_pages += pending.take_words(self._workspace.files)
            cleaned = clean.clean(pending.incoming, self._sources.options(pending.path))
            if isinstance(cleaned, Rejected):
                self._reject(Rejected(cleaned.file, cleaned.record or record, cleaned.reason))
            elif pending.original is not None or not self._returned.take(cleaned):
                self._add(pending, cleaned)

    def _add_text(self, pending: PendingDocument) -> None:
        """Add a text that stands on no page."""
        incoming = pending.incoming
        new = self._texts.add(incoming, pending.digest, self._given_classes(incoming))
        new.side = self._side(new.group, incoming, None)
        self._texts.has_order |= (self._request.side or incoming.side) is not None
        self._summary.count_notes(incoming)
        self._document_count += 1

    def _add(self, pending: PendingDocument, incoming: Incoming) -> None:
        pages = clean.pages_of(incoming.pages, pending.names)
        tokens = tuple(token for page in pages for token in page.tokens)
        spans, offered = self._given_labels(incoming)
        references = self._references(incoming)
        is_complete = incoming.labelled
        if references:
            aligned, offers, missing = self._aligned(incoming, tokens, references, spans)
            spans += aligned
            offered += offers
            # A gold value that was not found may be misread: a person has to complete the document.
            is_complete = (is_complete or incoming.values_source == GOLD) and not missing
        seller = self._seller(spans, tokens, references)
        group = incoming.group or self._grouper.group(
            incoming.name, pages[0].tokens if pages else (), seller=seller, source=Path(harmless(str(pending.path)))
        )
        words = duplicates.Words.of(token.text for token in tokens)
        fingerprint = words.fingerprint()
        twin = self._twin(fingerprint, words, references)
        group = twin.group if twin else group
        classes = self._given_classes(incoming)
        new = NewDocument(
            name=incoming.name,
            source=incoming.source,
            digest=pending.digest,
            format=incoming.format,
            pages=pages,
            language=incoming.language,
            group=group,
            side=self._side(group, incoming, twin),
            labelled=is_complete and (bool(classes) or not incoming.classes),
            spans=tuple(spans),
            suggestions=tuple(offered),
            references=tuple(references),
            classes=classes,
            original=pending.original,
            fingerprint=duplicates.to_text(fingerprint) if fingerprint else None,
            duplicate_of=twin.id if twin else None,
        )
        if fingerprint is not None:
            self._batch_index.add(len(self._batch), fingerprint)
        self._document_count += 1
        self._batch.append(_BatchDocument(new, words, fingerprint, twin))
        self._summary.count_notes(incoming)

    def _given_labels(self, incoming: Incoming) -> tuple[list[Span], list[tuple[str, tuple[int, ...], float, str]]]:
        spans: list[Span] = []
        offered: list[tuple[str, tuple[int, ...], float, str]] = []
        none = Counter(span.label for span in incoming.spans if self._labels.means_none(span.label))
        incoming.notes += [
            f"{number} labels '{label}' were taken for no label (--map {label}=FIELD makes a field of it)"
            for label, number in none.items()
        ]
        for span in (span for span in incoming.spans if span.label not in none):
            field_id = self._labels.field(span.label)
            if span.confidence is None:
                spans.append(Span(field_id, span.tokens, Source.IMPORT, self._who))
            else:
                offered.append((field_id, span.tokens, clean.likely(span.confidence), span.run))
        return spans, offered

    def _given_classes(self, incoming: Incoming) -> tuple[ClassLabel, ...]:
        labels: dict[tuple[str, str], ClassLabel] = {}
        for label in incoming.classes:
            if (known := self._classes.label(label.label, label.option))[1]:
                labels[known] = self._class_labels.setdefault(known, ClassLabel(*known, Source.IMPORT, self._who))
        if len(labels) < 2:
            return tuple(labels.values())
        for field_id, number in Counter(field_id for field_id, _ in labels).items():
            if number > 1:
                self._classes.allow_several(field_id)
        return tuple(labels.values())

    def _references(self, incoming: Incoming) -> list[ReferenceValue]:
        references, source = dict[str, ReferenceValue](), incoming.values_source or "import"
        for label, value in incoming.values.items():
            if value.strip():
                field_id = self._labels.field(label)
                references.setdefault(field_id, ReferenceValue(field_id, value.strip(), source))
        return list(references.values())

    def _aligned(
        self, incoming: Incoming, tokens: tuple[Token, ...], references: list[ReferenceValue], own: list[Span]
    ) -> tuple[list[Span], list[tuple[str, tuple[int, ...], float, str]], dict[str, str]]:
        """Where the values stand: labels from gold values, suggestions from others, and what was not found.

        What is neither on the document nor a value (29.02.2023, 1e400) leaves `references`.
        """
        from workbench.locate.alignment import align_all  # rapidfuzz and header words: only for documents with values

        schema = self._labels.schema
        have = {span.field for span in own}
        wanted = {
            r.field: (target.type, r.value)
            for r in references
            if r.field not in have and (target := schema.get(r.field)) is not None
        }
        aligned, missing = align_all(tokens, wanted)
        labelled = {token for span in own for token in span.tokens}
        spans: list[Span] = []
        offers: list[tuple[str, tuple[int, ...], float, str]] = []
        is_gold = incoming.values_source in ("", GOLD)
        above = self._request.accept_above
        for field_id, place in aligned.items():
            if labelled & set(place.tokens):
                missing[field_id] = "the words there are labelled otherwise"
                continue
            self._summary.aligned[field_id] += 1
            if is_gold or (above is not None and place.score >= above):
                spans.append(Span(field_id, place.tokens, Source.IMPORT, self._who))
            else:
                offers.append((field_id, place.tokens, place.score, incoming.values_source))
        for field_id, reason in missing.items():
            if refused := refusal(*wanted[field_id]):
                reason = refused
                references[:] = [reference for reference in references if reference.field != field_id]
            self._summary.not_aligned[field_id] += 1
            if len(self._summary.unaligned) < _LISTED:
                self._summary.unaligned.append((incoming.name, schema.name(field_id), wanted[field_id][1], reason))
        return spans, offers, missing

    @staticmethod
    def _seller(spans: list[Span], tokens: tuple[Token, ...], references: list[ReferenceValue]) -> str:
        known = (r.value for r in references if r.field == SELLER)
        labelled = (" ".join(tokens[i].text for i in span.tokens) for span in spans if span.field == SELLER)
        return next(known, "") or next(labelled, "")

    def _twin(
        self, fingerprint: duplicates.Fingerprint | None, words: duplicates.Words, known: Sequence[ReferenceValue]
    ) -> duplicates.Twin | None:
        """A document that is the same page: in the batch, or in the workspace."""
        if fingerprint is None:
            return None
        for position in self._batch_index.near(fingerprint):
            other = self._batch[position]
            if words.same(other.words) and not are_of_two_invoices(known, other.new.references):
                return duplicates.Twin(other.new.name, other.new.group, None, position)
        if not (near := self._index.near(fingerprint)):
            return None
        with self._workspace.db.read() as connection:
            bodies = import_index.bodies(connection, near)
            for number in near:
                if words.same(duplicates.Words.of(bodies.get(number, "").split())):
                    there = documents.open_document(connection, number)
                    if not are_of_two_invoices(known, there.references):
                        return duplicates.Twin(there.document.name, there.document.group, number, None)
        return None

    def _side(self, group: str, incoming: Incoming, twin: duplicates.Twin | None) -> Side:
        """The side that was ordered on the command line or by the file, whatever it divides; else the group's."""
        wanted = self._request.side or incoming.side
        side = self._sides.setdefault(group, wanted or Side.TRAIN)
        self._met_groups.add(group)
        if wanted is not None and side is not wanted:
            order = "ordered" if self._request.side else "the file says"
            what = "a near-duplicate" if twin else "the same vendor"
            incoming.notes.append(f"{LEAK} on '{wanted.value}', as {order}, but {what} is on '{side.value}'")
        return wanted or side

    # -- storing

    def _bring_in_values(self) -> None:
        """Import tables of known values, those found among the files too. Unknown columns are left out."""
        request = self._request
        named = {os.path.realpath(table) for table in request.tables}
        discovered = [path for path in self._sources.tables if os.path.realpath(path) not in named]
        if request.tables or discovered:
            self._summary.values = bring_in(
                self._workspace,
                *request.tables,
                *discovered,
                mapping=request.mapping,
                keep_names=request.keep_names,
                accept_above=request.accept_above,
            )

    def _reject(self, rejected: Rejected) -> None:
        self._summary.skipped += 1
        if len(self._summary.rejected) < _LISTED:
            self._summary.rejected.append(rejected)
        if self._summary.skipped <= documents.MOST_PROBLEMS:
            self._problems.append((rejected.file, rejected.record, rejected.reason))

    def _store(self) -> None:
        """Store the batch and the problems in one transaction."""
        if self._labels.is_ahead:
            self._workspace.change_schema(self._labels.onto)  # no label without its field
            self._summary.new_fields = [self._labels.schema.name(field_id) for field_id in self._labels.added]
        if self._classes.is_ahead:
            self._workspace.change_schema(self._classes.onto)
            self._summary.new_fields += [self._classes.schema.name(field_id) for field_id in self._classes.added]
            self._classes.added.clear()
        self._texts.store(self._summary)
        if self._batch or self._problems:
            with self._workspace.db.write() as connection:
                # Another process may have imported some of them meanwhile.
                known = documents.known(connection, (document.new.digest for document in self._batch))
                kept = [document for document in self._batch if document.new.digest not in known]
                ids = documents.add(connection, [document.new for document in kept], self._who)
                number_of = {id(document): number for document, number in zip(kept, ids, strict=True)}
                repeats = {
                    number_of[id(document)]: number_of.get(id(self._batch[document.twin.position]))
                    for document in kept
                    if document.twin is not None and document.twin.position is not None
                }
                import_index.mark_duplicates(
                    connection, {document: twin for document, twin in repeats.items() if twin is not None}
                )
                documents.add_problems(connection, self._problems)
            self._workspace.reread_settings()  # `move --files` may have been faster
            follow(self._workspace.files, self._kept_in, (file for document in kept for file in document.new.files))
            self._summary.known += len(known)
            for document in kept:
                self._count(document)
                if document.fingerprint is not None:
                    self._index.add(number_of[id(document)], document.fingerprint)
        self._batch, self._problems, self._batch_index, self._stored_at = [], [], duplicates.Index(), time.monotonic()

    def _count(self, document: _BatchDocument) -> None:
        summary, new = self._summary, document.new
        summary.documents += 1
        summary.pages += len(new.pages)
        summary.tokens += sum(len(page.tokens) for page in new.pages)
        summary.labelled += new.labelled
        summary.labels.update(span.field for span in new.spans)
        for label in new.classes:
            summary.classes.setdefault(label.field, Counter())[label.option] += 1
        summary.suggestions.update(field_id for field_id, *_ in new.suggestions)
        summary.reference_values += len(new.references)
        if document.twin is not None:
            summary.duplicate_count += 1
            if len(summary.duplicates) < _LISTED:
                summary.duplicates.append((new.name, document.twin.name))
