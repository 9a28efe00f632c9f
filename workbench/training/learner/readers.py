"""What the learner chooses between: the base's reading of a document, and the head's. [worker]"""

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.exceptions import ConfigProblem, InputProblem, WorkbenchError, WorkspaceProblem
from storage.files import digest_of
from workbench.evaluation import prediction_process
from workbench.fields import Field, FieldType, Schema, legal_forms
from workbench.fields.values import joined
from workbench.live.feature_files import WITHOUT_SPACE, FeatureFiles
from workbench.live.record import Record
from workbench.locate.checked_numbers import is_piece
from workbench.locate.rates import is_rate
from workbench.locate.till_slips import is_till_slip
from workbench.locate.vendors import own_fields
from workbench.locate.vendors.same_place import Page
from workbench.predictions import model_and_rules, suggestions
from workbench.predictions.cases import Case
from workbench.predictions.run_reader import mapping, predicted_cases
from workbench.predictions.suggestions import Trust
from workbench.runs import parquet
from workbench.runs.config.families import STARTER_FOLDER
from workbench.runs.config.request import Request
from workbench.runs.parquet import FrozenDocument
from workbench.runs.suggestions_file import Proposal
from workbench.training.learner.head import Head
from workbench.training.models import held_layers
from workbench.training.predictor import Description, DocumentPrediction, load_named
from workbench.workspace import Workspace

Values = dict[str, tuple[tuple[int, ...], float]]
"""Field -> (words, confidence)."""
_FORM = 1  # of the feature files
_ORDER = "purchase_order"
_SURE_LOG = -16.0  # log-probabilities below are all alike, and 16 bits hold these


@dataclass(frozen=True, slots=True)
class Features:
    """What the base makes of a document: (words, hidden) and (words, labels), 16-bit floats in a file."""

    states: NDArray[np.float16]
    log_probabilities: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a document's features are."""

    file: str
    words: int


class Base:
    """A model that documents are encoded with, and that reads them as suggestions come without a learner.

    Args:
        workspace: open.
        name: of the model: "starter", or a model folder.
        note: says a line to the analyst.

    Raises:
        WorkbenchError: the model cannot be used.
        OSError: it vanished meanwhile.
    """

    def __init__(self, workspace: Workspace, name: str, note: Callable[[str], None]) -> None:
        self.name, self._note = name, note
        predictor, description = load_named(name)
        predictor.keeps_states = True
        self._predictor, self._once = predictor, frozenset(description.once)
        self._files = FeatureFiles(
            workspace.files.features,
            _fingerprint(name, description),
            int(workspace.settings.limits.features_gb * 1e9),
        )
        run = None if name == prediction_process.STARTER else Path(name).parent
        held_layers.keep_ahead(predictor.model, run, self._files)

    @property
    def run(self) -> Path | None:
        """The run folder that the model is of."""
        return suggestions.source_run(self.name)

    def features(self, row: FrozenDocument) -> Features:
        """A document's features, from its file where there is a whole one.

        Raises:
            InputProblem: the model cannot read the document.
        """
        name = f"{_digest(row)}.npy"
        hidden, labels = self._predictor.model.config.hidden_size, len(self._predictor.labels)
        shape = (len(row.words), hidden + labels)
        table = _table(self._files.path(name), shape)
        if table is None:
            prediction = self._predicted(row)
            logs = np.log(np.maximum(prediction.probabilities, np.exp(_SURE_LOG)))
            states = prediction.states if prediction.states is not None else np.zeros((shape[0], hidden))
            table = np.concatenate([states.astype(np.float16), logs.astype(np.float16)], axis=1)
            file = io.BytesIO()
            np.save(file, table)
            try:
                self._files.keep(name, file.getvalue())
            except (WorkspaceProblem, OSError):  # a full disk: it goes on without the file
                self._note(WITHOUT_SPACE)
        else:
            self._files.touch(name)
        return Features(table[:, :hidden], table[:, hidden:])

    def _predicted(self, row: FrozenDocument) -> DocumentPrediction:
        try:
            (prediction,) = self._predictor.predict_encoded([self._predictor.encoder.encode(row)])
        except Exception as error:  # the border for whatever the libraries raise for a model of others
            raise InputProblem(f"{self.name} cannot read a document: {error}", "Delete its run.") from error
        return prediction

    def keep_ahead(self, row: FrozenDocument) -> Kept | None:
        """Encode a document that will be read later; None where there is no space, or others would lose their file."""
        kept = Kept(f"{_digest(row)}.npy", len(row.words))
        path = self._files.path(kept.file)
        if self._files.has_space and not path.exists():
            self.features(row)
        return kept if path.exists() else None

    def kept(self, kept: Kept) -> NDArray[np.float16] | None:
        """What the base makes of a document's words, (words, hidden), from its file; None where there is none."""
        hidden = self._predictor.model.config.hidden_size
        table = _table(self._files.path(kept.file), (kept.words, hidden + len(self._predictor.labels)))
        return None if table is None else table[:, :hidden]

    def read(self, row: FrozenDocument, features: Features, pieces: Set[str], trust: Trust) -> Values:
        """What would be suggested without a learner."""
        case = case_of(row, self._predictor.labels, features.log_probabilities, self._once, pieces)
        return {name: (words, sure) for name, words, sure in suggestions.proposals(case, trust)}


