"""The documents of a pool in blocks, each a run folder that a worker scores on some node; the results joined in order.

    runs/.blocks/DIGEST/    request.yaml (task `score`), dataset/pool.parquet, and what the worker makes of them

A block has its results whole or not at all, so that one that is begun twice, as its node was lost, counts once. Its
name is a digest of all that its results depend on: where the reading is killed, the next one of the same documents by
the same model finds the blocks that are scored, and scores the others.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from storage import locks
from storage.exceptions import InputProblem, RunProblem
from storage.files import draft_folder
from workbench import __version__
from workbench.runs import parquet, progress
from workbench.runs.config import families
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder

LEAST = 300
"""Documents of a block: a worker takes some seconds to load the model."""
PER_WORKER = 4
"""Blocks that a worker gets at least, where there are so many documents: a slow node holds up a small part."""
MOST = 2000
"""Documents of a block at most: so many are read again where a reading is killed."""
KEPT_SECONDS = 86_400.0
"""How long the blocks of a reading that was killed wait for it to be begun again."""
_POOL = "pool"


@contextmanager
def place(folder: RunFolder) -> Iterator[Path]:
    """Where a run's blocks lie: beside its folder, where the next reading finds what this one leaves if it is killed.

    Blocks that no reading came back for are deleted. A reading beside another has its blocks in its own folder.
    """
    shared = folder.path.parent / ".blocks"
    shared.mkdir(exist_ok=True)
    lock = locks.acquire(shared / "lock")
    if lock is None:
        yield folder.path / "blocks"
        return
    try:
        for left in shared.iterdir():
            with suppress(OSError):
                if left.is_dir() and time.time() - left.stat().st_mtime > KEPT_SECONDS:
                    shutil.rmtree(left)
        yield shared
    finally:
        os.close(lock)


def divided(folder: RunFolder, workers: int, where: Path) -> list[RunFolder]:
    """The blocks of a run's pool, in its order, for so many workers at a time; those that are scored stay as they are.

    Args:
        folder: of the run.
        workers: how many read at a time.
        where: the blocks lie, as `place` says.
    """
    import pyarrow.parquet as pq

    total = parquet.count(folder.dataset(_POOL))
    size = min(MOST, max(LEAST, -(-total // (workers * PER_WORKER))))
    request = Request.read(folder.path).model_copy(update={"task": "score", "run": _POOL})
    beginning = [__version__, request.model_copy(update={"threads": None}).text(), *_facts(request.model)]
    blocks, draft = list[RunFolder](), RunFolder(where / "draft")
    for part in _parts(folder.dataset(_POOL), size):
        shutil.rmtree(draft.path, ignore_errors=True)
        draft.datasets.mkdir(parents=True)
        pq.write_table(
            _anchored(part, folder), draft.dataset(_POOL), compression="zstd", row_group_size=parquet.ROW_GROUP
        )
        draft.request.write_text(request.text(), encoding="utf-8")
        seal = hashlib.sha256(json.dumps(beginning).encode() + draft.dataset(_POOL).read_bytes())
        block = RunFolder(where / seal.hexdigest()[:32])
        if not block.path.is_dir():
            draft.path.rename(block.path)
        blocks.append(block)
    shutil.rmtree(draft.path, ignore_errors=True)
    return blocks


def _parts(path: Path, size: int) -> Iterator[Any]:
    """The documents as Arrow tables of so many rows: as Python's own values a hundred thousand take a minute."""
    import pyarrow as pa

    waiting: list[Any] = []
    for table in parquet.tables(path, [column.name for column in fields(parquet.FrozenDocument)]):
        while table.num_rows:
            waiting.append(table.slice(0, size - sum(part.num_rows for part in waiting)))
            table = table.slice(waiting[-1].num_rows)
            if sum(part.num_rows for part in waiting) == size:
                yield pa.concat_tables(waiting)
                waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _anchored(table: Any, folder: RunFolder) -> Any:
    """Documents whose pictures have absolute paths."""
    import pyarrow as pa

    number = table.column_names.index("pictures")
    places = [[str(folder.path / name) if name else "" for name in names] for names in table["pictures"].to_pylist()]
    return table.set_column(number, table.schema.field(number), pa.array(places, table.schema.field(number).type))


