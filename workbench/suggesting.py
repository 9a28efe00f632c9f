"""From a run's stored predictions to suggestions: fields, token ids and confidence of every document of the pool.

What the run learned about itself on validation is used: confidences are calibrated, and repair rules work on the
predictions where they did no harm there (or as [postprocess] of workbench.toml says).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import calibration, cases, postprocess, weighing
from workbench.cases import Case, Chunk
from workbench.fields import Field, FieldType
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
        fields: for which the rules about likely places are asked beside the model; none: it is taken at its word.
        record: how often either of the two was right.
    """

    temperature: float = 1.0
    own: Mapping[str, float] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    rules: postprocess.Rules = field(default_factory=postprocess.Rules)
    fields: tuple[Field, ...] = ()
    record: weighing.Record = field(default_factory=weighing.Record)

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
        report = json.loads(path.read_text(encoding="utf-8"))
    evaluation = report.get("evaluation") or {}
    calibrated = evaluation.get("calibration") or {}
    own = {name: row["temperature"] for name, row in (calibrated.get("fields") or {}).items() if row["own"]}
    rules = postprocess.chosen(evaluation.get("postprocess") or {}, settings.postprocess)
    types = {entry.id: entry.type for entry in settings.schema}
    # A run proposes what it was taught; the starter, everything that the schema has.
    taught = report.get("readers", {}) if folder is not None else None
    asked = tuple(entry for entry in settings.schema.active if taught is None or entry.id in taught)
    record = weighing.Record(weighing.shipped(), taught or {})
    return Trust(calibrated.get("temperature", 1.0), own, types, rules, asked, record)


def suggestions_of_run(folder: Path, trust: Trust | None = None) -> dict[int, list[Proposal]]:
    """{document: suggestions} for the run's pool; documents without any are there with an empty list."""
    return {case.document: proposals(case, trust) for case in cases.read_cases(folder, "pool")}


def proposals(case: Case, trust: Trust | None = None) -> list[Proposal]:
    """The best value of each field; pieces of it on neighbouring lines are one suggestion."""
    trust = trust or Trust()
    values = values_of(case, trust)
    if trust.fields and case.words:
        finder = weighing.finder_of(case)
        for one in trust.fields:
            words, sure = values.pop(one.id, ((), 0.0))
            read = weighing.Read(words, sure, weighing.likeliest(finder, one))
            if read.model or read.rules:
                values[one.id] = trust.record.believed(one.id, read)
    return weighing.apart((name, words, round(sure, 4)) for name, (words, sure) in values.items() if sure >= FLOOR)


def values_of(case: Case, trust: Trust) -> dict[str, tuple[tuple[int, ...], float]]:
    """What the model itself says, repaired: field -> (words, calibrated confidence)."""
    repaired, _ = postprocess.apply(case, trust.types, trust.rules)
    found: dict[str, list[Chunk]] = {}
    for chunk in repaired.predicted:
        found.setdefault(chunk.field, []).append(chunk)
    result = {}
    for name, chunks in found.items():
        best = max(postprocess.together(case, chunks), key=lambda pieces: sum(piece.confidence for piece in pieces))
        words = tuple(_words(best))
        # the mean over words, so that a long piece counts for more than a comma
        mean = sum(piece.confidence * (piece.stop - piece.start) for piece in best) / len(words)
        result[name] = (words, trust.scaled(name, mean))
    return result


def _words(pieces: Iterable[Chunk]) -> Iterable[int]:
    return (word for piece in pieces for word in range(piece.start, piece.stop))
