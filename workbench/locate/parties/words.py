"""Patterns and words by which lines of names and addresses are known. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache

from workbench.fields import FieldType, legal_forms
from workbench.fields.legal_forms import LEGAL_AT_END
from workbench.fields.values import occurrences
from workbench.locate import headers

_TOWN_AFTER_CODE = (
    r"(?:^|[\s,])(?:[A-Z]{1,3} ?[-–]? ?)?"
    r"(?:[0-9]{5}|[0-9]{4}(?: ?[A-Z]{2})?|[0-9]{2}-[0-9]{3}|[0-9]{3} [0-9]{2}|[0-9]{4}-[0-9]{3}),? +"
    r"(?:[-–] )?[^\W\d_][^\W\d_]"
)
_TOWN_TOUCHES_CODE = r"^[0-9]{5}[A-ZÄÖÜ][a-zäöüß]{2}"
_AMERICAN = r"\b[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?\b"
_BRITISH = r"\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b"
_CANADIAN = r"\b[A-Z][0-9][A-Z] [0-9][A-Z][0-9]\b"
_CODE_AFTER_TOWN = r"[^\W\d_]{3,},? (?:[A-Z]{2,3} |[-–] ?)?[0-9]{4,6}[.,]?$"
TOWN = re.compile("|".join((_TOWN_AFTER_CODE, _TOWN_TOUCHES_CODE, _AMERICAN, _BRITISH, _CANADIAN, _CODE_AFTER_TOWN)))
"""A post code with its town."""
STREET = re.compile(
    r"(?:stra(?:ss|ß)e|str\.?|weg|platz|allee|gasse|straat|laan|plein|ring|damm|ufer|hof|kade|dreef)(?!\w)|"
    r"\b(?:rue|avenue|ave|av|boulevard|bd|chemin|route|quai|place|impasse|calle|c/|avda|avenida|paseo|ctra|apartado|"
    r"plaza|via|viale|corso|piazza|largo|street|st|road|rd|lane|drive|way|square|court|ul\.?|aleja|aleje|al\.?|pl\.|os\.|rua|"
    r"ronda|travesía|glorieta|rambla|pasaje|camino|polígono|pol\. ind|strada|località|loc\.|frazione|contrada|vicolo|"
    r"postfach|po box|p\.o\. box|bp)\b",
    re.IGNORECASE,
)
HOUSE = re.compile(r"(?<![\w.,-])[0-9]{1,4} ?[a-zA-Z]?(?:[-/–] ?[0-9]{1,4} ?[a-zA-Z]?)?(?![\w.%€$])")
_OTHER = re.compile(
    r"@|\bwww\.|https?:|[0-9]{2}[./][0-9]{2}[./][0-9]{2}|[%€$£]|[0-9][.,][0-9]{2}(?![0-9])|\+ ?[0-9]{2}|"
    r"[0-9]{3}[.-][0-9]{3}[.-][0-9]{4}|\ba/c\b|"
    r"\b(?:tel|telefon|telephone|phone|fax|telefax|mobil|e-?mail|web ?:|iban|bic|swift|ust|vat|tva|btw|hrb|siret|siren|"
    r"steuernummer|kvk|gln|gtin|nif|cif|nip|regon|p\.? ?iva|"
    r"n\.i\.f|c\.i\.f|registro mercantil|reg\. merc|tomo|folio|rea|r\.e\.a|reg\. imprese|cap\. soc|cod\. sdi|"
    r"codice (?:destinatario|fiscale|univoco)|krs|bdo|sąd rejonowy|"
    r"charge|batch|lote|lotto|partij|partia|haltbar|houdbaar|best before|caducidad|scadenza|consumir|zużyć)(?!\w)|"
    r"税号|识别号|信用代码|电话|传真|邮箱|开户|账号",
    re.IGNORECASE,
)
CONTACT = re.compile(
    r"@|\bwww\.|https?:|\+[0-9]{2}|"
    r"\b(?:tel|telefon|phone|fax|telefax|téléphone|teléfono|telefono|tfno|telf|tlf|mobil|e-?mail|web ?:|"
    r"internet)\b|电话|传真|邮箱",
    re.IGNORECASE,
)
BUSINESS = re.compile(
    r"\b(?:iban|bic|swift|bank|sparkasse|volksbank|hrb|hra|handelsregister\w*|amtsgericht|registergericht|vorstand|"
    r"geschäftsführer\w*|siret|siren|rcs|capital|ape|naf|kvk|registered|company no|director|directeur|registro|rea|"
    r"r\.e\.a|reg\. imprese|cap\. soc|krs|bdo|sąd rejonowy|regon)\b",
    re.IGNORECASE,
)
SALUTATION = re.compile(
    r"^(?:herrn?|frau|firma|familie|mr|mrs|ms|mme|m|mlle|monsieur|madame|de heer|mevrouw|sig|sr|sra|spett\.?le|an|to|à|"
    r"an die|an den)\.?:?$",
    re.IGNORECASE,
)
TO_PERSON = re.compile(
    r"^(?:herrn?|frau|familie|mr|mrs|ms|mme|mlle|monsieur|madame|de heer|mevrouw|attn|attention|z\. ?hd|zu händen|"
    r"t\.a\.v|a la atención de|[àa] l['’]attention|alla c\.a|alla cortese attenzione|do rąk)\b",
    re.IGNORECASE,
)
TO_ATTENTION = re.compile(
    r"^(?:att[n.:]|attention|z\. ?hd|zu händen|t\.a\.v|ter attentie|(?:a )?la atención|(?:[àa] )?l['’]attention|"
    r"(?:alla )?c\. ?a\.|(?:alla )?cortese attenzione|do rąk)",
    re.IGNORECASE,
)
"""How the line of the person begins whom a company's letter is for."""
TITLE = re.compile(
    r"(?:tax invoice|invoice|credit note|rechnung|gutschrift|facture|avoir|factura|fattura|faktura|factuur|"
    r"creditnota|paragon fiskalny|kassabon|klantenbon|kwitantie|kassenbon|kassenbeleg|quittung|recibo|tique de compra|"
    r"ticket de (?:compra|caisse)|documento commerciale|ricevuta fiscale|scontrino)\b|"
    r"(?:增值税\w*|商业|形式|电子)?发票$|(?:购物|销售|收银)?小票$|(?:收据|账单|结账单|销售单|送货单|贷项通知单|贷项单)$",
    re.IGNORECASE,
)
"""How the title of a document begins, which stands where a name may."""
GREETING = re.compile(
    r"^(?:sehr geehrte|dear|cher|chère|geachte|beste|estimad|muy señor|gentile|egregio|spettabile ditta|szanown)",
    re.IGNORECASE,
)
PHONE = re.compile(r"\+?[0-9]{2,4}-[0-9]{3,4}-?[0-9]{4}|\+?[0-9]{10,12}")
"""A telephone number in one word."""
LEGAL_END = re.compile(rf"({legal_forms.spelled(legal_forms.ENDING)})[.,]?", re.IGNORECASE)
_POINTS = re.compile(r"[.,:;：；，。·•*_=|~–—-]+")
SEPARATOR = re.compile(r"[-–—·•●∙▪■|*•‧]|//?")
HOUSE_NUMBER = re.compile(r"[0-9]{1,3}[a-zA-Z]?[,;]?")
COUNTRY = re.compile(r"[A-Z]{1,2}")
COLON = (":", "：")
_DELIVERY = (
    "delivery address|ship to|shipping address|deliver to|delivery to|lieferadresse|lieferanschrift|warenempfänger|"
    "abweichender warenempfänger|lieferung an|versandadresse|adresse de livraison|livré à|livraison|afleveradres|"
    "bezorgadres|leveringsadres|dirección de entrega|dirección de envío|enviar a|indirizzo di consegna|destinazione|"
    "spedire a|adres dostawy|odbiorca|送货地址|收货地址"
)
_CAPTIONS = (
    "name|address|anschrift|adresse|adres|dirección|indirizzo|endereço|nazwa|siedziba|nom|naam|nombre|notes|bemerkungen"
)
_NAME_CAPTIONS = (
    "name|firma|firmenname|company|company name|unternehmen|nom|raison sociale|société|naam|bedrijf|nombre|nazwa"
)
DELIVERY = frozenset(map(headers.fold, _DELIVERY.split("|")))
CAPTIONS = frozenset(map(headers.fold, _CAPTIONS.split("|")))
NAME_CAPTIONS = frozenset(map(headers.fold, _NAME_CAPTIONS.split("|")))
"""What a form prints before the name of a party."""


