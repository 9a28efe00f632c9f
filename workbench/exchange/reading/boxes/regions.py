"""Labels that are boxes in a file, assigned to the words in them."""

from collections.abc import Sequence

from storage.records import Box
from workbench.exchange.reading.incoming import IncomingPage, IncomingRegion, IncomingSpan

_INSIDE = 0.5  # share of a word's area that must lie in a region


def place(
    regions: Sequence[IncomingRegion], pages: Sequence[IncomingPage]
) -> tuple[list[IncomingSpan], list[IncomingRegion]]:
    """The spans of the words in the regions, and the regions without a free word.

    A word is in one label only; suggestions share words with labels.
    """
    starts = [0]
    for page in pages:
        starts.append(starts[-1] + len(page.tokens or ()))
    spans: list[tuple[int, IncomingSpan]] = []
    empty: list[IncomingRegion] = []
    taken: dict[bool, set[int]] = {False: set(), True: set()}
    for region in sorted(regions, key=lambda r: (r.rank, _area(r.box))):
        tokens = pages[region.page].tokens or () if 0 <= region.page < len(pages) else ()
        used = taken[region.confidence is not None]
        inside = tuple(
            number
            for number, token in enumerate(tokens, starts[region.page] if tokens else 0)
            if number not in used and lies_in(token.box, region.box)
        )
        if inside:
            used.update(inside)
            spans.append((inside[0], IncomingSpan(region.label, inside, region.confidence, region.run)))
        else:
            empty.append(region)
    return [span for _, span in sorted(spans, key=lambda item: item[0])], empty


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def lies_in(word: Box, region: Box) -> bool:
    """Whether most of a word is in a region."""
    width = min(word[2], region[2]) - max(word[0], region[0])
    height = min(word[3], region[3]) - max(word[1], region[1])
    if width < 0 or height < 0:
        return False
    area = _area(word)
    return width * height >= _INSIDE * area if area > 0 else True
