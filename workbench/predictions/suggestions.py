"""From a run's stored predictions to suggestions: fields, token ids and confidence of every document of the pool.

What the run learned about itself on validation is used: confidences are calibrated, and repair rules work on the
predictions where they did no harm there (or as [postprocess] of workbench.toml says).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.fields import Field, FieldType, checks
from workbench.fields.values import joined
from workbench.predictions import calibration, cases, model_and_rules, repair_rules, run_reader
from workbench.predictions.cases import Case, Chunk
from workbench.runs import parquet, suggestions_file
from workbench.runs.config import families
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.runs.suggestions_file import Proposal, Suggested
from workbench.settings import Settings

FLOOR = 0.3
"""Below this confidence a suggestion costs more to reject than it saves."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a model's predictions are to be trusted: what its run measured on validation.

    Attributes:
        temperature: of all fields that have none of their own; 1.0 leaves confidences as they are.
        own: field -> its temperature.
        types: field -> type, for the rules.
        rules: the repair rules that are on.
        fields: for which the rules about likely places are asked beside the model; none: the model alone decides.
        untaught: fields that the run's documents had no label for; the model may know them from before. What it reads
            of them is weighed against the rules, which propose none of them alone.
        record: how often either of the two was right.
    """

    temperature: float = 1.0
    own: Mapping[str, float] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    rules: repair_rules.Rules = field(default_factory=repair_rules.Rules)
    fields: tuple[Field, ...] = ()
    untaught: tuple[Field, ...] = ()
    record: model_and_rules.TrackRecord = field(default_factory=model_and_rules.TrackRecord)

    def scaled(self, chunk_field: str, confidence: float) -> float:
        """The calibrated confidence."""
        return calibration.scale(confidence, self.own.get(chunk_field, self.temperature))


def trust_of(settings: Settings, folder: Path | None) -> Trust:
    """What a run measured of itself, in a workspace; the defaults where it measured nothing (the starter, older runs).

    Args:
        settings: the workspace's: the fields, and rules that are switched on or off by hand.
        folder: of the run that trained the model; None for a model without one.
    """
    return _trust(settings.schema.spans, settings.postprocess, _report(folder))


def source_run(model: str) -> Path | None:
    """The folder with the report on a model: its own where it was given away, else its run's; None for the starter."""
    if model == families.STARTER:
        return None
    folder = Path(model)
    return folder if RunFolder(folder).report.is_file() else folder.parent


def _report(folder: Path | None) -> dict[str, Any] | None:
    """What a run reported, nothing where it did not; None for the starter."""
    return None if folder is None else RunFolder(folder).read_report()


def _trust(fields: Iterable[Field], rules: Mapping[str, bool], report: Mapping[str, Any] | None) -> Trust:
    """A run proposes what it was taught; the starter (no report), everything that there is."""
    fields = tuple(fields)
    if report is None:
        report = {"readers": {f.id: {} for f in fields}}
    evaluation = report.get("evaluation") or {}
    calibrated = evaluation.get("calibration") or {}
    readers = report.get("readers") or {}
    return Trust(
        temperature=calibrated.get("temperature", 1.0),
        own={name: row["temperature"] for name, row in (calibrated.get("fields") or {}).items() if row["own"]},
        types={f.id: f.type for f in fields},
        rules=repair_rules.chosen(evaluation.get("postprocess") or {}, rules),
        fields=tuple(f for f in fields if f.id in readers),
        untaught=tuple(f for f in fields if f.id not in readers),
        record=model_and_rules.TrackRecord(model_and_rules.shipped(), readers),
    )


def readers(folder: Path, evaluation: Mapping[str, Any] | None) -> model_and_rules.Counts:
    """How the model and the rules stood to each other on a run's validation documents: fields that it was taught.

    Args:
        folder: of a run with predictions.
        evaluation: the evaluation in its report; None where nothing could be evaluated.
    """
    request = Request.read(folder)
    taught = run_reader.fields_labelled(folder, "train")
    trust = _trust((f.field for f in request.fields), request.rules, {"evaluation": evaluation})
    labelled = run_reader.read_labelled(folder, "validation")
    return model_and_rules.measure(
        labelled, [f.field for f in request.fields if f.id in taught], lambda case: values_of(case, trust)
    )


