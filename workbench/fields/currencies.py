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
    "USD": _Currency("$ us$ $us usd usd$", "美元 us-dollar dollar dollars dollaramericain"),
    "EUR": _Currency("€ eur euro", "euros 欧元"),
    "MYR": _Currency("rm myr", "ringgit malaysianringgit 令吉"),
    "GBP": _Currency("£ gbp", "英镑 pound pounds sterling poundsterling", beside="£gb"),
    "CHF": _Currency("chf sfr sfr. fr.", "franken schweizerfranken", beside="fr"),
    "JPY": _Currency("jpy 円", "日元 yen"),
    "HKD": _Currency("hk$ hkd", "港币 港元", beside="$hk"),
    "TWD": _Currency("nt$ twd", "新台币"),
    "SGD": _Currency("s$ sgd"),
    "AUD": _Currency("a$ aud", "au$", beside="$au"),
    "CAD": _Currency("c$ ca$ can$ cad", beside="$ca"),
    "NZD": _Currency("nz$ nzd"),
    "BRL": _Currency("r$ brl", "real reais"),
    "INR": _Currency("₹ inr rs rs.", "rupee rupees"),
    "IDR": _Currency("rp rp. idr", "rupiah"),
    "KRW": _Currency("₩ krw", "won 韩元"),
    "RUB": _Currency("₽ rub руб руб."),
    "TRY": _Currency("₺ tl try"),
    "VND": _Currency("₫ vnd"),
    "THB": _Currency("฿ thb", "baht"),
    "PHP": _Currency("₱ php"),
    "UAH": _Currency("₴ uah грн грн."),
    "ILS": _Currency("₪ ils"),
    "PLN": _Currency("zł pln", "złoty zloty"),
    "CZK": _Currency("kč czk"),
    "HUF": _Currency("ft huf", "forint"),
    "SEK": _Currency("sek"),
    "NOK": _Currency("nok"),
    "DKK": _Currency("dkk"),
    "RON": _Currency("ron", beside="lei"),
    "BGN": _Currency("bgn лв лв."),
    "AED": _Currency("aed د.إ"),
    "SAR": _Currency("sar ر.س"),
    "ZAR": _Currency("zar"),
    "MXN": _Currency("mx$ mxn mxn$ mex$"),
    "ARS": _Currency("ar$ ars ars$"),
    "CLP": _Currency("clp clp$ ch$"),
    "COP": _Currency("cop cop$ col$"),
    "UYU": _Currency("uyu $u uy$ u$u"),
    "DOP": _Currency("rd$ dop"),
    "JMD": _Currency("j$ jmd jmd$"),
    "TTD": _Currency("tt$ ttd"),
    "PEN": _Currency("s/ s/. pen", "soles"),
    "BOB": _Currency("bob"),
    "VES": _Currency("ves"),
    "PAB": _Currency("b/. pab"),
    "GTQ": _Currency("gtq"),
    "HNL": _Currency("hnl"),
    "CRC": _Currency("₡ crc"),
    "PYG": _Currency("₲ pyg"),
    "NGN": _Currency("₦ ngn", "naira"),
    "GHS": _Currency("gh₵ ₵ ghs", "cedi"),
    "KES": _Currency("ksh ksh. kes"),
    "TZS": _Currency("tsh tzs"),
    "UGX": _Currency("ush ugx"),
    "EGP": _Currency("egp ج.م", beside="l.e. le"),
    "MAD": _Currency("mad د.م د.م."),
    "QAR": _Currency("qar ر.ق"),
    "PKR": _Currency("pkr"),
    "LKR": _Currency("lkr"),
    "BDT": _Currency("৳ bdt"),
    "KZT": _Currency("₸ kzt"),
    "GEL": _Currency("₾ gel"),
    "AZN": _Currency("₼ azn"),
    "RSD": _Currency("rsd"),
    "KWD": _Currency("kwd"),
    "BHD": _Currency("bhd"),
    "OMR": _Currency("omr"),
    "JOD": _Currency("jod"),
    "TND": _Currency("tnd"),
    "LYD": _Currency("lyd"),
    "IQD": _Currency("iqd"),
}
_KRONA_MARKS = "kr kr."
_DIRHAM_MARKS = "dh dhs dh. dhs."
_BOLIVAR_MARKS = "bs bs."

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

AMBIGUOUS = {
    **dict.fromkeys(_KRONA_MARKS.split(), "SEK, NOK or DKK"),
    **dict.fromkeys(_DIRHAM_MARKS.split(), "AED or MAD"),
    **dict.fromkeys(_BOLIVAR_MARKS.split(), "BOB or VES"),
    "dinar": "several countries'",
}
"""Names that no code is given to -> the currencies that they could mean."""

THREE_DECIMALS = frozenset({"KWD", "BHD", "OMR", "JOD", "TND", "LYD", "IQD"})
"""Their smallest unit is a thousandth: "1.234" can be a thousand or one and a bit, so it is not guessed."""

_MARKS = {mark for c in _CURRENCIES.values() for mark in f"{c.marks} {c.beside}".split()} | {
    *_KRONA_MARKS.split(),
    *_DIRHAM_MARKS.split(),
    *_BOLIVAR_MARKS.split(),
}
# A South African or Guatemalan amount; only with cents, because R or Q and a number is as often a reference.
_RAND = r"(?-i:[QR])(?= ?[0-9][0-9 ,]*[.,][0-9]{2}(?![0-9]))"


def _pattern(mark: str) -> str:
    """A mark in text: a space may stand inside "US $"."""
    letters = mark.rstrip("$")
    return re.escape(letters) + r" ?\$" if len(letters) > 1 and letters != mark else re.escape(mark)


# The longest first, so that US$ is not read as U + S$; a letter before a sign belongs to it, as in MX$.
_KNOWN = "|".join(map(_pattern, sorted(_MARKS, key=lambda mark: (-len(mark), mark))))
MARK = re.compile(
    rf"(?<![A-Za-z])(?:{_KNOWN}|{_RAND})(?![A-Za-z])"
    r"|(?<=[A-Za-z]{4})[$€£¥](?![A-Za-z])",
    re.IGNORECASE,
)
"""A currency's sign or code as it stands beside an amount; four letters and more before a sign are a caption."""

UNKNOWN = re.compile(r"(?<![A-Za-z])[A-Za-z]{1,3}[$€£¥]|[\u20a0-\u20cf]")
"""A sign with letters before it, or a currency sign: where `MARK` does not know it, an unknown currency."""
