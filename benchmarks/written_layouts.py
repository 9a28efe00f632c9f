"""How the invoices of `written_invoices.py` are laid out: six layouts of the first half, six of the second."""

import random
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from written_parties import COUNTRY_NAMES, Company, Facts
from written_wording import WORDING

_FOLDER = Path("/usr/share/fonts/truetype")
_FONTS = {
    "Sans": ("liberation/LiberationSans-Regular.ttf", "liberation/LiberationSans-Bold.ttf"),
    "Serif": ("liberation/LiberationSerif-Regular.ttf", "liberation/LiberationSerif-Bold.ttf"),
    "Deja": ("dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf"),
    "Chinese": ("wqy/wqy-zenhei.ttc", "wqy/wqy-zenhei.ttc"),
}
_MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
}


class Sheet:
    """An invoice on its pages; what is printed of it becomes its known values."""

    def __init__(self, file: Path, facts: Facts, half: int, rng: random.Random) -> None:
        for name, files in _FONTS.items():
            for bold, font in enumerate(files):
                pdfmetrics.registerFont(TTFont(name + "Bold" * bold, str(_FOLDER / font)))
        self.canvas = Canvas(str(file), pagesize=A4)
        self.facts, self.half, self.rng = facts, half, rng
        self.font = "Chinese" if facts.language == "zh" else rng.choice(("Sans", "Serif", "Deja", "Sans"))
        self.size = rng.choice((8.5, 9, 9.5, 10)) - (self.font == "Deja")
        self._words: dict[str, str] = {}
        self.page = 1
        self.footer: Callable[[], None] = lambda: None
        forms = {"de": "dm", "fr": "sm", "nl": "-m", "en": "m,s", "it": "sm", "es": "sm", "pl": "di", "zh": "i"}
        self._date_form = rng.choice(forms[facts.language])
        self._sign = rng.choice(("behind", "behind", "before", "code", "none"))

    # texts

    def w(self, slot: str, **parts: str) -> str:
        """A wording of this half, the same all over the invoice."""
        if slot not in self._words:
            self._words[slot] = self.rng.choice(WORDING[self.facts.language][slot][self.half].split("|"))
        text = self._words[slot]
        for name, value in parts.items():
            text = text.replace(f"<{name}>", value)
        return text

    def columns(self, slot: str) -> list[str]:
        return WORDING[self.facts.language][slot][self.half].split("|")

    def day(self, when: date) -> str:
        language = self.facts.language
        match self._date_form:
            case "i":
                return f"{when.year}-{when.month:02}-{when.day:02}"
            case "m" | ",":
                month = _MONTHS[language].split()[when.month - 1]
                if language == "de":
                    return f"{when.day}. {month} {when.year}"
                if language == "es":
                    return f"{when.day} de {month} de {when.year}"
                return (
                    f"{month} {when.day}, {when.year}" if self._date_form == "," else f"{when.day} {month} {when.year}"
                )
            case "d":
                return f"{when.day:02}.{when.month:02}.{when.year}"
            case "-":
                return f"{when.day:02}-{when.month:02}-{when.year}"
            case _:
                return f"{when.day:02}/{when.month:02}/{when.year}"

    def number(self, value: Decimal) -> str:
        text = f"{-value if self.facts.credit and self.half else value:,.2f}"
        country = self.facts.seller.country
        if country in ("GB", "CN"):
            return text
        thousands = {"FR": " ", "PL": " ", "CH": "'"}.get(country, ".")
        point = "." if country == "CH" else ","
        return text.replace(",", "~").replace(".", point).replace("~", thousands)

    def money(self, value: Decimal) -> str:
        text, code = self.number(value), self.facts.currency
        sign = {"EUR": "€", "GBP": "£", "CNY": "¥", "PLN": "zł"}.get(code, code)
        if self._sign == "none":
            return text
        self.facts.values["currency"] = code
        if self._sign == "code":
            return f"{text} {code}"
        if self._sign == "before" or code in ("GBP", "CNY"):
            return (
                f"{sign} {text}" if code in ("EUR", "CHF") else f"{sign}{text}" if code != "PLN" else f"{text} {sign}"
            )
        return f"{text} {sign}"

    def percent(self, rate: Decimal) -> str:
        text = f"{rate:f}" if self.facts.seller.country in ("GB", "CN", "CH") else f"{rate:f}".replace(".", ",")
        return f"{text} %" if self.facts.language in ("de", "fr", "es") else f"{text}%"

    def put(self, x: float, y: float, text: str, size: float = 0, bold: bool = False, right: bool = False) -> None:
        """Text at x and y in points from the upper left; `right`: x is its end."""
        size = size or self.size
        self.canvas.setFont(self.font + "Bold" * bold, size)
        (self.canvas.drawRightString if right else self.canvas.drawString)(x, A4[1] - y, text)

    def width(self, text: str, size: float = 0) -> float:
        return pdfmetrics.stringWidth(text, self.font, size or self.size)

    def stack(
        self, x: float, y: float, lines: Sequence[str], step: float = 0, right: bool = False, size: float = 0
    ) -> float:
        for line in lines:
            self.put(x, y, line, size, right=right)
            y += step or 1.3 * (size or self.size)
        return y

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.canvas.setLineWidth(0.5)
        self.canvas.line(x0, A4[1] - y0, x1, A4[1] - y1)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        self.canvas.setLineWidth(0.5)
        self.canvas.rect(x, A4[1] - y - height, width, height)

    def next_page(self) -> None:
        self.footer()
        self.canvas.showPage()
        self.page += 1

    def save(self) -> None:
        self.footer()
        self.canvas.showPage()
        self.canvas.save()

    # what is known

    def seller(self) -> Company:
        values, seller = self.facts.values, self.facts.seller
        values["seller_name"], values["seller_address"] = seller.name, seller.address
        return seller

    def buyer(self, country: bool = True) -> list[str]:
        values, buyer = self.facts.values, self.facts.buyer
        values["buyer_name"], values["buyer_address"] = buyer.name, buyer.address
        foreign = country and buyer.country != self.facts.seller.country
        return [*buyer.lines, *([COUNTRY_NAMES[buyer.country]] if foreign else [])]

    def vat(self) -> str:
        text = self.facts.seller.vat
        if text[:2] in ("IT", "ES", "PL") and self.facts.language in ("it", "es", "pl"):
            text = text[2:]
        self.facts.values["seller_tax_id"] = text
        return f"{self.w('vat')}{'' if self.w('vat').endswith(':') else self.rng.choice((':', ''))} {text}"

    def your_vat(self) -> str:
        text = self.facts.buyer.vat
        self.facts.values["buyer_tax_id"] = text
        return f"{self.w('your_vat')}: {text}"

    def iban(self) -> str:
        self.facts.values["iban"] = self.facts.seller.iban
        return self.facts.seller.iban

    def references(self, slots: Sequence[str]) -> list[tuple[str, str]]:
        """(caption, value) of number, dates and so on, those that the invoice has."""
        facts, rows = self.facts, []
        for slot in slots:
            if slot == "no":
                facts.values["invoice_no"] = facts.no
                rows.append((self.w("no"), facts.no))
            elif slot == "date":
                facts.values["invoice_date"] = facts.issued.isoformat()
                rows.append((self.w("date"), self.day(facts.issued)))
            elif slot == "due":
                facts.values["due_date"] = facts.due.isoformat()
                rows.append((self.w("due"), self.day(facts.due)))
            elif slot == "po" and facts.po:
                facts.values["purchase_order"] = facts.po
                rows.append((self.w("po"), facts.po))
            elif slot == "customer":
                rows.append((self.w("customer"), facts.customer))
            elif slot == "delivery":
                rows.append((self.w("delivery"), self.day(facts.delivered)))
            elif slot == "contact":
                rows.append((self.w("contact"), facts.seller.person))
        return rows

    def title(self) -> str:
        text = self.w("credit" if self.facts.credit else "title", no=self.facts.no)
        if self.facts.no in text:
            self.facts.values["invoice_no"] = self.facts.no
        return text

    # parts that several layouts share

    def table(self, y: float, xs: Sequence[float], bottom: float, grid: bool = False, top: float = 60) -> float:
        """The goods, on several pages if needed; returns the y below them."""
        facts, step = self.facts, 1.7 * self.size

        def head(y: float) -> float:
            for at, text in enumerate(self.columns("columns")):
                self.put(xs[at], y, text, bold=True, right=at >= 2)
            self.line(xs[0], y + 4, xs[-1], y + 4)
            return y + step

        y, sofar = head(y), Decimal(0)
        for number, (code, goods, count, price, amount, _) in enumerate(facts.items, 1):
            if y > bottom:
                self.put(xs[-2], y, self.w("carry", page=str(self.page)), right=True)
                self.put(xs[-1], y, self.number(sofar), right=True)
                self.next_page()
                y = head(top)
            first = code if self.half == 0 and self.facts.language in ("fr", "it", "es") else str(number)
            for at, text in enumerate((first, goods, str(count), self.number(price), self.number(amount))):
                self.put(xs[at], y, text, right=at >= 2)
            if grid:
                self.line(xs[0], y + 4, xs[-1], y + 4)
            sofar += amount
            y += step
        self.line(xs[0], y - 8, xs[-1], y - 8)
        return y + 6

    def sums(self, y: float, label: float, end: float, right: bool = False, bold: bool = True) -> float:
        """Net, taxes and total below each other."""
        facts, step = self.facts, 1.6 * self.size
        rows: list[tuple[str, str, bool]] = []
        if not facts.reverse:
            rows.append((self.w("net"), self.money(facts.net), False))
            facts.values["amount_net"] = str(-facts.net if facts.credit and self.half else facts.net)
            for rate, _, tax in facts.sums:
                rows.append((self.w("tax", rate=self.percent(rate)), self.money(tax), False))
            if len(facts.sums) == 1:
                facts.values["tax_rate"] = str(facts.sums[0][0])
                facts.values["amount_tax"] = str(-facts.tax if facts.credit and self.half else facts.tax)
        rows.append((self.w("total"), self.money(facts.total), True))
        facts.values["amount_total"] = str(-facts.total if facts.credit and self.half else facts.total)
        if facts.prepaid:
            rows.append((self.w("prepaid", date=self.day(facts.delivered)), "-" + self.number(facts.prepaid), False))
            rows.append((self.w("left"), self.money(facts.total - facts.prepaid), True))
        for caption, text, strong in rows:
            self.put(
                label, y, caption + (":" if self.half and self.size > 8.6 else ""), bold=strong and bold, right=right
            )
            self.put(end, y, text, bold=strong and bold, right=True)
            y += step
        return y + 4

    def rates(self, y: float, xs: Sequence[float]) -> float:
        """A table of the rates with their nets and taxes."""
        for at, text in enumerate(self.columns("rates")):
            self.put(xs[at], y, text, bold=True, right=at > 0)
        for rate, net, tax in self.facts.sums:
            y += 1.6 * self.size
            for at, text in enumerate((self.percent(rate), self.number(net), self.number(tax), self.number(net + tax))):
                self.put(xs[at], y, text, right=at > 0)
        if len(self.facts.sums) == 1 and self.facts.sums[0][0]:
            self.facts.values["tax_rate"] = str(self.facts.sums[0][0])
        return y + 2 * self.size

    def closing(self, x: float, y: float, due: bool = True) -> float:
        """What is to be paid until when, with discounts and the reason for no tax."""
        facts = self.facts
        lines = []
        if due:
            facts.values["due_date"] = facts.due.isoformat()
            lines.append(self.w("pay", due=self.day(facts.due)))
        if facts.discount:
            cut = (facts.total * Decimal("0.02")).quantize(Decimal("0.01"))
            early = date.fromordinal(facts.issued.toordinal() + 7)
            lines.append(self.w("discount", early=self.day(early), cut=self.money(cut)))
        if facts.reverse:
            lines += [self.w("reverse"), self.your_vat()]
        if text := self.w("words", total=self.money(facts.total)):
            lines.append(text)
        return self.stack(x, y, [*lines, "", self.w("thanks")])

    def intro(self, x: float, y: float) -> float:
        return self.stack(x, y, self.w("intro", delivered=self.day(self.facts.delivered)).split(";")) + 8

    def pages(self) -> str:
        return self.w("page", page=str(self.page), pages=str(self.page if len(self.facts.items) < 20 else 2))

    def register(self) -> list[str]:
        town = " ".join(w for w in self.facts.seller.town.split() if not any(c.isdigit() for c in w) and len(w) > 2)
        return self.w("register", town=town, reg=self.facts.seller.register, person=self.facts.seller.person).split(";")

    def contact(self) -> list[str]:
        seller = self.facts.seller
        return [
            f"{self.w('phone')} {seller.phone}",
            f"{self.w('mail')} info@{seller.domain}",
            f"www.{seller.domain}",
        ]

    def account(self) -> list[str]:
        if not self.facts.seller.iban:
            return [f"{self.w('bank')}: Bank of China", "SWIFT: BKCHCNBJ"]
        return [self.w("bank"), f"IBAN {self.iban()}", f"BIC {self.facts.seller.bic}"]


