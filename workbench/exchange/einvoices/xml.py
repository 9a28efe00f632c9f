"""XML of e-invoices: parsed safely, and walked by local names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from storage.exceptions import InputProblem

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST = 20_000_000  # bytes of XML; real ones have some ten thousand
_ATTACHED = re.compile(rb">[A-Za-z0-9+/=\s]{50000,}<")  # a file inside the XML; the parser bounds how long texts may be
REMEDY = "Look at the PDF's attachments, or import the PDF without its values."
_ENCODING = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"'](?P<name>[^\"']*)")
_ZONE = re.compile(r"(?<=[0-9]{4}-[0-9]{2}-[0-9]{2})(?:T.*|Z|[+-][0-9]{2}:[0-9]{2})$")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of an invoice, as the XML spells it."""

    text: str
    quantity: str = ""
    price: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """What an e-invoice says of itself."""

    values: dict[str, str]  # field id -> value (dates ISO, amounts with a point)
    lines: tuple[LineItem, ...] = field(default=())
    title: str = "Invoice"
    additions: tuple[tuple[str, str], ...] = ()  # (caption, amount): allowances, charges, taxes where there are several
    payments: tuple[tuple[str, str], ...] = ()  # (caption, amount) where less than the total is due


def decoded(data: bytes) -> str:
    """The start of XML as text, for a look at it."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.removeprefix(mark).decode(encoding, "replace")
    if data[:4] in (b"<\0?\0", b"\0<\0?"):
        return data.decode("utf-16-le" if data[0] else "utf-16-be", "replace")
    return data.decode("utf-8", "replace")


def root_of(data: bytes, name: str) -> "_Element":
    """The root element; entities are not expanded and nothing is fetched.

    Raises:
        InputProblem: it is not well-formed, or has a document type.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    # Some programs write a mark or an empty line before the XML declaration, which must be first.
    plain = (
        data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
        if not data.startswith((b"\xff\xfe", b"\xfe\xff"))
        else data
    )
    try:
        root = etree.fromstring(_in_its_encoding(_ATTACHED.sub(b"><", plain)), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if "encoding" in str(error):
            raise InputProblem(
                f"{name} is in an encoding that cannot be read ({getattr(error, 'msg', error)})", REMEDY
            ) from error
        line = getattr(error, "lineno", None)
        where = f" at line {line}" if line else ""
        raise InputProblem(f"{name} is broken XML: it is damaged or cut off{where}", REMEDY) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputProblem(f"{name} declares a document type, which e-invoices never do; it is not read.", REMEDY)
    return root


def _in_its_encoding(data: bytes) -> bytes:
    """XML whose declaration is true: some programs write Windows-1252 and call it UTF-8, or do not say what it is."""
    declared = _ENCODING.match(data)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        return data
    if declared is not None and declared["name"].lower() not in (b"utf-8", b"utf8"):
        return data
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()
    return data


# -- walking


def local_name(element: "_Element") -> str:
    """A name without its namespace; "" for what has none, such as processing instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def elements(element: "_Element", path: str) -> "list[_Element]":
    """The elements at a path of local names; "|" divides names that a step may have."""
    matches = [element]
    for step in path.split("/"):
        names = step.split("|")
        matches = [child for parent in matches for child in parent if local_name(child) in names]
    return matches


def text(element: "_Element", *paths: str) -> str:
    """The first text that is not empty at one of these paths."""
    for path in paths:
        for node in elements(element, path):
            if value := " ".join((node.text or "").split()):
                return value
    return ""


def first(element: "_Element", path: str) -> "_Element | None":
    """The first element at a path."""
    return next(iter(elements(element, path)), None)


def joined(*parts: str) -> str:
    """Lines of an address: those that are not empty, with commas."""
    return ", ".join(part.strip() for part in parts if part.strip())


def day(text: str) -> str:
    """An ISO date without its time or its zone (2024-03-31+01:00); other forms as they are."""
    return _ZONE.sub("", text)


def is_true(text: str) -> bool:
    """Whether a truth value of XML holds."""
    return text in ("true", "1")


def one_of(rates: Iterator[str]) -> str:
    """The only rate; "" where there are several, because an invoice then has no single one to label."""
    distinct = {_number(rate): rate for rate in rates if rate}
    return next(iter(distinct.values())) if len(distinct) == 1 else ""


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def taxes_by_rate(taxes: Sequence[tuple[str, str, str]]) -> list[tuple[str, str]]:
    """(caption, amount) of an invoice's taxes, (rate, base, amount) each, where there are several."""
    return [(f"Tax {rate or '0'} % on {base}", amount) for rate, base, amount in taxes] if len(taxes) > 1 else []


def payments(paid: str, due: str) -> tuple[tuple[str, str], ...]:
    """(caption, amount) of what was paid before and what is still due, where something was paid."""
    return (("Prepaid", paid), ("Amount due", due)) if paid and _number(paid) != 0 else ()


def addition(reason: str, amount: str, *, is_charge: bool) -> tuple[str, str]:
    """(caption, amount) of an allowance, which is taken off, or of a charge."""
    if is_charge or not amount:
        return reason or "Charge", amount
    # some programs write what is taken off as less than nothing
    return reason or "Allowance", amount if amount.startswith("-") else f"-{amount}"
