"""The keys of the errors screen: (id, keys, action, what it does)."""

ERRORS: tuple[tuple[str, str, str, str], ...] = (
    ("view.matrix", "m", "view('matrix')", "Fields and kinds of error"),
    ("view.confusion", "c", "view('confusion')", "Which field is taken for which"),
    ("view.piles", "g", "view('concentrations')", "Groups: where errors pile up"),
    ("view.rules", "r", "view('rules')", "What the repair rules repaired and broke"),
    ("view.doctor", "d", "view('doctor')", "The Doctor: what to change next"),
    ("error.doubts", "l", "doubts", "Labels to doubt, the most doubtful first"),
    ("view.sort", "o", "sort", "Order the fields by the column under the cursor"),
    ("view.other-side", "tab,shift+tab", "other_side", "Into the list, and back to the table"),
    ("error.next", "n", "step(1)", "Next error that nothing was done about"),
    ("error.previous", "p", "step(-1)", "Previous such error"),
    ("error.open", "e", "open", "Open the document there, to fix the label"),
    ("error.confirm", "y", "confirm", "The label is right, the model is wrong"),
    ("error.queue", "q", "enqueue", "Put the document into the relabel queue"),
    ("error.like", "w", "choose_like", "More like these: the pool's documents that are like those of the list"),
    ("rule.undo", "Z", "undo_rules", "Take back the last change of a repair rule"),
    ("run.choose", "R", "choose_run", "Another run"),
    ("run.split", "s", "split", "Test, validation or training documents"),
    ("run.export", "H", "export", "Write an HTML report for colleagues"),
    ("error.back", "escape", "back", "Back to the table"),
)
