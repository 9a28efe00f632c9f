"""CoNLL and IOB2: a word and its tag a line, a blank line between records; there are no boxes."""

import re
from collections.abc import Iterator
from pathlib import Path

from storage.exceptions import InputProblem
from workbench.exchange.importers import parsing
from workbench.exchange.importers.base import Incoming, Options, Rejected

_TAG = re.compile(r"O|[BIELSU]-\S.*")
_START = re.compile(rb"-DOCSTART-(?!\t)")  # a word of that name has a tab and its tag behind it


class ConllImporter:
    """A record is a document; with more than one -DOCSTART- line these divide the documents, blank lines the lines."""

    name = "conll"
    description = "CoNLL / IOB2 and Label Studio's four columns: a word and its tag a line, no boxes"

    def sniff(self, path: Path, head: bytes) -> float:
        """By tags at the end of most lines."""
        lines = head.decode("utf-8", errors="ignore").split("\n")
        lines = (lines[:-1] or lines)[:200]  # the last one may be cut off
        columns = [parts for line in lines if (parts := _columns(line))]
        tagged = sum(len(parts) > 1 and bool(_TAG.fullmatch(parts[-1])) for parts in columns)
        return 0.8 if tagged and tagged * 2 > len(columns) else 0.0

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        """The documents of one file; a record with a broken line is reported, the others go in."""
        try:
            data = parsing.content(path, options.limits)
        except InputProblem as problem:
            yield parsing.rejected(path, "", problem)
            return
        lines = data.replace(b"\r\n", b"\n").split(b"\n")
        by_start = sum(bool(_START.match(line)) for line in lines) > 1
        for first, block in _blocks(lines, by_start):
            where = f"line {first}"
            try:
                yield self._read(path, where, first, block)
            except InputProblem as problem:
                yield parsing.rejected(path, where, problem)

    def _read(self, path: Path, where: str, first: int, block: list[bytes]) -> Incoming:
        texts: list[list[str]] = [[]]
        tags: list[str] = []
        for number, line in enumerate(block, first):
            parts = _columns(parsing.text_of(line))
            if not parts:
                texts.append([])
                continue
            if len(parts) < 2:
                raise InputProblem(f"line {number} has no tag: {parts[0][:60]!r}")
            texts[-1].append(parts[0])
            tags.append(parts[-1])
        incoming = Incoming(f"{path.stem} {where}", f"{path} {where}", [], self.name, labelled=True)
        incoming.notes.append(parsing.TYPESET)
        incoming.spans, incoming.repaired_tags = parsing.spans_of_tags(tags)
        incoming.pages = [parsing.typeset([line for line in texts if line])]
        return incoming


def _columns(line: str) -> list[str]:
    # Only spaces and tabs divide: a no-break space belongs to the word.
    return [part for part in re.split(r"[ \t]+", line.strip(" \t\r\n")) if part]


def _blocks(lines: list[bytes], by_start: bool) -> Iterator[tuple[int, list[bytes]]]:
    """(number of the first line, lines) of every record."""
    block: list[bytes] = []
    first = 1
    for number, line in enumerate([*lines, None], 1):
        starts = line is not None and bool(_START.match(line))
        ends = line is None or starts or (not by_start and not line.strip())
        if ends:
            if any(part.strip() for part in block):
                yield first, block
            block = []
        elif line is not None and not (not block and not line.strip()):
            if not block:
                first = number
            block.append(line)


IMPORTER = ConllImporter()