def base_of(workspace: Workspace, name: str, note: Callable[[str], None]) -> Base:
    """The model of this name; the starter where it cannot be used for words."""
    if name != prediction_process.STARTER:
        try:
            return Base(workspace, name, note)
        except (WorkbenchError, OSError) as problem:
            if _is_of_words(Path(name).parent):
                note(instead_of(name, problem))
    return Base(workspace, prediction_process.STARTER, note)


def instead_of(name: str, problem: Exception) -> str:
    """What is said of a model that cannot be used."""
    reason = problem.message if isinstance(problem, WorkbenchError) else str(problem)
    return f"Suggestions learn with the starter, as the model of run {Path(name).parent.name} cannot be used: {reason}"


def _is_of_words(run: Path) -> bool:
    """Whether a run's model should be of use: not a baseline, nor a model of classes."""
    try:
        model = Request.read(run).config.model
    except ConfigProblem:
        return True
    return model.task != "classes" and model.family != "baseline"


def head_values(
    head: Head, row: FrozenDocument, features: Features, once: Set[str], pieces: Set[str], trust: Trust
) -> Values:
    """The values that a head reads, surer than what is worth suggesting."""
    case = case_of(row, head.labels, head.log_probabilities(features.states), once, pieces)
    values = suggestions.values_of(case, Trust(types=trust.types, rules=trust.rules))
    return {name: value for name, value in values.items() if value[1] >= suggestions.FLOOR}


def whole_lines(values: Values, base: Values, row: FrozenDocument, pieces: Set[str]) -> Values:
    """The head's values, with the base's words where the head's cut a line that the base's do not, or a legal form.

    After few labels a head knows words of names ("MART") better than where names begin and end.

    Args:
        values: the head's.
        base: the base's, of the same document.
        row: the document.
        pieces: ids of the fields whose values are lines: names and addresses.
    """
    lines = [*zip(row.pages, row.lines, strict=True)]

    def cuts(words: tuple[int, ...]) -> int:
        before, behind = words[0] - 1, words[-1] + 1
        is_cut_before = before >= 0 and lines[before] == lines[words[0]]
        return is_cut_before + (behind < len(lines) and lines[behind] == lines[words[-1]])

    def cuts_form(words: tuple[int, ...]) -> bool:
        following = [word for word, line in enumerate(lines) if word > words[-1] and line == lines[words[-1]]]
        return bool(legal_forms.rest_behind(row.words[words[-1]], [row.words[word] for word in following]))

    whole = dict(values)
    for name, (words, sure) in values.items():
        other, _ = base.get(name, ((), 0.0))
        is_there = name in pieces and other and not set(words).isdisjoint(other)
        if is_there and (cuts(words) > cuts(other) or (cuts_form(words) and not cuts_form(other))):
            whole[name] = other, sure
    return whole


def without_guesses(values: Values, page: Page, schema: Schema, others: Iterable[Values]) -> Values:
    """The head's values, without orders and rates that nothing speaks for, and parts of numbers: any looks like one.

    Few documents name an order, and receipts of tills none; what they call so is the till's own number.

    Args:
        values: the head's.
        page: the document.
        schema: of the fields.
        others: what other readers take the values to be.
    """
    known = {words for other in others if (words := other.get(_ORDER, ((), 0.0))[0])}
    around = page.around

    def is_guess(field: Field, words: tuple[int, ...]) -> bool:
        if field.type is FieldType.RATE:
            return not is_rate(around, field, words)
        if field.type is FieldType.ID and is_piece(around, words):
            return True
        if field.id != _ORDER or words in known:
            return False
        row = around.layout.row_of[words[0]]
        fit, _ = around.context(field, row, around.layout.rows[row].index(words[0]))
        return fit <= 0 or is_till_slip(around)

    guessed = {f.id for f in schema.spans if f.id in values and is_guess(f, values[f.id][0])}
    return {name: value for name, value in values.items() if name not in guessed}


