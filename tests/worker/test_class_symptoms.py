"""The Doctor on class runs that were really trained and really have the fault."""

import pytest
import torch
from transformers.utils import logging

from tests.support import class_symptoms
from workbench.evaluation.doctor.diagnosis import diagnose, examine

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.set_num_threads(1)


@pytest.mark.parametrize("name", [name for name, scenario in class_symptoms.SCENARIOS.items() if scenario.rules])
def test_a_fault_is_named_with_its_evidence_and_a_way_out(tmp_path, name):
    scenario = class_symptoms.SCENARIOS[name]
    folder = class_symptoms.run(tmp_path / "run", scenario)
    findings = {finding.rule: finding for finding in diagnose(examine(folder)).findings}
    assert set(scenario.rules) <= set(findings)
    assert all(finding.evidence and finding.actions and all(finding.facts) for finding in findings.values())


def test_a_healthy_run_is_left_in_peace(tmp_path):
    folder = class_symptoms.run(tmp_path / "run", class_symptoms.SCENARIOS["healthy"])
    assert diagnose(examine(folder)).findings == ()
