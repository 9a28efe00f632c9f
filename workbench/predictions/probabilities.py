"""The stored probabilities of words: bytes to a matrix, and which of its columns are which field's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from storage.exceptions import InputProblem
from workbench.fields import field_of_tag

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CERTAIN = 0x3C00
"""The bits of 1.0: of 16-bit floats, all above 1, all negative ones and what is no number have larger bits."""


def word_matrix(blobs: Sequence[bytes], labels: Sequence[str]) -> "tuple[NDArray[np.float16], list[int]]":
    """The words of documents as one matrix (words x labels, 0..1), and how many words each document has.

    Args:
        blobs: one document each: words x labels little-endian 16-bit floats, row by row.
        labels: the columns, "O" first.

    Raises:
        InputProblem: the bytes are no whole rows, or a number is no probability.
    """
    import numpy as np  # heavy: pyarrow, which has read what is looked at here, has loaded it

    width = 2 * len(labels)
    if not labels or labels[0] != "O" or any(len(blob) % width for blob in blobs):
        raise does_not_fit(f"{len(labels)} labels")
    bits = np.frombuffer(b"".join(blobs), "<u2")
    if len(bits) and bits.max() > _CERTAIN:
        raise InputProblem(
            "The stored predictions hold numbers that are not probabilities.",
            "The model diverged or the file is damaged: train again with a lower learning rate.",
        )
    return bits.view("<f2").reshape(-1, len(labels)), [len(blob) // width for blob in blobs]


def does_not_fit(what: str) -> InputProblem:
    """Stored probabilities are of other labels or words than `what`."""
    return InputProblem(
        f"Stored probabilities do not fit {what}.",
        "Predict again with this run; the file was written by another version or cut off.",
    )


class LabelColumns(NamedTuple):
    """Whose the columns of a matrix of probabilities are; field 0 is none, field f is `fields[f - 1]`."""

    fields: list[str]  # in the order of their first column
    of_label: "NDArray[np.intp]"  # the field of each column
    begins: "NDArray[np.bool_]"  # whether the column is of a field's first words

    @classmethod
    def of(cls, labels: Sequence[str]) -> "LabelColumns":
        """The columns of BIO labels."""
        import numpy as np

        fields = fields_of(labels)
        of_label = [0 if label == "O" else 1 + fields.index(field_of_tag(label)) for label in labels]
        begins = [label.startswith("B-") for label in labels]
        return cls(fields, np.array(of_label, np.intp), np.array(begins, np.bool_))


def fields_of(labels: Sequence[str]) -> list[str]:
    """The fields of BIO labels, in the order of their first column."""
    return list(dict.fromkeys(field_of_tag(label) for label in labels if label != "O"))