# the first half


def letter(s: Sheet) -> None:
    """A letter by DIN 5008 B or its kin, with an information block and a footer in columns."""
    seller = s.seller()
    s.put(535, 60, seller.name, 18, True, right=True)
    s.put(70, 135, f"{seller.name} · {seller.street} · {seller.town}", 6.5)
    s.line(70, 138, 290, 138)
    s.stack(70, 155, s.buyer())
    for at, (caption, value) in enumerate(s.references(("customer", "date", "po", "delivery", "contact"))):
        s.put(360, 150 + 14 * at, f"{caption}:")
        s.put(460, 150 + 14 * at, value)

    def footer() -> None:
        for x, lines in (
            (70, seller.lines),
            (190, s.contact()),
            (320, s.account()),
            (450, [*s.register(), s.vat(), f"{s.w('office')} {seller.office}"]),
        ):
            s.stack(x, 775, lines, 9.5, size=6.8)

    s.footer = footer
    title = s.title()
    s.facts.values["invoice_no"] = s.facts.no
    s.put(70, 290, title if s.facts.no in title else f"{title} {s.facts.no}", 13, True)
    y = s.intro(70, 320)
    y = s.table(y + 5, (70, 100, 350, 440, 535), 700)
    y = s.sums(y, 350, 535)
    s.closing(70, y + 10)


