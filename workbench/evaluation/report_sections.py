"""The sections of a report, each worked out by a function: what report.json has under each key."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from storage.records import FieldScore
from workbench.evaluation import bootstrap, metrics
from workbench.evaluation.bootstrap import Interval, Ratio
from workbench.evaluation.metrics import Counts, ErrorKind, Same, Scores
from workbench.fields import FieldType
from workbench.predictions import calibration
from workbench.predictions.calibration import Bin, Judged, Judgement, Threshold
from workbench.predictions.cases import Case

if TYPE_CHECKING:
    from workbench.evaluation.bootstrap import Samples

PRECISIONS = (0.90, 0.95, 0.98, 0.99, 0.995)
"""The rows of the table over thresholds; the wished precision is always among them."""

EXPECTED = 0.95
"""A document does not pass without review when it lacks a field that this share of documents has."""

_CUTS = ("language", "ocr_confidence", "pages", "length", "windows")


class JudgedDocument:
    """A case with everything that several sections need of it, worked out once."""

    def __init__(self, case: Case, types: Mapping[str, FieldType], train_groups: frozenset[str], same: Same) -> None:
        self.case = case
        self.counts: dict[str, Counts] = metrics.count(case)
        self.total = metrics.total(self.counts.values())
        self.pairs = metrics.value_pairs(case)
        self.cuts = metrics.slices(case, train_groups)
        kinds = {name: types.get(name, FieldType.TEXT) for name in {*self.counts, *case.references}}
        self.values = {name: metrics.value_right(case, name, kind, same) for name, kind in kinds.items()}
        self.references = {
            name: metrics.reference_right(case, name, kinds[name], same) for name in sorted(case.references)
        }
        self.right = all(right is not False for right in self.values.values())
        self.confidences: dict[str, float] = {}
        for chunk in case.predicted:  # of several chunks the surest is the value
            self.confidences[chunk.field] = max(chunk.confidence, self.confidences.get(chunk.field, 0.0))

    def value_ratio(self, name: str) -> Ratio:
        """The document's share of a field's exact match: it counts where gold has the field.

        Values predicted where gold has none are spurious, not unequal.
        """
        counts = self.counts.get(name)
        return (int(bool(self.values[name])), 1) if counts and counts.gold else (0, 0)


class Figures:
    """Every figure that gets an interval, as a ratio of sums over documents, with its bootstrap samples.

    The names: "micro", "micro precision", "micro recall", "values", "right", "f1 FIELD", "value FIELD",
    "reference FIELD", and "CUT NAME" for the micro F1 of every slice.
    """

    def __init__(self, documents: Sequence[JudgedDocument], fields: Sequence[str], resamples: int, seed: int) -> None:
        self._ratios = _ratios(documents, fields)
        self._samples = bootstrap.resample(self._ratios, resamples, seed)

    def ratio(self, name: str) -> float | None:
        """The figure; None where there is nothing to divide by."""
        return bootstrap.quotient(self._ratios[name])

    def carrying(self, name: str) -> int:
        """How many documents have anything to divide by."""
        return bootstrap.carrying(self._ratios[name])

    def interval(self, name: str) -> Interval | None:
        """Its 95 % interval."""
        return bootstrap.interval(self._samples[name], self.carrying(name))

    def samples(self, name: str) -> "Samples":
        """Its value in every resample."""
        return self._samples[name]


def _ratios(documents: Sequence[JudgedDocument], fields: Sequence[str]) -> dict[str, list[Ratio]]:
    nothing = Counts(0, 0, 0)
    micro = [bootstrap.f1_ratio(document.total) for document in documents]
    ratios: dict[str, list[Ratio]] = {
        "micro": micro,
        "micro precision": [(document.total.right, document.total.predicted) for document in documents],
        "micro recall": [(document.total.right, document.total.gold) for document in documents],
        "values": [_sum(document.value_ratio(name) for name in document.counts) for document in documents],
        "right": [(int(document.right), 1) for document in documents],
    }
    for name in fields:
        ratios[f"f1 {name}"] = [bootstrap.f1_ratio(document.counts.get(name, nothing)) for document in documents]
        ratios[f"value {name}"] = [document.value_ratio(name) for document in documents]
        ratios[f"reference {name}"] = [
            (int(bool(document.references.get(name))), int(name in document.references)) for document in documents
        ]
    for cut, name in sorted({item for document in documents for item in document.cuts.items()}):
        ratios[f"{cut} {name}"] = [
            ratio if document.cuts[cut] == name else (0, 0) for document, ratio in zip(documents, micro, strict=True)
        ]
    return ratios


def _sum(ratios: Iterable[Ratio]) -> Ratio:
    above = below = 0
    for numerator, denominator in ratios:
        above, below = above + numerator, below + denominator
    return above, below


def kinds_of(documents: Iterable[JudgedDocument]) -> dict[str, Counter[ErrorKind]]:
    """Field -> how often each kind of pair occurs."""
    kinds: defaultdict[str, Counter[ErrorKind]] = defaultdict(Counter)
    for document in documents:
        for pair in document.pairs:
            kinds[pair.field][pair.kind] += 1
    return kinds


# --- strict figures ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StrictFigures:
    """Strict span figures, 0..1, and the number of labelled chunks."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class MicroSection(StrictFigures):
    """All fields together."""

    ci95: Interval | None  # of F1
    precision_ci95: Interval | None
    recall_ci95: Interval | None
    partial_f1: float


