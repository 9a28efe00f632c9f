"""Shared by the exporters: portable file names, atomic writing, tags, pictures."""

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from storage.exceptions import UsageProblem, WorkspaceProblem, remedy_of
from storage.files import Files, NotRegular, draft_beside, read_regular, replacing
from storage.records import Box, Content, Page, Span, State
from workbench.exchange.reading.parsing import PICTURES
from workbench.fields import Schema, tags_of
from workbench.fields.schema import folded
from workbench.files.output_places import refuse_own

if TYPE_CHECKING:
    from openpyxl import Workbook

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
_LONGEST = 120  # bytes of a name, which leaves space for suffixes


@dataclass(slots=True)
class ExportReport:
    """What an export wrote, and what its format could not hold (sentence -> documents)."""

    documents: int = 0
    pages: int = 0
    labels: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    of_words: bool = True  # whether the format holds labels of words
    of_documents: bool = True  # whether it holds classes
    retired: frozenset[str] = frozenset()  # fields whose labels it leaves out, as they are not in use

    def count(self, content: Content, pictures: Path | None = None) -> None:
        """Count a document that was written, with those of its labels that the format holds."""
        self.documents += 1
        if pictures and any(page.picture and picture_of(page, pictures) is None for page in content.pages):
            self.lost["pictures are gone from the workspace's folder pages and were left out"] += 1
        self.pages += len(content.pages)
        for labels, is_held, left_out in (
            (content.annotations.spans, self.of_words, "labels of words were left out: the format holds classes alone"),
            (content.annotations.classes, self.of_documents, "classes were left out: the format holds none"),
        ):
            if is_held:
                kept = [label for label in labels if label.field not in self.retired]
                self.labels += len(kept)
                if len(kept) < len(labels):
                    self.lost["labels of retired fields were left out"] += 1
            elif labels:
                self.lost[left_out] += 1


def safe(name: str) -> str:
    """A name as a file name on every system: no separators, quotes or control characters, at most 120 bytes."""
    plain = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*\']+', "_", name).strip(" .")
    plain = plain.encode()[:_LONGEST].decode(errors="ignore").strip(" .")
    return f"_{plain}" if not plain or _RESERVED.fullmatch(plain) else plain


def own_columns(names: Iterable[str], taken: Iterable[str], ending: str) -> list[str]:
    """The names of columns, with an ending where another column has the name, as spreadsheets compare them."""
    has = {folded(name) for name in taken}
    columns = []
    for name in names:
        while folded(name) in has:
            name += ending
        has.add(folded(name))
        columns.append(name)
    return columns


class FileNames:
    """Gives every document a unique file name."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def fresh(self, name: str) -> str:
        """A new file name; names that differ only in case count as the same."""
        plain = safe(name)
        number, candidate = 1, plain
        while candidate.casefold() in self._taken:
            number += 1
            candidate = f"{plain}-{number}"
        self._taken.add(candidate.casefold())
        return candidate


def is_complete(content: Content) -> bool:
    """Whether a document's labels are complete."""
    return content.document.state is State.LABELLED


def words_are_complete(content: Content) -> bool:
    """Whether the labels of a document's words are complete; not of one that was labelled by classes alone."""
    return is_complete(content) and bool(content.annotations.spans or not content.annotations.classes)


def has_labels(content: Content) -> bool:
    """Whether a document has labels of words to write, or is labelled as having none."""
    return words_are_complete(content) or bool(content.annotations.spans)


def ordered_spans(content: Content) -> list[Span]:
    """A document's labels in reading order."""
    return sorted(content.annotations.spans, key=lambda span: (span.tokens, span.field))


def tags_by_page(content: Content, schema: Schema, written: ExportReport) -> list[list[str]]:
    """BIO tags with the fields' names, page by page. Labels with gaps are divided, and counted."""
    named = [Span(schema.name(span.field), span.tokens) for span in ordered_spans(content)]
    tags = tags_of(named, len(content.tokens))
    starts: list[list[str]] = []
    at = 0
    for page in content.pages:
        part = tags[at : at + len(page.tokens)]
        if part and part[0].startswith("I-"):  # a label that continues from the page before
            part[0] = "B-" + part[0][2:]
        starts.append(part)
        at += len(page.tokens)
    edges = {page.tokens[0].id for page in content.pages if page.tokens}
    if any(b != a + 1 or b in edges for s in named for a, b in zip(s.tokens, s.tokens[1:], strict=False)):
        written.lost["labels with gaps, or over two pages, were divided"] += 1
    return starts


