"""The evaluation of a run: every figure of report.json, and of `workbench evaluate`, from cases."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from storage.exceptions import InputProblem
from workbench.evaluation import error_analysis, metrics
from workbench.evaluation.metrics import Counts, ErrorKind, Ratio, Same
from workbench.fields import FieldType, values
from workbench.predictions import calibration, repair_rules
from workbench.predictions.calibration import Judged, Judgement
from workbench.predictions.cases import Case
from workbench.predictions.run_reader import read_groups, read_labelled, uncollected

if TYPE_CHECKING:
    from workbench.runs.config.request import Request

PRECISIONS = (0.90, 0.95, 0.98, 0.99, 0.995)
"""The rows of the table over thresholds; the wished precision is always among them."""

EXPECTED = 0.95
"""A field that this share of documents has is missed where it is not found: such a document does not pass unseen."""

_ORDER = ("test", "validation", "train")


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """How an evaluation is made. The same settings and cases give the same report."""

    precision: float = 0.99  # wished of every field before its value may pass without a look
    resamples: int = 1000  # of the bootstrap over documents
    seed: int = 0


def evaluate(
    cases: Sequence[Case],
    *,
    run: str,
    split: str,
    types: Mapping[str, FieldType],
    train_groups: frozenset[str] = frozenset(),
    validation: Sequence[Case] | None = None,
    same: Same = values.same,
    settings: EvaluationSettings | None = None,
) -> dict[str, Any]:
    """All figures of one split, as report.json has them.

    Args:
        cases: the documents of the split; those without labels are left out and counted.
        run: the run's id.
        split: what the cases are ("test", "validation", "train").
        types: field id -> type; fields that are not named count as text.
        train_groups: the vendors that the model was trained on.
        validation: where temperature and thresholds are fitted; None fits them on the cases themselves, which
            flatters them and is said in `calibration.fitted_on`.
        same: when two texts are the same value.
        settings: see `EvaluationSettings`.
    """
    settings = settings or EvaluationSettings()
    unlabelled = sum(not case.labelled for case in cases)
    documents = [_Document(case, types, train_groups, same) for case in cases if case.labelled]
    if validation is None:
        fitted_on, fitting = split, documents
    else:
        fitted_on = "validation"
        fitting = [_Document(case, types, train_groups, same) for case in validation if case.labelled]

    scores = metrics.scores(document.counts for document in documents)
    figures = _figures(documents, list(scores.fields))
    samples = metrics.resample(figures, settings.resamples, settings.seed)
    carried = {name: metrics.carrying(ratios) for name, ratios in figures.items()}
    kinds = _kinds(documents)
    total: Counter[ErrorKind] = sum(kinds.values(), Counter())

    def interval(name: str) -> tuple[float, float] | None:
        return metrics.interval(samples[name], carried[name])

    def ratio(name: str) -> float | None:
        below = sum(ratio[1] for ratio in figures[name])
        return sum(ratio[0] for ratio in figures[name]) / below if below else None

    def part(cut: str, name: str) -> dict[str, Any]:
        here = [document for document in documents if document.cuts[cut] == name]
        micro = metrics.total(document.total for document in here).score("micro")
        figure = f"{cut} {name}"
        return {"documents": len(here), **_score(micro), "ci95": interval(figure) if here else None}

    macro_samples = [
        fmean(known) if (known := [v for v in row if v is not None]) else None
        for row in zip(*(samples[f"f1 {name}"] for name in scores.fields), strict=True)
    ]
    return {
        "run": run,
        "split": split,
        "documents": len(documents),
        "unlabelled": unlabelled,
        "not_judged": dict(sorted(Counter(chunk.field for d in documents for chunk in d.case.unjudged).items())),
        "micro": {
            **_score(scores.micro),
            "ci95": interval("micro"),
            "precision_ci95": interval("micro precision"),
            "recall_ci95": interval("micro recall"),
            "partial_f1": metrics.partial_f1(total),
        },
        "macro": {**_score(scores.macro), "ci95": metrics.interval(macro_samples, len(documents))},
        "token_accuracy": metrics.token_accuracy(document.case for document in documents),
        "fields": {
            name: {
                **_score(score),
                "ci95": interval(f"f1 {name}"),
                "value_exact_match": ratio(f"value {name}"),
                "value_support": carried[f"value {name}"],
                "value_ci95": interval(f"value {name}"),
                "reference_exact_match": ratio(f"reference {name}"),
                "reference_support": carried[f"reference {name}"],
                "partial_f1": metrics.partial_f1(kinds[name]),
                "kinds": {kind.value: kinds[name][kind] for kind in ErrorKind},
            }
            for name, score in scores.fields.items()
        },
        "value_exact_match": ratio("values"),
        "value_ci95": interval("values"),
        "documents_right": ratio("right"),
        "documents_right_ci95": interval("right"),
        "seen_vendors": part("vendors", "seen"),
        "unseen_vendors": part("vendors", "unseen"),
        "slices": {
            cut: {name: part(cut, name) for name in sorted({document.cuts[cut] for document in documents})}
            for cut in ("language", "ocr_confidence", "pages", "length", "windows")
        },
        "errors": {kind.value: total[kind] for kind in ErrorKind if kind is not ErrorKind.CORRECT},
        "confusion": error_analysis.confusion(pair for document in documents for pair in document.pairs),
        **_confidence(documents, fitting, fitted_on, settings.precision),
    }


@uncollected()
def evaluate_run(
    folder: Path,
    on: str | None = None,
    *,
    same: Same = values.same,
    settings: EvaluationSettings | None = None,
    rules: repair_rules.Rules | None = None,
    labelled: Set[str] = frozenset(),
) -> dict[str, Any]:
    """The evaluation of a run folder, on the test split where there is one, else on validation.

    `splits` holds the micro figures of every split that has stored predictions, next to each other. Without `rules`
    the figures are the model's own; with them they are those after post-processing, and `postprocess` says what each
    rule repaired and broke on validation (on the evaluated split where there is no validation). Predictions of fields
    that are labelled neither in the run's data nor among `labelled` cannot be judged: `not_judged` counts them.

    Raises:
        InputProblem: the split has no labelled document with stored predictions, or a file is damaged.
    """
    request = _request(folder)
    types = _types(request)
    splits = {split: read_labelled(folder, split, labelled, boxes=bool(rules)) for split in _ORDER}
    chosen = on or next((split for split in _ORDER if splits[split]), "test")
    if not splits.get(chosen):
        raise InputProblem(
            f"Run {request.run} has no labelled {chosen} documents with predictions.",
            "Evaluate another split with --on, or label documents of that side.",
        )
    effects: dict[str, dict[str, Any]] = {}
    if rules:
        effects = _effects(splits["validation"] or splits[chosen], types, rules)
        splits = {
            split: [repair_rules.apply(case, types, rules)[0] for case in cases] for split, cases in splits.items()
        }
    report = evaluate(
        splits[chosen],
        run=request.run,
        split=chosen,
        types=types,
        train_groups=read_groups(folder, "train"),
        # On validation itself the fit is in-sample either way: None says so in the report.
        validation=splits["validation"] if chosen != "validation" and splits["validation"] else None,
        same=same,
        settings=settings,
    )
    report["postprocess"] = effects
    report["splits"] = {
        split: {"documents": len(cases), **_score(metrics.micro(cases))} for split, cases in splits.items() if cases
    }
    return report


def final(folder: Path) -> dict[str, Any] | None:
    """What a run's report keeps as `evaluation`: the model's own figures, and what every repair rule would do to them.

    None where no labelled document was predicted.
    """
    try:
        figures = evaluate_run(folder)
    except InputProblem:
        return None
    request, split = _request(folder), "validation" if "validation" in figures["splits"] else figures["split"]
    cases = read_labelled(folder, split)
    figures["postprocess"] = _effects(cases, _types(request), repair_rules.ALL)
    return figures


def _request(folder: Path) -> "Request":
    from workbench.runs.config.request import Request

    return Request.read(folder)


def _types(request: "Request") -> dict[str, FieldType]:
    return {field.id: FieldType(field.type) for field in request.fields}


def _effects(
    cases: Sequence[Case], types: Mapping[str, FieldType], rules: repair_rules.Rules
) -> dict[str, dict[str, Any]]:
    effects = repair_rules.effects(cases, types, rules)
    return {name: asdict(effect) | {"hurts": effect.hurts} for name, effect in effects.items()}


@uncollected()
def compare_runs(
    a: Path, b: Path, on: str | None = None, *, settings: EvaluationSettings | None = None
) -> dict[str, Any]:
    """Run B against run A on the documents that both predicted: the paired bootstrap of F1, in all and per field.

    Args:
        a, b: the run folders.
        on: the split; None takes the test split where both have it, else validation.

    Raises:
        InputProblem: the runs share no labelled document with predictions.
    """
    settings = settings or EvaluationSettings()
    for split in (on,) if on else _ORDER[:2]:
        sides = [read_labelled(folder, split, boxes=False) for folder in (a, b)]
        documents, differences = metrics.compare(sides[0], sides[1], settings.resamples, settings.seed)
        if documents:
            return {
                "a": a.name,
                "b": b.name,
                "split": split,
                "documents": documents,
                "differences": {n: asdict(d) | {"certain": d.certain} for n, d in differences.items()},
            }
    raise InputProblem(
        f"Runs {a.name} and {b.name} have no labelled document in common that both predicted.",
        "Evaluate both on the same split, or train one again on the present data.",
    )


def with_references(cases: Iterable[Case], references: Mapping[int, Mapping[str, str]]) -> list[Case]:
    """The cases with the values known from elsewhere (document -> field -> value)."""
    return [replace(case, references=references.get(case.document, {})) for case in cases]


def _score(score: Any) -> dict[str, Any]:
    return {key: value for key, value in asdict(score).items() if key != "field"}


class _Document:
    """A case with everything that several figures ask of it, worked out once."""

    def __init__(self, case: Case, types: Mapping[str, FieldType], train_groups: frozenset[str], same: Same) -> None:
        self.case = case
        self.counts: dict[str, Counts] = metrics.count(case)
        self.total = metrics.total(self.counts.values())
        self.pairs = metrics.match(case.gold, case.predicted)
        self.cuts = metrics.slices(case, train_groups)
        kinds = {name: types.get(name, FieldType.TEXT) for name in {*self.counts, *case.references}}
        self.values = {name: metrics.value_right(case, name, kind, same) for name, kind in kinds.items()}
        self.references = {
            name: metrics.reference_right(case, name, kinds[name], same) for name in sorted(case.references)
        }
        self.right = all(right is not False for right in self.values.values())
        self.confidences: dict[str, float] = {}
        for chunk in case.predicted:  # of several chunks the surest one is the value
            self.confidences[chunk.field] = max(chunk.confidence, self.confidences.get(chunk.field, 0.0))


def _figures(documents: Sequence[_Document], names: Sequence[str]) -> dict[str, list[Ratio]]:
    """Every figure that gets an interval, as a ratio of sums over documents."""
    nothing = Counts(0, 0, 0)
    figures: dict[str, list[Ratio]] = {
        "micro": [metrics.f1_ratio(document.total) for document in documents],
        "micro precision": [(document.total.right, document.total.predicted) for document in documents],
        "micro recall": [(document.total.right, document.total.gold) for document in documents],
        "values": [_sum(_asked(d, name) for name in d.counts) for d in documents],
        "right": [(int(document.right), 1) for document in documents],
    }
    for name in names:
        figures[f"f1 {name}"] = [metrics.f1_ratio(document.counts.get(name, nothing)) for document in documents]
        figures[f"value {name}"] = [_asked(document, name) for document in documents]
        figures[f"reference {name}"] = [
            (int(bool(document.references.get(name))), int(name in document.references)) for document in documents
        ]
    cuts = {(cut, name) for document in documents for cut, name in document.cuts.items()}
    for cut, name in sorted(cuts):
        figures[f"{cut} {name}"] = [
            ratio if document.cuts[cut] == name else (0, 0)
            for document, ratio in zip(documents, figures["micro"], strict=True)
        ]
    return figures


def _asked(document: _Document, name: str) -> Ratio:
    """Exact match is asked of the documents whose gold has the field; values given where there is none are spurious."""
    counts = document.counts.get(name)
    return (int(bool(document.values[name])), 1) if counts and counts.gold else (0, 0)


def _sum(ratios: Iterable[Ratio]) -> Ratio:
    above = below = 0
    for one, other in ratios:
        above, below = above + one, below + other
    return above, below


def _kinds(documents: Iterable[_Document]) -> dict[str, Counter[ErrorKind]]:
    found: defaultdict[str, Counter[ErrorKind]] = defaultdict(Counter)
    for document in documents:
        for pair in document.pairs:
            found[pair.field][pair.kind] += 1
    return found


# --- confidence -------------------------------------------------------------------------------------------------


def judged(cases: Iterable[Case]) -> dict[str, list[Judged]]:
    """Field -> (confidence, strictly right) of its predicted chunks: what temperatures are fitted to."""
    found: defaultdict[str, list[Judged]] = defaultdict(list)
    for case in cases:
        gold = set(case.gold)
        for chunk in case.predicted:
            found[chunk.field].append((chunk.confidence, chunk in gold))
    return dict(found)


def temperatures(by_field: Mapping[str, Sequence[Judged]]) -> tuple[float, dict[str, float]]:
    """The run's temperature (1.0 where there is too little to fit), and those of the fields that carry their own."""
    everything = [one for judgements in by_field.values() for one in judgements]
    own = {name: calibration.fit_temperature(judgements) for name, judgements in by_field.items()}
    return calibration.fit_temperature(everything) or 1.0, {n: t for n, t in own.items() if t is not None}


