"""Made-up sellers and buyers, with valid account and tax numbers."""

import re
from dataclasses import dataclass
from random import Random

from stdnum import luhn
from stdnum.at import uid
from stdnum.iso7064 import mod_11_10, mod_97_10

from workbench.samples.grammar import expand
from workbench.samples.locales import Locale
from workbench.samples.placed_words import Piece, ValueMark


@dataclass(slots=True)
class Party:
    name: str
    brand: str  # the sign over the shop, "" when it is the name
    lines: list[str]  # the address, without the country, as e-invoices have it
    country: str  # what is printed below it; "" where nothing is
    reg: str
    tax: str
    phone: str
    fax: str
    mail: str
    web: str
    iban: str
    bic: str
    bank: str
    account: str

    def printed(self, mark: ValueMark | None) -> list[Piece]:
        """The address as it is printed, a piece a line: the country is no part of what is marked."""
        return [*((line, mark) for line in self.lines), *([(self.country, None)] if self.country else [])]


_COUNTRIES = frozenset(
    ["United Kingdom", "USA", "United States", "Australia", "India", "Deutschland", "France", "Nederland"]
)


def _valid_iban(text: str) -> str:
    """The account number with right check digits; its spaces stay."""
    plain = text.replace(" ", "")
    number = "".join(str(int(character, 36)) for character in plain[4:] + plain[:2] + "00")
    return f"{text[:2]}{98 - int(number) % 97:02d}{text[4:]}"


def _valid_vat(text: str) -> str:
    """A tax number of Germany, Austria, France or the Netherlands with right check digits; others unchanged."""
    plain = re.sub(r"[ .]", "", text)
    match plain[:2]:
        case "DE":
            digits = plain[2:10] + mod_11_10.calc_check_digit(plain[2:10])
        case "AT":
            digits = plain[3:10] + uid.calc_check_digit(plain[2:10])
        case "FR":
            siren = plain[4:12] + luhn.calc_check_digit(plain[4:12])
            digits = f"{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"
        case "NL":
            digits = plain[2:11] + mod_97_10.calc_check_digits(f"NL{plain[2:11]}B")
        case _:
            return text
    supply = iter(digits)
    return re.sub(r"\d", lambda _: next(supply), text)


def make_party(rng: Random, locale: Locale, *, person: bool = False) -> Party:
    """A made-up company (or person) of this country."""
    rules = locale.rules

    def fill(text: str) -> str:
        return expand(rng, rules, text)

    core = fill("<core>")
    suffix = rng.choice(locale.suffixes)
    gap = "" if locale.language == "zh" else " "
    name = f"{core}{gap}{suffix}".strip()
    brand = ""
    if person:
        name = fill("<surname><first>") if locale.language == "zh" else fill("<first> <surname>")
    elif suffix and rng.random() < 0.18:
        brand = fill("<core>") if rng.random() < 0.5 else core
    optional = {key: fill(f"<{key}>") if key in rules else "" for key in ("iban", "bic", "bank", "account")}
    if optional["iban"]:
        optional["iban"] = _valid_iban(optional["iban"])
    lines = fill("<address>").split("|")
    country = lines.pop() if lines[-1] in _COUNTRIES else ""
    return Party(
        name=name,
        brand=brand,
        lines=lines,
        country=country,
        reg=fill("<reg>"),
        tax=_valid_vat(fill("<tax>")),
        phone=fill("<phone>"),
        fax=fill("<phone>"),
        mail=fill("<mail>").lower(),
        web=fill("<web>").lower(),
        **optional,
    )
