"""Headings of table columns."""

import re
from collections import Counter
from collections.abc import Sequence

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
