"""Words and boxes -> windows -> tensors. The way back to words is in word_predictions.py. [worker]

No word is dropped: every word of every page gets exactly one prediction, whatever its length and the window's. Pages
are encoded one by one, so no window ever mixes the boxes of two pages.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from storage.exceptions import ConfigProblem, InputProblem
from workbench.fields.schema import chunks_of, tags_of_chunks
from workbench.files import picture_kinds
from workbench.locate.layout import torn
from workbench.runs.config.tune import Data
from workbench.runs.parquet import FrozenDocument
from workbench.runs.windows import Window, plan

Array = NDArray[Any]
IGNORED = -100
"""The label of special tokens and padding: no loss."""


def is_of_library(error: BaseException) -> bool:
    """Whether an error is one that a library raised. Those of the tokenizers, in Rust, are no `Exception`."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


@dataclass(slots=True)
class EncodedPage:
    """A page as the model reads it: units (words, or merged pieces of numbers) of tokens.

    Token i of unit u: ids[starts[u] + i]. Unit u stands for words[word_starts[u] : word_starts[u + 1]].
    """

    number: int
    words: Array  # int32, the document's word ids in the order of encoding
    word_starts: Array  # int32, units + 1
    ids: Array  # int32, all tokens
    starts: Array  # int32, units + 1
    boxes: Array  # int16, units × 4
    labels: Array | None  # int16, units
    windows: list[Window]


@dataclass(slots=True)
class EncodedDocument:
    """A document as the model reads it."""

    row: FrozenDocument
    pages: list[EncodedPage]
    truncated: bool  # a word had more tokens than a window and was cut to fit, or windows were left out

    @property
    def windows(self) -> int:
        """How many windows it takes."""
        return sum(len(page.windows) for page in self.pages)

    @property
    def tokens(self) -> int:
        """Its tokens, without special ones and without those that windows share."""
        return sum(len(page.ids) for page in self.pages)


@dataclass(frozen=True, slots=True)
class Features:
    """One window, ready for the collator."""

    ids: Array
    boxes: Array
    labels: Array | None
    picture: tuple[str, float, float] | None = None  # file, rotation in degrees, blur in pixels


