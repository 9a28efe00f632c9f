"""A run folder with the prediction of one document, written by hand."""

import struct

import pyarrow as pa
import pyarrow.parquet as pq

LABELS = ["O", "B-x", "I-x", "B-y", "I-y"]


def packed(rows):
    """Probabilities as predictions.parquet keeps them."""
    return struct.pack(f"<{sum(map(len, rows))}e", *(p for row in rows for p in row))


def write_run(folder, third=(0.6, 0.2, 0.2, 0, 0)):
    """One document of three words, "INV 9 total", read with its probabilities; `third` are those of "total"."""
    (folder / "dataset").mkdir()
    row = {
        "document": 7, "name": "a.pdf", "group": "acme", "language": None, "page_sizes": [[100.0, 100.0]],
        "words": ["INV", "9", "total"], "boxes": [[0, 0, 10, 10]] * 3, "lines": [0, 0, 1], "pages": [0, 0, 0],
        "confidences": [1.0, 1.0, 0.5], "tags": ["B-x", "I-x", "O"], "pictures": [""],
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([row]), folder / "dataset" / "test.parquet")
    rows = [[0.1, 0.8, 0.1, 0, 0], [0.25, 0.0, 0.75, 0, 0], third]
    prediction = {
        "document": 7, "split": "test", "labels": LABELS, "probabilities": packed(rows), "embedding": [0.0],
        "windows": 1, "word_window": [0, 0, 0], "truncated": False,
    }  # fmt: skip
    pq.write_table(pa.Table.from_pylist([prediction]), folder / "predictions.parquet")
