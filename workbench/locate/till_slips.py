"""Whether a page is the receipt of a till: it has no buyer, unless a header names one. Pure."""

from workbench.locate import headers
from workbench.locate.context import Surroundings

_TILL_WORDS = (
    "cash cashier change tendered rounding rounded tunai baki wechselgeld ruckgeld zuruck gegeben bar kassierer "
    "bediener especes caissier caissiere rendu contant wisselgeld kassier kassabon efectivo cambio cajero contanti "
    "resto cassiere gotowka reszta kasjer dinheiro troco 现金 找零 收银员"
)
"""What tills print at the start of a line, folded."""
_FOLDED = frozenset(_TILL_WORDS.split())
_LEAST_WORDS = 2
_LONGEST_LINE = 5  # words: a longer line is a sentence


def is_till_slip(around: Surroundings) -> bool:
    """Whether at least two different words of tills stand at the start of short lines."""
    starts = {
        headers.fold(around.tokens[piece[0]].text)
        for pieces in around.pieces
        for piece in pieces
        if len(piece) <= _LONGEST_LINE
    }
    return len(starts & _FOLDED) >= _LEAST_WORDS
