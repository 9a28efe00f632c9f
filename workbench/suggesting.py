"""From a run's stored predictions to suggestions: fields, token ids and confidence of every document of the pool.

What the run learned about itself on validation is used: confidences are calibrated, and repair rules work on the
predictions where they did no harm there (or as [postprocess] of workbench.toml says).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import calibration, cases, postprocess
from workbench.cases import Case, Chunk
from workbench.fields import FieldType
from workbench.settings import Settings

FLOOR = 0.3
"""Below this confidence a suggestion costs more to reject than it saves."""

Proposal = tuple[str, tuple[int, ...], float]


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a model's predictions are to be trusted: what its run measured on validation.

    Attributes:
        temperature: of all fields that have none of their own; 1.0 leaves confidences as they are.
        own: field -> its temperature.
        types: field -> type, for the rules.
        rules: the repair rules that are on.
    """

    temperature: float = 1.0
    own: Mapping[str, float] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    rules: postprocess.Rules = field(default_factory=postprocess.Rules)

    def scaled(self, chunk_field: str, confidence: float) -> float:
        """The calibrated confidence."""
        return calibration.scale(confidence, self.own.get(chunk_field, self.temperature))


def trust_of(settings: Settings, folder: Path | None) -> Trust:
    """What a run says of itself, in a workspace; the defaults where it says nothing (the starter, older runs).

    Args:
        settings: the workspace's: the fields, and rules that are switched on or off by hand.
        folder: of the run that trained the model; None for a model without one.
    """
    report: dict[str, Any] = {}
    if folder is not None and (path := folder / "report.json").is_file():
        report = json.loads(path.read_text(encoding="utf-8")).get("evaluation") or {}
    calibrated = report.get("calibration") or {}
    own = {name: row["temperature"] for name, row in (calibrated.get("fields") or {}).items() if row["own"]}
    rules = postprocess.chosen(report.get("postprocess") or {}, settings.postprocess)
    types = {entry.id: entry.type for entry in settings.schema}
    return Trust(calibrated.get("temperature", 1.0), own, types, rules)


def suggestions_of_run(folder: Path, trust: Trust | None = None) -> dict[int, list[Proposal]]:
    """{document: suggestions} for the run's pool; documents without any are there with an empty list."""
    return {case.document: proposals(case, trust) for case in cases.read_cases(folder, "pool")}


def proposals(case: Case, trust: Trust | None = None) -> list[Proposal]:
    """The best value of each field; pieces of it on neighbouring lines are one suggestion."""
    trust = trust or Trust()
    repaired, _ = postprocess.apply(case, trust.types, trust.rules)
    found: dict[str, list[Chunk]] = {}
    for chunk in repaired.predicted:
        found.setdefault(chunk.field, []).append(chunk)
    result = []
    for name, chunks in found.items():
        best = max(_joined(case, chunks), key=lambda pieces: sum(piece.confidence for piece in pieces))
        words = tuple(_words(best))
        # the mean over words, so that a long piece counts for more than a comma
        mean = sum(piece.confidence * (piece.stop - piece.start) for piece in best) / len(words)
        sure = trust.scaled(name, mean)
        if sure >= FLOOR:
            result.append((name, words, round(sure, 4)))
    return sorted(result, key=lambda proposal: proposal[1])


def _words(pieces: Iterable[Chunk]) -> Iterable[int]:
    return (word for piece in pieces for word in range(piece.start, piece.stop))


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
