"""The document list: letters search it, and documents of one name can be told apart."""

import pytest

from screens.annotate.document_list import DocumentList
from screens.widgets.status_lines import HintLine
from storage import document_list
from storage.records import State
from tests.support import sample_documents
from tests.support.sample_documents import kept, labels


def hint(pilot):
    return str(pilot.app.mode_screen.query_one(HintLine).render())


def rows(pilot):
    listed = pilot.app.mode_screen.query_one(DocumentList)
    return [listed.render_line(y).text for y in range(len(listed._ids))]


async def test_typing_a_name_in_the_list_finds_it_and_runs_no_command(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("O", *"SAUE", "backspace", "backspace")
        assert "“SA”: no document." in hint(pilot)
        await pilot.press("backspace", "backspace", *"sugg")
        assert "“sugg”: document 1 of 1." in hint(pilot)
        await pilot.press("enter")
        assert pilot.app.mode_screen.session.content.document.name == "suggested"
        for number in (1, 2, 3):
            assert kept(workspace, number).state is State.NEW and not labels(workspace, number)


async def test_the_arrows_go_from_match_to_match_and_escape_first_ends_the_search(opened, workspace):
    async with opened(workspace) as pilot:
        await pilot.press("O", "e", "down")
        assert "“e”: document 2 of 2." in hint(pilot) or "“e”: document 2 of 3." in hint(pilot)
        await pilot.press("escape")
        assert pilot.app.mode_screen.query_one(DocumentList).has_focus
        await pilot.press("escape")
        assert not pilot.app.mode_screen.query_one(DocumentList).has_focus


@pytest.mark.parametrize(
    ("sources", "shown"),
    [
        (["/in/acme/d0.pdf", "/in/shop/d0.pdf"], ["acme/d0", "shop/d0"]),
        (["/2023/in/d0.pdf", "/2024/in/d0.pdf"], ["2023/…/d0", "2024/…/d0"]),
        (["/a/b/d0.pdf", "/a/c/d0.pdf", "/d/c/d0.pdf"], ["/a/b/d0", "/a/c/d0", "/d/c/d0"]),
        (["/a/d0.pdf", "/a/d0.pdf"], ["/a/d0 (1)", "/a/d0 (2)"]),
    ],
)
async def test_documents_of_one_name_are_told_apart(opened, tmp_path, sources, shown):
    page = sample_documents.page_of(sample_documents.RECEIPT)
    listed = [
        sample_documents.replace(sample_documents.new(f"x{n}", [page]), name="d0", source=source)
        for n, source in enumerate(sources)
    ]
    made = sample_documents.workspace_of(tmp_path / "w", [*listed, sample_documents.new("other", [page])])
    with made.db.read() as connection:
        assert list(document_list.shown_names(connection, ["d0", "other"]).values()) == shown
    async with opened(made, (160, 36)) as pilot:
        assert all(name in row for name, row in zip(shown, rows(pilot), strict=False))
        assert pilot.app.mode_screen.session.content.document.name == shown[0]
    made.close()
