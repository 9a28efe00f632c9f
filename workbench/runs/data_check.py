"""What a run would get to see, before it starts: counts by side and field, lengths, and what is missing.

Light: the terminal has no tokenizer, so pieces of words are estimated by a rule that was fitted on WordPiece (within
2 % in the sum over 150 receipts, 10 % on a single one).
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Connection

from storage import document_list, documents
from storage.exceptions import RunProblem
from storage.records import Content, Document, Split
from workbench.files.typed_paths import expanded
from workbench.runs import machine, snapshot, windows
from workbench.runs.config import families
from workbench.runs.config.tune import TuneConfig
from workbench.runs.model_folders import weights
from workbench.workspace import Workspace

SPECIAL_TOKENS = 2
FEW_LABELS = 5
"""Fewer labels of a field than this are called few."""

_PIECES = re.compile(r"[^\W\d_]+|\d+|[^\w\s]|_")


class Level(StrEnum):
    """How much a finding matters."""

    REFUSE = "refuse"  # the run cannot work
    WARN = "warn"  # it works, and its figures or its model will suffer
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """Something about the data or the configuration, and what to do about it."""

    level: Level
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class SideFacts:
    documents: int = 0
    pages: int = 0
    vendors: int = 0
    tokens: int = 0  # estimated, in windows, with the overlaps
    windows: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)  # field id, or option of a class field -> labels


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What the form shows of the data. Tokens are the model's (pieces of words), estimated."""

    sides: Mapping[Split, SideFacts]
    page_tokens: tuple[int, int, int, int]  # median, 90 %, 99 %, most
    over_limit: float  # share of the pages that are longer than a window, 0..1
    longest_window: int  # tokens
    names: Mapping[str, str]  # field id -> name, or of a class field each option; in the schema's order
    findings: tuple[CheckFinding, ...]

    @property
    def refused(self) -> tuple[CheckFinding, ...]:
        """What keeps the run from working."""
        return tuple(f for f in self.findings if f.level is Level.REFUSE)


