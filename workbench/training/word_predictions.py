"""From the logits of a window's sub-tokens back to one prediction for each word. [worker]"""

import numpy as np

from workbench.fields import field_of_tag
from workbench.runs.windows import Window
from workbench.training.encoding import Array, EncodedPage, Encoder


def decided(encoder: Encoder, page: EncodedPage, window: Window, token_logits: Array) -> tuple[Array, Array, Array]:
    """A window's predictions for the words it decides.

    Args:
        token_logits: (tokens with the special ones, labels), as the model computed them from `features`.

    Returns:
        word ids (n,), their log-probabilities (n, labels), and the positions of their tokens in the window.
    """
    lengths = np.minimum(np.diff(page.starts)[window.start : window.end], encoder.capacity)
    offsets = np.concatenate([[0], np.cumsum(lengths)]) + 1  # the first special token stands before
    low, high = window.decides - window.start, window.until - window.start
    if low == high:
        return np.empty(0, np.int64), np.empty((0, token_logits.shape[1]), np.float32), np.empty(0, np.int64)
    positions = np.arange(offsets[low], offsets[high])
    sums = np.add.reduceat(token_logits[positions].astype(np.float32), offsets[low:high] - offsets[low], axis=0)
    logits = sums / lengths[low:high, None]
    logits -= logits.max(axis=1, keepdims=True)
    logprobs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    members = np.diff(page.word_starts)[window.decides : window.until]
    words = page.words[page.word_starts[window.decides] : page.word_starts[window.until]]
    spread = np.repeat(logprobs, members, axis=0)
    if (members > 1).any():
        first = np.concatenate([[0], np.cumsum(members)[:-1]])
        _continue(encoder, spread, np.setdiff1d(np.arange(len(spread)), first))
    return words, spread, positions


def averaged(encoder: Encoder, page: EncodedPage, window: Window, token_states: Array) -> Array:
    """What the head sees of the words that a window decides: (words, hidden), the mean over a word's sub-tokens.

    Args:
        token_states: (tokens, hidden), at the positions that `decided` gives.
    """
    lengths = np.minimum(np.diff(page.starts)[window.decides : window.until], encoder.capacity)
    if not len(lengths):
        return token_states[:0]
    sums = np.add.reduceat(token_states, np.cumsum(lengths) - lengths, axis=0)
    members = np.diff(page.word_starts)[window.decides : window.until]
    means: Array = np.repeat(sums / lengths[:, None], members, axis=0)
    return means


def _continue(encoder: Encoder, logprobs: Array, rows: Array) -> None:
    """Later pieces of a merged unit cannot begin a field: the probability of B- counts as I-."""
    for label, index in encoder.label_ids.items():
        inside = encoder.label_ids.get(f"I-{field_of_tag(label)}") if label.startswith("B-") else None
        if inside is not None:
            logprobs[rows, inside] = np.logaddexp(logprobs[rows, index], logprobs[rows, inside])
            logprobs[rows, index] = -30.0
