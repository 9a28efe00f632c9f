"""What was corrected on a vendor's invoice stands on its next one as it was labelled, before anybody touches it."""

from pathlib import Path

import pytest

from storage import document_list, documents
from storage.records import CORRECTION, SURE, Annotations, Span, State
from storage.suggestions import keep_suggestions, leading
from tests.support import sample_documents
from workbench.annotation.editor import DocumentEditor
from workbench.annotation.field_states import FieldState, rows
from workbench.annotation.session import AnnotationSession
from workbench.fields import FieldType
from workbench.workspace import Workspace

_TEXT = """\
Boulangerie Martin SARL
12 rue du Four
75006 Paris

Facture {number}     Commande {order}
Bon {slip}           Client C-1177

Taux        Base      TVA
5.5 %     100.00     5.50
20 %       50.00    10.00

Total TTC          165.50
"""


def workspace_of(
    folder: Path, groups: tuple[str, ...] = ("martin", "martin", "martin"), names: tuple[str, ...] = ()
) -> Workspace:
    """Invoices of a vendor; an e-invoice knows the seller's name without its form, and a rate.

    Args:
        groups: the invoices' vendors.
        names: other known names than the one that is printed.
    """
    listed = []
    for n, group in enumerate(groups):
        page = sample_documents.page_of(
            _TEXT.format(number=f"F{2040 + 7 * n}", order=5100 + 31 * n, slip=f"B-{88 + n}")
        )
        content = type("Page", (), {"tokens": page.tokens})
        known = (
            ("seller_name", sample_documents.find(content, "Boulangerie Martin"), 0.98, "e-invoice"),
            ("tax_rate", sample_documents.find(content, "20 %"), 0.97, "e-invoice"),
        )
        values = {"seller_name": dict(enumerate(names)).get(n) or "Boulangerie Martin", "tax_rate": "20"}
        listed.append(sample_documents.new(f"invoice {n}", [page], known, values, group=group))
    made = sample_documents.workspace_of(folder, listed)
    made.change_schema(lambda schema: schema.add("slip", FieldType.ID))
    return made


def accept(workspace: Workspace, document: int, **labels: tuple[str, ...]) -> None:
    """Label a document by hand, field -> its values, and accept it."""
    editor = DocumentEditor(workspace, document)
    spans = [
        Span(field, sample_documents.find(editor.content, value))
        for field, values in labels.items()
        for value in values
    ]
    editor.act("finish", Annotations(spans=frozenset(spans), state=State.LABELLED))


def offered(workspace: Workspace, document: int) -> dict[str, list[str]]:
    """Field -> what is offered on a document when it is opened."""
    session = AnnotationSession.open(workspace, document)
    values: dict[str, list[str]] = {}
    for suggestion in sorted(session.view.open_suggestions, key=lambda s: s.tokens):
        text = " ".join(session.tokens[t].text for t in suggestion.tokens)
        values.setdefault(suggestion.field, []).append(text)
    return values


_NAME = "Boulangerie Martin SARL"


def test_a_longer_name_than_the_known_one_is_offered_on_the_next_invoices(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "w")
    assert offered(workspace, 2)["seller_name"] == ["Boulangerie Martin"]
    accept(workspace, 1, seller_name=(_NAME,), tax_rate=("20 %",))
    assert offered(workspace, 2)["seller_name"] == [_NAME]
    session = AnnotationSession.open(workspace, 2)
    row = next(row for row in rows(session.content, workspace.schema) if row.field.id == "seller_name")
    assert (row.state, row.reference) == (FieldState.SUGGESTED, "Boulangerie Martin"), "the known value is beside it"
    with workspace.db.read() as connection:
        (document,) = [d for d in document_list.page(connection, document_list.Filter(), 0, -1) if d.id == 2]
    assert document.suggestions == len(session.view.open_suggestions)

    session.document_acts.accept_all()
    labels = {s.field: s.tokens for s in session.content.annotations.spans}
    assert labels["seller_name"] == sample_documents.find(session.content, _NAME)
    session.document_acts.finish()
    assert offered(workspace, 3)["seller_name"] == [_NAME], "accepting it is no return to the known value"


def test_a_known_value_that_was_accepted_is_offered_as_before(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "w")
    accept(workspace, 1, seller_name=("Boulangerie Martin",), tax_rate=("20 %",))
    session = AnnotationSession.open(workspace, 2)
    assert [s.run for s in session.content.suggestions] == ["e-invoice", "e-invoice"]


def test_two_rates_are_offered_where_two_were_labelled_and_the_known_one_alone_is_sure(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "w")
    accept(workspace, 1, tax_rate=("5.5 %", "20 %"))
    assert offered(workspace, 2)["tax_rate"] == ["5.5 %", "20 %"]
    session = AnnotationSession.open(workspace, 2)
    session.document_acts.accept_all()
    assert len([s for s in session.content.annotations.spans if s.field == "tax_rate"]) == 1
    accept(workspace, 2, tax_rate=("5.5 %", "20 %"))
    session = AnnotationSession.open(workspace, 3)
    session.document_acts.accept_all()  # they were right once
    assert len([s for s in session.content.annotations.spans if s.field == "tax_rate"]) == 2


@pytest.mark.parametrize("printed", ["22,00", "7,00 EUR"])
def test_an_amount_where_the_second_rate_stood_is_no_rate(tmp_path: Path, printed: str) -> None:
    text = "Boulangerie Martin\n\nTaux        Base\n{low}     100,00\n20 %       50,00\n\nTotal TTC    165,50\n"
    listed = []
    for n, low in enumerate(("5.5 %", printed)):
        page = sample_documents.page_of(text.format(low=low))
        content = type("Page", (), {"tokens": page.tokens})
        known = (("tax_rate", sample_documents.find(content, "20 %"), 0.97, "e-invoice"),)
        listed.append(sample_documents.new(f"invoice {n}", [page], known, {"tax_rate": "20"}, group="martin"))
    workspace = sample_documents.workspace_of(tmp_path / "w", listed)
    accept(workspace, 1, tax_rate=("5.5 %", "20 %"))
    assert offered(workspace, 2)["tax_rate"] == ["20 %"]