def form_with_siret(s: Sheet) -> None:
    """The seller upper left with legal lines, the title in a box on the right, the addressee in a window on the right."""
    seller = s.seller()
    s.put(40, 50, seller.name, 14, True)
    y = s.stack(
        40, 66, [seller.street, seller.town, *s.contact()[:2], f"{s.w('office')} : {seller.register}00012", s.vat()]
    )
    s.box(330, 40, 225, 70)
    s.put(340, 58, s.title(), 14, True)
    for at, (caption, value) in enumerate(s.references(("no", "date", "customer"))):
        s.put(340, 74 + 12 * at, f"{caption} : {value}")
    s.stack(330, 160, s.buyer(), 14, size=10)
    y = max(y, 250)
    if rows := s.references(("po", "delivery")):
        s.put(40, y, "   ".join(f"{caption} : {value}" for caption, value in rows))
    y = s.table(y + 30, (40, 110, 350, 450, 555), 690, grid=True)
    below = s.rates(y + 10, (40, 130, 200, 275))
    y = s.sums(y + 10, 360, 555)
    y = s.closing(40, max(y, below) + 10)
    s.stack(40, y + 10, s.account())
    s.footer = lambda: s.put(60, 815, f"{seller.name} - {' - '.join(s.register())} - {s.pages()}", 7)


