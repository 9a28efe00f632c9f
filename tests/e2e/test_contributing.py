"""The examples of CONTRIBUTING.md, put in place in a copy of the code, work and pass the project's own checks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, warm_python

BLOCKS = dict(re.findall(r"```python\n# ([^\n]+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL))
STRUCTURE = "tests/unit/test_structure.py"
FILES = [title for title in BLOCKS if title.endswith(".py")]
REGISTRIES = {
    # title of the example: (module, how its table ends)
    "the line in IMPORTERS": ("workbench/exchange/importers/registry.py", "\n}\n\n\ndef load("),
    "the entry in STRATEGIES": ("workbench/active_learning/strategies/registry.py", "\n    )\n}  # fmt: skip\n"),
    "the entry in FAMILIES": ("workbench/runs/config/families.py", "\n    )\n}\n"),
    "the line in MODES": ("screens/modes.py", "\n)\n\n\ndef available"),
}


def _indented(text: str, spaces: int) -> str:
    return "".join(" " * spaces + line for line in text.splitlines(keepends=True))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with every example in its place, compiled where it is here; the weights of the starter are linked."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("workbench", "screens", "storage"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("starter_model"))
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "workbench" / "starter_model").symlink_to(ROOT / "workbench" / "starter_model")
    for path in FILES:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(BLOCKS[path], "utf-8")
    for title, (path, end) in REGISTRIES.items():
        before, found, after = (folder / path).read_text("utf-8").partition(end)
        assert found, path
        indent = len(end) - len(end.lstrip("\n ")) - 1 + 4
        entry = _indented(BLOCKS[title].rstrip().removesuffix(","), indent)
        (folder / path).write_text(f"{before}\n{entry},{end}{after}", "utf-8")
    contracts = (ROOT / "pyproject.toml").read_text("utf-8")
    assert '"screens.sheet"]' in contracts
    (folder / "pyproject.toml").write_text(
        contracts.replace('"screens.sheet"]', '"screens.sheet", "screens.hello"]'), "utf-8"
    )
    return folder


def _run(checkout: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_tried() -> None:
    assert set(BLOCKS) == {*FILES, *REGISTRIES} and len(FILES) == 5


def test_a_format_takes_ten_lines() -> None:
    (example,) = (text for title, text in BLOCKS.items() if "/importers/" in title)
    assert len([line for line in example.splitlines() if line.strip()]) <= 10


def test_the_examples_pass_lint_and_format(checkout: Path) -> None:
    _run(checkout, "-m", "ruff", "check", *FILES)
    _run(checkout, "-m", "ruff", "format", "--check", *FILES)
    _run(checkout, "-m", "ruff", "check", *(path for path, _ in REGISTRIES.values()))


def test_the_examples_pass_the_types(checkout: Path) -> None:
    cache = ROOT / ".mypy_cache"  # of `make check`, where there is one: most modules are the same
    if cache.is_dir():
        shutil.copytree(cache, checkout / ".mypy_cache", dirs_exist_ok=True)
    _run(checkout, "-m", "mypy", *FILES, *(path for path, _ in REGISTRIES.values()))


def test_the_examples_keep_the_contracts(checkout: Path) -> None:
    assert "0 broken" in _run(checkout, "-c", "from importlinter.cli import lint_imports_command as lint; lint()")


def test_the_examples_pass_the_tests_of_every_format_strategy_and_screen(checkout: Path, tmp_path: Path) -> None:
    importers = "tests/unit/exchange/importers/test_importers_bad_input.py"
    files = (importers, "tests/screens/test_start.py", "tests/unit/active_learning/test_strategies.py", STRUCTURE)
    names = (
        "readers_never_raise",
        "loaded_beforehand_is",
        "new_vendors",
        "circle",
        "the_contract",
        "one_module",
        "comments_are_plain",
    )
    arguments = ["-p", "no:cacheprovider", *files, "-k", " or ".join(names)]
    warm_python.run(
        _IN_CHECKOUT.format(checkout=str(checkout)) + _TEST.format(checkout=str(checkout), arguments=arguments),
        tmp_path,
    )


_IN_CHECKOUT = """
import sys
for name in [name for name in sys.modules if name.partition(".")[0] in ("workbench", "screens", "storage", "tests")]:
    del sys.modules[name]  # of the process that this one is forked from
sys.path.insert(0, {checkout!r})
"""
_TEST = """
import os, pytest
os.chdir({checkout!r})
failed = pytest.main({arguments})
assert not failed, failed
"""
_USE = """
import asyncio
from pathlib import Path
from tests.support import tiny_model
from screens.app import WorkbenchApp
from workbench.exchange import detection
from workbench.exchange.reading.incoming import Incoming, Options, Rejected
from workbench.runs.config import families, files
from workbench.workspace import Workspace

folder = Path.cwd()
assert Path(families.__file__).is_relative_to({checkout!r}), families.__file__
good, bad = folder / "a.words", folder / "b.words"
good.write_text('[["Total", 10, 10, 40, 20], ["9.00", 50, 10, 80, 20]]')
bad.write_text('[["Total", 10, 10, 40, 20], ["9.00", 50]]')
importer = detection.detect(good)
assert importer.name == "plain-words", importer
(document,) = importer.read(good, Options(folder))
assert [token.text for token in document.pages[0].tokens] == ["Total", "9.00"]
(rejected,) = importer.read(bad, Options(folder))
assert isinstance(rejected, Rejected), rejected

base = tiny_model.base(folder, "text")
config = files.from_dict(
    {{"model": {{"family": "plain-bert", "name": str(base)}}, "data": {{"max_length": 64, "window_stride": 8}}}}
)
import importlib
built = importlib.import_module(families.spec(config.model.family).module).build(config, [])
assert built.model.config.num_labels == 1

async def greet():
    app = WorkbenchApp(Workspace.create(folder / "shop"))
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("f8")
        await pilot.pause()
        await pilot.press("w")
        await pilot.pause()
        assert "Hello, shop" in str(app.screen.query_one("#hello").render())

asyncio.run(greet())
"""


def test_the_examples_do_what_they_say(checkout: Path, tmp_path: Path) -> None:
    warm_python.run((_IN_CHECKOUT + _USE).format(checkout=str(checkout)), tmp_path)
