"""Two people changed one document: both states side by side, and the choice between them."""

from storage.records import Annotations, Content
from workbench.annotation.editor import Act
from workbench.annotation.field_states import text_of
from workbench.fields import Schema

CHOICES = (
    ("theirs", "Keep their version and drop my change", "t"),
    ("both", "Keep their version and add my change", "b"),
    ("mine", "Replace their version with mine", "m"),
)


def described(theirs: Content, mine: Act, schema: Schema) -> str:
    """Every field that differs: as it is in the workspace now, and as the refused act would have left it."""
    lines = []
    names = [f.id for f in schema] + sorted(
        {s.field for s in theirs.annotations.spans | mine.after.spans} - {f.id for f in schema}
    )
    for name in names:
        now, wanted = _values(theirs, theirs.annotations, name), _values(theirs, mine.after, name)
        if now != wanted:
            lines += [schema.name(name), f"   theirs:  {now or '–'}", f"   mine:    {wanted or '–'}"]
    for what, now, wanted in (
        ("state", theirs.annotations.state.value, mine.after.state.value),
        ("note", theirs.annotations.note, mine.after.note),
    ):
        if now != wanted:
            lines += [what, f"   theirs:  {now or '–'}", f"   mine:    {wanted or '–'}"]
    return "\n".join(lines) or "Both versions are the same now."


def _values(content: Content, state: Annotations, field: str) -> str:
    tokens = content.tokens
    spans = sorted((s for s in state.spans if s.field == field), key=lambda s: s.tokens)
    values = [f"{text_of(tokens, s.tokens)} ({s.annotator or '?'})" for s in spans]
    options = sorted((label.option, label.annotator) for label in state.classes if label.field == field)
    values += [f"{option} ({annotator or '?'})" for option, annotator in options]
    return " | ".join(values) or ("not on the document" if field in state.absent else "")
