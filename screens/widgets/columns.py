"""Headings of table columns, and facts on lines."""

import re
from collections import Counter
from collections.abc import Sequence

from textual.content import Content

from workbench.fields import Schema


def heads(names: Sequence[str], schema: Schema) -> list[str]:
    """Short heads for columns: a name's last word where that is no other's, else with the first word's beginning."""
    words = [schema.name(name).replace("_", " ").split() or [""] for name in names]
    last = Counter(parts[-1] for parts in words)
    return [parts[-1] if last[parts[-1]] == 1 or len(parts) == 1 else f"{parts[0][:3]}.{parts[-1]}" for parts in words]


def named(text: str, schema: Schema) -> str:
    """A text with the ids of fields replaced by their shown names."""
    for field in schema:
        if field.id != field.name:
            text = re.sub(rf"\b{re.escape(field.id)}\b", field.name, text)
    return text


def folded(facts: Sequence[Content], space: int) -> Content:
    """Facts beside each other on lines of so many cells; none is broken in the middle."""
    lines: list[list[Content]] = [[]]
    used = 0
    for fact in facts:
        gap = 2 if lines[-1] else 0
        if lines[-1] and used + gap + fact.cell_length > space:
            lines.append([])
            used = gap = 0
        lines[-1].append(fact)
        used += gap + fact.cell_length
    return Content("\n").join(Content("  ").join(line) for line in lines)
