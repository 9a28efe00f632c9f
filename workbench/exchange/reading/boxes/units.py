"""What the numbers of boxes mean: pixels, thousandths or fractions of the page, corners or a corner and a size."""

from collections.abc import Sequence
from statistics import median

from storage.exceptions import InputProblem
from storage.records import Box
from workbench.exchange.reading.incoming import Options

_ROUNDING = 1.02  # boxes may be larger than the picture by this factor and still be in its pixels
_MOST = 0.5  # share of boxes whose second corner lies before the first, from which these are sizes
_SOME = 0.2  # share from which neither reading is believed
_ENOUGH = 5  # boxes on which such a share says something
_TALL = 0.25  # of the page: a word is not as tall


def order_of(boxes: Sequence[Box]) -> str:
    """Whether boxes are "corners" or "sizes" (x, y, width, height), or "" where neither reading fits most of them."""
    inverted = sum(x1 < x0 or y1 < y0 for x0, y0, x1, y1 in boxes)
    if not inverted or inverted < _SOME * len(boxes):
        return "corners"
    downwards = max(y0 for _, y0, _, _ in boxes)
    sizes_fit = (
        all(width >= 0 and height >= 0 for _, _, width, height in boxes)
        and median(height for *_, height in boxes) < _TALL * downwards
    )
    if sizes_fit and inverted > _MOST * len(boxes):
        return "sizes"
    return "" if sizes_fit and len(boxes) >= _ENOUGH else "corners"


def are_fractions(boxes: Sequence[Box]) -> bool:
    """Whether boxes are fractions of the page: all between 0 and 1 but for rounding, and not only 0 and 1."""
    return (
        bool(boxes)
        and all(1 - _ROUNDING <= side <= _ROUNDING for box in boxes for side in box)
        and any(side not in (0, 1) for box in boxes for side in box)
    )


def are_percent(boxes: Sequence[Box]) -> bool:
    """Whether boxes are percent of the page: none above 100, over most of the page, and hardly one of whole numbers."""
    sides = [side for box in boxes for side in box]
    return (
        len(boxes) >= _ENOUGH
        and all(-1 <= side <= 100 * _ROUNDING for side in sides)
        and max(sides) > 100 * _MOST
        and sum(side != int(side) for side in sides) > _MOST * len(sides)
    )


def corners(boxes: Sequence[Box]) -> list[Box]:
    """Corners of boxes that are x, y, width, height."""
    return [(x, y, x + width, y + height) for x, y, width, height in boxes]


def scaled(boxes: Sequence[Box], across: float, down: float) -> list[Box]:
    """Boxes with other units."""
    return [(x0 * across, y0 * down, x1 * across, y1 * down) for x0, y0, x1, y1 in boxes]


class Units:
    """How the boxes of a file are meant, decided by its first records.

    Args:
        options: `pixels` decides when it is set.
        sample: the boxes of each of the file's first records, and whether it says that they are in the page's units.
        thousandths: boxes that can be 0-1000 are taken as such (datasets made for LayoutLM).
    """

    def __init__(
        self, options: Options, sample: Sequence[tuple[Sequence[Box], bool]], thousandths: bool = False
    ) -> None:
        self.requested = options.pixels
        self.thousandths = thousandths
        together = [box for boxes, _ in sample for box in boxes]
        self.order = order_of(together)
        reach = [max(map(max, boxes), default=0) for boxes, sized in sample if not sized]
        self._percent = self.requested is None and not any(sized for _, sized in sample) and are_percent(together)
        self.fractions = self._percent or (self.requested is None and len(together) > 1 and are_fractions(together))
        self.pixels = self.requested is True or max(reach, default=0) > 1000

    def as_corners(self, boxes: Sequence[Box]) -> tuple[Sequence[Box], str]:
        """The boxes as corners, and a note about it.

        Raises:
            InputProblem: it cannot be known what they are.
        """
        if self._percent:
            boxes = scaled(boxes, 0.01, 0.01)
        if self.order == "sizes":
            return corners(boxes), "boxes taken as x, y, width, height, since most end before they begin as corners"
        if not self.order:
            raise InputProblem(
                "many of the file's boxes end before they begin: they are neither corners (x0, y0, x1, y1) "
                "nor x, y, width, height"
            )
        return boxes, ""

    def of(
        self, boxes: Sequence[Box], size: tuple[float, float] | None, *, in_page: bool, beside: bool
    ) -> tuple[str, str]:
        """What a record's boxes are ("pixels", "thousandths", "fractions"), and a note about it.

        Args:
            boxes: the record's.
            size: of its picture in pixels, where it is known.
            in_page: the record says that they are in units of the page, whose size it names.
            beside: the record says that they are 0-1000, and names the page's size beside them.
        """
        if self.requested is not None:
            return "pixels" if self.requested else "thousandths", ""
        if self.fractions:
            return "fractions", f"boxes taken as {'percent' if self._percent else 'fractions'} of the page"
        if in_page:
            return "pixels", ""
        if beside:
            return "thousandths", ""
        if self.pixels or max(map(max, boxes), default=0) > 1000:
            return "pixels", "boxes taken as pixels"
        if (
            not self.thousandths
            and size
            and max(size) <= 1000
            and all(max(box[0], box[2]) <= size[0] * _ROUNDING for box in boxes)
            and all(max(box[1], box[3]) <= size[1] * _ROUNDING for box in boxes)
        ):
            return "pixels", "boxes taken as pixels, since all lie inside the picture"
        return "thousandths", "boxes taken as 0-1000"
