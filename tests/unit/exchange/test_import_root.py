"""What belongs to a file of an import is read from below the folder that is imported and from nowhere else."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from storage import document_list, documents
from tests.fuzz import corpus
from tests.support import workspaces
from workbench.exchange import discovery
from workbench.exchange.pipeline import run
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Options
from workbench.exchange.sources import ImportRequest
from workbench.workspace import Workspace

_NUMBERED = {"id": "n", "words": ["Total", "9.00"], "bboxes": [[0, 0, 100, 20], [110, 0, 200, 20]], "labels": [0, 1]}
_LINE = {"text": "9.00", "box": [50, 20, 80, 20, 80, 30, 50, 30], "label": 1}
_WILD = {"file_name": "a.jpg", "height": 60, "width": 90, "annotations": [_LINE]}
SETS: dict[str, corpus.Files] = {
    **{name: files for name, files in corpus.corpus().items() if len(files) > 1 and not name.startswith("values")},
    "class list": {"wild.txt": json.dumps(_WILD).encode(), "class_list.txt": b"0 root\n1 daemon\n"},
    "label names": {"n.json": json.dumps(_NUMBERED).encode(), "labels.txt": b"root\ndaemon\n"},
    "numbered labels": {"n.json": json.dumps(_NUMBERED).encode(), "id2label.json": b'{"0": "root", "1": "daemon"}'},
}
CASES = [(name, part) for name, files in SETS.items() for part in files]


def content(workspace: Workspace) -> list[Any]:
    with workspace.db.read() as connection:
        found = [documents.open_document(connection, number) for number in document_list.ids(connection)]
    return [
        (
            document.document.name,
            [(token.text, token.box) for token in document.tokens],
            [(span.field, span.tokens) for span in document.annotations.spans],
            document.references,
            [bool(page.picture) for page in document.pages],
        )
        for document in found
    ]


def imported(files: Mapping[str, bytes], base: Path, linked: corpus.Files, *, pipes: bool = False) -> list[Any]:
    """What comes in from a folder in which some files are links to files outside of it, or pipes."""
    shutil.rmtree(base, ignore_errors=True)
    (base / "in").mkdir(parents=True)
    corpus.write(dict(files), base / "in")
    corpus.write(linked, base / "outside")
    for name in linked:
        (base / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        if pipes:
            os.mkfifo(base / "in" / name)
        else:
            (base / "in" / name).symlink_to(base / "outside" / name)
    with closing(workspaces.empty(base / "workspace")) as workspace:
        run(workspace, ImportRequest((base / "in",), ocr=False))
        return content(workspace)


@pytest.mark.parametrize(("name", "part"), CASES)
def test_a_part_that_is_a_link_out_of_the_folder_or_a_pipe_is_as_one_that_is_missing(
    tmp_path: Path, name: str, part: str
) -> None:
    rest = {other: data for other, data in SETS[name].items() if other != part}
    missing = imported(rest, tmp_path / "a", {})
    for pipes in (False, True):
        # a document may also be refused, and named so
        assert imported(rest, tmp_path / "b", {part: SETS[name][part]}, pipes=pipes) in (missing, [])


@pytest.mark.parametrize("fname", ["../../secret.png", "../secret.png", "../images/secret.png"])
def test_a_form_names_no_picture_beside_the_folder_that_is_imported(tmp_path: Path, fname: str) -> None:
    files = dict(corpus.corpus()["xfund"])
    picture = files.pop("zh/z.png")
    text = files["zh.json"].replace(b'"z.png"', json.dumps(fname).encode())
    assert text != files["zh.json"]
    corpus.write({"secret.png": picture, "images/secret.png": picture}, tmp_path / "a")
    corpus.write({"zh.json": text}, tmp_path / "a" / "in")
    with closing(workspaces.empty(tmp_path / "workspace")) as workspace:
        run(workspace, ImportRequest((tmp_path / "a" / "in",), ocr=False))
        assert [pictures for *_, pictures in content(workspace)] == [[False]]


@pytest.mark.parametrize(("folder", "root"), [("forms", "."), ("annotations", "annotations")])
def test_a_forms_picture_is_found_in_the_folder_beside_its_own(tmp_path: Path, folder: str, root: str) -> None:
    """Below the folder that is imported; or where the folder with the labels of a data set is imported alone."""
    files = corpus.corpus()["xfund"]
    corpus.write({f"{folder}/zh.json": files["zh.json"], "images/z.png": files["zh/z.png"]}, tmp_path / "a")
    with closing(workspaces.empty(tmp_path / "workspace")) as workspace:
        run(workspace, ImportRequest((tmp_path / "a" / root,), ocr=False))
        assert [pictures for *_, pictures in content(workspace)] == [[True]]


def test_a_list_of_classes_above_the_folder_that_is_imported_is_not_read(tmp_path: Path) -> None:
    corpus.write(SETS["class list"], tmp_path / "a")
    (tmp_path / "a" / "in").mkdir()
    (tmp_path / "a" / "wild.txt").rename(tmp_path / "a" / "in" / "wild.txt")
    with closing(workspaces.empty(tmp_path / "workspace")) as workspace:
        run(workspace, ImportRequest((tmp_path / "a" / "in",), ocr=False))
        assert "daemon" not in [field.name for field in workspace.schema]


def test_only_names_that_are_there_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture has 80 possible names; to resolve the links of each took a third of an import of receipts."""
    for folder in ("box", "img"):
        (tmp_path / folder).mkdir()
    (tmp_path / "img" / "r1.PNG").write_bytes(corpus.picture("PNG"))
    checked: list[str] = []
    inside = parsing.inside

    def counted(options: Options, base: Path, name: str) -> Path | None:
        checked.append(name)
        return inside(options, base, name)

    monkeypatch.setattr(parsing, "inside", counted)
    picture = parsing.picture_beside(Options(tmp_path), tmp_path / "box" / "r1.txt", ("../img", "../images", "."), [])
    assert picture is not None and picture[0].name == "r1.PNG" and set(checked) == {"../img/r1.PNG"}


def test_a_link_that_changes_while_a_folder_is_looked_at_does_not_end_its_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program puts a file in a link's place between two looks: `realpath` raises then."""
    (tmp_path / "shop").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "shop" / name).write_text("Total 9.00")
    real = os.path.realpath

    def changing(path: Any) -> Any:
        if str(path).endswith("a.txt"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return real(path)

    monkeypatch.setattr(os.path, "realpath", changing)
    assert [path.name for path in discovery.discover([tmp_path / "shop"]).files] == ["a.txt", "b.txt"]
