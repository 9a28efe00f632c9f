"""Documents as vectors: each text is encoded once and kept in a file. [worker]"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from storage import label_queries
from workbench.live.feature_files import WITHOUT_SPACE
from workbench.training.learner import text_encoder
from workbench.training.learner.text_encoder import TextEncoder
from workbench.training.learner.vector_file import DIGEST_BYTES, VectorFile
from workbench.workspace import Workspace

FILE = "texts.vectors"
AT_ONCE = 16
"""Texts that are encoded in one step: about 0.1 s on one core."""


class Texts:
    """The vectors of a workspace's documents, by their words.

    Args:
        workspace: open.
        note: says a line to the analyst.

    Raises:
        WorkbenchError: the encoder is missing or damaged.
    """

    def __init__(self, workspace: Workspace, note: Callable[[str], None]) -> None:
        self._workspace, self._encoder, self._note = workspace, TextEncoder(), note
        self._file = VectorFile(
            workspace.files.features / self._encoder.fingerprint / FILE,
            self._encoder.width,
            text_encoder.NORM,
            int(workspace.settings.limits.features_gb * 1e9),
        )

    @property
    def is_full(self) -> bool:
        """Whether no more vectors can be kept, so that it does not pay to encode ahead."""
        return self._file.is_full

    def prepare(self, numbers: Sequence[int]) -> Iterator[None]:
        """Encode documents, a few at a time; what is done stays when it is given up."""
        bodies = self._bodies(numbers)
        waiting = self._file.missing(list(bodies.values()))
        texts = self._texts(numbers, set(waiting)) if waiting else {}
        for first in range(0, len(waiting), AT_ONCE):
            part = [digest for digest in waiting[first : first + AT_ONCE] if digest in texts]
            vectors = self._encoder.vectors([texts[digest] for digest in part])
            self._file.add(dict(zip(part, vectors, strict=True)))
            if self._file.is_full:
                self._note(WITHOUT_SPACE)
            yield

    def known(self, numbers: Sequence[int]) -> dict[int, NDArray[np.float16]]:
        """Document -> vector, of those that were encoded before."""
        bodies = self._bodies(numbers)
        vectors = self._file.read(list(bodies.values()))
        return {number: vectors[digest] for number, digest in bodies.items() if digest in vectors}

    def _bodies(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """Document -> the digest of its words as they are now, in the order of the numbers; none without words."""
        with self._workspace.db.read() as connection:
            bodies = label_queries.bodies(connection, numbers)
        return {n: digest_of(bodies[n]) for n in numbers if bodies.get(n, "").strip()}

    def _texts(self, numbers: Sequence[int], digests: set[bytes]) -> dict[bytes, str]:
        with self._workspace.db.read() as connection:
            bodies = label_queries.bodies(connection, numbers)
        return {digest: body for body in bodies.values() if (digest := digest_of(body)) in digests}


def digest_of(body: str) -> bytes:
    """Which text a vector is of."""
    return hashlib.blake2b(body.encode(errors="surrogatepass"), digest_size=DIGEST_BYTES).digest()
