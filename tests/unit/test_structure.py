"""The floor plan holds: no circle of imports, small packages and modules, whole classes, plain words."""

import ast
import io
import re
import sys
import tokenize
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import grimp

from tests.support import ROOT
from workbench.commands.support.registry import COMMANDS

PACKAGES = ("workbench", "screens", "storage")
WORKERS = ("acquisition", "class_selection", "selection_worker", "simulation_worker", "strategies")
"""What of active_learning runs in processes of its own; the table of strategies has a contract to itself."""
MOST_MODULES = 18
MOST_LINES = 400
SHORTEST_DOCSTRING = 11
TABLES = {
    "workbench/runs/config/tune.py",
    "workbench/samples/wording.py",
}
"""Modules that are tables of declarations; they may be longer."""
RETIRED_PARTS = frozenset({"hands", "desk", "errand", "knob", "knobs", "room", "rooms", "somebody", "whoever"})
"""Not to be a part of a name: literary words for what the field has words of its own."""
VAGUE_NAMES = frozenset({"told", "found", "seen", "said", "one", "tell", "tells"})
"""Not to be a whole name in the program: a variable is named after what it holds."""
RETIRED_WORDS = frozenset(
    {"hands", "desk", "errand", "knob", "knobs", "somebody", "someone", "nobody", "whoever"}
    | {"he", "him", "his", "she", "her", "hers"}
)
"""Not to be used in comments and docstrings."""


@cache
def sources() -> dict[str, str]:
    """The text of every module, by its path from the checkout."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {
        str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths if "migrations/versions" not in str(path)
    }


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax tree of every module."""
    return {path: ast.parse(text) for path, text in sources().items()}


@cache
def nodes() -> dict[str, list[ast.AST]]:
    """Every node of every module; several tests go through them."""
    return {path: list(ast.walk(tree)) for path, tree in trees().items()}


@cache
def texts_of_tests() -> dict[Path, str]:
    """The text of every module of the tests, benchmarks and scripts of docs."""
    paths = (path for folder in ("tests", "benchmarks", "docs") for path in sorted((ROOT / folder).rglob("*.py")))
    return {path.relative_to(ROOT): path.read_text("utf-8") for path in paths}


@cache
def nodes_of_tests() -> dict[Path, list[ast.AST]]:
    """Every node of those modules."""
    return {path: list(ast.walk(ast.parse(text))) for path, text in texts_of_tests().items()}


def test_no_circle_of_imports_not_even_for_types() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    edges = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def _contract(name: str) -> dict[str, list[str]]:
    """A contract of import-linter, as pyproject.toml has it."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract["name"] == name)
    return contract


def _modules_of(folder: str) -> set[str]:
    """The modules and packages right inside a folder, by their dotted names."""
    paths = (ROOT / folder).iterdir()
    names = (path.stem for path in paths if path.suffix == ".py" or any(path.glob("*.py")))
    return {f"{folder.replace('/', '.')}.{name}" for name in names if name != "__init__"}


def test_the_contract_on_torch_names_every_module_of_the_terminal_process() -> None:
    held = set(_contract("torch lives in training")["source_modules"])
    learning = {f"workbench.active_learning.{name}" for name in WORKERS}
    expected = {"screens", "storage"} | _modules_of("workbench") | _modules_of("workbench/active_learning")
    assert held == expected - learning - {"workbench.training", "workbench.serving", "workbench.active_learning"}


def test_the_contract_on_serving_names_every_module_but_those_with_the_model() -> None:
    held = set(_contract("of serving only the model loads torch")["source_modules"])
    with_model = {f"workbench.serving.{name}" for name in ("__main__", "engine", "server")}
    assert held == _modules_of("workbench/serving") - with_model


def test_every_library_that_is_imported_is_declared() -> None:
    """What comes with another package goes when that package no longer needs it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *(line for lines in project["optional-dependencies"].values() for line in lines)]
    declared = {re.split(r"[\[<>=]", line)[0].lower().replace("_", "-") for line in lines}
    imported = {name.partition(".")[0] for inside in nodes().values() for name in _imported(inside)}
    others = imported - sys.stdlib_module_names - {*PACKAGES, "__future__"}
    named_otherwise = declared - {name.lower().replace("_", "-") for name in others}  # as Pillow, which is PIL
    provided = {module for name in named_otherwise for module in _modules_of_library(name)}
    assert {name for name in others - provided if name.lower().replace("_", "-") not in declared} == set()


def _modules_of_library(name: str) -> set[str]:
    """What can be imported of a library; nothing where it is not installed."""
    try:
        library: Distribution = distribution(name)
    except PackageNotFoundError:
        return set()
    listed = (library.read_text("top_level.txt") or "").split()
    return set(listed) or {path.parts[0].partition(".")[0] for path in library.files or ()}


