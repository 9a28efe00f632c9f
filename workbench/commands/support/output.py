"""Printing: JSON for scripts, text for people; options and lists that several commands share."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from workbench.commands.support import streams
from workbench.fields.plain_text import harmless_lines

if TYPE_CHECKING:
    from workbench.exchange.reading.incoming import Rejected

_SHOWN = 10  # rows of a list
_NAMED = 3  # files of one reason
REASONS = 40  # rows of a list that has one for each reason: none is left unsaid in a usual import


def emit(data: Any, *, as_json: bool, text: str | Iterable[str]) -> None:
    """Print `data` as JSON, or `text`."""
    if as_json:
        is_ascii = not sys.stdout.encoding.lower().startswith("utf")  # PYTHONIOENCODING may name any encoding
        text = json.dumps(data, ensure_ascii=is_ascii, indent=None if not sys.stdout.isatty() else 2, default=str)
    click.echo(harmless_lines(streams.by_name(text if isinstance(text, str) else "\n".join(text))))


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


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


class CommandWithFormats(click.Command):
    """A command whose help lists formats.

    Args:
        formats: a registry of importers or exporters: name -> (module, what it holds).
    """

    def __init__(self, *args: Any, formats: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._formats = [(name, description) for name, (_, description) in formats.items()]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Formats"):
            formatter.write_dl(self._formats)


def pairs(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`A=B` options as a mapping."""
    mapping = {}
    for value in values:
        label, equals, field = value.partition("=")
        if not equals or not label.strip() or not field.strip():
            raise click.BadParameter(f"'{value}' is not of the form LABEL=FIELD.", context, parameter)
        mapping[label.strip()] = field.strip()
    return mapping


def by_reason(rejected: "Iterable[Rejected]") -> list[str]:
    """Lines of what could not be read, one per reason, as a reason can apply to a thousand files."""
    places: dict[str, list[str]] = {}
    for record in rejected:
        places.setdefault(record.reason, []).append(f"{record.file}{', ' + record.record if record.record else ''}")
    return [
        f"{', '.join(names[:_NAMED])}{f' and {len(names) - _NAMED:,} more' if len(names) > _NAMED else ''}: {reason}"
        for reason, names in places.items()
    ]


def listed(title: str, number: int, rows: list[str], most: int = _SHOWN) -> Iterator[str]:
    """A title and the first rows of a list; nothing when it is empty."""
    if number:
        yield ""
        yield f"{number:,} {title}:"
        yield from (f"  {row}" for row in rows[:most])
        if len(rows) > most:
            yield f"  … and {len(rows) - most:,} more (--json lists them)"
