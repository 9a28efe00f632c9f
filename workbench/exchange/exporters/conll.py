"""CoNLL / IOB2: a word, a tab and its tag a line, a blank line between documents.

Holds: texts and labels as BIO tags.
Cannot hold: boxes, lines, pages, names, whether labels are complete (documents without labels are left out),
a document whose only word is -DOCSTART-, as that marks where a document starts, suggestions, reference values; a label
with gaps is divided; spaces inside a word become no-break spaces.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from storage.records import Content
from workbench.exchange.exporters.base import ExportReport, has_labels, tags_by_page, whole_file
from workbench.fields import Schema

_SPACES = re.compile(r"\s+")
_START = "-DOCSTART-"


class ConllExporter:
    """One file, one record a document."""

    name = "conll"
    folder = False

    def write(
        self, contents: Iterable[Content], schema: Schema, target: Path, pictures: Path | None = None
    ) -> ExportReport:
        """Write one file; there are no pictures in it."""
        written = ExportReport(of_documents=False)
        with whole_file(target) as file:
            for content in contents:
                if not content.tokens or not has_labels(content):
                    written.lost["documents without words, or without labels of them, were left out"] += 1
                    continue
                if [token.text for token in content.tokens] == [_START]:
                    written.lost[f"documents of the one word {_START} were left out"] += 1
                    continue
                tags = [tag for page in tags_by_page(content, schema, written) for tag in page]
                rows = [
                    f"{_one_word(token.text)}\t{_SPACES.sub('_', tag)}\n"
                    for token, tag in zip(content.tokens, tags, strict=True)
                ]
                file.write(("".join(rows) + "\n").encode())
                written.count(content)
        return written


def _one_word(text: str) -> str:
    return re.sub(r"[ \t\r\n]+", "\u00a0", text)


EXPORTER = ConllExporter()