def write(folder: Path, model_run: Path | None, tick: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Weigh the predictions of a run's pool into `suggestions.jsonl`. In the worker: a large pool takes minutes.

    Args:
        folder: with predictions.
        model_run: the run folder that the model comes from; None for the starter.
        tick: called now and then with (documents done, of how many); an error in it ends the work.
    """
    request = Request.read(folder)
    trust = _trust((f.field for f in request.fields), request.rules, _report(model_run))
    total = parquet.count(RunFolder(folder).dataset("pool"))

    def suggested() -> Iterator[Suggested]:
        for done, case in enumerate(run_reader.stream_cases(folder, "pool"), start=1):
            yield Suggested(case.document, case.name, len(case.words), proposals(case, trust))
            if done % 20 == 0:
                tick(done, total)

    suggestions_file.write(folder, suggested())


def figures(labelled: Iterable[cases.Case], trust: Trust) -> dict[str, Any]:
    """How good suggestions are: `documents`, micro `precision`, `recall`, `f1`, `support`, and `fields` with the same.

    A suggestion is right when it has the very words of a label. Fields without a label on any document do not count.
    """
    read = [(model_and_rules.values_of(case), proposals(case, trust)) for case in labelled]
    judged = {name for gold, _ in read for name in gold}
    right, proposed, asked = Counter[str](), Counter[str](), Counter[str]()
    for gold, suggested in read:
        asked.update(list(gold))
        proposed.update(name for name, *_ in suggested if name in judged)
        right.update(name for name, words, _ in suggested if words in gold.get(name, ()))

    def row(names: Iterable[str]) -> dict[str, float]:
        r, g, a = (sum(counts[name] for name in names) for counts in (right, proposed, asked))
        return {
            "precision": r / g if g else 0.0, "recall": r / a if a else 0.0, "f1": 2 * r / (g + a) if g + a else 0.0,
            "support": a,
        }  # fmt: skip

    return {"documents": len(read), **row(judged), "fields": {name: row([name]) for name in sorted(judged)}}


def proposals(case: Case, trust: Trust | None = None) -> list[Proposal]:
    """The best value of each field; pieces of it on neighbouring lines are one suggestion."""
    trust = trust or Trust()
    values = values_of(case, trust)
    if trust.fields and case.words:
        asked = {field.id for field in trust.fields}
        fields = [*trust.fields, *(field for field in trust.untaught if field.id in values)]
        readings = model_and_rules.read_all(model_and_rules.finder_of(case), fields, values)
        # what neither reads acceptably is not offered, however sure the model is
        values = {
            name: trust.record.believed(name, read) for name, read in readings.items() if name in asked or read.model
        }
    return model_and_rules.apart(
        (name, words, round(sure, 4)) for name, (words, sure) in values.items() if sure >= FLOOR
    )


def values_of(case: Case, trust: Trust) -> dict[str, tuple[tuple[int, ...], float]]:
    """The model's own values, repaired: field -> (words, calibrated confidence); only values that fit their type."""
    repaired, _ = repair_rules.apply(case, trust.types, trust.rules)
    by_field: dict[str, list[Chunk]] = {}
    for chunk in repaired.predicted:
        by_field.setdefault(chunk.field, []).append(chunk)
    result = {}
    for name, chunks in by_field.items():
        best = max(repair_rules.together(case, chunks), key=repair_rules.weight)
        words = tuple(_words(best))
        text, kind = joined(case.words[word] for word in words), trust.types.get(name)
        if not repair_rules.readable(kind, text) or (kind and not checks.acceptable(name, kind, text)):
            continue
        # the mean over words, so that a long piece counts for more than a comma
        mean = sum(piece.confidence * (piece.stop - piece.start) for piece in best) / len(words)
        result[name] = (words, trust.scaled(name, mean))
    return result


def _words(pieces: Iterable[Chunk]) -> Iterable[int]:
    return (word for piece in pieces for word in range(piece.start, piece.stop))
