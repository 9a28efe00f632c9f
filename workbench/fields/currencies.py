"""The currencies and the signs, codes and names that invoices print for them."""

import re
from typing import NamedTuple


class _Currency(NamedTuple):
    """How one currency is printed, in lower case and separated by blanks."""

    marks: str  # beside an amount as well as alone
    names: str = ""  # alone only: beside an amount they are words
    beside: str = ""  # beside an amount only: alone they mean too many other things


_CURRENCIES = {
    "CNY": _Currency("¥ cn¥ rmb cny 人民币 人民幣 元 圆 圓 yuan", "renminbi", beside="¥cn"),
    "USD": _Currency("$ us$ $us usd", "美元 us-dollar dollar dollars dollaramericain"),
    "EUR": _Currency("€ eur euro", "euros 欧元"),
    "MYR": _Currency("rm myr", "ringgit malaysianringgit 令吉"),
    "GBP": _Currency("£ gbp", "英镑 pound pounds sterling poundsterling", beside="£gb"),
    "CHF": _Currency("chf sfr sfr. fr.", "franken schweizerfranken", beside="fr"),
    "JPY": _Currency("jpy 円", "日元 yen"),
    "HKD": _Currency("hk$ hkd", "港币 港元", beside="$hk"),
    "TWD": _Currency("nt$ twd", "新台币"),
    "SGD": _Currency("s$ sgd"),
    "AUD": _Currency("a$ aud", "au$", beside="$au"),
    "CAD": _Currency("c$ ca$ cad", beside="$ca"),
    "NZD": _Currency("nz$ nzd"),
    "BRL": _Currency("r$ brl", "real reais"),
    "INR": _Currency("₹ inr rs rs.", "rupee rupees"),
    "IDR": _Currency("rp rp. idr", "rupiah"),
    "KRW": _Currency("₩ krw", "won 韩元"),
    "RUB": _Currency("₽ rub"),
    "TRY": _Currency("₺ tl try"),
    "VND": _Currency("₫ vnd"),
    "THB": _Currency("฿ thb", "baht"),
    "PHP": _Currency("₱ php"),
    "UAH": _Currency("₴ uah"),
    "ILS": _Currency("₪ ils"),
    "PLN": _Currency("zł pln", "złoty zloty"),
    "CZK": _Currency("kč czk"),
    "HUF": _Currency("ft huf", "forint"),
    "SEK": _Currency("sek"),
    "NOK": _Currency("nok"),
    "DKK": _Currency("dkk"),
    "RON": _Currency("ron", beside="lei"),
    "BGN": _Currency("bgn"),
    "AED": _Currency("aed"),
    "SAR": _Currency("sar"),
    "ZAR": _Currency("zar"),
    "MXN": _Currency("mxn"),
    "KWD": _Currency("kwd"),
    "BHD": _Currency("bhd"),
    "OMR": _Currency("omr"),
    "JOD": _Currency("jod"),
    "TND": _Currency("tnd"),
    "LYD": _Currency("lyd"),
    "IQD": _Currency("iqd"),
}
_KRONA_MARKS = "kr kr."

CODES = {name: code for code, c in _CURRENCIES.items() for name in f"{c.marks} {c.names}".split()}
"""Sign, code or name, case-folded -> ISO 4217 code."""

SHARED = {
    "$": "another dollar",
    "¥": "JPY",
    "£": "another pound",
    "dollar": "another dollar",
    "rs": "PKR or LKR",
}
"""Names that are read as the currency of `CODES` -> what else they could mean."""

AMBIGUOUS = {**dict.fromkeys(_KRONA_MARKS.split(), "SEK, NOK or DKK"), "dinar": "several countries'"}
"""Names that no code is given to -> the currencies that they could mean."""

THREE_DECIMALS = frozenset({"KWD", "BHD", "OMR", "JOD", "TND", "LYD", "IQD"})
"""Their smallest unit is a thousandth: "1.234" can be a thousand or one and a bit, so it is not guessed."""

_MARKS = {mark for c in _CURRENCIES.values() for mark in f"{c.marks} {c.beside}".split()} | {*_KRONA_MARKS.split()}
# The longest first, so that US$ is not read as U + S$.
MARK = re.compile(
    f"(?:{'|'.join(re.escape(mark) for mark in sorted(_MARKS, key=lambda mark: (-len(mark), mark)))})(?![A-Za-z])",
    re.IGNORECASE,
)
"""A currency's sign or code as it stands beside an amount."""