class Encoder:
    """Turns rows into windows for one tokenizer. Deterministic; holds no document."""

    def __init__(self, tokenizer: Any, labels: Sequence[str], data: Data, sep_box: int = 0) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise ConfigProblem(
                f"The tokenizer {type(tokenizer).__name__} has no fast form.", "Choose a base with a tokenizer.json."
            )
        self.tokenizer = tokenizer
        self.data = data
        self.labels = list(labels)
        self.label_ids = {label: i for i, label in enumerate(labels)}
        self._backend = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()
        self.capacity = data.max_length - 2
        self._first, self._last = tokenizer.cls_token_id, tokenizer.sep_token_id
        self._unknown = tokenizer.unk_token_id
        self._sep_box = sep_box

    def encode(self, row: FrozenDocument) -> EncodedDocument:
        """The windows of one document; none for an empty one."""
        pages, truncated = [], False
        for number in sorted(set(row.pages)):
            units = self._units(row, [i for i, page in enumerate(row.pages) if page == number])
            page = self._page(row, number, units)
            truncated = truncated or bool((np.diff(page.starts) > self.capacity).any())
            pages.append(page)
        if self.data.long_texts == "head_and_tail" and sum(len(page.windows) for page in pages) > 2:
            pages, truncated = _ends(pages), True
        return EncodedDocument(row, pages, truncated)

    def features(self, document: EncodedDocument, page: EncodedPage, window: Window) -> Features:
        """One window with its special tokens; words longer than a window are cut to fit."""
        lengths = np.minimum(np.diff(page.starts)[window.start : window.end], self.capacity)
        ids = np.concatenate(
            [
                page.ids[page.starts[unit] : page.starts[unit] + length]
                for unit, length in zip(range(window.start, window.end), lengths, strict=True)
            ]
        )
        labels = None if page.labels is None else page.labels[window.start : window.end]
        return self._wrap(
            ids, np.repeat(page.boxes[window.start : window.end], lengths, axis=0),
            None if labels is None else np.repeat(labels, lengths), self._picture(document.row, page.number),
        )  # fmt: skip

    def features_of_words(
        self,
        words: Sequence[str],
        boxes: Sequence[Sequence[int]],
        tags: Sequence[str],
        picture: tuple[str, float, float] | None,
    ) -> Features:
        """One window of changed words (augmentation), cut to the model's length."""
        pieces = self._tokenise(words)
        lengths = [len(piece) for piece in pieces]
        labels = np.repeat(np.array([self.label_ids.get(tag, 0) for tag in tags], np.int16), lengths)
        all_boxes = np.repeat(np.array(boxes, np.int16).reshape(-1, 4), lengths, axis=0)
        ids = np.concatenate([np.array(piece, np.int32) for piece in pieces])
        cut = self.capacity
        return self._wrap(ids[:cut], all_boxes[:cut], labels[:cut], picture)

    def window_words(self, page: EncodedPage, window: Window) -> Array:
        """The document's word ids that a window covers, in the order of encoding."""
        return page.words[page.word_starts[window.start] : page.word_starts[window.end]]

    def _units(self, row: FrozenDocument, words: list[int]) -> list[list[int]]:
        if self.data.reading_order == "geometric":
            words = reading_order(row, words)
        if not self.data.merge_lines:
            return [[word] for word in words]
        units: list[list[int]] = []
        for word in words:
            if units and torn(row, units[-1][-1], word):
                units[-1].append(word)
            else:
                units.append([word])
        return units

    def _page(self, row: FrozenDocument, number: int, units: list[list[int]]) -> EncodedPage:
        pieces = self._tokenise(["".join(row.words[word] for word in unit) for unit in units])
        boxes = _line_boxes(row, units) if self.data.boxes == "lines" else [_union(row, unit) for unit in units]
        words = [word for unit in units for word in unit]
        labels = None
        if row.tags is not None:
            tags = retag(row.tags, [unit[0] for unit in units])
            labels = np.array([self.label_ids.get(tag, 0) for tag in tags], np.int16)
        lengths = [len(piece) for piece in pieces]
        return EncodedPage(
            number,
            np.array(words, np.int32),
            np.cumsum([0] + [len(unit) for unit in units], dtype=np.int32),
            np.array([token for piece in pieces for token in piece], np.int32),
            np.cumsum([0, *lengths], dtype=np.int32),
            np.clip(np.array(boxes, np.int16).reshape(-1, 4), 0, 1000),
            labels,
            plan(lengths, self.capacity, self.data.window_stride),
        )

    def _tokenise(self, words: Sequence[str]) -> list[list[int]]:
        """The tokens of each word, at least one: a word of which the tokenizer makes none is the unknown token."""
        pieces: list[list[int]] = [[] for _ in words]
        try:
            encoding = self._backend.encode(list(words), is_pretokenized=True, add_special_tokens=False)
        except BaseException as error:
            if not is_of_library(error):
                raise
            raise InputProblem(
                f"The tokenizer of {self.tokenizer.name_or_path} cannot divide a text: {str(error)[:200]}",
                "Copy tokenizer.json of the same model.",
            ) from error
        for token, word in zip(encoding.ids, encoding.word_ids, strict=True):
            pieces[word].append(token)
        return [piece or [self._unknown] for piece in pieces]

    def _wrap(
        self, ids: Array, boxes: Array, labels: Array | None, picture: tuple[str, float, float] | None
    ) -> Features:
        ends = np.zeros((1, 4), np.int16)
        return Features(
            np.concatenate([[self._first], ids, [self._last]]),
            np.concatenate([ends, boxes, ends + self._sep_box]),
            None if labels is None else np.concatenate([[IGNORED], labels, [IGNORED]]),
            picture,
        )

    def _picture(self, row: FrozenDocument, number: int) -> tuple[str, float, float] | None:
        return (row.pictures[number], 0.0, 0.0) if number < len(row.pictures) and row.pictures[number] else None


