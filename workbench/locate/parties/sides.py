"""Whose a block of name and address is: the seller's or the buyer's, decided for all blocks together. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from workbench.fields import Field, FieldType
from workbench.fields.legal_forms import LEGAL
from workbench.locate import headers
from workbench.locate.parties.blocks import Party, PartyBlocks
from workbench.locate.parties.words import BUSINESS, CONTACT, GREETING, SALUTATION, TO_PERSON, side_of

SIDES = ("seller", "buyer")
CLEAR = 2.5
"""Evidence between seller and buyer from which the blocks decide."""
_HEADED = 3.0
# In thousandths of the page:
_HEAD, _WINDOW, _FOOT = 110, 330, 780  # where the letterhead ends, the address window ends, the footer begins
_LEFT_HALF = 420
_SAME_COLUMN, _LEFT_OF_IT = 60, 40
_FORM = 400  # how far right of its heading a form's block may begin


class PartySides:
    """What speaks for each block of a document."""

    def __init__(self, page: PartyBlocks) -> None:
        self._page = page

    @cached_property
    def parties(self) -> list[Party]:
        """The blocks, with what speaks for their being the seller's."""
        headed = self._heads(self._page.blocks)
        blocks = [replace(party, headed=headed.get(at, "")) for at, party in enumerate(self._page.blocks)]
        return [replace(party, seller=self._evidence(party)) for party in blocks]

    @cached_property
    def _headings(self) -> list[tuple[int, str]]:
        """(piece, whose block it announces)."""
        return [(number, side) for number, text in enumerate(self._page.texts) if (side := side_of(text))]

    def _heads(self, blocks: Sequence[Party]) -> dict[int, str]:
        """Whose a heading says that a block is, for the blocks (by their place in the list) that have one.

        A heading belongs to the block below it, else to those right of and below it, as in a form.
        """
        height = self._page.around.usual_height
        best: dict[int, tuple[float, str]] = {}
        for number, side in self._headings:
            head = self._page.boxes[number]
            below: list[tuple[float, int]] = []
            beside: list[tuple[float, int]] = []
            for at, party in enumerate(blocks):
                x0, y0, x1, _ = party.box
                if (
                    self._page.page(number) != party.page
                    or head[1] > y0 + 0.7 * height
                    or number in self._inside(party)
                ):
                    continue
                distance = max(0.0, y0 - head[3])
                if distance <= 4 * height and min(head[2], x1) > max(head[0], x0) - height:
                    below.append((distance, at))
                elif distance <= 7 * height and 0 <= x0 - head[2] + height < _FORM:
                    beside.append((distance, at))
            for distance, at in [min(below or beside)] if below or beside else []:
                if at not in best or distance < best[at][0]:
                    best[at] = distance, side
        return {at: side for at, (_, side) in best.items()}

    def _inside(self, party: Party) -> frozenset[int]:
        return frozenset(number for number, piece in enumerate(self._page.pieces) if party.words.issuperset(piece))

    @cached_property
    def _domains(self) -> list[str]:
        """The letters of the mail and web addresses, without their endings."""
        domains = []
        for token in self._page.around.tokens:
            for match in re.finditer(r"(?:@|www\.|https?://)([\w.-]+)\.[a-z]{2,}", token.text.casefold()):
                domains.append(headers.fold(match[1].removeprefix("www.")))
        return domains

    @cached_property
    def _greeted(self) -> str:
        """The letters of the line that greets the addressee."""
        return next((headers.fold(text) for text in self._page.texts if GREETING.search(text)), "")

    def _evidence(self, party: Party) -> float:
        """What speaks for a block's being the seller's; below 0 for the buyer's."""
        score = {"seller": _HEADED, "buyer": -_HEADED, "delivery": -0.8, "": 0.0}[party.headed]
        score += 1.5 * party.in_line - 2.0 * self._is_addressed(party) + self._by_numbers(party)
        return score + self._by_name(party) + self._by_place(party)

    def _is_addressed(self, party: Party) -> bool:
        """Whether it is a person's, as an addressee's often is, or stands right below the sender's line."""
        text = self._page.around.text(party.name)
        if TO_PERSON.match(text) and not LEGAL.search(text):
            return True
        first = next((n for n, piece in enumerate(self._page.pieces) if party.name and party.name[0] in piece), 0)
        if first and SALUTATION.match(self._page.texts[first - 1]):
            return True
        height = self._page.around.usual_height
        return not party.in_line and any(
            sender.in_line
            and sender.page == party.page
            and 0 <= party.box[1] - sender.box[3] < 6 * height
            and abs(party.box[0] - sender.box[0]) < _SAME_COLUMN
            for sender in self._page.blocks
        )

    def _by_numbers(self, party: Party) -> float:
        """Telephone, mail, bank and register right below it."""
        x0, _, x1, y1 = party.box
        height = self._page.around.usual_height
        near = [
            text
            for n, (text, box) in enumerate(zip(self._page.texts, self._page.boxes, strict=True))
            if self._page.page(n) == party.page
            and -height < box[1] - y1 < 6 * height
            and x0 - _LEFT_OF_IT < box[2]
            and box[0] < x1
        ]
        return 0.6 * any(map(CONTACT.search, near)) + 1.2 * any(map(BUSINESS.search, near))

    def _by_name(self, party: Party) -> float:
        """Its name in a mail or web address, which are the seller's; or in the letter's greeting."""
        text = self._page.around.text(party.name)
        words = [headers.fold(word) for word in re.split(r"\W+", text) if len(word) > 3 and not LEGAL.fullmatch(word)]
        whole = headers.fold(LEGAL.sub("", text))
        if len(whole) > 3:
            words.append(whole)
        in_domain = any(word in domain for word in words for domain in self._domains)
        return 1.5 * in_domain - 2.0 * (bool(self._greeted) and any(word in self._greeted for word in words))

    @staticmethod
    def _by_place(party: Party) -> float:
        """Letterhead, address window and footer."""
        x0, y0, _, _ = party.box
        score = 1.2 if y0 > _FOOT else 0.0
        if party.page == 0 and not party.headed:
            if y0 < _HEAD:
                score += 0.7
            elif y0 < _WINDOW:
                score += -0.6 if x0 < _LEFT_HALF else 0.2
        return score


