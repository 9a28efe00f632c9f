"""What an OCR engine read on a page."""

from dataclasses import dataclass, replace

from storage.records import Box
from workbench.exchange.reading.incoming import IncomingToken


@dataclass(frozen=True, slots=True)
class PageText:
    """What an engine read on one page. Boxes are in pixels of the picture."""

    width: int
    height: int
    tokens: tuple[IncomingToken, ...]
    engine: str
    engine_version: str
    turn: int = 0  # degrees clockwise by which the page was turned to be upright
    upright: bytes | None = None  # the turned picture, which the boxes belong to

    @property
    def confidence(self) -> float:
        """How sure the engine is of the page's letters, 0..1; 1 for a page without any."""
        letters = sum(len(token.text) for token in self.tokens)
        return sum((token.confidence or 0.0) * len(token.text) for token in self.tokens) / letters if letters else 1.0

    def scaled(self, width: float, height: float) -> list[IncomingToken]:
        """The tokens with boxes in the units of a page of this size, which is that of the upright page."""
        across, down = width / max(self.width, 1), height / max(self.height, 1)
        return [
            replace(t, box=(t.box[0] * across, t.box[1] * down, t.box[2] * across, t.box[3] * down))
            for t in self.tokens
        ]


def turned(box: Box, turn: int, width: float, height: float) -> Box:
    """A box after its page was turned clockwise; the page is `width` × `height` now."""
    x0, y0, x1, y1 = box
    match turn % 360:
        case 90:
            return width - y1, x0, width - y0, x1
        case 180:
            return width - x1, height - y1, width - x0, height - y0
        case 270:
            return y0, height - x1, y1, height - x0
        case _:
            return box
