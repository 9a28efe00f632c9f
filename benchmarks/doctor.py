"""The Doctor on runs with a known fault and on healthy ones, all of them really trained (tiny models).

    python benchmarks/doctor.py [--only PART-OF-A-NAME] [--folder FOLDER] [--minutes N] [--apply]

Goal: every fault found, no healthy run troubled. Prints one line a run, and at the end what was found. With --folder
runs are kept: those that ended are only diagnosed anew, so that the work can be done in pieces (--minutes begins no
training after that time). --apply also does what the expected finding advises, one action at a time (a change of the
configuration, or the data task where the scenario knows it done), trains again, and prints the paired difference of F1
on the same test documents.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers.utils import logging

from storage.exceptions import InputProblem
from tests.support import symptoms
from tests.support.symptoms import Scenario
from workbench.evaluation import report
from workbench.evaluation.doctor import consultation, diagnosis
from workbench.evaluation.doctor.findings import Action, Finding, Severity, Target
from workbench.runs.config.request import Request


class Late(Exception):
    """The time is over."""


class Trainings:
    """Runs below a folder, each trained once."""

    def __init__(self, root: Path, minutes: float) -> None:
        self.root, self.until = root, time.monotonic() + 60 * minutes

    def run(self, name: str, prepare: Callable[[Path], object]) -> Path:
        """The folder of a run, prepared and trained where that was not done before."""
        folder = self.root / name.replace(" ", "-")
        if not (folder / "seconds").exists():
            if time.monotonic() > self.until:
                raise Late
            shutil.rmtree(folder, ignore_errors=True)  # of a training that was cut off
            folder.mkdir(parents=True)
            began = time.monotonic()
            prepare(folder)
            symptoms.train(folder)
            (folder / "seconds").write_text(f"{time.monotonic() - began:.1f}")
        return folder

    def advised(self, before: Path, scenario: Scenario, seed: int, finding: Finding) -> Iterator[tuple[str, Path]]:
        """Each action of a finding that can be done here, and the folder of the run that did it."""
        for action in finding.actions:
            name = f"{before.name}+{action.id}"
            if action.target is Target.CONFIG:
                yield action.id, self.run(name, lambda folder, action=action: changed(before, folder, action))
            elif action.id in scenario.done:
                done = replace(scenario, **scenario.done[action.id])
                yield action.id, self.run(name, lambda folder, done=done: symptoms.prepare(folder, done, seed))


def changed(before: Path, folder: Path, action: Action) -> None:
    """The same data, the configuration as an action wants it."""
    shutil.copytree(before / "dataset", folder / "dataset")
    request = Request.read(before)
    config = consultation.proposed(request.config, action)
    text = request.model_copy(update={"run": folder.name, "config": config}).text()
    (folder / "request.yaml").write_text(text, encoding="utf-8")


def difference(before: Path, after: Path) -> str:
    """What changed on the test documents, in words."""
    try:
        micro = report.compare_runs(before, after, "test")["differences"]["micro"]
    except InputProblem as problem:  # one of them has no model
        return problem.message
    low, high = micro["ci95"]
    change = f"F1 {micro['a']:.3f} -> {micro['b']:.3f} ({low:+.3f} to {high:+.3f})"
    return change + ("" if micro["certain"] else ", within the noise")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--apply", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as root:
        trainings = Trainings(options.folder or Path(root), options.minutes)
        detected, alarms, faulty, healthy, left = 0, 0, 0, 0, 0
        for seed, (name, scenario) in enumerate({**symptoms.FAULTS, **symptoms.HEALTHY}.items()):
            if options.only not in name:
                continue
            try:
                folder = trainings.run(name, lambda folder, s=scenario, n=seed: symptoms.prepare(folder, s, n))
            except Late:
                left += 1
                continue
            evidence = diagnosis.examine(folder)
            findings = {one.rule: one for one in diagnosis.diagnose(evidence).findings}
            problems = [one for one in findings.values() if one.severity is Severity.PROBLEM]
            line = {
                "run": name, "expected": scenario.rule, "found": list(findings),
                "f1": consultation.evaluation_of(folder).get("micro", {}).get("f1"),
                "train": [round(v, 2) for v in evidence.curve("train", "f1")],
                "validation": [round(v, 2) for v in evidence.curve("validation", "f1")],
                "seconds": float((folder / "seconds").read_text()),
            }  # fmt: skip
            if scenario.rule:
                faulty += 1
                detected += scenario.rule in findings
            else:
                healthy += 1
                alarms += bool(problems)
            print(json.dumps(line), flush=True)
            if options.apply and scenario.rule in findings:
                try:
                    for action, after in trainings.advised(folder, scenario, seed, findings[scenario.rule]):
                        print(f"    {action}: {difference(folder, after)}", flush=True)
                except Late:
                    left += 1
        total = {"faulty": faulty, "found": detected, "healthy": healthy, "false_alarms": alarms, "not_run": left}
        print(json.dumps(total))


if __name__ == "__main__":
    main()
