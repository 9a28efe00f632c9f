"""What is pasted stays text, whatever it holds; what is typed comes through as it is."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver, web_driver

from screens.terminal_input import SafeDecoder, make_safe

START, END = "\x1b[200~", "\x1b[201~"
PIECES = st.sampled_from([START, END, "\x1b", "[200~", "[201", "~", "\x1b[A", "a", "é", "\x1b]52;c;AAAA\x07"])


def read(text: str, cuts: list[int]) -> str:
    """What the decoder makes of a text that comes in pieces."""
    decoder = SafeDecoder("utf-8")
    data = text.encode()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    parts = [decoder.decode(data[a:b]) for a, b in pairwise(edges)]
    return "".join([*parts, decoder.decode(b"", True)])


def keys_and_pastes(text: str) -> list[str]:
    messages = list(XTermParser().feed(text))
    return [
        m.text if isinstance(m, events.Paste) else m.key for m in messages if isinstance(m, events.Paste | events.Key)
    ]


def test_an_escape_sequence_in_a_paste_presses_no_key() -> None:
    pasted = f"{START}\x1b]52;c;AAAA\x07aaa{END}x"
    assert len(keys_and_pastes(pasted)) > 2, "Textual by itself takes the rest of the paste for keys"
    assert keys_and_pastes(read(pasted, [])) == ["]52;c;AAAA\x07aaa", "x"]


def test_a_paste_that_comes_in_pieces_is_one() -> None:
    pasted = f"b{START}12\x1b[A.50{END}"
    for cut in range(len(pasted)):
        assert keys_and_pastes(read(pasted, [cut])) == ["b", "12[A.50"]


@given(st.lists(PIECES), st.lists(st.integers(0, 60)))
def test_pieces_make_no_difference(pieces: list[str], cuts: list[int]) -> None:
    assert read("".join(pieces), cuts) == read("".join(pieces), [])


@given(st.lists(PIECES.filter(lambda piece: piece != START), max_size=8))
def test_what_is_typed_is_not_changed(pieces: list[str]) -> None:
    typed = "".join(pieces).replace(START, "")
    assert read(typed, []) == typed


def test_bytes_that_are_no_characters_are_left_out() -> None:
    assert SafeDecoder("utf-8").decode(b"a\xffb", True) == "ab"


@pytest.mark.parametrize("number", ["1114112", "55296", "9" * 30, "9" * 5000, "1:2:3"])
@pytest.mark.parametrize("sequence", ["\x1b[{}u", "\x1b[97;1;{}u", "\x1b[{};1A"])
def test_a_key_whose_number_is_none_is_left_out_and_the_next_ones_are_read(sequence: str, number: str) -> None:
    """As another program prints it into the terminal, or a paste that the terminal does not mark has it."""
    make_safe()
    parser = XTermParser()
    keys = [m.key for m in parser.feed(sequence.format(number) + "x") if isinstance(m, events.Key)]
    assert keys[-1] == "x" and not any("\ud800" <= c <= "\udfff" for key in keys for c in key)


def test_terminals_and_browsers_are_read_safely() -> None:
    make_safe()
    for driver in (linux_driver, web_driver):
        assert driver.getincrementaldecoder("utf-8")().decode(f"{START}\x1b[A{END}".encode()) == f"{START}[A{END}"