def without_others(readings: Mapping[str, Values], base: Values, page: Page, schema: Schema) -> dict[str, Values]:
    """What was learned, without values of own text fields that the base surely reads as another field's."""
    others = [(name, words, sure) for name, (words, sure) in base.items()]

    def text(words: tuple[int, ...]) -> str:
        return joined(page.words[word] for word in words)

    return {name: own_fields.without_others(values, others, schema, text) for name, values in readings.items()}


def chosen(readings: Mapping[str, Values], record: Record, labelled: Set[str]) -> list[Proposal]:
    """Field by field the reader that is likeliest right: how sure it is, by how often it was right of late.

    A field of the starter's, or one of which the base has a value, follows the head only while that was right oftener
    than the base where one of them alone was: so what is learned makes no suggestions worse for long. Where two fields
    want the same words, those with labels (`labelled`) come before those that have none yet.

    Args:
        readings: of the readers of the record, by name; where two are as likely right, the first is followed.
        record: how often they were right.
        labelled: ids of fields.
    """
    proposals: list[Proposal] = []
    for name in sorted(set().union(*readings.values())):
        rates = record.rates(name)
        offered = {reader: values[name] for reader, values in readings.items() if name in values}
        is_own = own_fields.is_own(name)
        is_of_base = not is_own or bool(offered.get("base", ((), 0.0))[0])
        if is_of_base and not record.head_is_better(name):
            offered.pop("head", None)
        if not offered:
            continue
        reader = max(offered, key=lambda reader: offered[reader][1] * rates[reader])
        words, sure = offered[reader]
        if reader != "base":  # which is calibrated
            sure *= rates[reader]
        if words and sure >= suggestions.FLOOR:
            if reader != "base" and is_own:
                sure = own_fields.likelihood(sure, *record.judged(name, reader))
            proposals.append((name, words, round(sure, 4)))
    first = model_and_rules.apart(p for p in proposals if p[0] in labelled)
    taken = {word for _, words, _ in first for word in words}
    others = (p for p in proposals if p[0] not in labelled and taken.isdisjoint(p[1]))
    return sorted([*first, *model_and_rules.apart(others)], key=lambda proposal: proposal[1])


def case_of(row: FrozenDocument, labels: Sequence[str], logs: NDArray[Any], once: Set[str], pieces: Set[str]) -> Case:
    """A document with the reading of its words' log-probabilities, (words, labels)."""
    probabilities = np.minimum(np.exp(np.asarray(logs, np.float32)), 1.0).astype("<f2").tobytes()
    prediction = parquet.Prediction(row.document, "", list(labels), probabilities, [], 1, [0] * len(row.words), False)
    return next(iter(predicted_cases([(mapping(row), mapping(prediction))], once, pieces)))


def _table(path: Path, shape: tuple[int, int]) -> NDArray[np.float16] | None:
    """A file's numbers, mapped into memory; None where it is missing, damaged or of something else.

    Nothing of the file is believed: its head must be the one that `np.save` writes for this shape.
    """
    head = _head_of(shape)
    try:
        if not path.is_file() or path.stat().st_size != len(head) + 2 * shape[0] * shape[1]:
            return None
        with path.open("rb") as file:
            if file.read(len(head)) != head:
                return None
        table: NDArray[np.float16] = np.memmap(path, np.float16, "r", len(head), shape)
    except (OSError, ValueError):
        return None
    return table if np.isfinite(table).all() else None


def _head_of(shape: tuple[int, int]) -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f2", "fortran_order": False, "shape": shape})
    return head.getvalue()


def _digest(row: FrozenDocument) -> str:
    """Of all that a model reads of a document."""
    content = json.dumps([row.words, row.boxes, row.pages, row.lines, row.pictures])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _fingerprint(name: str, description: Description) -> str:
    # Not the precision: which is faster is measured anew in each process, and the head does not notice the difference.
    folder = STARTER_FOLDER if name == prediction_process.STARTER else Path(name)
    weights = digest_of(folder / "model.safetensors")
    encoding = json.dumps([_FORM, weights, description.data.model_dump(), description.sep_box])
    return hashlib.sha256(encoding.encode()).hexdigest()[:16]
