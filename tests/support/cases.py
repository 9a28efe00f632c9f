"""Cases made by hand, for tests of figures and rules."""

from workbench.predictions.cases import Case


def case_of_words(number=0, gold=(), predicted=(), words=tuple("abcdefgh"), **facts):
    """A document of two lines of words."""
    facts = {"group": "g", "language": "en", **facts}
    size = len(words)
    return Case(
        number, f"d{number}", words=tuple(words), gold=tuple(gold), predicted=tuple(predicted),
        pages=(0,) * size, lines=(0,) * (size // 2) + (1,) * (size - size // 2),
        **facts,
    )  # fmt: skip


def case_of_rows(rows, gold=(), predicted=(), **facts):
    """A page from rows of (x, word) pairs; rows are 40 apart, a word is 80 wide."""
    words, boxes, lines = [], [], []
    for number, row in enumerate(rows):
        for x, word in row:
            words.append(word)
            boxes.append((x, 40 * number, x + 80, 40 * number + 20))
            lines.append(number)
    return Case(
        1, "a", "g", "en", tuple(words), tuple(gold), tuple(predicted), (0,) * len(words), tuple(lines), tuple(boxes),
        **facts,
    )  # fmt: skip