def micro_section(scores: Scores, figures: Figures, kinds: Mapping[str, Counter[ErrorKind]]) -> MicroSection:
    """The micro figures with their intervals."""
    return MicroSection(
        **strict(scores.micro),
        ci95=figures.interval("micro"),
        precision_ci95=figures.interval("micro precision"),
        recall_ci95=figures.interval("micro recall"),
        partial_f1=metrics.partial_f1(sum(kinds.values(), Counter())),
    )


@dataclass(frozen=True)
class MacroSection(StrictFigures):
    """The mean over fields."""

    ci95: Interval | None


def macro_section(scores: Scores, figures: Figures, documents: int) -> MacroSection:
    """The macro figures; a resample's macro F1 is the mean over the fields that it has."""
    import numpy as np

    table = np.array([figures.samples(f"f1 {name}") for name in scores.fields])
    known = (~np.isnan(table)).sum(axis=0)
    samples = np.divide(np.nansum(table, axis=0), known, out=np.full(known.shape, np.nan), where=known > 0)
    return MacroSection(**strict(scores.macro), ci95=bootstrap.interval(np.atleast_1d(samples), documents))


@dataclass(frozen=True)
class FieldSection(StrictFigures):
    ci95: Interval | None
    value_exact_match: float | None  # of the documents whose gold has the field
    value_support: int  # how many these are
    value_ci95: Interval | None
    reference_exact_match: float | None  # of the documents whose value is known from elsewhere
    reference_support: int
    partial_f1: float
    kinds: dict[str, int]  # ErrorKind -> pairs


def fields_section(
    scores: Scores, figures: Figures, kinds: Mapping[str, Counter[ErrorKind]]
) -> dict[str, FieldSection]:
    """Every field that occurs in gold or prediction."""
    return {
        name: FieldSection(
            **strict(score),
            ci95=figures.interval(f"f1 {name}"),
            value_exact_match=figures.ratio(f"value {name}"),
            value_support=figures.carrying(f"value {name}"),
            value_ci95=figures.interval(f"value {name}"),
            reference_exact_match=figures.ratio(f"reference {name}"),
            reference_support=figures.carrying(f"reference {name}"),
            partial_f1=metrics.partial_f1(kinds[name]),
            kinds={kind.value: kinds[name][kind] for kind in ErrorKind},
        )
        for name, score in scores.fields.items()
    }


def strict(score: FieldScore) -> dict[str, Any]:
    """The figures of a score as the sections have them."""
    return {key: value for key, value in asdict(score).items() if key != "field"}


@dataclass(frozen=True)
class SliceSection:
    documents: int
    precision: float
    recall: float
    f1: float
    support: int
    ci95: Interval | None


def slice_section(documents: Sequence[JudgedDocument], figures: Figures, cut: str, name: str) -> SliceSection:
    """The micro figures of a slice; of an empty one all are 0."""
    members = [document for document in documents if document.cuts[cut] == name]
    score = metrics.total(document.total for document in members).score("micro")
    ci95 = figures.interval(f"{cut} {name}") if members else None
    return SliceSection(len(members), score.precision, score.recall, score.f1, score.support, ci95)


def slices_section(documents: Sequence[JudgedDocument], figures: Figures) -> dict[str, dict[str, SliceSection]]:
    """Cut -> slice -> its figures."""
    return {
        cut: {
            name: slice_section(documents, figures, cut, name)
            for name in sorted({document.cuts[cut] for document in documents})
        }
        for cut in _CUTS
    }