def thousandths(box: Box, page: Page) -> list[int]:
    """A box in thousandths of its page, as layout models expect it."""
    x0, y0, x1, y1 = box
    sides = (x0 / page.width, y0 / page.height, x1 / page.width, y1 / page.height)
    return [min(max(round(side * 1000), 0), 1000) for side in sides]


def plain_number(value: float) -> int | float:
    """A whole number as an integer, as other tools expect for pixels."""
    return int(value) if float(value).is_integer() else value


@dataclass(frozen=True, slots=True)
class Companion:
    """What an export writes besides its target: a folder of pictures, or a file.

    Args:
        path: where.
        is_exported: of a file: whether content is such as an export writes; None of a folder.
    """

    path: Path
    is_exported: Callable[[bytes], bool] | None = None

    def foreign(self) -> str:
        """What stands there and was put there by no export, in words; "" where nothing does.

        Raises:
            WorkspaceProblem: it cannot be looked into.
        """
        if self.path.is_symlink() or not self.path.exists():
            return ""
        try:
            if not self.path.is_dir():
                known = self.is_exported is not None and self.is_exported(read_regular(self.path))
                return "" if known else f"{self.path} is not what an export wrote, or was changed since."
            other = next((entry for entry in self.path.iterdir() if self.is_exported or not _is_picture(entry)), None)
        except NotRegular:
            return f"{self.path} is not a regular file."
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return f"{self.path} has what no export put there: {other.name}." if other else ""


def check_target(target: Path, files: Files, force: bool, beside: Iterable[Companion] = ()) -> None:
    """Refuse to write an export over what must not be lost.

    Args:
        target: where the export is to be written.
        files: the workspace's own.
        force: whether a file that exists may be overwritten.
        beside: files and folders that the export writes besides the target.

    Raises:
        UsageProblem: the target is the workspace's own, no regular file or folder, or an existing file without `force`;
            or what stands beside it was put there by no export.
        WorkspaceProblem: what stands beside it cannot be looked into.
    """
    for companion in beside:
        if foreign := companion.foreign():
            raise UsageProblem(foreign, "Name another file.")
        path = companion.path
        if os.path.lexists(path) and (path.is_symlink() or not force):
            raise UsageProblem(f"{path} exists already.", "Name another file, or overwrite it with --force.")
    refuse_own(target, files.root)
    if os.path.lexists(target) and not target.is_dir() and not force:
        raise UsageProblem(f"{target} exists already.", "Name another file, or overwrite it with --force.")


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES and path.is_file() and not path.is_symlink()


@contextmanager
def whole_file(target: Path) -> Iterator[IO[bytes]]:
    """A file that appears whole or not at all, its folder made where it is missing.

    Raises:
        WorkspaceProblem: it cannot be written.
        UsageProblem: there is a folder of this name.
    """
    if target.is_dir():
        raise UsageProblem(f"{target} is a folder.", "Name a file for this format.")
    _make_parent(target)
    with replacing(target, outside=True) as file:
        yield file


@contextmanager
def workbook(target: Path) -> Iterator["Workbook"]:
    """An Excel workbook to be filled, which is saved whole or not at all.

    Raises:
        WorkspaceProblem: it cannot be written; openpyxl keeps its rows in the folder for temporary files.
        UsageProblem: there is a folder of this name.
    """
    from lxml.etree import SerialisationError
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    try:
        yield book
        content = BytesIO()  # a disk that is full while openpyxl packs would have its archive complain when deleted
        book.save(content)
        with whole_file(target) as file:
            file.write(content.getbuffer())
    except BaseException as error:
        for sheet in book.worksheets:  # whatever ended it: a sheet that is not closed complains when it is deleted
            with suppress(Exception):
                sheet.close()
        if not isinstance(error, SerialisationError):
            raise
        raise WorkspaceProblem(
            f"{target} cannot be written: the disk is full, or that of the folder for temporary files ({error}).",
            "Free some space, then repeat the step.",
        ) from error


