"""The field schema, and the conversion between spans (stored) and BIO tags (derived, never stored).

The built-in invoice schema, and what its names mean elsewhere:

| field          | DocILE            | EN 16931 (business term)       | tutorials         |
|----------------|-------------------|--------------------------------|-------------------|
| invoice_no     | document_id       | BT-1 Invoice number            | INVOICE, INV_NO   |
| invoice_date   | date_issue        | BT-2 Invoice issue date        | DATE              |
| due_date       | date_due          | BT-9 Payment due date          | DUE_DATE          |
| purchase_order | order_id          | BT-13 Purchase order reference | PO                |
| seller_name    | vendor_name       | BT-27 Seller name              | COMPANY, VENDOR   |
| seller_address | vendor_address    | BG-5 Seller postal address     | ADDRESS           |
| seller_tax_id  | vendor_tax_id     | BT-31/32 Seller VAT/tax number | TAX_ID            |
| buyer_name     | customer_billing_name    | BT-44 Buyer name        | BUYER, CUSTOMER   |
| buyer_address  | customer_billing_address | BG-8 Buyer address      | BUYER_ADDRESS     |
| buyer_tax_id   | customer_tax_id   | BT-48 Buyer VAT identifier     | BUYER_TAX_ID      |
| currency       | currency_code_amount_due | BT-5 Currency code      | CURRENCY, CUR     |
| amount_net     | amount_total_net  | BT-109 Total without VAT       | AMT_NET           |
| amount_tax     | amount_total_tax  | BT-110 Total VAT amount        | AMOUNT_TAX        |
| amount_total   | amount_total_gross| BT-112 Total with VAT          | AMT_TOTAL, TOTAL  |
| tax_rate       | tax_detail_rate   | BT-119 VAT category rate       | TAX_RATE          |
| iban           | iban              | BT-84 Payment account          | IBAN              |
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise

from storage.exceptions import ConfigProblem
from storage.records import Span
from workbench.fields import colours
from workbench.fields.plain_text import harmless, in_one_form

SELLER = "seller_name"
"""The field of the built-in schema by which documents are grouped."""


class FieldType(StrEnum):
    """What kind of value a field holds; decides normalisation, checks and what `next candidate` looks for."""

    ID = "id"
    DATE = "date"
    AMOUNT = "amount"
    CURRENCY = "currency"
    PARTY = "party"
    ADDRESS = "address"
    TEXT = "text"
    RATE = "rate"


class FieldKind(StrEnum):
    """What a field's label is: words of the page, or what the whole document is."""

    SPAN = "span"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the schema. `id` is what labels refer to and never changes; `name` may."""

    id: str
    name: str
    type: FieldType
    key: str  # one character, unique among the fields in use
    colour: str  # "#rrggbb"
    aliases: tuple[str, ...] = ()
    retired: bool = False
    kind: FieldKind = FieldKind.SPAN
    options: tuple[str, ...] = ()  # of a class field: what a document can be
    multiple: bool = False  # a document can have several of the options

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", harmless(self.name))  # it stands in tables and headers: one line


# Okabe and Ito's palette, lightened and darkened, which is safe for the common kinds of colour blindness.
# Colour is never the only mark of a label: the field's key is beside every labelled token.
_INVOICE = (
    (
        "invoice_no",
        "id",
        "1",
        colours.SKY_BLUE,
        "INVOICE INV_NO INVOICE_NUMBER INVOICE_ID NUMBER DOCUMENT_ID NO 发票号码",
    ),
    ("invoice_date", "date", "2", colours.ORANGE, "DATE DATE_ISSUE ISSUE_DATE INV_DATE 开票日期"),
    ("due_date", "date", "3", "#B97F00", "DATE_DUE PAYMENT_DUE DUE"),
    ("purchase_order", "id", "4", "#8FD0F5", "PO PO_NUMBER ORDER_ID ORDER_NO CUSTOMER_ORDER_ID"),
    (
        "seller_name",
        "party",
        "5",
        colours.GREEN,
        "COMPANY VENDOR SELLER SUPPLIER SUPPLIER_NAME VENDOR_NAME MERCHANT MERCHANT_NAME STORE_NAME ISSUER 销售方",
    ),
    ("seller_address", "address", "6", "#5CC9A7", "ADDRESS VENDOR_ADDRESS COMPANY_ADDRESS SUPPLIER_ADDRESS"),
    ("seller_tax_id", "id", "7", "#00755A", "TAX_ID VENDOR_TAX_ID VAT_ID VAT_NUMBER SUPPLIER_TAX_ID"),
    (
        "buyer_name",
        "party",
        "8",
        colours.PURPLE,
        "BUYER CUSTOMER CUSTOMER_NAME CLIENT CUSTOMER_BILLING_NAME BILL_TO 购买方",
    ),
    ("buyer_address", "address", "9", "#E3AECB", "CUSTOMER_ADDRESS CUSTOMER_BILLING_ADDRESS CLIENT_ADDRESS"),
    ("buyer_tax_id", "id", "0", "#9C4F7C", "CUSTOMER_TAX_ID CLIENT_TAX_ID BUYER_VAT_ID"),
    ("currency", "currency", "c", colours.YELLOW, "CUR CURRENCY_CODE CURRENCY_CODE_AMOUNT_DUE 币种"),
    (
        "amount_net",
        "amount",
        "n",
        "#FF9E6B",
        "AMT_NET NET AMOUNT_UNTAXED SUBTOTAL SUB_TOTAL NET_AMOUNT AMOUNT_TOTAL_NET SUBTOTAL_PRICE TAXABLE_AMOUNT",
    ),
    (
        "amount_tax",
        "amount",
        "v",
        colours.VERMILION,
        "AMOUNT_TAX TAX VAT AMT_TAX TAX_AMOUNT VAT_AMOUNT TOTAL_TAX AMOUNT_TOTAL_TAX TAX_PRICE",
    ),
    (
        "amount_total",
        "amount",
        "t",
        "#FF6F91",
        "AMT_TOTAL TOTAL AMOUNT GRAND_TOTAL TOTAL_AMOUNT INVOICE_TOTAL GROSS AMOUNT_TOTAL_GROSS TOTAL_PRICE AMOUNT_DUE "
        "价税合计",
    ),
    ("tax_rate", "rate", "r", "#C9B458", "TAX_DETAIL_RATE VAT_RATE RATE 税率"),
    ("iban", "id", "i", "#7F9CF5", "BANK_ACCOUNT ACCOUNT_IBAN"),
)


@lru_cache(maxsize=1 << 14)  # a label file can bring thousands of names, each compared with all
def folded(name: str) -> str:
    """The form in which names are compared: case, spaces, dots, dashes and underscores do not count.

    Nor does how an accent or a full-width letter is written. Dashes at either end do, as -1 is not 1 and A- not A; and
    so does all in a name of nothing else.
    """
    return _folded(in_one_form(name))


@lru_cache(maxsize=1 << 14)
def _folded(name: str) -> str:
    """The same for names in whatever form: two that differ by it alone may stand in a file of an older version."""
    plain = name.strip().casefold()
    inner = re.sub(r"[\s._\-/]+", "_", plain).strip("_")
    return "-" * plain.startswith("-") + inner + "-" * plain.endswith("-") if inner else plain


def _several(values: Sequence[str]) -> set[str]:
    """The values that stand more than once."""
    return {value for value, count in Counter(values).items() if count > 1}


@dataclass(frozen=True)
class Schema:
    """The fields of a workspace, in the order in which they are shown."""

    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        for what, values in (
            ("id", [f.id for f in self.fields]),
            ("name", [_folded(f.name) for f in self.fields]),
        ):
            twice = _several(values)
            if twice:
                raise ConfigProblem(
                    f"Two fields have the same {what}: {', '.join(sorted(twice))}.", "Rename one of them."
                )
        for field in self.fields:
            names = [_folded(option) for option in field.options]
            if len(set(names)) < len(names) or "" in names:
                raise ConfigProblem(
                    f"The options of {field.name} must be different names: {', '.join(field.options)}.",
                    "Names that differ only in case, spaces, dots or dashes count as the same.",
                )
        keys = [f.key for f in self.fields if f.key and not f.retired]
        if clash := _several(keys):
            raise ConfigProblem(
                f"Two fields share the key {', '.join(sorted(clash))}.", "Give each field a key of its own."
            )

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    @property
    def active(self) -> tuple[Field, ...]:
        """The fields that are not retired."""
        return tuple(f for f in self.fields if not f.retired)

    def retired(self, kind: FieldKind) -> frozenset[str]:
        """The ids of the fields of a kind that are not in use."""
        return frozenset(f.id for f in self.fields if f.retired and f.kind is kind)

    @property
    def spans(self) -> tuple[Field, ...]:
        """The fields in use whose labels are words of the page."""
        return tuple(f for f in self.active if f.kind is FieldKind.SPAN)

    @property
    def classes(self) -> tuple[Field, ...]:
        """The fields in use that say what the whole document is."""
        return tuple(f for f in self.active if f.kind is FieldKind.CLASS)

    def get(self, field_id: str) -> Field | None:
        """The field with this id, retired or not."""
        return next((f for f in self.fields if f.id == field_id), None)

    def name(self, field_id: str) -> str:
        """The shown name of a field; the id itself where the schema no longer knows it."""
        field = self.get(field_id)
        return field.name if field else field_id

    def resolve(self, name: str) -> Field | None:
        """The field that a label of another tool means: by id, name, or alias; None when there is none."""
        return self._by_name.get(_folded(name)) or self._by_form.get(folded(name))

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        """Each name -> its field: ids and names before aliases, an earlier field before a later one."""
        return self._named(_folded)

    @cached_property
    def _by_form(self) -> dict[str, Field]:
        """The same for names in one form."""
        return self._named(folded)

    def _named(self, form: Callable[[str], str]) -> dict[str, Field]:
        by_name: dict[str, Field] = {}
        for names_of in (lambda f: (f.id, f.name), lambda f: f.aliases):
            for field in self.fields:
                for name in names_of(field):
                    by_name.setdefault(form(name), field)
        return by_name

    def _refuse_same(self, name: str, field_id: str = "") -> None:
        """Refuse a name for a new field, or for this one, that another has."""
        other = next((f for f in self.fields if f.id != field_id and folded(f.name) == folded(name)), None)
        if other is not None:
            raise ConfigProblem(
                f"There is a field {other.name} already{', which is retired' if other.retired else ''}.",
                "Choose another name: case, spaces, dashes, and how accents and full-width letters are written make "
                "no difference.",
            )

    def add(self, name: str, type: FieldType = FieldType.TEXT, key: str = "", colour: str = "") -> "Schema":
        """A schema with one more field; its id is made from the name.

        Raises:
            ConfigProblem: another field has the name.
        """
        self._refuse_same(name)
        field_id = re.sub(r"[^\w]+", "_", name.strip().casefold()).strip("_") or "field"
        while self.get(field_id):
            field_id += "_2"
        field = Field(field_id, name, type, key or self.free_key(), colour or self.free_colour())
        return Schema((*self.fields, field))

    def add_class(self, name: str, options: Sequence[str], *, multiple: bool = False, key: str = "") -> "Schema":
        """A schema with one more class field."""
        grown = self.add(name, FieldType.TEXT, key)
        return grown.change(grown.fields[-1].id, kind=FieldKind.CLASS, options=tuple(options), multiple=multiple)

    def free_key(self, wanted: str = "") -> str:
        """This key if no field in use has it, else the next free key; "" if there is none."""
        taken = {field.key for field in self.active}
        return next((k for k in (wanted, *"1234567890", *_SPARE_KEYS) if k and k not in taken), "")

    def free_colour(self, wanted: str = "") -> str:
        """This colour if no field in use has it, else the next free one; where all are taken, one that few have."""
        taken = Counter(field.colour.upper() for field in self.active)
        palette = [colour.upper() for colour in (wanted, *(row[3] for row in _INVOICE), *colours.MORE) if colour]
        return min(palette, key=lambda colour: taken[colour])

    def back(self, field_id: str) -> "Schema":
        """A schema in which a retired field is in use again, without its key if another field has it now."""
        field = self.get(field_id)
        if field is None or not field.retired:
            return self
        taken = any(other.key == field.key for other in self.active)
        return self.change(field_id, retired=False, key="" if taken else field.key)

    def change(self, field_id: str, **changes: object) -> "Schema":
        """A schema in which one field has other properties (name, type, key, colour, aliases, retired)."""
        if (name := changes.get("name")) is not None:
            self._refuse_same(str(name), field_id)
        return Schema(tuple(replace(f, **changes) if f.id == field_id else f for f in self.fields))  # type: ignore[arg-type]

    def reorder(self, field_ids: Sequence[str]) -> "Schema":
        """The named fields first, in this order, then the others as they were."""
        first = [f for field_id in field_ids if (f := self.get(field_id))]
        return Schema((*first, *(f for f in self.fields if f not in first)))


# Field keys that no screen uses for anything else.
_SPARE_KEYS = "cnvtribklmopqsuwyz"


def invoice_schema() -> Schema:
    """The schema that a new workspace starts with."""
    return Schema(
        tuple(
            Field(name, name, FieldType(kind), key, colour, tuple(aliases.split()))
            for name, kind, key, colour, aliases in _INVOICE
        )
    )


BioChunk = tuple[str, int, int]
"""A field, its first word, and the word after its last."""


def tags_of(spans: Iterable[Span], length: int) -> list[str]:
    """BIO tags for `length` tokens. A span with gaps becomes one BIO chunk per contiguous piece."""
    return tags_of_chunks((piece for span in spans for piece in _pieces(span)), length)


def _pieces(span: Span) -> Iterator[BioChunk]:
    tokens = sorted(span.tokens)
    breaks = [i for i in range(1, len(tokens)) if tokens[i] != tokens[i - 1] + 1]
    for first, last in pairwise([0, *breaks, len(tokens)]):
        yield span.field, tokens[first], tokens[last - 1] + 1


def tags_of_chunks(chunks: Iterable[BioChunk], length: int) -> list[str]:
    """BIO tags for `length` words; where chunks overlap the later one wins."""
    tags = ["O"] * length
    for field, start, stop in chunks:
        tags[start:stop] = ["B-" + field] + ["I-" + field] * (stop - start - 1)
    return tags


def chunks_of(tags: Iterable[str], *, strict: bool = False) -> list[BioChunk]:
    """The chunks of BIO tags; E-, L-, S- and U- of BIOES and BILOU are read too.

    Args:
        tags: one a word.
        strict: an I- that continues nothing opens nothing (IOB2); otherwise it opens a chunk (conlleval's repair).
    """
    chunks = []
    field, start, position = "", 0, 0
    for position, tag in enumerate(tags):
        if tag == "O" and not field:
            continue
        prefix, _, name = tag.partition("-")
        continues = prefix in _CONTINUES
        if continues and name == field:
            continue
        if field:
            chunks.append((field, start, position))
            field = ""
        if name and not (strict and continues):
            field, start = name, position
    if field:
        chunks.append((field, start, position + 1))
    return chunks


_CONTINUES = frozenset("IEL")


def field_of_tag(tag: str) -> str:
    """The field of a BIO tag; "" for O."""
    return tag[2:]


def repaired_tags(tags: Sequence[str]) -> int:
    """How many tags should continue a chunk and continue nothing: `chunks_of` takes each for the begin of one."""
    return sum(tags[start].partition("-")[0] in _CONTINUES for _, start, _ in chunks_of(tags))
