"""Blocks of a name above its address, or both in one line: what may be a party of the invoice. Pure.

A letter has the sender's line and the addressee in its window (DIN 5008 and its kin elsewhere), the letterhead and the
footer are the seller's, and a form has sections with a heading. So name and address are read together;
`sides` compares all blocks before one is the seller's and another the buyer's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from storage.records import Box
from workbench.fields.legal_forms import LEGAL
from workbench.locate import headers
from workbench.locate.context import Surroundings
from workbench.locate.parties.names_and_addresses import without_number
from workbench.locate.parties.words import (
    COLON,
    COUNTRY,
    HOUSE_NUMBER,
    NAME_CAPTIONS,
    SALUTATION,
    SEPARATOR,
    TO_ATTENTION,
    TO_PERSON,
    is_heading,
    is_other,
    is_street,
    is_town,
    side_of,
)

_MOST_LINES = 5  # above a town
_LARGER = 1.2  # than the line below it: the print of a letterhead's name
_MOST_BLOCKS = 100  # of a document; each is compared with all others
_WIDE = 4.0  # heights of a line: how far apart the lines of an address window may be
# In thousandths of the page:
_APART = 150  # words further apart are no one line
_HEAD = 150  # where the letterhead ends
_WINDOW_TOP, _SAME_COLUMN = 300, 60  # where a sender's line may stand, how far the addressee may be indented


@dataclass(frozen=True, slots=True)
class Party:
    """A name and an address that stand together; either may be () where it is not there."""

    name: tuple[int, ...]
    address: tuple[int, ...]
    box: Box
    page: int
    in_line: bool = False  # name, street and town in one line
    seller: float = 0.0  # what speaks for the seller; below 0 for the buyer
    headed: str = ""  # "seller", "buyer" or "delivery" where a heading says so

    @property
    def words(self) -> frozenset[int]:
        return frozenset((*self.name, *self.address))


class PartyBlocks:
    """The blocks of a document, which may be parties, and the pieces of rows that they are found among."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.pieces = [piece for row in around.pieces for piece in row]
        self.boxes = [self.around.bounds(piece) for piece in self.pieces]
        self.texts = [around.text(piece) for piece in self.pieces]

    @cached_property
    def blocks(self) -> list[Party]:
        """Every block of a name and an address that have a form, none twice."""
        kept: list[Party] = []
        for party in (*self._in_lines, *self._columns(), *self._windows(), *self._below_headings()):
            if len(kept) == _MOST_BLOCKS:
                break
            if not any(2 * len(party.words & other.words) > len(party.words) for other in kept):
                kept.append(party)
        return kept

    def page(self, number: int) -> int:
        """The page of a piece."""
        return self.around.tokens[self.pieces[number][0]].page

    def _height(self, number: int) -> float:
        return self.around.layout.height(self.pieces[number][0])

    # name, street and town in one line

    @cached_property
    def _in_lines(self) -> list[Party]:
        return list(self._read_in_lines())

    def _read_in_lines(self) -> Iterator[Party]:
        for row in self.around.pieces:
            parts = [part for piece in row for part in self._parts(piece)]
            for first, (street, town) in enumerate(pairwise(parts)):
                if not (is_street(self.around.text(street)) and is_town(self.around.text(town), len(town))):
                    continue
                name = parts[first - 1] if first else []
                text = self.around.text(name)
                above = [] if LEGAL.search(text) else self._letterhead(parts[0])
                if above and self._is_near(parts[0], street):
                    name, street = above, [i for part in parts[: first + 1] for i in part]
                elif listed := self._listed(row, street):
                    name, street = listed
                elif not name or is_other(text) or not self._is_near(name, street):
                    continue
                name = self._without_caption(name)
                words = (*name, *street, *town)
                yield Party(
                    tuple(name),
                    (*street, *self._town(town)),
                    self.around.bounds(words),
                    self.around.tokens[words[0]].page,
                    True,
                )

    def _listed(self, row: Sequence[Sequence[int]], street: Sequence[int]) -> tuple[list[int], list[int]] | None:
        """Name and street of "Ibarra S.L. | Polígono Sur, nave 142 | 48001 Bilbao", whose parts have commas inside."""
        groups: list[list[int]] = [[]]
        for index in (index for piece in row for index in piece):
            if SEPARATOR.fullmatch(self.around.tokens[index].text):
                groups.append([])
            else:
                groups[-1].append(index)
        at = next((at for at, group in enumerate(groups) if street[0] in group), 0)
        if not at or groups[at][0] == street[0] or groups[at][-1] != street[-1] or not groups[at - 1]:
            return None
        if is_other(self.around.text(groups[at - 1])) or not self._is_near(groups[at - 1], groups[at]):
            return None
        return groups[at - 1], groups[at]

    def _is_near(self, left: Sequence[int], right: Sequence[int]) -> bool:
        return self.around.tokens[right[0]].box[0] - self.around.tokens[left[-1]].box[2] <= _APART

    def _letterhead(self, line: Sequence[int]) -> list[int]:
        """The name in larger print right above a line at the head of the first page; [] where there is none."""
        x0, y0, x1, _ = self.around.bounds(line)
        token, height = self.around.tokens[line[0]], self.around.layout.height(line[0])
        if token.page or y0 > _HEAD:
            return []
        for number in range(len(self.pieces) - 1, -1, -1):
            left, _, right, bottom = self.boxes[number]
            print_height = self._height(number)
            if self.page(number) or not 0 <= y0 - bottom + 0.3 * height < 1.5 * print_height:
                continue
            if print_height > _LARGER * height and left < x1 + _APART and right > x0 - _APART:
                text = self.texts[number]
                return [] if is_other(text) or is_heading(text) else list(self.pieces[number])
        return []

    def _parts(self, piece: Sequence[int]) -> list[list[int]]:
        parts: list[list[int]] = [[]]
        for at, index in enumerate(piece):
            text = self.around.tokens[index].text
            if SEPARATOR.fullmatch(text):
                parts.append([])
                continue
            parts[-1].append(index)
            following = self.around.tokens[piece[at + 1]].text if at + 1 < len(piece) else ""
            # "Via Roma, 5" and "5, rue Carnot" are one part
            number_beside = HOUSE_NUMBER.fullmatch(following) or (len(parts[-1]) == 1 and HOUSE_NUMBER.fullmatch(text))
            ends = text.endswith((",", ";")) or (
                text.endswith(".") and is_town(self.around.text(parts[-1]), len(parts[-1]))
            )
            if ends and not number_beside:
                parts.append([])
        return [part for part in parts if part]

    @cached_property
    def _sender_lines(self) -> frozenset[int]:
        """The pieces that have name, street and town."""
        words = frozenset[int]().union(*(party.words for party in self._in_lines))
        return frozenset(
            number for number, piece in enumerate(self.pieces) if len(words.intersection(piece)) * 2 > len(piece)
        )

    # a name above its address

    def _columns(self) -> Iterator[Party]:
        for number, piece in enumerate(self.pieces):
            if not is_town(self.texts[number], len(piece)):
                continue
            above = self._above(number)
            streets = [n for n in above[:3] if is_street(self.texts[n])]
            if not streets:
                continue
            at = above.index(streets[0])
            name = self._name(above[at + 1 :])
            lines = [*reversed(above[: at + 1])]
            address = [i for line in lines for i in self._without_caption(self.pieces[line])]
            words = (*name, *address, *piece)
            yield Party(
                tuple(name),
                (*address, *self._town(piece)),
                self.around.bounds(words),
                self.around.tokens[piece[0]].page,
            )

    def _above(self, number: int) -> list[int]:
        """The pieces above one in its column, from it upwards, as far as they may be of its block."""
        chain: list[int] = []
        at = number
        for upper in range(number - 1, -1, -1):
            if self.page(upper) != self.page(at) or len(chain) == _MOST_LINES:
                break
            box, low = self.boxes[upper], self.boxes[at]
            height = max(self._height(at), self._height(upper))
            is_row_of_form = self._is_captioned(upper)
            if low[1] - box[3] > (_WIDE if is_row_of_form else 1.1) * height:
                break
            if (low[1] + low[3]) - (box[1] + box[3]) < 0.8 * height:  # beside it
                continue
            aligned = abs(box[0] - low[0]) < 1.2 * height or abs((box[0] + box[2]) - (low[0] + low[2])) < height
            aligned = aligned or abs(box[2] - low[2]) < 0.5 * height
            if not aligned:
                continue
            text = self.texts[upper]
            if is_other(text) or is_heading(self.texts[upper]) or upper in self._sender_lines:
                break
            chain.append(upper)
            at = upper
        return chain

    def _is_captioned(self, number: int) -> bool:
        """Whether a form's caption for a name stands before it in its row, or at its beginning."""
        words = self.pieces[number]
        first = self.texts[number].split(":")[0] if COLON[0] in self.texts[number][:-1] else ""
        row = self.around.pieces[self.around.layout.row_of[words[0]]]
        before = [self.around.text(piece).rstrip("".join(COLON)) for piece in row if piece[0] < words[0]]
        return any(headers.fold(text) in NAME_CAPTIONS for text in (first, *before[-1:]) if text)

    def _name(self, above: Sequence[int]) -> list[int]:
        """The words of the name among the lines above a street: the line with a legal form, else the topmost."""
        lines = [
            number
            for number in reversed(above)
            if not SALUTATION.match(self.texts[number]) and not self.texts[number].endswith(",")
        ]
        lines = [number for number in lines if not TO_ATTENTION.match(self.texts[number])] or lines
        for at, number in enumerate(lines):
            if LEGAL.search(self.texts[number]):
                alone = not re.search(r"\w{2}", LEGAL.sub("", self.texts[number]))
                above_is_name = at > 0 and not re.search(r"\d", self.texts[lines[at - 1]])
                began_above = at and (alone or (self._is_captioned(number) and above_is_name))
                both = [*(self.pieces[lines[at - 1]] if began_above else ()), *self.pieces[number]]
                return without_number(self.around, self._without_caption(both))
        return without_number(self.around, self._without_caption(self.pieces[lines[0]])) if lines else []

    def _without_caption(self, piece: Sequence[int]) -> list[int]:
        """Words without those up to the last that ends with a colon."""
        ends = [at for at, i in enumerate(piece[:-1]) if self.around.tokens[i].text.endswith(COLON)]
        return list(piece[ends[-1] + 1 :] if ends else piece)

    def _town(self, piece: Sequence[int]) -> list[int]:
        """A line with post code and town, without the country's letters before it."""
        words = self._without_caption(piece)
        texts = [self.around.tokens[i].text for i in words]
        has_country = len(words) > 2 and COUNTRY.fullmatch(texts[0]) and texts[1][0].isdigit()
        return words[1:] if has_country else words

    # in the window below the sender's line, however far its lines are apart

    def _windows(self) -> Iterator[Party]:
        for sender in self._in_lines:
            if sender.page == 0 and sender.box[1] <= _WINDOW_TOP:
                lines = self._window(sender)
                streets = [at for at, line in enumerate(lines[1:-1], 1) if is_street(self.texts[line])]
                if streets:
                    name = self._name(lines[streets[0] - 1 :: -1])
                    street = [i for line in lines[streets[0] : -1] for i in self.pieces[line]]
                    address = (*street, *self._town(self.pieces[lines[-1]]))
                    yield Party(tuple(name), address, self.around.bounds((*name, *address)), sender.page)

    def _window(self, sender: Party) -> list[int]:
        """The pieces below a sender's line in its column, down to a town; [] where there is none."""
        lines: list[int] = []
        bottom = sender.box[3]
        for number, box in enumerate(self.boxes):
            height = self._height(number)
            if self.page(number) != sender.page or box[1] < bottom - 0.3 * height:
                continue
            if abs(box[0] - sender.box[0]) > _SAME_COLUMN:
                continue
            text = self.texts[number]
            if box[1] - bottom > _WIDE * height or is_other(text) or is_heading(text):
                break
            lines.append(number)
            bottom = box[3]
            if is_town(text, len(self.pieces[number])):
                return lines
        return []

    # below a heading, whatever the address looks like

    def _below_headings(self) -> Iterator[Party]:
        for number in range(len(self.pieces)):
            if side_of(self.texts[number]) not in ("seller", "buyer"):
                continue
            lines = self._below(number)
            if not 2 <= len(lines) <= 6:
                continue
            name = self._without_caption(self.pieces[lines[0]])
            address = [i for line in lines[1:] if not TO_PERSON.match(self.texts[line]) for i in self.pieces[line]]
            if is_other(self.around.text(name)) or not any(c.isdigit() for c in self.around.text(address)):
                continue
            words = (*name, *address)
            yield Party(tuple(name), tuple(address), self.around.bounds(words), self.page(number))

    def _below(self, number: int) -> list[int]:
        lines: list[int] = []
        at = number
        for lower in range(number + 1, len(self.pieces)):
            box, high = self.boxes[lower], self.boxes[at]
            height = max(self._height(at), self._height(lower))
            if self.page(lower) != self.page(number) or box[1] - high[3] > 1.1 * height:
                break
            if (box[1] + box[3]) - (high[1] + high[3]) < 0.8 * height or abs(box[0] - high[0]) > 1.2 * height:
                continue
            text = self.texts[lower]
            if is_other(text) or is_heading(self.texts[lower]) or len(text) > 60:
                break
            lines.append(lower)
            at = lower
        return lines