def assign(parties: Sequence[Party], names: Mapping[str, frozenset[int]]) -> tuple[Party | None, Party | None, float]:
    """The seller and the buyer, and how clear it is (the distance of their evidence; 0 and more).

    Args:
        parties: all of a document.
        names: "seller" and "buyer" -> words that a model takes for name or address of either.
    """

    def speaks(party: Party) -> float:
        believed = {side: len(party.words & words) / (len(words) or 1) for side, words in names.items()}
        return party.seller + believed.get("seller", 0.0) - believed.get("buyer", 0.0)

    scored = [(speaks(party), party) for party in parties]
    if not scored:
        return None, None, 0.0
    best: tuple[float, Party | None, Party | None] = (0.0, None, None)
    for seller_score, seller in scored:
        for buyer_score, buyer in scored:
            if seller is buyer or seller.words & buyer.words:
                continue
            clear = seller_score - buyer_score + 0.5 * bool(seller.name) + 0.5 * bool(buyer.name)
            clear -= 1.5 * (buyer.headed == "delivery" or seller.headed == "delivery")
            if best[1] is None or clear > best[0]:
                best = clear, seller, buyer
    if best[1] is None:
        score, party = max(scored, key=lambda pair: abs(pair[0]))
        return (party, None, score) if score > 0 else (None, party, -score)
    return best[1], best[2], best[0]


def words_of(
    parties: Sequence[Party], field: Field, labelled: Mapping[str, tuple[int, ...]]
) -> tuple[tuple[int, ...], float]:
    """A party's name or address, where both parties are clearly told apart; else ().

    Args:
        parties: all of a document.
        field: the name or address of the seller or the buyer.
        labelled: field -> labelled words.

    Returns:
        The words, and what speaks for the block's being this party's.
    """
    words = {
        side: frozenset((*labelled.get(f"{side}_name", ()), *labelled.get(f"{side}_address", ()))) for side in SIDES
    }
    seller, buyer, clear = assign(parties, words)
    party = {"seller": seller, "buyer": buyer}.get(field.id.partition("_")[0])
    if seller is None or buyer is None or party is None or clear < CLEAR:
        return (), 0.0
    tokens = party.name if field.type is FieldType.PARTY else party.address
    return tokens, party.seller if party is seller else -party.seller