@lru_cache(maxsize=200_000)
def pieces(word: str) -> int:
    """About how many tokens a model's tokenizer makes of a word; at least 1."""
    total = 0
    for part in _PIECES.findall(word):
        if part[0].isdigit():
            total += -(-len(part) // 2)
        elif part[0].isalpha():
            total += len(part) if ord(part[0]) >= 0x2E80 else 1 + (len(part) - 1) // 5
        else:
            total += 1
    return max(1, total)


@dataclass(frozen=True, slots=True)
class _Read:
    """What is kept of a document between checks: its words do not change without its version."""

    version: int
    pages: tuple[int, ...]  # tokens of each page
    labels: Mapping[str, int]
    group: str
    classes: Mapping[str, tuple[str, ...]]  # class field -> its options


class DataChecker:
    """Checks data for configurations; documents are read once a version."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[int, _Read] = {}

    def check(self, config: TuneConfig) -> DataCheck:
        """The facts and findings for a run with this configuration. About a second for 500 new documents."""
        with self._workspace.db.read() as connection:
            try:
                learned = snapshot.learned_fields(self._workspace.schema, config.model)
                class_field = learned[0].id if config.model.task == "classes" else None
                chosen = snapshot.select(connection, config.train.seed, config.data.max_train_documents, class_field)
            except RunProblem as problem:
                return _nothing(problem, self._workspace, config)
            listed = {d.id: d for d in document_list.page(connection, document_list.Filter(), 0, 1_000_000)}
            sides = {split: [self._read(connection, listed[i]) for i in ids] for split, ids in chosen.ids.items()}
        capacity = max(1, config.data.max_length - SPECIAL_TOKENS)
        overlap = config.data.window_stride
        lengths = sorted(
            tokens
            for split in Split
            if split is not Split.POOL
            for document in sides.get(split, ())
            for tokens in document.pages
        )
        facts = {split: _facts(read, capacity, overlap, class_field) for split, read in sides.items()}
        fields = {f.id: f.name for f in learned}
        if class_field is not None:
            fields = {option: option for option in learned[0].options}
        over = sum(length > capacity for length in lengths) / len(lengths) if lengths else 0.0
        findings = [
            *_of_configuration(config),
            *_of_labels(facts, fields),
            *_of_lengths(over, capacity, facts),
            *(CheckFinding(Level.NOTE, note) for note in chosen.notes),
        ]
        order = list(Level)
        return DataCheck(
            facts,
            _percentiles(lengths),
            over,
            min(capacity, lengths[-1] if lengths else 0) + SPECIAL_TOKENS,
            fields,
            tuple(sorted(findings, key=lambda finding: order.index(finding.level))),
        )

    def _read(self, connection: Connection, document: Document) -> _Read:
        known = self._known.get(document.id)
        if known is None or (known.version, known.group) != (document.version, document.group):
            known = self._known[document.id] = _counted(documents.open_document(connection, document.id))
        return known


def _counted(content: Content) -> _Read:
    return _Read(
        content.document.version,
        tuple(sum(pieces(token.text) for token in page.tokens) for page in content.pages),
        Counter(span.field for span in content.annotations.spans),
        content.document.group,
        {
            label.field: tuple(c.option for c in content.annotations.classes if c.field == label.field)
            for label in content.annotations.classes
        },
    )


def _nothing(problem: RunProblem, workspace: Workspace, config: TuneConfig) -> DataCheck:
    with workspace.db.read() as connection:
        pool = document_list.count(connection)
    empty = {split: SideFacts(documents=pool if split is Split.POOL else 0) for split in Split}
    findings = (CheckFinding(Level.REFUSE, problem.message, problem.remedy), *_of_configuration(config))
    return DataCheck(empty, (0, 0, 0, 0), 0.0, 0, {}, findings)


def _facts(documents: Sequence[_Read], capacity: int, overlap: int, class_field: str | None) -> SideFacts:
    labels: Counter[str] = Counter()
    tokens = total = 0
    for document in documents:
        labels.update(document.labels if class_field is None else document.classes.get(class_field, ()))
        for length in document.pages:
            number = windows.count(length, capacity, overlap)
            total += number
            tokens += length + max(0, number - 1) * overlap + number * SPECIAL_TOKENS
    return SideFacts(
        len(documents), sum(len(document.pages) for document in documents),
        len({document.group for document in documents if document.group}), tokens, total, dict(labels),
    )  # fmt: skip


def _percentiles(ordered: Sequence[int]) -> tuple[int, int, int, int]:
    if not ordered:
        return (0, 0, 0, 0)
    a, b, c = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.9, 0.99))
    return a, b, c, ordered[-1]


def _of_labels(facts: Mapping[Split, SideFacts], names: Mapping[str, str]) -> Iterable[CheckFinding]:
    train, validation, test = (facts.get(s, SideFacts()) for s in (Split.TRAIN, Split.VALIDATION, Split.TEST))
    sides = [
        {name: count for name, count in side.labels.items() if name in names} for side in (train, validation, test)
    ]
    in_train, in_validation, in_test = sides
    if not in_train:
        yield CheckFinding(
            Level.REFUSE,
            f"None of the {train.documents} training documents carries a label.",
            "Label fields on some of them, or bring retired fields back.",
        )
        return
    if train.documents == 1:
        yield CheckFinding(
            Level.WARN,
            "There is one training document: the model will memorise that one and learn little else.",
            "Label about ten documents of several vendors first.",
        )
    if not validation.documents:
        yield CheckFinding(
            Level.WARN,
            "There is no validation document: nothing can be measured, and the last model is kept, not the best.",
            "Label a second document, or `workbench split`.",
        )

    def named(ids: Iterable[str]) -> str:
        return ", ".join(names[field_id] for field_id in ids)

    unlearnt = dict.fromkeys(name for name in (*in_validation, *in_test) if name not in in_train)
    only_test = [name for name in unlearnt if name not in in_validation]
    only_validation = [name for name in unlearnt if name in in_validation]
    if only_test:
        yield CheckFinding(
            Level.WARN,
            f"Labelled only on test documents: {named(only_test)}. The model cannot learn it, the test counts it.",
            "Label it on training documents too, or `workbench split` anew.",
        )
    if only_validation:
        yield CheckFinding(
            Level.WARN,
            f"Labelled on validation but on no training document: {named(only_validation)}.",
            "Label it on training documents too, or `workbench split` anew.",
        )
    if validation.documents and (unmeasured := [name for name in in_train if name not in in_validation]):
        yield CheckFinding(
            Level.WARN,
            f"No label on validation: {named(unmeasured)}. Its quality will not be seen.",
            "Label validation documents that have it, or `workbench split` anew.",
        )
    if once := [name for name, count in in_train.items() if count == 1]:
        yield CheckFinding(
            Level.WARN, f"One label only: {named(once)}. That is too little to learn from.", "Label more of it."
        )
    if few := [f"{names[name]} ({count})" for name, count in in_train.items() if 1 < count < FEW_LABELS]:
        yield CheckFinding(Level.NOTE, f"Few labels: {', '.join(few)}.", "Label more of it.")


def _of_lengths(over: float, capacity: int, facts: Mapping[Split, SideFacts]) -> Iterable[CheckFinding]:
    train = facts.get(Split.TRAIN, SideFacts())
    if over > 0.0 and train.pages:
        yield CheckFinding(
            Level.NOTE,
            f"{'Under 1 %' if over < 0.01 else f'{over:.0%}'} of the pages are longer than a window of {capacity} "
            f"tokens: they become overlapping windows "
            f"({train.windows} from {train.pages} training pages). Nothing is cut.",
        )


def _of_configuration(config: TuneConfig) -> Iterable[CheckFinding]:
    """What this machine cannot do."""
    device = machine.device()
    if config.train.device not in ("auto", device):
        yield CheckFinding(
            Level.REFUSE,
            f"train.device is {config.train.device}, and this machine has none that is free to be used.",
            "Set train.device to auto.",
        )
    if config.train.fp16 and device == "cpu":
        yield CheckFinding(Level.REFUSE, "train.fp16 does not work on a CPU.", "Leave it empty: the device decides.")
    if config.train.engine == "loop" and config.train.deepspeed:
        yield CheckFinding(
            Level.REFUSE, "The training loop does not work with DeepSpeed.", "Set train.engine to trainer."
        )
    if config.train.engine == "loop" and config.train.processes > 1:
        yield CheckFinding(
            Level.REFUSE, "The training loop is one process.", "Set train.engine to trainer, or train.processes to 1."
        )
    for key, name, asked in (
        ("fsdp", "FSDP", config.train.fsdp or config.train.fsdp_config),
        ("deepspeed", "DeepSpeed", config.train.deepspeed),
    ):
        if asked and config.train.processes == 1:
            yield CheckFinding(
                Level.WARN,
                f"{name} is left out: the run is one process, and only several can share a model.",
                f"Set train.processes to the number of GPUs, or leave train.{key} empty.",
            )
    name = config.model.name or families.spec(config.model.family).bases[0].name
    if not name:
        if not (families.STARTER_FOLDER / weights.FILE).is_file():
            yield CheckFinding(
                Level.REFUSE,
                "The starter model is missing from this installation.",
                "Install the program again, or set model.name to a LayoutLM folder.",
            )
        return
    folder = expanded(name)
    if folder.is_dir():
        return
    if name.startswith(("/", "./", "../", "~")) or name.count("/") > 1:
        yield CheckFinding(Level.REFUSE, f"There is no model folder {name}.", "Correct model.name.")
    elif not _cached(name):
        if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
            yield CheckFinding(
                Level.REFUSE,
                f"{name} is not on this machine, and HF_HUB_OFFLINE forbids fetching it.",
                "Set model.name to a folder that holds it.",
            )
        else:
            yield CheckFinding(
                Level.NOTE, f"{name} is not on this machine yet: it is fetched from the hub when the run starts."
            )


def _cached(name: str) -> bool:
    home = expanded(os.environ.get("HF_HOME", "~/.cache/huggingface"))
    hub = expanded(os.environ.get("HF_HUB_CACHE", str(home / "hub")))
    return any((hub / f"models--{name.replace('/', '--')}" / "snapshots").glob("*/config.json"))