def test_the_same_words_as_a_field_of_ones_own_are_not_sure_after_one_label(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "w")
    accept(workspace, 1, slip=("C-1177",))
    session = AnnotationSession.open(workspace, 2)
    carried = [s.confidence for s in session.view.open_suggestions if s.field == "slip"]
    assert carried and max(carried) < SURE


def test_a_number_is_offered_beside_the_caption_where_it_was_labelled_instead_of_a_models(tmp_path: Path) -> None:
    workspace = workspace_of(tmp_path / "w")
    with workspace.db.write() as connection:
        for number in (1, 2, 3):
            content = documents.open_document(connection, number)
            wrong = sample_documents.find(content, str(5100 + 31 * (number - 1)))
            keep_suggestions(connection, "starter", {number: [("invoice_no", wrong, 0.99)]}, replaces=())
    accept(workspace, 1, invoice_no=("F2040",), slip=("B-88",))
    second = offered(workspace, 2)
    assert (second["invoice_no"], second["slip"]) == (["F2047"], ["B-89"])
    accept(workspace, 2, invoice_no=("F2047",), slip=("B-89",))
    third = AnnotationSession.open(workspace, 3).content
    sure = {s.field: s.confidence for s in third.suggestions if s.run == CORRECTION}
    assert sure["slip"] < SURE, "right once more: too little for a field of one's own"


def test_other_vendors_other_known_values_and_touched_documents_are_left_alone(tmp_path: Path) -> None:
    groups, names = ("martin", "dupont", "martin", "martin"), ("", "", "Another Name")
    workspace = workspace_of(tmp_path / "w", groups, names)
    DocumentEditor(workspace, 4).act("flag", Annotations(state=State.STARTED, note="later"))
    accept(workspace, 1, seller_name=(_NAME,), tax_rate=("20 %",))
    for number in (2, 3, 4):
        assert offered(workspace, number)["seller_name"] == ["Boulangerie Martin"]
    with workspace.db.read() as connection:
        content = documents.open_document(connection, 2)
    assert all(s.run != CORRECTION for s in leading(content.suggestions))


def test_a_field_of_ones_own_is_offered_beside_its_caption_on_other_vendors_documents_after_one_label(
    tmp_path: Path,
) -> None:
    text = "{shop}\n\nRechnung R-{n}\nLieferschein-{caption} {slip}   Kunde 55{n}\n\nSumme 4{n}.00\n"
    pages = [
        sample_documents.page_of(text.format(shop=shop, n=n, caption=caption, slip=slip))
        for n, (shop, caption, slip) in enumerate(
            [
                ("Holz Berg", "Nr.", "4711"),
                ("Farben Weiss", "Nummer:", "9-0815"),
                ("Stahl Nord", "Nr.", "offen"),
                ("Glas Klar", "Datum:", "12.03.2026"),
            ]
        )
    ]
    workspace = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new(f"d{n}", [page], group=f"vendor {n}") for n, page in enumerate(pages)]
    )
    workspace.change_schema(lambda schema: schema.add("slip", FieldType.ID))
    assert "slip" not in offered(workspace, 2)
    accept(workspace, 1, slip=("4711",))
    assert offered(workspace, 2)["slip"] == ["9-0815"]
    assert "slip" not in offered(workspace, 3), "no number"
    assert "slip" not in offered(workspace, 4), "another caption"


def test_a_field_of_ones_own_is_sure_once_four_documents_agree(tmp_path: Path) -> None:
    text = "Shop {n}\n\nPaid by card   Slip No. 47{n}1\n\nTotal 4{n}.00\n"
    pages = [sample_documents.page_of(text.format(n=n)) for n in range(6)]
    workspace = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new(f"d{n}", [page], group=f"vendor {n}") for n, page in enumerate(pages)]
    )
    workspace.change_schema(lambda schema: schema.add("slip", FieldType.ID))
    sure = []
    for number in range(1, 6):
        accept(workspace, number, slip=(f"47{number - 1}1",))
        content = AnnotationSession.open(workspace, 6).content
        (suggestion,) = [s for s in content.suggestions if s.field == "slip"]
        sure.append(suggestion.confidence >= SURE)
    assert sure == [False, False, False, True, True]


def test_the_currency_of_a_page_is_no_value_of_an_own_text_field(tmp_path: Path) -> None:
    pages = [sample_documents.page_of(f"Shop {n}\n\nPaid by {how}\n\nTotal RM 4{n}.00\n") for n, how in
             enumerate(("CASH", "RM", "RM"))]  # fmt: skip
    workspace = sample_documents.workspace_of(
        tmp_path / "w", [sample_documents.new(f"d{n}", [page], group=f"vendor {n}") for n, page in enumerate(pages)]
    )
    workspace.change_schema(lambda schema: schema.add("method", FieldType.TEXT))
    with workspace.db.write() as connection:
        total = sample_documents.find(documents.open_document(connection, 2), "RM 41.00")
        keep_suggestions(connection, "starter", {2: [("currency", total[:1], 0.8)]}, replaces=())
    accept(workspace, 1, method=("CASH",))
    assert "method" not in offered(workspace, 2), "the word that is suggested as the currency stands elsewhere, too"
    assert offered(workspace, 3)["method"] == ["RM"], "nothing says that it is another field's"