def right_logo(s: Sheet) -> None:
    """Name and address of the seller right-aligned, title and addressee left, references in a table of two columns."""
    seller = s.seller()
    s.put(545, 55, seller.name, 16, True, right=True)
    s.stack(545, 72, [seller.street, seller.town, *s.contact()], right=True, size=8.5)
    s.put(50, 80, s.title(), 24, True)
    s.put(50, 130, s.w("to"), bold=True)
    s.stack(50, 145, s.buyer())
    for at, (caption, value) in enumerate(s.references(("no", "date", "due", "po", "customer"))):
        s.put(330, 150 + 15 * at, caption, bold=True)
        s.put(545, 150 + 15 * at, value, right=True)
    y = s.table(260, (50, 80, 360, 450, 545), 700)
    y = s.sums(y, 440, 545, right=True)
    y = s.closing(50, y, due=False)
    s.stack(50, y + 15, s.account())
    s.footer = lambda: s.put(50, 810, f"{' '.join(s.register())}  {s.vat()}", 7)


def two_boxes(s: Sheet) -> None:
    """Seller and buyer in boxes with headings, the document's data in a row of captions above their values."""
    seller = s.seller()
    for x, heading, lines in (
        (35, s.w("from"), [*seller.lines, s.vat(), *s.contact()[:2]]),
        (305, s.w("to"), [*s.buyer(), s.your_vat()]),
    ):
        s.box(x, 40, 255, 105)
        s.put(x + 6, 52, heading.upper() if s.half == 0 and len(heading) > 3 else heading, 7.5)
        s.stack(x + 6, 67, lines, size=9)
    s.put(35, 170, s.title(), 13, True)
    rows = s.references(("no", "date", "customer", "due", "po"))
    for at, (caption, value) in enumerate(rows):
        x = 35 + at * 105
        s.box(x, 182, 105, 28)
        s.put(x + 3, 191, caption, 6.5)
        s.put(x + 3, 205, value, 9)
    y = s.table(235, (35, 95, 350, 450, 560), 680, grid=True)
    y = s.rates(y + 8, (35, 160, 250, 350))
    y = s.sums(y, 380, 560)
    y = s.closing(35, y, due=False)
    s.stack(35, y + 8, s.account())
    s.footer = lambda: s.put(560, 820, s.pages(), 7, right=True)