@lru_cache(maxsize=8192)
def is_other(text: str) -> bool:
    """Whether a line has something else than a name or an address: a number, a date, an amount, mail."""
    return bool(
        _OTHER.search(text)
        or not re.search(r"[^\W\d_]{2}", text)
        or any(True for _ in occurrences(FieldType.DATE, text))
    )


def is_town(text: str, words: int) -> bool:
    """Whether a line of so many words has a post code and its town."""
    return words <= 8 and bool(TOWN.search(text)) and not is_other(text)


def is_street(text: str) -> bool:
    """Whether a line has a house number or a word for streets."""
    if len(text) > 60 or is_other(text) or LEGAL_AT_END.search(text):
        return False
    return bool(HOUSE.search(text) or STREET.search(text))


@lru_cache(maxsize=8192)
def side_of(text: str) -> str:
    """Whose block a heading announces: "seller", "buyer", "delivery", or "" where it announces none."""
    for part in (text, *text.split("/"), text.split(":")[0]):
        folded = headers.fold(part)
        if folded in DELIVERY:
            return "delivery"
        fields = headers.fields_of(folded) or {}
        for side in ("buyer", "seller"):
            if max(fields.get(f"{side}_name", 0), fields.get(f"{side}_address", 0)) == 1.0:
                return side
    return ""


def is_heading(text: str) -> bool:
    """Whether a line is the title of the document or the caption of what follows it."""
    folded = headers.fold(text)
    if TITLE.match(text) and not LEGAL_AT_END.search(text):
        return True
    return text.endswith(COLON) or folded in DELIVERY or folded in CAPTIONS or headers.fields_of(folded) is not None


def without_points(words: tuple[int, ...], texts: Sequence[str]) -> tuple[int, ...]:
    """A name's or an address's words without points, colons and dashes of their own at its ends; as they are where
    there is nothing else.

    Args:
        words: of the value.
        texts: of these words.
    """
    kept = [at for at, text in enumerate(texts) if not _POINTS.fullmatch(text)]
    return words[kept[0] : kept[-1] + 1] if kept else words
