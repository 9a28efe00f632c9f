"""A text field of the workspace's own: offered from the form and the neighbourhood of its labels, and no captions."""

import pytest

from tests.support import sample_documents
from workbench.fields import Field, FieldType
from workbench.locate.vendors.captions import Captions
from workbench.locate.vendors.same_place import Page

FIELD = Field("note", "note", FieldType.TEXT, "z", "#000000")


def page_of(text: str, label: str = "") -> Page:
    """A page, with the label's words as the field's value."""
    page = sample_documents.page_of(text)
    labels = {"note": (sample_documents.find(page, label),)} if label else {}
    tokens = page.tokens
    lines = [token.line for token in tokens]
    return Page([t.text for t in tokens], [t.box for t in tokens], [0] * len(tokens), lines, labels)


def offered(captions: Captions, page: Page) -> str:
    words, _ = captions.values(page).get("note", ((), 0.0))
    return " ".join(page.words[word] for word in words)


@pytest.mark.parametrize("first", ["8:13 PM", "20:13"])
@pytest.mark.parametrize("second", ["11:05 AM", "11:05:59 AM"])
def test_after_one_label_what_has_its_form_is_offered_on_the_next_document(first: str, second: str) -> None:
    captions = Captions([page_of(f"ACME\n25/12/2018   {first}\nTOTAL 9.00", first)], [FIELD])
    next_one = page_of(f"BOLT LTD\nTEL 07-3507405\nTOTAL 12.00\n26/12/2018   {second}")
    assert offered(captions, next_one) == (second if " " in first else second.split()[0])


def test_the_same_word_is_offered_in_the_same_neighbourhood_alone() -> None:
    captions = Captions([page_of("ACME\nTOTAL 7.00\nCASH 7.00", "CASH")], [FIELD])
    assert offered(captions, page_of("BOLT\nCASH SALES COUNTER\nTOTAL 9.00\nROUNDING 0.00\nCASH 10.00")) == "CASH"
    assert offered(captions, page_of("BOLT\nCASH SALES COUNTER\nPAID BY CARD")) == ""


@pytest.mark.parametrize("guess", ["QTY:", "SALES", "BOLT"])
def test_captions_and_words_unlike_all_labels_are_not_believed(guess: str) -> None:
    labelled = [page_of("ACME\nCASHIER ANNA\nTOTAL 7.00", "ANNA"), page_of("COOP\nCASHIER BEA\nTOTAL 7.00", "BEA")]
    target = page_of("BOLT\nSALES 3\nQTY: 2\nCASHIER : CARL")
    captions = Captions(labelled, [FIELD])
    values = {
        "note": (sample_documents.find(sample_documents.page_of("BOLT\nSALES 3\nQTY: 2\nCASHIER : CARL"), guess), 0.6)
    }
    assert captions.believed(values, target) == {}
    right = (target.words.index(":"), target.words.index("CARL"))
    assert captions.believed({"note": (right, 0.6)}, target) == {"note": (right[1:], 0.6)}, "without the colon"


def test_of_labels_that_have_nothing_in_common_only_captions_are_left_out() -> None:
    labelled = [page_of("ACME TOYS\nTOTAL 7.00", "ACME TOYS"), page_of("BOLT TOOLS\nTOTAL 7.00", "BOLT TOOLS")]
    target = page_of("COOP FOOD\nTOTAL 3.00")
    believed = Captions(labelled, [FIELD]).believed({"note": ((0, 1), 0.6)}, target)
    assert believed == {"note": ((0, 1), 0.6)}
    assert Captions(labelled, [FIELD]).believed({"note": ((2,), 0.6)}, target) == {}


@pytest.mark.parametrize("caption", ["CASH INV NO.: 7018", "CASH INVOICE NO 7018", "CASH REF : 7018", "CASH SALES"])
def test_a_word_that_begins_a_caption_or_a_sentence_is_no_value(caption: str) -> None:
    labelled = [page_of(f"{shop}\nTOTAL 7.00\nCASH : 7.00", "CASH") for shop in ("ACME", "BOLT")]
    captions = Captions(labelled, [FIELD])
    target = page_of(f"COOP\n{caption}\nTOTAL 3.00")
    assert offered(captions, target) == ""
    assert captions.believed({"note": ((target.words.index("CASH"),), 0.9)}, target) == {}
    assert offered(captions, page_of("COOP\nTOTAL 3.00\nCASH : 3.00")) == "CASH"
    assert offered(captions, page_of("COOP\nTOTAL 3.00\nCASH (RM) : 3.00")) == "CASH", "a currency is no caption"


def test_a_value_before_another_caption_is_one_where_its_own_caption_says_so() -> None:
    captions = Captions([page_of("ACME\nCASHIER: ANNA TABLE: 4\nTOTAL 7.00", "ANNA")], [FIELD])
    target = page_of("ACME\nCASHIER: BEA TABLE: 5\nTOTAL 7.00")
    assert offered(captions, target) == "BEA"


def test_a_labelled_word_in_another_spelling_of_case_is_believed_in_its_neighbourhood_alone() -> None:
    labelled = [page_of("ACME TOYS\nCASH 7.00", "CASH"), page_of("BOLT 3.00\nVISA 3.00", "BOLT"), page_of("A B C", "B")]
    captions = Captions(labelled, [FIELD])
    target = page_of("COOP\npay in Cash please\nTOTAL 3.00")
    assert captions.believed({"note": ((target.words.index("Cash"),), 0.9)}, target) == {}
    paid = page_of("COOP\nTOTAL 3.00\nCash 3.00")
    assert captions.believed({"note": ((paid.words.index("Cash"),), 0.9)}, paid) == {"note": ((3,), 0.9)}
