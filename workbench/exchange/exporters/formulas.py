"""Cells of a CSV file that a spreadsheet would calculate."""

import math
import unicodedata


def without_formula(cell: str) -> str:
    """The cell, with an apostrophe before what a spreadsheet would calculate; full-width signs count as plain ones."""
    visible = next((c for c in cell if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc")), "")
    start = unicodedata.normalize("NFKC", visible)
    if start in {"=", "@"} or cell.startswith(("\t", "\r")) or (start in {"+", "-", "\u2212"} and not _is_number(cell)):
        return "'" + cell
    return cell


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
