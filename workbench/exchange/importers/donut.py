"""The ground truth of Donut's and CORD-v2's rows: JSON beside a picture, with or without the words."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.importers.cord import label_of, read_lines
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, IncomingPage
from workbench.fields import invoice_schema

_LINE_ITEMS = frozenset({"menu", "items", "line_items", "void_menu"})  # no values of the document


def fill(incoming: Incoming, truth: Any, picture: Path | bytes | None, size: tuple[float, float] | None) -> None:
    """Put a row's ground truth into a document: `valid_line` as words and labels, `gt_parse` as known values.

    Raises:
        InputProblem: the ground truth cannot be read, or there are neither words nor a picture.
    """
    data = parsing.decode(truth.encode("utf-8", "replace")) if isinstance(truth, str) else truth
    if not isinstance(data, dict):
        raise InputProblem("its ground truth is no object")
    parses = data.get("gt_parses")
    parse = data.get("gt_parse", parses[0] if isinstance(parses, list) and parses else None)
    if parse is None and "valid_line" not in data:
        parse = data
    schema = invoice_schema()
    for category, value in _leaves(parse, ""):
        incoming.values.setdefault(label_of(category, schema), value)
    incoming.values_source = "values" if incoming.values else ""
    if "valid_line" in data:
        incoming.labelled = True
        read_lines(incoming, data, (picture, *size) if picture is not None and size else None)
    elif picture is None or size is None:
        raise InputProblem("it has no words, and its picture is not there")
    else:
        incoming.pages = [IncomingPage(*size, None, picture)]


def _leaves(parse: Any, path: str) -> Iterator[tuple[str, str]]:
    """(category, value) of the texts and numbers in a parse, without line items."""
    if not isinstance(parse, dict):
        return
    for key, value in parse.items():
        if str(key).casefold() in _LINE_ITEMS:
            continue
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict):
            yield from _leaves(value, name)
        elif isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
            yield name, str(value).strip()
