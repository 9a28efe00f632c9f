"""A workspace and a run folder with predictions, without a model, for tests of the relabel loop."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from storage import documents, runs
from storage.documents import NewDocument
from storage.events import EventWriter
from storage.records import Page, Run, RunState, Source, Span, Token
from tests.support.copies import copied
from workbench.active_learning import selection
from workbench.active_learning.selection_request import SelectionRequest
from workbench.annotation import acts
from workbench.annotation.editor import DocumentEditor
from workbench.runs import parquet
from workbench.workspace import Workspace

LABELS = ["O", "B-amount_total", "I-amount_total", "B-amount_net", "I-amount_net", "B-invoice_date", "I-invoice_date"]
WORDS = ["Total", "9.00", "Net", "8.00", "Date", "2026-01-02"]
GOLD = {"amount_total": (1,), "amount_net": (3,), "invoice_date": (5,)}


def new(number: int, labelled: bool = False, annotator: str = "ann") -> NewDocument:
    tokens = tuple(Token(i, 0, i // 2, word, (10.0 * i, 0.0, 10.0 * i + 9, 9.0)) for i, word in enumerate(WORDS))
    spans = tuple(Span(name, place, Source.HUMAN, annotator) for name, place in GOLD.items()) if labelled else ()
    return NewDocument(
        f"d{number}", "made", f"{number:064d}", "made", (Page(0, 100, 100, tokens),), group=f"vendor {number % 7}",
        labelled=labelled, spans=spans,
    )  # fmt: skip


def workspace(folder: Path, pool: int = 30, labelled: int = 5) -> tuple[Workspace, list[int], list[int]]:
    """A workspace of documents of one page: (workspace, ids without labels, ids with labels)."""

    def make(folder: Path) -> Workspace:
        created = Workspace.create(folder)
        created.change_settings(annotator="ann")
        with created.db.write() as connection:
            documents.add(connection, [new(i, i >= pool) for i in range(pool + labelled)], "ann")
        return created

    made = copied(folder / "w", ("pool", pool, labelled), make)
    return made, list(range(1, pool + 1)), list(range(pool + 1, pool + labelled + 1))


def probabilities(total: float, other: str = "amount_net") -> np.ndarray:
    """Sure of everything but the total, which it gives this probability; the rest goes to another label."""
    matrix = np.zeros((len(WORDS), len(LABELS)))
    for word, label in ((0, "O"), (2, "O"), (4, "O"), (3, "B-amount_net"), (5, "B-invoice_date")):
        matrix[word, LABELS.index(label)] = 0.99
        matrix[word, 0] += 0.01
    matrix[1, LABELS.index("B-amount_total")] = total
    matrix[1, LABELS.index("O" if other == "O" else f"B-{other}")] = 1 - total
    return matrix


def prediction(document: int, split: str, matrix: np.ndarray, embedding: np.ndarray) -> parquet.Prediction:
    return parquet.Prediction(
        document, split, LABELS, matrix.astype("<f2").tobytes(), embedding.astype("f4").tolist(), 1, [0] * len(matrix),
        False,
    )  # fmt: skip


def row(document: int, labelled: bool) -> parquet.FrozenDocument:
    tags = ["O", "B-amount_total", "O", "B-amount_net", "O", "B-invoice_date"] if labelled else None
    box = [[i, 0, i + 1, 9] for i in range(len(WORDS))]
    return parquet.FrozenDocument(
        document, f"d{document}", f"vendor {document % 7}", "", [[100.0, 100.0]], WORDS, box, [0] * 6, [0] * 6,
        [1.0] * 6, tags, [""],
    )  # fmt: skip


def run_folder(folder: Path, pool: list[int], labelled: list[int], seed: int = 0, width: int = 8) -> dict[int, float]:
    """A run's dataset and predictions (width 0: without embeddings); how sure it is of each pool document's total."""
    rng = np.random.default_rng(seed)
    sure = {number: float(rng.uniform(0.3, 0.95)) for number in pool}
    half = len(labelled) // 2
    splits = {"train": labelled[:half], "validation": labelled[half:], "pool": pool}
    for split, ids in splits.items():
        parquet.write(folder / "dataset" / f"{split}.parquet", [row(number, split != "pool") for number in ids])
    parquet.write_predictions(
        folder / "predictions.parquet",
        [
            prediction(number, split, probabilities(sure.get(number, 0.9)), rng.normal(size=width))
            for split, ids in splits.items()
            for number in ids
        ],
    )
    writer = EventWriter(folder / "events.jsonl")
    writer.write("prepared", documents={split: len(ids) for split, ids in splits.items()})
    writer.write("finished", state="finished", f1=0.5)
    writer.close()
    return sure


def add_run(
    workspace: Workspace, pool: list[int], labelled: list[int], name: str = "r1", f1: float = 0.5, width: int = 8
) -> dict[int, float]:
    """A finished run in the workspace."""
    sure = run_folder(workspace.files.runs / name, pool, labelled, width=width)
    with workspace.db.write() as connection:
        runs.add(connection, Run(name, name, RunState.FINISHED, "starter", "", {}, datetime.now(UTC), f1=f1))
    return sure


def label(workspace: Workspace, document: int, right: bool = True) -> None:
    """Label a document as a person does, and finish it."""
    editor = DocumentEditor(workspace, document)
    for name, tokens in GOLD.items():
        editor.act("assign", acts.assign(editor.state, name, tokens if right else (0,), "ann"))
    editor.act("finish", acts.finish(editor.state))


def random_round(workspace: Workspace, size: int = 4, share: float = 0.0) -> int:
    """Open a round of documents drawn at random, a share of them labelled ones to be labelled blind; its number."""
    running = selection.start(workspace, SelectionRequest(strategy="random", size=size))
    running.wait()
    return selection.open_round(workspace, running, share)
