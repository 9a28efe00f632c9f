"""A link that takes a file's place while an import reads its folder brings nothing in from outside."""

import io
import itertools
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from storage import document_list, documents
from storage.exceptions import InputProblem
from tests.fuzz import corpus
from tests.support import workspaces
from workbench.exchange import reader_process
from workbench.exchange.import_summary import Summary
from workbench.exchange.pipeline import run
from workbench.exchange.sources import ImportRequest
from workbench.files import import_root

_MOST_MOMENTS = 200
_SECRET = "zyxwvut"


def _words(word: str, **more: Any) -> bytes:
    return json.dumps(
        {"id": "a", "words": [word], "bboxes": [[1, 1, 50, 20]], "width": 90, "height": 60, **more}
    ).encode()


def _picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (90, 60), colour).save(out, "PNG")
    return out.getvalue()


def _pdf(word: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(200, 100))
    canvas.drawString(20, 50, f"Invoice {word}")
    canvas.save()
    return out.getvalue()


def _book(*rows: list[str]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _invoice(number: str) -> bytes:
    return corpus.INVOICE.replace(b"RE-1", number.encode())


class Case:
    """A folder with a file or folder whose place is taken by a link to another one of its kind.

    Attributes:
        files: of the folder.
        part: what is replaced.
        others: what the link leads to: the file, or the files of the folder, by their names in it.
    """

    def __init__(self, part: str, others: corpus.Files | bytes, files: corpus.Files, **options: Any) -> None:
        self.part, self.others, self.files, self.options = part, others, files, options


_BESIDE = {"a.jsonl": _words("inside", image_path="img/p.png"), "img/p.png": _picture("white")}
_KNOWN = {"known.json": _words("inside")}
CASES = {
    "labels": Case("f/a.jsonl", _words(_SECRET), {"f/a.jsonl": _words("inside")}),
    "a folder": Case("inbox", {"a.jsonl": _words(_SECRET)}, {"inbox/a.jsonl": _words("inside")}),
    "a folder above": Case("2024", {"05/a.jsonl": _words(_SECRET)}, {"2024/05/a.jsonl": _words("inside")}),
    "a named picture": Case("img/p.png", _picture("red"), _BESIDE),
    "a folder of named pictures": Case("img", {"p.png": _picture("red")}, _BESIDE),
    "a picture": Case("a.png", _picture("red"), {"a.png": _picture("white")}),
    "a PDF": Case("a.pdf", _pdf(_SECRET), {"a.pdf": _pdf("inside")}),
    "a workbook of texts": Case(
        "a.xlsx", _book(["text", "label"], [_SECRET, "x"]), {"a.xlsx": _book(["text", "label"], ["inside", "x"])}
    ),
    "a table of texts": Case("a.csv", f"text,label\n{_SECRET},x\n".encode(), {"a.csv": b"text,label\ninside,x\n"}),
    "known values": Case("v.csv", f"file,note\na,{_SECRET}\n".encode(), {"v.csv": b"file,note\na,inside\n", **_KNOWN}),
    "a workbook of known values": Case(
        "v.xlsx",
        _book(["file", "note"], ["a", _SECRET]),
        {"v.xlsx": _book(["file", "note"], ["a", "inside"]), **_KNOWN},
    ),
    "an e-invoice": Case("a.xml", _invoice(_SECRET), {"a.xml": _invoice("inside")}),
    "an e-invoice beside a picture": Case(
        "a.xml", _invoice(_SECRET), {"a.xml": _invoice("inside"), "a.png": _picture("white")}
    ),
    "texts by folder": Case("ham/a.txt", _SECRET.encode(), {"ham/a.txt": b"inside"}, by_folder=True),
}  # fmt: skip


@contextmanager
def at_moment(number: int, part: Path, act: Callable[[], None], patch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Have something done at the nth time that the program resolves, opens or has a reader open a file or folder.

    Yields:
        How often it did, the last number of the list.
    """
    count = [0]

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            concerns = function is requested or part.name in str(arguments[:1])
            if concerns and function in before:
                come()
            result = function(*arguments, **named)
            if concerns and function not in before:
                come()
            return result

        return wrapped

    def come() -> None:
        count[0] += 1
        if count[0] == number:
            act()

    requested = reader_process._request
    before = (requested, os.open)
    with patch.context() as patches:
        for owner, name in ((os.path, "realpath"), (os, "open"), (reader_process, "_request")):
            patches.setattr(owner, name, watched(getattr(owner, name)))
        yield count


def _replace(part: Path, target: Path) -> None:
    part.rename(part.with_name(f".{part.name}.old"))
    part.symlink_to(target)


def _brought_in(workspace: Path, request: ImportRequest) -> tuple[Summary, set[str], set[bytes]]:
    """The summary of an import, and what it brought in: words and values, and files."""
    texts: set[str] = set()
    with closing(workspaces.empty(workspace)) as opened:
        summary = run(opened, request)
        with opened.db.read() as connection:
            for number in document_list.ids(connection):
                content = documents.open_document(connection, number)
                texts |= {token.text for token in content.tokens} | {known.value for known in content.references}
        folders = (opened.files.originals, opened.files.pages)
        return summary, texts, {path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", CASES)
def test_nothing_comes_in_from_outside_whenever_a_link_takes_a_files_place(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    outside = tmp_path / "outside" / Path(case.part).name
    others = {outside.name: case.others} if isinstance(case.others, bytes) else {
        f"{outside.name}/{file}": content for file, content in case.others.items()
    }  # fmt: skip
    corpus.write(others, tmp_path / "outside")
    refused = 0
    for moment in range(1, _MOST_MOMENTS):
        for folder in ("in", "workspace"):
            shutil.rmtree(tmp_path / folder, ignore_errors=True)
        corpus.write(case.files, tmp_path / "in")
        part = tmp_path / "in" / case.part
        request = ImportRequest((tmp_path / "in",), ocr=False, keep_names=True, **case.options)
        with at_moment(moment, part, lambda part=part: _replace(part, outside), monkeypatch) as count:
            summary, texts, files = _brought_in(tmp_path / "workspace", request)
        assert not any(_SECRET in text for text in texts), f"at moment {moment}"
        assert not files & set(others.values()), f"at moment {moment}"
        refused += bool(summary.rejected or summary.notes)
        if count[0] < moment:  # it was not replaced any more
            assert any("inside" in text for text in texts) or files, "what lies in the folder comes in"
            break
    assert moment > 3 and refused


def test_nothing_comes_in_whenever_a_link_takes_the_place_of_the_imported_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    corpus.write({"a.jsonl": _words(_SECRET), "img/p.png": _picture("red")}, outside)
    for moment in range(1, _MOST_MOMENTS):
        shutil.rmtree(tmp_path / "workspace", ignore_errors=True)
        root = tmp_path / f"imported {moment}"
        corpus.write(_BESIDE, root)
        request = ImportRequest((root,), ocr=False)
        # not as it begins, when the user may have named a link
        with at_moment(moment + 2, root, lambda root=root: _replace(root, outside), monkeypatch) as count:
            _, texts, files = _brought_in(tmp_path / "workspace", request)
        assert _SECRET not in texts and _picture("red") not in files, f"at moment {moment}"
        if count[0] < moment + 2:
            assert "inside" in texts and _picture("white") in files
            break
    assert moment > 3


def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment in range(1, _MOST_MOMENTS):
        for folder in ("in", "workspace"):
            shutil.rmtree(tmp_path / folder, ignore_errors=True)
        corpus.write({"a.jsonl": _words("inside"), "z.jsonl": _words("other", id="z")}, tmp_path / "in")
        part = tmp_path / "in" / "a.jsonl"

        def replace(part: Path = part) -> None:
            part.unlink()
            os.mkfifo(part)

        with at_moment(moment, part, replace, monkeypatch) as count:
            _, texts, _ = _brought_in(tmp_path / "workspace", ImportRequest((tmp_path / "in",), ocr=False))
        assert "other" in texts
        if count[0] < moment:
            break
    assert moment > 3


def test_links_to_files_and_folders_of_the_same_folder_come_in(tmp_path: Path) -> None:
    """Labels, the picture that they name, and a folder with a table and a PDF, which a reader's process opens."""
    files = {
        ".all/l.jsonl": _words("listed", image_path="p.png"),
        ".all/deep/p.png": _picture("white"),
        ".all/store/a.pdf": _pdf("printed"),
        ".all/store/t.csv": b"text,label\nwritten,x\n",
    }
    corpus.write(files, tmp_path / "in")
    (tmp_path / "in" / "l.jsonl").symlink_to(".all/l.jsonl")
    (tmp_path / "in" / "p.png").symlink_to(tmp_path / "in" / ".all" / "deep" / "p.png")
    (tmp_path / "in" / "sub").symlink_to(".all/store")
    summary, texts, pictures = _brought_in(tmp_path / "workspace", ImportRequest((tmp_path / "in",), ocr=False))
    assert {"listed", "printed", "written"} <= texts and not summary.rejected
    assert files[".all/deep/p.png"] in pictures


def test_what_is_named_itself_may_be_a_link(tmp_path: Path) -> None:
    """A file, and folders; the folder that they are in is named, too."""
    corpus.write({"a.jsonl": _words("file"), "b/b.jsonl": _words("folder", id="b", image_path="p.png")}, tmp_path / "o")
    corpus.write({"b/p.png": _picture("red"), "c/c.csv": b"text,label\ninner,x\n"}, tmp_path / "o")
    (tmp_path / "in").mkdir()
    for name in ("a.jsonl", "b", "c"):
        (tmp_path / "in" / name).symlink_to(tmp_path / "o" / name)
    named = (tmp_path / "in" / "a.jsonl", tmp_path / "in" / "b", tmp_path / "in" / "c", tmp_path / "in")
    _, texts, pictures = _brought_in(tmp_path / "workspace", ImportRequest(named, ocr=False))
    assert {"file", "folder", "inner"} <= texts and pictures == {_picture("red")}


def test_a_folder_that_takes_the_place_of_the_one_that_is_imported_is_not_read(tmp_path: Path) -> None:
    corpus.write({"in/a.txt": b"inside", "other/a.txt": b"outside"}, tmp_path)
    with import_root.confined((tmp_path / "in",)):
        assert import_root.content_of(tmp_path / "in" / "a.txt") == b"inside"
        (tmp_path / "in").rename(tmp_path / "was")
        (tmp_path / "other").rename(tmp_path / "in")
        with pytest.raises(InputProblem, match="took the place"):
            import_root.content_of(tmp_path / "in" / "a.txt")
    assert import_root.content_of(tmp_path / "in" / "a.txt") == b"outside", "after the import a path is a path"


@pytest.mark.parametrize("name", ["../outside/a.txt", "sub/../../outside/a.txt", "up/outside/a.txt"])
def test_no_way_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    corpus.write({"outside/a.txt": b"outside", "in/sub/b.txt": b"inside"}, tmp_path)
    (tmp_path / "in" / "up").symlink_to("..")
    with import_root.confined((tmp_path / "in",)), pytest.raises(InputProblem, match="out of the folder"):
        import_root.opened(tmp_path / "in" / name)


def test_links_that_come_and_go_bring_nothing_in(tmp_path: Path) -> None:
    """As long as the imports run, another thread puts links in the place of files and folders and takes them away."""
    outside = {"a.jsonl": _words(_SECRET), "p.png": _picture("red"), "a.pdf": _pdf(_SECRET)}
    corpus.write(outside, tmp_path / "outside")
    root = tmp_path / "in"
    for number in range(6):
        inside = {"a.jsonl": _words(f"w{number}", id=str(number), image_path="p.png"), "p.png": _picture("white")}
        corpus.write({**inside, "a.pdf": _pdf(f"p{number}")}, root / str(number))
    ended = threading.Event()

    def swap() -> None:
        names = [str(number) if name == "" else f"{number}/{name}" for number in range(6) for name in ("", *outside)]
        for name in itertools.cycle(names):
            if ended.is_set():
                return
            part = root / name
            part.rename(tmp_path / "kept")
            part.symlink_to(tmp_path / "outside" / (part.name if "." in name else ""))
            time.sleep(0.0005)
            part.unlink()
            (tmp_path / "kept").rename(part)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for number in range(3):
            _, texts, files = _brought_in(tmp_path / f"workspace {number}", ImportRequest((root,), ocr=False))
            assert not any(_SECRET in text for text in texts) and not files & set(outside.values())
    finally:
        ended.set()
        swapping.join()
