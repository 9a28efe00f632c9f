"""Changes are harmless: aligned, inside the page, the same for the same seed, and real."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.augmentation import CURRENCIES, HEADERS, PartyNames, change, preview
from workbench.runs.config.tune import Augmentation

EVERYTHING = Augmentation(
    header_synonyms=1,
    party_names=1,
    currency_forms=1,
    number_formats=1,
    ocr_noise=0.2,
    box_jitter=20,
    rotation=3,
    blur=1,
)
KNOWN = [word for row in (*HEADERS, *CURRENCIES) for form in row for word in form.split()]
WORD = st.one_of(
    st.sampled_from(KNOWN),
    st.text(min_size=1, max_size=8),
    st.from_regex(r"[0-9]{1,3}([.,][0-9]{3})?[.,][0-9]{2}", fullmatch=True),
)
BOX = st.tuples(*[st.integers(0, 1000)] * 4).map(
    lambda b: [min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])]
)


@given(
    st.lists(st.tuples(WORD, BOX, st.sampled_from(["O", "O", "O", "B-total", "I-total"])), max_size=30), st.integers()
)
def test_everything_stays_aligned(document: list[tuple[str, list[int], str]], seed: int) -> None:
    words, boxes, tags = ([item[i] for item in document] for i in range(3))
    names = PartyNames.of([(words, tags)], ["total"])
    changed = change(words, boxes, tags, EVERYTHING, seed, names)
    assert len({len(changed.words), len(changed.boxes), len(changed.tags), len(changed.origin)}) == 1
    assert all(changed.words)
    # Labelled words are all there, once, in order, with their tags; only unlabelled ones come and go.
    assert [(i, t) for i, t in zip(changed.origin, changed.tags, strict=True) if t != "O"] == [
        (i, t) for i, t in enumerate(tags) if t != "O"
    ]
    for x0, y0, x1, y1 in changed.boxes:
        assert 0 <= x0 <= x1 <= 1000 and 0 <= y0 <= y1 <= 1000
    assert changed == change(words, boxes, tags, EVERYTHING, seed, names)
    off = change(words, boxes, tags, Augmentation(), seed)
    assert (off.words, off.boxes, off.tags) == (words, boxes, tags)


def test_headers_become_synonyms_of_their_own_language() -> None:
    boxes = [[10, 10, 50, 20], [60, 10, 90, 20], [200, 10, 260, 20]]
    headers = set()
    for seed in range(60):
        changed = change(
            ["Grand", "Total:", "9.00"], boxes, ["O", "O", "B-total"], Augmentation(header_synonyms=1), seed
        )
        assert changed.words[-1] == "9.00" and changed.tags[-1] == "B-total"
        header = " ".join(changed.words[:-1])
        assert header.endswith(":")
        headers.add(header.rstrip(":"))
        assert changed.boxes[0][0] == 10 and changed.boxes[-2][2] == 90
    assert headers == set(HEADERS[0]) - {"Grand Total"}
    assert change(["合计"], [[0, 0, 9, 9]], ["O"], Augmentation(header_synonyms=1), 1).words[0] in HEADERS[15]


def test_a_labelled_header_is_left_alone() -> None:
    settings = Augmentation(header_synonyms=1)
    assert change(["Total"], [[0, 0, 9, 9]], ["B-x"], settings, 1).words == ["Total"]


def test_currencies_and_numbers_keep_their_meaning() -> None:
    currency = Augmentation(currency_forms=1)
    for seed in range(20):
        words = change(["EUR", "$12.50", "99€", "Europe"], [[0] * 4] * 4, ["O"] * 4, currency, seed).words
        assert words[0] in {"€", "Euro"} and words[1] in {"USD12.50", "US$12.50"} and words[2] in {"99EUR", "99Euro"}
        assert words[3] == "Europe"
    number = Augmentation(number_formats=1)
    forms = {change(["1,234.50"], [[0] * 4], ["O"], number, seed).words[0] for seed in range(40)}
    assert forms == {"1,234.50", "1234.50", "1.234,50", "1234,50", "1'234.50"}
    for text in ("1,234", "25/12/2018", "2018-12-25", "1234", "12.5", "0123456", "A-12.345.678"):
        assert {change([text], [[0] * 4], ["O"], number, seed).words[0] for seed in range(40)} == {text}


NAMES = PartyNames.of(
    [
        (["ACME", "TRADING", "LTD", "9.00"], ["B-seller", "I-seller", "I-seller", "B-total"]),
        (["Blue", "Whale", "GmbH", "Kunde:", "Nil"], ["B-seller", "I-seller", "I-seller", "O", "B-buyer"]),
        (["ACME", "TRADING", "LTD"], ["B-seller", "I-seller", "I-seller"]),
    ],
    ("seller", "buyer"),
)


def test_parties_get_names_that_belong_to_nobody() -> None:
    """A vendor's name cannot be learned by heart: its words come and go, its place and its length stay."""
    assert (
        PartyNames(frozenset({"seller", "buyer"}), ("ACME", "Blue", "Nil"), ("TRADING", "Whale"), ("LTD", "GmbH"))
        == NAMES
    )
    tags = ["B-seller", "I-seller", "I-seller", "O", "B-total"]
    drawn = [
        change(["ACME", "TRADING", "LTD", "ACME", "1"], [[0] * 4] * 5, tags, Augmentation(party_names=1), seed, NAMES)
        for seed in range(40)
    ]
    assert all(one.tags == tags and one.words[3:] == ["ACME", "1"] for one in drawn)
    names = {tuple(one.words[:3]) for one in drawn}
    assert {name[0] for name in names} == set(NAMES.first) and {name[2] for name in names} == set(NAMES.last)
    assert ("Blue", "TRADING", "LTD") in names


def test_names_stay_where_nothing_is_known_of_parties() -> None:
    left = change(["ACME"], [[0] * 4], ["B-seller"], Augmentation(party_names=1), 1)
    assert left.words == ["ACME"]


def test_the_preview_shows_what_changes() -> None:
    assert preview(["Total", "x"], ["O", "O"], Augmentation(), 1) == []
    pairs = preview(["Subtotal", "12.00"], ["O", "O"], Augmentation(header_synonyms=1), 3)
    assert pairs and pairs[0][0] == "Subtotal" and pairs[0][1] != "Subtotal"
