"""Who and what stands on the invoices of `written_invoices.py`: companies, goods, numbers with right check digits."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from stdnum import iban as iban_numbers
from stdnum.eu import vat as vat_numbers
from stdnum.gb import vat as british

CENT = Decimal("0.01")
# country -> halves of names; street; towns with post codes
PLACES: dict[str, tuple[str, str, str]] = {
    "DE": (
        "Brandt & Vogel GmbH|Hüttenwerk Nord AG|Kanzlei Dr. Reimers|Schreinerei Lobinger e.K.|Tiefbau Quandt GmbH & Co. KG"
        "|Feinkost Albers|Medientechnik Sauer UG (haftungsbeschränkt)|Stadtwerke Ellerau GmbH",
        "Gartenweg <n>|Am Alten Hafen <n>|Lindenstraße <n>a|Industriestr. <n>|Schloßplatz <n>|Im Grund <n>|Unter den Eichen <n>",
        "24568 Kaltenkirchen|97070 Würzburg|01067 Dresden|80469 München|49074 Osnabrück|88400 Biberach an der Riß",
    ),
    "FR": (
        "Menuiserie Garnier SARL|Les Vergers du Lot|Société Nouvelle Ferrand SAS|Atelier Bonnefoy|Cabinet Leroux & Fils"
        "|Imprimerie Delmas SA|EURL Plomberie Vasseur",
        "<n>, rue des Tanneurs|<n> bis avenue Jean Moulin|ZA Les Pins - <n> route de Lyon|<n> chemin du Lavoir|<n>, place Carnot",
        "46000 Cahors|69007 Lyon|35400 Saint-Malo|33000 Bordeaux|21200 Beaune|75011 Paris",
    ),
    "NL": (
        "Van der Heijden Installatie B.V.|Bakkerij Smit|Jansen & Zonen V.O.F.|De Groene Kas BV|Drukkerij Noordhoek B.V."
        "|Stichting Kunst aan Zee",
        "Keizersgracht <n>|Dorpsstraat <n>-B|Nijverheidsweg <n>|Lange Nieuwstraat <n>|Marktplein <n>",
        "1015 CJ Amsterdam|3512 PH Utrecht|5611 AZ Eindhoven|9712 HM Groningen|2611 GR Delft",
    ),
    "GB": (
        "Harrow & Pike Ltd|Thornbury Catering Limited|Castle Mead Joinery|Ashdown Analytics LLP|North Quay Marine plc"
        "|Greenfield Nurseries Ltd",
        "<n> Mill Lane|Unit <n>, Riverside Park|<n> High Street|The Old Dairy, <n> Church Road|Flat <n>, King's Court",
        "Exeter EX2 8PL|Leeds LS11 5TD|Bristol BS1 4QA|Norwich NR3 1AU|London SE1 9GF",
    ),
    "IT": (
        "Officine Brambilla S.r.l.|Ceramiche Faentine S.p.A.|Studio Legale Moretti|Tipografia Rinaldi s.n.c.|Oleificio Greco S.a.s.",
        "Via Garibaldi, <n>|Viale della Repubblica <n>/A|Corso Vittorio Emanuele <n>|Piazza Duomo, <n>|Via dei Mille n. <n>",
        "48018 Faenza (RA)|20121 Milano MI|50123 Firenze|73100 Lecce LE|37121 Verona (VR)",
    ),
    "ES": (
        "Talleres Ibarra S.L.|Conservas del Norte, S.A.|Asesoría Peña y Asociados|Gráficas Montoya SL|Suministros Vidal S.L.U.",
        "C/ Mayor, <n>|Avda. de la Constitución <n>, 2º B|Calle del Pez <n>|Polígono Industrial Sur, nave <n>|Plaza de España <n>",
        "48001 Bilbao|28013 Madrid|46002 Valencia|41004 Sevilla|15003 A Coruña",
    ),
    "PL": (
        "Zakład Stolarski Kowal|Drukarnia Wisła Sp. z o.o.|Hurtownia Pod Lipą s.c.|Biuro Rachunkowe Nowicka|MET-BUD S.A.",
        "ul. Długa <n>|ul. Kwiatowa <n>/4|al. Jerozolimskie <n>|os. Zielone <n>|Rynek <n>",
        "31-147 Kraków|00-024 Warszawa|80-831 Gdańsk|50-069 Wrocław|61-772 Poznań",
    ),
    "CN": (
        "苏州华瑞机电有限公司|上海晨光文具股份有限公司|广州市南方贸易有限公司|杭州云栖科技有限公司|深圳市恒达电子厂",
        "人民路<n>号|中山东路<n>号3楼|工业园区星湖街<n>号|天河北路<n>号",
        "江苏省苏州市|上海市黄浦区|广东省广州市|浙江省杭州市",
    ),
    "CH": (
        "Berner Uhrwerke AG|Alpenblick Treuhand GmbH|Fromagerie du Lac SA",
        "Bahnhofstrasse <n>|Rue du Rhône <n>|Seeweg <n>",
        "3011 Bern|8001 Zürich|1204 Genève",
    ),
    "AT": (
        "Tischlerei Hofer GmbH|Weingut Steindl|Kärntner Mühlenbau AG",
        "Hauptplatz <n>|Mariahilfer Straße <n>/12|Am Anger <n>",
        "8010 Graz|1060 Wien|9020 Klagenfurt",
    ),
}
GOODS = {
    "de": "Montage Heizkörper|Wartung Serveranlage|Schrauben M8, verzinkt|Beratung vor Ort|Kopierpapier A4|Eichenbretter 27 mm",
    "fr": "Pose de parquet|Entretien chaudière|Vis inox M8|Conseil en gestion|Papier A4 80 g|Planches de chêne",
    "nl": "Montage radiator|Onderhoud server|Schroeven M8 rvs|Advies op locatie|Kopieerpapier A4|Eiken planken",
    "en": "Boiler service|Server maintenance|M8 stainless screws|On-site consultancy|A4 copier paper|Oak boards",
    "it": "Posa parquet|Manutenzione caldaia|Viti inox M8|Consulenza aziendale|Carta A4 80 g|Tavole di rovere",
    "es": "Instalación de radiador|Mantenimiento servidor|Tornillos inox M8|Consultoría|Papel A4 80 g|Tablas de roble",
    "pl": "Montaż grzejnika|Serwis serwera|Śruby M8 ocynk|Doradztwo|Papier A4|Deski dębowe",
    "zh": "铝合金支架|服务器维护|不锈钢螺丝|技术咨询|复印纸 A4|橡木板",
}
PEOPLE = "Anna Berger|Jean Morel|Pieter de Wit|Sarah Lowe|Marco Conti|Lucía Vega|Ewa Lis|王芳"
COUNTRY_OF = {"de": "DE", "fr": "FR", "nl": "NL", "en": "GB", "it": "IT", "es": "ES", "pl": "PL", "zh": "CN"}
COUNTRY_NAMES = {
    "DE": "Deutschland", "FR": "France", "NL": "Nederland", "GB": "United Kingdom", "IT": "Italia", "ES": "España",
    "PL": "Polska", "CN": "中国", "CH": "Schweiz", "AT": "Österreich",
}  # fmt: skip
RATES = {
    "DE": (19, 7), "FR": ("20", "5.5"), "NL": (21, 9), "GB": (20, 5), "IT": (22, 10), "ES": (21, 10), "PL": (23, 8),
    "CN": (13, 6), "CH": ("8.1", "2.6"), "AT": (20, 10),
}  # fmt: skip
_BBAN = {
    "DE": "#" * 18, "FR": "#" * 23, "NL": "INGB" + "#" * 10, "GB": "MIDL" + "#" * 14, "IT": "X" + "#" * 22, "ES": "#" * 20,
    "PL": "#" * 24, "CH": "#" * 17, "AT": "#" * 16,
}  # fmt: skip
_VAT = {
    "DE": "#########", "FR": "###########", "NL": "#########B01", "IT": "###########", "ES": "B########", "PL": "##########",
    "AT": "U########",
}  # fmt: skip


@dataclass(frozen=True)
class Company:
    name: str
    street: str
    town: str
    country: str
    vat: str
    office: str
    iban: str
    bic: str
    phone: str
    domain: str
    register: str
    person: str

    @property
    def address(self) -> str:
        return f"{self.street}{self.town}" if self.country == "CN" else f"{self.street}, {self.town}"

    @property
    def lines(self) -> list[str]:
        return [self.name, self.street, self.town]


@dataclass
class Facts:
    language: str
    seller: Company
    buyer: Company
    ship: Company | None
    no: str
    issued: date
    due: date
    delivered: date
    po: str
    customer: str
    currency: str
    items: list[tuple[str, str, int, Decimal, Decimal, Decimal]]  # code, goods, count, price, amount, rate
    reverse: bool = False
    credit: bool = False
    prepaid: Decimal = Decimal(0)
    discount: bool = False
    values: dict[str, str] = field(default_factory=dict)

    @property
    def sums(self) -> list[tuple[Decimal, Decimal, Decimal]]:
        """(rate, net, tax) of every rate."""
        nets: dict[Decimal, Decimal] = {}
        for *_, amount, rate in self.items:
            nets[rate] = nets.get(rate, Decimal(0)) + amount
        return [
            (rate, net, (net * rate / 100).quantize(CENT, ROUND_HALF_UP))
            for rate, net in sorted(nets.items(), reverse=True)
        ]

    @property
    def net(self) -> Decimal:
        return sum((net for _, net, _ in self.sums), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((tax for *_, tax in self.sums), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


def _filled(rng: random.Random, form: str) -> str:
    return "".join(str(rng.randrange(10)) if c == "#" else rng.choice("ABCDEFGHKLM") if c == "X" else c for c in form)


def iban(rng: random.Random, country: str) -> str:
    """A valid one; "" for a country without."""
    while country in _BBAN:
        bban = _filled(rng, _BBAN[country])
        number = country + iban_numbers.calc_check_digits(f"{country}00{bban}") + bban
        if iban_numbers.is_valid(number):
            return " ".join(number[at : at + 4] for at in range(0, len(number), 4)) if rng.random() < 0.7 else number
    return ""


def vat(rng: random.Random, country: str) -> str:
    """A valid VAT number with the country's letters."""
    while True:
        if country == "CN":
            return "91320500" + _filled(rng, "########") + "XK"[rng.randrange(2)] + "7"
        if country == "CH":
            from stdnum.ch import uid

            number = f"CHE-{rng.randrange(100, 999)}.{rng.randrange(100, 999)}.{rng.randrange(100, 999)}"
            if uid.is_valid(number):
                return f"{number} MWST"
        elif country == "GB":
            number = _filled(rng, "#########")
            if british.is_valid(number):
                return f"GB {number[:3]} {number[3:7]} {number[7:]}" if rng.random() < 0.6 else f"GB{number}"
        else:
            number = country + _filled(rng, _VAT[country])
            if vat_numbers.is_valid(number):
                return number


