"""From a run's stored predictions to suggestions: fields, token ids and confidence of every document of the pool.

What the run learned about itself on validation is used: confidences are calibrated, and repair rules work on the
predictions where they did no harm there (or as [postprocess] of workbench.toml says).
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workbench import calibration, cases, postprocess, weighing
from workbench.cases import Case, Chunk
from workbench.config import Request
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
    # A run proposes what it was taught; the starter, everything that the schema has.
    taught = report.get("readers", {}) if folder is not None else {entry.id: {} for entry in settings.schema}
    asked = tuple(entry for entry in settings.schema.active if entry.id in taught)
    trust = _measured(report.get("evaluation") or {}, {entry.id: entry.type for entry in settings.schema})
    rules = postprocess.chosen((report.get("evaluation") or {}).get("postprocess") or {}, settings.postprocess)
    return replace(trust, rules=rules, fields=asked, record=weighing.Record(weighing.shipped(), taught))


def _measured(evaluation: Mapping[str, Any], types: Mapping[str, FieldType]) -> Trust:
    calibrated = evaluation.get("calibration") or {}
    own = {name: row["temperature"] for name, row in (calibrated.get("fields") or {}).items() if row["own"]}
    rules = postprocess.chosen(evaluation.get("postprocess") or {}, {})
    return Trust(calibrated.get("temperature", 1.0), own, types, rules)


def readers(folder: Path, evaluation: Mapping[str, Any] | None) -> weighing.Counts:
    """How the model and the rules stood to each other on a run's validation documents: fields that it was taught.

    Args:
        folder: of a run with predictions.
        evaluation: what its report says of itself; None where nothing could be evaluated.
    """
    specs = [Field(f.id, f.name, FieldType(f.type), "", "") for f in Request.read(folder).fields]
    taught = {chunk.field for case in cases.read_dataset(folder, "train") for chunk in case.gold}
    trust = _measured(evaluation or {}, {f.id: f.type for f in specs})
    labelled = cases.read_labelled(folder, "validation")
    return weighing.measure(labelled, [f for f in specs if f.id in taught], lambda case: values_of(case, trust))


def figures(labelled: Iterable[cases.Case], trust: Trust) -> dict[str, Any]:
    """How good suggestions are: `documents`, micro `precision`, `recall`, `f1`, `support`, and `fields` with the same.

    A suggestion is right when it has the very words of the label. Fields without a label on any document do not count.
    """
    read = [(weighing.words_of(case.gold), proposals(case, trust)) for case in labelled]
    judged = {name for gold, _ in read for name in gold}
    right, given, asked = Counter[str](), Counter[str](), Counter[str]()
    for gold, found in read:
        asked.update(list(gold))
        given.update(name for name, *_ in found if name in judged)
        right.update(name for name, words, _ in found if gold.get(name) == words)

    def row(names: Iterable[str]) -> dict[str, float]:
        r, g, a = (sum(counts[name] for name in names) for counts in (right, given, asked))
        return {
            "precision": r / g if g else 0.0, "recall": r / a if a else 0.0, "f1": 2 * r / (g + a) if g + a else 0.0,
            "support": a,
        }  # fmt: skip

    return {"documents": len(read), **row(judged), "fields": {name: row([name]) for name in sorted(judged)}}


def suggestions_of_run(folder: Path, trust: Trust | None = None) -> dict[int, list[Proposal]]:
    """{document: suggestions} for the run's pool; documents without any are there with an empty list."""
    return {case.document: proposals(case, trust) for case in cases.read_cases(folder, "pool")}


def proposals(case: Case, trust: Trust | None = None) -> list[Proposal]:
    """The best value of each field; pieces of it on neighbouring lines are one suggestion."""
    trust = trust or Trust()
    values = values_of(case, trust)
    if trust.fields and case.words:
        for name, read in weighing.read_all(weighing.finder_of(case), trust.fields, values).items():
            values[name] = trust.record.believed(name, read)
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
