"""Printing: JSON for scripts, text for people, one place for both."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click


def emit(data: Any, *, as_json: bool, text: str | Iterable[str]) -> None:
    """Print `data` as JSON with stable keys, or `text` for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False, indent=None if not sys.stdout.isatty() else 2, default=str))
    else:
        click.echo(text if isinstance(text, str) else "\n".join(text))


def table(rows: Sequence[Sequence[object]], head: Sequence[str] = (), right: Iterable[int] = ()) -> list[str]:
    """Aligned lines, wide characters counted as two cells. `right` names columns to align right."""
    from rich.cells import cell_len

    cells = [[str(cell) for cell in row] for row in ([head] if head else []) + list(rows)]
    if not cells:
        return []
    widths = [max(cell_len(row[column]) for row in cells) for column in range(len(cells[0]))]
    flush_right = set(right)

    def pad(text: str, column: int) -> str:
        space = " " * (widths[column] - cell_len(text))
        return space + text if column in flush_right else text + space

    lines = ["  ".join(pad(cell, column) for column, cell in enumerate(row)).rstrip() for row in cells]
    if head:
        lines.insert(1, "  ".join("─" * width for width in widths))
    return lines


json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
