"""CoNLL and IOB2: a word and its tag a line, a blank line between records; there are no boxes.

Some tools write the tag first, some a number before the word.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import parsing
from workbench.exchange.reading import tags as tagging
from workbench.exchange.reading.incoming import (
    Incoming,
    IncomingPage,
    IncomingToken,
    Options,
    Rejected,
    check_number_of_words,
)
from workbench.exchange.reading.running_text import TYPESET, typeset
from workbench.settings import Limits

_TAG = re.compile(r"O|[BIELSU]-\S.*")
_START = re.compile(rb"-DOCSTART-(?!\t[^\t]*$)")  # a word of that name has a tab and its tag behind it, and no more


_COMMENT = re.compile(rb"# ?[\w.:-]+ = ")  # of CoNLL-U and others: "# sent_id = 1"


class ConllImporter:
    """A record is a document; with more than one -DOCSTART- line these divide the documents, blank lines the lines."""

    name = "conll"

    def sniff(self, path: Path, head: bytes) -> float:
        """By tags at the end of most lines."""
        lines = head.decode("utf-8", errors="ignore").split("\n")
        lines = (lines[:-1] or lines)[:200]  # the last one may be cut off
        rows = [parts for line in lines if (parts := _columns(line))]
        of_tags = _Layout.of(rows).tag
        tagged = sum(len(parts) > 1 and bool(_TAG.fullmatch(parts[of_tags])) for parts in rows)
        return 0.8 if tagged and tagged * 2 > len(rows) else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file; a record with a broken line is reported, the others go in."""
        try:
            data = parsing.content(path, options.limits)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        lines = data.replace(b"\r\n", b"\n").split(b"\n")
        by_start = sum(bool(_START.match(line)) for line in lines) > 1
        blocks = list(_blocks(lines, by_start))
        rows = [
            parts
            for line in lines
            if not _START.match(line)
            and not _COMMENT.match(line)
            and len(parts := _columns(line.decode("utf-8", "ignore"))) > 1
        ]
        layout = _Layout.of(rows)
        shape = tagging.shape_of(parts[layout.tag] for parts in rows)
        boxes, left_out = _boxes_beside(path, options, blocks, layout)
        for number, (first, block) in enumerate(blocks):
            where = f"line {first}"
            try:
                incoming = self._read(path, where, first, block, layout, shape, boxes[number], options.limits)
            except InputProblem as fault:
                yield parsing.rejected(path, where, fault)
                continue
            if left_out and boxes[number] is None:
                incoming.notes.append(left_out)
            yield incoming

    def _read(
        self,
        path: Path,
        where: str,
        first: int,
        block: list[bytes],
        layout: "_Layout",
        shape: str,
        boxes: list[Box] | None,
        limits: Limits,
    ) -> Incoming:
        check_number_of_words(sum(1 for line in block if line.strip()), limits)
        texts: list[list[str]] = [[]]
        tags: list[str] = []
        for number, line in enumerate(block, first):
            parts = _columns(parsing.text_of(line))
            if not parts:
                texts.append([])
                continue
            if len(parts) < layout.least:
                raise InputProblem(f"line {number} has no tag: {parts[0][:60]!r}")
            texts[-1].append(parts[layout.word])
            tags.append(parts[layout.tag])
        incoming = Incoming(f"{path.stem} {where}", f"{path} {where}", [], self.name, labelled=True)
        incoming.spans, incoming.repaired_tags = tagging.spans_of_tags(tags, shape)
        if boxes is None:
            incoming.notes.append(TYPESET)
            incoming.pages = [typeset([line for line in texts if line])]
        else:
            words = [word for line in texts for word in line]
            tokens = [IncomingToken(word, box) for word, box in zip(words, boxes, strict=True)]
            incoming.notes.append("boxes taken as 0-1000")
            incoming.pages = [IncomingPage(1000.0, 1000.0, tokens)]
        return incoming


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns hold a word and its tag."""

    word: int = 0
    tag: int = -1

    @property
    def least(self) -> int:
        """How many columns a line has at least."""
        return 2 if self.tag == 0 else self.word + 2

    @classmethod
    def of(cls, rows: list[list[str]]) -> "_Layout":
        """As most lines have it: the tag is the last column, or the first where only that holds tags."""
        rows = [parts for parts in rows if len(parts) > 1]
        of_last, of_first = (sum(bool(_TAG.fullmatch(parts[at])) for parts in rows) for at in (-1, 0))
        if of_first == len(rows) > of_last:
            return cls(1, 0)
        return cls(1) if all(len(parts) > 2 for parts in rows) and _is_index([row[0] for row in rows]) else cls()


def _is_index(column: list[str]) -> bool:
    """Whether a column counts the words of each record."""
    if len(column) < 2 or not all(cell.isdecimal() and len(cell) < 7 for cell in column):
        return False
    numbers = [int(cell) for cell in column]
    return numbers[0] < 2 and all(b in (a + 1, numbers[0]) for a, b in pairwise(numbers))


def box_files(path: Path) -> list[Path]:
    """Where UniLM's files keep the boxes of a file's words: train_box.txt beside train.txt."""
    stem, _, last = path.stem.rpartition("_")
    names = [f"{path.stem}_box{path.suffix}", *([f"{stem}_box{path.suffix}"] if last else [])]
    return [path.with_name(name) for name in names if name != path.name]


def _boxes_beside(
    path: Path, options: Options, blocks: list[tuple[int, list[bytes]]], layout: _Layout
) -> tuple[list[list[Box] | None], str]:
    """The boxes of every record from the file beside it (None where it has other words), and why some are left out."""
    none: list[list[Box] | None] = [None] * len(blocks)
    other = next((file for file in box_files(path) if file.is_file() and parsing.is_within(options, file)), None)
    if other is None:
        return none, ""
    try:
        lines = parsing.content(other, options.limits).replace(b"\r\n", b"\n").split(b"\n")
        rows = [[_box_row(line) for line in block if line.strip()] for _, block in _blocks(lines, False)]
    except InputProblem as problem:
        return none, f"the boxes of {other.name} were left out: {problem.message}"
    boxes = none
    for number, ((_, block), row) in enumerate(zip(blocks, rows, strict=False)):
        words = [_columns(line.decode("utf-8", "replace"))[layout.word :][:1] for line in block if line.strip()]
        if words == [[word] for word, _ in row]:
            boxes[number] = [box for _, box in row]
    return boxes, "" if None not in boxes else f"records without boxes: {other.name} has other words for them"


def _box_row(line: bytes) -> tuple[str, Box]:
    parts = _columns(parsing.text_of(line))
    numbers = parts[-1].split() if len(parts) == 2 else parts[-4:]
    try:
        x0, y0, x1, y1 = map(float, numbers)
    except ValueError:
        raise InputProblem(f"{parts[-1][:40]!r} is no box") from None
    return parts[0], (x0, y0, x1, y1)


def _columns(line: str) -> list[str]:
    # Where a line has tabs only these divide: a word may hold a space. A no-break space always belongs to the word.
    stripped = line.strip(" \t\r\n")
    return [part for cell in re.split(r"\t+" if "\t" in stripped else r" +", stripped) if (part := cell.strip(" "))]


def _blocks(lines: list[bytes], by_start: bool) -> Iterator[tuple[int, list[bytes]]]:
    """(number of the first line, lines) of every record."""
    block: list[bytes] = []
    first = 1
    for number, line in enumerate([*lines, None], 1):
        starts = line is not None and bool(_START.match(line))
        ends = line is None or starts or (not by_start and not line.strip())
        if ends:
            if any(part.strip() for part in block) and not _is_start_alone(block):
                yield first, block
            block = []
        elif line is not None and not _COMMENT.match(line) and not (not block and not line.strip()):
            if not block:
                first = number
            block.append(line)


def _is_start_alone(block: list[bytes]) -> bool:
    """Whether a record is the mark of a document's start with a tag, and nothing more."""
    return len(block) == 1 and re.match(rb"-DOCSTART-\s", block[0]) is not None


IMPORTER = ConllImporter()