class Collator:
    """Pads windows to the longest of the batch and makes tensors of them. Boxes are padded too.

    Args:
        tokenizer: of the model.
        boxes: whether the model reads them.
        picture: an image processor, for families that see the page.
        multiple: what the padded length is a multiple of.
        most: tokens that the model reads; windows are not longer.
    """

    def __init__(
        self, tokenizer: Any, *, boxes: bool, picture: Any | None = None, multiple: int = 1, most: int = 0
    ) -> None:
        self._pad = tokenizer.pad_token_id
        self._boxes = boxes
        self._picture = picture
        self._multiple, self._most = multiple, most

    def __call__(self, batch: Sequence[Features], multiple: int = 0) -> dict[str, torch.Tensor]:
        """Tensors (batch, longest): input_ids, attention_mask, and bbox, labels, pixel_values where they apply."""
        multiple, needed = multiple or self._multiple, max(len(item.ids) for item in batch)
        longest = max(needed, min(math.ceil(needed / multiple) * multiple, self._most or 1 << 30))
        ids = np.full((len(batch), longest), self._pad, np.int64)
        mask = np.zeros((len(batch), longest), np.int64)
        boxes = np.zeros((len(batch), longest, 4), np.int64)
        labels = np.full((len(batch), longest), IGNORED, np.int64)
        for i, item in enumerate(batch):
            length = len(item.ids)
            ids[i, :length], mask[i, :length], boxes[i, :length] = item.ids, 1, item.boxes
            if item.labels is not None:
                labels[i, :length] = item.labels
        tensors = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        if self._boxes:
            tensors["bbox"] = torch.from_numpy(boxes)
        if self._picture is not None:
            tensors["pixel_values"] = torch.stack([self._pixels(self._picture, item.picture) for item in batch])
        if all(item.labels is not None for item in batch):
            tensors["labels"] = torch.from_numpy(labels)
        return tensors

    def _pixels(self, processor: Any, picture: tuple[str, float, float] | None) -> torch.Tensor:
        size = processor.size
        image = _picture(picture[0], size["width"], size["height"]) if picture else None
        # A missing picture is a white page.
        image = image or Image.new("RGB", (size["width"], size["height"]), "white")
        if picture and picture[1]:
            image = image.rotate(picture[1], resample=Image.Resampling.BILINEAR, fillcolor="white")
        if picture and picture[2]:
            image = image.filter(ImageFilter.GaussianBlur(picture[2]))
        pixels: torch.Tensor = processor(image, return_tensors="pt")["pixel_values"][0]
        return pixels


@functools.lru_cache(maxsize=1024)
def _picture(path: str, width: int, height: int) -> Image.Image | None:
    """The page at the model's resolution; None where the file cannot be read any more."""
    if not Path(path).is_file():
        return None
    with Image.open(path, formats=picture_kinds.STORED) as image:
        return ImageOps.exif_transpose(image).convert("RGB").resize((width, height), Image.Resampling.BILINEAR)


def batches(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Indices in batches of similar length, the longest first (so that memory runs out early or never).

    A batch holds at most `size` items; short ones are put together until they fill what the longest would.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    budget = size * (lengths[order[0]] if order else 0)
    result: list[list[int]] = []
    for index in order:
        if result and (len(result[-1]) + 1) * lengths[result[-1][0]] <= budget and len(result[-1]) < 4 * size:
            result[-1].append(index)
        else:
            result.append([index])
    return result


def reading_order(row: FrozenDocument, words: Sequence[int]) -> list[int]:
    """Words by lines from top to bottom, and within a line from left to right."""
    lines: list[tuple[float, float, list[int]]] = []  # top, bottom, words
    for word in sorted(words, key=lambda w: (row.boxes[w][1] + row.boxes[w][3], row.boxes[w][0])):
        _, top, _, bottom = row.boxes[word]
        middle = (top + bottom) / 2
        if lines and lines[-1][0] <= middle <= lines[-1][1]:
            lines[-1][2].append(word)
        else:
            lines.append((top, bottom, [word]))
    return [word for _, _, line in lines for word in sorted(line, key=lambda w: (row.boxes[w][0], w))]


def _union(row: FrozenDocument, words: Sequence[int]) -> list[int]:
    boxes = [row.boxes[word] for word in words]
    if len(boxes) == 1:
        return boxes[0]
    return [min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)]


def _ends(pages: Sequence[EncodedPage]) -> list[EncodedPage]:
    """The first and the last window of a document that has more than two."""
    first, *_, last = [(page, window) for page in pages for window in page.windows]
    if first[0] is last[0]:
        return [replace(first[0], windows=[first[1], last[1]])]
    return [replace(page, windows=[window]) for page, window in (first, last)]


def _line_boxes(row: FrozenDocument, units: list[list[int]]) -> list[list[int]]:
    lines: dict[int, list[int]] = {}
    for unit in units:
        lines.setdefault(row.lines[unit[0]], []).extend(unit)
    unions = {line: _union(row, words) for line, words in lines.items()}
    return [unions[row.lines[unit[0]]] for unit in units]


def retag(tags: Sequence[str], order: Sequence[int]) -> list[str]:
    """BIO tags in another order of (some of) the words: a chunk that is torn apart begins anew."""
    chunk_of = {word: chunk for chunk in chunks_of(tags) for word in range(chunk[1], chunk[2])}
    pieces, start = [], 0
    for chunk, words in groupby(order, key=chunk_of.get):
        stop = start + len(list(words))
        if chunk is not None:
            pieces.append((chunk[0], start, stop))
        start = stop
    return tags_of_chunks(pieces, len(order))