LONGEST_CELL = 32_767
"""Characters that a workbook's cell can hold."""


def text_cells(sheet: Any, written: ExportReport) -> Callable[[str], Any]:
    """What makes cells of a workbook's sheet of texts, never a formula.

    Control characters are left out, and a text that was cut is counted as lost in `written`.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    def cell(text: str) -> Any:
        text = ILLEGAL_CHARACTERS_RE.sub("", text)
        if len(text) > LONGEST_CELL:
            written.lost[f"texts longer than {LONGEST_CELL:,} characters were cut"] += 1
        made = WriteOnlyCell(sheet, text[:LONGEST_CELL])
        made.data_type = "s"
        return made

    return cell


def write_lines(
    target: Path, contents: Iterable[Content], record: Callable[[Content], Any], written: ExportReport
) -> ExportReport:
    """Write a file of JSON lines: a line a document, as `record` gives it; the documents are counted in `written`.

    Raises:
        WorkspaceProblem, UsageProblem: as `whole_file`.
    """
    encode = msgspec.json.Encoder().encode
    with whole_file(target) as file:
        for content in contents:
            file.write(encode(record(content)) + b"\n")
            written.count(content)
    return written


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder that appears whole or not at all: it is filled under another name and renamed at the end.

    Raises:
        WorkspaceProblem: it cannot be written.
        UsageProblem: it exists and is not empty.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageProblem(f"{target} exists already.", "Name a new folder for this format.")
    _make_parent(target)
    try:
        with _draft_of(target) as draft:
            yield draft
            if target.exists():
                target.rmdir()
            os.replace(draft, target)  # noqa: PTH105 - atomic on every platform
    except OSError as error:
        raise _unwritable(target, error) from error


@contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """A folder beside a file or folder, for what becomes it.

    Raises:
        WorkspaceProblem: it cannot be made.
    """
    with ExitStack() as stack:
        try:
            draft = stack.enter_context(draft_beside(target)) / "folder"
            draft.mkdir(mode=0o755)
        except OSError as error:
            raise _unwritable(target, error) from error
        yield draft


def _unwritable(target: Path, error: OSError) -> WorkspaceProblem:
    return WorkspaceProblem(
        f"{target} cannot be written: {error.strerror or error}. Nothing was changed.",
        "Free some space or check the permissions, then repeat the step.",
    )


@contextmanager
def file_with_pictures(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A file, and the folder that its pictures are put into: both appear whole or not at all.

    The pictures stand in `pictures_beside(target)` at the end, instead of those of an earlier export.

    Raises:
        WorkspaceProblem: they cannot be written.
        UsageProblem: there is a folder of the file's name.
    """
    beside = pictures_beside(target)
    with whole_file(target) as file, _draft_of(beside) as draft:
        yield file, draft
        if any(draft.iterdir()):
            if beside.exists():
                os.replace(beside, draft.with_name("replaced"))  # noqa: PTH105
            os.replace(draft, beside)  # noqa: PTH105


def _make_parent(target: Path) -> None:
    try:
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkspaceProblem(
            f"{target.parent} cannot be made: {error.strerror}.",
            remedy_of(error, "Choose another place for the export."),
        ) from error


def picture_of(page: Page, pictures: Path | None) -> Path | None:
    """The file of a page's picture, in the folder of all pictures; None where it is not there, or leads out of that."""
    if pictures is None or page.picture is None:
        return None
    real = Path(os.path.realpath(pictures / page.picture))
    return real if real.is_file() and real.is_relative_to(os.path.realpath(pictures)) else None


def copy_picture(page: Page, pictures: Path | None, folder: Path, name: str) -> str | None:
    """Put a page's picture into a folder as `name` with its own ending; the file's name, None without a picture."""
    source = picture_of(page, pictures)
    if source is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / (name + source.suffix))
    return name + source.suffix


def pictures_beside(target: Path) -> Path:
    """The folder for the pictures of an export that is one file."""
    return target.parent / f"{target.stem}_pictures"
