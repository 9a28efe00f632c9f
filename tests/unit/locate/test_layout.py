"""Rows of words on a page."""

import random

from storage.records import Token
from workbench.locate import language
from workbench.locate.layout import Layout


def test_two_columns_of_different_line_heights_are_no_slanted_scan() -> None:
    """Lines of one column that are on different heights are not put into one row."""
    torn = 0
    for seed in range(40):
        draw, words = random.Random(seed), []
        for x, count in ((77.0, 20), (640.0, 14)):
            y = 60.0
            for _ in range(count):
                y += draw.choice((14, 16, 18, 22, 30))
                words.append(Token(len(words), 0, len(words), "word", (x, y, x + 100, y + 13)))
        torn += any(abs(words[i].box[1] - words[row[0]].box[1]) > 8 for row in Layout(words).rows for i in row)
    assert torn <= 2  # by chance; it was every second page


def test_the_language_is_guessed_by_its_small_words() -> None:
    assert (
        language.guess(["Bitte", "überweisen", "Sie", "den", "Betrag", "auf", "das", "Konto", "der", "Firma"]) == "de"
    )
    assert (
        language.guess(["Merci", "de", "nous", "régler", "le", "montant", "de", "la", "facture", "avant", "la", "date"])
        == "fr"
    )
    assert language.guess(["发票号码", "合计", "金额"]) == "zh"
    assert language.guess(["12.50", "ABC"]) == ""