def _imported(inside: list[ast.AST]) -> Iterator[str]:
    for node in inside:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_what_tests_and_benchmarks_import_of_the_program_is_there() -> None:
    """No type check reads them, and what a function imports fails only when it is called."""
    missing = [
        f"{path}: {module}.{name}"
        for path, inside in nodes_of_tests().items()
        for node in inside
        if isinstance(node, ast.ImportFrom) and (module := node.module or "").partition(".")[0] in PACKAGES
        for name in (alias.name for alias in node.names)
        if not _is_there(module, name)
    ]
    assert missing == []


def _is_there(module: str, name: str) -> bool:
    place = ROOT.joinpath(*module.split("."))
    if place.with_suffix(".py").is_file():
        return True
    handed_on = place.is_dir() and name in (place / "__init__.py").read_text("utf-8")
    return handed_on or (place / name).is_dir() or (place / f"{name}.py").is_file()


def test_the_contract_on_screens_names_every_screen() -> None:
    folders = {path for path in (ROOT / "screens").iterdir() if any(path.glob("*.py")) and path.name != "widgets"}
    assert all((folder / "__init__.py").is_file() for folder in folders), "grimp does not see it without"
    named = set(_contract("screens do not know each other")["modules"])
    assert named == {f"screens.{folder.name}" for folder in folders}
    graph = grimp.build_graph("screens", cache_dir=None)
    shared = graph.modules - {module for folder in named for module in (folder, *graph.find_descendants(folder))}
    reached = {(a, b) for a in shared for b in graph.find_modules_directly_imported_by(a) if b not in shared}
    assert reached == set(), "what screens share imports no screen"


OPENING = frozenset(
    {"open", "read_bytes", "read_text", "open_file", "open_stream", "memory_map", "fromfile", "iterparse", "imread"}
    | {"PdfDocument", "PdfReader", "load_workbook", "ZipFile", "ParquetFile", "read_table"}
)
"""Calls that open a file."""
OPENED_BY_NAME = {
    "workbench/exchange/ocr.py": "pictures that the workspace keeps",
    "workbench/exchange/ocr_pages.py": "pictures that the workspace keeps",
}


def test_an_import_opens_files_by_import_root_alone() -> None:
    """A path that is opened otherwise may lead out of the folder that is imported: a link may have taken its place."""
    wrong = []
    for path, inside in nodes().items():
        if not path.startswith("workbench/exchange/") or path.startswith("workbench/exchange/exporters/"):
            continue
        for node in inside:
            if isinstance(node, ast.Call) and path not in OPENED_BY_NAME:
                name = ast.unparse(node.func)
                opens = name.rpartition(".")[2] in OPENING or name == "etree.parse"
                if opens and not _is_of_open_file(node):
                    wrong.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
            elif isinstance(node, ast.ImportFrom) and node.module == "storage.files":
                wrong += [f"{path}: {a.name}" for a in node.names if a.name in ("digest_of", "read_regular")]
    assert wrong == []


def test_a_picture_is_opened_as_one_of_the_kinds_that_are_read() -> None:
    """Pillow tries all kinds that it knows otherwise, and runs Ghostscript for EPS."""
    calls = [(path, n) for path, inside in nodes().items() for n in inside if isinstance(n, ast.Call)]
    opens = [(path, call) for path, call in calls if ast.unparse(call.func) == "Image.open"]
    assert [f"{p}:{c.lineno}" for p, c in opens if "formats" not in {k.arg for k in c.keywords}] == []
    assert opens


def _is_of_open_file(call: ast.Call) -> bool:
    """Whether a call that opens a file is given one that is open, or its bytes."""
    given = ast.unparse(call.args[0]) if call.args else ""
    return given == "file" or given.startswith("BytesIO(")


def test_a_package_has_few_modules() -> None:
    sizes = Counter(str(Path(path).parent) for path in sources() if not path.endswith("__init__.py"))
    tables = {"workbench/commands"}  # one module a command
    assert {package: size for package, size in sizes.items() if size > MOST_MODULES and package not in tables} == {}


def test_commands_is_one_module_a_command() -> None:
    modules = {module for module, _ in COMMANDS.values()}
    assert _modules_of("workbench/commands") == {f"workbench.commands.{module}" for module in modules | {"support"}}


def test_an_init_holds_no_code() -> None:
    """What a package does is in modules named after it: `__init__.py` is one docstring."""
    documented = {path: tree.body[1:] for path, tree in trees().items() if path.endswith("__init__.py")}
    others = {"workbench/__init__.py", "storage/migrations/__init__.py"}  # version numbers
    others.add("workbench/fields/__init__.py")  # the schema is handed on
    assert {path for path, code in documented.items() if code} == others


def test_a_module_is_short() -> None:
    lengths = {path: text.count("\n") for path, text in sources().items() if path not in TABLES}
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}
    assert sources()["screens/app.py"].count("\n") <= 250


