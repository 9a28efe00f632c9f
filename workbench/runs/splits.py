"""Dividing groups of documents into train, validation and test. Pure. A group is divided only where it is alone."""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from storage.exceptions import UsageProblem
from storage.records import Document, Side
from workbench.fields.plain_text import counted

SEED = 42
"""Of a run, unless another is chosen: the default of `train.seed`."""

VALIDATION_SHARE = 0.2
"""Of the labelled documents, where the workspace has no validation side of its own."""

_UNEVEN = 0.5  # a side this far from what was asked for (as a share of it) is worth a word
_MOST = 0.25
"""Of a side that measures, one vendor is at most so much, if there are vendors enough: else it measures that vendor."""


@dataclass(frozen=True, slots=True)
class Division:
    """Which group goes where, and warnings about it."""

    sides: dict[str, Side]
    documents: dict[Side, int]
    groups: dict[Side, int]
    labelled: dict[Side, int]
    warnings: list[str] = field(default_factory=list)


def divide(
    groups: Mapping[str, tuple[int, int]], *, validation: float = 0.1, test: float = 0.2, seed: int = 0
) -> Division:
    """Put every group on one side, so that the sides' documents come near the shares asked for.

    Args:
        groups: group -> (documents, labelled ones); the labelled ones are balanced first: only they train and test.
        validation, test: shares of the documents, 0 to below 1 together.
        seed: the same seed divides the same groups the same way.

    Raises:
        UsageProblem: the shares leave nothing to train on.
    """
    shares = {Side.TEST: test, Side.VALIDATION: validation, Side.TRAIN: 1.0 - validation - test}
    if min(shares.values()) < 0 or shares[Side.TRAIN] < 1e-9:
        raise UsageProblem(
            f"A validation share of {validation} and a test share of {test} leave nothing to train on.",
            "Give shares between 0 and 1 that add up to less than 1, such as --test 0.2 --validation 0.1.",
        )
    order = sorted(groups)
    random.Random(seed).shuffle(order)
    order.sort(key=lambda name: (-groups[name][1], -groups[name][0]))  # the large ones first, small ones even out
    sides = _assign(groups, order, shares, _MOST)
    if _short(groups, sides, shares):  # the vendors are too few or too large to be choosy
        sides = _assign(groups, order, shares, math.inf)
    _fill_empty(groups, sides, shares)
    return _described(groups, sides, shares)


