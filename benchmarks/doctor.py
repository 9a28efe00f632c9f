"""The Doctor on runs with a known fault and on healthy ones, all of them really trained (tiny models).

    python benchmarks/doctor.py [--only PART-OF-A-NAME]

Goal: every fault found, no healthy run troubled. Prints one line a run, and at the end what was found.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import torch
from transformers.utils import logging
from worker import symptoms

from workbench import consulting, doctor
from workbench.doctor import Severity


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    found, alarms, faulty, healthy = 0, 0, 0, 0
    for number, (name, scenario) in enumerate({**symptoms.FAULTS, **symptoms.HEALTHY}.items()):
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as root:
            began = time.monotonic()
            folder = symptoms.prepare(Path(root) / "run", scenario, seed=number)
            symptoms.train(folder)
            seconds = time.monotonic() - began
            evidence = doctor.examine(folder)
            findings = doctor.diagnose(evidence).findings
            f1 = consulting.evaluation_of(folder).get("micro", {}).get("f1")
        problems = [one.rule for one in findings if one.severity is Severity.PROBLEM]
        if scenario.rule:
            faulty += 1
            found += scenario.rule in [one.rule for one in findings]
        else:
            healthy += 1
            alarms += bool(problems)
        print(json.dumps({"run": name, "expected": scenario.rule, "found": [one.rule for one in findings],
                          "f1": f1, "validation": [round(v, 2) for v in evidence.curve("validation", "f1")],
                          "seconds": round(seconds, 1)}), flush=True)  # fmt: skip
    print(json.dumps({"faulty": faulty, "found": found, "healthy": healthy, "false_alarms": alarms}))


if __name__ == "__main__":
    main()
