"""The due date in a sentence about paying, where no header names it: "Zahlbar ohne Abzug bis 28. Juli 2023." Pure."""

import re

from workbench.fields import Field
from workbench.locate.candidates import Finder

TokenIds = tuple[int, ...]
_PAYING = re.compile(
    r"zahl|überweis|ausgleich|begleich|fällig|\bpay|settle|remit|transfer|\bdue\b|r[ée]gl|règl|paiement|exigible|échéance|"
    r"beta+l|voldoe|over te maken|\bpag|bonifico|scaden|venc|płat|zapła|wpłat|付款|汇款|支付",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"\b(?:bis|spätestens|fällig am|ist am|by|before|later than|due on|avant|plus tard|soit le|exigible le|échéance|"
    r"vóór|voor|uiterlijk|tot|entro|scadenza|antes del?|hasta|límite de pago:?|vencimiento|do|dnia|najpóźniej|upływa)\b"
    r"|请于|请在",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"skonto|rabat|discount|deduct|escompte|korting|sconto|descuento|pronto pago|[0-9] ?%|折扣|优惠|"
    r"erhalten|received|reçu|ontvangen|ricevut|recibid|otrzyman|geleistet|anzahlung|deposit|acompte|acconto|anticip|zalicz",
    re.IGNORECASE,
)
"""Of discounts, and of what is paid already."""
_NEAR = 4  # words before the date, among which is the one that sets a limit


def due_date(finder: Finder, field: Field) -> TokenIds:
    """The words of the only date until which a sentence asks for payment; () where there is none, or several."""
    ranked = finder.ranked(field)
    if any(candidate.headed for candidate in ranked):
        return ()
    dates = {finder.around.text(c.tokens).strip(".,;"): c.tokens for c in ranked if _is_limit(finder, c.tokens)}
    return next(iter(dates.values())) if len(dates) == 1 else ()


def _is_limit(finder: Finder, tokens: TokenIds) -> bool:
    row = finder.around.layout.rows[finder.around.layout.row_of[tokens[0]]]
    if tokens[-1] not in row:
        return False
    before, after = row[: row.index(tokens[0])], row[row.index(tokens[-1]) + 1 :]
    sentence = f"{finder.around.text(before)} {finder.around.text(after)}"
    near = finder.around.text(before[-_NEAR:])
    return bool(_UNTIL.search(near) and _PAYING.search(sentence) and not _OTHER.search(sentence))
