"""The currencies and the signs, codes and names that invoices print for them."""

import re
from collections.abc import Iterable
from typing import NamedTuple


class _Currency(NamedTuple):
    """How one currency is printed, in lower case and separated by blanks; at `_` a blank may stand."""

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
    "KRW": _Currency("₩ krw 원", "won 韩元 원정"),
    "RUB": _Currency("₽ rub руб руб. рубль рубля рублей"),
    "TRY": _Currency("₺ tl try"),
    "VND": _Currency("₫ vnd vnđ", "đồng", beside="đ"),
    "THB": _Currency("฿ thb บาท", "baht"),
    "PHP": _Currency("₱ php"),
    "UAH": _Currency("₴ uah грн грн.", "гривень"),
    "ILS": _Currency("₪ ils nis ש\"ח ש''ח שח שקל שקלים", "שקל_חדש"),
    "PLN": _Currency("zł pln", "złoty zloty"),
    "CZK": _Currency("kč czk"),
    "HUF": _Currency("ft huf", "forint"),
    "SEK": _Currency("sek"),
    "NOK": _Currency("nok"),
    "DKK": _Currency("dkk"),
    "RON": _Currency("ron", beside="lei"),
    "BGN": _Currency("bgn лв лв."),
    "AED": _Currency("aed د.إ د.ا درهم_إماراتي درهم_اماراتي"),
    "SAR": _Currency("sar ر.س ريال_سعودي", "sr"),
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
    "EGP": _Currency("egp ج.م جنيه جنيه_مصري", beside="l.e. le"),
    "MAD": _Currency("mad د.م درهم_مغربي"),
    "QAR": _Currency("qar ر.ق ريال_قطري", "qr"),
    "PKR": _Currency("pkr"),
    "LKR": _Currency("lkr"),
    "BDT": _Currency("৳ bdt"),
    "KZT": _Currency("₸ kzt"),
    "GEL": _Currency("₾ gel"),
    "AZN": _Currency("₼ azn"),
    "RSD": _Currency("rsd", "динара dinara", beside="din din. дин дин."),
    "KWD": _Currency("kwd د.ك دينار_كويتي"),
    "BHD": _Currency("bhd د.ب دينار_بحريني"),
    "OMR": _Currency("omr ر.ع ريال_عماني"),
    "JOD": _Currency("jod د.أ دينار_أردني"),
    "DZD": _Currency("dzd د.ج دينار_جزائري", beside="da"),
    "ETB": _Currency("etb birr ብር"),
    "HRK": _Currency("hrk", "kuna", beside="kn"),
    "TND": _Currency("tnd د.ت دينار_تونسي", beside="dt"),
    "LYD": _Currency("lyd ل.د"),
    "IQD": _Currency("iqd د.ع دينار_عراقي"),
}
_KRONA_MARKS = "kr kr."
_DIRHAM_MARKS = "dh dhs dh. dhs. درهم"
_RIYAL_MARKS = "ريال ریال"  # the sign ﷼ is the second in its plain form
_DINAR_MARKS = "دينار"
_TOMAN_MARKS = "تومان"
_BOLIVAR_MARKS = "bs bs."
_CFA_MARKS = "fcfa f_cfa cfa"

CODES = {name: code for code, c in _CURRENCIES.items() for name in f"{c.marks} {c.names}".replace("_", "").split()}
"""Sign, code or name, case-folded -> ISO 4217 code."""

SHARED = {
    "$": "another dollar",
    "¥": "JPY",
    "£": "another pound",
    "dollar": "another dollar",
    "rs": "PKR or LKR",
    "جنيه": "another pound",
}
"""Names that are read as the currency of `CODES` -> what else they could mean."""

AMBIGUOUS = {
    **dict.fromkeys(_KRONA_MARKS.split(), "SEK, NOK or DKK"),
    **dict.fromkeys(_DIRHAM_MARKS.split(), "AED or MAD"),
    **dict.fromkeys(_BOLIVAR_MARKS.split(), "BOB or VES"),
    **dict.fromkeys(_RIYAL_MARKS.split(), "SAR, QAR, OMR, YER or IRR"),
    **dict.fromkeys([*_DINAR_MARKS.split(), "dinar"], "several countries'"),
    **dict.fromkeys(_CFA_MARKS.replace("_", "").split(), "XOF or XAF"),
    **dict.fromkeys(_TOMAN_MARKS.split(), "ten IRR, and has no code of its own"),
}
"""Names that no code is given to -> the currencies that they could mean."""

