"""The result of every importer: documents as they were read, or the reason why a record was not."""

import hashlib
import shutil
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from storage.exceptions import InputProblem
from storage.records import Box, Side
from workbench.fields.plain_text import harmless
from workbench.files.import_root import content_of
from workbench.settings import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of an import."""

    root: Path  # references of a file to files outside of it are refused
    password: str | None = None
    pixels: bool | None = None  # True: boxes are pixels, False: 0-1000, None: decide by their size
    limits: Limits = field(default_factory=Limits)
    text_column: str = ""  # of a table of texts; "" finds it by its name
    label_columns: tuple[str, ...] = ()  # () finds it by its name
    group_column: str = ""  # what must stay on one side of a split
    multiple: bool = False  # a cell may name several classes
    class_fields: tuple[str, ...] = ()  # names of the workspace's class fields
    by_folder: bool = False  # what a document is, its folder says
    data_set: Path | None = None  # whose folders of pictures and keys may be read too (`parsing.around_file`)


@dataclass(slots=True)
class IncomingToken:
    """A word as it is in the file. `line` is None where the file has no lines: geometry then decides."""

    text: str
    box: Box
    line: int | None = None
    confidence: float | None = None


@dataclass(slots=True)
class IncomingPage:
    """A page as it is in the file. `tokens` is None when it has to be read by OCR."""

    width: float
    height: float
    tokens: list[IncomingToken] | None
    picture: Path | bytes | None = None  # a file inside the import root, or an encoded picture
    picture_index: int = 0  # which frame of a multi-page TIFF
    pdf: Path | None = None  # the file that it is a page of
    turn: int = 0  # degrees clockwise by which the picture has to be turned; size and boxes are those of after it
    engine: str = "given"
    engine_version: str = ""
    notes: list[str] = field(default_factory=list)  # become the document's


@dataclass(slots=True)
class IncomingSpan:
    """A label or suggestion; `tokens` count over the whole document in the order of the incoming pages and tokens."""

    label: str  # as the file names it; mapped to a field later
    tokens: tuple[int, ...]
    confidence: float | None = None  # set: a suggestion, not a label
    run: str = "import"


@dataclass(frozen=True, slots=True)
class IncomingRegion:
    """A label or suggestion that is a box in the file; `clean` assigns the words in it, after OCR."""

    page: int  # 0-based
    box: Box  # in units of the page
    label: str
    rank: int = 0  # a word in two regions goes to the lower rank, then to the smaller region
    confidence: float | None = None  # set: a suggestion, not a label
    run: str = "import"


@dataclass(frozen=True, slots=True)
class IncomingClass:
    """What the file says the whole document is."""

    label: str  # the class field, as the file names it
    option: str


@dataclass(slots=True)
class Incoming:
    """A document as it was read."""

    name: str
    source: str  # file (and record) it came from, for display
    pages: list[IncomingPage]
    format: str
    spans: list[IncomingSpan] = field(default_factory=list)
    regions: list[IncomingRegion] = field(default_factory=list)  # labels whose words are not known yet
    labelled: bool = False  # its labels are complete according to the file (also when there are none)
    values: dict[str, str] = field(default_factory=dict)  # label -> value known for the document
    values_source: str = ""  # "" none; "gold": aligned values become labels; else suggestions from this source
    language: str | None = None
    group: str | None = None
    side: Side | None = None  # of a split that the file was divided by
    notes: list[str] = field(default_factory=list)  # assumptions made ("boxes taken as pixels"), repairs
    classes: list[IncomingClass] = field(default_factory=list)
    repaired_tags: int = 0
    text: str | None = None  # of a document that stands on no page; it has no pages then
    empty_tokens: int = 0  # words without text that were dropped

    @property
    def size(self) -> int:
        """Characters of its words and bytes of the pictures that it brings itself: about what it takes of a disk."""
        words = sum(len(token.text) for page in self.pages for token in page.tokens or ())
        pictures = sum(len(page.picture) for page in self.pages if isinstance(page.picture, bytes))
        return len(self.text or "") + words + pictures


def identity(incoming: Incoming) -> str:
    """The identity of a record: its name, its words and their boxes. Not its labels."""
    if incoming.text is not None:
        return hashlib.sha256(f"{incoming.name}\0{incoming.text}".encode("utf-8", "surrogatepass")).hexdigest()
    digest = hashlib.sha256(incoming.name.encode("utf-8", "surrogatepass"))
    for page in incoming.pages:
        digest.update(repr((page.width, page.height)).encode())
        if page.tokens is not None:
            digest.update("\0".join(token.text for token in page.tokens).encode("utf-8", "replace"))
            digest.update(array("d", [side for token in page.tokens for side in token.box]).tobytes())
        else:
            digest.update(content_of(page.picture) if isinstance(page.picture, Path) else page.picture or b"")
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file or record that could not be read, and why, in words for the analyst."""

    file: str
    record: str  # "" for the whole file; else "record 3", "line 17" …
    reason: str

    def __post_init__(self) -> None:
        for name in ("file", "record", "reason"):
            object.__setattr__(self, name, harmless(getattr(self, name)))


def check_number_of_words(words: int, limits: Limits, page: int | None = None) -> None:
    """Refuse a page of more words than a page may have: before they are made, where a format tells it.

    Args:
        page: its number, where it is known.

    Raises:
        InputProblem: it is one.
    """
    if words > limits.tokens_per_page:
        raise InputProblem(
            f"{'it' if page is None else f'page {page}'} has {words:,} words; the limit is {limits.tokens_per_page:,} "
            "(tokens_per_page under [limits])"
        )


def bounded(items: Iterable[Incoming | Rejected], limits: Limits, folder: Path) -> Iterator[Incoming | Rejected]:
    """The documents of one file, up to what a workspace can take: a packed file of 1 MB can hold a gigabyte of them.

    Args:
        folder: of the workspace.

    Raises:
        InputProblem: there are more; those before were given.
    """
    free = shutil.disk_usage(folder).free // _SHARE_OF_DISK
    size = 0
    for item in items:
        size += item.size if isinstance(item, Incoming) else 0
        if size > limits.documents_bytes:
            raise InputProblem(
                f"its documents take more than {limits.documents_bytes / 1e6:,.0f} MB (documents_bytes under [limits] "
                f"in workbench.toml); {_BEFORE}"
            )
        if size > free:
            raise InputProblem(f"its documents take more than the disk has space for; {_BEFORE}")
        yield item


_SHARE_OF_DISK = 3  # the database needs twice a text's length, and others need the disk, too
_BEFORE = "those before are imported"


class Importer(Protocol):
    """One format. `sniff` looks at the content; `read` yields documents and rejections, never raising for bad data."""

    name: str

    def sniff(self, path: Path, head: bytes) -> float:
        """How sure this format is the file's, 0..1, from its first 64 KiB (and its neighbours)."""
        ...

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file."""
        ...
