"""What the next key of the tune screen will do. Pure: a sentence and (binding id or key, text) pairs."""

from screens.widgets.status_lines import Hint


def hint_of(
    live: bool,
    at_work: bool,
    resumable: bool,
    refused: bool,
    smaller: bool,
    elsewhere: bool = False,
    is_paused: bool = False,
) -> Hint:
    """The hint for a moment.

    Args:
        live: the run is in view, not the check.
        at_work, resumable: of the run in view.
        refused: a run with these settings cannot work.
        elsewhere: there are other machines to train on.
        smaller: there is a smaller choice that would fit.
        is_paused: the run in view is.
    """
    if live and at_work:
        return "", (
            ("run.stop", "stop"),
            ("run.pause", "go on" if is_paused else "pause"),
            ("run.kill", "kill"),
            ("view.chart", "curve"),
            ("view.live", "check"),
            ("run.start", "another run"),
        )
    pairs = (
        ("run.resume", "resume") if live and resumable else None,
        None if refused else ("run.start", "start"),
        ("run.target", "where to train") if elsewhere else None,
        ("form.smaller", "smaller") if smaller else None,
        ("←→", "change"),
        ("Enter", "edit"),
        ("form.preset", "preset"),
        ("form.yaml", "YAML"),
        ("form.difference", "difference"),
        ("view.live", "data check" if live else "the run"),
        ("run.search", "search"),
    )
    return "This cannot work yet." if refused else "", tuple(pair for pair in pairs if pair is not None)