_THREE_DECIMALS = frozenset({"KWD", "BHD", "OMR", "JOD", "TND", "LYD", "IQD"})


def has_three_decimals(mark: str) -> bool:
    """Whether a currency's smallest unit may be a thousandth: "1.234" is then a thousand or one and a bit."""
    folded = mark.casefold().replace(" ", "").rstrip(".")
    return CODES.get(folded) in _THREE_DECIMALS or folded in _DINAR_MARKS


_MARKS = {mark for c in _CURRENCIES.values() for mark in f"{c.marks} {c.beside}".split()} | {
    mark
    for marks in (_KRONA_MARKS, _DIRHAM_MARKS, _BOLIVAR_MARKS, _RIYAL_MARKS, _DINAR_MARKS, _TOMAN_MARKS, _CFA_MARKS)
    for mark in marks.split()
}
# Codes of all other currencies, beside an amount in capitals alone; ALL and TOP are words of invoices.
_OTHER_CODES = (
    "AFN|AMD|ANG|AOA|AWG|BAM|BBD|BIF|BMD|BND|BSD|BTN|BWP|BYN|BZD|CDF|CUP|CVE|DJF|ERN|FJD|FKP|GIP|GMD|GNF|GYD|HTG|IRR|"
    "ISK|KGS|KHR|KMF|KPW|KYD|LAK|LBP|LRD|LSL|MDL|MGA|MKD|MMK|MNT|MOP|MRU|MUR|MVR|MWK|MZN|NAD|NIO|NPR|PGK|RWF|SBD|SCR|"
    "SDG|SHP|SLE|SOS|SRD|SSP|STN|SVC|SYP|SZL|TJS|TMT|UZS|VUV|WST|XAF|XCD|XOF|XPF|YER|ZMW|ZWL"
)
# Amounts of South Africa, Guatemala, Saudi Arabia and Qatar; only with cents, because R and a number is as often a
# reference, and SR behind a number the class of its tax.
_RAND = r"(?-i:[QR]|SR|QR)(?= ?[0-9][0-9 ,]*[.,][0-9]{2}(?![0-9]))"


def _pattern(mark: str) -> str:
    """A mark in text: a space may stand inside "US $", and a point behind a mark with points."""
    letters = mark.rstrip("$")
    if len(letters) > 1 and letters != mark:
        return re.escape(letters) + r" ?\$"
    return re.escape(mark).replace("_", " ?") + (r"\.?" if "." in mark[:-1] else "")


def _any_of(marks: Iterable[str]) -> str:
    """The longest first, so that US$ is not read as U + S$; a letter before a sign belongs to it, as in MX$."""
    return "|".join(map(_pattern, sorted(marks, key=lambda mark: (-len(mark), mark))))


# Words in Cyrillic, Hebrew and Arabic letters are no part of longer words; Chinese and Thai put no space between words.
_WORDS = {mark for mark in _MARKS if "\u0400" <= mark[0] <= "\u06ff"}
_LETTER = r"[^\W\d_]"
_CODE = rf"(?-i:(?=[A-Z]{{3}}(?![A-Za-z]))(?:{_OTHER_CODES}))"
_CAPTIONED = r"(?<=[A-Za-z]{4})[$€£¥](?![A-Za-z])"


_NO_ARTICLE = r"(?!-?[0-9]+[-/][A-Za-z0-9])"  # AOA9-ADI and EUR2019/7 are numbers of something


def _mark_of(marks: set[str]) -> str:
    return rf"(?<![A-Za-z])(?:{_any_of(marks)}|{_CODE}|{_RAND})(?![A-Za-z]){_NO_ARTICLE}|{_CAPTIONED}"


_IN_ASCII = re.compile(_mark_of({mark for mark in _MARKS if mark.isascii()}), re.IGNORECASE)
_IN_ANY = re.compile(
    rf"(?=[\u0400-\u06ff])(?<!{_LETTER})(?:{_any_of(_WORDS)})(?!{_LETTER})|{_mark_of(_MARKS - _WORDS)}", re.IGNORECASE
)


def mark_in(text: str) -> re.Pattern[str]:
    """What finds currencies in a text; most texts have plain letters alone, in which it is quicker."""
    return _IN_ASCII if text.isascii() else _IN_ANY


UNKNOWN = re.compile(r"(?<![A-Za-z])[A-Za-z]{1,3}[$€£¥]|[\u20a0-\u20cf]")
"""A sign with letters before it, or a currency sign: where `mark_in` does not find it, an unknown currency."""
