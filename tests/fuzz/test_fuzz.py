"""Mutants of every input: each is taken or refused with a reason; nothing crashes, hangs, or is lost in silence.

`make fuzz` does so for ten minutes and prints the table of docs/measurements.md; the ordinary tests for a few batches.
Mutants that fail are kept in build/fuzz.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from storage.exceptions import WorkbenchError
from tests.fuzz import corpus, folders, mutants
from tests.support import ROOT, workspaces
from workbench import settings as workbench_settings
from workbench.exchange import reader_process
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.live import record
from workbench.runs import progress
from workbench.runs.config import files
from workbench.runs.config.request import Request
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder
from workbench.search.plan import SearchFolder
from workbench.workspace import Workspace

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
BATCHES = 4
"""So many at least: a few mutants of every input."""
FIRST_SEED = int(os.environ.get("FUZZ_SEED", "16"))
ONLY = os.environ.get("FUZZ_ONLY", "")  # a part of the inputs' names
KEPT = Path(os.environ.get("FUZZ_KEPT", ROOT / "build" / "fuzz"))
_BATCH = 50
_HANG = 5.0  # seconds of processor time, also of child processes: other programs may have the processor
_STILL = 60.0  # seconds on the clock
_PER_WORKSPACE = 300  # mutants: later imports would only compare with more documents

_NAMES = ("\udcff", "a\nb", "\x1b[31m", "?#%41&", "x" * 200, "'; drop --", "\u202ecod", " ")

IMPORTS = corpus.corpus()


LEARNED = b'{"documents": {"1": {"total": [true, false, true]}, "2": {"total": [false, true, true]}}}'
PLAN = b'{"name": "mutant", "config": {}, "space": ["train.learning_rate=1e-5..2e-4 log"], "trials": 3}'
FOUND = (
    b'{"best": {"run": "a", "value": 0.5, "params": {}}, "gain": {"sentence": "b"}, "test": {"f1": 0.4},'
    b' "importance": {"train.learning_rate": 1.0}, "trials": [{"run": "a", "state": "complete", "value": 0.5,'
    b' "params": {"train.learning_rate": 0.1}}]}'
)

CONFIGURATIONS: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "workbench.toml": ("w.toml", corpus.SETTINGS, lambda folder: workbench_settings.read(folder / "w.toml")),
    "tune YAML": ("tune.yaml", corpus.CONFIGURATION, lambda folder: files.load(folder / "tune.yaml")),
    "--set": ("set.txt", b"train.learning_rate=3e-5", lambda folder: files.apply_sets(TuneConfig(), _sets(folder))),
    "request.yaml": ("request.yaml", corpus.REQUEST, Request.read),
    "events.jsonl": ("events.jsonl", corpus.EVENTS, lambda folder: (progress.of(folder), progress.trained_on(folder))),
    "report.json": ("report.json", corpus.REPORT, lambda folder: RunFolder(folder).read_report()),
    "learner.json": ("learner.json", LEARNED, lambda folder: list(record.read(folder / "learner.json").fields())),
    "plan of a search": ("plan.json", PLAN, lambda folder: SearchFolder(folder).read_plan().dimensions),
    "report of a search": ("result.json", FOUND, lambda folder: SearchFolder(folder).read_result()),
}
"""Name -> its file, a valid content, and what reads it."""


def _sets(folder: Path) -> list[str]:
    return [(folder / "set.txt").read_text("utf-8", "replace")]


class Tally:
    """What became of the mutants, format by format."""

    def __init__(self) -> None:
        self.mutants: Counter[str] = Counter()
        self.crashes: Counter[str] = Counter()
        self.hangs: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.slowest = 0.0
        self.failures: list[str] = []

    def fail(self, kind: Counter[str], name: str, why: str, folder: Path) -> None:
        kind[name] += 1
        kept = KEPT / f"{name.replace(' ', '-')}-{sum(kind.values())}-{len(self.failures)}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, symlinks=True)
        self.failures.append(f"{name}: {why} ({kept})")

    def table(self) -> str:
        rows = ["| input | mutants | crashes | hangs over 5 s | silent losses |", "|---|---|---|---|---|"]
        for name in sorted(self.mutants):
            rows.append(
                f"| {name} | {self.mutants[name]:,} | {self.crashes[name]} | {self.hangs[name]} | {self.losses[name]} |"
            )
        counts = (self.mutants, self.crashes, self.hangs, self.losses)
        return "\n".join([*rows, "| all | " + " | ".join(f"{sum(count.values()):,}" for count in counts) + " |"])


class Attack:
    """Imports mutants into a workspace that is renewed now and then."""

    def __init__(self, folder: Path) -> None:
        self.tally = Tally()
        self._folder = folder
        self._number = 0
        self._started = 0.0
        self._used = 0.0
        self._workspace: Workspace | None = None
        self._server: folders.Server | None = None
        self._warm: set[str] = set()

    def one(self, name: str, random: Random) -> None:
        self._number += 1
        folder = self._folder / "mutant"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.tally.mutants[name] += 1
        self._begin()
        try:
            if name in IMPORTS:
                self._import(name, folder, random)
            elif name in folders.FOLDERS:
                self._read_folder(name, folder, random)
            elif name in folders.REQUESTS:
                self._server = self._server or folders.Server()
                self._server.ask(name, folder, random, _mutant)
            else:
                file, content, read = CONFIGURATIONS[name]
                (folder / file).write_bytes(_mutant(content, random))
                self._begin()
                read(folder)
        except WorkbenchError:
            pass  # refused with a reason
        except Exception as error:
            self.tally.fail(self.tally.crashes, name, f"{type(error).__name__}: {error}"[:300], folder)
        used, passed = _processor_seconds() - self._used, time.monotonic() - self._started
        self.tally.slowest = max(self.tally.slowest, used)
        if used > _HANG or passed > _STILL:
            self.tally.fail(self.tally.hangs, name, f"{used:.1f} s of processor time in {passed:.1f} s", folder)

    def _begin(self) -> None:
        self._used, self._started = _processor_seconds(), time.monotonic()

    def _import(self, name: str, folder: Path, random: Random) -> None:
        whole = IMPORTS[name]
        target = random.choice([next(iter(whole)), *whole])  # the format's own file more often
        attacked = {**whole, target: _mutant(whole[target], random)}
        if random.random() < 0.05:
            attacked[random.choice(_NAMES) + Path(target).suffix] = attacked.pop(target)
        corpus.write(attacked, folder)
        summary = run(self._opened(), ImportRequest((folder,), ocr=False))
        if reason := _lost(name, summary, name.startswith("values") and target.startswith("v.")):
            self.tally.fail(self.tally.losses, name, reason, folder)

    def _read_folder(self, name: str, folder: Path, random: Random) -> None:
        valid, read = folders.FOLDERS[name]
        whole = valid()
        if name not in self._warm:  # the first call loads libraries, which takes seconds
            self._warm.add(name)
            corpus.write(whole, self._folder / name)
            read(self._folder / name)
        target = random.choice(list(whole))
        corpus.write({**whole, target: _mutant(whole[target], random)}, folder)
        (folder / ".mutant").write_text(target)
        self._begin()
        read(folder)

    def _opened(self) -> Workspace:
        if self._workspace is None or self._number % _PER_WORKSPACE == 0:
            self._close_workspace()
            self._workspace = workspaces.empty(self._folder / f"workspace-{self._number}")
        return self._workspace

    def _close_workspace(self) -> None:
        if self._workspace is not None:
            self._workspace.close()
            shutil.rmtree(self._workspace.files.root)
            self._workspace = None

    def close(self) -> None:
        self._close_workspace()
        if self._server is not None:
            self._server.close()
            self._server = None


def _processor_seconds() -> float:
    """Of this process and of its reader processes, also of those that ended."""
    times, readers = os.times(), reader_process._shared
    ended = times.children_user + times.children_system
    return times.user + times.system + ended + sum(r._processor_seconds() for r in (*readers._idle, *readers._busy))


def _mutant(content: bytes, random: Random) -> bytes:
    return (mutants.of_json if random.random() < 0.5 else mutants.of_bytes)(content, random)


def _lost(name: str, summary: Summary, is_table: bool) -> str:
    """What the summary does not speak of, though it was in the files; "" when it speaks of all."""
    rows = summary.values.rows + summary.values.skipped if summary.values else 0
    documents = summary.documents + summary.known + summary.skipped
    if is_table and not rows and documents < 2:  # one is the document that the table speaks of
        return "the table is not spoken of"
    return "" if documents + rows else "neither a document, nor a row, nor a reason"


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    attack = Attack(tmp_path_factory.mktemp("fuzz"))
    yield attack
    attack.close()


@pytest.mark.timeout(SECONDS + 600)
def test_mutants_are_taken_or_refused_with_a_reason(attack: Attack) -> None:
    names = [name for name in (*IMPORTS, *CONFIGURATIONS, *folders.FOLDERS, *folders.REQUESTS) if ONLY in name]

    def batch(number: int) -> None:
        @seed(number)
        @settings(max_examples=_BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(names), st.randoms(use_true_random=True))
        def mutate(name: str, random: Random) -> None:
            attack.one(name, random)

        mutate()

    end = time.monotonic() + SECONDS
    number = FIRST_SEED
    while number < FIRST_SEED + BATCHES or time.monotonic() < end:
        batch(number)
        number += 1
    print(f"\n{attack.tally.table()}\nslowest: {attack.tally.slowest:.1f} s")
    assert not attack.tally.failures, "\n".join(attack.tally.failures[:20])


def test_every_valid_file_goes_in(tmp_path: Path) -> None:
    for name, content in IMPORTS.items():
        corpus.write(content, tmp_path / name)
        with closing(workspaces.empty(tmp_path / f"workspace {name}")) as workspace:
            summary = run(workspace, ImportRequest((tmp_path / name,), ocr=False))
        assert summary.documents, (name, summary.rejected)
        assert not summary.rejected, (name, summary.rejected)
        if name.startswith("values"):
            assert summary.values and summary.values.documents == 1, name


def test_valid_folders_are_read(tmp_path: Path) -> None:
    for name, (valid, read) in folders.FOLDERS.items():
        corpus.write(valid(), tmp_path / name)
        read(tmp_path / name)
