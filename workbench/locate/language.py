"""The language of a document, guessed by the small words that only one language has. Pure."""

from collections.abc import Iterable

_WORDS = {
    "en": "the of and to for your with please from this our invoice amount payment date number bill total due receipt",
    "de": "der die das und für von mit bei bitte ihre ihr sie wir den dem auf zu ist rechnung betrag zahlung datum",
    "fr": "le les des du et pour votre vous nous est facture montant date une avec par au aux dans client tva",
    "nl": "het een van en voor uw wij bij met op factuur bedrag datum btw totaal klant aantal prijs ons",
    "es": "el los las de y para su por con factura importe fecha cliente una del total nº iva pago cantidad",
    "it": "il di gli e per con fattura importo data cliente una del della totale pagamento partita iva imponibile",
    "pl": "i w na do z od dla faktura kwota data sprzedawca nabywca razem płatności zapłaty nip vat brutto netto ilość",
    "pt": "o os as e para por com fatura valor data cliente uma do da nif iva quantidade pagamento",
}
_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _WORDS.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)
_LEAST = 3.0  # so much evidence decides; a receipt has few words
_IDEOGRAPHS = range(0x4E00, 0xA000)


def guess(words: Iterable[str]) -> str:
    """A language's two letters; "" where too little speaks for any.

    A word that several languages have counts for each of them with its share.
    """
    votes: dict[str, float] = {}
    for word in words:
        if any(ord(letter) in _IDEOGRAPHS for letter in word):
            votes["zh"] = votes.get("zh", 0.0) + 1
            continue
        languages = _LANGUAGES_OF.get(word.strip(".,:;()").casefold(), ())
        for language in languages:
            votes[language] = votes.get(language, 0.0) + 1 / len(languages)
    if not votes:
        return ""
    language, count = max(votes.items(), key=lambda vote: vote[1])
    return language if count >= _LEAST else ""
