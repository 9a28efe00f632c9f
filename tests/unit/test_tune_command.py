"""Where a warm start goes on from."""

from pathlib import Path

import pytest
from loop import add_run, workspace

from storage import runs
from storage.exceptions import RunProblem
from workbench import config, jobs
from workbench.commands.tune import start_from


def test_a_warm_start_keeps_the_runs_family_and_names_its_parent(tmp_path: Path) -> None:
    found, pool, labelled = workspace(tmp_path, pool=2, labelled=2)
    add_run(found, pool, labelled, "one")
    with found.db.write() as connection:
        runs.change(connection, "one", family="starter")
    with pytest.raises(RunProblem, match="no model yet"):
        start_from(found, "one")
    model = jobs.folder_of(found, "one") / "model"
    model.mkdir()
    (model / "config.json").write_text('{"model_type": "layoutlm"}')

    settings, parent = start_from(found, "one")
    assert parent == "one"
    chosen = config.apply_sets(config.preset("text baseline").config, settings)
    assert (chosen.model.family, chosen.model.name) == ("starter", str(model))

    settings, parent = start_from(found, str(model))  # a folder says itself what it is, and is nobody's child
    assert parent is None
    assert config.apply_sets(config.preset("text baseline").config, settings).model.family == "layoutlm"
    found.close()
