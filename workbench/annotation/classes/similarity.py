"""How near texts are to one of them, by the words that they share: no model is needed for it."""

import math
import re
from collections import Counter
from collections.abc import Mapping

_WORD = re.compile(r"\w+")


def nearness(bodies: Mapping[int, str], to: int) -> dict[int, float]:
    """How many of a text's words others share, rare words weighing more, and long texts less; 0 to about 1.

    Each shared word counts ln(n / df), of n texts in df of which it occurs, the sum divided by the root of the number
    of different words in the other text. Texts that share nothing are left out.

    Args:
        bodies: document -> its text, case-folded.
        to: a document of these.
    """
    wanted = frozenset(_WORD.findall(bodies.get(to, "")))
    shared: dict[int, tuple[frozenset[str], int]] = {}
    for document, body in bodies.items():
        own = frozenset(_WORD.findall(body))
        if common := own & wanted:
            shared[document] = (common, len(own))
    frequency = Counter(word for common, _ in shared.values() for word in common)
    weight = {word: math.log(len(bodies) / count) for word, count in frequency.items()}
    whole = sum(weight.values()) or 1.0
    return {
        document: sum(weight[word] for word in common) / whole * math.sqrt(len(wanted) / length)
        for document, (common, length) in shared.items()
    }
