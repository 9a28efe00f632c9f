"""Vectors of texts for another process than the learner: what it kept, and the few that are missing. [worker]"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.exceptions import WorkbenchError
from workbench.training.learner import text_encoder, texts
from workbench.training.learner.text_encoder import TextEncoder
from workbench.training.learner.vector_file import VectorFile

MOST_NEW = 500
"""Texts without a vector that are encoded while somebody waits: some seconds of sentences."""


def read(
    features: Path,
    bodies: Sequence[str],
    progress: Callable[[int, int], None] = lambda done, total: None,
    most_new: int = MOST_NEW,
) -> NDArray[np.float32] | None:
    """The vector of each text, (texts, width); zeros for one without words. None where too many are not encoded yet, or
    there is no encoder.

    Args:
        features: the folder of the workspace that the learner keeps them in; nothing is written there.
        bodies: words as the learner reads them, case-folded.
        progress: called with (done, total) in texts.
        most_new: texts that may be encoded now.
    """
    try:
        encoder = TextEncoder()
    except WorkbenchError:
        return None
    path = features / encoder.fingerprint / texts.FILE
    digests = [texts.digest_of(body) if body.strip() else b"" for body in bodies]
    kept = VectorFile(path, encoder.width, text_encoder.NORM, 0).read(digests) if path.is_file() else {}
    missing = {digest: body for digest, body in zip(digests, bodies, strict=True) if digest and digest not in kept}
    if len(missing) > most_new:
        return None
    vectors = np.zeros((len(bodies), encoder.width), np.float32)
    made: dict[bytes, NDArray[np.float32]] = {}
    waiting = list(missing)
    for first in range(0, len(waiting), texts.AT_ONCE):
        part = waiting[first : first + texts.AT_ONCE]
        made |= dict(zip(part, encoder.vectors([missing[digest] for digest in part]), strict=True))
        progress(len(bodies) - len(waiting) + len(made), len(bodies))
    for row, digest in enumerate(digests):
        if digest:
            vectors[row] = kept[digest] if digest in kept else made[digest]
    return vectors
