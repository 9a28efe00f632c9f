"""The Doctor on runs that were really trained and really have the fault. benchmarks/doctor.py has all of them."""

from dataclasses import replace

import pytest
import torch
from transformers.utils import logging

from tests.support import symptoms
from workbench.evaluation.doctor.diagnosis import diagnose, examine
from workbench.evaluation.doctor.findings import Severity

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)

CHEAP = ("rate far too high", "rate far too low", "one vendor is missing", "vendors on both sides")
EPOCHS = {"rate far too high": 5, "vendors on both sides": 2, "one vendor is missing": 8, "rate far too low": 4}
"""They show early what the others show late."""


def rules(folder, scenario, seed):
    symptoms.train(symptoms.prepare(folder, scenario, seed))
    return {one.rule: one for one in diagnose(examine(folder)).findings}


@pytest.mark.parametrize("name", CHEAP)
def test_a_fault_is_named_with_its_evidence(tmp_path, name):
    scenario = symptoms.FAULTS[name]
    if name in EPOCHS:
        train = scenario.settings.get("train", {}) | {"num_train_epochs": EPOCHS[name]}
        scenario = replace(scenario, settings={**scenario.settings, "train": train})
    findings = rules(tmp_path / "run", scenario, list(symptoms.FAULTS).index(name))
    assert scenario.rule in findings and findings[scenario.rule].evidence and findings[scenario.rule].actions


def test_a_healthy_run_is_left_in_peace(tmp_path):
    findings = rules(tmp_path / "run", symptoms.HEALTHY["healthy 0"], 15)
    assert [finding.rule for finding in findings.values() if finding.severity is Severity.PROBLEM] == []
