"""Adding and dropping words at the ends of a label."""

from storage.records import Page, Token
from workbench.annotation import movement
from workbench.annotation.text_grid import lay_out

# OCR read the last word of the company's name as a line of its own, after everything else.
WORDS = [
    ("HEALTHCARE", 2, (132, 223, 260, 248)),
    ("SDN", 2, (273, 223, 312, 248)),
    ("1118258-K", 3, (130, 248, 250, 274)),
    ("GST", 4, (420, 224, 470, 249)),
    ("BHD", 60, (329, 224, 371, 249)),
]
TOKENS = tuple(Token(i, 0, line, text, tuple(map(float, box))) for i, (text, line, box) in enumerate(WORDS))
LAYOUT = lay_out([Page(0, 600.0, 900.0, TOKENS)], 80)


def adjusted(span: tuple[int, ...], at_end: bool = True, phrases: bool = False) -> str | None:
    tokens = movement.adjusted(LAYOUT, TOKENS, span, more=True, at_end=at_end, phrases=phrases)
    return " ".join(TOKENS[t].text for t in tokens) if tokens else None


def test_the_word_right_behind_is_added_although_it_was_read_as_another_line():
    assert adjusted((1,)) == "SDN BHD"
    assert adjusted((1,), phrases=True) == "SDN BHD"


def test_the_word_right_before_is_added_although_it_was_read_as_another_line():
    assert adjusted((4,), at_end=False) == "SDN BHD"


def test_behind_a_wide_gap_the_line_below_is_added_rather_than_another_column():
    assert adjusted((1, 4)) == "SDN BHD 1118258-K"
