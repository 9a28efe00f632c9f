"""Changed copies of valid files: of their bytes, and of the values in their JSON."""

import json
from copy import deepcopy
from random import Random
from typing import Any

_DEEP = "DEEP"
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, float("nan"), float("inf"), 10**400, 2**63, 0.001, "", " ", "a" * 5000, "\ud800",
    "\u0000", "../../etc/passwd", "/etc/passwd", "=1+1", "\u202e\x1b[31m", "1e400", "29.02.2023", "¹½", [], {}, [[]],
    [None], {"": None}, _DEEP,
)  # fmt: skip
_NUMBERS = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80", b"\x01\x00")


def of_bytes(data: bytes, random: Random) -> bytes:
    """One to four changes of bytes."""
    mutant = bytearray(data)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(mutant) + 1)
        size = random.choice((1, 1, 2, 4, 16, 200))
        match random.randrange(7):
            case 0 if at < len(mutant):
                mutant[at] ^= 1 << random.randrange(8)
            case 1:
                mutant[at : at + size] = random.randbytes(size)
            case 2:
                mutant[at : at + 4] = random.choice(_NUMBERS)
            case 3:
                del mutant[at : at + size]
            case 4:
                mutant[at:at] = mutant[max(at - size, 0) : at] * random.choice((1, 2, 20))
            case 5 if random.random() < 0.3:
                del mutant[at:]
            case _:
                other = random.randrange(len(mutant) + 1)
                mutant[at : at + size] = mutant[other : other + size]
    return bytes(mutant)


def of_json(data: bytes, random: Random) -> bytes:
    """One to three changes of values of JSON or JSON lines; of bytes where it is neither."""
    try:
        lines = [json.loads(data)]
    except ValueError:
        try:
            lines = [json.loads(line) for line in data.splitlines()]
        except ValueError:
            return of_bytes(data, random)
    for _ in range(random.randint(1, 3)):
        lines = _changed(lines, random)
    text = "\n".join(json.dumps(line) for line in lines)
    return text.replace(f'"{_DEEP}"', "[" * 3000 + "]" * 3000).encode()


def _changed(tree: Any, random: Random) -> Any:
    """A tree with one place changed, taken away, doubled, or exchanged with another."""
    places = list(_places(tree))
    if not places:
        return tree
    parent, key = random.choice(places)
    match random.randrange(6):
        case 0:
            del parent[key]
        case 1:
            other, there = random.choice(places)
            parent[key], other[there] = other[there], None if other[there] is parent else parent[key]
            return json.loads(json.dumps(tree)) if not _is_circle(tree) else [None]
        case 2 if isinstance(parent, list):
            parent[key:key] = [parent[key]] * random.choice((1, 1, 40))
        case 3 if isinstance(parent, dict):
            parent[random.choice(("", "words", "label", "é", "x" * 300))] = parent.pop(key)
        case 4:
            parent[key] = [parent[key]]
        case _:
            parent[key] = deepcopy(random.choice(_VALUES))
    return tree


def _is_circle(tree: Any) -> bool:
    try:
        json.dumps(tree)
    except ValueError:
        return True
    return False


def _places(tree: Any) -> Any:
    for key, value in list(tree.items() if isinstance(tree, dict) else enumerate(tree)):
        yield tree, key
        if isinstance(value, dict | list):
            yield from _places(value)
