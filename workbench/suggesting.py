"""From a run's stored predictions to suggestions: fields, token ids and confidence of every document of the pool."""

from pathlib import Path

from workbench import cases
from workbench.cases import Case, Chunk

FLOOR = 0.3
"""Below this confidence a suggestion costs more to reject than it saves."""

Proposal = tuple[str, tuple[int, ...], float]


def suggestions_of_run(folder: Path) -> dict[int, list[Proposal]]:
    """{document: suggestions} for the run's pool; documents without any are there with an empty list."""
    return {case.document: proposals(case) for case in cases.read_cases(folder, "pool")}


def proposals(case: Case) -> list[Proposal]:
    """The best value of each field; pieces of it on neighbouring lines are one suggestion."""
    found: dict[str, list[Chunk]] = {}
    for chunk in cases.with_confidence(cases.lenient_chunks(case.tags), case.certainty):
        found.setdefault(chunk.field, []).append(chunk)
    result = []
    for field, chunks in found.items():
        best = max(_joined(case, chunks), key=lambda pieces: sum(_weight(piece) for piece in pieces))
        words = tuple(word for piece in best for word in range(piece.start, piece.stop))
        sure = sum(case.certainty[word] for word in words) / len(words)
        if sure >= FLOOR:
            result.append((field, words, round(sure, 4)))
    return sorted(result, key=lambda proposal: proposal[1])


def _weight(chunk: Chunk) -> float:
    return chunk.confidence


def _joined(case: Case, chunks: list[Chunk]) -> list[list[Chunk]]:
    """Runs of chunks of one field that follow each other with at most two words between (a line's end, a comma)."""
    groups: list[list[Chunk]] = []
    for chunk in sorted(chunks):
        last = groups[-1][-1] if groups else None
        near = last is not None and chunk.start - last.stop <= 2 and case.pages[chunk.start] == case.pages[last.start]
        if near and len(groups[-1]) < 8:
            groups[-1].append(chunk)
        else:
            groups.append([chunk])
    return groups