def company(rng: random.Random, country: str, not_name: str = "") -> Company:
    names, streets, towns = (part.split("|") for part in PLACES[country])
    name = rng.choice([name for name in names if name != not_name])
    street, town = rng.choice(streets).replace("<n>", str(rng.randrange(1, 180))), rng.choice(towns)
    if country == "CN":  # the larger before the smaller
        street, town = town, street
    ascii_name = "".join(c for c in name.casefold() if (c.isascii() and c.isalpha()) or c == " ").split()
    stem = "".join(ascii_name[:2]) or "huarui"
    phone = {"DE": "04191", "FR": "05 65", "NL": "020", "GB": "01392", "IT": "0546", "ES": "94", "PL": "12"}.get(
        country, "0512"
    )
    return Company(
        name,
        street,
        town,
        country,
        vat(rng, country),
        f"{rng.randrange(10, 40)}/{rng.randrange(100, 999)}/{rng.randrange(10000, 99999)}",
        iban(rng, country),
        f"{_filled(rng, 'XXXX')}{country}{_filled(rng, 'XX')}",
        f"{phone} {rng.randrange(10, 99)} {rng.randrange(10, 99)} {rng.randrange(10, 99)}",
        f"{stem}.{country.lower()}",
        str(rng.randrange(1000, 99999)),
        rng.choice(PEOPLE.split("|")[:-1]),
    )


