"""Freezing: the workspace's documents, as they are now, written into a run's dataset/ folder."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from storage import document_list, documents, label_queries
from storage.exceptions import RunProblem
from storage.files import Files
from storage.object_store.local_copies import here
from storage.records import TEXT, Content, Document, Side, Split, State
from workbench.fields import Field, Schema, tags_of
from workbench.runs import parquet
from workbench.runs.config.tune import Model
from workbench.runs.splits import hold_out, vendor_order
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

_FILE = re.compile(r"(.*\.\w{1,8})(?: [^./\\]*)?")
"""A document's source: a path, for some formats with the record in it ("texts.csv line 3")."""

NO_BOX = [0, 0, 0, 0]
"""The box of a word of a text that stands on no page."""


@dataclass(frozen=True)
class SnapshotChoice:
    """Which documents a run gets, and what was decided on the way."""

    ids: dict[Split, tuple[int, ...]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frozen:
    documents: dict[str, int]
    engines: dict[str, str]
    fingerprint: str  # SHA-256 over ids, versions, words and tags
    notes: tuple[str, ...] = field(default=())


def learned_fields(schema: Schema, model: Model) -> tuple[Field, ...]:
    """The fields that a run learns: those on words, or the one class field.

    Raises:
        RunProblem: there is no such class field, or several of which none was chosen.
    """
    if model.task == "tokens":
        return schema.spans
    chosen = [f for f in schema.classes if model.class_field in ("", f.id, f.name)]
    names = ", ".join(f.name for f in schema.classes)
    if not chosen:
        raise RunProblem(
            f"There is no class field {model.class_field}." if names else "There is no class field to learn.",
            f"Class fields: {names}." if names else "Add one: workbench fields add NAME --kind class --options A,B.",
        )
    if len(chosen) > 1:
        raise RunProblem(f"There are several class fields: {names}.", "Choose one: --set class_field=NAME.")
    if len(chosen[0].options) < 2:
        raise RunProblem(
            f"{chosen[0].name} has {len(chosen[0].options)} option: there is nothing to tell apart.",
            f"Add options: workbench fields options {chosen[0].name} A,B.",
        )
    return (chosen[0],)


def select(
    connection: Connection, seed: int, limit: int | None = None, class_field: str | None = None
) -> SnapshotChoice:
    """The documents of a run: labelled ones by side, and everything unlabelled as the pool to be predicted.

    Without labelled validation documents, whole vendors are taken from the training side for it. `limit` bounds the
    training side: vendors in an order set by the seed, the last one cut. For a run that learns a class field, the
    documents with a label of it are the labelled ones; for one that learns words, not those with classes alone.

    Raises:
        RunProblem: nothing that the run could learn is labelled on the training side.
    """
    train: list[Document] = []
    ids: dict[Split, list[int]] = {split: [] for split in Split}
    classified = None if class_field is None else label_queries.classified(connection, class_field)
    alone = label_queries.classified_alone(connection) if class_field is None else set()
    for document in _everything(connection):
        if document.token_count == 0 or document.state in (State.UNUSABLE, State.SKIPPED):
            continue
        of_words = document.state is State.LABELLED and document.id not in alone
        if not (of_words if classified is None else document.id in classified):
            ids[Split.POOL].append(document.id)
        elif document.side is Side.TRAIN:
            train.append(document)
        else:
            ids[Split(document.side.value)].append(document.id)
    if not train and alone:
        raise RunProblem(
            "No word of the labelled documents carries a label.",
            "Label a few fields, or learn a class field: --set task=classes.",
        )
    if not train:
        raise RunProblem(
            "There is no labelled document to train on.",
            "Label a few documents (the annotate screen), or import labelled ones; `workbench split` moves them "
            "between train, validation and test.",
        )
    notes = []
    order = vendor_order(train, seed)
    if not ids[Split.VALIDATION] and len(train) > 1:
        held, note = hold_out(order, seed)
        ids[Split.VALIDATION] = [document.id for document in held]
        kept = {document.id for document in held}
        order = [document for document in order if document.id not in kept]
        notes.append(note)
    if limit is not None and limit < len(order):
        notes.append(f"{limit} of {len(order)} training documents were taken (data.max_train_documents).")
        order = order[:limit]
    ids[Split.TRAIN] = [document.id for document in order]
    return SnapshotChoice({split: tuple(sorted(chosen)) for split, chosen in ids.items()}, tuple(notes))


def _everything(connection: Connection) -> Iterable[Document]:
    offset = 0
    while part := document_list.page(connection, document_list.Filter(), offset, 1000):
        yield from part
        offset += len(part)


def freeze(
    workspace: Workspace,
    folder: Path,
    seed: int,
    limit: int | None = None,
    *,
    pictures: bool = False,
    class_field: str | None = None,
) -> Frozen:
    """Write dataset/*.parquet of a run folder from one consistent view of the workspace.

    With `pictures`, those of the pages go into the folder too, so that a model that sees them can be trained elsewhere.
    With `class_field`, the run learns that field.

    Raises:
        RunProblem: nothing is labelled on the training side.
    """
    with workspace.db.read() as connection:
        choice = select(connection, seed, limit, class_field)
        return _write(workspace, connection, folder, choice, pictures=pictures, class_field=class_field)


def freeze_these(
    workspace: Workspace,
    folder: Path,
    ids: dict[Split, tuple[int, ...]],
    class_field: str | None = None,
    *,
    pictures: bool = False,
) -> Frozen:
    """Write dataset/*.parquet with these documents, to be read by a model that exists already."""
    with workspace.db.read() as connection:
        choice = SnapshotChoice(ids)
        return _write(workspace, connection, folder, choice, pictures=pictures, class_field=class_field)


def _write(
    workspace: Workspace,
    connection: Connection,
    folder: Path,
    choice: SnapshotChoice,
    *,
    pictures: bool = False,
    class_field: str | None = None,
) -> Frozen:
    engines: dict[str, str] = {}
    seal = hashlib.sha256()
    fields = {field.id for field in workspace.schema.spans}

    def rows(ids: Sequence[int]) -> Iterator[parquet.FrozenDocument]:
        digests = label_queries.digests(connection, ids)
        for number in ids:
            content = documents.open_document(connection, number)
            engines.update({page.engine: page.engine_version for page in content.pages})
            row = row_of(content, fields, workspace.files.picture)
            row.digest = digests.get(number)
            if class_field is not None:
                row.classes = sorted(c.option for c in content.annotations.classes if c.field == class_field) or None
            if pictures:
                row.pictures = [_carry(workspace.files, path, folder) for path in row.pictures]
            labels = row.tags if class_field is None else row.classes
            seal.update(json.dumps([row.document, row.words, labels]).encode())
            yield row

    chosen = {split: ids for split, ids in choice.ids.items() if ids}
    for split, ids in chosen.items():
        parquet.write(RunFolder(folder).dataset(split), rows(ids))
    counts = {split.value: len(ids) for split, ids in chosen.items()}
    return Frozen(counts, engines, seal.hexdigest(), choice.notes)


def row_of(content: Content, fields: set[str], picture: Callable[[str], Path]) -> parquet.FrozenDocument:
    """A document as a model reads it.

    Args:
        content: the document.
        fields: ids of the fields whose labels count.
        picture: the file of a page's picture, by its name.
    """
    tokens = content.tokens
    sizes = {page.number: (page.width or 1.0, page.height or 1.0) for page in content.pages}
    without_layout = {page.number for page in content.pages if page.engine == TEXT}
    labelled = content.document.state is State.LABELLED
    if content.annotations.classes and not (content.annotations.spans or content.annotations.absent & fields):
        labelled = False  # what its words are was not said
    spans = [span for span in content.annotations.spans if span.field in fields]
    return parquet.FrozenDocument(
        document=content.document.id,
        name=content.document.name,
        group=content.document.group,
        language=content.document.language or "",
        page_sizes=[[page.width, page.height] for page in content.pages],
        words=[token.text for token in tokens],
        boxes=[
            NO_BOX if token.page in without_layout else thousandths(token.box, *sizes[token.page]) for token in tokens
        ],
        lines=[token.line for token in tokens],
        pages=[token.page for token in tokens],
        confidences=[1.0 if token.confidence is None else token.confidence for token in tokens],
        tags=tags_of(spans, len(tokens)) if labelled else None,
        pictures=[str(picture(p.picture)) if p.picture else "" for p in content.pages],
        references=json.dumps({r.field: r.value for r in content.references}, ensure_ascii=False),
        source=_file(content.document.source),
    )


def _file(source: str) -> str:
    """The file that a document was imported from, with its folder, without the record in it."""
    match = _FILE.fullmatch(source)
    return "/".join(Path(match[1] if match else source).parts[-2:])


def _carry(files: Files, path: str, folder: Path) -> str:
    """A picture taken into the run folder, as a path relative to it. A link costs no space; not every disk has them."""
    if not path or not here(files, Path(path)).is_file():
        return ""
    target = RunFolder(folder).pictures / Path(path).name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            target.hardlink_to(path)
        except OSError:
            shutil.copyfile(path, target)
    return str(target.relative_to(folder))


def thousandths(box: Sequence[float], width: float, height: float) -> list[int]:
    """A box in thousandths of the page, 0..1000, x0<=x1, y0<=y1."""

    def scaled(value: float, size: float) -> int:
        return min(1000, max(0, round(1000 * value / size)))

    x0, x1 = sorted((scaled(box[0], width), scaled(box[2], width)))
    y0, y1 = sorted((scaled(box[1], height), scaled(box[3], height)))
    return [x0, y0, x1, y1]
