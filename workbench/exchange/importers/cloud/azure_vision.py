"""Azure AI Vision: words of Image Analysis 4 (`readResult`) and of the older OCR operation (`regions`)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading import parsing
from workbench.exchange.reading.answers import companions, finish, get, listed, polygon, share, turn_of
from workbench.exchange.reading.incoming import Incoming, IncomingPage, IncomingToken, Options, Rejected


class AzureVisionImporter:
    """One file is one picture."""

    name = "azure-vision"

    def sniff(self, path: Path, head: bytes) -> float:
        """By the keys of an answer."""
        if not parsing.is_json(head):
            return 0.0
        new = re.search(rb'"readResult"\s*:\s*\{', head)
        old = re.search(rb'"regions"\s*:\s*\[', head) and re.search(rb'"boundingBox"\s*:\s*"-?\d+,', head)
        return 0.97 if new or old else 0.0

    def companions(self, path: Path) -> Iterator[Path]:
        """The picture of the answer's name."""
        return companions(path)

    def read(self, path: Path, options: Options) -> Iterator[Incoming | Rejected]:
        return parsing.only_document(path, lambda: self._read(path, options))

    def _read(self, path: Path, options: Options) -> Incoming:
        data = parsing.json_of(path, options.limits)
        blocks = [*listed(get(data, "readResult"), "blocks"), *listed(data, "regions")]
        lines = [line for block in blocks for line in listed(block, "lines")]
        tokens = [
            IncomingToken(str(get(word, "text") or ""), _box(word), number, share(word.get("confidence")))
            for number, line in enumerate(lines)
            for word in listed(line, "words")
        ]
        if not tokens:
            raise InputProblem("there are no words in it")
        width, height = (parsing.number(get(data, f"metadata.{side}") or 0.0) for side in ("width", "height"))
        incoming = Incoming(path.name.split(".")[0], str(path), [], self.name)
        if not (width and height):
            width, height = parsing.page_of_boxes(tokens)
            incoming.notes.append("page size taken from the boxes")
        turn = turn_of(word.get("boundingPolygon") for line in lines for word in listed(line, "words"))
        incoming.pages.append(IncomingPage(width, height, tokens, engine="azure-vision", turn=turn))
        return finish(incoming, (), path, options)


def _box(word: dict[str, Any]) -> Box:
    """Of points, or of a text "x,y,width,height"."""
    place = get(word, "boundingPolygon", "boundingBox")
    if isinstance(place, str):
        try:
            place = [float(side) for side in place.split(",")]
        except ValueError:
            raise InputProblem(f"{place[:40]!r} is no box") from None
    return polygon(place)


IMPORTER = AzureVisionImporter()
