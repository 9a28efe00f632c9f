"""A time of day is suggested with the AM or PM that is printed behind it. Pure.

After few labels the head knows a time better than the short word behind it, which stands in other places, too.
"""

import re
from collections.abc import Iterable, Set

from workbench.fields.schema import chunks_of
from workbench.runs.parquet import FrozenDocument
from workbench.training.learner.readers import Values

_TIME = re.compile(r"\d{1,2}[:.]\d{2}([:.]\d{2})?")
_HALF = re.compile(r"[AP]\.?M\.?", re.IGNORECASE)


def whole(values: Values, row: FrozenDocument, fields: Set[str], labelled: Iterable[FrozenDocument]) -> Values:
    """The values, with AM or PM behind those that end with a time, unless a label of the field leaves it out.

    Args:
        values: of a document.
        row: the document.
        fields: ids of text fields.
        labelled: documents that are learned from.
    """
    cut = {
        name: words for name, (words, _) in values.items() if name in fields and words and _leaves_out(row, words[-1])
    }
    for document in labelled if cut else ():
        for name, _, end in chunks_of(document.tags or []):
            if name in cut and _leaves_out(document, end - 1):
                del cut[name]
    return values | {name: ((*words, words[-1] + 1), values[name][1]) for name, words in cut.items()}


def _leaves_out(row: FrozenDocument, last: int) -> bool:
    """Whether a value that ends with this word is a time, and leaves out the half of the day behind it."""
    behind = last + 1
    return (
        behind < len(row.words)
        and (row.pages[last], row.lines[last]) == (row.pages[behind], row.lines[behind])
        and _TIME.fullmatch(row.words[last]) is not None
        and _HALF.fullmatch(row.words[behind]) is not None
    )
