"""The lists and lines of the errors screen, in cells."""

import pytest
from rich.cells import cell_len
from textual.app import App

from screens.errors import table_contents
from screens.errors.error_list import ErrorList, what
from workbench.evaluation.error_review import ErrorItem, Verdict
from workbench.fields import Schema


def item(number: int, vendor: str, value: str) -> ErrorItem:
    return ErrorItem(
        number, f"r{number:04}", vendor, "boundary", "seller_name", "seller_name",
        ("seller_name", (0, 1)), ("seller_name", (1,)), value, value[1:], 0.9, ("a", "b", "c"), (),
    )  # fmt: skip


ITEMS = (
    item(1, "翔润物业管理（长沙）有限公司", "翔润物业管理（长沙）有限公司长沙市开福区"),
    item(2, "ACME", "ACME TRADING SDN BHD"),
    item(3, "", "A"),
)


class Listing(App[None]):
    def compose(self):
        yield ErrorList(lambda: Schema(()))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
async def test_columns_stand_below_each_other_whatever_signs_are_in_them(width):
    app = Listing()
    async with app.run_test(size=(width, 10)) as pilot:
        listed = app.query_one(ErrorList)
        listed.show(ITEMS, {id(one): Verdict.OPEN for one in ITEMS})
        await pilot.pause()
        lines = ["".join(segment.text for segment in listed.render_line(row)) for row in range(len(ITEMS))]
        places = {cell_len(line[: line.index(f"r{n:04}")]) for n, line in enumerate(lines, 1)}
        assert len(places) == 1, lines
        assert ("ACME " in lines[1].split("→")[1]) == (width >= 120), "the vendor stands in wide lists"


def figures(documents: int, ci95: tuple[float, float] | None) -> dict[str, object]:
    part = {"documents": documents, "f1": 0.57, "ci95": ci95}
    return {"split": "test", "seen_vendors": {"documents": 0}, "unseen_vendors": part, "slices": {}}


def test_one_document_has_no_interval():
    alone = str(table_contents.slices(figures(1, None), "test"))
    assert "0.57–0.57" not in alone and "1 document" in alone and "documents" not in alone
    assert "0.40–0.70  9 documents" in str(table_contents.slices(figures(9, (0.4, 0.7)), "test"))


@pytest.mark.parametrize(
    ("labelled", "predicted", "differs"),
    [
        ((3, 4, 5, 6), (3, 4, 5, 6), "the same words, divided into values otherwise"),
        ((3, 4, 5, 6), (2, 3, 4, 5, 6), "1 word more on the left"),
        ((3, 4, 5, 6), (3, 4), "2 words fewer on the right"),
        ((3, 4, 5, 6), (3, 5, 6, 7), "1 word more on the right, 1 word fewer inside"),
    ],
)
def test_of_two_texts_that_look_the_same_it_is_said_what_differs(labelled, predicted, differs):
    texts = ("Musterstr. 12 in 10115 Berlin",) * 2
    one = ErrorItem(
        1, "r1", "", "boundary", "seller_address", "seller_address",
        ("seller_address", labelled), ("seller_address", predicted), *texts, 0.9, ("a", "b", "c"), (),
    )  # fmt: skip
    assert what(one, Schema(()), 90) == f"{texts[0]}: {differs}"
