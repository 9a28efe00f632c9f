"""The content of one invoice: its parties, numbers, dates, goods and sums, and how they are written."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from workbench.samples.grammar import expand, words
from workbench.samples.locales import LOCALES
from workbench.samples.parties import make_party
from workbench.samples.placed_words import Piece, ValueMark
from workbench.samples.wording import WORDING

_DATE_PART = re.compile(r"\\(.)|MU|[djmnMFYyw]")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BESIDE_DATES = (*_WEEKDAYS, "r.")
"""What is printed with a date and is no part of its value; "r." is the Polish year."""
_SEPARATORS = {
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": (" ", ","),
    "1'234.56": ("'", "."),
    "1234.56": ("", "."),
    "1234,56": ("", ","),
}
_NUMBER_SHAPES = words(
    "###### ##### %#### %### INV-##### INV###### INV-20##-#### 20##-#### 20##/### @@###### @-##### @@@-#### %####### "
    "########## SI-###### @@##-##### IV/####/## RE%##### R-20##%### #-###### 20##%###### @@%###/## CS##### %#-%####-## "
    "000###### F20###### ##.%###.### @##@-#### INV##/### %##/20##"
)
_RECEIPT_NUMBERS = [
    *_NUMBER_SHAPES,
    *words("##-###### @##-##### #######-## 0000#### OR############## %###-#-##### %## %#### T#-######"),
]


def money(cents: int, style: str, negative: str = "-") -> str:
    """A sum in hundredths as text; `negative` is "-" or "(" for parentheses."""
    thousands, decimal = _SEPARATORS[style]
    whole, rest = divmod(abs(cents), 100)
    text = f"{whole:,}".replace(",", thousands) + f"{decimal}{rest:02d}"
    if cents >= 0:
        return text
    return f"({text})" if negative == "(" else f"-{text}"


def plain_amount(cents: int) -> str:
    """A sum in hundredths as a plain decimal, as bookkeeping systems give it."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def date_text(day: date, pattern: str, months: str, short_months: str = "") -> str:
    """A date in a pattern of d j (day) m n M MU F (month) Y y (year) w (weekday).

    Everything else stands as it is, as does a letter behind a backslash.
    """
    name = months.split(" ")[day.month - 1]
    short = short_months.split(" ")[day.month - 1] if short_months else name[:3]

    def part(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        match match[0]:
            case "d":
                return f"{day.day:02d}"
            case "j":
                return str(day.day)
            case "m":
                return f"{day.month:02d}"
            case "n":
                return str(day.month)
            case "M":
                return short
            case "MU":
                return short.upper()
            case "F":
                return name
            case "Y":
                return str(day.year)
            case "y":
                return f"{day.year % 100:02d}"
        return _WEEKDAYS[day.weekday()]

    return _DATE_PART.sub(part, pattern)


_DIGITS = "零壹贰叁肆伍陆柒捌玖"


def chinese_capitals(cents: int) -> str:
    """A sum in the characters that fapiao print against forgery: 123450 -> 壹仟贰佰叁拾肆圆伍角整."""
    yuan, jiao, fen = abs(cents) // 100, abs(cents) // 10 % 10, abs(cents) % 10
    out, zero, digits = "", False, str(yuan)
    for position, digit in enumerate(digits):
        place = len(digits) - 1 - position
        if digit != "0":
            out += ("零" if zero else "") + _DIGITS[int(digit)] + ("", "拾", "佰", "仟")[place % 4]
            zero = False
        elif out:
            zero = True
        if place == 4 and out:
            out, zero = out + "万", False
    out = (out or "零") + "圆"
    if not jiao and not fen:
        return ("（负数）" if cents < 0 else "") + out + "整"
    out += (_DIGITS[jiao] + "角" if jiao else "零") + (_DIGITS[fen] + "分" if fen else "整")
    return ("（负数）" if cents < 0 else "") + out


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of the invoice; sums in hundredths."""

    code: str
    text: str
    quantity: str
    unit: str
    price: int
    amount: int


class Facts:
    """Everything that one document may print, its wording, and which labels were printed.

    Args:
        house: decides what stays the same on all invoices of a vendor (seller, wording, formats).
        rng: decides what differs from one to the next.
        kind: "invoice", "receipt", "credit" or "reminder".
        count: how many goods; 0 draws a usual number.
    """

    def __init__(self, house: Random, rng: Random, language: str, kind: str, count: int = 0) -> None:
        places = [locale for locale in LOCALES if locale.language == language]
        self.locale = house.choices(places, [locale.weight for locale in places])[0]
        self.language, self.kind, self.rng, self.house = language, kind, rng, house
        self.seller = make_party(house, self.locale)
        self.buyer = make_party(rng, self.locale, person=rng.random() < 0.15)
        self.words = WORDING[language]
        self.tax_name = house.choice(self.locale.taxes)
        self.sign = house.choice(self.locale.signs)
        self.currency = self.locale.currency
        if kind != "receipt" and house.random() < 0.12:
            self.currency = house.choice([code for code in ("USD", "EUR", "GBP", "CHF") if code != self.currency])
            self.sign = house.choice((self.currency, {"USD": "US$", "EUR": "€", "GBP": "£"}.get(self.currency, "CHF")))
        self.style = house.choice(self.locale.numbers)
        self.negative = house.choice("---(")
        self.sign_place = house.choice(
            (
                "none",
                "none",
                "before",
                "glued",
                *(("after", "after") if language not in ("en", "zh") else ("glued", "before")),
            )
        )
        pattern = house.choice(self.locale.dates)
        self.pattern = pattern.replace("D", house.choice("ddj"))
        self.day = date(2012, 1, 1) + timedelta(rng.randrange(5_100))
        self.due = self.day + timedelta(rng.choice((7, 10, 14, 14, 20, 30, 30, 30, 45, 60)))
        self.number = self.fill(house.choice(_RECEIPT_NUMBERS if kind == "receipt" else _NUMBER_SHAPES))
        self.order = self.fill(
            rng.choice(("PO-#####", "45########", "%#####", "B-20##-###", "@@####", "PO######", "##/%###"))
        )
        self.rate = house.choice(self.locale.rates)
        self._sum(house, rng, count)
        self._wordings: dict[str, str] = {}
        self._marked: set[str] = set()
        self.known = {
            "invoice_no": self.number,
            "invoice_date": self.day.isoformat(),
            "due_date": self.due.isoformat(),
            "purchase_order": self.order,
            "seller_name": self.seller.name,
            "seller_address": " ".join(self.seller.lines),
            "seller_tax_id": self.seller.tax,
            "buyer_name": self.buyer.name,
            "buyer_address": " ".join(self.buyer.lines),
            "buyer_tax_id": self.buyer.tax,
            "currency": self.currency,
            "amount_net": plain_amount(self.net),
            "amount_tax": plain_amount(self.tax),
            "amount_total": plain_amount(self.total),
            "tax_rate": self.rate,
            "iban": self.seller.iban,
        }

    def _sum(self, house: Random, rng: Random, count: int) -> None:
        """Goods and sums. `gross` prices hold the tax (receipts), others do not."""
        receipt = self.kind == "receipt"
        self.gross = receipt and house.random() < 0.65
        count = count or min(int(rng.expovariate(1 / (4 if receipt else 5))) + 1, 14)
        sign = -1 if self.kind == "credit" else 1
        top = 3.3 if receipt else 4.6
        self.items = [self._item(rng, sign, top) for _ in range(count)]
        total = sum(item.amount for item in self.items)
        self.goods = total
        self.discount = -total * rng.choice((5, 10)) // 100 if rng.random() < 0.1 else 0
        self.shipping = sign * rng.randrange(300, 4000, 5) if not receipt and rng.random() < 0.15 else 0
        self.service = total // 10 if receipt and rng.random() < 0.08 else 0
        total += self.discount + self.shipping + self.service
        rate = float(self.rate)
        if self.gross:
            self.tax = round(total * rate / (100 + rate))
            self.net = total - self.tax
        else:
            self.net, self.tax = total, round(total * rate / 100)
        self.total = self.net + self.tax
        self.rounding = 0
        if receipt and self.locale.code in ("en-MY", "de-CH", "en-SG", "en-AU") and rng.random() < 0.5:
            self.rounding = round(self.total / 5) * 5 - self.total
        self.unrounded, self.total = self.total, self.total + self.rounding

    def _item(self, rng: Random, sign: int, top: float) -> LineItem:
        price = max(int(10 ** rng.uniform(1.6, top)), 5)
        price -= price % rng.choice((1, 5, 10, 100)) if price > 200 else 0
        units = rng.choice((1, 1, 1, 2, 3, 4, 5, 6, 10, 12, 24))
        shape = rng.random()
        quantity, amount = str(units), units * price
        if shape < 0.08:
            weight = rng.randrange(105, 4999)
            quantity, amount = f"{weight // 1000}.{weight % 1000:03d}", round(price * weight / 1000)
        elif shape < 0.15:
            quantity = f"{units}.00"
        if self.style.endswith(",56"):
            quantity = quantity.replace(".", ",")
        unit = (
            self.fill("<unit>")
            if "unit" in self.locale.rules
            else rng.choice(("pcs", "Stk", "ea", "kg", "h", "unit", "PCS", "x"))
        )
        code = self.fill(rng.choice(("######", "95###########", "@@-###", "@@@##", "40###########", "%###", "@%##-##")))
        return LineItem(code, self.fill("<item>"), quantity, unit, price, sign * amount)

    def fill(self, text: str) -> str:
        """A grammar's text filled in with what differs from document to document."""
        return expand(self.rng, self.locale.rules, text)

    def mark(self, field: str) -> ValueMark | None:
        """The label of a field at its first print; None at later ones, which stay unlabelled."""
        if field in self._marked or not self.known[field]:
            return None
        self._marked.add(field)
        return ValueMark(field, self.known[field])

    def is_marked(self, field: str) -> bool:
        """Whether a field has been printed with its label."""
        return field in self._marked

    def _wording(self, key: str) -> str:
        if key not in self._wordings:
            text = self.house.choice(self.words[key])
            self._wordings[key] = text.replace("{tax}", self.tax_name).replace(
                "{n}", self.house.choice(("10", "5", "10", "15"))
            )
        return self._wordings[key]

    def word(self, key: str) -> str:
        """The wording of a key, the same all over a document."""
        return self._wording(key).replace("{rate}", self.rate_text).replace("{cur}", self.currency)

    def label(self, key: str, *, value: bool = False) -> list[Piece]:
        """A wording as pieces. With `value`, a rate or currency printed inside it is labelled."""
        pieces: list[Piece] = []
        for part in self._wording(key).split(" "):
            if "{rate}" in part:
                pieces.append((part.replace("{rate}", self.rate_text), self.mark("tax_rate") if value else None))
            elif "{cur}" in part:
                loose = self.sign if part == "{cur}" else self.currency
                pieces.append(
                    (part.replace("{cur}", loose), self.mark("currency") if value and part == "{cur}" else None)
                )
            elif part == "%" and pieces:
                pieces.append((part, pieces[-1][1]))
            else:
                pieces.append((part, None))
        return pieces

    def text(self, key: str, **values: str) -> str:
        """A random wording of a sentence, filled in."""
        text = self.rng.choice(self.words[key]).replace("{tax}", self.tax_name)
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return expand(self.rng, self.locale.rules, text)

    @property
    def rate_text(self) -> str:
        """The tax rate as printed, without the percent sign."""
        return self.rate.replace(".", ",") if self.style.endswith(",56") else self.rate

    def date(self, day: date) -> str:
        """A day as this document prints days."""
        return date_text(day, self.pattern, self.locale.months, self.locale.short_months)

    def dated(self, field: str) -> list[Piece]:
        """A labelled date (invoice_date or due_date) as pieces."""
        mark = self.mark(field)
        text = self.date(self.due if field == "due_date" else self.day)
        return [(part, None if part.strip("(),") in _BESIDE_DATES else mark) for part in text.split(" ")]

    def other_date(self) -> str:
        """A day near the invoice's that is none of its labelled dates."""
        return self.date(self.day - timedelta(self.rng.randrange(1, 40)))

    def amount(self, cents: int) -> str:
        """A sum as this document prints sums, without a currency."""
        return money(cents, self.style, self.negative)

    def priced(self, cents: int, field: str = "", *, sign: bool | None = None) -> list[Piece]:
        """A sum with its currency, as pieces; `field` labels the number, and a loose sign as the currency."""
        text = self.amount(cents)
        mark = self.mark(field) if field else None
        place = self.sign_place if sign is None or self.sign_place != "none" else "before" if sign else "none"
        if sign is False or place == "none":
            return [(text, mark)]
        if place == "glued" and len(self.sign) <= 3:
            glued = f"-{self.sign}{text[1:]}" if text.startswith("-") else f"{self.sign}{text}"
            return [(glued, mark)]
        loose: Piece = (self.sign, self.mark("currency") if field == "amount_total" else None)
        return [(text, mark), loose] if place == "after" else [loose, (text, mark)]

    def clock(self) -> str:
        """A time of day in one of many forms."""
        rng = self.rng
        hour, minute, second = rng.randrange(7, 23), rng.randrange(60), rng.randrange(60)
        half = "AM" if hour < 12 else "PM"
        forms = (
            f"{hour:02d}:{minute:02d}",
            f"{hour:02d}:{minute:02d}:{second:02d}",
            f"{hour:02d}:{minute:02d}",
            f"{hour % 12 or 12}:{minute:02d} {half}",
            f"{hour % 12 or 12:02d}:{minute:02d}:{second:02d} {half}",
            f"{hour % 12 or 12}:{minute:02d}{half.lower()}",
            f"{hour:02d}{minute:02d} hrs",
            f"{hour % 12 or 12}:{minute:02d}:{second:02d}{half}",
        )
        return rng.choice(forms)