def facts(rng: random.Random, language: str, number: int) -> Facts:
    """What one invoice says; every third has something special."""
    home = COUNTRY_OF[language]
    special = number % 8
    seller_country = {"de": ("DE", "DE", "AT", "CH"), "fr": ("FR", "FR", "CH")}.get(language, (home,))
    country = "CN" if language == "en" and special == 5 else rng.choice(seller_country)
    seller = company(rng, country)
    foreign = special == 3
    buyer = company(rng, rng.choice([c for c in PLACES if c not in ("CN", country)]) if foreign else home, seller.name)
    rates = [Decimal(rate) for rate in RATES[country]]
    goods = rng.sample(GOODS[language].split("|"), 5)
    count = 42 if special == 6 else rng.randrange(1, 6)
    items = []
    for at in range(count):
        price = Decimal(rng.randrange(250, 64000)) / 100
        pieces = rng.randrange(1, 12)
        rate = Decimal(0) if foreign else rates[1] if special == 1 and at == 0 and count > 1 else rates[0]
        items.append((f"{rng.randrange(100, 999)}-{at}", goods[at % 5], pieces, price, pieces * price, rate))
    issued = date(2023, 1, 5) + timedelta(days=rng.randrange(0, 1000))
    no = rng.choice(("{y}-{n:04}", "RE{n:05}", "{n:07}", "{y}/{n:03}", "F{y}{n:05}", "{n}/{m:02}/{y}", "INV-{n:06}"))
    facts = Facts(
        language, seller, buyer, company(rng, home, buyer.name) if special == 4 else None,
        no.format(y=issued.year, n=rng.randrange(11, 9999), m=issued.month), issued,
        issued + timedelta(days=rng.choice((10, 14, 30, 45))), issued - timedelta(days=rng.randrange(1, 9)),
        rng.choice(("45{n:08}", "B-{n}", "PO{n:06}", "{n}/24")).format(n=rng.randrange(100, 99999)) if rng.random() < 0.5 else "",
        str(rng.randrange(10000, 99999)),
        {"GB": "GBP", "PL": "PLN", "CN": "CNY", "CH": "CHF"}.get(country, "EUR"), items,
        reverse=foreign, credit=special == 7, discount=special == 0,
    )  # fmt: skip
    if special == 2:
        facts.prepaid = (facts.total * Decimal("0.3")).quantize(CENT)
    return facts
