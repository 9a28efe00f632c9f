"""Names that a run cannot have: they mean a model in every command that takes one."""

from storage.exceptions import UsageProblem
from workbench.runs.config.families import STARTER

BEST = "best"
"""The run that `workbench runs list` calls the best."""
_WORDS = {BEST: "the best run", STARTER: "the starter"}


def refuse_word(name: str) -> None:
    """Refuse a word that commands take for another model.

    Raises:
        UsageProblem: it is one.
    """
    if name.strip() in _WORDS:
        raise UsageProblem(
            f"A run cannot be called {name.strip()!r}: in commands that means {_WORDS[name.strip()]}.",
            "Choose another name.",
        )


def of_its_own(run_id: str) -> tuple[str, str]:
    """The id under which a run from elsewhere is known here, and the note about it where that is another."""
    if run_id not in _WORDS:
        return run_id, ""
    return f"{run_id}-run", f"It was called '{run_id}', which in commands means {_WORDS[run_id]}."