# --- confidence -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Temperatures:
    """The run's temperature (1.0 where there is too little to fit), and those of the fields that carry their own."""

    run: float
    own: Mapping[str, float]

    @classmethod
    def fit(cls, by_field: Mapping[str, Sequence[Judged]]) -> "Temperatures":
        """Fit them to judged chunks by field."""
        own = {name: calibration.fit_temperature(chunks) for name, chunks in by_field.items()}
        run = calibration.fit_temperature(_all(by_field)) or 1.0
        return cls(run, {name: temperature for name, temperature in own.items() if temperature is not None})

    def of(self, field: str) -> float:
        """The field's own, else the run's."""
        return self.own.get(field, self.run)

    def scale(self, field: str, confidence: float) -> float:
        """The calibrated confidence, 0..1."""
        return calibration.scale(confidence, self.of(field))


def judged_chunks(documents: Iterable[JudgedDocument]) -> dict[str, list[Judged]]:
    """Field -> (confidence, strictly right) of its predicted chunks: what temperatures are fitted to."""
    by_field: defaultdict[str, list[Judged]] = defaultdict(list)
    for document in documents:
        gold = set(document.case.gold)
        for chunk in document.case.predicted:
            by_field[chunk.field].append((chunk.confidence, chunk in gold))
    return dict(by_field)


def _all(by_field: Mapping[str, Sequence[Judged]]) -> list[Judged]:
    return [chunk for chunks in by_field.values() for chunk in chunks]


@dataclass(frozen=True)
class FieldCalibration:
    """How far a field's confidences can be trusted."""

    temperature: float
    own: bool  # or the run's
    chunks: int
    ece_before: float | None
    ece_after: float | None


@dataclass(frozen=True)
class CalibrationSection:
    """How far confidences can be trusted, before and after they are scaled."""

    temperature: float
    fitted_on: str
    chunks: int
    ece_before: float | None
    ece_after: float | None
    bins: list[Bin]
    bins_after: list[Bin]
    fields: dict[str, FieldCalibration]


def calibration_section(
    documents: Iterable[JudgedDocument], temperatures: Temperatures, fitted_on: str
) -> CalibrationSection:
    """The calibration of the evaluated documents."""
    before = judged_chunks(documents)
    after = {
        name: [(temperatures.scale(name, confidence), right) for confidence, right in chunks]
        for name, chunks in before.items()
    }
    error = calibration.expected_calibration_error
    return CalibrationSection(
        temperature=temperatures.run,
        fitted_on=fitted_on,
        chunks=len(_all(before)),
        ece_before=error(_all(before)),
        ece_after=error(_all(after)),
        bins=calibration.reliability(_all(before)),
        bins_after=calibration.reliability(_all(after)),
        fields={
            name: FieldCalibration(
                temperatures.of(name),
                name in temperatures.own,
                len(before[name]),
                error(before[name]),
                error(after[name]),
            )
            for name in sorted(before)
        },
    )


@dataclass(frozen=True)
class ThresholdRow:
    """What a wished precision of every field means for the work."""

    precision: float
    automatic_pass_rate: float
    human_review_rate: float
    passed_right: float | None
    fields: dict[str, Threshold | None]


@dataclass(frozen=True)
class ThresholdsSection(ThresholdRow):
    """The row of the wished precision, and the rows of others."""

    fitted_on: str
    expected: list[str]  # fields without which a document does not pass
    table: list[ThresholdRow]


def thresholds_section(
    documents: Sequence[JudgedDocument],
    fitting: Sequence[JudgedDocument],
    temperatures: Temperatures,
    fitted_on: str,
    wished: float,
) -> ThresholdsSection:
    """Thresholds fitted on some documents, and how many of the evaluated ones pass by them."""
    learned: defaultdict[str, list[Judged]] = defaultdict(list)
    for document in fitting:
        for name, confidence in _scaled(document, temperatures).items():
            learned[name].append((confidence, bool(document.values[name])))
    names = sorted({*learned, *(name for document in documents for name in document.confidences)})
    labelled = Counter(name for document in fitting for name, counts in document.counts.items() if counts.gold)
    expected = sorted(name for name, count in labelled.items() if count >= EXPECTED * len(fitting))
    judgements = [Judgement(_scaled(document, temperatures), document.right) for document in documents]

    def row(precision: float) -> ThresholdRow:
        limits = {name: calibration.threshold(learned.get(name, []), precision) for name in names}
        confidences = {name: limit.confidence if limit else None for name, limit in limits.items()}
        return ThresholdRow(precision, **asdict(calibration.passing(judgements, confidences, expected)), fields=limits)

    rows = {precision: row(precision) for precision in sorted({*PRECISIONS, wished})}
    return ThresholdsSection(**vars(rows[wished]), fitted_on=fitted_on, expected=expected, table=list(rows.values()))


def _scaled(document: JudgedDocument, temperatures: Temperatures) -> dict[str, float]:
    return {name: temperatures.scale(name, confidence) for name, confidence in document.confidences.items()}