def columns_with_summary(s: Sheet) -> None:
    """Number in the title, dates upper right, seller and buyer in columns without boxes, a summary by rates."""
    seller = s.seller()
    title = s.title()
    s.facts.values["invoice_no"] = s.facts.no
    s.put(40, 60, title if s.facts.no in title else f"{title}  {s.w('no')} {s.facts.no}", 14, True)
    for at, (caption, value) in enumerate(s.references(("date", "delivery", "due"))):
        s.put(555, 50 + 13 * at, f"{caption}: {value}", right=True)
    s.put(40, 120, f"{s.w('from')}:", bold=True)
    s.put(310, 120, f"{s.w('to')}:", bold=True)
    s.stack(40, 135, [*seller.lines, s.vat(), f"{s.account()[0]}: {s.iban()}" if seller.iban else s.contact()[0]])
    s.stack(310, 135, [*s.buyer(), s.your_vat()])
    y = s.table(230, (40, 65, 340, 445, 555), 690, grid=True)
    y = s.rates(y + 6, (300, 390, 470, 555))
    y = s.sums(y, 380, 555)
    s.closing(40, y, due=False)
    s.put(60, 780, "................................", 8)
    s.put(400, 780, "................................", 8)
    s.footer = lambda: s.put(300, 822, s.pages(), 7)


def reference_line(s: Sheet) -> None:
    """A letter with its references in one line of captions, letterhead centred, footer centred in two lines."""
    seller = s.seller()
    s.put(298 - s.width(seller.name, 17) / 2, 50, seller.name, 17, True)
    head = f"{seller.street} | {seller.town} | {s.contact()[0]}"
    s.put(298 - s.width(head, 8) / 2, 64, head, 8)
    s.line(60, 72, 540, 72)
    s.stack(65, 140, s.buyer())
    rows = s.references(("customer", "po", "no", "date"))
    for at, (caption, value) in enumerate(rows):
        s.put(65 + at * 122, 245, caption, 7)
        s.put(65 + at * 122, 257, value, 9)
    s.put(65, 300, s.title(), 15, True)
    y = s.intro(65, 322)
    y = s.table(y, (65, 95, 350, 440, 540), 700)
    y = s.sums(y, 330, 540)
    s.closing(65, y + 6)

    def footer() -> None:
        for at, text in enumerate((" | ".join(s.account()), f"{' '.join(s.register())} | {s.vat()}")):
            s.put(298 - s.width(text, 7) / 2, 800 + 10 * at, text, 7)

    s.footer = footer


# the second half