@contextmanager
def with_pictures(block: RunFolder) -> Iterator[dict[str, Path]]:
    """What goes with a block to a node that does not see this machine's folders: pictures that its model looks at.

    Gives path in the folder -> file: the pictures, and instead of its documents such as name them there.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    model = Request.read(block.path).model
    if not families.spec(families.infer(model)).picture:
        yield {}
        return
    table, documents = pq.read_table(block.dataset(_POOL)), f"{block.datasets.name}/{block.dataset(_POOL).name}"
    named = table["pictures"].to_pylist()
    places = {
        name: str((block.pictures / f"{number}{Path(name).suffix}").relative_to(block.path))
        for number, name in enumerate(sorted({name for names in named for name in names if Path(name).is_file()}))
    }
    column = pa.array(
        [[places.get(name, "") for name in names] for names in named], table.schema.field("pictures").type
    )
    with draft_folder(block.path, ".pictures.") as draft:
        moved = draft / block.dataset(_POOL).name
        number = table.column_names.index("pictures")
        pq.write_table(
            table.set_column(number, table.schema.field(number), column), moved, compression="zstd",
            row_group_size=parquet.ROW_GROUP,
        )  # fmt: skip
        yield {documents: moved} | {place: Path(name) for name, place in places.items()}


def _facts(model: str) -> list[tuple[str, int, int]]:
    """(name, bytes, time) of the files of a model's folder; none for a model that comes with the program."""
    files = sorted(path for path in Path(model).iterdir() if path.is_file()) if Path(model).is_dir() else []
    return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def is_scored(block: RunFolder) -> bool:
    """Whether a block has its results."""
    return block.predictions.is_file() and bool(block.read_report())


def done(blocks: Sequence[RunFolder]) -> int:
    """How many documents are read."""
    return sum((progress.of(block.path).predicting or (0, 0))[0] if not is_scored(block) else _size(block)
               for block in blocks)  # fmt: skip


def total(blocks: Sequence[RunFolder]) -> int:
    """How many documents there are."""
    return sum(map(_size, blocks))


def _size(block: RunFolder) -> int:
    return _documents_in(block.dataset(_POOL))


_documents_in = lru_cache(maxsize=4096)(parquet.count)  # asked three times a second; a block's documents never change


def join(folder: RunFolder, blocks: Sequence[RunFolder]) -> None:
    """Put the blocks' predictions together into the run's, every document once and in its order.

    Raises:
        RunProblem: a block was not scored; the message is its worker's.
        InputProblem: a block's results do not fit its documents.
    """
    import pyarrow.parquet as pq

    for block in blocks:
        if not is_scored(block):
            failed = progress.of(block.path).failed or {}
            message = str(failed.get("message") or f"A worker ended without a word. {block.log_tail()}")
            raise RunProblem(message, str(failed.get("remedy") or "Try again."))
    draft = folder.predictions.with_suffix(".part")
    with parquet.opened(blocks[0].predictions) as first:
        schema = first.schema_arrow
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        for block in blocks:
            if list(_documents(block.predictions)) != list(_documents(block.dataset(_POOL))):
                raise InputProblem(f"The results of block {block.path.name} are not those of its documents.")
            with parquet.opened(block.predictions) as file:
                for number in range(file.num_row_groups):
                    writer.write_table(file.read_row_group(number))
    draft.replace(folder.predictions)


def _documents(path: Path) -> Iterator[int]:
    for table in parquet.tables(path, ["document"]):
        yield from table.column("document").to_pylist()
