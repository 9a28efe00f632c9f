"""Tokens come out of their blob as they went in."""

from hypothesis import given
from hypothesis import strategies as st

from storage.records import Token
from storage.token_blob import pack, unpack

_side = st.integers(0, 2_000_000).map(lambda hundredths: hundredths / 100)
_tokens = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
        st.tuples(_side, _side, _side, _side),
        st.integers(0, 500),
        st.none() | st.integers(0, 10_000).map(lambda n: n / 10_000),
    ),
    max_size=30,
)


@given(_tokens, st.integers(0, 1000))
def test_round_trip(given_tokens: list, first: int) -> None:
    tokens = tuple(Token(first + i, 2, line, text, box, sure) for i, (text, box, line, sure) in enumerate(given_tokens))
    assert unpack(pack(tokens), 2, first, {}) == tokens


def test_a_correction_keeps_the_original() -> None:
    tokens = (Token(5, 0, 0, "R0", (0, 0, 1, 1)), Token(6, 0, 0, "9.00", (2, 0, 3, 1)))
    unpacked = unpack(pack(tokens), 0, 5, {5: "RM", 99: "elsewhere"})
    assert (unpacked[0].text, unpacked[0].original) == ("RM", "R0")
    assert unpacked[1] == tokens[1]
    assert unpack(pack(unpacked), 0, 5, {})[0].text == "R0"


def test_five_thousand_tokens_are_small() -> None:
    tokens = [Token(i, 0, i // 8, f"word{i}", (i % 100, i // 100, i % 100 + 1, i // 100 + 1), 0.9) for i in range(5000)]
    assert len(pack(tokens)) < 250_000
