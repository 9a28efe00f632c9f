"""Inputs that are no documents: run folders and models of others, a workspace's database, requests to a server."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from starlette.testclient import TestClient

from storage import document_list, documents, runs
from storage.exceptions import WorkbenchError
from storage.records import Side
from tests.fuzz import corpus
from tests.fuzz.corpus import Files
from tests.support import class_runs, model_folder, text_documents, workspaces
from tests.support.finished_run import finish
from tests.support.serving import CountingEngine, application
from workbench.evaluation import comparison, error_review, html_report, report
from workbench.evaluation.classes import class_report, class_suggestions, errors, several
from workbench.evaluation.doctor import consultation
from workbench.predictions import run_reader, suggestions
from workbench.runs import parquet, suggestions_file, transfer
from workbench.runs.config.request import Request
from workbench.runs.model_folders import check
from workbench.runs.state import MODEL_DESCRIPTION, RunFolder
from workbench.settings import Settings
from workbench.workspace import Workspace

_DOCUMENT = parquet.FrozenDocument(
    document=1, name="1", language="en", page_sizes=[[0.0, 0.0]], words=["Total", "9.00"], boxes=[[0] * 4] * 2,
    lines=[0, 0], pages=[0, 0], confidences=[1.0, 1.0], classes=[], pictures=[""],
)  # fmt: skip
_SIZES = {"train": 3, "validation": 3, "test": 2, "pool": 2}
_WORDS = {"words": ["Total", "9.00"], "boxes": [[0, 0, 40, 10], [50, 0, 90, 10]], "width": 100, "height": 100}


def _files_of(folder: Path) -> Files:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@cache
def run_folder() -> Files:
    """A finished run as it is copied to another machine."""
    with TemporaryDirectory() as folder, closing(workspaces.workspace(Path(folder) / "w", _SIZES)) as workspace:
        run = finish(workspace)
        return _files_of(workspace.files.run(run.id))


@cache
def class_run_folder(multiple: bool = False) -> Files:
    """A finished run of a class field."""
    sides = dict(enumerate((Side.TRAIN, Side.TRAIN, Side.VALIDATION, Side.TEST)))
    labels = {number: text_documents.OPTIONS[number % 2] for number in sides}
    with (
        TemporaryDirectory() as folder,
        closing(
            text_documents.workspace(Path(folder) / "w", labels=labels, sides=sides, multiple=multiple)
        ) as workspace,
    ):
        run = class_runs.finish(workspace, {3: {"invoice": 0.9, "reminder": 0.1}})
        here = workspace.files.run(run.id)
        _baseline(here, multiple)
        return _files_of(here)


def _baseline(run: Path, multiple: bool) -> None:
    """A model that counts words, in the place of the made-up one."""
    from workbench.training.predictor import Description
    from workbench.training.tasks.baseline import Baseline

    request = Request.read(run)
    fitted = Baseline.fit(text_documents.TEXTS[:3], [[0], [1], [0]], text_documents.OPTIONS, multiple=multiple)
    fitted.save(RunFolder(run).model)
    description = Description(run=request.run, family="baseline", fields=request.fields, task=parquet.CLASSES)
    (RunFolder(run).model / MODEL_DESCRIPTION).write_text(description.model_dump_json())


def class_model() -> Files:
    """The model folder of such a run."""
    model = {name: data for name, data in class_run_folder().items() if name.startswith("model/")}
    return {name.removeprefix("model/"): data for name, data in model.items()}


@cache
def model() -> Files:
    """A model folder with the bytes of its weights."""
    with TemporaryDirectory() as folder:
        return _files_of(model_folder.write(Path(folder) / "model"))


@cache
def database() -> Files:
    """A small workspace, its database closed."""
    with TemporaryDirectory() as folder:
        with closing(workspaces.workspace(Path(folder) / "w", {"train": 2, "validation": 1, "test": 1, "pool": 1})):
            pass
        return {name: data for name, data in _files_of(Path(folder) / "w").items() if not name.startswith("copies/")}


def _attempts(*acts: Callable[[], object]) -> None:
    """Every act may refuse with a reason, and the next is tried all the same."""
    for act in acts:
        with suppress(WorkbenchError):
            act()


def read_run(folder: Path) -> None:
    """Take a run in, and look at it in every way that needs no model."""
    with TemporaryDirectory() as place, closing(Workspace.create(Path(place) / "w")) as workspace:
        run = transfer.adopt(workspace, folder)
        here = workspace.files.run(run.id)
        _attempts(
            lambda: report.evaluate_run(here, None),
            lambda: suggestions.figures(run_reader.read_labelled(here, "test"), suggestions.trust_of(Settings(), here)),
            lambda: suggestions_file.read(here),
            lambda: error_review.look(here),
            lambda: html_report.make(here, title=run.id, names={}),
            lambda: consultation.consult(workspace, run),
            lambda: comparison.on_validation(workspace, [run]),
            lambda: comparison.compare(workspace, run, run),
        )


def read_class_run(folder: Path) -> None:
    """The same of a run of a class field."""
    with TemporaryDirectory() as place, closing(Workspace.create(Path(place) / "w")) as workspace:
        run = transfer.adopt(workspace, folder)
        here = workspace.files.run(run.id)
        review: list[errors.ClassReview] = []
        _attempts(
            lambda: class_report.evaluate_run(here, None),
            lambda: several.evaluate_run(here, None),
            lambda: review.append(errors.look(here)),
            lambda: errors.verdicts(workspace, review[0]) if review else None,
            lambda: class_suggestions.is_of_classes(here),
            lambda: html_report.make(here, title=run.id, names={}),
            lambda: consultation.consult(workspace, run),
            lambda: comparison.on_validation(workspace, [run]),
            lambda: comparison.compare(workspace, run, run),
        )


def read_model(folder: Path) -> None:
    """Look into a model folder, and have it predict a document where nothing speaks against that."""
    check.check_folder(folder, fine_tuned=True)
    from workbench.training.prediction_run import load_any

    model, _ = load_any(str(folder))
    [prediction] = model.predict([_DOCUMENT])
    prediction.as_row("pool", model.labels)


def read_database(folder: Path) -> None:
    """Open a workspace, and read all that is in it."""
    with closing(Workspace.open(folder)) as workspace, workspace.db.read() as connection:
        runs.listed(connection)
        document_list.status(connection)
        document_list.page(connection, document_list.Filter(), 0, 100)
        for document in document_list.ids(connection):
            documents.open_document(connection, document)


FOLDERS: dict[str, tuple[Callable[[], Files], Callable[[Path], None]]] = {
    "run folder": (run_folder, read_run),
    "run folder of a class": (class_run_folder, read_class_run),
    "run folder of several classes": (lambda: class_run_folder(multiple=True), read_class_run),
    "model folder": (model, read_model),
    "model folder of a class": (class_model, read_model),
    "workbench.db": (database, read_database),
}
"""Name -> its files when valid, and what reads them."""

_INPUTS = json.dumps({"inputs": ["Total 9.00", _WORDS, {**_WORDS, "lines": [0, 0], "pages": [0, 0]}]}).encode()
REQUESTS = ("request", "request with a file")


class Server:
    """An application that counts words, asked again and again."""

    def __init__(self) -> None:
        self._open = ExitStack()
        app = application(CountingEngine(), self._open, words=500, documents=20, body_bytes=1_000_000)
        self._client = self._open.enter_context(
            TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        )
        while self._client.get("/health").status_code == 503:
            time.sleep(0.01)

    def ask(self, name: str, folder: Path, random: Random, mutant: Callable[[bytes, Random], bytes]) -> None:
        """Send a mutant.

        Raises:
            AssertionError: the answer is a fault of the server.
        """
        if name == REQUESTS[0]:
            body = mutant(_INPUTS, random)
            (folder / "body.json").write_bytes(body)
            response = self._client.post("/predict", content=body, headers={"content-type": "application/json"})
        else:
            file, content = next(iter(random.choice(list(corpus.corpus().values())).items()))
            content = mutant(content, random)
            (folder / Path(file).name).write_bytes(content)
            response = self._client.post("/predict", files={"files": (file, content)})
        answer = response.json()
        if response.status_code >= 500 or not (answer.get("documents") or answer.get("message")):
            raise AssertionError(f"{response.status_code}: {response.text[:200]}")

    def close(self) -> None:
        self._open.close()
