"""Choosing among texts is simulated with models that are really trained, in processes of their own."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.exceptions import RunProblem, UsageProblem
from storage.records import Side
from tests.support import text_documents, tiny_model
from tests.support.workspaces import until
from workbench.active_learning import simulation
from workbench.active_learning.simulation_worker import Simulator
from workbench.runs.config.tune import TuneConfig
from workbench.training import mc_dropout
from workbench.workspace import Workspace

WORDS = {"invoice": "total item date", "question": "a b c"}
TEXTS = [f"{list(WORDS.values())[number % 2]} {number % 7} {'abc'[number % 3]}" for number in range(40)]
LABELS = {number: list(WORDS)[number % 2] for number in range(40)}
SIDES = {**dict.fromkeys(range(24, 32), Side.VALIDATION), **dict.fromkeys(range(32, 40), Side.TEST)}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Workspace]:
    workspace = text_documents.workspace(tmp_path / "w", TEXTS, LABELS, sides=SIDES)
    yield workspace
    workspace.close()


def test_a_simulation_that_was_killed_goes_on_to_figures_of_every_strategy(made: Workspace) -> None:
    config = TuneConfig.model_validate({"model": {"task": "classes", "family": "baseline"}})
    folder = simulation.prepare(made, ["margin", "typical"], config, rounds=1, batch=4, seeds=1)
    process = simulation.start(folder)
    assert process is not None
    until(lambda: simulation.cells(folder))
    os.killpg(process.pid, signal.SIGKILL)
    with pytest.raises(RunProblem, match="of 7 models"):
        simulation.wait(folder, process)
    before = len(simulation.cells(folder))
    shown: list[float] = []
    answer = simulation.wait(folder, simulation.start(folder), lambda done, total: shown.append(done))
    assert answer["done"] == 7 > before >= 1 and shown == sorted(shown)
    assert answer["full"]["accuracy"] == 1 and answer["full"]["labels"] == 24
    assert {name: len(one["curve"]) for name, one in answer["strategies"].items()} == {
        "margin": 2, "typical": 2, "random": 2,
    }  # fmt: skip
    assert not list(folder.glob("trained/*/model"))


@pytest.mark.parametrize("warm", [False, True])
def test_where_a_model_contradicts_itself_is_asked_of_every_rounds_model(made: Workspace, warm: bool) -> None:
    base = tiny_model.base(made.files.root, "text")
    config = TuneConfig.model_validate(
        {
            "model": {"task": "classes", "family": "text", "name": str(base), "classifier_dropout": 0.2},
            "train": {"learning_rate": 5e-3, "num_train_epochs": 2, "early_stopping_patience": 0},
            "regularization": {"hidden_dropout_prob": 0.2, "attention_probs_dropout_prob": 0.0},
            "data": {"max_length": 32, "window_stride": 4},
        }
    )
    folder = simulation.prepare(made, ["bald"], config, rounds=2, batch=4, seeds=1, warm=warm)
    Simulator(folder).run()  # in this process, which has the libraries: one of its own loads them for seconds
    answer = simulation.report(folder)
    assert [point["labels"] for point in answer["strategies"]["bald"]["curve"]] == [4, 8, 12]
    asked = [run for run in folder.glob("trained/*") if (run / "choice-bald.json").is_file()]
    assert len(asked) == 2 and all(mc_dropout.read(run) for run in asked)
    assert not list(folder.glob("trained/*/model"))


def test_all_but_the_control_begin_with_typical_texts_where_that_is_wanted(made: Workspace) -> None:
    config = TuneConfig.model_validate({"model": {"task": "classes", "family": "baseline"}})
    folder = simulation.prepare(made, ["margin"], config, rounds=1, batch=4, seeds=2, start=2, begin="typical")
    assert folder != simulation.prepare(made, ["margin"], config, rounds=1, batch=4, seeds=2, start=2)
    simulator = Simulator(folder)
    for seed in range(2):
        first = next(iter(simulator.rounds("margin", seed)))
        kinds = {option for number in first.labelled for option in simulator.documents[number].classes or ()}
        assert kinds == set(WORDS)
        at_random = next(iter(simulator.rounds("random", seed)))
        assert list(at_random.labelled) == simulator._first(seed) != list(first.labelled)


def test_words_of_a_page_have_no_typical_beginning(made: Workspace) -> None:
    made.change_schema(lambda schema: schema.add("number"))
    with pytest.raises(UsageProblem, match="Only where texts are classified"):
        simulation.prepare(made, ["margin"], TuneConfig(), begin="typical")