def test_no_class_is_cut_into_a_superclass_with_one_heir() -> None:
    heirs: dict[str, list[str]] = defaultdict(list)
    abstract = set()
    for inside in nodes().values():
        for node in inside:
            if isinstance(node, ast.ClassDef):
                names = [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases]
                if "Protocol" in names:
                    abstract.add(node.name)
                for name in names:
                    heirs[name].append(node.name)
    ours = {node.name for inside in nodes().values() for node in inside if isinstance(node, ast.ClassDef)}
    used = Counter(name for inside in nodes().values() for name in _instantiated(inside))
    cut = {name: heirs[name] for name in ours - abstract if len(heirs[name]) == 1 and not used[name]}
    assert {name: heir for name, heir in cut.items() if not name.endswith(("Problem", "Error"))} == {}


def _instantiated(inside: list[ast.AST]) -> Iterator[str]:
    """Names that are called, or handed to a call."""
    for node in inside:
        if isinstance(node, ast.Call):
            for part in (node.func, *node.args):
                if isinstance(part, ast.Name):
                    yield part.id
                elif isinstance(part, ast.Attribute):
                    yield part.attr


def test_names_and_comments_are_plain() -> None:
    wrong = []
    for path, text in sources().items():
        used = {(name, isinstance(node, ast.Attribute)) for node in nodes()[path] for name in _names(node)}
        for name, is_attribute in used:  # an attribute may be SQLAlchemy's `.one()`
            if _parts(name) & RETIRED_PARTS or (not is_attribute and name.strip("_").lower() in VAGUE_NAMES):
                wrong.append(f"{path}:{name}")
        wrong += _retired(path, nodes()[path], text)
    assert wrong == []


def _retired(path: str, inside: list[ast.AST], text: str) -> list[str]:
    """The retired words of a module's docstrings and comments."""
    proses = (*_docstrings(inside), *_comments(text))
    return [f"{path}: {word} in {prose!r}" for prose in proses for word in RETIRED_WORDS & set(_words(prose))]


def _names(node: ast.AST) -> Iterator[str]:
    """The names that a node gives or uses."""
    if isinstance(node, ast.Constant):
        return
    for value in vars(node).values():
        for name in value if isinstance(value, list) else (value,):
            if isinstance(name, str):
                yield name


def _docstrings(inside: list[ast.AST]) -> Iterator[str]:
    for node in inside:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node, clean=False) or ""


_SUSPECT = re.compile(rf"#.*(?<![^\W\d_])({'|'.join(sorted(RETIRED_WORDS))})(?![^\W\d_])", re.IGNORECASE)


def _comments(text: str) -> Iterator[str]:
    """The comments of a module that may have a retired word in one: telling comments from strings takes long."""
    if _SUSPECT.search(text):
        tokens = tokenize.generate_tokens(io.StringIO(text).readline)
        yield from (token.string for token in tokens if token.type == tokenize.COMMENT)


@cache
def _parts(name: str) -> set[str]:
    """The words of a name: `LookAhead`, `look_ahead` and `LOOK_AHEAD` have the same."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_names_in_tests_and_benchmarks_are_plain() -> None:
    retired = {"told", "said"}
    wrong = [
        f"{path}: {name}"
        for path, inside in nodes_of_tests().items()
        if path.parts[0] in ("tests", "benchmarks")
        for name in {name for node in inside for name in _names(node)}
        if name in retired or _parts(name) & RETIRED_PARTS
    ]
    for path, text in texts_of_tests().items():
        wrong += _retired(str(path), nodes_of_tests()[path], text)
    assert wrong == []


def test_the_map_names_what_is_right_in_the_program() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("    tests/  ")[0]
    named = set(re.findall(r"^ +(\w+)(?:\.py|/) ", page, re.MULTILINE))
    inside = {name.rpartition(".")[2] for name in _modules_of("workbench")}
    assert inside - named == {"__main__"}


def test_a_docstring_says_something() -> None:
    """What is shorter than this repeats a name; a function without a docstring is better."""
    wrong = [
        f"{path}:{node.lineno}: {docstring}"
        for path, inside in nodes().items()
        for node in inside
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (docstring := ast.get_docstring(node)) is not None
        and len(docstring) < SHORTEST_DOCSTRING
    ]
    assert wrong == []


def _words(prose: str) -> list[str]:
    return "".join(c.lower() if c.isalpha() else " " for c in prose).split()


def test_no_assert_does_work() -> None:
    """`python -O` removes asserts: they may only tell the type checker what is so, such as `x is not None`."""
    wrong = [
        f"{path}:{node.lineno}: {ast.unparse(node.test)}"
        for path, inside in nodes().items()
        for node in inside
        if isinstance(node, ast.Assert) and not _narrows(node.test)
    ]
    assert wrong == []


def _narrows(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp):
        return all(_narrows(part) for part in test.values)
    if isinstance(test, ast.UnaryOp):
        return _narrows(test.operand)
    if isinstance(test, ast.Call):
        is_check = isinstance(test.func, ast.Name) and test.func.id in ("isinstance", "issubclass")
        return is_check and not any(_calls(argument) for argument in test.args)
    return isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot) and not _calls(test)


def _calls(expression: ast.expr) -> bool:
    return any(isinstance(node, ast.Call | ast.NamedExpr | ast.Await) for node in ast.walk(expression))
