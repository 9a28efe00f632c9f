"""The examples of CONTRIBUTING.md work as they are printed there."""

import re
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from screens import modes
from screens.app import WorkbenchApp
from tests.support import ROOT, tiny_model
from workbench.active_learning import strategies
from workbench.active_learning.strategies.pool import Pool
from workbench.exchange import importers
from workbench.exchange.importers.base import Incoming, Options, Rejected
from workbench.runs.config import families, files
from workbench.workspace import Workspace

BLOCKS = dict(re.findall(r"```python\n# ([^\n]+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL))


def module(path: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The example for a file, imported under its name."""
    name = path.removesuffix(".py").replace("/", ".")
    package = name.rpartition(".")[0]
    for imported in [name] if find_spec(package) else [package, name]:
        example = ModuleType(imported)
        example.__spec__ = ModuleSpec(imported, None)
        monkeypatch.setitem(sys.modules, imported, example)
    exec(BLOCKS[path], sys.modules[name].__dict__)
    return sys.modules[name]


def entry(title: str, names: dict[str, Any]) -> Any:
    """The value of a registry's line."""
    return eval(f"({BLOCKS[title].strip().rstrip(',')})", names)


def test_every_example_is_tried() -> None:
    assert len(BLOCKS) == 8


def test_the_importer_reads_and_rejects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module("workbench/exchange/importers/plain_words.py", monkeypatch)
    monkeypatch.setattr(importers, "IMPORTERS", importers.IMPORTERS | eval("{" + BLOCKS["the line in IMPORTERS"] + "}"))
    good, bad = tmp_path / "a.words", tmp_path / "b.words"
    good.write_text("Total\t10\t10\t40\t20\n9.00\t50\t10\t80\t20\n")
    bad.write_text("Total\t10\t10\t40\t20\n9.00\n")
    importer = importers.detect(good)
    assert importer is not None and importer.name == "plain-words"
    (document,) = importer.read(good, Options(tmp_path))
    assert isinstance(document, Incoming) and [t.text for t in document.pages[0].tokens or ()] == ["Total", "9.00"]
    (rejected,) = importer.read(bad, Options(tmp_path))
    assert isinstance(rejected, Rejected) and "four numbers" in rejected.reason


def test_the_strategy_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    module("workbench/active_learning/strategies/shortest.py", monkeypatch)
    strategy = entry("the entry in STRATEGIES", vars(strategies))
    pool = Pool(np.arange(3), {"worst_word": np.array([0.3, 0.1, 0.2])})
    assert strategy.load()(pool, 2, np.random.default_rng(0)) == [(1, 0.1), (2, 0.2)]


def test_the_family_builds_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = module("workbench/training/models/plain_bert.py", monkeypatch)
    spec = entry("the entry in FAMILIES", vars(families))
    monkeypatch.setitem(families.FAMILIES, spec.name, spec)
    base = tiny_model.base(tmp_path, "text")
    config = files.from_dict(
        {"model": {"family": spec.name, "name": str(base)}, "data": {"max_length": 64, "window_stride": 8}}
    )
    assert sys.modules[families.spec(config.model.family).module] is built
    assert built.build(config, []).model.config.num_labels == 1


async def test_the_screen_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module("screens/hello/screen.py", monkeypatch)
    line = entry("the line in MODES", vars(modes))
    monkeypatch.setattr(modes, "MODES", (*modes.MODES, line))
    workspace = Workspace.create(tmp_path / "shop")
    app = WorkbenchApp(workspace)
    async with app.run_test() as pilot:
        await pilot.pause()
        await app.action_show_mode("hello")
        await pilot.pause()
        await pilot.press("w")
        await pilot.pause()
        assert "Hello, shop" in str(app.screen.query_one("#hello").render())
    workspace.close()
