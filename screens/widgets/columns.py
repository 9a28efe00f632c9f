"""Headings of table columns, facts on lines, and texts that are indented where they are broken."""

import re
from collections import Counter
from collections.abc import Sequence

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions

from workbench.fields import Schema


def heads(names: Sequence[str], schema: Schema) -> list[str]:
    """Short heads for columns: a name's last word where that is no other's, else with the first word's beginning."""
    words = [schema.name(name).replace("_", " ").split() or [""] for name in names]
    last = Counter(parts[-1] for parts in words)
    return [parts[-1] if last[parts[-1]] == 1 or len(parts) == 1 else f"{parts[0][:3]}.{parts[-1]}" for parts in words]


def named(text: str, schema: Schema) -> str:
    """A text with the ids of fields replaced by their shown names."""
    names = {field.id: field.name for field in schema if field.id != field.name}
    if not names:
        return text
    # all at once, so that an id inside of a name stays; a name may have any sign, also one that regexps replace
    return re.sub(rf"\b(?:{'|'.join(map(re.escape, names))})\b", lambda match: names[match[0]], text)


class Hanging(Content):
    """Lines that are broken at words, each with what follows below its own beginning, not below its number or sign."""

    _BEGINNING = re.compile(r"\s*(?:[!·✓] |[0-9]+\. )?")

    def _hung(self, width: int) -> Content:
        lines: list[Content] = []
        for line in self.split(allow_blank=True):
            begun = self._BEGINNING.match(line.plain)
            indent = min(begun.end() if begun else 0, width // 2)
            first, *others = line[indent:].wrap(max(width - indent, 1)) or [Content()]
            lines += [line[:indent] + first, *(Content(" " * indent) + other for other in others)]
        return Content("\n").join(lines)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._hung(width).get_height(rules, width)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return self._hung(width).render_strips(width, height, style, options)


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
