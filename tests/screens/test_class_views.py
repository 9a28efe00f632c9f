"""How texts and classes look: the annotate screen, the sheet."""

import pytest

from screens.app import WorkbenchApp
from storage.records import Side
from tests.support import class_runs, text_documents

SIZES = ((80, 24), (140, 42))
STATES = {
    "text": [],
    "labelled": ["2", "K"],
    "sheet": ["f7"],
    "selected": ["f7", "wait:300", "1", "space", "space"],
}
LIKELY = {
    0: {"invoice": 0.93, "reminder": 0.05, "question": 0.02},
    1: {"invoice": 0.39, "reminder": 0.61},
    2: {"question": 0.97, "invoice": 0.03},
}


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("state", STATES)
def test_state(snap_compare, tmp_path, state, size):
    long = " ".join(["We regret that the goods arrived late."] * 6)
    workspace = text_documents.workspace(tmp_path / "shop", [*text_documents.TEXTS, long], likely=LIKELY)
    assert snap_compare(WorkbenchApp(workspace), press=STATES[state], terminal_size=size)
    workspace.close()


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_errors(snap_compare, tmp_path, size):
    texts = [f"{words} {number}" for number in range(4) for words in ("pay the invoice", "where is the parcel")]
    labels = {number: ("invoice", "question")[number % 2] for number in range(8)}
    sides = dict.fromkeys(range(4), Side.TEST)
    workspace = text_documents.workspace(tmp_path / "shop", texts, labels, sides=sides)
    sure = {"invoice": 0.9, "reminder": 0.0, "question": 0.1}
    class_runs.finish(workspace, {number + 1: sure for number in range(8)}, name="first")
    assert snap_compare(WorkbenchApp(workspace), press=["f6", "wait:800"], terminal_size=size)
    workspace.close()
