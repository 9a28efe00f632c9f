"""What the next key of the errors screen will do. Pure: (binding id, or key as it is shown; what it does) pairs."""

NOTHING_MEASURED = "Nothing measured yet: train a model (F4)."


def pairs(view: str, listing: bool, leads: bool = True) -> tuple[tuple[str, str], ...]:
    """The most useful first.

    Args:
        view: the one on the left, of tables_pane.VIEWS.
        listing: whether the list on the right has the keys.
        leads: whether the Doctor's action that is highlighted leads somewhere; others are for people alone.
    """
    if listing:
        return (
            ("Enter", "open it there"),
            ("error.confirm", "the label is right"),
            ("error.queue", "relabel queue"),
            ("error.next", "next to check"),
            ("error.like", "more like these"),
            ("Esc", "back"),
            ("run.export", "HTML report"),
        )
    if view == "doctor":
        take = (("Enter", "take this action"),) if leads else ()
        return (*take, ("↑↓", "read on"), ("run.choose", "another run"))
    if view == "rules":
        return (("Enter", "on, off, or as measured"), ("rule.undo", "take back"), ("run.choose", "another run"))
    return (
        ("Enter", "list of errors"),
        ("error.doubts", "doubtful labels"),
        ("view.sort", "sort"),
        ("run.split", "other split"),
        ("run.choose", "other run"),
        ("run.export", "HTML report"),
    )
