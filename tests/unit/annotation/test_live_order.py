"""Live order: the next document is the one that the learner is least sure of, and everything else stays as it is."""

from pathlib import Path

import pytest

from storage import queue
from storage.document_list import Filter
from storage.records import QueueEntry
from tests.support import member_receipts
from tests.support.member_receipts import accept
from workbench import pool_order
from workbench.annotation import rounds
from workbench.annotation.worklist import Worklist
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = member_receipts.workspace(tmp_path / "w")
    made.change_settings(order=pool_order.LIVE)
    return made


def useful(workspace: Workspace, *documents: int) -> None:
    pool_order.write(workspace.files.pool_order, documents)


def test_the_most_useful_document_comes_next_and_the_one_before_is_one_step_back(workspace: Workspace) -> None:
    useful(workspace, 5, 3)
    worklist = Worklist(workspace)
    worklist.first_open(workspace)
    assert worklist.current == 5

    accept(workspace, 5)
    useful(workspace, 2, 5, 6)  # written before 5 was learned: what is decided does not come again
    assert worklist.go_on(workspace) and worklist.current == 2
    assert list(worklist.following) == [6, 3, 1, 4]
    assert worklist.step(-1) == 5
    assert sorted(worklist.ids) == [1, 2, 3, 4, 5, 6]


def test_without_an_order_documents_come_as_they_are_listed(workspace: Workspace) -> None:
    workspace.files.pool_order.write_text('{"documents": [3, "x"]}')
    worklist = Worklist(workspace)
    worklist.first_open(workspace)
    accept(workspace, 1)
    assert worklist.go_on(workspace) and worklist.current == 2

    useful(workspace, 6, 999)
    workspace.change_settings(order=pool_order.LIST)
    accept(workspace, 2)
    assert worklist.go_on(workspace) and worklist.current == 3


def test_a_list_that_was_sorted_or_filtered_is_followed(workspace: Workspace) -> None:
    useful(workspace, 6)
    worklist = Worklist(workspace)
    worklist.sort([4, 6, 2, 1, 3, 5])
    worklist.move_to(4)
    worklist.position = 2
    assert worklist.next_open(workspace) and worklist.current == 1

    some = Worklist(workspace, Filter(ids=(1, 2, 3)))
    assert some.next_open(workspace) and some.current == 2, "6 is not in the list"


def test_what_is_left_of_a_round_comes_by_use(workspace: Workspace) -> None:
    entries = [QueueEntry(0, number, rank, 0.5, (), {}, False, False) for rank, number in enumerate((1, 2, 3, 4), 1)]
    with workspace.db.write() as connection:
        number = queue.open_round(connection, "", "random", 0, entries, {})
    accept(workspace, 3)
    useful(workspace, 6, 4, 2)
    assert [entry.document for entry in rounds.look(workspace, number).entries] == [3, 4, 2, 1]

    worklist = Worklist(workspace, Filter(round=number))
    worklist.move_to(1)
    assert worklist.go_on(workspace) and worklist.current == 4
