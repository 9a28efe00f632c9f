"""The keys of the errors screen: (id, keys, action, what it does)."""

ERRORS: tuple[tuple[str, str, str, str], ...] = (
    ("view.matrix", "m", "view('matrix')", "Fields and kinds of error"),
    ("view.confusion", "c", "view('confusion')", "Which field is taken for which"),
    ("view.piles", "g", "view('concentrations')", "Groups that have many of the errors"),
    ("view.rules", "r", "view('rules')", "What the repair rules repaired and broke"),
    ("view.doctor", "d", "view('doctor')", "The Doctor: what to change next"),
    ("error.doubts", "l", "doubts", "Doubtful labels, the most doubtful first"),
    ("view.sort", "o", "sort", "Sort the fields by the column under the cursor"),
    ("view.other-side", "tab,shift+tab", "other_side", "Go to the list, or back to the table"),
    ("error.next", "n", "step(1)", "Next error still to check"),
    ("error.previous", "p", "step(-1)", "Previous error still to check"),
    ("error.open", "e", "open", "Open the document there, to fix the label"),
    ("error.confirm", "y", "confirm", "The label is right, the model is wrong"),
    ("error.queue", "q", "enqueue", "Add the document to the relabel queue"),
    ("error.like", "w", "choose_like", "Choose more documents like these from the pool"),
    ("rule.undo", "Z", "undo_rules", "Take back the last change of a repair rule"),
    ("run.choose", "R", "choose_run", "Another run"),
    ("run.split", "s", "split", "Test, validation or training documents"),
    ("run.export", "H", "export", "Write an HTML report for colleagues"),
    ("error.back", "escape", "back", "Back to the table"),
)