def side_column(s: Sheet) -> None:
    """A letter by DIN 5008 A with the seller in a column on the right and the references in a bar."""
    seller = s.seller()
    s.put(60, 45, seller.name.upper() if s.facts.language != "zh" else seller.name, 15, True)
    s.put(60, 100, f"{seller.name}, {seller.street}, {seller.town}", 6)
    s.stack(60, 118, s.buyer())
    contact = [*seller.lines, "", *s.contact(), "", s.vat(), *s.account()]
    s.stack(430, 95, contact, 10, size=7.2)
    s.box(60, 235, 480, 28)
    rows = s.references(("no", "po", "customer", "date"))
    for at, (caption, value) in enumerate(rows):
        s.put(64 + at * 120, 245, caption, 6.5)
        s.put(64 + at * 120, 258, value, 9, True)
    s.put(60, 295, s.title(), 14, True)
    y = s.intro(60, 315)
    y = s.table(y, (60, 85, 360, 440, 540), 710)
    y = s.sums(y, 370, 540)
    s.closing(60, y + 8)
    s.footer = lambda: s.put(540, 815, f"{' · '.join(s.register())} · {s.pages()}", 7, right=True)


def piped_footer(s: Sheet) -> None:
    """The addressee below a heading, references in two columns of two, everything of the seller in one footer line."""
    seller = s.seller()
    s.put(50, 60, seller.name, 20, True)
    s.put(50, 120, s.w("to"), 8)
    s.stack(50, 134, s.buyer(), 13)
    s.put(50, 210, s.title(), 16, True)
    rows = s.references(("no", "date", "customer", "due", "po", "delivery"))
    for at, (caption, value) in enumerate(rows):
        x, y = 50 + 250 * (at % 2), 235 + 14 * (at // 2)
        s.put(x, y, caption)
        s.put(x + 110, y, value)
    y = s.table(300, (50, 80, 370, 450, 545), 700)
    y = s.sums(y, 380, 545)
    s.closing(50, y + 8, due=False)

    def footer() -> None:
        s.put(50, 790, f"{seller.name} | {seller.street} | {seller.town} | {s.contact()[0]} | {s.contact()[2]}", 7)
        s.put(50, 800, f"{s.vat()} | {' | '.join(s.account()[1:])} | {' '.join(s.register())}", 7)

    s.footer = footer


def amount_on_top(s: Sheet) -> None:
    """What is to be paid in large print at the top, from and to side by side, no lines."""
    seller = s.seller()
    s.put(45, 60, s.title(), 20, True)
    for at, (caption, value) in enumerate(s.references(("no", "date", "due", "po"))):
        s.put(45, 85 + 13 * at, caption, bold=True)
        s.put(150, 85 + 13 * at, value)
    s.stack(45, 165, [seller.name, seller.street, seller.town, f"info@{seller.domain}", s.vat()])
    s.put(310, 152, s.w("to"), bold=True)
    s.stack(310, 165, [*s.buyer(), s.your_vat()])
    s.put(45, 265, f"{s.money(s.facts.total - s.facts.prepaid)}  {s.w('due')} {s.day(s.facts.due)}", 15, True)
    y = s.table(300, (45, 70, 380, 460, 550), 710)
    y = s.sums(y, 380, 550)
    y = s.closing(45, y + 8, due=False)
    s.stack(45, y + 12, s.account())
    s.footer = lambda: s.put(550, 815, f"{s.facts.no} · {s.pages()}", 7, right=True)


def sums_in_a_row(s: Sheet) -> None:
    """The buyer in a box on the right, references in a table, net, tax and total in one row below their captions."""
    seller, facts = s.seller(), s.facts
    s.put(40, 55, seller.name, 15, True)
    s.stack(40, 70, [seller.street, seller.town, s.vat(), *s.contact()[:2]])
    s.box(310, 95, 245, 80)
    s.put(316, 106, s.w("to"), 7.5)
    s.stack(316, 121, [*s.buyer(), s.your_vat()])
    s.put(310, 70, s.title(), 18, True)
    rows = s.references(("no", "date", "po", "customer"))
    for at, (caption, value) in enumerate(rows):
        s.box(40 + at * 128, 195, 128, 32)
        s.put(46 + at * 128, 206, caption, 8, True)
        s.put(46 + at * 128, 221, value)
    y = s.table(250, (40, 90, 350, 450, 552), 680, grid=True) + 15
    captions = [s.w("net"), "%", s.w("tax", rate="").strip(" ()@:à"), s.w("total")]
    for at, caption in enumerate(captions):
        s.put(180 + at * 124, y, caption, bold=True, right=True)
    for at, (rate, net, tax) in enumerate(facts.sums):
        y += 15
        total = s.money(facts.total) if at == 0 else ""
        for column, text in enumerate((s.number(net), s.percent(rate), s.number(tax), total)):
            s.put(180 + column * 124, y, text, right=True)
    sign = -1 if facts.credit else 1
    facts.values["amount_total"] = str(sign * facts.total)
    if len(facts.sums) == 1:
        facts.values |= {"amount_net": str(sign * facts.net), "tax_rate": str(facts.sums[0][0])}
        facts.values |= {"amount_tax": str(sign * facts.tax)} if facts.tax else {}
    y = s.closing(40, y + 25)
    s.stack(40, y + 10, [f"{s.account()[0]}: {' '.join(s.account()[1:])}"])
    s.footer = lambda: s.put(40, 818, f"{seller.name}, {seller.street}, {seller.town}. {' '.join(s.register())}", 6.5)


def delivery_beside(s: Sheet) -> None:
    """Delivery and invoice address side by side, the seller's address in the letterhead's line only."""
    seller, ship = s.seller(), s.facts.ship
    s.put(50, 50, seller.name, 17, True)
    s.put(50, 64, f"{seller.street} • {seller.town} • {s.contact()[0]} • {s.contact()[1]}", 7.5)
    s.line(50, 70, 545, 70)
    s.put(50, 105, f"{s.w('to')}:", bold=True)
    s.stack(50, 120, s.buyer())
    if ship:
        s.put(310, 105, f"{s.w('ship')}:", bold=True)
        s.stack(310, 120, ship.lines)
    s.put(50, 200, s.title(), 14, True)
    y = 220.0
    for caption, value in s.references(("no", "date", "delivery", "po", "contact")):
        s.put(50, y, f"{caption}:")
        s.put(170, y, value)
        y += 13
    y = s.table(y + 15, (50, 80, 360, 450, 545), 700)
    y = s.sums(y, 340, 545)
    s.closing(50, y + 5)

    def footer() -> None:
        s.stack(50, 785, [s.vat(), *s.register()], 9, size=7)
        s.stack(300, 785, s.account(), 9, size=7)

    s.footer = footer


def two_languages(s: Sheet) -> None:
    """Captions in the country's language and in English, party headings with colons, the sums in a sentence, too."""
    english = {"no": "Invoice no.", "date": "Date", "due": "Due date", "po": "Order no.", "customer": "Customer no."}
    seller = s.seller()
    s.put(45, 50, seller.name, 13, True)
    s.stack(45, 64, [f"{seller.street}, {seller.town}", f"{COUNTRY_NAMES[seller.country]}"])
    s.put(
        550,
        50,
        f"{s.title()} / Invoice" if s.facts.language != "en" and not s.facts.credit else s.title(),
        15,
        True,
        right=True,
    )
    s.put(45, 120, f"{s.w('to')}:")
    s.stack(130, 120, s.buyer())
    y = 120.0
    for slot in ("no", "date", "due", "po", "customer"):
        for caption, value in s.references((slot,)):
            both = caption.rstrip(":") if s.facts.language == "en" else f"{caption.rstrip(':')} / {english[slot]}"
            s.put(320, y, both, 8)
            s.put(550, y, value, right=True)
            y += 14
    y = s.table(220, (45, 70, 380, 460, 550), 690)
    y = s.sums(y, 360, 550)
    y = s.closing(45, y, due=False)
    s.stack(45, y + 10, [*s.account(), s.vat(), *s.register()])
    s.footer = lambda: s.put(298, 815, s.pages(), 7)


LAYOUTS = (
    (letter, form_with_siret, right_logo, two_boxes, columns_with_summary, reference_line),
    (side_column, piped_footer, amount_on_top, sums_in_a_row, delivery_beside, two_languages),
)