def calibrated(cases: Iterable[Case], run: float, own: Mapping[str, float]) -> list[Case]:
    """The cases with every confidence scaled by its field's temperature, else by the run's."""
    return [
        replace(
            case,
            predicted=tuple(
                replace(chunk, confidence=calibration.scale(chunk.confidence, own.get(chunk.field, run)))
                for chunk in case.predicted
            ),
        )
        for case in cases
    ]


def _confidence(
    documents: Sequence[_Document], fitting: Sequence[_Document], fitted_on: str, wished: float
) -> dict[str, Any]:
    run, own = temperatures(judged(document.case for document in fitting))

    def scaled(document: _Document) -> Judgement:
        confidences = {
            name: calibration.scale(confidence, own.get(name, run)) for name, confidence in document.confidences.items()
        }
        return Judgement(confidences, document.right)

    before = judged(document.case for document in documents)
    after = {
        name: [(calibration.scale(confidence, own.get(name, run)), right) for confidence, right in judgements]
        for name, judgements in before.items()
    }
    everything, everything_after = ([one for row in rows.values() for one in row] for rows in (before, after))
    error = calibration.expected_calibration_error
    learned: defaultdict[str, list[Judged]] = defaultdict(list)
    for document in fitting:
        for name, confidence in scaled(document).confidences.items():
            learned[name].append((confidence, bool(document.values[name])))
    names = sorted({*learned, *before})
    having = Counter(name for document in fitting for name, counts in document.counts.items() if counts.gold)
    expected = sorted(name for name, count in having.items() if count >= EXPECTED * len(fitting))
    judgements = [scaled(document) for document in documents]

    def row(precision: float) -> dict[str, Any]:
        limits = {name: calibration.threshold(learned.get(name, []), precision) for name in names}
        confidences = {name: limit.confidence if limit else None for name, limit in limits.items()}
        return {
            "precision": precision,
            **asdict(calibration.passing(judgements, confidences, expected)),
            "fields": {name: asdict(limit) if limit else None for name, limit in limits.items()},
        }

    table = {precision: row(precision) for precision in sorted({*PRECISIONS, wished})}
    return {
        "calibration": {
            "temperature": run,
            "fitted_on": fitted_on,
            "chunks": len(everything),
            "ece_before": error(everything),
            "ece_after": error(everything_after),
            "bins": [asdict(bar) for bar in calibration.reliability(everything)],
            "bins_after": [asdict(bar) for bar in calibration.reliability(everything_after)],
            "fields": {
                name: {
                    "temperature": own.get(name, run),
                    "own": name in own,
                    "chunks": len(before[name]),
                    "ece_before": error(before[name]),
                    "ece_after": error(after[name]),
                }
                for name in sorted(before)
            },
        },
        "thresholds": {
            **table[wished],
            "fitted_on": fitted_on,
            "expected": expected,
            "table": list(table.values()),
        },
    }
