"""How texts and classes look: the annotate screen, the sheet."""

import pytest

from screens.app import WorkbenchApp
from tests.support import text_documents

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
