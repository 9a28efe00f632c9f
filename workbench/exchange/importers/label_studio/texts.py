"""Label Studio's text tasks: labels are character ranges of a text in the task's data."""

from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import Any

from storage.exceptions import InputProblem
from workbench.exchange.reading import parsing
from workbench.exchange.reading.incoming import Incoming, IncomingClass
from workbench.exchange.reading.running_text import Range, set_text
from workbench.exchange.reading.text_records import classes_of

_LABELS = ("labels", "hypertextlabels", "paragraphlabels")


def has_offsets(value: Any) -> bool:
    """Whether a result's value is a range of a text."""
    return isinstance(value, dict) and _ends(value) is not None and "x" not in value


def is_text_task(results: Iterable[Any]) -> bool:
    """Whether results label a text: at least one is a range of it, and none is a box."""
    values = [result.get("value") for result in results if isinstance(result, dict)]
    boxed = any(isinstance(value, dict) and ("x" in value or "points" in value) for value in values)
    return not boxed and any(has_offsets(value) for value in values)


def text_in(data: dict[str, Any]) -> str:
    """The longest text of a task's data, which a task that has no labels of words is about; "" where there is none."""
    texts = [value for value in data.values() if isinstance(value, str) and value.strip()]
    return max(texts, key=len, default="")


def classes_in(results: Iterable[Any]) -> list[IncomingClass]:
    """What results say the whole task is: choices, and paths of a taxonomy."""
    classes: list[IncomingClass] = []
    for result in results:
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and is_class(value):
            field = str(result.get("from_name") or "label")
            classes += [IncomingClass(field, option) for option in classes_of(value)]
    return classes


def is_class(value: Any) -> bool:
    """Whether a result's value is about the whole task: choices that belong to a region have its place."""
    return (
        isinstance(value, dict)
        and any(isinstance(value.get(kind), list) for kind in ("choices", "taxonomy"))
        and not {"x", "start", "points"} & value.keys()
    )


def fill(
    incoming: Incoming,
    data: dict[str, Any],
    results: Sequence[Any],
    suggested: Iterable[tuple[Sequence[Any], float, str]],
) -> None:
    """Put a text task into a document.

    Args:
        incoming: gets a page with the text's words, and the spans.
        data: the task's data.
        results: of the annotation.
        suggested: (results, confidence, model version) of each prediction.

    Raises:
        InputProblem: no text of the data holds the labels.
    """
    ranges = [_range(result, None, "import") for result in results]
    for predicted, confidence, run in suggested:
        ranges += [_range(result, confidence, run) for result in predicted]
    named = [marked for marked in ranges if marked is not None]
    is_page = any(isinstance(r, dict) and r.get("type") == "hypertextlabels" for r in results)
    texts = [
        _without_tags(value) if is_page else value
        for value in data.values()
        if isinstance(value, str) and value.strip()
    ]
    if not texts:
        raise InputProblem("it labels a text, and its data has none")
    text = max(texts, key=lambda t: (sum(t[marked.start : marked.end] == marked.text for marked in named), len(t)))
    left_out = sum(
        isinstance(r, dict) and r.get("type") != "relation" and not is_class(r.get("value")) for r in results
    ) - sum(marked is not None for marked in ranges[: len(results)])
    if left_out > 0:
        incoming.notes.append(f"{left_out} results are no labels of the text and were left out")
    set_text(incoming, text, named)


class _Text(HTMLParser):
    """Collects what a web page shows."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._hidden = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden = tag if tag in ("script", "style") else self._hidden

    def handle_endtag(self, tag: str) -> None:
        self._hidden = "" if tag == self._hidden else self._hidden

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _without_tags(page: str) -> str:
    """The text of a web page, as Label Studio counts the labels' places in it."""
    text = _Text()
    text.feed(page)
    text.close()
    return "".join(text.pieces)


def _ends(value: dict[str, Any]) -> tuple[int, int] | None:
    """Start and end; of marked-up text the positions in the whole text, where they are given."""
    whole = value.get("globalOffsets")
    source = whole if isinstance(whole, dict) else value
    ends = source.get("start"), source.get("end")
    try:
        start, end = (int(end) if isinstance(end, str) else end for end in ends)
    except ValueError:
        return None
    valid = isinstance(start, int) and isinstance(end, int)
    return (start, end) if valid else None  # type: ignore[return-value]


def _range(result: Any, confidence: float | None, run: str) -> Range | None:
    value = result.get("value") if isinstance(result, dict) else None
    if not isinstance(value, dict):
        return None
    ends = _ends(value)
    label = next((value[kind][0] for kind in _LABELS if isinstance(value.get(kind), list) and value[kind]), None)
    if ends is None or not isinstance(label, str):
        return None
    if confidence is not None and isinstance(result.get("score"), int | float):
        confidence = parsing.number(result["score"])
    text = value.get("text")
    return Range(*ends, label, confidence, run, text if isinstance(text, str) else "")
