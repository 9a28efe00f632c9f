"""What a text is about, as one vector: middle layers of the text encoder that comes with the program. [worker]

On claims the mean of the third and the fifth layer told classes apart far better than the last layer, which was made
for whether two sentences mean the same. An invoice and a credit note differ in a word or two, which such a mean hides:
the kind of document that the title names is a part of its own (docs/measurements.md).
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from storage.files import digest_of
from workbench.predictions import document_kinds
from workbench.runs.model_folders import weights
from workbench.training.device import bf16_pays
from workbench.training.models import embedded

LAYERS = (3, 5)
NORM = (len(LAYERS) + 1) ** 0.5
"""The length of a vector: each layer's part has length 1, and so has the title's."""
_MULTIPLE = 8  # of padded lengths in bf16: a CPU's library keeps code for every one; more is too much for sentences
_FORM = 2  # of the vectors
_KINDS = (*document_kinds.KINDS, None)
_WINDOW = 254  # tokens
_MOST_WINDOWS = 4  # of a long text: its beginning says what it is


def kind_of(vector: NDArray[Any]) -> str | None:
    """The kind of document that the title of a text names, one of `document_kinds.KINDS`."""
    return _KINDS[int(np.argmax(vector[-len(_KINDS) :]))]


class TextEncoder:
    """Loaded at once; it reads about a hundred sentences a second on one core.

    Raises:
        WorkbenchError: the encoder is missing or damaged.
    """

    def __init__(self) -> None:
        self._model, self._tokenizer = embedded.encoder(layers=max(LAYERS))
        self._bf16 = bf16_pays(torch.device("cpu"), training=False)
        self.width: int = self._model.config.hidden_size * len(LAYERS) + len(_KINDS)

    @property
    def fingerprint(self) -> str:
        """Tells vectors of other weights, or made in another way, apart."""
        weights_digest = digest_of(embedded.SHIPPED / weights.FILE)
        form = [_FORM, LAYERS, _WINDOW, _MOST_WINDOWS, weights_digest, document_kinds.TITLES]
        return hashlib.sha256(repr(form).encode()).hexdigest()[:16]

    @torch.inference_mode()
    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, width); best for few at a time."""
        tokens = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        windows = [
            (text, ids[start : start + _WINDOW])
            for text, ids in enumerate(tokens)
            for start in range(0, max(1, min(len(ids), _MOST_WINDOWS * _WINDOW)), _WINDOW)
        ]
        sums = torch.zeros(len(texts), len(LAYERS), self._model.config.hidden_size)
        windows.sort(key=lambda window: len(window[1]))
        for first in range(0, len(windows), 4):  # a CPU's caches hold a few
            part = windows[first : first + 4]
            for (text, _), states in zip(part, self._states([ids for _, ids in part]), strict=True):
                sums[text] += states
        by_layers = torch.nn.functional.normalize(sums, dim=2).flatten(1).numpy()
        by_titles = np.eye(len(_KINDS), dtype=np.float32)[[_KINDS.index(document_kinds.kind_of(t)) for t in texts]]
        return np.hstack([by_layers, by_titles])

    def _states(self, windows: Sequence[Sequence[int]]) -> torch.Tensor:
        """(windows, layers, hidden): the sum over a window's tokens."""
        longest = max(map(len, windows)) + 2
        longest += -longest % _MULTIPLE if self._bf16 else 0
        ids = torch.full((len(windows), longest), int(self._tokenizer.pad_token_id))
        mask = torch.zeros(len(windows), longest, dtype=torch.long)
        for row, window in enumerate(windows):
            whole = [self._tokenizer.cls_token_id, *window, self._tokenizer.sep_token_id]
            ids[row, : len(whole)] = torch.tensor(whole)
            mask[row, : len(whole)] = 1
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bf16):
            states = self._model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        return torch.stack([(states[layer].float() * mask[..., None]).sum(1) for layer in LAYERS], 1)
