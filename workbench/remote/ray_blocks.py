"""The documents of a pool in blocks, each a run folder that a worker scores on some node; the results joined in order.

    blocks/0/ 1/ …      request.yaml (task `score`), dataset/pool.parquet, and what the worker makes of them

A block has its results whole or not at all, so that one that is begun twice, as its node was lost, counts once.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from storage.exceptions import InputProblem, RunProblem
from workbench.runs import parquet, progress
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder

LEAST = 300
"""Documents of a block: a worker takes some seconds to load the model."""
PER_WORKER = 4
"""Blocks that a worker gets at least, where there are so many documents: a slow node holds up a small part."""
_POOL = "pool"


def divided(folder: RunFolder, workers: int) -> list[RunFolder]:
    """The blocks of a run's pool, in its order, for so many workers at a time."""
    total = parquet.count(folder.dataset(_POOL))
    size = max(LEAST, -(-total // (workers * PER_WORKER)))
    request, rows, blocks = Request.read(folder.path), parquet.stream(folder.dataset(_POOL)), list[RunFolder]()
    while part := [row.anchor(folder.path) for row in islice(rows, size)]:
        block = RunFolder(folder.path / "blocks" / str(len(blocks)))
        parquet.write(block.dataset(_POOL), part)
        block.request.write_text(request.model_copy(update={"task": "score"}).text(), encoding="utf-8")
        blocks.append(block)
    return blocks


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
    return parquet.count(block.dataset(_POOL))


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