def divide_by_class(
    groups: Mapping[str, tuple[int, int]],
    class_of: Mapping[str, str],
    *,
    validation: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Division:
    """As `divide`, each class for itself, so that every side has its share of each.

    Args:
        groups, validation, test, seed: as for `divide`.
        class_of: group -> the class that most of its documents have; the other groups are a class of their own.

    Raises:
        UsageProblem: the shares leave nothing to train on.
    """
    by_class: dict[str, dict[str, tuple[int, int]]] = {}
    for name, sizes in groups.items():
        by_class.setdefault(class_of.get(name, ""), {})[name] = sizes
    sides: dict[str, Side] = {}
    for members in by_class.values():
        sides |= divide(members, validation=validation, test=test, seed=seed).sides
    shares = {Side.TEST: test, Side.VALIDATION: validation, Side.TRAIN: 1.0 - validation - test}
    division = _described(groups, sides, shares)
    for side in (side for side, share in shares.items() if share > 0):
        missing = [c for c, members in by_class.items() if c and side not in {sides[name] for name in members}]
        if missing:
            division.warnings.append(f"{side.value} has no document of {', '.join(sorted(missing))}: label more of it.")
    return division


def vendor_order(listed: Sequence[Document], seed: int) -> list[Document]:
    """Documents by vendor, the vendors in an order that only the seed and their names decide."""
    by_group: dict[str, list[Document]] = {}
    for document in listed:
        by_group.setdefault(_vendor(document), []).append(document)
    names = sorted(by_group)
    random.Random(seed).shuffle(names)
    return [document for name in names for document in by_group[name]]


def _vendor(document: Document) -> str:
    return document.group or f"document {document.id}"


def hold_out(order: Sequence[Document], seed: int) -> tuple[list[Document], str]:
    """Documents that measure the model, of vendors that it is not trained on where there are several."""
    wanted = max(1, round(len(order) * VALIDATION_SHARE))
    sizes = Counter(map(_vendor, order))
    if len(sizes) == 1:
        return list(order[:wanted]), (
            f"All labelled documents are of one vendor: {wanted} of them measure the model, so its figures say "
            "nothing about other vendors."
        )
    division = divide({name: (n, n) for name, n in sizes.items()}, validation=VALIDATION_SHARE, test=0.0, seed=seed)
    held = [document for document in order if division.sides[_vendor(document)] is Side.VALIDATION]
    if len(held) > len(order) // 2:  # one vendor has most of the documents
        held = held[:wanted]
        number = counted(len(held), "document")
        return held, f"The model is measured by {number} of the largest vendor; it is also trained on others of it."
    return (
        held,
        f"The model is measured by {counted(len(held), 'labelled document')} of other vendors, set apart for it.",
    )


def _assign(
    groups: Mapping[str, tuple[int, int]], order: Sequence[str], shares: Mapping[Side, float], most: float
) -> dict[str, Side]:
    """Group by group to the side that lacks most for its size; a measuring side takes no group above `most` of it."""
    totals = [sum(pair[kind] for pair in groups.values()) for kind in (0, 1)]
    got = {side: [0, 0] for side in shares}
    wanted = {side: share for side, share in shares.items() if share > 0}
    sides: dict[str, Side] = {}
    for name in order:
        size = groups[name]
        kind = 1 if size[1] else 0

        def lack(side: Side, kind: int = kind) -> float:
            return wanted[side] - got[side][kind] / max(totals[kind], 1)

        fitting = [
            side
            for side in wanted
            if got[side][kind] + size[kind] <= wanted[side] * totals[kind] + max(size[kind] / 2, 0.5)
            and (side is Side.TRAIN or size[kind] <= max(1, most * wanted[side] * totals[kind]))
        ]
        # a group too large for a small side goes where it fits
        chosen = max(fitting or wanted, key=lambda s: (lack(s) / wanted[s] if fitting else lack(s), s is Side.TRAIN))
        sides[name] = chosen
        got[chosen][0] += size[0]
        got[chosen][1] += size[1]
    return sides


def _short(groups: Mapping[str, tuple[int, int]], sides: Mapping[str, Side], shares: Mapping[Side, float]) -> bool:
    """Whether a side has less than half of what it was to have."""
    kind = 1 if any(labelled for _, labelled in groups.values()) else 0
    total = sum(pair[kind] for pair in groups.values())
    has = {side: sum(groups[name][kind] for name, where in sides.items() if where is side) for side in shares}
    return any(has[side] < 0.5 * share * total for side, share in shares.items())


def _fill_empty(groups: Mapping[str, tuple[int, int]], sides: dict[str, Side], shares: Mapping[Side, float]) -> None:
    """Give a side that was asked for and got nothing the smallest group of a side that has several."""
    for empty in (side for side, share in shares.items() if share > 0 and side not in sides.values()):
        listed = list(sides.values())
        spare = [name for name, side in sides.items() if listed.count(side) > 1]
        if spare:
            sides[min(spare, key=lambda name: (groups[name][0], name))] = empty


def _described(groups: Mapping[str, tuple[int, int]], sides: dict[str, Side], shares: Mapping[Side, float]) -> Division:
    def total(side: Side, kind: int) -> int:
        return sum(groups[name][kind] for name, where in sides.items() if where is side)

    documents = {side: total(side, 0) for side in Side}
    labelled = {side: total(side, 1) for side in Side}
    everything = sum(documents.values())
    warnings = []
    asked = [side for side, share in shares.items() if share > 0]
    if len(groups) < len(asked):
        warnings.append(
            f"There {'is' if len(groups) == 1 else 'are'} {counted(len(groups), 'group')} for {len(asked)} sides: "
            f"{len(asked)} sides need at least as many vendors. "
            "Import documents of more vendors, or group them another way (import --group-by)."
        )
    for side in asked:
        share = shares[side]
        is_far = abs(documents[side] - share * everything) > max(_UNEVEN * share * everything, 1)
        if len(groups) >= len(asked) and is_far:
            warnings.append(
                f"{side.value} has {documents[side]} of {counted(everything, 'document')} where {share:.0%} were "
                "asked for: the groups are too large to come nearer "
                f"(the largest has {max(n for n, _ in groups.values())})."
            )
        if sum(labelled.values()) and not labelled[side] and documents[side]:
            some = f"None of the {documents[side]:,} documents" if documents[side] > 1 else "Not the one document"
            warnings.append(f"{some} in {side.value} is labelled yet.")
    number = {side: sum(where is side for where in sides.values()) for side in Side}
    return Division(sides, documents, number, labelled, warnings)
