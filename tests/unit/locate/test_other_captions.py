"""A field of one's own is found before its first label beside what means the same as its name."""

import pytest

from tests.support import sample_documents
from workbench.fields import Field, FieldType
from workbench.locate.candidates import Finder
from workbench.locate.likelihoods import LEAST, likelihood


@pytest.mark.parametrize(
    ("name", "type"), [("delivery_note", FieldType.ID), ("Lieferschein-Nr.", FieldType.ID), ("Pakbon", FieldType.TEXT)]
)
def test_a_caption_of_the_same_meaning_is_a_likely_place(name: str, type: FieldType) -> None:
    page = sample_documents.page_of("Rechnung R-17\nKunde 5511    Lieferschein Nr. 4711       Seite 1\nSumme 40.00")
    finder = Finder(page.tokens)
    first = finder.ranked(Field(name.casefold(), name, type, "d", "#000000"))[0]
    assert finder.around.text(first.tokens) == "4711"
    assert likelihood(name, first.score) >= LEAST


def test_a_name_without_a_meaning_here_is_found_by_itself_alone() -> None:
    page = sample_documents.page_of("Lieferschein Nr. 4711\nMember 9912")
    (first, *_) = Finder(page.tokens).ranked(Field("member", "Member", FieldType.ID, "d", "#000000"))
    assert page.tokens[first.tokens[0]].text == "9912"
