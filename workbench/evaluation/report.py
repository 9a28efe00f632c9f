"""The evaluation of a run: every figure of report.json, and of `workbench evaluate`, from cases."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.exceptions import InputProblem
from workbench.evaluation import bootstrap, error_analysis, metrics, repair_effects
from workbench.evaluation import report_sections as sections
from workbench.evaluation.bootstrap import Interval
from workbench.evaluation.metrics import ErrorKind, Same, Scores
from workbench.evaluation.report_sections import (
    CalibrationSection,
    FieldSection,
    JudgedDocument,
    MacroSection,
    MicroSection,
    SliceSection,
    Temperatures,
    ThresholdsSection,
)
from workbench.fields import FieldType, values
from workbench.predictions import repair_rules
from workbench.predictions.cases import Case
from workbench.predictions.run_reader import none_predicted, read_labelled, read_vendors, uncollected
from workbench.runs.state import MEASURED_FIRST, RunFolder

if TYPE_CHECKING:
    from workbench.runs.config.request import Request

StrictScores = Callable[[Sequence[Case]], Scores]
"""What counts strict scores: `metrics.strict_scores`, or seqeval in the worker (`workbench.training.scoring`)."""


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """How an evaluation is made. The same settings and cases give the same report."""

    precision: float = 0.99  # wished of every field before its value may pass without review
    resamples: int = 1000  # of the bootstrap over documents
    seed: int = 0


@dataclass(frozen=True)
class Report:
    """All figures of one split, under the keys of report.json."""

    run: str
    split: str
    documents: int
    unlabelled: int  # documents that were left out
    not_judged: dict[str, int]  # field without any label -> its predictions
    micro: MicroSection
    macro: MacroSection
    token_accuracy: float
    fields: dict[str, FieldSection]
    value_exact_match: float | None
    value_ci95: Interval | None
    documents_right: float | None
    documents_right_ci95: Interval | None
    seen_vendors: SliceSection
    unseen_vendors: SliceSection
    unknown_vendors: SliceSection
    slices: dict[str, dict[str, SliceSection]]
    errors: dict[str, int]
    confusion: dict[str, dict[str, int]]
    calibration: CalibrationSection
    thresholds: ThresholdsSection


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
    strict_scores: StrictScores = metrics.strict_scores,
) -> dict[str, Any]:
    """All figures of one split, as report.json has them.

    Args:
        cases: the documents of the split; those without labels are left out and counted.
        run: the run's id.
        split: what the cases are ("test", "validation", "train").
        types: field id -> type; fields that are not named count as text.
        train_groups: the vendors that the model was trained on, as `cases.vendors_of` names them.
        validation: where temperature and thresholds are fitted; None fits them on the cases themselves, which
            flatters them, and `calibration.fitted_on` tells which it was.
        same: when two texts are the same value.
        settings: see `EvaluationSettings`.
        strict_scores: see `StrictScores`; both give the same figures.
    """
    settings = settings or EvaluationSettings()
    documents = [JudgedDocument(case, types, train_groups, same) for case in cases if case.labelled]
    if validation is None:
        fitted_on, fitting = split, documents
    else:
        fitted_on = "validation"
        fitting = [JudgedDocument(case, types, train_groups, same) for case in validation if case.labelled]
    scores = strict_scores([document.case for document in documents])
    figures = sections.Figures(documents, list(scores.fields), settings.resamples, settings.seed)
    kinds = sections.kinds_of(documents)
    errors = sum(kinds.values(), Counter[ErrorKind]())
    unjudged = Counter(chunk.field for document in documents for chunk in document.case.unjudged)
    temperatures = Temperatures.fit(sections.judged_chunks(fitting))
    report = Report(
        run=run,
        split=split,
        documents=len(documents),
        unlabelled=sum(not case.labelled for case in cases),
        not_judged=dict(sorted(unjudged.items())),
        micro=sections.micro_section(scores, figures, kinds),
        macro=sections.macro_section(scores, figures, len(documents)),
        token_accuracy=metrics.token_accuracy(document.case for document in documents),
        fields=sections.fields_section(scores, figures, kinds),
        value_exact_match=figures.ratio("values"),
        value_ci95=figures.interval("values"),
        documents_right=figures.ratio("right"),
        documents_right_ci95=figures.interval("right"),
        seen_vendors=sections.slice_section(documents, figures, "vendors", "seen"),
        unseen_vendors=sections.slice_section(documents, figures, "vendors", "unseen"),
        unknown_vendors=sections.slice_section(documents, figures, "vendors", "unknown"),
        slices=sections.slices_section(documents, figures),
        errors={kind.value: errors[kind] for kind in ErrorKind if kind is not ErrorKind.CORRECT},
        confusion=error_analysis.confusion(pair for document in documents for pair in document.pairs),
        calibration=sections.calibration_section(documents, temperatures, fitted_on),
        thresholds=sections.thresholds_section(documents, fitting, temperatures, fitted_on, settings.precision),
    )
    return asdict(report)


@uncollected()
def evaluate_run(
    folder: Path,
    on: str | None = None,
    *,
    same: Same = values.same,
    settings: EvaluationSettings | None = None,
    rules: repair_rules.Rules | None = None,
    labelled: Set[str] = frozenset(),
    strict_scores: StrictScores = metrics.strict_scores,
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
    splits = {split: read_labelled(folder, split, labelled, boxes=bool(rules)) for split in MEASURED_FIRST}
    chosen = on or next((split for split in MEASURED_FIRST if splits[split]), "test")
    if not splits.get(chosen):
        raise none_predicted(folder, chosen, "Evaluate another split with --on, or label documents of that side.")
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
        train_groups=read_vendors(folder, "train"),
        # On validation itself the fit is in-sample either way: None says so in the report.
        validation=splits["validation"] if chosen != "validation" and splits["validation"] else None,
        same=same,
        settings=settings,
        strict_scores=strict_scores,
    )
    report["postprocess"] = effects
    report["splits"] = {
        split: {"documents": len(cases), **sections.strict(metrics.micro(cases))}
        for split, cases in splits.items()
        if cases
    }
    return report


def final(folder: Path, strict_scores: StrictScores = metrics.strict_scores) -> dict[str, Any] | None:
    """What a run's report keeps as `evaluation`: the model's own figures, and what every repair rule would do to them.

    None where no labelled document was predicted.
    """
    try:
        figures = evaluate_run(folder, strict_scores=strict_scores)
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
    return {field.id: field.type for field in request.fields}


def _effects(
    cases: Sequence[Case], types: Mapping[str, FieldType], rules: repair_rules.Rules
) -> dict[str, dict[str, Any]]:
    effects = repair_effects.effects(cases, types, rules)
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
    for split in (on,) if on else MEASURED_FIRST[:2]:
        sides = [read_labelled(folder, split, boxes=False) for folder in (a, b)]
        documents, differences = bootstrap.compare(sides[0], sides[1], settings.resamples, settings.seed)
        if documents:
            return {
                "a": a.name,
                "b": b.name,
                "split": split,
                "documents": documents,
                "differences": {n: asdict(d) | {"certain": d.certain} for n, d in differences.items()},
            }
    for folder in (a, b) if on == "test" else ():
        if RunFolder(folder).test_unread():
            raise none_predicted(folder, "test", "")
    raise InputProblem(
        f"Runs {a.name} and {b.name} have no labelled document in common that both predicted.",
        "Evaluate both on the same split, or train one again on the present data.",
    )
