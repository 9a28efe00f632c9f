"""Made-up sellers and buyers, with valid account and tax numbers."""

import re
from dataclasses import dataclass
from random import Random

from stdnum import luhn
from stdnum.at import uid
from stdnum.es import ccc
from stdnum.iso7064 import mod_11_10, mod_97_10
from stdnum.it import codicefiscale
from stdnum.pl import nip

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
    ["United Kingdom", "USA", "United States", "Australia", "India", "Deutschland", "France", "Nederland", "España",
     "Italia", "Polska"]
)  # fmt: skip


def _with_digits(text: str, characters: str) -> str:
    """The text with its letters and digits exchanged for these, one by one; spaces and signs stay."""
    supply = iter(characters)
    return re.sub(r"[A-Z0-9]", lambda _: next(supply), text)


def _valid_iban(text: str) -> str:
    """The account number with right check digits, in Spain and Italy also those of the country; its spaces stay."""
    plain = text.replace(" ", "")
    country, account = plain[:2], plain[4:]
    match country:
        case "ES":
            account = account[:8] + ccc.calc_check_digits(account) + account[10:]
        case "IT":
            account = codicefiscale.calc_check_digit(account[1:]) + account[1:]
    number = "".join(str(int(character, 36)) for character in account + country + "00")
    return _with_digits(text, f"{country}{98 - int(number) % 97:02d}{account}")


def _valid_tax_number(text: str, country: str) -> str:
    """A tax number with right check digits, for the countries whose rule is known here; others unchanged."""
    plain = re.sub(r"[ .-]", "", text)
    prefix = country if plain.startswith(country) else ""
    number = plain.removeprefix(prefix)
    match country:
        case "DE":
            number = number[:8] + mod_11_10.calc_check_digit(number[:8])
        case "AT":
            number = number[:8] + uid.calc_check_digit(number[:8])
        case "FR":
            siren = number[2:10] + luhn.calc_check_digit(number[2:10])
            number = f"{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"
        case "NL":
            number = f"{number[:9]}B{mod_97_10.calc_check_digits(f'NL{number[:9]}B')}"
        case "ES":
            number = number[:8] + luhn.calc_check_digit(number[1:8])
        case "IT":
            number = number[:10] + luhn.calc_check_digit(number[:10])
        case "PL":
            check = nip.checksum(f"{number[:9]}0")
            if check == 10:  # no digit stands for it; the weight of the ninth digit is 7
                ninth = (int(number[8]) + 1) % 10
                number = f"{number[:8]}{ninth}"
                check = nip.checksum(f"{number}0")
            number = f"{number[:9]}{check}"
        case _:
            return text
    return _with_digits(text, prefix + number)


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
        tax=_valid_tax_number(fill("<tax>"), locale.code[-2:]),
        phone=fill("<phone>"),
        fax=fill("<phone>"),
        mail=fill("<mail>").lower(),
        web=fill("<web>").lower(),
        **optional,
    )
